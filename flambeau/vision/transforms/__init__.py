"""Image transforms, as torchvision's ``transforms`` (version 1) names them."""

from __future__ import annotations

from flambeau.vision.transforms import functional
from flambeau.vision.transforms.basic import (
    CenterCrop,
    Compose,
    ConvertImageDtype,
    Grayscale,
    Lambda,
    Normalize,
    Pad,
    PILToTensor,
    Resize,
    ToPILImage,
    ToTensor,
)
from flambeau.vision.transforms.crops import FiveCrop, TenCrop
from flambeau.vision.transforms.geometry import InterpolationMode
from flambeau.vision.transforms.random_choice import RandomApply, RandomChoice, RandomOrder
from flambeau.vision.transforms.random_color import (
    ColorJitter,
    GaussianBlur,
    RandomErasing,
    RandomGrayscale,
)
from flambeau.vision.transforms.random_geometry import (
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
)

__all__ = [
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "ConvertImageDtype",
    "FiveCrop",
    "GaussianBlur",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Pad",
    "RandomAffine",
    "RandomApply",
    "RandomChoice",
    "RandomCrop",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomOrder",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomVerticalFlip",
    "Resize",
    "TenCrop",
    "ToPILImage",
    "ToTensor",
    "functional",
]
