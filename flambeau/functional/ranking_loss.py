"""Losses that compare two or three inputs with each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.record import Value, op
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from .distance import distance, pairwise_distance
from .loss import named, reduced, reduction_of
from .margin_loss import positive


@op(name="margin_ranking_loss", grad=named("ClampMinBackward0"))
def _margin_ranking_loss(input1: Value, input2: Value, target: Value, margin: Value,
                         reduction: str) -> Any:
    return reduced(positive(-target * (input1 - input2) + margin), reduction)


def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0,
                        size_average: bool | None = None, reduce: bool | None = None,
                        reduction: str = "mean") -> Any:
    """max(0, −y·(x₁ − x₂) + margin) for y of 1 (x₁ is to rank higher) or −1.

    Args:
        input1, input2, target: of one shape.
        margin: the gap asked for. Default: 0.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the inputs' shape for "none".

    Raises:
        RuntimeError: different numbers of dimensions.

    Example:
        >>> import flambeau as torch
        >>> one, two = torch.tensor([1.]), torch.tensor([2.])
        >>> torch.nn.functional.margin_ranking_loss(one, two, torch.tensor([1.]))
        tensor(1.)

    Source: PyTorch page `torch.nn.functional.margin_ranking_loss`.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} ")
    return _margin_ranking_loss(input1, input2, target, margin, reduction)


@op(name="hinge_embedding_loss", grad=named("AddBackward0"))
def _hinge_embedding_loss(input: Value, target: Value, margin: Value, reduction: str) -> Any:
    zero = ar.literal(0, input.dtype)
    return reduced(ar.where(target.ne(1), positive(margin - input), zero)
                   + ar.where(target.ne(-1), input, zero), reduction)


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0,
                         size_average: bool | None = None, reduce: bool | None = None,
                         reduction: str = "mean") -> Any:
    """x where y = 1, max(0, margin − x) where y = −1.

    Args:
        input: distances, any shape.
        target: 1 or −1, of the same shape.
        margin: the distance asked for. Default: 1.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the input's shape for "none".

    Example:
        >>> import flambeau as torch
        >>> loss = torch.nn.functional.hinge_embedding_loss
        >>> loss(torch.tensor([0.25]), torch.tensor([-1.]))
        tensor(0.7500)

    Source: PyTorch page `torch.nn.functional.hinge_embedding_loss`.
    """
    return _hinge_embedding_loss(input, target, margin,
                                 reduction_of(size_average, reduce, reduction))


@op(name="cosine_embedding_loss", grad=named("AddBackward0"))
def _cosine_embedding_loss(input1: Value, input2: Value, target: Value, margin: Value,
                           reduction: str) -> Any:
    axis = target.ndim
    if axis > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not input1.ndim == input2.ndim == axis + 1:
        raise RuntimeError(
            f"{axis}D target tensor expects {axis + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}.")
    a, b = ar.operands(input1, input2)

    def total(x: Any) -> Any:
        return rd.reduce_sum(x, axes=(axis,))
    cosine = total(a * b) / ew.sqrt((total(a * a) + 1e-12) * (total(b * b) + 1e-12))
    zero = ar.literal(0, cosine.dtype)
    return reduced(ar.where(target.eq(1), 1 - cosine, zero)
                   + ar.where(target.eq(-1), positive(cosine - margin), zero), reduction)


def cosine_embedding_loss(input1: Any, input2: Any, target: Any, margin: float = 0,
                          size_average: bool | None = None, reduce: bool | None = None,
                          reduction: str = "mean") -> Any:
    """1 − cos(x₁, x₂) where y = 1, max(0, cos(x₁, x₂) − margin) where y = −1.

    Args:
        input1, input2: (N, D) or (D).
        target: 1 or −1, (N) or ().
        margin: the cosine allowed to unlike pairs. Default: 0.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the target's shape for "none".

    Raises:
        RuntimeError: numbers of dimensions that do not fit.

    Example:
        >>> import flambeau as torch
        >>> a, b = torch.tensor([[1., 0.]]), torch.tensor([[0., 1.]])
        >>> torch.nn.functional.cosine_embedding_loss(a, b, torch.tensor([1.]))
        tensor(1.)

    Source: PyTorch page `torch.nn.functional.cosine_embedding_loss`.
    """
    return _cosine_embedding_loss(input1, input2, target, margin,
                                  reduction_of(size_average, reduce, reduction))


