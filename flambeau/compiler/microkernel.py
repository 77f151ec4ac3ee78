"""The inner loops: a tile of accumulators in registers, and what becomes of it.

The accumulators are vector values carried through the loops by phis; every address is a moving
pointer plus a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from .nest import Nest
from .vector_code import Index, VectorCode

_UNROLLED = 112  # multiply-adds in the body of the innermost loop


@dataclass
class LaneEntry:
    """A vector of the tile: offset in V, place in the output, number of lanes that count."""

    v: int
    m: int
    n: int
    valid: int
    kept: int


@dataclass
class RowEntry:
    """A row of the tile: offset in S and place in the output."""

    s: int
    m: int
    n: int
    kept: int


@dataclass
class Tile:
    """What one run of the inner loops computes; `lane_m`, `lane_n`: step from lane to lane."""

    lanes: list[LaneEntry]
    rows: list[RowEntry]
    lane_m: int
    lane_n: int


@dataclass
class Loop:
    """A reduction loop."""

    count: Index
    v: int
    s: int


def merge_loops(loops: Sequence[Loop]) -> list[Loop]:
    """Join loops whose strides continue one another."""
    merged: list[Loop] = []
    for loop in loops:
        outer = merged[-1] if merged else None
        if isinstance(loop.count, int) and loop.count == 1 and outer:
            continue
        if outer and isinstance(outer.count, int) and outer.count == 1:
            merged[-1] = loop
        elif (outer and isinstance(loop.count, int) and isinstance(outer.count, int)
                and (outer.v, outer.s) == (loop.v * loop.count, loop.s * loop.count)):
            merged[-1] = Loop(outer.count * loop.count, loop.v, loop.s)
        else:
            merged.append(loop)
    return merged


class Accumulation:
    """Emits the reduction of one tile.

    Args:
        code: where to emit.
        nest: the contraction.
        tile: the tile.
    """

    def __init__(self, code: VectorCode, nest: Nest, tile: Tile) -> None:
        self.code = code
        self.nest = nest
        self.tile = tile

    def run(self, loops: Sequence[Loop], v: Any, s: Any, accumulators: list[Any]) -> list[Any]:
        """The accumulators after all loops; `v` and `s` point to the tile's operands."""
        if self.nest.taps and all(loop.count != 0 for loop in loops if isinstance(loop.count, int)):
            return self._level(list(loops), v, s, accumulators)[2:]
        return accumulators

    def _level(self, loops: list[Loop], v: Any, s: Any, accumulators: list[Any]) -> list[Any]:
        if not loops:
            return [v, s, *self._step(v, s, accumulators)]
        loop, inner = loops[0], loops[1:]
        if not inner:
            return self._innermost(loop, v, s, accumulators)

        def body(carried: list[Any]) -> list[Any]:
            results = self._level(inner, carried[0], carried[1], carried[2:])[2:]
            return [self.code.at(carried[0], loop.v), self.code.at(carried[1], loop.s), *results]
        return self.code.repeat(loop.count, [v, s, *accumulators], body)

    def _innermost(self, loop: Loop, v: Any, s: Any, accumulators: list[Any]) -> list[Any]:
        code, width = self.code, self.code.lanes if self.nest.dotted else 1
        whole = code.div(loop.count, width)
        unroll = self._unroll(whole)

        def body(carried: list[Any], times: int) -> list[Any]:
            results = carried[2:]
            for i in range(times):
                results = self._step(carried[0], carried[1], results, i * loop.v * width,
                                     i * loop.s * width)
            return [code.at(carried[0], times * loop.v * width),
                    code.at(carried[1], times * loop.s * width), *results]
        carried = code.repeat(code.div(whole, unroll), [v, s, *accumulators],
                              lambda c: body(c, unroll))
        if unroll > 1:
            carried = code.repeat(code.mod(whole, unroll), carried, lambda c: body(c, 1))
        if self.nest.dotted:
            rest = code.mod(loop.count, width)
            if not isinstance(rest, int) or rest:
                mask = code.mask(rest)
                carried = [*carried[:2], *self._step(carried[0], carried[1], carried[2:], 0, 0,
                                                     mask)]
        return carried

    def _unroll(self, count: Index) -> int:
        size = len(self.nest.taps) * len(self.tile.lanes) * len(self.tile.rows)
        most = max(1, min(8, _UNROLLED // size))
        if isinstance(count, int) and count:
            if count <= most or count <= 16 and count * size <= 2 * _UNROLLED + 32:
                return count
            exact = max(u for u in range(1, most + 1) if count % u == 0)
            if 2 * exact >= most:
                return exact
        return most

    def _step(self, v: Any, s: Any, accumulators: list[Any], v_more: int = 0, s_more: int = 0,
              mask: Any = None) -> list[Any]:
        for tap in self.nest.taps:
            # Taps read the same elements again: loaded once, they would not stay in registers.
            s = self.code.opaque(s)
            accumulators = self._tap(v, s, accumulators, v_more + tap.v, s_more + tap.s, mask)
        return accumulators

    def _tap(self, v: Any, s: Any, accumulators: list[Any], v_more: int, s_more: int,
             mask: Any) -> list[Any]:
        code, nest, tile = self.code, self.nest, self.tile
        vectors = []
        for entry in tile.lanes:
            partial = nest.masked and not nest.dotted and entry.valid < code.lanes
            vectors.append(code.load(v, v_more + entry.v,
                                     code.mask(entry.valid) if partial else mask,
                                     aligned=not nest.unaligned))
        results = list(accumulators)
        for i, row in enumerate(tile.rows):
            if nest.dotted:
                factor = code.load(s, s_more + row.s, mask)
            else:
                factor = code.splat(code.load_scalar(s, s_more + row.s))
            for j, vector in enumerate(vectors):
                k = i * len(vectors) + j
                results[k] = code.multiply_add(factor, vector, results[k])
        return results


class Delivery:
    """Emits the storing of a finished tile into the output, through the epilogue.

    Args:
        code: where to emit.
        nest: the contraction.
        out: pointer to the output.
        spill: scratch for one tile.
        epilogue: None, or a function (m, n, value, mask) -> value.
    """

    def __init__(self, code: VectorCode, nest: Nest, out: Any, spill: Any, epilogue: Any) -> None:
        self.code = code
        self.nest = nest
        self.out = out
        self.spill = spill
        self.epilogue = epilogue

    def run(self, tile: Tile, accumulators: list[Any], m: Index, n: Index) -> None:
        """Store the tile whose first element is at row m, column n."""
        code = self.code
        self.m, self.n = m, n
        self.first = code.at(self.out, code.add(code.mul(m, self.nest.columns), n))
        count = len(tile.lanes)
        if self.nest.dotted:
            for i, row in enumerate(tile.rows):
                for j, entry in enumerate(tile.lanes):
                    x = code.total(accumulators[i * count + j])
                    self._deliver(x, row.m + entry.m, row.n + entry.n, None)
        elif self._neighbours(tile.lane_m, tile.lane_n):
            for i, row in enumerate(tile.rows):
                for j, entry in enumerate(tile.lanes):
                    self._deliver(accumulators[i * count + j], row.m + entry.m, row.n + entry.n,
                                  self._mask(entry.valid))
        elif 4 * len(tile.rows) >= code.lanes * len(self._runs(tile.rows)):
            self._transposed(tile, accumulators)
        else:
            self._scattered(tile, accumulators)

    def _mask(self, count: int) -> Any:
        return None if count >= self.code.lanes else self.code.mask(count)

    def _deliver(self, x: Any, m: Index, n: Index, mask: Any) -> None:
        """Store a vector or an element at a distance from the tile's first element."""
        code = self.code
        if self.epilogue is not None:
            x = self.epilogue(code.add(self.m, m), code.add(self.n, n), x, mask)
        where = code.add(code.mul(m, self.nest.columns), n)
        if isinstance(x.type, ir.VectorType):
            code.store(x, self.first, where, mask)
        else:
            code.store_scalar(x, self.first, where)

    def _neighbours(self, m: int, n: int) -> bool:
        return (m, n) == ((1, 0) if self.nest.columns == 1 else (0, 1))

    def _runs(self, rows: Sequence[RowEntry]) -> list[tuple[int, int]]:
        """Stretches (start, length) of at most a vector of rows that lie side by side."""
        runs: list[tuple[int, int]] = []
        for i, row in enumerate(rows):
            if runs and runs[-1][1] < self.code.lanes and self._neighbours(
                    row.m - rows[i - 1].m, row.n - rows[i - 1].n):
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((i, 1))
        return runs

    def _transposed(self, tile: Tile, accumulators: list[Any]) -> None:
        code, count = self.code, len(tile.lanes)
        for start, length in self._runs(tile.rows):
            row = tile.rows[start]
            for j, entry in enumerate(tile.lanes):
                square = [accumulators[i * count + j] for i in range(start, start + length)]
                square += [code.zero()] * (code.lanes - length)
                for lane, x in enumerate(code.transpose(square)[:entry.valid]):
                    self._deliver(x, row.m + entry.m + lane * tile.lane_m,
                                  row.n + entry.n + lane * tile.lane_n, self._mask(length))

    def _scattered(self, tile: Tile, accumulators: list[Any]) -> None:
        code, count = self.code, len(tile.lanes)
        for k, x in enumerate(accumulators):
            code.store(x, self.spill, k * code.lanes, aligned=True)
        for i, row in enumerate(tile.rows):
            for j, entry in enumerate(tile.lanes):
                with code.loop(0, entry.valid) as lane:
                    x = code.load_scalar(self.spill, code.add((i * count + j) * code.lanes, lane))
                    self._deliver(x, code.add(row.m + entry.m, code.mul(lane, tile.lane_m)),
                                  code.add(row.n + entry.n, code.mul(lane, tile.lane_n)), None)
