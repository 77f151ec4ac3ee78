"""Boxes as rows (x1, y1, x2, y2): areas, overlaps, conversions, and which of them to keep."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.autograd import no_grad
from flambeau.dtype import bfloat16, float16, float32, float64, int32, int64
from flambeau.functional.comparison import where
from flambeau.functional.joining import stack
from flambeau.functional.pointwise import atan
from flambeau.functional.reduction import max as max_of
from flambeau.functional.reduction import min as min_of
from flambeau.functional.sorting import argsort
from flambeau.tensor import Tensor
from flambeau.tensor.data import from_numpy, tensor

FORMATS = ("xyxy", "xywh", "cxcywh")


def box_area(boxes: Tensor) -> Tensor:
    """Area of each box: (x2 - x1) · (y2 - y1).

    Args:
        boxes: (N, 4), x1 ≤ x2 and y1 ≤ y2.

    Returns:
        (N,).

    Example:
        >>> import flambeau as torch
        >>> box_area(torch.tensor([[0., 0., 2., 3.]]))
        tensor([6.])

    Source: torchvision, ``torchvision.ops.box_area``.
    """
    boxes = _upcast(boxes)
    area: Tensor = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return area


def _upcast(x: Tensor) -> Tensor:
    """Wide enough that products do not overflow."""
    if x.is_floating_point():
        return x if x.dtype in (float32, float64) else x.float()
    return x if x.dtype in (int32, int64) else x.int()


def _overlaps(boxes1: Tensor, boxes2: Tensor) -> tuple[Tensor, Tensor]:
    """Areas of intersection and of union of each pair."""
    low = max_of(boxes1[:, None, :2], boxes2[:, :2])
    high = min_of(boxes1[:, None, 2:], boxes2[:, 2:])
    sides = _upcast(high - low).clamp(min=0)
    inter = sides[:, :, 0] * sides[:, :, 1]
    return inter, box_area(boxes1)[:, None] + box_area(boxes2) - inter


def box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Intersection over union of each pair of boxes.

    Args:
        boxes1: (N, 4); boxes2: (M, 4).

    Returns:
        (N, M), between 0 and 1.

    Example:
        >>> import flambeau as torch
        >>> box_iou(torch.tensor([[0., 0., 2., 2.]]), torch.tensor([[1., 0., 3., 2.]]))
        tensor([[0.3333]])

    Source: torchvision, ``torchvision.ops.box_iou``.
    """
    inter, union = _overlaps(boxes1, boxes2)
    return inter / union


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """IoU less the share of the smallest enclosing box that neither covers.

    Source: torchvision, ``torchvision.ops.generalized_box_iou``.
    """
    inter, union = _overlaps(boxes1, boxes2)
    low = min_of(boxes1[:, None, :2], boxes2[:, :2])
    high = max_of(boxes1[:, None, 2:], boxes2[:, 2:])
    sides = _upcast(high - low).clamp(min=0)
    hull = sides[:, :, 0] * sides[:, :, 1]
    return inter / union - (hull - union) / hull


def distance_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """IoU less the squared distance of the centres over that of the enclosing box's corners.

    Source: torchvision, ``torchvision.ops.distance_box_iou``.
    """
    boxes1, boxes2 = _upcast(boxes1), _upcast(boxes2)
    return box_iou(boxes1, boxes2) - _distance(boxes1[:, None], boxes2, eps)


def _distance(a: Tensor, b: Tensor, eps: float) -> Tensor:
    low, high = min_of(a[..., :2], b[..., :2]), max_of(a[..., 2:], b[..., 2:])
    diagonal = ((high - low).clamp(min=0) ** 2).sum(-1) + eps
    centres = (a[..., :2] + a[..., 2:]) / 2 - (b[..., :2] + b[..., 2:]) / 2
    return (centres ** 2).sum(-1) / diagonal


def complete_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """Distance IoU less a term for different aspect ratios.

    Source: torchvision, ``torchvision.ops.complete_box_iou``.
    """
    boxes1, boxes2 = _upcast(boxes1), _upcast(boxes2)
    iou = box_iou(boxes1, boxes2)
    return iou - _distance(boxes1[:, None], boxes2, eps) - _aspect(boxes1[:, None], boxes2, iou,
                                                                  eps)


