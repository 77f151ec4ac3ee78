"""Stage 5, emit: loop nests as LLVM IR.

One function per nest: `void name(buffer…, numbers…, i64 begin, i64 end)`, where [begin, end) is the
range of the parallel loop. Scalar code is written; LLVM's loop vectorizer makes vectors of it,
since all elementary functions are straight-line polynomials and no two buffers alias.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from . import half, vector_math
from .kernels import Facts, Kernels
from .loops import Affine, Line, Nest
from .machine import host_machine
from .vector_math.lanes import Lanes

I1, I8, I16, I32, I64 = (ir.IntType(n) for n in (1, 8, 16, 32, 64))
F32, F64 = ir.FloatType(), ir.DoubleType()
VOID = ir.VoidType()
FAST = ("contract",)  # of products: sums in registers may round once with them
SHORT_RUN = 256  # elements of a run that is reduced into memory rather than by itself
_FLOATS = {"float32": F32, "float64": F64, "float16": ir.HalfType(), "bfloat16": F32}


def register_type(d: Any) -> ir.Type:
    """The type of a value in a register (bfloat16 is held as float, bool as one bit)."""
    if d.name == "bool":
        return I1
    found: ir.Type = _FLOATS.get(d.name) or ir.IntType(8 * d.itemsize)
    return found


def memory_type(d: Any) -> ir.Type:
    """The type of a value in memory."""
    if d.name == "bool":
        return I8
    return I16 if d.name == "bfloat16" else register_type(d)


def takes(instr: Any, specs: dict[int, Any]) -> bool:
    """Whether the emitter can write a line."""
    if isinstance(instr.spec, tuple) or instr.spec.dtype.is_complex:
        return False
    operands = [specs[a] for a in instr.args]
    if any(isinstance(s, tuple) or s.dtype.is_complex for s in operands):
        return False
    if not instr.spec.size or any(not s.size for s in operands):
        return False  # loops run at least once
    name, kind = instr.prim.name, instr.prim.kind
    if kind == "movement":
        return name in ("reshape", "permute", "expand", "strided_slice", "flip")
    if kind == "reduction":
        return name in _IDENTITY and instr.spec.dtype.name not in ("float16", "bfloat16")
    if name in ("constant", "cast", "select", "iota"):
        return True
    floating = all(s.dtype.name in ("float32", "float64") for s in operands)
    if floating and name in _FLOAT_OPS:
        return True
    if floating and name in vector_math.FUNCTIONS:
        return True
    integral = all(s.dtype.category < 2 for s in operands)
    return integral and name in _INT_OPS


# ---- lines ---------------------------------------------------------------------------------------

def _compare(name: str) -> Callable[..., Any]:
    symbols = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}

    def emit(b: ir.IRBuilder, d: Any, x: Any, y: Any) -> Any:
        if d.category >= 2:
            test = b.fcmp_unordered if name == "ne" else b.fcmp_ordered
            return test(symbols[name], x, y)
        test = b.icmp_signed if d.is_signed else b.icmp_unsigned
        return test(symbols[name], x, y)
    return emit


_COMPARE = {n: _compare(n) for n in ("eq", "ne", "lt", "le", "gt", "ge")}
_FLOAT_OPS: dict[str, Callable[..., Any]] = {
    "add": lambda b, d, x, y: _plus(b, x, y),
    "sub": lambda b, d, x, y: _minus(b, x, y),
    "mul": lambda b, d, x, y: b.fmul(x, y, flags=FAST),
    "div": lambda b, d, x, y: b.fdiv(x, y),
    "neg": lambda b, d, x: b.fneg(x),
    "absolute": lambda b, d, x: _intrinsic(b, "llvm.fabs", x),
    "maximum": lambda b, d, x, y: _intrinsic(b, "llvm.maximum", x, y),
    "minimum": lambda b, d, x, y: _intrinsic(b, "llvm.minimum", x, y),
    "square": lambda b, d, x: b.fmul(x, x, flags=FAST),
    "reciprocal": lambda b, d, x: b.fdiv(_like(b, x, 1.0), x),
    "sqrt": lambda b, d, x: _intrinsic(b, "llvm.sqrt", x),
    "rsqrt": lambda b, d, x: b.fdiv(_like(b, x, 1.0), _intrinsic(b, "llvm.sqrt", x)),
    "isnan": lambda b, d, x: b.fcmp_unordered("uno", x, x),
    **_COMPARE}
_INT_OPS: dict[str, Callable[..., Any]] = {
    "add": lambda b, d, x, y: b.or_(x, y) if d.name == "bool" else b.add(x, y),
    "sub": lambda b, d, x, y: b.sub(x, y),
    "mul": lambda b, d, x, y: b.and_(x, y) if d.name == "bool" else b.mul(x, y),
    "neg": lambda b, d, x: b.sub(_like(b, x, 0), x),
    "maximum": lambda b, d, x, y: b.select(_COMPARE["ge"](b, d, x, y), x, y),
    "minimum": lambda b, d, x, y: b.select(_COMPARE["le"](b, d, x, y), x, y),
    "bitwise_and": lambda b, d, x, y: b.and_(x, y), "bitwise_or": lambda b, d, x, y: b.or_(x, y),
    "bitwise_xor": lambda b, d, x, y: b.xor(x, y), "bitwise_not": lambda b, d, x: b.not_(x),
    **_COMPARE}


def _factors(x: Any) -> Sequence[Any] | None:
    """The factors of a product, if the addition that reads it is to round once with it.

    Which products are joined with which sums is decided here, not by LLVM: it would choose
    otherwise in a vector than in the elements left over, and these depend on the threads.
    """
    product = getattr(x, "opname", "") == "fmul" and host_machine().fma
    factors: Sequence[Any] | None = x.operands if product else None
    return factors


def _plus(b: ir.IRBuilder, x: Any, y: Any) -> Any:
    for one, other in ((y, x), (x, y)):
        if (factors := _factors(one)) is not None:
            return _intrinsic(b, "llvm.fma", *factors, other)
    return b.fadd(x, y)


def _minus(b: ir.IRBuilder, x: Any, y: Any) -> Any:
    if (factors := _factors(y)) is not None:
        return _intrinsic(b, "llvm.fma", b.fneg(factors[0]), factors[1], x)
    if (factors := _factors(x)) is not None:
        return _intrinsic(b, "llvm.fma", *factors, b.fneg(y))
    return b.fsub(x, y)


def _like(b: ir.IRBuilder, x: Any, number: float) -> Any:
    """A constant of a value's type, scalar or vector."""
    return Lanes(b, x).constant(number).value


