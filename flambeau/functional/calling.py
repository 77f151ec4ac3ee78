"""How public functions take their arguments: NumPy's names, overloads, `out=`, named results."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..autograd.base import TensorBase
from ..autograd.record import write_out
from ..dtype import dtype, scalar_name
from ..ops.define import Sym

_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim", "x": "input"}


def numpy_names(function: Callable[..., Any]) -> Any:
    """Let a function (and its `.method`) also take `axis` for `dim` and `keepdims` for `keepdim`."""
    public: Any = _renaming(function)
    method = getattr(function, "method", function)
    public.method = public if method is function else _renaming(method)
    return public


def _renaming(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for name in _NUMPY_NAMES.keys() & kwargs.keys():
                kwargs[_NUMPY_NAMES[name]] = kwargs.pop(name)
        return function(*args, **kwargs)
    return call


def with_out(function: Callable[..., Any], out: Any, *args: Any) -> Any:
    """The function's result, or `out` (a tensor or a tuple of them) after it was written there."""
    result = function(*args)
    return result if out is None else write_out(out, result)


def is_value(x: Any) -> bool:
    """Whether x is a tensor, recorded or symbolic."""
    return isinstance(x, (TensorBase, Sym))


def not_implemented(kernel: str, d: dtype) -> NotImplementedError:
    """PyTorch's error where a kernel does not exist for a dtype."""
    return NotImplementedError(f'"{kernel}" not implemented for \'{scalar_name(d)}\'')
