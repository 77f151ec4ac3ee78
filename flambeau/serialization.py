"""`torch.serialization`: saving, loading, and the classes that files may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO, Any, TypeAlias

from .checkpoint import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    load,
    safe_globals,
    save,
)
from .device import device

__all__ = ["FILE_LIKE", "MAP_LOCATION", "SourceChangeWarning", "add_safe_globals",
           "clear_safe_globals", "get_safe_globals", "load", "safe_globals", "save"]

FILE_LIKE: TypeAlias = str | os.PathLike[str] | IO[bytes]
MAP_LOCATION: TypeAlias = Callable[[Any, str], Any] | device | str | dict[str, str] | None


class SourceChangeWarning(Warning):
    """A module was saved with another source; files hold no sources, so it is never raised."""
