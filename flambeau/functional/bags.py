"""Bags of embeddings: rows of a table, looked up and combined."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.base import wrap
from ..autograd.record import Value, op
from ..dtype import int64, scalar_name
from ..graph import leaf
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.gather import OutOfRange, put_at, take_along
from ..ops.movement import expand, reshape, strided_slice, zeros
from .embedding import check_range, renorm_rows, rows


def _bag_numbers(offsets: Any, count: int) -> Any:
    """For each of `count` positions the number of its bag: how many bags have begun, less one."""
    marks = put_at(zeros((count + 1,), offsets), expand(ar.literal(1, int64), shape=offsets.shape),
                   offsets, mode="add")
    begun = rd.cumsum(marks, axis=0, reverse=False)
    return strided_slice(begun, start=(0,), shape=(count,), step=(1,)) - 1


def _kept(index: Any, padding_idx: int) -> Any:
    """True where an index counts: it is neither the padding nor a filler."""
    return (index >= 0) & index.ne(padding_idx)


@op(name="embedding_bag", grad="EmbeddingBagBackward0")
def _summed(weight: Value, index: Value, offsets: Value, scale: Value = None, bags: int = 0,
            mode: str = "mean", padding_idx: int = -1, scale_grad_by_freq: bool = False) -> Any:
    """Sums or means of bags that begin at the offsets."""
    index, offsets = ar.astype(index, int64), ar.astype(offsets, int64)
    kept = ar.with_dims(_kept(index, padding_idx), (1,))
    values = ar.where(kept, rows(weight, index, padding_idx, scale_grad_by_freq),
                      ar.literal(0, weight.dtype))
    if scale is not None:
        values = values * ar.with_dims(scale, (1,))
    bag = _bag_numbers(offsets, index.size)
    total = put_at(zeros((bags, weight.shape[1]), weight), values, bag, mode="add")
    if mode == "sum":
        return total
    sizes = put_at(zeros((bags,), weight), ew.cast(reshape(kept, shape=index.shape),
                                                   dtype=weight.dtype), bag, mode="add")
    return total / ar.with_dims(ar.where(sizes.eq(0), ar.literal(1, sizes.dtype), sizes), (1,))


@op(name="embedding_bag_rows", grad="EmbeddingBagBackward0")
def _combined(weight: Value, index: Value, scale: Value = None, mode: str = "mean",
              padding_idx: int = -1, scale_grad_by_freq: bool = False) -> Any:
    """Sums, means or largest elements of bags that are the rows of a matrix of indices."""
    index = ar.astype(index, int64)
    bags, length = index.shape
    kept = _kept(index, padding_idx)
    mask = ar.with_dims(kept, (2,))
    filled = ar.where(kept, index, 0)
    values = rows(weight, filled, -1, scale_grad_by_freq)
    zero = ar.literal(0, weight.dtype)
    if mode == "max" and length:
        chosen = rd.argmax(ar.where(mask, values, ar.literal(float("-inf"), values.dtype)), axis=1)
        place = reshape(chosen, shape=(bags, 1, weight.shape[1]))
        best = take_along(ar.where(mask, values, zero), place, axis=1)
        return reshape(best, shape=(bags, weight.shape[1]))
    values = ar.where(mask, values, zero)
    if scale is not None:
        values = values * ar.with_dims(scale, (2,))
    total = rd.reduce_sum(values, axes=(1,))
    if mode == "sum" or not length:
        return total
    sizes = rd.reduce_sum(ew.cast(kept, dtype=weight.dtype), axes=(1,))
    return total / ar.with_dims(ar.where(sizes.eq(0), ar.literal(1, sizes.dtype), sizes), (1,))


def _matrix(input: Any, offsets: Any, include_last_offset: bool) -> Any:
    """Ragged bags as the rows of a matrix, filled up with -1."""
    flat = np.asarray(input._data("embedding_bag"), np.int64)
    starts = np.asarray(offsets._data("embedding_bag"), np.int64)
    ends = starts[1:] if include_last_offset else np.append(starts[1:], flat.size)
    sizes = ends - starts[:len(ends)]
    matrix = np.full((len(ends), int(sizes.max(initial=0))), -1, np.int64)
    for row, start, size in zip(matrix, starts, sizes, strict=False):
        row[:size] = flat[start:start + size]
    return wrap(leaf(matrix))


def _check_shapes(input: Any, weight: Any, offsets: Any, scale: Any) -> None:
    if scale is not None and tuple(input.shape) != tuple(scale.shape):
        raise ValueError(f"embedding_bag: If per_sample_weights ({scale.shape}) is not None, then "
                         f"it must have the same shape as the input ({input.shape})")
    if weight.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}")
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError("if input is 2D, then offsets has to be None, as input is treated is "
                             "a mini-batch of fixed length sequences. However, found offsets of "
                             f"type {type(offsets)}")
    elif input.ndim != 1:
        raise ValueError("input has to be 1D or 2D Tensor, but got Tensor of dimension "
                         f"{input.ndim}")
    elif offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    elif offsets.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor")


def _check_mode(mode: str, scale_grad_by_freq: bool, sparse: bool) -> None:
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")


def _no_row(index: int, *facts: int) -> Exception:
    return RuntimeError("embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to "
                        f"be {index}")


OutOfRange.wordings |= dict.fromkeys(("embedding_bag", "embedding_bag_rows"), _no_row)


def _check_values(input: Any, offsets: Any, count: int) -> None:
    for name, x in (("input", input), ("offsets", offsets)):
        if x is not None and x.dtype.name not in ("int64", "int32"):
            raise RuntimeError(f"embedding_bag(): Expected '{name}' to be int32 or int64, but got "
                               f"{scalar_name(x.dtype)}")
    check_range(input, count, _no_row)
    starts = None if offsets is None else offsets._value().data
    if starts is not None and starts.size and starts[0] != 0:
        raise RuntimeError("offsets[0] has to be 0, i.e., the first sequence in the mini-batch has "
                           f"to start from position 0. However, got {int(starts[0])}")
    if starts is not None and starts.size and starts[-1] > input.shape[0]:
        raise RuntimeError("offsets[-1] can not be greater than input's length "
                           f"{input.shape[0]} but got offsets[-1] of {int(starts[-1])}")


def embedding_bag(input: Any, weight: Any, offsets: Any = None, max_norm: float | None = None,
                  norm_type: float = 2, scale_grad_by_freq: bool = False, mode: str = "mean",
                  sparse: bool = False, per_sample_weights: Any = None,
                  include_last_offset: bool = False, padding_idx: int | None = None) -> Any:
    """Sums, means or maxima of bags of rows of a table.

    Args:
        input: indices, (B, L) for bags of one length, or (N) with offsets; int64 or int32.
        weight: the table (V, D).
        offsets: where each bag begins in a one-dimensional input. Default: None.
        max_norm: rows looked up are first scaled down to this norm, in place. Default: None.
        norm_type: order of that norm. Default: 2.
        scale_grad_by_freq: divide gradients by the number of look-ups of a row. Default: False.
        mode: "sum", "mean" or "max". Default: "mean".
        sparse: accepted; gradients are dense. Default: False.
        per_sample_weights: factors of the rows, for "sum". Default: None.
        include_last_offset: the last offset is the end of the last bag. Default: False.
        padding_idx: index that does not count. Default: None.

    Returns:
        A tensor (bags, D); empty bags give zeros.

    Raises:
        ValueError, RuntimeError, IndexError: arguments that do not fit.
        NotImplementedError: per_sample_weights with another mode than "sum".

    Example:
        >>> import flambeau as torch
        >>> table = torch.tensor([[1., 2.], [3., 4.]])
        >>> torch.nn.functional.embedding_bag(torch.tensor([[0, 1]]), table, mode="sum")
        tensor([[4., 6.]])

    Source: PyTorch page `torch.nn.functional.embedding_bag`.
    """
    if weight.dtype is int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage "
            "`embedding_bag(weight, input, ...)` is deprecated, and should now be "
            "`embedding_bag(input, weight, ...)`.", stacklevel=2)
        weight, input = input, weight
    _check_shapes(input, weight, offsets, per_sample_weights)
    _check_mode(mode, scale_grad_by_freq, sparse)
    if max_norm is not None:
        renorm_rows(weight, input, max_norm, norm_type)
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}'). Please open a feature request on GitHub.")
    count = weight.shape[0]
    if padding_idx is not None and not -count <= padding_idx < count:
        raise RuntimeError("padding_idx must be within the number of embeddings, "
                           f"-{count} through {count - 1}, but got {padding_idx}")
    padding = -1 if padding_idx is None else padding_idx % count
    _check_values(input, offsets, count)
    if input.ndim == 2 or mode == "max":
        matrix = input if input.ndim == 2 else _matrix(input, offsets, include_last_offset)
        return _combined(weight, matrix, per_sample_weights, mode, padding, scale_grad_by_freq)
    bags = offsets.shape[0] - bool(include_last_offset)
    starts = offsets[:bags] if include_last_offset else offsets
    return _summed(weight, input, starts, per_sample_weights, bags, mode, padding,
                   scale_grad_by_freq)
