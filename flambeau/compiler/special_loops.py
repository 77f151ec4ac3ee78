"""Loops of primitives that are not elementwise: pooling windows, gathers and scatters.

Windows are here that are too large to be written out as vector code (`windows.py`).

Each emits `void name(buffer…, error, begin, end)`. An index out of range reads and writes nothing
and
sets the error word: the flush is then repeated on the reference engine, which raises where it
belongs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from typing import Any

from llvmlite import ir

from . import pieces
from .kernels import Facts, Kernels
from .llvm import I1, I64, VOID, memory_type, register_type

Ints = tuple[int, ...]


def const(n: int) -> Any:
    """A 64-bit integer."""
    return ir.Constant(I64, n)


@contextmanager
def counted(b: ir.IRBuilder, first: Any, last: Any) -> Iterator[Any]:
    """for i in [first, last): the block is the body."""
    before = b.block
    head, after = b.append_basic_block("loop"), b.append_basic_block("after")
    b.cbranch(b.icmp_signed("<", first, last), head, after)
    b.position_at_end(head)
    i = b.phi(I64)
    i.add_incoming(first, before)
    yield i
    following = b.add(i, const(1), flags=("nsw",))
    i.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, last), head, after)
    b.position_at_end(after)


class SpecialFunction:
    """The LLVM function of one primitive.

    Attributes:
        name: its name in reports; kernel: its code, shared by equal primitives.
        buffers: value numbers of its pointers: operands, then the result.
        written: value numbers it stores.
        numbers: none; kept for the interface it shares with nests.
        units: size of the loop that threads split; work: rough count of scalar operations.
    """

    numbers: tuple[int, ...] = ()

    def __init__(self, kernels: Kernels, name: str, instr: Any, specs: dict[int, Any]) -> None:
        self.name = name
        self.instr = instr
        self.specs = [specs[a] for a in instr.args]
        self.out = instr.spec
        self.buffers = list(dict.fromkeys([*instr.args, instr.out]))
        self.written = [instr.out]
        self.dtypes = {v: specs[v].dtype for v in self.buffers}
        self.emit, self.units, self.work = _RULES[instr.prim.name](self)
        pattern = tuple(self.buffers.index(v) for v in (*instr.args, instr.out))
        shape = (instr.prim.name, tuple(self.specs), instr.spec, instr.params, pattern)
        self.kernel = kernels.get(instr.prim.name, shape, True, self._emit)

    def _emit(self, module: ir.Module, symbol: str) -> Facts:
        pointers = [memory_type(self.dtypes[v]).as_pointer() for v in self.buffers]
        kind = ir.FunctionType(VOID, [*pointers, I64.as_pointer(), I64, I64])
        function = ir.Function(module, kind, symbol)
        for argument in function.args[:-2]:
            argument.add_attribute("noalias")
        self.b = ir.IRBuilder(function.append_basic_block("entry"))
        named = dict(zip(self.buffers, function.args, strict=False))
        self.pointers = [named[a] for a in self.instr.args]
        self.target = named[self.instr.out]
        self.error, self.begin, self.end = function.args[-3:]
        self.emit()
        self.b.ret_void()
        return {}

    def at(self, pointer: Any, offset: Any) -> Any:
        """The address of an element."""
        return self.b.gep(pointer, [offset], inbounds=True)

    def load(self, k: int, offset: Any) -> Any:
        """An element of operand k, as it is in memory."""
        return self.b.load(self.at(self.pointers[k], offset))

    def index(self, k: int, offset: Any, size: int) -> tuple[Any, Any]:
        """An index operand, wrapped into range, and whether it was in range; reports if not."""
        b = self.b
        i = self.load(k, offset)
        good = b.icmp_unsigned("<", i, const(size))
        with b.if_then(b.not_(good), likely=False):
            b.store(const(1), self.error)
        return b.select(good, i, const(0)), good

    def fill(self, first: Any, last: Any, value: Any) -> None:
        """Set a range of the result."""
        with counted(self.b, first, last) as i:
            self.b.store(value, self.at(self.target, i))

    def zero(self) -> Any:
        """0 in the result's type."""
        kind = memory_type(self.out.dtype)
        return ir.Constant(kind, 0.0 if self.out.dtype.category >= 2 else 0)

    def plus(self, x: Any, y: Any) -> Any:
        """x + y in the result's type."""
        return self.b.fadd(x, y) if self.out.dtype.category >= 2 else self.b.add(x, y)


