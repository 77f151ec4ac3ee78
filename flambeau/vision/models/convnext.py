"""ConvNeXt: a convolutional network in the manner of vision transformers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flambeau import nn
from flambeau.nn import functional as F
from flambeau.tensor import Tensor
from flambeau.tensor.creation import full
from flambeau.vision.models.weights import Published, WeightsEnum, published
from flambeau.vision.ops.misc import Conv2dNormActivation, Permute
from flambeau.vision.ops.stochastic_depth import StochasticDepth

Layer = Callable[..., nn.Module]


class ConvNeXt_Tiny_Weights(WeightsEnum):
    """Weights published for `convnext_tiny`."""

    IMAGENET1K_V1 = Published("convnext_tiny-983f1562.pth", resize_size=236)
    DEFAULT = IMAGENET1K_V1


class ConvNeXt_Small_Weights(WeightsEnum):
    """Weights published for `convnext_small`."""

    IMAGENET1K_V1 = Published("convnext_small-0c510722.pth", resize_size=230)
    DEFAULT = IMAGENET1K_V1


class ConvNeXt_Base_Weights(WeightsEnum):
    """Weights published for `convnext_base`."""

    IMAGENET1K_V1 = Published("convnext_base-6075fbad.pth", resize_size=232)
    DEFAULT = IMAGENET1K_V1


class ConvNeXt_Large_Weights(WeightsEnum):
    """Weights published for `convnext_large`."""

    IMAGENET1K_V1 = Published("convnext_large-ea097f82.pth", resize_size=232)
    DEFAULT = IMAGENET1K_V1


class LayerNorm2d(nn.LayerNorm):
    """Layer normalization over the channels of images (N, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """Maps to the same shape."""
        x = F.layer_norm(input.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias,
                         self.eps)
        return x.permute(0, 3, 1, 2)


class CNBlock(nn.Module):
    """A 7×7 depthwise convolution and two linear layers over the channels, beside a shortcut.

    Args:
        dim: channels.
        layer_scale: first value of the branch's learnt factors.
        stochastic_depth_prob: probability that a sample's branch is left out.
        norm_layer: makes the normalization. Default: `nn.LayerNorm`.

    Source: Liu et al. 2022, "A ConvNet for the 2020s".
    """

    def __init__(self, dim: int, layer_scale: float, stochastic_depth_prob: float,
                 norm_layer: Layer | None = None) -> None:
        super().__init__()
        normalize = partial(nn.LayerNorm, eps=1e-6) if norm_layer is None else norm_layer
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim, bias=True),
            Permute([0, 2, 3, 1]),
            normalize(dim),
            nn.Linear(in_features=dim, out_features=4 * dim, bias=True),
            nn.GELU(),
            nn.Linear(in_features=4 * dim, out_features=dim, bias=True),
            Permute([0, 3, 1, 2]),
        )
        self.layer_scale = nn.Parameter(full((dim, 1, 1), float(layer_scale)))
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")

    def forward(self, input: Tensor) -> Tensor:
        """Maps (N, dim, H, W) to the same shape."""
        out: Tensor = self.stochastic_depth(self.layer_scale * self.block(input)) + input
        return out


class CNBlockConfig:
    """The numbers of one stage.

    Args:
        input_channels: channels of its blocks.
        out_channels: channels behind it, at half the size; None for the last stage.
        num_layers: its blocks.
    """

    def __init__(self, input_channels: int, out_channels: int | None, num_layers: int) -> None:
        self.input_channels = input_channels
        self.out_channels = out_channels
        self.num_layers = num_layers

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(input_channels={self.input_channels}, "
                f"out_channels={self.out_channels}, num_layers={self.num_layers})")


