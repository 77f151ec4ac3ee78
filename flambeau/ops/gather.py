"""Gather and scatter: values read from, or written to, positions that are themselves values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Spec, spec
from .define import Primitive, Sym
from .elementwise import cast, select
from .movement import zeros

# How `put_*` combine: set replaces, the others accumulate.
_COMBINE = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


Wording = Callable[[int, int, int], Exception]


def out_of_bounds(error: type[Exception], head: str = "", wraps: bool = False) -> Wording:
    """PyTorch's usual wording for an index, a dimension and its size.

    Args:
        error: what is raised.
        head: what stands before it.
        wraps: whether indices count from the end too; negative ones have had the size added.
    """
    def wording(index: int, axis: int, size: int) -> Exception:
        asked = index - size if wraps and index < 0 else index
        return error(f"{head}index {asked} is out of bounds for dimension {axis} with size {size}")
    return wording


class OutOfRange(IndexError):
    """An index outside the dimension that it counts along, found when it is used.

    Attributes:
        facts: the index, the dimension and its size.
        wordings: by the name of a composite, the exception that PyTorch raises there.
    """

    wordings: dict[str, Wording] = {}

    def __init__(self, index: int, axis: int, size: int) -> None:
        super().__init__(*_usual(index, axis, size).args)
        self.facts = index, axis, size

    def worded(self, name: str) -> Exception:
        """The exception that a composite (or its derivative) raises for it."""
        return self.wordings.get(name.removesuffix("_backward"), _usual)(*self.facts)


_usual = out_of_bounds(IndexError)


def _check(index: Any, axis: int, size: int) -> None:
    if index.size and (index.min() < 0 or index.max() >= size):
        bad = index.reshape(-1)[np.flatnonzero((index < 0) | (index >= size))[0]]
        raise OutOfRange(int(bad), axis, size)


# ---- along one axis: index and result have the same number of dimensions ------------------------

def _along(index: Any, axis: int) -> tuple[Any, ...]:
    grid = [np.arange(n).reshape((n,) + (1,) * (index.ndim - i - 1))
            for i, n in enumerate(index.shape)]
    grid[axis] = index
    return tuple(grid)


def _take_along_numpy(x: Any, index: Any, axis: int) -> Any:
    _check(index, axis, x.shape[axis])
    return x[_along(index, axis)]


def _put(base: Any, position: tuple[Any, ...], update: Any, mode: str) -> Any:
    out = np.array(base)
    if mode == "set":
        out[position] = update
    else:
        _COMBINE[mode].at(out, position, update)
    return out


def _put_along_numpy(base: Any, index: Any, update: Any, axis: int, mode: str) -> Any:
    _check(index, axis, base.shape[axis])
    part = update[tuple(slice(0, n) for n in index.shape)]
    return _put(base, _along(index, axis), part, mode)


def _product_vjp(g: Sym, base: Sym, update: Sym, read: Any, put: Any) -> tuple[Sym, Sym]:
    """Each factor's gradient is the product of the others, exact where factors are zero."""
    none, no_update = base.eq(0), update.eq(0)
    one, other = select(none, base * 0 + 1, base), select(no_update, update * 0 + 1, update)
    product = put(one, other, "mul")  # of the factors that are not zero
    zeros_ = put(cast(none, dtype=g.dtype), cast(no_update, dtype=g.dtype), "add")

    def rest(count: Sym, absent: Sym, whole: Sym, factor: Sym) -> Sym:
        quotient = whole / factor
        return select((count - cast(absent, dtype=g.dtype)).eq(0), quotient, quotient * 0)
    return (g * rest(zeros_, none, product, one),
            read(g) * rest(read(zeros_), no_update, read(product), other))


def _put_along_vjp(g: Sym, y: Sym, base: Sym, index: Sym, update: Sym, axis: int,
                   mode: str) -> list[Sym | None]:
    if mode == "set":
        cleared = put_along(g, index, zeros(index.shape, g), axis=axis, mode="set")
        return [cleared, None, take_along(g, index, axis=axis)]
    if mode == "add":
        return [g, None, take_along(g, index, axis=axis)]
    if mode == "mul":
        own, other = _product_vjp(g, base, update, lambda x: take_along(x, index, axis=axis),
                                  lambda b, u, m: put_along(b, index, u, axis=axis, mode=m))
        return [own, None, other]
    hit_base = cast(base.eq(y), dtype=g.dtype)
    hit = cast(update.eq(take_along(y, index, axis=axis)), dtype=g.dtype)
    count = put_along(hit_base, index, hit, axis=axis, mode="add")
    share = g / count
    return [share * hit_base, None, take_along(share, index, axis=axis) * hit]


take_along = Primitive(
    "take_along", "gather", _take_along_numpy, lambda x, i, axis: spec(i.shape, x.dtype),
    lambda g, y, x, index, axis: [
        put_along(zeros(x.shape, g), index, g, axis=axis, mode="add"), None])
put_along: Primitive = Primitive(  # update has the shape of index
    "put_along", "gather", _put_along_numpy,
    lambda b, i, u, axis, mode: spec(b.shape, b.dtype), _put_along_vjp)


# ---- by coordinates: the first axes are indexed jointly -----------------------------------------

def _take_rule(x: Spec, *indices: Spec) -> Spec:
    return spec(indices[0].shape + x.shape[len(indices):], x.dtype)


def _take_numpy(x: Any, *indices: Any) -> Any:
    for axis, (index, size) in enumerate(zip(indices, x.shape, strict=False)):
        _check(index, axis, size)
    return x[indices]


def _put_at_numpy(base: Any, update: Any, *indices: Any, mode: str) -> Any:
    for axis, (index, size) in enumerate(zip(indices, base.shape, strict=False)):
        _check(index, axis, size)
    if mode == "add" and len(indices) == 1 and base.ndim == 2:
        return base + _sum_rows(update, indices[0], base.shape)
    return _put(base, indices, update, mode)


def _sum_rows(update: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Σ of the rows of `update` that share an index: sorted once, then summed by runs."""
    index = index.reshape(-1)
    rows = update.reshape(index.size, shape[1])
    out = np.zeros(shape, update.dtype)
    if index.size:
        order = np.argsort(index, kind="stable")
        ordered = index[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        out[ordered[starts]] = np.add.reduceat(rows[order], starts, axis=0)
    return out


def _put_at_vjp(g: Sym, y: Sym, base: Sym, update: Sym, *indices: Sym,
                mode: str) -> list[Sym | None]:
    nones: list[Sym | None] = [None] * len(indices)
    taken = take(g, *indices)
    if mode == "set":
        return [put_at(g, zeros(update.shape, g), *indices, mode="set"), taken, *nones]
    if mode == "add":
        return [g, taken, *nones]
    if mode == "mul":
        own, other = _product_vjp(g, base, update, lambda x: take(x, *indices),
                                  lambda b, u, m: put_at(b, u, *indices, mode=m))
        return [own, other, *nones]
    hit_base = cast(base.eq(y), dtype=g.dtype)
    hit = cast(update.eq(take(y, *indices)), dtype=g.dtype)
    share = g / put_at(hit_base, hit, *indices, mode="add")
    return [share * hit_base, take(share, *indices) * hit, *nones]


take = Primitive(
    "take", "gather", _take_numpy, _take_rule,
    lambda g, y, x, *indices: [put_at(zeros(x.shape, g), g, *indices, mode="add"),
                               *[None] * len(indices)])
put_at: Primitive = Primitive(
    "put_at", "gather", _put_at_numpy,
    lambda b, u, *indices, mode: spec(b.shape, b.dtype), _put_at_vjp)
