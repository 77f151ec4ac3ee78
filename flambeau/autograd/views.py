"""Views: tensors that share a storage. A write through any of them is seen by all."""

from __future__ import annotations

from typing import Any

from ..graph import leaf
from . import base as base_module
from . import steps
from .base import TensorBase, derive
from .modes import modes
from .node import grad_class
from .steps import Step


def make_view(t: Any, chain: tuple[Step, ...], name: str, *, multi: bool = False,
              track: bool = True) -> Any:
    """A new tensor that views `t` through a chain of steps.

    Args:
        t: any tensor.
        chain: the steps from its value to the view's.
        name: class name of the tape entry (`TransposeBackward0`).
        multi: one of several views that a single call makes; those may not be written to in place.
        track: False for `detach` and `data`: the view has no place in the tape.
    """
    storage = t._storage
    node = t._value()
    out = TensorBase._public.__new__(TensorBase._public)
    out._storage = storage
    if storage.buffer is not None:
        array = node.data
        for step in chain:
            array = steps.on_array(array, step)
        out._node, out._seen = leaf(array, node.spec.dtype), -1
    else:
        out._node = derive(node, chain) if chain else node
        out._seen = storage.clock
    out._chain = t._chain + chain
    out._inference = t._inference or modes.inference
    if t._own_version is not None:
        out._own_version = t._own_version
    if not track:
        return out
    out._base = t._base or t
    out._view_name = name
    out._multi_view = multi
    out._no_grad_view = not modes.grad
    if t._rg and modes.grad:
        if node.spec.dtype.category >= 2:
            tape_view(out, t, node, chain, name)
    return out


def tape_view(out: Any, t: Any, node: Any, chain: tuple[Step, ...], name: str) -> None:
    """Give a view its tape entry."""
    template = steps.view_template(chain, node.spec)
    out._grad_fn = grad_class(name)(template, (0,), (t,), (node,), out._node)
    out._output_nr, out._rg = 0, True


def _regenerate(view: Any) -> None:
    """After its base was written to, a view hangs on the base's new tape entry."""
    if view._no_grad_view:
        return
    root = view._base
    node = view._storage.node
    chain = view._chain
    if root._chain:  # the base is itself an untracked view of the storage
        node = derive(node, root._chain)
        chain = chain[len(root._chain):]
    tape_view(view, root, node, chain, "AsStridedBackward0" if root._grad_fn else view._view_name)


base_module.regenerate = _regenerate
