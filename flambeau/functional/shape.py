"""Views: the same memory under another shape, and the copies that stand in where no view exists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..autograd import steps
from ..autograd.record import Value, op
from ..autograd.views import make_view
from ..dtype import dtype as _dtype
from ..dtype import scalar_name
from ..graph import Shape
from ..ops import elementwise as ew
from ..ops import movement as mv
from .calling import presented
from .reduction import wrap_dim


def shape_of(t: Any) -> Shape:
    """The shape of a tensor as a plain tuple."""
    shape: Shape = t._node.spec.shape
    return shape


def integers(name: str, sizes: Any) -> tuple[int, ...]:
    """Sizes or dimensions given one by one or as one sequence.

    Raises:
        TypeError: for anything that is not an integer.
    """
    while len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = sizes[0]
    out = []
    for i, n in enumerate(sizes):
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise TypeError(f"{name}(): argument 'size' failed to unpack the object at pos {i + 1} "
                            f"with error \"type must be tuple of ints,but got "
                            f"{type(n).__name__}\"")
        out.append(n.__index__())
    return tuple(out)


# ---- order of dimensions ------------------------------------------------------------------------

def _permuted(input: Any, order: Sequence[int], name: str) -> Any:
    return make_view(input, (("permute", tuple(order)),), name)


def _exchanged(ndim: int, dim0: int, dim1: int) -> list[int]:
    a, b = wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    order = list(range(ndim))
    if order:
        order[a], order[b] = order[b], order[a]
    return order


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """A view with two dimensions exchanged.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros(2, 3, 4).transpose(0, -1).shape
        torch.Size([4, 3, 2])

    Source: PyTorch, torch.transpose.
    """
    return _permuted(input, _exchanged(len(input._node.spec.shape), dim0, dim1),
                     "TransposeBackward0")


def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """`transpose` by NumPy's name."""
    return transpose(input, axis0, axis1)


def swapdims(input: Any, dim0: int, dim1: int) -> Any:
    """`transpose` by another name."""
    return transpose(input, dim0, dim1)


def t(input: Any) -> Any:
    """A view of a matrix with its dimensions exchanged; vectors stay as they are.

    Raises:
        RuntimeError: for more than two dimensions.
    """
    ndim = len(input._node.spec.shape)
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return _permuted(input, range(ndim)[::-1], "TBackward0")


