"""Pooling into a given number of windows, which cover the input evenly."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.record import Value, op
from ..dtype import FLOATING, int64
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.gather import take
from ..ops.movement import reshape, zeros
from ..ops.reduction import reduce_sum
from ..ops.window import window_argmax, window_position, window_sum, window_take
from .calling import not_implemented
from .pooling_checks import check_rank, check_size
from .windows import Ints, batched, counting, per_dim, take_axis, unbatched


def output_sizes(x: Any, output_size: Any, rank: int) -> Any:
    """The wanted sizes with those of the input in place of None."""
    if not isinstance(output_size, (tuple, list)):
        return output_size
    shape = x.shape
    if len(shape) <= len(output_size):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")
    return tuple([n if given is None else int(given)
                  for given, n in zip(output_size, shape[-len(output_size):], strict=True)])


def _checked(x: Any, out: Ints, rank: int, name: str, colon: str, first: int) -> None:
    """Raise PyTorch's errors for a wrong number of dimensions or an empty input."""
    if x.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(f"{name}(): Expected {rank + 1}D or {rank + 2}D tensor, but got{colon} "
                           f"{list(x.shape)}")
    for axis in range(x.ndim - rank - 1 + first, x.ndim):
        if not x.shape[axis]:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but "
                f"input has sizes {list(x.shape)} with dimension {axis} being empty")


def _even(size: Ints, out: Ints) -> bool:
    return all(o and n % o == 0 for n, o in zip(size, out, strict=True))


