"""`torch._foreach_*`: one operation on each tensor of a list.

Programs with optimizers of their own call them. Here each is a plain loop over tensors:
joining many small operations is the compiler's work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tensor import Tensor

POINTWISE = (
    "abs", "acos", "asin", "atan", "ceil", "cos", "cosh", "erf", "erfc", "exp", "expm1", "floor",
    "frac", "lgamma", "log", "log10", "log1p", "log2", "neg", "reciprocal", "round", "rsqrt",
    "sigmoid", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
)
BINARY = ("add", "sub", "mul", "div", "pow", "lerp")
TERNARY = ("addcmul", "addcdiv")
BOUNDS = {"maximum": "clamp_min", "minimum": "clamp_max", "clamp_min": "clamp_min",
          "clamp_max": "clamp_max"}


def _per_tensor(count: int, value: Any) -> list[Any]:
    """One operand for each tensor: an entry of a list, or the same value for all."""
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) == count:
        return list(value)
    if value and isinstance(value[0], Tensor):
        raise RuntimeError("Tensor lists must have the same number of tensors, got "
                           f"{count} and {len(value)}")
    raise RuntimeError("Tensor list must have same number of elements as scalar list.")


def _each(method: str, tensors: Any, *operands: Any, **options: Any) -> tuple[Tensor, ...]:
    """Calls a method of every tensor with its operands."""
    if not tensors:
        raise RuntimeError("Tensor list must have at least one tensor.")
    columns = [_per_tensor(len(tensors), operand) for operand in operands]
    return tuple(getattr(tensor, method)(*row, **options)
                 for tensor, *row in zip(tensors, *columns, strict=True))


def _new(method: str) -> Callable[..., Any]:
    """The function that returns new tensors."""
    def each(self: Any, *operands: Any, **options: Any) -> tuple[Tensor, ...]:
        return _each(method, self, *operands, **options)
    return each


def _in_place(method: str) -> Callable[..., Any]:
    """The function that writes into the tensors and returns them as a list."""
    def each(self: Any, *operands: Any, **options: Any) -> list[Tensor]:
        return list(_each(method, self, *operands, **options))
    return each


def _fused(method: str, finish: Callable[[Any], Any]) -> Callable[..., Any]:
    """`addcmul` and `addcdiv`: the factor is one number, or one per tensor."""
    def each(self: Any, tensor1: Any, tensor2: Any, value: Any = 1, *,
             scalars: Any = None) -> Any:
        factors = value if scalars is None else scalars
        factors = factors.tolist() if isinstance(factors, Tensor) else factors
        rows = zip(self, tensor1, tensor2, _per_tensor(len(self), factors), strict=True)
        return finish(getattr(x, method)(a, b, value=factor) for x, a, b, factor in rows)
    return each


def _power(self: Any, exponent: Any) -> tuple[Tensor, ...]:
    """Powers of tensors, or of one number to each of several tensors."""
    if isinstance(self, (list, tuple)):
        return _each("pow", self, exponent)
    return tuple(self ** tensor for tensor in exponent)


def _norm(self: Any, ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:
    """The norm of each tensor, of all its elements together."""
    return _each("norm", self, ord, dtype=dtype)


def _table() -> dict[str, Callable[..., Any]]:
    """All functions by their names in `torch`."""
    found: dict[str, Callable[..., Any]] = {}
    for name, method in ({name: name for name in (*POINTWISE, *BINARY)} | BOUNDS).items():
        found[f"_foreach_{name}"] = _new(method)
        found[f"_foreach_{name}_"] = _in_place(f"{method}_")
    for name in TERNARY:
        found[f"_foreach_{name}"] = _fused(name, tuple)
        found[f"_foreach_{name}_"] = _fused(f"{name}_", list)
    found |= {"_foreach_pow": _power, "_foreach_norm": _norm, "_foreach_max": _new("max"),
              "_foreach_clone": _new("clone"), "_foreach_copy_": _in_place("copy_"),
              "_foreach_zero_": _in_place("zero_")}
    for name, function in found.items():
        function.__name__ = function.__qualname__ = name
    return found


globals().update(_table())
