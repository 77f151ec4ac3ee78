"""Losses of real-valued predictions."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..autograd.record import Value, op
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from .loss import legacy_reduction, named, reduced, reduction_of


def _warn_of_sizes(input: Any, target: Any) -> None:
    """Warn where a loss is about to broadcast its arguments."""
    if tuple(target.shape) != tuple(input.shape):
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.", stacklevel=3)


def _weighted(losses: Any, weight: Any, input: Any, reduction: str, by_weight: bool) -> Any:
    """Losses times weights; their mean is over the weights or over the elements."""
    if tuple(weight.shape) != tuple(input.shape):
        raise ValueError("Weights and input must have the same size.")
    losses = losses * weight
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.sum() / weight.sum() if by_weight else losses.mean()
    raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")


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

    Raises:
        ValueError: weights of another shape; a reduction that does not exist.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.mse_loss(torch.tensor([1., 3.]), torch.tensor([1., 1.]))
        tensor(2.)

    Source: PyTorch page `torch.nn.functional.mse_loss`.
    """
    _warn_of_sizes(input, target)
    if weight is not None:
        reduction = legacy_reduction(size_average, reduce, reduction)
        return _weighted((input - target) ** 2, weight, input, reduction, True)
    return _mse_loss(input, target, reduction_of(size_average, reduce, reduction))


@op(name="l1_loss", grad=named("AbsBackward0"))
def _l1_loss(input: Value, target: Value, reduction: str) -> Any:
    return reduced(ew.absolute(input - target), reduction)


def l1_loss(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
            reduction: str = "mean", weight: Any = None) -> Any:
    """The absolute difference |x − y|.

    Args:
        input: predictions, any shape.
        target: of the same shape.
        reduction: "mean", "sum" or "none". Default: "mean".
        weight: factors of the differences; the mean is then weighted. Default: None.
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the input's shape for "none".

    Raises:
        ValueError: weights of another shape; a reduction that does not exist.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.l1_loss(torch.tensor([1., 3.]), torch.tensor([1., 1.]))
        tensor(1.)

    Source: PyTorch page `torch.nn.functional.l1_loss`.
    """
    _warn_of_sizes(input, target)
    if weight is not None:
        reduction = legacy_reduction(size_average, reduce, reduction)
        return _weighted((input - target).abs(), weight, input, reduction, True)
    return _l1_loss(input, target, reduction_of(size_average, reduce, reduction))


@op(name="smooth_l1_loss", grad="SmoothL1LossBackward0")
def _smooth_l1_loss(input: Value, target: Value, beta: Value, reduction: str) -> Any:
    difference = input - target
    size = ew.absolute(difference)
    beta = ar.astype(beta, size.dtype)
    losses = ar.where(size < beta, difference * difference * 0.5 / beta, size - 0.5 * beta)
    return reduced(losses, reduction)


