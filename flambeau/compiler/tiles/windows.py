"""Convolutions, and their adjoints in the input: kernels as rows, positions as lanes.

The kernel is prepared whole. A unit stages a band of one or several images as planes of pairs of
channels and multiplies all kernels with it. An adjoint with strides is one convolution per phase.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from ..convolution import Image, Line
from ..finish import Weave, emit_finish, units
from ..nest import Follow
from ..vector_code import I64, Index, VectorCode
from .delivery import Delivery
from .exact import Definition, Exact, Inside, Walked
from .frame import Sizes, flag_at, flagged
from .kernel import (
    ROWS_AGAIN,
    SIDE,
    TILE,
    Kernels,
    View,
    Walk,
    blocks,
    configure,
    cycles,
    release,
)
from .planes import Planes
from .staging import DEPTH, PairRow, Panels, TileShape, TileStage, call

_BAND_BYTES = 640 << 10  # of the images that a unit stages
_LEAST_UNITS = 8
_PREPARED_BYTES = 96 << 20


class Window:
    """One convolution of a prepared kernel with images.

    Args:
        image, lines: what is convolved, as `convolution.py` writes it.
        padded: whether zeros around the image take part (0 · ∞ is NaN).

    Attributes:
        out_offset: where its output begins, in elements.
    """

    def __init__(self, image: Image, lines: Sequence[Line], padded: bool) -> None:
        self.image = image
        self.padded = padded
        self.lines = [*[_point()] * (2 - len(lines)), *lines]
        self.out_offset = 0
        y, x = self.lines
        self.pairs = -(-image.channels // DEPTH) * SIDE  # of channels, in whole tiles
        self.kernels_across = -(-image.outputs // SIDE)
        self.taps = len(y.offsets) * len(x.offsets)
        self._cut()
        self.panels = Panels(self.pairs // SIDE * self.taps)
        self.each = self.panels.size(self.kernels_across)
        self.cost = self._cost()

    def _cut(self) -> None:
        image, y = self.image, self.lines[0]
        bands = 1
        while True:
            band = -(-y.count // bands)
            self.planes = Planes(self.lines, band)
            self.region = 3 * self.pairs * self.planes.words
            if 4 * self.region <= _BAND_BYTES or band == 1:
                break
            bands += 1
        while image.images * image.groups * bands < _LEAST_UNITS and band > 4:
            bands += 1
            band = -(-y.count // bands)
        self.planes = Planes(self.lines, band)
        self.region = 3 * self.pairs * self.planes.words
        self.bands = -(-y.count // band)
        together = max(1, _BAND_BYTES // (4 * self.region))
        together = min(together, max(1, image.images * image.groups * self.bands // _LEAST_UNITS))
        self.blocks = -(-image.images // together)
        self.together = -(-image.images // self.blocks)
        self.single = image.groups == self.bands == 1  # a unit is an image, and runs are staged
        self.units = image.images if self.single else image.groups * self.blocks * self.bands
        self.chunk = max(1, -(-self.kernels_across * image.groups // 16))
        self.chunks = -(-self.kernels_across // self.chunk)
        self.scratch = 32 + self.together * self.region + 4 * TILE

    def _cost(self) -> float:
        image, planes = self.image, self.planes
        regions = image.images * image.groups * self.bands
        total = regions * cycles(self.kernels_across, planes.tiles, self.panels.steps)
        total += 0.5 * regions * 2 * self.pairs * planes.words
        total += 1.7 * image.groups * image.outputs * image.channels * self.taps
        total += 0.25 * image.images * image.groups * image.outputs * planes.positions * self.bands
        return total + 4000

    def usable(self) -> bool:
        """Whether the image's rows lie side by side, and memory suffices."""
        y, x = self.lines[:2]
        return (x.image == 1 and x.out == 1 and len(self.lines) == 2
                and (y.count == 1 or y.out == x.count)
                and 4 * self.region <= 3 * _BAND_BYTES and self.taps <= 121
                and 4 * self.each * self.image.groups <= _PREPARED_BYTES)

    def step(self) -> tuple[int, int]:
        """Units that belong together, and how many images they are."""
        return self.bands, 1 if self.single else self.together

    def __str__(self) -> str:
        return (f"tiles: {self.image.outputs}x{self.image.channels} kernels, {self.taps} taps, "
                f"{self.units} units of {self.together} images, bands of {self.planes.band}")

    def definition(self) -> Definition:
        """The convolution written out."""
        image, (y, x) = self.image, self.lines
        out = [Walked(image.groups, image.outputs * image.out[1],
                      image.channels * image.image[1], image.kernel[0]),
               Walked(image.images, image.out[0], image.image[0], 0),
               Walked(image.outputs, image.out[1], 0, image.kernel[1]),
               Walked(y.count, y.out, y.step * y.image, 0),
               Walked(x.count, x.out, x.step * x.image, 0)]
        reduced = [Walked(image.channels, 0, image.image[1], image.kernel[2]),
                   *[Walked(len(line.offsets), 0, line.pace * line.image, line.kernel_pace)
                     for line in (y, x)]]
        conditions = [Inside((0, 0, 0, y.step, 0), (0, y.pace, 0), y.offsets[0], y.size),
                      Inside((0, 0, 0, 0, x.step), (0, 0, x.pace), x.offsets[0], x.size)]
        return Definition(out, reduced, conditions, self.out_offset,
                          sum(line.offsets[0] * line.image for line in (y, x)),
                          sum(line.weights[0] * line.kernel for line in (y, x)), self.padded)

    def declare(self, module: ir.Module, name: str, code: VectorCode) -> None:
        """Add the helper functions to the module."""
        planes = self.planes
        rows = View(SIDE, TILE, Panels.part, 0, self.taps * Panels.step, Panels.step)
        lanes = View(planes.words, SIDE, self.pairs * planes.words, 0, SIDE * planes.words)
        self.kernels = Kernels(module, f"{name}_tiles",
                               Walk(rows, lanes, 1, tuple(planes.taps), ROWS_AGAIN), code)
        self.delivery = Delivery(module, f"{name}_places", planes, self.lines[1].count)
        shape = TileShape(self.image.kernel[1], self.image.kernel[2], False, Panels.part, True)
        self.tile = TileStage(module, f"{name}_kernel", shape, code)
        self.row = PairRow(module, f"{name}_row", planes.pitch, self.lines[1].step,
                           self.pairs * planes.words, code)
        self._declare_exact(module, name, code)

    def _declare_exact(self, module: ir.Module, name: str, code: VectorCode) -> None:
        self.exact = Exact(module, f"{name}_exact", self.definition(), code)

    # ---- the kernel ----

    def prepare(self, code: VectorCode, target: Any, flag: Any, kernel: Any, unit: Index) -> None:
        """Stage a chunk of the kernel of one group."""
        image = self.image
        chunk, group = code.mod(unit, self.chunks), code.div(unit, self.chunks)
        first = code.mul(chunk, self.chunk)
        count = code.minimum(self.chunk, code.sub(self.kernels_across, first))
        start = sum(line.weights[0] * line.kernel for line in self.lines)
        kernel = code.at(kernel, code.add(code.mul(group, image.kernel[0]), start))
        target = code.at(target, code.mul(group, self.each))
        y, x = self.lines
        with code.loop(0, count) as t, code.loop(0, self.pairs // SIDE) as s:
            tile = code.add(first, t)
            with code.loop(0, len(y.offsets)) as i, code.loop(0, len(x.offsets)) as j:
                at = code.add(code.mul(tile, SIDE * image.kernel[1]),
                              code.mul(s, DEPTH * image.kernel[2]))
                at = code.add(at, code.add(code.mul(i, y.kernel_pace), code.mul(j, x.kernel_pace)))
                step = code.add(code.mul(s, self.taps), code.add(code.mul(i, len(x.offsets)), j))
                call(code, self.tile, code.at(kernel, at),
                     code.at(target, self.panels.place(code, tile, step)), flag,
                     code.minimum(SIDE, code.sub(image.outputs, code.mul(tile, SIDE))),
                     code.minimum(DEPTH, code.sub(image.channels, code.mul(s, DEPTH))))

    # ---- units ----

    def run(self, code: VectorCode, pointers: tuple[Any, Any, Any], scratch: Any, prepared: Any,
            begin: Index, end: Index, suspect: Any) -> None:
        """Compute units [begin, end); `suspect`: whether the kernel holds an infinity."""
        image = self.image
        if self.single:
            with code.loop(begin, end, self.together) as first:
                count = code.minimum(self.together, code.sub(end, first))
                self._unit(code, pointers, scratch, prepared, (0, first, count, 0), suspect)
            return
        with code.loop(begin, end) as unit:
            band, rest = code.mod(unit, self.bands), code.div(unit, self.bands)
            block, group = code.mod(rest, self.blocks), code.div(rest, self.blocks)
            first = code.mul(block, self.together)
            count = code.minimum(self.together, code.sub(image.images, first))
            where = (group, first, count, code.mul(band, self.planes.band))
            self._unit(code, pointers, scratch, prepared, where, suspect)

    def _unit(self, code: VectorCode, pointers: tuple[Any, Any, Any], scratch: Any, prepared: Any,
              where: tuple[Index, Index, Index, Index], suspect: Any) -> None:
        """One group, first image, how many of them, first row of the band."""
        out, a, _ = pointers
        image, planes = self.image, self.planes
        group, first, count, row = where
        flag, region = scratch, code.at(scratch, 16)
        code.builder.store(I64(0), flag)
        source = code.at(a, code.mul(group, image.channels * image.image[1]))
        with code.loop(0, count) as n:
            self._stage(code, code.at(source, code.mul(code.add(first, n), image.image[0])),
                        code.at(region, code.mul(n, self.region)), flag, row)
        sums = code.at(region, self.together * self.region + 16)
        kernel = code.at(prepared, code.mul(group, self.each))
        place = code.add(code.mul(group, image.outputs * image.out[1]), self.out_offset)
        target = code.at(out, code.add(place, code.mul(row, self.lines[0].out)))
        rows_left = code.minimum(planes.band, code.sub(self.lines[0].count, row))
        limit = code.mul(rows_left, self.lines[1].count)

        def kernels(t: Index, many: int) -> None:
            rows = code.at(kernel, self.panels.place(code, t, 0))
            first_kernel = code.mul(t, SIDE)
            exist = code.minimum(many * SIDE, code.sub(image.outputs, first_kernel))
            with code.loop(0, count) as n:
                lanes = code.at(region, code.mul(n, self.region))
                here = code.at(target, code.add(code.mul(code.add(first, n), image.out[0]),
                                                code.mul(first_kernel, image.out[1])))

                def positions(j: Index, few: int) -> None:
                    self.kernels.call(code, (many, few), sums, few * SIDE, rows,
                                      code.at(lanes, code.mul(j, SIDE)), self.pairs // SIDE)
                    self.delivery.emit(code, sums, here, image.out[1], exist, j, few, limit)
                blocks(code, planes.tiles, positions)
        blocks(code, self.kernels_across, kernels)
        seen = code.builder.icmp_unsigned("!=", code.builder.load(flag, typ=I64), I64(0))
        with code.builder.if_then(code.builder.or_(seen, suspect), likely=False):
            y, x = self.lines
            rows_end = code.minimum(code.add(row, planes.band), y.count)
            self.exact.call(code, pointers, [
                (group, code.add(group, 1)), (first, code.add(first, count)), (0, image.outputs),
                (row, rows_end), (0, x.count)])

    def _stage(self, code: VectorCode, source: Any, target: Any, flag: Any, row: Index) -> None:
        """Stage a band of an image: all pairs of its channels, then zeros."""
        image, planes = self.image, self.planes
        whole = image.channels // 2

        def plane(k: Index, partner: bool) -> None:
            low = code.at(source, code.mul(k, 2 * image.image[1]))
            place = code.at(target, code.mul(k, planes.words))
            planes.stage(code, self.row, low, image.image[1], partner, place, flag, row)
        if whole:
            with code.loop(0, whole) as k:
                plane(k, True)
        if image.channels % 2:
            plane(whole, False)
        used = -(-image.channels // 2)
        for part in range(3):
            start = code.at(target, (part * self.pairs + used) * planes.words)
            with code.loop(0, (self.pairs - used) * planes.words, SIDE) as i:
                code.store(code.zero(), start, i)


def _point() -> Line:
    return Line(1, 1, [0], [0], 1, 0, 0, 0)


class Windows:
    """A convolution as one window, or an adjoint as one per phase that are woven together."""

    def __init__(self, windows: Sequence[Window], weave: Weave | None) -> None:
        self.windows, self.weave = windows, weave
        self.cost = sum(w.cost for w in windows)
        prepare = sum(w.chunks * w.image.groups for w in windows)
        flags = -(-prepare // 8) * 16
        self.bases = []
        base = flags
        for w in windows:
            self.bases.append(base)
            base += w.each * w.image.groups
        self.sizes = Sizes(sum(w.units for w in windows), prepare, 0, base, 0,
                           max(w.scratch for w in windows))
        if weave is not None:
            self.cost += 1.0 * weave.rows * weave.columns
            self.sizes.finish_units, self.sizes.partial = units(weave), weave.elements()
        self.plan = "\n".join(map(str, windows))

    def declare(self, module: ir.Module, name: str, code: VectorCode) -> None:
        """Add the helper functions to the module."""
        for i, window in enumerate(self.windows):
            window.declare(module, f"{name}_{i}", code)

    def follow(self) -> Follow | None:
        """Bands of images, one image after the other."""
        window = self.windows[0]
        image = window.image
        if self.weave is not None or len(self.windows) > 1 or image.groups > 1:
            return None
        units, step = window.step()
        return units, step * image.out[0], step * image.image[0], 0, 1

    def _each(self, code: VectorCode, begin: Any, end: Any, counts: Sequence[int],
              body: Callable[[int, Index, Index, int], None]) -> None:
        """body(which window, first and last of its own units, number of its first) for each."""
        start = 0
        for i, count in enumerate(counts):
            low = code.minimum(code.positive(code.sub(begin, start)), count)
            high = code.minimum(code.positive(code.sub(end, start)), count)
            body(i, low, high, start)
            start += count

    def prepare(self, code: VectorCode, shared: Any, a: Any, b: Any, begin: Any,
                end: Any) -> None:
        """Emit the preparation of the kernels."""
        def one(i: int, low: Index, high: Index, start: int) -> None:
            with code.loop(low, high) as unit:
                flag = flag_at(code, shared, code.add(unit, start))
                code.builder.store(I64(0), flag)
                self.windows[i].prepare(code, code.at(shared, self.bases[i]), flag, b, unit)
        self._each(code, begin, end, [w.chunks * w.image.groups for w in self.windows], one)

    def main(self, code: VectorCode, out: Any, a: Any, b: Any, scratch: Any, begin: Any, end: Any,
             shared: Any) -> None:
        """Emit the units."""
        configure(code)
        suspect = flagged(code, shared, self.sizes.prepare_units)

        def one(i: int, low: Index, high: Index, start: int) -> None:
            self.windows[i].run(code, (out, a, b), scratch, code.at(shared, self.bases[i]), low,
                                high, suspect)
        self._each(code, begin, end, [w.units for w in self.windows], one)
        release(code)

    def finish(self, code: VectorCode, out: Any, shared: Any, begin: Any, end: Any, a: Any,
               b: Any) -> None:
        """Emit the weaving of phases."""
        if self.weave is not None:
            emit_finish(code, self.weave, out, code.at(shared, self.sizes.prepared), begin, end,
                        None)