COLUMNS = 16  # of a row, the least that a thread takes when threads share rows
Rule = tuple[Callable[[], None], int, int]


def _places(f: SpecialFunction, out: Ints, body: Callable[[list[Any], Any], None],
            base: Any) -> None:
    """Loops over the windows of a plane: body(window coordinates, flat offset of the window)."""
    b = f.b

    def level(dim: int, coordinates: list[Any], flat: Any) -> None:
        if dim == len(out):
            body(coordinates, b.add(base, flat))
            return
        with counted(b, const(0), const(out[dim])) as i:
            level(dim + 1, [*coordinates, i], b.add(b.mul(flat, const(out[dim])), i))
    level(0, [], const(0))


def _tap(f: SpecialFunction, coordinates: Sequence[Any], tap: Ints, p: Any, size: Ints,
         dilation: Ints) -> tuple[Any, Any]:
    """Flat position in the plane that a window reads at a tap, and whether it is inside."""
    b = f.b
    flat: Any = const(0)
    inside: Any = ir.Constant(I1, 1)
    for o, k, s, pad, d, n, count in zip(coordinates, tap, p["stride"], p["padding"], dilation,
                                         size, _counts(f), strict=True):
        place = b.add(b.mul(o, const(s)), const(k * d - pad))
        if k * d - pad < 0 or (count - 1) * s + k * d - pad >= n:
            inside = b.and_(inside, b.icmp_unsigned("<", place, const(n)))
        flat = b.add(b.mul(flat, const(n)), place)
    return flat, inside


def _counts(f: SpecialFunction) -> Ints:
    p = f.instr.params
    return p["out"] if "out" in p else f.specs[0].shape[2:]


def _window_argmax(f: SpecialFunction) -> Rule:
    p, x = f.instr.params, f.specs[0]
    size, area, count = x.shape[2:], math.prod(x.shape[2:]), math.prod(p["out"])

    def emit() -> None:
        b = f.b
        kind, number = register_type(x.dtype), memory_type(f.out.dtype)
        floating = x.dtype.category >= 2
        lowest = ir.Constant(kind, float("-inf")) if floating else ir.Constant(
            kind, -(1 << (8 * x.dtype.itemsize - 1)) if x.dtype.is_signed else 0)
        with counted(b, f.begin, f.end) as plane:
            source = b.mul(plane, const(area))

            def window(coordinates: list[Any], offset: Any) -> None:
                best, where, empty = lowest, number(0), I1(1)
                for k, tap in enumerate(product(*map(range, p["kernel"]))):
                    flat, inside = _tap(f, coordinates, tap, p, size, p["dilation"])
                    safe = b.select(inside, flat, const(0))
                    value = b.select(inside, f.load(0, b.add(source, safe)), lowest)
                    more = (b.fcmp_unordered(">", value, best) if floating else
                            (b.icmp_signed if x.dtype.is_signed else b.icmp_unsigned)(
                                ">", value, best))
                    # unordered: a NaN wins, and stays only until a later NaN, as in the reference
                    if floating:
                        held = b.fcmp_unordered("uno", best, best)
                        fresh = b.fcmp_unordered("uno", value, value)
                        more = b.and_(more, b.or_(b.not_(held), fresh))
                    hit = b.and_(inside, b.or_(more, empty))
                    empty = b.and_(empty, b.not_(inside))
                    best = b.select(hit, value, best)
                    where = b.select(hit, number(k), where)
                b.store(where, f.at(f.target, offset))
            _places(f, p["out"], window, b.mul(plane, const(count)))
    return emit, x.shape[0] * x.shape[1], f.out.size * math.prod(p["kernel"]) * 4


