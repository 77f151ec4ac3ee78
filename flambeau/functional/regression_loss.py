"""Losses of real-valued predictions."""

from __future__ import annotations

import warnings
from typing import Any

from ..autograd.record import Value, op
from .loss import check_reduction, legacy_reduction, reduced


def warn_of_sizes(input: Any, target: Any) -> None:
    """Warn where a loss is about to broadcast its arguments."""
    if tuple(target.shape) != tuple(input.shape):
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.", stacklevel=3)


@op(name="mse_loss", grad="MseLossBackward0")
def _mse_loss(input: Value, target: Value, reduction: str) -> Any:
    difference = input - target
    return reduced(difference * difference, reduction)


def mse_loss(input: Any, target: Any, size_average: bool | None = None,
             reduce: bool | None = None, reduction: str = "mean", weight: Any = None) -> Any:
    """The squared difference (x − y)².

    Args:
        input: predictions, any shape.
        target: of the same shape.
        reduction: "mean", "sum" or "none". Default: "mean".
        weight: factors of the squares; the mean is then weighted. Default: None.
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the input's shape for "none".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.mse_loss(torch.tensor([1., 3.]), torch.tensor([1., 1.]))
        tensor(2.)

    Source: PyTorch page `torch.nn.functional.mse_loss`.
    """
    warn_of_sizes(input, target)
    reduction = legacy_reduction(size_average, reduce, reduction)
    if weight is not None:
        return _weighted_mse(input, target, weight, reduction)
    check_reduction(reduction)
    return _mse_loss(input, target, reduction)


def _weighted_mse(input: Any, target: Any, weight: Any, reduction: str) -> Any:
    if tuple(weight.shape) != tuple(input.shape):
        raise ValueError("Weights and input must have the same size.")
    losses = (input - target) ** 2 * weight
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.sum() / weight.sum()
    raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")
