"""Running sums, products and extremes; differences and integrals of samples."""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.record import Value, op
from ..dtype import BOOL, COMPLEX, FLOATING, float32, int64
from ..ops import arithmetic as ar
from ..ops import reduction as rd
from ..ops.gather import take_along
from ..ops.movement import concatenate, strided_slice
from .calling import not_implemented, numpy_names, presented, with_out
from .reduction import keep, wrap_dim


def _accumulated(x: Any, dim: int, dtype: Any, primitive: Any) -> Any:
    if dtype is None:
        dtype = int64 if x.dtype.category < FLOATING else x.dtype
    x = ar.astype(ar.astype(x, dtype), float32 if dtype.is_reduced else dtype)
    axis = wrap_dim(dim, x.ndim)
    return ar.astype(primitive(x, axis=axis, reverse=False) if x.ndim else x, dtype)


@numpy_names
@op(out=True)
def cumsum(input: Value, dim: Any, *, dtype: Any = None) -> Any:
    """Running sums along a dimension; integers are summed in int64.

    Args:
        input: a tensor.
        dim: the dimension.
        dtype: convert to this dtype first; also the result's.

    Example:
        >>> import flambeau as torch
        >>> torch.cumsum(torch.tensor([1., 2., 3.]), dim=0)
        tensor([1., 3., 6.])

    Source: PyTorch, torch.cumsum.
    """
    return _accumulated(input, dim, dtype, rd.cumsum)


@numpy_names
@op(out=True)
def cumprod(input: Value, dim: Any, *, dtype: Any = None) -> Any:
    """Running products along a dimension; integers are multiplied in int64.

    Args:
        input: a tensor.
        dim: the dimension.
        dtype: convert to this dtype first; also the result's.

    Example:
        >>> import flambeau as torch
        >>> torch.cumprod(torch.tensor([1., 2., 3.]), dim=0)
        tensor([1., 2., 6.])

    Source: PyTorch, torch.cumprod.
    """
    return _accumulated(input, dim, dtype, rd.cumprod)


@numpy_names
@op(out=True)
def logcumsumexp(input: Value, dim: Any) -> Any:
    """Running log Σ exp(x) along a dimension, without overflow.

    Args:
        input: a floating-point tensor.
        dim: the dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.logcumsumexp(torch.tensor([0., 0.]), dim=0)
        tensor([0.0000, 0.6931])

    Source: PyTorch, torch.logcumsumexp.
    """
    axis = wrap_dim(dim, input.ndim)
    if input.dtype.category != FLOATING:
        raise not_implemented("logcumsumexp_out_cpu", input.dtype)
    return rd.logcumsumexp(input, axis=axis, reverse=False) if input.ndim else input


def _running(name: str, position: Any) -> Any:
    @op(name=name)
    def running(input: Value, dim: int) -> Any:
        axis = wrap_dim(dim, input.ndim)
        if input.dtype.category == COMPLEX:
            raise not_implemented(f"{name}_cpu", input.dtype)
        if not input.ndim:
            return input, ar.literal(0, int64)
        index = position(input, axis=axis, reverse=False)
        return take_along(input, index, axis=axis), index
    return running


_cummax = _running("cummax", rd.cumulative_argmax)
_cummin = _running("cummin", rd.cumulative_argmin)


@numpy_names
def cummax(input: Any, dim: int, *, out: Any = None) -> Any:
    """The greatest element so far along a dimension, with its index (of equal ones the last).

    Args:
        input: a real tensor.
        dim: the dimension.

    Returns:
        (values, indices).

    Example:
        >>> import flambeau as torch
        >>> torch.cummax(torch.tensor([1., 3., 2.]), 0).values
        tensor([1., 3., 3.])

    Source: PyTorch, torch.cummax.
    """
    return return_types.cummax(with_out(_cummax, out, input, dim))


@numpy_names
def cummin(input: Any, dim: int, *, out: Any = None) -> Any:
    """The least element so far along a dimension, with its index (of equal ones the last).

    Args:
        input: a real tensor.
        dim: the dimension.

    Returns:
        (values, indices).

    Example:
        >>> import flambeau as torch
        >>> torch.cummin(torch.tensor([2., 3., 1.]), 0).values
        tensor([2., 2., 1.])

    Source: PyTorch, torch.cummin.
    """
    return return_types.cummin(with_out(_cummin, out, input, dim))


# ---- differences and integrals -------------------------------------------------------------------

def between(x: Any, axis: int, begin: int, end: int) -> Any:
    """The elements begin … end - 1 along an axis."""
    shape = tuple(end - begin if i == axis else n for i, n in enumerate(x.shape))
    start = tuple(begin if i == axis else 0 for i in range(x.ndim))
    return strided_slice(x, start=start, shape=shape, step=(1,) * x.ndim)


