"""From a nest to code: units, blocks of the reduction, staging, tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .microkernel import Accumulation, Delivery, LaneEntry, Loop, RowEntry, Tile, merge_loops
from .nest import Axis, Nest
from .packing import Place
from .vector_code import Index, VectorCode

Chosen = tuple[Axis, Index, int]  # axis, start inside the unit's block, extent of the tile


class Scratch:
    """Places of a nest's pieces in a thread's scratch memory, in elements, vector aligned."""

    def __init__(self, nest: Nest, lanes: int) -> None:
        self.used = 0
        self.v = self._take(nest.v_stage.elements() if nest.v_stage else 0, 16)
        self.s = self._take(nest.s_stage.elements() if nest.s_stage else 0, 16)
        self.kept = self._take(nest.kept_vectors(lanes) * lanes, 16)
        self.spill = self._take(64 * lanes, 16)

    def _take(self, size: int, line: int) -> int:
        start = self.used
        self.used += -(-size // line) * line
        return start


class UnitEmitter:
    """Emits a nest: the loop over units and everything inside.

    Args:
        code: where to emit.
        nest: the contraction.
        pointers: out, V's array, S's array, scratch.
        epilogue: None, or a function (m, n, value, mask) -> value.
    """

    def __init__(self, code: VectorCode, nest: Nest, pointers: Sequence[Any], out_size: int,
                 epilogue: Any) -> None:
        self.code, self.nest = code, nest
        self.out, v, s, scratch = pointers
        self.v_array, self.s_array = code.at(v, nest.v_offset), code.at(s, nest.s_offset)
        self.layout = Scratch(nest, code.lanes)
        self.scratch = scratch
        self.epilogue = epilogue
        self.out_size = out_size
        self.place = Place()
        self.span: tuple[Any, Any] | None = None  # of the slowest reduction, if not all of it
        self.kept_rows = 1
        for axis in nest.rows:
            self.kept_rows *= axis.block

    def run(self, begin: Index, end: Index) -> None:
        """Units [begin, end)."""
        code, nest = self.code, self.nest
        with code.when(code.less(begin, end)):
            for stage, at in ((nest.v_stage, self.layout.v), (nest.s_stage, self.layout.s)):
                if stage is not None:
                    stage.prepare(code, code.at(self.scratch, at))
        with code.loop(begin, end) as unit:
            first = code.builder.icmp_signed("==", code.value(unit), code.value(begin))
            self._unit(unit, first)

    def _unit(self, unit: Index, first: Any) -> None:
        code, nest = self.code, self.nest
        rest = unit
        for axis in reversed(nest.unit_axes()):
            blocks = axis.blocks()
            index = code.mod(rest, blocks)
            rest = code.div(rest, blocks)
            start = code.mul(index, axis.block)
            self.place.start[axis] = start
            self.place.count[axis] = (axis.block if axis.size % axis.block == 0 else
                                      code.minimum(axis.block, code.sub(axis.size, start)))
        self.fresh = self._freshness(nest, first)
        self._reduction(rest)

    def _freshness(self, nest: Nest, first: Any) -> dict[Any, Any]:
        """When a stage must run: always, or if none of the axes it depends on stayed."""
        found: dict[Any, Any] = {}
        axes = nest.unit_axes()
        for stage in (nest.v_stage, nest.s_stage):
            if stage is None:
                continue
            moving = [a for a in axes if a.blocks() > 1]
            steady = 0
            while steady < len(moving) and moving[-1 - steady] not in stage.axes:
                steady += 1
            condition: Any = True
            if not nest.blocked() and steady:
                condition = first
                if steady < len(moving) or nest.parts > 1:
                    zero = True
                    for axis in moving[len(moving) - steady:]:
                        start = self.code.value(self.place.start[axis])
                        at_zero = self.code.builder.icmp_signed("==", start, self.code.value(0))
                        zero = self.code.both(zero, at_zero)
                    condition = self.code.builder.or_(first, zero)
            found[stage] = condition
        return found

    # ---- blocks of the reduction ----

    def _reduction(self, part: Index) -> None:
        code, nest = self.code, self.nest
        blocked = nest.blocked()
        if blocked:
            size = nest.kept_vectors(code.lanes) * code.lanes
            with code.loop(0, size, code.lanes) as i:
                code.store(code.zero(), self._kept(), i, aligned=True)
        self._block(0, part, True, blocked)

    def _kept(self) -> Any:
        return self.code.at(self.scratch, self.layout.kept)

    def _block(self, level: int, part: Index, last: Any, blocked: bool) -> None:
        code, nest = self.code, self.nest
        if level == len(nest.reduction):
            self._stages()
            self._tiles(part, last, blocked)
            return
        axis = nest.reduction[level]
        start: Index = 0
        stop: Index = axis.size
        extent = nest.part_size() if level == 0 else axis.size
        if level == 0 and nest.parts > 1:
            start = code.mul(part, nest.part_size())
            stop = code.minimum(axis.size, code.add(start, nest.part_size()))
        if level == 0 and self.span is not None:
            start, stop = self.span
        with code.loop(start, stop, axis.block) as k:
            self.place.start[axis] = k
            whole = axis.size % axis.block == 0 and self.span is None
            self.place.count[axis] = axis.block if whole else code.minimum(axis.block,
                                                                           code.sub(stop, k))
            done = last
            if axis.block < extent:
                ends = code.less(stop, code.add(code.add(k, axis.block), 1))
                done = code.both(last, ends)
            self._block(level + 1, part, done, blocked)

    def _stages(self) -> None:
        nest = self.nest
        for stage, array, at in ((nest.v_stage, self.v_array, self.layout.v),
                                 (nest.s_stage, self.s_array, self.layout.s)):
            if stage is not None:
                with self.code.when(self.fresh[stage]):
                    stage.emit(self.code, array, self.code.at(self.scratch, at), self.place)

        if nest.dotted and nest.blocked():
            self._ahead()

    def _ahead(self) -> None:
        """Ask for what the next block of the reduction reads of V; no stage brings it near."""
        code, nest, place = self.code, self.nest, self.place
        first, inner = nest.reduction[0], nest.reduction[1:]
        if len(nest.lanes) != 1 or any(a.block < a.size for a in inner):
            return
        run = max([1, *[(a.size - 1) * a.v_source + 1 for a in inner]])
        if run * code.itemsize > 16384:
            return
        lane = nest.lanes[0]
        pointer = code.at(self.v_array, code.mul(place.count[first], first.v_source))
        for axis in [*nest.batch, lane, first]:
            pointer = code.at(pointer, code.mul(place.start[axis], axis.v_source))
        with code.loop(0, place.count[first]) as k, code.loop(0, place.count[lane]) as i:
            at = code.add(code.mul(k, first.v_source), code.mul(i, lane.v_source))
            with code.loop(0, run, 64 // code.itemsize) as j:
                code.prefetch(pointer, code.add(at, j))

    # ---- tiles ----

    def _tiles(self, part: Index, last: Any, blocked: bool) -> None:
        nest = self.nest

        def inner(lanes: list[Chosen]) -> None:
            self._walk(nest.rows, [], lambda rows: self._tile(lanes, rows, part, last, blocked))
        self._walk(nest.lanes, [], inner)

    def _walk(self, axes: Sequence[Axis], chosen: list[Chosen],
              body: Callable[[list[Chosen]], None]) -> None:
        """Loops over the tiles of the axes; a separate body for a remainder."""
        if not axes:
            body(chosen)
            return
        axis, code = axes[0], self.code
        if axis.tile >= axis.size:
            self._walk(axes[1:], [*chosen, (axis, 0, axis.size)], body)
            return
        count = self.place.count[axis]
        rest = code.mod(count, axis.tile)
        whole = code.sub(count, rest)
        with code.loop(0, whole, axis.tile) as start:
            self._walk(axes[1:], [*chosen, (axis, start, axis.tile)], body)
        if axis.size % axis.tile:
            with code.when(code.less(0, rest)):
                self._walk(axes[1:], [*chosen, (axis, whole, axis.size % axis.tile)], body)

    def _tile(self, lanes: list[Chosen], rows: list[Chosen], part: Index, last: Any,
              blocked: bool) -> None:
        code, nest = self.code, self.nest
        tile = self._entries(lanes, rows)
        v = self._operand(nest.v_stage, self.v_array, self.layout.v, lanes, True)
        s = self._operand(nest.s_stage, self.s_array, self.layout.s, rows, False)
        loops = []
        for axis in nest.reduction:
            low, count = self._clipped(axis, [*lanes, *rows])
            v, s = code.at(v, code.mul(low, axis.v)), code.at(s, code.mul(low, axis.s))
            loops.append(Loop(count, axis.v, axis.s))
        loops = merge_loops(loops)
        count = len(tile.lanes) * len(tile.rows)
        kept: Any = None
        if blocked:
            kept = code.at(self._kept(), self._kept_offset(lanes, rows))
            initial = [code.load(kept, (e.kept + r.kept) * code.lanes, aligned=True)
                       for r in tile.rows for e in tile.lanes]
        else:
            initial = [code.zero()] * count
        results = Accumulation(code, nest, tile).run(loops, v, s, initial)

        def deliver() -> None:
            m, n, out = self._position(lanes, rows, part)
            spill = code.at(self.scratch, self.layout.spill)
            Delivery(code, nest, out, spill, self.epilogue).run(tile, results, m, n)

        def keep() -> None:
            pairs = [(r, e) for r in tile.rows for e in tile.lanes]
            for (r, e), x in zip(pairs, results, strict=True):
                code.store(x, kept, (e.kept + r.kept) * code.lanes, aligned=True)
        code.choose(last, deliver, keep)

    def _clipped(self, axis: Axis, chosen: list[Chosen]) -> tuple[Index, Index]:
        """First index and count along a reduction axis, without what only reads zeros."""
        clip = self.nest.clips.get(axis)
        if clip is None:
            return 0, self.place.count[axis]
        code = self.code
        start, extent = next((s, e) for a, s, e in chosen if a is clip.position)
        at = code.mul(code.add(self.place.start[clip.position], start), clip.step)
        before = code.sub(-clip.low - (extent - 1) * clip.step + clip.pace - 1, at)
        behind = code.sub(clip.size - 1 - clip.low + clip.pace, at)
        high = code.minimum(code.div(code.positive(behind), clip.pace), axis.size)
        low = code.minimum(code.div(code.positive(before), clip.pace), high)
        return low, code.sub(high, low)

    def _operand(self, stage: Any, array: Any, at: int, chosen: list[Chosen],
                 lane_side: bool) -> Any:
        code, nest, place = self.code, self.nest, self.place
        if stage is not None:
            pointer = code.at(self.scratch, at)
        else:
            pointer = array
            for axis in [*nest.batch, *nest.reduction, *[a for a, _, _ in chosen]]:
                stride = axis.v_source if lane_side else axis.s_source
                pointer = code.at(pointer, code.mul(place.start[axis], stride))
        where: Index = 0
        for axis, start, _ in chosen:
            where = code.add(where, code.mul(start, axis.v if lane_side else axis.s))
        return code.at(pointer, where)

    def _kept_strides(self) -> dict[Axis, int]:
        nest, width = self.nest, 1 if self.nest.dotted else self.code.lanes
        strides: dict[Axis, int] = {}
        step = 1
        for axis in reversed(nest.rows):
            strides[axis] = step
            step *= axis.block
        for axis in reversed(nest.lanes):
            strides[axis] = step
            step *= -(-axis.block // width) if axis is nest.lanes[-1] else axis.block
        return strides

    def _kept_offset(self, lanes: list[Chosen], rows: list[Chosen]) -> Index:
        code, strides = self.code, self._kept_strides()
        total: Index = 0
        for axis, start, _ in [*lanes, *rows]:
            if axis is self.nest.lanes[-1] and not self.nest.dotted:
                start = code.div(start, code.lanes)
            total = code.add(total, code.mul(start, strides[axis] * code.lanes))
        return total

    def _position(self, lanes: list[Chosen], rows: list[Chosen],
                  part: Index) -> tuple[Index, Index, Any]:
        code, nest = self.code, self.nest
        m, n = nest.position(nest.out_offset)
        places = [(a, self.place.start[a]) for a in nest.batch]
        places += [(a, code.add(self.place.start[a], start)) for a, start, _ in [*lanes, *rows]]
        row: Index = m
        column: Index = n
        for axis, index in places:
            step_m, step_n = nest.position(axis.out)
            row = code.add(row, code.mul(index, step_m))
            column = code.add(column, code.mul(index, step_n))
        out = self.out
        if nest.parts > 1:
            out = code.at(out, code.mul(part, self.out_size))
        return row, column, out

    def _entries(self, lanes: list[Chosen], rows: list[Chosen]) -> Tile:
        nest, width = self.nest, 1 if self.nest.dotted else self.code.lanes
        strides = self._kept_strides()
        last = nest.lanes[-1]
        found = [LaneEntry(0, 0, 0, 1, 0)]
        for axis, _, extent in lanes:
            step = width if axis is last else 1
            m, n = nest.position(axis.out)
            found = [LaneEntry(e.v + i * axis.within, e.m + i * m, e.n + i * n,
                               min(step, extent - i), e.kept + i // step * strides[axis])
                     for e in found for i in range(0, extent, step)]
        side = [RowEntry(0, 0, 0, 0)]
        for axis, _, extent in rows:
            m, n = nest.position(axis.out)
            offsets = axis.places or [i * axis.s for i in range(extent)]
            side = [RowEntry(r.s + offsets[i], r.m + i * m, r.n + i * n,
                             r.kept + i * strides[axis])
                    for r in side for i in range(extent)]
        return Tile(found, side, *nest.position(last.out))
