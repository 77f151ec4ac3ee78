"""The functions of images under the names of torchvision's second version."""

from __future__ import annotations

from typing import Any

import numpy

from flambeau.dtype import dtype as DType
from flambeau.dtype import float32
from flambeau.tensor import Tensor
from flambeau.vision.pillow import is_pil_image
from flambeau.vision.transforms.conversion import tensor_of
from flambeau.vision.transforms.functional import (
    InterpolationMode,
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    adjust_sharpness,
    affine,
    autocontrast,
    center_crop,
    convert_image_dtype,
    crop,
    elastic_transform,
    equalize,
    erase,
    five_crop,
    gaussian_blur,
    get_dimensions,
    invert,
    normalize,
    pad,
    perspective,
    pil_to_tensor,
    posterize,
    resize,
    resized_crop,
    rgb_to_grayscale,
    rotate,
    solarize,
    ten_crop,
    to_grayscale,
    to_pil_image,
    to_tensor,
)
from flambeau.vision.transforms.functional import hflip as horizontal_flip
from flambeau.vision.transforms.functional import vflip as vertical_flip

__all__ = [
    "InterpolationMode",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "adjust_sharpness",
    "affine",
    "autocontrast",
    "center_crop",
    "convert_image_dtype",
    "crop",
    "elastic_transform",
    "equalize",
    "erase",
    "five_crop",
    "gaussian_blur",
    "get_dimensions",
    "get_size",
    "grayscale_to_rgb",
    "hflip",
    "horizontal_flip",
    "invert",
    "normalize",
    "pad",
    "perspective",
    "pil_to_tensor",
    "posterize",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "solarize",
    "ten_crop",
    "to_dtype",
    "to_grayscale",
    "to_image",
    "to_pil_image",
    "to_tensor",
    "vertical_flip",
    "vflip",
]

hflip = horizontal_flip
vflip = vertical_flip


def get_size(inpt: Any) -> list[int]:
    """Height and width of an image.

    Source: torchvision, ``transforms.v2.functional.get_size``.
    """
    return get_dimensions(inpt)[1:]


def to_image(inpt: Any) -> Tensor:
    """Pillow image, array (H, W, C) or tensor to tensor (C, H, W), unscaled.

    Raises:
        TypeError: it is neither.

    Source: torchvision, ``transforms.v2.functional.to_image``.
    """
    if isinstance(inpt, Tensor):
        return inpt
    if is_pil_image(inpt):
        return pil_to_tensor(inpt)
    if isinstance(inpt, numpy.ndarray):
        return tensor_of(numpy.atleast_3d(inpt).transpose(2, 0, 1))
    raise TypeError("Input can either be a pure Tensor, a numpy array, or a PIL image, "
                    f"but got {type(inpt)} instead.")


def to_dtype(inpt: Tensor, dtype: DType = float32, scale: bool = False) -> Tensor:
    """Tensor image to another dtype.

    Args:
        inpt: the image.
        dtype: the target. Default float32.
        scale: let white stay white. Default False.

    Source: torchvision, ``transforms.v2.functional.to_dtype``.
    """
    converted: Tensor = convert_image_dtype(inpt, dtype) if scale else inpt.to(dtype)
    return converted


def grayscale_to_rgb(inpt: Any) -> Any:
    """Image of one channel to three equal ones; others stay as they are.

    Source: torchvision, ``transforms.v2.functional.grayscale_to_rgb``.
    """
    if is_pil_image(inpt):
        return inpt if inpt.mode == "RGB" else inpt.convert("RGB")
    return inpt if inpt.shape[-3] == 3 else inpt.expand(*inpt.shape[:-3], 3, *inpt.shape[-2:])
