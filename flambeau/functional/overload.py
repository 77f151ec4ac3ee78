"""Helpers for functions with overloads: they choose an op by their arguments, then call it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..autograd.base import TensorBase
from ..autograd.record import Signed, with_out_shown, write_out
from ..dtype import COMPLEX
from ..ops.define import Sym
from .calling import not_implemented

NUMBERS = (bool, int, float, complex)
_KINDS = ("bool", "int", "float", "complex")


def with_out(function: Callable[..., Any]) -> Any:
    """Give a function the keyword `out`; its attribute `method` is the function without it."""
    @functools.wraps(function)
    def public(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return result if out is None else write_out(out, result, function.__name__)
    shown: Any = public
    shown.__wrapped__ = Signed(function, with_out_shown)
    shown.method = function
    return shown


def is_number(x: Any) -> bool:
    """Whether x is a Python number (NumPy's scalars count, tensors do not)."""
    return isinstance(x, NUMBERS) or (not isinstance(x, (TensorBase, Sym))
                                      and getattr(x, "ndim", 1) == 0 and hasattr(x, "item"))


def is_operand(x: Any) -> bool:
    """Whether x may stand beside a tensor in an operator: a tensor or a number."""
    return isinstance(x, TensorBase) or isinstance(x, NUMBERS) or is_number(x)


def tensor_only(x: Any, name: str, argument: str = "input", position: int = 1) -> Any:
    """x, which must not be a Python number.

    Raises:
        TypeError: as PyTorch words it.
    """
    if isinstance(x, Sym) and x.spec.weak:
        raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor, "
                        f"not {_KINDS[x.dtype.category]}")
    return x


def require_ordered(kernel: str, *operands: Any) -> None:
    """Raise for complex operands: they have no order.

    Raises:
        NotImplementedError: naming the kernel and the dtype.
    """
    for x in operands:
        if isinstance(x, Sym) and x.dtype.category == COMPLEX:
            raise not_implemented(kernel, x.dtype)
