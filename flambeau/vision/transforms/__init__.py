"""Image transforms, as torchvision's ``transforms`` (version 1) names them."""

from __future__ import annotations

from flambeau.vision.transforms import functional
from flambeau.vision.transforms.autoaugment import (
    AugMix,
    AutoAugment,
    RandAugment,
    TrivialAugmentWide,
)
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
from flambeau.vision.transforms.policies import (
    AutoAugmentPolicy,
)
from flambeau.vision.transforms.random_choice import RandomApply, RandomChoice, RandomOrder
from flambeau.vision.transforms.random_color import (
    ColorJitter,
    GaussianBlur,
    RandomErasing,
    RandomGrayscale,
)
from flambeau.vision.transforms.random_distortion import (
    ElasticTransform,
    RandomPerspective,
)
from flambeau.vision.transforms.random_geometry import (
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
)
from flambeau.vision.transforms.random_tones import (
    RandomAdjustSharpness,
    RandomAutocontrast,
    RandomEqualize,
    RandomInvert,
    RandomPosterize,
    RandomSolarize,
)

__all__ = [
    "AugMix",
    "AutoAugment",
    "AutoAugmentPolicy",
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "ConvertImageDtype",
    "ElasticTransform",
    "FiveCrop",
    "GaussianBlur",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Pad",
    "RandAugment",
    "RandomAdjustSharpness",
    "RandomAffine",
    "RandomApply",
    "RandomAutocontrast",
    "RandomChoice",
    "RandomCrop",
    "RandomEqualize",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomInvert",
    "RandomOrder",
    "RandomPerspective",
    "RandomPosterize",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSolarize",
    "RandomVerticalFlip",
    "Resize",
    "TenCrop",
    "ToPILImage",
    "ToTensor",
    "TrivialAugmentWide",
    "functional",
]
