"""Spread, medians, quantiles, frequencies, covariance."""

from __future__ import annotations

import warnings
from typing import Any

from .. import return_types
from ..autograd.record import Value, autocast_first, op
from ..dtype import COMPLEX, FLOATING, float32, float64, int64
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.contraction import dot
from ..ops.gather import take_along
from ..ops.movement import concatenate, permute, reshape, zeros
from ..ops.sort import argsort
from .calling import is_value, not_implemented, numpy_names, presented, with_out
from .cumulative import between
from .norms import root
from .reduction import axes_of, check_nonempty, count_of, floating, keep, selected, wrap_dim
from .sorting import pick

# ---- variance ------------------------------------------------------------------------------------

def _moments(x: Any, dim: Any, correction: float, keepdim: bool) -> tuple[Any, Any]:
    """Variance and mean over dimensions."""
    if x.dtype.category < FLOATING:
        raise RuntimeError("std and var only support floating point and complex dtypes")
    axes = axes_of(x, dim)
    n = count_of(x, axes)
    center = keep(x, rd.reduce_sum(x, axes=axes) / n, axes, True)
    d = x - center
    squares = ew.real(d) * ew.real(d) + ew.imag(d) * ew.imag(d) if x.dtype.is_complex else d * d
    total = rd.reduce_sum(squares, axes=axes) / max(0.0, n - correction)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    mean = center if keepdim else reshape(center, shape=tuple(x.shape[i] for i in kept))
    return keep(x, total, axes, keepdim), mean


@op(name="var")
def _var(input: Value, dim: Any, correction: float, keepdim: bool) -> Any:
    return _moments(input, dim, correction, keepdim)[0]


@op(name="std")
def _std(input: Value, dim: Any, correction: float, keepdim: bool) -> Any:
    return root(_moments(input, dim, correction, keepdim)[0])


@op(name="var_mean")
def _var_mean(input: Value, dim: Any, correction: float, keepdim: bool) -> Any:
    return _moments(input, dim, correction, keepdim)


@op(name="std_mean")
def _std_mean(input: Value, dim: Any, correction: float, keepdim: bool) -> Any:
    var, mean = _moments(input, dim, correction, keepdim)
    return root(var), mean


