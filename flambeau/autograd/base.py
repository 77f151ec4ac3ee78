"""What recording and autograd know of a tensor: its storage, its view of it, its place in the tape.

`TensorBase` has no operations; the public `Tensor` (package tensor) adds them and registers itself
with `register_tensor_class`, so that recording makes public tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..graph import Node, apply, leaf, pending
from . import steps
from .modes import modes


class Storage:
    """Memory as tensors see it: the current value, and how often it was replaced.

    Attributes:
        node: the value of the whole storage at present.
        clock: counts every write; a tensor whose `_seen` is older derives its value anew.
        version: a cell counting the writes that autograd must know of; shared by views.
        buffer: the NumPy array that shares this memory, if any; it then holds the truth.
        exported: weak reference to the array handed out by `numpy()`; sharing ends when it dies.
        dirty: whether a parameter was updated in place since a forward pass read it.
    """

    __slots__ = ("__weakref__", "address", "buffer", "clock", "dirty", "exported", "node",
                 "version")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.clock = 0
        self.version = [0]
        self.buffer: Any = None
        self.exported: Any = None
        self.dirty = False
        self.address = 0

    def share(self, buffer: Any, exported: Any = None) -> None:
        """From now on `buffer` holds the truth (while `exported` lives, if given)."""
        self.buffer = buffer
        self.exported = exported
        self.clock += 1

    def shared(self) -> bool:
        """Whether NumPy code may see or change this memory at present."""
        if self.buffer is None:
            return False
        if self.exported is not None and self.exported() is None:
            self.node = leaf(self.buffer, self.node.spec.dtype)
            self.buffer = self.exported = None
            self.clock += 1
            return False
        return True


class TensorBase:
    """A mutable name for an immutable value: a storage and a view of it, plus autograd's fields."""

    _storage: Storage
    _node: Node  # the value last seen; its spec is always right
    _seen: int  # the storage's clock when _node was taken
    _chain: tuple[Any, ...] = ()  # view steps from the storage's value to this tensor's
    _layout: tuple[tuple[int, ...], int] | None = None  # strides and offset, once asked for
    _base: TensorBase | None = None  # the tensor this one is a view of
    _view_name: str = ""
    _multi_view: bool = False  # one of several views made by one call (split, unbind)
    _no_grad_view: bool = False
    _rg: bool = False  # requires_grad
    _grad_fn: Any = None
    _output_nr: int = 0
    _grad: Any = None
    _hooks: Any = None
    _post_hooks: Any = None
    _retains: bool = False
    _own_version: list[int] | None = None  # a `.data` alias counts its writes apart
    _inference: bool = False
    _passed: bool = False  # the input of a functional derivative (package func) that has returned
    _sparse: Any = None  # (indices, values, coalesced) of a gradient with few rows
    _public: ClassVar[type[Any]]

    def _value(self) -> Node:
        """The node of the tensor's present value."""
        if self._seen == self._storage.clock:
            return self._node
        return self._refresh()

    def _refresh(self) -> Node:
        """Derive the value anew after the storage was written to, and the place in the tape."""
        storage = self._storage
        if storage.shared():
            array = storage.buffer
            for step in self._chain:
                array = steps.on_array(array, step)
            return leaf(np.array(array), self._node.spec.dtype)
        node = storage.node
        if self._chain:
            node = derive(node, self._chain)
        self._node = node
        self._seen = storage.clock
        if self._base is not None and self._base._rg:
            _regenerator[0](self)
        return node

    def _version_cell(self) -> list[int]:
        return self._own_version or self._storage.version

    def _strided(self) -> tuple[tuple[int, ...], int]:
        """Strides (in elements) and offset within the storage."""
        if self._layout is None:
            base = self._storage.node.spec.shape if self._chain else self._node.spec.shape
            self._layout = steps.layout(base, self._chain)
        return self._layout


def derive(node: Node, chain: tuple[Any, ...]) -> Node:
    """The value of a view: at once where the data is there (no copy), else recorded."""
    if node.data is not None and (pending.forward is None or not pending.forward.carries(node)):
        array = node.data
        for step in chain:
            array = steps.on_array(array, step)
        return leaf(array)
    made: Node = apply(steps.view_template(chain, node.spec), (node,))
    return made


def blank() -> Any:
    """A public tensor without any of its fields yet."""
    return object.__new__(TensorBase._public)


def wrap(node: Node) -> Any:
    """A new public tensor with its own storage."""
    tensor: Any = object.__new__(TensorBase._public)
    tensor._storage = Storage(node)
    tensor._node = node
    tensor._seen = 0
    if modes.inference:
        tensor._inference = True
    return tensor


def register_tensor_class(cls: type[Any]) -> None:
    """Tell recording which class its results are."""
    TensorBase._public = cls


# Rebuilds the grad_fn of a view whose base was written to; registered by autograd.views.
_regenerator: list[Callable[[TensorBase], None]] = []


def register_regenerator(function: Callable[[TensorBase], None]) -> None:
    """Tell recording how the place of a view in the tape is found anew."""
    _regenerator.append(function)
