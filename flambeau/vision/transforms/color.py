"""Gray, brightness, contrast, saturation, hue; erasing and blurring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from flambeau.tensor import Tensor
from flambeau.vision.pillow import is_pil_image, pillow
from flambeau.vision.transforms import arrays
from flambeau.vision.transforms.conversion import array_of, pil_pixels, tensor_of, to_pil_image


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Pillow image to gray, in one channel or repeated in three.

    Raises:
        ValueError: another number of channels.
        TypeError: not a Pillow image.

    Source: torchvision, ``transforms.functional.to_grayscale``.
    """
    if not is_pil_image(img):
        raise TypeError("Input should be PIL Image")
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    gray = img.convert("L")
    return gray if num_output_channels == 1 else pillow().merge("RGB", (gray, gray, gray))


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """RGB image to gray, in one channel or repeated in three.

    Raises:
        ValueError: another number of channels.

    Source: torchvision, ``transforms.functional.rgb_to_grayscale``.
    """
    if is_pil_image(img):
        return to_grayscale(img, num_output_channels)
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    gray = arrays.grayscale(array_of(img))
    return tensor_of(gray if num_output_channels == 1 else numpy.repeat(gray, 3, axis=-3))


def _check_factor(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """Multiply the brightness; 0 is black, 1 the image itself.

    Source: torchvision, ``transforms.functional.adjust_brightness``.
    """
    if is_pil_image(img):
        return pillow("ImageEnhance").Brightness(img).enhance(brightness_factor)
    _check_factor("brightness_factor", brightness_factor)
    pixels = array_of(img)
    return tensor_of(arrays.blend(pixels, numpy.zeros_like(pixels), brightness_factor))


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """Stretch the distance from the mean gray; 0 is gray, 1 the image itself.

    Source: torchvision, ``transforms.functional.adjust_contrast``.
    """
    if is_pil_image(img):
        return pillow("ImageEnhance").Contrast(img).enhance(contrast_factor)
    _check_factor("contrast_factor", contrast_factor)
    return tensor_of(arrays.adjust_contrast(array_of(img), contrast_factor))


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """Stretch the distance from the pixel's gray; 0 is gray, 1 the image itself.

    Source: torchvision, ``transforms.functional.adjust_saturation``.
    """
    if is_pil_image(img):
        return pillow("ImageEnhance").Color(img).enhance(saturation_factor)
    _check_factor("saturation_factor", saturation_factor)
    pixels = array_of(img)
    if pixels.shape[-3] == 1:
        return img
    return tensor_of(arrays.blend(pixels, arrays.grayscale(pixels), saturation_factor))


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Turn the hue by ``hue_factor`` of the colour circle, from -0.5 to 0.5.

    Raises:
        ValueError: outside that range.

    Source: torchvision, ``transforms.functional.adjust_hue``.
    """
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if not is_pil_image(img):
        pixels = array_of(img)
        return img if pixels.shape[-3] == 1 else tensor_of(arrays.adjust_hue(pixels, hue_factor))
    if img.mode in ("L", "1", "I", "F"):
        return img
    hue, saturation, value = img.convert("HSV").split()
    turned = numpy.array(hue, numpy.uint8) + numpy.int32(hue_factor * 255).astype(numpy.uint8)
    channels = (pillow().fromarray(turned), saturation, value)
    return pillow().merge("HSV", channels).convert(img.mode)


def erase(
    img: Tensor, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False
) -> Tensor:
    """Overwrite a box of a tensor image.

    Args:
        img: tensor (..., C, H, W).
        i, j: top and left of the box, pixels.
        h, w: its height and width, pixels.
        v: values, broadcast to the box.
        inplace: write into ``img``.

    Returns:
        Tensor of the same shape.

    Source: torchvision, ``transforms.functional.erase``.
    """
    result = img if inplace else img.clone()
    result[..., i : i + h, j : j + w] = v
    return result


def gaussian_blur(
    img: Any, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None
) -> Any:
    """Blur with a Gaussian kernel, edges reflected.

    Args:
        img: Pillow image or tensor.
        kernel_size: odd size in pixels, one or (x, y).
        sigma: standard deviation in pixels, one or (x, y). Default: 0.3 ((size-1)/2 - 1) + 0.8.

    Returns:
        Image of the same kind.

    Raises:
        ValueError: even or negative sizes, or sigmas that are not positive.

    Source: torchvision, ``transforms.functional.gaussian_blur``.
    """
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if len(sizes) != 2:
        raise ValueError(
            f"If kernel_size is a sequence its length should be 2. Got {len(sizes)}"
        )
    for size in sizes:
        if size % 2 == 0 or size < 0:
            raise ValueError(f"kernel_size should have odd and positive integers. Got {sizes}")
    if sigma is None:
        sigmas = [size * 0.15 + 0.35 for size in sizes]
    else:
        sigmas = [float(sigma)] * 2 if isinstance(sigma, (int, float)) else list(sigma)
        sigmas = sigmas * 2 if len(sigmas) == 1 else sigmas
    if len(sigmas) != 2:
        raise ValueError(f"If sigma is a sequence, its length should be 2. Got {len(sigmas)}")
    if min(sigmas) <= 0.0:
        raise ValueError(f"sigma should have positive values. Got {sigmas}")
    if is_pil_image(img):
        blurred = arrays.gaussian_blur(pil_pixels(img), sizes, sigmas)
        return to_pil_image(tensor_of(blurred), mode=img.mode)
    return tensor_of(arrays.gaussian_blur(array_of(img), sizes, sigmas))
