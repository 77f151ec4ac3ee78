"""Changes of place, for whole samples: each takes the arguments of the transform of images."""

from __future__ import annotations

from collections.abc import Sequence

from flambeau.vision import transforms
from flambeau.vision.transforms.v2.samples import OnSamples


class CenterCrop(OnSamples, transforms.CenterCrop):
    """`transforms.CenterCrop` for samples."""


class ElasticTransform(OnSamples, transforms.ElasticTransform):
    """`transforms.ElasticTransform` for samples."""


class FiveCrop(OnSamples, transforms.FiveCrop):
    """`transforms.FiveCrop` for samples."""


class Pad(OnSamples, transforms.Pad):
    """`transforms.Pad` for samples."""


class RandomAffine(OnSamples, transforms.RandomAffine):
    """`transforms.RandomAffine` for samples."""


class RandomCrop(OnSamples, transforms.RandomCrop):
    """`transforms.RandomCrop` for samples."""


class RandomHorizontalFlip(OnSamples, transforms.RandomHorizontalFlip):
    """`transforms.RandomHorizontalFlip` for samples."""


class RandomPerspective(OnSamples, transforms.RandomPerspective):
    """`transforms.RandomPerspective` for samples."""


class RandomResizedCrop(OnSamples, transforms.RandomResizedCrop):
    """`transforms.RandomResizedCrop` for samples."""


class RandomRotation(OnSamples, transforms.RandomRotation):
    """`transforms.RandomRotation` for samples."""


class RandomVerticalFlip(OnSamples, transforms.RandomVerticalFlip):
    """`transforms.RandomVerticalFlip` for samples."""


class Resize(OnSamples, transforms.Resize):
    """`transforms.Resize` for samples."""

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: transforms.InterpolationMode | int = transforms.InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__(size, interpolation, max_size, antialias)
        self.size = [size] if isinstance(size, int) else size


class TenCrop(OnSamples, transforms.TenCrop):
    """`transforms.TenCrop` for samples."""
