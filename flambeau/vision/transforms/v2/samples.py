"""What makes a transform of images a transform of whole samples: images with labels beside them."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from flambeau.nn.modules.module import Module
from flambeau.random import get_rng_state, set_rng_state
from flambeau.tensor import Tensor
from flambeau.utils._pytree import tree_flatten, tree_unflatten
from flambeau.vision.pillow import is_pil_image


def images_among(leaves: list[Any]) -> list[int]:
    """The numbers of the images: all of Pillow's; if there are none, the first tensor alone.

    Tensors behind an image are labels and the like, and stay as they are.
    """
    pictures = [number for number, leaf in enumerate(leaves) if is_pil_image(leaf)]
    if pictures:
        return pictures
    return [number for number, leaf in enumerate(leaves) if isinstance(leaf, Tensor)][:1]


def on_images(inputs: tuple[Any, ...], change: Callable[[Any], Any],
              among: Callable[[list[Any]], list[int]] = images_among) -> Any:
    """Applies a function to the images of a sample, to all of them with the same random numbers."""
    leaves, structure = tree_flatten(inputs if len(inputs) > 1 else inputs[0])
    found = among(leaves)
    before = get_rng_state() if len(found) > 1 else None
    for count, number in enumerate(found):
        if count and before is not None:
            set_rng_state(before)
        leaves[number] = change(leaves[number])
    return tree_unflatten(leaves, structure)


class Transform(Module):
    """Base of the transforms of whole samples; subclasses define `transform`.

    Source: torchvision, ``transforms.v2.Transform``.
    """

    def transform(self, inpt: Any) -> Any:
        """The changed image."""
        raise NotImplementedError

    def forward(self, *inputs: Any) -> Any:
        """The sample (an image, or any structure that holds one) with its images changed."""
        return on_images(inputs, self.transform)

    def extra_repr(self) -> str:
        """The plain attributes."""
        plain = (bool, int, float, str, tuple, list, Enum)
        return ", ".join(f"{name}={value}" for name, value in vars(self).items()
                         if not name.startswith("_") and name != "training"
                         and isinstance(value, plain))


class OnSamples(Transform):
    """Put before a transform of images as a base class, makes it take whole samples."""

    __repr__ = Module.__repr__

    def forward(self, *inputs: Any) -> Any:
        """The sample with its images changed."""
        return on_images(inputs, super(Transform, self).forward)