def permute(input: Any, dims: Sequence[int]) -> Any:
    """A view whose i-th dimension is the input's dims[i]-th.

    Raises:
        RuntimeError: where `dims` is not a permutation of the dimensions.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros(2, 3, 5).permute(2, 0, 1).shape
        torch.Size([5, 2, 3])

    Source: PyTorch, torch.permute.
    """
    dims = integers("permute", (dims,))
    ndim = len(input._node.spec.shape)
    if len(dims) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {ndim} is not equal "
            f"to len(dims) = {len(dims)}")
    order = [wrap_dim(d, ndim) for d in dims]
    if len(set(order)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return _permuted(input, order, "PermuteBackward0")


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """A view with dimensions moved to new places; the others keep their order.

    Raises:
        RuntimeError: where the two lists differ in length or name a dimension twice.
    """
    sources = (source,) if isinstance(source, int) else tuple(source)
    targets = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(sources) != len(targets):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source "
            f"({list(sources)} dims) should contain the same number of dims as destination "
            f"({list(targets)} dims)")
    ndim = len(input._node.spec.shape)
    from_ = [wrap_dim(d, ndim) for d in sources]
    to = [wrap_dim(d, ndim) for d in targets]
    for dims, given, kind in ((from_, sources, "source"), (to, targets, "destination")):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{kind}` ({list(given)})")
    placed = dict(zip(to, from_, strict=True))
    rest = iter(d for d in range(ndim) if d not in from_)
    return _permuted(input, [placed[i] if i in placed else next(rest) for i in range(ndim)],
                     "PermuteBackward0")


def moveaxis(input: Any, source: Any, destination: Any) -> Any:
    """`movedim` by NumPy's name."""
    return movedim(input, source, destination)


@op(grad="ConjBackward0")
def _conjugate(input: Value) -> Any:
    return ew.conj(input)


def adjoint(input: Any) -> Any:
    """The last two dimensions exchanged, and conjugated where complex.

    Raises:
        RuntimeError: for one dimension.
    """
    ndim = len(input._node.spec.shape)
    if ndim == 1:
        raise RuntimeError("tensor.adjoint() is only supported on matrices or batches of matrices. "
                           "Got 1-D tensor.")
    view = transpose(input, -2, -1) if ndim else make_view(input, (), "AliasBackward0")
    return _conjugate(view) if input._node.spec.dtype.is_complex else view


# ---- reshaping ----------------------------------------------------------------------------------

@presented("input shape")
def view(input: Any, *shape: Any, **dtype: Any) -> Any:
    """A view of another shape, or of the same bits as another dtype.

    Args:
        shape: the sizes, one of which may be -1; or one dtype.

    Raises:
        RuntimeError: where the sizes do not match or the strides do not allow a view.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros(4, 6).view(3, -1).shape
        torch.Size([3, 8])

    Source: PyTorch, torch.Tensor.view.
    """
    if dtype:
        shape = (dtype.get("dtype", dtype.get("size")),)
    if len(shape) == 1 and isinstance(shape[0], _dtype):
        return _bitcast(input, shape[0])
    target = resolve_shape(integers("view", shape), input)
    if not _views_as(input, target):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead.")
    return make_view(input, (("reshape", target),), "ViewBackward0")


def _views_as(input: Any, target: Shape) -> bool:
    if not input._chain:
        return True
    return steps.reshaped_strides(shape_of(input), input._strided()[0], target) is not None


def resolve_shape(sizes: tuple[int, ...], input: Any) -> Shape:
    """A target shape with its -1 filled in.

    Raises:
        RuntimeError: where the number of elements does not match.
    """
    total, known = input._node.spec.size, 1
    unknown = None
    for i, n in enumerate(sizes):
        if n == -1:
            if unknown is not None:
                raise RuntimeError("only one dimension can be inferred")
            unknown = i
        elif n < 0:
            raise RuntimeError(f"invalid shape dimension {n} at index {i} of shape {list(sizes)}")
        else:
            known *= n
    if unknown is None:
        if known == total:
            return sizes
    elif known and total % known == 0:
        return (*sizes[:unknown], total // known, *sizes[unknown + 1:])
    elif not known and not total:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(sizes)} because the unspecified "
            "dimension size -1 can be any value and is ambiguous")
    raise RuntimeError(f"shape '{list(sizes)}' is invalid for input of size {total}")


def _bitcast(input: Any, d: _dtype) -> Any:
    s = input._node.spec
    shape, have, want = s.shape, s.dtype.itemsize, d.itemsize
    if have != want:
        head = (f"self.{'size(-1)' if have < want else 'stride(-1)'} must be "
                f"{'divisible by ' + str(want // have) if have < want else '1'} to view "
                f"{scalar_name(s.dtype)} as {scalar_name(d)} (different element sizes), but got ")
        if not shape:
            raise RuntimeError(f"self.dim() cannot be 0 to view {scalar_name(s.dtype)} as "
                               f"{scalar_name(d)} (different element sizes)")
        strides, offset = input._strided()
        if have < want and shape[-1] * have % want:
            raise RuntimeError(f"{head}{shape[-1]}")
        if strides[-1] != 1:
            raise RuntimeError(f"self.stride(-1) must be 1 to view {scalar_name(s.dtype)} as "
                               f"{scalar_name(d)} (different element sizes), but got {strides[-1]}")
        shape = (*shape[:-1], shape[-1] * have // want)
    return make_view(input, (("bitcast", shape, d),), "ViewBackward0")


@op(grad="UnsafeViewBackward0", widen=False)
def _reshape_copy(input: Value, shape: Any) -> Any:
    return mv.reshape(input, shape=shape)


@op(grad="CloneBackward0", widen=False)
def copied(input: Value) -> Any:
    """A copy in row-major order."""
    return mv.reshape(input, shape=input.shape)


def reshape(input: Any, shape: Any) -> Any:
    """The same elements in another shape: a view where the strides allow it, else a copy.

    Args:
        shape: the sizes; one may be -1 and is inferred.

    Raises:
        RuntimeError: where the number of elements does not match.

    Example:
        >>> import flambeau as torch
        >>> torch.arange(6).reshape(2, 3)
        tensor([[0, 1, 2],
                [3, 4, 5]])

    Source: PyTorch, torch.reshape.
    """
    target = resolve_shape(integers("reshape", (shape,)), input)
    if _views_as(input, target):
        plain = not input._chain or input.is_contiguous()
        return make_view(input, (("reshape", target),),
                         "ViewBackward0" if plain else "ReshapeAliasBackward0")
    return _reshape_copy(input, target)


def view_as(input: Any, other: Any) -> Any:
    """`view` with the shape of another tensor."""
    return view(input, shape_of(other))


def reshape_as(input: Any, other: Any) -> Any:
    """`reshape` to the shape of another tensor."""
    return reshape(input, shape_of(other))


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Dimensions start_dim … end_dim merged into one.

    Raises:
        RuntimeError: where start_dim comes after end_dim.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros(2, 3, 4).flatten(1).shape
        torch.Size([2, 12])

    Source: PyTorch, torch.flatten.
    """
    shape = shape_of(input)
    first, last = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, (1,))
    if first == last:
        return input
    return reshape(input, (*shape[:first], math.prod(shape[first:last + 1]), *shape[last + 1:]))


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One dimension split into several.

    Args:
        dim: the dimension.
        sizes: the sizes that it is split into; one may be -1.

    Raises:
        RuntimeError: where the sizes do not multiply to the dimension's.
    """
    shape = shape_of(input)
    axis = wrap_dim(dim, len(shape))
    sizes = integers("unflatten", (sizes,))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    known = -math.prod(sizes) if -1 in sizes else math.prod(sizes)
    if -1 in sizes and known > 0 and shape[axis] % known == 0:
        sizes = tuple(shape[axis] // known if n == -1 else n for n in sizes)
    elif known != shape[axis]:
        raise RuntimeError(f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size "
                           f"of dim {axis} ({shape[axis]}) in the input tensor")
    return view(input, (*shape[:axis], *sizes, *shape[axis + 1:]))


def ravel(input: Any) -> Any:
    """All elements in one dimension."""
    source = input if input.is_contiguous() else copied(input)
    return view(source, (-1,))


# ---- dimensions of size 1 -----------------------------------------------------------------------

@presented("input dim!")
def squeeze(input: Any, dim: Any = None) -> Any:
    """A view without dimensions of size 1.

    Args:
        dim: the dimension, or several, to drop where their size is 1; default: all.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros(1, 3, 1).squeeze(-1).shape
        torch.Size([1, 3])

    Source: PyTorch, torch.squeeze.
    """
    shape = shape_of(input)
    ndim = len(shape)
    if dim is None:
        chosen, name = set(range(ndim)), "SqueezeBackward0"
    elif isinstance(dim, (tuple, list)):
        wrapped = [wrap_dim(d, ndim) for d in dim]
        chosen, name = set(wrapped), "SqueezeBackward2"
        if len(chosen) != len(wrapped):
            twice = next(d for d in wrapped if wrapped.count(d) > 1)
            raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    else:
        chosen, name = {wrap_dim(dim, ndim)}, "SqueezeBackward1"
    kept = tuple([i for i, n in enumerate(shape) if n != 1 or i not in chosen])
    return make_view(input, (("reshape", tuple([shape[i] for i in kept]), kept),), name)


def unsqueeze(input: Any, dim: int) -> Any:
    """A view with a dimension of size 1 inserted.

    Args:
        dim: its place in the result.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros(3).unsqueeze(0).shape
        torch.Size([1, 3])

    Source: PyTorch, torch.unsqueeze.
    """
    shape = input._node.spec.shape
    at = wrap_dim(dim, len(shape) + 1)
    order = range(len(shape))
    step = ("reshape", (*shape[:at], 1, *shape[at:]), (*order[:at], -1, *order[at:]))
    return make_view(input, (step,), "UnsqueezeBackward0")


def _least(tensors: tuple[Any, ...], one: Any) -> Any:
    if len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        return one(tensors[0])
    group = tensors[0] if len(tensors) == 1 else tensors
    return tuple([one(x) for x in group])


def atleast_1d(*tensors: Any) -> Any:
    """Tensors with at least one dimension."""
    return _least(tensors, lambda x: x if shape_of(x) else reshape(x, (1,)))


def atleast_2d(*tensors: Any) -> Any:
    """Tensors with at least two dimensions (one is put in front)."""
    def one(x: Any) -> Any:
        shape = shape_of(x)
        return x if len(shape) > 1 else unsqueeze(x, 0) if shape else reshape(x, (1, 1))
    return _least(tensors, one)


def atleast_3d(*tensors: Any) -> Any:
    """Tensors with at least three dimensions (n → 1×n×1, n×m → n×m×1)."""
    def one(x: Any) -> Any:
        ndim = len(shape_of(x))
        if ndim == 0:
            return reshape(x, (1, 1, 1))
        if ndim == 1:
            return unsqueeze(unsqueeze(x, 0), -1)
        return unsqueeze(x, -1) if ndim == 2 else x
    return _least(tensors, one)
