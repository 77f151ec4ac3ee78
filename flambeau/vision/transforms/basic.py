"""Transforms without chance, and their composition."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from typing import Any

from flambeau.dtype import dtype as DType
from flambeau.nn.modules.module import Module
from flambeau.vision.transforms import functional as F
from flambeau.vision.transforms.geometry import InterpolationMode, interpolation_mode


def pair(size: Any, message: str) -> tuple[int, ...] | Sequence[int]:
    """(height, width) from one number or from a sequence of one or two.

    Args:
        size: what the user gave.
        message: text of the error for any other length.

    Returns:
        Two numbers; a sequence of two as it was given.

    Raises:
        ValueError: another length.
    """
    if isinstance(size, numbers.Number):
        return int(size), int(size)  # type: ignore[call-overload]
    if len(size) == 1:
        return size[0], size[0]
    if len(size) != 2:
        raise ValueError(message)
    values: Sequence[int] = size
    return values


def listing(name: str, transforms: Sequence[Any], first: str = "") -> str:
    """``repr`` of a transform that holds transforms, one per line."""
    return f"{name}({first}" + "".join(f"\n    {item}" for item in transforms) + "\n)"


class Compose:
    """Applies transforms one after another.

    Args:
        transforms: callables of one argument.

    Example:
        >>> Compose([ToTensor(), Normalize((0.5,), (0.5,))])
        Compose(
            ToTensor()
            Normalize(mean=(0.5,), std=(0.5,))
        )

    Source: torchvision, ``transforms.Compose``.
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return listing(type(self).__name__, self.transforms)


class ToTensor:
    """Image (H, W, C) of bytes to float tensor (C, H, W) in [0, 1].

    Source: torchvision, ``transforms.ToTensor``.
    """

    def __call__(self, pic: Any) -> Any:
        return F.to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PILToTensor:
    """Pillow image to tensor (C, H, W) of the same type, unscaled.

    Source: torchvision, ``transforms.PILToTensor``.
    """

    def __call__(self, pic: Any) -> Any:
        return F.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ConvertImageDtype(Module):
    """Converts a tensor image to another dtype and rescales its values.

    Args:
        dtype: target.

    Source: torchvision, ``transforms.ConvertImageDtype``.
    """

    def __init__(self, dtype: DType) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Any) -> Any:
        """The converted image."""
        return F.convert_image_dtype(image, self.dtype)


class ToPILImage:
    """Tensor (C, H, W) or array (H, W, C) to Pillow image.

    Args:
        mode: Pillow mode; by default found from the channels and the type.

    Source: torchvision, ``transforms.ToPILImage``.
    """

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        mode = "" if self.mode is None else f"mode={self.mode}"
        return f"{type(self).__name__}({mode})"


class Normalize(Module):
    """``(image - mean) / std`` per channel of a tensor image.

    Args:
        mean: one value per channel.
        std: one value per channel.
        inplace: write into the image. Default False.

    Source: torchvision, ``transforms.Normalize``.
    """

    def __init__(
        self, mean: Sequence[float], std: Sequence[float], inplace: bool = False
    ) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Any) -> Any:
        """The normalised image."""
        return F.normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


class Resize(Module):
    """Resizes an image.

    Args:
        size: (height, width), or the length of the shorter edge.
        interpolation: mode. Default bilinear.
        max_size: upper limit of the longer edge, with a single ``size``.
        antialias: widen the filter when shrinking tensors. Default True.

    Raises:
        TypeError: ``size`` is neither an int nor a sequence.
        ValueError: a sequence of another length than 1 or 2.

    Source: torchvision, ``transforms.Resize``.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if not isinstance(size, (int, Sequence)):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size = size
        self.max_size = max_size
        self.interpolation = interpolation_mode(interpolation)
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        """The resized image."""
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, interpolation={self.interpolation.value}, "
            f"max_size={self.max_size}, antialias={self.antialias})"
        )


class CenterCrop(Module):
    """Cuts out the middle, padding with 0 where the image is smaller.

    Args:
        size: (height, width), or the edge of a square.

    Source: torchvision, ``transforms.CenterCrop``.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = pair(size, "Please provide only two dimensions (h, w) for size.")

    def forward(self, img: Any) -> Any:
        """The middle of the image."""
        return F.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class Pad(Module):
    """Pads an image on all sides.

    Args:
        padding: one margin, (left/right, top/bottom), or (left, top, right, bottom), pixels.
        fill: value of the margin. Default 0.
        padding_mode: constant, edge, reflect or symmetric. Default constant.

    Raises:
        TypeError, ValueError: arguments of another form.

    Source: torchvision, ``transforms.Pad``.
    """

    def __init__(
        self,
        padding: int | Sequence[int],
        fill: float | Sequence[float] = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        if not isinstance(padding, (numbers.Number, tuple, list)):
            raise TypeError("Got inappropriate padding arg")
        if not isinstance(fill, (numbers.Number, tuple, list)):
            raise TypeError("Got inappropriate fill arg")
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError(
                "Padding mode should be either constant, edge, reflect or symmetric"
            )
        if isinstance(padding, Sequence) and len(padding) not in (1, 2, 4):
            raise ValueError(
                "Padding must be an int or a 1, 2, or 4 element tuple, not a "
                f"{len(padding)} element tuple"
            )
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Any) -> Any:
        """The padded image."""
        return F.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(padding={self.padding}, fill={self.fill}, "
            f"padding_mode={self.padding_mode})"
        )


class Lambda:
    """Applies any function.

    Args:
        lambd: callable of one argument.

    Raises:
        TypeError: not callable.

    Source: torchvision, ``transforms.Lambda``.
    """

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Grayscale(Module):
    """RGB image to gray.

    Args:
        num_output_channels: 1, or 3 equal ones. Default 1.

    Source: torchvision, ``transforms.Grayscale``.
    """

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        """The gray image."""
        return F.rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"
