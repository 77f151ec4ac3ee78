"""Losses as modules."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable
from typing import Any

from flambeau.dtype import bfloat16, float16, float32, float64
from flambeau.functional.loss import legacy_reduction
from flambeau.nn import functional as F
from flambeau.nn.modules.distance import PairwiseDistance
from flambeau.nn.modules.linear import Linear
from flambeau.nn.modules.module import Module

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss",
    "GaussianNLLLoss", "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss",
    "LinearCrossEntropyLoss", "LinearCrossEntropyOptions", "MSELoss", "MarginRankingLoss",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "NLLLoss2d",
    "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
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


class L1Loss(_Loss):
    """The absolute difference |x − y|.

    Args:
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.L1Loss()(torch.tensor([1., 3.]), torch.tensor([1., 1.]))
        tensor(1.)

    Source: torch.nn.L1Loss
    """

    __constants__ = ["reduction"]

    def forward(self, input: Any, target: Any) -> Any:
        return F.l1_loss(input, target, reduction=self.reduction)


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


class NLLLoss2d(NLLLoss):
    """`NLLLoss` under an older name.

    Args: those of `NLLLoss`.

    Source: torch.nn.NLLLoss2d
    """

    def __init__(self, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
                 reduce: Any = None, reduction: str = "mean") -> None:
        warnings.warn(
            "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in "
            "replacement and see https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more "
            "details.", FutureWarning, stacklevel=2)
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


class SmoothL1Loss(_Loss):
    """(x − y)² / (2·beta) where |x − y| < beta, else |x − y| − beta/2.

    Args:
        size_average, reduce: old spellings of reduction.
        reduction: "mean", "sum" or "none". Default: "mean".
        beta: where the parabola ends. Default: 1.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.SmoothL1Loss()(torch.tensor([3.]), torch.tensor([1.]))
        tensor(1.5000)

    Source: Girshick 2015; torch.nn.SmoothL1Loss
    """

    __constants__ = ["reduction"]

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
                 beta: float = 1.0) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Any:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """(x − y)² / 2 where |x − y| ≤ delta, else delta · (|x − y| − delta/2).

    Args:
        reduction: "mean", "sum" or "none". Default: "mean".
        delta: where the parabola ends. Default: 1.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.HuberLoss()(torch.tensor([3.]), torch.tensor([1.]))
        tensor(1.5000)

    Source: Huber 1964; torch.nn.HuberLoss
    """

    __constants__ = ["reduction", "delta"]

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, (float, int)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class PoissonNLLLoss(_Loss):
    """The negative log-likelihood of counts y of a Poisson distribution: e^x − y·x.

    Args:
        log_input: the input is given as logarithms. Default: True.
        full: add Stirling's approximation of log y!. Default: False.
        size_average, reduce: old spellings of reduction.
        eps: keeps the logarithm finite. Default: 1e-8.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.PoissonNLLLoss()(torch.tensor([0.]), torch.tensor([2.]))
        tensor(1.)

    Source: torch.nn.PoissonNLLLoss
    """

    __constants__ = ["log_input", "full", "eps", "reduction"]

    def __init__(self, log_input: bool = True, full: bool = False, size_average: Any = None,
                 eps: float = 1e-8, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Any, target: Any) -> Any:
        return F.poisson_nll_loss(log_input, target, log_input=self.log_input, full=self.full,
                                  eps=self.eps, reduction=self.reduction)


class GaussianNLLLoss(_Loss):
    """The negative log-likelihood (log v + (x − y)²/v) / 2 of normal distributions.

    Args:
        full: add log(2π)/2. Default: False.
        eps: least variance. Default: 1e-6.
        reduction: "mean", "sum" or "none". Default: "mean".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.GaussianNLLLoss()(torch.tensor([1.]), torch.tensor([3.]), torch.ones(1))
        tensor(2.)

    Source: Nix and Weigend 1994; torch.nn.GaussianNLLLoss
    """

    __constants__ = ["full", "eps", "reduction"]

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Any, target: Any, var: Any) -> Any:
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps,
                                   reduction=self.reduction)


class KLDivLoss(_Loss):
    """The Kullback-Leibler divergence, elementwise y·(log y − x).

    Args:
        size_average, reduce: old spellings of reduction.
        reduction: "batchmean", "mean", "sum" or "none". Default: "mean".
        log_target: the target is given as logarithms. Default: False.

    Example:
        >>> import flambeau as torch
        >>> x = torch.tensor([[0.5, 0.5]]).log()
        >>> torch.nn.KLDivLoss(reduction="batchmean")(x, torch.tensor([[1., 0.]]))
        tensor(0.6931)

    Source: torch.nn.KLDivLoss
    """

    __constants__ = ["reduction"]

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
                 log_target: bool = False) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Any:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


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


class CTCLoss(_Loss):
    """−log of the probability of all alignments of a sequence of labels with the frames.

    Args:
        blank: the label of no label. Default: 0.
        reduction: "mean" (each loss is divided by its target's length first), "sum" or "none".
            Default: "mean".
        zero_infinity: infinite losses and their gradients become zero. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.CTCLoss()(torch.zeros(1, 1, 2).log_softmax(2), torch.tensor([[1]]), (1,), (1,))
        tensor(0.6931)

    Source: Graves et al. 2006; torch.nn.CTCLoss
    """

    __constants__ = ["blank", "reduction"]

    def __init__(self, blank: int = 0, reduction: str = "mean",
                 zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Any, targets: Any, input_lengths: Any,
                target_lengths: Any) -> Any:
        return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, self.blank,
                          self.reduction, self.zero_infinity)
