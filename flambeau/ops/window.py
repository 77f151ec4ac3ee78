"""Pooling windows over the last dimensions of (N, C, *S): sums, positions of maxima, adjoints.

Window index k of output o reads position o * stride + k * dilation - padding; positions outside the
input do not count. `out` is the number of windows per dimension (it settles ceil mode). A maximum's
place is kept as its number inside its window, row-major, in as narrow a type as that allows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtype import int32, int64, uint8
from ..graph import Shape, spec
from .define import Primitive

Ints = tuple[int, ...]


def _padded(x: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, out: Ints,
            fill: Any) -> Any:
    """The input with a border of `fill` wide enough for every window."""
    high = [(o - 1) * s + (k - 1) * d + 1 - p - n
            for o, s, k, d, p, n in zip(out, stride, kernel, dilation, padding, x.shape[2:],
                                        strict=True)]
    if not any(padding) and all(h <= 0 for h in high):
        return x
    width = ((0, 0), (0, 0), *[(p, max(h, 0)) for p, h in zip(padding, high, strict=True)])
    return np.pad(x, width, constant_values=fill)


def _tap_slices(tap: Ints, stride: Ints, dilation: Ints, out: Ints) -> tuple[slice, ...]:
    return (slice(None), slice(None), *[
        slice(k * d, k * d + (o - 1) * s + 1 if o else k * d, s)
        for k, d, s, o in zip(tap, dilation, stride, out, strict=True)])


def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind not in "iub" else (
        np.iinfo(dtype).min if dtype.kind != "b" else False)


def _first_inside(stride: Ints, padding: Ints, dilation: Ints, out: Ints, kernel: Ints) -> Any:
    """The number of the first element of each window that is not in the padding before it all."""
    number: Any = 0
    for axis, (s, p, d, o, k) in enumerate(
            zip(stride, padding, dilation, out, kernel, strict=True)):
        first = np.maximum(-((np.arange(o) * s - p) // d), 0)
        number = number * k + first.reshape((o,) + (1,) * (len(out) - axis - 1))
    return number


def _place(number: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, out: Ints,
           size: Ints) -> Any:
    """Flat positions in the input of the elements with these numbers in their windows."""
    offset, start = np.zeros(kernel, np.int64), np.zeros(out, np.int64)
    for axis, (k, s, p, d, o, n) in enumerate(
            zip(kernel, stride, padding, dilation, out, size, strict=True)):
        tail = (1,) * (len(out) - axis - 1)
        offset = offset * n + (np.arange(k) * d).reshape(k, *tail)
        start = start * n + (np.arange(o) * s - p).reshape(o, *tail)
    return np.take(offset.reshape(-1), number) + start


_CHUNK_BYTES = 1 << 20  # input worked on at a time, so that the passes over it stay in the cache


def _chunks(x: Any) -> list[slice]:
    """Slices of the batch of a few images each."""
    step = max(1, _CHUNK_BYTES // max(math.prod(x.shape[1:]) * x.itemsize, 1))
    return [slice(i, i + step) for i in range(0, x.shape[0], step)]


def number_type(kernel: Ints) -> Any:
    """The dtype of numbers of elements in a window."""
    return uint8 if math.prod(kernel) <= 256 else int32


def _argmax_numpy(x: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints,
                  out: Ints) -> Any:
    number = np.empty((*x.shape[:2], *out), number_type(kernel).numpy)
    for part in _chunks(x):
        number[part] = _argmax_numbers(x[part], kernel, stride, padding, dilation, out)
    return number


def _argmax_numbers(x: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints,
                    out: Ints) -> Any:
    """For each window, the number of its first maximum; a NaN is larger, the last one largest."""
    lowest = _lowest(x.dtype)
    padded = _padded(x, kernel, stride, padding, dilation, out, lowest)
    best = np.full((*x.shape[:2], *out), lowest, x.dtype)
    which = np.empty(best.shape, np.min_scalar_type(math.prod(kernel)))
    which[...] = _first_inside(stride, padding, dilation, out, kernel)
    unordered = x.dtype.kind not in "iu" and bool((x != x).any())
    for number, tap in enumerate(np.ndindex(*kernel)):
        value = np.ascontiguousarray(padded[_tap_slices(tap, stride, dilation, out)])
        hit = value > best
        if unordered:
            hit |= value != value
        # numbers grow, so the last hit has the largest one; arithmetic beats masked copies
        np.maximum(which, np.multiply(hit, number, dtype=which.dtype), out=which)
        np.maximum(best, value, out=best)
    return which


def _position_numpy(number: Any, size: Ints, kernel: Ints, stride: Ints, padding: Ints,
                    dilation: Ints, out: Ints) -> Any:
    place = np.empty(number.shape, np.int64)
    for part in _chunks(number):
        place[part] = _place(number[part], kernel, stride, padding, dilation, out, size)
    return place


window_argmax = Primitive(  # number in its window of the first maximum; of a NaN, if there is one
    "window_argmax", "window", _argmax_numpy,
    lambda x, kernel, stride, padding, dilation, out: spec((*x.shape[:2], *out),
                                                           number_type(kernel)))
window_position = Primitive(  # flat position, over the last dimensions, of numbers in windows
    "window_position", "window", _position_numpy,
    lambda number, size, **window: spec(number.shape, int64))


def _flat_index(index: Any, area: int) -> Any:
    """Positions within each image and channel as positions within the whole array."""
    n, c = index.shape[:2]
    start = np.arange(n * c).reshape((n, c) + (1,) * (index.ndim - 2)) * area
    return index + start


def _window_take_numpy(x: Any, number: Any, **window: Any) -> Any:
    place = _position_numpy(number, x.shape[2:], **window)
    return np.take(x.reshape(-1), _flat_index(place, math.prod(x.shape[2:])))


def _window_put_numpy(g: Any, number: Any, size: Shape, kernel: Ints, stride: Ints, padding: Ints,
                      dilation: Ints, out: Ints) -> Any:
    index = _position_numpy(number, size, kernel, stride, padding, dilation, out)
    shape = (*g.shape[:2], *size)
    flat = _flat_index(index, math.prod(size)).reshape(-1)
    apart = all(s > (k - 1) * d for s, k, d in zip(stride, kernel, dilation, strict=True))
    if apart:  # no position is in two windows
        total = np.zeros(math.prod(shape), g.dtype)
        total[flat] = g.reshape(-1)
    elif g.dtype.kind == "f":
        total = np.bincount(flat, g.reshape(-1), minlength=math.prod(shape))
    else:
        total = np.zeros(math.prod(shape), g.dtype)
        np.add.at(total, flat, g.reshape(-1))
    return total.astype(g.dtype, copy=False).reshape(shape)


window_take: Primitive = Primitive(  # x at the places that window_argmax found
    "window_take", "window", _window_take_numpy,
    lambda x, i, **window: spec(i.shape, x.dtype),
    lambda g, y, x, i, **window: [window_put(g, i, size=x.shape[2:], **window), None])
window_put: Primitive = Primitive(  # its adjoint: the sum over windows that chose a place
    "window_put", "window", _window_put_numpy,
    lambda g, i, size, **window: spec((*g.shape[:2], *size), g.dtype),
    lambda ct, y, g, i, size, **window: [window_take(ct, i, **window), None])


def _window_sum_numpy(x: Any, kernel: Ints, stride: Ints, padding: Ints, out: Ints) -> Any:
    ones = (1,) * len(kernel)
    padded = _padded(x, kernel, stride, padding, ones, out, 0)
    total = np.zeros((*x.shape[:2], *out), x.dtype)
    for tap in np.ndindex(*kernel):
        total += padded[_tap_slices(tap, stride, ones, out)]
    return total


def _window_spread_numpy(g: Any, kernel: Ints, stride: Ints, padding: Ints, size: Ints) -> Any:
    out, ones = g.shape[2:], (1,) * len(kernel)
    full = [max(p + n, (o - 1) * s + k)
            for p, n, o, s, k in zip(padding, size, out, stride, kernel, strict=True)]
    total = np.zeros((*g.shape[:2], *full), g.dtype)
    for tap in np.ndindex(*kernel):
        total[_tap_slices(tap, stride, ones, out)] += g
    inside = tuple(slice(p, p + n) for p, n in zip(padding, size, strict=True))
    return np.ascontiguousarray(total[(slice(None), slice(None), *inside)])


window_sum: Primitive = Primitive(
    "window_sum", "window", _window_sum_numpy,
    lambda x, kernel, stride, padding, out: spec((*x.shape[:2], *out), x.dtype),
    lambda g, y, x, kernel, stride, padding, out: [
        window_spread(g, kernel=kernel, stride=stride, padding=padding, size=x.shape[2:])])
window_spread: Primitive = Primitive(  # the adjoint of window_sum
    "window_spread", "window", _window_spread_numpy,
    lambda g, kernel, stride, padding, size: spec((*g.shape[:2], *size), g.dtype),
    lambda ct, y, g, kernel, stride, padding, size: [
        window_sum(ct, kernel=kernel, stride=stride, padding=padding, out=g.shape[2:])])