def _chosen(f: SpecialFunction, coordinates: Sequence[Any], number: Any, p: Any, size: Ints) -> Any:
    """The flat position in the plane of the element of a window that has a number."""
    b = f.b
    rest = b.zext(number, I64)
    flat, step = const(0), 1
    for d in reversed(range(len(size))):
        k = b.urem(rest, const(p["kernel"][d]))
        rest = b.udiv(rest, const(p["kernel"][d]))
        place = b.add(b.mul(coordinates[d], const(p["stride"][d])), const(-p["padding"][d]))
        place = b.add(place, b.mul(k, const(p["dilation"][d])))
        flat = b.add(flat, b.mul(place, const(step)))
        step *= size[d]
    return flat


def _window_position(f: SpecialFunction) -> Rule:
    p, out = f.instr.params, f.out.shape[2:]

    def emit() -> None:
        b = f.b
        with counted(b, f.begin, f.end) as plane:
            def window(coordinates: list[Any], offset: Any) -> None:
                place = _chosen(f, coordinates, f.load(0, offset), p, p["size"])
                b.store(place, f.at(f.target, offset))
            _places(f, out, window, b.mul(plane, const(math.prod(out))))
    return emit, f.out.shape[0] * f.out.shape[1], f.out.size * 3


def _window_take(f: SpecialFunction) -> Rule:
    p, size, out = f.instr.params, f.specs[0].shape[2:], f.out.shape[2:]

    def emit() -> None:
        b = f.b
        with counted(b, f.begin, f.end) as plane:
            source = b.mul(plane, const(math.prod(size)))

            def window(coordinates: list[Any], offset: Any) -> None:
                where = _chosen(f, coordinates, f.load(1, offset), p, size)
                b.store(f.load(0, b.add(source, where)), f.at(f.target, offset))
            _places(f, out, window, b.mul(plane, const(math.prod(out))))
    return emit, f.out.shape[0] * f.out.shape[1], f.out.size * 3


def _window_put(f: SpecialFunction) -> Rule:
    p, out, area = f.instr.params, f.specs[0].shape[2:], math.prod(f.out.shape[2:])

    def emit() -> None:
        b = f.b
        with counted(b, f.begin, f.end) as plane:
            target = b.mul(plane, const(area))
            f.fill(target, b.add(target, const(area)), f.zero())

            def window(coordinates: list[Any], offset: Any) -> None:
                where = _chosen(f, coordinates, f.load(1, offset), p, p["size"])
                place = f.at(f.target, b.add(target, where))
                b.store(f.plus(b.load(place), f.load(0, offset)), place)
            _places(f, out, window, b.mul(plane, const(math.prod(out))))
    return emit, f.out.shape[0] * f.out.shape[1], f.out.size + 4 * f.specs[0].size


def _window_sum(f: SpecialFunction) -> Rule:
    p, x = f.instr.params, f.specs[0]
    size, area, count = x.shape[2:], math.prod(x.shape[2:]), math.prod(p["out"])
    ones = (1,) * len(size)

    def emit() -> None:
        b = f.b
        with counted(b, f.begin, f.end) as plane:
            source = b.mul(plane, const(area))

            def window(coordinates: list[Any], offset: Any) -> None:
                total = f.zero()
                for tap in product(*map(range, p["kernel"])):
                    flat, inside = _tap(f, coordinates, tap, p, size, ones)
                    safe = b.select(inside, flat, const(0))
                    value = b.select(inside, f.load(0, b.add(source, safe)), f.zero())
                    total = f.plus(total, value)
                b.store(total, f.at(f.target, offset))
            _places(f, p["out"], window, b.mul(plane, const(count)))
    return emit, x.shape[0] * x.shape[1], f.out.size * math.prod(p["kernel"]) * 2


