"""Features of regions: averages of bilinear samples on a grid."""

from __future__ import annotations

from typing import Any

from flambeau import nn
from flambeau.functional.contraction import einsum
from flambeau.functional.joining import cat, stack
from flambeau.tensor import Tensor
from flambeau.tensor.creation import arange, full


def roi_align(input: Tensor, boxes: Tensor | list[Tensor], output_size: int | tuple[int, int],
              spatial_scale: float = 1.0, sampling_ratio: int = -1,
              aligned: bool = False) -> Tensor:
    """Average bilinear samples of each cell of a grid over each box.

    Args:
        input: (N, C, H, W).
        boxes: (K, 5), image number and corners, or one (L, 4) per image.
        output_size: cells in height and width.
        spatial_scale: from the boxes' coordinates to the input's. Default: 1.
        sampling_ratio: samples along each side of a cell; not positive: the cell's size, rounded
            up. Default: -1.
        aligned: shift by half a pixel, so that pixel centres are at 0.5. Default: False.

    Returns:
        (K, C, *output_size).

    Source: He et al. 2017, "Mask R-CNN"; torchvision, ``torchvision.ops.roi_align``.
    """
    height, width = (output_size, output_size) if isinstance(output_size, int) else output_size
    rows = boxes if isinstance(boxes, Tensor) else cat(
        [cat([full((len(b), 1), float(k), dtype=b.dtype), b], 1)
         for k, b in enumerate(boxes)])
    parts = [_one(input[int(row[0])], row[1:], height, width, spatial_scale, sampling_ratio,
                  aligned) for row in rows]
    return stack(parts) if parts else input.new_zeros(0, input.shape[1], height, width)


def _one(image: Tensor, box: Tensor, height: int, width: int, scale: float, ratio: int,
         aligned: bool) -> Tensor:
    x1, y1, x2, y2 = (float(v) * scale - (0.5 if aligned else 0.0) for v in box)
    w, h = x2 - x1, y2 - y1
    if not aligned:
        w, h = max(w, 1.0), max(h, 1.0)
    across = ratio if ratio > 0 else max(-int(-w // width), 1)
    down = ratio if ratio > 0 else max(-int(-h // height), 1)
    xs = x1 + (arange(width * across) + 0.5) * (w / (width * across))
    ys = y1 + (arange(height * down) + 0.5) * (h / (height * down))
    samples = einsum("yi,cij,xj->cyx", _weights(ys, image.shape[1], image),
                           image, _weights(xs, image.shape[2], image))
    out: Tensor = samples.reshape(-1, height, down, width, across).mean((2, 4))
    return out


def _weights(places: Any, size: int, like: Tensor) -> Tensor:
    """Bilinear weights (places, size) of the pixels; 0 beyond one pixel outside the image."""
    inside = ((places >= -1) & (places <= size)).to(like.dtype)
    clamped = places.clamp(0, size - 1)
    distance = (clamped[:, None] - arange(size)[None]).abs()
    return ((1 - distance).clamp(min=0).to(like.dtype) * inside[:, None]).to(like.dtype)


class RoIAlign(nn.Module):
    """Applies `roi_align`; see there for the arguments.

    Source: torchvision, ``torchvision.ops.RoIAlign``.
    """

    def __init__(self, output_size: int | tuple[int, int], spatial_scale: float,
                 sampling_ratio: int, aligned: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned

    def forward(self, input: Tensor, rois: Tensor | list[Tensor]) -> Tensor:
        """Maps (N, C, H, W) and K boxes to (K, C, *output_size)."""
        return roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio,
                         self.aligned)

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(output_size={self.output_size}, spatial_scale="
                f"{self.spatial_scale}, sampling_ratio={self.sampling_ratio}, aligned="
                f"{self.aligned})")
