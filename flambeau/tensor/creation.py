"""Tensors of one value, ranges, identity matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.base import TensorBase
from ..device import preserve_format, strided
from ..dtype import dtype, get_default_dtype, int64
from ..functional.calling import presented
from ..functional.formats import checked_format, in_format, like_order
from ..functional.scalars import check_fits
from .data import check_device, finished, leaf_type

# ---- one value ----------------------------------------------------------------------------------

def sizes(size: Any, name: str) -> tuple[int, ...]:
    """A shape given as numbers or as one sequence.

    Raises:
        TypeError: for anything else.
        RuntimeError: for a negative size.
    """
    if len(size) == 1 and not hasattr(size[0], "__index__"):
        size = size[0]
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, not "
                        f"{type(size).__name__}")
    out = []
    for i, n in enumerate(size):
        if not hasattr(n, "__index__") or isinstance(n, bool):
            raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, but "
                            f"found element of type {type(n).__name__} at pos {i}")
        out.append(n.__index__())
    if any(n < 0 for n in out):
        if name == "zeros":
            raise RuntimeError("zeros: Dimension size must be non-negative.")
        bad = next(n for n in out if n < 0)
        raise RuntimeError(f"Trying to create tensor with negative dimension {bad}: {out}")
    return tuple(out)


def filled(shape: tuple[int, ...], value: Any, d: dtype, requires_grad: bool = False,
           out: Any = None) -> Any:
    """A tensor of one value; without memory of its own until it is needed."""
    array = np.zeros(shape, d.numpy) if not value else np.full(shape, value, d.numpy)
    return finished(array, d, requires_grad, out)


@presented("size out dtype layout device pin_memory requires_grad")
def zeros(*size: Any, out: Any = None, dtype: dtype | None = None, layout: Any = None,
          device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
          **named: Any) -> Any:
    """A tensor of zeros.

    Args:
        size: the shape, as numbers or as one sequence.
        dtype: default: the default floating-point dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])

    Source: torch.zeros.
    """
    check_device(device, pin_memory, layout, "zeros")
    return filled(_named(size, named, "zeros"), 0, _or_default(dtype, out), requires_grad, out)


@presented("size out dtype layout device pin_memory requires_grad")
def ones(*size: Any, out: Any = None, dtype: dtype | None = None, layout: Any = None,
         device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
         **named: Any) -> Any:
    """A tensor of ones.

    Args:
        size: the shape, as numbers or as one sequence.
        dtype: default: the default floating-point dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.ones(2)
        tensor([1., 1.])

    Source: torch.ones.
    """
    check_device(device, pin_memory, layout, "ones")
    return filled(_named(size, named, "ones"), 1, _or_default(dtype, out), requires_grad, out)


@presented("size memory_format out dtype layout device pin_memory requires_grad")
def empty(*size: Any, out: Any = None, dtype: dtype | None = None, layout: Any = None,
          device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
          memory_format: Any = None, **named: Any) -> Any:
    """A tensor whose elements are still to be written (they are zeros).

    Args:
        size: the shape, as numbers or as one sequence.
        dtype: default: the default floating-point dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.empty(2, 3).shape
        torch.Size([2, 3])

    Source: torch.empty.
    """
    check_device(device, pin_memory, layout, "empty")
    if memory_format is preserve_format:
        raise RuntimeError("unsupported memory format Preserve")
    made = filled(_named(size, named, "empty"), 0, _or_default(dtype, out), requires_grad, out)
    return in_format(made, checked_format(memory_format, "empty"))


def _named(size: tuple[Any, ...], named: dict[str, Any], name: str) -> tuple[int, ...]:
    if named:
        if size or named.keys() - {"size"}:
            unknown = next((k for k in named if k != "size"), "size")
            raise TypeError(f"{name}() received an invalid combination of arguments - got an "
                            f"unexpected keyword argument '{unknown}'")
        size = (tuple(named["size"]),)
    elif not size:
        raise TypeError(f"{name}() received an invalid combination of arguments - got (), but "
                        "expected one of:\n * (tuple of ints size, *, tuple of names names, "
                        "torch.dtype dtype = None, torch.layout layout = None, torch.device device "
                        "= None, bool pin_memory = False, bool requires_grad = False)")
    return sizes(size, name)


def _or_default(d: dtype | None, out: Any = None) -> dtype:
    if d is not None:
        return d
    return out.dtype if out is not None else get_default_dtype()


def value_dtype(value: Any) -> dtype:
    """The dtype that `full` takes from its value."""
    if isinstance(value, TensorBase):
        d: dtype = value.dtype  # type: ignore[attr-defined]
        return d
    return leaf_type(value)


def full(size: Any, fill_value: Any, *, out: Any = None, dtype: dtype | None = None,
         layout: Any = None, device: Any = None, pin_memory: bool = False,
         requires_grad: bool = False) -> Any:
    """A tensor of one value.

    Args:
        size: the shape.
        fill_value: the value.
        dtype: default: the one that the value suggests.

    Example:
        >>> import flambeau as torch
        >>> torch.full((2, 2), 7)
        tensor([[7, 7],
                [7, 7]])

    Source: torch.full.
    """
    check_device(device, pin_memory, layout, "full")
    d = dtype or (out.dtype if out is not None else value_dtype(fill_value))
    if isinstance(fill_value, TensorBase):
        fill_value = fill_value.item()  # type: ignore[attr-defined]
    shape = sizes((size,) if hasattr(size, "__index__") else tuple(size), "full")
    check_fits(fill_value, d, reduced=math.prod(shape) != 1)
    with np.errstate(over="ignore"):
        array = np.broadcast_to(np.asarray(fill_value), shape).astype(d.numpy)
    return finished(array, d, requires_grad, out)


def zeros_like(input: Any, *, memory_format: Any = None, dtype: dtype | None = None,
               layout: Any = None, device: Any = None, pin_memory: bool = False,
               requires_grad: bool = False) -> Any:
    """Zeros of the shape and dtype of a tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros_like(torch.ones(2, dtype=torch.int64))
        tensor([0, 0])

    Source: torch.zeros_like.
    """
    check_device(device, pin_memory, layout, "zeros_like")
    return _like(input, filled(tuple(input.shape), 0, dtype or input.dtype, requires_grad),
                 memory_format, "zeros_like")


def ones_like(input: Any, *, memory_format: Any = None, dtype: dtype | None = None,
              layout: Any = None, device: Any = None, pin_memory: bool = False,
              requires_grad: bool = False) -> Any:
    """Ones of the shape and dtype of a tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.ones_like(torch.zeros(2))
        tensor([1., 1.])

    Source: torch.ones_like.
    """
    check_device(device, pin_memory, layout, "ones_like")
    return _like(input, filled(tuple(input.shape), 1, dtype or input.dtype, requires_grad),
                 memory_format, "ones_like")


def empty_like(input: Any, *, memory_format: Any = None, dtype: dtype | None = None,
               layout: Any = None, device: Any = None, pin_memory: bool = False,
               requires_grad: bool = False) -> Any:
    """A tensor of the shape and dtype of another, with elements still to be written.

    Source: torch.empty_like.
    """
    check_device(device, pin_memory, layout, "empty_like")
    return _like(input, filled(tuple(input.shape), 0, dtype or input.dtype, requires_grad),
                 memory_format, "empty_like")


def full_like(input: Any, fill_value: Any, *, memory_format: Any = None,
              dtype: dtype | None = None, layout: Any = None, device: Any = None,
              pin_memory: bool = False, requires_grad: bool = False) -> Any:
    """One value in the shape and dtype of a tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.full_like(torch.zeros(2), 3)
        tensor([3., 3.])

    Source: torch.full_like.
    """
    made = full(tuple(input.shape), fill_value, dtype=dtype or input.dtype, layout=layout,
                device=device, pin_memory=pin_memory, requires_grad=requires_grad)
    return _like(input, made, memory_format, "full_like")


def _like(input: Any, made: Any, form: Any, name: str) -> Any:
    """A new tensor in a memory format, which may be that of `input`."""
    return in_format(made, like_order(checked_format(form, name), input))


def empty_strided(size: Any, stride: Any, *, dtype: dtype | None = None, layout: Any = None,
                  device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Any:
    """A tensor of a shape and strides, with elements still to be written.

    Source: torch.empty_strided.
    """
    check_device(device, pin_memory, layout, "empty_strided")
    shape, strides = tuple(size), tuple(stride)
    count = 0 if 0 in shape else 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    memory = filled((count,), 0, dtype or get_default_dtype())
    t = memory.as_strided(shape, strides).detach()
    return t.requires_grad_(True) if requires_grad else t


def empty_permuted(size: Any, physical_layout: Any, *, dtype: dtype | None = None,
                   layout: Any = None, device: Any = None, requires_grad: bool = False,
                   pin_memory: bool = False) -> Any:
    """A tensor whose dimensions lie in memory in a given order.

    Source: torch.empty_permuted.
    """
    strides, step = [0] * len(size), 1
    for d in reversed(physical_layout):
        strides[d], step = step, step * size[d]
    return empty_strided(size, strides, dtype=dtype, device=device, requires_grad=requires_grad)


# ---- ranges -------------------------------------------------------------------------------------

def _plain_number(x: Any) -> Any:
    return x.item() if hasattr(x, "item") else x


@presented("start! end! step out dtype layout device pin_memory requires_grad")
def arange(start: Any = None, end: Any = None, step: Any = 1, *, out: Any = None,
           dtype: dtype | None = None, layout: Any = None, device: Any = None,
           pin_memory: bool = False, requires_grad: bool = False) -> Any:
    """Numbers from `start` up to `end`, which is excluded.

    Args:
        start, end, step: numbers; `arange(end)` begins at 0.
        dtype: default: int64 where all three are integers, else the default dtype.

    Raises:
        RuntimeError: for a step of 0, or one that leads away from the end.

    Example:
        >>> import flambeau as torch
        >>> torch.arange(1, 2.5, 0.5)
        tensor([1.0000, 1.5000, 2.0000])

    Source: torch.arange.
    """
    check_device(device, pin_memory, layout, "arange")
    if start is None and end is None:
        raise TypeError("arange() received an invalid combination of arguments - got (), but "
                        "expected one of:\n * (Number end, ...)\n * (Number start, Number end, "
                        "...)\n * (Number start, Number end, Number step, ...)\n")
    start, end, step = _plain_number(start), _plain_number(end), _plain_number(step)
    if end is None or start is None:
        start, end = 0, start if end is None else end
    whole = all(isinstance(x, int) for x in (start, end, step))
    d = dtype or (out.dtype if out is not None else int64 if whole else get_default_dtype())
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    count = -((start - end) // step) if whole else math.ceil((end - start) / step)
    return finished(_steps(start, step, count, d), d, requires_grad, out)


def _steps(start: Any, step: Any, count: int, d: dtype) -> Any:
    if d.category < 2:
        return (int(start) + int(step) * np.arange(count, dtype=np.int64)).astype(d.numpy)
    return (np.float64(start) + np.float64(step) * np.arange(count)).astype(d.numpy)


def linspace(start: Any, end: Any, steps: int, *, out: Any = None, dtype: dtype | None = None,
             layout: Any = None, device: Any = None, pin_memory: bool = False,
             requires_grad: bool = False) -> Any:
    """Evenly spaced numbers from `start` to `end`, both included.

    Example:
        >>> import flambeau as torch
        >>> torch.linspace(0, 1, 5)
        tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])

    Source: torch.linspace.
    """
    check_device(device, pin_memory, layout, "linspace")
    start, end = _plain_number(start), _plain_number(end)
    d = dtype or (out.dtype if out is not None else _range_dtype(start, end))
    return finished(_spaced(start, end, _count(steps), d), d, requires_grad, out)


def _range_dtype(*ends: Any) -> dtype:
    d = get_default_dtype()
    return d.to_complex() if any(isinstance(x, complex) for x in ends) else d


def _count(steps: Any) -> int:
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    return int(steps)


def _spaced(start: Any, end: Any, steps: int, d: dtype) -> Any:
    """PyTorch's order: counted from the start in the first half, from the end in the second."""
    if d.category < 2:
        work: Any = np.float32
        step: Any = np.float32((float(end) - float(start)) / max(steps - 1, 1))
    else:
        work = np.float32 if d.is_reduced else d.numpy.type
        step = (work(end) - work(start)) / work(max(steps - 1, 1))
    i = np.arange(steps)
    real: Any = np.float64 if work in (np.float64, np.complex128) else np.float32
    first = work(start) + step * i.astype(real)
    last = work(end) - step * (steps - 1 - i).astype(real)
    return np.where(i < steps // 2, first, last)[:steps].astype(d.numpy) if steps != 1 else \
        np.full(1, work(start)).astype(d.numpy)


def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None,
             dtype: dtype | None = None, layout: Any = None, device: Any = None,
             pin_memory: bool = False, requires_grad: bool = False) -> Any:
    """Powers of a base whose exponents are evenly spaced from `start` to `end`.

    Example:
        >>> import flambeau as torch
        >>> torch.logspace(0, 2, 3)
        tensor([  1.,  10., 100.])

    Source: torch.logspace.
    """
    check_device(device, pin_memory, layout, "logspace")
    start, end = _plain_number(start), _plain_number(end)
    d = dtype or (out.dtype if out is not None else _range_dtype(start, end))
    work = d if d.category > 1 else get_default_dtype()
    exponents = _spaced(start, end, _count(steps), work)
    with np.errstate(all="ignore"):
        array = np.power(np.asarray(base, exponents.dtype), exponents).astype(d.numpy)
    return finished(array, d, requires_grad, out)


