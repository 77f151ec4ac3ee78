"""Distances and similarities as modules."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional as F
from flambeau.nn.modules.module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class PairwiseDistance(Module):
    """The p-norm of x1 − x2 + eps over the last dimension.

    Args:
        p: order of the norm. Default: 2.
        eps: added to the differences. Default: 1e-6.
        keepdim: keep the last dimension with size 1. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.PairwiseDistance()(torch.tensor([[3., 4.]]), torch.zeros(1, 2))
        tensor([5.0000])

    Source: torch.nn.PairwiseDistance
    """

    __constants__ = ["norm", "eps", "keepdim"]

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Any, x2: Any) -> Any:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """x1·x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along a dimension.

    Args:
        dim: the dimension of the vectors. Default: 1.
        eps: least norm. Default: 1e-8.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.CosineSimilarity()(torch.tensor([[1., 0.]]), torch.tensor([[2., 0.]]))
        tensor([1.])

    Source: torch.nn.CosineSimilarity
    """

    __constants__ = ["dim", "eps"]

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Any, x2: Any) -> Any:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
