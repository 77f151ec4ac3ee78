"""One level of `vmap`: a function runs once, for one example, and the whole batch goes along.

Each application of a template to a batched value also records the template for the batch
(`ops.batched`). The example's own values are never asked for, so nothing computes them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from ..autograd.base import TensorBase, wrap
from ..autograd.modes import modes
from ..autograd.node import replay
from ..graph import Node, apply, pending
from ..ops.batched import batched_of
from ..ops.define import trace
from ..ops.movement import reshape, strided_slice


class Unbatched(Exception):
    """The function does something that only single examples can do, such as reading a value."""

    def __init__(self, level: Level) -> None:
        super().__init__("the function is to be called for each example")
        self.level = level


class Level:
    """The batched values of one call, and where on the tape the other values stand.

    Args:
        size: of the batch.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.parent: Any = pending.forward
        self.batched: dict[Node, Any] = {}
        self.primals: dict[Node, Any] = {}

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """A block whose applications are followed."""
        pending.forward = self
        try:
            yield
        finally:
            pending.forward = self.parent

    @contextlib.contextmanager
    def _outside(self) -> Iterator[None]:
        pending.forward = self.parent
        try:
            yield
        finally:
            pending.forward = self

    def example(self, whole: Any) -> Any:
        """The first example of a batch (in front), standing for all."""
        s = whole._node.spec
        template = trace("example", lambda x: reshape(strided_slice(
            x, start=(0,) * x.ndim, shape=(1, *x.shape[1:]), step=(1,) * x.ndim),
            shape=x.shape[1:]), [s])
        node: Node = apply(template, (whole._value(),))
        self.batched[node] = whole
        return wrap(node)

    # ---- what recording asks of a level ----

    def carries(self, node: Node) -> bool:
        """Whether a value differs between examples."""
        return node in self.batched or (self.parent is not None and self.parent.carries(node))

    def read(self, node: Node) -> None:
        """Refuse to show a value that differs between examples."""
        if node in self.batched:
            raise Unbatched(self)
        if self.parent is not None:
            self.parent.read(node)

    def nest(self) -> None:
        """Forward mode inside: one example after the other."""
        raise Unbatched(self)

    def text(self, tensor: Any) -> str | None:
        """Nothing to print besides the tensor."""
        return None

    def note(self, tensors: Sequence[Any], inputs: Sequence[Any]) -> None:
        """Remember the tensors behind the values of a taped application."""
        for t, node in zip(tensors, inputs, strict=True):
            if isinstance(t, TensorBase) and t._rg:
                self.primals.setdefault(node, t)
        if self.parent is not None:
            self.parent.note(tensors, inputs)

    def push(self, template: Any, inputs: Sequence[Any], made: Sequence[Node]) -> None:
        """Record an application for the batch."""
        flags = tuple([type(x) is Node and x in self.batched for x in inputs])
        with self._outside():
            if any(flags):
                whole, places = batched_of(template, flags, self.size)
                tensors = [self.batched[x] if f else self._shared(x)
                           for x, f in zip(inputs, flags, strict=True)]
                found = replay(whole, "BatchedBackward", tensors)
                for node, t, f in zip(made, found, places, strict=True):
                    if f:
                        self.batched[node] = t
            elif self.parent is not None:
                self.parent.push(template, inputs, made)

    def _shared(self, x: Any) -> Any:
        if type(x) is not Node:
            return x
        known = self.primals.get(x)
        return wrap(x) if known is None else known

    def apply(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a user's Function; where the batch is on the tape, one example after the other."""
        for a in args:
            whole = self.batched.get(a._value()) if isinstance(a, TensorBase) else None
            if whole is not None and whole._rg and modes.grad:
                raise Unbatched(self)
        return function._recorded(function._backward_cls(), args, kwargs)
