"""Tensors from data, from ranges and from a single value."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..autograd.base import TensorBase
from ..autograd.record import write_out
from ..device import checked, get_default_device
from ..dtype import (
    bool_,
    dtype,
    from_numpy_dtype,
    get_default_dtype,
    int64,
    promote_types,
)
from .arrays import from_array, share_array


def check_device(device: Any) -> None:
    """Raise unless the device (None: the default one) is here."""
    if device is not None:
        checked(device)
    else:
        get_default_device()


def finished(array: Any, d: dtype | None, requires_grad: bool = False, out: Any = None) -> Any:
    """A new tensor that owns `array`, or `out` with its values."""
    t = from_array(array, d)
    if out is not None:
        return write_out(out, t)
    if requires_grad:
        if t.dtype.category < 2:
            raise RuntimeError("Only Tensors of floating point and complex dtype can require "
                               "gradients")
        t.requires_grad_(True)
    return t


# ---- from data ------------------------------------------------------------------------------------

def tensor(data: Any, *, dtype: dtype | None = None, device: Any = None,
           requires_grad: bool = False, pin_memory: bool = False) -> Any:
    """A tensor with a copy of the data.

    Args:
        data: a number, nested sequences of numbers, an ndarray or a tensor.
        dtype: the dtype. Default: None, the one that the data suggests (the default
            floating-point dtype for Python floats, int64 for integers, bool for booleans).
        device: where it lives. Default: None, the CPU.
        requires_grad: whether gradients are recorded for it. Default: False.
        pin_memory: has no effect on the CPU. Default: False.

    Raises:
        ValueError: for sequences of unequal lengths.
        TypeError, RuntimeError: for data that are no numbers.

    Example:
        >>> import flambeau as torch
        >>> torch.tensor([[1., 2.], [3., 4.]])
        tensor([[1., 2.],
                [3., 4.]])

    Source: torch.tensor.
    """
    check_device(device)
    if isinstance(data, TensorBase):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() "
            "or sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor("
            "sourceTensor).", UserWarning, stacklevel=2)
    array, d = array_of(data, dtype)
    return finished(array, d, requires_grad)


def array_of(data: Any, d: dtype | None, copy: bool = True) -> tuple[Any, dtype]:
    """The data as an ndarray of its own, and the dtype of the tensor made of it."""
    if isinstance(data, TensorBase):
        data, d = data._data("tensor data"), d or data.dtype  # type: ignore[attr-defined]
        return np.array(data).astype(d.numpy, copy=False), d
    if isinstance(data, np.ndarray):
        d = d or from_numpy_dtype(data.dtype)
        return np.array(data).astype(d.numpy, copy=False), d
    if _kinds(data) <= _PYTHON_NUMBERS:
        native = _python_array(data)
        found = d or _python_result(native)
        return _converted(native, found), found
    return _mixed_array(data, d)


_PYTHON_NUMBERS = frozenset((bool, int, float, complex))


def _kinds(data: Any) -> set[type]:
    """The types of the innermost elements."""
    if not isinstance(data, (list, tuple)):
        return {type(data)}
    kinds = set(map(type, data))
    if not any(issubclass(k, (list, tuple)) for k in kinds):
        return kinds
    found: set[type] = set()
    for x in data:
        found |= _kinds(x)
    return found


def _python_array(data: Any) -> Any:
    try:
        native = np.array(data)
    except ValueError:
        shape_of(data)
        raise
    if native.dtype.kind in "Ou":
        raise ValueError("Overflow when unpacking long long")
    return native


def _python_result(native: Any) -> dtype:
    kind = native.dtype.kind
    if kind == "b":
        return bool_
    if kind == "i":
        return int64
    if kind == "c":
        return get_default_dtype().to_complex()
    return get_default_dtype()


def _converted(native: Any, d: dtype) -> Any:
    if native.dtype.kind == "c" and d.category < 3:
        raise TypeError("must be real number, not complex")
    if d.category == 1 and native.size and native.dtype.kind in "if":
        _check_range(native, d)
    return native.astype(d.numpy, copy=False)


def _check_range(native: Any, d: dtype) -> None:
    limits = np.iinfo(d.numpy)
    low = -int(limits.max) if limits.min == 0 else int(limits.min)  # unsigned: -1 wraps around
    if native.max() > limits.max or native.min() < low:
        name = _C_NAMES.get(d.name, d.name)
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")


_C_NAMES = {"int32": "int", "int64": "int64_t"}


def shape_of(data: Any) -> tuple[int, ...]:
    """The shape of nested sequences.

    Raises:
        ValueError: where sequences of one level have different lengths.
    """
    shape: list[int] = []
    first = data
    while _is_nested(first):
        shape.append(len(first))
        if not len(first):
            break
        first = first[0]
    _check_lengths(data, shape, 0)
    return tuple(shape)


def _is_nested(x: Any) -> bool:
    """Whether x counts as dimensions: a sequence or an ndarray, not a tensor (that is a number)."""
    return isinstance(x, (list, tuple, range)) or (isinstance(x, np.ndarray) and x.ndim > 0)


def _check_lengths(data: Any, shape: list[int], dim: int) -> None:
    nested = _is_nested(data)
    if dim == len(shape):
        if nested:
            raise TypeError(f"'{type(data).__name__}' object cannot be interpreted as an integer")
        return
    if not nested:
        raise TypeError("not a sequence")
    if len(data) != shape[dim]:
        raise ValueError(f"expected sequence of length {shape[dim]} at dim {dim} (got {len(data)})")
    if not isinstance(data, np.ndarray):
        for x in data:
            _check_lengths(x, shape, dim + 1)


def _leaf_type(x: Any) -> dtype:
    if isinstance(x, TensorBase):
        d: dtype = x.dtype  # type: ignore[attr-defined]
        return d
    if isinstance(x, (np.ndarray, np.generic)):
        return from_numpy_dtype(x.dtype)
    if isinstance(x, bool):
        return bool_
    if isinstance(x, int):
        return int64
    if isinstance(x, float):
        return get_default_dtype()
    if isinstance(x, complex):
        return get_default_dtype().to_complex()
    if isinstance(x, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(x).__name__}'")
    raise RuntimeError(f"Could not infer dtype of {type(x).__name__}")


def _mixed_array(data: Any, d: dtype | None) -> tuple[Any, dtype]:
    """Sequences that hold tensors, arrays or NumPy numbers, or other sequence types."""
    if not isinstance(data, (list, tuple)) and hasattr(data, "__array__"):
        return array_of(np.asarray(data), d)
    if hasattr(data, "__len__") and hasattr(data, "__getitem__") and not isinstance(
            data, (list, tuple, str, bytes, dict)):
        return array_of(list(data), d)
    if isinstance(data, (list, tuple)) and any(isinstance(x, str) for x in data):
        raise ValueError("too many dimensions 'str'")
    shape = shape_of(data)
    found: list[dtype | None] = [None]
    plain = _plain(data, found)
    result = d or found[0] or get_default_dtype()
    return np.array(plain).reshape(shape).astype(result.numpy), result


def _plain(data: Any, found: list[dtype | None]) -> Any:
    if isinstance(data, (list, tuple, range)):
        return [_plain(x, found) for x in data]
    d = _leaf_type(data)
    found[0] = d if found[0] is None else promote_types(found[0], d)
    if not isinstance(data, TensorBase):
        return data
    array = data._data("tensor data")  # type: ignore[attr-defined]
    if array.size != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    return array.reshape(())


def as_tensor(data: Any, dtype: dtype | None = None, device: Any = None) -> Any:
    """The data as a tensor, without a copy where it is a tensor or an ndarray of that dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.as_tensor([1, 2])
        tensor([1, 2])

    Source: torch.as_tensor.
    """
    check_device(device)
    if isinstance(data, TensorBase):
        return data.to(dtype or data.dtype)  # type: ignore[attr-defined]
    if isinstance(data, np.ndarray) and dtype in (None, _known(data.dtype)):
        return from_numpy(data)
    array, d = array_of(data, dtype)
    return finished(array, d)


def _known(numpy_dtype: Any) -> dtype | None:
    return from_numpy_dtype(numpy_dtype)


def from_numpy(ndarray: Any) -> Any:
    """A tensor that shares its memory with an ndarray.

    Raises:
        TypeError: for anything else, and for element types that tensors lack.
        ValueError: for negative strides.

    Example:
        >>> import flambeau as torch
        >>> import numpy as np
        >>> a = np.array([1., 2.])
        >>> t = torch.from_numpy(a)
        >>> a[0] = 5
        >>> t
        tensor([5., 2.], dtype=torch.float64)

    Source: torch.from_numpy.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if not ndarray.flags.writeable:
        warnings.warn("The given NumPy array is not writable, and PyTorch does not support "
                      "non-writable tensors. This means writing to this tensor will result in "
                      "undefined behavior.", UserWarning, stacklevel=2)
    if any(s < 0 for s in ndarray.strides):
        raise ValueError("At least one stride in the given numpy array is negative, and tensors with "
                         "negative strides are not currently supported. (You can probably work around "
                         "this by making a copy of your array  with array.copy().) ")
    if not ndarray.dtype.isnative:
        raise ValueError("given numpy array has byte order different from the native byte order. "
                         "Conversion between byte orders is currently not supported.")
    from_numpy_dtype(ndarray.dtype)
    return share_array(ndarray)


