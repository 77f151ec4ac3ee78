"""MobileNetV3: MobileNetV2's blocks with squeeze-and-excitation and hard swish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flambeau import nn
from flambeau.tensor import Tensor
from flambeau.vision.models.mobilenetv2 import initialize, make_divisible
from flambeau.vision.models.weights import Published, WeightsEnum, published
from flambeau.vision.ops.misc import Conv2dNormActivation, SqueezeExcitation

Layer = Callable[..., nn.Module]

HardSqueezeExcitation = partial(SqueezeExcitation, scale_activation=nn.Hardsigmoid)


class MobileNet_V3_Large_Weights(WeightsEnum):
    """Weights published for `mobilenet_v3_large`."""

    IMAGENET1K_V1 = "mobilenet_v3_large-8738ca79.pth"
    IMAGENET1K_V2 = Published("mobilenet_v3_large-5c1a4163.pth", resize_size=232)
    DEFAULT = IMAGENET1K_V2


class MobileNet_V3_Small_Weights(WeightsEnum):
    """Weights published for `mobilenet_v3_small`."""

    IMAGENET1K_V1 = "mobilenet_v3_small-047dcff4.pth"
    DEFAULT = IMAGENET1K_V1


class InvertedResidualConfig:
    """The numbers of one block.

    Args:
        input_channels, expanded_channels, out_channels: channels before, inside and after.
        kernel: size of the depthwise convolution.
        use_se: has squeeze-and-excitation.
        activation: "HS" for hard swish, "RE" for ReLU.
        stride, dilation: of the depthwise convolution.
        width_mult: factor of all channels.
    """

    def __init__(self, input_channels: int, kernel: int, expanded_channels: int,
                 out_channels: int, use_se: bool, activation: str, stride: int, dilation: int,
                 width_mult: float) -> None:
        self.input_channels = self.adjust_channels(input_channels, width_mult)
        self.kernel = kernel
        self.expanded_channels = self.adjust_channels(expanded_channels, width_mult)
        self.out_channels = self.adjust_channels(out_channels, width_mult)
        self.use_se = use_se
        self.use_hs = activation == "HS"
        self.stride = stride
        self.dilation = dilation

    @staticmethod
    def adjust_channels(channels: int, width_mult: float) -> int:
        """Returns the multiple of 8 nearest to the scaled number of channels."""
        return make_divisible(channels * width_mult, 8)


class InvertedResidual(nn.Module):
    """Widen, convolve each channel, weigh the channels, narrow; with a shortcut if it fits.

    Args:
        cnf: the block's numbers.
        norm_layer: makes the normalization.
        se_layer: makes the weighing of channels.

    Raises:
        ValueError: the stride is neither 1 nor 2.

    Source: Howard et al. 2019, "Searching for MobileNetV3".
    """

    def __init__(
        self,
        cnf: InvertedResidualConfig,
        norm_layer: Layer,
        se_layer: Layer = HardSqueezeExcitation,
    ) -> None:
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        options: dict[str, Any] = {
            "norm_layer": norm_layer,
            "activation_layer": nn.Hardswish if cnf.use_hs else nn.ReLU}
        wide = cnf.expanded_channels
        layers: list[nn.Module] = []
        if wide != cnf.input_channels:
            layers.append(Conv2dNormActivation(cnf.input_channels, wide, kernel_size=1, **options))
        layers.append(Conv2dNormActivation(
            wide, wide, kernel_size=cnf.kernel, stride=1 if cnf.dilation > 1 else cnf.stride,
            dilation=cnf.dilation, groups=wide, **options))
        if cnf.use_se:
            layers.append(se_layer(wide, make_divisible(wide // 4, 8)))
        layers.append(Conv2dNormActivation(wide, cnf.out_channels, kernel_size=1,
                                           norm_layer=norm_layer, activation_layer=None))
        self.block = nn.Sequential(*layers)
        self.out_channels = cnf.out_channels
        self._is_cn = cnf.stride > 1

    def forward(self, input: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, out_channels, H/stride, W/stride)."""
        out: Tensor = self.block(input)
        return out + input if self.use_res_connect else out