def _intrinsic(b: ir.IRBuilder, name: str, *args: Any) -> Any:
    kind = ir.FunctionType(args[0].type, [a.type for a in args])
    if isinstance(args[0].type, ir.VectorType):
        bits = 64 if isinstance(args[0].type.element, ir.DoubleType) else 32
        name = f"{name}.v{args[0].type.count}f{bits}"
        fn = b.module.globals.get(name) or ir.Function(b.module, kind, name)
    else:
        fn = b.module.declare_intrinsic(name, [args[0].type], kind)
    return b.call(fn, args)


def _constant(d: Any, value: Any) -> Any:
    kind = register_type(d)
    if d.category >= 2:
        return ir.Constant(kind, float(value))
    return ir.Constant(kind, int(value) & ((1 << (8 * d.itemsize)) - 1) if d.name != "bool"
                       else int(bool(value)))


def cast(b: ir.IRBuilder, x: Any, source: Any, target: Any) -> Any:
    """A value of dtype `source` as dtype `target`."""
    if source is target:
        return x
    if source.name == "float16":
        x = half.widen(b, x)
    if target.name == "bool":
        zero = ir.Constant(x.type, 0.0 if source.category >= 2 else 0)
        return (b.fcmp_unordered("!=", x, zero) if source.category >= 2
                else b.icmp_unsigned("!=", x, zero))
    if target.category >= 2:
        return _as_float(b, x, source, target)
    if source.category >= 2:
        return _truncated(b, x, target)
    kind = register_type(target)
    if kind.width < x.type.width:
        return b.trunc(x, kind)
    if kind.width == x.type.width:
        return x
    return b.sext(x, kind) if source.is_signed else b.zext(x, kind)


def _as_float(b: ir.IRBuilder, x: Any, source: Any, target: Any) -> Any:
    """Any number as a float; the narrow types by way of float32, as PyTorch does."""
    kind = F64 if target.name == "float64" else F32
    if source.category < 2:
        x = (b.sitofp if source.is_signed else b.uitofp)(x, kind)
    elif x.type != kind:
        x = b.fpext(x, kind) if kind == F64 else b.fptrunc(x, kind)
    if target.name == "float16":
        return half.narrow(b, x)
    return _round_bfloat16(b, x) if target.name == "bfloat16" else x


