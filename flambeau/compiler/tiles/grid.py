"""Sixteen images side by side: staged, multiplied at any position, and put apart again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from ..vector_code import I64, PTR, Index, VectorCode
from .kernel import ROWS_AGAIN, SIDE, VOID, Kernels, Walk
from .split import PARTS, Splitter, Watch


@dataclass(frozen=True)
class Region:
    """Images in scratch memory: [term][pair of channels][position][16 images], in words.

    Args:
        places: positions.
        steps: of 16 pairs.
    """

    places: int
    steps: int

    @property
    def row(self) -> int:
        """Words of a pair of channels; an odd number of lines, spread over the cache's sets."""
        return (-(-self.places // SIDE) * SIDE + 1) * SIDE

    @property
    def part(self) -> int:
        """Words of a term."""
        return SIDE * self.steps * self.row

    @property
    def words(self) -> int:
        """Words of all."""
        return PARTS * self.part


class GridKernels(Kernels):
    """Kernels over steps and a rectangle of taps: void(…, fresh, taps down, taps across).

    Args:
        module, name, walk, code: as for other kernels.
        down, across: strides from tap to tap in the rows' and the lanes' operand, in words.
    """

    def __init__(self, module: ir.Module, name: str, walk: Walk, code: VectorCode,
                 down: tuple[int, int], across: tuple[int, int]) -> None:
        super().__init__(module, name, Walk(walk.rows, walk.lanes, order=ROWS_AGAIN), code)
        self.down, self.across = down, across
        self.more = [I64, I64]

    def run(self, code: VectorCode, tiles: tuple[int, int], sums: Any, pitch: int, rows: Any,
            lanes: Any, steps: Index, fresh: Any, down: Index, across: Index) -> None:
        """Run the kernel; `rows` and `lanes` point to the first tap that counts."""
        code.builder.call(self.function(*tiles), [
            sums, I64(4 * pitch), rows, lanes, code.value(steps), fresh, code.value(down),
            code.value(across)])

    def _reduce(self, code: VectorCode, a: Any, b: Any, rows: int, lanes: int,
                arguments: Any) -> None:
        down, across = arguments[-2:]
        with code.loop(0, down) as i:
            pa, pb = (code.at(p, code.mul(i, s)) for p, s in zip((a, b), self.down, strict=True))

            def tap(carried: list[Any]) -> list[Any]:
                mine, theirs = carried
                self._products(code, mine, theirs, rows, lanes)
                return [code.at(p, s) for p, s in zip(carried, self.across, strict=True)]
            code.repeat(across, [pa, pb], tap)


class ImageStage:
    """void(low, high, target, flag, images, two ranges): pairs of 16 positions of 16 images.

    Pairs are made of `low` and `high`, of which each exists at a range of positions.

    Args:
        stride: elements from image to image.
        part: words from term to term.
        step: words from position to position.
    """

    def __init__(self, module: ir.Module, name: str, stride: int, part: int, step: int,
                 template: VectorCode) -> None:
        kind = ir.FunctionType(VOID, [PTR] * 4 + [I64] * 5)
        self.function = ir.Function(module, kind, name)
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        self.stride, self.part, self.step = stride, part, step
        builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.code = code = VectorCode(builder, template.element, template.machine)
        images, *ranges = self.function.args[4:]
        whole = code.less(SIDE - 1, images)
        for begin, end in (ranges[:2], ranges[2:]):
            whole = code.both(whole, code.both(code.less(begin, 1), code.less(SIDE - 1, end)))
        code.choose(whole, lambda: self._write(True), lambda: self._write(False))
        builder.ret_void()

    def _write(self, whole: bool) -> None:
        code, splitter, watch = self.code, Splitter(self.code), Watch(self.code)
        low, high, target, flag, images, *ranges = self.function.args
        masks = [code.builder.and_(code.mask(code.positive(end)), code.builder.not_(
            code.mask(code.positive(begin)))) for begin, end in (ranges[:2], ranges[2:])]
        none = ir.Constant(masks[0].type, None)
        rows = []
        for i in range(SIDE):
            here = [m if whole else code.builder.select(code.less(i, images), m, none)
                    for m in masks]
            rows.append([code.load(p, i * self.stride, None if whole else m)
                         for p, m in zip((low, high), here, strict=True)])
        for part in range(PARTS):
            words = []
            for both in rows:
                if part:
                    both[:] = [splitter.rest(x) for x in both]
                words.append(splitter.pair(*both))
                if not part:
                    watch.see(words[-1])
            for p, x in enumerate(code.transpose(words)):
                code.store(x, target, part * self.part + p * self.step, aligned=True)
        watch.report(flag)

    def call(self, code: VectorCode, low: Any, high: Any, target: Any, flag: Any, images: Index,
             lows: tuple[Index, Index], highs: tuple[Index, Index]) -> None:
        """Stage; `lows` and `highs` say from where to where the two exist."""
        code.builder.call(self.function, [low, high, target, flag, *[
            code.value(x) for x in (images, *lows, *highs)]])


class ImageStore:
    """void(sums, out, images, positions): a row of sums, [position][16 images], image by image.

    Args:
        stride: elements from image to image in the output.
    """

    def __init__(self, module: ir.Module, name: str, stride: int, template: VectorCode) -> None:
        kind = ir.FunctionType(VOID, [PTR, PTR, I64, I64])
        self.function = ir.Function(module, kind, name)
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        code = VectorCode(builder, template.element, template.machine)
        sums, out, images, positions = self.function.args
        with code.loop(0, positions, SIDE) as p:
            lines = [code.load(sums, code.mul(code.add(p, i), SIDE), aligned=True)
                     for i in range(SIDE)]
            mask = code.mask(code.sub(positions, p))
            none = ir.Constant(mask.type, None)
            for i, x in enumerate(code.transpose(lines)):
                exists = builder.select(code.less(i, images), mask, none)
                code.store(x, out, code.add(p, i * stride), exists)
        builder.ret_void()

    def call(self, code: VectorCode, sums: Any, out: Any, images: Index, positions: Index) -> None:
        """Store one channel's positions."""
        code.builder.call(self.function, [sums, out, code.value(images), code.value(positions)])
