"""Boxes, losses and blocks of vision models; `torchvision.ops`."""

from __future__ import annotations

from flambeau.vision.ops import boxes, misc
from flambeau.vision.ops.boxes import (
    batched_nms,
    box_area,
    box_convert,
    box_iou,
    clip_boxes_to_image,
    complete_box_iou,
    distance_box_iou,
    generalized_box_iou,
    masks_to_boxes,
    nms,
    remove_small_boxes,
)
from flambeau.vision.ops.losses import (
    complete_box_iou_loss,
    distance_box_iou_loss,
    generalized_box_iou_loss,
    sigmoid_focal_loss,
)
from flambeau.vision.ops.misc import (
    MLP,
    Conv2dNormActivation,
    Conv3dNormActivation,
    FrozenBatchNorm2d,
    Permute,
    SqueezeExcitation,
)
from flambeau.vision.ops.pooling import RoIAlign, roi_align
from flambeau.vision.ops.stochastic_depth import StochasticDepth, stochastic_depth

__all__ = ["Conv2dNormActivation", "Conv3dNormActivation", "FrozenBatchNorm2d", "MLP", "Permute",
           "RoIAlign", "SqueezeExcitation", "StochasticDepth", "batched_nms", "box_area",
           "box_convert", "box_iou", "boxes", "clip_boxes_to_image", "complete_box_iou",
           "complete_box_iou_loss", "distance_box_iou", "distance_box_iou_loss",
           "generalized_box_iou", "generalized_box_iou_loss", "masks_to_boxes", "misc", "nms",
           "remove_small_boxes", "roi_align", "sigmoid_focal_loss", "stochastic_depth"]