def _truncated(b: ir.IRBuilder, x: Any, target: Any) -> Any:
    """A float as an integer, as x86 and NumPy do it: what does not fit becomes the lowest value.

    The way leads over int32, for unsigned and long types over int64.
    """
    wide = I32 if target.is_signed and target.itemsize <= 4 else I64
    lowest = -(1 << (wide.width - 1))
    inside = b.and_(b.fcmp_ordered(">=", x, ir.Constant(x.type, float(lowest))),
                    b.fcmp_ordered("<", x, ir.Constant(x.type, -float(lowest))))
    whole = b.select(inside, b.fptosi(x, wide), ir.Constant(wide, lowest))
    kind = register_type(target)
    return b.trunc(whole, kind) if kind.width < wide.width else whole


def _round_bfloat16(b: ir.IRBuilder, x: Any) -> Any:
    """The nearest value with 8 bits of precision, ties to even; NaN stays NaN."""
    bits = b.bitcast(x, I32)
    odd = b.and_(b.lshr(bits, ir.Constant(I32, 16)), ir.Constant(I32, 1))
    rounded = b.add(b.add(bits, ir.Constant(I32, 0x7FFF)), odd)
    kept = b.bitcast(b.and_(rounded, ir.Constant(I32, 0xFFFF0000)), x.type)
    return b.select(b.fcmp_unordered("uno", x, x), x, kept)


def emit_line(b: ir.IRBuilder, line: Line, operands: Sequence[Any], args: Sequence[Any]) -> Any:
    """The value of a line that computes.

    Args:
        b: where the instructions go.
        line: what to compute.
        operands: dtypes of the arguments.
        args: their values; vectors too, but for casts.
    """
    if line.op == "constant":
        return _constant(line.params["dtype"], line.params["value"])
    if line.op == "cast":
        return cast(b, args[0], operands[0], line.dtype)
    if line.op == "select":
        return b.select(*args)
    d = operands[0]
    table = _FLOAT_OPS if d.category >= 2 else _INT_OPS
    if line.op in table:
        return table[line.op](b, d, *args)
    return vector_math.emit(b, line.op, *args, fused=host_machine().fma)


# ---- reductions ----------------------------------------------------------------------------------

_IDENTITY: dict[str, Callable[[Any], Any]] = {
    "reduce_sum": lambda d: 0, "reduce_prod": lambda d: 1,
    "reduce_max": lambda d: float("-inf") if d.category >= 2 else
    (-(1 << (8 * d.itemsize - 1)) if d.is_signed else 0),
    "reduce_min": lambda d: float("inf") if d.category >= 2 else
    ((1 << (8 * d.itemsize - int(d.is_signed))) - 1),
    "reduce_any": lambda d: 0, "reduce_all": lambda d: 1}


def _combine(b: ir.IRBuilder, reduce: str, d: Any, total: Any, x: Any) -> Any:
    if reduce == "reduce_any":
        return b.or_(total, x)
    if reduce == "reduce_all":
        return b.and_(total, x)
    if d.category >= 2:
        flags = ("reassoc", "contract")
        if reduce == "reduce_sum":
            return b.fadd(total, x, flags=flags)
        if reduce == "reduce_prod":
            return b.fmul(total, x, flags=flags)
        name = "llvm.maximum" if reduce == "reduce_max" else "llvm.minimum"
        return _intrinsic(b, name, total, x)
    name = {"reduce_sum": "add", "reduce_prod": "mul", "reduce_max": "maximum",
            "reduce_min": "minimum"}[reduce]
    return _INT_OPS[name](b, d, total, x)


# ---- nests ---------------------------------------------------------------------------------------