def asarray(obj: Any, *, dtype: dtype | None = None, device: Any = None, copy: bool | None = None,
            requires_grad: bool = False) -> Any:
    """Anything array-like as a tensor; shares memory where it can unless `copy` is True.

    Example:
        >>> import flambeau as torch
        >>> torch.asarray([1., 2.])
        tensor([1., 2.])

    Source: torch.asarray.
    """
    shares = isinstance(obj, (TensorBase, np.ndarray))
    if copy is False and (not shares or dtype not in (None, as_tensor(obj).dtype)):
        raise ValueError("can't alias arbitrary sequence into a tensor." if not shares else
                         "can't alias tensor with dtype conversion")
    t = as_tensor(obj, dtype, device)
    if copy and shares and (dtype is None or t.dtype is as_tensor(obj).dtype):
        t = t.clone()
    if requires_grad:
        t = t if t.is_leaf else t.detach()
        t.requires_grad_(True)
    return t


def frombuffer(buffer: Any, *, dtype: dtype, count: int = -1, offset: int = 0,
               requires_grad: bool = False) -> Any:
    """A tensor of one dimension over the memory of a buffer.

    Example:
        >>> import flambeau as torch
        >>> torch.frombuffer(bytearray([1, 2, 3]), dtype=torch.uint8)
        tensor([1, 2, 3], dtype=torch.uint8)

    Source: torch.frombuffer.
    """
    t = share_array(np.frombuffer(buffer, dtype.numpy, count, offset))
    return t.requires_grad_(True) if requires_grad else t


