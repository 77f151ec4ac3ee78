"""The `index_*` family: whole slices of one dimension, read from or written to positions."""

from __future__ import annotations

import warnings
from typing import Any

from ..autograd.base import TensorBase
from ..autograd.record import Value, op
from ..dtype import int32, int64, scalar_name
from ..ops import arithmetic as ar
from ..ops import gather as gt
from ..ops import movement as mv
from ..ops.define import Sym
from .calling import numpy_names, with_out
from .embedding import not_in_self
from .gathering import _as_row, _check_index, _shaped, _size, reduced_into
from .indexing import nonnegative, put_at
from .reduction import wrap_dim

gt.OutOfRange.wordings |= {
    "_index_select": not_in_self,
    "_index_copy": gt.out_of_bounds(IndexError, "index_copy_(): ")}


def _front(x: Sym, axis: int) -> Sym:
    """x with one dimension moved to the front."""
    if axis == 0:
        return x
    out: Sym = mv.permute(x, dims=(axis, *[d for d in range(x.ndim) if d != axis]))
    return out


def _back(x: Sym, axis: int) -> Sym:
    """x with the first dimension moved to `axis`."""
    if axis == 0:
        return x
    out: Sym = mv.permute(x, dims=(*range(1, axis + 1), 0, *range(axis + 1, x.ndim)))
    return out


# ---- reading ------------------------------------------------------------------------------------

@op(grad="IndexSelectBackward0", widen=False)
def _index_select(input: Value, dim: int, index: Value) -> Any:
    axis = wrap_dim(dim, input.ndim)
    if index.dtype not in (int64, int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if not input.ndim and index.size != 1:
        raise IndexError("index_select(): Index to scalar can have only 1 value, got "
                         f"{index.size} value(s)")
    x, i = _as_row(input), _as_row(ar.astype(index, int64))
    out = _back(gt.take(_front(x, axis), i), axis)
    return out if input.ndim else mv.reshape(out, shape=())


@numpy_names
def index_select(input: Any, dim: int, index: Any, *, out: Any = None) -> Any:
    """Slices of a dimension, in the order of an index.

    Args:
        dim: the dimension.
        index: a vector of int64 or int32 positions, not negative.
        out: where to write the result.

    Raises:
        IndexError: out of range, or for an index that is no vector.

    Example:
        >>> import flambeau as torch
        >>> torch.index_select(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([1, 1]))
        tensor([[2, 2],
                [4, 4]])

    Source: PyTorch, torch.index_select.
    """
    size, axis = _size(input, dim)
    try:
        _check_index(index, size, axis, IndexError)
    except IndexError:
        raise not_in_self() from None
    return with_out(_index_select, out, input, dim, index)


# ---- writing ------------------------------------------------------------------------------------

def _write(input: Sym, axis: int, index: Sym, source: Sym, mode: str) -> Sym:
    x = _as_row(input)
    i = _as_row(ar.astype(index, int64))
    rows = _front(_as_row(source), axis)
    return _shaped(_back(gt.put_at(_front(x, axis), rows, i, mode=mode), axis), input.shape)


def _check_index_kind(name: str, index: Sym) -> None:
    if index.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got dim: {index.ndim} "
                         f"with type: {scalar_name(index.dtype)} and size: {list(index.shape)}")
    if index.dtype not in (int64, int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index but got: "
                           f"{scalar_name(index.dtype)}")


def _check_source(name: str, input: Sym, index: Sym, source: Sym, axis: int) -> None:
    _check_index_kind(name, index)
    if source.dtype is not input.dtype:
        raise RuntimeError(f"{name}(): self ({scalar_name(input.dtype)}) and source "
                           f"({scalar_name(source.dtype)}) must have the same scalar type")
    have = source.shape[axis] if source.ndim > axis else 1
    if index.size != have:
        raise RuntimeError(f"{name}(): Number of indices ({index.size}) should be equal to "
                           f"source.size(dim): ({have}), for dim: {axis}")
    if [n for d, n in enumerate(input.shape) if d != axis] != [
            n for d, n in enumerate(source.shape) if d != axis] or input.ndim != source.ndim:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(input.shape)} source.shape = {list(source.shape)}")


@op(grad="IndexAddBackward0", widen=False)
def _index_add(input: Value, dim: int, index: Value, source: Value, alpha: Value) -> Any:
    axis = wrap_dim(dim, input.ndim)
    _check_source("index_add_", input, index, source, axis)
    return _write(input, axis, index, ar.astype(source * alpha, input.dtype), "add")


@numpy_names
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1,
              out: Any = None) -> Any:
    """A copy with `alpha · source` added to slices of a dimension; repeated positions add up.

    Args:
        dim: the dimension.
        index: a vector of positions.
        source: one slice per position.
        alpha: a factor.

    Raises:
        RuntimeError: for shapes or dtypes that do not fit and indices out of range.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros(3).index_add(0, torch.tensor([0, 0, 2]), torch.ones(3))
        tensor([2., 0., 1.])

    Source: PyTorch, torch.Tensor.index_add_.
    """
    size, axis = _size(input, dim)
    _check_index(index, size, axis)
    return with_out(_index_add, out, input, dim, index, source, alpha)


