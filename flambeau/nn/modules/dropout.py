"""Dropout layers."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional as F
from flambeau.nn.modules.module import Module

__all__ = ["Dropout"]


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
