"""CIFAR-10 and CIFAR-100, in the files made for Python."""

from __future__ import annotations

import codecs
import os
import pickle
from pathlib import Path
from typing import Any, ClassVar

import numpy

from flambeau.vision.datasets.utils import check_integrity, download_and_unpack
from flambeau.vision.datasets.vision import LabelledImages, Transform


class _Reader(pickle.Unpickler):
    """Unpickles dictionaries of arrays, and nothing that could run code."""

    allowed: ClassVar[dict[tuple[str, str], Any]] = {
        (f"numpy.{core}.multiarray", "_reconstruct"): numpy.empty(0).__reduce__()[0]
        for core in ("core", "_core")} | {("numpy", "ndarray"): numpy.ndarray,
                                          ("numpy", "dtype"): numpy.dtype,
                                          ("_codecs", "encode"): codecs.encode}

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) not in self.allowed:
            raise pickle.UnpicklingError(f"{module_name}.{global_name} in a file of CIFAR")
        return self.allowed[module_name, global_name]


class CIFAR10(LabelledImages):
    """Pictures of 10 kinds of things: 50,000 to train and 10,000 to test, 32 × 32 pixels, RGB.

    Reads the files of the archive for Python, unpacked in ``root/cifar-10-batches-py``.

    Args:
        root: folder of the data.
        train: the training set, otherwise the test set. Default True.
        transform: function of the image.
        target_transform: function of the label.
        download: fetch and unpack the archive if it is missing. Default False.

    Attributes:
        data: images (N, 32, 32, 3), a uint8 array.
        targets: labels, a list of int.
        classes: names of the classes.

    Returns:
        Items are (image, label): a Pillow image, or a uint8 array (H, W, C) where Pillow is not
        installed; the label is an int.

    Raises:
        RuntimeError: files are missing or have other checksums, or could not be downloaded.

    Source: torchvision, ``torchvision.datasets.CIFAR10``.
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list: ClassVar[list[list[str]]] = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list: ClassVar[list[list[str]]] = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta: ClassVar[dict[str, str]] = {"filename": "batches.meta", "key": "label_names",
                                      "md5": "5ff9c542aee3614f3951f8cda6e48888"}

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
        if not self._check_integrity():
            raise RuntimeError("Dataset not found or corrupted. You can use download=True to "
                               "download it")
        batches = [self._read(name) for name, _ in (self.train_list if train else self.test_list)]
        self.data: Any = numpy.concatenate([batch["data"] for batch in batches]).reshape(
            -1, 3, 32, 32).transpose(0, 2, 3, 1)
        self.targets: list[int] = [label for batch in batches for label in
                                   batch.get("labels", batch.get("fine_labels"))]
        self.classes: list[str] = self._read(self.meta["filename"])[self.meta["key"]]
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}

    def _path(self, name: str) -> Path:
        return Path(str(self.root), self.base_folder, name)

    def _read(self, name: str) -> Any:
        with open(self._path(name), "rb") as file:
            return _Reader(file, encoding="latin1").load()

    def _check_integrity(self) -> bool:
        files = [*self.train_list, *self.test_list, [self.meta["filename"], self.meta["md5"]]]
        return all(check_integrity(self._path(name), md5) for name, md5 in files)

    def download(self) -> None:
        """Fetch and unpack the archive unless its files are there.

        Raises:
            RuntimeError: it could not be fetched.
        """
        if self._check_integrity():
            return
        download_and_unpack(self.url, str(self.root), self.filename, self.tgz_md5)


class CIFAR100(CIFAR10):
    """CIFAR-10's relative with 100 classes; see ``CIFAR10`` for the arguments.

    Source: torchvision, ``torchvision.datasets.CIFAR100``.
    """

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list: ClassVar[list[list[str]]] = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list: ClassVar[list[list[str]]] = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta: ClassVar[dict[str, str]] = {"filename": "meta", "key": "fine_label_names",
                                      "md5": "7973b15100ade9c7d40fb424638fde48"}
