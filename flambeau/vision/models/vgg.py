"""VGG: 3×3 convolutions in rows of two to four between poolings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau import nn
from flambeau.tensor import Tensor
from flambeau.vision.models.weights import WeightsEnum, published


class VGG11_Weights(WeightsEnum):
    """Weights published for `vgg11`."""

    IMAGENET1K_V1 = "vgg11-8a719046.pth"
    DEFAULT = IMAGENET1K_V1


class VGG11_BN_Weights(WeightsEnum):
    """Weights published for `vgg11_bn`."""

    IMAGENET1K_V1 = "vgg11_bn-6002323d.pth"
    DEFAULT = IMAGENET1K_V1


class VGG13_Weights(WeightsEnum):
    """Weights published for `vgg13`."""

    IMAGENET1K_V1 = "vgg13-19584684.pth"
    DEFAULT = IMAGENET1K_V1


class VGG13_BN_Weights(WeightsEnum):
    """Weights published for `vgg13_bn`."""

    IMAGENET1K_V1 = "vgg13_bn-abd245e5.pth"
    DEFAULT = IMAGENET1K_V1


class VGG16_Weights(WeightsEnum):
    """Weights published for `vgg16`."""

    IMAGENET1K_V1 = "vgg16-397923af.pth"
    DEFAULT = IMAGENET1K_V1


class VGG16_BN_Weights(WeightsEnum):
    """Weights published for `vgg16_bn`."""

    IMAGENET1K_V1 = "vgg16_bn-6c64b313.pth"
    DEFAULT = IMAGENET1K_V1


class VGG19_Weights(WeightsEnum):
    """Weights published for `vgg19`."""

    IMAGENET1K_V1 = "vgg19-dcbb9e9d.pth"
    DEFAULT = IMAGENET1K_V1


class VGG19_BN_Weights(WeightsEnum):
    """Weights published for `vgg19_bn`."""

    IMAGENET1K_V1 = "vgg19_bn-c79401a0.pth"
    DEFAULT = IMAGENET1K_V1


# Convolutions in each of the five stages, whose widths are the same in all networks.
STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)


def make_layers(counts: tuple[int, ...], batch_norm: bool = False) -> nn.Sequential:
    """Returns the convolutions of a network, by their number in each stage."""
    layers: list[nn.Module] = []
    channels = 3
    for count, width in zip(counts, WIDTHS, strict=True):
        for _ in range(count):
            layers.append(nn.Conv2d(channels, width, kernel_size=3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU(inplace=True))
            channels = width
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return nn.Sequential(*layers)


class VGG(nn.Module):
    """Convolutions, average pooling to 7 × 7, three linear layers.

    Args:
        features: the convolutions.
        num_classes: outputs. Default: 1000.
        init_weights: draw the initial weights as torchvision does. Default: True.
        dropout: probability behind the first two linear layers. Default: 0.5.

    Source: Simonyan & Zisserman 2014, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition"; torchvision, vgg.
    """

    def __init__(self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True,
                 dropout: float = 0.5) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(True), nn.Dropout(p=dropout),
            nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes))
        if init_weights:
            self._initialize()

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.constant_(module.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, H, W), at least 32 × 32, to scores (N, num_classes)."""
        scores: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return scores


def _model(depth: int, batch_norm: bool, names: type[WeightsEnum]) -> Callable[..., VGG]:
    """The public function of one of the networks."""
    def build(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> VGG:
        return VGG(make_layers(STAGES[depth], batch_norm), **kwargs)
    build.__name__ = build.__qualname__ = f"vgg{depth}" + "_bn" * batch_norm
    build.__doc__ = (f"""VGG-{depth}{' with batch normalization' * batch_norm}.

    Args:
        weights: None, `{names.__name__}` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `VGG`.
    """)
    return published(names)(build)


vgg11 = _model(11, False, VGG11_Weights)
vgg11_bn = _model(11, True, VGG11_BN_Weights)
vgg13 = _model(13, False, VGG13_Weights)
vgg13_bn = _model(13, True, VGG13_BN_Weights)
vgg16 = _model(16, False, VGG16_Weights)
vgg16_bn = _model(16, True, VGG16_BN_Weights)
vgg19 = _model(19, False, VGG19_Weights)
vgg19_bn = _model(19, True, VGG19_BN_Weights)
