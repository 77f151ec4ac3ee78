"""Pictures for people: grids, files, boxes drawn into images; `torchvision.utils`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from flambeau.autograd import no_grad
from flambeau.dtype import bool_, int64, uint8
from flambeau.functional.joining import stack
from flambeau.functional.queries import is_tensor
from flambeau.tensor import Tensor
from flambeau.tensor.data import from_numpy
from flambeau.utils.tensorboard.images import png
from flambeau.vision.pillow import pillow

__all__ = ["draw_bounding_boxes", "draw_segmentation_masks", "make_grid", "save_image"]


@no_grad()
def make_grid(tensor: Any, nrow: int = 8, padding: int = 2, normalize: bool = False,
              value_range: tuple[float, float] | None = None, scale_each: bool = False,
              pad_value: float = 0.0) -> Tensor:
    """Put images side by side as one.

    Args:
        tensor: (B, C, H, W), one image, or a list of images of one size.
        nrow: images in a row. Default: 8.
        padding: pixels around each. Default: 2.
        normalize: shift and scale to 0 … 1. Default: False.
        value_range: what becomes 0 and 1. Default: the extremes.
        scale_each: by each image's own extremes. Default: False.
        pad_value: of the pixels between. Default: 0.

    Returns:
        (3 or C, height, width); a single image without padding.

    Raises:
        TypeError: no tensor or list of tensors.

    Example:
        >>> import flambeau as torch
        >>> make_grid(torch.zeros(10, 1, 4, 5)).shape
        torch.Size([3, 14, 58])

    Source: torchvision, ``torchvision.utils.make_grid``.
    """
    images = _batch(tensor)
    if normalize:
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError("value_range has to be a tuple (min, max) if specified. min and max "
                            "are numbers")
        images = images.clone()
        for part in (images if scale_each else [images]):
            low, high = value_range or (float(part.min()), float(part.max()))
            part.clamp_(min=low, max=high).sub_(low).div_(max(high - low, 1e-5))
    count, channels, height, width = images.shape
    if count == 1:
        return images.squeeze(0)
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    height, width = height + padding, width + padding
    grid = np.full((channels, height * rows + padding, width * columns + padding), pad_value,
                   images._data("make_grid").dtype)
    for k, image in enumerate(images.numpy()):
        y, x = k // columns * height + padding, k % columns * width + padding
        grid[:, y:y + height - padding, x:x + width - padding] = image
    out: Tensor = from_numpy(grid)
    return out


def _batch(tensor: Any) -> Tensor:
    """Images as (B, C, H, W), grey ones with three equal channels."""
    if isinstance(tensor, list):
        for one in tensor:
            if not is_tensor(one):
                raise TypeError("tensor or list of tensors expected, got a list containing "
                                f"{type(one)}")
        tensor = stack(tensor)
    if not is_tensor(tensor):
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    images: Tensor = tensor
    while images.ndim < 4:
        images = images.unsqueeze(0)
    return images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images


def save_image(tensor: Any, fp: Any, format: str | None = None, **kwargs: Any) -> None:
    """Write images into a file, as one.

    Args:
        tensor: images of numbers from 0 to 1; see `make_grid`.
        fp: a path or a binary file.
        format: of the file. Default: by the path's ending. PNG needs no Pillow, others do.
        **kwargs: arguments of `make_grid`.

    Source: torchvision, ``torchvision.utils.save_image``.
    """
    pixels = make_grid(tensor, **kwargs).mul(255).add(0.5).clamp(0, 255).permute(1, 2, 0)
    array = np.ascontiguousarray(pixels.to(uint8).numpy())
    path = not hasattr(fp, "write")
    kind = format or (Path(fp).suffix[1:] if path else "png")
    if kind.lower() != "png":
        pillow().fromarray(array).save(fp, format=format)
    elif path:
        Path(fp).write_bytes(png(array))
    else:
        fp.write(png(array))


def _color(color: Any, k: int, count: int) -> Any:
    """The colour of one of several things: given for each, for all, or chosen around the wheel."""
    if color is None:
        return _palette(count)[k]
    if isinstance(color, list):
        if len(color) < count:
            raise ValueError(f"Number of colors must be equal or larger than the number of "
                             f"objects, got {len(color)} < {count}.")
        return color[k]
    return color


def _palette(count: int) -> list[tuple[int, ...]]:
    steps = np.array([2 ** 25 - 1, 2 ** 15 - 1, 2 ** 21 - 1])
    return [tuple(int(v) for v in k * steps % 255) for k in range(count)]


@no_grad()
def draw_bounding_boxes(image: Tensor, boxes: Tensor, labels: Sequence[str | None] | None = None,
                        colors: Any = None, fill: bool = False, width: int = 1,
                        font: str | None = None, font_size: int | None = None,
                        label_colors: Any = None) -> Tensor:
    """Draw boxes, and their labels, into an image; needs Pillow.

    Args:
        image: (C, H, W), uint8 or numbers from 0 to 1.
        boxes: (N, 4), corners (x1, y1, x2, y2).
        labels: a text for each box.
        colors: one for all or a list, as Pillow takes them. Default: different ones.
        fill: fill boxes half transparently. Default: False.
        width: of the lines, in pixels. Default: 1.
        font: path of a TrueType font. Default: Pillow's own.
        font_size: in points. Default: 10.
        label_colors: as `colors`. Default: `colors`.

    Returns:
        A new image of the same dtype, with three channels.

    Raises:
        ValueError: wrong shapes, or corners in the wrong order.

    Source: torchvision, ``torchvision.utils.draw_bounding_boxes``.
    """
    scaled, array = _drawable(image)
    count = len(boxes)
    if count and ((boxes[:, 0] > boxes[:, 2]).any() or (boxes[:, 1] > boxes[:, 3]).any()):
        raise ValueError("Boxes need to be in (xmin, ymin, xmax, ymax) format. Use "
                         "torchvision.ops.box_convert to convert them")
    if labels is not None and len(labels) != count:
        raise ValueError(f"The number of boxes ({count}) and labels ({len(labels)}) mismatch. "
                         "Please specify labels for each box.")
    picture = pillow().fromarray(array)
    draw = pillow("ImageDraw").Draw(picture, "RGBA" if fill else None)
    fonts = pillow("ImageFont")
    face = fonts.load_default() if font is None else fonts.truetype(font, font_size or 10)
    for k, box in enumerate(boxes.to(int64).tolist()):
        color = _color(colors, k, count)
        inside = (*pillow("ImageColor").getrgb(color)[:3], 100) if isinstance(color, str) else (
            *color, 100)
        draw.rectangle(box, width=width, outline=color, fill=inside if fill else None)
        if labels is not None and labels[k] is not None:
            draw.text((box[0] + width + 1, box[1] + width + 1), labels[k], font=face,
                      fill=color if label_colors is None else _color(label_colors, k, count))
    return _drawn(np.array(picture), scaled, image)


@no_grad()
def draw_segmentation_masks(image: Tensor, masks: Tensor, alpha: float = 0.8,
                            colors: Any = None) -> Tensor:
    """Colour the pixels of masks.

    Args:
        image: (3, H, W), uint8 or numbers from 0 to 1.
        masks: (N, H, W) or (H, W), bool.
        alpha: 1 covers the image, 0 leaves it. Default: 0.8.
        colors: one for all or a list: RGB tuples, or names where Pillow is installed.

    Source: torchvision, ``torchvision.utils.draw_segmentation_masks``.
    """
    scaled, array = _drawable(image)
    masks = masks[None] if masks.ndim == 2 else masks
    if masks.dtype is not bool_:
        raise ValueError(f"The masks must be of dtype bool. Got {masks.dtype}")
    painted = array.astype(np.float32)
    for k, mask in enumerate(masks.numpy()):
        color = _color(colors, k, len(masks))
        painted[mask] = pillow("ImageColor").getrgb(color) if isinstance(color, str) else color
    mixed = array * (1 - alpha) + painted * alpha
    return _drawn(mixed.astype(np.uint8), scaled, image)


def _drawable(image: Tensor) -> tuple[bool, Any]:
    """Whether an image holds numbers from 0 to 1, and its pixels (H, W, 3)."""
    if not is_tensor(image):
        raise TypeError(f"Tensor expected, got {type(image)}")
    scaled = image.is_floating_point()
    if not scaled and image.dtype is not uint8:
        raise ValueError("The image dtype must be uint8 or float")
    if image.ndim != 3:
        raise ValueError("Pass individual images, not batches")
    if image.shape[0] not in (1, 3):
        raise ValueError("Only grayscale and RGB images are supported")
    pixels = (image * 255).to(uint8) if scaled else image
    return scaled, np.ascontiguousarray(pixels.expand(3, -1, -1).permute(1, 2, 0).numpy())


def _drawn(array: Any, scaled: bool, like: Tensor) -> Tensor:
    out: Tensor = from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))
    return (out.to(like.dtype) / 255) if scaled else out
