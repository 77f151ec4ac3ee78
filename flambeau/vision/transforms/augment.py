"""Random transforms.

They draw from the global generator by the same calls, in the same order, as torchvision, so that
the same seed gives the same crops, flips and angles.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from flambeau.creation import empty, tensor
from flambeau.dtype import float32
from flambeau.nn.modules.module import Module
from flambeau.random import rand, randint, randperm
from flambeau.tensor import Tensor
from flambeau.vision.transforms import functional as F
from flambeau.vision.transforms.basic import listing, pair
from flambeau.vision.transforms.geometry import InterpolationMode, interpolation_mode

SIZE_MESSAGE = "Please provide only two dimensions (h, w) for size."


def uniform(low: float, high: float) -> float:
    """One number from [low, high), float32."""
    return float(empty(1).uniform_(low, high).item())


def log_uniform(low: float, high: float) -> float:
    """One number whose logarithm is uniform, computed in float32 as torchvision does."""
    low_log, high_log = tensor([low, high]).log().tolist()
    return float(empty(1).uniform_(low_log, high_log).exp().item())


def chance(probability: float) -> bool:
    """True with the given probability."""
    return float(rand(1).item()) < probability


def position(count: int) -> int:
    """One integer from 0 .. count - 1."""
    return int(randint(0, count, size=(1,)).item())


class RandomTransforms:
    """Base of the transforms that choose among transforms.

    Args:
        transforms: the choices.
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence")
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return listing(type(self).__name__, self.transforms)


class RandomApply(Module):
    """Applies a list of transforms, all or none.

    Args:
        transforms: the list.
        p: probability of applying it. Default 0.5.

    Source: torchvision, ``transforms.RandomApply``.
    """

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        """The image, transformed or not."""
        if self.p < float(rand(1).item()):
            return img
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return listing(type(self).__name__, self.transforms, f"\n    p={self.p}")


class RandomOrder(RandomTransforms):
    """Applies transforms in random order (Python's ``random``).

    Source: torchvision, ``transforms.RandomOrder``.
    """

    def __call__(self, img: Any) -> Any:
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for number in order:
            img = self.transforms[number](img)
        return img


class RandomChoice(RandomTransforms):
    """Applies one transform of several (Python's ``random``).

    Args:
        transforms: the choices.
        p: their weights; by default all the same.

    Source: torchvision, ``transforms.RandomChoice``.
    """

    def __init__(
        self, transforms: Sequence[Callable[[Any], Any]], p: Sequence[float] | None = None
    ) -> None:
        super().__init__(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise TypeError("Argument p should be a sequence")
        self.p = p

    def __call__(self, img: Any) -> Any:
        return random.choices(self.transforms, weights=self.p)[0](img)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"


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


def _fill_values(img: Any, fill: Any) -> Any:
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
        fill = _fill_values(img, self.fill)
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
        fill = _fill_values(img, self.fill)
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
