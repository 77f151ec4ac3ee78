"""Convolutional layers."""

from __future__ import annotations

from typing import Any

from flambeau.nn.modules._conv_base import (
    PaddingMode,
    _ConvNd,
    _ConvTransposeMixin,
    _ConvTransposeNd,
)
from flambeau.nn.modules._lazy_conv import _LazyConvXdMixin
from flambeau.nn.modules.utils import _pair, _single, _triple

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "_ConvNd",
    "_ConvTransposeMixin",
    "_ConvTransposeNd",
]


class Conv1d(_ConvNd):
    """1-D convolution over (N, C, L) or (C, L).

    Args:
        in_channels: C.
        out_channels: number of filters O.
        kernel_size: length of a filter.
        stride: step of the windows. Default: 1.
        padding: added to both sides, or "same" or "valid". Default: 0.
        dilation: distance between the taps of a filter. Default: 1.
        groups: number of separate groups of channels. Default: 1.
        bias: learn an additive bias. Default: True.
        padding_mode: "zeros", "reflect", "replicate" or "circular". Default: "zeros".
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Conv1d(16, 33, 3, stride=2)(torch.zeros(20, 16, 50)).shape
        torch.Size([20, 33, 24])

    Source: torch.nn.Conv1d
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            _single(kernel_size),
            _single(stride),
            padding if isinstance(padding, str) else _single(padding),
            _single(dilation),
            False,
            _single(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Any) -> Any:
        return self._conv_forward(input, self.weight, self.bias)


class Conv2d(_ConvNd):
    """2-D convolution over (N, C, H, W) or (C, H, W).

    y[n, o] = bias[o] + Σ_c weight[o, c] ⋆ input[n, c]   (⋆: cross-correlation)

    Args:
        in_channels: C.
        out_channels: number of filters O.
        kernel_size: size of a filter, one number or (KH, KW).
        stride: step of the windows. Default: 1.
        padding: added to all sides, or "same" or "valid". Default: 0.
        dilation: distance between the taps of a filter. Default: 1.
        groups: number of separate groups of channels. Default: 1.
        bias: learn an additive bias. Default: True.
        padding_mode: "zeros", "reflect", "replicate" or "circular". Default: "zeros".
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Shape:
        (N, O, OH, OW) with OH = ⌊(H + 2·padding − dilation·(KH − 1) − 1) / stride⌋ + 1.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2))
        Conv2d(16, 33, kernel_size=(3, 5), stride=(2, 1), padding=(4, 2))

    Source: torch.nn.Conv2d
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            _pair(kernel_size),
            _pair(stride),
            padding if isinstance(padding, str) else _pair(padding),
            _pair(dilation),
            False,
            _pair(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Any) -> Any:
        return self._conv_forward(input, self.weight, self.bias)


class Conv3d(_ConvNd):
    """3-D convolution over (N, C, D, H, W) or (C, D, H, W).

    Args:
        in_channels: C.
        out_channels: number of filters O.
        kernel_size: size of a filter, one number or (KD, KH, KW).
        stride: step of the windows. Default: 1.
        padding: added to all sides, or "same" or "valid". Default: 0.
        dilation: distance between the taps of a filter. Default: 1.
        groups: number of separate groups of channels. Default: 1.
        bias: learn an additive bias. Default: True.
        padding_mode: "zeros", "replicate" or "circular" (or "reflect"). Default: "zeros".
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Conv3d(2, 3, 3, stride=2)(torch.zeros(1, 2, 5, 7, 9)).shape
        torch.Size([1, 3, 2, 3, 4])

    Source: torch.nn.Conv3d
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            _triple(kernel_size),
            _triple(stride),
            padding if isinstance(padding, str) else _triple(padding),
            _triple(dilation),
            False,
            _triple(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Any) -> Any:
        return self._conv_forward(input, self.weight, self.bias)


class ConvTranspose1d(_ConvTransposeNd):
    """1-D transposed convolution over (N, C, L) or (C, L): the adjoint of `Conv1d`.

    Args:
        in_channels: C.
        out_channels: number of output channels.
        kernel_size: length of a filter.
        stride: step between the windows in the output. Default: 1.
        padding: removed from both sides of the output. Default: 0.
        output_padding: added to the high side of the output. Default: 0.
        groups: number of separate groups of channels. Default: 1.
        bias: learn an additive bias. Default: True.
        dilation: distance between the taps of a filter. Default: 1.
        padding_mode: only "zeros".
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ConvTranspose1d(2, 3, 4, stride=2)(torch.zeros(1, 2, 5)).shape
        torch.Size([1, 3, 12])

    Source: torch.nn.ConvTranspose1d
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            _single(kernel_size),
            _single(stride),
            _single(padding),
            _single(dilation),
            True,
            _single(output_padding),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )


