"""Staging of operands: panels of vectors for the lane side, boxes with zero borders for either."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .nest import Axis, Tap
from .vector_code import Index, VectorCode


class Place:
    """Where a unit and its block of the reduction begin on each axis, and how far they reach."""

    def __init__(self) -> None:
        self.start: dict[Axis, Index] = {}
        self.count: dict[Axis, Index] = {}


def offset(code: VectorCode, place: Place, axes: Sequence[Axis], strides: Sequence[int]) -> Index:
    """Σ start · stride."""
    total: Index = 0
    for axis, stride in zip(axes, strides, strict=True):
        total = code.add(total, code.mul(place.start[axis], stride))
    return total


def strided(code: VectorCode, source: Any, where: Index, stride: int, count: Index) -> Any:
    """A vector of `count` elements `stride` apart; zeros behind them."""
    w = code.lanes
    mask = None if isinstance(count, int) and count >= w else code.mask(count)
    if stride == 1:
        return code.load(source, where, mask)
    if stride == 2:
        last = code.sub(code.mul(count, 2), 1)
        low = code.load(source, where, None if mask is None else code.mask(last))
        high = code.load(source, code.add(where, w), code.mask(code.sub(last, w)))
        return code.shuffle(low, high, range(0, 2 * w, 2))
    return code.gather(code.at(source, where), code.iota(stride), mask)


class PanelStage:
    """Packs V into panels [tile of lanes][reduction][lanes of the tile], aligned.

    Sets the strides `v` of its axes and taps.

    Args:
        batch: batch axes.
        lanes: lane axes; the last one is cut into tiles.
        reduction: reduction axes, outermost first.
        taps: the constant positions inside.
        width: lanes of the machine's vector.
    """

    def __init__(self, batch: Sequence[Axis], lanes: Sequence[Axis], reduction: Sequence[Axis],
                 taps: Sequence[Tap], width: int) -> None:
        self.axes = [*batch, *lanes]
        self.batch, self.lanes, self.reduction, self.taps = batch, lanes, reduction, taps
        last = lanes[-1]
        self.width = -(-last.tile // width) * width
        step = self.width
        for i, tap in enumerate(taps):
            tap.v = i * step
        step *= len(taps)
        for axis in reversed(reduction):
            axis.v = step
            step *= axis.block
        self.depth = step // self.width
        last.v, last.within = self.depth * self.width // last.tile, 1
        self.vector_step = self.depth * self.width
        size = -(-last.block // last.tile) * self.vector_step
        for axis in reversed(lanes[:-1]):
            axis.v = axis.within = size
            size *= axis.block
        self.size = size

    def elements(self) -> int:
        """Scratch elements needed; transposing writes whole squares."""
        return self.size + 64 * self.width

    def prepare(self, code: VectorCode, scratch: Any) -> None:
        """Nothing is needed once per call."""

    def emit(self, code: VectorCode, source: Any, scratch: Any, place: Place) -> None:
        """Emit the packing of one block."""
        axes = [*self.axes, *self.reduction]
        base = code.at(source, offset(code, place, axes, [a.v_source for a in axes]))
        self._outer(code, base, scratch, place, list(self.lanes[:-1]), 0, 0)

    def _outer(self, code: VectorCode, source: Any, scratch: Any, place: Place,
               axes: list[Axis], at: Index, to: Index) -> None:
        if axes:
            with code.loop(0, place.count[axes[0]]) as i:
                self._outer(code, source, scratch, place, axes[1:],
                            code.add(at, code.mul(i, axes[0].v_source)),
                            code.add(to, code.mul(i, axes[0].v)))
            return
        last, w = self.lanes[-1], code.lanes
        count = place.count[last]
        source, scratch = code.at(source, at), code.at(scratch, to)
        if last.v_source == 1:
            self._by_rows(code, source, scratch, place)
            return
        if last.size % w:  # one piece of code for whole and partial vectors: transposing is long
            with code.loop(0, count, w) as lane:
                self._column(code, code.at(source, code.mul(lane, last.v_source)),
                             code.at(scratch, self._home(code, lane)), place,
                             code.minimum(w, code.sub(count, lane)))
            return
        whole = code.mul(code.div(count, w), w)
        with code.loop(0, whole, w) as lane:
            self._column(code, code.at(source, code.mul(lane, last.v_source)),
                         code.at(scratch, self._home(code, lane)), place, w)

    def _by_rows(self, code: VectorCode, source: Any, scratch: Any, place: Place) -> None:
        """Lanes lie side by side: read all of them at each step of the reduction."""
        count, w = place.count[self.lanes[-1]], code.lanes
        whole = code.mul(code.div(count, w), w)

        def vector(at: Index, to: Index, lane: Index, few: Index) -> None:
            x = strided(code, source, code.add(at, lane), 1, few)
            code.store(x, scratch, code.add(to, self._home(code, lane)), aligned=True)

        def copy(at: Index, to: Index) -> None:
            for tap in self.taps:
                here, there = code.add(at, tap.v_source), code.add(to, tap.v)
                if isinstance(whole, int) and whole <= 8 * w:
                    for lane in range(0, whole, w):
                        vector(here, there, lane, w)
                else:
                    with code.loop(0, whole, w) as lane:
                        vector(here, there, lane, w)
                if self.lanes[-1].size % w:
                    rest = code.sub(count, whole)
                    with code.when(code.less(0, rest)):
                        vector(here, there, whole, rest)
        each(code, [(place.count[a], a.v_source, a.v) for a in self.reduction], copy)

    def _home(self, code: VectorCode, lane: Index) -> Index:
        return code.add(code.mul(code.div(lane, self.width), self.vector_step),
                        code.mod(lane, self.width))

    def _column(self, code: VectorCode, source: Any, scratch: Any, place: Place,
                valid: Index) -> None:
        """Pack one vector of lanes for the whole reduction."""
        stride = self.lanes[-1].v_source
        if stride != 1 and self._run_axes() is not None and code.lanes <= 16:
            self._transposed(code, source, scratch, place, valid)
            return
        if stride != 1 and self._span() <= 4 * len(self.taps) and len(self.taps) > 1:
            self._windows(code, source, scratch, place, valid)
            return
        def copy(at: Index, to: Index) -> None:
            for tap in self.taps:
                x = strided(code, source, code.add(at, tap.v_source), stride, valid)
                code.store(x, scratch, code.add(to, tap.v), aligned=True)
        each(code, [(place.count[a], a.v_source, a.v) for a in self.reduction], copy)

    def _run_axes(self) -> int | None:
        """How many of the inner reduction axes, with the taps, are one stretch of memory."""
        size = len(self.taps)
        if [t.v_source for t in self.taps] != list(range(size)):
            return None
        taken = 0
        for axis in reversed(self.reduction):
            if axis.v_source != size and axis.size > 1:
                break
            taken += 1
            size *= axis.size
            if axis.block < axis.size:
                break
        return taken if taken or size > 1 else None

    def _span(self) -> int:
        places = [t.v_source for t in self.taps]
        return max(places) - min(places) + 1

    def _row_offsets(self, code: VectorCode, valid: Index) -> list[Index]:
        """Where each lane's elements begin; lanes that do not count repeat the last one."""
        w, stride = code.lanes, self.lanes[-1].v_source
        if isinstance(valid, int):
            return [min(lane, valid - 1) * stride for lane in range(w)]
        return [code.mul(code.minimum(lane, code.sub(valid, 1)), stride) for lane in range(w)]

    def _windows(self, code: VectorCode, source: Any, scratch: Any, place: Place,
                 valid: Index) -> None:
        """Taps near each other: transpose what spans them and keep their columns."""
        w, span = code.lanes, self._span()
        low = min(t.v_source for t in self.taps)
        rows = self._row_offsets(code, valid)

        def squares(at: Index, to: Index) -> None:
            for first in range(0, span, w):
                wanted = [t for t in self.taps if first <= t.v_source - low < first + w]
                if not wanted:
                    continue
                mask = None if first + w <= span else code.mask(span - first)
                base = code.add(at, low + first)
                columns = code.transpose([code.load(source, code.add(base, row), mask)
                                          for row in rows])
                for tap in wanted:
                    code.store(columns[tap.v_source - low - first], scratch,
                               code.add(to, tap.v), aligned=True)
        each(code, [(place.count[a], a.v_source, a.v) for a in self.reduction], squares)

    def _transposed(self, code: VectorCode, source: Any, scratch: Any, place: Place,
                    valid: Index) -> None:
        taken = self._run_axes() or 0
        cut = len(self.reduction) - taken
        outer, inner = self.reduction[:cut], self.reduction[cut:]
        run: Index = len(self.taps)
        for axis in inner:
            run = code.mul(run, place.count[axis])
        w, rows = code.lanes, self._row_offsets(code, valid)

        def squares(at: Index, to: Index) -> None:
            def square(k: Index, mask: Any) -> None:
                here = code.add(at, k)
                loaded = [code.load(source, code.add(here, row), mask) for row in rows]
                for i, x in enumerate(code.transpose(loaded)):
                    code.store(x, scratch, code.add(
                        to, code.mul(code.add(k, i), self.width)), aligned=True)
            whole = code.mul(code.div(run, w), w)
            if code.machine.vector_bytes == 64 and not (isinstance(run, int) and run == whole):
                with code.loop(0, run, w) as k:
                    square(k, code.mask(code.sub(run, k)))
                return
            if not isinstance(whole, int) or whole:
                with code.loop(0, whole, w) as k:
                    square(k, None)
            rest = code.sub(run, whole)
            if not isinstance(rest, int) or rest:
                with code.when(code.less(0, rest)):
                    square(whole, code.mask(rest))
        each(code, [(place.count[a], a.v_source, a.v) for a in outer], squares)


