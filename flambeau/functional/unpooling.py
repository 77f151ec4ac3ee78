"""Pooling at random or given positions: inverses of max pooling, and fractional max pooling."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.record import Value, op
from ..dtype import int64, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.gather import put_along, take_along
from ..ops.movement import reshape, strided_slice, zeros
from ..ops.window import window_argmax, window_position
from .windows import Ints, counting, per_dim

# ---- inverses of max pooling ---------------------------------------------------------------------

def _unpooled_size(shape: Ints, kernel: Ints, stride: Ints, padding: Ints,
                   output_size: Any) -> Ints:
    """The size before pooling: the one asked for, if it is possible, or the smallest."""
    rank = len(kernel)
    usual = [(n - 1) * s + k - 2 * p
             for n, s, k, p in zip(shape[-rank:], stride, kernel, padding, strict=True)]
    if output_size is None:
        wanted = usual
    else:
        wanted = list(output_size)
        if len(wanted) == rank + 2:
            wanted = wanted[2:]
        if len(wanted) != rank:
            raise ValueError(
                f"output_size should be a sequence containing {rank} or {rank + 2} elements, but "
                f"it has a length of '{len(wanted)}'")
        for d, (n, size, s) in enumerate(zip(wanted, usual, stride, strict=True)):
            if not size - s < n < size + s:
                shown = output_size if len(output_size) == rank else output_size[2:]
                raise ValueError(f'invalid output_size "{shown}" (dim {d} must be between '
                                 f"{size - s} and {size + s})")
    for d, n in enumerate(wanted):
        if n < 0:
            raise ValueError("max_unpooling: output_size must contain non-negative spatial "
                             f"dimensions, but got output_size[{d}]={n}")
    return tuple(wanted)


def _check_unpool(x: Any, index: Any, size: Ints) -> None:
    """Raise PyTorch's errors; `size` has two or three dimensions."""
    rank = len(size)
    if index.dtype is not int64:
        got = f" but got: {scalar_name(index.dtype)}" if rank == 2 else ""
        raise RuntimeError(f"elements in indices should be type int64{got}")
    if x.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Input to max_unpooling{rank}d should be a {rank + 1}d or {rank + 2}d Tensor, but got "
            f"a tensor with {x.ndim} dimensions.")
    if x.shape != index.shape:
        raise RuntimeError("Expected shape of indices to be same as that of the input tensor "
                           f"({list(x.shape)}) but got indices tensor with shape: "
                           f"{list(index.shape)}")
    positions = index._data("max_unpool")
    wrong = (positions < 0) | (positions >= math.prod(size))
    if wrong.any():
        raise RuntimeError(f"Found an invalid max index: {int(positions[wrong][0])} (output "
                           f"volumes are of size {'x'.join(map(str, size))})")


def _unpool(x: Any, index: Any, size: Ints, rank: int) -> Any:
    lead = x.shape[:-rank]
    rows = (math.prod(lead), math.prod(x.shape[-rank:]))
    base = zeros((rows[0], math.prod(size)), x)
    placed = put_along(base, reshape(index, shape=rows), reshape(x, shape=rows), axis=1, mode="set")
    return reshape(placed, shape=(*lead, *size))


@op(grad="SqueezeBackward1", widen=False)
def _max_unpool1d(input: Value, indices: Value, size: Any) -> Any:
    return _unpool(input, indices, size, 1)


@op(grad="MaxUnpool2DBackward0", widen=False)
def _max_unpool2d(input: Value, indices: Value, size: Any) -> Any:
    return _unpool(input, indices, size, 2)


@op(grad="MaxUnpool3DBackward0", widen=False)
def _max_unpool3d(input: Value, indices: Value, size: Any) -> Any:
    return _unpool(input, indices, size, 3)


def _size_before(input: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any,
                 rank: int) -> Ints:
    kernel = per_dim(kernel_size, rank, "kernel_size")
    steps = kernel if stride is None else per_dim(stride, rank, "stride")
    return _unpooled_size(tuple(input.shape), kernel, steps, per_dim(padding, rank, "padding"),
                          output_size)


def max_unpool1d(input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 output_size: Any = None) -> Any:
    """Put the maxima of `max_pool1d` back to their positions; arguments as `max_unpool2d`."""
    size = _size_before(input, kernel_size, stride, padding, output_size, 1)
    _check_unpool(input.unsqueeze(-1), indices.unsqueeze(-1), (*size, 1))
    return _max_unpool1d(input, indices, size)


def max_unpool2d(input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 output_size: Any = None) -> Any:
    """Put the maxima of `max_pool2d` back to their positions, among zeros.

    Args:
        input: (N, C, H, W) or (C, H, W), the maxima.
        indices: int64 of the same shape, their flat positions in the output.
        kernel_size, stride, padding: those of the pooling.
        output_size: the size before pooling, where several are possible. Default: the smallest.

    Raises:
        ValueError: for an impossible output_size.
        RuntimeError: where shapes or dtypes do not fit, or a position is outside the output.

    Example:
        >>> import flambeau as torch
        >>> F = torch.nn.functional
        >>> best, where = F.max_pool2d(torch.arange(4.).view(1, 2, 2), 2, return_indices=True)
        >>> F.max_unpool2d(best, where, 2)
        tensor([[[0., 0.],
                 [0., 3.]]])

    Source: PyTorch, torch.nn.functional.max_unpool2d.
    """
    size = _size_before(input, kernel_size, stride, padding, output_size, 2)
    _check_unpool(input, indices, size)
    return _max_unpool2d(input, indices, size)