@op(grad="IndexCopyBackward0", widen=False)
def _index_copy(input: Value, dim: int, index: Value, source: Value) -> Any:
    axis = wrap_dim(dim, input.ndim)
    have = source.shape[axis] if source.ndim > axis else 1
    if index.size != have:
        raise IndexError(f"index_copy_(): Number of indices ({index.size}) should be equal to "
                         f"source.size(dim) ({have})")
    if index.dtype is not int64:
        raise RuntimeError("index_copy_(): Expected a long tensor for index, but got "
                           f"{scalar_name(index.dtype)}")
    if source.dtype is not input.dtype:
        raise RuntimeError("index_copy_(): self and source expected to have the same dtype, but "
                           f"got (self) {scalar_name(input.dtype)} and (source) "
                           f"{scalar_name(source.dtype)}")
    return _write(input, axis, index, source, "set")


@numpy_names
def index_copy(input: Any, dim: int, index: Any, source: Any, *, out: Any = None) -> Any:
    """A copy with slices of a dimension replaced by those of `source`.

    Args:
        dim: the dimension.
        index: a vector of positions.
        source: one slice per position.

    Raises:
        IndexError, RuntimeError: for shapes or dtypes that do not fit and indices out of range.
    """
    size, axis = _size(input, dim)
    _check_index(index, size, axis, IndexError, "index_copy_(): ")
    return with_out(_index_copy, out, input, dim, index, source)


@op(grad=lambda specs, static: f"IndexFillBackward{int(not specs[2].weak)}", widen=False)
def _index_fill(input: Value, dim: int, index: Value, value: Value) -> Any:
    axis = wrap_dim(dim, input.ndim)
    if index.dtype is not int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if value.ndim:
        raise RuntimeError("index_fill_ only supports a 0-dimensional value tensor, but got tensor "
                           f"with {value.ndim} dimension(s).")
    x = _as_row(input)
    i = _as_row(nonnegative(index, x.shape[axis]))
    shape = (*x.shape[:axis], i.shape[0], *x.shape[axis + 1:])
    fill = mv.expand(ar.astype(value, x.dtype), shape=shape)
    return _write(input, axis, i, fill, "set")


@numpy_names
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """A copy with slices of a dimension filled with one value.

    Args:
        dim: the dimension.
        index: a vector of positions.
        value: a number or a 0-d tensor.

    Raises:
        IndexError: out of range.
    """
    size, axis = _size(input, dim)
    _check_index(index, size, axis, IndexError, negative=True)
    return _index_fill(input, dim, index, value)


@op(grad="IndexReduceBackward0")
def _index_reduce(input: Value, dim: int, index: Value, source: Value, reduce: str,
                  include_self: bool) -> Any:
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError("index_reduce(): Expected reduce to be one of prod, mean, amax or amin "
                           f"but got {reduce}.")
    axis = wrap_dim(dim, input.ndim)
    _check_source("index_reduce_", input, index, source, axis)
    i = _as_row(ar.astype(index, int64))

    def put(base: Sym, update: Sym, mode: str) -> Any:
        return gt.put_at(base, update, i, mode=mode)
    out = reduced_into(_front(_as_row(input), axis), _front(_as_row(source), axis), put, reduce,
                       include_self)
    return _shaped(_back(out, axis), input.shape)


@numpy_names
def index_reduce(input: Any, dim: int, index: Any, source: Any, reduce: str, *,
                 include_self: bool = True, out: Any = None) -> Any:
    """A copy with slices of a dimension combined with those of `source`.

    Args:
        dim: the dimension.
        index: a vector of positions.
        source: one slice per position.
        reduce: "prod", "mean", "amax" or "amin".
        include_self: whether the input's own values take part. Default: True.

    Raises:
        RuntimeError: for shapes or dtypes that do not fit and indices out of range.
    """
    warnings.warn("index_reduce() is in beta and the API may change at any time.", UserWarning,
                  stacklevel=2)
    size, axis = _size(input, dim)
    _check_index(index, size, axis)
    return with_out(_index_reduce, out, input, dim, index, source, reduce, include_self)


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy with values written, or added, at joint positions.

    Args:
        indices: one integer tensor per leading dimension (broadcast against each other), or masks.
        values: broadcast to the positions' shape.
        accumulate: add instead of replacing; repeated positions add up.

    Raises:
        IndexError, RuntimeError: for shapes or dtypes that do not fit and indices out of range.

    Source: PyTorch, torch.Tensor.index_put_.
    """
    found, d = {}, 0
    for i, index in enumerate(indices):
        if not isinstance(index, TensorBase):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got "
                            f"{type(index).__name__}")
        s: Any = index._node.spec
        found[d] = index
        d += len(s.shape) if s.dtype.category == 0 or s.dtype.name == "uint8" else 1
    if d > len(input._node.spec.shape):
        raise IndexError("too many indices for tensor of dimension "
                         f"{len(input._node.spec.shape)} (got {d})")
    return put_at(input, found, values, accumulate)