def each(code: VectorCode, axes: Sequence[tuple[Index, int, int]],
         body: Callable[[Index, Index], None], at: Index = 0, to: Index = 0) -> None:
    """Nested loops over (count, source stride, target stride); body(source offset, target)."""
    if not axes:
        body(at, to)
        return
    count, source, target = axes[0]
    if isinstance(count, int) and count <= 0:
        return
    with code.loop(0, count) as i:
        each(code, axes[1:], body, code.add(at, code.mul(i, source)),
             code.add(to, code.mul(i, target)))


@dataclass
class Window:
    """How an axis of positions reads an axis of the image: position j, tap t read j·step + t + low.

    Args:
        step: from position to position.
        span: the last tap's distance from the first.
        low: coordinate that the first position's first tap reads; negative in the border.
        size: extent of the image.
    """

    step: int
    span: int
    low: int
    size: int


@dataclass
class RegionAxis:
    """An axis of a region: the nest's axis, its stride in memory, its window if it has borders."""

    axis: Axis
    stride: int
    window: Window | None = None
    target: int = 0

    def extent(self) -> int:
        """Elements of the region along the axis."""
        if self.window is None:
            return self.axis.block
        return (self.axis.block - 1) * self.window.step + self.window.span + 1


class RegionStage:
    """Copies a box of an operand, with zeros where windows reach over the border.

    Args:
        batch: batch axes with their strides.
        axes: the box, outermost first; `target` strides are set here.
        interleave: the last axis is stored as that many separate phases.
        slack: elements that may be read behind the end.
    """

    def __init__(self, batch: Sequence[tuple[Axis, int]], axes: Sequence[RegionAxis],
                 interleave: int = 1, slack: int = 0) -> None:
        self.batch, self.box, self.interleave = batch, list(axes), interleave
        self.axes = [a for a, _ in batch] + [b.axis for b in axes]
        last = self.box[-1]
        last.target = 1
        self.pitch = -(-last.extent() // interleave)
        step = self.pitch * interleave
        if last.window is None and len(self.box) > 1:
            step = -(-step // 16) * 16 + 16
        for item in reversed(self.box[:-1]):
            step += 16 if step % 256 == 0 else 0  # not all on the same cache sets
            item.target = step
            step *= item.extent()
        self.size = step + slack

    def elements(self) -> int:
        """Scratch elements needed."""
        return self.size

    def borders(self) -> bool:
        """Whether some windows reach over the border."""
        for item in self.box:
            w = item.window
            if w is not None and (w.low < 0 or w.low + w.span
                                  + (item.axis.size - 1) * w.step >= w.size):
                return True
        return False

    def prepare(self, code: VectorCode, scratch: Any) -> None:
        """Zeros everywhere: the borders along the last axis are never written again."""
        if self.borders():
            w = code.lanes
            with code.loop(0, self.size // w * w, w) as i:
                code.store(code.zero(), scratch, i, aligned=True)
            if self.size % w:
                code.store(code.zero(), scratch, self.size // w * w, code.mask(self.size % w))

    def emit(self, code: VectorCode, source: Any, scratch: Any, place: Place) -> None:
        """Emit the copying of one block."""
        base = offset(code, place, [a for a, _ in self.batch], [s for _, s in self.batch])
        self._level(code, source, scratch, place, 0, base, 0, True)

    def _level(self, code: VectorCode, source: Any, scratch: Any, place: Place, level: int,
               at: Index, to: Index, inside: Any) -> None:
        item = self.box[level]
        start, count, window = place.start[item.axis], place.count[item.axis], item.window
        if level == len(self.box) - 1:
            self._row(code, source, scratch, place, at, to, inside)
            return
        if window is None:
            with code.loop(0, count) as i:
                self._level(code, source, scratch, place, level + 1,
                            code.add(at, code.mul(code.add(start, i), item.stride)),
                            code.add(to, code.mul(i, item.target)), inside)
            return
        extent = code.add(code.mul(code.sub(count, 1), window.step), window.span + 1)
        with code.loop(0, extent) as i:
            y = code.add(code.add(code.mul(start, window.step), window.low), i)
            within = inside
            if window.low < 0 or window.low + window.span + (
                    item.axis.size - 1) * window.step >= window.size:
                within = code.both(within, code.both(code.less(-1, y),
                                                     code.less(y, window.size)))
            self._level(code, source, scratch, place, level + 1,
                        code.add(at, code.mul(y, item.stride)),
                        code.add(to, code.mul(i, item.target)), within)

    def _row(self, code: VectorCode, source: Any, scratch: Any, place: Place, at: Index,
             to: Index, inside: Any) -> None:
        item = self.box[-1]
        if item.window is None:
            first = code.add(at, code.mul(place.start[item.axis], item.stride))
            self._stretch(code, source, scratch, first, to, place.count[item.axis], item.stride,
                          inside)
            return
        window, phases = item.window, self.interleave
        extent = item.extent()
        if item.axis.block < item.axis.size:
            self._piece(code, source, scratch, place, at, to, inside)
            return
        for phase in range(phases):
            low = max(0, -(-(-window.low - phase) // phases))
            high = min(-(-(extent - phase) // phases),
                       -(-(window.size - window.low - phase) // phases))
            if low < high:
                x = low * phases + phase + window.low
                self._stretch(code, source, scratch, code.add(at, x * item.stride),
                              code.add(to, phase * self.pitch + low), high - low,
                              item.stride * phases, inside)

    def _piece(self, code: VectorCode, source: Any, scratch: Any, place: Place, at: Index,
               to: Index, inside: Any) -> None:
        """A row of which a unit reads a part: where the border begins depends on the unit."""
        item, phases = self.box[-1], self.interleave
        window = item.window
        if window is None:
            return
        if self.borders():
            self._sweep(code, self.pitch * phases, lambda i, few: code.store(
                code.zero(), scratch, code.add(to, i), self._mask(code, few)))
        first = code.add(code.mul(place.start[item.axis], window.step), window.low)
        count = code.sub(place.count[item.axis], 1)
        extent = code.add(code.mul(count, window.step), window.span + 1)
        end = code.minimum(extent, code.sub(window.size, first))
        for phase in range(phases):
            before = code.positive(code.sub(code.sub(0, first), phase))
            low = code.div(code.add(before, phases - 1), phases)
            high = code.div(code.positive(code.add(end, phases - 1 - phase)), phases)
            x = code.add(code.add(first, phase), code.mul(low, phases))
            self._stretch(code, source, scratch, code.add(at, code.mul(x, item.stride)),
                          code.add(to, code.add(low, phase * self.pitch)),
                          code.positive(code.sub(high, low)), item.stride * phases, inside)

    def _stretch(self, code: VectorCode, source: Any, scratch: Any, at: Index, to: Index,
                 count: Index, stride: int, inside: Any) -> None:
        def copy() -> None:
            self._sweep(code, count, lambda i, few: code.store(
                strided(code, source, code.add(at, code.mul(i, stride)), stride, few), scratch,
                code.add(to, i), self._mask(code, few)))

        def clear() -> None:
            self._sweep(code, count, lambda i, few: code.store(
                code.zero(), scratch, code.add(to, i), self._mask(code, few)))
        code.choose(inside, copy, clear)

    def _mask(self, code: VectorCode, count: Index) -> Any:
        return None if isinstance(count, int) and count == code.lanes else code.mask(count)

    def _sweep(self, code: VectorCode, count: Index, body: Callable[[Index, Index], Any]) -> None:
        w = code.lanes
        whole = code.mul(code.div(count, w), w)
        if not isinstance(whole, int):
            with code.loop(0, whole, w) as i:
                body(i, w)
            rest = code.sub(count, whole)
            with code.when(code.less(0, rest)):
                body(whole, rest)
            return
        if whole > 4 * w:
            with code.loop(0, whole, w) as i:
                body(i, w)
        else:
            for i in range(0, whole, w):
                body(i, w)
        if count % w:
            body(whole, count % w)

