"""Comparison, logic, bits, and choice between values, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.base import TensorBase
from ..autograd.record import Value, op
from ..dtype import bool_, get_default_dtype, scalar_name, uint8
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.define import Sym
from .calling import not_implemented, presented
from .overload import require_ordered, tensor_only, with_out


def _table_doc(sentence: str, call: str, gives: str, name: str) -> str:
    return (f"{sentence}\n\n    Args:\n        input, other: tensors whose shapes broadcast; "
            "`other` may be a number.\n\n    Returns:\n        a tensor of the common "
            f"shape.\n\n    Example:\n        >>> import flambeau as torch\n        >>> "
            f"{call}\n        {gives}\n\n    Source: torch.{name}.\n    ")


# ---- comparison ---------------------------------------------------------------------------------

def _comparison(name: str, symbol: str, gives: str, *aliases: str) -> Any:
    prim = getattr(ew, name)

    def compare(input: Value, other: Value) -> Any:
        if name not in ("eq", "ne"):
            require_ordered(f"{name}_cpu", input, other)
        x, y = ar.operands(tensor_only(input, name), other)
        return prim(x, y)
    compare.__name__ = compare.__qualname__ = name
    compare.__doc__ = _table_doc(
        f"Whether input {symbol} other, element by element, as booleans.",
        f"torch.{name}(torch.tensor([1, 2, 3]), 2)", gives, name)
    return op(compare, out=True)


eq = _comparison("eq", "=", "tensor([False,  True, False])")
ne = not_equal = _comparison("ne", "≠", "tensor([ True, False,  True])")
lt = less = _comparison("lt", "<", "tensor([ True, False, False])")
le = less_equal = _comparison("le", "≤", "tensor([ True,  True, False])")
gt = greater = _comparison("gt", ">", "tensor([False, False,  True])")
ge = greater_equal = _comparison("ge", "≥", "tensor([False,  True,  True])")


# ---- logic --------------------------------------------------------------------------------------

def _logical(name: str, prim: Any, sentence: str, gives: str) -> Any:
    def combine(input: Value, other: Value) -> Any:
        tensor_only(input, name)
        tensor_only(other, name, "other", 2)
        return prim(*ar.operands(ar.astype(input, bool_), ar.astype(other, bool_)))
    combine.__name__ = combine.__qualname__ = name
    combine.__doc__ = _table_doc(
        sentence, f"torch.{name}(torch.tensor([0, 1, 2]), torch.tensor([1, 0, 1]))", gives, name)
    return op(combine, out=True)


logical_and = _logical("logical_and", ew.bitwise_and, "Whether both elements are nonzero.",
                       "tensor([False, False,  True])")
logical_or = _logical("logical_or", ew.bitwise_or, "Whether one or both elements are nonzero.",
                      "tensor([True, True, True])")
logical_xor = _logical("logical_xor", ew.bitwise_xor, "Whether exactly one element is nonzero.",
                       "tensor([ True,  True, False])")


@op(out=True)
def logical_not(input: Value) -> Any:
    """Whether each element is zero.

    Example:
        >>> import flambeau as torch
        >>> torch.logical_not(torch.tensor([0, 1, 2]))
        tensor([ True, False, False])

    Source: torch.logical_not.
    """
    return ew.bitwise_not(ar.astype(tensor_only(input, "logical_not"), bool_))


# ---- bits ---------------------------------------------------------------------------------------

def _bitwise(name: str, kernel: str, prim: Any, sentence: str, call: str, gives: str) -> Any:
    def combine(input: Value, other: Value) -> Any:
        d = ar.result_type(input, other)
        if d.category > 1 or (d is bool_ and "shift" in name):
            raise not_implemented(kernel, d)
        return prim(*ar.operands(input, other, d=d))
    combine.__name__ = combine.__qualname__ = name
    combine.__doc__ = _table_doc(sentence, f"torch.{name}({call})", gives, name)
    return op(combine, out=True, widen=False)


bitwise_and = _bitwise("bitwise_and", "bitwise_and_cpu", ew.bitwise_and,
                       "The bits that are set in both integers.", "torch.tensor([6, 5]), 3",
                       "tensor([2, 1])")
bitwise_or = _bitwise("bitwise_or", "bitwise_or_cpu", ew.bitwise_or,
                      "The bits that are set in one or both integers.", "torch.tensor([6, 5]), 3",
                      "tensor([7, 7])")
bitwise_xor = _bitwise("bitwise_xor", "bitwise_xor_cpu", ew.bitwise_xor,
                       "The bits that are set in exactly one of two integers.",
                       "torch.tensor([6, 5]), 3", "tensor([5, 6])")
bitwise_left_shift = _bitwise("bitwise_left_shift", "lshift_cpu", ew.shift_left,
                              "input · 2^other, for integers.", "torch.tensor([1, 3]), 2",
                              "tensor([ 4, 12])")
bitwise_right_shift = _bitwise("bitwise_right_shift", "rshift_cpu", ew.shift_right,
                               "input / 2^other rounded down, for integers.",
                               "torch.tensor([9, -9]), 2", "tensor([ 2, -3])")


@op(out=True, widen=False)
def bitwise_not(input: Value) -> Any:
    """The integer with all bits turned over; logical not for booleans.

    Example:
        >>> import flambeau as torch
        >>> torch.bitwise_not(torch.tensor([0, 5]))
        tensor([-1, -6])

    Source: torch.bitwise_not.
    """
    if tensor_only(input, "bitwise_not").dtype.category > 1:
        raise not_implemented("bitwise_not_cpu", input.dtype)
    return ew.bitwise_not(input)


# ---- kinds of numbers ---------------------------------------------------------------------------

def _real_parts(x: Any) -> list[Any]:
    return [ew.real(x), ew.imag(x)] if x.dtype.is_complex else [x]


def _flag(name: str, sentence: str, given: str, gives: str,
          test: Callable[[Any], Any], out: bool = False) -> Any:
    def flag(input: Value) -> Any:
        return test(tensor_only(input, name))
    flag.__name__ = flag.__qualname__ = name
    flag.__doc__ = (f"{sentence}\n\n    Example:\n        >>> import flambeau as torch\n"
                    f"        >>> torch.{name}(torch.tensor({given}))\n        {gives}\n\n"
                    f"    Source: torch.{name}.\n    ")
    return op(flag, out=True) if out else op(flag)


def _all_false(x: Any) -> Any:
    return ew.ne(x, x)


def _any_part(x: Any, test: Callable[[Any], Any]) -> Any:
    flags = [test(p) for p in _real_parts(x)]
    return flags[0] if len(flags) == 1 else flags[0] | flags[1]


def _infinite(x: Any) -> Any:
    return _any_part(x, lambda p: ew.absolute(p).eq(math.inf)) if x.dtype.category > 1 \
        else _all_false(x)


def _signed_infinity(name: str, value: float) -> Callable[[Any], Any]:
    def test(x: Any) -> Any:
        if x.dtype.is_complex:
            raise RuntimeError(f"{name} does not support complex inputs.")
        return x.eq(value) if x.dtype.category > 1 else _all_false(x)
    return test


def _negative(x: Any) -> Any:
    if x.dtype.is_complex:
        raise NotImplementedError("signbit is not implemented for complex tensors.")
    if x.dtype.category == 0:
        return _all_false(x)
    if x.dtype.category == 1:
        return x < 0
    return ew.copysign(ar.literal(1, x.dtype), x) < 0


_SPECIAL = "[1., float('inf'), float('nan'), -float('inf')]"
isnan = _flag("isnan", "Whether each element is not a number.", _SPECIAL,
              "tensor([False, False,  True, False])", lambda x: _any_part(x, lambda p: p.ne(p)))
isinf = _flag("isinf", "Whether each element is infinite.", _SPECIAL,
              "tensor([False,  True, False,  True])", _infinite)
isposinf = _flag("isposinf", "Whether each element is +∞.", _SPECIAL,
                 "tensor([False,  True, False, False])", _signed_infinity("isposinf", math.inf),
                 out=True)
isneginf = _flag("isneginf", "Whether each element is -∞.", _SPECIAL,
                 "tensor([False, False, False,  True])", _signed_infinity("isneginf", -math.inf),
                 out=True)
isfinite = _flag("isfinite", "Whether each element is neither infinite nor NaN.", _SPECIAL,
                 "tensor([ True, False, False, False])",
                 lambda x: ~(_infinite(x) | _any_part(x, lambda p: p.ne(p))))
isreal = _flag("isreal", "Whether each element has no imaginary part.", "[1 + 1j, 2 + 0j]",
               "tensor([False,  True])",
               lambda x: ew.imag(x).eq(0) if x.dtype.is_complex else x.eq(x) | x.ne(x))
signbit = _flag("signbit", "Whether the sign bit of each element is set (-0.0 counts).",
                "[1., -0., -2.]", "tensor([False,  True,  True])", _negative, out=True)


# ---- closeness ----------------------------------------------------------------------------------

@op(name="isclose")
def _isclose(input: Value, other: Value, rtol: Value, atol: Value, equal_nan: bool) -> Any:
    x, y = ar.operands(input, other)
    close = x.eq(y)
    if equal_nan and x.dtype.category > 1:
        close = close | (x.ne(x) & y.ne(y))
    if x.dtype is bool_:
        return close
    wide = x if x.dtype.category > 1 else ar.astype(x, get_default_dtype())
    other_wide = y if y.dtype.category > 1 else ar.astype(y, get_default_dtype())
    gap = ew.absolute(wide - other_wide)
    real = gap.dtype
    bound = ar.astype(atol, real) + ew.absolute(ar.astype(rtol, real) * other_wide)
    return close | ((gap < math.inf) & (gap <= bound))


def isclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08,
            equal_nan: bool = False) -> Any:
    """Whether |input - other| ≤ atol + rtol · |other|, element by element.

    Args:
        input, other: tensors of one dtype whose shapes broadcast.
        rtol: relative tolerance. Default: 1e-05.
        atol: absolute tolerance. Default: 1e-08.
        equal_nan: whether two NaN are close. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.isclose(torch.tensor([1., 2.]), torch.tensor([1.000001, 2.1]))
        tensor([ True, False])

    Source: torch.isclose.
    """
    if not isinstance(other, (TensorBase, Sym)):
        raise TypeError("isclose(): argument 'other' (position 2) must be Tensor, not "
                        f"{type(other).__name__}")
    mine, theirs = input.dtype, other.dtype  # type: ignore[union-attr]
    if mine is not theirs:
        raise RuntimeError(f"{scalar_name(mine)} did not match {scalar_name(theirs)}")
    return _isclose(input, other, rtol, atol, equal_nan)


def allclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08,
             equal_nan: bool = False) -> bool:
    """Whether all elements are close, as `isclose` says.

    Example:
        >>> import flambeau as torch
        >>> torch.allclose(torch.tensor([1., 2.]), torch.tensor([1., 2.0000001]))
        True

    Source: torch.allclose.
    """
    return bool(np.all(isclose(input, other, rtol, atol, equal_nan)._data("allclose")))


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and the same elements (NaN differs from itself).

    Example:
        >>> import flambeau as torch
        >>> torch.equal(torch.tensor([1, 2]), torch.tensor([1, 2]))
        True

    Source: torch.equal.
    """
    for position, (name, x) in enumerate((("input", input), ("other", other)), 1):
        if not isinstance(x, TensorBase):
            raise TypeError(f"equal(): argument '{name}' (position {position}) must be Tensor, not "
                            f"{type(x).__name__}")
    if tuple(input.shape) != tuple(other.shape):
        return False
    return bool(np.array_equal(input._data("equal"), other._data("equal")))


# ---- choice -------------------------------------------------------------------------------------

@op(name="where")
def _where(condition: Value, input: Value, other: Value) -> Any:
    if condition.dtype is uint8:
        condition = ar.astype(condition, bool_)
    if condition.dtype is not bool_:
        raise RuntimeError("where expected condition to be a boolean tensor, but got a tensor with "
                           f"dtype {scalar_name(condition.dtype)}")
    return ar.where(condition, input, other)


@with_out
@presented("condition input! other! out")
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """Elements of `input` where the condition holds, of `other` elsewhere.

    With the condition alone: the indices of its nonzero elements, one tensor per dimension.

    Args:
        condition: a tensor of booleans.
        input, other: tensors or numbers; all three shapes broadcast.

    Example:
        >>> import flambeau as torch
        >>> x = torch.tensor([-1., 2.])
        >>> torch.where(x > 0, x, 0)
        tensor([0., 2.])

    Source: torch.where.
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    return _where(condition, input, other)


