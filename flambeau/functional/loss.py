"""Losses of class scores: log-likelihood and cross entropy."""

from __future__ import annotations

import warnings
from typing import Any

from ..autograd.record import Value, op
from ..dtype import FLOATING, int64, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.gather import OutOfRange, take, take_along
from ..ops.movement import expand, reshape
from .softmax import log_softmax


def legacy_reduction(size_average: bool | None, reduce: bool | None, reduction: str,
                     stacklevel: int = 3) -> str:
    """The reduction that the old arguments `size_average` and `reduce` ask for."""
    if size_average is None and reduce is None:
        return reduction
    average = True if size_average is None else size_average
    asked = ("mean" if average else "sum") if (True if reduce is None else reduce) else "none"
    warnings.warn("size_average and reduce args will be deprecated, please use "
                  f"reduction='{asked}' instead.", stacklevel=stacklevel)
    return asked


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """"none", "mean" or "sum", from the arguments of a loss.

    Raises:
        ValueError: for a reduction that does not exist.
    """
    reduction = legacy_reduction(size_average, reduce, reduction, 4)
    if reduction in ("none", "mean", "sum"):
        return reduction
    if reduction == "elementwise_mean":
        warnings.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' "
                      "instead.", stacklevel=3)
        return "mean"
    raise ValueError(f"{reduction} is not a valid value for reduction")


def named(elementwise: str) -> Any:
    """Tape names of a loss made of several operations in PyTorch: that of the last one."""
    names = {"none": elementwise, "mean": "MeanBackward0", "sum": "SumBackward0"}

    def grad_name(specs: Any, static: Any) -> str:
        return names[static[-1]]
    return grad_name


def reduced(losses: Any, reduction: str) -> Any:
    """All losses, their sum or their mean."""
    if reduction == "none":
        return losses
    total = rd.reduce_sum(losses, axes=tuple(range(losses.ndim))) if losses.ndim else losses
    if reduction == "sum":
        return total
    return total / losses.size if losses.size else total / 0.0


def _class_weights(weight: Any, target: Any, classes: int) -> Any:
    if weight.shape != (classes,) and target.ndim > 1:
        raise RuntimeError("weight tensor should be defined either for all or no classes")
    if weight.shape != (classes,):
        raise RuntimeError("weight tensor should be defined either for all "
                           f"{classes} classes or no classes but got weight tensor of shape: "
                           f"{list(weight.shape)}")
    return take(weight, target)


def _picked(log_p: Any, target: Any, weight: Any, ignore_index: int) -> tuple[Any, Any]:
    """Losses −w[t]·log p[t] in the shape of the target, and the weights of their mean."""
    axis = 1 if log_p.ndim > 1 else 0
    valid = target.ne(ignore_index)
    safe = ar.where(valid, target, 0)
    index = reshape(safe, shape=(*safe.shape[:axis], 1, *safe.shape[axis:]))
    chosen = reshape(take_along(log_p, index, axis=axis), shape=target.shape)
    scale = ew.cast(valid, dtype=log_p.dtype)
    if weight is not None:
        scale = scale * _class_weights(weight, safe, log_p.shape[axis])
    return ar.where(valid, -chosen, ar.literal(0, log_p.dtype)) * scale, scale


