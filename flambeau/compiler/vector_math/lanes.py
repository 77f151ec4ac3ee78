"""IR values with the operators of arithmetic: one formula serves scalars and vectors of any width.

A `Lanes` is a real (float or double), an integer of the same width, or a mask of i1, each scalar or
vector. Numbers in formulas become constants of the other operand's type. Nothing here sets
fast-math flags, so NaN, infinities and signed zeros follow IEEE 754 throughout.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

Number = int | float


@dataclass(frozen=True)
class Format:
    """What formulas need to know of a floating-point type."""

    kind: str        # the key of the tables of coefficients
    bits: int        # of the whole word
    precision: int   # of the significand, with its hidden bit
    bias: int        # of the exponent
    smallest: float  # normal
    largest: float

    @property
    def fraction(self) -> int:
        """The stored bits of the significand."""
        return self.precision - 1


FLOAT = Format("float", 32, 24, 127, 2.0**-126, float(2**128 - 2**104))
DOUBLE = Format("double", 64, 53, 1023, 2.0**-1022, float(2**1024 - 2**971))


def _element(value_type: ir.Type) -> ir.Type:
    return value_type.element if isinstance(value_type, ir.VectorType) else value_type


def _shaped(like: ir.Type, element: ir.Type) -> ir.Type:
    """A type of other elements, as wide as `like`."""
    return ir.VectorType(element, like.count) if isinstance(like, ir.VectorType) else element


class _Splat(ir.FormattedConstant):  # type: ignore[misc]
    """A vector constant with one number in every lane, written once."""

    def __init__(self, vector_type: ir.VectorType, one: ir.Constant) -> None:
        super().__init__(vector_type, "")
        self.constant = f"splat ({vector_type.element} {one.get_reference()})"


class Lanes:
    """An IR value under a builder; see the module.

    Args:
        builder: where instructions go.
        value: a float, double, integer or i1, or a vector of them.
        fused: whether the target has fused multiply-add and rounding instructions; without them
            both are spelt out in arithmetic, never as calls.
    """

    __slots__ = ("builder", "fused", "value")

    def __init__(self, builder: ir.IRBuilder, value: ir.Value, fused: bool = True) -> None:
        self.builder, self.value, self.fused = builder, value, fused

    # ---- types and constants --------------------------------------------------------------------
    @property
    def format(self) -> Format:
        """The format of a real value."""
        return FLOAT if isinstance(_element(self.value.type), ir.FloatType) else DOUBLE

    @property
    def is_real(self) -> bool:
        """Whether the lanes are floating-point numbers."""
        return isinstance(_element(self.value.type), (ir.FloatType, ir.DoubleType))

    def _new(self, value: ir.Value) -> Lanes:
        return Lanes(self.builder, value, self.fused)

    def constant(self, number: Number) -> Lanes:
        """The same number in every lane, in this value's type."""
        element = _element(self.value.type)
        one = ir.Constant(element, float(number) if self.is_real else int(number))
        if not isinstance(self.value.type, ir.VectorType):
            return self._new(one)
        return self._new(_Splat(self.value.type, one))

    def _operand(self, other: Lanes | Number) -> ir.Value:
        return other.value if isinstance(other, Lanes) else self.constant(other).value

    # ---- arithmetic -----------------------------------------------------------------------------
    def _binary(self, real: str, integer: str, other: Lanes | Number, swap: bool = False) -> Lanes:
        operands = (self.value, self._operand(other))
        method = getattr(self.builder, real if self.is_real else integer)
        return self._new(method(*reversed(operands) if swap else operands))

    def __add__(self, other: Lanes | Number) -> Lanes:
        return self._binary("fadd", "add", other)

    def __radd__(self, other: Number) -> Lanes:
        return self._binary("fadd", "add", other, swap=True)

    def __sub__(self, other: Lanes | Number) -> Lanes:
        return self._binary("fsub", "sub", other)

    def __rsub__(self, other: Number) -> Lanes:
        return self._binary("fsub", "sub", other, swap=True)

    def __mul__(self, other: Lanes | Number) -> Lanes:
        return self._binary("fmul", "mul", other)

    def __rmul__(self, other: Number) -> Lanes:
        return self._binary("fmul", "mul", other, swap=True)

    def __truediv__(self, other: Lanes | Number) -> Lanes:
        return self._binary("fdiv", "sdiv", other)

    def __rtruediv__(self, other: Number) -> Lanes:
        return self._binary("fdiv", "sdiv", other, swap=True)

    def __neg__(self) -> Lanes:
        return self._new(self.builder.fneg(self.value)) if self.is_real else 0 - self

    def _intrinsic(self, name: str, *others: Lanes) -> Lanes:
        """A call of llvm.<name> on values of this type, which targets have as an instruction."""
        value_type = self.value.type
        suffix = f"f{self.format.bits}"
        if isinstance(value_type, ir.VectorType):
            suffix = f"v{value_type.count}{suffix}"
        full = f"llvm.{name}.{suffix}"
        module = self.builder.module
        function = module.globals.get(full)
        if function is None:
            signature = ir.FunctionType(value_type, [value_type] * (1 + len(others)))
            function = ir.Function(module, signature, full)
        return self._new(self.builder.call(function, [self.value, *(o.value for o in others)]))

    def fma(self, factor: Lanes | Number, addend: Lanes | Number) -> Lanes:
        """self * factor + addend, with one rounding where the target can."""
        a, b = (o if isinstance(o, Lanes) else self.constant(o) for o in (factor, addend))
        return self._intrinsic("fma", a, b) if self.fused else self * a + b

    def sqrt(self) -> Lanes:
        """The correctly rounded square root."""
        return self._intrinsic("sqrt")

    def polynomial(self, coefficients: Sequence[float]) -> Lanes:
        """Σ coefficients[k] self**k by Horner's rule."""
        total = self.constant(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = total.fma(self, c)
        return total

    # ---- sign and size --------------------------------------------------------------------------
    def __abs__(self) -> Lanes:
        return self._intrinsic("fabs")

    def copysign(self, sign: Lanes | Number) -> Lanes:
        """The size of this value with the sign of another."""
        return self._intrinsic("copysign", self._new(self._operand(sign)))

    def at_least(self, low: float) -> Lanes:
        """The larger of this and a constant; NaN stays."""
        bound = self.constant(low)
        return (bound > self).select(bound, self)

    def at_most(self, high: float) -> Lanes:
        """The smaller of this and a constant; NaN stays."""
        bound = self.constant(high)
        return (bound < self).select(bound, self)

    # ---- rounding -------------------------------------------------------------------------------
    def round_even(self) -> Lanes:
        """The nearest integer, ties to even; keeps the sign of zero."""
        if self.fused:
            return self._intrinsic("roundeven")
        shift = 2.0 ** self.format.fraction
        near = (abs(self) + shift - shift).copysign(self)
        return (abs(self) < shift).select(near, self)

    def _rounded(self, name: str) -> Lanes:
        """Rounding in a direction: the nearest integer, moved by one where it lies beyond."""
        if self.fused:
            return self._intrinsic(name)
        near = self.round_even()
        if name == "trunc":
            return (abs(near) > abs(self)).select(abs(near) - 1.0, abs(near)).copysign(self)
        down = name == "floor"
        beyond = near > self if down else near < self
        return beyond.select(near + (-1.0 if down else 1.0), near).copysign(self)

    def floor(self) -> Lanes:
        """The largest integer that is not above."""
        return self._rounded("floor")

    def ceil(self) -> Lanes:
        """The smallest integer that is not below."""
        return self._rounded("ceil")

    def trunc(self) -> Lanes:
        """The integer part."""
        return self._rounded("trunc")

    def nearest(self) -> tuple[Lanes, Lanes]:
        """The nearest integer as a real and as an integer, for sizes up to 2**(precision - 3).

        Adding 1.5 * 2**fraction leaves the integer in the low bits: no conversion that could be
        undefined for NaN.
        """
        magic = 1.5 * 2.0 ** self.format.fraction
        moved = self + magic
        return moved - magic, moved.as_integer() - self.constant(magic).as_integer()

    # ---- bits -----------------------------------------------------------------------------------
    def as_integer(self) -> Lanes:
        """The bits of a real value as an integer of the same width."""
        wanted = _shaped(self.value.type, ir.IntType(self.format.bits))
        return self._new(self.builder.bitcast(self.value, wanted))

    def as_real(self) -> Lanes:
        """The bits of an integer as the real type of the same width."""
        element = ir.FloatType() if _element(self.value.type).width == 32 else ir.DoubleType()
        return self._new(self.builder.bitcast(self.value, _shaped(self.value.type, element)))

    def power_of_two(self, like: Lanes) -> Lanes:
        """2**self for an integer within the normal exponents of `like`'s type."""
        return ((self << like.format.fraction) + like.constant(1.0).as_integer()).as_real()

    def to_real(self) -> Lanes:
        """A small signed integer as a real: the inverse of `nearest`, on every target a vector."""
        zero = (self ^ self).as_real()
        magic = 1.5 * 2.0 ** zero.format.fraction
        return (self + zero.constant(magic).as_integer()).as_real() - magic

    def widened(self) -> Lanes:
        """float as double."""
        wanted = _shaped(self.value.type, ir.DoubleType())
        return self._new(self.builder.fpext(self.value, wanted))

    def narrowed(self) -> Lanes:
        """double rounded to float."""
        wanted = _shaped(self.value.type, ir.FloatType())
        return self._new(self.builder.fptrunc(self.value, wanted))

    def low_half(self) -> Lanes:
        """The low 32 bits of 64-bit integers."""
        wanted = _shaped(self.value.type, ir.IntType(32))
        return self._new(self.builder.trunc(self.value, wanted))

    def __and__(self, other: Lanes | Number) -> Lanes:
        return self._new(self.builder.and_(self.value, self._operand(other)))

    def __or__(self, other: Lanes | Number) -> Lanes:
        return self._new(self.builder.or_(self.value, self._operand(other)))

    def __xor__(self, other: Lanes | Number) -> Lanes:
        return self._new(self.builder.xor(self.value, self._operand(other)))

    def __invert__(self) -> Lanes:
        return self ^ -1

    def __lshift__(self, count: int) -> Lanes:
        return self._new(self.builder.shl(self.value, self._operand(count)))

    def __rshift__(self, count: int) -> Lanes:
        """The arithmetic shift."""
        return self._new(self.builder.ashr(self.value, self._operand(count)))

    # ---- comparison and choice ------------------------------------------------------------------
    def _compare(self, op: str, other: Lanes | Number) -> Lanes:
        """Ordered comparison (false for NaN) of reals, signed comparison of integers."""
        compare: Any = self.builder.fcmp_ordered if self.is_real else self.builder.icmp_signed
        return self._new(compare(op, self.value, self._operand(other)))

    def __lt__(self, other: Lanes | Number) -> Lanes:
        return self._compare("<", other)

    def __le__(self, other: Lanes | Number) -> Lanes:
        return self._compare("<=", other)

    def __gt__(self, other: Lanes | Number) -> Lanes:
        return self._compare(">", other)

    def __ge__(self, other: Lanes | Number) -> Lanes:
        return self._compare(">=", other)

    def equals(self, other: Lanes | Number) -> Lanes:
        """Equality; false for NaN."""
        return self._compare("==", other)

    def is_nan(self) -> Lanes:
        """Whether a real is NaN."""
        return self._new(self.builder.fcmp_unordered("uno", self.value, self.value))

    def is_negative(self) -> Lanes:
        """Whether the sign bit is set: true for -0."""
        return self.as_integer() < 0

    def select(self, then: Lanes, other: Lanes | Number) -> Lanes:
        """`then` where this mask holds, elsewhere `other`."""
        return then._new(self.builder.select(self.value, then.value, then._operand(other)))


INFINITY = math.inf
NAN = struct.unpack("<d", struct.pack("<Q", 0x7FF8 << 48))[0]
