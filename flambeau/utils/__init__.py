"""Utilities beside the tensor and the network; each is loaded when it is first used."""

from __future__ import annotations

import importlib
from typing import Any

LAZY = ("_pytree", "checkpoint", "data", "dlpack", "model_zoo", "tensorboard")


def __getattr__(name: str) -> Any:
    if name in LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *LAZY])
