"""Views of repeated or chosen elements: broadcasting, selection, diagonals, windows."""

from __future__ import annotations

from typing import Any

from ..autograd.record import Value, op
from ..autograd.views import make_view, storage_view, strided_view
from ..dtype import scalar_name
from ..graph import Shape
from ..ops import movement as mv
from ..ops import reduction as rd
from ..ops.arithmetic import broadcast_shape
from .calling import presented
from .reduction import wrap_dim
from .shape import integers, shape_of, view

# ---- repetition without copies ------------------------------------------------------------------

@presented("input size")
def expand(input: Any, *size: Any, **named: Any) -> Any:
    """A view that repeats dimensions of size 1, without copying.

    Args:
        size: the target; -1 keeps a size; dimensions may be added in front.

    Raises:
        RuntimeError: where a size other than 1 would change.

    Example:
        >>> import flambeau as torch
        >>> torch.tensor([[1], [2]]).expand(2, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])

    Source: PyTorch, torch.Tensor.expand.
    """
    target = integers("expand", (named["size"],) if "size" in named else size)
    shape = shape_of(input)
    lead = len(target) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.{scalar_name(input._node.spec.dtype)}Tensor{{{list(shape)}}}, "
            f"size={list(target)}): the number of sizes provided ({len(target)}) must be greater "
            f"or equal to the number of dimensions in the tensor ({len(shape)})")
    out = list(target)
    for i, n in enumerate(target):
        old = shape[i - lead] if i >= lead else 1
        if n == -1:
            if i < lead:
                raise RuntimeError(f"The expanded size of the tensor ({n}) isn't allowed in a "
                                   f"leading, non-existing dimension {i}")
            out[i] = old
        elif n != old and old != 1 or n < 0:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({old}) at "
                f"non-singleton dimension {i}.  Target sizes: {list(target)}.  Tensor sizes: "
                f"{list(shape)}")
    return make_view(input, (("expand", tuple(out)),), "ExpandBackward0")


def expand_as(input: Any, other: Any) -> Any:
    """`expand` to the shape of another tensor."""
    return expand(input, shape_of(other))


def broadcast_to(input: Any, size: Any) -> Any:
    """`expand` under NumPy's name."""
    return expand(input, size)


def broadcast_shapes(*shapes: Any) -> Any:
    """The common shape that shapes broadcast to.

    Raises:
        RuntimeError: where two sizes differ and neither is 1.
    """
    plain = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    for shape in plain:
        for n in shape:
            if n < 0:
                raise RuntimeError("Trying to create tensor with negative dimension "
                                   f"({n}): ({n})")
    out: list[int] = []
    for k, shape in enumerate(plain):
        out = [1] * (len(shape) - len(out)) + out
        for i in range(1, len(shape) + 1):
            if shape[-i] == 1 or shape[-i] == out[-i]:
                continue
            if out[-i] != 1:
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {shape[-i]} at {-i}! "
                    f"Mismatching argument at index {k} had {shape}; but expected shape should be "
                    f"broadcastable to {out}")
            out[-i] = shape[-i]
    return tuple(out)


def broadcast_tensors(*tensors: Any) -> Any:
    """The tensors expanded to their common shape (views); those that have it stay themselves."""
    group = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    shape = broadcast_shape(*[shape_of(x) for x in group])
    return tuple([x if shape_of(x) == shape else expand(x, shape) for x in group])


@op(grad="SumBackward1")
def _sum_to(input: Value, shape: Any) -> Any:
    axes = tuple(i for i, (n, m) in enumerate(zip(input.shape, shape, strict=True)) if n != m)
    return mv.reshape(rd.reduce_sum(input, axes=axes), shape=shape)


def sum_to_size(input: Any, *size: Any) -> Any:
    """The sum over what broadcasting a tensor of shape `size` would repeat.

    Raises:
        RuntimeError: where that shape does not broadcast to the input's.
    """
    target, shape = integers("sum_to_size", size), shape_of(input)
    lead = len(shape) - len(target)
    if lead < 0 or any(n not in (1, shape[lead + i]) for i, n in enumerate(target)):
        raise RuntimeError(f"size {{{list(target)}}} is not expandable to size {{{list(shape)}}}.")
    full = (1,) * lead + target
    summed = input if full == shape else _sum_to(input, full)
    return view(summed, target) if lead else summed


# ---- parts --------------------------------------------------------------------------------------

def part(shape: Shape, dim: int, start: int, length: int, step: int = 1) -> tuple[Any, ...]:
    """The step that keeps `length` entries of one dimension from `start` on."""
    n = len(shape)
    return ("slice", (0,) * dim + (start,) + (0,) * (n - dim - 1),
            (*shape[:dim], length, *shape[dim + 1:]), (1,) * dim + (step,) + (1,) * (n - dim - 1))


