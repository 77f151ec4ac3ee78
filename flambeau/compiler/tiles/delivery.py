"""Sums of positions that were counted along padded rows, stored without what lies between rows."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from ..vector_code import I64, Index, VectorCode
from .kernel import SIDE
from .planes import Planes

I16 = ir.IntType(16)


class Delivery:
    """Where the positions of each tile belong in the output, whose rows follow one another.

    Args:
        module: gets two tables.
        name: of the tables.
        planes: the geometry.
        count: positions of a row that belong to the output.
    """

    def __init__(self, module: ir.Module, name: str, planes: Planes, count: int) -> None:
        self.dense = planes.pitch == count
        places, masks, before = [], [], 0
        for tile in range(planes.tiles):
            kept = [p < planes.positions and p % planes.pitch < count
                    for p in range(tile * SIDE, (tile + 1) * SIDE)]
            places.append(before)
            masks.append(sum(bit << i for i, bit in enumerate(kept)))
            before += sum(kept)
        self.places = _table(module, name, I64, [*places, before])
        self.masks = _table(module, f"{name}_masks", I16, masks)

    def emit(self, code: VectorCode, sums: Any, out: Any, pitch: int, rows: Index, first: Index,
             tiles: int, limit: Index) -> None:
        """Store a block of sums.

        Args:
            code: where to emit.
            sums: rows of `tiles` tiles of positions.
            out: the output's first position in the first row; pitch: elements from row to row.
            rows: how many.
            first: the first tile.
            tiles: how many.
            limit: positions that exist.
        """
        b = code.builder
        halves = []
        for half in range(tiles):
            place, end, mask = (b.load(b.gep(b.bitcast(table, out.type), [
                code.value(code.add(first, half + more))], source_etype=kind), typ=kind)
                for table, kind, more in ((self.places, I64, 0), (self.places, I64, 1),
                                          (self.masks, I16, 0)))
            kept = code.mask(code.positive(code.sub(code.minimum(end, limit), place)))
            halves.append((place, b.bitcast(mask, kept.type), kept))
        with code.loop(0, rows) as k:
            line, target = code.at(sums, code.mul(k, tiles * SIDE)), code.at(out,
                                                                             code.mul(k, pitch))
            for half, (place, mask, kept) in enumerate(halves):
                x = code.load(line, half * SIDE, aligned=True)
                code.store(x if self.dense else _compressed(code, x, mask), target, place, kept)


def _table(module: ir.Module, name: str, kind: Any, numbers: list[int]) -> Any:
    table = ir.GlobalVariable(module, ir.ArrayType(kind, len(numbers)), name)
    table.initializer = ir.Constant(table.value_type, [kind(n) for n in numbers])
    table.global_constant, table.linkage = True, "internal"
    return table


def _compressed(code: VectorCode, x: Any, mask: Any) -> Any:
    """The lanes in the mask, side by side."""
    kind = ir.FunctionType(code.vector, [code.vector, code.vector, mask.type])
    function = code.declare(f"llvm.x86.avx512.mask.compress.{code.suffix}", kind)
    return code.builder.call(function, [x, code.zero(), mask])
