"""Reductions: sums, products, means, extremes and their positions, logical reductions."""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.record import Value, op
from ..dtype import BOOL, COMPLEX, FLOATING, float32, get_default_dtype, int64, scalar_name, uint8
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.define import Sym
from ..ops.gather import take_along
from ..ops.movement import reshape, zeros
from .calling import is_value, not_implemented, numpy_names, presented, with_out

# ---- dimensions ----------------------------------------------------------------------------------

def axes_of(x: Any, dim: Any) -> tuple[int, ...]:
    """Dimensions given as None, an int or a sequence, as sorted non-negative numbers.

    Raises:
        IndexError: for a dimension out of range.
        RuntimeError: for one that is named twice.
    """
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(x.ndim))
    dims = (dim,) if not isinstance(dim, (tuple, list)) else dim
    out = [wrap_dim(d, x.ndim) for d in dims]
    if len(set(out)) != len(out):
        twice = next(d for d in out if out.count(d) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return tuple(sorted(out)) if x.ndim else ()


def wrap_dim(dim: int, ndim: int) -> int:
    """A dimension counted from the end where negative.

    Raises:
        IndexError: out of range.
    """
    n = ndim or 1
    if not -n <= dim < n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but "
                         f"got {dim})")
    return dim % n


def keep(x: Any, reduced: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
    """The reduced value with its dimensions kept as 1 if asked for."""
    if not keepdim or not x.ndim:
        return reduced
    return reshape(reduced, shape=tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def count_of(x: Any, axes: tuple[int, ...]) -> int:
    """How many elements are reduced to one."""
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    return count


def reduced(x: Any, dim: Any, keepdim: bool, primitive: Any) -> Any:
    """Apply a reduction primitive over the dimensions given."""
    axes = axes_of(x, dim)
    return keep(x, primitive(x, axes=axes), axes, keepdim)


def floating(x: Any) -> Any:
    """x, or x in the default floating-point dtype where it is integral."""
    return ar.astype(x, get_default_dtype()) if x.dtype.category < FLOATING else x


def accumulated(x: Any, dim: Any, keepdim: bool, dtype: Any, primitive: Any) -> Any:
    """A sum or product in PyTorch's accumulation dtype, rounded to the result's dtype."""
    if dtype is None:
        dtype = int64 if x.dtype.category < FLOATING else x.dtype
    wide = float32 if dtype.is_reduced else dtype
    x = ar.astype(ar.astype(x, dtype), wide)
    return ar.astype(reduced(x, dim, keepdim, primitive), dtype)


def _numbered(name: str) -> Any:
    def grad_name(specs: Any, static: Any) -> str:
        return f"{name}Backward{0 if static[0] is None else 1}"
    return grad_name


# ---- sums, products, means -----------------------------------------------------------------------

@presented("input dim! keepdim dtype out")
@numpy_names
@op(grad=_numbered("Sum"), out=True)
def sum(input: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum of the elements, or over some dimensions.

    Args:
        input: a tensor; integers and booleans are summed in int64.
        dim: one dimension or several; all by default.
        keepdim: keep the reduced dimensions with size 1. Default: False.
        dtype: convert to this dtype first; also the result's.

    Returns:
        The sums; 0 for no elements.

    Example:
        >>> import flambeau as torch
        >>> torch.sum(torch.tensor([[1., 2.], [3., 4.]]), dim=0)
        tensor([4., 6.])

    Source: PyTorch, torch.sum.
    """
    return accumulated(input, dim, keepdim, dtype, rd.reduce_sum)


@numpy_names
@op(grad="NansumBackward0", out=True)
def nansum(input: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum with NaN counted as zero.

    Args:
        input: a real tensor.
        dim: one dimension or several; all by default.
        keepdim: keep the reduced dimensions with size 1. Default: False.
        dtype: convert to this dtype first; also the result's.

    Example:
        >>> import flambeau as torch
        >>> torch.nansum(torch.tensor([1., float("nan"), 2.]))
        tensor(3.)

    Source: PyTorch, torch.nansum.
    """
    if input.dtype.is_complex:
        raise RuntimeError("nansum on CPU does not support complex inputs")
    if input.dtype.category == FLOATING:
        input = ew.select(ew.isnan(input), zeros(input.shape, input), input)
    return accumulated(input, dim, keepdim, dtype, rd.reduce_sum)


@op(grad=_numbered("Prod"), name="prod")
def _prod(input: Value, dim: Any, keepdim: bool, dtype: Any) -> Any:
    return accumulated(input, dim, keepdim, dtype, rd.reduce_prod)


@presented("input dim! keepdim dtype out")
@numpy_names
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None,
         out: Any = None) -> Any:
    """The product of the elements, or along one dimension.

    Args:
        input: a tensor; integers and booleans are multiplied in int64.
        dim: the dimension; all by default.
        keepdim: keep the reduced dimension with size 1. Default: False.
        dtype: convert to this dtype first; also the result's.

    Example:
        >>> import flambeau as torch
        >>> torch.prod(torch.tensor([2., 3., 4.]))
        tensor(24.)

    Source: PyTorch, torch.prod.
    """
    return with_out(_prod, out, input, dim, keepdim, dtype)


@presented("input dim! keepdim dtype out")
@numpy_names
@op(grad=_numbered("Mean"), out=True)
def mean(input: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean of the elements, or over some dimensions.

    Args:
        input: a floating-point or complex tensor (unless `dtype` is given).
        dim: one dimension or several; all by default.
        keepdim: keep the reduced dimensions with size 1. Default: False.
        dtype: convert to this dtype first; also the result's.

    Returns:
        Σ x / n; NaN for no elements.

    Raises:
        RuntimeError: for integers or booleans without a floating-point `dtype`.

    Example:
        >>> import flambeau as torch
        >>> torch.mean(torch.tensor([[1., 2.], [3., 4.]]), dim=1)
        tensor([1.5000, 3.5000])

    Source: PyTorch, torch.mean.
    """
    target = dtype or input.dtype
    if target.category < FLOATING:
        role = "Optional dtype" if dtype else "Input dtype"
        infer = "" if dtype else "could not infer output dtype. "
        raise RuntimeError(f"mean(): {infer}{role} must be either a floating point or complex "
                           f"dtype. Got: {scalar_name(target)}")
    wide = float32 if target.is_reduced else target
    x = ar.astype(ar.astype(input, target), wide)
    total = reduced(x, dim, keepdim, rd.reduce_sum)
    return ar.astype(total / count_of(x, axes_of(x, dim)), target)


@numpy_names
@op(grad="DivBackward0", out=True)
def nanmean(input: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean of the elements that are not NaN.

    Args:
        input: a floating-point tensor.
        dim: one dimension or several; all by default.
        keepdim: keep the reduced dimensions with size 1. Default: False.
        dtype: convert to this dtype first; also the result's.

    Example:
        >>> import flambeau as torch
        >>> torch.nanmean(torch.tensor([1., float("nan"), 2.]))
        tensor(1.5000)

    Source: PyTorch, torch.nanmean.
    """
    if input.dtype.category < FLOATING:
        raise RuntimeError("nanmean(): expected input to have floating point or complex dtype but "
                           f"got {scalar_name(input.dtype)}")
    valid = ar.astype(input.eq(input), input.dtype)
    total = nansum(input, dim, keepdim, dtype=dtype)
    return total / reduced(valid, dim, keepdim, rd.reduce_sum)


# ---- logic and counts ----------------------------------------------------------------------------

def _logical(x: Any, dim: Any, keepdim: bool, primitive: Any) -> Any:
    out = x.ne(0) if x.dtype.category > BOOL else x
    if dim is None or isinstance(dim, int) or len(dim):  # no dimensions at all reduce nothing
        out = reduced(out, dim, keepdim, primitive)
    return ar.astype(out, uint8) if x.dtype is uint8 else out


@numpy_names
@op(out=True)
def all(input: Value, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all elements are nonzero (NaN counts as nonzero).

    Args:
        input: a tensor.
        dim: one dimension or several; all by default.
        keepdim: keep the reduced dimensions with size 1. Default: False.

    Returns:
        Booleans (uint8 for uint8 input); True for no elements.

    Example:
        >>> import flambeau as torch
        >>> torch.all(torch.tensor([1, 0]))
        tensor(False)

    Source: PyTorch, torch.all.
    """
    return _logical(input, dim, keepdim, rd.reduce_all)


@numpy_names
@op(out=True)
def any(input: Value, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether any element is nonzero (NaN counts as nonzero).

    Args:
        input: a tensor.
        dim: one dimension or several; all by default.
        keepdim: keep the reduced dimensions with size 1. Default: False.

    Returns:
        Booleans (uint8 for uint8 input); False for no elements.

    Example:
        >>> import flambeau as torch
        >>> torch.any(torch.tensor([1, 0]))
        tensor(True)

    Source: PyTorch, torch.any.
    """
    return _logical(input, dim, keepdim, rd.reduce_any)


@numpy_names
@op
def count_nonzero(input: Value, dim: Any = None) -> Any:
    """How many elements are not zero, in int64.

    Args:
        input: a tensor.
        dim: one dimension or several; all by default.

    Example:
        >>> import flambeau as torch
        >>> torch.count_nonzero(torch.tensor([[1, 0], [2, 3]]), dim=1)
        tensor([1, 2])

    Source: PyTorch, torch.count_nonzero.
    """
    return reduced(ar.astype(input.ne(0), int64), dim, False, rd.reduce_sum)


# ---- extremes ------------------------------------------------------------------------------------

def check_nonempty(name: str, x: Any, axes: tuple[int, ...], call: str = "()") -> None:
    """Raise PyTorch's error where an extreme is asked of no elements."""
    for axis in axes:
        if x.shape[axis] == 0:
            raise IndexError(f"{name}{call}: Expected reduction dim {axis} to have non-zero size.")


def _check_extreme(name: str, x: Any, dim: Any) -> None:
    if x.dtype.category == COMPLEX:
        raise not_implemented(f"{'max' if 'max' in name else 'min'}_values_cpu", x.dtype)
    if dim is None or dim == ():
        if x.size == 0:
            raise RuntimeError(f"{name}(): Expected reduction dim to be specified for "
                               f"input.numel() "
                               "== 0. Specify the reduction dim with the 'dim' argument.")
    elif x.size == 0:
        for d in dim if isinstance(dim, (tuple, list)) else (dim,):
            if x.shape[wrap_dim(d, x.ndim)] == 0:
                raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size.")


@numpy_names
@op(out=True)
def amax(input: Value, dim: Any = (), keepdim: bool = False) -> Any:
    """The greatest elements; the gradient is shared evenly among equal ones.

    Args:
        input: a real tensor; NaN counts as the greatest.
        dim: one dimension or several; all by default.
        keepdim: keep the reduced dimensions with size 1. Default: False.

    Raises:
        IndexError: where a reduced dimension is empty.

    Example:
        >>> import flambeau as torch
        >>> torch.amax(torch.tensor([[1., 5.], [3., 2.]]), dim=1)
        tensor([5., 3.])

    Source: PyTorch, torch.amax.
    """
    _check_extreme("amax", input, dim)
    return reduced(input, dim, keepdim, rd.reduce_max)


@numpy_names
@op(out=True)
def amin(input: Value, dim: Any = (), keepdim: bool = False) -> Any:
    """The least elements; the gradient is shared evenly among equal ones.

    Args:
        input: a real tensor; NaN counts as the least.
        dim: one dimension or several; all by default.
        keepdim: keep the reduced dimensions with size 1. Default: False.

    Raises:
        IndexError: where a reduced dimension is empty.

    Example:
        >>> import flambeau as torch
        >>> torch.amin(torch.tensor([[1., 5.], [3., 2.]]), dim=1)
        tensor([1., 2.])

    Source: PyTorch, torch.amin.
    """
    _check_extreme("amin", input, dim)
    return reduced(input, dim, keepdim, rd.reduce_min)


@op(name="aminmax")
def _aminmax(input: Value, dim: Any, keepdim: bool) -> Any:
    if input.dtype.is_complex:
        raise not_implemented("aminmax_cpu", input.dtype)
    if dim is None and input.size == 0:
        raise RuntimeError("aminmax(): cannot compute aminmax over an empty dimension as the "
                           "operation has no identity.")
    if dim is not None:
        check_nonempty("aminmax", input, axes_of(input, dim), "")
    return (reduced(input, dim, keepdim, rd.reduce_min),
            reduced(input, dim, keepdim, rd.reduce_max))


@numpy_names
def aminmax(input: Any, *, dim: Any = None, keepdim: bool = False, out: Any = None) -> Any:
    """The least and the greatest elements, named `min` and `max`.

    Args:
        input: a real tensor.
        dim: the dimension; all by default.
        keepdim: keep the reduced dimension with size 1. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.aminmax(torch.tensor([2., 1., 3.]))
        torch.return_types.aminmax(
        min=tensor(1.),
        max=tensor(3.))

    Source: PyTorch, torch.aminmax.
    """
    return return_types.aminmax(with_out(_aminmax, out, input, dim, keepdim))


def _extreme(prefix: str, primitive: Any, position: Any) -> tuple[Any, Any]:
    """The ops behind max and min: of all elements, and along one dimension with its index."""
    @op(name=prefix, grad=f"{prefix.capitalize()}Backward1")
    def of_all(input: Value) -> Any:
        if input.dtype.is_complex:
            raise not_implemented(f"{prefix}_all", input.dtype)
        _check_extreme(prefix, input, None)
        return primitive(input, axes=tuple(range(input.ndim)))

    @op(name=prefix, grad=f"{prefix.capitalize()}Backward0")
    def along(input: Value, dim: int, keepdim: bool) -> Any:
        axis = wrap_dim(dim, input.ndim)
        if input.dtype.is_complex:
            raise RuntimeError(f"{prefix}(): does not support complex input")
        if not input.ndim:
            return input, ar.literal(0, int64)
        check_nonempty(prefix, input, (axis,))
        return selected(input, position(input, axis=axis), axis, keepdim)
    return of_all, along


def selected(x: Sym, index: Sym, axis: int, keepdim: bool) -> tuple[Sym, Sym]:
    """The element at one index along an axis, with the index."""
    kept = ar.with_dims(index, (axis,))
    value = take_along(x, kept, axis=axis)
    if keepdim:
        return value, kept
    return reshape(value, shape=index.shape), index


def check_dim(name: str, dim: Any) -> None:
    """Raise where a function that takes one dimension is given several.

    Raises:
        TypeError: as PyTorch does.
    """
    if not hasattr(dim, "__index__"):
        raise TypeError(f"{name}() received an invalid combination of arguments - got "
                        f"({type(dim).__name__}), but expected one dimension")


_max_all, _max_along = _extreme("max", rd.reduce_max, rd.argmax)
_min_all, _min_along = _extreme("min", rd.reduce_min, rd.argmin)


@op(name="maximum")
def _maximum(input: Value, other: Value) -> Any:
    return ew.maximum(*ar.operands(input, other))


@op(name="minimum")
def _minimum(input: Value, other: Value) -> Any:
    return ew.minimum(*ar.operands(input, other))


@presented("input dim! keepdim out")
@numpy_names
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None,
        out: Any = None) -> Any:
    """The greatest element, or the greatest along a dimension with its index, or of two tensors.

    Args:
        input: a real tensor; NaN counts as the greatest.
        dim: the dimension, or a second tensor (then the elementwise maximum).
        keepdim: keep the reduced dimension with size 1. Default: False.
        other: the second tensor, by keyword.

    Returns:
        A tensor without dimensions, or (values, indices); of equal elements the first is taken, and
        it alone receives the gradient. Without `dim` the gradient is shared evenly.

    Example:
        >>> import flambeau as torch
        >>> torch.max(torch.tensor([1., 3., 2.]), 0)
        torch.return_types.max(
        values=tensor(3.),
        indices=tensor(1))

    Source: PyTorch, torch.max.
    """
    if other is not None or is_value(dim):
        return with_out(_maximum, out, input, dim if other is None else other)
    if dim is None:
        return with_out(_max_all, out, input)
    check_dim("max", dim)
    return return_types.max(with_out(_max_along, out, input, dim, keepdim))


@presented("input dim! keepdim out")
@numpy_names
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None,
        out: Any = None) -> Any:
    """The least element, or the least along a dimension with its index, or of two tensors.

    Args:
        input: a real tensor; NaN counts as the least.
        dim: the dimension, or a second tensor (then the elementwise minimum).
        keepdim: keep the reduced dimension with size 1. Default: False.
        other: the second tensor, by keyword.

    Returns:
        A tensor without dimensions, or (values, indices); of equal elements the first is taken, and
        it alone receives the gradient. Without `dim` the gradient is shared evenly.

    Example:
        >>> import flambeau as torch
        >>> torch.min(torch.tensor([1., 3., 2.]))
        tensor(1.)

    Source: PyTorch, torch.min.
    """
    if other is not None or is_value(dim):
        return with_out(_minimum, out, input, dim if other is None else other)
    if dim is None:
        return with_out(_min_all, out, input)
    check_dim("min", dim)
    return return_types.min(with_out(_min_along, out, input, dim, keepdim))


def _position(name: str, x: Any, dim: Any, keepdim: bool, primitive: Any) -> Any:
    if x.dtype.category == BOOL:
        raise RuntimeError(f"{name}(): does not support bool input")
    if x.dtype.is_complex:
        raise RuntimeError(f"{name}(): does not support complex input")
    if dim is None:
        if not x.size:
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() "
                             "== 0.")
        out = primitive(reshape(x, shape=(x.size,)), axis=0)
        return reshape(out, shape=(1,) * x.ndim) if keepdim and x.ndim else out
    axis = wrap_dim(dim, x.ndim)
    if not x.ndim:
        return ar.literal(0, int64)
    check_nonempty(name, x, (axis,))
    return keep(x, primitive(x, axis=axis), (axis,), keepdim)


@numpy_names
@op(out=True)
def argmax(input: Value, dim: Any = None, keepdim: bool = False) -> Any:
    """The index of the greatest element (of several the first); NaN counts as the greatest.

    Args:
        input: a real tensor.
        dim: the dimension; None: the index into the flattened tensor.
        keepdim: keep the reduced dimension with size 1. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.argmax(torch.tensor([[1., 5.], [3., 2.]]), dim=1)
        tensor([1, 0])

    Source: PyTorch, torch.argmax.
    """
    return _position("argmax", input, dim, keepdim, rd.argmax)


@numpy_names
@op(out=True)
def argmin(input: Value, dim: Any = None, keepdim: bool = False) -> Any:
    """The index of the least element (of several the first); NaN counts as the least.

    Args:
        input: a real tensor.
        dim: the dimension; None: the index into the flattened tensor.
        keepdim: keep the reduced dimension with size 1. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.argmin(torch.tensor([[1., 5.], [3., 2.]]), dim=1)
        tensor([0, 1])

    Source: PyTorch, torch.argmin.
    """
    return _position("argmin", input, dim, keepdim, rd.argmin)
