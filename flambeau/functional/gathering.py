"""Gather and scatter along a dimension: values read from, or written to, given positions."""

from __future__ import annotations

from typing import Any

from ..autograd.base import TensorBase
from ..autograd.record import Value, op
from ..dtype import iinfo, int32, int64, scalar_name
from ..graph import Shape
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import gather as gt
from ..ops import movement as mv
from ..ops.define import Sym
from .calling import numpy_names, presented, with_out
from .indexing import check_bounds, nonnegative
from .reduction import wrap_dim


def _check_index(index: Any, size: int, dim: int, error: type[Exception] = RuntimeError,
                 head: str = "", negative: bool = False) -> None:
    """Raise where an index that is already known is out of range.

    Raises:
        IndexError, RuntimeError: naming the first such entry.
    """
    if not isinstance(index, TensorBase):
        return
    data = index._value().data
    if data is None or not data.size or data.dtype.kind not in "iu":
        return
    low = -size if negative else 0
    if data.min() >= low and data.max() < size:
        return
    flat = data.reshape(-1)
    bad = flat[((flat < low) | (flat >= size)).argmax()]
    raise gt.out_of_bounds(error, head)(int(bad), dim, size)


gt.OutOfRange.wordings |= dict.fromkeys(
    ("_gather", "_scatter", "_scatter_add", "_scatter_reduce", "_index_add", "_index_reduce",
     "_take_along_dim"), gt.out_of_bounds(RuntimeError))


def _size(input: Any, dim: int) -> tuple[int, int]:
    shape = input._node.spec.shape
    axis = wrap_dim(dim, len(shape))
    return (shape[axis] if shape else 1), axis


def _as_row(x: Sym) -> Sym:
    """A value without dimensions as a vector of one."""
    if x.shape:
        return x
    out: Sym = mv.reshape(x, shape=(1,))
    return out


def _shaped(x: Sym, shape: Shape) -> Sym:
    if x.shape == shape:
        return x
    out: Sym = mv.reshape(x, shape=shape)
    return out


# ---- gather -------------------------------------------------------------------------------------

@op(grad="GatherBackward0", widen=False)
def _gather(input: Value, index: Value, dim: int) -> Any:
    if index.dtype not in (int64, int32):
        raise RuntimeError("gather(): Expected dtype int32/int64 for index")
    axis = wrap_dim(dim, input.ndim)
    if not index.size:
        return mv.reshape(mv.strided_slice(
            mv.reshape(input, shape=(input.size,)), start=(0,), shape=(0,), step=(1,)),
            shape=index.shape) if index.shape else input
    if max(index.ndim, 1) != max(input.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    x, i = _as_row(input), _as_row(ar.astype(index, int64))
    for d, (n, m) in enumerate(zip(i.shape, x.shape, strict=True)):
        if d != axis and n > m:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(index.shape)} to be no "
                f"larger than self {list(input.shape)} apart from dimension {axis}")
    return _shaped(gt.take_along(x, i, axis=axis), index.shape)


@numpy_names
def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False, out: Any = None) -> Any:
    """Values along a dimension: result[i][j][k] = input[index[i][j][k]][j][k] for dim = 0.

    Args:
        dim: the dimension that `index` counts along.
        index: int64, with as many dimensions as `input`; sets the result's shape.
        sparse_grad: accepted; the gradient is dense.
        out: where to write the result.

    Raises:
        RuntimeError: for shapes that do not fit and indices out of range.

    Example:
        >>> import flambeau as torch
        >>> torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0, 0], [1, 0]]))
        tensor([[1, 1],
                [4, 3]])

    Source: PyTorch, torch.gather.
    """
    size, axis = _size(input, dim)
    _check_index(index, size, axis)
    return with_out(_gather, out, input, index, dim)


@op(grad="GatherBackward0", widen=False)
def _take_along_dim(input: Value, indices: Value, dim: Any) -> Any:
    if indices.dtype is not int64:
        raise RuntimeError("torch.take_along_dim(): dtype of indices should be Long but got "
                           f"{scalar_name(indices.dtype)}")
    if dim is None:
        flat = mv.reshape(input, shape=(input.size,))
        return gt.take_along(flat, mv.reshape(indices, shape=(indices.size,)), axis=0)
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices")
    axis = wrap_dim(dim, input.ndim)
    cut = [s[:axis] + s[axis + 1:] for s in (input.shape, indices.shape)]
    common = ar.broadcast_shape(*cut)
    x = mv.expand(input, shape=(*common[:axis], input.shape[axis], *common[axis:]))
    i = mv.expand(indices, shape=(*common[:axis], indices.shape[axis], *common[axis:]))
    return gt.take_along(x, i, axis=axis)


