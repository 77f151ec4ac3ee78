"""Memory formats: in which order the elements of a new tensor lie in its storage."""

from __future__ import annotations

from typing import Any

from ..autograd import steps
from ..autograd.base import Storage, derive
from ..device import channels_last, channels_last_3d, memory_format, preserve_format
from ..graph import Shape

_ORDERS = {channels_last: (0, 2, 3, 1), channels_last_3d: (0, 2, 3, 4, 1)}


def checked_format(form: Any, name: str) -> Any:
    """The memory format, or None.

    Raises:
        TypeError: for anything else.
    """
    if form is not None and not isinstance(form, memory_format):
        raise TypeError(f"{name}(): argument 'memory_format' must be torch.memory_format, not "
                        f"{type(form).__name__}")
    return form


def _strides(shape: Shape, form: Any) -> tuple[int, ...] | None:
    """The strides of a tensor in a format; None where the format is for another rank."""
    order = _ORDERS.get(form)
    if order is None:
        return steps.contiguous_strides(shape)
    if len(shape) != len(order):
        return None
    strides, step = [0] * len(shape), 1
    for d in reversed(order):
        strides[d], step = step, step * shape[d]
    return tuple(strides)


def is_in_format(t: Any, form: Any = None) -> bool:
    """Whether the elements of a tensor lie in memory as a format says (None: row-major)."""
    shape = t._node.spec.shape
    want = _strides(shape, form)
    return want is not None and (0 in shape or all(
        n == 1 or a == b for n, a, b in zip(shape, t._strided()[0], want, strict=True)))


def in_format(t: Any, form: Any) -> Any:
    """A fresh tensor whose storage is put in the order of a format; returns it.

    Args:
        t: a tensor that has a storage of its own and no view yet.
        form: the format, or the dimensions in the order in which they lie in memory; None,
            `preserve_format`, `contiguous_format`: as it is, row-major.

    Raises:
        RuntimeError: for a tensor of another rank than the format's.
    """
    order = _ORDERS.get(form) if isinstance(form, memory_format) else form
    if order is None:
        return t
    if len(order) != len(t._node.spec.shape):
        raise RuntimeError(f"required rank {len(order)} tensor to use {form.name} format")
    version = t._storage.version
    t._storage = Storage(derive(t._value(), (("permute", order),)))
    t._storage.version = version
    back = tuple(order.index(d) for d in range(len(order)))
    t._chain, t._layout, t._seen = (("permute", back),), None, 0
    return t


def order_in_memory(t: Any) -> tuple[int, ...]:
    """Dimensions from the longest stride to the shortest."""
    strides, shape = t._strided()[0], t._node.spec.shape
    return tuple(sorted(range(len(shape)), key=lambda i: (-strides[i] if shape[i] != 1 else 0, i)))


def like_order(form: Any, input: Any) -> Any:
    """The format of a new tensor that is like `input`: by default its own order, if it is dense."""
    if (form is not None and form is not preserve_format) or not input._chain:
        return form
    order, shape, step = order_in_memory(input), input._node.spec.shape, 1
    strides = input._strided()[0]
    for d in reversed(order):
        if shape[d] != 1 and strides[d] != step:
            return None
        step *= shape[d]
    return order


def follows(form: Any, input: Any) -> Any:
    """The format of a result made after `input`: `preserve_format` takes over channels last."""
    if form is not None and form is not preserve_format:
        return form
    if input._chain:
        rank = len(input._node.spec.shape)
        for kind, order in _ORDERS.items():
            if rank == len(order) and not is_in_format(input) and is_in_format(input, kind):
                return kind
    return None
