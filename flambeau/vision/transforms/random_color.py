"""Random colours, holes and blur."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from flambeau.dtype import float32
from flambeau.nn.modules.module import Module
from flambeau.random import randperm
from flambeau.tensor import Tensor
from flambeau.tensor.creation import empty
from flambeau.tensor.data import tensor
from flambeau.vision.transforms import functional as F
from flambeau.vision.transforms.basic import pair
from flambeau.vision.transforms.draws import chance, log_uniform, position, uniform


class RandomGrayscale(Module):
    """Makes the image gray, in as many channels as it has, with probability ``p``.

    Args:
        p: probability. Default 0.1.

    Source: torchvision, ``transforms.RandomGrayscale``.
    """

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        """The image, gray or not."""
        channels, _, _ = F.get_dimensions(img)
        if chance(self.p):
            return F.rgb_to_grayscale(img, num_output_channels=channels)
        return img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class ColorJitter(Module):
    """Changes brightness, contrast, saturation and hue at random, in random order.

    Args:
        brightness: factor from [max(0, 1 - brightness), 1 + brightness], or (min, max).
        contrast: likewise.
        saturation: likewise.
        hue: turn from [-hue, hue], or (min, max), within [-0.5, 0.5].

    Raises:
        ValueError: ranges out of bounds.
        TypeError: neither a number nor a pair.

    Source: torchvision, ``transforms.ColorJitter``.
    """

    def __init__(
        self,
        brightness: float | tuple[float, float] = 0,
        contrast: float | tuple[float, float] = 0,
        saturation: float | tuple[float, float] = 0,
        hue: float | tuple[float, float] = 0,
    ) -> None:
        super().__init__()
        self.brightness = self._range("brightness", brightness)
        self.contrast = self._range("contrast", contrast)
        self.saturation = self._range("saturation", saturation)
        self.hue = self._range("hue", hue, 0.0, (-0.5, 0.5))

    @staticmethod
    def _range(
        name: str,
        value: Any,
        center: float = 1.0,
        bound: tuple[float, float] = (0.0, math.inf),
    ) -> tuple[float, float] | None:
        if isinstance(value, (int, float)):
            if value < 0:
                raise ValueError(f"If {name} is a single number, it must be non negative.")
            low, high = center - value, center + value
            if name != "hue":
                low = max(low, 0.0)
        elif isinstance(value, (tuple, list)) and len(value) == 2:
            low, high = float(value[0]), float(value[1])
        else:
            raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
        if not bound[0] <= low <= high <= bound[1]:
            raise ValueError(f"{name} values should be between {bound}, but got {[low, high]}.")
        return None if low == high == center else (low, high)

    @staticmethod
    def get_params(
        brightness: Any, contrast: Any, saturation: Any, hue: Any
    ) -> tuple[list[int], float | None, float | None, float | None, float | None]:
        """Order of the four changes, and their factors (None where a range is None)."""
        order: list[int] = randperm(4).tolist()
        factors = [
            None if bounds is None else uniform(*bounds)
            for bounds in (brightness, contrast, saturation, hue)
        ]
        return order, factors[0], factors[1], factors[2], factors[3]

    def forward(self, img: Any) -> Any:
        """The image in other colours."""
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        order, *factors = self.get_params(
            self.brightness, self.contrast, self.saturation, self.hue
        )
        for number in order:
            factor = factors[number]
            if factor is not None:
                img = changes[number](img, factor)
        return img

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(brightness={self.brightness}, contrast={self.contrast}, "
            f"saturation={self.saturation}, hue={self.hue})"
        )


class RandomErasing(Module):
    """Overwrites a random box of a tensor image.

    Args:
        p: probability. Default 0.5.
        scale: range of the area, as parts of the image's. Default 0.02 to 0.33.
        ratio: range of height / width. Default 0.3 to 3.3.
        value: a number, one per channel, or "random" for normal noise. Default 0.
        inplace: write into the image. Default False.

    Source: torchvision, ``transforms.RandomErasing``.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(value, (int, float, str, tuple, list)):
            raise TypeError("Argument value should be either a number or str or a sequence")
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(
        img: Tensor,
        scale: Sequence[float],
        ratio: Sequence[float],
        value: list[float] | None = None,
    ) -> tuple[int, int, int, int, Tensor]:
        """Top, left, height, width and content of a box; the image itself where none fits."""
        channels, height, width = img.shape[-3], img.shape[-2], img.shape[-1]
        for _ in range(10):
            area = height * width * uniform(*scale)
            shape = log_uniform(*ratio)
            box_height = round(math.sqrt(area * shape))
            box_width = round(math.sqrt(area / shape))
            if not (box_height < height and box_width < width):
                continue
            if value is None:
                content = empty([channels, box_height, box_width], dtype=float32).normal_()
            else:
                content = tensor(value)[:, None, None]
            top = position(height - box_height + 1)
            left = position(width - box_width + 1)
            return top, left, box_height, box_width, content
        return 0, 0, height, width, img

    def forward(self, img: Tensor) -> Tensor:
        """The image, with or without a hole."""
        if not chance(self.p):
            return img
        value: list[float] | None
        if isinstance(self.value, (int, float)):
            value = [float(self.value)]
        elif isinstance(self.value, str):
            value = None
        else:
            value = [float(number) for number in self.value]
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{img.shape[-3]} (number of input channels)"
            )
        return F.erase(img, *self.get_params(img, self.scale, self.ratio, value), self.inplace)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, "
            f"value={self.value}, inplace={self.inplace})"
        )


class GaussianBlur(Module):
    """Blurs with a Gaussian of random width.

    Args:
        kernel_size: odd size in pixels, one or (x, y).
        sigma: range (min, max) of the standard deviation, or one value, pixels.

    Raises:
        ValueError: even sizes, or a range that is not positive.

    Source: torchvision, ``transforms.GaussianBlur``.
    """

    def __init__(
        self, kernel_size: int | Sequence[int], sigma: float | Sequence[float] = (0.1, 2.0)
    ) -> None:
        super().__init__()
        self.kernel_size = pair(
            kernel_size, "Kernel size should be a tuple/list of two integers"
        )
        for size in self.kernel_size:
            if size <= 0 or size % 2 == 0:
                raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, (int, float)):
            if sigma <= 0:
                raise ValueError("If sigma is a single number, it must be positive.")
            self.sigma: Sequence[float] = (sigma, sigma)
        elif len(sigma) == 2:
            if not 0.0 < sigma[0] <= sigma[1]:
                raise ValueError(
                    "sigma values should be positive and of the form (min, max). "
                    f"Got {sigma}"
                )
            self.sigma = sigma
        else:
            raise ValueError(
                "sigma should be a single number or a list/tuple with length 2."
            )

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A random standard deviation, pixels."""
        return uniform(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        """The blurred image."""
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"
