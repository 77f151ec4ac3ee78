"""The adjoint of a convolution in its kernel, reduced over sixteen images at a time.

A word pairs the upper half of the image with the lower one; sixteen images make the depth of a
tile, so that tiles are aligned at every tap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from ..convolution import Image, Line
from ..vector_code import I64, Index, VectorCode
from .batched import few_missing
from .grid import GridKernels, ImageStage, Region
from .kernel import SIDE, TILE, View, Walk, blocks
from .staging import Panels
from .weights import Weights

_BYTES = 1600 << 10  # of a unit's operands and sums
_LEAST_UNITS = 4
_RATE = 1.8 * 6 * SIDE  # cycles of the six products of two tiles, operands in the second cache


class BatchedWeights(Weights):
    """The adjoint in the kernel, of images taken sixteen at a time."""

    def _cut(self) -> None:
        y, x = self.lines
        self.couples = -(-self.image.images // SIDE)
        self.half = -(-y.count // 2)
        self.held = -(-self.image.channels // SIDE) * SIDE
        self.sums = self._room(self.held)
        self.across_of = [_inside(x, offset) for offset in x.offsets]
        self.found = float("inf")
        down = -(-self.image.channels // SIDE)
        for rows in sorted({min(down, n) * SIDE for n in (1, 2, 4, 8, 16)}):
            for bands in range(1, self.half + 1):
                if -(-self.half // -(-self.half // bands)) == bands:
                    self._try(rows, -(-self.half // bands))
        self.direct = self.parts == 1
        self.scratch = 16 + self.x_words + self.g_words
        if self.direct:
            self.held = self.rows
            self.scratch += self._room(self.rows)

    def _try(self, rows: int, band: int) -> None:
        """Keep blocks of channels and bands of rows if they are the cheapest so far."""
        image, (y, x) = self.image, self.lines
        height = (band - 1) * y.step + y.offsets[-1] - y.offsets[0] + 1
        region = Region(height * x.size, rows // SIDE)
        panels = Panels(-(-band * x.count // SIDE) * SIDE)
        g_words, sums = panels.size(self.across), self._room(rows)
        room = 4 * (region.words + g_words + sums)
        if room > 2 * _BYTES and (rows, band) != (SIDE, 1):
            return
        blocks_of, bands = -(-image.channels // rows), -(-self.half // band)
        work = self.couples * bands
        each = -(-work // min(work, max(1, _LEAST_UNITS // (blocks_of * image.groups))))
        parts = -(-work // each)
        visits = image.groups * blocks_of * work
        cost = visits * 1.4 * SIDE * (rows * height * x.size + self.across * SIDE * band * x.count)
        cost += visits * self.taps * rows // SIDE * self.across * 100.0
        cost = cost * (1.0 if room <= _BYTES else 2.5) + self.sums * image.groups * (
            1.0 if parts == 1 else 3.5 * parts)
        products = _RATE * visits * -(-rows // SIDE) * self.across * band * self.taps * x.count
        cost += products * (0.15 * (rows == SIDE) + max(0.0, 4 / (visits // work * parts) - 1))
        if cost < self.found:
            self.found, self.rows, self.band, self.bands = cost, rows, band, bands
            self.each, self.parts, self.blocks = each, parts, blocks_of
            self.region, self.panels = region, panels
            self.x_words, self.g_words = region.words, g_words
            self.units = image.groups * blocks_of * parts

    def usable(self) -> bool:
        """Whether positions lie side by side, and memory suffices."""
        y, x = self.lines
        return (x.image == x.kernel == 1 and few_missing(self.image.images)
                and (y.size == 1 or y.image == x.size) and (y.count == 1 or y.kernel == x.count)
                and 4 * self.scratch <= 2 * _BYTES
                and 4 * self.parts * self.sums * self.image.groups <= 64 << 20)

    def _cost(self) -> float:
        image = self.image
        steps = len(self.lines[0].offsets) * self.half * sum(n for _, n in self.across_of)
        tiles = -(-image.channels // SIDE) * self.across
        return self.found + _RATE * image.groups * self.couples * tiles * steps + 4000

    def _text(self) -> str:
        return (f"tiles of images: kernels {self.image.outputs}x{self.image.channels} of "
                f"{self.taps} taps, blocks of {self.rows} channels, bands of {self.band}, "
                f"{self.parts} parts")

    def _declare_operands(self, module: ir.Module, name: str, code: VectorCode) -> None:
        region, image, (y, x) = self.region, self.image, self.lines
        rows = View(region.row, SIDE * region.row, region.part, 0, 0)
        lanes = View(SIDE, TILE, Panels.part, 0, 0)
        self.grid = GridKernels(module, f"{name}_tiles", Walk(rows, lanes), code,
                                (y.step * x.size * SIDE, x.count * Panels.step),
                                (x.step * SIDE, Panels.step))
        self.stage_x = ImageStage(module, f"{name}_x", image.image[0], region.part, SIDE, code)
        self.stage_g = ImageStage(module, f"{name}_g", image.kernel[2], Panels.part, Panels.step,
                                  code)
        kind = ir.ArrayType(I64, 2 * len(self.across_of))
        self.table = ir.GlobalVariable(module, kind, f"{name}_across")
        self.table.initializer = ir.Constant(kind, [I64(n) for pair in self.across_of
                                                    for n in pair])
        self.table.global_constant, self.table.linkage = True, "internal"

    # ---- units ----

    def _sums(self, code: VectorCode, out: Any, scratch: Any, group: Index, block: Index,
              part: Index) -> Any:
        if not self.direct:
            return super()._sums(code, out, scratch, group, block, part)
        return code.at(scratch, 16 + self.x_words + self.g_words)

    def _visit(self, code: VectorCode, sums: Any, a: Any, b: Any, scratch: Any, group: Index,
               block: Index, visit: Index, fresh: Any) -> None:
        """Add what sixteen images contribute within one band."""
        image = self.image
        band, couple = code.mod(visit, self.bands), code.div(visit, self.bands)
        row = code.mul(band, self.band)
        rows = code.minimum(self.band, code.sub(self.half, row))
        first = code.mul(block, self.rows)
        count = code.minimum(self.rows, code.sub(image.channels, first))
        start = code.mul(couple, SIDE)
        many = code.minimum(SIDE, code.sub(image.images, start))
        x = code.at(scratch, 16)
        g = code.at(x, self.x_words)
        at = code.add(code.mul(code.add(code.mul(group, image.channels), first), image.image[1]),
                      code.mul(start, image.image[0]))
        self._stage_x(code, code.at(a, at), x, scratch, row, rows, count, many)
        at = code.add(code.mul(group, image.kernel[1]), code.mul(start, image.kernel[0]))
        self._stage_g(code, code.at(b, at), g, scratch, row, rows, many)
        self._grid(code, sums, x, g, first, count, rows, fresh)

    def _stage_x(self, code: VectorCode, source: Any, target: Any, flag: Any, row: Index,
                 rows: Index, count: Index, many: Index) -> None:
        """Stage the rows that a band reads, each with its partner half an image below."""
        y, x = self.lines
        begin = code.mul(code.add(code.mul(row, y.step), y.offsets[0]), x.size)
        height = code.add(code.mul(code.sub(rows, 1), y.step), y.offsets[-1] - y.offsets[0] + 1)
        below, size = self.half * y.step * x.size, y.size * x.size
        with code.loop(0, count) as c:
            line = code.at(source, code.mul(c, self.image.image[1]))
            place = code.at(target, code.mul(c, self.region.row))
            with code.loop(0, code.mul(height, x.size), SIDE) as p:
                at = code.add(begin, p)
                low = code.at(line, at)
                places = [at, code.add(at, below)]
                upper, lower = ((code.sub(0, k), code.sub(size, k)) for k in places)
                self.stage_x.call(code, low, code.at(low, below),
                                  code.at(place, code.mul(p, SIDE)), flag, many, upper, lower)

    def _stage_g(self, code: VectorCode, source: Any, target: Any, flag: Any, row: Index,
                 rows: Index, many: Index) -> None:
        """Stage g: at every position a tile of images by output channels."""
        image, (y, x) = self.image, self.lines
        length = code.mul(rows, x.count)
        below = self.half * x.count
        left = code.sub(y.count * x.count - below, code.mul(row, x.count))
        with code.loop(0, self.across) as t, code.loop(0, SIDE) as i:
            outputs = code.minimum(SIDE, code.sub(image.outputs, code.mul(t, SIDE)))
            exist = code.builder.select(code.less(i, many), code.value(outputs), I64(0))
            at = code.add(code.mul(i, image.kernel[0]), code.mul(t, SIDE * image.kernel[2]))
            line = code.at(source, code.add(at, code.mul(row, x.count)))
            with code.loop(0, length, SIDE) as p:
                low = code.at(line, p)
                place = code.add(self.panels.place(code, t, p), code.mul(i, SIDE))
                end = code.sub(length, p)
                lower = (0, code.minimum(end, code.sub(left, p)))
                self.stage_g.call(code, low, code.at(low, below), code.at(target, place), flag,
                                  exist, (0, end), lower)

    def _grid(self, code: VectorCode, sums: Any, x: Any, g: Any, first: Index, count: Index,
              rows: Index, fresh: Any) -> None:
        (y, across), b = self.lines, code.builder
        wide = len(across.offsets)
        down = code.div(code.add(count, SIDE - 1), SIDE)
        with code.loop(0, self.taps) as tap:
            dy, dx = code.div(tap, wide), code.mod(tap, wide)
            table = b.bitcast(self.table, x.type)
            start, many = (b.load(b.gep(table, [code.value(code.add(code.mul(dx, 2), i))],
                                        source_etype=I64), typ=I64) for i in range(2))
            column = code.add(code.mul(start, across.step), across.offsets[0])
            column = code.add(column, code.mul(dx, across.pace))
            place = code.add(code.mul(dy, y.pace * across.size), column)
            mine = code.at(x, code.mul(place, SIDE))
            theirs = code.at(g, code.mul(start, Panels.step))

            def channels(c: Index, few: int) -> None:
                channel = code.add(0 if self.direct else first, code.mul(c, SIDE))

                def outputs(o: Index, some: int) -> None:
                    target = code.at(sums, self._place(code, tap, channel, o))
                    self.grid.run(code, (few, some), target, 2 * SIDE,
                                  code.at(mine, code.mul(c, SIDE * self.region.row)),
                                  code.at(theirs, self.panels.place(code, o, 0)), 1, fresh, rows,
                                  many)
                blocks(code, self.across, outputs)
            blocks(code, down, channels)


def _inside(line: Line, offset: int) -> tuple[int, int]:
    """The first position whose tap lies inside the image, and how many do."""
    places = [j for j in range(line.count) if 0 <= j * line.step + offset < line.size]
    return (places[0], len(places)) if places else (0, 0)


def cheaper_weights(image: Image, lines: Sequence[Line]) -> Weights:
    """The cheaper of reducing along rows and over sixteen images."""
    plain = Weights(image, lines)
    if not few_missing(image.images):
        return plain
    batched = BatchedWeights(image, lines)
    if not batched.usable() or plain.usable() and plain.cost <= batched.cost:
        return plain
    return batched
