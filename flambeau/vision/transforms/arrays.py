"""Image operations on NumPy arrays (..., C, H, W): what the transforms do to tensors.

One image at a time is too small a task for recording and compiling; NumPy does it at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

Array = numpy.ndarray[Any, Any]

# Luma of ITU-R 601, as torchvision rounds it.
LUMA = (0.2989, 0.587, 0.114)


def highest_value(dtype: numpy.dtype[Any]) -> float:
    """White: 1 for floats, the largest integer otherwise."""
    return 1.0 if dtype.kind == "f" else float(numpy.iinfo(dtype).max)


def _working_type(image: Array) -> Array:
    return image if image.dtype.kind == "f" else image.astype(numpy.float32)


def _as_type(image: Array, dtype: numpy.dtype[Any]) -> Array:
    """Back to the image's type, integers rounded and clipped."""
    if dtype.kind == "f":
        return image.astype(dtype, copy=False)
    limits = numpy.iinfo(dtype)
    return numpy.clip(numpy.rint(image), limits.min, limits.max).astype(dtype)


def blend(first: Array, second: Array, ratio: float) -> Array:
    """``ratio * first + (1 - ratio) * second``, clipped to the range of ``first``."""
    mixed = ratio * _working_type(first) + (1.0 - ratio) * second
    return numpy.clip(mixed, 0, highest_value(first.dtype)).astype(first.dtype)


def grayscale(image: Array) -> Array:
    """Luma (..., 1, H, W) of an RGB image; a copy of a one-channel image."""
    if image.shape[-3] == 1:
        return image.copy()
    red, green, blue = (image[..., channel : channel + 1, :, :] for channel in range(3))
    luma = LUMA[0] * _working_type(red) + LUMA[1] * green + LUMA[2] * blue
    return luma.astype(image.dtype)


def adjust_contrast(image: Array, factor: float) -> Array:
    """Blend with the mean luma."""
    mean = _working_type(grayscale(image)).mean(axis=(-3, -2, -1), keepdims=True)
    return blend(image, mean, factor)


def adjust_hue(image: Array, factor: float) -> Array:
    """Turn the hue of an RGB image by ``factor`` of the circle."""
    white = highest_value(image.dtype)
    red, green, blue = numpy.moveaxis(_working_type(image) / white, -3, 0)
    value = numpy.maximum(numpy.maximum(red, green), blue)
    low = numpy.minimum(numpy.minimum(red, green), blue)
    chroma = value - low
    spread = numpy.where(chroma == 0, 1, chroma)
    saturation = chroma / numpy.where(chroma == 0, 1, value)
    hue = numpy.where(
        value == red,
        (green - blue) / spread,
        numpy.where(value == green, 2 + (blue - red) / spread, 4 + (red - green) / spread),
    )
    hue = (hue / 6 + factor) % 1.0
    # Channel n of HSV -> RGB: v - v s max(0, min(k, 4 - k, 1)), k = (n + 6 h) mod 6.
    channels = []
    for offset in (5, 3, 1):
        k = (offset + hue * 6) % 6
        channels.append(
            value - value * saturation * numpy.clip(numpy.minimum(k, 4 - k), 0, 1)
        )
    return _as_type(numpy.stack(channels, axis=-3) * white, image.dtype)


def gaussian_kernel(size: int, sigma: float) -> Array:
    """Normalised samples of a Gaussian at the pixel centres."""
    half = (size - 1) * 0.5
    weights = numpy.exp(-0.5 * (numpy.linspace(-half, half, size) / sigma) ** 2)
    kernel: Array = weights / weights.sum()
    return kernel


