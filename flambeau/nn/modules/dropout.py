"""Dropout layers."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional as F
from flambeau.nn.modules.module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d",
           "FeatureAlphaDropout"]


class _DropoutNd(Module):
    """Base: the probability of dropping, and whether to write into the input."""

    __constants__ = ["p", "inplace"]
    p: float
    inplace: bool

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """In training: zeros with probability p, the other elements divided by 1 − p.

    Args:
        p: probability of a zero. Default: 0.5.
        inplace: write the result into the input. Default: False.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Dropout(0.2).eval()(torch.ones(2))
        tensor([1., 1.])

    Source: Hinton et al. 2012; torch.nn.Dropout
    """

    def forward(self, input: Any) -> Any:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """In training: whole channels of (N, C, L) or (C, L) become zero with probability p.

    Args:
        p: probability of dropping. Default: 0.5.
        inplace: write the result into the input. Default: False.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Dropout1d(0.2).eval()(torch.ones(1, 2, 3)).shape
        torch.Size([1, 2, 3])

    Source: Tompson et al. 2015; torch.nn.Dropout1d
    """

    def forward(self, input: Any) -> Any:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """In training: whole channels of (N, C, H, W) become zero with probability p.

    Args:
        p: probability of dropping. Default: 0.5.
        inplace: write the result into the input. Default: False.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Dropout2d(0.2).eval()(torch.ones(1, 2, 3, 3)).shape
        torch.Size([1, 2, 3, 3])

    Source: Tompson et al. 2015; torch.nn.Dropout2d
    """

    def forward(self, input: Any) -> Any:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """In training: whole channels of (N, C, D, H, W) become zero with probability p.

    Args:
        p: probability of dropping. Default: 0.5.
        inplace: write the result into the input. Default: False.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Dropout3d(0.2).eval()(torch.ones(1, 2, 3, 3, 3)).shape
        torch.Size([1, 2, 3, 3, 3])

    Source: Tompson et al. 2015; torch.nn.Dropout3d
    """

    def forward(self, input: Any) -> Any:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout for SELU networks: it keeps mean 0 and variance 1.

    Args:
        p: probability of dropping. Default: 0.5.
        inplace: write the result into the input. Default: False.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> torch.nn.AlphaDropout(0.2).eval()(torch.ones(2, 3)).shape
        torch.Size([2, 3])

    Source: Klambauer et al. 2017; torch.nn.AlphaDropout
    """

    def forward(self, input: Any) -> Any:
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """`AlphaDropout` of whole channels of (N, C, …).

    Args:
        p: probability of dropping. Default: 0.5.
        inplace: write the result into the input. Default: False.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> torch.nn.FeatureAlphaDropout(0.2).eval()(torch.ones(2, 3, 4)).shape
        torch.Size([2, 3, 4])

    Source: Klambauer et al. 2017; torch.nn.FeatureAlphaDropout
    """

    def forward(self, input: Any) -> Any:
        return F.feature_alpha_dropout(input, self.p, self.training)
