"""Rearranged copies: flips, rolls, repetitions, triangles, diagonals, grids of combinations."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np

from ..autograd.base import TensorBase, wrap
from ..autograd.record import Value, op
from ..graph import Shape, leaf
from ..ops import elementwise as ew
from ..ops import movement as mv
from ..ops.define import Sym
from ..ops.reduction import iota
from .calling import numpy_names, presented, with_out
from .index_along import index_select
from .indexing import take_at
from .joining import stack
from .parts import expand
from .reduction import axes_of, wrap_dim
from .shape import copied, integers, reshape, shape_of, unsqueeze

# ---- order --------------------------------------------------------------------------------------

@op(grad="FlipBackward0", widen=False)
def _flip(input: Value, dims: Any) -> Any:
    axes = axes_of(input, dims) if dims else ()
    return mv.flip(input, axes=axes)


@numpy_names
def flip(input: Any, dims: Any) -> Any:
    """A copy with the order reversed along dimensions.

    Example:
        >>> import flambeau as torch
        >>> torch.flip(torch.tensor([1, 2, 3]), [0])
        tensor([3, 2, 1])

    Source: PyTorch, torch.flip.
    """
    return _flip(input, integers("flip", (dims,)))


def fliplr(input: Any) -> Any:
    """Columns in reverse order.

    Raises:
        RuntimeError: for fewer than two dimensions.
    """
    if len(shape_of(input)) < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return _flip(input, (1,))


def flipud(input: Any) -> Any:
    """Rows in reverse order.

    Raises:
        RuntimeError: for a tensor without dimensions.
    """
    if not shape_of(input):
        raise RuntimeError("Input must be >= 1-d.")
    return _flip(input, (0,))


@op(grad="Rot90Backward0", widen=False)
def rot90(input: Value, k: int = 1, dims: Any = (0, 1)) -> Any:
    """A copy turned by 90° k times in the plane of two dimensions.

    Raises:
        RuntimeError: where `dims` are not two different dimensions.
    """
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == input.ndim:
        raise RuntimeError("expected rotation dims to be different, but got dim0 = "
                           f"{dims[0]} and dim1 = {dims[1]}")
    a, b = wrap_dim(dims[0], input.ndim), wrap_dim(dims[1], input.ndim)
    turns = k % 4
    order = list(range(input.ndim))
    order[a], order[b] = b, a
    if turns == 2:
        return mv.flip(input, axes=tuple(sorted((a, b))))
    if turns == 1:
        return mv.permute(mv.flip(input, axes=(b,)), dims=tuple(order))
    if turns == 3:
        return mv.permute(mv.flip(input, axes=(a,)), dims=tuple(order))
    return mv.reshape(input, shape=input.shape)


@op(grad="RollBackward0", widen=False)
def _roll(input: Value, shifts: Any, dims: Any) -> Any:
    if not shifts:
        raise RuntimeError("`shifts` required")
    if not dims and len(shifts) == 1:
        return mv.reshape(_rolled(mv.reshape(input, shape=(input.size,)), shifts[0], 0),
                          shape=input.shape)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:"
                           f"{len(dims)}")
    for shift, dim in zip(shifts, dims, strict=True):
        input = _rolled(input, shift, wrap_dim(dim, input.ndim))
    return input


def _rolled(x: Sym, shift: int, axis: int) -> Sym:
    n = x.shape[axis] if x.ndim else 1
    cut = -shift % n if n else 0
    if not cut:
        out: Sym = mv.reshape(x, shape=x.shape)
        return out
    tail, head = mv.split(x, axis=axis, sizes=(cut, n - cut))
    joined: Sym = mv.concatenate(head, tail, axis=axis)
    return joined


@numpy_names
def roll(input: Any, shifts: Any, dims: Any = ()) -> Any:
    """A copy shifted along dimensions; what leaves at the end comes back at the start.

    Args:
        shifts: how far, per dimension.
        dims: the dimensions; default: along the flattened tensor.

    Raises:
        RuntimeError: where the counts differ.

    Example:
        >>> import flambeau as torch
        >>> torch.roll(torch.tensor([1, 2, 3]), 1)
        tensor([3, 1, 2])

    Source: PyTorch, torch.roll.
    """
    return _roll(input, integers("roll", (shifts,)),
                 () if dims is None else integers("roll", (dims,)))


# ---- repetition ---------------------------------------------------------------------------------

@op(grad="RepeatBackward0", widen=False)
def _repeat(input: Value, sizes: Any) -> Any:
    if len(sizes) < input.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of "
                           "dimensions of tensor")
    shape = (1,) * (len(sizes) - input.ndim) + input.shape
    total = [n * m for n, m in zip(sizes, shape, strict=True)]
    for n in total:
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {total}")
    between: list[int] = []
    wide: list[int] = []
    for n, m in zip(sizes, shape, strict=True):
        between += [1, m]
        wide += [n, m]
    return mv.reshape(mv.expand(mv.reshape(input, shape=tuple(between)), shape=tuple(wide)),
                      shape=tuple(total))


@presented("input repeats")
def repeat(input: Any, *repeats: Any, **named: Any) -> Any:
    """A copy with the whole tensor repeated along each dimension.

    Args:
        repeats: how often, per dimension; more than the tensor has are put in front.

    Raises:
        RuntimeError: for fewer counts than dimensions.

    Example:
        >>> import flambeau as torch
        >>> torch.tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])

    Source: PyTorch, torch.Tensor.repeat.
    """
    return _repeat(input, integers("repeat", (named["repeats"],) if named else repeats))


def tile(input: Any, dims: Any) -> Any:
    """`repeat` that needs no count for every dimension: missing ones in front are 1."""
    sizes = integers("tile", (dims,))
    lead = len(shape_of(input)) - len(sizes)
    return _repeat(input, (1,) * lead + sizes)


@presented("input repeats! dim output_size")
def repeat_interleave(input: Any, repeats: Any = None, dim: int | None = None, *,
                      output_size: int | None = None) -> Any:
    """A copy with each entry repeated in place.

    Args:
        repeats: how often: one count, or a vector with one per entry of the dimension.
        dim: the dimension; default: the flattened tensor.
        output_size: the length of the result along it, if known.

    Raises:
        RuntimeError: for negative counts or a wrong number of them.

    Example:
        >>> import flambeau as torch
        >>> torch.repeat_interleave(torch.tensor([1, 2]), 2)
        tensor([1, 1, 2, 2])

    Source: PyTorch, torch.repeat_interleave.
    """
    if repeats is None:
        if input._node.spec.dtype.category != 1:
            raise RuntimeError("repeats has to be Long or Int tensor")
        counts = _counts(input)
        return wrap(leaf(np.repeat(np.arange(len(counts)), counts)))
    source = reshape(input, (-1,)) if dim is None else input
    shape = shape_of(source)
    axis = wrap_dim(dim or 0, len(shape))
    n = shape[axis] if shape else 1
    if isinstance(repeats, int):
        if repeats < 0:
            raise RuntimeError("Repeats must be non-negative")
        wide = copied(expand(unsqueeze(source, axis + 1),
                             (*shape[:axis + 1], repeats, *shape[axis + 1:])))
        return reshape(wide, (*shape[:axis], n * repeats, *shape[axis + 1:]))
    if not isinstance(repeats, TensorBase):
        repeats = wrap(leaf(np.asarray(repeats)))
    counts = _counts(repeats)
    if counts.size == 1:
        counts = np.broadcast_to(counts, (n,))
    elif counts.size != n:
        raise RuntimeError("repeats must have the same size as input along dim, but got "
                           f"repeats.size(0) = {counts.size} and input.size({axis}) = {n}")
    if output_size is not None and counts.sum() != output_size:
        raise RuntimeError("allocated size does not match required size")
    return index_select(source, axis, wrap(leaf(np.repeat(np.arange(n), counts))))


def _counts(repeats: Any) -> Any:
    data = repeats._data("repeat_interleave")
    if data.ndim > 1:
        raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    if data.dtype not in (np.int64, np.int32):
        raise RuntimeError("repeats has to be Long or Int tensor")
    if data.size and data.min() < 0:
        raise RuntimeError("repeats can not be negative")
    return data.reshape(-1)


# ---- triangles and diagonals --------------------------------------------------------------------

def _grid(rows: int, columns: int) -> tuple[Sym, Sym]:
    """Row and column numbers of a matrix."""
    i = mv.expand(mv.reshape(iota(n=rows), shape=(rows, 1)), shape=(rows, columns))
    j = mv.expand(mv.reshape(iota(n=columns), shape=(1, columns)), shape=(rows, columns))
    return i, j


def _triangle(name: str, input: Sym, diagonal: int, lower: bool) -> Any:
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    i, j = _grid(*input.shape[-2:])
    keep = j - i <= diagonal if lower else j - i >= diagonal
    return ew.select(mv.expand(keep, shape=input.shape), input, mv.zeros(input.shape, input))


@op(out=True, widen=False)
def tril(input: Value, diagonal: int = 0) -> Any:
    """The lower triangle of matrices; zero elsewhere.

    Args:
        diagonal: the last diagonal that is kept; 0 is the main one.

    Raises:
        RuntimeError: for fewer than two dimensions.

    Example:
        >>> import flambeau as torch
        >>> torch.tril(torch.ones(2, 2))
        tensor([[1., 0.],
                [1., 1.]])

    Source: PyTorch, torch.tril.
    """
    return _triangle("tril", input, diagonal, True)


@op(out=True, widen=False)
def triu(input: Value, diagonal: int = 0) -> Any:
    """The upper triangle of matrices; zero elsewhere.

    Args:
        diagonal: the first diagonal that is kept; 0 is the main one.

    Raises:
        RuntimeError: for fewer than two dimensions.
    """
    return _triangle("triu", input, diagonal, False)


def diagonal_strides(shape: Shape, a: int, b: int, offset: int) -> tuple[int, int, int]:
    """Of a diagonal in the plane (a, b): length and the row and column where it begins."""
    n, m = shape[a], shape[b]
    count = max(min(n + min(offset, 0), m - max(offset, 0)), 0)
    return count, max(-offset, 0), max(offset, 0)


@op(grad="DiagEmbedBackward0", widen=False)
def diag_embed(input: Value, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices with the last dimension along a diagonal; zero elsewhere.

    Args:
        offset: the diagonal; 0 is the main one.
        dim1, dim2: the matrices' dimensions in the result.

    Raises:
        RuntimeError: where both dimensions are the same.

    Source: PyTorch, torch.diag_embed.
    """
    ndim = input.ndim + 1
    a, b = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    n = input.shape[-1] + abs(offset)
    lead = input.shape[:-1]
    i, j = _grid(input.shape[-1], n)
    shape = (*lead, input.shape[-1], n)
    placed = ew.select(
        mv.expand((j - i).eq(max(offset, 0)), shape=shape),
        mv.expand(mv.reshape(input, shape=(*input.shape, 1)), shape=shape),
        mv.zeros(shape, input))
    full = mv.embed(placed, shape=(*lead, n, n), value=0, step=(1,) * ndim,
                    start=(0,) * len(lead) + (max(-offset, 0), 0))
    order = [-1] * ndim
    order[a], order[b] = ndim - 2, ndim - 1
    rest = iter(range(ndim - 2))
    order = [next(rest) if d < 0 else d for d in order]
    return mv.permute(full, dims=tuple(order))


