"""A contraction as a loop nest: out[b, l, r] = Σ_k V[b, k, l] S[b, k, r], all indices composite.

The lane side V is read in vectors along its last axis, the row side S one element at a time (or, in
a `dotted` nest, both in vectors along the last reduction axis). Each axis has strides in the
operands as they lie in memory (`v_source`, `s_source`) and as the inner loops read them, after
staging (`v`, `s`). Units are the blocks of the batch, lane and row axes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

# units, and elements of out, a and b (0: all), of one step; how many steps a call should have
Follow = tuple[int, int, int, int, int]


@dataclass(eq=False)
class Axis:
    """One axis.

    Attributes:
        size: its extent.
        v_source, s_source: strides in the operands' own memory.
        out: stride in the output.
        tile: how many are computed by one run of the inner loops.
        block: how many belong to one unit, or are reduced at a time; a multiple of the tile.
        v, s: strides as the inner loops read; within: stride of V inside a tile.
        places: offsets in S instead of a stride, for an axis that is whole in every tile.
    """

    size: int
    v_source: int = 0
    s_source: int = 0
    out: int = 0
    tile: int = 1
    block: int = 0
    v: int = 0
    s: int = 0
    within: int = 0
    places: tuple[int, ...] = ()

    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.size // self.block)

    def in_place(self) -> Axis:
        """Let the inner loops read the operands where they are."""
        self.v = self.within = self.v_source
        self.s = self.s_source
        return self


@dataclass
class Clip:
    """Which taps of an axis touch the image at all: 0 <= position·step + tap·pace + low < size."""

    position: Axis
    step: int
    pace: int
    low: int
    size: int


@dataclass
class Tap:
    """One constant position of the reduction: offsets into the operands."""

    v_source: int
    s_source: int
    v: int = 0
    s: int = 0


class Stage(Protocol):
    """Copies the part of an operand that a unit reads into scratch memory."""

    axes: Sequence[Axis]

    def elements(self) -> int:
        """Scratch elements needed."""

    def prepare(self, code: Any, scratch: Any) -> None:
        """Emit what is done once per call."""

    def emit(self, code: Any, source: Any, scratch: Any, place: Any) -> None:
        """Emit the copy."""


@dataclass(eq=False)
class Nest:
    """A contraction over given axes; see the module.

    Attributes:
        columns: the output's row length, for the epilogue's position.
        out_offset: where the output begins.
        v_offset, s_offset: where the operands begin.
        dotted: vectors along the reduction.
        masked: whether partial vectors of V are loaded with a mask.
        parts: into how many partial sums the first reduction axis is split.
        swapped: whether V is the primitive's second operand.
        unaligned: whether vectors of V start anywhere.
        clips: reduction axes whose extent depends on the tile.
        cost: estimated cycles.
    """

    lanes: list[Axis]
    rows: list[Axis]
    reduction: list[Axis]
    taps: list[Tap]
    columns: int
    batch: list[Axis] = field(default_factory=list)
    out_offset: int = 0
    v_offset: int = 0
    s_offset: int = 0
    dotted: bool = False
    masked: bool = False
    parts: int = 1
    swapped: bool = False
    unaligned: bool = True
    v_stage: Any = None
    s_stage: Any = None
    clips: dict[Axis, Clip] = field(default_factory=dict)
    cost: float = 0.0

    def __str__(self) -> str:
        """The plan on one line: extent/block/tile of every axis, and what is staged."""
        def text(axes: Sequence[Axis]) -> str:
            return " ".join(f"{a.size}/{a.block}/{a.tile}" for a in axes) or "-"
        stages = {"V": self.v_stage, "S": self.s_stage}
        staged = "".join(name for name, stage in stages.items() if stage)
        return (f"batch {text(self.batch)} | lanes {text(self.lanes)} | rows {text(self.rows)} | "
                f"reduction {text(self.reduction)} x {len(self.taps)} taps | parts {self.parts}"
                f" | staged {staged or '-'}{' | dotted' if self.dotted else ''}")

    def unit_axes(self) -> list[Axis]:
        """The axes whose blocks make the units, slowest first."""
        return [*self.batch, *self.lanes, *self.rows]

    def units(self) -> int:
        """Number of units."""
        return math.prod(a.blocks() for a in self.unit_axes()) * self.parts

    def follow(self, out: int, a: int, b: int) -> Follow | None:
        """How units follow the slowest axis that has several, if its parts lie one after another.

        Args:
            out, a, b: elements of the output and of the primitive's operands.
        """
        axes = self.unit_axes()
        axis = next((x for x in axes if x.blocks() > 1), None)
        if axis is None or self.parts > 1 or axis.out * axis.size != out:
            return None
        strides = (axis.s_source, axis.v_source) if self.swapped else (axis.v_source, axis.s_source)
        if any(stride and stride * axis.size != size
               for stride, size in zip(strides, (a, b), strict=True)):
            return None
        inner = math.prod(x.blocks() for x in axes) // axis.blocks()
        out, a, b = (axis.block * x for x in (axis.out, *strides))
        return inner, out, a, b, 1

    def sums(self, a: int, b: int) -> tuple[int, int] | None:
        """Elements of the operands per step of the slowest reduction, if they follow it.

        Args:
            a, b: elements of the primitive's operands.
        """
        if not self.reduction or self.dotted and len(self.reduction) == 1:
            return None
        axis = self.reduction[0]
        strides = (axis.s_source, axis.v_source) if self.swapped else (axis.v_source, axis.s_source)
        if axis in self.clips or any(stride * axis.size != size for stride, size in
                                     zip(strides, (a, b), strict=True)):
            return None
        return strides

    def part_size(self) -> int:
        """Extent of the first reduction axis in one partial sum, a multiple of its block."""
        if self.parts == 1:
            return self.reduction[0].size if self.reduction else 0
        axis = self.reduction[0]
        return -(-axis.blocks() // self.parts) * axis.block

    def blocked(self) -> bool:
        """Whether the reduction is done in several blocks."""
        return self.part_size() > self.reduction[0].block or any(
            a.block < a.size for a in self.reduction[1:]) if self.reduction else False

    def kept_vectors(self, lanes: int) -> int:
        """Vectors of accumulators kept between blocks of the reduction, per unit."""
        if not self.blocked():
            return 0
        rows = math.prod(a.block for a in self.rows)
        across = math.prod(a.block for a in self.lanes[:-1])
        last = self.lanes[-1].block
        return rows * across * (last if self.dotted else -(-last // lanes))

    def position(self, stride: int) -> tuple[int, int]:
        """An output stride as (rows, columns)."""
        return divmod(stride, self.columns) if stride >= self.columns else (0, stride)
