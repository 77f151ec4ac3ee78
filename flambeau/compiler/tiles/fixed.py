"""Products of changing rows with one matrix, which is prepared once: the steps of a time loop.

Every thread stages all rows, which are few, and computes its share of the columns.
"""

from __future__ import annotations

from typing import Any

from ..nest import Follow
from ..vector_code import I64, Index, VectorCode
from .frame import Sizes, flagged
from .kernel import SIDE, TILE, blocks, configure, cycles, release
from .product import MatrixProduct
from .staging import DEPTH, Panels

_SCRATCH_BYTES = 768 << 10


class FixedProduct(MatrixProduct):
    """out[m, n] = Σ_k a[m, k] b[k, n], of which `prepare` reads only b and `main` only a."""

    def _streams_rows(self) -> bool:
        return True

    def _cut(self, depth: int) -> None:
        self.parts = self.rounds = self.count = 1
        self.steps = -(-depth // DEPTH)
        self.block = self.streamed.tiles * SIDE
        self.panels = Panels(self.steps)
        self.each = self.panels.size(self.whole.tiles)
        self.chunk = 2
        self.chunks = -(-self.whole.tiles // self.chunk)
        self.staged = self.panels.size(self.streamed.tiles)
        self.flags = -(-self.chunks // 8) * 16
        self.sizes = Sizes(self.chunks, self.chunks, 0, self.flags + self.each, 0,
                           16 + self.staged + 4 * TILE)

    def fits(self) -> bool:
        """Whether there is no batch, and memory suffices."""
        return (not self.batch and super().fits()
                and 4 * self.sizes.scratch <= _SCRATCH_BYTES)

    def pays(self) -> bool:
        """Whether vectors, which need no staging, would take longer."""
        (m, *_), (n, *_), (k, *_) = self.m, self.n, self.k
        work = cycles(self.streamed.tiles, self.whole.tiles, self.steps) + 0.3 * m * n
        return work + 2 * self.streamed.staging(k) + 2000 < m * n * k / 28

    def follow(self) -> Follow | None:
        """Units are columns."""
        return None

    def main(self, code: VectorCode, out: Any, a: Any, b: Any, scratch: Any, begin: Any, end: Any,
             shared: Any) -> None:
        """Emit the units, pairs of tiles of columns."""
        configure(code)
        prepared = flagged(code, shared, self.sizes.prepare_units)
        block, spill = code.at(scratch, 16), code.at(scratch, 16 + self.staged)
        code.builder.store(I64(0), scratch)
        with code.when(code.less(begin, end)):
            self._stage(code, self.streamed, a, block, scratch, [], 0, self.steps, 0,
                        self.streamed.tiles, self.panels, 0)
        seen = code.builder.load(scratch, typ=I64)
        with code.loop(begin, end) as unit:
            first = code.mul(unit, self.chunk)
            tiles = code.minimum(self.chunk, code.sub(self.whole.tiles, first))
            whole = code.at(shared, self.flags)
            self._columns(code, out, block, whole, spill, first, tiles)
            self._mend(code, out, a, b, prepared, seen, first, tiles)
        release(code)

    def _columns(self, code: VectorCode, out: Any, block: Any, whole: Any, spill: Any,
                 first: Index, tiles: Index) -> None:
        self.depth, self.fresh = self.steps, True

        def outer(w: Index, many: int) -> None:
            column = code.add(first, w)
            theirs = code.at(whole, self.panels.place(code, column, 0))
            place = code.mul(column, SIDE)
            there = (place, many, code.sub(self.whole.size, place))

            def inner(t: Index, few: int) -> None:
                mine = code.at(block, self.panels.place(code, t, 0))
                row = code.mul(t, SIDE)
                here = (row, few, code.sub(self.streamed.size, row))
                self._block(code, out, mine, theirs, here, there, spill)
            blocks(code, self.streamed.tiles, inner)
        blocks(code, tiles, outer)

    def _mend(self, code: VectorCode, out: Any, a: Any, b: Any, prepared: Any, seen: Any,
              first: Index, tiles: Index) -> None:
        bad = code.builder.or_(prepared, code.builder.icmp_unsigned("!=", seen, I64(0)))
        with code.builder.if_then(bad, likely=False):
            start = code.mul(first, SIDE)
            stop = code.minimum(code.add(start, code.mul(tiles, SIDE)), self.whole.size)
            self.exact.call(code, (out, a, b), [(0, self.streamed.size), (start, stop)])
