"""Random images, for trying programs out."""

from __future__ import annotations

from typing import Any

from flambeau.dtype import int64
from flambeau.random import get_rng_state, manual_seed, randint, randn, set_rng_state
from flambeau.vision.datasets.vision import Transform, VisionDataset
from flambeau.vision.transforms import ToPILImage


class FakeData(VisionDataset):
    """Images of random numbers, the same for the same index; needs Pillow.

    Args:
        size: how many. Default: 1000.
        image_size: (channels, height, width). Default: (3, 224, 224).
        num_classes: number of classes. Default: 10.
        transform: function of the image.
        target_transform: function of the label, a tensor.
        random_offset: added to the index to seed an image. Default: 0.

    Source: torchvision, ``torchvision.datasets.FakeData``.
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(transform=transform, target_transform=target_transform)
        self.size = size
        self.num_classes = num_classes
        self.image_size = image_size
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if index >= len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        before = get_rng_state()
        manual_seed(index + self.random_offset)
        numbers = randn(*self.image_size)
        target: Any = randint(0, self.num_classes, size=(1,), dtype=int64)[0]
        set_rng_state(before)
        image = ToPILImage()(numbers)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target.item()

    def __len__(self) -> int:
        return self.size
