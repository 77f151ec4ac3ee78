"""Reductions: sums, means, extremes, norms, statistics."""

from __future__ import annotations

from typing import Any

from ..autograd.record import Value, op
from ..dtype import int64
from ..ops import arithmetic as ar
from ..ops import reduction as rd
from ..ops.movement import reshape


def axes_of(x: Any, dim: Any) -> tuple[int, ...]:
    """Dimensions given as None, an int or a sequence, as sorted non-negative numbers.

    Raises:
        IndexError: for a dimension out of range.
        RuntimeError: for one that is named twice.
    """
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(x.ndim))
    dims = (dim,) if not isinstance(dim, (tuple, list)) else dim
    out = [wrap_dim(d, x.ndim) for d in dims]
    if len(set(out)) != len(out):
        twice = next(d for d in out if out.count(d) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return tuple(sorted(out))


def wrap_dim(dim: int, ndim: int) -> int:
    """A dimension counted from the end where negative.

    Raises:
        IndexError: out of range.
    """
    n = max(ndim, 1)
    if not -n <= dim < n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but "
                         f"got {dim})")
    return dim % n


def keep(x: Any, reduced: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
    """The reduced value with its dimensions kept as 1 if asked for."""
    if not keepdim or not x.ndim:
        return reduced
    return reshape(reduced, shape=tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


@op(grad=lambda specs, static: "SumBackward0" if static[0] is None else "SumBackward1")
def sum(input: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over dimensions (all by default); integers are summed in int64."""
    if dtype is not None:
        input = ar.astype(input, dtype)
    elif input.dtype.category < 2:
        input = ar.astype(input, int64)
    if not input.ndim:
        return input * 1
    axes = axes_of(input, dim)
    return keep(input, rd.reduce_sum(input, axes=axes), axes, keepdim)
