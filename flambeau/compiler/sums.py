"""Reductions over the batch inside chains: a piece of the batch at a time, into partial results.

A chain (`blocks.py`) runs over parts of the batch. A reduction over it keeps one result per part,
adds to it block by block, and combines the parts when all blocks are done; so the order of
additions does not depend on the number of threads.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from llvmlite import ir

from .contraction import Contraction, emit_sum, host_machine
from .contraction_call import ContractionFunction
from .kernels import Facts, Kernels
from .llvm import I64, NestFunction
from .loops import Line, Nest, Store


class NestSum(NestFunction):
    """A nest whose outermost loop is reduced: `void name(…, fresh, begin, end)`.

    Units are steps of that loop; their results are combined with what the targets hold, unless
    `fresh` is set.

    Args:
        kernels: where kernels come from.
        whole: the nest's ordinary function.
        parts: how many partial results are to be combined.

    Attributes:
        finish: for each result, the function that combines the parts of it.
        partial: bytes of one part of each result.
    """

    def __init__(self, kernels: Kernels, whole: NestFunction, parts: int) -> None:
        self.nest, self.name = whole.nest, whole.name
        self.buffers, self.written, self.numbers = whole.buffers, whole.written, whole.numbers
        self.dtypes, self.work, self.parts = whole.dtypes, whole.work, parts
        self.order, self.parallel = list(range(len(self.nest.sizes))), 0
        self.units = self.nest.sizes[0]
        self.kernel = kernels.get("nest_sum", self._shape(), True, self._emit)
        self.sizes = {s.target: result_size(self.nest, s) for s in self.nest.stores}
        self.finish = [NestFunction(kernels, f"{self.name}_finish",
                                    combine(s, self.dtypes[s.target], self.sizes[s.target], parts))
                       for s in self.nest.stores]

    def _arguments(self) -> list[Any]:
        return [I64]

    def _loops(self, order: list[int]) -> None:
        b, reduced = self.builder, self.nest.reduced
        last = max((k for k, d in enumerate(order) if not reduced[d]), default=-1)
        outer, inner = order[:last + 1], order[last + 1:]
        with b.if_then(b.icmp_unsigned("!=", self.extra[0], ir.Constant(I64, 0))):
            self._nested([d for d in outer if not reduced[d]], self._clear)
        if inner:
            self._nested(outer, lambda: self._registers(inner, self._combine_into))
            return

        def each() -> None:
            values = self._lines()
            for s in self.nest.stores:
                self._combine_into(s, values[s.value])
        self._nested(outer, each)


def result_size(nest: Nest, s: Store) -> int:
    """Elements between the first and the last that a store of a reduction writes."""
    return 1 + s.address[0] + sum(c * (n - 1) for n, c in zip(nest.sizes, s.address[1],
                                                               strict=True))


def combine(s: Store, dtype: Any, size: int, parts: int) -> Nest:
    """The nest that combines `parts` results, which lie one after the other in value -1."""
    line = Line("load", (), None, -1, (0, (size, 1)), dtype)
    return Nest([parts, size], [True, False], [line],
                [Store(0, s.target, (0, (0, 1)), s.reduce)])


class ContractionSum:
    """A contraction whose slowest reduction is the batch, piece by piece; see `emit_sum`.

    Args:
        kernels: where kernels come from.
        whole: its ordinary function.
        parts: how many partial results are to be added up.
    """

    numbers: tuple[int, ...] = ()

    def __init__(self, kernels: Kernels, whole: ContractionFunction, parts: int) -> None:
        self.whole, self.name, self.instr = whole, whole.name, whole.instr
        self.operands, self.buffers, self.written = whole.operands, whole.buffers, whole.written
        self.dtypes, self.work = whole.dtypes, whole.work
        self.parts = parts
        shape = (whole.instr.prim.name, tuple(whole.specs), whole.instr.params, whole.strides,
                 parts)
        self.kernel = kernels.get(f"{whole.instr.prim.name}_sum", shape, False, self._emit)
        made = Contraction(**self.kernel.facts)
        self.units, self.scratch = made.units, made.scratch_bytes
        self.finish_units = made.finish_units

    def _emit(self, module: ir.Module, symbol: str) -> Facts:
        f = self.whole
        return asdict(emit_sum(module, symbol, f.instr.prim.name, f.specs, f.instr.params,
                               host_machine(), self.parts, f.strides))


def result_bytes(f: Any) -> int:
    """Bytes of one partial result of a reduction."""
    if isinstance(f, NestFunction):
        return sum(result_size(f.nest, s) * f.dtypes[s.target].itemsize for s in f.nest.stores)
    return int(f.instr.spec.nbytes)
