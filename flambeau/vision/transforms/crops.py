"""Several crops of one image, for averaging what a model says of them."""

from __future__ import annotations

from typing import Any

from flambeau.nn.modules.module import Module
from flambeau.vision.transforms.conversion import get_dimensions
from flambeau.vision.transforms.geometry import center_crop, crop, hflip, vflip


def _size(size: Any) -> tuple[int, int]:
    """Height and width, from one number or two."""
    if isinstance(size, (tuple, list)) and len(size) == 1:
        size = size[0]
    if isinstance(size, int):
        return size, size
    if len(size) != 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return int(size[0]), int(size[1])


def five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """The four corners and the middle of an image.

    Args:
        img: a Pillow image or a tensor (..., C, H, W).
        size: height and width, or one number for both.

    Raises:
        ValueError: the image is smaller.

    Source: torchvision, ``transforms.functional.five_crop``.
    """
    high, wide = _size(size)
    _, height, width = get_dimensions(img)
    if wide > width or high > height:
        raise ValueError(f"Requested crop size {(high, wide)} is bigger than input size "
                         f"{(height, width)}")
    corners = ((0, 0), (0, width - wide), (height - high, 0), (height - high, width - wide))
    return (*(crop(img, top, left, high, wide) for top, left in corners),
            center_crop(img, [high, wide]))


def ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of an image and of its mirror image.

    Args:
        img: a Pillow image or a tensor (..., C, H, W).
        size: height and width, or one number for both.
        vertical_flip: mirror top and bottom instead of the sides. Default False.

    Source: torchvision, ``transforms.functional.ten_crop``.
    """
    mirrored = vflip(img) if vertical_flip else hflip(img)
    return five_crop(img, size) + five_crop(mirrored, size)


class FiveCrop(Module):
    """The four corners and the middle; see ``five_crop``.

    Args:
        size: height and width, or one number for both.

    Source: torchvision, ``transforms.FiveCrop``.
    """

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = _size(size)

    def forward(self, img: Any) -> tuple[Any, ...]:
        """The five images."""
        return five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class TenCrop(Module):
    """The corners and the middle of an image and of its mirror image; see ``ten_crop``.

    Args:
        size: height and width, or one number for both.
        vertical_flip: mirror top and bottom instead of the sides. Default False.

    Source: torchvision, ``transforms.TenCrop``.
    """

    def __init__(self, size: Any, vertical_flip: bool = False) -> None:
        super().__init__()
        self.size = _size(size)
        self.vertical_flip = vertical_flip

    def forward(self, img: Any) -> tuple[Any, ...]:
        """The ten images."""
        return ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, vertical_flip={self.vertical_flip})"