def dropped(shape: Shape, dim: int) -> tuple[Any, ...]:
    """The step that drops one dimension."""
    order = range(len(shape))
    return "reshape", (*shape[:dim], *shape[dim + 1:]), (*order[:dim], *order[dim + 1:])


def select(input: Any, dim: int, index: int) -> Any:
    """A view of one entry of a dimension, which is dropped.

    Raises:
        IndexError: out of range.
    """
    shape = shape_of(input)
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis = wrap_dim(dim, len(shape))
    n, i = shape[axis], index.__index__()
    if not -n <= i < n:
        raise IndexError(f"select(): index {i} out of range for tensor of size {list(shape)} at "
                         f"dimension {axis}")
    return make_view(input, (part(shape, axis, i % n, 1), dropped(shape, axis)), "SelectBackward0")


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """A view of `length` entries of a dimension, from `start` on.

    Raises:
        IndexError, RuntimeError: where they exceed the dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.arange(5).narrow(0, 1, 3)
        tensor([1, 2, 3])

    Source: PyTorch, torch.narrow.
    """
    shape = shape_of(input)
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    axis = wrap_dim(dim, len(shape))
    n, begin = shape[axis], start.__index__()
    if not -n <= begin <= n:
        raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got "
                         f"{begin})")
    begin = begin + n if begin < 0 else begin
    if begin > n - length:
        raise RuntimeError(f"start ({begin}) + length ({length}) exceeds dimension size ({n}).")
    return make_view(input, (part(shape, axis, begin, length),), "SliceBackward0")


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A view of a diagonal, as the last dimension.

    Args:
        offset: 0 for the main diagonal, above it where positive.
        dim1, dim2: the plane.

    Raises:
        RuntimeError: where both dimensions are the same.
    """
    shape = shape_of(input)
    ndim = len(shape)
    a, b = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    rest = [i for i in range(ndim) if i not in (a, b)]
    n, m = shape[a], shape[b]
    count = max(min(n + min(offset, 0), m - max(offset, 0)), 0)
    begin = (max(-offset, 0), max(offset, 0)) if count else (0, 0)

    def places(layout: Any) -> Any:
        strides, start = layout
        return ((*[strides[i] for i in rest], strides[a] + strides[b]),
                start + begin[0] * strides[a] + begin[1] * strides[b])
    return strided_view(input, (*[shape[i] for i in rest], count), places, "DiagonalBackward0")


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """A view of all windows of a dimension; the window is the last dimension of the result.

    Args:
        dimension: where the windows lie.
        size: their length.
        step: the distance from one to the next.

    Raises:
        RuntimeError: where the window is longer than the dimension.

    Example:
        >>> import flambeau as torch
        >>> torch.arange(4).unfold(0, 2, 1)
        tensor([[0, 1],
                [1, 2],
                [2, 3]])

    Source: PyTorch, torch.Tensor.unfold.
    """
    shape = shape_of(input)
    axis = wrap_dim(dimension, len(shape))
    n = shape[axis] if shape else 1
    if size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {axis} is {n} but size is {size}")
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not shape:
        return strided_view(input, (size,), lambda layout: ((1,), layout[1]), "UnfoldBackward0")
    count = (n - size) // step + 1

    def places(layout: Any) -> Any:
        strides, start = layout
        return (*strides[:axis], strides[axis] * step, *strides[axis + 1:], strides[axis]), start
    return strided_view(input, (*shape[:axis], count, *shape[axis + 1:], size), places,
                        "UnfoldBackward0")


def as_strided(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """A view of the tensor's storage with any shape, strides and offset (in elements).

    Raises:
        RuntimeError: where it would read outside the storage.
    """
    return restrided(input, size, stride, storage_offset, "AsStridedBackward0")


def restrided(input: Any, size: Any, stride: Any, storage_offset: int | None, name: str) -> Any:
    """The view of `as_strided` under a tape entry's name."""
    shape, strides = tuple(size), tuple(stride)
    offset = input._strided()[1] if storage_offset is None else storage_offset
    if len(shape) != len(strides):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(s < 0 for s in strides):
        raise RuntimeError("as_strided: Negative strides are not supported at the moment, got "
                           f"strides: {list(strides)}")
    whole = input._storage.node.spec
    reach = offset + 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if 0 not in shape and reach > whole.size:
        item = whole.dtype.itemsize
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {list(strides)}, storage offset {offset}, "
            f"and itemsize {item} requiring a storage size of {reach * item} are out of bounds for "
            f"storage of size {whole.nbytes}")
    return storage_view(input, shape, strides, offset, name)
