"""Sums that met an infinity, computed once more in float32.

The second term of an infinity is no number, so a sum that met one comes out as NaN. Where staging
saw something infinite, each NaN of the output is replaced by the plain sum of products. That is
slow and rare; a NaN that belongs there stays one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from ..vector_code import I64, PTR, Index, VectorCode


@dataclass(frozen=True)
class Walked:
    """An axis and its strides in the output and the two operands, in elements."""

    count: int
    out: int
    a: int
    b: int


@dataclass(frozen=True)
class Inside:
    """A condition: 0 <= low + Σ factor · index < size, over output axes and reduced axes."""

    out: tuple[int, ...]
    reduced: tuple[int, ...]
    low: int
    size: int


@dataclass(frozen=True)
class Definition:
    """A contraction written out: out[i…] = Σ over j… of a[…] · b[…] where every condition holds.

    Args:
        zeros: whether a counts as zero elsewhere, instead of no term at all (0 · ∞ is NaN).
    """

    out: Sequence[Walked]
    reduced: Sequence[Walked]
    conditions: Sequence[Inside] = ()
    out_offset: int = 0
    a_offset: int = 0
    b_offset: int = 0
    zeros: bool = False


class Exact:
    """A function void(out, a, b, [begin, end) of every output axis) that mends NaNs."""

    def __init__(self, module: ir.Module, name: str, definition: Definition,
                 template: VectorCode) -> None:
        self.definition = definition
        axes = len(definition.out)
        kind = ir.FunctionType(ir.VoidType(), [PTR] * 3 + [I64] * 2 * axes)
        self.function = ir.Function(module, kind, name)
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.code = VectorCode(builder, template.element, template.machine)
        self.total = builder.alloca(template.element)
        self.ranges = list(self.function.args[3:])
        self._outer([])
        builder.ret_void()

    def call(self, code: VectorCode, pointers: Sequence[Any],
             ranges: Sequence[tuple[Index, Index]]) -> None:
        """Mend a part of the output."""
        bounds = [code.value(x) for pair in ranges for x in pair]
        code.builder.call(self.function, [*pointers, *bounds])

    def spoil(self, code: VectorCode, pointers: Sequence[Any],
              ranges: Sequence[tuple[Index, Index]]) -> None:
        """Make a part of the output NaN, so that all of it is computed once more."""
        d = self.definition

        def level(places: list[Any]) -> None:
            if len(places) < len(ranges):
                with code.loop(*ranges[len(places)]) as i:
                    level([*places, i])
                return
            at: Index = d.out_offset
            for i, axis in zip(places, d.out, strict=True):
                at = code.add(at, code.mul(i, axis.out))
            code.store_scalar(code.element(float("nan")), pointers[0], at)
        level([])

    def _outer(self, index: list[Any]) -> None:
        level = len(index)
        if level < len(self.definition.out):
            begin, end = self.ranges[2 * level:2 * level + 2]
            with self.code.loop(begin, end) as i:
                self._outer([*index, i])
            return
        code, b, d = self.code, self.code.builder, self.definition
        place = code.at(self.function.args[0],
                        self._sum(index, [x.out for x in d.out], d.out_offset))
        x = code.load_scalar(place)
        with b.if_then(b.fcmp_unordered("uno", x, x), likely=False):
            b.store(code.element(0.0), self.total)
            self._inner(index, [])
            b.store(b.load(self.total), place)

    def _inner(self, index: list[Any], reduced: list[Any]) -> None:
        code, d = self.code, self.definition
        if len(reduced) < len(d.reduced):
            with code.loop(0, d.reduced[len(reduced)].count) as j:
                self._inner(index, [*reduced, j])
            return
        holds: Any = True
        for c in d.conditions:
            at = code.add(self._sum(index, c.out, c.low), self._sum(reduced, c.reduced, 0))
            test = code.builder.icmp_unsigned("<", code.value(at), code.value(c.size))
            holds = code.both(holds, test)
        with code.when(True if d.zeros else holds):
            x = self._factor(1, "a", d.a_offset, index, reduced, holds)
            y = self._factor(2, "b", d.b_offset, index, reduced, True)
            b = code.builder
            b.store(b.fadd(b.load(self.total), b.fmul(x, y)), self.total)

    def _factor(self, argument: int, name: str, offset: int, index: Sequence[Any],
                reduced: Sequence[Any], holds: Any) -> Any:
        code, d = self.code, self.definition
        at = code.add(self._sum(index, [getattr(x, name) for x in d.out], offset),
                      self._sum(reduced, [getattr(x, name) for x in d.reduced], 0))
        pointer = self.function.args[argument]
        if holds is True:
            return code.load_scalar(pointer, at)
        safe = code.builder.select(holds, code.value(at), I64(0))
        return code.builder.select(holds, code.load_scalar(pointer, safe), code.element(0.0))

    def _sum(self, index: Sequence[Any], strides: Sequence[int], start: int) -> Index:
        total: Index = start
        for i, stride in zip(index, strides, strict=True):
            total = self.code.add(total, self.code.mul(i, stride))
        return total
