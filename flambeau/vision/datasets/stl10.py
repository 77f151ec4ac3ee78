"""STL-10: few labelled and many unlabelled pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import numpy

from flambeau.vision.datasets.utils import check_integrity, download_and_unpack
from flambeau.vision.datasets.vision import LabelledImages, Transform


class STL10(LabelledImages):
    """Pictures of 10 kinds of things: 5,000 to train, 8,000 to test, 100,000 without label.

    They have 96 × 96 pixels, RGB. Reads the binary files unpacked in ``root/stl10_binary``.

    Args:
        root: folder of the data.
        split: "train", "test", "unlabeled" or "train+unlabeled". Default "train".
        folds: one of the ten prepared selections of 1,000 training pictures, 0 … 9. Default: all.
        transform: function of the image.
        target_transform: function of the label.
        download: fetch and unpack the archive if it is missing. Default False.

    Attributes:
        data: images (N, 3, 96, 96), a uint8 array.
        labels: an array of int, -1 where there is none.
        classes: names of the classes.

    Raises:
        ValueError: another split or fold.
        RuntimeError: files are missing or have other checksums, or could not be downloaded.

    Source: torchvision, ``torchvision.datasets.STL10``.
    """

    base_folder = "stl10_binary"
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    filename = "stl10_binary.tar.gz"
    tgz_md5 = "91f7769df0f17e558f3565bffb0c7dfb"
    class_names_file = "class_names.txt"
    folds_list_file = "fold_indices.txt"
    train_list: ClassVar[list[list[str]]] = [
        ["train_X.bin", "918c2871b30a85fa023e0c44e0bee87f"],
        ["train_y.bin", "5a34089d4802c674881badbb80307741"],
        ["unlabeled_X.bin", "5242ba1fed5e4be9e1e742405eb56ca4"],
    ]
    test_list: ClassVar[list[list[str]]] = [
        ["test_X.bin", "7f263ba9f9e0b06b93213547f721ac82"],
        ["test_y.bin", "36f9794fa4beb8a2c72628de14fa638e"],
    ]
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        folds: int | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.splits:
            raise ValueError(f"Unknown value '{split}' for argument split. Valid values are "
                             f"{{{str(list(self.splits))[1:-1]}}}.")
        if folds is not None and folds not in range(10):
            raise ValueError(f"Value for argument folds should be in the range [0, 10), "
                             f"but got {folds}.")
        self.split = split
        self.folds = folds
        if download and not self._check_integrity():
            download_and_unpack(self.url, str(self.root), self.filename, self.tgz_md5)
        elif not self._check_integrity():
            raise RuntimeError("Dataset not found or corrupted. You can use download=True to "
                               "download it")
        parts = [self._read(part) for part in split.split("+")]
        self.data: Any = numpy.concatenate([images for images, _ in parts])
        self.labels: Any = numpy.concatenate([labels for _, labels in parts])
        names = self._path(self.class_names_file)
        self.classes = names.read_text().splitlines() if names.is_file() else []

    def _path(self, name: str) -> Path:
        return Path(str(self.root), self.base_folder, name)

    def _read(self, part: str) -> tuple[Any, Any]:
        """Images and labels of a part; of the chosen fold, if it is the training set."""
        flat = numpy.fromfile(self._path(f"{part}_X.bin"), numpy.uint8)
        images = flat.reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)
        if part == "unlabeled":
            return images, numpy.full(len(images), -1)
        labels = numpy.fromfile(self._path(f"{part}_y.bin"), numpy.uint8).astype(int) - 1
        if part == "train" and self.folds is not None:
            line = self._path(self.folds_list_file).read_text().splitlines()[self.folds]
            chosen = [int(number) for number in line.split()]
            return images[chosen], labels[chosen]
        return images, labels

    def _check_integrity(self) -> bool:
        return all(check_integrity(self._path(name), md5)
                   for name, md5 in self.train_list + self.test_list)

    def image_of(self, index: int) -> Any:
        """The image as an array (H, W, C)."""
        return numpy.ascontiguousarray(self.data[index].transpose(1, 2, 0))

    def label_of(self, index: int) -> int:
        """The label."""
        return int(self.labels[index])

    def extra_repr(self) -> str:
        """Which of the sets this is."""
        return f"Split: {self.split}"
