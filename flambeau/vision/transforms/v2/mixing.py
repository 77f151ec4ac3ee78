"""MixUp and CutMix: batches of images and labels mixed with themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from flambeau.distributions.beta import Beta
from flambeau.nn.functional import one_hot
from flambeau.tensor import Tensor
from flambeau.tensor.data import tensor
from flambeau.utils._pytree import tree_flatten, tree_unflatten
from flambeau.vision.pillow import is_pil_image
from flambeau.vision.transforms.draws import position
from flambeau.vision.transforms.v2.samples import Transform, images_among


def find_labels(inputs: Any) -> Any:
    """The labels of a sample: its second part, or what a dictionary has under "labels".

    Raises:
        ValueError: there are none.
    """
    if isinstance(inputs, (tuple, list)):
        inputs = inputs[1]
    if isinstance(inputs, Tensor):
        return inputs
    if not isinstance(inputs, Mapping):
        raise ValueError("When using the default labels_getter, the input passed to forward must "
                         "be a dictionary or a two-tuple whose second item is a dictionary or a "
                         f"tensor, but got {inputs} instead.")
    names = [key for key in inputs if str(key).lower() in ("label", "labels")]
    names += [key for key in inputs if "label" in str(key).lower()]
    if not names:
        raise ValueError("Could not infer where the labels are in the sample. Try passing a "
                         "callable as the labels_getter parameter?If there are no labels in the "
                         "sample by design, pass labels_getter=None.")
    return inputs[names[0]]


class _Mixing(Transform):
    def __init__(
        self,
        *,
        alpha: float = 1.0,
        num_classes: int | None = None,
        labels_getter: Callable[[Any], Any] | str | None = "default",
    ) -> None:
        super().__init__()
        self.alpha = float(alpha)
        self.num_classes = num_classes
        self._dist = Beta(tensor([self.alpha]), tensor([self.alpha]))
        if labels_getter == "default":
            labels_getter = find_labels
        elif not callable(labels_getter):
            raise ValueError("labels_getter should either be 'default', a callable, or None, "
                             f"but got {labels_getter}.")
        self._labels_getter: Callable[[Any], Any] = labels_getter

    def _mixed(self, images: Tensor) -> tuple[Tensor, float]:
        """The mixed images, and the share of the unmixed ones."""
        raise NotImplementedError

    def forward(self, *inputs: Any) -> Any:
        """The sample with images and labels mixed; the labels become shares of classes."""
        sample = inputs if len(inputs) > 1 else inputs[0]
        leaves, structure = tree_flatten(sample)
        if any(is_pil_image(leaf) for leaf in leaves):
            raise ValueError(f"{type(self).__name__}() does not support PIL images, "
                             "bounding boxes and masks.")
        labels = self._labels_getter(sample)
        self._check_labels(labels)
        number = images_among(leaves)[0]
        images = leaves[number]
        if images.ndim != 4:
            raise ValueError("Expected a batched input with 4 dims, "
                             f"but got {images.ndim} dimensions instead.")
        if len(images) != len(labels):
            raise ValueError("The batch size of the image or video does not match the batch size "
                             f"of the labels: {len(images)} != {len(labels)}.")
        place = next(k for k, leaf in enumerate(leaves) if leaf is labels)
        leaves[number], share = self._mixed(images)
        leaves[place] = self._mixed_labels(labels, share)
        return tree_unflatten(leaves, structure)

    def _check_labels(self, labels: Any) -> None:
        if not isinstance(labels, Tensor):
            raise ValueError(f"The labels must be a tensor, but got {type(labels)} instead.")
        if labels.ndim not in (1, 2):
            raise ValueError("labels should be index based with shape (batch_size,) or "
                             "probability based with shape (batch_size, num_classes), but got a "
                             f"tensor of shape {labels.shape} instead.")
        if labels.ndim == 1 and self.num_classes is None:
            raise ValueError("num_classes must be passed if the labels are index-based (1D)")
        if labels.ndim == 2 and self.num_classes not in (None, labels.shape[-1]):
            raise ValueError("When passing 2D labels, the number of elements in last dimension "
                             f"must match num_classes: {labels.shape[-1]} != {self.num_classes}. "
                             "You can Leave num_classes to None.")

    def _mixed_labels(self, labels: Tensor, share: float) -> Tensor:
        if labels.ndim == 1:
            labels = one_hot(labels, num_classes=self.num_classes or -1)
        labels = labels if labels.is_floating_point() else labels.float()
        return labels.roll(1, 0) * (1.0 - share) + labels * share


class MixUp(_Mixing):
    """Mixes each image and its label with the one before, in shares of a Beta distribution.

    Args:
        alpha: concentration of the shares. Default 1.
        num_classes: needed where labels are numbers of classes.
        labels_getter: finds the labels in the sample. Default: its second part.

    Raises:
        ValueError: Pillow images, no batch, or labels of another form.

    Source: Zhang et al. 2017, "mixup: Beyond Empirical Risk Minimization"; torchvision,
    ``transforms.v2.MixUp``.
    """

    def _mixed(self, images: Tensor) -> tuple[Tensor, float]:
        share = float(self._dist.sample(()).item())
        return images.roll(1, 0) * (1.0 - share) + images * share, share


class CutMix(_Mixing):
    """Puts a box of the image before into each image; labels are mixed by area.

    Args:
        alpha: concentration of the areas. Default 1.
        num_classes: needed where labels are numbers of classes.
        labels_getter: finds the labels in the sample. Default: its second part.

    Raises:
        ValueError: Pillow images, no batch, or labels of another form.

    Source: Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong Classifiers with
    Localizable Features"; torchvision, ``transforms.v2.CutMix``.
    """

    def _mixed(self, images: Tensor) -> tuple[Tensor, float]:
        share = float(self._dist.sample(()).item())
        height, width = images.shape[-2:]
        x, y = position(width), position(height)
        half = 0.5 * math.sqrt(1.0 - share)
        left, right = max(x - int(half * width), 0), min(x + int(half * width), width)
        top, bottom = max(y - int(half * height), 0), min(y + int(half * height), height)
        mixed = images.clone()
        mixed[..., top:bottom, left:right] = images.roll(1, 0)[..., top:bottom, left:right]
        return mixed, 1.0 - (right - left) * (bottom - top) / (width * height)
