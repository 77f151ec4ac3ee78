"""Conversions between float16 and float32, with or without instructions for them.

Without F16C LLVM would call a function of its run-time library, which is not there at run time.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from .machine import host_machine

_I16, _I32, _FLOAT = ir.IntType(16), ir.IntType(32), ir.FloatType()
_INFINITY = 0x7F800000


def _instructions() -> bool:
    return not {"+f16c", "+neon", "+fullfp16"}.isdisjoint(host_machine().features.split(","))


def _int(n: int) -> Any:
    return ir.Constant(_I32, n)


def widen(b: ir.IRBuilder, x: Any) -> Any:
    """A float16 as float32.

    Its bits, moved to their places, are the number scaled by 2**-112: denormal ones too.
    """
    if _instructions():
        return b.fpext(x, _FLOAT)
    bits = b.zext(b.bitcast(x, _I16), _I32)
    moved = b.shl(b.and_(bits, _int(0x7FFF)), _int(13))
    scaled = b.bitcast(b.fmul(b.bitcast(moved, _FLOAT), ir.Constant(_FLOAT, 2.0**112)), _I32)
    special = b.icmp_unsigned(">=", moved, _int(0x7C00 << 13))
    whole = b.select(special, b.or_(moved, _int(_INFINITY)), scaled)
    return b.bitcast(b.or_(whole, b.shl(b.and_(bits, _int(0x8000)), _int(16))), _FLOAT)


def narrow(b: ir.IRBuilder, x: Any) -> Any:
    """A float32 as float16, rounded to nearest, ties to even.

    Small numbers are rounded by an addition that leaves ten bits behind their unit; others by
    adding half a unit to the bits, whose carry may run into the exponent as it should.
    """
    if _instructions():
        return b.fptrunc(x, ir.HalfType())
    bits = b.bitcast(x, _I32)
    size = b.and_(bits, _int(0x7FFFFFFF))
    moved = b.fadd(b.bitcast(size, _FLOAT), ir.Constant(_FLOAT, 0.5))
    small = b.sub(b.bitcast(moved, _I32), _int(0x3F000000))
    odd = b.and_(b.lshr(size, _int(13)), _int(1))
    normal = b.lshr(b.add(b.add(size, _int(0xFFF - (112 << 23))), odd), _int(13))
    kept = b.select(b.icmp_unsigned("<", size, _int(0x38800000)), small, normal)
    huge = b.icmp_unsigned(">=", size, _int(0x47800000))
    lost = b.select(b.icmp_unsigned(">", size, _int(_INFINITY)), _int(0x7E00), _int(0x7C00))
    whole = b.select(huge, lost, kept)
    signed = b.or_(whole, b.and_(b.lshr(bits, _int(16)), _int(0x8000)))
    return b.bitcast(b.trunc(signed, _I16), ir.HalfType())
