"""Distinct values, counts, histograms, places in sorted sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import return_types
from ..autograd.base import TensorBase, wrap
from ..autograd.record import Value, op, write_out
from ..dtype import BOOL, FLOATING
from ..graph import leaf
from ..ops.sort import search
from .calling import not_implemented
from .reduction import wrap_dim


def _tensor(array: Any, d: Any = None) -> Any:
    return wrap(leaf(np.ascontiguousarray(array), d))


def _results(values: Any, d: Any, inverse: Any, counts: Any, flags: tuple[bool, bool]) -> Any:
    out = [_tensor(values, d)]
    if flags[0]:
        out.append(_tensor(inverse.astype(np.int64)))
    if flags[1]:
        out.append(_tensor(counts.astype(np.int64)))
    return tuple(out) if len(out) > 1 else out[0]


# ---- distinct values -----------------------------------------------------------------------------

def unique(input: Any, sorted: bool = True, return_inverse: bool = False,
           return_counts: bool = False, dim: int | None = None) -> Any:
    """The distinct elements, or slices along a dimension, in ascending order.

    Args:
        input: a tensor; NaNs are all distinct.
        sorted: ascending order (always so here). Default: True.
        return_inverse: also return where each element went. Default: False.
        return_counts: also return how often each occurs. Default: False.
        dim: the dimension whose slices are compared; elements by default.

    Returns:
        values, or a tuple (values[, inverse][, counts]).

    Example:
        >>> import flambeau as torch
        >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
        (tensor([1, 3]), tensor([1, 2]))

    Source: PyTorch, torch.unique.
    """
    x = input._data("unique")
    flags = (return_inverse, return_counts)
    if dim is None:
        values, inverse, counts = np.unique(x.reshape(-1), return_inverse=True, return_counts=True,
                                            equal_nan=False)
        return _results(values, input.dtype, inverse.reshape(x.shape), counts, flags)
    rows, restore = _slices(x, dim)
    order = np.lexsort(rows.T[::-1]) if rows.shape[1] else np.arange(rows.shape[0])
    starts = _starts(rows[order])
    inverse = np.empty(len(order), np.int64)
    inverse[order] = np.cumsum(starts) - 1
    first = order[starts]
    return _results(restore(first), input.dtype, inverse, np.bincount(inverse), flags)


def _slices(x: Any, dim: int) -> tuple[Any, Any]:
    """The slices along a dimension as rows, and the function that picks slices."""
    axis = wrap_dim(dim, x.ndim)
    if x.ndim == 0:
        return x.reshape(1, 1), lambda index: x.reshape(1)[index]
    if 0 in x.shape and x.shape[axis] != 0:
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique "
                           "cannot "
                           "be applied")
    rows = np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1)
    return rows, lambda index: np.take(x, index, axis)


def _starts(rows: Any) -> Any:
    """Whether each row differs from the one before."""
    out = np.ones(len(rows), bool)
    if len(rows) > 1:
        out[1:] = (rows[1:] != rows[:-1]).any(1)
    return out


def unique_consecutive(input: Any, return_inverse: bool = False, return_counts: bool = False,
                       dim: int | None = None) -> Any:
    """The first of each run of equal elements, or of equal slices along a dimension.

    Args:
        input: a tensor.
        return_inverse: also return where each element went. Default: False.
        return_counts: also return how long each run is. Default: False.
        dim: the dimension whose slices are compared; elements by default.

    Returns:
        values, or a tuple (values[, inverse][, counts]).

    Example:
        >>> import flambeau as torch
        >>> torch.unique_consecutive(torch.tensor([1, 1, 2, 1]))
        tensor([1, 2, 1])

    Source: PyTorch, torch.unique_consecutive.
    """
    x = input._data("unique_consecutive")
    if dim is None:
        flat = x.reshape(-1)
        rows, restore, shape = flat[:, None], flat.__getitem__, x.shape
    else:
        rows, restore = _slices(x, dim)
        shape = (len(rows),)
    starts = _starts(rows)
    inverse = np.cumsum(starts) - 1
    counts = np.bincount(inverse) if len(rows) else np.zeros(0, np.int64)
    return _results(restore(np.flatnonzero(starts)), input.dtype, inverse.reshape(shape), counts,
                    (return_inverse, return_counts))


# ---- counts --------------------------------------------------------------------------------------

def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each non-negative integer occurs, or the sum of its weights.

    Args:
        input: (n,) integers.
        weights: (n,). Default: 1 each.
        minlength: the least number of bins. Default: 0.

    Returns:
        (max(input) + 1,), or longer.

    Example:
        >>> import flambeau as torch
        >>> torch.bincount(torch.tensor([0, 2, 2]))
        tensor([1, 0, 2])

    Source: PyTorch, torch.bincount.
    """
    if input.dtype.category >= FLOATING or input.dtype.category == BOOL:
        raise not_implemented("bincount_cpu", input.dtype)
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    x = input._data("bincount")
    if x.ndim != 1 or x.size and x.min() < 0:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return _tensor(np.bincount(x, minlength=minlength).astype(np.int64))
    w = weights._data("bincount")
    if w.shape != x.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    made = np.bincount(x, w.astype(np.float64), minlength)
    return _tensor(made.astype(w.dtype if w.dtype == np.float32 else np.float64))


