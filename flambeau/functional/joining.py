"""Joining tensors, and splitting them into views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.base import TensorBase
from ..autograd.record import Values, op
from ..autograd.views import make_view, make_views
from ..dtype import result_type_of
from ..graph import Shape
from ..ops import movement as mv
from ..ops.arithmetic import astype
from .calling import numpy_names
from .parts import dropped, part
from .reduction import wrap_dim
from .shape import atleast_1d, atleast_2d, atleast_3d, integers, reshape, shape_of

# ---- joining ------------------------------------------------------------------------------------

def _checked(name: str, tensors: Any) -> Sequence[Any]:
    if not isinstance(tensors, (tuple, list)):
        if not hasattr(tensors, "__iter__") or not isinstance(tensors, TensorBase):
            raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, "
                            f"not {type(tensors).__name__}")
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not "
                        "Tensor")
    for i, x in enumerate(tensors):
        if not hasattr(x, "spec") and not isinstance(x, TensorBase):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got "
                            f"{type(x).__name__}")
    return tensors


@op(grad="CatBackward0", widen=False, out=True)
def _cat(tensors: Values, dim: int = 0) -> Any:
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    d = result_type_of([(x.dtype, 2 if x.shape else 1) for x in tensors])
    kept = [x for x in tensors if x.shape != (0,)]  # PyTorch lets empty vectors join anything
    for i, x in enumerate(tensors):
        if not x.shape:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    if not kept:
        return astype(tensors[0], d)
    first = kept[0]
    axis = wrap_dim(dim, first.ndim)
    for i, x in enumerate(tensors):
        if x.shape == (0,):
            continue
        if x.ndim != first.ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {first.ndim} and "
                               f"{x.ndim}")
        for j, (n, m) in enumerate(zip(first.shape, x.shape, strict=True)):
            if n != m and j != axis:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {n} "
                    f"but got size {m} for tensor number {i} in the list.")
    return mv.concatenate(*[astype(x, d) for x in kept], axis=axis)


@numpy_names
def cat(tensors: Sequence[Any], dim: int = 0, *, out: Any = None) -> Any:
    """Tensors joined along a dimension that they have.

    Args:
        tensors: of equal sizes but for `dim` (empty vectors are skipped); dtypes are promoted.
        dim: the dimension.
        out: where to write the result.

    Raises:
        RuntimeError: where sizes or numbers of dimensions differ.
        ValueError: for no tensors.

    Example:
        >>> import flambeau as torch
        >>> torch.cat([torch.zeros(1, 2), torch.ones(1, 2)])
        tensor([[0., 0.],
                [1., 1.]])

    Source: PyTorch, torch.cat.
    """
    return _cat(_checked("cat", tensors), dim, out=out)


@numpy_names
def concat(tensors: Sequence[Any], dim: int = 0, *, out: Any = None) -> Any:
    """`cat` by another name."""
    return _cat(_checked("concat", tensors), dim, out=out)


@numpy_names
def concatenate(tensors: Sequence[Any], dim: int = 0, *, out: Any = None) -> Any:
    """`cat` by NumPy's name."""
    return _cat(_checked("concatenate", tensors), dim, out=out)


@op(grad="StackBackward0", widen=False, out=True)
def _stack(tensors: Values, dim: int = 0) -> Any:
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = tensors[0].shape
    axis = wrap_dim(dim, len(first) + 1)
    for i, x in enumerate(tensors):
        if x.shape != first:
            raise RuntimeError(f"stack expects each tensor to be equal size, but got {list(first)} "
                               f"at entry 0 and {list(x.shape)} at entry {i}")
    d = result_type_of([(x.dtype, 2 if x.shape else 1) for x in tensors])
    shape = (*first[:axis], 1, *first[axis:])
    return mv.concatenate(*[mv.reshape(astype(x, d), shape=shape) for x in tensors], axis=axis)


@numpy_names
def stack(tensors: Sequence[Any], dim: int = 0, *, out: Any = None) -> Any:
    """Tensors of one shape joined along a new dimension.

    Args:
        tensors: of one shape; dtypes are promoted.
        dim: the place of the new dimension in the result.
        out: where to write the result.

    Raises:
        RuntimeError: where the shapes differ.

    Example:
        >>> import flambeau as torch
        >>> torch.stack([torch.zeros(2), torch.ones(2)], dim=1)
        tensor([[0., 1.],
                [0., 1.]])

    Source: PyTorch, torch.stack.
    """
    return _stack(_checked("stack", tensors), dim, out=out)


