"""The LLVM function of nests that run together, see `rows.py`."""

from __future__ import annotations

from typing import Any

from .kernels import Kernels
from .llvm import I64, NestFunction, described, memory_type, shared_loop
from .loops import Nest
from .rows import Rows

ALIGN = 64  # bytes of a line of the cache


class RowFunction(NestFunction):
    """One function of several nests: loops in common, and in them those of each nest.

    Args:
        kernels: where kernels come from.
        name: for reports.
        rows: the nests; values local to them live on the function's stack.
    """

    def __init__(self, kernels: Kernels, name: str, rows: Rows) -> None:
        self.name, self.rows = name, rows
        self._touch()
        self.buffers = [v for v in self.buffers if v not in rows.local]
        self.written = [v for v in self.written if v not in rows.local]
        self.order = list(range(len(rows.outer)))
        self.parallel = shared_loop(dict(enumerate(rows.outer)))
        self.units = rows.outer[self.parallel]
        self.nest = rows.parts[0]
        self.kernel = kernels.get("rows", self._shape(), True, self._emit)

    @property
    def nests(self) -> list[Nest]:
        """The nests."""
        return self.rows.parts

    def _shape(self) -> Any:
        local = self.rows.local
        place = {v: k for k, v in enumerate((*self.buffers, *self.numbers, *local))}
        return (len(self.order), tuple((self.dtypes[v], n) for v, n in local.items()),
                tuple(described(nest, place) for nest in self.nests))

    def _loops(self, order: list[int]) -> None:
        b = self.builder
        for v, size in self.rows.local.items():
            with b.goto_entry_block():
                cell = b.alloca(memory_type(self.dtypes[v]), I64(size))
                cell.align = ALIGN
            self.pointer[v] = cell
        self._nested(order, self._each)

    def _each(self) -> None:
        """What one step of the loops in common does."""
        for nest in self.nests:
            self.nest = nest
            super()._loops(list(range(len(self.order), len(nest.sizes))))