def _edges(x: Any, bins: int, low: float, high: float, name: str) -> tuple[float, float]:
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"{name}: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError(f"{name}: max must be larger than min")
    return low, high


def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0, *, out: Any = None) -> Any:
    """Counts of elements in equal bins between min and max; others do not count.

    Args:
        input: a floating-point tensor.
        bins: the number of bins. Default: 100.
        min: the lower edge. Default: 0.
        max: the upper edge, which belongs to the last bin; where both are equal the extremes of the
            input are taken. Default: 0.

    Returns:
        (bins,) in the input's dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.histc(torch.tensor([1., 2., 1.]), bins=4, min=0, max=3)
        tensor([0., 2., 1., 0.])

    Source: PyTorch, torch.histc.
    """
    if input.dtype.category != FLOATING:
        raise not_implemented("histogram_cpu", input.dtype)
    if bins <= 0:
        raise RuntimeError("bins must be > 0")
    x = input._data("histc").reshape(-1)
    low, high = _edges(x, bins, float(min), float(max), "torch.histc")
    counts = _binned(x, bins, low, high)
    result = _tensor(counts.astype(input.dtype.numpy), input.dtype)
    return result if out is None else write_out(out, result)


def _binned(x: Any, bins: int, low: float, high: float, weights: Any = None) -> Any:
    inside = (x >= low) & (x <= high)
    x = x[inside].astype(np.float64)
    place = np.minimum(((x - low) * (bins / (high - low))).astype(np.int64), bins - 1)
    return np.bincount(place, None if weights is None else weights[inside], bins)


def histogram(input: Any, bins: Any, *, range: Any = None, weight: Any = None,
              density: bool = False, out: Any = None) -> Any:
    """Counts (or sums of weights) in bins, with the edges of the bins.

    Args:
        input: a float32 or float64 tensor.
        bins: how many equal bins, or a tensor of ascending edges.
        range: (lower, upper) edge. Default: the extremes of the input.
        weight: of each element. Default: 1.
        density: scale so that the integral is 1. Default: False.

    Returns:
        (hist, bin_edges).

    Example:
        >>> import flambeau as torch
        >>> torch.histogram(torch.tensor([1., 2., 1.]), bins=2, range=(0., 4.)).hist
        tensor([2., 1.])

    Source: PyTorch, torch.histogram.
    """
    if input.dtype.category != FLOATING:
        raise not_implemented("histogramdd", input.dtype)
    kind = input.dtype.numpy
    x = input._data("histogram").reshape(-1)
    w = None if weight is None else weight._data("histogram").reshape(-1)
    if isinstance(bins, TensorBase):
        edges = bins._data("histogram")  # type: ignore[attr-defined]
        counts = np.histogram(x, edges, weights=w)[0]
    else:
        low, high = (0.0, 0.0) if range is None else map(float, range)
        low, high = _edges(x, bins, low, high, "torch.histogram")
        counts = _binned(x, bins, low, high, w)
        edges = np.linspace(low, high, bins + 1)
    counts = counts.astype(np.float64)
    if density:
        counts = counts / (counts.sum() * np.diff(edges))
    result = (_tensor(counts.astype(kind)), _tensor(np.asarray(edges).astype(kind)))
    return return_types.histogram(result if out is None else write_out(out, result))


