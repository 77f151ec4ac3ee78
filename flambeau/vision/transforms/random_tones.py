"""Random changes of brightness, each with a probability."""

from __future__ import annotations

from typing import Any

from flambeau.nn.modules.module import Module
from flambeau.vision.transforms import functional as F
from flambeau.vision.transforms.draws import chance


class _RandomTone(Module):
    """Changes the image with probability ``p``; subclasses say how."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def change(self, img: Any) -> Any:
        """The changed image."""
        raise NotImplementedError

    def forward(self, img: Any) -> Any:
        """The image, changed or not."""
        return self.change(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomInvert(_RandomTone):
    """Inverts the colours with probability ``p``.

    Args:
        p: probability. Default 0.5.

    Source: torchvision, ``transforms.RandomInvert``.
    """

    def change(self, img: Any) -> Any:
        """The inverted image."""
        return F.invert(img)


class RandomAutocontrast(_RandomTone):
    """Stretches the channels to the whole range with probability ``p``.

    Args:
        p: probability. Default 0.5.

    Source: torchvision, ``transforms.RandomAutocontrast``.
    """

    def change(self, img: Any) -> Any:
        """The stretched image."""
        return F.autocontrast(img)


class RandomEqualize(_RandomTone):
    """Spreads the brightnesses evenly with probability ``p``.

    Args:
        p: probability. Default 0.5.

    Source: torchvision, ``transforms.RandomEqualize``.
    """

    def change(self, img: Any) -> Any:
        """The equalized image."""
        return F.equalize(img)


class RandomPosterize(_RandomTone):
    """Keeps the highest bits with probability ``p``.

    Args:
        bits: how many to keep, from 0 to 8.
        p: probability. Default 0.5.

    Source: torchvision, ``transforms.RandomPosterize``.
    """

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def change(self, img: Any) -> Any:
        """The posterized image."""
        return F.posterize(img, self.bits)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(bits={self.bits},p={self.p})"


class RandomSolarize(_RandomTone):
    """Inverts what is bright with probability ``p``.

    Args:
        threshold: the least brightness that is inverted.
        p: probability. Default 0.5.

    Source: torchvision, ``transforms.RandomSolarize``.
    """

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def change(self, img: Any) -> Any:
        """The solarized image."""
        return F.solarize(img, self.threshold)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(threshold={self.threshold},p={self.p})"


class RandomAdjustSharpness(_RandomTone):
    """Sharpens or smooths with probability ``p``.

    Args:
        sharpness_factor: 0 is smooth, 1 the image itself, 2 twice as sharp.
        p: probability. Default 0.5.

    Source: torchvision, ``transforms.RandomAdjustSharpness``.
    """

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def change(self, img: Any) -> Any:
        """The sharpened image."""
        return F.adjust_sharpness(img, self.sharpness_factor)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(sharpness_factor={self.sharpness_factor},p={self.p})"
