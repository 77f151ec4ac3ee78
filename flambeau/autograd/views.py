"""Views: tensors that share a storage. A write through any of them is seen by all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..graph import Shape, leaf
from ..ops.define import Template, trace
from . import steps
from .base import blank, derive, register_regenerator
from .inplace import check_writable
from .modes import modes
from .node import grad_class
from .steps import Layout, Step


def make_view(t: Any, chain: tuple[Step, ...], name: str, *, multi: bool = False,
              track: bool = True, tape: bool = True, whole: tuple[Step, ...] | None = None) -> Any:
    """A new tensor that views `t` through a chain of steps.

    Args:
        t: any tensor.
        chain: the steps from its value to the view's.
        name: class name of the tape entry (`TransposeBackward0`).
        multi: one of several views that a single call makes; those may not be written to in place.
        track: False for `detach` and `data`: the view has no place in the tape.
        tape: False where the caller makes the tape entry.
        whole: the steps from the storage's value to the view's, where they are not those of `t`
            followed by `chain`.
    """
    storage = t._storage
    node = t._value()
    out = blank()
    out._storage = storage
    if storage.buffer is not None:
        array = node.data
        for step in chain:
            array = steps.on_array(array, step)
        out._node, out._seen = leaf(array), -1
    else:
        out._node = derive(node, chain) if chain else node
        out._seen = storage.clock
    out._chain = t._chain + chain if whole is None else whole
    out._inference = t._inference
    if not chain:
        out._sparse = t._sparse
    if t._own_version is not None:
        out._own_version = t._own_version
    if not track:
        return out
    out._base = t if t._base is None else t._base
    out._view_name = name
    out._multi_view = multi or t._multi_view
    out._no_grad_view = not modes.grad
    if t._rg and tape and modes.grad and out._node.spec.dtype.category >= 2:
        tape_view(out, t, node, chain, name)
    return out


def strided_view(t: Any, shape: Shape, places: Callable[[Layout], Layout], name: str) -> Any:
    """A view that picks elements of `t` by strides (diagonals, windows).

    Args:
        t: any tensor.
        shape: the view's.
        places: the view's strides and offset, given those of `t`.
        name: class name of the tape entry.
    """
    inside = places((steps.contiguous_strides(t._node.spec.shape), 0))
    step = ("as_strided", shape, *inside)
    whole = (("as_strided", shape, *places(t._strided())),) if t._chain else (step,)
    return make_view(t, (step,), name, whole=whole)


def storage_view(t: Any, shape: Shape, strides: tuple[int, ...], offset: int,
                 name: str) -> Any:
    """A view of the storage of `t` with any shape, strides and offset, inside `t` or not."""
    step = ("as_strided", shape, strides, offset)
    root = t if t._base is None else t._base
    if root._chain:  # it views a storage whose tensor is out of reach: so does the result
        root = make_view(t, (), "", track=False)
        root._chain, root._layout, root._node = (), None, t._storage.node
    return make_view(root, (step,), name)


def become(t: Any, view: Any) -> Any:
    """Make `t` itself the view of it that `view` is (transpose_ and the like); returns `t`.

    Raises:
        RuntimeError: where autograd forbids an in-place operation.
    """
    check_writable(t)
    t._node, t._seen, t._chain, t._layout = view._node, view._seen, view._chain, None
    if view._grad_fn is not None:
        t._grad_fn, t._output_nr, t._rg = view._grad_fn, 0, True
    t._version_cell()[0] += 1
    return t


_split_templates: dict[Any, Template] = {}


def make_views(t: Any, chains: Sequence[tuple[Step, ...]], name: str, body: Any) -> tuple[Any, ...]:
    """Several views made by one call, with one tape entry between them.

    Args:
        t: any tensor.
        chains: one chain of steps per view.
        name: class name of the tape entry (`UnbindBackward0`).
        body: makes all of them of a symbolic value; its derivative is the views'.
    """
    node = t._value()
    outs = tuple([make_view(t, chain, name, multi=True, tape=False) for chain in chains])
    if t._rg and modes.grad and outs:
        key = (name, tuple(chains), node.spec)
        template = _split_templates.get(key)
        if template is None:
            template = _split_templates[key] = trace(name, lambda x: tuple(body(x)), [node.spec])
        fn = grad_class(name)(template, (0,), (t,), (node,), [o._node for o in outs])
        for k, out in enumerate(outs):
            out._grad_fn, out._output_nr, out._rg = fn, k, True
    return outs


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


register_regenerator(_regenerate)
