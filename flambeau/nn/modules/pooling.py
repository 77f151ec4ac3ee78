"""Pooling layers."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional as F
from flambeau.nn.modules._pooling_base import (
    _AdaptiveAvgPoolNd,
    _AdaptiveMaxPoolNd,
    _AvgPoolNd,
    _AvgPoolWithDivisor,
    _FractionalMaxPoolNd,
    _LPPoolNd,
    _MaxPoolNd,
    _MaxUnpoolNd,
)
from flambeau.nn.modules.utils import _pair, _single, _triple

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "_AdaptiveAvgPoolNd",
    "_AdaptiveMaxPoolNd",
    "_AvgPoolNd",
    "_LPPoolNd",
    "_MaxPoolNd",
    "_MaxUnpoolNd",
]


class MaxPool1d(_MaxPoolNd):
    """Maxima over windows of (N, C, L).

    Args:
        kernel_size: size of a window.
        stride: step of the windows. Default: kernel_size.
        padding: border that never wins. Default: 0.
        dilation: distance between the elements of a window. Default: 1.
        return_indices: also return the position of each maximum. Default: False.
        ceil_mode: round the number of windows up instead of down. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.MaxPool1d(2)(torch.zeros(1, 3, 8)).shape
        torch.Size([1, 3, 4])

    Source: torch.nn.MaxPool1d
    """

    def forward(self, input: Any) -> Any:
        return F.max_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )


class MaxPool2d(_MaxPoolNd):
    """Maxima over windows of (N, C, H, W).

    Args:
        kernel_size: size of a window.
        stride: step of the windows. Default: kernel_size.
        padding: border that never wins. Default: 0.
        dilation: distance between the elements of a window. Default: 1.
        return_indices: also return the position of each maximum. Default: False.
        ceil_mode: round the number of windows up instead of down. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.MaxPool2d(2)(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 3, 4, 4])

    Source: torch.nn.MaxPool2d
    """

    def forward(self, input: Any) -> Any:
        return F.max_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )


class MaxPool3d(_MaxPoolNd):
    """Maxima over windows of (N, C, D, H, W).

    Args:
        kernel_size: size of a window.
        stride: step of the windows. Default: kernel_size.
        padding: border that never wins. Default: 0.
        dilation: distance between the elements of a window. Default: 1.
        return_indices: also return the position of each maximum. Default: False.
        ceil_mode: round the number of windows up instead of down. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.MaxPool3d(2)(torch.zeros(1, 3, 8, 8, 8)).shape
        torch.Size([1, 3, 4, 4, 4])

    Source: torch.nn.MaxPool3d
    """

    def forward(self, input: Any) -> Any:
        return F.max_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )


class MaxUnpool1d(_MaxUnpoolNd):
    """Puts the maxima of `MaxPool1d` back to their positions, among zeros.

    Args:
        kernel_size: that of the pooling.
        stride: that of the pooling. Default: kernel_size.
        padding: that of the pooling. Default: 0.

    Example:
        >>> import flambeau as torch
        >>> pool = torch.nn.MaxPool1d(2, return_indices=True)
        >>> torch.nn.MaxUnpool1d(2)(*pool(torch.zeros(1, 3, 8))).shape
        torch.Size([1, 3, 8])

    Source: torch.nn.MaxUnpool1d
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = _single(stride if stride is not None else kernel_size)
        self.padding = _single(padding)

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        return F.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool2d(_MaxUnpoolNd):
    """Puts the maxima of `MaxPool2d` back to their positions, among zeros.

    Args:
        kernel_size: that of the pooling.
        stride: that of the pooling. Default: kernel_size.
        padding: that of the pooling. Default: 0.

    Example:
        >>> import flambeau as torch
        >>> pool = torch.nn.MaxPool2d(2, return_indices=True)
        >>> torch.nn.MaxUnpool2d(2)(*pool(torch.zeros(1, 3, 8, 8))).shape
        torch.Size([1, 3, 8, 8])

    Source: torch.nn.MaxUnpool2d
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = _pair(kernel_size)
        self.stride = _pair(stride if stride is not None else kernel_size)
        self.padding = _pair(padding)

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        return F.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool3d(_MaxUnpoolNd):
    """Puts the maxima of `MaxPool3d` back to their positions, among zeros.

    Args:
        kernel_size: that of the pooling.
        stride: that of the pooling. Default: kernel_size.
        padding: that of the pooling. Default: 0.

    Example:
        >>> import flambeau as torch
        >>> pool = torch.nn.MaxPool3d(2, return_indices=True)
        >>> torch.nn.MaxUnpool3d(2)(*pool(torch.zeros(1, 3, 8, 8, 8))).shape
        torch.Size([1, 3, 8, 8, 8])

    Source: torch.nn.MaxUnpool3d
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = _triple(kernel_size)
        self.stride = _triple(stride if stride is not None else kernel_size)
        self.padding = _triple(padding)

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        return F.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class AvgPool1d(_AvgPoolNd):
    """Averages over windows of (N, C, L).

    Args:
        kernel_size: length of a window.
        stride: step of the windows. Default: kernel_size.
        padding: zeros on both sides. Default: 0.
        ceil_mode: round the number of windows up instead of down. Default: False.
        count_include_pad: count the zeros of the padding. Default: True.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.AvgPool1d(3, stride=2)(torch.tensor([[[1.0, 2, 3, 4, 5, 6, 7]]]))
        tensor([[[2., 4., 6.]]])

    Source: torch.nn.AvgPool1d
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = _single(stride if stride is not None else kernel_size)
        self.padding = _single(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Any) -> Any:
        return F.avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )


class AvgPool2d(_AvgPoolWithDivisor):
    """Averages over windows of (N, C, H, W).

    Args:
        kernel_size: size of a window.
        stride: step of the windows. Default: kernel_size.
        padding: zeros around the input. Default: 0.
        ceil_mode: round the number of windows up instead of down. Default: False.
        count_include_pad: count the zeros of the padding. Default: True.
        divisor_override: divide the sums by this instead of the count. Default: None.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.AvgPool2d(2)(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 3, 4, 4])

    Source: torch.nn.AvgPool2d
    """

    def forward(self, input: Any) -> Any:
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool3d(_AvgPoolWithDivisor):
    """Averages over windows of (N, C, D, H, W).

    Args:
        kernel_size: size of a window.
        stride: step of the windows. Default: kernel_size.
        padding: zeros around the input. Default: 0.
        ceil_mode: round the number of windows up instead of down. Default: False.
        count_include_pad: count the zeros of the padding. Default: True.
        divisor_override: divide the sums by this instead of the count. Default: None.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.AvgPool3d(2)(torch.zeros(1, 3, 8, 8, 8)).shape
        torch.Size([1, 3, 4, 4, 4])

    Source: torch.nn.AvgPool3d
    """

    def forward(self, input: Any) -> Any:
        return F.avg_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("padding", 0)
        self.__dict__.setdefault("ceil_mode", False)
        self.__dict__.setdefault("count_include_pad", True)


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Maxima over windows at random places that give any output size.

    Args:
        kernel_size: size of a window.
        output_size: number of windows per dimension; or
        output_ratio: that number as a fraction of the input's size.
        return_indices: also return the position of each maximum. Default: False.
        _random_samples: (N, C, 2) in [0, 1): fixed places instead of random ones.

    Raises:
        ValueError: not exactly one of output_size and output_ratio, or a ratio outside (0, 1).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.FractionalMaxPool2d(2, output_size=5)(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 3, 5, 5])

    Source: torch.nn.FractionalMaxPool2d; Graham, Fractional Max-Pooling, 2014.
    """

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        self._keep(
            _pair, kernel_size, output_size, output_ratio, return_indices, _random_samples
        )

    def forward(self, input: Any) -> Any:
        return F.fractional_max_pool2d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Maxima over windows at random places that give any output size.

    Args:
        kernel_size: size of a window.
        output_size: number of windows per dimension; or
        output_ratio: that number as a fraction of the input's size.
        return_indices: also return the position of each maximum. Default: False.
        _random_samples: (N, C, 3) in [0, 1): fixed places instead of random ones.

    Raises:
        ValueError: not exactly one of output_size and output_ratio, or a ratio outside (0, 1).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.FractionalMaxPool3d(2, output_size=5)(torch.zeros(1, 3, 8, 8, 8)).shape
        torch.Size([1, 3, 5, 5, 5])

    Source: torch.nn.FractionalMaxPool3d; Graham, Fractional Max-Pooling, 2014.
    """

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        sizes = kernel_size if isinstance(kernel_size, (tuple, list)) else (kernel_size,)
        if not all(k > 0 for k in sizes):
            raise ValueError(f"kernel_size must be greater than 0, but got {kernel_size}")
        self._keep(
            _triple, kernel_size, output_size, output_ratio, return_indices, _random_samples
        )

    def forward(self, input: Any) -> Any:
        return F.fractional_max_pool3d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class LPPool1d(_LPPoolNd):
    """(Σ x^p)^(1/p) over windows of (N, C, L).

    Args:
        norm_type: p.
        kernel_size: size of a window.
        stride: step of the windows. Default: kernel_size.
        ceil_mode: round the number of windows up instead of down. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LPPool1d(2, 2)(torch.zeros(1, 3, 8)).shape
        torch.Size([1, 3, 4])

    Source: torch.nn.LPPool1d
    """

    def forward(self, input: Any) -> Any:
        return F.lp_pool1d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class LPPool2d(_LPPoolNd):
    """(Σ x^p)^(1/p) over windows of (N, C, H, W).

    Args:
        norm_type: p.
        kernel_size: size of a window.
        stride: step of the windows. Default: kernel_size.
        ceil_mode: round the number of windows up instead of down. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LPPool2d(2, 2)(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 3, 4, 4])

    Source: torch.nn.LPPool2d
    """

    def forward(self, input: Any) -> Any:
        return F.lp_pool2d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class LPPool3d(_LPPoolNd):
    """(Σ x^p)^(1/p) over windows of (N, C, D, H, W).

    Args:
        norm_type: p.
        kernel_size: size of a window.
        stride: step of the windows. Default: kernel_size.
        ceil_mode: round the number of windows up instead of down. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LPPool3d(2, 2)(torch.zeros(1, 3, 8, 8, 8)).shape
        torch.Size([1, 3, 4, 4, 4])

    Source: torch.nn.LPPool3d
    """

    def forward(self, input: Any) -> Any:
        return F.lp_pool3d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Maxima over as many windows of (N, C, L) as asked for, whatever the input's size.

    Args:
        output_size: number of windows per dimension.
        return_indices: also return the position of each maximum. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.AdaptiveMaxPool1d(4)(torch.zeros(1, 3, 8)).shape
        torch.Size([1, 3, 4])

    Source: torch.nn.AdaptiveMaxPool1d
    """

    def forward(self, input: Any) -> Any:
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Maxima over as many windows of (N, C, H, W) as asked for, whatever the input's size.

    Args:
        output_size: number of windows per dimension; None keeps a dimension.
        return_indices: also return the position of each maximum. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.AdaptiveMaxPool2d(4)(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 3, 4, 4])

    Source: torch.nn.AdaptiveMaxPool2d
    """

    def forward(self, input: Any) -> Any:
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Maxima over as many windows of (N, C, D, H, W) as asked for, whatever the input's size.

    Args:
        output_size: number of windows per dimension; None keeps a dimension.
        return_indices: also return the position of each maximum. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.AdaptiveMaxPool3d(4)(torch.zeros(1, 3, 8, 8, 8)).shape
        torch.Size([1, 3, 4, 4, 4])

    Source: torch.nn.AdaptiveMaxPool3d
    """

    def forward(self, input: Any) -> Any:
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Averages over as many windows of (N, C, L) as asked for, whatever the input's size.

    Args:
        output_size: number of windows per dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.AdaptiveAvgPool1d(4)(torch.zeros(1, 3, 8)).shape
        torch.Size([1, 3, 4])

    Source: torch.nn.AdaptiveAvgPool1d
    """

    def forward(self, input: Any) -> Any:
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """Averages over as many windows of (N, C, H, W) as asked for, whatever the input's size.

    Args:
        output_size: number of windows per dimension; None keeps a dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.AdaptiveAvgPool2d(4)(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 3, 4, 4])

    Source: torch.nn.AdaptiveAvgPool2d
    """

    def forward(self, input: Any) -> Any:
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """Averages over as many windows of (N, C, D, H, W) as asked for, whatever the input's size.

    Args:
        output_size: number of windows per dimension; None keeps a dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.AdaptiveAvgPool3d(4)(torch.zeros(1, 3, 8, 8, 8)).shape
        torch.Size([1, 3, 4, 4, 4])

    Source: torch.nn.AdaptiveAvgPool3d
    """

    def forward(self, input: Any) -> Any:
        return F.adaptive_avg_pool3d(input, self.output_size)
