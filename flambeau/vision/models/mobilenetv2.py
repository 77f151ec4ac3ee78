"""MobileNetV2: narrow layers with shortcuts, wide depthwise convolutions between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau import nn
from flambeau.tensor import Tensor
from flambeau.vision.models.weights import WeightsEnum, published
from flambeau.vision.ops.misc import Conv2dNormActivation

Layer = Callable[..., nn.Module]


class MobileNet_V2_Weights(WeightsEnum):
    """Weights published for `mobilenet_v2`."""

    IMAGENET1K_V1 = "mobilenet_v2-b0353104.pth"
    IMAGENET1K_V2 = "mobilenet_v2-7ebf99e0.pth"
    DEFAULT = IMAGENET1K_V2


# Factor of widening, channels, repetitions, stride of the first.
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
          (6, 160, 3, 2), (6, 320, 1, 1))


def make_divisible(width: float, divisor: int) -> int:
    """Returns the multiple of a number that is nearest to a width, less than a tenth below it."""
    rounded = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * width else rounded


def initialize(model: nn.Module) -> None:
    """Draws the first weights of a mobile network."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.01)
            nn.init.zeros_(module.bias)


class InvertedResidual(nn.Module):
    """Widen by a 1×1, convolve each channel by a 3×3, narrow by a 1×1; with a shortcut if it fits.

    Args:
        inp, oup: channels of input and output.
        stride: 1 or 2.
        expand_ratio: how much wider it is inside.
        norm_layer: makes the normalization; `nn.BatchNorm2d` by default.

    Raises:
        ValueError: for another stride.

    Source: Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks".
    """

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: float,
                 norm_layer: Layer | None = None) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        normalize = nn.BatchNorm2d if norm_layer is None else norm_layer
        options: dict[str, Any] = {"norm_layer": normalize, "activation_layer": nn.ReLU6}
        wide = int(round(inp * expand_ratio))
        layers: list[nn.Module] = []
        if expand_ratio != 1:
            layers.append(Conv2dNormActivation(inp, wide, kernel_size=1, **options))
        layers += [Conv2dNormActivation(wide, wide, stride=stride, groups=wide, **options),
                   nn.Conv2d(wide, oup, 1, 1, 0, bias=False), normalize(oup)]
        self.stride = stride
        self.use_res_connect = stride == 1 and inp == oup
        self.conv = nn.Sequential(*layers)
        self.out_channels = oup

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, inp, H, W) to (N, oup, H/stride, W/stride)."""
        out: Tensor = self.conv(x)
        return x + out if self.use_res_connect else out


class MobileNetV2(nn.Module):
    """A stem, 17 inverted residuals, a 1×1 convolution, average pooling, a linear layer.

    Args:
        num_classes: outputs. Default: 1000.
        width_mult: factor of all widths. Default: 1.
        inverted_residual_setting: rows of (factor, channels, repetitions, stride).
        round_nearest: widths are multiples of it. Default: 8.
        block: makes a block. Default: `InvertedResidual`.
        norm_layer: makes the normalization; `nn.BatchNorm2d` by default.
        dropout: probability before the linear layer. Default: 0.2.

    Raises:
        ValueError: for settings of another form.

    Source: Sandler et al. 2018; torchvision, mobilenetv2.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        inverted_residual_setting: Sequence[Sequence[int]] | None = None,
        round_nearest: int = 8,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        normalize = nn.BatchNorm2d if norm_layer is None else norm_layer
        make_block = InvertedResidual if block is None else block
        setting = STAGES if inverted_residual_setting is None else inverted_residual_setting
        if len(setting) == 0 or len(setting[0]) != 4:
            raise ValueError("inverted_residual_setting should be non-empty or a 4-element list, "
                             f"got {inverted_residual_setting}")
        options: dict[str, Any] = {"norm_layer": normalize, "activation_layer": nn.ReLU6}
        channels = make_divisible(32 * width_mult, round_nearest)
        self.last_channel = make_divisible(1280 * max(1.0, width_mult), round_nearest)
        features: list[nn.Module] = [Conv2dNormActivation(3, channels, stride=2, **options)]
        for factor, width, count, stride in setting:
            width = make_divisible(width * width_mult, round_nearest)
            for k in range(count):
                features.append(make_block(channels, width, stride if k == 0 else 1,
                                           expand_ratio=factor, norm_layer=normalize))
                channels = width
        features.append(Conv2dNormActivation(channels, self.last_channel, kernel_size=1, **options))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout),
                                        nn.Linear(self.last_channel, num_classes))
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, H, W) to scores (N, num_classes)."""
        x = nn.functional.adaptive_avg_pool2d(self.features(x), (1, 1))
        scores: Tensor = self.classifier(x.flatten(1))
        return scores


@published(MobileNet_V2_Weights)
def mobilenet_v2(
    *, weights: MobileNet_V2_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> MobileNetV2:
    """MobileNetV2: 3,504,872 parameters.

    Args:
        weights: None, `MobileNet_V2_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `MobileNetV2`.
    """
    return MobileNetV2(**kwargs)
