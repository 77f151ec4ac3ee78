"""Derivatives of sampled functions by differences of neighbours."""

from __future__ import annotations

from typing import Any

from ..autograd.base import TensorBase
from .joining import cat
from .reduction import wrap_dim


def gradient(input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> Any:
    """The slopes of a sampled function along dimensions, by central differences.

    Inside, (f(x + h) - f(x - h)) / 2h, or its second-order form for unequal distances; at the
    edges, one-sided differences.

    Args:
        input: values of the function on a grid.
        spacing: distance of the samples, one per dimension, or vectors of coordinates. Default: 1.
        dim: the dimensions. Default: all.
        edge_order: 1 or 2, the order of the differences at the edges. Default: 1.

    Returns:
        One tensor of slopes per dimension.

    Raises:
        RuntimeError: where the arguments do not fit each other.

    Example:
        >>> import flambeau as torch
        >>> torch.gradient(torch.tensor([0., 1., 4., 9.]))
        (tensor([1., 2., 4., 5.]),)

    Source: torch.gradient
    """
    several = isinstance(spacing, (tuple, list))
    if dim is None:
        dims = list(range(input.dim()))
    else:
        dims = [wrap_dim(d, input.dim()) for d in (dim if isinstance(dim, (tuple, list))
                                                   else [dim])]
    _check(input, dims, len(spacing) if several else None, dim is None, edge_order)
    steps = list(spacing) if several else [1 if spacing is None else spacing] * len(dims)
    return tuple([_slopes(input, d, step, edge_order) for d, step in zip(dims, steps, strict=True)])


def _check(input: Any, dims: list[int], count: int | None, every: bool, edge_order: int) -> None:
    """Raise where the arguments of `gradient` do not fit."""
    if str(input.dtype).endswith("uint8"):
        raise RuntimeError("torch.gradient does not support uint8 input.")
    if count is not None and every and count != input.dim():
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"equal to 'self.dim() = {input.dim()}', since dim argument was not given, but got a "
            f"list of length {count}")
    if count is not None and count != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim "
            f"arguments to have the same length, but got a spacing argument of length {count} and "
            f"a dim argument of length {len(dims)}.")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
        if input.shape[d] < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least "
                               "edge_order+1")


def _slopes(input: Any, dim: int, step: Any, edge_order: int) -> Any:
    """The slopes along one dimension."""
    count = input.shape[dim]

    def at(start: int, length: int = 1) -> Any:
        return input.narrow(dim, start, length)

    if isinstance(step, TensorBase) and len(step.shape):  # type: ignore[attr-defined]
        points: Any = step
        gaps = points.diff()
        first, last = gaps[:edge_order], gaps.flip(0)[:edge_order]
        shape = [1] * input.dim()
        shape[dim] = -1
        left, right = gaps[:-1].reshape(shape), gaps[1:].reshape(shape)
        inner = (-right / (left * (left + right)) * at(0, count - 2)
                 + (right - left) / (left * right) * at(1, count - 2)
                 + left / (right * (left + right)) * at(2, count - 2))
    else:
        first = last = [step] * edge_order
        inner = (at(2, count - 2) - at(0, count - 2)) / (2 * step)
    if edge_order == 1:
        edges = ((at(1) - at(0)) / first[0], (at(count - 1) - at(count - 2)) / last[0])
    else:
        edges = (_edge([at(0), at(1), at(2)], first),
                 -_edge([at(count - 1), at(count - 2), at(count - 3)], last))
    return cat([edges[0], inner, edges[1]], dim)


def _edge(values: list[Any], gaps: Any) -> Any:
    """The slope at the first of three points, by the parabola through them."""
    a, b = gaps[0], gaps[1]
    return (-(2 * a + b) / (a * (a + b)) * values[0] + (a + b) / (a * b) * values[1]
            - a / (b * (a + b)) * values[2])