def scalar_tensor(s: Any, *, dtype: dtype | None = None, layout: Any = None, device: Any = None,
                  pin_memory: bool | None = None, requires_grad: bool = False) -> Any:
    """A tensor without dimensions, in the default floating-point dtype unless one is given."""
    check_device(device)
    d = dtype or get_default_dtype()
    return finished(np.asarray(s).astype(d.numpy), d, requires_grad)


# ---- one value ------------------------------------------------------------------------------------

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
            raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, but found "
                            f"element of type {type(n).__name__} at pos {i}")
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
    check_device(device)
    return filled(_named(size, named, "zeros"), 0, _or_default(dtype, out), requires_grad, out)


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
    check_device(device)
    return filled(_named(size, named, "ones"), 1, _or_default(dtype, out), requires_grad, out)


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
    check_device(device)
    return filled(_named(size, named, "empty"), 0, _or_default(dtype, out), requires_grad, out)


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
                        "torch.dtype dtype = None, torch.layout layout = None, torch.device device = "
                        "None, bool pin_memory = False, bool requires_grad = False)")
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
    return _leaf_type(value)


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
    check_device(device)
    d = dtype or (out.dtype if out is not None else value_dtype(fill_value))
    if isinstance(fill_value, TensorBase):
        fill_value = fill_value.item()  # type: ignore[attr-defined]
    shape = sizes((size,) if hasattr(size, "__index__") else tuple(size), "full")
    array = np.broadcast_to(np.asarray(fill_value), shape).astype(d.numpy)
    return finished(array, d, requires_grad, out)


def zeros_like(input: Any, *, dtype: dtype | None = None, layout: Any = None, device: Any = None,
               requires_grad: bool = False, memory_format: Any = None) -> Any:
    """Zeros of the shape and dtype of a tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.zeros_like(torch.ones(2, dtype=torch.int64))
        tensor([0, 0])

    Source: torch.zeros_like.
    """
    check_device(device)
    return filled(tuple(input.shape), 0, dtype or input.dtype, requires_grad)


