"""Losses of detection models."""

from __future__ import annotations

from flambeau.functional.comparison import where
from flambeau.functional.pointwise import sigmoid
from flambeau.functional.reduction import max as max_of
from flambeau.functional.reduction import min as min_of
from flambeau.nn import functional as F
from flambeau.tensor import Tensor
from flambeau.tensor.creation import zeros_like
from flambeau.vision.ops.boxes import _aspect, _distance, _upcast


def _reduced(loss: Tensor, reduction: str) -> Tensor:
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean() if loss.numel() else 0.0 * loss.sum()
    raise ValueError(f"Invalid Value for arg 'reduction': '{reduction} \n Supported reduction "
                     "modes: 'none', 'mean', 'sum'")


def sigmoid_focal_loss(inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2,
                       reduction: str = "none") -> Tensor:
    """Binary cross entropy that counts easy examples less: α (1 - p)^γ · CE.

    Args:
        inputs: scores before the sigmoid, of any shape.
        targets: 0 or 1, of the same shape.
        alpha: weight of the positive class, or negative to leave it out. Default: 0.25.
        gamma: how much easy examples lose. Default: 2.
        reduction: "none", "mean" or "sum". Default: "none".

    Raises:
        ValueError: for another reduction, or alpha above 1.

    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection"; torchvision,
    ``torchvision.ops.sigmoid_focal_loss``.
    """
    if alpha > 1 or -1 < alpha < 0:
        raise ValueError(f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 "
                         "for ignore.")
    p = sigmoid(inputs)
    ce = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    right = p * targets + (1 - p) * (1 - targets)
    loss = ce * (1 - right) ** gamma
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return _reduced(loss, reduction)


def _pairs(boxes1: Tensor, boxes2: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Boxes row by row, their IoU, and their union."""
    a, b = _upcast(boxes1), _upcast(boxes2)
    sides = min_of(a[..., 2:], b[..., 2:]) - max_of(a[..., :2], b[..., :2])
    meet = (sides > 0).all(-1)
    inter = where(meet, sides[..., 0] * sides[..., 1], zeros_like(sides[..., 0]))
    size_a, size_b = a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2]
    union = size_a.prod(-1) + size_b.prod(-1) - inter
    return a, b, inter / (union + eps), union


def generalized_box_iou_loss(boxes1: Tensor, boxes2: Tensor, reduction: str = "none",
                             eps: float = 1e-7) -> Tensor:
    """1 - generalized IoU, row by row.

    Source: torchvision, ``torchvision.ops.generalized_box_iou_loss``.
    """
    a, b, iou, union = _pairs(boxes1, boxes2, eps)
    sides = max_of(a[..., 2:], b[..., 2:]) - min_of(a[..., :2], b[..., :2])
    hull = sides[..., 0] * sides[..., 1]
    return _reduced(1 - (iou - (hull - union) / (hull + eps)), reduction)


def distance_box_iou_loss(boxes1: Tensor, boxes2: Tensor, reduction: str = "none",
                          eps: float = 1e-7) -> Tensor:
    """1 - distance IoU, row by row.

    Source: torchvision, ``torchvision.ops.distance_box_iou_loss``.
    """
    a, b, iou, _ = _pairs(boxes1, boxes2, eps)
    return _reduced(1 - iou + _distance(a, b, eps), reduction)


def complete_box_iou_loss(boxes1: Tensor, boxes2: Tensor, reduction: str = "none",
                          eps: float = 1e-7) -> Tensor:
    """1 - complete IoU, row by row.

    Source: torchvision, ``torchvision.ops.complete_box_iou_loss``.
    """
    a, b, iou, _ = _pairs(boxes1, boxes2, eps)
    return _reduced(1 - iou + _distance(a, b, eps) + _aspect(a, b, iou, eps), reduction)
