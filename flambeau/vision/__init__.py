"""Images: data sets, transforms, models and boxes; `torchvision` under `python -m flambeau run`."""

from __future__ import annotations

from flambeau.version import __version__ as __version__
from flambeau.vision import datasets, models, ops, transforms, utils

__all__ = ["datasets", "get_image_backend", "models", "ops", "set_image_backend", "transforms",
           "utils"]


def get_image_backend() -> str:
    """What reads images: Pillow."""
    return "PIL"


def set_image_backend(backend: str) -> None:
    """Choose what reads images.

    Raises:
        ValueError: for anything but "PIL".
    """
    if backend != "PIL":
        raise ValueError(f"Invalid backend '{backend}'. Options are 'PIL'")