def _aspect(a: Tensor, b: Tensor, iou: Tensor, eps: float) -> Tensor:
    angles = [atan((x[..., 2] - x[..., 0]) / (x[..., 3] - x[..., 1])) for x in (a, b)]
    v = 4 / math.pi ** 2 * (angles[0] - angles[1]) ** 2
    with no_grad():
        alpha = v / (1 - iou + v + eps)
    return alpha * v


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Write boxes in another way.

    Args:
        boxes: (N, 4).
        in_fmt, out_fmt: "xyxy" (two corners), "xywh" (corner and size) or "cxcywh" (centre and
            size).

    Raises:
        ValueError: for other formats.

    Example:
        >>> import flambeau as torch
        >>> box_convert(torch.tensor([[1., 1., 3., 5.]]), "xyxy", "cxcywh")
        tensor([[2., 3., 2., 4.]])

    Source: torchvision, ``torchvision.ops.box_convert``.
    """
    if in_fmt not in FORMATS or out_fmt not in FORMATS:
        raise ValueError(f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and "
                         f"out_fmt {out_fmt}")
    if in_fmt == out_fmt:
        return boxes.clone()
    a, b, c, d = boxes.unbind(-1)
    if in_fmt == "xywh":
        a, b, c, d = a, b, a + c, b + d
    elif in_fmt == "cxcywh":
        a, b, c, d = a - 0.5 * c, b - 0.5 * d, a + 0.5 * c, b + 0.5 * d
    if out_fmt == "xywh":
        a, b, c, d = a, b, c - a, d - b
    elif out_fmt == "cxcywh":
        a, b, c, d = (a + c) / 2, (b + d) / 2, c - a, d - b
    out: Tensor = stack((a, b, c, d), dim=-1)
    return out


def clip_boxes_to_image(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Move corners that lie outside an image onto its border.

    Args:
        boxes: (…, 4).
        size: height and width of the image.

    Source: torchvision, ``torchvision.ops.clip_boxes_to_image``.
    """
    height, width = size
    x, y = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return stack((x, y), dim=-1).reshape(boxes.shape)


def remove_small_boxes(boxes: Tensor, min_size: float) -> Tensor:
    """The numbers of the boxes whose sides are both at least `min_size` long.

    Source: torchvision, ``torchvision.ops.remove_small_boxes``.
    """
    wide = boxes[:, 2] - boxes[:, 0] >= min_size
    high = boxes[:, 3] - boxes[:, 1] >= min_size
    return where(wide & high)[0]


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Keep boxes from the highest score down, dropping those that overlap a kept one too much.

    Args:
        boxes: (N, 4).
        scores: (N,).
        iou_threshold: a box whose IoU with a kept one exceeds it is dropped.

    Returns:
        Numbers of the kept boxes, int64, by falling score.

    Raises:
        RuntimeError: for tensors of other shapes.

    Example:
        >>> import flambeau as torch
        >>> boxes = torch.tensor([[0., 0., 2., 2.], [0., 0., 2., 1.9], [5., 5., 6., 6.]])
        >>> nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5)
        tensor([1, 2])

    Source: torchvision, ``torchvision.ops.nms``.
    """
    _check_nms(boxes, scores)
    corners = boxes.detach().float().numpy() if boxes.dtype in (
        float16, bfloat16) else boxes.detach().numpy()
    order = argsort(scores.detach(), stable=True, descending=True).numpy()
    x1, y1, x2, y2 = corners.T
    areas = (x2 - x1) * (y2 - y1)
    kept = []
    while order.size:
        best, order = order[0], order[1:]
        kept.append(int(best))
        wide = np.minimum(x2[best], x2[order]) - np.maximum(x1[best], x1[order])
        high = np.minimum(y2[best], y2[order]) - np.maximum(y1[best], y1[order])
        inter = wide.clip(0) * high.clip(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            over = inter / (areas[best] + areas[order] - inter) > iou_threshold
        order = order[~over]
    out: Tensor = tensor(kept, dtype=int64)
    return out


def _check_nms(boxes: Tensor, scores: Tensor) -> None:
    if boxes.ndim != 2:
        raise RuntimeError(f"boxes should be a 2d tensor, got {boxes.ndim}D")
    if boxes.shape[1] != 4:
        raise RuntimeError("boxes should have 4 elements in dimension 1, got "
                           f"{boxes.shape[1]}")
    if scores.ndim != 1:
        raise RuntimeError(f"scores should be a 1d tensor, got {scores.ndim}D")
    if len(boxes) != len(scores):
        raise RuntimeError("boxes and scores should have same number of elements in dimension 0, "
                           f"got {len(boxes)} and {len(scores)}")


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """`nms` within each class: boxes of different classes never drop one another.

    Args:
        boxes: (N, 4); scores: (N,); idxs: (N,), the classes.
        iou_threshold: as for `nms`.

    Source: torchvision, ``torchvision.ops.batched_nms``.
    """
    keep = np.zeros(len(boxes), bool)
    for number in np.unique(idxs.numpy()):
        members = where(idxs == int(number))[0]
        keep[members[nms(boxes[members], scores[members], iou_threshold)].numpy()] = True
    kept = where(from_numpy(keep))[0]
    return kept[scores[kept].sort(descending=True)[1]]


def masks_to_boxes(masks: Tensor) -> Tensor:
    """The smallest box around each mask.

    Args:
        masks: (N, H, W).

    Returns:
        (N, 4), float32.

    Source: torchvision, ``torchvision.ops.masks_to_boxes``.
    """
    rows: list[Any] = []
    for mask in masks.numpy():
        y, x = np.nonzero(mask)
        rows.append([x.min(), y.min(), x.max(), y.max()] if len(x) else [0, 0, 0, 0])
    out: Tensor = tensor(np.array(rows, np.float32).reshape(-1, 4))
    return out