def _spread(name: str, function: Any, input: Any, dim: Any, unbiased: Any, keepdim: bool,
            correction: Any, out: Any = None) -> Any:
    """Settle the overloads `(unbiased)`, `(dim, unbiased, keepdim)`, `(dim, *, correction)`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased else 0
    if isinstance(dim, list):
        dim = tuple(dim)
    shape = tuple(input.shape)
    dims = axes_of(input, dim)
    n = 1
    for axis in dims:
        n *= shape[axis]
    if n - correction <= 0 and input.dtype.category >= FLOATING and (n or input.ndim):
        rest = [s for i, s in enumerate(shape) if i not in dims]
        if 0 not in rest:
            warnings.warn(f"{name}(): degrees of freedom is <= 0. Correction should be strictly "
                          f"less "
                          "than the reduction factor (input numel divided by output numel).",
                          stacklevel=3)
    return with_out(function, out, input, dim, correction, keepdim)


@presented("input dim! unbiased keepdim out")
@numpy_names
def var(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
        correction: Any = None, out: Any = None) -> Any:
    """The variance: Σ (x - mean)² / max(0, n - correction).

    Args:
        input: a floating-point or complex tensor.
        dim: one dimension or several; all by default.
        unbiased: False: correction 0. Default: True.
        keepdim: keep the reduced dimensions with size 1. Default: False.
        correction: subtracted from the number of elements. Default: 1.

    Example:
        >>> import flambeau as torch
        >>> torch.var(torch.tensor([1., 2., 3.]))
        tensor(1.)

    Source: PyTorch, torch.var.
    """
    return _spread("var", _var, input, dim, unbiased, keepdim, correction, out)


@presented("input dim! unbiased keepdim out")
@numpy_names
def std(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
        correction: Any = None, out: Any = None) -> Any:
    """The standard deviation, the root of the variance; its gradient at 0 is 0.

    Args:
        input: a floating-point or complex tensor.
        dim: one dimension or several; all by default.
        unbiased: False: correction 0. Default: True.
        keepdim: keep the reduced dimensions with size 1. Default: False.
        correction: subtracted from the number of elements. Default: 1.

    Example:
        >>> import flambeau as torch
        >>> torch.std(torch.tensor([1., 2., 3.]))
        tensor(1.)

    Source: PyTorch, torch.std.
    """
    return _spread("std", _std, input, dim, unbiased, keepdim, correction, out)


@presented("input dim! unbiased keepdim out")
@numpy_names
def var_mean(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
             correction: Any = None) -> Any:
    """Variance and mean, as `var` and `mean` give them.

    Args:
        input: a floating-point or complex tensor.
        dim: one dimension or several; all by default.
        unbiased: False: correction 0. Default: True.
        keepdim: keep the reduced dimensions with size 1. Default: False.
        correction: subtracted from the number of elements. Default: 1.

    Example:
        >>> import flambeau as torch
        >>> torch.var_mean(torch.tensor([1., 2., 3.]))
        (tensor(1.), tensor(2.))

    Source: PyTorch, torch.var_mean.
    """
    return _spread("var_mean", _var_mean, input, dim, unbiased, keepdim, correction)


@presented("input dim! unbiased keepdim out")
@numpy_names
def std_mean(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
             correction: Any = None) -> Any:
    """Standard deviation and mean, as `std` and `mean` give them.

    Args:
        input: a floating-point or complex tensor.
        dim: one dimension or several; all by default.
        unbiased: False: correction 0. Default: True.
        keepdim: keep the reduced dimensions with size 1. Default: False.
        correction: subtracted from the number of elements. Default: 1.

    Example:
        >>> import flambeau as torch
        >>> torch.std_mean(torch.tensor([1., 2., 3.]))
        (tensor(1.), tensor(2.))

    Source: PyTorch, torch.std_mean.
    """
    return _spread("std_mean", _std_mean, input, dim, unbiased, keepdim, correction)


# ---- medians and modes ---------------------------------------------------------------------------

def _middle(x: Any, axis: int, skip_nan: bool) -> Any:
    """The index of the lower median along an axis; NaN wins unless it is skipped."""
    order = argsort(x, axis=axis, descending=False)
    n = x.shape[axis]
    if x.dtype.category != FLOATING:
        return pick(order, axis, (n - 1) // 2)
    missing = ew.isnan(x)
    if skip_nan:
        count = rd.reduce_sum(ar.astype(~missing, int64), axes=(axis,))
        place = ew.floor_divide(ew.maximum(count - 1, ar.literal(0, int64)), ar.literal(2, int64))
        found = take_along(order, ar.with_dims(place, (axis,)), axis=axis)
        return reshape(found, shape=place.shape)
    first = rd.argmax(ar.astype(missing, int64), axis=axis)
    return ew.select(rd.reduce_any(missing, axes=(axis,)), first, pick(order, axis, (n - 1) // 2))


def _median_ops(name: str, skip_nan: bool) -> tuple[Any, Any]:
    @op(name=name, grad=f"{name.capitalize()}Backward0")
    def of_all(input: Value) -> Any:
        _check_median(input)
        if not input.size:
            if input.dtype.category != FLOATING:
                return ar.literal(-2**63 if input.dtype is int64 else 0, input.dtype)
            return ar.literal(float("nan"), input.dtype)
        flat = reshape(input, shape=(input.size,))
        value = selected(ew.stop_gradient(flat), _middle(flat, 0, skip_nan), 0, False)[0]
        if input.dtype.category != FLOATING:
            return value
        lowest = ar.literal(float("-inf"), flat.dtype)  # so that equal elements share the gradient
        shared = rd.reduce_max(ew.select(flat.eq(value), flat, lowest), axes=(0,))
        return ew.select(ew.isnan(value), value, shared)

    @op(name=name, grad=f"{name.capitalize()}Backward1")
    def along(input: Value, dim: int, keepdim: bool) -> Any:
        axis = wrap_dim(dim, input.ndim)
        _check_median(input)
        if not input.ndim:
            return input, ar.literal(0, int64)
        check_nonempty("median", input, (axis,))
        return selected(input, _middle(input, axis, skip_nan), axis, keepdim)
    return of_all, along


def _check_median(x: Any) -> None:
    if x.dtype.category in (0, COMPLEX):
        raise not_implemented("median_out_impl" if x.dtype.category == 0 else "median_cpu", x.dtype)


_median_all, _median_along = _median_ops("median", False)
_nanmedian_all, _nanmedian_along = _median_ops("nanmedian", True)


@presented("input dim! keepdim out")
@numpy_names
def median(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The median (of two middle elements the lower), or along a dimension with its index.

    Args:
        input: a real tensor; with NaN in it the median is NaN.
        dim: the dimension; all elements by default.
        keepdim: keep the reduced dimension with size 1. Default: False.

    Returns:
        A tensor without dimensions, or (values, indices).

    Example:
        >>> import flambeau as torch
        >>> torch.median(torch.tensor([1., 3., 2., 4.]))
        tensor(2.)

    Source: PyTorch, torch.median.
    """
    if dim is None:
        return with_out(_median_all, out, input)
    return return_types.median(with_out(_median_along, out, input, dim, keepdim))


