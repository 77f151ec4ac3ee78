"""The adjoint of a convolution in its kernel: channels as rows, output channels as lanes.

The reduction runs over pairs of images and over positions. A unit takes a block of channels and a
part of the images (or of their bands); it stages both operands for one pair of images after the
other and adds to its partial sums, which lie as [tap][pair of tiles of outputs][channel][32].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from ..convolution import Image, Line
from ..nest import Follow
from ..vector_code import I64, Index, VectorCode
from .exact import Definition, Exact, Inside, Walked
from .frame import Sizes, flag_at, flagged
from .kernel import SIDE, TILE, Kernels, View, Walk, blocks, configure, cycles, release
from .planes import Planes
from .split import PARTS
from .staging import PairRow, Panels

_STAGED_BYTES = 1200 << 10
_SUM_BYTES = 6 << 20  # of all partial sums
_ROWS = 128  # channels of a unit at most
_COLUMNS = 256  # kernel elements that finish turns at a time


class Weights:
    """dW[o, c, tap] = Σ over images and positions of g[o, position] · x[c, position + tap].

    Args:
        image: strides of x (image), of g (kernel) and of the result (out).
        lines: the spatial dimensions: positions and taps.
    """

    direct = False  # whether a unit makes its part of the output by itself

    def __init__(self, image: Image, lines: Sequence[Line]) -> None:
        self.image = image
        self.lines = [*[Line(1, 1, [0], [0], 1, 0, 0, 0)] * (2 - len(lines)), *lines]
        y, x = self.lines
        self.taps = len(y.offsets) * len(x.offsets)
        self.across = -(-image.outputs // SIDE)  # tiles of output channels
        self.couples = -(-image.images // 2)
        self._cut()
        self.columns = image.channels * self.taps
        self.pieces = -(-self.columns // _COLUMNS)
        flags = -(-(1 + self.units) // 8) * 16
        self.sizes = (Sizes(self.units, 1, 0, flags, 0, self.scratch) if self.direct else
                      Sizes(self.units, 1, image.groups * self.across * self.pieces, flags,
                            image.groups * self.parts * self.sums, self.scratch))
        self.cost = self._cost()
        self.plan = self._text()

    def _text(self) -> str:
        return (f"tiles: kernels {self.image.outputs}x{self.image.channels} of {self.taps} taps, "
                f"blocks of {self.rows} channels, bands of {self.planes.band}, "
                f"{self.parts} parts")

    def _cut(self) -> None:
        image, y = self.image, self.lines[0]
        down = -(-image.channels // SIDE)
        self.held = down * SIDE
        self.sums = self._room(self.held)
        self.rows = min(down * SIDE, _ROWS)
        bands = 1
        while True:
            band = -(-y.count // bands)
            planes = Planes(self.lines, band)
            words = PARTS * (self.rows * planes.words + planes.tiles * TILE * self.across)
            if 4 * words <= _STAGED_BYTES or band <= 2:
                break
            bands += 1
        self.planes, self.bands = planes, -(-y.count // band)
        self.blocks = -(-image.channels // self.rows)
        work = self.couples * self.bands
        wanted = max(1, 8 // (self.blocks * image.groups))
        most = max(1, _SUM_BYTES // (4 * self.sums * image.groups))
        self.each = -(-work // min(wanted, most, work))
        self.parts = -(-work // self.each)
        self.units = image.groups * self.blocks * self.parts
        self.x_words = PARTS * self.rows * planes.words + 4 * SIDE
        self.panels = Panels(planes.tiles)
        self.g_words = self.panels.size(self.across)
        self.flat = (planes.tiles + 1) * SIDE + planes.pitch  # one plane of positions
        self.scratch = 16 + self.x_words + self.g_words + PARTS * SIDE * self.flat

    def _room(self, channels: int) -> int:
        """Words of the sums of so many channels."""
        return self.taps * -(-self.across // 2) * channels * 2 * SIDE

    def _place(self, code: VectorCode, tap: Index, channel: Index, tile: Index) -> Index:
        """Where the sums of a tile of outputs begin."""
        pair = code.add(code.mul(tap, -(-self.across // 2)), code.div(tile, 2))
        line = code.add(code.mul(pair, self.held), channel)
        return code.add(code.mul(line, 2 * SIDE), code.mul(code.mod(tile, 2), SIDE))

    def usable(self) -> bool:
        """Whether rows of positions lie side by side, and memory suffices."""
        x = self.lines[1]
        return (x.image == 1 and x.kernel == 1 and self.image.images > 1
                and 4 * self.scratch <= 3 * _STAGED_BYTES
                and 4 * self.sums * self.image.groups <= 64 << 20)

    def follow(self) -> Follow | None:
        """The result has no dimension of images."""
        return None

    def _cost(self) -> float:
        image, planes = self.image, self.planes
        visits = image.groups * self.couples * self.bands
        down = -(-image.channels // SIDE)
        total = visits * self.taps * (cycles(down, self.across, planes.tiles)
                                      + 30.0 * down * self.across)
        total += visits * (0.5 * 2 * image.channels * planes.words
                           + 1.3 * 2 * self.blocks * self.across * SIDE * planes.positions)
        total += 0.5 * image.groups * self.sums * (1 + self.parts)
        return total + 4000

    def _definition(self) -> Definition:
        image, (y, x) = self.image, self.lines
        out = [Walked(image.groups, image.outputs * image.out[0],
                      image.channels * image.image[1], image.kernel[1]),
               Walked(image.outputs, image.out[0], 0, image.kernel[2]),
               Walked(image.channels, image.out[1], image.image[1], 0),
               *[Walked(len(line.offsets), line.out, line.pace * line.image, 0)
                 for line in (y, x)]]
        reduced = [Walked(image.images, 0, image.image[0], image.kernel[0]),
                   *[Walked(line.count, 0, line.step * line.image, line.kernel)
                     for line in (y, x)]]
        conditions = [Inside((0, 0, 0, y.pace, 0), (0, y.step, 0), y.offsets[0], y.size),
                      Inside((0, 0, 0, 0, x.pace), (0, 0, x.step), x.offsets[0], x.size)]
        return Definition(out, reduced, conditions, 0,
                          sum(line.offsets[0] * line.image for line in (y, x)), 0, True)

    def declare(self, module: ir.Module, name: str, code: VectorCode) -> None:
        """Add the helper functions to the module."""
        self._declare_operands(module, name, code)
        self.exact = Exact(module, f"{name}_exact", self._definition(), code)

    def _declare_operands(self, module: ir.Module, name: str, code: VectorCode) -> None:
        planes = self.planes
        rows = View(planes.words, SIDE * planes.words, self.rows * planes.words, 0, SIDE)
        lanes = View(SIDE, TILE, Panels.part, 0, Panels.step)
        self.kernels = Kernels(module, f"{name}_tiles", Walk(rows, lanes), code)
        self.row = PairRow(module, f"{name}_row", planes.pitch, self.lines[1].step,
                           self.rows * planes.words, code)
        self.line = PairRow(module, f"{name}_line", planes.pitch, 1, SIDE * self.flat, code)
        kind = ir.ArrayType(I64, self.taps)
        self.table = ir.GlobalVariable(module, kind, f"{name}_offsets")
        self.table.initializer = ir.Constant(kind, [I64(t) for t in planes.taps])
        self.table.global_constant, self.table.linkage = True, "internal"

    def prepare(self, code: VectorCode, shared: Any, a: Any, b: Any, begin: Any,
                end: Any) -> None:
        """Nothing is prepared but the flag."""
        with code.when(code.less(begin, end)):
            code.builder.store(I64(0), flag_at(code, shared, 0))

    # ---- units ----

    def main(self, code: VectorCode, out: Any, a: Any, b: Any, scratch: Any, begin: Any, end: Any,
             shared: Any) -> None:
        """Emit the units."""
        configure(code)
        self._clear(code, code.at(scratch, 16), self.scratch - 16)
        with code.loop(begin, end) as unit:
            part, rest = code.mod(unit, self.parts), code.div(unit, self.parts)
            block, group = code.mod(rest, self.blocks), code.div(rest, self.blocks)
            code.builder.store(I64(0), scratch)
            sums = self._sums(code, out, scratch, group, block, part)
            first = code.mul(part, self.each)
            last = code.minimum(code.add(first, self.each), self.couples * self.bands)
            with code.loop(first, last) as visit:
                self._visit(code, sums, a, b, scratch, group, block, visit,
                            code.builder.icmp_signed("==", code.value(visit), code.value(first)))
            if self.direct:
                self._deliver(code, sums, (out, a, b), scratch, group, block)
            else:
                code.builder.store(code.builder.load(scratch, typ=I64),
                                   flag_at(code, shared, code.add(unit, 1)))
        release(code)

    def _sums(self, code: VectorCode, out: Any, scratch: Any, group: Index, block: Index,
              part: Index) -> Any:
        """Where a unit adds up: pointer to the sums of the first channel."""
        return code.at(out, code.mul(code.add(code.mul(group, self.parts), part), self.sums))

    def _deliver(self, code: VectorCode, sums: Any, pointers: tuple[Any, Any, Any], scratch: Any,
                 group: Index, block: Index) -> None:
        """Make a unit's part of the output, if it is `direct`."""
        image, (y, x) = self.image, self.lines
        first = code.mul(block, self.rows)
        last = code.minimum(code.add(first, self.rows), image.channels)
        start, stop = code.mul(first, self.taps), code.mul(last, self.taps)
        target = code.at(pointers[0], code.mul(group, image.outputs * image.out[0]))
        with code.loop(0, self.across) as t:
            here = code.at(target, code.mul(t, SIDE * image.out[0]))
            with code.loop(start, stop, SIDE) as j:
                self._square(code, sums, here, t, j, stop, first)
        seen = code.builder.icmp_unsigned("!=", code.builder.load(scratch, typ=I64), I64(0))
        with code.builder.if_then(seen, likely=False):
            self.exact.call(code, pointers, [
                (group, code.add(group, 1)), (0, image.outputs), (first, last),
                (0, len(y.offsets)), (0, len(x.offsets))])

    def _clear(self, code: VectorCode, target: Any, words: int) -> None:
        with code.loop(0, words // SIDE * SIDE, SIDE) as i:
            code.store(code.zero(), target, i)
        if words % SIDE:
            code.store(code.zero(), target, words // SIDE * SIDE, code.mask(words % SIDE))

    def _visit(self, code: VectorCode, sums: Any, a: Any, b: Any, scratch: Any, group: Index,
               block: Index, visit: Index, fresh: Any) -> None:
        """Add what one pair of images contributes within one band."""
        image = self.image
        band, couple = code.mod(visit, self.bands), code.div(visit, self.bands)
        row = code.mul(band, self.planes.band)
        first = code.mul(block, self.rows)
        count = code.minimum(self.rows, code.sub(image.channels, first))
        x = code.at(scratch, 16)
        g = code.at(x, self.x_words)
        both = code.less(code.add(code.mul(couple, 2), 1), image.images)
        at = code.add(code.mul(code.add(code.mul(group, image.channels), first), image.image[1]),
                      code.mul(couple, 2 * image.image[0]))
        source = code.at(a, at)
        with code.loop(0, count) as c:
            low = code.at(source, code.mul(c, image.image[1]))
            target = code.at(x, code.mul(c, self.planes.words))
            self.planes.stage(code, self.row, low, image.image[0], both, target, scratch, row)
        at = code.add(code.mul(group, image.kernel[1]), code.mul(couple, 2 * image.kernel[0]))
        self._turn(code, code.at(b, at), g, scratch, row, both)
        self._multiply(code, sums, x, g, first, count, fresh)

    def _turn(self, code: VectorCode, source: Any, target: Any, flag: Any, row: Index,
              both: Any) -> None:
        """Stage g: output channels become lanes, positions rows of tiles."""
        image, planes, (y, x) = self.image, self.planes, self.lines
        flat = code.at(target, self.g_words)
        with code.loop(0, self.across) as t:
            with code.loop(0, SIDE) as o, code.loop(0, planes.band) as r:
                channel = code.add(code.mul(t, SIDE), o)
                at = code.add(row, r)
                exists = code.both(code.less(channel, image.outputs), code.less(at, y.count))
                low = code.at(source, code.add(code.mul(channel, image.kernel[2]),
                                               code.mul(at, y.kernel)))
                last = (x.count * exists if isinstance(exists, bool) else
                        code.builder.select(exists, code.value(x.count), I64(0)))
                place = code.add(code.mul(o, self.flat), code.mul(r, planes.pitch))
                self.line.call(code, low, code.at(low, image.kernel[0]), code.at(flat, place),
                               flag, 0, last, both)
            with code.loop(0, planes.tiles) as s:
                there = code.at(target, self.panels.place(code, t, s))
                for part in range(PARTS):
                    here = code.at(flat, code.add(part * SIDE * self.flat, code.mul(s, SIDE)))
                    lines = [code.load(here, o * self.flat) for o in range(SIDE)]
                    for i, words in enumerate(code.transpose(lines)):
                        code.store(words, there, part * Panels.part + i * SIDE, aligned=True)

    def _multiply(self, code: VectorCode, sums: Any, x: Any, g: Any, first: Index, count: Index,
                  fresh: Any) -> None:
        down = code.div(code.add(count, SIDE - 1), SIDE)
        with code.loop(0, self.taps) as tap:
            place = code.builder.gep(code.builder.bitcast(self.table, x.type), [code.value(tap)],
                                     source_etype=I64)
            moved = code.at(x, code.builder.load(place, typ=I64))

            def rows(c: Index, many: int) -> None:
                mine = code.at(moved, code.mul(c, SIDE * self.planes.words))
                channel = code.add(first, code.mul(c, SIDE))

                def columns(o: Index, few: int) -> None:
                    target = code.at(sums, self._place(code, tap, channel, o))
                    self.kernels.call(code, (many, few), target, 2 * SIDE, mine,
                                      code.at(g, self.panels.place(code, o, 0)),
                                      self.planes.tiles, fresh)
                blocks(code, self.across, columns)
            blocks(code, down, rows)

    # ---- partial sums ----

    def finish(self, code: VectorCode, out: Any, shared: Any, begin: Any, end: Any, a: Any,
               b: Any) -> None:
        """Emit the adding up of partial sums, output channels first again."""
        image = self.image
        sums = code.at(shared, self.sizes.prepared)
        bad = flagged(code, shared, 1 + self.units)
        with code.loop(begin, end) as unit:
            piece, rest = code.mod(unit, self.pieces), code.div(unit, self.pieces)
            tile, group = code.mod(rest, self.across), code.div(rest, self.across)
            mine = code.at(sums, code.mul(group, self.parts * self.sums))
            first = code.mul(tile, SIDE)
            target = code.at(out, code.mul(code.add(code.mul(group, image.outputs), first),
                                           image.out[0]))
            start = code.mul(piece, _COLUMNS)
            stop = code.minimum(code.add(start, _COLUMNS), self.columns)
            with code.loop(start, stop, SIDE) as j:
                self._square(code, mine, target, tile, j, self.columns, 0)
            with code.builder.if_then(bad, likely=False):
                outputs = (first, code.minimum(code.add(first, SIDE), image.outputs))
                channels = (code.div(start, self.taps),
                            code.minimum(code.div(code.add(stop, self.taps - 1), self.taps),
                                         image.channels))
                y, x = self.lines
                self.exact.call(code, (out, a, b), [(group, code.add(group, 1)), outputs, channels,
                                                    (0, len(y.offsets)), (0, len(x.offsets))])

    def _square(self, code: VectorCode, sums: Any, out: Any, tile: Index, j: Index, stop: Index,
                first: Index) -> None:
        """Sixteen output channels by sixteen kernel elements; `first`: channel of the sums."""
        lines = []
        for i in range(SIDE):
            column = code.minimum(code.add(j, i), code.sub(stop, 1))
            channel = code.sub(code.div(column, self.taps), first)
            at = self._place(code, code.mod(column, self.taps), channel, tile)
            total = code.load(sums, at)
            for part in range(1, self.parts):
                total = code.builder.fadd(total, code.load(sums, code.add(at, part * self.sums)))
            lines.append(total)
        mask = code.mask(code.minimum(SIDE, code.sub(stop, j)))
        for o, line in enumerate(code.transpose(lines)):
            output = code.add(code.mul(tile, SIDE), o)
            with code.when(code.less(output, self.image.outputs)):
                code.store(line, out, code.add(o * self.image.out[0], j), mask)

