"""Contractions as native functions: products in all forms, convolutions and their two adjoints.

Everything is out[b, l, r] = Σ_k V[b, k, l] S[b, k, r] with affine index maps (`nest.py`):
`matmul.py` and `convolution.py` write a primitive as one or several such nests, `tiling.py` chooses
tiles and blocks, `packing.py` stages operands, `units.py` and `microkernel.py` emit the loops,
`finish.py` makes the output of what several units wrote for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from llvmlite import ir

from ..graph import Spec
from .convolution import convolution_nests
from .finish import Finish, PartialSums, emit_finish, units
from .machine import Machine, host_machine, target_machine
from .matmul import dot_nest
from .nest import Follow, Nest
from .tiles.choice import fixed_on_tiles, on_tiles
from .tiles.fixed import FixedProduct
from .tiles.frame import Product
from .tiles.frame import write as write_tiles
from .units import Scratch, UnitEmitter
from .vector_code import I64, PTR, VectorCode

__all__ = ["Contraction", "Epilogue", "Machine", "emit_contraction", "fixed_product",
           "host_machine", "target_machine"]


TILES_MARGIN = 1.1  # tiles need one more barrier, and a thread more may be idle at it


class Epilogue(Protocol):
    """What is done with finished values before they are stored (bias, activation, residual).

    The output is seen as a matrix: a product has rows (batch, rows of a) and columns (columns of
    b); a convolution has rows (image, channel) and columns (positions); a kernel's gradient has
    rows (output channel) and columns (channel, taps). Lanes follow one another along the columns,
    or along the rows if there is only one column.

    Attributes:
        pointers: how many pointer arguments the epilogue adds to the function.
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
        finish_units: if not 0, the first function's `out` is the shared scratch memory, and when
            all its units are done, name_finish(out, shared, begin, end, epilogue pointers...) makes
            the output of it.
        shared_scratch_bytes: scratch memory shared by all threads.
        prepare_units: if not 0, this is a contraction on tiles (`tiles/frame.py`):
            name_prepare(shared, a, b, begin, end) runs before, the first function takes the shared
            memory as one more argument, and finish takes a and b as well.
        fixed: whether `prepare` reads b alone and may be called once for many products with it.
        prepared_bytes: where in the shared memory the first function's `out` begins if there is a
            finish.
        plan: the nests as text.
        follow: how units follow the leading dimension, see `nest.Follow`; None if they do not.
        sums: what a reduction over the leading dimension reads of a and b per `step` of it, see
            `emit_sum`; None if it does not run over that.
    """

    name: str
    units: int
    scratch_bytes: int
    flops: int
    epilogue_pointers: int
    finish_units: int = 0
    shared_scratch_bytes: int = 0
    plan: str = ""
    prepare_units: int = 0
    prepared_bytes: int = 0
    fixed: bool = False
    follow: Follow | None = None
    sums: tuple[int, int, int] | None = None


def emit_contraction(module: ir.Module, name: str, prim: str, specs: Sequence[Spec],
                     params: dict[str, Any], machine: Machine, epilogue: Epilogue | None = None,
                     strides: Sequence[tuple[int, ...] | None] | None = None,
                     fixed: bool = False) -> Contraction:
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
        fixed: whether the second input stays the same over many calls.

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
    finish: Finish | None = None
    if fixed:
        once = fixed_product(prim, specs, params, machine, places)
        if once is not None and epilogue is None:
            size = 2 * once.m[0] * once.n[0] * once.k[0]
            done = _write_tiles(module, name, once, machine, size)
            done.fixed = True
            return done
    if prim == "dot":
        out_size = _dot_size(shapes, params)
        nests = [dot_nest(shapes, places, params, machine, itemsize)] if out_size else []
        flops = 2 * out_size * math.prod(shapes[0][d] for d in params["contract"][0])
    else:
        found = convolution_nests(prim, shapes, places, params, machine, itemsize,
                                  epilogue is None)
        nests, out_size, flops, finish = found.nests, found.size, found.flops, found.finish
    if itemsize == 4 and epilogue is None and machine.tiles and out_size:
        product = on_tiles(prim, shapes, places, params)
        if product is not None and TILES_MARGIN * product.cost < sum(n.cost for n in nests):
            return _write_tiles(module, name, product, machine, flops)
    element = ir.DoubleType() if itemsize == 8 else ir.FloatType()
    if out_size and nests and nests[0].parts > 1:
        columns = nests[0].columns
        finish = PartialSums(nests[0].parts, out_size // columns, columns)
    done = _Writer(module, name, element, machine, epilogue, nests, out_size, finish).write(flops)
    if len(nests) == 1 and epilogue is None:
        sizes = [math.prod(shape) for shape in shapes]
        sums = nests[0].sums(*sizes)
        done.sums = (1, *sums) if sums is not None else None
        done.follow = nests[0].follow(out_size, *sizes) if finish is None else None
    return done


def emit_sum(module: ir.Module, name: str, prim: str, specs: Sequence[Spec],
             params: dict[str, Any], machine: Machine, parts: int,
             strides: Sequence[tuple[int, ...] | None] | None = None) -> Contraction:
    """Add functions that sum a contraction over its leading dimension piece by piece.

    `name(out, a, b, scratch, begin, end, first, last, fresh)` computes units of what
    steps [first, last) of the leading dimension contribute, and adds it to `out` unless `fresh`;
    `name_finish(out, shared, begin, end)` adds `parts` such sums up. The dimension is the slowest
    of the reduction, see `Contraction.sums`.
    """
    shapes = [s.shape for s in specs]
    itemsize = specs[0].dtype.itemsize
    places = [tuple(given) if given is not None else _contiguous(shape) for given, shape in
              zip(strides or (None, None), shapes, strict=True)]
    if prim == "dot":
        out_size = _dot_size(shapes, params)
        nest = dot_nest(shapes, places, params, machine, itemsize)
    else:
        found = convolution_nests(prim, shapes, places, params, machine, itemsize, True)
        out_size, (nest,) = found.size, found.nests
    nest.parts = 1
    element = ir.DoubleType() if itemsize == 8 else ir.FloatType()
    finish = PartialSums(parts, out_size // nest.columns, nest.columns)
    return _Writer(module, name, element, machine, None, [nest], out_size, finish, True).write(0)


def fixed_product(prim: str, specs: Sequence[Spec], params: dict[str, Any], machine: Machine,
                  strides: Sequence[tuple[int, ...] | None] = (None, None)
                  ) -> FixedProduct | None:
    """How a contraction is computed whose second input is prepared once; None if not so.

    Args:
        prim, specs, params, machine, strides: as above.
    """
    if prim != "dot" or not machine.tiles or any(s.dtype.name != "float32" for s in specs):
        return None
    places = [given if given is not None else _contiguous(s.shape) for given, s in
              zip(strides, specs, strict=True)]
    return fixed_on_tiles([s.shape for s in specs], places, params)


def _write_tiles(module: ir.Module, name: str, product: Product, machine: Machine,
                 flops: int) -> Contraction:
    write_tiles(module, name, product, machine)
    sizes = product.sizes
    return Contraction(name, sizes.units, 4 * sizes.scratch, flops, 0, sizes.finish_units,
                       4 * (sizes.prepared + sizes.partial), product.plan, sizes.prepare_units,
                       4 * sizes.prepared, follow=product.follow())


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[i + 1:]) for i in range(len(shape)))


def _dot_size(shapes: Sequence[tuple[int, ...]], params: dict[str, Any]) -> int:
    (contract_a, contract_b), (_, batch_b) = params["contract"], params["batch"]
    left = math.prod(n for d, n in enumerate(shapes[0]) if d not in contract_a)
    return left * math.prod(n for d, n in enumerate(shapes[1]) if d not in (*contract_b, *batch_b))


class _Writer:
    """Writes the functions of one contraction."""

    def __init__(self, module: ir.Module, name: str, element: Any, machine: Machine,
                 epilogue: Epilogue | None, nests: list[Nest], out_size: int,
                 finish: Finish | None, piecewise: bool = False) -> None:
        self.module, self.name, self.element, self.machine = module, name, element, machine
        self.epilogue, self.nests, self.out_size = epilogue, nests, out_size
        self.finish, self.piecewise = finish, piecewise
        self.itemsize = 8 if isinstance(element, ir.DoubleType) else 4
        self.pointers = epilogue.pointers if epilogue is not None else 0

    def write(self, flops: int) -> Contraction:
        nests = self.nests if self.out_size else []
        function, code = self._function(self.name, 4, 3 * self.piecewise)
        lanes = code.lanes
        scratch = max([Scratch(n, lanes).used for n in nests], default=0) * self.itemsize
        self._body(function, code, nests)
        code.builder.ret_void()
        done = Contraction(self.name, sum(n.units() for n in nests), scratch, flops, self.pointers)
        done.plan = "\n".join(map(str, nests))
        if self.finish is not None and self.out_size:
            done.finish_units = units(self.finish)
            done.shared_scratch_bytes = self.finish.elements() * self.itemsize
            self._finish(self.finish)
        return done

    def _function(self, name: str, pointers: int,
                  more: int = 0) -> tuple[ir.Function, VectorCode]:
        kinds = [PTR] * pointers + [I64] * (2 + more) + [PTR] * self.pointers
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

    def _body(self, function: ir.Function, code: VectorCode, nests: list[Nest]) -> None:
        out, a, b, scratch, begin, end = function.args[:6]
        hook = self._hook(function, code) if self.finish is None else None
        if self.piecewise:
            nest = nests[0]
            v, s = (b, a) if nest.swapped else (a, b)
            emitter = UnitEmitter(code, nest, (out, v, s, scratch), self.out_size,
                                  _adding(code, out, nest.columns, function.args[8]))
            emitter.span = (function.args[6], function.args[7])
            emitter.run(begin, end)
            return
        first = 0
        for nest in nests:
            v, s = (b, a) if nest.swapped else (a, b)
            emitter = UnitEmitter(code, nest, (out, v, s, scratch), self.out_size, hook)
            if len(nests) == 1:
                emitter.run(begin, end)
                return
            emitter.run(code.positive(code.sub(begin, first)),
                        code.minimum(code.sub(end, first), nest.units()))
            first += nest.units()

    def _finish(self, finish: Finish) -> None:
        function, code = self._function(f"{self.name}_finish", 2)
        out, shared, begin, end = function.args[:4]
        emit_finish(code, finish, out, shared, begin, end, self._hook(function, code))
        code.builder.ret_void()


def _adding(code: VectorCode, out: Any, columns: int, fresh: Any) -> Any:
    """An epilogue that adds what the output holds, unless a flag is set."""
    b = code.builder
    more = b.icmp_unsigned("==", fresh, I64(0))

    def hook(m: Any, n: Any, x: Any, mask: Any) -> Any:
        at = code.add(code.mul(m, columns), n)
        if not isinstance(x.type, ir.VectorType):
            before = code.load_scalar(out, at)
            return b.fadd(x, b.select(more, before, code.element(0.0)))
        before = code.load(out, at, mask)
        return b.fadd(x, b.select(more, before, code.zero()))
    return hook