@op(grad="DiagonalBackward0_copy", widen=False)
def _diagonal_copy(input: Value, offset: int) -> Any:
    count, row, column = diagonal_strides(input.shape, 0, 1, offset)
    width = input.shape[1]
    if not count:
        row = column = 0
    return mv.as_strided(input, shape=(count,), strides=(width + 1,), offset=row * width + column)


@op(grad="DiagonalBackward0_copy", widen=False)
def _no_diagonal(input: Value) -> Any:
    flat = mv.reshape(input, shape=(input.size,))
    return mv.strided_slice(flat, start=(0,), shape=(0,), step=(1,))


def diag(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """A matrix with a vector on its diagonal, or a copy of the diagonal of a matrix.

    Raises:
        RuntimeError: for other numbers of dimensions.

    Example:
        >>> import flambeau as torch
        >>> torch.diag(torch.tensor([1, 2]))
        tensor([[1, 0],
                [0, 2]])

    Source: PyTorch, torch.diag.
    """
    shape = shape_of(input)
    if len(shape) == 1:
        result = diag_embed(input, diagonal)
    elif len(shape) == 2:
        result = _diagonal_copy(input, diagonal) if diagonal_strides(
            shape, 0, 1, diagonal)[0] else _no_diagonal(input)
    else:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {len(shape)}D")
    return with_out(lambda: result, out)


def diagflat(input: Any, offset: int = 0) -> Any:
    """A matrix with the flattened input on its diagonal."""
    return diag_embed(reshape(input, (-1,)), offset)


# ---- parts replaced -----------------------------------------------------------------------------

def _same_shape(src: Sym, want: Shape) -> None:
    if src.shape != want:
        raise RuntimeError("expected src to have a size equal to the slice of self. src size = "
                           f"{list(src.shape)}, slice size = {list(want)}")


@op(grad="SelectScatterBackward0", widen=False)
def select_scatter(input: Value, src: Value, dim: int, index: int) -> Any:
    """A copy with one entry of a dimension replaced.

    Raises:
        RuntimeError: where the shape does not fit.
    """
    axis = wrap_dim(dim, input.ndim)
    n = input.shape[axis]
    if not -n <= index < n:
        raise IndexError(f"select(): index {index} out of range for tensor of size "
                         f"{list(input.shape)} at dimension {axis}")
    _same_shape(src, (*input.shape[:axis], *input.shape[axis + 1:]))
    part = mv.reshape(src, shape=(*input.shape[:axis], 1, *input.shape[axis + 1:]))
    start = [0] * input.ndim
    start[axis] = index % n
    return mv.update_slice(input, ew.cast(part, dtype=input.dtype), start=tuple(start),
                           step=(1,) * input.ndim)


@op(grad="SliceScatterBackward0", widen=False)
def slice_scatter(input: Value, src: Value, dim: int = 0, start: Any = None, end: Any = None,
                  step: int = 1) -> Any:
    """A copy with a range of a dimension replaced.

    Raises:
        RuntimeError: where the shape does not fit.
    """
    axis = wrap_dim(dim, input.ndim)
    begin, stop, stride = slice(start, end, step).indices(input.shape[axis])
    count = max(-(-(stop - begin) // stride), 0)
    _same_shape(src, (*input.shape[:axis], count, *input.shape[axis + 1:]))
    starts, steps = [0] * input.ndim, [1] * input.ndim
    starts[axis], steps[axis] = begin, stride
    return mv.update_slice(input, ew.cast(src, dtype=input.dtype), start=tuple(starts),
                           step=tuple(steps))


@op(grad="DiagonalScatterBackward0", widen=False)
def diagonal_scatter(input: Value, src: Value, offset: int = 0, dim1: int = 0,
                     dim2: int = 1) -> Any:
    """A copy with a diagonal replaced.

    Raises:
        RuntimeError: where the shape does not fit.
    """
    a, b = wrap_dim(dim1, input.ndim), wrap_dim(dim2, input.ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    rest = [d for d in range(input.ndim) if d not in (a, b)]
    count, row, column = diagonal_strides(input.shape, a, b, offset)
    _same_shape(src, (*[input.shape[d] for d in rest], count))
    order = (*rest, a, b)
    base = mv.permute(input, dims=order)
    width = base.shape[-1]
    strides, size = [], base.shape[-2] * width
    for d in reversed(rest):
        strides.append(size)
        size *= input.shape[d]
    put = mv.strided_update(base, ew.cast(src, dtype=input.dtype),
                            strides=(*reversed(strides), width + 1),
                            offset=row * width + column if count else 0)
    return mv.permute(put, dims=tuple(int(i) for i in np.argsort(order)))


# ---- grids and combinations ---------------------------------------------------------------------

def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """Grids of coordinates: one view per vector, of the shape of all lengths.

    Args:
        tensors: vectors or 0-d tensors.
        indexing: "ij", or "xy" to exchange the first two dimensions.

    Raises:
        RuntimeError: for other tensors, mixed dtypes, another `indexing`.

    Source: PyTorch, torch.meshgrid.
    """
    group = tuple(tensors[0]) if len(tensors) == 1 and isinstance(
        tensors[0], (tuple, list)) else tensors
    if not group:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing is None:
        warnings.warn("torch.meshgrid: in an upcoming release, it will be required to pass the "
                      "indexing argument.", UserWarning, stacklevel=2)
        indexing = "ij"
    for x in group:
        if len(shape_of(x)) > 1:
            raise RuntimeError("torch.meshgrid: Expected 0D or 1D tensor in the tensor list but "
                               f"got: {x}")
        if x._node.spec.dtype is not group[0]._node.spec.dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing not in ("ij", "xy"):
        raise RuntimeError('torch.meshgrid: indexing must be one of "xy" or "ij", but received: '
                           f"{indexing}")
    exchange = indexing == "xy" and len(group) >= 2
    if exchange:
        group = (group[1], group[0], *group[2:])
    shape = tuple([x._node.spec.size for x in group])
    grids = [expand(reshape(x, (1,) * i + (shape[i],) + (1,) * (len(group) - i - 1)), shape)
             for i, x in enumerate(group)]
    if exchange:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def _vector(x: Any) -> None:
    if len(shape_of(x)) != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(shape_of(x))}")


def cartesian_prod(*tensors: Any) -> Any:
    """All combinations of one element of each vector, in order, as rows.

    Raises:
        RuntimeError: for tensors that are no vectors.
    """
    for x in tensors:
        _vector(x)
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape(g, (-1,)) for g in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All combinations of r elements of a vector, as rows.

    Args:
        r: their length.
        with_replacement: whether an element may be taken several times.

    Raises:
        RuntimeError: for a tensor that is no vector, or r < 0.
    """
    _vector(input)
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    d = input._node.spec.dtype
    if r == 0:
        return wrap(leaf(np.zeros((0,), d.numpy), d))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input._node.spec.size), r)), np.int64).reshape(-1, r)
    return stack([take_at(input, [wrap(leaf(column))], (0,)) for column in rows.T.copy()], 1)