def histogramdd(input: Any, bins: Any, *, range: Any = None, weight: Any = None,
                density: bool = False) -> Any:
    """Counts (or sums of weights) of points in boxes, with the edges of the boxes.

    Args:
        input: (..., n), float32 or float64; points of n coordinates.
        bins: how many equal bins, or a tensor of ascending edges, for each coordinate; or one
            number for all.
        range: lower and upper edge for each coordinate, in a row. Default: the extremes.
        weight: (...), of each point. Default: 1.
        density: scale so that the integral is 1. Default: False.

    Returns:
        (hist, bin_edges): a tensor of n dimensions, and one vector of edges for each.

    Raises:
        RuntimeError: where the number of bins is not that of the coordinates.

    Example:
        >>> import flambeau as torch
        >>> points = torch.tensor([[0., 1.], [1., 0.], [2., 2.], [2., 2.]])
        >>> torch.histogramdd(points, bins=[2, 2]).hist
        tensor([[0., 1.],
                [1., 2.]])

    Source: PyTorch, torch.histogramdd.
    """
    if input.dtype.category != FLOATING:
        raise not_implemented("histogramdd", input.dtype)
    kind, n = input.dtype.numpy, input.shape[-1]
    points = input._data("histogramdd").reshape(-1, n)
    each = [bins] * n if isinstance(bins, int) else list(bins)
    if len(each) != n:
        raise RuntimeError("histogramdd: The size of bins must be equal to the innermost "
                           "dimension of the input.")
    edges: list[Any] = []
    for i, count in enumerate(each):
        if isinstance(count, TensorBase):
            edges.append(count._data("histogramdd"))  # type: ignore[attr-defined]
            continue
        low, high = (0.0, 0.0) if range is None else map(float, range[2 * i:2 * i + 2])
        low, high = _edges(points[:, i], count, low, high, "torch.histogramdd")
        edges.append(np.linspace(low, high, count + 1))
    w = None if weight is None else weight._data("histogramdd").reshape(-1)
    counts = np.histogramdd(points, edges, weights=w, density=density)[0]
    return return_types.histogramdd((_tensor(counts.astype(kind)), tuple([
        _tensor(np.asarray(edge).astype(kind)) for edge in edges])))


# ---- places in sorted sequences ------------------------------------------------------------------

@op(name="searchsorted", widen=False)
def _searchsorted(sorted_sequence: Value, input: Value, sorter: Value = None,
                  right: bool = False, narrow: bool = False) -> Any:
    name = "torch.searchsorted()"
    seq = sorted_sequence
    if seq.ndim != 1 and seq.shape[:-1] != input.shape[:-1]:
        raise RuntimeError(
            f"{name}: boundaries tensor should be 1 dimension or the first N-1 dimensions of "
            "boundaries tensor and input value tensor must match, but we got boundaries tensor "
            f"{list(seq.shape)} and input value tensor {list(input.shape)}")
    args = (seq, input) if sorter is None else (seq, input, sorter)
    return search(*args, right=right, narrow=narrow)


def searchsorted(sorted_sequence: Any, input: Any, *, out_int32: bool = False, right: bool = False,
                 side: str | None = None, sorter: Any = None, out: Any = None) -> Any:
    """Where values would have to be inserted into sorted sequences to keep their order.

    Args:
        sorted_sequence: (n,), or (*, n) with the leading dimensions of input.
        input: values, or one number.
        out_int32: int32 rather than int64 results. Default: False.
        right: after equal elements rather than before. Default: False.
        side: `left` or `right`; the same as `right=` by name.
        sorter: indices that sort an unsorted sequence.

    Example:
        >>> import flambeau as torch
        >>> torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 6]))
        tensor([1, 3])

    Source: PyTorch, torch.searchsorted.
    """
    if side not in (None, "left", "right"):
        raise RuntimeError("torch.searchsorted(): side can only be 'left' or 'right' but got "
                           f"{side}")
    if side == "left" and right:
        raise RuntimeError("torch.searchsorted(): side and right can't be set to opposites, got "
                           "side "
                           "of left while right was True")
    after = bool(right or side == "right")
    result = _searchsorted(sorted_sequence, input, sorter, after, out_int32)
    return result if out is None else write_out(out, result)


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False,
              out: Any = None) -> Any:
    """The bucket of each value, given the boundaries between buckets.

    Args:
        input: values, or one number.
        boundaries: (n,), ascending.
        out_int32: int32 rather than int64 results. Default: False.
        right: whether a boundary belongs to the bucket above it. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.bucketize(torch.tensor([0, 3, 9]), torch.tensor([1, 3, 5]))
        tensor([0, 1, 3])

    Source: PyTorch, torch.bucketize.
    """
    if boundaries.ndim != 1:
        raise RuntimeError("boundaries tensor must be 1 dimension, but got dim("
                           f"{boundaries.ndim})")
    result = _searchsorted(boundaries, input, None, bool(right), out_int32)
    return result if out is None else write_out(out, result)
