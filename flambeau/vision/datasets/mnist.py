"""MNIST and the datasets of its format."""

from __future__ import annotations

import os
import warnings
from http.client import HTTPException
from pathlib import Path
from typing import ClassVar

from flambeau.tensor import Tensor
from flambeau.vision.datasets.idx import read_image_file, read_label_file
from flambeau.vision.datasets.utils import download_url
from flambeau.vision.datasets.vision import LabelledImages, Transform, rows_of


class MNIST(LabelledImages):
    """Handwritten digits: 60,000 to train and 10,000 to test, 28 x 28 pixels, 10 classes.

    Reads the four IDX files from ``root/MNIST/raw`` (torchvision's place) or from ``root``
    itself, compressed with gzip or not, named ``train-images-idx3-ubyte`` or
    ``train-images.idx3-ubyte``.

    Args:
        root: folder of the data.
        train: the training set, otherwise the test set. Default True.
        transform: function of the image.
        target_transform: function of the label.
        download: fetch the files into ``root/MNIST/raw`` if they are missing. Default False.

    Attributes:
        data: images (N, 28, 28), uint8.
        targets: labels (N,), int64.

    Returns:
        Items are (image, label): a Pillow image of mode L, or a uint8 array (H, W) where Pillow
        is not installed; the label is an int.

    Raises:
        RuntimeError: the files are missing and ``download`` is False, or no mirror worked.
        ValueError: a file is damaged, or images and labels do not fit together.

    Source: torchvision, ``torchvision.datasets.MNIST``.
    """

    mirrors: ClassVar[list[str]] = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    classes: ClassVar[list[str]] = [
        "0 - zero",
        "1 - one",
        "2 - two",
        "3 - three",
        "4 - four",
        "5 - five",
        "6 - six",
        "7 - seven",
        "8 - eight",
        "9 - nine",
    ]

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        self.data, self.targets = self._load_data()

    @property
    def raw_folder(self) -> str:
        """Folder of downloaded files."""
        return os.path.join(str(self.root), type(self).__name__, "raw")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Number of each class name."""
        return {name: number for number, name in enumerate(self.classes)}

    def _find(self, resource: str) -> Path | None:
        """The file of a resource, in any of its places and spellings."""
        plain = resource.removesuffix(".gz")
        dotted = plain.replace("-idx", ".idx")
        for folder in (self.raw_folder, str(self.root)):
            for name in (plain, dotted):
                for path in (Path(folder, name), Path(folder, name + ".gz")):
                    if path.is_file():
                        return path
        return None

    @property
    def file_prefix(self) -> str:
        """How the names of the files begin."""
        return "train" if self.train else "t10k"

    def _load_data(self) -> tuple[Tensor, Tensor]:
        image_file = self._find(f"{self.file_prefix}-images-idx3-ubyte")
        label_file = self._find(f"{self.file_prefix}-labels-idx1-ubyte")
        if image_file is None or label_file is None:
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        images, labels = read_image_file(image_file), read_label_file(label_file)
        if len(images) != len(labels):
            raise ValueError(
                f"{image_file} has {len(images)} images, but {label_file} has "
                f"{len(labels)} labels"
            )
        if len(labels) and (highest := int(labels.max())) >= len(self.classes):
            raise ValueError(
                f"{label_file}: label {highest} is outside 0 .. {len(self.classes) - 1}"
            )
        return images, labels

    def download(self) -> None:
        """Fetch the files that are missing, from the first mirror that works.

        Raises:
            RuntimeError: every mirror failed for one of the files.
        """
        for name, md5 in self.resources:
            if self._find(name) is None:
                self._download_one(name, md5)

    def _download_one(self, name: str, md5: str) -> None:
        failures = []
        for mirror in self.mirrors:
            print(f"Downloading {mirror}{name}")
            try:
                download_url(mirror + name, self.raw_folder, name, md5)
            except (OSError, HTTPException, RuntimeError) as error:
                print(f"Failed to download (trying next):\n{error}")
                failures.append(str(error))
            else:
                return
        raise RuntimeError(f"Error downloading {name}: " + "; ".join(failures))

    def label_of(self, index: int) -> int:
        """The label."""
        return int(rows_of(self.targets)[index])

    @property
    def train_labels(self) -> Tensor:
        """Old name of ``targets``."""
        return self._renamed("train_labels", "targets")

    @property
    def test_labels(self) -> Tensor:
        """Old name of ``targets``."""
        return self._renamed("test_labels", "targets")

    @property
    def train_data(self) -> Tensor:
        """Old name of ``data``."""
        return self._renamed("train_data", "data")

    @property
    def test_data(self) -> Tensor:
        """Old name of ``data``."""
        return self._renamed("test_data", "data")

    def _renamed(self, old: str, new: str) -> Tensor:
        warnings.warn(f"{old} has been renamed {new}", stacklevel=3)
        values: Tensor = getattr(self, new)
        return values


class FashionMNIST(MNIST):
    """Pictures of clothing in MNIST's format; see ``MNIST`` for the arguments.

    Source: torchvision, ``torchvision.datasets.FashionMNIST``.
    """

    mirrors: ClassVar[list[str]] = [
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    ]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes: ClassVar[list[str]] = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]


class KMNIST(MNIST):
    """Cursive Japanese characters in MNIST's format; see ``MNIST`` for the arguments.

    Source: torchvision, ``torchvision.datasets.KMNIST``.
    """

    mirrors: ClassVar[list[str]] = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes: ClassVar[list[str]] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
