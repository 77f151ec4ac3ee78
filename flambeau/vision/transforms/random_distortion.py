"""Random perspective and elastic distortion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flambeau.functional.joining import cat
from flambeau.nn.modules.module import Module
from flambeau.random import rand
from flambeau.tensor import Tensor
from flambeau.vision.transforms import functional as F
from flambeau.vision.transforms.draws import between, chance
from flambeau.vision.transforms.geometry import InterpolationMode, interpolation_mode
from flambeau.vision.transforms.random_geometry import fill_values


class RandomPerspective(Module):
    """Moves the four corners towards the middle at random, with probability ``p``.

    Args:
        distortion_scale: how far, as a part of half the image, from 0 to 1. Default 0.5.
        p: probability. Default 0.5.
        interpolation: nearest or bilinear. Default bilinear.
        fill: value of what lies outside. Default 0.

    Raises:
        TypeError: ``fill`` is neither a number nor a sequence.

    Source: torchvision, ``transforms.RandomPerspective``.
    """

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        fill: float | Sequence[float] = 0,
    ) -> None:
        super().__init__()
        self.p = p
        self.interpolation = interpolation_mode(interpolation)
        self.distortion_scale = distortion_scale
        fill = 0 if fill is None else fill
        if not isinstance(fill, (Sequence, int, float)):
            raise TypeError("Fill should be either a sequence or a number.")
        self.fill = fill

    @staticmethod
    def get_params(width: int, height: int,
                   distortion_scale: float) -> tuple[list[list[int]], list[list[int]]]:
        """The corners, and where they go; from the top left clockwise, each [x, y]."""
        inwards_x = int(distortion_scale * (width // 2))
        inwards_y = int(distortion_scale * (height // 2))

        def corner(right: bool, bottom: bool) -> list[int]:
            x = between(width - inwards_x - 1, width) if right else between(0, inwards_x + 1)
            y = between(height - inwards_y - 1, height) if bottom else between(0, inwards_y + 1)
            return [x, y]

        ends = [corner(False, False), corner(True, False), corner(True, True), corner(False, True)]
        starts = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        return starts, ends

    def forward(self, img: Any) -> Any:
        """The image, distorted or not."""
        fill = fill_values(img, self.fill)
        _, height, width = F.get_dimensions(img)
        if not chance(self.p):
            return img
        starts, ends = self.get_params(width, height, self.distortion_scale)
        return F.perspective(img, starts, ends, self.interpolation, fill)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class ElasticTransform(Module):
    """Moves every pixel by a smooth random field.

    Args:
        alpha: strength of the shifts, pixels, one or (x, y). Default 50.
        sigma: smoothness of the field, pixels, one or (x, y). Default 5.
        interpolation: nearest or bilinear. Default bilinear.
        fill: value of what lies outside. Default 0.

    Raises:
        TypeError, ValueError: ``alpha``, ``sigma`` or ``fill`` of another form.

    Source: torchvision, ``transforms.ElasticTransform``.
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 50.0,
        sigma: float | Sequence[float] = 5.0,
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        fill: float | Sequence[float] = 0,
    ) -> None:
        super().__init__()
        self.alpha = _two_floats("alpha", alpha)
        self.sigma = _two_floats("sigma", sigma)
        self.interpolation = interpolation_mode(interpolation)
        if not isinstance(fill, (int, float, list, tuple)):
            raise TypeError(f"fill should be int or float or a list or tuple of them. Got {fill}")
        self.fill = [float(fill)] if isinstance(fill, (int, float)) else [float(v) for v in fill]

    @staticmethod
    def get_params(alpha: Sequence[float], sigma: Sequence[float], size: Sequence[int]) -> Tensor:
        """Shifts (1, H, W, 2) for an image of a size (H, W)."""
        shifts = []
        for strength, width, extent in zip(alpha, sigma, size, strict=True):
            field: Any = rand([1, 1, *size]) * 2 - 1
            if width > 0.0:
                kernel = int(8 * width + 1)
                kernel += kernel % 2 == 0
                field = F.gaussian_blur(field, [kernel, kernel], list(sigma))
            shifts.append(field * strength / extent)
        joined: Tensor = cat(shifts, 1)
        return joined.permute([0, 2, 3, 1])

    def forward(self, tensor: Any) -> Any:
        """The distorted image."""
        _, height, width = F.get_dimensions(tensor)
        shifts = self.get_params(self.alpha, self.sigma, [height, width])
        return F.elastic_transform(tensor, shifts, self.interpolation, self.fill)

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(alpha={self.alpha}, sigma={self.sigma}, "
                f"interpolation={self.interpolation}, fill={self.fill})")


def _two_floats(name: str, value: Any) -> list[float]:
    if isinstance(value, (int, float)):
        return [float(value)] * 2
    if not isinstance(value, Sequence):
        raise TypeError(f"{name} should be float or a sequence of floats. Got {type(value)}")
    if len(value) not in (1, 2):
        raise ValueError(f"{name} is a sequence its length should be 1 or 2. Got {len(value)}")
    if not all(isinstance(element, float) for element in value):
        raise TypeError(f"{name} should be a sequence of floats.")
    return [float(value[0]), float(value[-1])]
