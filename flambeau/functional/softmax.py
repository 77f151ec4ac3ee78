"""Normalised exponentials and their logarithms."""

from __future__ import annotations

from typing import Any

from ..autograd.record import Value, op
from ..dtype import FLOATING
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from .calling import not_implemented, numpy_names
from .reduction import axes_of, floating, keep, wrap_dim


def _prepared(x: Any, dim: int, dtype: Any, kernel: str) -> tuple[Any, tuple[int, ...]]:
    axes = (wrap_dim(dim, x.ndim),) if x.ndim else ()
    wrap_dim(dim, x.ndim)
    if dtype is not None:
        x = ar.astype(x, dtype)
    if x.dtype.category != FLOATING:
        last = "lastdim_" if not axes or axes[0] == x.ndim - 1 else ""
        raise not_implemented(f"{kernel}_{last}kernel_impl", x.dtype)
    return x, axes


def _shifted(x: Any, axes: tuple[int, ...]) -> Any:
    """x less its maximum, which counts as constant: the exponentials cannot overflow."""
    if not x.size:
        return x
    top = keep(x, rd.reduce_max(x, axes=axes), axes, True)
    return x - ew.stop_gradient(top)


@numpy_names
@op(out=True)
def softmax(input: Value, dim: Any, dtype: Any = None) -> Any:
    """exp(x) / Σ exp(x) along a dimension.

    Args:
        input: a floating-point tensor.
        dim: the dimension that sums to 1.
        dtype: convert to this dtype first.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import flambeau as torch
        >>> torch.softmax(torch.tensor([0., 0.]), 0)
        tensor([0.5000, 0.5000])

    Source: PyTorch, torch.softmax.
    """
    x, axes = _prepared(input, dim, dtype, "softmax")
    e = ew.exp(_shifted(x, axes))
    return e / keep(x, rd.reduce_sum(e, axes=axes), axes, True)


@numpy_names
@op(out=True)
def log_softmax(input: Value, dim: Any, dtype: Any = None) -> Any:
    """x - log Σ exp(x) along a dimension.

    Args:
        input: a floating-point tensor.
        dim: the dimension that is normalised.
        dtype: convert to this dtype first.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import flambeau as torch
        >>> torch.log_softmax(torch.tensor([0., 0.]), 0)
        tensor([-0.6931, -0.6931])

    Source: PyTorch, torch.nn.functional.log_softmax.
    """
    x, axes = _prepared(input, dim, dtype, "log_softmax")
    shifted = _shifted(x, axes)
    return shifted - keep(x, ew.log(rd.reduce_sum(ew.exp(shifted), axes=axes)), axes, True)


@numpy_names
@op(out=True)
def logsumexp(input: Value, dim: Any, keepdim: bool = False) -> Any:
    """log Σ exp(x) over dimensions, without overflow.

    Args:
        input: a tensor; integers are converted to the default dtype.
        dim: one dimension or several.
        keepdim: keep the reduced dimensions with size 1. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.logsumexp(torch.tensor([0., 0.]), 0)
        tensor(0.6931)

    Source: PyTorch, torch.logsumexp.
    """
    x = floating(input)
    axes = axes_of(x, dim)
    if not x.size:
        return keep(x, ew.log(rd.reduce_sum(ew.exp(x), axes=axes)), axes, keepdim)
    level = ew.real(x) if x.dtype.is_complex else x
    top = ew.stop_gradient(rd.reduce_max(level, axes=axes))
    infinite = ew.absolute(top).eq(float("inf"))
    top = ar.where(infinite, ar.literal(0, top.dtype), top)
    total = rd.reduce_sum(ew.exp(x - keep(x, top, axes, True)), axes=axes)
    return keep(x, ew.log(total) + top, axes, keepdim)
