"""Order: sorting, the greatest k, the k-th least."""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.record import Value, op
from ..dtype import BOOL, int64
from ..ops import arithmetic as ar
from ..ops.gather import take_along
from ..ops.movement import reshape, strided_slice
from ..ops.sort import argsort as order_of
from .calling import not_implemented, numpy_names, presented, with_out
from .reduction import check_nonempty, selected, wrap_dim


def leading(x: Any, axis: int, count: int) -> Any:
    """The first `count` elements along an axis."""
    shape = tuple(count if i == axis else n for i, n in enumerate(x.shape))
    return strided_slice(x, start=(0,) * x.ndim, shape=shape, step=(1,) * x.ndim)


def _order(x: Any, dim: int, descending: bool) -> Any:
    axis = wrap_dim(dim, x.ndim)
    if x.dtype.is_complex:
        raise RuntimeError(" Sort does not support complex dtypes on CPU")
    return order_of(x, axis=axis, descending=bool(descending))


@op(name="sort", grad=lambda specs, static: f"SortBackward{int(static[2])}")
def _sort(input: Value, dim: int, descending: bool, stable: bool = False) -> Any:
    if not input.ndim:
        wrap_dim(dim, 0)
        return input, ar.literal(0, int64)
    order = _order(input, dim, descending)
    return take_along(input, order, axis=wrap_dim(dim, input.ndim)), order


@numpy_names
def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False, *,
         out: Any = None) -> Any:
    """The elements in order along a dimension, with their indices; NaN counts as the greatest.

    Args:
        input: a real tensor.
        dim: the dimension. Default: the last.
        descending: greatest first. Default: False.
        stable: keep the order of equal elements (always kept here). Default: False.

    Returns:
        (values, indices).

    Example:
        >>> import flambeau as torch
        >>> torch.sort(torch.tensor([3., 1., 2.])).indices
        tensor([1, 2, 0])

    Source: PyTorch, torch.sort.
    """
    return return_types.sort(with_out(_sort, out, input, dim, descending, bool(stable)))


@op(name="argsort")
def _argsort(input: Value, dim: int, descending: bool) -> Any:
    if not input.ndim:
        wrap_dim(dim, 0)
        return ar.literal(0, int64)
    return _order(input, dim, descending)


@presented("input dim descending stable")
@numpy_names
def argsort(input: Any, dim: int = -1, descending: bool = False, *, stable: bool = False,
            out: Any = None) -> Any:
    """The indices that sort a tensor along a dimension.

    Args:
        input: a real tensor.
        dim: the dimension. Default: the last.
        descending: greatest first. Default: False.
        stable: keep the order of equal elements (always kept here). Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.argsort(torch.tensor([3., 1., 2.]))
        tensor([1, 2, 0])

    Source: PyTorch, torch.argsort.
    """
    return with_out(_argsort, out, input, dim, descending)


@numpy_names
@op(grad="SortBackward0", out=True)
def msort(input: Value) -> Any:
    """The elements in ascending order along the first dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.msort(torch.tensor([3., 1., 2.]))
        tensor([1., 2., 3.])

    Source: PyTorch, torch.msort.
    """
    return _sort(input, 0, False)[0]


@op(name="topk")
def _topk(input: Value, k: int, dim: int, largest: bool) -> Any:
    axis = wrap_dim(dim, input.ndim)
    if not 0 <= k <= (input.shape[axis] if input.ndim else 1):
        raise RuntimeError("selected index k out of range")
    if not input.ndim:
        return input, ar.literal(0, int64)
    if input.dtype.category == BOOL or input.dtype.is_complex:
        kind = "topk does not support bool" if input.dtype.category == BOOL else (
            " topk does not support complex")
        raise RuntimeError(f"{kind} dtypes on CPU")
    index = leading(order_of(input, axis=axis, descending=bool(largest)), axis, k)
    return take_along(input, index, axis=axis), index


@numpy_names
def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *,
         out: Any = None) -> Any:
    """The k greatest (or least) elements along a dimension, in order, with their indices.

    Args:
        input: a real tensor; NaN counts as the greatest.
        k: how many.
        dim: the dimension. Default: the last.
        largest: the greatest; False: the least. Default: True.
        sorted: return them in order (always so here). Default: True.

    Returns:
        (values, indices).

    Raises:
        RuntimeError: where k exceeds the size of the dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.topk(torch.tensor([1., 4., 2., 3.]), 2).values
        tensor([4., 3.])

    Source: PyTorch, torch.topk.
    """
    return return_types.topk(with_out(_topk, out, input, int(k), dim, largest))


@op(name="kthvalue")
def _kthvalue(input: Value, k: int, dim: int, keepdim: bool) -> Any:
    axis = wrap_dim(dim, input.ndim)
    if not input.ndim:
        return input, ar.literal(0, int64)
    check_nonempty("kthvalue", input, (axis,))
    if not 1 <= k <= input.shape[axis]:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
    if input.dtype.category == BOOL or input.dtype.is_complex:
        raise not_implemented("kthvalue_cpu", input.dtype)
    return selected(input, pick(order_of(input, axis=axis, descending=False), axis, k - 1), axis,
                    keepdim)


def pick(x: Any, axis: int, index: int) -> Any:
    """The elements at one static index along an axis, which is dropped."""
    shape = tuple(1 if i == axis else n for i, n in enumerate(x.shape))
    start = tuple(index if i == axis else 0 for i in range(x.ndim))
    part = strided_slice(x, start=start, shape=shape, step=(1,) * x.ndim)
    return reshape(part, shape=shape[:axis] + shape[axis + 1:])


@numpy_names
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The k-th least element along a dimension, with its index.

    Args:
        input: a real tensor; NaN counts as the greatest.
        k: counted from 1.
        dim: the dimension. Default: the last.
        keepdim: keep the reduced dimension with size 1. Default: False.

    Returns:
        (values, indices).

    Example:
        >>> import flambeau as torch
        >>> torch.kthvalue(torch.tensor([1., 4., 2.]), 2).values
        tensor(2.)

    Source: PyTorch, torch.kthvalue.
    """
    return return_types.kthvalue(with_out(_kthvalue, out, input, int(k), dim, keepdim))
