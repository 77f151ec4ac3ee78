"""Views that are copies at once, and places by flat or static positions."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.base import wrap
from ..autograd.record import Value, op
from ..dtype import BOOL, FLOATING
from ..dtype import dtype as _dtype
from ..graph import leaf
from ..ops import elementwise as ew
from ..ops import movement as mv
from .calling import presented, with_out
from .complex import view_as_complex
from .conversion import clone
from .parts import narrow
from .shape import resolve_shape, view


@op(name="narrow_copy", grad="NarrowCopyBackward0", widen=False)
def _narrow_copy(input: Value, dim: int, start: int, length: int) -> Any:
    begin = [0] * input.ndim
    begin[dim] = start
    return mv.strided_slice(input, start=tuple(begin), step=(1,) * input.ndim,
                            shape=(*input.shape[:dim], length, *input.shape[dim + 1:]))


def narrow_copy(input: Any, dim: int, start: int, length: int, *, out: Any = None) -> Any:
    """A copy of `length` entries of a dimension, from `start` on.

    Args:
        input: a tensor.
        dim: the dimension.
        start: the first entry; negative ones count from the end.
        length: how many.
        out: where to write the result.

    Returns:
        The copy.

    Raises:
        IndexError, RuntimeError: where they exceed the dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.narrow_copy(torch.arange(5), 0, 1, 3)
        tensor([1, 2, 3])

    Source: torch.narrow_copy
    """
    narrow(input.detach(), dim, start, length)  # complains of what does not fit
    axis = dim % input.dim()
    return with_out(_narrow_copy, out, input, axis, start % max(input.shape[axis], 1)
                    if start < 0 else start, length)


@op(name="view_copy", grad="ViewBackward0_copy", widen=False)
def _view_copy(input: Value, size: Any) -> Any:
    return mv.reshape(input, shape=size)


@presented("input size! out")
def view_copy(input: Any, size: Any = None, *, dtype: Any = None, out: Any = None) -> Any:
    """A copy of another shape, or of the same bits as another dtype.

    Args:
        input: a tensor.
        size: the sizes, one of which may be -1; or a dtype.
        dtype: the dtype, where no size is given.
        out: where to write the result.

    Returns:
        The copy.

    Raises:
        RuntimeError: where the sizes do not match.

    Example:
        >>> import flambeau as torch
        >>> torch.view_copy(torch.arange(4), (2, 2))
        tensor([[0, 1],
                [2, 3]])

    Source: torch.view_copy
    """
    kind = size if isinstance(size, _dtype) else dtype
    if kind is not None:
        return clone(view(input, kind))
    return with_out(_view_copy, out, input, resolve_shape(tuple(size), input))


def view_as_complex_copy(input: Any, *, out: Any = None) -> Any:
    """A new tensor of complex numbers from a last dimension of size 2.

    Args:
        input: a floating-point tensor that needs no gradient.
        out: where to write the result.

    Returns:
        The complex tensor, with one dimension less.

    Raises:
        RuntimeError: for other sizes and dtypes, and where a gradient is needed.

    Example:
        >>> import flambeau as torch
        >>> torch.view_as_complex_copy(torch.tensor([[1., 2.]]))
        tensor([1.+2.j])

    Source: torch.view_as_complex_copy
    """
    if input.requires_grad:
        raise RuntimeError("view_as_complex_copy does not support automatic differentiation for "
                           "outputs with complex dtype.")
    return with_out(view_as_complex, out, input)


@op(name="as_strided_scatter", grad="AsStridedScatterBackward0", widen=False)
def _as_strided_scatter(input: Value, src: Value, strides: Any, offset: int, order: Any) -> Any:
    base = mv.permute(input, dims=order)
    put = mv.strided_update(base, ew.cast(src, dtype=input.dtype), strides=strides, offset=offset)
    return mv.permute(put, dims=tuple(int(i) for i in np.argsort(order)))


def as_strided_scatter(input: Any, src: Any, size: Any, stride: Any,
                       storage_offset: int | None = None) -> Any:
    """A copy of a tensor with the elements that `as_strided` would show replaced.

    Args:
        input: the tensor; its copy keeps its order in memory.
        src: the new elements, of shape `size`.
        size: shape of the strided view.
        stride: its strides, in elements.
        storage_offset: its first element. Default: 0.

    Returns:
        The copy.

    Raises:
        RuntimeError: where the shapes differ or the view would reach outside.

    Example:
        >>> import flambeau as torch
        >>> torch.as_strided_scatter(torch.zeros(2, 2), torch.ones(2), (2,), (3,))
        tensor([[1., 0.],
                [0., 1.]])

    Source: torch.as_strided_scatter
    """
    strides = input.stride()
    order = tuple(sorted(range(input.dim()), key=lambda d: -strides[d]))
    template = input.detach().permute(order).contiguous()
    template.as_strided(size, stride, storage_offset or 0)  # complains of what does not fit
    if tuple(src.shape) != tuple(size):
        raise RuntimeError("expected src to have a size equal to the slice of self. src size = "
                           f"{list(src.shape)}, slice size = {list(size)}")
    return _as_strided_scatter(input, src, tuple(stride), storage_offset or 0, order)


def nonzero_static(input: Any, *, size: int, fill_value: int = -1) -> Any:
    """The first positions of values that are not zero, as a given number of rows.

    Args:
        input: a tensor.
        size: how many rows.
        fill_value: stands in rows for which there is no value. Default: -1.

    Returns:
        int64, (size, number of dimensions).

    Raises:
        RuntimeError: for a negative size.

    Example:
        >>> import flambeau as torch
        >>> torch.nonzero_static(torch.tensor([1, 0, 2]), size=3)
        tensor([[ 0],
                [ 2],
                [-1]])

    Source: torch.nonzero_static
    """
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    data = np.asarray(input._data("nonzero_static"))
    found = np.argwhere(data)[:size]
    rows = np.full((size, data.ndim), fill_value, np.int64)
    rows[:len(found)] = found
    return wrap(leaf(rows))


def unravel_index(indices: Any, shape: Any) -> Any:
    """The coordinates of flat positions in a tensor of some shape.

    Args:
        indices: integers.
        shape: the shape.

    Returns:
        One int64 tensor per dimension.

    Raises:
        TypeError: where the positions or the sizes are no integers.
        ValueError: for negative sizes.

    Example:
        >>> import flambeau as torch
        >>> torch.unravel_index(torch.tensor([4, 1]), (3, 2))
        (tensor([2, 0]), tensor([0, 1]))

    Source: torch.unravel_index
    """
    if indices.dtype.category >= FLOATING or indices.dtype.category == BOOL:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if not isinstance(shape, (int, Sequence)):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    for size in sizes:
        if not isinstance(size, int):
            raise TypeError("expected 'shape' sequence to only contain ints, but got "
                            f"{type(size)}")
    if any(size < 0 for size in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    steps = list(itertools.accumulate((1, *sizes[:0:-1]), operator.mul))
    wide = indices.long()
    return tuple([(wide // step) % size
                  for step, size in zip(reversed(steps), sizes, strict=True)])
