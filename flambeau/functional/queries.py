"""Questions about tensors and types, as functions."""

from __future__ import annotations

from typing import Any

from ..autograd.base import TensorBase
from ..dtype import dtype, python_dtype, result_type_of
from .overload import is_number


def is_tensor(obj: Any) -> bool:
    """Whether the object is a tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.is_tensor(torch.ones(2)), torch.is_tensor(3)
        (True, False)

    Source: torch.is_tensor.
    """
    return isinstance(obj, TensorBase)


def _tensor(x: Any, name: str) -> Any:
    if not isinstance(x, TensorBase):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not "
                        f"{type(x).__name__}")
    return x


def is_floating_point(input: Any) -> bool:
    """Whether the tensor's dtype is floating-point."""
    found: bool = _tensor(input, "is_floating_point").dtype.is_floating_point
    return found


def is_complex(input: Any) -> bool:
    """Whether the tensor's dtype is complex."""
    found: bool = _tensor(input, "is_complex").dtype.is_complex
    return found


def is_signed(input: Any) -> bool:
    """Whether the tensor's dtype has negative numbers."""
    found: bool = _tensor(input, "is_signed").dtype.is_signed
    return found


def is_nonzero(input: Any) -> bool:
    """Whether the tensor's only element is not zero."""
    return bool(_tensor(input, "is_nonzero"))


def is_inference(input: Any) -> bool:
    """Whether the tensor was made in inference mode."""
    found: bool = _tensor(input, "is_inference").is_inference()
    return found


def is_conj(input: Any) -> bool:
    """Whether a conjugation is still to be done: never, it is done when asked for."""
    _tensor(input, "is_conj")
    return False


def is_neg(input: Any) -> bool:
    """Whether a negation is still to be done: never, it is done when asked for."""
    _tensor(input, "is_neg")
    return False


def is_same_size(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape."""
    return tuple(input.shape) == tuple(other.shape)


def numel(input: Any) -> int:
    """The number of elements.

    Example:
        >>> import flambeau as torch
        >>> torch.numel(torch.zeros(2, 3))
        6

    Source: torch.numel.
    """
    count: int = _tensor(input, "numel").numel()
    return count


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype in which arithmetic on two tensors or numbers runs.

    Example:
        >>> import flambeau as torch
        >>> torch.result_type(torch.tensor([1, 2]), 1.0)
        torch.float32

    Source: torch.result_type.
    """
    entries = []
    for x in (tensor1, tensor2):
        if isinstance(x, TensorBase):
            entries.append((x.dtype, 2 if x.ndim else 1))  # type: ignore[attr-defined]
        elif is_number(x):
            value = x.item() if hasattr(x, "item") else x
            entries.append((python_dtype(type(value)), 0))
        else:
            raise TypeError("result_type() received an invalid combination of arguments - got "
                            f"({type(tensor1).__name__}, {type(tensor2).__name__})")
    return result_type_of(entries)


def typename(obj: Any) -> str:
    """The type's name: `torch.FloatTensor` for tensors, module and class for other objects."""
    if isinstance(obj, TensorBase):
        name: str = obj.type()  # type: ignore[attr-defined]
        return name
    module = getattr(obj, "__module__", "") or ""
    if module in ("", "builtins"):
        module = type(obj).__module__ if not isinstance(obj, type) else ""
    qualified = getattr(obj, "__qualname__", type(obj).__qualname__)
    return qualified if module in ("", "builtins") else f"{module}.{qualified}"
