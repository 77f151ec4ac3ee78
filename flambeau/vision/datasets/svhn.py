"""SVHN: house numbers photographed from the street."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import numpy

from flambeau.vision.datasets.matlab import read_matlab
from flambeau.vision.datasets.utils import check_integrity, download_or_say
from flambeau.vision.datasets.vision import LabelledImages, Transform


class SVHN(LabelledImages):
    """Digits of house numbers: 73,257 to train, 26,032 to test, 531,131 extra; 32 × 32, RGB.

    Reads ``root/train_32x32.mat`` and its relatives.

    Args:
        root: folder of the data.
        split: "train", "test" or "extra". Default "train".
        transform: function of the image.
        target_transform: function of the label.
        download: fetch the file if it is missing. Default False.

    Attributes:
        data: images (N, 3, 32, 32), a uint8 array.
        labels: digits 0 … 9, an int64 array (the files call 0 ten).

    Raises:
        ValueError: another split, or a damaged file.
        RuntimeError: the file is missing or has another checksum, or could not be downloaded.

    Source: torchvision, ``torchvision.datasets.SVHN``.
    """

    split_list: ClassVar[dict[str, list[str]]] = {
        name: [f"http://ufldl.stanford.edu/housenumbers/{name}_32x32.mat", f"{name}_32x32.mat", md5]
        for name, md5 in (("train", "e26dedcc434d2e4c54c9b2d4a06d8373"),
                          ("test", "eb5a983be6a315427106f1b164d9cef3"),
                          ("extra", "a93ce644f1a588dc4d68dda5feec44a7"))
    }

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.split_list:
            raise ValueError(f"Unknown value '{split}' for argument split. Valid values are "
                             f"{{{str(list(self.split_list))[1:-1]}}}.")
        self.split = split
        self.url, self.filename, self.file_md5 = self.split_list[split]
        if download:
            self.download()
        path = Path(str(self.root), self.filename)
        if not check_integrity(path, self.file_md5):
            raise RuntimeError("Dataset not found or corrupted. You can use download=True to "
                               "download it")
        arrays = read_matlab(path)
        self.data: Any = numpy.ascontiguousarray(arrays["X"].transpose(3, 2, 0, 1))
        self.labels: Any = arrays["y"].astype(numpy.int64).reshape(-1) % 10

    def download(self) -> None:
        """Fetch the file unless it is there.

        Raises:
            RuntimeError: it could not be fetched.
        """
        download_or_say(self.url, str(self.root), self.filename, self.file_md5)

    def image_of(self, index: int) -> Any:
        """The image as an array (H, W, C)."""
        return numpy.ascontiguousarray(self.data[index].transpose(1, 2, 0))

    def label_of(self, index: int) -> int:
        """The digit."""
        return int(self.labels[index])

    def extra_repr(self) -> str:
        """Which of the sets this is."""
        return f"Split: {self.split}"
