"""Pooling windows over the last dimensions of (N, C, *S): sums, positions of maxima, adjoints.

Window index k of output o reads position o * stride + k * dilation - padding; positions outside the
input do not count. `out` is the number of windows per dimension (it settles ceil mode).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtype import int64
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


def _positions(tap: Ints, stride: Ints, padding: Ints, dilation: Ints, out: Ints,
               size: Ints) -> Any:
    flat: Any = 0
    for axis, (k, s, p, d, o, n) in enumerate(
            zip(tap, stride, padding, dilation, out, size, strict=True)):
        place = np.arange(o) * s + k * d - p
        flat = flat * n + place.reshape((o,) + (1,) * (len(out) - axis - 1))
    return flat


def _argmax_numpy(x: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints,
                  out: Ints) -> Any:
    padded = _padded(x, kernel, stride, padding, dilation, out, _lowest(x.dtype))
    best, where = None, None
    for tap in np.ndindex(*kernel):
        value = padded[_tap_slices(tap, stride, dilation, out)]
        place = _positions(tap, stride, padding, dilation, out, x.shape[2:])
        inside = _inside(tap, stride, padding, dilation, out, x.shape[2:])
        if best is None or where is None:
            best = np.where(inside, value, _lowest(x.dtype)).astype(x.dtype)
            where = np.where(inside, np.broadcast_to(place, value.shape), -1)
        else:
            hit = inside & ((value > best) | (value != value) | (where < 0))
            best = np.where(hit, value, best)
            where = np.where(hit, place, where)
    return np.asarray(where, np.int64)


def _inside(tap: Ints, stride: Ints, padding: Ints, dilation: Ints, out: Ints, size: Ints) -> Any:
    inside: Any = np.True_
    for axis, (k, s, p, d, o, n) in enumerate(
            zip(tap, stride, padding, dilation, out, size, strict=True)):
        place = np.arange(o) * s + k * d - p
        good = (place >= 0) & (place < n)
        inside = inside & good.reshape((o,) + (1,) * (len(out) - axis - 1))
    return inside


window_argmax = Primitive(  # flat position (over the last dimensions) of each window's first maximum
    "window_argmax", "window", _argmax_numpy,
    lambda x, kernel, stride, padding, dilation, out: spec((*x.shape[:2], *out), int64))


def _rows(x: Any) -> Any:
    return x.reshape(x.shape[0], x.shape[1], -1)


def _window_take_numpy(x: Any, index: Any, **window: Any) -> Any:
    return np.take_along_axis(_rows(x), _rows(index), 2).reshape(index.shape)


def _window_put_numpy(g: Any, index: Any, size: Shape, **window: Any) -> Any:
    n, c = g.shape[:2]
    area = math.prod(size)
    flat = (_rows(index) + np.arange(n * c).reshape(n, c, 1) * area).reshape(-1)
    if g.dtype.kind == "f":
        out = np.bincount(flat, g.reshape(-1), minlength=n * c * area)
    else:
        out = np.zeros(n * c * area, g.dtype)
        np.add.at(out, flat, g.reshape(-1))
    return out.astype(g.dtype).reshape(n, c, *size)


# The window's geometry goes along so that compiled code need not treat the index as arbitrary.
window_take = Primitive(  # x at the positions that window_argmax found
    "window_take", "window", _window_take_numpy,
    lambda x, i, **window: spec(i.shape, x.dtype),
    lambda g, y, x, i, **window: [window_put(g, i, size=x.shape[2:], **window), None])
window_put = Primitive(  # its adjoint: the sum over windows that chose a position
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


window_sum = Primitive(
    "window_sum", "window", _window_sum_numpy,
    lambda x, kernel, stride, padding, out: spec((*x.shape[:2], *out), x.dtype),
    lambda g, y, x, kernel, stride, padding, out: [
        window_spread(g, kernel=kernel, stride=stride, padding=padding, size=x.shape[2:])])
window_spread = Primitive(  # the adjoint of window_sum
    "window_spread", "window", _window_spread_numpy,
    lambda g, kernel, stride, padding, size: spec((*g.shape[:2], *size), g.dtype),
    lambda ct, y, g, kernel, stride, padding, size: [
        window_sum(ct, kernel=kernel, stride=stride, padding=padding, out=g.shape[2:])])
