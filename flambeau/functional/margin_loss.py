"""Losses that ask for a margin between the scores of classes."""

from __future__ import annotations

from typing import Any

from ..autograd.record import Value, op
from ..dtype import int64, scalar_name
from ..ops import arithmetic as ar
from ..ops import reduction as rd
from ..ops.gather import OutOfRange, put_along, take, take_along
from ..ops.movement import reshape, zeros
from .activation import log_sigmoid
from .loss import legacy_reduction, named, reduced, reduction_of


def positive(x: Any) -> Any:
    """max(0, x), whose gradient passes at 0."""
    return ar.where(x < 0, ar.literal(0, x.dtype), x)


def _rows(x: Any) -> Any:
    return reshape(x, shape=(1, x.size)) if x.ndim < 2 else x


def _check_scores(x: Any) -> None:
    if x.ndim > 2 or (x.ndim == 2 and x.shape[1] == 0) or (x.ndim < 2 and x.size == 0):
        raise RuntimeError("Expected non-empty vector or matrix with optional 0-dim batch size, "
                           f"but got: {list(x.shape)}")


@op(name="multi_margin_loss", grad="MultiMarginLossBackward0")
def _multi_margin_loss(input: Value, target: Value, margin: Value, weight: Value = None,
                       p: int = 1, reduction: str = "mean") -> Any:
    _check_scores(input)
    x = _rows(input)
    rows, classes = x.shape
    if target.ndim > 1 or target.size != rows:
        raise RuntimeError(f"inconsistent target size, got: {list(target.shape)}")
    if weight is not None and weight.size != classes:
        raise RuntimeError(f"inconsistent weight size, got: {list(weight.shape)}")
    index = reshape(ar.astype(target, int64), shape=(rows, 1))
    gaps = margin - take_along(x, index, axis=1) + x
    others = index.ne(reshape(rd.iota(n=classes), shape=(1, classes)))
    losses = ar.where(others & (gaps > 0), gaps if p == 1 else gaps * gaps, ar.literal(0, x.dtype))
    if weight is not None:
        losses = losses * take(weight, index)
    return _per_row(losses, target.shape, reduction)


def _per_row(losses: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """Sums over the classes, divided by their number, then reduced (or in the given shape)."""
    per_row = rd.reduce_sum(losses, axes=(1,)) / losses.shape[1]
    return reshape(per_row, shape=shape) if reduction == "none" else reduced(per_row, reduction)


def multi_margin_loss(input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None,
                      size_average: bool | None = None, reduce: bool | None = None,
                      reduction: str = "mean") -> Any:
    """Σᵢ≠ₜ max(0, margin − x[t] + x[i])^p / C for classes t.

    Args:
        input: scores (N, C) or (C).
        target: classes (N) or ().
        p: 1 or 2. Default: 1.
        margin: the gap asked for. Default: 1.
        weight: factors per class (C). Default: None.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or (N) for "none".

    Raises:
        ValueError: p is neither 1 nor 2.
        RuntimeError: sizes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> x = torch.tensor([[0.1, 0.2, 0.4, 0.8]])
        >>> torch.nn.functional.multi_margin_loss(x, torch.tensor([3]))
        tensor(0.3250)

    Source: PyTorch page `torch.nn.functional.multi_margin_loss`.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    _check_range(target, input.shape[-1] if input.ndim else 1)
    return _multi_margin_loss(input, target, margin, weight, p, reduction)


def _check_range(target: Any, classes: int) -> None:
    data = target._value().data
    if data is not None and data.size and (data.min() < 0 or data.max() >= classes):
        raise _no_target()


def _no_target(*facts: int) -> Exception:
    return RuntimeError("target out of range")


OutOfRange.wordings["multi_margin_loss"] = _no_target


@op(name="multilabel_margin_loss", grad="MultilabelMarginLossBackward0")
def _multilabel_margin_loss(input: Value, target: Value, reduction: str) -> Any:
    _check_scores(input)
    if target.shape != input.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: "
                           f"{list(input.shape)}")
    if target.dtype is not int64:
        raise RuntimeError(f"expected scalar type Long but found {scalar_name(target.dtype)}")
    x, t = _rows(input), _rows(target)
    rows, classes = x.shape
    listed = rd.cumprod(ar.astype(t >= 0, int64), axis=1, reverse=False)  # until the first -1
    index = t * listed
    is_target = put_along(zeros(t.shape, t), index, listed, axis=1, mode="max")
    gaps = (1 - reshape(take_along(x, index, axis=1), shape=(rows, classes, 1))
            + reshape(x, shape=(rows, 1, classes)))
    counts = (reshape(listed, shape=(rows, classes, 1)).eq(1)
              & reshape(is_target, shape=(rows, 1, classes)).eq(0) & (gaps > 0))
    losses = rd.reduce_sum(ar.where(counts, gaps, ar.literal(0, x.dtype)), axes=(1,))
    return _per_row(losses, input.shape[:-1], reduction)


def multilabel_margin_loss(input: Any, target: Any, size_average: bool | None = None,
                           reduce: bool | None = None, reduction: str = "mean") -> Any:
    """Σⱼ Σᵢ max(0, 1 − x[j] + x[i]) / C over the target classes j and all other classes i.

    Args:
        input: scores (N, C) or (C).
        target: in each row the target classes, then −1; the input's shape.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or (N) for "none".

    Raises:
        RuntimeError: sizes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> x, y = torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]])
        >>> torch.nn.functional.multilabel_margin_loss(x, y)
        tensor(0.8500)

    Source: PyTorch page `torch.nn.functional.multilabel_margin_loss`.
    """
    return _multilabel_margin_loss(input, target, reduction_of(size_average, reduce, reduction))


@op(name="multilabel_soft_margin_loss", grad=named("DivBackward0"))
def _multilabel_soft_margin_loss(input: Value, target: Value, weight: Value = None,
                                 reduction: str = "mean") -> Any:
    losses = -(target * log_sigmoid(input) + (1 - target) * log_sigmoid(-input))
    if weight is not None:
        losses = losses * weight
    axis = input.ndim - 1
    return reduced(rd.reduce_sum(losses, axes=(axis,)) / input.shape[axis], reduction)


def multilabel_soft_margin_loss(input: Any, target: Any, weight: Any = None,
                                size_average: bool | None = None, reduce: bool | None = None,
                                reduction: str = "mean") -> Any:
    """The mean over the classes of −y·log σ(x) − (1 − y)·log σ(−x).

    Args:
        input: scores (…, C).
        target: labels 0 or 1, of the same shape.
        weight: factors, broadcastable. Default: None.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the shape without the classes for "none".

    Example:
        >>> import flambeau as torch
        >>> loss = torch.nn.functional.multilabel_soft_margin_loss
        >>> loss(torch.zeros(1, 2), torch.ones(1, 2))
        tensor(0.6931)

    Source: PyTorch page `torch.nn.functional.multilabel_soft_margin_loss`.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    return _multilabel_soft_margin_loss(input, target, weight, reduction)
