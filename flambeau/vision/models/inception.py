"""Inception v3: convolutions of several shapes side by side, large ones split in two."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flambeau import nn
from flambeau.functional.joining import cat
from flambeau.nn import functional as F
from flambeau.tensor import Tensor
from flambeau.vision.models.weights import Published, WeightsEnum, published

Block = Callable[..., nn.Module]


class Inception_V3_Weights(WeightsEnum):
    """Weights published for `inception_v3`."""

    IMAGENET1K_V1 = Published("inception_v3_google-0cc3c7bd.pth", crop_size=299, resize_size=342)
    DEFAULT = IMAGENET1K_V1


class InceptionOutputs(NamedTuple):
    """What the network gives while it trains with its second classifier."""

    logits: Tensor
    aux_logits: Tensor | None


_InceptionOutputs = InceptionOutputs

# The statistics of ImageNet, by which images are normalized.
MEANS = (0.485, 0.456, 0.406)
DEVIATIONS = (0.229, 0.224, 0.225)


def centred(x: Tensor) -> Tensor:
    """Brings images normalized by ImageNet's statistics to the range from -1 to 1."""
    channels = [x[:, k : k + 1] * (DEVIATIONS[k] / 0.5) + (MEANS[k] - 0.5) / 0.5
                for k in range(3)]
    out: Tensor = cat(channels, 1)
    return out


def warn_of_slow_start(name: str) -> None:
    """Says, as torchvision does, that the first weights will change unless they are asked for."""
    warnings.warn(
        f"The default weight initialization of {name} will be changed in future releases of "
        "torchvision. If you wish to keep the old behavior (which leads to long initialization "
        "times due to scipy/scipy#11299), please set init_weights=True.",
        FutureWarning, stacklevel=3)


class BasicConv2d(nn.Module):
    """A convolution without bias, batch normalization, ReLU.

    Args:
        in_channels, out_channels: channels.
        **kwargs: arguments of `nn.Conv2d`.
    """

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, C, H, W) to the convolution's shape."""
        out: Tensor = F.relu(self.bn(self.conv(x)), inplace=True)
        return out


def _averaged(x: Tensor) -> Tensor:
    out: Tensor = F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)
    return out


class InceptionA(nn.Module):
    """1×1, 5×5, two 3×3 and pooling, side by side: 224 + pool_features channels."""

    def __init__(self, in_channels: int, pool_features: int,
                 conv_block: Block | None = None) -> None:
        super().__init__()
        block = BasicConv2d if conv_block is None else conv_block
        self.branch1x1 = block(in_channels, 64, kernel_size=1)
        self.branch5x5_1 = block(in_channels, 48, kernel_size=1)
        self.branch5x5_2 = block(48, 64, kernel_size=5, padding=2)
        self.branch3x3dbl_1 = block(in_channels, 64, kernel_size=1)
        self.branch3x3dbl_2 = block(64, 96, kernel_size=3, padding=1)
        self.branch3x3dbl_3 = block(96, 96, kernel_size=3, padding=1)
        self.branch_pool = block(in_channels, pool_features, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the branches, joined."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        out: Tensor = cat([self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)), double,
                           self.branch_pool(_averaged(x))], 1)
        return out