class ConvNeXt(nn.Module):
    """Patches of 4×4, stages of blocks, average pooling, a normalization, a linear layer.

    Args:
        block_setting: the stages' numbers.
        stochastic_depth_prob: probability that the last block is left out. Default: 0.
        layer_scale: first value of the branches' factors. Default: 1e-6.
        num_classes: outputs. Default: 1000.
        block: makes a block. Default: `CNBlock`.
        norm_layer: makes the normalization. Default: `LayerNorm2d`.

    Raises:
        ValueError, TypeError: the setting is empty, or no list of `CNBlockConfig`.

    Source: Liu et al. 2022; torchvision, convnext.
    """

    def __init__(
        self,
        block_setting: Sequence[CNBlockConfig],
        stochastic_depth_prob: float = 0.0,
        layer_scale: float = 1e-6,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if not block_setting:
            raise ValueError("The block_setting should not be empty")
        if not (isinstance(block_setting, Sequence)
                and all(isinstance(row, CNBlockConfig) for row in block_setting)):
            raise TypeError("The block_setting should be List[CNBlockConfig]")
        make = CNBlock if block is None else block
        normalize = partial(LayerNorm2d, eps=1e-6) if norm_layer is None else norm_layer
        layers: list[nn.Module] = [Conv2dNormActivation(
            3, block_setting[0].input_channels, kernel_size=4, stride=4, padding=0,
            norm_layer=normalize, activation_layer=None, bias=True)]
        total, number = sum(row.num_layers for row in block_setting), 0
        for row in block_setting:
            rates = [stochastic_depth_prob * k / (total - 1.0)
                     for k in range(number, number + row.num_layers)]
            number += row.num_layers
            layers.append(nn.Sequential(*(make(row.input_channels, layer_scale, rate)
                                          for rate in rates)))
            if row.out_channels is not None:
                layers.append(nn.Sequential(
                    normalize(row.input_channels),
                    nn.Conv2d(row.input_channels, row.out_channels, kernel_size=2, stride=2)))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        last = block_setting[-1].out_channels or block_setting[-1].input_channels
        self.classifier = nn.Sequential(normalize(last), nn.Flatten(1),
                                        nn.Linear(last, num_classes))
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.classifier(self.avgpool(self.features(x)))
        return scores


def _build(widths: tuple[int, ...], depths: tuple[int, ...], probability: float,
           **kwargs: Any) -> ConvNeXt:
    nexts = (*widths[1:], None)
    setting = [CNBlockConfig(*row) for row in zip(widths, nexts, depths, strict=True)]
    return ConvNeXt(setting, kwargs.pop("stochastic_depth_prob", probability), **kwargs)


@published(ConvNeXt_Tiny_Weights)
def convnext_tiny(
    *, weights: ConvNeXt_Tiny_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> ConvNeXt:
    """The tiny ConvNeXt: 28,589,128 parameters.

    Args:
        weights: None, `ConvNeXt_Tiny_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `ConvNeXt`.
    """
    return _build((96, 192, 384, 768), (3, 3, 9, 3), 0.1, **kwargs)


@published(ConvNeXt_Small_Weights)
def convnext_small(
    *, weights: ConvNeXt_Small_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> ConvNeXt:
    """The small ConvNeXt: 50,223,688 parameters; arguments as for `convnext_tiny`."""
    return _build((96, 192, 384, 768), (3, 3, 27, 3), 0.4, **kwargs)


@published(ConvNeXt_Base_Weights)
def convnext_base(
    *, weights: ConvNeXt_Base_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> ConvNeXt:
    """ConvNeXt: 88,591,464 parameters; arguments as for `convnext_tiny`."""
    return _build((128, 256, 512, 1024), (3, 3, 27, 3), 0.5, **kwargs)


@published(ConvNeXt_Large_Weights)
def convnext_large(
    *, weights: ConvNeXt_Large_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> ConvNeXt:
    """The large ConvNeXt: 197,767,336 parameters; arguments as for `convnext_tiny`."""
    return _build((192, 384, 768, 1536), (3, 3, 27, 3), 0.5, **kwargs)
