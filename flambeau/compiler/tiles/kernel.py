"""The inner loops: up to two by two tiles of sums, each the six products of three-term operands.

A tile register holds 16 rows of 64 bytes. Registers 0 to 3 hold sums, 4 and 5 tiles of the rows'
operand, 6 and 7 of the lanes' operand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from ..vector_code import I64, PTR, Index, VectorCode

SIDE = 16  # rows of a tile, lanes of a tile, pairs of a tile
TILE = SIDE * SIDE  # words
I8 = ir.IntType(8)
VOID = ir.VoidType()
# (rows' term, lanes' term): only one of the two changes from one to the next
LANES_AGAIN = ((0, 2), (0, 0), (0, 1), (1, 1), (1, 0), (2, 0))  # lanes' tiles are loaded 4 times
ROWS_AGAIN = tuple((row, lane) for lane, row in LANES_AGAIN)  # rows' tiles are
_MEMORY = 1.6  # tiles come from the second cache, and busy multipliers slow the clock
_CONFIGURATION = bytes([1] + [0] * 15 + [64, 0] * 8 + [0] * 16 + [SIDE] * 8 + [0] * 8)


@dataclass(frozen=True)
class View:
    """How the kernel walks through an operand, in words.

    Args:
        row: from one row of a tile to the next.
        half: from the first tile to the second.
        part: from a term to the next.
        outer, step, tap: strides of the three reduction loops.
    """

    row: int
    half: int
    part: int
    outer: int
    step: int
    tap: int = 0


@dataclass(frozen=True)
class Walk:
    """The reduction of a kernel: loops over `outer`, a run-time number of steps, and taps.

    Args:
        rows, lanes: views of the operands.
        outer: count of the outermost loop.
        taps: the lanes' operand's offset at each tap, in words.
        order: of the six products.
    """

    rows: View
    lanes: View
    outer: int = 1
    taps: tuple[int, ...] = (0,)
    order: tuple[tuple[int, int], ...] = LANES_AGAIN


def _intrinsic(module: ir.Module, name: str, *kinds: Any) -> Any:
    name = "llvm.x86." + name
    return module.globals.get(name) or ir.Function(module, ir.FunctionType(VOID, kinds), name)


def configure(code: VectorCode) -> None:
    """Load the tile configuration; it must be released before the function returns."""
    b = code.builder
    module = b.module
    data = module.globals.get("tile_configuration")
    if data is None:
        kind = ir.ArrayType(I8, len(_CONFIGURATION))
        data = ir.GlobalVariable(module, kind, "tile_configuration")
        data.initializer = ir.Constant(kind, bytearray(_CONFIGURATION))
        data.global_constant, data.linkage = True, "internal"
        data.align = 64
    b.call(_intrinsic(module, "ldtilecfg", PTR), [data])


def release(code: VectorCode) -> None:
    """Give the tiles back, so that the system need not save them."""
    code.builder.call(_intrinsic(code.builder.module, "tilerelease"), [])


class Kernels:
    """The kernels of one walk: functions void(sums, pitch, rows, lanes, steps, fresh).

    `pitch` counts bytes from one row of the sums to the next; `fresh` says whether the sums start
    at zero or go on from memory.
    """

    def __init__(self, module: ir.Module, name: str, walk: Walk, code: VectorCode) -> None:
        self.module, self.name, self.walk, self.template = module, name, walk, code
        self.made: dict[tuple[int, int], ir.Function] = {}
        self.table: Any = None
        self.more: list[Any] = []  # kinds of further arguments

    def function(self, rows: int, lanes: int) -> ir.Function:
        """The kernel for `rows` by `lanes` tiles (1 or 2 each)."""
        if (rows, lanes) not in self.made:
            self.made[rows, lanes] = self._write(rows, lanes)
        return self.made[rows, lanes]

    def _offsets(self) -> Any:
        if self.table is None:
            kind = ir.ArrayType(I64, len(self.walk.taps))
            self.table = ir.GlobalVariable(self.module, kind, f"{self.name}_taps")
            self.table.initializer = ir.Constant(kind, [I64(4 * t) for t in self.walk.taps])
            self.table.global_constant, self.table.linkage = True, "internal"
        return self.table

    def _write(self, rows: int, lanes: int) -> ir.Function:
        kind = ir.FunctionType(VOID, [PTR, I64, PTR, PTR, I64, ir.IntType(1), *self.more])
        function = ir.Function(self.module, kind, f"{self.name}_{rows}x{lanes}")
        function.linkage = "internal"
        function.attributes.add("noinline")
        code = VectorCode(ir.IRBuilder(function.append_basic_block("entry")),
                          self.template.element, self.template.machine)
        sums, pitch, a, b, steps, fresh = function.args[:6]
        second = code.builder.gep(sums, [code.mul(pitch, SIDE)], source_etype=I8)
        places = [code.at(sums if k < lanes else second, k % lanes * SIDE)
                  for k in range(rows * lanes)]
        self._sums(code, places, pitch, fresh)
        walk = self.walk
        with code.loop(0, walk.outer) as n:
            ra = code.at(a, code.mul(n, walk.rows.outer))
            rb = code.at(b, code.mul(n, walk.lanes.outer))

            def step(carried: list[Any]) -> list[Any]:
                pa, pb = carried
                self._reduce(code, pa, pb, rows, lanes, function.args)
                return [code.at(pa, walk.rows.step), code.at(pb, walk.lanes.step)]
            code.repeat(steps, [ra, rb], step)
        for k, place in enumerate(places):
            self._move(code, "tilestored64", k, place, pitch)
        code.builder.ret_void()
        return function

    def _sums(self, code: VectorCode, places: list[Any], pitch: Any, fresh: Any) -> None:
        zero = _intrinsic(self.module, "tilezero", I8)

        def clear() -> None:
            for k in range(len(places)):
                code.builder.call(zero, [I8(k)])

        def load() -> None:
            for k, place in enumerate(places):
                self._move(code, "tileloadd64", k, place, pitch)
        code.choose(fresh, clear, load)

    def _move(self, code: VectorCode, name: str, tile: int, pointer: Any, pitch: Any) -> None:
        code.builder.call(_intrinsic(self.module, name, I8, PTR, I64), [I8(tile), pointer, pitch])

    def call(self, code: VectorCode, tiles: tuple[int, int], sums: Any, pitch: int, rows: Any,
             lanes: Any, steps: Index, fresh: Any = True) -> None:
        """Run the kernel for so many tiles; `pitch` in words."""
        fresh = ir.Constant(ir.IntType(1), int(fresh)) if isinstance(fresh, bool) else fresh
        code.builder.call(self.function(*tiles), [sums, I64(4 * pitch), rows, lanes,
                                                  code.value(steps), fresh])

    def _reduce(self, code: VectorCode, a: Any, b: Any, rows: int, lanes: int,
                arguments: Any) -> None:
        """All taps of one step."""
        taps, builder = self.walk.taps, code.builder
        if len(taps) == 1:
            self._products(code, a, code.at(b, taps[0]), rows, lanes)
            return
        table = builder.bitcast(self._offsets(), PTR)
        with code.loop(0, len(taps)) as t:
            place = builder.gep(table, [code.value(t)], source_etype=I64)
            moved = builder.gep(b, [builder.load(place, typ=I64)], source_etype=I8)
            self._products(code, code.at(a, code.mul(t, self.walk.rows.tap)), moved, rows, lanes)

    def _products(self, code: VectorCode, a: Any, b: Any, rows: int, lanes: int) -> None:
        multiply = _intrinsic(self.module, "tdpbf16ps", I8, I8, I8)
        held: list[int | None] = [None, None]
        sides = ((a, self.walk.rows, rows, 4), (b, self.walk.lanes, lanes, 6))
        for pair in self.walk.order:
            for side, term in enumerate(pair):
                pointer, view, count, first = sides[side]
                if held[side] == term:
                    continue
                held[side] = term
                for half in range(count):
                    self._move(code, "tileloadd64", first + half,
                               code.at(pointer, term * view.part + half * view.half),
                               I64(4 * view.row))
            for i in range(rows):
                for j in range(lanes):
                    code.builder.call(multiply, [I8(i * lanes + j), I8(4 + i), I8(6 + j)])


def cycles(rows: int, lanes: int, steps: int) -> float:
    """Of `rows` by `lanes` tiles in blocks of two by two, `steps` pairs of 16 deep."""
    single = 26 * ((rows % 2) * lanes + (lanes % 2) * rows)  # too few sums to hide the latency
    work = len(LANES_AGAIN) * steps * (SIDE * rows * lanes + 0.4 * single)
    return _MEMORY * work + 60 * rows * lanes


def blocks(code: VectorCode, tiles: Index, body: Callable[[Index, int], None]) -> None:
    """body(first tile, one or two tiles) over a number of tiles, static or not."""
    pairs = code.div(tiles, 2)
    with code.loop(0, pairs) as k:
        body(code.mul(k, 2), 2)
    if isinstance(tiles, int):
        if tiles % 2:
            body(tiles - 1, 1)
        return
    with code.when(code.builder.trunc(tiles, ir.IntType(1))):
        body(code.mul(pairs, 2), 1)

