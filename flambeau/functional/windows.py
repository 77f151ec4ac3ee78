"""Geometry of sliding windows: argument forms, output sizes, positions along an axis."""

from __future__ import annotations

import math
from typing import Any

from ..ops import elementwise as ew
from ..ops.gather import take
from ..ops.movement import permute, reshape
from ..ops.reduction import iota

Ints = tuple[int, ...]


def per_dim(value: Any, rank: int, message: str) -> Ints:
    """One number for all dimensions, or one for each.

    Raises:
        RuntimeError: with this message, for another count.
    """
    numbers = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if len(numbers) == 1:
        numbers *= rank
    if len(numbers) != rank:
        raise RuntimeError(message)
    return tuple([int(n) for n in numbers])


def pooled_size(size: int, kernel: int, stride: int, padding: int, dilation: int,
                ceil_mode: bool) -> int:
    """The number of windows along a dimension.

    Raises:
        RuntimeError: for a stride of zero, and for a padding that is negative or more than half of
            a window.
    """
    if stride == 0:
        raise RuntimeError("stride should not be zero")
    if padding < 0:
        raise RuntimeError(f"pad must be non-negative, but got pad: {padding}")
    if padding > ((kernel - 1) * dilation + 1) // 2:
        raise RuntimeError("pad should be at most half of effective kernel size, but got "
                           f"pad={padding}, kernel_size={kernel} and dilation={dilation}")
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    # the last window must start inside the input or the padding before it
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1
    return count


def adaptive_bounds(size: int, count: int) -> list[tuple[int, int]]:
    """Begin and end of each of `count` windows that cover a dimension evenly."""
    return [(i * size // count, -((i + 1) * size // -count)) for i in range(count)]


def batched(x: Any, rank: int) -> Any:
    """x with a batch dimension in front of its channels."""
    return x if x.ndim == rank + 2 else reshape(x, shape=(1, *x.shape))


def unbatched(y: Any, x: Any) -> Any:
    """The result without the batch dimension, where x had none."""
    return y if y.ndim == x.ndim else reshape(y, shape=y.shape[1:])


def counting(n: int, d: Any) -> Any:
    """0, 1, …, n - 1 in a dtype."""
    return ew.cast(iota(n=n), dtype=d)


def take_axis(x: Any, index: Any, axis: int) -> Any:
    """The entries of an axis at the positions of a one-dimensional index."""
    front = (axis, *[i for i in range(x.ndim) if i != axis])
    rest = tuple(x.shape[i] for i in front[1:])
    rows = reshape(permute(x, dims=front), shape=(x.shape[axis], math.prod(rest)))
    taken = reshape(take(rows, index), shape=(index.shape[0], *rest))
    return permute(taken, dims=tuple(front.index(i) for i in range(x.ndim)))
