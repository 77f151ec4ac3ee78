"""The table of samples: one row per op, layer, loss and optimizer; `ROWS` gathers all families."""

from __future__ import annotations

import importlib
import pkgutil

from .define import Row


def rows() -> list[Row]:
    """The rows of every family file in this folder."""
    found: list[Row] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        if module != "define":
            found += importlib.import_module(f"{__name__}.{module}").ROWS
    return found
