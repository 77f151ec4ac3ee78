"""A pair of float32 vectors as three vectors of bfloat16 pairs."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from ..vector_code import I64, VectorCode

I32 = ir.IntType(32)
PARTS = 3
TOP = 0xFFFF0000  # the bits of a float32 that are its bfloat16, rounded towards zero


class Splitter:
    """Emits the splitting. Rounding towards zero makes each difference exact.

    Args:
        code: where to emit, for float32 and vectors of 16.
    """

    def __init__(self, code: VectorCode) -> None:
        self.code = code
        self.words = ir.VectorType(I32, code.lanes)
        self.top = ir.Constant(self.words, [I32(TOP)] * code.lanes)
        self.sixteen = ir.Constant(self.words, [I32(16)] * code.lanes)

    def rest(self, x: Any, times: int = 1) -> Any:
        """x without its first `times` terms."""
        b = self.code.builder
        for _ in range(times):
            kept = b.bitcast(b.and_(b.bitcast(x, self.words), self.top), self.code.vector)
            x = b.fsub(x, kept)
        return x

    def pair(self, low: Any, high: Any) -> Any:
        """The first terms of both, `low` in the lower halves of the words (as float bits)."""
        b = self.code.builder
        lower = b.lshr(b.bitcast(low, self.words), self.sixteen)
        upper = b.and_(b.bitcast(high, self.words), self.top)
        return b.bitcast(b.or_(lower, upper), self.code.vector)

    def parts(self, low: Any, high: Any) -> list[Any]:
        """All terms of both, first terms first."""
        found = []
        for part in range(PARTS):
            if part:
                low, high = self.rest(low), self.rest(high)
            found.append(self.pair(low, high))
        return found

    def infinite(self, x: Any) -> Any:
        """Whether any element is infinite or NaN (an i1)."""
        b, code = self.code.builder, self.code
        exponent = ir.Constant(self.words, [I32(0x7F800000)] * code.lanes)
        bits = b.icmp_unsigned("==", b.and_(b.bitcast(x, self.words), exponent), exponent)
        return b.icmp_unsigned("!=", b.bitcast(bits, ir.IntType(code.lanes)),
                               ir.Constant(ir.IntType(code.lanes), 0))


class Watch:
    """Notices infinities and NaNs in the first terms of pairs.

    Args:
        code: as for the splitter.
    """

    def __init__(self, code: VectorCode) -> None:
        self.code = code
        self.halves = ir.VectorType(ir.IntType(16), 2 * code.lanes)
        self.largest: Any = ir.Constant(self.halves, None)

    def see(self, words: Any) -> None:
        """Look at a vector of first terms."""
        b = self.code.builder
        terms = b.bitcast(words, self.halves)
        unsigned = b.add(terms, terms)
        most = self.code.declare(f"llvm.umax.v{2 * self.code.lanes}i16",
                                 ir.FunctionType(self.halves, [self.halves] * 2))
        self.largest = b.call(most, [self.largest, unsigned])

    def report(self, flag: Any) -> None:
        """Set the word `flag` if one of them was infinite or NaN."""
        b, count = self.code.builder, 2 * self.code.lanes
        exponent = ir.Constant(self.halves, [ir.Constant(ir.IntType(16), 0xFF00)] * count)
        bits = b.bitcast(b.icmp_unsigned(">=", self.largest, exponent), ir.IntType(count))
        with b.if_then(b.icmp_unsigned("!=", bits, bits.type(0)), likely=False):
            b.store(I64(1), flag)
