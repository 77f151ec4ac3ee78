"""Operands in scratch memory: as tiles, or as planes of pairs that tiles are read from.

Everything is counted in words of 32 bits; a word holds two neighbours along the reduction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from ..vector_code import I64, PTR, Index, VectorCode
from .kernel import SIDE, TILE
from .split import PARTS, Splitter, Watch

VOID = ir.VoidType()
DEPTH = 2 * SIDE  # elements of the reduction in a tile


@dataclass(frozen=True)
class TileShape:
    """How a tile is cut out of an operand.

    Args:
        across: elements from one row (or lane) to the next.
        along: elements from one element of the reduction to the next.
        lanes: whether the tile is read as the lanes' operand (pairs are its rows).
        part: words from a term to the next in scratch memory.
        neighbours: whether a pair is made of neighbours along the reduction, or else of elements
            half a tile apart, which needs no shuffling.
    """

    across: int
    along: int
    lanes: bool
    part: int
    neighbours: bool = False

    def pair(self, i: int) -> tuple[int, int]:
        """The two elements of the reduction in pair i."""
        return (2 * i, 2 * i + 1) if self.neighbours else (i, i + SIDE)


class TileStage:
    """A function void(source, target, flag, across, along) that makes the terms of one tile.

    `across` and `along` say how many rows (or lanes) and elements of the reduction exist; the
    others become zero. The word `flag` becomes 1 if anything was infinite.
    """

    def __init__(self, module: ir.Module, name: str, shape: TileShape,
                 template: VectorCode) -> None:
        kind = ir.FunctionType(VOID, [PTR, PTR, PTR, I64, I64])
        self.function = ir.Function(module, kind, name)
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        self.shape = shape
        builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.code = code = VectorCode(builder, template.element, template.machine)
        self.splitter = Splitter(code)
        self.source, self.target, self.flag, self.across, self.along = self.function.args
        whole = code.both(code.less(SIDE - 1, self.across), code.less(DEPTH - 1, self.along))
        code.choose(whole, lambda: self._tile(True), lambda: self._tile(False))
        builder.ret_void()

    def _tile(self, whole: bool) -> None:
        """The tile, whole or with zeros where nothing is."""
        shape = self.shape
        if shape.along < shape.across:
            rows, turned = self._by_reduction(whole), shape.lanes
        else:
            rows, turned = self._by_rows(whole), not shape.lanes
        watch = Watch(self.code)
        for part in range(PARTS):
            words = []
            for both in rows:
                if part:
                    both[:] = [self.splitter.rest(x) for x in both]
                words.append(self.splitter.pair(*both))
                if not part:
                    watch.see(words[-1])
            for i, x in enumerate(self.code.transpose(words) if turned else words):
                self.code.store(x, self.target, part * shape.part + i * SIDE, aligned=True)
        watch.report(self.flag)

    def _by_reduction(self, whole: bool) -> list[list[Any]]:
        """Elements of the reduction lie nearest: a vector of pairs for every row."""
        code, shape = self.code, self.shape
        masks = [code.mask(self.along), code.mask(code.positive(code.sub(self.along, SIDE)))]
        rows = []
        for row in range(SIDE):
            exists = whole or code.less(row, self.across)
            both = [self._load(row * shape.across + k * SIDE * shape.along, shape.along,
                               None if whole else self._if(exists, mask))
                    for k, mask in enumerate(masks)]
            if shape.neighbours:
                low, high = both
                both = [code.fence(code.shuffle(low, high, range(odd, DEPTH, 2)))
                        for odd in range(2)]
            rows.append(both)
        return rows

    def _by_rows(self, whole: bool) -> list[list[Any]]:
        """Rows (or lanes) lie side by side, or nothing does: a vector of them for every pair."""
        code, mask = self.code, self.code.mask(self.across)
        return [[self._load(k * self.shape.along, self.shape.across,
                            None if whole else self._if(code.less(k, self.along), mask))
                 for k in self.shape.pair(i)] for i in range(SIDE)]

    def _load(self, at: int, stride: int, mask: Any) -> Any:
        return load_strided(self.code, self.source, at, stride, mask)

    def _if(self, condition: Any, mask: Any) -> Any:
        none = ir.Constant(mask.type, None)
        return self.code.builder.select(condition, mask, none)


def call(code: VectorCode, stage: TileStage, source: Any, target: Any, flag: Any, across: Index,
         along: Index) -> None:
    """Make one tile."""
    code.builder.call(stage.function, [source, target, flag, code.value(across),
                                       code.value(along)])


@dataclass(frozen=True)
class Panels:
    """Tiles of a whole operand: [pair of tiles][step][term][tile of the pair][16][16].

    Args:
        steps: tiles along the reduction.
    """

    steps: int

    part = 2 * TILE
    step = PARTS * 2 * TILE

    def place(self, code: VectorCode, tile: Index, step: Index) -> Index:
        """Where a tile's first term begins."""
        pair, half = code.div(tile, 2), code.mod(tile, 2)
        at = code.mul(code.add(code.mul(pair, self.steps), step), self.step)
        return code.add(at, code.mul(half, TILE))

    def size(self, tiles: int) -> int:
        """Words for so many tiles across."""
        return -(-tiles // 2) * self.steps * self.step


class PairRow:
    """A function void(low, high, target, flag, first, last, paired) that makes a row of pairs.

    Word i of the row is made of elements i·stride of `low` and `high` where first <= i < last, and
    zero elsewhere. Unless `paired`, there is no `high`: zeros.
    """

    def __init__(self, module: ir.Module, name: str, words: int, stride: int, part: int,
                 template: VectorCode) -> None:
        kind = ir.FunctionType(VOID, [PTR, PTR, PTR, PTR, I64, I64, ir.IntType(1)])
        self.function = ir.Function(module, kind, name)
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        code = VectorCode(builder, template.element, template.machine)
        splitter = Splitter(code)
        low, high, target, flag, first, last, paired = self.function.args
        places = code._numbers(32, range(code.lanes))

        def bound(limit: Any, i: Any) -> Any:
            return code.splat(builder.trunc(code.sub(limit, i), ir.IntType(32)))
        with code.loop(0, words, SIDE) as i:
            inside = builder.and_(builder.icmp_signed(">=", places, bound(first, i)),
                                  builder.icmp_signed("<", places, bound(last, i)))
            both = builder.select(paired, inside, ir.Constant(inside.type, None))
            at = code.mul(i, stride)
            x = load_strided(code, low, at, stride, inside)
            y = load_strided(code, high, at, stride, both)
            seen = builder.or_(splitter.infinite(x), splitter.infinite(y))
            with builder.if_then(seen, likely=False):
                builder.store(I64(1), flag)
            for k, word in enumerate(splitter.parts(x, y)):
                code.store(word, target, code.add(i, k * part))
        builder.ret_void()

    def call(self, code: VectorCode, low: Any, high: Any, target: Any, flag: Any, first: Index,
             last: Index, paired: Any) -> None:
        """Make one row."""
        paired = ir.Constant(ir.IntType(1), int(paired)) if isinstance(paired, bool) else paired
        code.builder.call(self.function, [low, high, target, flag, code.value(first),
                                          code.value(last), paired])


def load_strided(code: VectorCode, source: Any, at: Index, stride: int, mask: Any) -> Any:
    """A vector of elements `stride` apart."""
    if stride == 1:
        return code.load(source, at, mask)
    return code.gather(code.at(source, at), code.iota(stride), mask)