def hstack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Tensors side by side: joined along the second dimension (vectors along the first)."""
    group = atleast_1d(*_checked("hstack", tensors)) if len(tensors) != 1 else (
        atleast_1d(tensors[0]),)
    if not group:
        raise RuntimeError("hstack expects a non-empty TensorList")
    return _cat(group, 0 if len(shape_of(group[0])) == 1 else 1, out=out)


def vstack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Tensors on top of each other: joined along the first dimension (vectors become rows)."""
    if not tensors:
        raise RuntimeError("vstack expects a non-empty TensorList")
    return _cat([atleast_2d(x) for x in _checked("vstack", tensors)], 0, out=out)


def row_stack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """`vstack` by another name."""
    return vstack(tensors, out=out)


def dstack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """Tensors behind each other: joined along the third dimension."""
    if not tensors:
        raise RuntimeError("dstack expects a non-empty TensorList")
    return _cat([atleast_3d(x) for x in _checked("dstack", tensors)], 2, out=out)


def column_stack(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """`hstack` after vectors became columns."""
    if not tensors:
        raise RuntimeError("column_stack expects a non-empty TensorList")
    columns = [x if len(shape_of(x)) > 1 else reshape(x, (x._node.spec.size, 1))
               for x in _checked("column_stack", tensors)]
    return _cat(columns, 1, out=out)


@op(grad="BlockDiagBackward0", widen=False)
def _block_diag(tensors: Values) -> Any:
    d = result_type_of([(x.dtype, 2) for x in tensors])
    blocks = []
    for i, x in enumerate(tensors):
        if x.ndim > 2:
            raise RuntimeError("torch.block_diag: Input tensors must have 2 or fewer dimensions. "
                               f"Input {i} has {x.ndim} dimensions")
        rows, columns = (1, 1, *x.shape)[-2:]
        blocks.append(mv.reshape(astype(x, d), shape=(rows, columns)))
    width = sum(b.shape[1] for b in blocks)
    out, left = [], 0
    for b in blocks:
        out.append(mv.embed(b, shape=(b.shape[0], width), start=(0, left), step=(1, 1), value=0))
        left += b.shape[1]
    return mv.concatenate(*out, axis=0)


def block_diag(*tensors: Any) -> Any:
    """A matrix with the given matrices along its diagonal, zero elsewhere.

    Raises:
        RuntimeError: for tensors of more than two dimensions.
    """
    return _block_diag(tensors)


# ---- splitting ----------------------------------------------------------------------------------

def _split(input: Any, sizes: Sequence[int], axis: int, name: str) -> tuple[Any, ...]:
    """Views of consecutive parts; one tape entry for all."""
    shape, chains, start = shape_of(input), [], 0
    for n in sizes:
        chains.append((part(shape, axis, start, n),))
        start += n
    return make_views(input, chains, name,
                      lambda x: mv.split(x, axis=axis, sizes=tuple(sizes)))


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views of consecutive parts of a dimension.

    Args:
        split_size_or_sections: the length of all parts but the last, or the length of each.
        dim: the dimension.

    Raises:
        RuntimeError: where the lengths do not add up to the dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.arange(5).split(2)
        (tensor([0, 1]), tensor([2, 3]), tensor([4]))

    Source: PyTorch, torch.split.
    """
    size = split_size_or_sections
    if isinstance(size, (tuple, list)):
        return split_with_sizes(tensor, size, dim)
    shape = shape_of(tensor)
    if not shape:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    axis = wrap_dim(dim, len(shape))
    n = shape[axis]
    if size == 0 and n:
        raise RuntimeError("split_size can only be 0 if dimension size is 0, but got dimension "
                           f"size of {n}")
    count = max(-(-n // size), 1) if size else 1
    sizes = [size] * (count - 1) + [n - size * (count - 1)]
    return _split(tensor, sizes, axis, "SplitBackward0")


def split_with_sizes(input: Any, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Views of consecutive parts of the given lengths.

    Raises:
        RuntimeError: where the lengths do not add up to the dimension.
    """
    shape = shape_of(input)
    if not shape:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    axis = wrap_dim(dim, len(shape))
    sizes = integers("split_with_sizes", (split_sizes,))
    if any(n < 0 for n in sizes):
        raise RuntimeError("split_with_sizes expects split_sizes have only non-negative entries, "
                           f"but got split_sizes={list(sizes)}")
    if sum(sizes) != shape[axis]:
        raise RuntimeError(f"split_with_sizes expects split_sizes to sum exactly to {shape[axis]} "
                           f"(input tensor's size at dimension {axis}), but got split_sizes="
                           f"{list(sizes)}")
    return _split(input, sizes, axis, "SplitWithSizesBackward0")


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most `chunks` views of equal consecutive parts (the last may be shorter).

    Raises:
        RuntimeError: for fewer than one chunk.
    """
    shape = shape_of(input)
    if not shape:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    axis = wrap_dim(dim, len(shape))
    n = shape[axis]
    if n == 0:
        return _split(input, [0] * chunks, axis, "SplitWithSizesBackward0")
    return split(input, -(-n // chunks), axis)


def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views of parts, as NumPy's array_split: sizes differ by at most one, or end at given indices.

    Raises:
        RuntimeError: for fewer than one section, or a 0-d tensor.
    """
    shape = shape_of(input)
    if not shape:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a "
                           "tensor with 0 dims")
    axis = wrap_dim(dim, len(shape))
    n = shape[axis]
    sections = indices_or_sections
    if isinstance(sections, TensorBase):
        sections = sections.tolist()  # type: ignore[attr-defined]
    if isinstance(sections, int):
        if sections <= 0:
            raise RuntimeError("number of sections must be larger than 0, got "
                               f"{sections}")
        bounds = [n * 0]
        for k in range(sections):
            bounds.append(bounds[-1] + n // sections + (k < n % sections))
    else:
        bounds = [0, *sections, n]
    out = []
    for a, b in zip(bounds, bounds[1:], strict=False):
        start, stop, _ = slice(a, b).indices(n)
        out.append(make_view(input, (part(shape, axis, start, max(stop - start, 0)),),
                             "SliceBackward0"))
    return tuple(out)


def _along(name: str, input: Any, sections: Any, axis: int, least: int) -> tuple[Any, ...]:
    shape = shape_of(input)
    if len(shape) < least:
        raise RuntimeError(f"torch.{name} requires a tensor with at least {least} dimension, "
                           f"but got a tensor with {len(shape)} dimensions!")
    if isinstance(sections, int) and (sections == 0 or shape[axis] % sections):
        raise RuntimeError(f"torch.{name} attempted to split along dimension {axis}, but the size "
                           f"of the dimension {shape[axis]} is not divisible by the split_size "
                           f"{sections}!")
    return tensor_split(input, sections, axis)


def hsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """`tensor_split` along the second dimension (the first of a vector)."""
    return _along("hsplit", input, indices_or_sections,
                  0 if len(shape_of(input)) == 1 else 1, 1)


def vsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """`tensor_split` along the first dimension."""
    return _along("vsplit", input, indices_or_sections, 0, 2)


def dsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """`tensor_split` along the third dimension."""
    return _along("dsplit", input, indices_or_sections, 2, 3)


_MANY = 64  # from here on, views of a pending value are cheaper once it is there


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views of all entries of a dimension, which is dropped.

    Raises:
        RuntimeError: for a 0-d tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.tensor([[1, 2], [3, 4]]).unbind()
        (tensor([1, 2]), tensor([3, 4]))

    Source: PyTorch, torch.unbind.
    """
    shape = shape_of(input)
    if not shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    axis = wrap_dim(dim, len(shape))
    n = shape[axis]
    if n > _MANY:
        input._data("unbind")
    drop = dropped(shape, axis)
    chains = [(part(shape, axis, i, 1), drop) for i in range(n)]
    rest: Shape = (*shape[:axis], *shape[axis + 1:])
    return make_views(input, chains, "UnbindBackward0",
                      lambda x: [mv.reshape(p, shape=rest)
                                 for p in mv.split(x, axis=axis, sizes=(1,) * n)])


