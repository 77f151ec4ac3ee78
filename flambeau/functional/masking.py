"""Masks: filling, selecting and scattering where a condition holds; positions of nonzero values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.base import TensorBase, wrap
from ..autograd.record import Value, Values, op
from ..dtype import bool_, python_dtype, result_type_of, scalar_name
from ..graph import leaf
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import gather as gt
from ..ops import movement as mv
from .calling import with_out
from .scalars import check_fits

_C_NAMES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short",
    "int32": "int", "int64": "long int", "float16": "c10::Half", "bfloat16": "c10::BFloat16",
    "float32": "float", "float64": "double", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>"}


@op(grad=lambda specs, static: f"MaskedFillBackward{int(not specs[2].weak)}", widen=False)
def _masked_fill(input: Value, mask: Value, value: Value) -> Any:
    if mask.dtype is not bool_:
        raise RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype "
                           f"{_C_NAMES[mask.dtype.name]}")
    if value.ndim:
        raise RuntimeError("masked_fill_ only supports a 0-dimensional value tensor, but got "
                           f"tensor with {value.ndim} dimension(s).")
    shape = ar.broadcast_shape(mask.shape, input.shape)
    return ew.select(mv.expand(mask, shape=shape),
                     mv.expand(ar.astype(value, input.dtype), shape=shape),
                     mv.expand(input, shape=shape))


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """A copy with one value where the mask is True; the shapes broadcast.

    Args:
        mask: bool.
        value: a number or a 0-d tensor, converted to the input's dtype.

    Raises:
        RuntimeError: for other masks, and values that the dtype cannot hold.

    Example:
        >>> import flambeau as torch
        >>> torch.ones(3).masked_fill(torch.tensor([True, False, True]), -1.0)
        tensor([-1.,  1., -1.])

    Source: PyTorch, torch.Tensor.masked_fill_.
    """
    if isinstance(value, (int, float)):
        check_fits(value, input._node.spec.dtype)
    return _masked_fill(input, mask, value)


def _positions(mask: Any, shape: tuple[int, ...]) -> list[Any]:
    """Where a mask, broadcast to a shape, is True: one index vector per dimension."""
    data = np.broadcast_to(mask._data("mask"), shape)
    return [wrap(leaf(i)) for i in np.nonzero(np.atleast_1d(data))]


@op(grad="MaskedSelectBackward0", widen=False)
def _masked_take(input: Value, positions: Values, shape: Any) -> Any:
    return gt.take(mv.expand(input, shape=shape or (1,)), *positions)


def masked_select(input: Any, mask: Any, *, out: Any = None) -> Any:
    """The elements where the mask is True, as a vector; the shapes broadcast.

    Raises:
        RuntimeError: for a mask that is not bool.

    Example:
        >>> import flambeau as torch
        >>> x = torch.tensor([1, -2, 3])
        >>> torch.masked_select(x, x > 0)
        tensor([1, 3])

    Source: PyTorch, torch.masked_select.
    """
    if mask._node.spec.dtype is not bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    shape = ar.broadcast_shape(mask._node.spec.shape, input._node.spec.shape)
    return with_out(_masked_take, out, input, _positions(mask, shape), shape)


@op(grad="MaskedScatterBackward0", widen=False)
def _masked_put(input: Value, source: Value, positions: Values, shape: Any) -> Any:
    count = positions[0].size
    rows = mv.strided_slice(mv.reshape(source, shape=(source.size,)), start=(0,), shape=(count,),
                            step=(1,))
    base = mv.expand(input, shape=shape or (1,))
    return mv.reshape(gt.put_at(base, rows, *positions, mode="set"), shape=shape)


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """A copy whose elements where the mask is True come from `source`, in order.

    Raises:
        RuntimeError: where the source has too few elements or another dtype.
    """
    mine, other = input._node.spec, source._node.spec
    if mine.dtype is not other.dtype:
        raise RuntimeError("masked_scatter: expected self and source to have same dtypes but got"
                           f"{scalar_name(mine.dtype)} and {scalar_name(other.dtype)}")
    if mask._node.spec.dtype is not bool_:
        raise RuntimeError("masked_scatter_ only supports boolean masks, but got mask with dtype "
                           f"{scalar_name(mask._node.spec.dtype)}")
    shape = ar.broadcast_shape(mask._node.spec.shape, mine.shape)
    positions = _positions(mask, shape)
    if positions[0]._node.spec.size > other.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    return _masked_put(input, source, positions, shape)


# ---- positions of nonzero values ----------------------------------------------------------------

def nonzero(input: Any, *, out: Any = None, as_tuple: bool = False) -> Any:
    """The positions of all values that are not zero, in row-major order.

    Args:
        as_tuple: one vector per dimension instead of one row per position.
        out: where to write the result.

    Returns:
        int64, (number of nonzero values, number of dimensions), or a tuple of vectors.

    Example:
        >>> import flambeau as torch
        >>> torch.nonzero(torch.tensor([[0, 1], [2, 0]]))
        tensor([[0, 1],
                [1, 0]])

    Source: PyTorch, torch.nonzero.
    """
    data = input._data("nonzero")
    if as_tuple:
        return tuple([wrap(leaf(i)) for i in np.nonzero(np.atleast_1d(data))])
    if not data.ndim:
        return with_out(wrap, out, leaf(np.zeros((int(bool(data)), 0), np.int64)))
    return with_out(wrap, out, leaf(np.argwhere(data).astype(np.int64, copy=False)))


def argwhere(input: Any) -> Any:
    """`nonzero` by NumPy's name."""
    return nonzero(input)


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False,
         out: Any = None) -> Any:
    """Whether each element is among the test elements.

    Args:
        elements, test_elements: tensors, of which one may be a number.
        assume_unique: both hold no value twice (allows a faster search).
        invert: ask whether it is not.

    Example:
        >>> import flambeau as torch
        >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([2]))
        tensor([False,  True, False])

    Source: PyTorch, torch.isin.
    """
    pair, entries = [], []
    for x in (elements, test_elements):
        if isinstance(x, TensorBase):
            pair.append(x._data("isin"))  # type: ignore[attr-defined]
            entries.append((x._node.spec.dtype, 2 if x._node.spec.shape else 1))
        else:
            pair.append(np.asarray(x))
            entries.append((python_dtype(type(x)), 0))
    d = result_type_of(entries).numpy
    found = np.isin(pair[0].astype(d), pair[1].astype(d), assume_unique=assume_unique,
                    invert=invert)
    return with_out(wrap, out, leaf(np.asarray(found)))
