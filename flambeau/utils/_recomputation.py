"""The form of checkpointing that leaves the tape in place: what it would save is computed anew.

A call's tape entries hand what they save to a frame, which keeps only its shape; when one of them
needs it in the backward pass, the frame calls the function again and takes what is saved then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from ..autograd import Function, enable_grad
from ..autograd.engine import running
from ..autograd.graph import saved_tensors_hooks
from ..autograd.modes import modes
from ..generator import default_generator
from ..tensor.creation import empty

Metadata = Callable[[Any], Any]


class CheckpointError(RuntimeError):
    """The function did not save the same tensors when it was called again."""


class _Stop(Exception):
    """All that is needed is there: the rest of the function need not run again."""

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self.frame = frame


class _Inputs(Function):
    """Saves the arguments of a call, through the hooks of a frame around it if there is one."""

    @staticmethod
    def forward(*args: Any) -> Any:
        """A tensor whose tape entry holds the arguments."""
        return empty(0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep tensors as the tape does, other arguments as they are."""
        ctx.places = [hasattr(a, "grad_fn") for a in inputs]
        ctx.others = [None if p else a for a, p in zip(inputs, ctx.places, strict=True)]
        ctx.save_for_backward(*[a for a, p in zip(inputs, ctx.places, strict=True) if p])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Never called: nothing depends on the result."""
        raise AssertionError("the inputs of a checkpointed call have no gradient of their own")


class Frame:
    """One checkpointed call.

    Args:
        run: the function.
        args: its arguments.
        preserve: draw the same random numbers again.
        early_stop: stop the second call when everything needed was saved.
        context: a context manager around the second call.
        metadata: what must agree between both calls; None: nothing is compared.
        debug: errors list all tensors saved.
    """

    def __init__(self, run: Callable[..., Any], args: tuple[Any, ...], preserve: bool,
                 early_stop: bool, context: Any, metadata: Metadata | None,
                 debug: bool = False) -> None:
        self.run = run
        self.entry = _Inputs.apply(empty(0, requires_grad=True), *args).grad_fn
        self.numbers = default_generator.get_state() if preserve else None
        self.autocast = modes.autocast
        self.early_stop = early_stop
        self.context = context
        self.metadata = metadata
        self.debug = debug
        self.seen: list[Any] = []  # one entry per tensor saved by the first call
        self.values: list[Any] = []
        self.owner: Any = None  # the backward pass that the values were computed for

    # ---- the first call ----

    def pack(self, tensor: Any) -> int:
        """Keep the place of a tensor and what it looks like, nothing else."""
        self.seen.append(None if self.metadata is None else self.metadata(tensor))
        return len(self.seen) - 1

    def unpack(self, index: int) -> Any:
        """The tensor as the function computes it again, once for a whole backward pass."""
        walk = running[-1] if running else None
        if walk is None or self.owner is not walk or self.values[index] is None:
            self.values = self._recomputed()
            self.owner = walk
        value, self.values[index] = self.values[index], None
        return value

    # ---- the second call ----

    def _arguments(self) -> list[Any]:
        entry = self.entry
        saved = iter(entry.saved_tensors)
        return [next(saved) if place else other
                for place, other in zip(entry.places, entry.others, strict=True)][1:]

    def _recomputed(self) -> list[Any]:
        values: list[Any] = []
        count = len(self.seen)

        def pack(tensor: Any) -> Any:
            if len(values) == count:
                raise CheckpointError("torch.utils.checkpoint: trying to save more tensors during "
                                      "recomputation than during the original forward pass."
                                      + self._listing(values))
            values.append(tensor.detach())
            if self.early_stop and len(values) == count:
                raise _Stop(self)
            return values[-1]
        try:
            with self._surroundings(), saved_tensors_hooks(pack, lambda kept: kept):
                self.run(*self._arguments())
        except _Stop as stop:
            if stop.frame is not self:
                raise
        self._compare(values)
        return values

    @contextlib.contextmanager
    def _surroundings(self) -> Iterator[None]:
        """The random numbers, the autocast and the grad mode of the first call."""
        now, autocast = default_generator.get_state(), modes.autocast
        if self.numbers is not None:
            default_generator.set_state(self.numbers)
        modes.autocast = self.autocast
        hooks, modes.saved = modes.saved, ()
        try:
            with enable_grad(), self.context:
                yield
        finally:
            modes.autocast, modes.saved = autocast, hooks
            if self.numbers is not None:
                default_generator.set_state(now)

    def _compare(self, values: list[Any]) -> None:
        if len(values) != len(self.seen):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\nNumber of tensors saved during forward: "
                f"{len(self.seen)}\nNumber of tensors saved during recomputation: {len(values)}."
                + self._listing(values))
        if self.metadata is None:
            return
        lines = ""
        for i, (before, value) in enumerate(zip(self.seen, values, strict=True)):
            after = self.metadata(value)
            if before != after:
                lines += (f"tensor at position {i}:\nsaved metadata: {before}\n"
                          f"recomputed metadata: {after}\n")
        if lines:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have "
                f"different metadata than during the forward pass.\n{lines}."
                + self._listing(values))

    def _listing(self, values: list[Any]) -> str:
        """All tensors that both calls saved, if that was asked for."""
        if not self.debug:
            return ""
        return (f"\nsaved during forward: {self.seen}\nsaved during recomputation: "
                f"{[described(v) for v in values]}")


def described(tensor: Any) -> dict[str, Any]:
    """What `determinism_check="default"` compares."""
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}
