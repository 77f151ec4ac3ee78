"""`torch.compile` and `torch.compiler`: everything compiles by itself, so requests are no-ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F")


def compile(model: Any = None, *, fullgraph: bool = False, dynamic: bool | None = None,
            backend: str | Callable[..., Any] = "inductor", mode: str | None = None,
            options: dict[str, Any] | None = None, disable: bool = False, name: str | None = None,
            recompile_limit: int | None = None, isolate_recompiles: bool = False) -> Any:
    """Return the model or function as it is: whole training steps are compiled without asking.

    Args:
        model: a module or function; without it, a decorator is returned.
        fullgraph, dynamic, backend, mode, options, disable, name, recompile_limit,
            isolate_recompiles: accepted.

    Returns:
        `model` itself, so the keys of its state_dict do not change.

    Example:
        >>> import flambeau as torch
        >>> net = torch.nn.Linear(2, 1)
        >>> torch.compile(net) is net
        True

    Source: torch.compile.
    """
    return _itself if model is None else model


def _itself(fn: F) -> F:
    return fn


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Return the function as it is; `flambeau.eager()` runs a block operation by operation."""
    return _itself if fn is None else fn


def allow_in_graph(fn: F) -> F:
    """Return the function as it is."""
    return fn


substitute_in_graph = assume_constant_result = allow_in_graph


def reset() -> None:
    """Forget what was compiled: nothing depends on it."""


def cudagraph_mark_step_begin() -> None:
    """Mark the start of a step for CUDA graphs: there are none."""


def is_compiling() -> bool:
    """Whether code is being traced for compilation: never, it runs as it stands."""
    return False


is_dynamo_compiling = is_exporting = is_compiling
