"""What published weights expect of their images."""

from __future__ import annotations

from typing import Any

from flambeau.dtype import float32
from flambeau.nn import Module
from flambeau.tensor import Tensor
from flambeau.vision.transforms import functional as F


class ImageClassification(Module):
    """Resize, cut out the middle, scale to 0 … 1, normalize by ImageNet's statistics.

    Args:
        crop_size: pixels of the result's sides.
        resize_size: pixels of the shorter side before. Default: 256.
        mean, std: of the channels. Default: ImageNet's.
        interpolation: Default: bilinear.
        antialias: smooth when shrinking. Default: True.

    Source: torchvision, transforms._presets.
    """

    def __init__(self, *, crop_size: int, resize_size: int = 256,
                 mean: tuple[float, ...] = (0.485, 0.456, 0.406),
                 std: tuple[float, ...] = (0.229, 0.224, 0.225),
                 interpolation: Any = F.InterpolationMode.BILINEAR,
                 antialias: bool | None = True) -> None:
        super().__init__()
        self.crop_size = [crop_size]
        self.resize_size = [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Any) -> Tensor:
        """Maps an image, or a tensor (…, C, H, W), to a normalized tensor."""
        img = F.resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        img = F.center_crop(img, self.crop_size)
        tensor = img if isinstance(img, Tensor) else F.pil_to_tensor(img)
        out: Tensor = F.normalize(F.convert_image_dtype(tensor, float32), self.mean, self.std)
        return out

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(\n    crop_size={self.crop_size}\n    resize_size="
                f"{self.resize_size}\n    mean={self.mean}\n    std={self.std}\n    interpolation="
                f"{self.interpolation}\n)")
