"""Distortions that are not affine: perspective and elastic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from flambeau.tensor import Tensor
from flambeau.vision.pillow import is_pil_image, pillow
from flambeau.vision.transforms import arrays
from flambeau.vision.transforms.conversion import (
    array_of,
    pil_to_tensor,
    tensor_of,
    to_pil_image,
)
from flambeau.vision.transforms.geometry import (
    PILLOW_CODES,
    InterpolationMode,
    fill_for,
    interpolation_mode,
    warp_mode,
)

Points = Sequence[Sequence[int]]


def perspective_coefficients(startpoints: Points, endpoints: Points) -> list[float]:
    """Eight numbers (a … h) that take an end point (x, y) to its start point.

    The start is ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1)).
    """
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError("Please provide exactly four corners, got "
                         f"{len(startpoints)} startpoints and {len(endpoints)} endpoints.")
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    matrix = numpy.array(rows, numpy.float64)
    target = numpy.array(startpoints, numpy.float64).reshape(8)
    solution: list[float] = numpy.linalg.lstsq(matrix, target, rcond=None)[0].tolist()
    return solution


def perspective(
    img: Any,
    startpoints: Points,
    endpoints: Points,
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    fill: float | Sequence[float] | None = None,
) -> Any:
    """Look at an image from another place: four points go to four others.

    Args:
        img: Pillow image or tensor.
        startpoints: corners [top left, top right, bottom right, bottom left] of the image, each
            [x, y] in pixels.
        endpoints: where they go.
        interpolation: nearest or bilinear (and bicubic for Pillow images). Default bilinear.
        fill: value of what lies outside. Default 0.

    Returns:
        Image of the same kind and size.

    Source: torchvision, ``transforms.functional.perspective``.
    """
    numbers = perspective_coefficients(startpoints, endpoints)
    mode = interpolation_mode(interpolation)
    value = fill_for(img, fill)
    if is_pil_image(img):
        return img.transform(img.size, pillow().Transform.PERSPECTIVE, numbers,
                             PILLOW_CODES[mode], fillcolor=value)
    pixels = array_of(img)
    height, width = pixels.shape[-2:]
    y = (numpy.arange(height) + 0.5)[:, None]
    x = (numpy.arange(width) + 0.5)[None, :]
    a, b, c, d, e, f, g, h = numbers
    depth = g * x + h * y + 1
    source_x = (a * x + b * y + c) / depth - 0.5
    source_y = (d * x + e * y + f) / depth - 0.5
    return tensor_of(arrays.sample(pixels, source_y, source_x, warp_mode(mode), value))


def elastic_transform(
    img: Any,
    displacement: Tensor,
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    fill: float | Sequence[float] | None = None,
) -> Any:
    """Take every pixel from a place beside it.

    Args:
        img: Pillow image or tensor.
        displacement: (1, H, W, 2), shifts (x, y) of which 2 is the whole image.
        interpolation: nearest or bilinear. Default bilinear.
        fill: value of what lies outside. Default 0.

    Returns:
        Image of the same kind.

    Raises:
        TypeError: the displacement is no tensor.
        ValueError: it has another shape.

    Source: torchvision, ``transforms.functional.elastic_transform``.
    """
    if not isinstance(displacement, Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    mode = warp_mode(interpolation_mode(interpolation))
    tensor = pil_to_tensor(img) if is_pil_image(img) else img
    pixels = array_of(tensor)
    height, width = pixels.shape[-2:]
    if tuple(displacement.shape) != (1, height, width, 2):
        raise ValueError("Argument displacement shape should be "
                         f"{(1, height, width, 2)}, but given {tuple(displacement.shape)}")
    shift = array_of(displacement)[0]
    source_x = numpy.arange(width)[None, :] + shift[..., 0] * (width / 2)
    source_y = numpy.arange(height)[:, None] + shift[..., 1] * (height / 2)
    out = tensor_of(arrays.sample(pixels, source_y, source_x, mode, fill_for(tensor, fill)))
    return to_pil_image(out, mode=img.mode) if is_pil_image(img) else out
