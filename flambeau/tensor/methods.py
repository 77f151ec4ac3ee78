"""How functions become methods of Tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.inplace import assign


def inplace(function: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place method of a function: its result becomes the tensor's new value."""
    name = function.__name__.strip("_").title().replace("_", "") + "Backward0"

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return assign(self, function(self, *args, **kwargs), name)
    method.__name__ = method.__qualname__ = function.__name__ + "_"
    method.__doc__ = f"In-place version of `{function.__name__}`."
    method.__wrapped__ = getattr(function, "__wrapped__", function)  # type: ignore[attr-defined]
    return method
