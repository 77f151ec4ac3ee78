"""In-place operations: a new value is recorded; the tensor and all its views are renamed to it."""

from __future__ import annotations

import warnings
from sys import getrefcount
from typing import Any

import numpy as np

from ..dtype import bool_, can_cast, scalar_name
from ..engines import realize
from ..graph import Node, apply, leaf, pending
from ..ops import elementwise as ew
from . import steps
from .base import TensorBase, derive
from .modes import modes
from .node import GradFn, grad_class
from .record import Value, _output_writer, op


@op(grad="ToCopyBackward0", widen=False)
def _cast_to(input: Value, dtype: Any) -> Any:
    return ew.cast(input, dtype=dtype)


@op(name="overwrite", grad=lambda specs, static: static[0], widen=False)
def overwritten(input: Value, new: Value, name: str) -> Any:
    """The new values as a function of the old ones, whose gradient is zero."""
    never = ew.constant(value=False, dtype=bool_)
    return ew.select(never, input, ew.cast(new, dtype=input.dtype))


def check_writable(t: TensorBase) -> None:
    """Raise PyTorch's error where autograd forbids an in-place operation.

    Raises:
        RuntimeError: for leaves that require grad, views of such leaves, and views made by calls
            that return several.
    """
    if t._inference and not modes.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make "
            "a clone to get a normal tensor before doing inplace update.See "
            "https://github.com/pytorch/rfcs/pull/17 for more details.")
    if not modes.grad:
        return
    if t._seen != t._storage.clock:
        t._refresh()
    if t._rg and t._grad_fn is None:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place "
                           "operation.")
    root = t._base
    if root is None or not (root._rg or t._rg):
        return
    if root._grad_fn is None and root._rg:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an "
                           "in-place operation.")
    if t._multi_view:
        name = t._view_name.replace("Backward", "").removesuffix("0")
        raise RuntimeError(
            f"Output {t._output_nr} of {name} is a view and is being modified inplace. This view "
            "is the output of a function that returns multiple views. Such functions do not allow "
            "the output views to be modified inplace. You should replace the inplace operation by "
            "an out-of-place one.")


def assign(t: Any, result: Any, name: str = "CopySlices") -> Any:
    """Make `result` (of an operation on `t`) the new value of `t`, in place; returns `t`.

    Args:
        t: the tensor.
        result: its new value, of its shape.
        name: class name of the tape entry where the result does not depend on `t` differentiably.

    Raises:
        RuntimeError: where the result's shape or dtype does not fit.
    """
    check_writable(t)
    have, got = t._node.spec, result._node.spec
    if got.shape != have.shape:
        raise RuntimeError(f"output with shape {list(have.shape)} doesn't match the broadcast "
                           f"shape {list(got.shape)}")
    if got.dtype is not have.dtype:
        if not can_cast(got.dtype, have.dtype):
            raise RuntimeError(f"result type {scalar_name(got.dtype)} can't be cast to the desired "
                               f"output type {scalar_name(have.dtype)}")
        result = _cast_to(result, have.dtype)
    if modes.grad and t._rg and not result._rg:
        result = overwritten(t, result, name)
    return replace(t, result)


def replace(t: Any, result: Any) -> Any:
    """Rename `t` to the value of `result`, which has its shape and dtype; tape it if needed."""
    node = result._value()
    taped = result._rg and modes.grad
    if taped:
        fn, cell = result._grad_fn, t._version_cell()
        if isinstance(fn, GradFn):  # what it saved of `t` itself is the old value, rightly
            fn.cells = [c for c in fn.cells if c[0] is not cell]
        if t._base is not None:
            _rebase(t, node, result)
    write(t, node)
    if taped and t._base is None:
        t._grad_fn, t._output_nr, t._rg = result._grad_fn, result._output_nr, True
        t._version_cell()[1:] = [t._grad_fn.name()]  # who wrote last, for error messages
        if isinstance(t._grad_fn, GradFn) and t._grad_fn.vjp.reads_outputs:
            t._grad_fn.watch_output(t._output_nr, t._version_cell())
        if t._retains:
            t._retains = False
            t.retain_grad()
    elif not modes.grad and t._rg and t._grad_fn is None:
        t._storage.dirty = True
    if taped and t._base is not None:
        t._seen = -1  # its place in the tape is derived from the base's on next use
    return t


