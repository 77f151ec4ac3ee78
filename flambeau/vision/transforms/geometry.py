"""Resizing, padding, cropping, flipping, rotating."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy

from flambeau.vision.pillow import is_pil_image, pillow
from flambeau.vision.transforms import arrays
from flambeau.vision.transforms.conversion import array_of, get_dimensions, tensor_of


class InterpolationMode(Enum):
    """How pixels between pixels are computed; Pillow's names, in torchvision's spelling."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


PILLOW_CODES = {
    InterpolationMode.NEAREST: 0,
    InterpolationMode.NEAREST_EXACT: 0,
    InterpolationMode.LANCZOS: 1,
    InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3,
    InterpolationMode.BOX: 4,
    InterpolationMode.HAMMING: 5,
}

def interpolation_mode(value: InterpolationMode | int) -> InterpolationMode:
    """The mode itself, or the one of a Pillow integer constant."""
    if isinstance(value, InterpolationMode):
        return value
    if isinstance(value, int):
        for mode, code in PILLOW_CODES.items():
            if code == value:
                return mode
    raise TypeError(
        "Argument interpolation should be a InterpolationMode or a corresponding Pillow "
        "integer constant"
    )


def resized_size(
    image_size: tuple[int, int], size: Sequence[int], max_size: int | None = None
) -> tuple[int, int]:
    """Height and width after ``resize``: a single size is that of the shorter edge."""
    if len(size) == 2:
        return size[0], size[1]
    height, width = image_size
    short, long = min(height, width), max(height, width)
    new_short, new_long = size[0], int(size[0] * long / short)
    if max_size is not None:
        if max_size <= size[0]:
            raise ValueError(
                f"max_size = {max_size} must be strictly greater than the requested "
                f"size for the smaller edge size = {size[0]}"
            )
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return (new_long, new_short) if width <= height else (new_short, new_long)


