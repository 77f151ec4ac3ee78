"""Pillow, where it is installed: nothing but images as such needs it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from functools import cache
from typing import Any


@cache
def has_pillow() -> bool:
    """Whether Pillow can be imported; does not import it."""
    return importlib.util.find_spec("PIL") is not None


def is_pil_image(value: Any) -> bool:
    """Whether ``value`` is a Pillow image; does not import Pillow."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def pillow(name: str = "Image") -> Any:
    """A module of Pillow, imported on first use.

    Args:
        name: module name inside the ``PIL`` package.

    Returns:
        The module.

    Raises:
        ImportError: Pillow is not installed.
    """
    if not has_pillow():
        raise ImportError(
            "this needs Pillow, which is not installed: pip install pillow "
            "(tensors and NumPy arrays work without it)"
        )
    return importlib.import_module(f"PIL.{name}")
