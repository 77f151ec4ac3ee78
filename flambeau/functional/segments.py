"""Reductions of consecutive segments."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.base import wrap
from ..autograd.record import Value, op
from ..graph import leaf
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import gather as gt
from .gathering import reduced_into
from .reduction import wrap_dim

# What an empty segment gives.
_EMPTY = {"sum": 0.0, "mean": float("nan"), "prod": 1.0, "amax": float("-inf"),
          "amin": float("inf")}


@op(name="segment_reduce", grad="SegmentReduceBackward0", widen=False)
def _segments(start: Value, index: Value, data: Value, number: Value, axis: int, how: str,
              with_start: bool) -> Any:
    def put(base: Any, update: Any, mode: str) -> Any:
        return gt.put_along(base, index, update, axis=axis, mode=mode)
    if how != "mean" or not with_start:
        return reduced_into(start, data, put, how, with_start)
    total = reduced_into(start, data, put, "sum", True)
    count = ar.astype(number, data.dtype)
    return ew.select(count.eq(0), start, total / count)


def segment_reduce(data: Any, reduce: str, *, lengths: Any = None, indices: Any = None,
                   offsets: Any = None, axis: int = 0, unsafe: bool = False,
                   initial: float | None = None) -> Any:
    """Sums, means, products or extremes of consecutive segments along a dimension.

    Args:
        data: a floating-point tensor.
        reduce: "sum", "mean", "prod", "max" or "min".
        lengths: integers whose last dimension lists the segments; its others are those of `data`
            before `axis`.
        indices: not supported, as in PyTorch.
        offsets: where the segments start, and the end; instead of `lengths`.
        axis: the dimension; the last of `lengths`. Default: 0.
        unsafe: skip the check of the lengths. Default: False.
        initial: takes part in every segment; empty ones have its value. Default: what changes
            nothing.

    Returns:
        The data's shape with the number of segments in place of the dimension.

    Raises:
        RuntimeError: for lengths that do not fit, and other reductions.

    Example:
        >>> import flambeau as torch
        >>> torch.segment_reduce(torch.arange(5.), "sum", lengths=torch.tensor([2, 3]))
        tensor([1., 9.])

    Source: torch.segment_reduce
    """
    how = {"max": "amax", "min": "amin"}.get(reduce, reduce)
    if how not in _EMPTY:
        raise RuntimeError("reduce argument must be either sum, prod, mean, amax or amin, got "
                           f"{reduce}")
    if lengths is None and offsets is None:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    counts = (np.asarray(lengths._data("segment_reduce")) if lengths is not None
              else np.diff(np.asarray(offsets._data("segment_reduce")), axis=-1))
    axis = wrap_dim(axis, len(data.shape))
    _check(data, counts, axis, unsafe)
    before, count = counts.shape[:-1], counts.shape[-1]
    rest = tuple(data.shape[axis + 1:])
    size = data.shape[axis]
    place = np.empty((*before, size), np.int64)
    for row in np.ndindex(*before):
        place[row] = np.repeat(np.arange(count), counts[row])
    index = wrap(leaf(place)).reshape(*place.shape, *[1] * len(rest)).expand(data.shape)
    shape = (*before, count, *rest)
    start = data.new_full(shape, _EMPTY[how] if initial is None else initial)
    number = wrap(leaf(counts.astype(np.int64))).reshape(*counts.shape, *[1] * len(rest))
    return _segments(start, index, data, number.expand(shape), axis, how, initial is not None)



def _check(data: Any, counts: Any, axis: int, unsafe: bool) -> None:
    """Raise where the lengths of segments do not fit the data."""
    if axis != counts.ndim - 1:
        raise RuntimeError("segment_reduce(): Expected axis to be the last dimension of lengths "
                           f"but got {axis}.")
    if unsafe:
        return
    if counts.size and counts.min() < 0:
        raise RuntimeError("lengths contains negative value!")
    if (counts.sum(axis=-1) != data.shape[axis]).any():
        raise RuntimeError("segment_reduce(): Expected all rows of lengths along axis to sum to "
                           "data.size(lengths.dim()-1) when !unsafe.")
