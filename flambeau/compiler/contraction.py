"""Contractions as native functions: products in all forms, convolutions and their two adjoints.

Everything is out[b, l, r] = Σ_k V[b, k, l] S[b, k, r] with affine index maps (`nest.py`): `matmul.py`
and `convolution.py` write a primitive as one or several such nests, `tiling.py` chooses tiles and
blocks, `packing.py` stages operands, `units.py` and `microkernel.py` emit the loops.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from llvmlite import ir

from ..graph import Spec
from .convolution import convolution_nests
from .machine import Machine, host_machine, target_machine
from .matmul import dot_nest
from .nest import Nest
from .units import Scratch, UnitEmitter
from .vector_code import I64, PTR, VectorCode

__all__ = ["Contraction", "Epilogue", "Machine", "emit_contraction", "host_machine",
           "target_machine"]


class Epilogue(Protocol):
    """What is done with finished values before they are stored (bias, activation, residual).

    The output is seen as a matrix: a product has rows (batch, rows of a) and columns (columns of b);
    a convolution has rows (image, channel) and columns (positions). Lanes follow one another along the
    columns, or along the rows if there is only one column.
    """

    pointers: int

    def load(self, builder: ir.IRBuilder, arguments: Sequence[Any], m_index: Any, n_index: Any,
             value: Any, mask: Any) -> Any:
        """The value to store.

        Args:
            builder: where to emit.
            arguments: the epilogue's own pointer arguments.
            m_index: row of the first lane, an i64 value.
            n_index: column of the first lane.
            value: a vector, or one element.
            mask: the lanes that count, or None for all.
        """


@dataclass
class Contraction:
    """What was emitted.

    Attributes:
        name: function void name(out, a, b, scratch, begin, end, epilogue pointers...).
        units: independent pieces of the output; [begin, end) is any range of them.
        scratch_bytes: scratch memory per thread, aligned to 64 bytes.
        flops: two per multiply-add of the definition.
        epilogue_pointers: how many pointers follow.
        finish_units: if not 0, the first function's `out` is the shared scratch memory, and when all
            its units are done, void name_finish(out, shared, begin, end, epilogue pointers...) adds the
            partial sums up.
        shared_scratch_bytes: scratch memory shared by all threads.
        parts: number of partial sums.
        plan: the nests as text.
    """

    name: str
    units: int
    scratch_bytes: int
    flops: int
    epilogue_pointers: int
    finish_units: int = 0
    shared_scratch_bytes: int = 0
    parts: int = 1
    plan: str = ""


_FINISH_BLOCK = 4096


def emit_contraction(module: ir.Module, name: str, prim: str, specs: Sequence[Spec],
                     params: dict[str, Any], machine: Machine, epilogue: Epilogue | None = None,
                     strides: Sequence[tuple[int, ...] | None] | None = None) -> Contraction:
    """Add a function that computes a contraction to a module.

    Args:
        module: the LLVM module.
        name: the function's name.
        prim: "dot", "convolve", "convolve_input" or "convolve_weight".
        specs: of the two inputs, float32 or float64.
        params: the primitive's parameters.
        machine: the processor.
        epilogue: applied before storing.
        strides: of the inputs in elements; None means contiguous.

    Returns:
        Its units, scratch sizes and flops.

    Example:
        >>> from llvmlite import ir
        >>> from flambeau.dtype import float32
        >>> from flambeau.graph import spec
        >>> module = ir.Module("m")
        >>> s = spec((8, 8), float32)
        >>> done = emit_contraction(module, "f", "dot", [s, s],
        ...                         {"contract": ((1,), (0,)), "batch": ((), ())}, host_machine())
        >>> done.flops
        1024
    """
    shapes = [s.shape for s in specs]
    itemsize = specs[0].dtype.itemsize
    places = [tuple(given) if given is not None else _contiguous(shape) for given, shape in
              zip(strides or (None, None), shapes, strict=True)]
    if prim == "dot":
        nests = [dot_nest(shapes, places, params, machine, itemsize)]
        out_size = _dot_size(shapes, params)
        flops = 2 * out_size * math.prod(shapes[0][d] for d in params["contract"][0])
    else:
        nests, out_size, flops = convolution_nests(prim, shapes, places, params, machine,
                                                   itemsize, epilogue is None)
    element = ir.DoubleType() if itemsize == 8 else ir.FloatType()
    return _Writer(module, name, element, machine, epilogue, nests, out_size).write(flops)


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[i + 1:]) for i in range(len(shape)))


def _dot_size(shapes: Sequence[tuple[int, ...]], params: dict[str, Any]) -> int:
    (contract_a, contract_b), (batch_a, batch_b) = params["contract"], params["batch"]
    left = math.prod(n for d, n in enumerate(shapes[0]) if d not in contract_a)
    return left * math.prod(n for d, n in enumerate(shapes[1]) if d not in (*contract_b, *batch_b))


class _Writer:
    """Writes the functions of one contraction."""

    def __init__(self, module: ir.Module, name: str, element: Any, machine: Machine,
                 epilogue: Epilogue | None, nests: list[Nest], out_size: int) -> None:
        self.module, self.name, self.element, self.machine = module, name, element, machine
        self.epilogue, self.nests, self.out_size = epilogue, nests, out_size
        self.itemsize = 8 if isinstance(element, ir.DoubleType) else 4
        self.pointers = epilogue.pointers if epilogue is not None else 0

    def write(self, flops: int) -> Contraction:
        nests = self.nests if self.out_size else []
        function, code = self._function(self.name, 4)
        lanes = code.lanes
        scratch = max([Scratch(n, lanes).used for n in nests], default=0) * self.itemsize
        parts = nests[0].parts if nests else 1
        self._body(function, code, nests, parts)
        code.builder.ret_void()
        done = Contraction(self.name, sum(n.units() for n in nests), scratch, flops, self.pointers)
        done.plan = "\n".join(map(str, nests))
        if parts > 1:
            done.parts = parts
            done.finish_units = -(-self.out_size // self._finish_block())
            done.shared_scratch_bytes = parts * self.out_size * self.itemsize
            self._finish(parts)
        return done

    def _function(self, name: str, pointers: int) -> tuple[ir.Function, VectorCode]:
        kinds = [PTR] * pointers + [I64, I64] + [PTR] * self.pointers
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), kinds), name)
        for arg in function.args[:pointers]:
            arg.add_attribute("noalias")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        return function, VectorCode(builder, self.element, self.machine)

    def _hook(self, function: ir.Function, code: VectorCode) -> Any:
        if self.epilogue is None:
            return None
        epilogue, arguments = self.epilogue, function.args[len(function.args) - self.pointers:]
        return lambda m, n, x, mask: epilogue.load(code.builder, arguments, code.value(m),
                                                   code.value(n), x, mask)

    def _body(self, function: ir.Function, code: VectorCode, nests: list[Nest],
              parts: int) -> None:
        out, a, b, scratch, begin, end = function.args[:6]
        hook = None if parts > 1 else self._hook(function, code)
        first = 0
        for nest in nests:
            v, s = (b, a) if nest.swapped else (a, b)
            emitter = UnitEmitter(code, nest, (out, v, s, scratch), self.out_size, hook)
            if len(nests) == 1:
                emitter.run(begin, end)
                return
            low = code.sub(begin, first)
            low = code.builder.select(code.less(low, 0), code.value(0), low)
            emitter.run(low, code.minimum(code.sub(end, first), nest.units()))
            first += nest.units()

    def _finish_block(self) -> int:
        columns = self.nests[0].columns
        return max(1, _FINISH_BLOCK // columns) * columns

    def _finish(self, parts: int) -> None:
        """Partial sums are added in order, row by row."""
        function, code = self._function(f"{self.name}_finish", 2)
        out, shared, begin, end = function.args[:4]
        hook = self._hook(function, code)
        columns, w = self.nests[0].columns, code.lanes
        rows = self._finish_block() // columns
        total = self.out_size // columns

        def vector(m: Any, n: Any, mask: Any) -> None:
            at = code.add(code.mul(m, columns), n)
            x = code.load(shared, at, mask)
            for part in range(1, parts):
                x = code.builder.fadd(x, code.load(shared, code.add(at, part * self.out_size),
                                                   mask))
            if hook is not None:
                x = hook(m, n, x, mask)
            code.store(x, out, at, mask)
        first = code.mul(begin, rows)
        with code.loop(first, code.minimum(code.mul(end, rows), total)) as m:
            if columns >= w:
                with code.loop(0, columns // w * w, w) as n:
                    vector(m, n, None)
            if columns % w:
                vector(m, columns // w * w, code.mask(columns % w))
        code.builder.ret_void()
