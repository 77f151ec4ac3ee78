"""`torch.jit`: modules and functions are what they are; scripting and tracing return them.

Whole steps are compiled without being asked, so there is no second representation of a program.
Decorators are accepted, saving writes the module itself.
"""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from ..checkpoint import load as _load
from ..checkpoint import save as _save
from ..nn import Module

__all__ = ["Attribute", "Error", "Final", "ScriptFunction", "ScriptModule", "annotate", "export",
           "fork", "freeze", "ignore", "interface", "is_scripting", "is_tracing", "isinstance",
           "load", "onednn_fusion_enabled", "enable_onednn_fusion", "optimize_for_inference",
           "optimized_execution", "save", "script", "script_if_tracing", "script_method",
           "set_fusion_strategy", "trace", "trace_method", "trace_module", "unused", "wait"]

T = TypeVar("T")
_instance_check = isinstance


class Error(RuntimeError):
    """An error of TorchScript."""


class ScriptModule(Module):
    """A module; in PyTorch one whose methods are TorchScript."""


class ScriptFunction:
    """PyTorch's class of scripted functions; here they stay functions, so it has no instances."""


def script(obj: T, optimize: bool | None = None, _frames_up: int = 0, _rcb: Any = None,
           example_inputs: Any = None) -> T:
    """Return the module, function or class itself: its steps are compiled anyway.

    Args:
        obj: what PyTorch would translate to TorchScript.
        optimize, example_inputs: accepted.

    Example:
        >>> import flambeau as torch
        >>> @torch.jit.script
        ... def double(x):
        ...     return 2 * x
        >>> double(torch.ones(1))
        tensor([2.])

    Source: torch.jit.script.
    """
    return obj


def trace(func: T, example_inputs: Any = None, optimize: Any = None, check_trace: bool = True,
          check_inputs: Any = None, check_tolerance: float = 1e-05, strict: bool = True,
          *args: Any, **kwargs: Any) -> T:
    """Return the module or function itself; control flow stays as it is written.

    Args:
        func: a module or function.
        example_inputs: what PyTorch would run it on; not used.

    Source: torch.jit.trace.
    """
    return func


def trace_module(mod: T, inputs: Any, *args: Any, **kwargs: Any) -> T:
    """Return the module itself."""
    return mod


def _itself(fn: T) -> T:
    """Return the function itself."""
    return fn


script_method = trace_method = export = interface = script_if_tracing = _itself


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """Mark a method that TorchScript leaves alone: with or without arguments, no effect."""
    return drop if callable(drop) else _itself


def unused(fn: T) -> T:
    """Mark a method that TorchScript leaves out: no effect."""
    return fn


def freeze(mod: T, preserved_attrs: list[str] | None = None, optimize_numerics: bool = True) -> T:
    """Return the module itself, which must be in evaluation mode.

    Raises:
        RuntimeError: the module is in training mode.
    """
    if getattr(mod, "training", False):
        raise RuntimeError("Freezing is currently only implemented for modules in eval mode. "
                           "Please call .eval() on your module before freezing.")
    return mod


def optimize_for_inference(mod: T, other_methods: list[str] | None = None) -> T:
    """Return the module itself."""
    return mod


def annotate(the_type: Any, the_value: T) -> T:
    """Return the value."""
    return the_value


Attribute = annotate


def isinstance(obj: Any, target_type: Any) -> bool:
    """Whether an object is of a type, or of one of several."""
    return _instance_check(obj, target_type)


def is_scripting() -> bool:
    """Whether code runs as TorchScript: never."""
    return False


def is_tracing() -> bool:
    """Whether code is being traced: never."""
    return False


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
    """Call a function and return its result as a future that is done."""
    future: Future[Any] = Future()
    future.set_result(func(*args, **kwargs))
    return future


def wait(future: Future[Any]) -> Any:
    """Return the result of a future."""
    return future.result()


def save(m: Any, f: Any, _extra_files: Any = None) -> None:
    """Save a module as `torch.save` does, its classes by name.

    Args:
        m: the module.
        f: a path or a binary file.
    """
    _save(m, f)


def load(f: Any, map_location: Any = None, _extra_files: Any = None,
         _restore_shapes: bool = False) -> Any:
    """Load a module that `flambeau.jit.save` wrote.

    Args:
        f: a path or a binary file.
        map_location: accepted; there is one device.

    Raises:
        RuntimeError: the file is a TorchScript program, which only PyTorch runs.
    """
    if zipfile.is_zipfile(f):
        with zipfile.ZipFile(f) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                raise RuntimeError("the file is a TorchScript program, which flambeau does not "
                                   "run. Build the model in Python and load its state_dict, saved "
                                   "in PyTorch by torch.save(scripted.state_dict(), path)")
    if hasattr(f, "seek"):
        f.seek(0)
    return _load(f, map_location, weights_only=False)


@contextlib.contextmanager
def optimized_execution(should_optimize: bool) -> Iterator[None]:
    """A block in which TorchScript would be optimized or not: no effect."""
    yield


def set_fusion_strategy(strategy: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Choose how TorchScript specializes: no effect; returns what was chosen."""
    return strategy


def enable_onednn_fusion(enabled: bool) -> None:
    """Let TorchScript use oneDNN: no effect."""


def onednn_fusion_enabled() -> bool:
    """Whether TorchScript uses oneDNN: no."""
    return False
