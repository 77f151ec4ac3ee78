"""GoogLeNet (Inception v1): nine blocks of four branches and two further classifiers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flambeau import nn
from flambeau.functional.joining import cat
from flambeau.nn import functional as F
from flambeau.tensor import Tensor
from flambeau.vision.models.inception import BasicConv2d, centred, warn_of_slow_start
from flambeau.vision.models.weights import WeightsEnum, published

Block = Callable[..., nn.Module]


class GoogLeNet_Weights(WeightsEnum):
    """Weights published for `googlenet`."""

    IMAGENET1K_V1 = "googlenet-1378be20.pth"
    DEFAULT = IMAGENET1K_V1


class GoogLeNetOutputs(NamedTuple):
    """What the network gives while it trains with its further classifiers."""

    logits: Tensor
    aux_logits2: Tensor | None
    aux_logits1: Tensor | None


_GoogLeNetOutputs = GoogLeNetOutputs


class Inception(nn.Module):
    """1×1, 3×3, 3×3 (5×5 in the paper) and pooling, side by side.

    Args:
        in_channels: channels of the input.
        ch1x1, ch3x3, ch5x5, pool_proj: channels of the four results.
        ch3x3red, ch5x5red: channels inside the second and third branch.
        conv_block: makes a convolution with its normalization. Default: `BasicConv2d`.
    """

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
        conv_block: Block | None = None,
    ) -> None:
        super().__init__()
        block = BasicConv2d if conv_block is None else conv_block
        self.branch1 = block(in_channels, ch1x1, kernel_size=1)
        self.branch2 = nn.Sequential(block(in_channels, ch3x3red, kernel_size=1),
                                     block(ch3x3red, ch3x3, kernel_size=3, padding=1))
        # The published weights were trained with 3×3 here.
        self.branch3 = nn.Sequential(block(in_channels, ch5x5red, kernel_size=1),
                                     block(ch5x5red, ch5x5, kernel_size=3, padding=1))
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True),
            block(in_channels, pool_proj, kernel_size=1))

    def forward(self, x: Tensor) -> Tensor:
        """Returns the branches, joined."""
        out: Tensor = cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)
        return out


class InceptionAux(nn.Module):
    """A further classifier inside the network.

    Args:
        in_channels: channels where it sits.
        num_classes: outputs.
        conv_block: Default: `BasicConv2d`.
        dropout: probability. Default: 0.7.
    """

    def __init__(self, in_channels: int, num_classes: int, conv_block: Block | None = None,
                 dropout: float = 0.7) -> None:
        super().__init__()
        block = BasicConv2d if conv_block is None else conv_block
        self.conv = block(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, C, 14, 14) to scores."""
        x = self.conv(F.adaptive_avg_pool2d(x, (4, 4))).flatten(1)
        scores: Tensor = self.fc2(self.dropout(F.relu(self.fc1(x), inplace=True)))
        return scores


# Channels of each block: of the input, then Inception's arguments in order.
SIZES = {
    "3a": (192, 64, 96, 128, 16, 32, 32), "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64), "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64), "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128), "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class GoogLeNet(nn.Module):
    """Three convolutions, nine blocks with poolings, average pooling, a linear layer.

    Args:
        num_classes: outputs. Default: 1000.
        aux_logits: have two further classifiers while training. Default: True.
        transform_input: bring images normalized by ImageNet's statistics to [-1, 1] first.
        init_weights: start from truncated normal numbers. Default: True, with a warning.
        blocks: classes of convolution, block and classifier. Default: those of this file.
        dropout: probability before the last layer. Default: 0.2.
        dropout_aux: probability in the further classifiers. Default: 0.7.

    Raises:
        ValueError: for another number of blocks.

    Source: Szegedy et al. 2014, "Going Deeper with Convolutions"; torchvision, googlenet.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        init_weights: bool | None = None,
        blocks: Sequence[Block] | None = None,
        dropout: float = 0.2,
        dropout_aux: float = 0.7,
    ) -> None:
        super().__init__()
        if init_weights is None:
            warn_of_slow_start("GoogleNet")
            init_weights = True
        blocks = (BasicConv2d, Inception, InceptionAux) if blocks is None else blocks
        if len(blocks) != 3:
            raise ValueError(f"blocks length should be 3 instead of {len(blocks)}")
        conv, inception, classifier = blocks
        self.aux_logits = aux_logits
        self.transform_input = transform_input
        self.conv1 = conv(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = conv(64, 64, kernel_size=1)
        self.conv3 = conv(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = inception(*SIZES["3a"])
        self.inception3b = inception(*SIZES["3b"])
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = inception(*SIZES["4a"])
        self.inception4b = inception(*SIZES["4b"])
        self.inception4c = inception(*SIZES["4c"])
        self.inception4d = inception(*SIZES["4d"])
        self.inception4e = inception(*SIZES["4e"])
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.inception5a = inception(*SIZES["5a"])
        self.inception5b = inception(*SIZES["5b"])
        self.aux1: nn.Module | None = None
        self.aux2: nn.Module | None = None
        if aux_logits:
            self.aux1 = classifier(512, num_classes, dropout=dropout_aux)
            self.aux2 = classifier(528, num_classes, dropout=dropout_aux)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(1024, num_classes)
        if init_weights:
            self._initialize()

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, mean=0.0, std=0.01, a=-2, b=2)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)

    def _further(self, classifier: nn.Module | None, x: Tensor) -> Tensor | None:
        return classifier(x) if classifier is not None and self.training else None

    def forward(self, x: Tensor) -> GoogLeNetOutputs | Tensor:
        """Maps images (N, 3, 224, 224) to scores; to all classifiers' scores while training."""
        x = self.maxpool1(self.conv1(centred(x) if self.transform_input else x))  # N 64 56 56
        x = self.maxpool2(self.conv3(self.conv2(x)))  # N 192 28 28
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        x = self.inception4a(x)  # N 512 14 14
        first = self._further(self.aux1, x)
        x = self.inception4d(self.inception4c(self.inception4b(x)))
        second = self._further(self.aux2, x)
        x = self.maxpool4(self.inception4e(x))  # N 832 7 7
        x = self.inception5b(self.inception5a(x))
        scores: Tensor = self.fc(self.dropout(self.avgpool(x).flatten(1)))
        if self.training and self.aux_logits:
            return GoogLeNetOutputs(scores, second, first)
        return scores


@published(GoogLeNet_Weights, optional=("aux1.", "aux2."), transform_input=True,
           aux_logits=False, init_weights=False)
def googlenet(
    *, weights: GoogLeNet_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> GoogLeNet:
    """GoogLeNet: 6,624,904 parameters without the further classifiers.

    Args:
        weights: None, `GoogLeNet_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `GoogLeNet`.
    """
    return GoogLeNet(**kwargs)
