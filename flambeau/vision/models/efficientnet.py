"""The sizes of EfficientNet that torchvision publishes weights for."""

from __future__ import annotations

from functools import partial
from typing import Any

from flambeau import nn
from flambeau.vision.models.efficientnet_blocks import EfficientNet as EfficientNet
from flambeau.vision.models.efficientnet_blocks import FusedMBConvConfig as FusedMBConvConfig
from flambeau.vision.models.efficientnet_blocks import MBConvConfig as MBConvConfig
from flambeau.vision.models.weights import Published, WeightsEnum, published
from flambeau.vision.transforms.functional import InterpolationMode

BICUBIC = InterpolationMode.BICUBIC
HALF = (0.5, 0.5, 0.5)
Stage = tuple[int, int, int, int, int, int]

# Factor of widening, kernel, stride, channels before and after, repetitions.
BASE = ((1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3),
        (6, 5, 1, 80, 112, 3), (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1))
# The second version: the first three stages are fused.
SMALL = ((1, 3, 1, 24, 24, 2), (4, 3, 2, 24, 48, 4), (4, 3, 2, 48, 64, 4), (4, 3, 2, 64, 128, 6),
         (6, 3, 1, 128, 160, 9), (6, 3, 2, 160, 256, 15))
MEDIUM = ((1, 3, 1, 24, 24, 3), (4, 3, 2, 24, 48, 5), (4, 3, 2, 48, 80, 5), (4, 3, 2, 80, 160, 7),
          (6, 3, 1, 160, 176, 14), (6, 3, 2, 176, 304, 18), (6, 3, 1, 304, 512, 5))
LARGE = ((1, 3, 1, 32, 32, 4), (4, 3, 2, 32, 64, 7), (4, 3, 2, 64, 96, 7), (4, 3, 2, 96, 192, 10),
         (6, 3, 1, 192, 224, 19), (6, 3, 2, 224, 384, 25), (6, 3, 1, 384, 640, 7))

precise_normalization = partial(nn.BatchNorm2d, eps=1e-3)
slow_normalization = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)


def _first(width: float, depth: float, dropout: float, **kwargs: Any) -> EfficientNet:
    """A network of the first version, by its factors."""
    setting = [MBConvConfig(*row, width_mult=width, depth_mult=depth) for row in BASE]
    return EfficientNet(setting, kwargs.pop("dropout", dropout), last_channel=None, **kwargs)


def _second(rows: tuple[Stage, ...], dropout: float, **kwargs: Any) -> EfficientNet:
    """A network of the second version, by its stages."""
    setting: list[MBConvConfig | FusedMBConvConfig] = [
        *(FusedMBConvConfig(*row) for row in rows[:3]), *(MBConvConfig(*row) for row in rows[3:])]
    kwargs.setdefault("norm_layer", precise_normalization)
    return EfficientNet(setting, kwargs.pop("dropout", dropout), last_channel=1280, **kwargs)


class EfficientNet_B0_Weights(WeightsEnum):
    """Weights published for `efficientnet_b0`."""

    IMAGENET1K_V1 = Published("efficientnet_b0_rwightman-7f5810bc.pth", 224, 256, BICUBIC)
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B1_Weights(WeightsEnum):
    """Weights published for `efficientnet_b1`."""

    IMAGENET1K_V1 = Published("efficientnet_b1_rwightman-bac287d4.pth", 240, 256, BICUBIC)
    IMAGENET1K_V2 = Published("efficientnet_b1-c27df63c.pth", 240, 255)
    DEFAULT = IMAGENET1K_V2


class EfficientNet_B2_Weights(WeightsEnum):
    """Weights published for `efficientnet_b2`."""

    IMAGENET1K_V1 = Published("efficientnet_b2_rwightman-c35c1473.pth", 288, 288, BICUBIC)
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B3_Weights(WeightsEnum):
    """Weights published for `efficientnet_b3`."""

    IMAGENET1K_V1 = Published("efficientnet_b3_rwightman-b3899882.pth", 300, 320, BICUBIC)
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B4_Weights(WeightsEnum):
    """Weights published for `efficientnet_b4`."""

    IMAGENET1K_V1 = Published("efficientnet_b4_rwightman-23ab8bcd.pth", 380, 384, BICUBIC)
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B5_Weights(WeightsEnum):
    """Weights published for `efficientnet_b5`."""

    IMAGENET1K_V1 = Published("efficientnet_b5_lukemelas-1a07897c.pth", 456, 456, BICUBIC)
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B6_Weights(WeightsEnum):
    """Weights published for `efficientnet_b6`."""

    IMAGENET1K_V1 = Published("efficientnet_b6_lukemelas-24a108a5.pth", 528, 528, BICUBIC)
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B7_Weights(WeightsEnum):
    """Weights published for `efficientnet_b7`."""

    IMAGENET1K_V1 = Published("efficientnet_b7_lukemelas-c5b4e57e.pth", 600, 600, BICUBIC)
    DEFAULT = IMAGENET1K_V1


