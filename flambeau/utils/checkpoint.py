"""Recomputing activations in the backward pass instead of keeping them."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ..autograd import Function, enable_grad
from ..autograd.api import backward as run_backward
from ..autograd.base import TensorBase
from ..autograd.graph import saved_tensors_hooks
from ..autograd.modes import modes
from ..generator import default_generator
from ._recomputation import CheckpointError, Frame, Metadata, described

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn",
           "set_checkpoint_debug_enabled", "set_checkpoint_early_stop"]


def get_device_states(*args: Any) -> tuple[list[int], list[Any]]:
    """The accelerators that hold the arguments and the states of their random numbers.

    Args:
        args: anything.

    Returns:
        Two empty lists: tensors lie in the CPU's memory, whose state `get_rng_state` returns.

    Source: torch.utils.checkpoint.get_device_states
    """
    return [], []


def set_device_states(devices: list[int], states: list[Any], *,
                      device_type: str | None = None) -> None:
    """Put the states of accelerators' random numbers back.

    Args:
        devices: indices of accelerators.
        states: what `get_device_states` returned for them.
        device_type: their type.

    Raises:
        RuntimeError: for any device, since there is none.

    Source: torch.utils.checkpoint.set_device_states
    """
    if devices:
        raise RuntimeError("flambeau has no device besides the CPU")


def _detached(value: Any) -> Any:
    if not isinstance(value, TensorBase):
        return value
    tensor: Any = value
    made = tensor.detach()
    made.requires_grad_(tensor.requires_grad)
    return made


class CheckpointFunction(Function):
    """Runs a function without the tape, and once more with it in the backward pass."""

    @staticmethod
    def forward(ctx: Any, run: Callable[..., Any], preserve: bool, tape: Any, *args: Any) -> Any:
        """The function's result; keeps its inputs only."""
        ctx.run = run
        ctx.numbers = default_generator.get_state() if preserve else None
        ctx.places = [isinstance(a, TensorBase) for a in args]
        ctx.others = [None if tensor else a for a, tensor in zip(args, ctx.places, strict=True)]
        ctx.save_for_backward(*[a for a, t in zip(args, ctx.places, strict=True) if t])
        return run(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Runs the function with the tape, then back through it."""
        saved = iter(ctx.saved_tensors)
        args: list[Any] = [_detached(next(saved)) if tensor else other
                           for other, tensor in zip(ctx.others, ctx.places, strict=True)]
        now = default_generator.get_state()
        if ctx.numbers is not None:
            default_generator.set_state(ctx.numbers)
        with enable_grad():
            outputs = ctx.run(*args)
        if ctx.numbers is not None:
            default_generator.set_state(now)
        many = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
        pairs = [(o, g) for o, g in zip(many, grads, strict=True)
                 if isinstance(o, TensorBase) and o._rg]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not "
                               "necessary")
        run_backward([o for o, _ in pairs], [g for _, g in pairs])
        found = tuple([a.grad if tensor else None
                       for a, tensor in zip(args, ctx.places, strict=True)])
        return (None, None, None, *found)


def noop_context_fn() -> tuple[Any, Any]:
    """Two context managers that do nothing: for the call, and for the call in the backward pass."""
    return contextlib.nullcontext(), contextlib.nullcontext()


class _Settings:
    """Switches that hold for all calls; None: as the call says."""

    early_stop: bool | None = None
    debug: bool | None = None


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Whether calls in this block stop computing again once everything needed is there.

    Args:
        enable: True or False, whatever the calls themselves say.

    Source: torch.utils.checkpoint.set_checkpoint_early_stop
    """
    before, _Settings.early_stop = _Settings.early_stop, enable
    try:
        yield
    finally:
        _Settings.early_stop = before


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Whether errors of calls in this block list all saved tensors (see `checkpoint`).

    Args:
        enabled: True or False; None: as each call says.

    Source: torch.utils.checkpoint.set_checkpoint_debug_enabled
    """
    before, _Settings.debug = _Settings.debug, enabled
    try:
        yield
    finally:
        _Settings.debug = before


_CHECKS: dict[str, Metadata | None] = {"default": described, "none": None}


def checkpoint(function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
               context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
               determinism_check: str = "default", debug: bool = False, early_stop: bool = True,
               **kwargs: Any) -> Any:
    """Call a function now, and again in the backward pass, keeping only its inputs between.

    Args:
        function: the function.
        *args: its arguments.
        use_reentrant: True: gradients flow only where an argument requires them, `autograd.grad`
            does not pass, keywords are refused. False: the tape is the plain call's. Default:
            True, with a warning.
        context_fn: returns two context managers, around the first call and around the second.
            Only where `use_reentrant` is False.
        determinism_check: "default": shapes and dtypes of what both calls save must agree; "none".
        debug: errors of that check list all tensors saved. Default: False.
        early_stop: end the second call when everything needed is there. Default: True.
        **kwargs: its keyword arguments; and `preserve_rng_state`: draw the same random numbers
            again. Default: True.

    Returns:
        What the function returns.

    Raises:
        ValueError: for arguments that do not go together.
        CheckpointError: in the backward pass, where the second call saves other tensors.

    Example:
        >>> import flambeau as torch
        >>> from flambeau.utils.checkpoint import checkpoint
        >>> x = torch.ones(2, requires_grad=True)
        >>> checkpoint(torch.exp, x, use_reentrant=False).sum().backward()
        >>> x.grad
        tensor([2.7183, 2.7183])

    Source: torch.utils.checkpoint.checkpoint
    """
    preserve_rng_state = kwargs.pop("preserve_rng_state", True)
    if use_reentrant is None:
        warnings.warn("torch.utils.checkpoint: pass use_reentrant explicitly; it is taken to be "
                      "True.", stacklevel=2)
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when "
                             "use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve_rng_state, None, *args)
    if determinism_check not in _CHECKS:
        raise ValueError(f"determinism_check should be one of {list(_CHECKS)}, but got "
                         f"{determinism_check}")
    run = functools.partial(function, **kwargs) if kwargs else function
    first, second = context_fn()
    if not modes.grad:
        with first:
            return run(*args)
    stops = early_stop if _Settings.early_stop is None else _Settings.early_stop
    frame = Frame(run, args, preserve_rng_state, stops, second, _CHECKS[determinism_check],
                  debug if _Settings.debug is None else _Settings.debug)
    with saved_tensors_hooks(frame.pack, frame.unpack), first:
        return run(*args)


def checkpoint_sequential(functions: Any, segments: int, input: Any,
                          use_reentrant: bool | None = None, **kwargs: Any) -> Any:
    """Checkpoint a chain of modules in so many parts; the last one runs as usual.

    Args:
        functions: a Sequential, or a list of functions.
        segments: number of parts.
        input: the first one's argument.
        use_reentrant: as in `checkpoint`.
        **kwargs: preserve_rng_state. Default: True.

    Returns:
        The last one's result.

    Source: torch.utils.checkpoint.checkpoint_sequential
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    parts = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(parts) // segments

    def chain(first: int, last: int) -> Callable[[Any], Any]:
        def run(value: Any) -> Any:
            for part in parts[first:last]:
                value = part(value)
            return value
        return run

    for first in range(0, size * (segments - 1), size):
        input = checkpoint(chain(first, first + size), input, use_reentrant=use_reentrant,
                           preserve_rng_state=preserve)
    return chain(size * (segments - 1), len(parts))(input)
