"""The table of samples: one row per op, layer, loss and optimizer; `ROWS` gathers all families."""

from __future__ import annotations

import importlib
import pkgutil

from .define import Row


def families() -> dict[str, list[Row]]:
    """The rows of each family file in this folder."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "define")
    return {name: importlib.import_module(f"{__name__}.{name}").ROWS for name in names}


def rows() -> list[Row]:
    """The rows of all families."""
    return [row for family in families().values() for row in family]
