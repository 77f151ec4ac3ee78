"""Convolutions with sixteen images side by side as lanes, for many channels on small images.

Tiles are read at whole positions, so they are aligned whatever the tap is; nothing is computed
between rows; taps that fall outside the image are left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from ..convolution import Image, Line
from ..vector_code import I64, PTR, Index, VectorCode
from .grid import GridKernels, ImageStage, ImageStore, Region
from .kernel import SIDE, TILE, View, Walk, blocks
from .staging import DEPTH, Panels, TileShape, TileStage
from .windows import Window

_BYTES = 1300 << 10  # of a unit's images and sums
_LEAST_UNITS = 4
_RATE = 1.35 * 6 * SIDE  # cycles of the six products of two tiles


class BatchedWindow(Window):
    """One convolution of a prepared kernel with images, taken sixteen at a time."""

    def _cut(self) -> None:
        image, (y, x) = self.image, self.lines
        self.steps = self.pairs // SIDE
        self.blocks = -(-image.images // SIDE)
        self.columns = _ranges(x)
        self.inside = [_taps(y, j) for j in range(y.count)]
        self.found = float("inf")
        pairs = -(-self.kernels_across // 2)
        for bands, chunks, parts in itertools.product(
                range(1, y.count + 1), range(1, self.steps + 1), (1, 2, 4, 8)):
            band, deep = -(-y.count // bands), -(-self.steps // chunks)
            if (parts > pairs or -(-y.count // band) != bands
                    or -(-self.steps // deep) != chunks):
                continue
            self._try(band, deep, -(-pairs // parts))
        self.chunk = max(1, -(-self.kernels_across * image.groups // 16))
        self.chunks = -(-self.kernels_across // self.chunk)

    def _try(self, band: int, deep: int, share: int) -> None:
        """Keep the division into bands, depths and kernels if it is the cheapest so far."""
        image, (y, x) = self.image, self.lines
        rows = min(y.size, (band - 1) * y.step + y.offsets[-1] - y.offsets[0] + 1)
        region = Region(rows * x.size, deep)
        places = -(-band * x.count // SIDE) * SIDE + 1
        passes, pairs = -(-self.steps // deep), -(-self.kernels_across // 2)
        held = share if passes > 1 else 1
        sums = held * 2 * SIDE * places * SIDE
        units = image.groups * self.blocks * -(-y.count // band) * -(-pairs // share)
        if 4 * (region.words + sums) > _BYTES and (band, deep, share) != (1, 1, 1):
            return
        cost = 2.5 * units * SIDE * image.channels * rows * x.size  # staging
        cost += units * share * 2 * SIDE * self.steps * self.taps * DEPTH * 6 / 10.0  # kernels
        cost += units * (passes - 1) * share * 2 * band * x.count * 150.0  # sums come and go
        cost *= 1.0 if units >= _LEAST_UNITS else 4.0
        if cost < self.found:
            self.found, self.units = cost, units
            self.band, self.deep, self.share = band, deep, share
            self.region_of, self.places, self.passes, self.held = region, places, passes, held
            self.bands, self.parts = -(-y.count // band), -(-pairs // share)
            self.scratch = 32 + region.words + sums

    def _cost(self) -> float:
        image = self.image
        down = sum(stop - start for start, stop in self.inside)
        over = sum(count * (stop - start) for _, count, start, stop in self.columns)
        tiles = image.groups * self.blocks * self.kernels_across * self.steps * down * over
        total = self.found + _RATE * tiles
        total += 1.7 * image.groups * image.outputs * image.channels * self.taps
        places = image.images * image.groups * image.outputs * self.lines[0].count
        return total + 0.4 * places * self.lines[1].count + 4000

    def usable(self) -> bool:
        """Whether an image's positions lie side by side, and memory suffices."""
        y, x = self.lines[:2]
        return (x.image == 1 and x.out == 1 and len(self.lines) == 2
                and (y.size == 1 or y.image == x.size) and (y.count == 1 or y.out == x.count)
                and 4 * self.scratch <= 2 * _BYTES and len(self.columns) <= 24
                and 4 * self.each * self.image.groups <= 96 << 20)

    def step(self) -> tuple[int, int]:
        """Units that belong together, and how many images they are."""
        return self.bands * self.parts, SIDE

    def __str__(self) -> str:
        return (f"tiles of images: {self.image.outputs}x{self.image.channels} kernels, "
                f"{self.taps} taps, {self.units} units of bands of {self.band}, "
                f"{self.share} pairs of kernels, {self.deep} deep")

    def declare(self, module: ir.Module, name: str, code: VectorCode) -> None:
        """Add the helper functions to the module."""
        y, x = self.lines
        region = self.region_of
        rows = View(SIDE, TILE, Panels.part, 0, self.taps * Panels.step, Panels.step)
        lanes = View(region.row, x.step * SIDE, region.part, 0, SIDE * region.row)
        self.grid = GridKernels(module, f"{name}_tiles", Walk(rows, lanes), code,
                                (len(x.offsets) * Panels.step, y.pace * x.size * SIDE),
                                (Panels.step, x.pace * SIDE))
        shape = TileShape(self.image.kernel[1], self.image.kernel[2], False, Panels.part, True)
        self.tile = TileStage(module, f"{name}_kernel", shape, code)
        self.images = ImageStage(module, f"{name}_images", self.image.image[0], region.part, SIDE,
                                 code)
        self.store = ImageStore(module, f"{name}_store", self.image.out[0], code)
        self._declare_exact(module, name, code)
        kind = ir.ArrayType(I64, 2 * y.count)
        self.table = ir.GlobalVariable(module, kind, f"{name}_rows")
        self.table.initializer = ir.Constant(kind, [I64(n) for pair in self.inside for n in pair])
        self.table.global_constant, self.table.linkage = True, "internal"

    # ---- units ----

    def run(self, code: VectorCode, pointers: tuple[Any, Any, Any], scratch: Any, prepared: Any,
            begin: Index, end: Index, suspect: Any) -> None:
        """Compute units [begin, end); `suspect`: whether the kernel holds an infinity."""
        with code.loop(begin, end) as unit:
            self._one(code, pointers, scratch, prepared, unit, suspect)

    def _one(self, code: VectorCode, pointers: tuple[Any, Any, Any], scratch: Any, prepared: Any,
             unit: Index, suspect: Any) -> None:
        image, (y, x) = self.image, self.lines
        part, rest = code.mod(unit, self.parts), code.div(unit, self.parts)
        band, rest = code.mod(rest, self.bands), code.div(rest, self.bands)
        block, group = code.mod(rest, self.blocks), code.div(rest, self.blocks)
        first, row = code.mul(block, SIDE), code.mul(band, self.band)
        many = code.minimum(SIDE, code.sub(image.images, first))
        rows = code.minimum(self.band, code.sub(y.count, row))
        begin = code.mul(part, 2 * self.share)
        tiles = code.minimum(2 * self.share, code.sub(self.kernels_across, begin))
        self.where = (first, many, row, rows, begin)
        code.builder.store(I64(0), scratch)
        region = code.at(scratch, 16)
        self.sums = code.at(region, self.region_of.words)
        kernel = code.at(prepared, code.mul(group, self.each))
        at = code.add(code.mul(group, image.channels * image.image[1]),
                      code.mul(first, image.image[0]))
        place = code.add(code.mul(group, image.outputs * image.out[1]),
                         code.add(code.mul(first, image.out[0]), code.mul(row, y.out)))
        target = code.at(pointers[0], code.add(place, self.out_offset))
        with code.loop(0, self.passes) as p:
            low = self._stage(code, code.at(pointers[1], at), region, scratch, p)
            self._multiply(code, kernel, region, low, target, tiles, p)
        seen = code.builder.icmp_unsigned("!=", code.builder.load(scratch, typ=I64), I64(0))
        stop = code.minimum(code.mul(code.add(begin, tiles), SIDE), image.outputs)
        ranges = [(group, code.add(group, 1)), (first, code.add(first, many)),
                  (code.mul(begin, SIDE), stop), (row, code.add(row, rows)), (0, x.count)]
        with code.builder.if_then(code.builder.or_(seen, suspect), likely=False):
            if self.padded:  # taps that were left out make numbers of no number
                with code.when(suspect):
                    self.exact.spoil(code, pointers, ranges)
            self.exact.call(code, pointers, ranges)

    def _stage(self, code: VectorCode, source: Any, region: Any, flag: Any, turn: Index) -> Index:
        """Stage the band's rows of some channels; the number of the first row."""
        image, (y, x), area = self.image, self.lines, self.region_of
        _, many, row, rows, _ = self.where
        start = code.add(code.mul(row, y.step), y.offsets[0])
        last = code.add(code.mul(code.sub(code.add(row, rows), 1), y.step), y.offsets[-1])
        low = code.minimum(code.positive(start), y.size)
        high = code.minimum(code.positive(code.add(last, 1)), y.size)
        length = code.mul(code.positive(code.sub(high, low)), x.size)
        source = code.at(source, code.mul(low, y.image))
        with code.loop(0, self.deep * SIDE) as k:
            channel = code.mul(code.add(code.mul(turn, self.deep * SIDE), k), 2)
            exist = code.positive(code.minimum(2, code.sub(image.channels, channel)))
            here = code.at(source, code.mul(channel, image.image[1]))
            partner = code.at(here, image.image[1])
            line = code.at(region, code.mul(k, area.row))
            with code.loop(0, length, SIDE) as p:
                self.images.call(code, code.at(here, p), code.at(partner, p),
                                 code.at(line, code.mul(p, SIDE)), flag, many, *[
                                     (0, code.builder.select(code.less(c, exist), code.value(
                                         code.sub(length, p)), I64(0))) for c in range(2)])
        return low

    def _multiply(self, code: VectorCode, kernel: Any, region: Any, low: Index, target: Any,
                  tiles: Index, turn: Index) -> None:
        image, (_, x) = self.image, self.lines
        _, many, _, rows, begin = self.where
        fresh = code.builder.icmp_signed("==", code.value(turn), I64(0))
        steps = code.minimum(self.deep, code.sub(self.steps, code.mul(turn, self.deep)))
        finished = code.less(self.passes - 2, turn)
        length = code.mul(rows, x.count)

        def kernels(t: Index, count: int) -> None:
            tile = code.add(begin, t)
            mine = code.at(kernel, self.panels.place(
                code, tile, code.mul(turn, self.deep * self.taps)))
            slot = 0 if self.held == 1 else t
            sums = code.at(self.sums, code.mul(slot, SIDE * self.places * SIDE))
            with code.loop(0, rows) as r:
                self._row(code, mine, region, low, sums, r, count, steps, fresh)
            with code.when(finished):
                output = code.mul(tile, SIDE)
                exist = code.minimum(count * SIDE, code.sub(image.outputs, output))
                with code.loop(0, exist) as k:
                    place = code.mul(code.add(output, k), image.out[1])
                    line = code.at(sums, code.mul(k, self.places * SIDE))
                    self.store.call(code, line, code.at(target, place), many, length)
        blocks(code, tiles, kernels)

    def _row(self, code: VectorCode, kernel: Any, region: Any, low: Index, sums: Any, r: Index,
             count: int, steps: Index, fresh: Any) -> None:
        """All positions of a row for one or two tiles of kernels."""
        y, x = self.lines
        row = code.add(self.where[2], r)
        b = code.builder
        table = b.bitcast(self.table, PTR)
        first, stop = (b.load(b.gep(table, [code.value(code.add(code.mul(row, 2), i))],
                                    source_etype=I64), typ=I64) for i in range(2))
        line = code.add(code.sub(code.add(code.mul(row, y.step), y.offsets[0]), low),
                        code.mul(first, y.pace))
        kernel = code.at(kernel, code.mul(first, len(x.offsets) * Panels.step))
        for begin, many, left, right in self.columns:
            mine = code.at(kernel, left * Panels.step)
            start = begin * x.step + x.offsets[0] + left * x.pace
            here = code.at(region, code.mul(code.add(code.mul(line, x.size), start), SIDE))
            place = code.add(code.mul(r, x.count), begin)

            def some(j: Index, few: int, mine: Any = mine, here: Any = here, place: Index = place,
                     across: int = right - left) -> None:
                self.grid.run(code, (count, few),
                              code.at(sums, code.mul(code.add(place, j), SIDE)),
                              self.places * SIDE, mine,
                              code.at(here, code.mul(j, x.step * SIDE)), steps, fresh,
                              code.sub(stop, first), across)
            blocks(code, many, some)


def _taps(line: Line, position: int) -> tuple[int, int]:
    """The taps [first, stop) that lie inside the image at a position."""
    inside = [t for t, o in enumerate(line.offsets) if 0 <= position * line.step + o < line.size]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _ranges(line: Line) -> list[tuple[int, int, int, int]]:
    """Neighbouring positions with the same taps: (first, count, first tap, stop)."""
    found: list[tuple[int, int, int, int]] = []
    for (start, stop), group in itertools.groupby(range(line.count), lambda j: _taps(line, j)):
        places = list(group)
        found.append((places[0], len(places), start, stop))
    return found


def few_missing(images: int) -> bool:
    """Whether groups of sixteen images are filled to three quarters at least."""
    return 4 * images >= 3 * SIDE * -(-images // SIDE)


def cheaper(image: Image, lines: Sequence[Line], padded: bool) -> Window:
    """The cheaper of windows along rows and of windows over sixteen images."""
    plain = Window(image, lines, padded)
    if not few_missing(image.images):
        return plain
    batched = BatchedWindow(image, lines, padded)
    if not batched.usable() or plain.usable() and plain.cost <= batched.cost:
        return plain
    return batched