def _window_spread(f: SpecialFunction) -> Rule:
    p, g = f.instr.params, f.specs[0]
    size, area, count = p["size"], math.prod(p["size"]), math.prod(g.shape[2:])
    ones = (1,) * len(size)

    def emit() -> None:
        b = f.b
        with counted(b, f.begin, f.end) as plane:
            target = b.mul(plane, const(area))
            f.fill(target, b.add(target, const(area)), f.zero())

            def window(coordinates: list[Any], offset: Any) -> None:
                value = f.load(0, offset)
                for tap in product(*map(range, p["kernel"])):
                    flat, inside = _tap(f, coordinates, tap, p, size, ones)
                    with b.if_then(inside):
                        place = f.at(f.target, b.add(target, flat))
                        b.store(f.plus(b.load(place), value), place)
            _places(f, g.shape[2:], window, b.mul(plane, const(count)))
    return emit, g.shape[0] * g.shape[1], g.size * math.prod(p["kernel"]) * 3


def _take(f: SpecialFunction) -> Rule:
    """Rows of x at joint coordinates."""
    k = len(f.specs) - 1
    sizes, row = f.specs[0].shape[:k], math.prod(f.specs[0].shape[k:])

    def emit() -> None:
        b = f.b
        with counted(b, f.begin, f.end) as i:
            flat: Any = const(0)
            for n, size in enumerate(sizes):
                index, _ = f.index(n + 1, i, size)
                flat = b.add(b.mul(flat, const(size)), index)
            source, target = b.mul(flat, const(row)), b.mul(i, const(row))
            with counted(b, const(0), const(row)) as j:
                b.store(f.load(0, b.add(source, j)), f.at(f.target, b.add(target, j)))
    return emit, f.specs[1].size, f.out.size * 2 + f.specs[1].size


def _least(f: SpecialFunction, x: Any, bound: int) -> Any:
    """The smaller of a number and a constant."""
    return f.b.select(f.b.icmp_signed("<", x, const(bound)), x, const(bound))


