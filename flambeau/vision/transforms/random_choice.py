"""Transforms that apply other transforms at random."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from flambeau.nn.modules.module import Module
from flambeau.vision.transforms.basic import listing
from flambeau.vision.transforms.draws import chance


class RandomTransforms:
    """Base of the transforms that choose among transforms.

    Args:
        transforms: the choices.
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence")
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return listing(type(self).__name__, self.transforms)


class RandomApply(Module):
    """Applies a list of transforms, all or none.

    Args:
        transforms: the list.
        p: probability of applying it. Default 0.5.

    Source: torchvision, ``transforms.RandomApply``.
    """

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        """The image, transformed or not."""
        if not chance(self.p):
            return img
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return listing(type(self).__name__, self.transforms, f"\n    p={self.p}")


class RandomOrder(RandomTransforms):
    """Applies transforms in random order (Python's ``random``).

    Source: torchvision, ``transforms.RandomOrder``.
    """

    def __call__(self, img: Any) -> Any:
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for number in order:
            img = self.transforms[number](img)
        return img


class RandomChoice(RandomTransforms):
    """Applies one transform of several (Python's ``random``).

    Args:
        transforms: the choices.
        p: their weights; by default all the same.

    Source: torchvision, ``transforms.RandomChoice``.
    """

    def __init__(
        self, transforms: Sequence[Callable[[Any], Any]], p: Sequence[float] | None = None
    ) -> None:
        super().__init__(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise TypeError("Argument p should be a sequence")
        self.p = p

    def __call__(self, img: Any) -> Any:
        return random.choices(self.transforms, weights=self.p)[0](img)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"
