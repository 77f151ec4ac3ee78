"""Losses that ask for a margin, between classes or between pairs of inputs, as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.nn import functional as F
from flambeau.nn.modules._loss_base import _Loss, _WeightedLoss
from flambeau.nn.modules.distance import PairwiseDistance

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class SoftMarginLoss(_Loss):
    """log(1 + e^(−y·x)) for labels y of 1 or −1.

    Args:
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.SoftMarginLoss()(torch.tensor([0.]), torch.tensor([1.]))
        tensor(0.6931)

    Source: torch.nn.SoftMarginLoss
    """

    __constants__ = ["reduction"]

    def forward(self, input: Any, target: Any) -> Any:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelMarginLoss(_Loss):
    """Σⱼ Σᵢ max(0, 1 − x[j] + x[i]) / C over target classes j and all other classes i.

    Args:
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> x, y = torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]])
        >>> torch.nn.MultiLabelMarginLoss()(x, y)
        tensor(0.8500)

    Source: torch.nn.MultiLabelMarginLoss
    """

    __constants__ = ["reduction"]

    def forward(self, input: Any, target: Any) -> Any:
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class HingeEmbeddingLoss(_Loss):
    """x where y = 1, max(0, margin − x) where y = −1.

    Args:
        margin: the distance asked for. Default: 1.
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.HingeEmbeddingLoss()(torch.tensor([0.25]), torch.tensor([-1.]))
        tensor(0.7500)

    Source: torch.nn.HingeEmbeddingLoss
    """

    __constants__ = ["margin", "reduction"]

    def __init__(self, margin: float = 1.0, size_average: Any = None, reduce: Any = None,
                 reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_Loss):
    """1 − cos(x₁, x₂) where y = 1, max(0, cos(x₁, x₂) − margin) where y = −1.

    Args:
        margin: the cosine allowed to unlike pairs. Default: 0.
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> a, b = torch.tensor([[1., 0.]]), torch.tensor([[0., 1.]])
        >>> torch.nn.CosineEmbeddingLoss()(a, b, torch.tensor([1.]))
        tensor(1.)

    Source: torch.nn.CosineEmbeddingLoss
    """

    __constants__ = ["margin", "reduction"]

    def __init__(self, margin: float = 0.0, size_average: Any = None, reduce: Any = None,
                 reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        return F.cosine_embedding_loss(input1, input2, target, margin=self.margin,
                                       reduction=self.reduction)


class MarginRankingLoss(_Loss):
    """max(0, −y·(x₁ − x₂) + margin) for y of 1 (x₁ is to rank higher) or −1.

    Args:
        margin: the gap asked for. Default: 0.
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> one, two = torch.tensor([1.]), torch.tensor([2.])
        >>> torch.nn.MarginRankingLoss()(one, two, torch.tensor([1.]))
        tensor(1.)

    Source: torch.nn.MarginRankingLoss
    """

    __constants__ = ["margin", "reduction"]

    def __init__(self, margin: float = 0.0, size_average: Any = None, reduce: Any = None,
                 reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        return F.margin_ranking_loss(input1, input2, target, margin=self.margin,
                                     reduction=self.reduction)


class MultiMarginLoss(_WeightedLoss):
    """Σᵢ≠ₜ max(0, margin − x[t] + x[i])^p / C for classes t.

    Args:
        p: 1 or 2. Default: 1.
        margin: the gap asked for. Default: 1.
        weight: factors per class (C). Default: None.
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Raises:
        ValueError: another p, or weights that are not one-dimensional.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.MultiMarginLoss()(torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([3]))
        tensor(0.3250)

    Source: torch.nn.MultiMarginLoss
    """

    __constants__ = ["p", "margin", "reduction"]

    def __init__(self, p: int = 1, margin: float = 1.0, weight: Any = None,
                 size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError("MultiMarginLoss: expected weight to be None or 1D tensor, got "
                             f"{weight.dim()}D instead")
        self.p = p
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        return F.multi_margin_loss(input, target, p=self.p, margin=self.margin, weight=self.weight,
                                   reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The mean over the classes of −y·log σ(x) − (1 − y)·log σ(−x).

    Args:
        weight: factors, broadcastable. Default: None.
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.MultiLabelSoftMarginLoss()(torch.zeros(1, 2), torch.ones(1, 2))
        tensor(0.6931)

    Source: torch.nn.MultiLabelSoftMarginLoss
    """

    __constants__ = ["reduction"]

    def forward(self, input: Any, target: Any) -> Any:
        return F.multilabel_soft_margin_loss(input, target, weight=self.weight,
                                             reduction=self.reduction)


class TripletMarginLoss(_Loss):
    """max(0, margin + d(anchor, positive) − d(anchor, negative)), d the p-norm distance.

    Args:
        margin: the gap asked for. Default: 1.
        p: order of the norm. Default: 2.
        eps: added to the differences. Default: 1e-6.
        swap: take d(positive, negative) for the last distance where smaller. Default: False.
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Raises:
        ValueError: margin is not positive.

    Example:
        >>> import flambeau as torch
        >>> a, n = torch.tensor([[0., 0.]]), torch.tensor([[3., 4.]])
        >>> torch.nn.TripletMarginLoss(margin=6.)(a, a, n)
        tensor(1.0000)

    Source: Balntas et al. 2016; torch.nn.TripletMarginLoss
    """

    __constants__ = ["margin", "p", "eps", "swap", "reduction"]

    def __init__(self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False,
                 size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError("TripletMarginLoss: expected margin to be greater than 0, got "
                             f"{margin} instead")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        return F.triplet_margin_loss(anchor, positive, negative, margin=self.margin, p=self.p,
                                     eps=self.eps, swap=self.swap, reduction=self.reduction)


class TripletMarginWithDistanceLoss(_Loss):
    """max(0, margin + d(anchor, positive) − d(anchor, negative)) for a distance d of one's own.

    Args:
        distance_function: gives the distances of two tensors. Default: `PairwiseDistance()`.
        margin: the gap asked for. Default: 1.
        swap: take d(positive, negative) for the last distance where smaller. Default: False.
        reduction: "mean", "sum" or "none". Default: "mean".

    Raises:
        ValueError: margin is not positive.

    Example:
        >>> import flambeau as torch
        >>> a, n = torch.tensor([[0., 0.]]), torch.tensor([[3., 4.]])
        >>> torch.nn.TripletMarginWithDistanceLoss(margin=6.)(a, a, n)
        tensor(1.0000)

    Source: Balntas et al. 2016; torch.nn.TripletMarginWithDistanceLoss
    """

    __constants__ = ["margin", "swap", "reduction"]

    def __init__(self, *, distance_function: Callable[[Any, Any], Any] | None = None,
                 margin: float = 1.0, swap: bool = False, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError("TripletMarginWithDistanceLoss: expected margin to be greater than 0, "
                             f"got {margin} instead")
        self.distance_function = distance_function or PairwiseDistance()
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        return F.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function,
            margin=self.margin, swap=self.swap, reduction=self.reduction)
