"""Blocks that many vision models are built of."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from flambeau import nn
from flambeau.tensor import Tensor
from flambeau.tensor.creation import ones, zeros

Layer = Callable[..., nn.Module]


class FrozenBatchNorm2d(nn.Module):
    """Batch normalization whose statistics, weight and bias are buffers and never change.

    Args:
        num_features: channels.
        eps: added to the variance. Default: 1e-5.

    Example:
        >>> import flambeau as torch
        >>> FrozenBatchNorm2d(3)
        FrozenBatchNorm2d(3, eps=1e-05)

    Source: torchvision, ``torchvision.ops.FrozenBatchNorm2d``.
    """

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", ones(num_features))
        self.register_buffer("bias", zeros(num_features))
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        state_dict.pop(prefix + "num_batches_tracked", None)  # of an ordinary one
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, C, H, W) to the same shape."""
        shape = (1, -1, 1, 1)
        scale = self.weight.reshape(shape) * (self.running_var.reshape(shape) + self.eps).rsqrt()
        bias = self.bias.reshape(shape) - self.running_mean.reshape(shape) * scale
        out: Tensor = x * scale + bias
        return out

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.weight.shape[0]}, eps={self.eps})"


class ConvNormActivation(nn.Sequential):
    """A convolution, a normalization and an activation; use the classes for 2 and 3 dimensions.

    Args:
        in_channels, out_channels: channels.
        kernel_size, stride, dilation, groups: of the convolution. Default: 3, 1, 1, 1.
        padding: Default: what keeps the size at stride 1.
        norm_layer: makes the normalization for a number of channels, or None.
        activation_layer: makes the activation, or None. Default: `nn.ReLU`.
        inplace: argument of the activation, or None for none. Default: True.
        bias: of the convolution. Default: only without a normalization.
        conv_layer: the convolution's class.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...] = 3,
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | str | None = None,
        groups: int = 1,
        norm_layer: Layer | None = nn.BatchNorm2d,
        activation_layer: Layer | None = nn.ReLU,
        dilation: int | tuple[int, ...] = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
        conv_layer: Layer = nn.Conv2d,
    ) -> None:
        if padding is None:
            padding = _same_padding(kernel_size, dilation)
        bias = norm_layer is None if bias is None else bias
        layers = [conv_layer(in_channels, out_channels, kernel_size, stride, padding,
                             dilation=dilation, groups=groups, bias=bias)]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer(**({} if inplace is None else {"inplace": inplace})))
        super().__init__(*layers)
        self.out_channels = out_channels
        if type(self) is ConvNormActivation:
            warnings.warn("Don't use ConvNormActivation directly, please use Conv2dNormActivation "
                          "and Conv3dNormActivation instead.", stacklevel=2)


def _same_padding(kernel: int | tuple[int, ...], dilation: int | tuple[int, ...]) -> Any:
    if isinstance(kernel, int) and isinstance(dilation, int):
        return (kernel - 1) // 2 * dilation
    count = len(kernel) if isinstance(kernel, Sequence) else len(dilation)  # type: ignore[arg-type]
    sizes = kernel if isinstance(kernel, Sequence) else (kernel,) * count
    steps = dilation if isinstance(dilation, Sequence) else (dilation,) * count
    return tuple((k - 1) // 2 * d for k, d in zip(sizes, steps, strict=True))


class Conv2dNormActivation(ConvNormActivation):
    """A 2-d convolution, a normalization and an activation; see `ConvNormActivation`.

    Example:
        >>> [type(layer).__name__ for layer in Conv2dNormActivation(3, 8)]
        ['Conv2d', 'BatchNorm2d', 'ReLU']

    Source: torchvision, ``torchvision.ops.Conv2dNormActivation``.
    """


class Conv3dNormActivation(ConvNormActivation):
    """A 3-d convolution, a normalization and an activation; see `ConvNormActivation`.

    Source: torchvision, ``torchvision.ops.Conv3dNormActivation``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...] = 3,
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | str | None = None,
        groups: int = 1,
        norm_layer: Layer | None = nn.BatchNorm3d,
        activation_layer: Layer | None = nn.ReLU,
        dilation: int | tuple[int, ...] = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, groups,
                         norm_layer, activation_layer, dilation, inplace, bias, nn.Conv3d)


class SqueezeExcitation(nn.Module):
    """Scales channels by a small network of their means.

    Args:
        input_channels: channels.
        squeeze_channels: channels inside.
        activation: made between the two layers. Default: `nn.ReLU`.
        scale_activation: made behind them. Default: `nn.Sigmoid`.

    Source: Hu et al. 2017, "Squeeze-and-Excitation Networks"; torchvision,
    ``torchvision.ops.SqueezeExcitation``.
    """

    def __init__(self, input_channels: int, squeeze_channels: int, activation: Layer = nn.ReLU,
                 scale_activation: Layer = nn.Sigmoid) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, input: Tensor) -> Tensor:
        """Maps (N, C, H, W) to the same shape."""
        scale = self.fc2(self.activation(self.fc1(self.avgpool(input))))
        out: Tensor = self.scale_activation(scale) * input
        return out


class MLP(nn.Sequential):
    """Linear layers with normalization, activation and dropout between them.

    Args:
        in_channels: features of the input.
        hidden_channels: features of each layer's output.
        norm_layer: makes the normalization, or None. Default: None.
        activation_layer: makes the activation. Default: `nn.ReLU`.
        inplace: argument of activation and dropout, or None for none. Default: None.
        bias: of the layers. Default: True.
        dropout: probability. Default: 0.

    Source: torchvision, ``torchvision.ops.MLP``.
    """

    def __init__(self, in_channels: int, hidden_channels: list[int],
                 norm_layer: Layer | None = None, activation_layer: Layer | None = nn.ReLU,
                 inplace: bool | None = None, bias: bool = True, dropout: float = 0.0) -> None:
        options = {} if inplace is None else {"inplace": inplace}
        layers: list[nn.Module] = []
        for width in hidden_channels[:-1]:
            layers.append(nn.Linear(in_channels, width, bias=bias))
            if norm_layer is not None:
                layers.append(norm_layer(width))
            if activation_layer is not None:
                layers.append(activation_layer(**options))
            layers.append(nn.Dropout(dropout, **options))
            in_channels = width
        layers.append(nn.Linear(in_channels, hidden_channels[-1], bias=bias))
        layers.append(nn.Dropout(dropout, **options))
        super().__init__(*layers)


class Permute(nn.Module):
    """Exchanges dimensions.

    Args:
        dims: their new order.
    """

    def __init__(self, dims: list[int]) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        """Returns the permuted view."""
        return x.permute(self.dims)
