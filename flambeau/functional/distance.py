"""Distances and similarities between corresponding vectors."""

from __future__ import annotations

from typing import Any

from ..autograd.record import Value, op
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from .norms import vector_norm_of
from .reduction import floating, keep, wrap_dim


def distance(a: Any, b: Any, p: float, eps: float, keepdim: bool = False) -> Any:
    """The p-norm of a − b + eps over the last dimension, of symbolic values."""
    difference = a - b + eps
    axes = (difference.ndim - 1,) if difference.ndim else ()
    return vector_norm_of(difference, float(p), axes, keepdim)


@op(grad="NormBackward1")
def pairwise_distance(x1: Value, x2: Value, p: float = 2.0, eps: float = 1e-6,
                      keepdim: bool = False) -> Any:
    """The p-norm of x1 − x2 + eps over the last dimension.

    Args:
        x1, x2: (…, D), broadcastable to each other.
        p: order of the norm. Default: 2.
        eps: added to the differences. Default: 1e-6.
        keepdim: keep the last dimension with size 1. Default: False.

    Returns:
        A tensor without the last dimension.

    Example:
        >>> import flambeau as torch
        >>> a, b = torch.tensor([[3., 4.]]), torch.tensor([[0., 0.]])
        >>> torch.nn.functional.pairwise_distance(a, b)
        tensor([5.0000])

    Source: PyTorch page `torch.nn.functional.pairwise_distance`.
    """
    return distance(x1, x2, p, eps, keepdim)


@op(grad="SumBackward1")
def cosine_similarity(x1: Value, x2: Value, dim: int = 1, eps: float = 1e-8) -> Any:
    """x1·x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along a dimension.

    Args:
        x1, x2: broadcastable to each other.
        dim: the dimension of the vectors. Default: 1.
        eps: least norm. Default: 1e-8.

    Returns:
        A tensor without that dimension.

    Example:
        >>> import flambeau as torch
        >>> a, b = torch.tensor([[1., 0.]]), torch.tensor([[2., 0.]])
        >>> torch.nn.functional.cosine_similarity(a, b)
        tensor([1.])

    Source: PyTorch page `torch.nn.functional.cosine_similarity`.
    """
    a, b = ar.operands(floating(x1), floating(x2))
    axes = (wrap_dim(dim, a.ndim),) if a.ndim else ()
    product = _unit(a, axes, eps) * _unit(b, axes, eps)
    return rd.reduce_sum(product, axes=axes)


def _unit(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """x over its norm; a norm raised to eps keeps the gradient of the norm."""
    length = vector_norm_of(x, 2.0, axes, False)
    short = ar.where(length < eps, eps - length, ar.literal(0, length.dtype))
    return x / keep(x, length + ew.stop_gradient(short), axes, True)