def _positions(n: int, out: int) -> tuple[Any, Any, int]:
    """Positions (out · k) of the elements of every window, how many of the k count, and k.

    Windows differ in length by at most two; shorter ones repeat their last element.
    """
    k = max(-((i + 1) * n // -out) - i * n // out for i in range(out))
    i = counting(out, int64)
    begin = ew.floor_divide(*ar.operands(i * n, out))
    end = ew.floor_divide(*ar.operands((i + 1) * n + (out - 1), out))
    offset = reshape(counting(k, int64), shape=(1, k))
    begin, last = reshape(begin, shape=(out, 1)), reshape(end - 1, shape=(out, 1))
    place = ew.minimum(*ar.operands(begin + offset, last))
    return reshape(place, shape=(out * k,)), end - reshape(begin, shape=(out,)), k


# ---- averages ------------------------------------------------------------------------------------

def _average_axis(x: Any, axis: int, out: int) -> Any:
    """Averages over the windows along one axis."""
    place, lengths, k = _positions(x.shape[axis], out)
    tail = (1,) * (x.ndim - axis - 1)
    taken = reshape(take_axis(x, place, axis),
                    shape=(*x.shape[:axis], out, k, *x.shape[axis + 1:]))
    counted = counting(k, int64) < reshape(lengths, shape=(out, 1))
    kept = ar.where(reshape(counted, shape=(out, k, *tail)), taken, ar.literal(0, x.dtype))
    total = reduce_sum(kept, axes=(axis + 1,))
    return total / reshape(ew.cast(lengths, dtype=x.dtype), shape=(out, *tail))


def _adaptive_avg(x: Any, output_size: Any, rank: int) -> Any:
    name = f"adaptive_avg_pool{rank}d"
    out = per_dim(output_size, rank, f"{name}: output_size must be {rank}")
    _checked(x, out, rank, name, "", 1 if rank == 2 else 0)
    if min(out) < 0:
        shown = f"{out[0]}, {','.join(map(str, out[1:]))}"
        raise RuntimeError(f"{name}: elements of output_size must be greater than or equal to 0 "
                           f"but received {{{shown}}}")
    if x.dtype.category != FLOATING:
        raise not_implemented(name if rank == 2 else f"{name}_cpu", x.dtype)
    size = x.shape[-rank:]
    if out == (1,) * rank:
        total = reduce_sum(x, axes=tuple(range(x.ndim - rank, x.ndim)))
        return reshape(total / math.prod(size), shape=(*x.shape[:-rank], *out))
    if _even(size, out):
        kernel = tuple([n // o for n, o in zip(size, out, strict=True)])
        total = window_sum(batched(x, rank), kernel=kernel, stride=kernel, padding=(0,) * rank,
                           out=out)
        return unbatched(total / math.prod(kernel), x)
    if not min(out):
        return zeros((*x.shape[:-rank], *out), x)
    for k in range(rank):
        x = _average_axis(x, x.ndim - rank + k, out[k])
    return x


def _avg_name(specs: Any, static: Any) -> str:
    size = static[0] if isinstance(static[0], tuple) else (static[0],)
    rank = len(static[0]) if isinstance(static[0], tuple) else 2
    if all(n == 1 for n in size):
        return "MeanBackward1"
    return f"AdaptiveAvgPool{rank}DBackward0"


@op(grad="SqueezeBackward1")
def adaptive_avg_pool1d(input: Value, output_size: Any) -> Any:
    """Averages over `output_size` windows of (N, C, L) or (C, L)."""
    check_rank(input, 1, "adaptive_avg_pool1d")
    out = check_size(output_size, "adaptive_avg_pool1d", "output_size")
    y = _adaptive_avg(_plane(input), (1, out), 2)
    return reshape(y, shape=(*y.shape[:-2], y.shape[-1]))


def _plane(x: Any) -> Any:
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


@op(grad=_avg_name)
def _adaptive_avg_pool2d(input: Value, output_size: Any) -> Any:
    return _adaptive_avg(input, output_size, 2)


@op(grad=_avg_name)
def _adaptive_avg_pool3d(input: Value, output_size: Any) -> Any:
    return _adaptive_avg(input, output_size, 3)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Averages over a given number of windows of (N, C, H, W) or (C, H, W).

    Window i of n covers the rows ⌊i·H/n⌋ to ⌈(i+1)·H/n⌉.

    Args:
        input: floating point.
        output_size: number of windows, one number or (OH, OW); None keeps a dimension.

    Returns:
        (N, C, OH, OW) or (C, OH, OW).

    Raises:
        RuntimeError, ValueError: where shapes do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.adaptive_avg_pool2d(torch.arange(9.).view(1, 3, 3), 2)
        tensor([[[2., 3.],
                 [5., 6.]]])

    Source: PyTorch, torch.nn.functional.adaptive_avg_pool2d.
    """
    return _adaptive_avg_pool2d(input, _repeated(output_sizes(input, output_size, 2), 2))


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """Averages over a given number of windows of (N, C, D, H, W) or (C, D, H, W)."""
    return _adaptive_avg_pool3d(input, _repeated(output_sizes(input, output_size, 3), 3))


def _repeated(size: Any, rank: int) -> Any:
    return size if isinstance(size, tuple) and len(size) != 1 else per_dim(size, rank, "")


# ---- maxima --------------------------------------------------------------------------------------

def _window(kernel: Ints, out: Ints) -> dict[str, Ints]:
    rank = len(out)
    return {"kernel": kernel, "stride": kernel, "padding": (0,) * rank, "dilation": (1,) * rank,
            "out": out}


def _spread_out(x: Any, out: Ints) -> tuple[Any, Ints, list[Any]]:
    """x with its windows side by side, their common size, and where every row came from."""
    kernel, places = [], []
    for k, count in enumerate(out):
        axis = x.ndim - len(out) + k
        place, _, length = _positions(x.shape[axis], count)
        x = take_axis(x, place, axis)
        kernel.append(length)
        places.append(place)
    return x, tuple(kernel), places


def _original(index: Any, spread: Ints, size: Ints, places: list[Any]) -> Any:
    """Flat positions in the input for flat positions in the spread-out input."""
    flat: Any = None
    for k in reversed(range(len(size))):
        index_k = ew.remainder(*ar.operands(index, spread[k]))
        index = ew.floor_divide(*ar.operands(index, spread[k]))
        part = take(places[k], index_k) * math.prod(size[k + 1:])
        flat = part if flat is None else flat + part
    return flat


def _adaptive_max(x: Any, output_size: Any, rank: int) -> Any:
    name = f"adaptive_max_pool{rank}d"
    out = per_dim(output_size, rank, f"{name}(): internal error: output_size.size() must be {rank}")
    _checked(x, out, rank, name, ":", 0)
    if min(out) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension "
                           f"{next(n for n in out if n < 0)}: {[*x.shape[:-rank], *out]}")
    if x.dtype.category != FLOATING:
        raise not_implemented("adaptive_max_pool2d" if rank < 3 else f"{name}_cpu", x.dtype)
    rows, size = batched(x, rank), x.shape[-rank:]
    if not min(out):
        nothing = zeros((*x.shape[:-rank], *out), x)
        return nothing, ew.cast(nothing, dtype=int64)
    if _even(size, out):
        window = _window(tuple([n // o for n, o in zip(size, out, strict=True)]), out)
        best, index = _maxima(rows, window)
        return unbatched(best, x), unbatched(index, x)
    spread, kernel, places = _spread_out(rows, out)
    best, index = _maxima(spread, _window(kernel, out))
    return (unbatched(best, x), unbatched(_original(index, spread.shape[2:], size, places), x))


def _maxima(x: Any, window: Any) -> tuple[Any, Any]:
    """Maxima over windows and their flat positions."""
    number = window_argmax(x, **window)
    return (window_take(x, number, **window),
            window_position(number, size=x.shape[2:], **window))


@op(grad="SqueezeBackward1", widen=False)
def _adaptive_max_pool1d(input: Value, output_size: Any) -> Any:
    check_rank(input, 1, "adaptive_max_pool1d")
    out = check_size(output_size, "adaptive_max_pool1d", "output_size")
    _checked(input, (out,), 1, "adaptive_max_pool1d", ":", 0)
    both = _adaptive_max(_plane(input), (1, out), 2)
    return tuple([reshape(y, shape=(*y.shape[:-2], y.shape[-1])) for y in both])


@op(grad="AdaptiveMaxPool2DBackward0", widen=False)
def _adaptive_max_pool2d(input: Value, output_size: Any) -> Any:
    return _adaptive_max(input, output_size, 2)


@op(grad="AdaptiveMaxPool3DBackward0", widen=False)
def _adaptive_max_pool3d(input: Value, output_size: Any) -> Any:
    return _adaptive_max(input, output_size, 3)


def adaptive_max_pool1d_with_indices(input: Any, output_size: Any,
                                     return_indices: bool = False) -> Any:
    """`adaptive_max_pool1d` together with the positions of the maxima."""
    return _adaptive_max_pool1d(input, output_size)


def adaptive_max_pool2d_with_indices(input: Any, output_size: Any,
                                     return_indices: bool = False) -> Any:
    """`adaptive_max_pool2d` together with the positions of the maxima."""
    return _adaptive_max_pool2d(input, output_sizes(input, output_size, 2))


def adaptive_max_pool3d_with_indices(input: Any, output_size: Any,
                                     return_indices: bool = False) -> Any:
    """`adaptive_max_pool3d` together with the positions of the maxima."""
    return _adaptive_max_pool3d(input, output_sizes(input, output_size, 3))


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima over `output_size` windows of (N, C, L) or (C, L)."""
    both = adaptive_max_pool1d_with_indices(input, output_size)
    return both if return_indices else both[0]


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima over a given number of windows of (N, C, H, W) or (C, H, W).

    Args:
        input: floating point or integers.
        output_size: number of windows, one number or (OH, OW); None keeps a dimension.
        return_indices: also return the flat position of each maximum in its H × W. Default: False.

    Returns:
        (N, C, OH, OW) or (C, OH, OW), or a pair with the positions (int64).

    Raises:
        RuntimeError, ValueError: where shapes do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.adaptive_max_pool2d(torch.arange(9.).view(1, 3, 3), 2)
        tensor([[[4., 5.],
                 [7., 8.]]])

    Source: PyTorch, torch.nn.functional.adaptive_max_pool2d.
    """
    both = adaptive_max_pool2d_with_indices(input, output_size)
    return both if return_indices else both[0]


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima over a given number of windows of (N, C, D, H, W) or (C, D, H, W)."""
    both = adaptive_max_pool3d_with_indices(input, output_size)
    return both if return_indices else both[0]
