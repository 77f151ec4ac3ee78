"""From Pillow images and arrays to tensors and back; scaling of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from flambeau.dtype import dtype as DType
from flambeau.dtype import float32, get_default_dtype
from flambeau.tensor import Tensor, from_array
from flambeau.vision.pillow import is_pil_image, pillow

# What Pillow's modes hold per pixel: sample type where it is not one byte.
_MODE_TYPES = {"I": numpy.int32, "I;16": numpy.uint16, "F": numpy.float32}


def array_of(image: Any) -> numpy.ndarray[Any, Any]:
    """The pixels of a tensor image, as an array that must not be written to."""
    if not isinstance(image, Tensor) or image.ndim < 2:
        raise TypeError(f"img should be PIL Image or Tensor Image. Got {type(image)}")
    pixels: numpy.ndarray[Any, Any] = image._data("image transform")
    return pixels


def tensor_of(pixels: numpy.ndarray[Any, Any]) -> Tensor:
    """A tensor of these pixels that shares no memory with anything."""
    fresh = pixels.flags.owndata and pixels.flags.c_contiguous
    made: Tensor = from_array(pixels if fresh else numpy.array(pixels, order="C"))
    return made


def get_dimensions(img: Any) -> list[int]:
    """Channels, height and width of an image."""
    if is_pil_image(img):
        width, height = img.size
        return [len(img.getbands()), height, width]
    shape = array_of(img).shape
    return [1, *shape] if len(shape) == 2 else list(shape[-3:])


def get_image_size(img: Any) -> list[int]:
    """Width and height of an image."""
    _, height, width = get_dimensions(img)
    return [width, height]


def get_image_num_channels(img: Any) -> int:
    """Channels of an image."""
    return get_dimensions(img)[0]


def pil_pixels(image: Any) -> numpy.ndarray[Any, Any]:
    """Pixels (C, H, W) of a Pillow image, copied."""
    kind = _MODE_TYPES.get(image.mode, numpy.uint8)
    pixels = numpy.array(image, kind)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def to_tensor(pic: Any) -> Tensor:
    """Image to float tensor: bytes are divided by 255.

    Args:
        pic: Pillow image, or array (H, W) or (H, W, C).

    Returns:
        Tensor (C, H, W), float32 in [0, 1] for byte images.

    Raises:
        TypeError: neither of these.
        ValueError: an array with another number of dimensions.

    Source: torchvision, ``transforms.functional.to_tensor``.
    """
    if isinstance(pic, numpy.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        pixels = pic[None] if pic.ndim == 2 else pic.transpose(2, 0, 1)
    elif is_pil_image(pic):
        pixels = pil_pixels(pic)
        if pic.mode == "1":
            pixels = pixels * numpy.uint8(255)
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    if pixels.dtype == numpy.uint8:
        pixels = numpy.divide(pixels, 255, dtype=get_default_dtype().numpy)
    return tensor_of(pixels)


def pil_to_tensor(pic: Any) -> Tensor:
    """Pillow image to tensor (C, H, W) of its own type, unscaled.

    Raises:
        TypeError: not a Pillow image.

    Source: torchvision, ``transforms.functional.pil_to_tensor``.
    """
    if not is_pil_image(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    return tensor_of(pil_pixels(pic))


def convert_image_dtype(image: Tensor, dtype: DType = float32) -> Tensor:
    """Convert an image to another dtype and rescale its values to that dtype's range.

    Args:
        image: tensor (..., C, H, W).
        dtype: target.

    Returns:
        Tensor of ``dtype``: 0 .. 1 for floats, 0 .. largest for integers.

    Raises:
        RuntimeError: float32 to int32/int64 or float64 to int64, which cannot be exact.

    Source: torchvision, ``transforms.functional.convert_image_dtype``.
    """
    if image.dtype == dtype:
        return image
    pixels = array_of(image)
    source, target = pixels.dtype, dtype.numpy
    if source.kind == "f" and target.kind != "f":
        if target.itemsize >= source.itemsize and target.itemsize >= 4:
            raise RuntimeError(
                f"The cast from {image.dtype} to {dtype} cannot be performed safely."
            )
        # The largest float below max + 1 still truncates to max.
        pixels = pixels * (numpy.iinfo(target).max + 1.0 - 1e-3)
    elif source.kind != "f" and target.kind == "f":
        return tensor_of(pixels.astype(target) / numpy.asarray(numpy.iinfo(source).max, target))
    elif source.kind != "f":
        high, low = int(numpy.iinfo(source).max), int(numpy.iinfo(target).max)
        if high > low:
            pixels = pixels // source.type((high + 1) // (low + 1))
        else:
            pixels = pixels.astype(target) * target.type((low + 1) // (high + 1))
    return tensor_of(pixels.astype(target))


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """Tensor (C, H, W) or array (H, W, C) to Pillow image; floats are taken as 0 .. 1.

    Args:
        pic: the image.
        mode: Pillow mode; by default found from the channels and the type.

    Returns:
        Pillow image.

    Raises:
        TypeError: another type of input, or a type of element that Pillow has no mode for.
        ValueError: wrong number of dimensions or channels, or a mode that does not fit.
        ImportError: Pillow is not installed.

    Source: torchvision, ``transforms.functional.to_pil_image``.
    """
    if isinstance(pic, Tensor):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        pixels = array_of(pic)
        pixels = pixels[None] if pixels.ndim == 2 else pixels
        if pixels.shape[0] > 4:
            raise ValueError(
                f"pic should not have > 4 channels. Got {pixels.shape[0]} channels."
            )
        pixels = pixels.transpose(1, 2, 0)
        if pixels.dtype.kind == "f" and mode != "F":
            pixels = (pixels * 255).astype(numpy.uint8)
    elif isinstance(pic, numpy.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        pixels = pic[:, :, None] if pic.ndim == 2 else pic
        if pixels.shape[2] > 4:
            raise ValueError(
                f"pic should not have > 4 channels. Got {pixels.shape[2]} channels."
            )
    else:
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    return _pil_from_pixels(numpy.ascontiguousarray(pixels), mode)


_ONE_CHANNEL_MODES = {"uint8": "L", "int16": "I;16", "uint16": "I;16", "int32": "I", "float32": "F"}
_MODES_BY_CHANNELS = {2: ("LA",), 3: ("RGB", "YCbCr", "HSV"), 4: ("RGBA", "CMYK", "RGBX")}


def _pil_from_pixels(pixels: numpy.ndarray[Any, Any], mode: str | None) -> Any:
    channels = pixels.shape[2]
    if channels == 1:
        expected = _ONE_CHANNEL_MODES.get(pixels.dtype.name)
        if expected is None:
            raise TypeError(f"Input type {pixels.dtype} is not supported")
        if mode is not None and mode != expected:
            raise ValueError(
                f"Incorrect mode ({mode}) supplied for input type {pixels.dtype}. "
                f"Should be {expected}"
            )
        return pillow().fromarray(pixels[:, :, 0])
    allowed = _MODES_BY_CHANNELS[channels]
    if mode is not None and mode not in allowed:
        raise ValueError(f"Only modes {list(allowed)} are supported for {channels}D inputs")
    if pixels.dtype != numpy.uint8:
        raise TypeError(f"Input type {pixels.dtype} is not supported")
    height, width, _ = pixels.shape
    return pillow().frombytes(mode or allowed[0], (width, height), pixels.tobytes())


def normalize(
    tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> Tensor:
    """``(tensor - mean) / std`` per channel.

    Args:
        tensor: float image (..., C, H, W).
        mean: one value per channel.
        std: one value per channel, none 0.
        inplace: write into ``tensor``.

    Returns:
        Tensor of the same shape and dtype.

    Raises:
        TypeError: not a float tensor.
        ValueError: fewer than three dimensions, or a ``std`` that is 0.

    Source: torchvision, ``transforms.functional.normalize``.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if not tensor.dtype.is_floating_point:
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            "Expected tensor to be a tensor image of size (..., C, H, W). "
            f"Got tensor.size() = {tensor.size()}"
        )
    kind = array_of(tensor).dtype
    centre, spread = (
        numpy.asarray(values, kind).reshape(-1, 1, 1) for values in (mean, std)
    )
    if (spread == 0).any():
        raise ValueError(
            f"std evaluated to zero after conversion to {tensor.dtype}, "
            "leading to division by zero."
        )
    if inplace or tensor.requires_grad:
        result: Tensor = tensor if inplace else tensor.clone()
        result.sub_(tensor_of(centre)).div_(tensor_of(spread))
        return result
    return tensor_of((array_of(tensor) - centre) / spread)