def resize(
    img: Any,
    size: int | Sequence[int],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """Resize an image.

    Args:
        img: Pillow image or tensor (..., C, H, W).
        size: (height, width), or the length of the shorter edge.
        interpolation: mode; tensors take nearest, nearest-exact, bilinear and bicubic.
        max_size: upper limit of the longer edge, with a single ``size``.
        antialias: widen the filter when shrinking a tensor (Pillow always does).

    Returns:
        Image of the same kind.

    Raises:
        ValueError: sizes or a mode that do not fit.

    Source: torchvision, ``transforms.functional.resize``.
    """
    mode = interpolation_mode(interpolation)
    sizes = [size] if isinstance(size, int) else list(size)
    if len(sizes) not in (1, 2):
        raise ValueError("Size must be an int or a 1 or 2 element tuple/list, not a "
                         f"{len(sizes)} element tuple/list")
    if max_size is not None and len(sizes) != 1:
        raise ValueError(
            "max_size should only be passed if size specifies the length of the smaller edge, "
            "i.e. size should be an int or a sequence of length 1 in torchscript mode."
        )
    _, height, width = get_dimensions(img)
    target = resized_size((height, width), sizes, max_size)
    if target == (height, width):
        return img
    if is_pil_image(img):
        return img.resize(target[::-1], PILLOW_CODES[mode])
    if mode.value not in ("nearest", "nearest-exact", "bilinear", "bicubic"):
        raise ValueError(
            "This Interpolation mode is unsupported with Tensor input"
        )
    return tensor_of(arrays.resize(array_of(img), target, mode.value, bool(antialias)))


def _margins(padding: int | Sequence[int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom."""
    if not isinstance(padding, Sequence):
        values = [int(padding)] * 4
    else:
        values = [int(value) for value in padding]
        if len(values) not in (1, 2, 4):
            raise ValueError(
                "Padding must be an int or a 1, 2, or 4 element tuple, not a "
                f"{len(values)} element tuple"
            )
        values = values * (4 // len(values))
    return values[0], values[1], values[2], values[3]


def pad(
    img: Any,
    padding: int | Sequence[int],
    fill: float | Sequence[float] = 0,
    padding_mode: str = "constant",
) -> Any:
    """Pad an image; negative margins crop.

    Args:
        img: Pillow image or tensor.
        padding: one margin, (left/right, top/bottom), or (left, top, right, bottom), pixels.
        fill: value of the margin, for mode constant; one per channel for Pillow images.
        padding_mode: constant, edge, reflect or symmetric.

    Returns:
        Image of the same kind.

    Raises:
        ValueError: another number of margins, or an unknown mode.

    Source: torchvision, ``transforms.functional.pad``.
    """
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError(
            "Padding mode should be either constant, edge, reflect or symmetric"
        )
    left, top, right, bottom = _margins(padding)
    if is_pil_image(img):
        if padding_mode == "constant" and min(left, top, right, bottom) >= 0:
            return _expand_pil(img, (left, top, right, bottom), fill)
        rgb = img.convert("RGB") if img.mode == "P" else img
        pixels = numpy.asarray(rgb)
        padded = _pad_pixels(pixels, (0, 1), (left, top, right, bottom), padding_mode, fill)
        return pillow().fromarray(padded)
    pixels = array_of(img)
    axes = (pixels.ndim - 2, pixels.ndim - 1)
    return tensor_of(_pad_pixels(pixels, axes, (left, top, right, bottom), padding_mode, fill))


def _expand_pil(image: Any, margins: tuple[int, int, int, int], fill: Any) -> Any:
    channels = len(image.getbands())
    if isinstance(fill, (list, tuple)) and len(fill) not in (1, channels):
        raise ValueError(
            "The number of elements in 'fill' does not match the number of channels of the "
            f"image ({len(fill)} != {channels})"
        )
    if isinstance(fill, (list, tuple)):
        fill = tuple(fill) if len(fill) == channels else fill[0]
    if isinstance(fill, numbers.Number) and channels > 1:
        fill = (fill,) * channels
    if isinstance(fill, tuple) and channels == 1:
        fill = fill[0]
    expanded = pillow("ImageOps").expand(image, border=margins, fill=fill)
    if image.mode == "P":
        expanded.putpalette(image.getpalette())
    return expanded


def _pad_pixels(
    pixels: numpy.ndarray[Any, Any],
    axes: tuple[int, int],
    margins: tuple[int, int, int, int],
    mode: str,
    fill: Any,
) -> numpy.ndarray[Any, Any]:
    left, top, right, bottom = margins
    widths = [(0, 0)] * pixels.ndim
    cuts = [slice(None)] * pixels.ndim
    for axis, before, after in ((axes[0], top, bottom), (axes[1], left, right)):
        size = pixels.shape[axis]
        cuts[axis] = slice(max(-before, 0), size - max(-after, 0))
        widths[axis] = (max(before, 0), max(after, 0))
    cut = pixels[tuple(cuts)]
    if mode != "constant":
        way: Any = mode
        return numpy.pad(cut, widths, mode=way)
    value = fill[0] if isinstance(fill, (list, tuple)) else fill
    return numpy.pad(cut, widths, constant_values=value)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """Cut out a box; what lies outside the image is 0.

    Args:
        img: Pillow image or tensor.
        top, left: corner of the box, pixels.
        height, width: its size, pixels.

    Returns:
        Image of the same kind.

    Source: torchvision, ``transforms.functional.crop``.
    """
    if is_pil_image(img):
        return img.crop((left, top, left + width, top + height))
    _, rows, columns = get_dimensions(img)
    right, bottom = left + width, top + height
    if left < 0 or top < 0 or right > columns or bottom > rows:
        # Negative margins crop, so one padding does both.
        return pad(img, [-left, -top, right - columns, bottom - rows])
    return img[..., top:bottom, left:right]


def center_crop(img: Any, output_size: int | Sequence[int]) -> Any:
    """Cut out the middle, padding with 0 where the image is smaller.

    Args:
        img: Pillow image or tensor.
        output_size: (height, width), or the edge of a square, pixels.

    Returns:
        Image of the same kind.

    Source: torchvision, ``transforms.functional.center_crop``.
    """
    sizes = [output_size] if isinstance(output_size, int) else list(output_size)
    crop_height, crop_width = (sizes * 2)[:2]
    _, height, width = get_dimensions(img)
    if crop_width > width or crop_height > height:
        missing_x, missing_y = max(crop_width - width, 0), max(crop_height - height, 0)
        img = pad(
            img,
            [missing_x // 2, missing_y // 2, (missing_x + 1) // 2, (missing_y + 1) // 2],
        )
        _, height, width = get_dimensions(img)
    top = round((height - crop_height) / 2.0)
    left = round((width - crop_width) / 2.0)
    return crop(img, top, left, crop_height, crop_width)


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: int | Sequence[int],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """``crop``, then ``resize``."""
    return resize(
        crop(img, top, left, height, width), size, interpolation, antialias=antialias
    )


def hflip(img: Any) -> Any:
    """Mirror left and right."""
    if is_pil_image(img):
        return img.transpose(pillow().Transpose.FLIP_LEFT_RIGHT)
    return tensor_of(array_of(img)[..., ::-1])


def vflip(img: Any) -> Any:
    """Mirror top and bottom."""
    if is_pil_image(img):
        return img.transpose(pillow().Transpose.FLIP_TOP_BOTTOM)
    return tensor_of(array_of(img)[..., ::-1, :])


def fill_for(img: Any, fill: Any) -> Any:
    """``fill`` as Pillow (a number or tuple) or ``warp`` (a list) takes it."""
    if is_pil_image(img):
        channels = len(img.getbands())
        if fill is None:
            fill = 0
        if isinstance(fill, numbers.Number):
            return fill if channels == 1 else (fill,) * channels
        values = tuple(int(value) for value in fill)
        return values[0] if channels == 1 else values
    if fill is None:
        return None
    return [float(value) for value in (fill if isinstance(fill, Sequence) else [fill])]


def warp_mode(mode: InterpolationMode) -> str:
    name: str = mode.value
    if mode not in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        raise ValueError(
            f"Interpolation mode '{mode.value}' is unsupported with Tensor input"
        )
    return name


def rotate(
    img: Any,
    angle: float,
    interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: float | Sequence[float] | None = None,
) -> Any:
    """Rotate an image counter-clockwise.

    Args:
        img: Pillow image or tensor.
        angle: degrees.
        interpolation: nearest or bilinear (and bicubic for Pillow images).
        expand: make the output large enough for the whole image.
        center: fixed point (x, y) from the top left corner, pixels. Default: the middle.
        fill: value of what lies outside. Default 0.

    Returns:
        Image of the same kind.

    Source: torchvision, ``transforms.functional.rotate``.
    """
    mode = interpolation_mode(interpolation)
    value = fill_for(img, fill)
    if is_pil_image(img):
        return img.rotate(angle, PILLOW_CODES[mode], expand, center, fillcolor=value)
    pixels = array_of(img)
    height, width = pixels.shape[-2:]
    middle = (0.0, 0.0)
    if center is not None:
        middle = (center[0] - width * 0.5, center[1] - height * 0.5)
    matrix = arrays.inverse_affine_matrix(middle, -angle, (0.0, 0.0), 1.0, (0.0, 0.0))
    size = _rotated_size(angle, height, width) if expand else (height, width)
    return tensor_of(arrays.warp(pixels, matrix, size, warp_mode(mode), value))


def _rotated_size(angle: float, height: int, width: int) -> tuple[int, int]:
    """Height and width of the pixels that a rotated image touches, as Pillow counts them."""
    if angle % 90 == 0:
        return (height, width) if angle % 180 == 0 else (width, height)
    cosine, sine = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    reach_x = (width * cosine + height * sine) / 2
    reach_y = (width * sine + height * cosine) / 2
    columns = math.ceil(width / 2 + reach_x) - math.floor(width / 2 - reach_x)
    rows = math.ceil(height / 2 + reach_y) - math.floor(height / 2 - reach_y)
    return rows, columns


def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
    fill: float | Sequence[float] | None = None,
    center: Sequence[float] | None = None,
) -> Any:
    """Shear, scale, rotate clockwise about the centre, and shift an image.

    Args:
        img: Pillow image or tensor.
        angle: degrees.
        translate: shift (x, y), pixels.
        scale: factor, positive.
        shear: degrees, x or (x, y).
        interpolation: nearest or bilinear (and bicubic for Pillow images).
        fill: value of what lies outside. Default 0.
        center: fixed point (x, y) from the top left corner, pixels. Default: the middle.

    Returns:
        Image of the same kind.

    Raises:
        ValueError: ``translate`` is not a pair, ``scale`` not positive, or ``shear`` too long.

    Source: torchvision, ``transforms.functional.affine``.
    """
    if len(translate) != 2:
        raise ValueError("translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    shears = [shear, 0.0] if isinstance(shear, (int, float)) else list(shear)
    shears = [shears[0], 0.0] if len(shears) == 1 else shears
    if len(shears) != 2:
        raise ValueError(
            f"Shear should be a sequence containing two values. Got {shear}"
        )
    mode = interpolation_mode(interpolation)
    value = fill_for(img, fill)
    _, height, width = get_dimensions(img)
    if is_pil_image(img):
        middle = (width * 0.5, height * 0.5) if center is None else tuple(center)
        matrix = arrays.inverse_affine_matrix(middle, angle, translate, scale, shears)
        transform = pillow().Transform.AFFINE
        code = PILLOW_CODES[mode]
        return img.transform((width, height), transform, matrix, code, fillcolor=value)
    middle = (0.0, 0.0)
    if center is not None:
        middle = (center[0] - width * 0.5, center[1] - height * 0.5)
    matrix = arrays.inverse_affine_matrix(middle, angle, translate, scale, shears)
    return tensor_of(arrays.warp(array_of(img), matrix, (height, width), warp_mode(mode), value))