@numpy_names
@op(grad="SubBackward0", out=True)
def diff(input: Value, n: int = 1, dim: int = -1, prepend: Value = None,
         append: Value = None) -> Any:
    """The n-th difference of neighbours along a dimension.

    Args:
        input: a tensor with at least one dimension.
        n: how many times to take differences. Default: 1.
        dim: the dimension. Default: the last.
        prepend: values placed before the input. Default: none.
        append: values placed after it. Default: none.

    Returns:
        The size of the dimension is n less (booleans: exclusive or).

    Example:
        >>> import flambeau as torch
        >>> torch.diff(torch.tensor([1, 3, 2]))
        tensor([ 2, -1])

    Source: PyTorch, torch.diff.
    """
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    axis = wrap_dim(dim, input.ndim)
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    parts = [p for p in (prepend, input, append) if p is not None]
    x = input if len(parts) == 1 else concatenate(*_same_dtype(parts), axis=axis)
    for _ in range(min(n, x.shape[axis])):
        size = x.shape[axis]
        high, low = between(x, axis, 1, size), between(x, axis, 0, size - 1)
        x = high ^ low if x.dtype.category == BOOL else high - low
    return x


def _same_dtype(parts: Any) -> list[Any]:
    d = ar.result_type(*parts)
    return [ar.astype(p, d) for p in parts]


def _areas(y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """(y_i + y_{i+1}) times the step between them; halved by the caller."""
    axis = wrap_dim(dim, y.ndim)
    n = y.shape[axis]
    last = max(n, 1)
    pairs = between(y, axis, min(1, n), n) + between(y, axis, 0, last - 1 if n else 0)
    if x is None:
        return pairs * dx, axis
    if x.ndim == 1 and y.ndim > 1:
        if x.shape[0] != n:
            raise RuntimeError("trapezoid: There must be one `x` value for each sample point")
        x = ar.with_dims(x, tuple(i for i in range(y.ndim) if i != axis))
    along = x.ndim - y.ndim + axis
    size = x.shape[along]
    return pairs * (between(x, along, 1, size) - between(x, along, 0, size - 1)), axis


def _checked_step(dx: Any, x: Any) -> Any:
    return 1 if dx is None or x is not None else dx


@op(name="trapezoid", grad=lambda specs, static: "MulBackward1" if specs[1] is None
    else "DivBackward1")
def _trapezoid(y: Value, x: Value = None, dx: Value = 1, dim: int = -1) -> Any:
    if not y.ndim or y.shape[wrap_dim(dim, y.ndim)] == 0:
        axes = (wrap_dim(dim, y.ndim),) if y.ndim else ()
        return keep(y, rd.reduce_sum(y, axes=axes), axes, False) * 0
    areas, axis = _areas(y, x, dx, dim)
    return rd.reduce_sum(areas / 2.0, axes=(axis,))


@numpy_names
def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The integral of samples by the trapezoidal rule: Σ (x_{i+1} - x_i) (y_i + y_{i+1}) / 2.

    Args:
        y: samples.
        x: where they were taken, one value for each sample. Default: equally spaced.
        dx: the spacing where `x` is not given. Default: 1.
        dim: the dimension. Default: the last.

    Example:
        >>> import flambeau as torch
        >>> torch.trapezoid(torch.tensor([1., 5., 10.]))
        tensor(10.5000)

    Source: PyTorch, torch.trapezoid.
    """
    return _trapezoid(y, x, _checked_step(dx, x), dim)


@op(name="cumulative_trapezoid",
    grad=lambda specs, static: "CumsumBackward0" if specs[1] is None else "DivBackward1")
def _cumulative_trapezoid(y: Value, x: Value = None, dx: Value = 1, dim: int = -1) -> Any:
    areas, axis = _areas(y, x, dx, dim)
    return rd.cumsum(areas / 2.0, axis=axis, reverse=False)


@numpy_names
def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The running integral of samples by the trapezoidal rule.

    Args:
        y: samples.
        x: where they were taken, one value for each sample. Default: equally spaced.
        dx: the spacing where `x` is not given. Default: 1.
        dim: the dimension. Default: the last.

    Returns:
        One element fewer than samples along the dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.cumulative_trapezoid(torch.tensor([1., 5., 10.]))
        tensor([ 3.0000, 10.5000])

    Source: PyTorch, torch.cumulative_trapezoid.
    """
    return _cumulative_trapezoid(y, x, _checked_step(dx, x), dim)


@presented("y x dim")
def trapz(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """`trapezoid` under its older name."""
    return trapezoid(y, x, dx=dx, dim=dim)

