"""Normalisation over layers, groups of channels and neighbouring channels."""

from __future__ import annotations

import numbers
from typing import Any

from flambeau.functional.normalization import cross_map_lrn2d
from flambeau.nn import functional as F
from flambeau.nn import init
from flambeau.nn.modules.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.tensor.creation import empty

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


def _shape(normalized_shape: Any) -> tuple[int, ...]:
    if isinstance(normalized_shape, numbers.Integral):
        return (int(normalized_shape),)
    return tuple(normalized_shape)


class LocalResponseNorm(Module):
    """x / (k + alpha · mean of the squares of `size` neighbouring channels)^beta.

    Args:
        size: number of neighbouring channels.
        alpha: factor. Default: 1e-4.
        beta: exponent. Default: 0.75.
        k: addend. Default: 1.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LocalResponseNorm(1, alpha=1., beta=1.)(torch.ones(1, 1, 1))
        tensor([[[0.5000]]])

    Source: Krizhevsky, Sutskever and Hinton 2012; torch.nn.LocalResponseNorm
    """

    __constants__ = ["size", "alpha", "beta", "k"]

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75,
                 k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Any) -> Any:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(Module):
    """An older `LocalResponseNorm` of images (N, C, H, W); from channel (size + 1)/2 on it also
    counts the first channel, as PyTorch's does.

    Args:
        size: number of neighbouring channels.
        alpha: factor. Default: 1e-4.
        beta: exponent. Default: 0.75.
        k: addend. Default: 1.

    Raises:
        ValueError: input without four dimensions.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.CrossMapLRN2d(1, alpha=1., beta=1.)(torch.ones(1, 1, 1, 1))
        tensor([[[[0.5000]]]])

    Source: torch.nn.CrossMapLRN2d
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Any) -> Any:
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        return cross_map_lrn2d(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class LayerNorm(Module):
    r"""Normalises the last dimensions: $y = (x - E[x]) / \sqrt{Var[x] + eps} · w + b$.

    Args:
        normalized_shape: sizes of the dimensions normalised together; an int for the last one.
        eps: added to the variance. Default: 1e-5.
        elementwise_affine: learn weight and bias. Default: True.
        bias: learn the bias, where elementwise_affine. Default: True.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LayerNorm(2, eps=0.)(torch.tensor([[1., 3.]])).detach()
        tensor([[-1.,  1.]])

    Source: Ba, Kiros and Hinton 2016; torch.nn.LayerNorm
    """

    __constants__ = ["normalized_shape", "eps", "elementwise_affine"]
    weight: Any
    bias: Any

    def __init__(self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True,
                 bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        for name, wanted in (("weight", elementwise_affine), ("bias", elementwise_affine and bias)):
            self.register_parameter(
                name, Parameter(empty(self.normalized_shape, device=device, dtype=dtype))
                if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights become 1, biases 0."""
        if self.elementwise_affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def forward(self, input: Any) -> Any:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (f"{self.normalized_shape}, eps={self.eps}, "
                f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}")


class GroupNorm(Module):
    r"""Normalises each group of channels: $y = (x - E[x]) / \sqrt{Var[x] + eps} · w + b$.

    Args:
        num_groups: number of groups.
        num_channels: number of channels, divisible by num_groups.
        eps: added to the variance. Default: 1e-5.
        affine: learn weight and bias per channel. Default: True.
        device: where the parameters live.
        dtype: their type; default: the default dtype.
        bias: learn the bias, where affine. Default: True.

    Raises:
        ValueError: num_channels is not divisible by num_groups.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.GroupNorm(1, 2, eps=0.)(torch.tensor([[1., 3.]])).detach()
        tensor([[-1.,  1.]])

    Source: Wu and He 2018; torch.nn.GroupNorm
    """

    __constants__ = ["num_groups", "num_channels", "eps", "affine"]
    weight: Any
    bias: Any

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True,
                 device: Any = None, dtype: Any = None, *, bias: bool = True) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups "
                             f"({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(
                name, Parameter(empty(num_channels, device=device, dtype=dtype))
                if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights become 1, biases 0."""
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def forward(self, input: Any) -> Any:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
                f"bias={self.bias is not None}")


class RMSNorm(Module):
    r"""Divides the last dimensions by their root mean square: $y = x / \sqrt{E[x²] + eps} · w$.

    Args:
        normalized_shape: sizes of the dimensions normalised together; an int for the last one.
        eps: added to the mean square. Default: None, the machine epsilon of the computation.
        elementwise_affine: learn the weight. Default: True.
        device: where the parameter lives.
        dtype: its type; default: the default dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.RMSNorm(2)(torch.tensor([2., -2.])).detach()
        tensor([ 1., -1.])

    Source: Zhang and Sennrich 2019; torch.nn.RMSNorm
    """

    __constants__ = ["normalized_shape", "eps", "elementwise_affine"]
    weight: Any

    def __init__(self, normalized_shape: Any, eps: float | None = None,
                 elementwise_affine: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter(
            "weight", Parameter(empty(self.normalized_shape, device=device, dtype=dtype))
            if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights become 1."""
        if self.elementwise_affine:
            init.ones_(self.weight)

    def forward(self, x: Any) -> Any:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return (f"{self.normalized_shape}, eps={self.eps}, "
                f"elementwise_affine={self.elementwise_affine}")
