"""Utilities beside the tensor and the network; each is loaded when it is first used."""

from __future__ import annotations

import importlib
from typing import Any

LAZY = ("_pytree", "benchmark", "checkpoint", "data", "dlpack", "model_zoo", "tensorboard")


def __getattr__(name: str) -> Any:
    if name in LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def swap_tensors(t1: Any, t2: Any) -> None:
    """Exchange what two tensors hold, while each object stays the same.

    Args:
        t1, t2: the tensors.

    Example:
        >>> import flambeau as torch
        >>> a, b = torch.zeros(2), torch.ones(3)
        >>> torch.utils.swap_tensors(a, b)
        >>> a, b
        (tensor([1., 1., 1.]), tensor([0., 0.]))

    Source: torch.utils.swap_tensors
    """
    t1.__class__, t2.__class__ = t2.__class__, t1.__class__
    t1.__dict__, t2.__dict__ = t2.__dict__, t1.__dict__


def __dir__() -> list[str]:
    return sorted([*globals(), *LAZY])
