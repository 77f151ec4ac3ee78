"""Views and other changes of shape."""

from __future__ import annotations

from typing import Any

from ..autograd import steps
from ..autograd.views import make_view
from .reduction import wrap_dim


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """A view with two dimensions exchanged."""
    ndim = input.ndim
    a, b = wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    dims = list(range(ndim))
    if dims:
        dims[a], dims[b] = dims[b], dims[a]
    return make_view(input, (("permute", tuple(dims)),), "TransposeBackward0")


def view(input: Any, *shape: Any) -> Any:
    """A view of another shape.

    Raises:
        RuntimeError: where the sizes do not match or the strides do not allow a view.
    """
    target = resolve_shape(shape, input)
    have, (strides, _) = tuple(input.shape), input._strided()
    if steps.reshaped_strides(have, strides, target) is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead.")
    return make_view(input, (("reshape", target),), "ViewBackward0")


def resolve_shape(shape: Any, input: Any) -> tuple[int, ...]:
    """A target shape with its -1 filled in.

    Raises:
        RuntimeError: where the number of elements does not match.
    """
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = tuple(shape[0])
    sizes = [int(n) for n in shape]
    total, known, unknown = input.numel(), 1, None
    for i, n in enumerate(sizes):
        if n == -1:
            if unknown is not None:
                raise RuntimeError("only one dimension can be inferred")
            unknown = i
        elif n < 0:
            raise RuntimeError(f"invalid shape dimension {n} at index {i} of shape {sizes}")
        else:
            known *= n
    if unknown is not None and known and total % known == 0:
        sizes[unknown] = total // known
        known *= sizes[unknown]
    elif unknown is not None and not known:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {sizes} because the unspecified "
            "dimension size -1 can be any value and is ambiguous")
    if known != total or unknown is not None and sizes[unknown] == -1:
        raise RuntimeError(f"shape '{sizes}' is invalid for input of size {total}")
    return tuple(sizes)