def _check_triplet(anchor: Any, positive_: Any, negative: Any) -> None:
    if not anchor.ndim == positive_.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.ndim}D, positive {positive_.ndim}D, and negative "
            f"{negative.ndim}D inputs")


@op(name="triplet_margin_loss", grad=named("ClampMinBackward0"))
def _triplet_margin_loss(anchor: Value, near: Value, far: Value, margin: Value, p: float,
                         eps: float, swap: bool, reduction: str) -> Any:
    _check_triplet(anchor, near, far)
    to_far = distance(anchor, far, p, eps)
    if swap:
        to_far = ew.minimum(to_far, distance(near, far, p, eps))
    return reduced(positive(margin + distance(anchor, near, p, eps) - to_far), reduction)


def triplet_margin_loss(anchor: Any, positive: Any, negative: Any, margin: float = 1.0,
                        p: float = 2, eps: float = 1e-6, swap: bool = False,
                        size_average: bool | None = None, reduce: bool | None = None,
                        reduction: str = "mean") -> Any:
    """max(0, margin + d(anchor, positive) − d(anchor, negative)), d the p-norm distance.

    Args:
        anchor, positive, negative: (N, D) or (D).
        margin: the gap asked for. Default: 1.
        p: order of the norm. Default: 2.
        eps: added to the differences. Default: 1e-6.
        swap: take d(positive, negative) for the last distance where smaller. Default: False.
        reduction: "mean", "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or (N) for "none".

    Raises:
        ValueError: margin is not positive.
        RuntimeError: different numbers of dimensions.

    Example:
        >>> import flambeau as torch
        >>> a, n = torch.tensor([[0., 0.]]), torch.tensor([[3., 4.]])
        >>> torch.nn.functional.triplet_margin_loss(a, a, n, margin=6.)
        tensor(1.0000)

    Source: Balntas et al. 2016; PyTorch page `torch.nn.functional.triplet_margin_loss`.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return _triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction)


def triplet_margin_with_distance_loss(
        anchor: Any, positive: Any, negative: Any, *,
        distance_function: Callable[[Any, Any], Any] | None = None, margin: float = 1.0,
        swap: bool = False, reduction: str = "mean") -> Any:
    """max(0, margin + d(anchor, positive) − d(anchor, negative)) for a distance d of one's own.

    Args:
        anchor, positive, negative: of one number of dimensions.
        distance_function: gives the distances of two tensors. Default: `pairwise_distance`.
        margin: the gap asked for. Default: 1.
        swap: take d(positive, negative) for the last distance where smaller. Default: False.
        reduction: "mean", "sum" or "none". Default: "mean".

    Returns:
        A scalar, or the distances' shape for "none".

    Raises:
        ValueError: margin is not positive, or a reduction that does not exist.
        RuntimeError: different numbers of dimensions.

    Example:
        >>> import flambeau as torch
        >>> a, n = torch.tensor([[0., 0.]]), torch.tensor([[3., 4.]])
        >>> loss = torch.nn.functional.triplet_margin_with_distance_loss
        >>> loss(a, a, n, distance_function=lambda x, y: (x - y).abs().sum(1), margin=8.)
        tensor(1.)

    Source: Balntas et al. 2016; PyTorch page
        `torch.nn.functional.triplet_margin_with_distance_loss`.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    _check_triplet(anchor, positive, negative)
    measure = distance_function or pairwise_distance
    to_near, to_far = measure(anchor, positive), measure(anchor, negative)
    if swap:
        to_far = to_far.minimum(measure(positive, negative))
    losses = (margin + to_near - to_far).clamp_min(0)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()
