"""Rearrangements of images: pixel and channel shuffles, sliding windows as columns."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.record import Value, op
from ..ops.movement import concatenate, embed, permute, reshape, strided_slice
from .reduction import wrap_dim
from .windows import Ints, batched, per_dim

# ---- shuffles ------------------------------------------------------------------------------------


@op(widen=False)
def pixel_shuffle(input: Value, upscale_factor: int) -> Any:
    """Rearrange (*, C·r², H, W) to (*, C, H·r, W·r).

    Args:
        input: at least three dimensions.
        upscale_factor: r.

    Raises:
        RuntimeError: where the channels do not divide by r².

    Example:
        >>> import flambeau as torch
        >>> torch.pixel_shuffle(torch.arange(4.).view(4, 1, 1), 2)
        tensor([[[0., 1.],
                 [2., 3.]]])

    Source: PyTorch, torch.nn.functional.pixel_shuffle.
    """
    r = upscale_factor
    if input.ndim < 3:
        raise RuntimeError("pixel_shuffle expects input to have at least 3 dimensions, but got "
                           f"input with {input.ndim} dimension(s)")
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *lead, c, h, w = input.shape
    if c % (r * r):
        raise RuntimeError("pixel_shuffle expects its input's 'channel' dimension to be divisible "
                           "by the square of upscale_factor, but input.size(-3)="
                           f"{c} is not divisible by {r * r}")
    n = math.prod(lead)
    split = reshape(input, shape=(n, c // (r * r), r, r, h, w))
    moved = permute(split, dims=(0, 1, 4, 2, 5, 3))
    return reshape(moved, shape=(*lead, c // (r * r), h * r, w * r))


@op(widen=False)
def pixel_unshuffle(input: Value, downscale_factor: int) -> Any:
    """Rearrange (*, C, H·r, W·r) to (*, C·r², H, W): the inverse of `pixel_shuffle`.

    Args:
        input: at least three dimensions.
        downscale_factor: r.

    Raises:
        RuntimeError: where height or width do not divide by r.

    Example:
        >>> import flambeau as torch
        >>> torch.pixel_unshuffle(torch.arange(4.).view(1, 2, 2), 2).flatten()
        tensor([0., 1., 2., 3.])

    Source: PyTorch, torch.nn.functional.pixel_unshuffle.
    """
    r = downscale_factor
    if input.ndim < 3:
        raise RuntimeError("pixel_unshuffle expects input to have at least 3 dimensions, but got "
                           f"input with {input.ndim} dimension(s)")
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *lead, c, h, w = input.shape
    for size, name, axis in ((h, "height", -2), (w, "width", -1)):
        if size % r:
            raise RuntimeError(f"pixel_unshuffle expects {name} to be divisible by "
                               "downscale_factor, "
                               f"but input.size({axis})={size} is not divisible by {r}")
    n = math.prod(lead)
    split = reshape(input, shape=(n, c, h // r, r, w // r, r))
    moved = permute(split, dims=(0, 1, 3, 5, 2, 4))
    return reshape(moved, shape=(*lead, c * r * r, h // r, w // r))


@op(widen=False)
def channel_shuffle(input: Value, groups: int) -> Any:
    """Deal the channels of g groups out in turn: channel k of group j becomes channel k·g + j.

    Args:
        input: (N, C, *).
        groups: g.

    Raises:
        RuntimeError: where C does not divide by g.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.channel_shuffle(torch.arange(4.).view(1, 4, 1), 2).flatten()
        tensor([0., 2., 1., 3.])

    Source: PyTorch, torch.nn.functional.channel_shuffle.
    """
    if input.ndim < 3:
        raise RuntimeError("channel_shuffle expects input with > 2 dims, but got input with sizes "
                           f"{list(input.shape)}")
    if groups <= 0:
        raise RuntimeError("Number of groups to divide channels in must be positive. Value of "
                           f"groups:{groups}")
    n, c, *size = input.shape
    if c % groups:
        raise RuntimeError("Number of channels must be divisible by groups. Got "
                           f"{c} channels and {groups} groups.")
    split = reshape(input, shape=(n, groups, c // groups, math.prod(size)))
    return reshape(permute(split, dims=(0, 2, 1, 3)), shape=input.shape)


# ---- sliding windows as columns ------------------------------------------------------------------

def _window_counts(size: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints) -> Ints:
    return tuple([(n + 2 * p - d * (k - 1) - 1) // s + 1
                  for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)])


def _check_positive(kernel: Ints, dilation: Ints, stride: Ints, padding: Ints) -> None:
    for values, name, label in (
            (kernel, "kernel size", "kernel_"), (dilation, "dilation", "dilation_"),
            (stride, "stride", "stride_")):
        if min(values) <= 0:
            raise RuntimeError(f"{name} should be greater than zero, but got {label}height: "
                               f"{values[0]} {label}width: {values[1]}")
    if min(padding) < 0:
        raise RuntimeError(f"padding should be non-negative, but got pad_height: {padding[0]} "
                           f"pad_width: {padding[1]}")


def _expand_axis(x: Any, axis: int, kernel: int, stride: int, dilation: int, count: int) -> Any:
    """The axis as (kernel, count): entry (k, o) is at o · stride + k · dilation."""
    ones = (1,) * x.ndim
    step = (*ones[:axis], stride, *ones[axis + 1:])
    shape = (*x.shape[:axis], count, *x.shape[axis + 1:])
    taps = []
    for k in range(kernel):
        start = [0] * x.ndim
        start[axis] = k * dilation
        part = strided_slice(x, start=tuple(start), shape=shape, step=step)
        taps.append(reshape(part, shape=(*shape[:axis], 1, *shape[axis:])))
    return concatenate(*taps, axis=axis) if kernel > 1 else taps[0]


def _collect_axis(x: Any, axis: int, stride: int, dilation: int, size: int) -> Any:
    """The adjoint of `_expand_axis`: entries (k, o) summed at o · stride + k · dilation."""
    kernel, count = x.shape[axis], x.shape[axis + 1]
    lead, tail = x.shape[:axis], x.shape[axis + 2:]
    step = (*[1] * axis, stride, *[1] * len(tail))
    total: Any = None
    for k in range(kernel):
        start = [0] * x.ndim
        start[axis] = k
        part = strided_slice(x, start=tuple(start), shape=(*lead, 1, count, *tail),
                             step=(1,) * x.ndim)
        part = reshape(part, shape=(*lead, count, *tail))
        begin = (*[0] * axis, k * dilation, *[0] * len(tail))
        placed = embed(part, shape=(*lead, size, *tail), start=begin, step=step, value=0)
        total = placed if total is None else total + placed
    return total


def _geometry(kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> list[Ints]:
    return [per_dim(value, 2, f"It is expected {name} equals to 2, but got size "
                    f"{len(value) if isinstance(value, (tuple, list)) else 1}")
            for value, name in ((kernel_size, "kernel_size"), (dilation, "dilation"),
                                (padding, "padding"), (stride, "stride"))]


@op(grad="Im2ColBackward0", widen=False)
def unfold(input: Value, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
           stride: Any = 1) -> Any:
    """Lay the sliding windows of images out as columns.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: size of a window, one number or (KH, KW).
        dilation: distance between the elements of a window. Default: 1.
        padding: zeros around the images. Default: 0.
        stride: step of the windows. Default: 1.

    Returns:
        (N, C·KH·KW, L) for L windows.

    Raises:
        RuntimeError: where shapes or parameters do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.unfold(torch.arange(4.).view(1, 1, 2, 2), (1, 2))
        tensor([[[0., 2.],
                 [1., 3.]]])

    Source: PyTorch, torch.nn.functional.unfold.
    """
    kernel, spread, pads, steps = _geometry(kernel_size, dilation, padding, stride)
    _check_positive(kernel, spread, steps, pads)
    wrap_dim(2, input.ndim)
    if input.ndim not in (3, 4) or not all(input.shape[-3:]):
        raise RuntimeError("Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and "
                           f"other non-zero dimensions for input, but got: {list(input.shape)}")
    out = _window_counts(input.shape[-2:], kernel, steps, pads, spread)
    if min(out) < 1:
        h, w = input.shape[-2:]
        raise RuntimeError(
            f"Given input with spatial size ({h}, {w}), kernel_size=({kernel[0]}, {kernel[1]}), "
            f"dilation=({spread[0]}, {spread[1]}), padding=({pads[0]}, {pads[1]}), "
            "calculated shape of the array of sliding blocks as "
            f"({out[0]}, {out[1]}), but its components must be at least one.")
    x = batched(input, 2)
    n, c, h, w = x.shape
    if any(pads):
        x = embed(x, shape=(n, c, h + 2 * pads[0], w + 2 * pads[1]), start=(0, 0, *pads),
                  step=(1,) * 4, value=0)
    x = _expand_axis(x, 3, kernel[1], steps[1], spread[1], out[1])
    x = _expand_axis(x, 2, kernel[0], steps[0], spread[0], out[0])  # (N, C, KH, OH, KW, OW)
    x = permute(x, dims=(0, 1, 2, 4, 3, 5))
    columns = (c * math.prod(kernel), math.prod(out))
    return reshape(x, shape=(n, *columns) if input.ndim == 4 else columns)


def _check_fold(x: Any, size: Ints, kernel: Ints, dilation: Ints, padding: Ints,
                stride: Ints) -> Ints:
    """The number of windows per dimension; PyTorch's errors where the columns do not fit."""
    _check_positive(kernel, dilation, stride, padding)
    if x.ndim not in (2, 3) or not all(x.shape[-2:]):
        raise RuntimeError("Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch "
                           f"size and non-zero dimensions for input, but got: {list(x.shape)}")
    rows, columns = x.shape[-2:]
    if rows % math.prod(kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={rows} and kernel_size=({kernel[0]}, {kernel[1]}).")
    out = _window_counts(size, kernel, stride, padding, dilation)
    given = (f"output_size=({size[0]}, {size[1]}), kernel_size=({kernel[0]}, {kernel[1]}), "
             f"dilation=({dilation[0]}, {dilation[1]}), padding=({padding[0]}, {padding[1]}), "
             f"stride=({stride[0]}, {stride[1]})")
    if columns != math.prod(out):
        raise RuntimeError(
            f"Given {given}, expected size of input's dimension 2 to match the calculated number "
            f"of sliding blocks {out[0]} * {out[1]} = {math.prod(out)}, but got input.size(2)="
            f"{columns}.")
    if min(size) < 1:
        raise RuntimeError("Expected output spatial size to be positive, but got: output_size="
                           f"({size[0]}, {size[1]}).")
    return out


@op(grad="Col2ImBackward0")
def fold(input: Value, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
         stride: Any = 1) -> Any:
    """Sum columns of windows into images: the adjoint of `unfold`.

    Args:
        input: (N, C·KH·KW, L) or (C·KH·KW, L).
        output_size: one number or (H, W).
        kernel_size, dilation, padding, stride: those of `unfold`.

    Returns:
        (N, C, H, W) or (C, H, W).

    Raises:
        RuntimeError: where shapes or parameters do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.fold(torch.ones(1, 2, 2), (1, 3), (1, 2))
        tensor([[[[1., 2., 1.]]]])

    Source: PyTorch, torch.nn.functional.fold.
    """
    size = per_dim(output_size, 2, "It is expected output_size equals to 2, but got size "
                   f"{len(output_size) if isinstance(output_size, tuple) else 1}")
    kernel, spread, pads, steps = _geometry(kernel_size, dilation, padding, stride)
    out = _check_fold(input, size, kernel, spread, pads, steps)
    x = input if input.ndim == 3 else reshape(input, shape=(1, *input.shape))
    n, c = x.shape[0], x.shape[1] // math.prod(kernel)
    x = reshape(x, shape=(n, c, *kernel, *out))
    x = permute(x, dims=(0, 1, 2, 4, 3, 5))  # (N, C, KH, OH, KW, OW)
    full = [max(m + 2 * p, (o - 1) * s + d * (k - 1) + 1) for m, p, o, s, d, k in zip(
        size, pads, out, steps, spread, kernel, strict=True)]
    x = _collect_axis(x, 2, steps[0], spread[0], full[0])  # (N, C, H, KW, OW)
    x = _collect_axis(x, 3, steps[1], spread[1], full[1])
    image = strided_slice(x, start=(0, 0, *pads), shape=(n, c, *size), step=(1,) * 4)
    return image if input.ndim == 3 else reshape(image, shape=(c, *size))
