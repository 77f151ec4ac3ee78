"""`torch.fx`: marks that programs put on functions; there is no symbolic tracing of Python code."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

__all__ = ["symbolic_trace", "wrap"]

T = TypeVar("T")


def wrap(fn_or_name: T) -> T:
    """Mark a function as one that tracing does not enter; it stays as it is.

    Args:
        fn_or_name: the function, or its name.

    Returns:
        The same.

    Source: torch.fx.wrap
    """
    return fn_or_name


def symbolic_trace(root: Any, concrete_args: Any = None) -> NoReturn:
    """Trace Python code into a graph, which flambeau does not.

    Raises:
        RuntimeError: always; `flambeau.explain` shows what was recorded and compiled.

    Source: torch.fx.symbolic_trace
    """
    raise RuntimeError("flambeau does not trace Python code into torch.fx graphs. Modules run as "
                       "they are and are compiled without being asked; flambeau.explain() shows "
                       "what was recorded.")