def smooth_l1_loss(input: Any, target: Any, size_average: bool | None = None,
                   reduce: bool | None = None, reduction: str = "mean", beta: float = 1.0) -> Any:
    """(x − y)² / (2·beta) where |x − y| < beta, else |x − y| − beta/2.

    Args:
        input: predictions, any shape.
        target: of the same shape.
        reduction: "mean", "sum" or "none". Default: "mean".
        beta: where the parabola ends; 0 gives `l1_loss`. Default: 1.
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the input's shape for "none".

    Raises:
        RuntimeError: negative beta.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.smooth_l1_loss(torch.tensor([3.]), torch.tensor([1.]))
        tensor(1.5000)

    Source: Girshick 2015; PyTorch page `torch.nn.functional.smooth_l1_loss`.
    """
    _warn_of_sizes(input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if beta == 0.0:
        return _l1_loss(input, target, reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    return _smooth_l1_loss(input, target, beta, reduction)


@op(name="huber_loss", grad="HuberLossBackward0")
def _huber_loss(input: Value, target: Value, delta: Value, reduction: str) -> Any:
    difference = input - target
    size = ew.absolute(difference)
    delta = ar.astype(delta, size.dtype)
    losses = ar.where(size <= delta, difference * difference * 0.5, (size - 0.5 * delta) * delta)
    return reduced(losses, reduction)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0,
               weight: Any = None) -> Any:
    """(x − y)² / 2 where |x − y| ≤ delta, else delta · (|x − y| − delta/2).

    Args:
        input: predictions, any shape.
        target: of the same shape.
        reduction: "mean", "sum" or "none". Default: "mean".
        delta: where the parabola ends. Default: 1.
        weight: factors of the losses. Default: None.

    Returns:
        A scalar, or the input's shape for "none".

    Raises:
        RuntimeError: delta is not positive.
        ValueError: weights of another shape; a reduction that does not exist.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.huber_loss(torch.tensor([3.]), torch.tensor([1.]))
        tensor(1.5000)

    Source: Huber 1964; PyTorch page `torch.nn.functional.huber_loss`.
    """
    _warn_of_sizes(input, target)
    if weight is not None and tuple(weight.shape) != tuple(input.shape):
        raise ValueError("Weights and input must have the same size.")
    wanted = reduction_of(None, None, reduction) if weight is None else "none"
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    losses = _huber_loss(input, target, delta, wanted)
    return losses if weight is None else _weighted(losses, weight, input, reduction, False)


@op(name="poisson_nll_loss", grad=lambda specs, static: named(
    "AddBackward0" if static[1] else "SubBackward0")(specs, static))
def _poisson_nll_loss(input: Value, target: Value, log_input: bool, full: bool, eps: float,
                      reduction: str) -> Any:
    if log_input:
        losses = ew.exp(input) - target * input
    else:
        losses = input - target * ew.log(input + eps)
    if full:  # Stirling's approximation of log y!
        large = target > 1
        y = ar.where(large, target, ar.literal(1, target.dtype))
        stirling = y * ew.log(y) - y + 0.5 * ew.log(y * (2 * math.pi))
        losses = losses + ar.where(large, stirling, ar.literal(0, target.dtype))
    return reduced(losses, reduction)


def poisson_nll_loss(input: Any, target: Any, log_input: bool = True, full: bool = False,
                     size_average: bool | None = None, eps: float = 1e-8,
                     reduce: bool | None = None, reduction: str = "mean") -> Any:
    """The negative log-likelihood of counts y of a Poisson distribution: e^x − y·x.

    Args:
        input: logarithms of the expected counts (or these themselves), any shape.
        target: counts, of the same shape.
        log_input: the input is given as logarithms; otherwise x − y·log(x + eps). Default: True.
        full: add Stirling's approximation of log y! for y > 1. Default: False.
        eps: keeps the logarithm finite. Default: 1e-8.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the input's shape for "none".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.poisson_nll_loss(torch.tensor([0.]), torch.tensor([2.]))
        tensor(1.)

    Source: PyTorch page `torch.nn.functional.poisson_nll_loss`.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return _poisson_nll_loss(input, target, log_input, full, eps, reduction)


@op(name="gaussian_nll_loss", grad=lambda specs, static: named(
    "AddBackward0" if static[0] else "MulBackward0")(specs, static))
def _gaussian_nll_loss(input: Value, target: Value, var: Value, full: bool, eps: float,
                       reduction: str) -> Any:
    # The variance is raised to eps where smaller, and its gradient is the one at that value.
    difference = input - target
    var = ar.astype(var, difference.dtype)
    floor = ar.where(var < eps, eps - var, ar.literal(0, var.dtype))
    v = var + ew.stop_gradient(floor)
    losses = 0.5 * (ew.log(v) + difference * difference / v)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction)


def gaussian_nll_loss(input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6,
                      reduction: str = "mean") -> Any:
    """The negative log-likelihood (log v + (x − y)²/v) / 2 of normal distributions.

    Args:
        input: expected values, (…, D).
        target: samples, broadcastable to the input.
        var: variances: a number, the input's shape, or that shape with the last dimension missing
            or one dimension of size 1.
        full: add log(2π)/2. Default: False.
        eps: least variance. Default: 1e-6.
        reduction: "mean", "sum" or "none". Default: "mean".

    Returns:
        A scalar, or the input's shape for "none".

    Raises:
        ValueError: a negative variance, or variances of a shape that does not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.gaussian_nll_loss(torch.tensor([1.]), torch.tensor([3.]), 1.)
        tensor(2.)

    Source: Nix and Weigend 1994; PyTorch page `torch.nn.functional.gaussian_nll_loss`.
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
    else:
        if (var._data("gaussian_nll_loss") < 0).any():
            raise ValueError("var has negative entry/entries")
        var = _fitting(var, tuple(input.shape), tuple(var.shape))
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    return _gaussian_nll_loss(input, target, var, full, eps, reduction)


def _fitting(var: Any, shape: tuple[int, ...], own: tuple[int, ...]) -> Any:
    """Variances in a shape that broadcasts to that of the input."""
    if own == shape:
        return var
    if shape[:-1] == own:
        return var.unsqueeze(-1)
    different = [w for n, w in zip(shape, own, strict=False) if n != w]
    if len(shape) == len(own) and sum(different) == 1:
        return var
    raise ValueError("var is of incorrect size")
