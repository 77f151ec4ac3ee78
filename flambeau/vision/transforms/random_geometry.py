"""Random flips, crops, rotations."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from flambeau.nn.modules.module import Module
from flambeau.tensor import Tensor
from flambeau.vision.transforms import functional as F
from flambeau.vision.transforms.basic import pair
from flambeau.vision.transforms.draws import chance, log_uniform, position, uniform
from flambeau.vision.transforms.geometry import InterpolationMode, interpolation_mode

SIZE_MESSAGE = "Please provide only two dimensions (h, w) for size."


class _RandomFlip(Module):
    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomHorizontalFlip(_RandomFlip):
    """Mirrors left and right with probability ``p``.

    Args:
        p: probability. Default 0.5.

    Source: torchvision, ``transforms.RandomHorizontalFlip``.
    """

    def forward(self, img: Any) -> Any:
        """The image, mirrored or not."""
        return F.hflip(img) if chance(self.p) else img


class RandomVerticalFlip(_RandomFlip):
    """Mirrors top and bottom with probability ``p``.

    Args:
        p: probability. Default 0.5.

    Source: torchvision, ``transforms.RandomVerticalFlip``.
    """

    def forward(self, img: Any) -> Any:
        """The image, mirrored or not."""
        return F.vflip(img) if chance(self.p) else img


class RandomCrop(Module):
    """Cuts out a box at a random place.

    Args:
        size: (height, width), or the edge of a square.
        padding: margins added first, as ``Pad`` takes them.
        pad_if_needed: pad an image that is smaller than the box. Default False.
        fill: value of the margins. Default 0.
        padding_mode: constant, edge, reflect or symmetric. Default constant.

    Raises:
        ValueError: the box is larger than the (padded) image.

    Source: torchvision, ``transforms.RandomCrop``.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: float | Sequence[float] = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = tuple(pair(size, SIZE_MESSAGE))
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    @staticmethod
    def get_params(img: Any, output_size: Sequence[int]) -> tuple[int, int, int, int]:
        """Top, left, height and width of a random box."""
        _, height, width = F.get_dimensions(img)
        box_height, box_width = output_size
        if height < box_height or width < box_width:
            raise ValueError(
                f"Required crop size {(box_height, box_width)} is larger than "
                f"input image size {(height, width)}"
            )
        if width == box_width and height == box_height:
            return 0, 0, height, width
        top = position(height - box_height + 1)
        left = position(width - box_width + 1)
        return top, left, box_height, box_width

    def forward(self, img: Any) -> Any:
        """A random part of the image."""
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        _, height, width = F.get_dimensions(img)
        if self.pad_if_needed and width < self.size[1]:
            img = F.pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and height < self.size[0]:
            img = F.pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


class RandomResizedCrop(Module):
    """Cuts out a box of random area, shape and place, and resizes it.

    Args:
        size: (height, width) of the result, or the edge of a square.
        scale: range of the area, as parts of the image's. Default 0.08 to 1.
        ratio: range of width / height. Default 3/4 to 4/3.
        interpolation: mode. Default bilinear.
        antialias: widen the filter when shrinking tensors. Default True.

    Source: torchvision, ``transforms.RandomResizedCrop``.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.size = pair(size, SIZE_MESSAGE)
        if not isinstance(scale, Sequence):
            raise TypeError("Scale should be a sequence")
        if not isinstance(ratio, Sequence):
            raise TypeError("Ratio should be a sequence")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=2)
        self.scale = scale
        self.ratio = ratio
        self.interpolation = interpolation_mode(interpolation)
        self.antialias = antialias

    @staticmethod
    def get_params(
        img: Any, scale: Sequence[float], ratio: Sequence[float]
    ) -> tuple[int, int, int, int]:
        """Top, left, height and width of a random box; a central one where ten tries fail."""
        _, height, width = F.get_dimensions(img)
        for _ in range(10):
            area = height * width * uniform(*scale)
            shape = log_uniform(*ratio)
            box_width = round(math.sqrt(area * shape))
            box_height = round(math.sqrt(area / shape))
            if 0 < box_width <= width and 0 < box_height <= height:
                top = position(height - box_height + 1)
                left = position(width - box_width + 1)
                return top, left, box_height, box_width
        image_shape = width / height
        box_height, box_width = height, width
        if image_shape < min(ratio):
            box_height = round(width / min(ratio))
        elif image_shape > max(ratio):
            box_width = round(height * max(ratio))
        return (height - box_height) // 2, (width - box_width) // 2, box_height, box_width

    def forward(self, img: Any) -> Any:
        """A random part of the image, resized."""
        box = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *box, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        scale = tuple(round(value, 4) for value in self.scale)
        ratio = tuple(round(value, 4) for value in self.ratio)
        return (
            f"{type(self).__name__}(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


def _angles(value: Any, name: str, lengths: tuple[int, ...] = (2,)) -> list[float]:
    """A symmetric range from one number, or the numbers given."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [-float(value), float(value)]
    if not isinstance(value, Sequence):
        raise TypeError(f"{name} should be a sequence of length {lengths[0]}.")
    if len(value) not in lengths:
        choices = " or ".join(str(length) for length in lengths)
        raise ValueError(f"{name} should be a sequence of length {choices}.")
    return [float(number) for number in value]