def ones_like(input: Any, *, dtype: dtype | None = None, layout: Any = None, device: Any = None,
              requires_grad: bool = False, memory_format: Any = None) -> Any:
    """Ones of the shape and dtype of a tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.ones_like(torch.zeros(2))
        tensor([1., 1.])

    Source: torch.ones_like.
    """
    check_device(device)
    return filled(tuple(input.shape), 1, dtype or input.dtype, requires_grad)


def empty_like(input: Any, *, dtype: dtype | None = None, layout: Any = None, device: Any = None,
               requires_grad: bool = False, memory_format: Any = None) -> Any:
    """A tensor of the shape and dtype of another, with elements still to be written.

    Source: torch.empty_like.
    """
    check_device(device)
    return filled(tuple(input.shape), 0, dtype or input.dtype, requires_grad)


def full_like(input: Any, fill_value: Any, *, dtype: dtype | None = None, layout: Any = None,
              device: Any = None, requires_grad: bool = False, memory_format: Any = None) -> Any:
    """One value in the shape and dtype of a tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.full_like(torch.zeros(2), 3)
        tensor([3., 3.])

    Source: torch.full_like.
    """
    return full(tuple(input.shape), fill_value, dtype=dtype or input.dtype, device=device,
                requires_grad=requires_grad)


def empty_strided(size: Any, stride: Any, *, dtype: dtype | None = None, layout: Any = None,
                  device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Any:
    """A tensor of a shape and strides, with elements still to be written.

    Source: torch.empty_strided.
    """
    check_device(device)
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


# ---- ranges ---------------------------------------------------------------------------------------

def _plain_number(x: Any) -> Any:
    return x.item() if hasattr(x, "item") else x


def arange(start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None,
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
    check_device(device)
    start, end, step = _plain_number(start), _plain_number(end), _plain_number(step)
    if end is None:
        start, end = 0, start
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
    check_device(device)
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
        step = (float(end) - float(start)) / max(steps - 1, 1)
        work: Any = np.float32
        step = np.float32(step)
    else:
        work = np.float32 if d.is_reduced else d.numpy.type
        step = (work(end) - work(start)) / work(max(steps - 1, 1))
    i = np.arange(steps)
    real = np.float64 if work in (np.float64, np.complex128) else np.float32
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
    check_device(device)
    start, end = _plain_number(start), _plain_number(end)
    d = dtype or (out.dtype if out is not None else _range_dtype(start, end))
    work = d if d.category > 1 else get_default_dtype()
    exponents = _spaced(start, end, _count(steps), work)
    with np.errstate(all="ignore"):
        array = np.power(np.asarray(base, exponents.dtype), exponents).astype(d.numpy)
    return finished(array, d, requires_grad, out)


def eye(n: int, m: int | None = None, *, out: Any = None, dtype: dtype | None = None,
        layout: Any = None, device: Any = None, pin_memory: bool = False,
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
    check_device(device)
    for label, count in (("n", n), ("m", n if m is None else m)):
        if count < 0:
            raise RuntimeError(f"{label} must be greater or equal to 0, got {count}")
    d = _or_default(dtype, out)
    return finished(np.eye(n, m, dtype=d.numpy), d, requires_grad, out)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: dtype = int64, device: Any = "cpu",
                 layout: Any = None) -> Any:
    """Rows and columns of the elements on and below a diagonal, shape (2, count).

    Example:
        >>> import flambeau as torch
        >>> torch.tril_indices(2, 2)
        tensor([[0, 1, 1],
                [0, 0, 1]])

    Source: torch.tril_indices.
    """
    check_device(device)
    return from_array(np.stack(np.tril_indices(row, offset, col)).astype(dtype.numpy), dtype)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: dtype = int64, device: Any = "cpu",
                 layout: Any = None) -> Any:
    """Rows and columns of the elements on and above a diagonal, shape (2, count).

    Example:
        >>> import flambeau as torch
        >>> torch.triu_indices(2, 2)
        tensor([[0, 0, 1],
                [0, 1, 1]])

    Source: torch.triu_indices.
    """
    check_device(device)
    return from_array(np.stack(np.triu_indices(row, offset, col)).astype(dtype.numpy), dtype)
