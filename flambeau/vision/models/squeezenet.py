"""SqueezeNet: 1×1 convolutions narrow what 1×1 and 3×3 convolutions then widen."""

from __future__ import annotations

from typing import Any

from flambeau import nn
from flambeau.functional.joining import cat
from flambeau.tensor import Tensor
from flambeau.vision.models.weights import WeightsEnum, published


class SqueezeNet1_0_Weights(WeightsEnum):
    """Weights published for `squeezenet1_0`."""

    IMAGENET1K_V1 = "squeezenet1_0-b66bff10.pth"
    DEFAULT = IMAGENET1K_V1


class SqueezeNet1_1_Weights(WeightsEnum):
    """Weights published for `squeezenet1_1`."""

    IMAGENET1K_V1 = "squeezenet1_1-b8a52dc0.pth"
    DEFAULT = IMAGENET1K_V1


class Fire(nn.Module):
    """A narrow 1×1 convolution, then a 1×1 and a 3×3 convolution side by side.

    Args:
        inplanes: channels of the input.
        squeeze_planes: channels between.
        expand1x1_planes, expand3x3_planes: channels of the two results.
    """

    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int,
                 expand3x3_planes: int) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Returns both results, joined."""
        x = self.squeeze_activation(self.squeeze(x))
        return cat([self.expand1x1_activation(self.expand1x1(x)),
                          self.expand3x3_activation(self.expand3x3(x))], 1)


# Width and kernel of the stem; then the narrow width of each Fire, which widens to 8 times that,
# and 0 for a pooling.
VERSIONS = {"1_0": (96, 7, (0, 16, 16, 32, 0, 32, 48, 48, 64, 0, 64)),
            "1_1": (64, 3, (0, 16, 16, 0, 32, 32, 0, 48, 48, 64, 64))}


class SqueezeNet(nn.Module):
    """A stem, eight Fire modules with poolings, a 1×1 convolution, average pooling.

    Args:
        version: "1_0" or "1_1". Default: "1_0".
        num_classes: outputs. Default: 1000.
        dropout: probability before the last convolution. Default: 0.5.

    Raises:
        ValueError: for another version.

    Source: Iandola et al. 2016, "SqueezeNet"; torchvision, squeezenet.
    """

    def __init__(self, version: str = "1_0", num_classes: int = 1000,
                 dropout: float = 0.5) -> None:
        super().__init__()
        self.num_classes = num_classes
        if version not in VERSIONS:
            raise ValueError(f"Unsupported SqueezeNet version {version}: 1_0 or 1_1 expected")
        channels, kernel, plan = VERSIONS[version]
        layers: list[nn.Module] = [nn.Conv2d(3, channels, kernel_size=kernel, stride=2),
                                   nn.ReLU(inplace=True)]
        for narrow in plan:
            if narrow == 0:
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True))
            else:
                layers.append(Fire(channels, narrow, 4 * narrow, 4 * narrow))
                channels = 8 * narrow
        self.features = nn.Sequential(*layers)
        last = nn.Conv2d(512, num_classes, kernel_size=1)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), last, nn.ReLU(inplace=True),
                                        nn.AdaptiveAvgPool2d((1, 1)))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                if module is last:
                    nn.init.normal_(module.weight, mean=0.0, std=0.01)
                else:
                    nn.init.kaiming_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.constant_(module.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.classifier(self.features(x))
        return scores.flatten(1)


@published(SqueezeNet1_0_Weights)
def squeezenet1_0(
    *, weights: SqueezeNet1_0_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> SqueezeNet:
    """SqueezeNet 1.0: 1,248,424 parameters.

    Args:
        weights: None, `SqueezeNet1_0_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `SqueezeNet`.
    """
    return SqueezeNet("1_0", **kwargs)


@published(SqueezeNet1_1_Weights)
def squeezenet1_1(
    *, weights: SqueezeNet1_1_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> SqueezeNet:
    """SqueezeNet 1.1: 1,235,496 parameters; arguments as for `squeezenet1_0`."""
    return SqueezeNet("1_1", **kwargs)