def gaussian_blur(image: Array, kernel_size: Sequence[int], sigma: Sequence[float]) -> Array:
    """Blur with a Gaussian, edges reflected; sizes and sigmas are (x, y)."""
    blurred = _working_type(image)
    for axis, size, width in zip((-1, -2), kernel_size, sigma, strict=True):
        kernel = gaussian_kernel(size, width).astype(blurred.dtype)
        margins = [(0, 0)] * image.ndim
        margins[axis] = (size // 2, size // 2)
        padded = numpy.pad(blurred, margins, mode="reflect")
        windows = numpy.lib.stride_tricks.sliding_window_view(padded, size, axis=axis)
        blurred = windows @ kernel
    return _as_type(blurred, image.dtype)


def smoothed(image: Array) -> Array:
    """A mean of 3×3 pixels in which the middle counts five times; the border stays as it is."""
    working = _working_type(image)
    height, width = image.shape[-2:]
    total = 4 * working[..., 1:-1, 1:-1]
    for down in range(3):
        for right in range(3):
            total = total + working[..., down : height - 2 + down, right : width - 2 + right]
    result = image.copy()
    result[..., 1:-1, 1:-1] = _as_type(total / 13, image.dtype)
    return result


def equalized(channel: Array) -> Array:
    """A channel (H, W) of bytes whose brightnesses are spread evenly."""
    counts = numpy.bincount(channel.reshape(-1), minlength=256)
    step = int(counts[counts != 0][:-1].sum()) // 255
    if step == 0:
        return channel
    below = numpy.concatenate([[0], (numpy.cumsum(counts)[:-1] + step // 2) // step])
    table: Array = numpy.clip(below, 0, 255).astype(numpy.uint8)
    return table[channel]


def _triangle(distance: Array) -> Array:
    return numpy.maximum(0.0, 1.0 - numpy.abs(distance))


def _cubic(distance: Array, a: float) -> Array:
    x = numpy.abs(distance)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return numpy.where(x < 1, near, numpy.where(x < 2, far, 0.0))


def resize_weights(source: int, target: int, mode: str, antialias: bool) -> Array:
    """Matrix (target, source) that resamples one axis.

    Args:
        source: pixels before.
        target: pixels after.
        mode: "bilinear" or "bicubic".
        antialias: widen the filter when shrinking.

    Returns:
        Rows sum to 1.
    """
    scale = source / target
    stretch = max(scale, 1.0) if antialias else 1.0
    centres = (numpy.arange(target) + 0.5) * scale - 0.5
    if not antialias and mode == "bilinear":
        centres = numpy.maximum(centres, 0.0)
    radius = (1 if mode == "bilinear" else 2) * stretch
    reach = math.ceil(radius) + 1
    taps = numpy.floor(centres)[:, None].astype(int) + numpy.arange(-reach, reach + 1)
    distance = (taps - centres[:, None]) / stretch
    # PyTorch's bicubic is sharper without antialiasing (a = -0.75) than with it (a = -0.5).
    weights = (
        _triangle(distance)
        if mode == "bilinear"
        else _cubic(distance, -0.5 if antialias else -0.75)
    )
    if antialias:  # the filter is cut at the border and renormalised
        weights = numpy.where((taps >= 0) & (taps < source), weights, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = numpy.zeros((target, source))
    rows = numpy.broadcast_to(numpy.arange(target)[:, None], taps.shape)
    numpy.add.at(matrix, (rows, numpy.clip(taps, 0, source - 1)), weights)
    return matrix


def resize(image: Array, size: tuple[int, int], mode: str, antialias: bool) -> Array:
    """Resample to (height, width); mode "nearest", "nearest-exact", "bilinear" or "bicubic"."""
    height, width = image.shape[-2:]
    if mode.startswith("nearest"):
        offset = 0.5 if mode == "nearest-exact" else 0.0
        rows, columns = (
            numpy.minimum((numpy.arange(new) + offset) * (old / new), old - 1).astype(int)
            for new, old in zip(size, (height, width), strict=True)
        )
        return image[..., rows[:, None], columns]
    working = _working_type(image)
    vertical = resize_weights(height, size[0], mode, antialias).astype(working.dtype)
    horizontal = resize_weights(width, size[1], mode, antialias).astype(working.dtype)
    return _as_type(vertical @ (working @ horizontal.T), image.dtype)


def warp(
    image: Array,
    matrix: Sequence[float],
    size: tuple[int, int],
    mode: str,
    fill: Sequence[float] | None,
) -> Array:
    """Look every output pixel up at an affine image of its place.

    Args:
        image: (..., C, H, W).
        matrix: six numbers (a, b, c, d, e, f): output (x, y), measured from the centre, is taken
            from (a x + b y + c, d x + e y + f), measured from the input's centre.
        size: output (height, width).
        mode: "nearest" or "bilinear".
        fill: one value, or one per channel, for what lies outside. Default 0.

    Returns:
        (..., C, *size).
    """
    height, width = image.shape[-2:]
    y = (numpy.arange(size[0]) + 0.5 - size[0] / 2)[:, None]
    x = (numpy.arange(size[1]) + 0.5 - size[1] / 2)[None, :]
    a, b, c, d, e, f = matrix
    source_x = a * x + b * y + c + width / 2 - 0.5
    source_y = d * x + e * y + f + height / 2 - 0.5
    return sample(image, source_y, source_x, mode, fill)


def sample(
    image: Array,
    source_y: Array,
    source_x: Array,
    mode: str,
    fill: Sequence[float] | None,
) -> Array:
    """Look every output pixel up at its place in the image.

    Args:
        image: (..., C, H, W).
        source_y, source_x: (H', W'), the places, in pixels from the middle of the first one.
        mode: "nearest" or "bilinear".
        fill: one value, or one per channel, for what lies outside. Default 0.

    Returns:
        (..., C, H', W').
    """
    height, width = image.shape[-2:]
    size = source_y.shape
    if mode == "nearest":
        taps = [(numpy.rint(source_y), numpy.rint(source_x), numpy.ones(size))]
    else:
        top, left = numpy.floor(source_y), numpy.floor(source_x)
        down, right = source_y - top, source_x - left
        taps = [
            (top, left, (1 - down) * (1 - right)),
            (top, left + 1, (1 - down) * right),
            (top + 1, left, down * (1 - right)),
            (top + 1, left + 1, down * right),
        ]
    total = numpy.zeros((*image.shape[:-2], *size), _working_type(image).dtype)
    covered = numpy.zeros(size)
    for row, column, weight in taps:
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        share = numpy.where(inside, weight, 0.0).astype(total.dtype)
        rows = numpy.clip(row, 0, height - 1).astype(int)
        columns = numpy.clip(column, 0, width - 1).astype(int)
        total += image[..., rows, columns] * share
        covered += share
    if fill is not None:
        background = numpy.asarray(fill, total.dtype).reshape(-1, 1, 1)
        if mode == "nearest":
            total = numpy.where(covered < 0.5, background, total)
        else:
            total = total + (1 - covered).astype(total.dtype) * background
    return _as_type(total, image.dtype)


def inverse_affine_matrix(
    center: Sequence[float],
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Sequence[float],
) -> list[float]:
    """Inverse of: shear, then scale and rotate about ``center``, then translate.

    Args:
        center: fixed point (x, y).
        angle: degrees.
        translate: shift (x, y), pixels.
        scale: factor.
        shear: degrees (x, y).

    Returns:
        Six numbers as ``warp`` and Pillow's ``transform`` take them.
    """
    turn, shear_x, shear_y = (math.radians(value) for value in (angle, *shear))
    cosine = math.cos(turn - shear_y) / math.cos(shear_y)
    sine = math.sin(turn - shear_y) / math.cos(shear_y)
    a, b = cosine, -cosine * math.tan(shear_x) - math.sin(turn)
    c, d = sine, -sine * math.tan(shear_x) + math.cos(turn)
    # The linear part has determinant 1 before scaling, so its inverse is its adjugate.
    rows = [(d / scale, -b / scale), (-c / scale, a / scale)]
    x, y = center[0] + translate[0], center[1] + translate[1]
    matrix: list[float] = []
    for (along_x, along_y), fixed in zip(rows, center, strict=True):
        matrix += [along_x, along_y, fixed - along_x * x - along_y * y]
    return matrix
