"""Datasets of files whose folders are their classes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from flambeau.vision.datasets.vision import Transform, VisionDataset
from flambeau.vision.pillow import pillow

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
Folder = str | os.PathLike[str]


def has_file_allowed_extension(filename: str, extensions: str | tuple[str, ...]) -> bool:
    """Whether a file's name ends in one of some extensions, in any case of letters."""
    return filename.lower().endswith(extensions if isinstance(extensions, str)
                                     else tuple(extensions))


def is_image_file(filename: str) -> bool:
    """Whether a file's name is an image's."""
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory: Folder) -> tuple[list[str], dict[str, int]]:
    """The folders inside a folder, sorted, and their numbers.

    Raises:
        FileNotFoundError: there are none.
    """
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: number for number, name in enumerate(classes)}


def make_dataset(directory: Folder, class_to_idx: dict[str, int] | None = None,
                 extensions: str | tuple[str, ...] | None = None,
                 is_valid_file: Callable[[str], bool] | None = None,
                 allow_empty: bool = False) -> list[tuple[str, int]]:
    """The files below the folders of classes, sorted, with the numbers of their classes.

    Raises:
        ValueError: no classes, or not exactly one of `extensions` and `is_valid_file`.
        FileNotFoundError: a class without files, unless `allow_empty`.
    """
    directory = os.path.expanduser(directory)
    if class_to_idx is None:
        class_to_idx = find_classes(directory)[1]
    elif not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) is (is_valid_file is None):
        raise ValueError("Both extensions and is_valid_file cannot be None or not None at the "
                         "same time")
    instances = []
    for name in sorted(class_to_idx):
        for folder, _, files in sorted(os.walk(os.path.join(directory, name), followlinks=True)):
            for file in sorted(files):
                path = os.path.join(folder, file)
                if (is_valid_file(path) if is_valid_file is not None
                        else has_file_allowed_extension(path, extensions or ())):
                    instances.append((path, class_to_idx[name]))
    numbers = {number for _, number in instances}
    empty = sorted(name for name, number in class_to_idx.items() if number not in numbers)
    if empty and not allow_empty:
        message = f"Found no valid file for the classes {', '.join(empty)}. "
        if extensions is not None:
            known = extensions if isinstance(extensions, str) else ", ".join(extensions)
            message += f"Supported extensions are: {known}"
        raise FileNotFoundError(message)
    return instances


class DatasetFolder(VisionDataset):
    """Files of any kind in one folder for each class.

    Args:
        root: folder of the classes' folders.
        loader: reads a file of a path.
        extensions: endings of the files that count, or else
        is_valid_file: says of a path whether it counts.
        transform: function of what was read.
        target_transform: function of the class's number.
        allow_empty: accept classes without files. Default False.

    Attributes:
        classes: names of the folders, sorted.
        class_to_idx: their numbers.
        samples: pairs of path and number.
        targets: the numbers.

    Raises:
        FileNotFoundError: no classes, or a class without files.

    Source: torchvision, ``torchvision.datasets.DatasetFolder``.
    """

    def __init__(
        self,
        root: Folder,
        loader: Callable[[str], Any],
        extensions: tuple[str, ...] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes, self.class_to_idx = self.find_classes(str(self.root))
        self.samples = self.make_dataset(str(self.root), self.class_to_idx, extensions,
                                         is_valid_file, allow_empty)
        self.loader = loader
        self.extensions = extensions
        self.targets = [number for _, number in self.samples]

    @staticmethod
    def make_dataset(directory: Folder, class_to_idx: dict[str, int],
                     extensions: tuple[str, ...] | None = None,
                     is_valid_file: Callable[[str], bool] | None = None,
                     allow_empty: bool = False) -> list[tuple[str, int]]:
        """The samples; subclasses may find them elsewhere."""
        if class_to_idx is None:
            raise ValueError("The class_to_idx parameter cannot be None.")
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def find_classes(self, directory: Folder) -> tuple[list[str], dict[str, int]]:
        """The classes; subclasses may choose among them."""
        return find_classes(directory)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        sample = self.loader(path)
        if self.transform is not None:
            sample = self.transform(sample)
        return sample, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.samples)


def pil_loader(path: str | os.PathLike[str]) -> Any:
    """Reads an image as RGB by Pillow."""
    with open(path, "rb") as file:
        return pillow().open(file).convert("RGB")


default_loader = pil_loader


class ImageFolder(DatasetFolder):
    """Images in one folder for each class; needs Pillow.

    Args:
        root: folder of the classes' folders.
        transform: function of the image.
        target_transform: function of the class's number.
        loader: reads an image. Default: as RGB by Pillow.
        is_valid_file: says of a path whether it counts. Default: by its ending.
        allow_empty: accept classes without files. Default False.

    Source: torchvision, ``torchvision.datasets.ImageFolder``.
    """

    def __init__(
        self,
        root: Folder,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, loader, IMG_EXTENSIONS if is_valid_file is None else None,
                         transform, target_transform, is_valid_file, allow_empty)
        self.imgs = self.samples
