"""Functions of brightness alone: invert, posterize, solarize, sharpen, stretch, equalize."""

from __future__ import annotations

from typing import Any

import numpy

from flambeau.tensor import Tensor
from flambeau.vision.pillow import is_pil_image, pillow
from flambeau.vision.transforms import arrays
from flambeau.vision.transforms.conversion import array_of, tensor_of


def _channels_of(img: Any, needs_bytes: bool = False) -> arrays.Array:
    """The pixels of a tensor of one or three channels.

    Raises:
        TypeError: no tensor image, other channels, or other numbers than bytes where they must be.
    """
    if not isinstance(img, Tensor) or img.ndim < 2:
        raise TypeError("Tensor is not a torch image.")
    if img.ndim < 3:
        raise TypeError("Input image tensor should have at least 3 dimensions, "
                        f"but found {img.ndim}")
    pixels = array_of(img)
    if needs_bytes and pixels.dtype != numpy.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")
    if pixels.shape[-3] not in (1, 3):
        raise TypeError("Input image tensor permitted channel values are [1, 3], "
                        f"but found {pixels.shape[-3]}")
    return pixels


def invert(img: Any) -> Any:
    """Take white minus the colour.

    Args:
        img: Pillow image, or tensor (..., 1 or 3, H, W).

    Returns:
        Image of the same kind.

    Example:
        >>> import flambeau as torch
        >>> invert(torch.tensor([[[0, 200]]], dtype=torch.uint8)).tolist()
        [[[255, 55]]]

    Source: torchvision, ``transforms.functional.invert``.
    """
    if is_pil_image(img):
        return pillow("ImageOps").invert(img)
    pixels = _channels_of(img)
    return tensor_of((arrays.highest_value(pixels.dtype) - pixels).astype(pixels.dtype))


def posterize(img: Any, bits: int) -> Any:
    """Keep the highest bits of each channel.

    Args:
        img: Pillow image, or tensor of bytes.
        bits: how many, from 0 to 8.

    Source: torchvision, ``transforms.functional.posterize``.
    """
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    if is_pil_image(img):
        return pillow("ImageOps").posterize(img, bits)
    pixels = _channels_of(img, needs_bytes=True)
    return tensor_of(pixels & numpy.uint8(256 - 2 ** (8 - bits)))


def solarize(img: Any, threshold: float) -> Any:
    """Invert what is as bright as a threshold or brighter.

    Args:
        img: Pillow image or tensor.
        threshold: in the image's numbers.

    Raises:
        TypeError: the threshold is brighter than white.

    Source: torchvision, ``transforms.functional.solarize``.
    """
    if is_pil_image(img):
        return pillow("ImageOps").solarize(img, threshold)
    pixels = _channels_of(img)
    white = arrays.highest_value(pixels.dtype)
    if threshold > white:
        raise TypeError("Threshold should be less than bound of img.")
    return tensor_of(numpy.where(pixels >= threshold, white - pixels, pixels).astype(pixels.dtype))


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """Stretch the distance from a smoothed image; 0 is smooth, 1 the image itself.

    Args:
        img: Pillow image or tensor.
        sharpness_factor: 0 or more.

    Raises:
        ValueError: a negative factor.

    Source: torchvision, ``transforms.functional.adjust_sharpness``.
    """
    if is_pil_image(img):
        return pillow("ImageEnhance").Sharpness(img).enhance(sharpness_factor)
    if sharpness_factor < 0:
        raise ValueError(f"sharpness_factor ({sharpness_factor}) is not non-negative.")
    pixels = _channels_of(img)
    if min(pixels.shape[-2:]) <= 2:
        return img
    return tensor_of(arrays.blend(pixels, arrays.smoothed(pixels), sharpness_factor))


def autocontrast(img: Any) -> Any:
    """Stretch each channel to the whole range from black to white.

    Source: torchvision, ``transforms.functional.autocontrast``.
    """
    if is_pil_image(img):
        return pillow("ImageOps").autocontrast(img)
    pixels = _channels_of(img)
    white = arrays.highest_value(pixels.dtype)
    working = pixels if pixels.dtype.kind == "f" else pixels.astype(numpy.float32)
    darkest = working.min(axis=(-2, -1), keepdims=True)
    width = working.max(axis=(-2, -1), keepdims=True) - darkest
    flat = width == 0
    scale = numpy.where(flat, 1, white / numpy.where(flat, 1, width)).astype(working.dtype)
    stretched = (working - numpy.where(flat, 0, darkest)) * scale
    return tensor_of(numpy.clip(stretched, 0, white).astype(pixels.dtype))


def equalize(img: Any) -> Any:
    """Give all brightnesses of each channel the same share of the pixels.

    Args:
        img: Pillow image, or tensor of bytes.

    Source: torchvision, ``transforms.functional.equalize``.
    """
    if is_pil_image(img):
        return pillow("ImageOps").equalize(img)
    pixels = _channels_of(img, needs_bytes=True)
    channels = pixels.reshape(-1, *pixels.shape[-2:])
    return tensor_of(numpy.stack([arrays.equalized(c) for c in channels]).reshape(pixels.shape))


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """Raise brightness, from 0 to 1, to a power: ``gain * brightness ** gamma``.

    Args:
        img: Pillow image or tensor.
        gamma: the power, 0 or more; above 1 shadows get darker.
        gain: factor. Default 1.

    Raises:
        ValueError: a negative power.

    Source: torchvision, ``transforms.functional.adjust_gamma``.
    """
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    if is_pil_image(img):
        mode = img.mode
        rgb = img.convert("RGB")
        table = [int((255 + 1 - 1e-3) * gain * pow(level / 255.0, gamma)) for level in range(256)]
        return rgb.point(table * 3).convert(mode)
    pixels = _channels_of(img)
    white = arrays.highest_value(pixels.dtype)
    if pixels.dtype.kind == "f":
        return tensor_of(numpy.clip(gain * pixels**gamma, 0, 1).astype(pixels.dtype))
    bright = numpy.clip(gain * (pixels.astype(numpy.float32) / white) ** gamma, 0, 1)
    return tensor_of((bright * (white + 1 - 1e-3)).astype(pixels.dtype))
