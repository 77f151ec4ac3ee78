"""Tensors from data: numbers, sequences, ndarrays, buffers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.base import TensorBase
from ..autograd.record import write_out
from ..device import checked, get_default_device, strided
from ..device import layout as _layout
from ..dtype import bool_, dtype, from_numpy_dtype, get_default_dtype, int64, promote_types
from .arrays import from_array, share_array


def check_device(device: Any, pin_memory: Any = False, layout: Any = None,
                 name: str = "") -> None:
    """Raise unless a tensor can be made so on this machine.

    Args:
        device: where; None: the default device.
        pin_memory: whether in memory that an accelerator can read.
        layout: how its elements are kept.
        name: of the function that was called.

    Raises:
        AssertionError, RuntimeError, TypeError: naming what is not here.
    """
    if device is not None:
        checked(device)
    else:
        get_default_device()
    if pin_memory:
        raise RuntimeError("pin_memory=True requires a CUDA or other accelerator backend; no "
                           "pinned memory allocator is available on this system.")
    if layout is None or layout is strided:
        return
    if not isinstance(layout, _layout):
        raise TypeError(f"{name}(): argument 'layout' must be torch.layout, not "
                        f"{type(layout).__name__}")
    raise RuntimeError(f"{name}(...) is not implemented for layout {layout!r}; make a sparse "
                       "tensor with torch.sparse_coo_tensor")


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


def tensor(data: Any, *, dtype: dtype | None = None, device: Any = None,
           requires_grad: bool = False, pin_memory: bool = False) -> Any:
    """A tensor with a copy of the data.

    Args:
        data: a number, nested sequences of numbers, an ndarray or a tensor.
        dtype: the dtype. Default: None, the one that the data suggests (the default
            floating-point dtype for Python floats, int64 for integers, bool for booleans).
        device: where it lives. Default: None, the CPU.
        requires_grad: whether gradients are recorded for it. Default: False.
        pin_memory: whether an accelerator can read the memory; there is none. Default: False.

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
    check_device(device, pin_memory)
    if isinstance(data, TensorBase):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use "
            "sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
            "rather than torch.tensor(sourceTensor).", UserWarning, stacklevel=2)
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
        native = _python_array(data, d)
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


def _python_array(data: Any, d: dtype | None) -> Any:
    try:
        native = np.array(data)
    except ValueError:
        shape_of(data)
        raise
    if native.dtype.kind in "Ou" and (d is None or d.category == 1):
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
    with np.errstate(over="ignore"):
        return native.astype(d.numpy, copy=False)


def _check_range(native: Any, d: dtype) -> None:
    limits = np.iinfo(d.numpy)
    low = -int(limits.max) if limits.min == 0 else int(limits.min)  # unsigned: -1 wraps around
    if not low <= native.min() <= native.max() <= limits.max:  # NaN fits nowhere
        raise RuntimeError(f"value cannot be converted to type {d.name} without overflow")


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


def leaf_type(x: Any) -> dtype:
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
    if isinstance(data, (list, tuple)) and data and isinstance(data[0], str):
        raise ValueError("too many dimensions 'str'")
    shape = shape_of(data)
    found: list[dtype | None] = [None]
    plain = _plain(data, found)
    result = d or found[0] or get_default_dtype()
    return np.array(plain).reshape(shape).astype(result.numpy), result


def _plain(data: Any, found: list[dtype | None]) -> Any:
    if isinstance(data, (list, tuple, range)):
        return [_plain(x, found) for x in data]
    d = leaf_type(data)
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
        raise ValueError("At least one stride in the given numpy array is negative, and tensors "
                         "with negative strides are not currently supported. (You can probably "
                         "work around this by making a copy of your array  with array.copy().) ")
    if not ndarray.dtype.isnative:
        raise ValueError("given numpy array has byte order different from the native byte order. "
                         "Conversion between byte orders is currently not supported.")
    from_numpy_dtype(ndarray.dtype)
    return share_array(ndarray)


def asarray(obj: Any, *, dtype: dtype | None = None, device: Any = None, copy: bool | None = None,
            requires_grad: bool | None = None) -> Any:
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

    Raises:
        ValueError: where count, offset and the dtype do not fit the buffer.

    Source: torch.frombuffer.
    """
    length, step = memoryview(buffer).nbytes, dtype.itemsize
    if not length or not count:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(f"offset ({offset} bytes) must be non-negative and no greater than buffer "
                         f"length ({length} bytes) minus 1")
    if count < 0 and (length - offset) % step:
        raise ValueError(f"buffer length ({length - offset} bytes) after offset ({offset} bytes) "
                         f"must be a multiple of element size ({step})")
    if count > 0 and offset + count * step > length:
        raise ValueError(f"requested buffer length ({count} * {step} bytes) after offset ({offset} "
                         "bytes) must not be greater than actual buffer length "
                         f"({length} bytes)")
    t = share_array(np.frombuffer(buffer, dtype.numpy, max(count, -1), offset))
    return t.requires_grad_(True) if requires_grad else t


def scalar_tensor(s: Any, *, dtype: dtype | None = None, layout: Any = None, device: Any = None,
                  pin_memory: bool | None = None, requires_grad: bool = False) -> Any:
    """A tensor without dimensions, in the default floating-point dtype unless one is given."""
    check_device(device, pin_memory, layout, "scalar_tensor")
    d = dtype or get_default_dtype()
    return finished(np.asarray(s).astype(d.numpy), d, requires_grad)
