"""Base of the image datasets."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from flambeau.tensor import Tensor
from flambeau.utils.data.dataset import Dataset
from flambeau.vision.pillow import has_pillow, pillow

Transform = Callable[[Any], Any]


class StandardTransform:
    """A transform of the input and one of the target, side by side.

    Args:
        transform: applied to the input, or None.
        target_transform: applied to the target, or None.
    """

    def __init__(
        self, transform: Transform | None = None, target_transform: Transform | None = None
    ) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        lines = [type(self).__name__]
        for head, transform in (
            ("Transform: ", self.transform),
            ("Target transform: ", self.target_transform),
        ):
            if transform is not None:
                first, *rest = repr(transform).splitlines()
                lines += [head + first] + [" " * len(head) + line for line in rest]
        return "\n".join(lines)


class VisionDataset(Dataset[Any]):
    """Image dataset: a root folder and transforms; prints itself as torchvision's do.

    Args:
        root: folder of the data, or None.
        transforms: function of (input, target), instead of the two below.
        transform: function of the input.
        target_transform: function of the target.

    Raises:
        ValueError: both ``transforms`` and one of the others are given.

    Source: torchvision, ``torchvision.datasets.VisionDataset``.
    """

    _repr_indent = 4

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        transforms: Callable[[Any, Any], tuple[Any, Any]] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        self.root = os.path.expanduser(root) if isinstance(root, str) else root
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError(
                "Only transforms or transform/target_transform can be passed as argument"
            )
        self.transform = transform
        self.target_transform = target_transform
        if separate:
            transforms = StandardTransform(transform, target_transform)
        self.transforms = transforms

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            body.append(f"Root location: {self.root}")
        body += self.extra_repr().splitlines()
        if self.transforms is not None:
            body.append(repr(self.transforms))
        indent = " " * self._repr_indent
        return "\n".join([f"Dataset {type(self).__name__}"] + [indent + line for line in body])

    def extra_repr(self) -> str:
        """More lines for ``repr``; subclasses override it."""
        return ""


def rows_of(values: Any) -> Any:
    """What to index for one sample: a tensor's array (one sample is too small to record).

    Users replace the data and the targets, also by arrays and lists.
    """
    return values._data("item of a dataset") if isinstance(values, Tensor) else values


class LabelledImages(VisionDataset):
    """Base of the datasets that hold all images and labels in memory.

    Subclasses set ``data``, and ``targets`` or a method ``label_of``.
    """

    data: Any
    targets: Any
    train: bool

    def image_of(self, index: int) -> Any:
        """The image as an array (H, W) or (H, W, C)."""
        return rows_of(self.data)[index]

    def label_of(self, index: int) -> Any:
        """The label."""
        return rows_of(self.targets)[index]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = self.image_of(index), self.label_of(index)
        image = pillow().fromarray(image) if has_pillow() else image.copy()
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Which of the sets this is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"