@presented("n m out dtype layout device requires_grad")
def eye(n: int, m: int | None = None, *, out: Any = None, dtype: dtype | None = None,
        layout: Any = strided, device: Any = None, pin_memory: bool = False,
        requires_grad: bool = False) -> Any:
    """A matrix with ones on the diagonal.

    Args:
        n: rows.
        m: columns. Default: None, as many as rows.

    Example:
        >>> import flambeau as torch
        >>> torch.eye(2)
        tensor([[1., 0.],
                [0., 1.]])

    Source: torch.eye.
    """
    check_device(device, pin_memory, layout, "eye")
    for label, count in (("n", n), ("m", n if m is None else m)):
        if count < 0:
            raise RuntimeError(f"{label} must be greater or equal to 0, got {count}")
    d = _or_default(dtype, out)
    return finished(np.eye(n, m, dtype=d.numpy), d, requires_grad, out)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: dtype | None = None,
                 layout: Any = None, device: Any = None, pin_memory: bool = False,
                 requires_grad: bool = False) -> Any:
    """Rows and columns of the elements on and below a diagonal, shape (2, count).

    Example:
        >>> import flambeau as torch
        >>> torch.tril_indices(2, 2)
        tensor([[0, 1, 1],
                [0, 0, 1]])

    Source: torch.tril_indices.
    """
    check_device(device, pin_memory, layout, "tril_indices")
    d = dtype or int64
    return finished(np.stack(np.tril_indices(row, offset, col)).astype(d.numpy), d, requires_grad)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: dtype | None = None,
                 layout: Any = None, device: Any = None, pin_memory: bool = False,
                 requires_grad: bool = False) -> Any:
    """Rows and columns of the elements on and above a diagonal, shape (2, count).

    Example:
        >>> import flambeau as torch
        >>> torch.triu_indices(2, 2)
        tensor([[0, 0, 1],
                [0, 1, 1]])

    Source: torch.triu_indices.
    """
    check_device(device, pin_memory, layout, "triu_indices")
    d = dtype or int64
    return finished(np.stack(np.triu_indices(row, offset, col)).astype(d.numpy), d, requires_grad)
