"""Losses of probabilities and of binary labels."""

from __future__ import annotations

import warnings
from typing import Any

from ..autograd.record import Value, op
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from .activation import log_sigmoid
from .loss import named, reduced, reduction_of
from .pointwise import xlogy

_EDGE = 1e-12  # least denominator of the gradient of binary cross entropy


def _bounded(logarithm: Any) -> Any:
    return ar.where(logarithm < -100, ar.literal(-100, logarithm.dtype), logarithm)


@op(name="binary_cross_entropy", grad="BinaryCrossEntropyBackward0")
def _binary_cross_entropy(input: Value, target: Value, weight: Value = None,
                          reduction: str = "mean") -> Any:
    x = input
    # The gradient is (x − y) / max(x·(1 − x), ε): near 0 and 1 that of a parabola.
    edge = x * (1 - x) < _EDGE
    inside = ar.where(edge, ew.stop_gradient(x), x)
    losses = ((target - 1) * _bounded(ew.log1p(-inside))
              - target * _bounded(ew.log(inside)))
    parabola = (x * x * 0.5 - ew.stop_gradient(target) * x) * (1 / _EDGE)
    slope = parabola - ew.stop_gradient(parabola)
    losses = losses + ar.where(edge, slope, ar.literal(0, x.dtype))
    return reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy(input: Any, target: Any, weight: Any = None,
                         size_average: bool | None = None, reduce: bool | None = None,
                         reduction: str = "mean") -> Any:
    """−y·log x − (1 − y)·log(1 − x) for probabilities x; logarithms count as −100 at least.

    Args:
        input: probabilities, any shape.
        target: labels in [0, 1], of the same shape.
        weight: broadcastable factors. Default: None.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the input's shape for "none".

    Raises:
        ValueError: target of another shape.
        RuntimeError: probabilities outside [0, 1], where their values are at hand.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([1.]))
        tensor(0.6931)

    Source: PyTorch page `torch.nn.functional.binary_cross_entropy`.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(f"Using a target size ({target.shape}) that is different to the input "
                         f"size ({input.shape}) is deprecated. Please ensure they have the same "
                         "size.")
    data = input._value().data
    if data is not None and data.size and not ((data >= 0) & (data <= 1)).all():
        raise RuntimeError("all elements of input should be between 0 and 1")
    return _binary_cross_entropy(input, target, weight, reduction)


@op(name="binary_cross_entropy_with_logits", grad="BinaryCrossEntropyWithLogitsBackward0")
def _with_logits(input: Value, target: Value, weight: Value = None, pos_weight: Value = None,
                 reduction: str = "mean") -> Any:
    log_p = log_sigmoid(input)
    if pos_weight is not None:
        log_p = log_p * ((pos_weight - 1) * target + 1)
    losses = (1 - target) * input - log_p
    return reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(
        input: Any, target: Any, weight: Any = None, size_average: bool | None = None,
        reduce: bool | None = None, reduction: str = "mean", pos_weight: Any = None) -> Any:
    """−p·y·log σ(x) − (1 − y)·log(1 − σ(x)) for scores x, without overflow.

    Args:
        input: scores, any shape.
        target: labels in [0, 1], of the same shape.
        weight: broadcastable factors. Default: None.
        pos_weight: broadcastable factors p of the positive labels. Default: None.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the input's shape for "none".

    Raises:
        ValueError: target of another shape.

    Example:
        >>> import flambeau as torch
        >>> loss = torch.nn.functional.binary_cross_entropy_with_logits
        >>> loss(torch.tensor([0.]), torch.tensor([1.]))
        tensor(0.6931)

    Source: PyTorch page `torch.nn.functional.binary_cross_entropy_with_logits`.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(f"Target size ({target.shape}) must be the same as input size "
                         f"({input.shape})")
    return _with_logits(input, target, weight, pos_weight, reduction)


@op(name="soft_margin_loss", grad="SoftMarginLossBackward0")
def _soft_margin_loss(input: Value, target: Value, reduction: str) -> Any:
    return reduced(ew.log1p(ew.exp(-target * input)), reduction)


def soft_margin_loss(input: Any, target: Any, size_average: bool | None = None,
                     reduce: bool | None = None, reduction: str = "mean") -> Any:
    """log(1 + e^(−y·x)) for labels y of 1 or −1.

    Args:
        input: scores, any shape.
        target: labels, of the same shape.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the input's shape for "none".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.soft_margin_loss(torch.tensor([0.]), torch.tensor([1.]))
        tensor(0.6931)

    Source: PyTorch page `torch.nn.functional.soft_margin_loss`.
    """
    return _soft_margin_loss(input, target, reduction_of(size_average, reduce, reduction))


@op(name="kl_div", grad=lambda specs, static: named(
    "MulBackward0" if static[0] else "SubBackward0")(specs, static))
def _kl_div(input: Value, target: Value, log_target: bool, reduction: str) -> Any:
    if log_target:
        return reduced(ew.exp(target) * (target - input), reduction)
    return reduced(xlogy(target, target) - target * input, reduction)


def kl_div(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
           reduction: str = "mean", log_target: bool = False) -> Any:
    """The Kullback-Leibler divergence, elementwise y·(log y − x).

    Args:
        input: log-probabilities x, any shape.
        target: probabilities y, or their logarithms.
        reduction: "batchmean" (sum / batch size), "mean" (over all elements), "sum" or "none".
            Default: "mean".
        log_target: the target is given as logarithms. Default: False.
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the input's shape for "none".

    Example:
        >>> import flambeau as torch
        >>> x = torch.tensor([[0.5, 0.5]]).log()
        >>> torch.nn.functional.kl_div(x, torch.tensor([[1., 0.]]), reduction="batchmean")
        tensor(0.6931)

    Source: PyTorch page `torch.nn.functional.kl_div`.
    """
    old = size_average is not None or reduce is not None
    if reduction == "mean" and not old:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next major "
            "release.", stacklevel=2)
    by_batch = reduction == "batchmean"
    wanted = reduction_of(size_average, reduce, "sum" if by_batch else reduction)
    total = _kl_div(input, target, log_target, wanted)
    return total / input.shape[0] if by_batch and input.ndim else total
