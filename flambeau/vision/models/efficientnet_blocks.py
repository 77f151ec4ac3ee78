"""EfficientNet's blocks and the network of them, for both of its versions."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flambeau import nn
from flambeau.tensor import Tensor
from flambeau.vision.models.mobilenetv2 import make_divisible
from flambeau.vision.ops.misc import Conv2dNormActivation, SqueezeExcitation
from flambeau.vision.ops.stochastic_depth import StochasticDepth

Layer = Callable[..., nn.Module]


@dataclass
class _MBConvConfig:
    """The numbers of one stage: factor of widening, kernel, stride, channels, repetitions."""

    expand_ratio: float
    kernel: int
    stride: int
    input_channels: int
    out_channels: int
    num_layers: int
    block: Layer

    @staticmethod
    def adjust_channels(channels: int, width_mult: float, min_value: int | None = None) -> int:
        """Returns the multiple of 8 nearest to the scaled number of channels."""
        return max(make_divisible(channels * width_mult, 8), min_value or 0)


class MBConvConfig(_MBConvConfig):
    """A stage with depthwise convolutions.

    Args:
        expand_ratio: how much wider it is inside.
        kernel, stride: of the depthwise convolution.
        input_channels, out_channels: before `width_mult`.
        num_layers: repetitions before `depth_mult`.
        width_mult, depth_mult: factors. Default: 1.
        block: makes a block. Default: `MBConv`.
    """

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        width_mult: float = 1.0,
        depth_mult: float = 1.0,
        block: Layer | None = None,
    ) -> None:
        super().__init__(
            expand_ratio, kernel, stride, self.adjust_channels(input_channels, width_mult),
            self.adjust_channels(out_channels, width_mult),
            self.adjust_depth(num_layers, depth_mult), MBConv if block is None else block)

    @staticmethod
    def adjust_depth(num_layers: int, depth_mult: float) -> int:
        """Returns the scaled number of repetitions, rounded up."""
        return math.ceil(num_layers * depth_mult)


class FusedMBConvConfig(_MBConvConfig):
    """A stage with ordinary convolutions; arguments as for `MBConvConfig`, without the factors."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        block: Layer | None = None,
    ) -> None:
        super().__init__(expand_ratio, kernel, stride, input_channels, out_channels, num_layers,
                         FusedMBConv if block is None else block)


class _Residual(nn.Module):
    """A block with a shortcut, if it fits, whose branch is left out at random."""

    def __init__(self, cnf: _MBConvConfig, stochastic_depth_prob: float,
                 layers: Sequence[nn.Module]) -> None:
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.out_channels = cnf.out_channels

    def forward(self, input: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, out_channels, H/stride, W/stride)."""
        out: Tensor = self.block(input)
        return self.stochastic_depth(out) + input if self.use_res_connect else out


class MBConv(_Residual):
    """Widen, convolve each channel, weigh the channels, narrow.

    Args:
        cnf: the stage's numbers.
        stochastic_depth_prob: probability that a sample's branch is left out.
        norm_layer: makes the normalization.
        se_layer: makes the weighing of channels. Default: `SqueezeExcitation`.

    Source: Tan and Le 2019, "EfficientNet".
    """

    def __init__(self, cnf: _MBConvConfig, stochastic_depth_prob: float, norm_layer: Layer,
                 se_layer: Layer = SqueezeExcitation) -> None:
        options: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        inp, wide = cnf.input_channels, cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        layers: list[nn.Module] = []
        if wide != inp:
            layers.append(Conv2dNormActivation(inp, wide, kernel_size=1, **options))
        layers += [
            Conv2dNormActivation(wide, wide, kernel_size=cnf.kernel, stride=cnf.stride,
                                 groups=wide, **options),
            se_layer(wide, max(1, inp // 4), activation=partial(nn.SiLU, inplace=True)),
            Conv2dNormActivation(wide, cnf.out_channels, kernel_size=1, norm_layer=norm_layer,
                                 activation_layer=None)]
        super().__init__(cnf, stochastic_depth_prob, layers)


class FusedMBConv(_Residual):
    """Widen by an ordinary convolution, narrow; one convolution where nothing is widened.

    Args:
        cnf: the stage's numbers.
        stochastic_depth_prob: probability that a sample's branch is left out.
        norm_layer: makes the normalization.

    Source: Tan and Le 2021, "EfficientNetV2: Smaller Models and Faster Training".
    """

    def __init__(self, cnf: _MBConvConfig, stochastic_depth_prob: float,
                 norm_layer: Layer) -> None:
        options: dict[str, Any] = {"kernel_size": cnf.kernel, "stride": cnf.stride,
                                   "norm_layer": norm_layer, "activation_layer": nn.SiLU}
        inp, wide = cnf.input_channels, cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        if wide == inp:
            layers = [Conv2dNormActivation(inp, cnf.out_channels, **options)]
        else:
            layers = [Conv2dNormActivation(inp, wide, **options),
                      Conv2dNormActivation(wide, cnf.out_channels, kernel_size=1,
                                           norm_layer=norm_layer, activation_layer=None)]
        super().__init__(cnf, stochastic_depth_prob, layers)


class EfficientNet(nn.Module):
    """A stem, stages of blocks, a 1×1 convolution, average pooling, a linear layer.

    Args:
        inverted_residual_setting: the stages' numbers.
        dropout: probability before the linear layer.
        stochastic_depth_prob: probability that the last block is left out. Default: 0.2.
        num_classes: outputs. Default: 1000.
        norm_layer: makes the normalization. Default: `nn.BatchNorm2d`.
        last_channel: channels of the last convolution. Default: four times the last stage's.

    Raises:
        ValueError, TypeError: the setting is empty, or no list of stages.

    Source: Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
    Networks"; torchvision, efficientnet.
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[MBConvConfig | FusedMBConvConfig],
        dropout: float,
        stochastic_depth_prob: float = 0.2,
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        last_channel: int | None = None,
    ) -> None:
        super().__init__()
        setting = inverted_residual_setting
        if not setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not (isinstance(setting, Sequence)
                and all(isinstance(row, _MBConvConfig) for row in setting)):
            raise TypeError("The inverted_residual_setting should be List[MBConvConfig]")
        normalize = nn.BatchNorm2d if norm_layer is None else norm_layer
        options: dict[str, Any] = {"norm_layer": normalize, "activation_layer": nn.SiLU}
        channels = setting[-1].out_channels
        last = 4 * channels if last_channel is None else last_channel
        self.features = nn.Sequential(
            Conv2dNormActivation(3, setting[0].input_channels, stride=2, **options),
            *_stages(setting, stochastic_depth_prob, normalize),
            Conv2dNormActivation(channels, last, kernel_size=1, **options))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True),
                                        nn.Linear(last, num_classes))
        self._initialize()

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                bound = 1.0 / math.sqrt(module.out_features)
                nn.init.uniform_(module.weight, -bound, bound)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return scores


def _stages(setting: Sequence[_MBConvConfig], probability: float,
            normalize: Layer) -> list[nn.Module]:
    """Makes the stages; the deeper a block, the more often it is left out."""
    total, number = sum(row.num_layers for row in setting), 0
    stages: list[nn.Module] = []
    for row in setting:
        blocks = []
        for repetition in range(row.num_layers):
            block = copy.copy(row)
            if repetition:
                block.input_channels, block.stride = row.out_channels, 1
            blocks.append(block.block(block, probability * number / total, normalize))
            number += 1
        stages.append(nn.Sequential(*blocks))
    return stages