class NestFunction:
    """The LLVM function of a nest.

    Attributes:
        name: its name in reports; kernel: its code, shared by equal nests.
        buffers: value numbers of its pointer arguments.
        numbers: value numbers of its scalar arguments.
        units: size of the parallel loop.
        work: rough count of scalar operations, to decide whether threads are worth it.
    """

    def __init__(self, kernels: Kernels, name: str, nest: Nest) -> None:
        self.nest = nest
        self.name = name
        self._touch()
        self.order, self.parallel = list(range(len(nest.sizes))), _parallel(nest)
        self.units = nest.sizes[self.parallel] if self.parallel is not None else 1
        self.kernel = kernels.get("nest", self._shape(), True, self._emit)

    @property
    def nests(self) -> list[Nest]:
        """All nests of the function: one, but see `row_code.RowFunction`."""
        return [self.nest]

    def _touch(self) -> None:
        """Note the arguments of the function and its work."""
        lines = [x for nest in self.nests for x in nest.lines]
        loads = [x.source for x in lines if x.op == "load"]
        stores = [(s.target, nest.lines[s.value].dtype) for nest in self.nests
                  for s in nest.stores]
        self.written = list(dict.fromkeys(v for v, _ in stores))
        self.buffers = list(dict.fromkeys([*loads, *self.written]))
        self.numbers = list(dict.fromkeys(x.source for x in lines if x.op == "number"))
        self.dtypes = {x.source: x.dtype for x in lines if x.op in ("load", "number")}
        for v, d in stores:
            self.dtypes.setdefault(v, d)
        self.work = sum(math.prod(nest.sizes) * len(nest.lines) for nest in self.nests)

    def _shape(self) -> Any:
        """What the code depends on: the nest with its values numbered by their arguments."""
        place = {v: k for k, v in enumerate((*self.buffers, *self.numbers))}
        return described(self.nest, place)

    def _arguments(self) -> list[Any]:
        """Types of more arguments before the units; see `sums.NestSum`."""
        return []

    def _emit(self, module: ir.Module, symbol: str) -> Facts:
        pointers = [memory_type(self.dtypes[v]).as_pointer() for v in self.buffers]
        scalars = [register_type(self.dtypes[v]) for v in self.numbers]
        more = self._arguments()
        kind = ir.FunctionType(VOID, [*pointers, *scalars, *more, I64, I64])
        function = ir.Function(module, kind, symbol)
        for argument in function.args[:len(pointers)]:
            argument.add_attribute("noalias")
        b = self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        arguments = function.args
        self.pointer = dict(zip(self.buffers, arguments, strict=False))
        self.number = dict(zip(self.numbers, arguments[len(pointers):], strict=False))
        self.begin, self.end = arguments[-2], arguments[-1]
        self.extra = arguments[len(pointers) + len(scalars):-2]
        self.index: dict[int, Any] = {}
        self._loops(self.order)
        b.ret_void()
        return {}

    @contextmanager
    def loop(self, dim: int) -> Iterator[None]:
        """A counted loop over a dimension; the body is what the block emits."""
        b = self.builder
        first, last = ((self.begin, self.end) if dim == self.parallel else
                       (ir.Constant(I64, 0), ir.Constant(I64, self.nest.sizes[dim])))
        before = b.block
        head = b.append_basic_block(f"loop{dim}")
        after = b.append_basic_block(f"after{dim}")
        if dim == self.parallel:
            b.cbranch(b.icmp_signed("<", first, last), head, after)
        else:
            b.branch(head)
        b.position_at_end(head)
        i = b.phi(I64)
        i.add_incoming(first, before)
        self.index[dim] = i
        yield
        following = b.add(i, ir.Constant(I64, 1), flags=("nsw", "nuw"))
        i.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, last), head, after)
        b.position_at_end(after)

    def _loops(self, order: list[int]) -> None:
        """Kept loops, then reduced ones; accumulators in registers, or in the output's row."""
        if not any(self.nest.reduced):
            self._maps(order)
            return
        inner_kept = order and not self.nest.reduced[order[-1]]
        kept = [d for d in order[:-1] if not self.nest.reduced[d]] if inner_kept else [
            d for d in order if not self.nest.reduced[d]]
        reduced = [d for d in order if self.nest.reduced[d]]
        if inner_kept:
            self._nested(kept, lambda: self._row(reduced, order[-1]))
        elif short := self._short_runs(order):
            self._runs(order, short)
        else:
            self._nested(kept, lambda: self._registers(reduced, self._write))

    def _short_runs(self, order: list[int]) -> list[int]:
        """The loops reduced inside all kept ones, if others are reduced outside and runs are short.

        Taking each kept element by itself would jump through memory from one short run to the next.
        """
        last = max((k for k, d in enumerate(order) if not self.nest.reduced[d]), default=0)
        inner = order[last + 1:]
        outside = any(self.nest.reduced[d] for d in order[:last])
        short = math.prod(self.nest.sizes[d] for d in inner) <= SHORT_RUN
        return inner if outside and short else []

    def _nested(self, dims: list[int], body: Callable[[], None]) -> None:
        if not dims:
            body()
            return
        with self.loop(dims[0]):
            self._nested(dims[1:], body)

    def _maps(self, order: list[int]) -> None:
        def body() -> None:
            values = self._lines()
            for s in self.nest.stores:
                self._store(s.target, s.address, values[s.value], self.nest.lines[s.value].dtype)
        self._nested(order, body)

    def _write(self, s: Any, value: Any) -> None:
        self._store(s.target, s.address, value, self.nest.lines[s.value].dtype)

    def _clear(self) -> None:
        """Set the results at one place to the reductions' identities."""
        for s in self.nest.stores:
            d = self.nest.lines[s.value].dtype
            self._write(s, _constant(d, _IDENTITY[s.reduce or ""](d)))

    def _combine_into(self, s: Any, value: Any) -> None:
        """Combine a value into the result in memory."""
        d = self.nest.lines[s.value].dtype
        total = self._load(s.target, s.address, d)
        if s.reduce == "reduce_sum" and d.category >= 2:
            self._write(s, _plus(self.builder, total, value))
        else:
            self._write(s, _combine(self.builder, s.reduce or "", d, total, value))

    def _runs(self, order: list[int], short: list[int]) -> None:
        """Memory in its order: each short run is reduced in registers, then into the output."""
        outer = [d for d in order if d not in short]
        self._nested([d for d in outer if not self.nest.reduced[d]], self._clear)
        self._nested(outer, lambda: self._registers(short, self._combine_into))

    def _registers(self, reduced: list[int], finish: Callable[[Any, Any], None]) -> None:
        """Reduce in registers; `finish` takes each store and its total."""
        b = self.builder
        stores = self.nest.stores
        cells = []
        for s in stores:
            d = self.nest.lines[s.value].dtype
            with b.goto_entry_block():
                cells.append(b.alloca(register_type(d)))
            b.store(_constant(d, _IDENTITY[s.reduce or ""](d)), cells[-1])

        def body() -> None:
            values = self._lines()
            for s, cell in zip(stores, cells, strict=True):
                d = self.nest.lines[s.value].dtype
                b.store(_combine(b, s.reduce or "", d, b.load(cell), values[s.value]), cell)
        self._nested(reduced, body)
        for s, cell in zip(stores, cells, strict=True):
            finish(s, b.load(cell))

    def _row(self, reduced: list[int], last: int) -> None:
        """Rows are added into the output, which stays in the nearest cache."""
        with self.loop(last):
            self._clear()

        def row() -> None:
            with self.loop(last):
                values = self._lines()
                for s in self.nest.stores:
                    self._combine_into(s, values[s.value])
        self._nested(reduced, row)

    # ---- memory ----

    def _offset(self, address: Affine) -> Any:
        b = self.builder
        offset: Any = ir.Constant(I64, address[0])
        for d, c in enumerate(address[1]):
            if c:
                term = self.index[d] if c == 1 else b.mul(self.index[d], ir.Constant(I64, c),
                                                          flags=("nsw",))
                offset = b.add(offset, term, flags=("nsw",))
        return offset

    def _load(self, source: int, address: Affine, d: Any) -> Any:
        b = self.builder
        x = b.load(b.gep(self.pointer[source], [self._offset(address)], inbounds=True))
        if d.name == "bool":
            return b.icmp_unsigned("!=", x, ir.Constant(I8, 0))
        if d.name == "bfloat16":
            return b.bitcast(b.shl(b.zext(x, I32), ir.Constant(I32, 16)), ir.FloatType())
        return x

    def _store(self, target: int, address: Affine, x: Any, d: Any) -> None:
        b = self.builder
        if d.name == "bool":
            x = b.zext(x, I8)
        elif d.name == "bfloat16":
            x = b.trunc(b.lshr(b.bitcast(x, I32), ir.Constant(I32, 16)), I16)
        b.store(x, b.gep(self.pointer[target], [self._offset(address)], inbounds=True))

    # ---- scalar lines ----

    def _lines(self) -> list[Any]:
        values: list[Any] = []
        for line in self.nest.lines:
            values.append(self._line(line, [values[a] for a in line.args]))
        return values

    def _line(self, line: Line, args: list[Any]) -> Any:
        b = self.builder
        if line.op == "load":
            return self._load(line.source, line.address, line.dtype)
        if line.op == "number":
            return self.number[line.source]
        if line.op == "iota":
            return self._offset(line.address)
        return emit_line(b, line, [self.nest.lines[a].dtype for a in line.args], args)


def _parallel(nest: Nest) -> int | None:
    """Which loop threads split."""
    kept = [d for d, reduced in enumerate(nest.reduced) if not reduced]
    return shared_loop({d: nest.sizes[d] for d in kept}) if kept else None


def shared_loop(sizes: dict[int, int]) -> int:
    """Of loops with these sizes the one that threads split: the first that is long enough."""
    return next((d for d, n in sizes.items() if n >= 8), max(sizes, key=lambda d: sizes[d]))


def described(nest: Nest, place: dict[int, int]) -> Any:
    """All that the code of a nest depends on, its values by their places among the arguments."""
    lines = tuple((x.op, x.args, x.params, place.get(x.source), x.address, x.dtype)
                  for x in nest.lines)
    stores = tuple((s.value, place[s.target], s.address, s.reduce) for s in nest.stores)
    return tuple(nest.sizes), tuple(nest.reduced), lines, stores
