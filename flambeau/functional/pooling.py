"""Pooling over sliding windows: maxima, averages, power averages; 1-D to 3-D."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.record import Value, op
from ..dtype import BOOL, COMPLEX, FLOATING, int64
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.movement import expand, reshape
from ..ops.window import window_argmax, window_position, window_sum, window_take
from .calling import not_implemented
from .pooling_checks import (
    check_max_pool1d,
    check_rank,
    check_size,
    window_arguments,
    windows_of,
)
from .reduction import wrap_dim
from .windows import Ints, batched, per_dim, unbatched

# ---- maxima --------------------------------------------------------------------------------------

def _max_pool(x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool,
              return_indices: bool, rank: int) -> Any:
    window = window_arguments(f"max_pool{rank}d", rank, kernel_size, stride, padding, dilation)
    if x.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(f"non-empty {rank + 1}D or {rank + 2}D (batch mode) tensor expected for "
                           "input")
    out = windows_of(x, *window, ceil_mode, "max_pool3d_with_indices_out_cpu_template()")
    if x.dtype.category in (BOOL, COMPLEX):
        raise not_implemented(f"max_pool{rank}d", x.dtype)
    return _maxima(x, *window, out, return_indices)


def _maxima(x: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, out: Ints,
            return_indices: bool) -> Any:
    rows = batched(x, len(out))
    window = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation,
              "out": out}
    number = window_argmax(rows, **window)
    best = unbatched(window_take(rows, number, **window), x)
    if not return_indices:
        return best
    return best, unbatched(window_position(number, size=rows.shape[2:], **window), x)


@op(grad="SqueezeBackward1", widen=False)
def max_pool1d(input: Value, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """Maxima over windows of (N, C, L) or (C, L).

    Args, Raises: as `max_pool2d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.max_pool1d(torch.tensor([[1., 3., 2., 4.]]), 2)
        tensor([[3., 4.]])

    Source: PyTorch, torch.nn.functional.max_pool1d.
    """
    window = check_max_pool1d(input, kernel_size, stride, padding, dilation)
    if input.dtype.category != FLOATING:
        raise not_implemented("max_pool1d_impl", input.dtype)
    out = windows_of(input, *window, ceil_mode, "max_pool1d()")
    return _maxima(input, *window, out, return_indices)


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
    """Maxima over windows of (N, C, D, H, W) or (C, D, H, W).

    Args, Raises: as `max_pool2d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.max_pool3d(torch.arange(8.).view(1, 2, 2, 2), 2)
        tensor([[[[7.]]]])

    Source: PyTorch, torch.nn.functional.max_pool3d.
    """
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


# ---- averages ------------------------------------------------------------------------------------

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
    kernel, steps, pads, spread = window_arguments(
        f"avg_pool{rank}d", rank, kernel_size, stride, padding, 1)
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    if x.ndim not in (rank + 1, rank + 2) and rank == 3:
        raise RuntimeError("non-empty 4D or 5D (batch mode) tensor expected for input")
    wrap_dim(-rank - 1, x.ndim)
    out = windows_of(x, kernel, steps, pads, spread, ceil_mode, "avg_pool3d()")
    if x.dtype.category in (BOOL, COMPLEX) or x.dtype.category == 1 and x.dtype is not int64:
        raise not_implemented("avg_pool2d" if rank < 3 else "avg_pool3d_out_frame", x.dtype)
    rows = batched(x, rank)
    total = window_sum(rows, kernel=kernel, stride=steps, padding=pads, out=out)
    count = divisor_override or _divisor(rows, kernel, steps, pads, out, count_include_pad)
    if x.dtype is int64:
        return unbatched(ew.trunc_divide(*ar.operands(total, count, d=int64)), x)
    return unbatched(total / count, x)


@op(grad="SqueezeBackward1")
def avg_pool1d(input: Value, kernel_size: Any, stride: Any = None, padding: Any = 0,
               ceil_mode: bool = False, count_include_pad: bool = True) -> Any:
    """Averages over windows of (N, C, L) or (C, L).

    Args, Raises: as `avg_pool2d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.avg_pool1d(torch.tensor([[1., 3., 2., 4.]]), 2)
        tensor([[2., 3.]])

    Source: PyTorch, torch.nn.functional.avg_pool1d.
    """
    check_rank(input, 1, "avg_pool1d")
    kernel, steps, pads = [check_size(value, "avg_pool1d", name) for value, name in (
        (kernel_size, "kernel_size"), (stride, "stride"), (padding, "padding"))]
    plane = reshape(input, shape=(*input.shape[:-1], 1, input.shape[-1]))
    y = _avg_pool(plane, (1, kernel), (1, kernel if steps is None else steps), (0, pads), ceil_mode,
                  count_include_pad, None, 2)
    return reshape(y, shape=(*y.shape[:-2], y.shape[-1]))


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
    """Averages over windows of (N, C, D, H, W) or (C, D, H, W).

    Args, Raises: as `avg_pool2d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.avg_pool3d(torch.arange(8.).view(1, 2, 2, 2), 2)
        tensor([[[[3.5000]]]])

    Source: PyTorch, torch.nn.functional.avg_pool3d.
    """
    return _avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad,
                     divisor_override, 3)


# ---- power averages ------------------------------------------------------------------------------

def _lp_name(specs: Any, static: Any) -> str:
    if static[0] == -math.inf:
        return "NegBackward0"
    if static[0] != math.inf:
        return "PowBackward0"
    rank = static[-1]
    return "SqueezeBackward1" if rank == 1 else f"MaxPool{rank}DWithIndicesBackward0"


@op(grad=_lp_name)
def _lp_pool(input: Value, norm_type: Any, kernel_size: Any, stride: Any, ceil_mode: bool,
             rank: int) -> Any:
    largest = (max_pool1d, max_pool2d, max_pool3d)[rank - 1]
    average = (avg_pool1d, avg_pool2d, avg_pool3d)[rank - 1]
    if norm_type == math.inf:
        return largest(ew.absolute(input), kernel_size, stride, 0, 1, ceil_mode)
    if norm_type == -math.inf:
        return -largest(-ew.absolute(input), kernel_size, stride, 0, 1, ceil_mode)
    mean = average(input ** norm_type, kernel_size, stride, 0, ceil_mode)
    size = ew.absolute(mean)
    size = ar.where(size <= 0, ar.literal(0, size.dtype), size)
    count = math.prod(per_dim(kernel_size, rank, "kernel_size"))
    return (ew.sign(mean) * size * count) ** (1.0 / norm_type)


def lp_pool1d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None,
              ceil_mode: bool = False) -> Any:
    """(Σ x^p)^(1/p) over windows of (N, C, L) or (C, L).

    Args: as `lp_pool2d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.lp_pool1d(torch.tensor([[3., 4.]]), 2, 2)
        tensor([[5.]])

    Source: PyTorch, torch.nn.functional.lp_pool1d.
    """
    return _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 1)


def lp_pool2d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None,
              ceil_mode: bool = False) -> Any:
    """(Σ x^p)^(1/p) over windows of (N, C, H, W) or (C, H, W).

    A window whose sum is zero has no gradient (NaN).

    Args:
        input: floating point.
        norm_type: p; ±∞ gives the largest or smallest absolute value.
        kernel_size: size of a window.
        stride: step of the windows. Default: kernel_size.
        ceil_mode: round the number of windows up instead of down. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.lp_pool2d(torch.tensor([[[3., 4.]]]), 2, (1, 2))
        tensor([[[5.]]])

    Source: PyTorch, torch.nn.functional.lp_pool2d.
    """
    return _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 2)


def lp_pool3d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None,
              ceil_mode: bool = False) -> Any:
    """(Σ x^p)^(1/p) over windows of (N, C, D, H, W) or (C, D, H, W).

    Args: as `lp_pool2d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.lp_pool3d(torch.ones(1, 1, 1, 4), 2, (1, 1, 4))
        tensor([[[[2.]]]])

    Source: PyTorch, torch.nn.functional.lp_pool3d.
    """
    return _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 3)