class InceptionB(nn.Module):
    """Halves the size: a 3×3 of stride 2, two 3×3, and max pooling."""

    def __init__(self, in_channels: int, conv_block: Block | None = None) -> None:
        super().__init__()
        block = BasicConv2d if conv_block is None else conv_block
        self.branch3x3 = block(in_channels, 384, kernel_size=3, stride=2)
        self.branch3x3dbl_1 = block(in_channels, 64, kernel_size=1)
        self.branch3x3dbl_2 = block(64, 96, kernel_size=3, padding=1)
        self.branch3x3dbl_3 = block(96, 96, kernel_size=3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the branches, joined."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        out: Tensor = cat([self.branch3x3(x), double, F.max_pool2d(x, kernel_size=3, stride=2)], 1)
        return out


class InceptionC(nn.Module):
    """1×1, a 7×7 and two 7×7 as rows and columns, and pooling: 768 channels."""

    def __init__(self, in_channels: int, channels_7x7: int,
                 conv_block: Block | None = None) -> None:
        super().__init__()
        block = BasicConv2d if conv_block is None else conv_block
        inner = channels_7x7
        row: dict[str, Any] = {"kernel_size": (1, 7), "padding": (0, 3)}
        column: dict[str, Any] = {"kernel_size": (7, 1), "padding": (3, 0)}
        self.branch1x1 = block(in_channels, 192, kernel_size=1)
        self.branch7x7_1 = block(in_channels, inner, kernel_size=1)
        self.branch7x7_2 = block(inner, inner, **row)
        self.branch7x7_3 = block(inner, 192, **column)
        self.branch7x7dbl_1 = block(in_channels, inner, kernel_size=1)
        self.branch7x7dbl_2 = block(inner, inner, **column)
        self.branch7x7dbl_3 = block(inner, inner, **row)
        self.branch7x7dbl_4 = block(inner, inner, **column)
        self.branch7x7dbl_5 = block(inner, 192, **row)
        self.branch_pool = block(in_channels, 192, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the branches, joined."""
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        out: Tensor = cat([self.branch1x1(x), single, double, self.branch_pool(_averaged(x))], 1)
        return out


class InceptionD(nn.Module):
    """Halves the size: a 3×3, a 7×7 with a 3×3, and max pooling."""

    def __init__(self, in_channels: int, conv_block: Block | None = None) -> None:
        super().__init__()
        block = BasicConv2d if conv_block is None else conv_block
        self.branch3x3_1 = block(in_channels, 192, kernel_size=1)
        self.branch3x3_2 = block(192, 320, kernel_size=3, stride=2)
        self.branch7x7x3_1 = block(in_channels, 192, kernel_size=1)
        self.branch7x7x3_2 = block(192, 192, kernel_size=(1, 7), padding=(0, 3))
        self.branch7x7x3_3 = block(192, 192, kernel_size=(7, 1), padding=(3, 0))
        self.branch7x7x3_4 = block(192, 192, kernel_size=3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the branches, joined."""
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        out: Tensor = cat([self.branch3x3_2(self.branch3x3_1(x)), self.branch7x7x3_4(seven),
                           F.max_pool2d(x, kernel_size=3, stride=2)], 1)
        return out


class InceptionE(nn.Module):
    """1×1, and 3×3 as a row beside a column, once and twice, and pooling: 2048 channels."""

    def __init__(self, in_channels: int, conv_block: Block | None = None) -> None:
        super().__init__()
        block = BasicConv2d if conv_block is None else conv_block
        row: dict[str, Any] = {"kernel_size": (1, 3), "padding": (0, 1)}
        column: dict[str, Any] = {"kernel_size": (3, 1), "padding": (1, 0)}
        self.branch1x1 = block(in_channels, 320, kernel_size=1)
        self.branch3x3_1 = block(in_channels, 384, kernel_size=1)
        self.branch3x3_2a = block(384, 384, **row)
        self.branch3x3_2b = block(384, 384, **column)
        self.branch3x3dbl_1 = block(in_channels, 448, kernel_size=1)
        self.branch3x3dbl_2 = block(448, 384, kernel_size=3, padding=1)
        self.branch3x3dbl_3a = block(384, 384, **row)
        self.branch3x3dbl_3b = block(384, 384, **column)
        self.branch_pool = block(in_channels, 192, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the branches, joined."""
        single = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        out: Tensor = cat([self.branch1x1(x), self.branch3x3_2a(single), self.branch3x3_2b(single),
                           self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double),
                           self.branch_pool(_averaged(x))], 1)
        return out


class InceptionAux(nn.Module):
    """The second classifier, in the middle of the network, which helps it to learn."""

    def __init__(self, in_channels: int, num_classes: int,
                 conv_block: Block | None = None) -> None:
        super().__init__()
        block = BasicConv2d if conv_block is None else conv_block
        self.conv0 = block(in_channels, 128, kernel_size=1)
        self.conv1 = block(128, 768, kernel_size=5)
        self.conv1.stddev = 0.01
        self.fc = nn.Linear(768, num_classes)
        self.fc.stddev = 0.001

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, 768, 17, 17) to scores."""
        x = self.conv1(self.conv0(F.avg_pool2d(x, kernel_size=5, stride=3)))
        scores: Tensor = self.fc(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))
        return scores


BLOCKS = (BasicConv2d, InceptionA, InceptionB, InceptionC, InceptionD, InceptionE, InceptionAux)


class Inception3(nn.Module):
    """Five convolutions, eleven blocks of branches, average pooling, a linear layer.

    Args:
        num_classes: outputs. Default: 1000.
        aux_logits: have a second classifier while training. Default: True.
        transform_input: bring images normalized by ImageNet's statistics to [-1, 1] first.
        inception_blocks: the seven classes of the blocks. Default: those of this file.
        init_weights: start from truncated normal numbers. Default: True, with a warning.
        dropout: probability before the last layer. Default: 0.5.

    Raises:
        ValueError: for another number of blocks.

    Source: Szegedy et al. 2015, "Rethinking the Inception Architecture for Computer Vision";
    torchvision, inception.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        inception_blocks: Sequence[Block] | None = None,
        init_weights: bool | None = None,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if init_weights is None:
            warn_of_slow_start("inception_v3")
            init_weights = True
        blocks = BLOCKS if inception_blocks is None else inception_blocks
        if len(blocks) != 7:
            raise ValueError(f"length of inception_blocks should be 7 instead of {len(blocks)}")
        conv, block_a, block_b, block_c, block_d, block_e, block_aux = blocks
        self.aux_logits = aux_logits
        self.transform_input = transform_input
        self.Conv2d_1a_3x3 = conv(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = conv(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = conv(32, 64, kernel_size=3, padding=1)
        self.maxpool1 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Conv2d_3b_1x1 = conv(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = conv(80, 192, kernel_size=3)
        self.maxpool2 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Mixed_5b = block_a(192, pool_features=32)
        self.Mixed_5c = block_a(256, pool_features=64)
        self.Mixed_5d = block_a(288, pool_features=64)
        self.Mixed_6a = block_b(288)
        self.Mixed_6b = block_c(768, channels_7x7=128)
        self.Mixed_6c = block_c(768, channels_7x7=160)
        self.Mixed_6d = block_c(768, channels_7x7=160)
        self.Mixed_6e = block_c(768, channels_7x7=192)
        self.AuxLogits: nn.Module | None = block_aux(768, num_classes) if aux_logits else None
        self.Mixed_7a = block_d(768)
        self.Mixed_7b = block_e(1280)
        self.Mixed_7c = block_e(2048)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(2048, num_classes)
        if init_weights:
            self._initialize()

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                deviation = float(getattr(module, "stddev", 0.1))
                nn.init.trunc_normal_(module.weight, mean=0.0, std=deviation, a=-2, b=2)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)

    def _middle(self, x: Tensor) -> Tensor:
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))  # N 64 147 147
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.maxpool1(x)))  # N 192 71 71
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(self.maxpool2(x))))  # N 288 35 35
        x = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))  # N 768 17 17
        out: Tensor = self.Mixed_6e(self.Mixed_6d(x))
        return out

    def forward(self, x: Tensor) -> InceptionOutputs | Tensor:
        """Maps images (N, 3, 299, 299) to scores; to both classifiers' scores while training."""
        x = self._middle(centred(x) if self.transform_input else x)
        second = self.AuxLogits(x) if self.AuxLogits is not None and self.training else None
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))  # N 2048 8 8
        scores: Tensor = self.fc(self.dropout(self.avgpool(x)).flatten(1))
        if self.training and self.aux_logits:
            return InceptionOutputs(scores, second)
        return scores


@published(Inception_V3_Weights, optional=("AuxLogits.",), transform_input=True,
           aux_logits=True, init_weights=False)
def inception_v3(
    *, weights: Inception_V3_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> Inception3:
    """Inception v3 for images of 299 × 299: 27,161,264 parameters.

    Args:
        weights: None, `Inception_V3_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `Inception3`.
    """
    return Inception3(**kwargs)
