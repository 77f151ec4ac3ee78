"""Modules whose initial values are of no interest, because others are loaded at once."""

from __future__ import annotations

import inspect
from typing import Any

from flambeau.nn.modules.module import Module
from flambeau.random import get_rng_state, set_rng_state

__all__ = ["skip_init"]


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """Make a module whose initial values are arbitrary and use up no random numbers.

    Args:
        module_cls: the class; its constructor takes `device`.
        *args: its arguments.
        **kwargs: its keyword arguments.

    Returns:
        The module; its values are to be overwritten.

    Raises:
        RuntimeError: where the class is no module or takes no `device`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.utils.skip_init(torch.nn.Linear, 2, 3)
        Linear(in_features=2, out_features=3, bias=True)

    Source: torch.nn.utils.skip_init
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    numbers = get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        set_rng_state(numbers)