def _averaged(losses: Any, scale: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    axes = tuple(range(losses.ndim))
    total = rd.reduce_sum(losses, axes=axes) if axes else losses
    if reduction == "sum":
        return total
    return total / (rd.reduce_sum(scale, axes=axes) if axes else scale)


def _check_target(x: Any, target: Any) -> Any:
    """The classes as int64, after PyTorch's checks of dtype and shape."""
    if x.ndim == 0:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if x.ndim > 1 and (not target.ndim or x.shape[0] != target.shape[0]):
        if not target.ndim:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        raise ValueError(f"Expected input batch_size ({x.shape[0]}) to match target batch_size "
                         f"({target.shape[0]}).")
    want = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    if target.shape != want:
        _complain_of_shapes(x, target, want)
    if target.dtype is not int64 and target.dtype.name != "uint8":
        raise RuntimeError("expected target dtype to be Long or Byte, but got "
                           f"{scalar_name(target.dtype)}")
    return ar.astype(target, int64)


def _complain_of_shapes(x: Any, target: Any, want: tuple[int, ...]) -> None:
    if x.ndim < 3:
        if target.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        raise RuntimeError(f"size mismatch (got input: {list(x.shape)}, target: "
                           f"{list(target.shape)})")
    if x.ndim != 4:
        raise RuntimeError(f"Expected target size {list(want)}, got {list(target.shape)}")
    if target.ndim != 3:
        raise RuntimeError("only batches of spatial targets supported (3D tensors) but got targets "
                           f"of dimension: {target.ndim}")
    raise RuntimeError(f"size mismatch (got input: {list(x.shape)} , target: {list(target.shape)}")


def _nll_name(specs: Any, static: Any) -> str:
    ndim = len(specs[0].shape)
    if ndim > 2 and ndim != 4 and static[1] == "none":
        return "ViewBackward0"
    return "NllLoss2DBackward0" if ndim > 2 else "NllLossBackward0"


def _cross_entropy_name(specs: Any, static: Any) -> str:
    smoothed = len(specs) > 3 and specs[3] is not None
    return "AddBackward0" if smoothed else _nll_name(specs, static)


@op(name="nll_loss", grad=_nll_name)
def _nll_loss(input: Value, target: Value, weight: Value = None, ignore_index: int = -100,
              reduction: str = "mean") -> Any:
    target = _check_target(input, target)
    return _averaged(*_picked(input, target, weight, ignore_index), reduction)


@op(name="cross_entropy", grad=_cross_entropy_name)
def _cross_entropy(input: Value, target: Value, weight: Value = None, ignore_index: int = -100,
                   reduction: str = "mean", label_smoothing: Value = None) -> Any:
    axis = 1 if input.ndim > 1 else 0
    target = _check_target(input, target)
    log_p = log_softmax(input, axis)
    losses, scale = _picked(log_p, target, weight, ignore_index)
    hard = _averaged(losses, scale, reduction)
    if label_smoothing is None:
        return hard
    label_smoothing = ar.astype(label_smoothing, log_p.dtype)
    classes = input.shape[axis]
    weighted = log_p if weight is None else log_p * _along(weight, axis, log_p)
    smooth = -rd.reduce_sum(weighted, axes=(axis,))
    valid = target.ne(ignore_index)
    smooth = ar.where(valid, smooth, ar.literal(0, log_p.dtype))
    soft = _averaged(smooth, scale, reduction)
    return hard * (1 - label_smoothing) + soft * (label_smoothing / classes)


def _along(weight: Any, axis: int, like: Any) -> Any:
    shape = tuple(weight.shape[0] if i == axis else 1 for i in range(like.ndim))
    return expand(reshape(weight, shape=shape), shape=like.shape)


@op(name="cross_entropy_probabilities", grad=lambda specs, static: (
    "DivBackward1" if static[0] == "mean" else "NegBackward0"))
def _soft_cross_entropy(input: Value, target: Value, weight: Value = None,
                        reduction: str = "mean", label_smoothing: Value = None) -> Any:
    axis = 1 if input.ndim > 1 else 0
    log_p = log_softmax(input, axis)
    if label_smoothing is not None:
        label_smoothing = ar.astype(label_smoothing, log_p.dtype)
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[axis]
    product = log_p * target
    if weight is not None:
        product = product * _along(weight, axis, log_p)
    losses = -rd.reduce_sum(product, axes=(axis,))
    if reduction == "none":
        return losses
    total = rd.reduce_sum(losses, axes=tuple(range(losses.ndim))) if losses.ndim else losses
    if reduction == "sum":
        return total
    return total / max(input.size // max(input.shape[axis], 1), 1)


def nll_loss(input: Any, target: Any, weight: Any = None, size_average: bool | None = None,
             ignore_index: int = -100, reduce: bool | None = None,
             reduction: str = "mean") -> Any:
    """The negative log-likelihood −w[t]·x[t] of classes t.

    Args:
        input: log-probabilities (N, C), (C) or (N, C, d1, …).
        target: classes (N), () or (N, d1, …), int64.
        weight: (C). Default: None.
        ignore_index: class that does not count. Default: -100.
        reduction: "mean" (weighted), "sum" or "none". Default: "mean".
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the target's shape for "none".
    """
    reduction = reduction_of(size_average, reduce, reduction)
    check_classes(input, target, ignore_index)
    return _nll_loss(input, target, weight, ignore_index, reduction)


def check_classes(input: Any, target: Any, ignore_index: int) -> None:
    """Raise for a class out of range, where the target's values are at hand.

    Raises:
        IndexError: as PyTorch words it.
    """
    data = target._value().data
    if data is None or not data.size or data.dtype.kind not in "iu":
        return
    if target.ndim != max(input.ndim - 1, 0):
        return  # the shapes are complained of first
    classes = input.shape[1 if input.ndim > 1 else 0]
    low, high = data.min(), data.max()
    if low < 0 or high >= classes:
        wrong = data[((data < 0) | (data >= classes)) & (data != ignore_index)]
        if wrong.size:
            raise _no_class(int(wrong.reshape(-1)[0]))


def _no_class(index: int, *facts: int) -> Exception:
    return IndexError(f"Target {index} is out of bounds.")


OutOfRange.wordings |= dict.fromkeys(("nll_loss", "cross_entropy"), _no_class)


def cross_entropy(input: Any, target: Any, weight: Any = None, size_average: bool | None = None,
                  ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> Any:
    """−w[t] · log softmax(x)[t] for classes t, or −Σ p·log softmax(x) for probabilities p.

    Args:
        input: scores (N, C), (C) or (N, C, d1, …).
        target: classes (int64), or probabilities in the shape of the input.
        weight: (C). Default: None.
        ignore_index: class that does not count. Default: -100.
        reduction: "mean" (weighted), "sum" or "none". Default: "mean".
        label_smoothing: share of the target spread evenly over all classes. Default: 0.
        size_average, reduce: old spellings of reduction.

    Returns:
        A scalar, or the target's shape for "none".

    Raises:
        RuntimeError, ValueError, IndexError: where shapes, dtypes or classes do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.cross_entropy(torch.zeros(1, 2), torch.tensor([1]))
        tensor(0.6931)

    Source: PyTorch page `torch.nn.functional.cross_entropy`.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError("label_smoothing must be between 0.0 and 1.0. Got: "
                           f"{label_smoothing:g}")
    smoothing = label_smoothing if label_smoothing > 0 else None
    if input.shape == target.shape:
        if target.dtype.category != FLOATING:
            raise RuntimeError("Expected floating point type for target with class probabilities, "
                               f"got {scalar_name(target.dtype)}")
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
        return _soft_cross_entropy(input, target, weight, reduction, smoothing)
    check_classes(input, target, ignore_index)
    return _cross_entropy(input, target, weight, ignore_index, reduction, smoothing)