@presented("input dim! keepdim out")
@numpy_names
def nanmedian(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The median of the elements that are not NaN.

    Args:
        input: a real tensor.
        dim: the dimension; all elements by default.
        keepdim: keep the reduced dimension with size 1. Default: False.

    Returns:
        A tensor without dimensions, or (values, indices).

    Example:
        >>> import flambeau as torch
        >>> torch.nanmedian(torch.tensor([1., float("nan"), 3.]))
        tensor(1.)

    Source: PyTorch, torch.nanmedian.
    """
    if dim is None:
        return with_out(_nanmedian_all, out, input)
    return return_types.nanmedian(with_out(_nanmedian_along, out, input, dim, keepdim))


@op(name="mode")
def _mode(input: Value, dim: int, keepdim: bool) -> Any:
    axis = wrap_dim(dim, input.ndim)
    if not input.ndim:
        return input, ar.literal(0, int64)
    check_nonempty("mode", input, (axis,))
    if input.dtype.is_complex:
        raise not_implemented("mode_cpu", input.dtype)
    order = argsort(input, axis=axis, descending=False)
    ordered = take_along(input, order, axis=axis)
    n = input.shape[axis]
    place = ar.with_dims(rd.iota(n=n), tuple(i for i in range(input.ndim) if i != axis))
    before = between(ordered, axis, 0, n - 1).eq(between(ordered, axis, 1, n))
    marks = between(zeros(input.shape, place), axis, 0, 1).eq(1)
    repeats = ew.select(concatenate(marks, before, axis=axis), order * 0 - 1,
                        place + order * 0)
    length = place - rd.cumulative_argmax(repeats, axis=axis, reverse=False)
    longest = ar.with_dims(rd.argmax(length, axis=axis), (axis,))
    index = take_along(order, longest, axis=axis)
    return selected(input, reshape(index, shape=index.shape[:axis] + index.shape[axis + 1:]), axis,
                    keepdim)


@numpy_names
def mode(input: Any, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The most frequent element along a dimension (of several the least), with its last index.

    Args:
        input: a real tensor.
        dim: the dimension. Default: the last.
        keepdim: keep the reduced dimension with size 1. Default: False.

    Returns:
        (values, indices).

    Example:
        >>> import flambeau as torch
        >>> torch.mode(torch.tensor([1, 2, 2, 3])).values
        tensor(2)

    Source: PyTorch, torch.mode.
    """
    return return_types.mode(with_out(_mode, out, input, dim, keepdim))


# ---- quantiles -----------------------------------------------------------------------------------

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(x: Any, q: Any, dim: Any, keepdim: bool, interpolation: str, skip_nan: bool) -> Any:
    shape = x.shape
    if dim is None:
        x, axis = reshape(x, shape=(x.size,)), 0
    else:
        axis = wrap_dim(dim, x.ndim)
        x = x if x.ndim else reshape(x, shape=(1,))
    x = permute(x, dims=(*[i for i in range(x.ndim) if i != axis], axis))
    order = argsort(x, axis=x.ndim - 1, descending=False)
    ordered = take_along(x, order, axis=x.ndim - 1)
    count = q.size
    rank = _ranks(ordered, q, skip_nan)
    taken = _interpolated(ordered, rank, interpolation)
    if not keepdim:
        rest = x.shape[:-1]
    elif dim is None:
        rest = (1,) * len(shape)
    else:
        rest = tuple(1 if i == axis else n for i, n in enumerate(shape)) if shape else ()
    front = permute(taken, dims=(taken.ndim - 1, *range(taken.ndim - 1)))
    return reshape(front, shape=(*((count,) if q.ndim else ()), *rest))


def _ranks(ordered: Any, q: Any, skip_nan: bool) -> Any:
    """Where in the sorted slices each quantile lies (fractional), as (*slices, quantiles)."""
    n, lead = ordered.shape[-1], ordered.shape[:-1]
    missing = ew.isnan(ordered)
    axes = (ordered.ndim - 1,)
    shape = (*lead, q.size)
    points = ar.broadcast_to(reshape(q, shape=(1,) * len(lead) + (q.size,)), shape)
    if skip_nan:
        valid = rd.reduce_sum(ar.astype(~missing, ordered.dtype), axes=axes)
        last = ar.with_dims(valid - 1, axes)
        rank = points * last
        return ar.where(rank < 0, ar.literal(0, rank.dtype), rank)
    broken = ar.with_dims(rd.reduce_any(missing, axes=axes), axes)
    return ar.where(broken, ar.literal(n - 1, ordered.dtype), points * (n - 1))


def _interpolated(ordered: Any, rank: Any, interpolation: str) -> Any:
    axis = ordered.ndim - 1

    def at(place: Any) -> Any:
        return take_along(ordered, ar.astype(place, int64), axis=axis)
    if interpolation == "lower":
        return at(ew.floor(rank))
    if interpolation == "higher":
        return at(ew.ceil(rank))
    if interpolation == "nearest":
        return at(ew.round_even(rank))
    low, high = at(ew.floor(rank)), at(ew.ceil(rank))
    if interpolation == "midpoint":
        weight = ar.literal(0.5, rank.dtype)
        return low + (high - low) * weight
    weight = rank - ew.stop_gradient(ew.floor(rank))
    step = high - low
    return ew.select(weight < 0.5, low + step * weight, high - step * (1 - weight))


@op(name="quantile", grad="SqueezeBackward4")
def _quantile_op(input: Value, q: Value, dim: Any, keepdim: bool, interpolation: str,
                 skip_nan: bool) -> Any:
    q = ar.astype(q, input.dtype) if q.spec.weak else q
    return _quantile(input, q, dim, keepdim, interpolation, skip_nan)


def _checked_quantile(name: str, input: Any, q: Any, dim: Any, keepdim: bool, interpolation: str,
                      out: Any) -> Any:
    if not input.numel():
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    input, q = autocast_first("quantile", input, q)
    if input.dtype not in (float32, float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if is_value(q):
        if q.ndim > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
        if q.dtype is not input.dtype:
            raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
        data = q._data("quantile")
        if not ((data >= 0) & (data <= 1)).all():
            raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    elif not 0 <= q <= 1:
        raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(f"{name}() interpolation must be one of linear, lower, higher, midpoint "
                           f"or "
                           f"nearest, but got {interpolation}")
    return with_out(_quantile_op, out, input, q, dim, keepdim, interpolation,
                    name == "nanquantile")


@numpy_names
def quantile(input: Any, q: Any, dim: Any = None, keepdim: bool = False, *,
             interpolation: str = "linear", out: Any = None) -> Any:
    """The q-th quantiles: the sorted elements at position q (n - 1).

    Args:
        input: a float32 or float64 tensor; slices with NaN give NaN.
        q: a number or a tensor (k,) of numbers in [0, 1].
        dim: the dimension; all elements by default.
        keepdim: keep the reduced dimension with size 1. Default: False.
        interpolation: between two elements: linear, lower, higher, midpoint, nearest.
            Default: linear.

    Returns:
        The reduced shape, after a first dimension of size k where q is (k,).

    Example:
        >>> import flambeau as torch
        >>> torch.quantile(torch.tensor([0., 1., 2., 3.]), 0.5)
        tensor(1.5000)

    Source: PyTorch, torch.quantile.
    """
    return _checked_quantile("quantile", input, q, dim, keepdim, interpolation, out)


@numpy_names
def nanquantile(input: Any, q: Any, dim: Any = None, keepdim: bool = False, *,
                interpolation: str = "linear", out: Any = None) -> Any:
    """The q-th quantiles of the elements that are not NaN.

    Args:
        input: a float32 or float64 tensor.
        q: a number or a tensor (k,) of numbers in [0, 1].
        dim: the dimension; all elements by default.
        keepdim: keep the reduced dimension with size 1. Default: False.
        interpolation: between two elements: linear, lower, higher, midpoint, nearest.
            Default: linear.

    Returns:
        The reduced shape, after a first dimension of size k where q is (k,).

    Example:
        >>> import flambeau as torch
        >>> torch.nanquantile(torch.tensor([0., float("nan"), 2.]), 0.5)
        tensor(1.)

    Source: PyTorch, torch.nanquantile.
    """
    return _checked_quantile("nanquantile", input, q, dim, keepdim, interpolation, out)


# ---- covariance ----------------------------------------------------------------------------------

@op(grad="SqueezeBackward0")
def cov(input: Value, *, correction: int = 1, fweights: Value = None,
        aweights: Value = None) -> Any:
    """The covariance matrix of variables (rows) over observations (columns).

    Args:
        input: (variables, observations), or (observations,).
        correction: subtracted from the number of observations. Default: 1.
        fweights: (observations,) integers, how often each was seen. Default: once.
        aweights: (observations,) importance of each. Default: equal.

    Returns:
        (variables, variables), or no dimensions for one variable.

    Example:
        >>> import flambeau as torch
        >>> torch.cov(torch.tensor([[0., 2.], [2., 0.]]))
        tensor([[ 2., -2.],
                [-2.,  2.]])

    Source: PyTorch, torch.cov.
    """
    if input.ndim > 2:
        raise RuntimeError("cov(): expected input to have two or fewer dimensions but got an input "
                           f"with {input.ndim} dimensions")
    x = floating(input)
    rows = x if x.ndim == 2 else reshape(x, shape=(1, x.size))
    weight = None
    for w in (fweights, aweights):
        if w is not None:
            weight = w if weight is None else weight * w
    n = rows.shape[1]
    if weight is None:
        total: Any = n
        center = rd.reduce_sum(rows, axes=(1,)) / n
    else:
        weight = ar.astype(weight, x.dtype.to_real())
        total = rd.reduce_sum(weight, axes=(0,))
        center = rd.reduce_sum(rows * weight, axes=(1,)) / total
    norm = total - correction
    if weight is not None and aweights is not None and correction:
        norm = total - correction * rd.reduce_sum(weight * aweights, axes=(0,)) / total
    if isinstance(norm, int):
        if norm <= 0:
            warnings.warn("cov(): degrees of freedom is <= 0. Correction should be strictly less "
                          "than the number of observations.", stacklevel=3)
        norm = max(0, norm)
    d = rows - ar.with_dims(center, (1,))
    right = ew.conj(d) if x.dtype.is_complex else d
    if weight is not None:
        right = right * weight
    out = dot(d, right, contract=((1,), (1,)), batch=((), ())) / norm
    return reshape(out, shape=()) if rows.shape[0] == 1 else out


@op(grad="ClampBackward1")
def corrcoef(input: Value) -> Any:
    """The matrix of Pearson's correlation coefficients of variables (rows).

    Args:
        input: (variables, observations), or (observations,).

    Returns:
        (variables, variables), or no dimensions for one variable.

    Example:
        >>> import flambeau as torch
        >>> torch.corrcoef(torch.tensor([[0., 1., 2.], [2., 1., 0.]]))
        tensor([[ 1., -1.],
                [-1.,  1.]])

    Source: PyTorch, torch.corrcoef.
    """
    if input.ndim > 2:
        raise RuntimeError("corrcoef(): expected input to have two or fewer dimensions but got an "
                           f"input with {input.ndim} dimensions")
    c = cov(input)
    if not c.ndim:
        return c / c
    variables = c.shape[0]
    eye = ar.with_dims(rd.iota(n=variables), (0,)).eq(ar.with_dims(rd.iota(n=variables), (1,)))
    diagonal = rd.reduce_sum(ew.select(eye, c, zeros(c.shape, c)), axes=(1,))
    scale = ew.sqrt(ew.real(diagonal) if c.dtype.is_complex else diagonal)
    out = c / ar.with_dims(scale, (1,)) / ar.with_dims(scale, (0,))
    if out.dtype.is_complex:
        return ew.to_complex(_clamped(ew.real(out)), _clamped(ew.imag(out)))
    return _clamped(out)


def _clamped(x: Any) -> Any:
    """x between -1 and 1; outside, the gradient is zero."""
    one, minus = ar.literal(1, x.dtype), ar.literal(-1, x.dtype)
    return ew.select(x > 1, one, ew.select(x < -1, minus, x))
