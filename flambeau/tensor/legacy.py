"""The old tensor types: `FloatTensor` and the like, `Tensor.type`, the default tensor type."""

from __future__ import annotations

from typing import Any

from ..autograd.base import TensorBase
from ..dtype import (
    bfloat16,
    bool_,
    dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from .conversion import TYPE_NAMES
from .tensor import legacy_data


class _TensorType(type):
    """A type whose instances are the tensors of one dtype."""

    dtype: dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TensorBase) and instance.dtype is cls.dtype  # type: ignore[attr-defined]

    def __call__(cls, *args: Any, device: Any = None) -> Any:
        return legacy_data(args, cls.dtype)

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


def _type(d: dtype) -> Any:
    name = TYPE_NAMES[d]
    return _TensorType(name, (), {"dtype": d, "__module__": "torch", "is_cuda": False, "__doc__":
                                  f"Makes tensors of dtype {d.name}, from a shape or from data."})


FloatTensor: Any = _type(float32)
DoubleTensor: Any = _type(float64)
HalfTensor: Any = _type(float16)
BFloat16Tensor: Any = _type(bfloat16)
LongTensor: Any = _type(int64)
IntTensor: Any = _type(int32)
ShortTensor: Any = _type(int16)
CharTensor: Any = _type(int8)
ByteTensor: Any = _type(uint8)
BoolTensor: Any = _type(bool_)


def set_default_tensor_type(t: Any) -> None:
    """Set the default floating-point dtype by an old tensor type or its name.

    Raises:
        TypeError: for types that are not floating-point.

    Source: torch.set_default_tensor_type.
    """
    name = t if isinstance(t, str) else f"torch.{getattr(t, '__name__', t)}"
    found = next((d for d, n in TYPE_NAMES.items() if name == f"torch.{n}"), None)
    if found is None:
        raise TypeError(f"invalid type object: {name}")
    if not found.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    set_default_dtype(found)