def write(t: Any, node: Node) -> None:
    """Replace the value of the tensor's part of the storage; all views see it."""
    storage = t._storage
    t._sparse = None
    cell = t._version_cell()
    if storage.shared():
        cell[0] += 1
        array = storage.buffer
        for step in t._chain:
            array = steps.on_array(array, step)
        np.copyto(array, realize.realize(node, "write to shared memory"))
        storage.clock += 1
        return
    if t._chain and pending.forward is None and _written_at_once(t, node):
        pass
    elif t._chain:
        whole = storage.node
        template = steps.put_template(t._chain, whole.spec, node.spec)  # may raise
        storage.node = apply(template, (whole, node))
    else:
        storage.node = node
    cell[0] += 1
    storage.clock += 1
    t._node = node
    t._seen = storage.clock


_PLAIN = ("slice", "permute", "reshape")  # steps whose elements are all different


def _counted(x: Any) -> int:
    return getrefcount(x)


def _counting() -> int:
    x = object()
    return _counted(x) - 1


_COUNTING = _counting()  # references that counting itself makes; fewer since Python 3.14


def _references(x: Any) -> int:
    """How many references to x there are, the caller's local variables included."""
    return getrefcount(x) - _COUNTING


def _written_at_once(t: Any, node: Node) -> bool:
    """Write the value of a view where both values are there already; whether that was possible.

    The memory is changed in place where nothing else refers to it, so that filling a tensor element
    by element takes a step per element, not a copy of the tensor. Otherwise it is copied, once.
    """
    storage = t._storage
    whole = storage.node
    if node.data is None or whole.data is None or not all(s[0] in _PLAIN for s in t._chain):
        return False
    array, old = whole.data, t._node
    through = old.data is not None and old.data.base is array  # the view's own value, now obsolete
    if not (array.flags.owndata and array.flags.writeable
            and _references(whole) == 2 + (t._base is not None and t._base._node is whole)
            and _references(array) == 2 + through and _references(old) == 2):
        array = np.array(array)
    part = array
    for step in t._chain:
        part = steps.on_array(part, step)
    if not np.may_share_memory(part, array):
        return False
    np.copyto(part, node.data)
    storage.node = leaf(array, whole.spec.dtype)
    return True


def _rebase(t: Any, node: Node, result: Any) -> None:
    """The base's new tape entry: its old value outside the view, the result inside."""
    root = t._base
    chain = t._chain[len(root._chain):]
    whole = derive(t._storage.node, root._chain) if root._chain else t._storage.node
    template = steps.put_template(chain, whole.spec, node.spec)
    wrt = (0, 1) if root._rg else (1,)
    fn = grad_class("CopySlices")(template, wrt, (root, result), (whole, node), whole)
    root._grad_fn, root._output_nr, root._rg = fn, 0, True


def set_data(t: Any, other: Any) -> None:
    """`t.data = other`: t names the other's storage from now on; autograd does not notice.

    Raises:
        RuntimeError: where the types are incompatible.
    """
    if not isinstance(other, TensorBase):
        raise TypeError(f"Variable data has to be a tensor, but got {type(other).__name__}")
    if t._rg and other._node.spec.dtype.category < 2:
        raise RuntimeError("data set to a tensor that requires gradients must be floating point or "
                           "complex dtype")
    t._node = other._value()
    t._storage = other._storage
    t._seen = other._seen
    t._chain = other._chain
    t._layout = other._layout
    t._base = None



def write_into(out: Any, result: Any) -> Any:
    """`out=`: the result becomes the value of `out`, which is resized if its shape differs."""
    have, got = out._node.spec, result._node.spec
    if got.dtype is not have.dtype:
        if not can_cast(got.dtype, have.dtype):
            raise RuntimeError(f"result type {scalar_name(got.dtype)} can't be cast to the desired "
                               f"output type {scalar_name(have.dtype)}")
        result = _cast_to(result, have.dtype)
    if got.shape == have.shape:
        write(out, result._value())
        return out
    if have.size:
        warnings.warn(
            f"An output with one or more elements was resized since it had shape "
            f"{list(have.shape)}, which does not match the required output shape "
            f"{list(got.shape)}. This behavior is deprecated, and in a future PyTorch release "
            "outputs will not be resized unless they have zero elements. You can explicitly reuse "
            "an out tensor t by resizing it, inplace, to zero elements with t.resize_(0).",
            stacklevel=3)
    set_data(out, result)
    return out


_output_writer.append(write_into)
