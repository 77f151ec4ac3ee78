"""Operators on symbolic values: numbers become constants, dtypes are promoted, shapes broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtype import dtype, get_default_dtype, python_dtype, result_type_of
from ..graph import Shape
from . import elementwise as ew
from .define import Primitive, Sym
from .movement import expand, reshape


def broadcast_shape(*shapes: Shape) -> Shape:
    """The common shape of operands.

    Raises:
        RuntimeError: where two sizes differ and neither is 1, naming both and the dimension.
    """
    out: list[int] = []
    for shape in shapes:
        if len(shape) > len(out):
            out = [1] * (len(shape) - len(out)) + out
        for i in range(1, len(shape) + 1):
            n, m = shape[-i], out[-i]
            if n != m and n != 1:
                if m != 1:
                    raise RuntimeError(
                        f"The size of tensor a ({m}) must match the size of tensor b ({n}) at "
                        f"non-singleton dimension {len(out) - i}")
                out[-i] = n
    return tuple(out)


def broadcast_to(x: Sym, shape: Shape) -> Sym:
    """Repeat x to a shape (values without dimensions stay as they are: primitives take them)."""
    if x.shape == shape or x.shape == ():
        return x
    return expand(x, shape=shape)


def literal(value: Any, d: dtype) -> Sym:
    """A constant without dimensions."""
    return ew.constant(value=value, dtype=d)


def result_type(*operands: Any) -> dtype:
    """The promoted dtype of symbolic values and Python numbers."""
    entries = []
    for x in operands:
        if isinstance(x, Sym):
            if x.spec.weak:
                kind = (bool, int, float, complex)[x.dtype.category]
                entries.append((python_dtype(kind), 0))
            else:
                entries.append((x.dtype, 2 if x.shape else 1))
        else:
            entries.append((python_dtype(type(x)), 0))
    return result_type_of(entries)


def astype(x: Any, d: dtype) -> Sym:
    """x as a symbolic value of dtype d."""
    if not isinstance(x, Sym):
        return literal(x, d)
    if x.dtype is d and not x.spec.weak:
        return x
    return ew.cast(x, dtype=d)


def operands(*values: Any, d: dtype | None = None) -> list[Sym]:
    """Operands promoted to one dtype and broadcast to one shape."""
    d = d or result_type(*values)
    syms = [astype(v, d) for v in values]
    shape = broadcast_shape(*[s.shape for s in syms])
    return [broadcast_to(s, shape) for s in syms]


def _binary(prim: Primitive) -> Any:
    def call(a: Any, b: Any) -> Sym:
        x, y = operands(a, b)
        out: Sym = prim(x, y)
        return out
    return call


def true_divide(a: Any, b: Any) -> Sym:
    """a / b, in the default floating-point type where both are integers."""
    d = result_type(a, b)
    x, y = operands(a, b, d=d if d.category >= 2 else get_default_dtype())
    out: Sym = ew.div(x, y)
    return out


def _power(a: Any, b: Any) -> Sym:
    if isinstance(b, (int, float)) and isinstance(a, Sym):
        if b == 2:
            out: Sym = a * a
            return out
        if b == 1:
            return a
    x, y = operands(a, b)
    result: Sym = ew.power(x, y)
    return result


def where(condition: Sym, a: Any, b: Any) -> Sym:
    """Elementwise choice with promotion of the branches and broadcasting of all three."""
    x, y = operands(a, b)
    shape = broadcast_shape(condition.shape, x.shape, y.shape)
    out: Sym = ew.select(*[broadcast_to(s, shape) for s in (condition, x, y)])
    if out.shape != shape:
        out = expand(out, shape=shape)
    return out


def with_dims(x: Sym, axes: Sequence[int]) -> Sym:
    """x with dimensions of size 1 inserted so that they stand at `axes` of the result."""
    shape = list(x.shape)
    for axis in sorted(axes):
        shape.insert(axis, 1)
    out: Sym = reshape(x, shape=tuple(shape))
    return out


Sym.operators.update(
    neg=ew.neg, add=_binary(ew.add), sub=_binary(ew.sub), mul=_binary(ew.mul), div=true_divide,
    pow=_power, lt=_binary(ew.lt), le=_binary(ew.le), gt=_binary(ew.gt), ge=_binary(ew.ge),
    eq=_binary(ew.eq), ne=_binary(ew.ne), bitwise_and=_binary(ew.bitwise_and),
    bitwise_or=_binary(ew.bitwise_or), bitwise_xor=_binary(ew.bitwise_xor),
    bitwise_not=ew.bitwise_not)
