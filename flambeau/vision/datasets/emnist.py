"""EMNIST: handwritten digits and letters in MNIST's format."""

from __future__ import annotations

import os
import shutil
import string
import zipfile
from pathlib import Path
from typing import Any, ClassVar

from flambeau.vision.datasets.mnist import MNIST
from flambeau.vision.datasets.utils import download_or_say

EVERY = sorted(string.digits + string.ascii_letters)
# Small letters that look like their capitals.
MERGED = [name for name in EVERY if name not in "cijklmopsuvwxyz"]


class EMNIST(MNIST):
    """Handwritten digits and letters, 28 x 28 pixels, in six selections.

    Images lie on their side, as in the files: rows and columns are exchanged.

    Args:
        root: folder of the data; the files lie in ``root/EMNIST/raw``, compressed or not.
        split: "byclass" (62 classes), "bymerge" and "balanced" (47), "letters" (26, counted
            from 1), "digits" or "mnist" (10).
        **kwargs: arguments of ``MNIST``.

    Raises:
        ValueError: another split.
        RuntimeError: the files are missing and ``download`` is False, or could not be fetched.

    Source: torchvision, ``torchvision.datasets.EMNIST``.
    """

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": EVERY,
        "bymerge": MERGED,
        "balanced": MERGED,
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }

    def __init__(self, root: str | os.PathLike[str], split: str, **kwargs: Any) -> None:
        if split not in self.splits:
            raise ValueError(f"Unknown value '{split}' for argument split. Valid values are "
                             f"{{{str(list(self.splits))[1:-1]}}}.")
        self.split = split
        self.classes = self.classes_split_dict[split]  # type: ignore[misc]
        super().__init__(root, **kwargs)

    @property
    def file_prefix(self) -> str:
        """How the names of the files begin."""
        return f"emnist-{self.split}-{'train' if self.train else 'test'}"

    def download(self) -> None:
        """Fetch the archive and unpack its files, unless those of the split are there.

        Raises:
            RuntimeError: it could not be fetched.
        """
        if self._find(f"{self.file_prefix}-images-idx3-ubyte") is not None:
            return
        archive = download_or_say(self.url, self.raw_folder, "gzip.zip", self.md5)
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                name = Path(info.filename).name
                if name.startswith("emnist-") and name.endswith("-ubyte.gz"):
                    with packed.open(info) as source, open(Path(self.raw_folder, name),
                                                           "wb") as target:
                        shutil.copyfileobj(source, target)
