"""AlexNet, as torchvision has it ("one weird trick")."""

from __future__ import annotations

from typing import Any

from flambeau import nn
from flambeau.tensor import Tensor
from flambeau.vision.models.weights import WeightsEnum, published


class AlexNet_Weights(WeightsEnum):
    """Weights published for `alexnet`."""

    IMAGENET1K_V1 = "alexnet-owt-7be5be79.pth"
    DEFAULT = IMAGENET1K_V1


class AlexNet(nn.Module):
    """Five convolutions and three linear layers.

    Args:
        num_classes: outputs. Default: 1000.
        dropout: probability before the first two linear layers. Default: 0.5.

    Source: Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks";
    torchvision, alexnet.
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width, kernel, stride, padding, pooled in (
                (64, 11, 4, 2, True), (192, 5, 1, 2, True), (384, 3, 1, 1, False),
                (256, 3, 1, 1, False), (256, 3, 1, 1, True)):
            layers += [nn.Conv2d(channels, width, kernel, stride, padding), nn.ReLU(inplace=True)]
            if pooled:
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2))
            channels = width
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(inplace=True),
            nn.Dropout(p=dropout), nn.Linear(4096, 4096), nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, H, W), at least 63 × 63, to scores (N, num_classes)."""
        scores: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return scores


@published(AlexNet_Weights)
def alexnet(
    *, weights: AlexNet_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> AlexNet:
    """AlexNet: 61,100,840 parameters.

    Args:
        weights: None, `AlexNet_Weights` or the path of a state_dict; `published` loads them.
        progress: say what is downloaded.
        **kwargs: arguments of `AlexNet`.
    """
    return AlexNet(**kwargs)
