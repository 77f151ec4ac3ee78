"""The analytic model: register tiles, blocks that fit the caches, units that feed the threads.

Costs are in cycles of a core with two multiply-adds and two loads per cycle.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .machine import Machine
from .nest import Axis, Nest

UNALIGNED = 2.4  # load slots of a vector that crosses cache lines
LATENCY = 4.0  # of a multiply-add
LARGEST_BODY = 420  # multiply-adds emitted for one tile, taps times accumulators
_LEAST_UNITS = 8
_LEAST_WORK = 2e5  # multiply-adds that are worth a unit of their own


@dataclass
class Model:
    """What a tiling is judged by.

    Attributes:
        machine: the processor.
        itemsize: bytes of an element.
        depth: length of the reduction.
        taps: constant positions emitted per step.
        store: cycles to store one accumulator.
        load: load slots that a vector takes: 1 aligned, more where it crosses cache lines.
        dotted: vectors along the reduction.
    """

    machine: Machine
    itemsize: int
    depth: int
    taps: int
    store: float
    load: float
    dotted: bool = False

    @property
    def lanes(self) -> int:
        """Elements of a vector."""
        return self.machine.vector_bytes // self.itemsize

    def fits(self, vectors: int, rows: int) -> bool:
        """Whether a tile stays in the registers."""
        spare = 1 if self.machine.fma else 2
        if self.machine.registers == 32 and vectors == 1:
            spare = 0
        return (vectors * rows + vectors + spare + 1 <= self.machine.registers
                and vectors * rows * max(self.taps, 1) <= LARGEST_BODY)

    def cycles(self, vectors: int, rows: int) -> float:
        """Cycles of one tile."""
        work = vectors * rows / 2.0 if self.machine.fma else vectors * rows / 1.5
        loads = (rows * (self.load if self.dotted else 1.0) + vectors * self.load) / 2
        steps = self.depth / self.lanes if self.dotted else self.depth
        stream = 0.2 * vectors * self.load
        stream += 0.2 * rows * self.load if self.dotted else 0.03 * rows
        return steps * (max(work, loads, LATENCY) + stream) + 12 + self.store * vectors * rows


Option = tuple[list[int], list[tuple[int, int]]]  # tiles by axis, (extent in steps, how often)


def options(axes: Sequence[Axis], width: int, most: int) -> Iterator[Option]:
    """Tilings: inner axes whole, one axis cut, outer axes one by one.

    Args:
        axes: outermost first.
        width: elements per step of the last axis.
        most: largest number of steps in a tile.
    """
    sizes = [a.size for a in axes]
    sizes[-1] = -(-sizes[-1] // width)
    inner = 1
    for j in range(len(axes) - 1, -1, -1):
        outer = math.prod(sizes[:j])
        seen = set()
        for tiles in range(1, sizes[j] + 1):
            t = -(-sizes[j] // tiles)
            if t * inner > most:
                jump = -(-sizes[j] * inner // most)
                if tiles < jump:
                    continue
            if t in seen or t * inner > most:
                if t == 1:
                    break
                continue
            seen.add(t)
            cut = [1] * j + [t] + [sizes[i] for i in range(j + 1, len(axes))]
            cut[-1] *= width
            shapes = [(t * inner, outer * (sizes[j] // t))]
            if sizes[j] % t:
                shapes.append((sizes[j] % t * inner, outer))
            yield cut, shapes
            if t == 1 or len(seen) > 24:
                break
        inner *= sizes[j]
        if inner > most:
            return


def choose_tiles(nest: Nest, model: Model) -> float:
    """Set the tiles of the lane and row axes to the cheapest; the cycles they cost."""
    width = 1 if model.dotted else model.lanes
    best = math.inf
    chosen: tuple[list[int], list[int]] = ([], [])
    rows_all = list(options(nest.rows, 1, 30))
    for lane_cut, lane_shapes in options(nest.lanes, width, 8):
        for row_cut, row_shapes in rows_all:
            if not model.fits(lane_shapes[0][0], row_shapes[0][0]):
                continue
            cost = sum(lanes_times * rows_times * model.cycles(vectors, rows)
                       for vectors, lanes_times in lane_shapes
                       for rows, rows_times in row_shapes)
            cost *= 1 + 0.01 * (len(lane_shapes) * len(row_shapes) - 1)
            if cost < best:
                best, chosen = cost, (lane_cut, row_cut)
    for axes, cut in ((nest.lanes, chosen[0]), (nest.rows, chosen[1])):
        for axis, tile in zip(axes, cut, strict=True):
            axis.tile = tile
    return best * math.prod(a.size for a in nest.batch)


def even_block(axis: Axis, most: float) -> int:
    """The largest block of at most `most` elements in whole tiles, all blocks alike."""
    if axis.size <= max(most, axis.tile):
        return max(axis.size, 1)
    count = -(-axis.size // max(int(most) // axis.tile * axis.tile, axis.tile))
    return -(-axis.size // (count * axis.tile)) * axis.tile


def even_reduction(size: int, most: float, multiple: int = 8) -> int:
    """A block of the reduction: nearly equal parts, in multiples for unrolling."""
    if size <= most:
        return max(size, 1)
    count = math.ceil(size / most)
    return min(size, -(-size // (count * multiple)) * multiple)


def spread(nest: Nest, axes: Sequence[Axis], work: float) -> None:
    """Halve blocks, in the order given, until there are enough units of enough work each."""
    for axis in axes:
        while (nest.units() < _LEAST_UNITS and axis.block > axis.tile
               and work / nest.units() > 2 * _LEAST_WORK):
            axis.block = even_block(axis, axis.block / 2)


def split_reduction(nest: Nest, work: float) -> None:
    """Partial sums where units are few and the reduction is long."""
    if not nest.reduction:
        return
    units = math.prod(a.blocks() for a in nest.unit_axes())
    axis = nest.reduction[0]
    out = math.prod(a.size for a in [*nest.batch, *nest.lanes, *nest.rows])
    parts = min(-(-_LEAST_UNITS // units), int(work / (2 * _LEAST_WORK)), axis.blocks(),
                max(1, int(work / (64 * out))))
    if parts > 1 and units < _LEAST_UNITS:
        each = -(-axis.blocks() // parts)
        nest.parts = -(-axis.blocks() // each)
