"""Matrix products: one operand is prepared whole, blocks of the other are staged unit by unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from ..finish import PartialSums, emit_finish, unit_rows, units
from ..nest import Follow
from ..vector_code import I64, Index, VectorCode
from .exact import Definition, Exact, Walked
from .frame import Sizes, flag_at, flagged
from .kernel import SIDE, TILE, Kernels, View, Walk, blocks, configure, cycles, release
from .staging import DEPTH, Panels, TileShape, TileStage, call

_DEEP = 16  # steps of the reduction that are staged at a time
_BLOCK = 256  # rows or lanes of a unit at most
_LEAST_UNITS = 8
_PREPARED_BYTES = 96 << 20
_VIEW = View(SIDE, TILE, Panels.part, 0, Panels.step)


class Side:
    """One operand: its free dimension, strides in elements, and whether it is read as lanes."""

    def __init__(self, size: int, across: int, along: int, batch: Sequence[int],
                 lanes: bool) -> None:
        self.size, self.across, self.along = size, across, along
        self.batch = tuple(batch)
        self.tiles = -(-size // SIDE)
        self.shape = TileShape(across, along, lanes, Panels.part)

    def staging(self, depth: int) -> float:
        """Estimated cycles to stage it once."""
        straight = self.across == 1 if self.shape.lanes else self.along == 1
        each = 0.5 if straight else 0.9 if 1 in (self.across, self.along) else 1.7
        return self.tiles * SIDE * depth * each


class MatrixProduct:
    """out[b, m, n] = Σ_k a[b, m, k] b[b, k, n].

    Args:
        batch: (size, stride in a, in b, in the output) of the batch dimensions.
        m: (size, stride in a, 0, in the output); n: (size, 0, stride in b, 1).
        k: (size, stride in a, stride in b, 0).
    """

    def __init__(self, batch: Sequence[tuple[int, int, int, int]], m: tuple[int, int, int, int],
                 n: tuple[int, int, int, int], k: tuple[int, int, int, int]) -> None:
        self.batch, self.m, self.n, self.k = batch, m, n, k
        self.copies = math.prod(b[0] for b in batch)
        rows = Side(m[0], m[1], k[1], [b[1] for b in batch], False)
        lanes = Side(n[0], n[2], k[2], [b[2] for b in batch], True)
        self.streams_rows = self._streams_rows()
        self.streamed, self.whole = (rows, lanes) if self.streams_rows else (lanes, rows)
        self._cut(k[0])
        self.cost = self.copies * (
            self.parts * cycles(rows.tiles, lanes.tiles, self.steps) + rows.staging(k[0])
            + lanes.staging(k[0]) + (0.3 + 0.2 * (self.parts > 1)) * m[0] * n[0]) + 4000
        self.plan = (f"tiles: {self.copies} products of {m[0]}x{n[0]}x{k[0]}, blocks of "
                     f"{self.block} {'rows' if self.streams_rows else 'lanes'}, "
                     f"{self.parts} parts")

    def _streams_rows(self) -> bool:
        return self.m[0] >= self.n[0]

    def fits(self) -> bool:
        """Whether memory suffices."""
        return 4 * self.sizes.prepared <= _PREPARED_BYTES

    def _cut(self, depth: int) -> None:
        steps = -(-depth // DEPTH)
        self.parts = 1
        small = self.m[0] * self.n[0] <= 1 << 18
        count = -(-self.streamed.size // 64)
        if small and self.copies == 1 and count < 4 and steps >= 32:
            self.parts = min(_LEAST_UNITS // count, steps // 16)
        self.steps = -(-steps // self.parts)
        self.parts = -(-steps // self.steps)
        self.rounds = -(-self.steps // _DEEP)
        self.deep = -(-self.steps // self.rounds)
        block = _BLOCK
        while block > 2 * SIDE and self.copies * self.parts * -(-self.streamed.size // block) < (
                _LEAST_UNITS):
            block -= 2 * SIDE
        count = -(-self.streamed.size // block)
        self.block = -(-self.streamed.size // (count * 2 * SIDE)) * 2 * SIDE
        self.count = -(-self.streamed.size // self.block)
        self.panels = Panels(self.steps)  # of one part
        self.each = self.panels.size(self.whole.tiles)
        self.chunks = min(self.whole.tiles, max(1, -(-16 // (self.copies * self.parts))))
        self.chunk = -(-self.whole.tiles // self.chunks)
        self.chunks = -(-self.whole.tiles // self.chunk)
        self.block_panels = Panels(self.deep)
        self.staged = self.block_panels.size(self.block // SIDE)
        prepare = self.copies * self.parts * self.chunks
        self.single = self.copies == self.parts == 1  # a unit is a tile, and blocks are staged
        main = self.streamed.tiles if self.single else self.copies * self.parts * self.count
        self.flags = -(-(prepare + main) // 8) * 16
        self.sizes = Sizes(main, prepare, 0, self.flags + self.copies * self.parts * self.each, 0,
                           16 + self.staged + 4 * TILE)
        if self.parts > 1:
            size = self.m[0] * self.n[0]
            self.sums = PartialSums(self.parts, self.m[0], self.n[0])
            self.sizes.finish_units = units(self.sums)
            self.sizes.partial = self.parts * size

    def follow(self) -> Follow | None:
        """Tiles of rows, or copies of a product whose operands are both streamed."""
        if not self.single or not self.streams_rows:
            return None
        (rows, along, _, pitch), depth = self.m, self.k[0]
        if along != depth or pitch != self.n[0] or not rows:
            return None
        return 1, SIDE * pitch, SIDE * along, 0, self.block // SIDE

    # ---- functions ----

    def declare(self, module: ir.Module, name: str, code: VectorCode) -> None:
        """Add the helper functions to the module."""
        self.kernels = Kernels(module, f"{name}_tiles", Walk(_VIEW, _VIEW), code)
        self.stages = {side: TileStage(module, f"{name}_stage{i}", side.shape, code)
                       for i, side in enumerate((self.streamed, self.whole))}
        out = [Walked(size, o, a, b) for size, a, b, o in (*self.batch, self.m, self.n)]
        reduced = [Walked(self.k[0], 0, self.k[1], self.k[2])]
        self.exact = Exact(module, f"{name}_exact", Definition(out, reduced), code)

    def _copy(self, code: VectorCode, copy: Index) -> list[Index]:
        """The batch indices of a copy."""
        index: list[Index] = []
        for size, *_ in reversed(self.batch):
            index.insert(0, code.mod(copy, size))
            copy = code.div(copy, size)
        return index

    def _stage(self, code: VectorCode, side: Side, source: Any, target: Any, flag: Any,
               index: Sequence[Index], step: Index, steps: Index, first: Index, tiles: Index,
               panels: Panels, where: Index) -> None:
        """Stage tiles [first, first + tiles), steps [step, step + steps) into panels."""
        for i, stride in zip(index, side.batch, strict=True):
            source = code.at(source, code.mul(i, stride))
        with code.loop(0, tiles) as t, code.loop(0, steps) as s:
            tile = code.add(first, t)
            k = code.mul(code.add(step, s), DEPTH)
            at = code.add(code.mul(tile, SIDE * side.across), code.mul(k, side.along))
            call(code, self.stages[side], code.at(source, at),
                 code.at(target, panels.place(code, code.add(where, t), s)), flag,
                 code.minimum(SIDE, code.sub(side.size, code.mul(tile, SIDE))),
                 code.positive(code.minimum(DEPTH, code.sub(self.k[0], k))))

    def _operand(self, side: Side, a: Any, b: Any) -> Any:
        return b if side.shape.lanes else a

    def prepare(self, code: VectorCode, shared: Any, a: Any, b: Any, begin: Any,
                end: Any) -> None:
        """Emit the preparation of the whole operand."""
        with code.loop(begin, end) as unit:
            flag = flag_at(code, shared, unit)
            code.builder.store(I64(0), flag)
            chunk, copy = code.mod(unit, self.chunks), code.div(unit, self.chunks)
            part, batch = code.mod(copy, self.parts), code.div(copy, self.parts)
            first = code.mul(chunk, self.chunk)
            tiles = code.minimum(self.chunk, code.sub(self.whole.tiles, first))
            target = code.at(shared, code.add(code.mul(copy, self.each), self.flags))
            self._stage(code, self.whole, self._operand(self.whole, a, b), target, flag,
                        self._copy(code, batch), code.mul(part, self.steps), self.steps, first,
                        tiles, self.panels, first)

    def main(self, code: VectorCode, out: Any, a: Any, b: Any, scratch: Any, begin: Any, end: Any,
             shared: Any) -> None:
        """Emit the units."""
        configure(code)
        prepared = flagged(code, shared, self.sizes.prepare_units)
        code.builder.store(I64(0), scratch)
        pace = self.block // SIDE if self.single else 1
        with code.loop(0, self.rounds) as r:  # outside: what all units read stays in the cache
            start = code.mul(r, self.deep)
            with code.loop(begin, end, pace) as unit:
                self._unit(code, out, a, b, scratch, shared, unit, end, start)
        seen = code.builder.load(scratch, typ=I64)
        with code.loop(begin, end, pace) as unit:
            if self.parts > 1:
                at = code.add(unit, self.sizes.prepare_units)
                code.builder.store(seen, flag_at(code, shared, at))
            else:
                copy = 0 if self.single else code.div(unit, self.count)
                first, count = self._range(code, unit, end)
                self._mend_unit(code, out, a, b, prepared, seen, self._copy(code, copy), first,
                                count)
        release(code)

    def _range(self, code: VectorCode, unit: Index, end: Index) -> tuple[Index, Index]:
        """First row or lane of the block that begins with a unit, and how many."""
        if self.single:
            first = code.mul(unit, SIDE)
            last = code.minimum(self.streamed.size, code.mul(end, SIDE))
            return first, code.minimum(self.block, code.sub(last, first))
        first = code.mul(code.mod(unit, self.count), self.block)
        return first, code.minimum(self.block, code.sub(self.streamed.size, first))

    def _unit(self, code: VectorCode, out: Any, a: Any, b: Any, scratch: Any, shared: Any,
              unit: Index, end: Index, start: Index) -> None:
        """Add what steps from `start` on contribute to a unit, or a block of them before `end`."""
        copy = 0 if self.single else code.div(unit, self.count)
        part, batch = code.mod(copy, self.parts), code.div(copy, self.parts)
        index = self._copy(code, batch)
        first, count = self._range(code, unit, end)
        tiles = code.div(code.add(count, SIDE - 1), SIDE)
        whole = code.at(shared, code.add(code.mul(copy, self.each), self.flags))
        target = code.at(out, code.mul(part, self.m[0] * self.n[0]))
        for i, dim in zip(index, self.batch, strict=True):
            target = code.at(target, code.mul(i, dim[3]))
        self.depth = code.minimum(self.deep, code.sub(self.steps, start))
        step = code.add(code.mul(part, self.steps), start)
        self._stage(code, self.streamed, self._operand(self.streamed, a, b), code.at(scratch, 16),
                    scratch, index, step, self.depth, code.div(first, SIDE), tiles,
                    self.block_panels, 0)
        self._tiles(code, target, scratch, whole, first, count, tiles, start)

    def _mend_unit(self, code: VectorCode, out: Any, a: Any, b: Any, prepared: Any, seen: Any,
                   index: list[Index], first: Index, count: Index) -> None:
        bad = code.builder.or_(prepared, code.builder.icmp_unsigned("!=", seen, I64(0)))
        with code.builder.if_then(bad, likely=False):
            ranges = [(i, code.add(i, 1)) for i in index]
            mine = (first, code.add(first, count))
            every = (0, self.whole.size)
            ranges += [mine, every] if self.streams_rows else [every, mine]
            self.exact.call(code, (out, a, b), ranges)

    def _tiles(self, code: VectorCode, out: Any, scratch: Any, whole: Any, first: Index,
               count: Index, tiles: Index, start: Index) -> None:
        """All tiles of a unit: those of the whole operand outside, of the block inside."""
        self.fresh = code.builder.icmp_signed("==", code.value(start), I64(0))
        block, spill = code.at(scratch, 16), code.at(scratch, 16 + self.staged)

        def outer(w: Index, many: int) -> None:
            def inner(t: Index, few: int) -> None:
                mine = code.at(block, self.block_panels.place(code, t, 0))
                theirs = code.at(whole, self.panels.place(code, w, start))
                here = (code.add(first, code.mul(t, SIDE)), few, code.sub(count, code.mul(t, SIDE)))
                there = (code.mul(w, SIDE), many, code.sub(self.whole.size, code.mul(w, SIDE)))
                if self.streams_rows:
                    self._block(code, out, mine, theirs, here, there, spill)
                else:
                    self._block(code, out, theirs, mine, there, here, spill)
            blocks(code, tiles, inner)
        blocks(code, self.whole.tiles, outer)

    def _block(self, code: VectorCode, out: Any, rows: Any, lanes: Any,
               down: tuple[Index, int, Index], across: tuple[Index, int, Index],
               spill: Any) -> None:
        """Up to two by two tiles; (first index, tiles, indices that exist) of rows and lanes."""
        pitch = self.m[3]
        place = code.at(out, code.add(code.mul(down[0], pitch), across[0]))
        size = (down[1], across[1])
        inside = code.both(code.less(SIDE * size[0] - 1, down[2]),
                           code.less(SIDE * size[1] - 1, across[2]))

        def direct() -> None:
            self.kernels.call(code, size, place, pitch, rows, lanes, self.depth, self.fresh)

        def copied() -> None:
            wide = SIDE * size[1]
            self.kernels.call(code, size, spill, wide, rows, lanes, self.depth)
            with code.loop(0, code.minimum(SIDE * size[0], down[2])) as i:
                for j in range(0, wide, SIDE):
                    mask = code.mask(code.positive(code.sub(across[2], j)))
                    x = code.load(spill, code.add(code.mul(i, wide), j), aligned=True)
                    at = code.add(code.mul(i, pitch), j)
                    if self.rounds > 1:
                        before = code.builder.select(self.fresh, ir.Constant(mask.type, None), mask)
                        x = code.builder.fadd(x, code.load(place, at, before))
                    code.store(x, place, at, mask)
        code.choose(inside, direct, copied)

    def finish(self, code: VectorCode, out: Any, shared: Any, begin: Any, end: Any, a: Any,
               b: Any) -> None:
        """Emit the adding up of partial sums."""
        sums = code.at(shared, self.sizes.prepared)
        emit_finish(code, self.sums, out, sums, begin, end, None)
        bad = flagged(code, shared, self.sizes.prepare_units + self.sizes.units)
        with code.builder.if_then(bad, likely=False):
            rows = unit_rows(self.sums)
            first = code.mul(begin, rows)
            last = code.minimum(code.mul(end, rows), self.m[0])
            self.exact.call(code, (out, a, b), [(first, last), (0, self.n[0])])