def max_unpool3d(input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 output_size: Any = None) -> Any:
    """Put the maxima of `max_pool3d` back to their positions; arguments as `max_unpool2d`."""
    size = _size_before(input, kernel_size, stride, padding, output_size, 3)
    _check_unpool(input, indices, size)
    return _max_unpool3d(input, indices, size)


# ---- fractional max pooling ----------------------------------------------------------------------

def _begins(sample: Any, n: int, kernel: int, out: int) -> Any:
    """Where the windows begin, (N, C, out), for samples (N, C) in [0, 1).

    Window i begins at ⌊(i + u)·α⌋ − ⌊u·α⌋ with α = (n − kernel) / (out − 1); the last one ends with
    the input.
    """
    lead = sample.shape
    last = ew.cast(ar.literal(n - kernel, int64), dtype=int64)
    if out == 1:
        return reshape(ar.broadcast_to(reshape(last, shape=(1, 1)), lead), shape=(*lead, 1))
    step = (n - kernel) / (out - 1)
    column = reshape(sample, shape=(*lead, 1))
    i = counting(out, sample.dtype)
    shift = ew.cast(column * step, dtype=int64)
    begin = ew.cast((i + column) * step, dtype=int64) - shift
    return ar.where(counting(out, int64).eq(out - 1), last, begin)


def _fractional_positions(samples: Any, size: Ints, kernel: Ints, out: Ints) -> Any:
    """Flat positions of all elements of all windows: (N, C, *(out · kernel))."""
    rank = len(size)
    flat: Any = 0
    for k in range(rank):
        # PyTorch takes the samples in the order (width, height), but (depth, height, width)
        column = strided_slice(samples, start=(0, 0, 1 - k if rank == 2 else k), step=(1, 1, 1),
                               shape=(*samples.shape[:2], 1))
        sample = reshape(column, shape=samples.shape[:2])
        begin = reshape(_begins(sample, size[k], kernel[k], out[k]),
                        shape=(*samples.shape[:2], out[k], 1))
        place = begin + counting(kernel[k], int64)
        shape = [*samples.shape[:2], *[1] * rank]
        shape[2 + k] = out[k] * kernel[k]
        flat = flat * size[k] + reshape(place, shape=tuple(shape))
    return flat


def _fractional(x: Any, kernel: Ints, out: Ints, samples: Any, rank: int) -> Any:
    """Maxima and their flat positions."""
    size, lead = x.shape[-rank:], x.shape[:-rank]
    for d, (n, k, o) in enumerate(zip(size, kernel, out, strict=True)):
        if o + k - 1 > n:
            axis = ("time", "height", "width")[3 - rank + d]
            name = f"fractional_max_pool{rank}d" + ("_out" if rank == 3 else "")
            raise RuntimeError(f"{name}(): pool {axis} {k} too large "
                               f"relative to input {axis} {n}")
    rows = (lead[0] if len(lead) == 2 else 1, lead[-1])
    place = _fractional_positions(samples, size, kernel, out)
    flat = reshape(x, shape=(*rows, math.prod(size)))
    spread = take_along(flat, reshape(place, shape=(*rows, math.prod(place.shape[2:]))), axis=2)
    spread = reshape(spread, shape=place.shape)
    window = {"kernel": kernel, "stride": kernel, "padding": (0,) * rank,
              "dilation": (1,) * rank, "out": out}
    index = window_position(window_argmax(ew.stop_gradient(spread), **window),
                            size=spread.shape[2:], **window)
    many = math.prod(out)
    chosen = take_along(reshape(place, shape=(*rows, math.prod(place.shape[2:]))),
                        reshape(index, shape=(*rows, many)), axis=2)
    best = take_along(flat, chosen, axis=2)
    return reshape(best, shape=(*lead, *out)), reshape(chosen, shape=(*lead, *out))


@op(grad="FractionalMaxPool2DBackward0", widen=False)
def fractional_max_pool2d_at(input: Value, samples: Value, kernel: Any, out: Any) -> Any:
    """Maxima over windows that begin where `samples` (N, C, 2) in [0, 1) say, and positions."""
    return _fractional(input, kernel, out, samples, 2)


@op(grad="FractionalMaxPool3DBackward0", widen=False)
def fractional_max_pool3d_at(input: Value, samples: Value, kernel: Any, out: Any) -> Any:
    """Maxima over windows that begin where `samples` (N, C, 3) in [0, 1) say, and positions."""
    return _fractional(input, kernel, out, samples, 3)