class ConvTranspose2d(_ConvTransposeNd):
    """2-D transposed convolution over (N, C, H, W) or (C, H, W): the adjoint of `Conv2d`.

    Args:
        in_channels: C.
        out_channels: number of output channels.
        kernel_size: size of a filter, one number or (KH, KW).
        stride: step between the windows in the output. Default: 1.
        padding: removed from all sides of the output. Default: 0.
        output_padding: added to the high sides of the output. Default: 0.
        groups: number of separate groups of channels. Default: 1.
        bias: learn an additive bias. Default: True.
        dilation: distance between the taps of a filter. Default: 1.
        padding_mode: only "zeros".
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Shape:
        OH = (H − 1)·stride − 2·padding + dilation·(KH − 1) + output_padding + 1.

    Example:
        >>> import flambeau as torch
        >>> up = torch.nn.ConvTranspose2d(16, 16, 3, stride=2, padding=1)
        >>> up(torch.zeros(1, 16, 6, 6), output_size=(12, 12)).shape
        torch.Size([1, 16, 12, 12])

    Source: torch.nn.ConvTranspose2d
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            _pair(kernel_size),
            _pair(stride),
            _pair(padding),
            _pair(dilation),
            True,
            _pair(output_padding),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )


class ConvTranspose3d(_ConvTransposeNd):
    """3-D transposed convolution over (N, C, D, H, W) or (C, D, H, W): the adjoint of `Conv3d`.

    Args:
        in_channels: C.
        out_channels: number of output channels.
        kernel_size: size of a filter, one number or (KD, KH, KW).
        stride: step between the windows in the output. Default: 1.
        padding: removed from all sides of the output. Default: 0.
        output_padding: added to the high sides of the output. Default: 0.
        groups: number of separate groups of channels. Default: 1.
        bias: learn an additive bias. Default: True.
        dilation: distance between the taps of a filter. Default: 1.
        padding_mode: only "zeros".
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ConvTranspose3d(2, 3, 2, stride=2)(torch.zeros(1, 2, 2, 3, 4)).shape
        torch.Size([1, 3, 4, 6, 8])

    Source: torch.nn.ConvTranspose3d
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            _triple(kernel_size),
            _triple(stride),
            _triple(padding),
            _triple(dilation),
            True,
            _triple(output_padding),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )


class LazyConv1d(_LazyConvXdMixin, Conv1d):
    """A `Conv1d` that takes its in_channels from the first input.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.LazyConv1d(4, 3)
        >>> layer(torch.zeros(1, 2, 5)).shape[1]
        4
        >>> layer.weight.shape[1]
        2

    Source: torch.nn.LazyConv1d
    """

    cls_to_become = Conv1d
    _rank = 1

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, dilation,
            groups, False, padding_mode, device, dtype,
        )
        self._forget_shapes(out_channels, bias, device, dtype)


class LazyConv2d(_LazyConvXdMixin, Conv2d):
    """A `Conv2d` that takes its in_channels from the first input.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.LazyConv2d(4, 3)
        >>> layer(torch.zeros(1, 2, 5, 6)).shape[1]
        4
        >>> layer.weight.shape[1]
        2

    Source: torch.nn.LazyConv2d
    """

    cls_to_become = Conv2d
    _rank = 2

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, dilation,
            groups, False, padding_mode, device, dtype,
        )
        self._forget_shapes(out_channels, bias, device, dtype)


class LazyConv3d(_LazyConvXdMixin, Conv3d):
    """A `Conv3d` that takes its in_channels from the first input.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.LazyConv3d(4, 3)
        >>> layer(torch.zeros(1, 2, 5, 6, 7)).shape[1]
        4
        >>> layer.weight.shape[1]
        2

    Source: torch.nn.LazyConv3d
    """

    cls_to_become = Conv3d
    _rank = 3

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, dilation,
            groups, False, padding_mode, device, dtype,
        )
        self._forget_shapes(out_channels, bias, device, dtype)


class LazyConvTranspose1d(_LazyConvXdMixin, ConvTranspose1d):
    """A `ConvTranspose1d` that takes its in_channels from the first input.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.LazyConvTranspose1d(4, 3)
        >>> layer(torch.zeros(1, 2, 5)).shape[1]
        4
        >>> layer.weight.shape[0]
        2

    Source: torch.nn.LazyConvTranspose1d
    """

    cls_to_become = ConvTranspose1d
    _rank = 1

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding,
            groups, False, dilation, padding_mode, device, dtype,
        )
        self._forget_shapes(out_channels, bias, device, dtype)


class LazyConvTranspose2d(_LazyConvXdMixin, ConvTranspose2d):
    """A `ConvTranspose2d` that takes its in_channels from the first input.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.LazyConvTranspose2d(4, 3)
        >>> layer(torch.zeros(1, 2, 5, 6)).shape[1]
        4
        >>> layer.weight.shape[0]
        2

    Source: torch.nn.LazyConvTranspose2d
    """

    cls_to_become = ConvTranspose2d
    _rank = 2

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding,
            groups, False, dilation, padding_mode, device, dtype,
        )
        self._forget_shapes(out_channels, bias, device, dtype)


class LazyConvTranspose3d(_LazyConvXdMixin, ConvTranspose3d):
    """A `ConvTranspose3d` that takes its in_channels from the first input.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.LazyConvTranspose3d(4, 3)
        >>> layer(torch.zeros(1, 2, 5, 6, 7)).shape[1]
        4
        >>> layer.weight.shape[0]
        2

    Source: torch.nn.LazyConvTranspose3d
    """

    cls_to_become = ConvTranspose3d
    _rank = 3

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding,
            groups, False, dilation, padding_mode, device, dtype,
        )
        self._forget_shapes(out_channels, bias, device, dtype)
