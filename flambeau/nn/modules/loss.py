"""Losses as modules."""

from __future__ import annotations

from typing import Any

from flambeau.functional.loss import legacy_reduction
from flambeau.nn import functional as F
from flambeau.nn.modules.module import Module

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "MSELoss", "NLLLoss",
]


class _Loss(Module):
    """Base of the losses that are reduced to one number."""

    reduction: str

    def __init__(self, size_average: Any = None, reduce: Any = None,
                 reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = legacy_reduction(size_average, reduce, reduction)


class _WeightedLoss(_Loss):
    """Base of the losses with a weight per class or element."""

    def __init__(self, weight: Any = None, size_average: Any = None, reduce: Any = None,
                 reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.weight: Any


class MSELoss(_Loss):
    """The squared difference (x − y)².

    Args:
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.MSELoss()(torch.tensor([1., 3.]), torch.tensor([1., 1.]))
        tensor(2.)

    Source: torch.nn.MSELoss
    """

    __constants__ = ["reduction"]

    def forward(self, input: Any, target: Any) -> Any:
        return F.mse_loss(input, target, reduction=self.reduction)


class NLLLoss(_WeightedLoss):
    """The negative log-likelihood −w[t]·x[t] of classes t.

    Args:
        weight: (C). Default: None.
        size_average, reduce: old spellings of reduction.
        ignore_index: class that does not count. Default: -100.
        reduction: "mean" (weighted), "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.NLLLoss()(torch.tensor([[-1., -2.]]), torch.tensor([1]))
        tensor(2.)

    Source: torch.nn.NLLLoss
    """

    __constants__ = ["ignore_index", "reduction"]

    def __init__(self, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
                 reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        return F.nll_loss(input, target, weight=self.weight, ignore_index=self.ignore_index,
                          reduction=self.reduction)


class CrossEntropyLoss(_WeightedLoss):
    """−w[t] · log softmax(x)[t] for classes t, or −Σ p·log softmax(x) for probabilities p.

    Args:
        weight: (C). Default: None.
        size_average, reduce: old spellings of reduction.
        ignore_index: class that does not count. Default: -100.
        reduction: "mean" (weighted), "sum" or "none". Default: "mean".
        label_smoothing: share of the target spread evenly over all classes. Default: 0.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.CrossEntropyLoss()(torch.zeros(1, 2), torch.tensor([1]))
        tensor(0.6931)

    Source: torch.nn.CrossEntropyLoss
    """

    __constants__ = ["ignore_index", "reduction", "label_smoothing"]

    def __init__(self, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
                 reduce: Any = None, reduction: str = "mean",
                 label_smoothing: float = 0.0) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        return F.cross_entropy(input, target, weight=self.weight, ignore_index=self.ignore_index,
                               reduction=self.reduction, label_smoothing=self.label_smoothing)


class BCELoss(_WeightedLoss):
    """−y·log x − (1 − y)·log(1 − x) for probabilities x.

    Args:
        weight: broadcastable factors. Default: None.
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.BCELoss()(torch.tensor([0.5]), torch.tensor([1.]))
        tensor(0.6931)

    Source: torch.nn.BCELoss
    """

    __constants__ = ["reduction"]

    def forward(self, input: Any, target: Any) -> Any:
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """−p·y·log σ(x) − (1 − y)·log(1 − σ(x)) for scores x, without overflow.

    Args:
        weight: broadcastable factors. Default: None.
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".
        pos_weight: broadcastable factors p of the positive labels. Default: None.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.BCEWithLogitsLoss()(torch.tensor([0.]), torch.tensor([1.]))
        tensor(0.6931)

    Source: torch.nn.BCEWithLogitsLoss
    """

    def __init__(self, weight: Any = None, size_average: Any = None, reduce: Any = None,
                 reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)
        self.weight: Any
        self.pos_weight: Any

    def forward(self, input: Any, target: Any) -> Any:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction)
