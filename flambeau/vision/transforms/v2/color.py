"""Changes of colour, for whole samples: each takes the arguments of the transform of images."""

from __future__ import annotations

from flambeau.vision import transforms
from flambeau.vision.transforms.v2.samples import OnSamples


class AugMix(OnSamples, transforms.AugMix):
    """`transforms.AugMix` for samples."""


class AutoAugment(OnSamples, transforms.AutoAugment):
    """`transforms.AutoAugment` for samples."""


class ColorJitter(OnSamples, transforms.ColorJitter):
    """`transforms.ColorJitter` for samples."""


class GaussianBlur(OnSamples, transforms.GaussianBlur):
    """`transforms.GaussianBlur` for samples."""


class Grayscale(OnSamples, transforms.Grayscale):
    """`transforms.Grayscale` for samples."""


class Normalize(OnSamples, transforms.Normalize):
    """`transforms.Normalize` for samples."""


class RandAugment(OnSamples, transforms.RandAugment):
    """`transforms.RandAugment` for samples."""


class RandomAdjustSharpness(OnSamples, transforms.RandomAdjustSharpness):
    """`transforms.RandomAdjustSharpness` for samples."""


class RandomAutocontrast(OnSamples, transforms.RandomAutocontrast):
    """`transforms.RandomAutocontrast` for samples."""


class RandomEqualize(OnSamples, transforms.RandomEqualize):
    """`transforms.RandomEqualize` for samples."""


class RandomErasing(OnSamples, transforms.RandomErasing):
    """`transforms.RandomErasing` for samples."""


class RandomGrayscale(OnSamples, transforms.RandomGrayscale):
    """`transforms.RandomGrayscale` for samples."""


class RandomInvert(OnSamples, transforms.RandomInvert):
    """`transforms.RandomInvert` for samples."""


class RandomPosterize(OnSamples, transforms.RandomPosterize):
    """`transforms.RandomPosterize` for samples."""


class RandomSolarize(OnSamples, transforms.RandomSolarize):
    """`transforms.RandomSolarize` for samples."""


class TrivialAugmentWide(OnSamples, transforms.TrivialAugmentWide):
    """`transforms.TrivialAugmentWide` for samples."""
