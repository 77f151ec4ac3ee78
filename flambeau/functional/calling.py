"""How public functions take their arguments: NumPy's names, overloads, `out=`, named results."""

from __future__ import annotations

import functools
import inspect
import types
import warnings
from collections.abc import Callable
from typing import Any

from ..autograd.base import TensorBase
from ..autograd.record import Signed, with_out_shown, write_out
from ..dtype import dtype, scalar_name
from ..ops.define import Sym

_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim", "x": "input"}


def numpy_names(function: Callable[..., Any]) -> Any:
    """Let a function (and its `.method`) also take `axis` for `dim`, `keepdims` for `keepdim`."""
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


def old_numbers(tensors: int, *names: str) -> Callable[[Callable[..., Any]], Any]:
    """Let a function (and its `.method`) also take its factors as numbers between the tensors.

    `x.add_(-lr, g)` and `x.addcmul_(1 - beta, g, g)` are how programs were written before PyTorch
    1.5; it still takes them, and says once that they are deprecated.

    Args:
        tensors: how many tensors the function has.
        names: what the numbers are, in order.
    """
    def decorate(function: Callable[..., Any]) -> Any:
        public: Any = _sorting(function, tensors, names)
        method = getattr(function, "method", function)
        public.method = public if method is function else _sorting(method, tensors, names)
        return public
    return decorate


def _sorting(function: Callable[..., Any], tensors: int,
             names: tuple[str, ...]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > tensors and is_value(args[-1]):
            values = [x for x in args if is_value(x)]
            numbers = [x for x in args if not is_value(x)]
            if len(values) == tensors and len(numbers) <= len(names):
                _warn_of_old_numbers(function.__name__, names[:len(numbers)])
                return function(*values, **dict(zip(names, numbers, strict=False)), **kwargs)
        return function(*args, **kwargs)
    return call


_warned_of: list[str] = []


def _warn_of_old_numbers(name: str, numbers: tuple[str, ...]) -> None:
    if not _warned_of:  # PyTorch says it once per process
        _warned_of.append(name)
        warnings.warn(f"This overload of {name} is deprecated: pass {' and '.join(numbers)} as "
                      "keyword arguments after the tensors", UserWarning, stacklevel=4)


def with_out(function: Callable[..., Any], out: Any, *args: Any) -> Any:
    """The function's result, or `out` (a tensor or a tuple of them) after it was written there."""
    result = function(*args)
    if out is None:
        return result
    made = getattr(function, "op", None)
    return write_out(out, result, made.name if made is not None else function.__name__)


def presented(parameters: str) -> Callable[[Callable[..., Any]], Any]:
    """Show PyTorch's signature where ours joins several overloads into one.

    Args:
        parameters: the names to show, in order; `!` after a name takes away its default.
    """
    def decorate(function: Callable[..., Any]) -> Any:
        public: Any = function
        method = as_method(function)
        for shown in {id(public): public, id(method): method}.values():
            start = getattr(shown, "__wrapped__", shown)
            shown.__wrapped__ = Signed(start, lambda s: _chosen(s, parameters))
        public.method = method
        return public
    return decorate


def _chosen(signature: inspect.Signature, parameters: str) -> inspect.Signature:
    shown: list[inspect.Parameter] = []
    for word in parameters.split():
        known = signature.parameters.get(word.rstrip("!"))
        if known is None:
            continue
        if word.endswith("!"):
            known = known.replace(default=inspect.Parameter.empty)
        if shown and shown[-1].kind is known.KEYWORD_ONLY:
            known = known.replace(kind=known.KEYWORD_ONLY)
        shown.append(known)
    return signature.replace(parameters=shown)


def _takes_out(function: Any) -> bool:
    """Whether a function, or one that it wraps, has the parameter `out`."""
    seen: list[Any] = []
    while function is not None and function not in seen:
        seen.append(function)
        code = getattr(function, "__code__", None)
        if code and "out" in code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]:
            return True
        if isinstance(function, Signed) and function.change is with_out_shown:
            return True
        function = getattr(function, "__dict__", {}).get("__wrapped__")
    return False


def as_method(function: Any, parameters: str | None = None) -> Any:
    """The function as a method of Tensor: its signature does not show `out`.

    Args:
        function: a function, or its method.
        parameters: which parameters the signature shows instead, as for `presented`.
    """
    found = getattr(function, "method", function)
    if parameters is None and not _takes_out(found):
        return found
    method: Any = types.FunctionType(found.__code__, found.__globals__, found.__name__,
                                     found.__defaults__, found.__closure__)
    method.__kwdefaults__ = found.__kwdefaults__
    method.__doc__, method.__module__ = found.__doc__, found.__module__
    method.__qualname__ = found.__qualname__
    method.__wrapped__ = Signed(getattr(found, "__wrapped__", found), lambda s: (
        s.replace(parameters=[p for name, p in s.parameters.items() if name != "out"])
        if parameters is None else _chosen(s, parameters)))
    return method


def is_value(x: Any) -> bool:
    """Whether x is a tensor, recorded or symbolic."""
    return isinstance(x, (TensorBase, Sym))


def not_implemented(kernel: str, d: dtype) -> NotImplementedError:
    """PyTorch's error where a kernel does not exist for a dtype."""
    return NotImplementedError(f'"{kernel}" not implemented for \'{scalar_name(d)}\'')


_C_TYPES = {"Float": "float", "Double": "double", "Half": "c10::Half", "BFloat16": "c10::BFloat16",
            "Long": "long int", "Int": "int", "Short": "short int", "Char": "signed char",
            "Byte": "unsigned char", "ComplexFloat": "c10::complex<float>",
            "ComplexDouble": "c10::complex<double>"}


def c_type(d: dtype) -> str:
    """The name that some of PyTorch's messages give to a dtype."""
    name = scalar_name(d)
    return _C_TYPES.get(name, name.lower())
