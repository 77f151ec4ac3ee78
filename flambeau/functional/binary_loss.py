"""Losses of probabilities and of binary labels."""

from __future__ import annotations

from typing import Any

from ..autograd.record import Value, op
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from .activation import log_sigmoid
from .loss import check_reduction, legacy_reduction, reduced

_EDGE = 1e-12  # least denominator of the gradient of binary cross entropy


def _bounded(logarithm: Any) -> Any:
    return ar.where(logarithm < -100, ar.literal(-100, logarithm.dtype), logarithm)


@op(name="binary_cross_entropy", grad="BinaryCrossEntropyBackward0")
def _binary_cross_entropy(input: Value, target: Value, weight: Value, reduction: str) -> Any:
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
    reduction = legacy_reduction(size_average, reduce, reduction)
    check_reduction(reduction)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(f"Using a target size ({target.shape}) that is different to the input size "
                         f"({input.shape}) is deprecated. Please ensure they have the same size.")
    data = input._value().data
    if data is not None and data.size and not ((data >= 0) & (data <= 1)).all():
        raise RuntimeError("all elements of input should be between 0 and 1")
    return _binary_cross_entropy(input, target, weight, reduction)


@op(name="binary_cross_entropy_with_logits", grad="BinaryCrossEntropyWithLogitsBackward0")
def _with_logits(input: Value, target: Value, weight: Value, pos_weight: Value,
                 reduction: str) -> Any:
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
    reduction = legacy_reduction(size_average, reduce, reduction)
    check_reduction(reduction)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(f"Target size ({target.shape}) must be the same as input size "
                         f"({input.shape})")
    return _with_logits(input, target, weight, pos_weight, reduction)