def fill_values(img: Any, fill: Any) -> Any:
    """One fill value per channel of a tensor image; as it is for others."""
    if not isinstance(img, Tensor):
        return fill
    channels, _, _ = F.get_dimensions(img)
    if isinstance(fill, (int, float)):
        return [float(fill)] * channels
    return [float(value) for value in fill]


class RandomRotation(Module):
    """Rotates by a random angle.

    Args:
        degrees: range (min, max), or d for (-d, d).
        interpolation: mode. Default nearest.
        expand: make the output large enough for the whole image. Default False.
        center: fixed point (x, y), pixels. Default: the middle.
        fill: value of what lies outside. Default 0.

    Source: torchvision, ``transforms.RandomRotation``.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: float | Sequence[float] = 0,
    ) -> None:
        super().__init__()
        self.degrees = _angles(degrees, "degrees")
        if center is not None and len(center) != 2:
            raise ValueError("center should be a sequence of length 2.")
        self.center = center
        self.interpolation = interpolation_mode(interpolation)
        self.expand = expand
        self.fill = 0 if fill is None else fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """A random angle, degrees."""
        return uniform(float(degrees[0]), float(degrees[1]))

    def forward(self, img: Any) -> Any:
        """The rotated image."""
        fill = fill_values(img, self.fill)
        angle = self.get_params(self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, fill)

    def __repr__(self) -> str:
        text = (
            f"{type(self).__name__}(degrees={self.degrees}, "
            f"interpolation={self.interpolation.value}, expand={self.expand}"
        )
        if self.center is not None:
            text += f", center={self.center}"
        return text + f", fill={self.fill})"


class RandomAffine(Module):
    """Rotates, shifts, scales and shears at random.

    Args:
        degrees: range (min, max) of the angle, or d for (-d, d).
        translate: largest shift as parts of (width, height). Default: none.
        scale: range of the factor. Default: none.
        shear: range of the x shear in degrees, or four numbers for x and y. Default: none.
        interpolation: mode. Default nearest.
        fill: value of what lies outside. Default 0.
        center: fixed point (x, y), pixels. Default: the middle.

    Source: torchvision, ``transforms.RandomAffine``.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
        fill: float | Sequence[float] = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.degrees = _angles(degrees, "degrees")
        if translate is not None and not all(0.0 <= part <= 1.0 for part in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and min(scale) <= 0:
            raise ValueError("scale values should be positive")
        self.translate = translate
        self.scale = scale
        self.shear = None if shear is None else _angles(shear, "shear", (2, 4))
        self.interpolation = interpolation_mode(interpolation)
        self.fill = 0 if fill is None else fill
        self.center = center

    @staticmethod
    def get_params(
        degrees: Sequence[float],
        translate: Sequence[float] | None,
        scale_ranges: Sequence[float] | None,
        shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """Angle, shift (x, y) in pixels, scale and shear (x, y)."""
        angle = uniform(float(degrees[0]), float(degrees[1]))
        shift = (0, 0)
        if translate is not None:
            reach_x, reach_y = (
                float(part * size) for part, size in zip(translate, img_size, strict=True)
            )
            shift = (round(uniform(-reach_x, reach_x)), round(uniform(-reach_y, reach_y)))
        scale = 1.0 if scale_ranges is None else uniform(scale_ranges[0], scale_ranges[1])
        shear_x = shear_y = 0.0
        if shears is not None:
            shear_x = uniform(shears[0], shears[1])
            if len(shears) == 4:
                shear_y = uniform(shears[2], shears[3])
        return angle, shift, scale, (shear_x, shear_y)

    def forward(self, img: Any) -> Any:
        """The transformed image."""
        fill = fill_values(img, self.fill)
        _, height, width = F.get_dimensions(img)
        angle, shift, scale, shear = self.get_params(
            self.degrees, self.translate, self.scale, self.shear, (width, height)
        )
        return F.affine(
            img, angle, shift, scale, shear, self.interpolation, fill, self.center
        )

    def __repr__(self) -> str:
        text = f"{type(self).__name__}(degrees={self.degrees}"
        for name in ("translate", "scale", "shear"):
            if (value := getattr(self, name)) is not None:
                text += f", {name}={value}"
        if self.interpolation != InterpolationMode.NEAREST:
            text += f", interpolation={self.interpolation.value}"
        if self.fill != 0:
            text += f", fill={self.fill}"
        if self.center is not None:
            text += f", center={self.center}"
        return text + ")"
