"""DenseNet: every layer of a block sees the results of all layers before it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flambeau import nn
from flambeau.functional.joining import cat
from flambeau.nn import functional as F
from flambeau.tensor import Tensor
from flambeau.vision.models.weights import WeightsEnum, published


class DenseNet121_Weights(WeightsEnum):
    """Weights published for `densenet121`."""

    IMAGENET1K_V1 = "densenet121-a639ec97.pth"
    DEFAULT = IMAGENET1K_V1


class DenseNet161_Weights(WeightsEnum):
    """Weights published for `densenet161`."""

    IMAGENET1K_V1 = "densenet161-8d451a50.pth"
    DEFAULT = IMAGENET1K_V1


class DenseNet169_Weights(WeightsEnum):
    """Weights published for `densenet169`."""

    IMAGENET1K_V1 = "densenet169-b2777c0a.pth"
    DEFAULT = IMAGENET1K_V1


class DenseNet201_Weights(WeightsEnum):
    """Weights published for `densenet201`."""

    IMAGENET1K_V1 = "densenet201-c1103571.pth"
    DEFAULT = IMAGENET1K_V1


class _DenseLayer(nn.Module):
    """A 1×1 and a 3×3 convolution, each behind its normalization and activation."""

    def __init__(self, channels: int, growth_rate: int, bn_size: int, drop_rate: float) -> None:
        super().__init__()
        narrow = bn_size * growth_rate
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(channels, narrow, kernel_size=1, stride=1, bias=False)
        self.norm2 = nn.BatchNorm2d(narrow)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(narrow, growth_rate, kernel_size=3, stride=1, padding=1, bias=False)
        self.drop_rate = float(drop_rate)

    def forward(self, input: Tensor | Sequence[Tensor]) -> Tensor:
        """Maps the results so far, joined, to `growth_rate` channels more."""
        joined = input if isinstance(input, Tensor) else cat(list(input), 1)
        x = self.conv1(self.relu1(self.norm1(joined)))
        x = self.conv2(self.relu2(self.norm2(x)))
        return F.dropout(x, p=self.drop_rate, training=self.training) if self.drop_rate else x


class _DenseBlock(nn.ModuleDict):
    """Layers whose inputs are all results before them."""

    def __init__(self, num_layers: int, channels: int, bn_size: int, growth_rate: int,
                 drop_rate: float) -> None:
        super().__init__()
        for k in range(num_layers):
            layer = _DenseLayer(channels + k * growth_rate, growth_rate, bn_size, drop_rate)
            self.add_module(f"denselayer{k + 1}", layer)

    def forward(self, init_features: Tensor) -> Tensor:
        """Returns the input and all results, joined."""
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return cat(features, 1)


class _Transition(nn.Sequential):
    """Halves channels and size between two blocks."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(channels, out_channels, kernel_size=1, stride=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """A stem, dense blocks with transitions between them, average pooling, a linear layer.

    Args:
        growth_rate: channels that each layer adds. Default: 32.
        block_config: layers of each block. Default: DenseNet-121's.
        num_init_features: channels of the stem. Default: 64.
        bn_size: channels inside a layer, in growth rates. Default: 4.
        drop_rate: dropout behind each layer. Default: 0.
        num_classes: outputs. Default: 1000.
        memory_efficient: accepted; what backward needs is recomputed where that pays.

    Source: Huang et al. 2016, "Densely Connected Convolutional Networks"; torchvision, densenet.
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        channels = num_init_features
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(3, channels, kernel_size=7, stride=2,
                                                    padding=3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(channels))
        self.features.add_module("relu0", nn.ReLU(inplace=True))
        self.features.add_module("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1))
        for k, count in enumerate(block_config, 1):
            block = _DenseBlock(count, channels, bn_size, growth_rate, drop_rate)
            self.features.add_module(f"denseblock{k}", block)
            channels += count * growth_rate
            if k != len(block_config):
                transition = _Transition(channels, channels // 2)
                self.features.add_module(f"transition{k}", transition)
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, num_classes)
        self._initialize()

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.Linear):
                nn.init.constant_(module.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, H, W) to scores (N, num_classes)."""
        x = F.relu(self.features(x), inplace=True)
        scores: Tensor = self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))
        return scores


def _renamed(state: Mapping[str, Any]) -> dict[str, Any]:
    """The published files call `norm1` of a layer `norm.1`, and so on."""
    return {re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.", key): value
            for key, value in state.items()}


@published(DenseNet121_Weights, _renamed)
def densenet121(
    *, weights: DenseNet121_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> DenseNet:
    """DenseNet-121: 7,978,856 parameters.

    Args:
        weights: None, `DenseNet121_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `DenseNet`.
    """
    return DenseNet(32, (6, 12, 24, 16), 64, **kwargs)


@published(DenseNet161_Weights, _renamed)
def densenet161(
    *, weights: DenseNet161_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> DenseNet:
    """DenseNet-161: 28,681,000 parameters; arguments as for `densenet121`."""
    return DenseNet(48, (6, 12, 36, 24), 96, **kwargs)


@published(DenseNet169_Weights, _renamed)
def densenet169(
    *, weights: DenseNet169_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> DenseNet:
    """DenseNet-169: 14,149,480 parameters; arguments as for `densenet121`."""
    return DenseNet(32, (6, 12, 32, 32), 64, **kwargs)


@published(DenseNet201_Weights, _renamed)
def densenet201(
    *, weights: DenseNet201_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> DenseNet:
    """DenseNet-201: 20,013,928 parameters; arguments as for `densenet121`."""
    return DenseNet(32, (6, 12, 48, 32), 64, **kwargs)
