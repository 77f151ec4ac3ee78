"""Reductions over axes (which are dropped), positions of extremes, and cumulative scans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..dtype import dtype, int64
from ..graph import Spec, spec
from .define import Primitive, Sym
from .elementwise import cast, conj, exp, mul, select
from .movement import embed, expand, permute, reshape, strided_slice, zeros

Ints = tuple[int, ...]


def _dropped(s: Spec, axes: Ints) -> Spec:
    return spec(tuple(n for i, n in enumerate(s.shape) if i not in axes), s.dtype)


def restore(x: Sym, like: Sym, axes: Ints) -> Sym:
    """Repeat a reduced value over the axes that were dropped."""
    kept = tuple(1 if i in axes else n for i, n in enumerate(like.shape))
    return expand(reshape(x, shape=kept), shape=like.shape)


def _reduction(name: str, numpy: Callable[..., Any], vjp: Callable[..., Any] | None) -> Primitive:
    def run(x: Any, axes: Ints) -> Any:
        return numpy(x, axis=axes)
    return Primitive(name, "reduction", run, _dropped,
                     None if vjp is None else lambda g, y, x, axes: [vjp(g, y, x, axes)])


def _sum_numpy(x: Any, axis: Ints) -> Any:
    return np.sum(x, axis=axis, dtype=x.dtype)


def _prod_numpy(x: Any, axis: Ints) -> Any:
    return np.prod(x, axis=axis, dtype=x.dtype)


def _extreme_vjp(g: Sym, y: Sym, x: Sym, axes: Ints) -> Sym:
    hit = cast(x.eq(restore(y, x, axes)), dtype=g.dtype)
    count = reduce_sum(hit, axes=axes)
    return hit * restore(g / count, x, axes)


def _prod_vjp(g: Sym, y: Sym, x: Sym, axes: Ints) -> Sym:
    """Products of all other elements, from both sides, so that zeros do no harm."""
    out = restore(g, x, axes)
    order = [i for i in range(x.ndim) if i not in axes] + list(axes)
    rest = tuple(x.shape[i] for i in order[:x.ndim - len(axes)])
    count = 1
    for a in axes:
        count *= x.shape[a]
    rows = reshape(permute(x, dims=tuple(order)), shape=(*rest, count))
    sides = mul(_exclusive_product(rows, False), _exclusive_product(rows, True))
    back = reshape(sides, shape=tuple(x.shape[i] for i in order))
    inverse = tuple(int(i) for i in np.argsort(order))
    others = permute(back, dims=inverse)
    return out * (conj(others) if x.dtype.is_complex else others)


def _exclusive_product(rows: Sym, reverse: bool) -> Sym:
    axis, n = rows.ndim - 1, rows.shape[-1]
    one = (1,) * rows.ndim
    shape = (*rows.shape[:-1], max(n - 1, 0))
    begin, place = ((1, 0) if reverse else (0, 1))
    if n == 0:
        return rows
    part = strided_slice(rows, start=(0,) * axis + (begin,), shape=shape, step=one)
    running = cumprod(part, axis=axis, reverse=reverse)
    return embed(running, shape=rows.shape, start=(0,) * axis + (place,), step=one, value=1)


reduce_sum = _reduction("reduce_sum", _sum_numpy, lambda g, y, x, axes: restore(g, x, axes))
reduce_prod = _reduction("reduce_prod", _prod_numpy, _prod_vjp)
reduce_max = _reduction("reduce_max", np.max, _extreme_vjp)
reduce_min = _reduction("reduce_min", np.min, _extreme_vjp)
reduce_any = _reduction("reduce_any", np.any, None)
reduce_all = _reduction("reduce_all", np.all, None)


def _position(name: str, numpy: Callable[..., Any]) -> Primitive:
    return Primitive(name, "reduction", lambda x, axis: np.asarray(numpy(x, axis=axis), np.int64),
                     lambda s, axis: spec(_dropped(s, (axis,)).shape, int64))


argmax = _position("argmax", np.argmax)  # the first position; NaN counts as the extreme
argmin = _position("argmin", np.argmin)


# ---- cumulative ----------------------------------------------------------------------------------

def _scan(name: str, accumulate: Callable[..., Any], vjp: Callable[..., Any] | None,
          result: dtype | None = None) -> Primitive:
    def run(x: Any, axis: int, reverse: bool) -> Any:
        if reverse:
            return np.flip(accumulate(np.flip(x, axis), axis), axis)
        return accumulate(x, axis)
    return Primitive(name, "cumulative", run,
                     lambda s, axis, reverse: spec(s.shape, result or s.dtype), vjp)


def _cumprod_vjp(g: Sym, y: Sym, x: Sym, axis: int, reverse: bool) -> list[Sym]:
    """Σ_{k≥i} g_k Π_{j≤k, j≠i} x_j, exact at zeros: one masked product per position."""
    if x.dtype.is_complex:
        x = conj(x)
    n = x.shape[axis]
    lead, tail = x.shape[:axis], x.shape[axis + 1:]
    grid = (*lead, n, n, *tail)
    rows = expand(reshape(x, shape=(*lead, 1, n, *tail)), shape=grid)
    diagonal = _eye(n, len(lead), len(tail), grid)
    ones = rows * 0 + 1
    products = cumprod(select(diagonal, ones, rows), axis=axis + 1, reverse=reverse)
    mask = cumsum(cast(diagonal, dtype=x.dtype), axis=axis + 1, reverse=reverse)
    weighted = products * mask * expand(reshape(g, shape=(*lead, 1, n, *tail)), shape=grid)
    return [reduce_sum(weighted, axes=(axis + 1,))]


def _logcumsumexp_vjp(g: Sym, y: Sym, x: Sym, axis: int, reverse: bool) -> Sym:
    """Σ_{k≥i} g_k exp(x_i - y_k), pair by pair: no factor exceeds 1, so nothing overflows."""
    n = x.shape[axis]
    lead, tail = x.shape[:axis], x.shape[axis + 1:]
    grid = (*lead, n, n, *tail)

    def spread(value: Sym, place: int) -> Sym:
        shape = (*lead, n, 1, *tail) if place == 0 else (*lead, 1, n, *tail)
        return expand(reshape(value, shape=shape), shape=grid)
    after = cumsum(cast(_eye(n, len(lead), len(tail), grid), dtype=int64), axis=axis + 1,
                   reverse=reverse).ne(0)
    below = spread(y, 1)
    counted = after & below.ne(float("-inf"))
    gap = select(counted, spread(x, 0) - below, zeros(grid, x))
    terms = select(counted, exp(gap) * spread(g, 1), zeros(grid, x))
    return reduce_sum(terms, axes=(axis + 1,))


def _eye(n: int, lead: int, tail: int, grid: Ints) -> Sym:
    axis = iota(n=n)
    rows = expand(reshape(axis, shape=(n, 1)), shape=(n, n))
    columns = expand(reshape(axis, shape=(1, n)), shape=(n, n))
    return expand(reshape(rows.eq(columns), shape=(1,) * lead + (n, n) + (1,) * tail), shape=grid)


def _running_position(better: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def run(x: Any, axis: int) -> Any:
        x = np.moveaxis(np.asarray(x), axis, 0)
        out = np.zeros(x.shape, np.int64)
        if x.shape[0]:
            best = x[0].copy()
            for i in range(1, x.shape[0]):
                hit = better(x[i], best) | np.not_equal(x[i], x[i])
                best = np.where(hit, x[i], best)
                out[i] = np.where(hit, i, out[i - 1])
        return np.moveaxis(out, 0, axis)
    return run


cumsum: Primitive = _scan("cumsum", lambda x, axis: np.cumsum(x, axis, dtype=x.dtype),
               lambda g, y, x, axis, reverse: [cumsum(g, axis=axis, reverse=not reverse)])
cumprod = _scan("cumprod", lambda x, axis: np.cumprod(x, axis, dtype=x.dtype), _cumprod_vjp)
logcumsumexp = _scan(
    "logcumsumexp", lambda x, axis: np.logaddexp.accumulate(x, axis),
    lambda g, y, x, axis, reverse: [_logcumsumexp_vjp(g, y, x, axis, reverse)])
cumulative_argmax = _scan("cumulative_argmax", _running_position(np.greater_equal), None, int64)
cumulative_argmin = _scan("cumulative_argmin", _running_position(np.less_equal), None, int64)
iota = Primitive("iota", "constant", lambda n: np.arange(n), lambda n: spec((n,), int64),
                 lambda g, y, **params: [])
