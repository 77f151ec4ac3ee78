"""Whether the processor flushes denormal numbers to zero: two bits of a register of each thread."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from .jit import Library, assembly, object_code

_FLUSH = 0x8040  # x86's MXCSR: results (bit 15) and operands (bit 6)


@cache
def _library() -> Library | None:
    """Functions `read` and `write` of the control register; None on other processors."""
    if not llvm.get_process_triple().startswith(("x86_64", "i686")):
        return None
    module, word = ir.Module("denormals"), ir.IntType(32)
    pointer = ir.IntType(8).as_pointer()
    for name, instruction in (("read", "stmxcsr"), ("write", "ldmxcsr")):
        intrinsic = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer]),
                                f"llvm.x86.sse.{instruction}")
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), [word.as_pointer()]), name)
        builder = ir.IRBuilder(function.append_basic_block())
        builder.call(intrinsic, [builder.bitcast(function.args[0], pointer)])
        builder.ret_void()
    return Library(object_code(assembly(module), loops=False))


def set_flush_denormal(mode: bool) -> bool:
    """Let this thread treat denormal numbers as zero, or not.

    Args:
        mode: True: as zero.

    Returns:
        Whether this processor can (x86 does).

    Raises:
        TypeError: for anything but a bool.

    Example:
        >>> import flambeau as torch
        >>> can = torch.set_flush_denormal(True)
        >>> torch.tensor([1e-323], dtype=torch.float64) * 1 == 0 if can else None
        tensor([True])
        >>> _ = torch.set_flush_denormal(False)

    Source: torch.set_flush_denormal.
    """
    if not isinstance(mode, bool):
        raise TypeError(f"flush_denormal expects a bool, but got {type(mode).__name__}")
    library = _library()
    if library is None:
        return False
    word: Any = ctypes.c_uint32()
    place = ctypes.POINTER(ctypes.c_uint32)
    library.function("read", place)(ctypes.byref(word))
    word.value = word.value | _FLUSH if mode else word.value & ~_FLUSH
    library.function("write", place)(ctypes.byref(word))
    return True
