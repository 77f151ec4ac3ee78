"""Pooling over sliding windows: maxima, averages, power averages; 1-D to 3-D."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.record import Value, op
from ..dtype import BOOL, COMPLEX
from ..ops import elementwise as ew
from ..ops.movement import expand, reshape
from ..ops.reduction import iota
from ..ops.window import window_argmax, window_sum, window_take
from .calling import not_implemented
from .windows import Ints, batched, per_dim, pooled_size, unbatched

_COUNT = ("", "one int", "two ints", "three ints")
_LETTERS = ("T", "H", "W")
_TITLES = ("time", "height", "width")


# ---- arguments ------------------------------------------------------------------------------------

def window_arguments(name: str, rank: int, kernel_size: Any, stride: Any, padding: Any,
                     dilation: Any) -> tuple[Ints, Ints, Ints, Ints]:
    """Kernel, stride, padding and dilation, each with one number per dimension."""
    one = _COUNT[rank] if rank == 1 else f"tuple of {_COUNT[rank]}"
    article = "" if rank == 1 else "a "
    kernel = per_dim(kernel_size, rank, f"{name}: kernel_size must either be a single int, or "
                     f"{article}{one}")
    empty = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    steps = kernel if empty else per_dim(
        stride, rank, f"{name}: stride must either be omitted, a single int, or {article}{one}")
    pads = per_dim(padding, rank, f"{name}: padding must either be a single int, or "
                   f"{article}{one}")
    spread = per_dim(dilation, rank, f"{name}: dilation must be either a single int, or "
                     f"{article}{one}")
    return kernel, steps, pads, spread


def _labels(prefix: str, values: Ints) -> str:
    letters = _LETTERS[3 - len(values):]
    return " ".join(f"{prefix}{a}: {v}" for a, v in zip(letters, values, strict=True))


def check_windows(kernel: Ints, stride: Ints, dilation: Ints) -> None:
    """Raise PyTorch's RuntimeError unless all of them are positive."""
    if min(kernel) <= 0:
        letters = _LETTERS[3 - len(kernel):]
        listed = " ".join(f"k{a}: {v}" for a, v in zip(letters, kernel, strict=True))
        raise RuntimeError(f"kernel size should be greater than zero, but got {listed}")
    if min(stride) <= 0:
        raise RuntimeError(f"stride should be greater than zero, but got {_labels('d', stride)}")
    if min(dilation) <= 0:
        raise RuntimeError("dilation should be greater than zero, but got "
                           f"{_labels('dilation', dilation)}")


def check_input(x: Any, rank: int, name: str) -> None:
    """Raise PyTorch's RuntimeError unless x is (C, *S) or (N, C, *S) with something in it."""
    filled = all(x.shape[x.ndim - rank - 1:]) if x.ndim in (rank + 1, rank + 2) else False
    if filled:
        return
    if rank == 3:
        raise RuntimeError(f"non-empty 4D or 5D (batch mode) tensor expected for input, but got: "
                           f"{name} with ndim {x.ndim}")
    raise RuntimeError(f"Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim "
                       f"batch size for input, but got:{list(x.shape)}")


def windows_of(x: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints,
               ceil_mode: bool) -> Ints:
    """The number of windows per dimension.

    Raises:
        RuntimeError: where there would be none.
    """
    rank = len(kernel)
    size = x.shape[-rank:]
    out = tuple([pooled_size(*args, ceil_mode)
                 for args in zip(size, kernel, stride, padding, dilation, strict=True)])
    if min(out) < 1:
        channels = x.shape[-rank - 1]
        raise RuntimeError(
            f"Given input size: ({'x'.join(map(str, (channels, *size)))}). Calculated output size: "
            f"({'x'.join(map(str, (channels, *out)))}). Output size is too small")
    return out


# ---- maxima ---------------------------------------------------------------------------------------

def _max_pool(x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool,
              return_indices: bool, rank: int) -> Any:
    name = f"max_pool{rank}d"
    kernel, steps, pads, spread = window_arguments(name, rank, kernel_size, stride, padding, dilation)
    check_windows(kernel, steps, spread)
    check_input(x, rank, name)
    if x.dtype.category in (BOOL, COMPLEX):
        raise not_implemented("max_pool2d" if rank < 3 else "max_pool3d", x.dtype)
    out = windows_of(x, kernel, steps, pads, spread, ceil_mode)
    rows = batched(x, rank)
    window = {"kernel": kernel, "stride": steps, "padding": pads, "dilation": spread, "out": out}
    index = window_argmax(rows, **window)
    best = unbatched(window_take(rows, index, **window), x)
    return (best, unbatched(index, x)) if return_indices else best


@op(grad="SqueezeBackward1", widen=False)
def max_pool1d(input: Value, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """Maxima over windows of (N, C, L) or (C, L); arguments as those of `max_pool2d`."""
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, 1)


