"""Losses as modules."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.nn import functional as F
from flambeau.nn.modules._linear_loss import LinearCrossEntropyLoss, LinearCrossEntropyOptions
from flambeau.nn.modules._loss_base import _Loss, _WeightedLoss
from flambeau.nn.modules._margin_losses import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    SoftMarginLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss",
    "GaussianNLLLoss", "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss",
    "LinearCrossEntropyLoss", "LinearCrossEntropyOptions", "MSELoss", "MarginRankingLoss",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "NLLLoss2d",
    "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]

for _loss in (CosineEmbeddingLoss, HingeEmbeddingLoss, LinearCrossEntropyLoss, MarginRankingLoss,
              MultiLabelMarginLoss, MultiLabelSoftMarginLoss, MultiMarginLoss, SoftMarginLoss,
              TripletMarginLoss, TripletMarginWithDistanceLoss):
    _loss.__module__ = __name__  # where saved objects look for them



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