def take_along_dim(input: Any, indices: Any, dim: int | None = None, *, out: Any = None) -> Any:
    """Values at positions along a dimension, which `argsort` or `argmax` found; broadcasts.

    Args:
        indices: int64.
        dim: the dimension; default: the flattened input.

    Raises:
        RuntimeError: for shapes that do not fit and indices out of range.
    """
    size, axis = (input._node.spec.size, 0) if dim is None else _size(input, dim)
    _check_index(indices, size, axis)
    return with_out(_take_along_dim, out, input, indices, dim)


# ---- scatter ------------------------------------------------------------------------------------

def _scatter_operands(input: Sym, index: Sym, src: Sym, dim: int,
                      name: str) -> tuple[Sym, Sym, Sym, int]:
    """Base, index and update of one number of dimensions; update in the shape of index."""
    if index.dtype not in (int64, int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    axis = wrap_dim(dim, input.ndim)
    x, i = _as_row(input), _as_row(ar.astype(index, int64))
    if src.spec.weak:
        return x, i, mv.expand(ar.astype(src, x.dtype), shape=i.shape), axis
    if src.dtype is not input.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
    if i.ndim != max(src.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    if i.ndim != x.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as self tensor")
    u = _as_row(src)
    if any(n > m and d != axis for d, (n, m) in enumerate(zip(i.shape, x.shape, strict=True))) or (
            any(n > m for n, m in zip(i.shape, u.shape, strict=True))):
        raise RuntimeError(
            f"Expected index {list(index.shape)} to be no larger than self {list(input.shape)} "
            f"apart from dimension {axis} and to be no larger size than src {list(src.shape)}")
    part = mv.strided_slice(u, start=(0,) * u.ndim, shape=i.shape, step=(1,) * u.ndim)
    return x, i, part, axis


_REDUCE = {None: "set", "add": "add", "multiply": "mul"}


@op(grad=lambda specs, static: f"ScatterBackward{int(specs[2].weak)}", widen=False)
def _scatter(input: Value, index: Value, src: Value, dim: int, reduce: Any) -> Any:
    if reduce not in _REDUCE:
        raise RuntimeError("reduce argument must be either add or multiply.")
    if not index.size:
        return input
    x, i, u, axis = _scatter_operands(input, index, src, dim, "scatter")
    return _shaped(gt.put_along(x, i, u, axis=axis, mode=_REDUCE[reduce]), input.shape)


@presented("input dim index src! out")
@numpy_names
def scatter(input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None,
            reduce: str | None = None, out: Any = None) -> Any:
    """A copy with values written along a dimension: result[index[i][j]][j] = src[i][j] for dim = 0.

    Args:
        dim: the dimension that `index` counts along.
        index: int64, with as many dimensions as `input`.
        src: a tensor at least as large as `index`, or one number (also by the name `value`).
        reduce: "add" or "multiply" to combine with what is there.
        out: where to write the result.

    Raises:
        RuntimeError: for shapes or dtypes that do not fit and indices out of range.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros(2, 3).scatter(1, torch.tensor([[2], [0]]), 1.0)
        tensor([[0., 0., 1.],
                [1., 0., 0.]])

    Source: PyTorch, torch.scatter.
    """
    size, axis = _size(input, dim)
    _check_index(index, size, axis)
    return with_out(_scatter, out, input, index, value if src is None else src, dim, reduce)


@op(grad="ScatterAddBackward0", widen=False)
def _scatter_add(input: Value, index: Value, src: Value, dim: int) -> Any:
    if not index.size:
        return input
    x, i, u, axis = _scatter_operands(input, index, src, dim, "scatter")
    return _shaped(gt.put_along(x, i, u, axis=axis, mode="add"), input.shape)


@numpy_names
def scatter_add(input: Any, dim: int, index: Any, src: Any, *, out: Any = None) -> Any:
    """A copy with values added along a dimension: result[index[i][j]][j] += src[i][j] for dim = 0.

    Args:
        dim: the dimension that `index` counts along.
        index: int64, no larger than `src`.
        src: what is added.

    Raises:
        RuntimeError: for shapes or dtypes that do not fit and indices out of range.
    """
    size, axis = _size(input, dim)
    _check_index(index, size, axis)
    return with_out(_scatter_add, out, input, index, src, dim)


_MODES = {"sum": "add", "mean": "add", "prod": "mul", "amax": "max", "amin": "min"}


def reduced_into(base: Sym, update: Sym, put: Any, reduce: str, include_self: bool) -> Sym:
    """Updates combined with what stands at their positions.

    Args:
        put: put(base, update, mode) writes an update at the positions.
        reduce: sum, mean, prod, amax or amin.
        include_self: whether what was there before counts.
    """
    ones = mv.expand(ar.literal(1, base.dtype), shape=update.shape)
    start = base
    if not include_self:
        start = put(base, mv.expand(_identity(base, reduce), shape=update.shape), "set")
    out: Sym = put(start, update, _MODES[reduce])
    if reduce != "mean":
        return out
    full = mv.expand(ar.literal(1, base.dtype), shape=base.shape)
    count = put(full if include_self else put(full, ones * 0, "set"), ones, "add")
    count = ew.select(count.eq(0), full, count)
    if base.dtype.category < 2:
        whole: Sym = ew.floor_divide(out, count)
        return whole
    return out / count


def _identity(base: Sym, reduce: str) -> Sym:
    """The neutral element of a reduction."""
    if reduce in ("sum", "mean", "prod"):
        return ar.literal(int(reduce == "prod"), base.dtype)
    if base.dtype.category == 0:
        return ar.literal(reduce == "amin", base.dtype)
    if base.dtype.category == 1:
        info = iinfo(base.dtype)
        return ar.literal(info.min if reduce == "amax" else info.max, base.dtype)
    return ar.literal(float("-inf" if reduce == "amax" else "inf"), base.dtype)


@op(grad="ScatterReduceBackward0")
def _scatter_reduce(input: Value, index: Value, src: Value, dim: int, reduce: str,
                    include_self: bool) -> Any:
    reduce = {"max": "amax", "min": "amin"}.get(reduce, reduce)
    if reduce not in _MODES:
        raise RuntimeError("reduce argument must be either sum, prod, mean, amax or amin, got "
                           f"{reduce}")
    if not index.size:
        return input
    x, i, u, axis = _scatter_operands(input, index, src, dim, "scatter")

    def put(base: Sym, update: Sym, mode: str) -> Any:
        return gt.put_along(base, i, update, axis=axis, mode=mode)
    return _shaped(reduced_into(x, u, put, reduce, include_self), input.shape)


@numpy_names
def scatter_reduce(input: Any, dim: int, index: Any, src: Any, reduce: str, *,
                   include_self: bool = True, out: Any = None) -> Any:
    """A copy with values combined along a dimension, at the positions that `index` names.

    Args:
        dim: the dimension that `index` counts along.
        index: int64, no larger than `src`.
        src: the values.
        reduce: "sum", "prod", "mean", "amax" or "amin".
        include_self: whether the input's own values take part. Default: True.

    Raises:
        RuntimeError: for shapes or dtypes that do not fit and indices out of range.

    Source: PyTorch, torch.scatter_reduce.
    """
    size, axis = _size(input, dim)
    _check_index(index, size, axis)
    return with_out(_scatter_reduce, out, input, index, src, dim, reduce, include_self)


# ---- flat positions -----------------------------------------------------------------------------

def _check_flat(input: Any, index: Any, name: str) -> None:
    d = index._node.spec.dtype
    if d is not int64:
        raise RuntimeError(f"{name}(): Expected a long tensor for index, but got {scalar_name(d)}")
    size = input._node.spec.size
    try:
        check_bounds(index, size, 0)
    except IndexError as error:
        asked = int(str(error).split()[1])
        raise _no_element(asked + size if asked < 0 else asked, 0, size) from None


def _no_element(index: int, axis: int, size: int) -> Exception:
    asked = index - size if index < 0 else index  # as it was before counting from the end
    return IndexError(f"out of range: tried to access index {asked} on a tensor of {size} "
                      "elements.")


gt.OutOfRange.wordings |= {"_take": _no_element, "_put_flat": _no_element}


@op(grad="TakeBackward0", widen=False)
def _take(input: Value, index: Value) -> Any:
    return gt.take(mv.reshape(input, shape=(input.size,)), nonnegative(index, input.size))


def take(input: Any, index: Any, *, out: Any = None) -> Any:
    """Elements of the flattened input.

    Args:
        index: int64 positions; sets the result's shape.

    Raises:
        IndexError: out of range.

    Example:
        >>> import flambeau as torch
        >>> torch.take(torch.tensor([[4, 3], [2, 1]]), torch.tensor([0, -1]))
        tensor([4, 1])

    Source: PyTorch, torch.take.
    """
    _check_flat(input, index, "take")
    return with_out(_take, out, input, index)


@op(name="_put_flat", grad="PutBackward0", widen=False)
def _put(input: Value, index: Value, source: Value, accumulate: bool) -> Any:
    if source.dtype is not input.dtype:
        raise RuntimeError("put_(): self and source expected to have the same dtype, but got "
                           f"self.dtype = {scalar_name(input.dtype)} and source.dtype = "
                           f"{scalar_name(source.dtype)}")
    if source.size != index.size:
        raise IndexError("put_(): Expected source and index to have the same number of elements, "
                         f"but got source.numel() = {source.size}, index.numel() = {index.size}")
    flat = gt.put_at(mv.reshape(input, shape=(input.size,)),
                     mv.reshape(source, shape=(source.size,)),
                     mv.reshape(nonnegative(index, input.size), shape=(index.size,)),
                     mode="add" if accumulate else "set")
    return mv.reshape(flat, shape=input.shape)


def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """A copy with elements of the flattened tensor replaced, or added to.

    Args:
        index: int64 positions.
        source: as many values.
        accumulate: add instead of replacing.

    Raises:
        IndexError: out of range, or where the counts differ.
    """
    _check_flat(input, index, "put_")
    return _put(input, index, source, accumulate)