def _put_at(f: SpecialFunction) -> Rule:
    """The base with rows replaced or added, in the order of the indices; threads share columns."""
    base, update = f.specs[0], f.specs[1]
    sizes = base.shape[:len(f.specs) - 2]
    row = math.prod(base.shape[len(sizes):])
    adds = f.instr.params["mode"] == "add"

    def place(i: Any) -> tuple[Any, Any]:
        flat: Any = const(0)
        good: Any = ir.Constant(I1, 1)
        for n, size in enumerate(sizes):
            index, fine = f.index(n + 2, i, size)
            good = f.b.and_(good, fine)
            flat = f.b.add(f.b.mul(flat, const(size)), index)
        return flat, good

    def emit() -> None:
        b = f.b
        first, last = (_least(f, b.mul(x, const(COLUMNS)), row) for x in (f.begin, f.end))
        with counted(b, const(0), const(math.prod(sizes))) as i:
            start = b.mul(i, const(row))
            with counted(b, b.add(start, first), b.add(start, last)) as j:
                b.store(f.load(0, j), f.at(f.target, j))
        with counted(b, const(0), const(f.specs[2].size)) as i:
            flat, good = place(i)
            source, target = b.mul(i, const(row)), b.mul(flat, const(row))
            with b.if_then(good), counted(b, first, last) as j:
                at = f.at(f.target, b.add(target, j))
                value = f.load(1, b.add(source, j))
                b.store(f.plus(b.load(at), value) if adds else value, at)
    return emit, -(-row // COLUMNS), base.size + 3 * update.size


def _along(f: SpecialFunction, shape: Ints, axis: int, size: int, k: int,
           body: Callable[[Any, Any, Any], None], whole: Ints) -> None:
    """Loops over an index array: body(offset in it, offset in the other array, in range).

    Threads share the first dimension, unless the indices run along it.
    """
    b = f.b

    def level(dim: int, flat: Any, other: Any, stride: Any) -> None:
        if dim == len(shape):
            index, good = f.index(k, flat, size)
            body(flat, b.add(other, b.mul(index, const(stride))), good)
            return
        step = math.prod(whole[dim + 1:])
        share = dim == 0 and axis != 0
        first, last = (_least(f, x, shape[0]) for x in (f.begin, f.end)) if share else (
            const(0), const(shape[dim]))
        with counted(b, first, last) as i:
            moved = other if dim == axis else b.add(other, b.mul(i, const(step)))
            level(dim + 1, b.add(b.mul(flat, const(shape[dim])), i), moved,
                  step if dim == axis else stride)
    with b.if_then(b.icmp_signed("<", f.begin, f.end)):
        level(0, const(0), const(0), 1)


def _take_along(f: SpecialFunction) -> Rule:
    x, axis = f.specs[0], f.instr.params["axis"]

    def emit() -> None:
        def body(flat: Any, other: Any, good: Any) -> None:
            f.b.store(f.load(0, other), f.at(f.target, flat))
        _along(f, f.out.shape, axis, x.shape[axis], 1, body, x.shape)
    return emit, 1 if axis == 0 else f.out.shape[0], f.out.size * 3


def _put_along(f: SpecialFunction) -> Rule:
    base, axis = f.specs[0], f.instr.params["axis"]
    adds = f.instr.params["mode"] == "add"
    units = 1 if axis == 0 else base.shape[0]

    def emit() -> None:
        b = f.b
        part = const(base.size // units)
        with counted(b, b.mul(f.begin, part), b.mul(f.end, part)) as i:
            b.store(f.load(0, i), f.at(f.target, i))

        def body(flat: Any, other: Any, good: Any) -> None:
            with b.if_then(good):
                place = f.at(f.target, other)
                value = f.load(2, flat)
                b.store(f.plus(b.load(place), value) if adds else value, place)
        _along(f, f.specs[1].shape, axis, base.shape[axis], 1, body, base.shape)
    return emit, units, base.size + f.specs[1].size * 4


_RULES: dict[str, Callable[[SpecialFunction], Rule]] = {
    "window_argmax": _window_argmax, "window_take": _window_take, "window_put": _window_put,
    "window_position": _window_position, "window_sum": _window_sum,
    "window_spread": _window_spread, "take": _take, "put_at": _put_at,
    "take_along": _take_along, "put_along": _put_along,
    **{name: partial(rule, counted=counted) for name, rule in pieces.RULES.items()}}


def takes(instr: Any, specs: dict[int, Any]) -> bool:
    """Whether there are loops for a line."""
    if instr.prim.name not in _RULES or isinstance(instr.spec, tuple) or not instr.spec.size:
        return False
    if instr.params.get("mode", "set") not in ("set", "add"):
        return False
    plain = ("float32", "float64", "int64", "int32", "uint8", "bool")
    operands = [specs[a] for a in instr.args]
    if any(s.dtype.name not in plain or not s.size for s in operands):
        return False
    first = operands[0]
    if instr.prim.name in pieces.RULES:
        return pieces.takes(instr, operands)
    if instr.prim.name.startswith("put") and (
            first.dtype.name == "bool" or operands[1 if instr.prim.name == "put_at" else 2].dtype
            is not first.dtype):
        return False
    indices = {"take": operands[1:], "put_at": operands[2:], "take_along": operands[1:],
               "put_along": operands[1:2]}.get(instr.prim.name, [])
    if instr.prim.name == "put_along" and operands[1].shape != operands[2].shape:
        return False
    return all(s.dtype.name == "int64" and s.shape for s in indices)