@op(grad="MaxPool2DWithIndicesBackward0", widen=False)
def max_pool2d(input: Value, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """Maxima over windows of (N, C, H, W) or (C, H, W).

    Where several elements are the maximum, the first receives the gradient. A NaN is larger than
    everything else.

    Args:
        input: floating point or integers.
        kernel_size: size of a window, one number or (KH, KW).
        stride: step of the windows. Default: kernel_size.
        padding: border that never wins, at most half of a window. Default: 0.
        dilation: distance between the elements of a window. Default: 1.
        ceil_mode: round the number of windows up instead of down. Default: False.
        return_indices: also return the flat position of each maximum in its H × W. Default: False.

    Returns:
        (N, C, OH, OW) with OH = ⌊(H + 2·padding − dilation·(KH − 1) − 1) / stride⌋ + 1, or a pair
        with the positions (int64).

    Raises:
        RuntimeError: where shapes or parameters do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.max_pool2d(torch.arange(16.).view(1, 4, 4), 2)
        tensor([[[ 5.,  7.],
                 [13., 15.]]])

    Source: PyTorch, torch.nn.functional.max_pool2d.
    """
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, 2)


@op(grad="MaxPool3DWithIndicesBackward0", widen=False)
def max_pool3d(input: Value, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """Maxima over windows of (N, C, D, H, W) or (C, D, H, W); arguments as those of `max_pool2d`."""
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, 3)


def max_pool1d_with_indices(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                            dilation: Any = 1, ceil_mode: bool = False,
                            return_indices: bool = False) -> Any:
    """`max_pool1d` together with the positions of the maxima."""
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                            dilation: Any = 1, ceil_mode: bool = False,
                            return_indices: bool = False) -> Any:
    """`max_pool2d` together with the positions of the maxima."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                            dilation: Any = 1, ceil_mode: bool = False,
                            return_indices: bool = False) -> Any:
    """`max_pool3d` together with the positions of the maxima."""
    return max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


# ---- averages -------------------------------------------------------------------------------------

def _ones(shape: Ints, d: Any) -> Any:
    return expand(ew.constant(value=1, dtype=d), shape=shape)


def _divisor(x: Any, kernel: Ints, stride: Ints, padding: Ints, out: Ints,
             count_include_pad: bool) -> Any:
    """How many elements each window counts: a number where all agree, else one per window."""
    size = x.shape[2:]
    whole = all((o - 1) * s + k <= n + 2 * p if count_include_pad else not p and
                (o - 1) * s + k <= n
                for o, s, k, n, p in zip(out, stride, kernel, size, padding, strict=True))
    if whole:
        return math.prod(kernel)
    if count_include_pad:
        size = tuple([n + 2 * p for n, p in zip(size, padding, strict=True)])
        padding = (0,) * len(size)
    return window_sum(_ones((1, 1, *size), x.dtype), kernel=kernel, stride=stride, padding=padding,
                      out=out)


def _avg_pool(x: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
              count_include_pad: bool, divisor_override: Any, rank: int) -> Any:
    name = f"avg_pool{rank}d"
    kernel, steps, pads, spread = window_arguments(name, rank, kernel_size, stride, padding, 1)
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    check_windows(kernel, steps, spread)
    check_input(x, rank, name)
    out = windows_of(x, kernel, steps, pads, spread, ceil_mode)
    if x.dtype.category in (BOOL, COMPLEX) or x.dtype.category == 1 and x.dtype.itemsize < 8:
        raise not_implemented("avg_pool2d" if rank < 3 else "avg_pool3d_out_frame", x.dtype)
    rows = batched(x, rank)
    total = window_sum(rows, kernel=kernel, stride=steps, padding=pads, out=out)
    count = divisor_override or _divisor(rows, kernel, steps, pads, out, count_include_pad)
    if x.dtype.category == 1:
        if isinstance(count, int):
            count = ew.constant(value=count, dtype=x.dtype)
        else:
            count = expand(count, shape=total.shape)
        return unbatched(ew.trunc_divide(total, count), x)
    return unbatched(total / count, x)


@op(grad="SqueezeBackward1")
def avg_pool1d(input: Value, kernel_size: Any, stride: Any = None, padding: Any = 0,
               ceil_mode: bool = False, count_include_pad: bool = True) -> Any:
    """Averages over windows of (N, C, L) or (C, L); arguments as those of `avg_pool2d`."""
    return _avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, None, 1)


@op(grad="AvgPool2DBackward0")
def avg_pool2d(input: Value, kernel_size: Any, stride: Any = None, padding: Any = 0,
               ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: Any = None) -> Any:
    """Averages over windows of (N, C, H, W) or (C, H, W).

    Args:
        input: floating point or int64.
        kernel_size: size of a window, one number or (KH, KW).
        stride: step of the windows. Default: kernel_size.
        padding: zeros around the input, at most half of a window. Default: 0.
        ceil_mode: round the number of windows up instead of down. Default: False.
        count_include_pad: count the zeros of the padding. Default: True.
        divisor_override: divide the sums by this instead of the count. Default: None.

    Returns:
        (N, C, OH, OW) with OH = ⌊(H + 2·padding − KH) / stride⌋ + 1.

    Raises:
        RuntimeError: where shapes or parameters do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.avg_pool2d(torch.arange(16.).view(1, 4, 4), 2)
        tensor([[[ 2.5000,  4.5000],
                 [10.5000, 12.5000]]])

    Source: PyTorch, torch.nn.functional.avg_pool2d.
    """
    return _avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad,
                     divisor_override, 2)


@op(grad="AvgPool3DBackward0")
def avg_pool3d(input: Value, kernel_size: Any, stride: Any = None, padding: Any = 0,
               ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: Any = None) -> Any:
    """Averages over windows of (N, C, D, H, W) or (C, D, H, W); arguments as those of `avg_pool2d`."""
    return _avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad,
                     divisor_override, 3)