class EfficientNet_V2_S_Weights(WeightsEnum):
    """Weights published for `efficientnet_v2_s`."""

    IMAGENET1K_V1 = Published("efficientnet_v2_s-dd5fe13b.pth", 384, 384)
    DEFAULT = IMAGENET1K_V1


class EfficientNet_V2_M_Weights(WeightsEnum):
    """Weights published for `efficientnet_v2_m`."""

    IMAGENET1K_V1 = Published("efficientnet_v2_m-dc08266a.pth", 480, 480)
    DEFAULT = IMAGENET1K_V1


class EfficientNet_V2_L_Weights(WeightsEnum):
    """Weights published for `efficientnet_v2_l`."""

    IMAGENET1K_V1 = Published("efficientnet_v2_l-59c71312.pth", 480, 480, BICUBIC, HALF, HALF)
    DEFAULT = IMAGENET1K_V1


@published(EfficientNet_B0_Weights)
def efficientnet_b0(
    *, weights: EfficientNet_B0_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNet B0: 5,288,548 parameters.

    Args:
        weights: None, `EfficientNet_B0_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `EfficientNet`.
    """
    return _first(1.0, 1.0, 0.2, **kwargs)


@published(EfficientNet_B1_Weights)
def efficientnet_b1(
    *, weights: EfficientNet_B1_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNet B1: 7,794,184 parameters; arguments as for `efficientnet_b0`."""
    return _first(1.0, 1.1, 0.2, **kwargs)


@published(EfficientNet_B2_Weights)
def efficientnet_b2(
    *, weights: EfficientNet_B2_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNet B2: 9,109,994 parameters; arguments as for `efficientnet_b0`."""
    return _first(1.1, 1.2, 0.3, **kwargs)


@published(EfficientNet_B3_Weights)
def efficientnet_b3(
    *, weights: EfficientNet_B3_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNet B3: 12,233,232 parameters; arguments as for `efficientnet_b0`."""
    return _first(1.2, 1.4, 0.3, **kwargs)


@published(EfficientNet_B4_Weights)
def efficientnet_b4(
    *, weights: EfficientNet_B4_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNet B4: 19,341,616 parameters; arguments as for `efficientnet_b0`."""
    return _first(1.4, 1.8, 0.4, **kwargs)


@published(EfficientNet_B5_Weights)
def efficientnet_b5(
    *, weights: EfficientNet_B5_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNet B5: 30,389,784 parameters; arguments as for `efficientnet_b0`."""
    kwargs.setdefault("norm_layer", slow_normalization)
    return _first(1.6, 2.2, 0.4, **kwargs)


@published(EfficientNet_B6_Weights)
def efficientnet_b6(
    *, weights: EfficientNet_B6_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNet B6: 43,040,704 parameters; arguments as for `efficientnet_b0`."""
    kwargs.setdefault("norm_layer", slow_normalization)
    return _first(1.8, 2.6, 0.5, **kwargs)


@published(EfficientNet_B7_Weights)
def efficientnet_b7(
    *, weights: EfficientNet_B7_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNet B7: 66,347,960 parameters; arguments as for `efficientnet_b0`."""
    kwargs.setdefault("norm_layer", slow_normalization)
    return _first(2.0, 3.1, 0.5, **kwargs)


@published(EfficientNet_V2_S_Weights)
def efficientnet_v2_s(
    *, weights: EfficientNet_V2_S_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNetV2 S: 21,458,488 parameters; arguments as for `efficientnet_b0`."""
    return _second(SMALL, 0.2, **kwargs)


@published(EfficientNet_V2_M_Weights)
def efficientnet_v2_m(
    *, weights: EfficientNet_V2_M_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNetV2 M: 54,139,356 parameters; arguments as for `efficientnet_b0`."""
    return _second(MEDIUM, 0.3, **kwargs)


@published(EfficientNet_V2_L_Weights)
def efficientnet_v2_l(
    *, weights: EfficientNet_V2_L_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> EfficientNet:
    """EfficientNetV2 L: 118,515,272 parameters; arguments as for `efficientnet_b0`."""
    return _second(LARGE, 0.4, **kwargs)
