"""MNASNet: inverted residuals of a search for speed on telephones."""

from __future__ import annotations

from typing import Any

from flambeau import nn
from flambeau.tensor import Tensor
from flambeau.vision.models.mobilenetv2 import make_divisible
from flambeau.vision.models.weights import Published, WeightsEnum, published

# 1 - 0.9997, TensorFlow's momentum of the paper.
MOMENTUM = 1 - 0.9997

# Kernel, stride of the first, factor of widening, repetitions; the widths are in WIDTHS.
STAGES = ((3, 2, 3, 3), (5, 2, 3, 3), (5, 2, 6, 3), (3, 1, 6, 2), (5, 2, 6, 4), (3, 1, 6, 1))
WIDTHS = (32, 16, 24, 40, 80, 96, 192, 320)


class MNASNet0_5_Weights(WeightsEnum):
    """Weights published for `mnasnet0_5`."""

    IMAGENET1K_V1 = "mnasnet0.5_top1_67.823-3ffadce67e.pth"
    DEFAULT = IMAGENET1K_V1


class MNASNet0_75_Weights(WeightsEnum):
    """Weights published for `mnasnet0_75`."""

    IMAGENET1K_V1 = Published("mnasnet0_75-7090bc5f.pth", resize_size=232)
    DEFAULT = IMAGENET1K_V1


class MNASNet1_0_Weights(WeightsEnum):
    """Weights published for `mnasnet1_0`."""

    IMAGENET1K_V1 = "mnasnet1.0_top1_73.512-f206786ef8.pth"
    DEFAULT = IMAGENET1K_V1


class MNASNet1_3_Weights(WeightsEnum):
    """Weights published for `mnasnet1_3`."""

    IMAGENET1K_V1 = Published("mnasnet1_3-a4c69d6f.pth", resize_size=232)
    DEFAULT = IMAGENET1K_V1


def _convolution(inp: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1,
                 momentum: float = MOMENTUM, active: bool = True) -> list[nn.Module]:
    layers: list[nn.Module] = [
        nn.Conv2d(inp, out, kernel, padding=kernel // 2, stride=stride, groups=groups, bias=False),
        nn.BatchNorm2d(out, momentum=momentum)]
    return [*layers, nn.ReLU(inplace=True)] if active else layers


class _InvertedResidual(nn.Module):
    """Widen by a 1×1, convolve each channel, narrow by a 1×1; with a shortcut if it fits."""

    def __init__(self, in_ch: int, out_ch: int, kernel_size: int, stride: int,
                 expansion_factor: int, bn_momentum: float = 0.1) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        if kernel_size not in (3, 5):
            raise ValueError(f"kernel_size should be 3 or 5 instead of {kernel_size}")
        wide = in_ch * expansion_factor
        self.apply_residual = in_ch == out_ch and stride == 1
        self.layers = nn.Sequential(
            *_convolution(in_ch, wide, momentum=bn_momentum),
            *_convolution(wide, wide, kernel_size, stride, wide, bn_momentum),
            *_convolution(wide, out_ch, momentum=bn_momentum, active=False))

    def forward(self, input: Tensor) -> Tensor:
        """Maps (N, in_ch, H, W) to (N, out_ch, H/stride, W/stride)."""
        out: Tensor = self.layers(input)
        return out + input if self.apply_residual else out


class MNASNet(nn.Module):
    """A stem, six stages of inverted residuals, a 1×1 convolution, pooling, a linear layer.

    Args:
        alpha: factor of all widths.
        num_classes: outputs. Default: 1000.
        dropout: probability before the linear layer. Default: 0.2.

    Raises:
        ValueError: alpha is not positive.

    Source: Tan et al. 2018, "MnasNet: Platform-Aware Neural Architecture Search for Mobile";
    torchvision, mnasnet.
    """

    _version = 2

    def __init__(self, alpha: float, num_classes: int = 1000, dropout: float = 0.2) -> None:
        super().__init__()
        if alpha <= 0.0:
            raise ValueError(f"alpha should be greater than 0.0 instead of {alpha}")
        self.alpha = alpha
        self.num_classes = num_classes
        stem, separable, *widths = (make_divisible(width * alpha, 8) for width in WIDTHS)
        layers = [*_convolution(3, stem, 3, 2), *_convolution(stem, stem, 3, 1, stem),
                  *_convolution(stem, separable, active=False)]
        channels = separable
        for width, (kernel, stride, factor, count) in zip(widths, STAGES, strict=True):
            sizes = [(channels, stride)] + [(width, 1)] * (count - 1)
            layers.append(nn.Sequential(*(_InvertedResidual(inp, width, kernel, step, factor,
                                                            MOMENTUM) for inp, step in sizes)))
            channels = width
        self.layers = nn.Sequential(*layers, *_convolution(channels, 1280))
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True),
                                        nn.Linear(1280, num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.kaiming_uniform_(module.weight, mode="fan_out", nonlinearity="sigmoid")
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.classifier(self.layers(x).mean([2, 3]))
        return scores


@published(MNASNet0_5_Weights)
def mnasnet0_5(
    *, weights: MNASNet0_5_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> MNASNet:
    """MNASNet of half the widths: 2,218,512 parameters.

    Args:
        weights: None, `MNASNet0_5_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `MNASNet`.
    """
    return MNASNet(0.5, **kwargs)


@published(MNASNet0_75_Weights)
def mnasnet0_75(
    *, weights: MNASNet0_75_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> MNASNet:
    """MNASNet of 3/4 of the widths: 3,170,208 parameters; arguments as for `mnasnet0_5`."""
    return MNASNet(0.75, **kwargs)


@published(MNASNet1_0_Weights)
def mnasnet1_0(
    *, weights: MNASNet1_0_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> MNASNet:
    """MNASNet: 4,383,312 parameters; arguments as for `mnasnet0_5`."""
    return MNASNet(1.0, **kwargs)


@published(MNASNet1_3_Weights)
def mnasnet1_3(
    *, weights: MNASNet1_3_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> MNASNet:
    """MNASNet of 1.3 times the widths: 6,282,256 parameters; arguments as for `mnasnet0_5`."""
    return MNASNet(1.3, **kwargs)