class MobileNetV3(nn.Module):
    """A stem, inverted residuals, a 1×1 convolution, average pooling, two linear layers.

    Args:
        inverted_residual_setting: the blocks' numbers.
        last_channel: features between the two linear layers.
        num_classes: outputs. Default: 1000.
        block: makes a block. Default: `InvertedResidual`.
        norm_layer: makes the normalization. Default: batch normalization.
        dropout: probability before the last layer. Default: 0.2.

    Raises:
        ValueError, TypeError: the setting is empty, or no list of `InvertedResidualConfig`.

    Source: Howard et al. 2019; torchvision, mobilenetv3.
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[InvertedResidualConfig],
        last_channel: int,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        setting = inverted_residual_setting
        if not setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not (isinstance(setting, Sequence)
                and all(isinstance(row, InvertedResidualConfig) for row in setting)):
            raise TypeError("The inverted_residual_setting should be List[InvertedResidualConfig]")
        make = InvertedResidual if block is None else block
        normalize = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        options: dict[str, Any] = {"norm_layer": normalize, "activation_layer": nn.Hardswish}
        channels = setting[-1].out_channels
        self.features = nn.Sequential(
            Conv2dNormActivation(3, setting[0].input_channels, stride=2, **options),
            *(make(row, normalize) for row in setting),
            Conv2dNormActivation(channels, 6 * channels, kernel_size=1, **options))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(6 * channels, last_channel), nn.Hardswish(inplace=True),
            nn.Dropout(p=dropout, inplace=True), nn.Linear(last_channel, num_classes))
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return scores


# Rows of (input, kernel, inside, output, squeeze-and-excitation, activation, stride); the last
# three rows are the tail, which can be narrowed and dilated.
LARGE = (
    (16, 3, 16, 16, False, "RE", 1), (16, 3, 64, 24, False, "RE", 2),
    (24, 3, 72, 24, False, "RE", 1), (24, 5, 72, 40, True, "RE", 2),
    (40, 5, 120, 40, True, "RE", 1), (40, 5, 120, 40, True, "RE", 1),
    (40, 3, 240, 80, False, "HS", 2), (80, 3, 200, 80, False, "HS", 1),
    (80, 3, 184, 80, False, "HS", 1), (80, 3, 184, 80, False, "HS", 1),
    (80, 3, 480, 112, True, "HS", 1), (112, 3, 672, 112, True, "HS", 1),
    (112, 5, 672, 160, True, "HS", 2), (160, 5, 960, 160, True, "HS", 1),
    (160, 5, 960, 160, True, "HS", 1),
)
SMALL = (
    (16, 3, 16, 16, True, "RE", 2), (16, 3, 72, 24, False, "RE", 2),
    (24, 3, 88, 24, False, "RE", 1), (24, 5, 96, 40, True, "HS", 2),
    (40, 5, 240, 40, True, "HS", 1), (40, 5, 240, 40, True, "HS", 1),
    (40, 5, 120, 48, True, "HS", 1), (48, 5, 144, 48, True, "HS", 1),
    (48, 5, 288, 96, True, "HS", 2), (96, 5, 576, 96, True, "HS", 1),
    (96, 5, 576, 96, True, "HS", 1),
)


def _build(
    rows: Sequence[tuple[int, int, int, int, bool, str, int]],
    last_channel: int,
    width_mult: float = 1.0,
    reduced_tail: bool = False,
    dilated: bool = False,
    **kwargs: Any,
) -> MobileNetV3:
    """Makes the network; `reduced_tail` and `dilated` serve networks for segmentation."""
    divider, dilation = 2 if reduced_tail else 1, 2 if dilated else 1
    setting = []
    for number, (before, kernel, wide, after, excited, active, stride) in enumerate(rows, 3):
        tail = number - len(rows)  # 0, 1, 2 in the last three rows
        if tail >= 0:
            after //= divider
        if tail > 0:
            before, wide = before // divider, wide // divider
        setting.append(InvertedResidualConfig(before, kernel, wide, after, excited, active, stride,
                                              dilation if tail >= 0 else 1, width_mult))
    last = InvertedResidualConfig.adjust_channels(last_channel // divider, width_mult)
    return MobileNetV3(setting, last, **kwargs)


@published(MobileNet_V3_Large_Weights)
def mobilenet_v3_large(
    *, weights: MobileNet_V3_Large_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> MobileNetV3:
    """The large MobileNetV3: 5,483,032 parameters.

    Args:
        weights: None, `MobileNet_V3_Large_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `MobileNetV3`; `width_mult`, `reduced_tail`, `dilated`.
    """
    return _build(LARGE, 1280, **kwargs)


@published(MobileNet_V3_Small_Weights)
def mobilenet_v3_small(
    *, weights: MobileNet_V3_Small_Weights | str | None = None, progress: bool = True,
    **kwargs: Any
) -> MobileNetV3:
    """The small MobileNetV3: 2,542,856 parameters; arguments as for `mobilenet_v3_large`."""
    return _build(SMALL, 1024, **kwargs)
