"""ShuffleNetV2: half of the channels pass by, then both halves are shuffled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau import nn
from flambeau.functional.joining import cat
from flambeau.tensor import Tensor
from flambeau.vision.models.weights import Published, WeightsEnum, published


class ShuffleNet_V2_X0_5_Weights(WeightsEnum):
    """Weights published for `shufflenet_v2_x0_5`."""

    IMAGENET1K_V1 = "shufflenetv2_x0.5-f707e7126e.pth"
    DEFAULT = IMAGENET1K_V1


class ShuffleNet_V2_X1_0_Weights(WeightsEnum):
    """Weights published for `shufflenet_v2_x1_0`."""

    IMAGENET1K_V1 = "shufflenetv2_x1-5666bf0f80.pth"
    DEFAULT = IMAGENET1K_V1


class ShuffleNet_V2_X1_5_Weights(WeightsEnum):
    """Weights published for `shufflenet_v2_x1_5`."""

    IMAGENET1K_V1 = Published("shufflenetv2_x1_5-3c479a10.pth", resize_size=232)
    DEFAULT = IMAGENET1K_V1


class ShuffleNet_V2_X2_0_Weights(WeightsEnum):
    """Weights published for `shufflenet_v2_x2_0`."""

    IMAGENET1K_V1 = Published("shufflenetv2_x2_0-8be3c8ee.pth", resize_size=232)
    DEFAULT = IMAGENET1K_V1


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Interleaves the channels of a number of groups."""
    batch, channels, height, width = x.shape
    parts = x.reshape(batch, groups, channels // groups, height, width)
    return parts.transpose(1, 2).reshape(batch, channels, height, width)


def _pointwise(inp: int, out: int) -> list[nn.Module]:
    return [nn.Conv2d(inp, out, 1, 1, 0, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]


def _depthwise(channels: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, channels, 3, stride, 1, bias=False, groups=channels),
            nn.BatchNorm2d(channels)]


class InvertedResidual(nn.Module):
    """One branch of convolutions beside the other half of the channels, then a shuffle.

    Args:
        inp, oup: channels of input and output.
        stride: 1 lets half of the channels pass; 2 or 3 convolve both branches.

    Raises:
        ValueError: for another stride, or channels that do not fit it.

    Source: Ma et al. 2018, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture
    Design".
    """

    def __init__(self, inp: int, oup: int, stride: int) -> None:
        super().__init__()
        if not 1 <= stride <= 3:
            raise ValueError("illegal stride value")
        half = oup // 2
        if stride == 1 and inp != 2 * half:
            raise ValueError(
                f"Invalid combination of stride {stride}, inp {inp} and oup {oup} values. "
                "If stride == 1 then inp should be equal to oup // 2 << 1.")
        self.stride = stride
        self.branch1 = nn.Sequential()
        if stride > 1:
            self.branch1 = nn.Sequential(*_depthwise(inp, stride), *_pointwise(inp, half))
        self.branch2 = nn.Sequential(*_pointwise(inp if stride > 1 else half, half),
                                     *_depthwise(half, stride), *_pointwise(half, half))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, inp, H, W) to (N, oup, H/stride, W/stride)."""
        if self.stride == 1:
            passing, x = x.chunk(2, dim=1)
        else:
            passing = self.branch1(x)
        return channel_shuffle(cat([passing, self.branch2(x)], 1), 2)


class ShuffleNetV2(nn.Module):
    """A stem, three stages, a 1×1 convolution, average pooling, a linear layer.

    Args:
        stages_repeats: blocks of each of the three stages.
        stages_out_channels: channels of the stem, the three stages and the last convolution.
        num_classes: outputs. Default: 1000.
        inverted_residual: makes a block. Default: `InvertedResidual`.

    Raises:
        ValueError: for lists of other lengths.

    Source: Ma et al. 2018; torchvision, shufflenetv2.
    """

    def __init__(
        self,
        stages_repeats: Sequence[int],
        stages_out_channels: Sequence[int],
        num_classes: int = 1000,
        inverted_residual: Callable[..., nn.Module] = InvertedResidual,
    ) -> None:
        super().__init__()
        if len(stages_repeats) != 3:
            raise ValueError("expected stages_repeats as list of 3 positive ints")
        if len(stages_out_channels) != 5:
            raise ValueError("expected stages_out_channels as list of 5 positive ints")
        self._stage_out_channels = stages_out_channels
        stem, *widths, last = stages_out_channels
        self.conv1 = nn.Sequential(nn.Conv2d(3, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem),
                                   nn.ReLU(inplace=True))
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        stages = []
        channels = stem
        for count, width in zip(stages_repeats, widths, strict=True):
            sizes = [(channels, 2)] + [(width, 1)] * (count - 1)
            stages.append(nn.Sequential(*(inverted_residual(inp, width, stride)
                                          for inp, stride in sizes)))
            channels = width
        self.stage2, self.stage3, self.stage4 = stages
        self.conv5 = nn.Sequential(*_pointwise(channels, last))
        self.fc = nn.Linear(last, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, H, W) to scores (N, num_classes)."""
        x = self.stage4(self.stage3(self.stage2(self.maxpool(self.conv1(x)))))
        scores: Tensor = self.fc(self.conv5(x).mean([2, 3]))
        return scores


@published(ShuffleNet_V2_X0_5_Weights)
def shufflenet_v2_x0_5(
    *, weights: ShuffleNet_V2_X0_5_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> ShuffleNetV2:
    """ShuffleNetV2 of half the widths: 1,366,792 parameters.

    Args:
        weights: None, `ShuffleNet_V2_X0_5_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `ShuffleNetV2`.
    """
    return ShuffleNetV2([4, 8, 4], [24, 48, 96, 192, 1024], **kwargs)


@published(ShuffleNet_V2_X1_0_Weights)
def shufflenet_v2_x1_0(
    *, weights: ShuffleNet_V2_X1_0_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> ShuffleNetV2:
    """ShuffleNetV2: 2,278,604 parameters; arguments as for `shufflenet_v2_x0_5`."""
    return ShuffleNetV2([4, 8, 4], [24, 116, 232, 464, 1024], **kwargs)


@published(ShuffleNet_V2_X1_5_Weights)
def shufflenet_v2_x1_5(
    *, weights: ShuffleNet_V2_X1_5_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> ShuffleNetV2:
    """ShuffleNetV2 of 1.5 times the widths: 3,503,624 parameters."""
    return ShuffleNetV2([4, 8, 4], [24, 176, 352, 704, 1024], **kwargs)


@published(ShuffleNet_V2_X2_0_Weights)
def shufflenet_v2_x2_0(
    *, weights: ShuffleNet_V2_X2_0_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> ShuffleNetV2:
    """ShuffleNetV2 of twice the widths: 7,393,996 parameters."""
    return ShuffleNetV2([4, 8, 4], [24, 244, 488, 976, 2048], **kwargs)
