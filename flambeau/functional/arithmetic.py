"""Arithmetic on one, two or three tensors, element by element."""

from __future__ import annotations

from typing import Any

from ..autograd.base import TensorBase
from ..autograd.record import Value, op
from ..dtype import bool_, complex128, float64
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.define import Sym
from .calling import not_implemented, old_numbers
from .overload import is_number, tensor_only, with_out


def _check_scale(result: Any, alpha: Any) -> None:
    if isinstance(alpha, bool) and result is not bool_:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and result.category < 2:
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating "
                           "point number.")
    if isinstance(alpha, complex) and result.category < 3:
        raise RuntimeError("For non-complex input tensors, argument alpha must not be a complex "
                           "number.")


def _scaled(other: Any, alpha: Any, result: Any) -> Any:
    kind = (bool, int, float, complex)[alpha.dtype.category]
    _check_scale(result, kind())
    return ar.astype(other, result) * ar.astype(alpha, result)


# ---- sums and differences -----------------------------------------------------------------------

@op(name="add")
def _add(input: Value, other: Value) -> Any:
    return input + other


@op(name="add")
def _add_scaled(input: Value, other: Value, alpha: Value) -> Any:
    return input + _scaled(other, alpha, ar.result_type(input, other))


@old_numbers(2, "alpha")
@with_out
def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """The sum, element by element: input + alpha · other.

    Args:
        input, other: tensors whose shapes broadcast, or numbers.
        alpha: the factor of `other`. Default: 1.

    Returns:
        a tensor of the common shape and promoted dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.add(torch.tensor([1., 2.]), 10, alpha=2)
        tensor([21., 22.])

    Source: torch.add.
    """
    if type(alpha) is int and alpha == 1:
        return _add(input, other)
    return _add_scaled(input, other, alpha)


def _check_difference(a: Any, b: Any) -> None:
    kinds = [x.dtype is bool_ for x in (a, b)]
    if all(kinds) and not (a.spec.weak or b.spec.weak):
        raise RuntimeError("Subtraction, the `-` operator, with two bool tensors is not supported. "
                           "Use the `^` or `logical_xor()` operator instead.")
    if any(kinds):
        raise RuntimeError("Subtraction, the `-` operator, with a bool tensor is not supported. If "
                           "you are trying to invert a mask, use the `~` or `logical_not()` "
                           "operator instead.")


@op(name="sub")
def _sub(input: Value, other: Value) -> Any:
    _check_difference(input, other)
    return input - other


@op(name="sub")
def _sub_scaled(input: Value, other: Value, alpha: Value) -> Any:
    _check_difference(input, other)
    return input - _scaled(other, alpha, ar.result_type(input, other))


@old_numbers(2, "alpha")
@with_out
def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """The difference, element by element: input - alpha · other.

    Args:
        input, other: tensors whose shapes broadcast, or numbers.
        alpha: the factor of `other`. Default: 1.

    Raises:
        RuntimeError: for booleans.

    Example:
        >>> import flambeau as torch
        >>> torch.sub(torch.tensor([1., 2.]), torch.tensor([0.5, 0.5]))
        tensor([0.5000, 1.5000])

    Source: torch.sub.
    """
    if type(alpha) is int and alpha == 1:
        return _sub(input, other)
    return _sub_scaled(input, other, alpha)


@op(grad=lambda specs, static: f"RsubBackward{int(specs[1].weak)}")
def rsub(input: Value, other: Value, *, alpha: Value = 1) -> Any:
    """The difference the other way round: other - alpha · input."""
    _check_difference(tensor_only(input, "rsub"), other)
    if alpha.spec.weak and alpha.dtype.category == 1:
        return other - _scaled(input, alpha, ar.result_type(input, other))
    return other - input * alpha


@op(name="rsub", grad="RsubBackward1")
def subtract_from(input: Value, other: Value) -> Any:
    """other - input, for a number on the left of the operator."""
    _check_difference(input, other)
    return other - input


subtract = sub


# ---- products and quotients ---------------------------------------------------------------------

@op(out=True)
def mul(input: Value, other: Value) -> Any:
    """The product, element by element.

    Args:
        input, other: tensors whose shapes broadcast, or numbers.

    Example:
        >>> import flambeau as torch
        >>> torch.mul(torch.tensor([1., 2.]), torch.tensor([[3.], [4.]]))
        tensor([[3., 6.],
                [4., 8.]])

    Source: torch.mul.
    """
    return input * other


multiply = mul


@op(name="div")
def _div(input: Value, other: Value) -> Any:
    return input / other


def _rounded_division(rounding: str, input: Any, other: Any) -> Any:
    d = ar.result_type(input, other)
    if d is bool_ or d.is_complex:
        raise not_implemented(f"div_{rounding}_cpu", d)
    x, y = ar.operands(input, other, d=d)
    return (ew.floor_divide if rounding == "floor" else ew.trunc_divide)(x, y)


@op(name="div", grad="DivBackward2")
def _div_floor(input: Value, other: Value) -> Any:
    return _rounded_division("floor", input, other)


@op(name="div", grad="DivBackward2")
def _div_trunc(input: Value, other: Value) -> Any:
    return _rounded_division("trunc", input, other)


def check_divisor(input: Any, other: Any) -> None:
    """Raise at once where integers are divided by the number 0.

    Raises:
        RuntimeError: "ZeroDivisionError".
    """
    if type(other) is int and other == 0 and input.dtype.category < 2:
        raise RuntimeError("ZeroDivisionError")


@with_out
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """The quotient, element by element.

    Args:
        input, other: tensors whose shapes broadcast, or numbers.
        rounding_mode: None for true division (integers give floating-point numbers), `"trunc"` for
            rounding towards zero, `"floor"` for rounding down. Default: None.

    Raises:
        RuntimeError: for another rounding mode; for integers divided by 0 with rounding.

    Example:
        >>> import flambeau as torch
        >>> torch.div(torch.tensor([-3, 3]), 2)
        tensor([-1.5000,  1.5000])
        >>> torch.div(torch.tensor([-3, 3]), 2, rounding_mode="trunc")
        tensor([-1,  1])

    Source: torch.div.
    """
    if rounding_mode is None:
        return _div(input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError("div expected rounding_mode to be one of None, 'trunc', or 'floor' but "
                           f"found '{rounding_mode}'")
    check_divisor(input, other)
    return (_div_floor if rounding_mode == "floor" else _div_trunc)(input, other)


divide = div


@op(name="div", out=True)
def true_divide(input: Value, other: Value) -> Any:
    """The quotient as floating-point numbers; the same as `div` without rounding."""
    return input / other


@op(name="floor_divide", grad="NotImplemented")
def _floor_divide(input: Value, other: Value) -> Any:
    return _rounded_division("floor", input, other)


@with_out
def floor_divide(input: Any, other: Any) -> Any:
    """The quotient rounded down.

    Example:
        >>> import flambeau as torch
        >>> torch.floor_divide(torch.tensor([-3., 3.]), 2)
        tensor([-2.,  1.])

    Source: torch.floor_divide.
    """
    check_divisor(input, other)
    return _floor_divide(input, other)


def _overload(name: str) -> Any:
    return lambda specs, static: (
        "NotImplemented" if specs[0].weak
        else f"{name}Backward{0 if specs[1].weak else 1}")


def _modulus(name: str, prim: Any, input: Any, other: Any) -> Any:
    d = ar.result_type(input, other)
    if d is bool_ or d.is_complex:
        raise not_implemented(f"{name}_cpu", d)
    return prim(*ar.operands(input, other, d=d))


@op(name="remainder", grad=_overload("Remainder"))
def _remainder(input: Value, other: Value) -> Any:
    return _modulus("remainder", ew.remainder, input, other)


@with_out
def remainder(input: Any, other: Any) -> Any:
    """What division leaves, with the sign of the divisor, as Python's `%`.

    Example:
        >>> import flambeau as torch
        >>> torch.remainder(torch.tensor([-3., 3.]), 2)
        tensor([1., 1.])

    Source: torch.remainder.
    """
    check_divisor(input, other)
    return _remainder(input, other)


@op(name="fmod", grad=_overload("Fmod"))
def _fmod(input: Value, other: Value) -> Any:
    return _modulus("fmod", ew.fmod, tensor_only(input, "fmod"), other)


@with_out
def fmod(input: Any, other: Any) -> Any:
    """What division leaves, with the sign of the dividend, as C's `fmod`.

    Example:
        >>> import flambeau as torch
        >>> torch.fmod(torch.tensor([-3., 3.]), 2)
        tensor([-1.,  1.])

    Source: torch.fmod.
    """
    check_divisor(input, other)
    return _fmod(input, other)


@op(out=True)
def neg(input: Value) -> Any:
    """The negative of each element.

    Example:
        >>> import flambeau as torch
        >>> torch.neg(torch.tensor([1., -2.]))
        tensor([-1.,  2.])

    Source: torch.neg.
    """
    if tensor_only(input, "neg").dtype is bool_:
        raise RuntimeError("Negation, the `-` operator, on a bool tensor is not supported. If you "
                           "are trying to invert a mask, use the `~` or `logical_not()` operator "
                           "instead.")
    return -input


negative = neg


def positive(input: Any) -> Any:
    """The tensor itself.

    Raises:
        RuntimeError: for booleans.

    Source: torch.positive.
    """
    if input.dtype is bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


# ---- powers -------------------------------------------------------------------------------------

_POWERS: dict[float, Any] = {  # exponents that have a shorter formula
    2: ew.square, 3: lambda x: ew.square(x) * x, 0.5: ew.sqrt, -0.5: ew.rsqrt, -1: ew.reciprocal,
    -2: lambda x: ew.reciprocal(ew.square(x)), 1: lambda x: x,
    0: lambda x: ew.select(ar.literal(False, bool_), x, ar.literal(1, x.dtype))}


def _power_name(specs: Any, static: Any) -> str:
    return "PowBackward2" if specs[0].weak else f"PowBackward{0 if specs[1].weak else 1}"


@op(name="pow", grad=_power_name)
def _pow(input: Value, exponent: Value) -> Any:
    d = ar.result_type(input, exponent)
    if d is bool_:
        raise not_implemented("pow", d)
    return ew.power(*ar.operands(input, exponent, d=d))


@op(name="pow", grad="PowBackward0")
def _pow_by(input: Value, exponent: float) -> Any:
    d = ar.result_type(input, exponent)
    return _POWERS[exponent](ar.astype(input, d))


@with_out
def pow(input: Any, exponent: Any) -> Any:
    """Each element to a power.

    Args:
        input, exponent: tensors whose shapes broadcast; one of them may be a number.

    Raises:
        RuntimeError: for integers to a negative number.

    Example:
        >>> import flambeau as torch
        >>> torch.pow(torch.tensor([1., 2., 3.]), 2)
        tensor([1., 4., 9.])

    Source: torch.pow.
    """
    if isinstance(exponent, (int, float)) and not is_number(input):
        if input.dtype.category < 2 and isinstance(exponent, int) and exponent < 0:
            raise RuntimeError("Integers to negative integer powers are not allowed.")
        if exponent in _POWERS:
            return _pow_by(input, exponent)
    elif is_number(input) and is_number(exponent):
        raise TypeError("pow() received an invalid combination of arguments - got "
                        f"({type(input).__name__}, {type(exponent).__name__}), but expected one "
                        "of:\n * (Tensor input, Tensor exponent, *, Tensor out = None)\n * (Number "
                        "self, Tensor exponent, *, Tensor out = None)\n * (Tensor input, Number "
                        "exponent, *, Tensor out = None)\n")
    return _pow(input, exponent)


@op(name="float_power", grad=_power_name)
def _float_power(input: Value, exponent: Value) -> Any:
    d = complex128 if ar.result_type(input, exponent).is_complex else float64
    return ew.power(*ar.operands(input, exponent, d=d))


@with_out
def float_power(input: Any, exponent: Any) -> Any:
    """Each element to a power, computed and returned in double precision.

    Example:
        >>> import flambeau as torch
        >>> torch.float_power(torch.tensor([1, 2]), -1)
        tensor([1.0000, 0.5000], dtype=torch.float64)

    Source: torch.float_power.
    """
    return _float_power(input, exponent)


@op(grad="PowBackward0", out=True)
def square(input: Value) -> Any:
    """The square of each element.

    Example:
        >>> import flambeau as torch
        >>> torch.square(torch.tensor([1., -2.]))
        tensor([1., 4.])

    Source: torch.square.
    """
    return _POWERS[2](ar.astype(input, ar.result_type(tensor_only(input, "square"), 2)))


# ---- three operands -----------------------------------------------------------------------------

def _three_tensors(name: str, *given: Any) -> None:
    for position, x in enumerate(given, 1):
        tensor_only(x, name, ("input", "tensor1", "tensor2")[position - 1], position)


@op(name="addcmul")
def _addcmul(input: Value, tensor1: Value, tensor2: Value, value: Value) -> Any:
    _three_tensors("addcmul", input, tensor1, tensor2)
    d = ar.result_type(input, tensor1, tensor2)
    if d is bool_:
        raise not_implemented("addcmul_cpu_out", d)
    return input + ar.astype(value, d) * tensor1 * tensor2


@old_numbers(3, "value")
@with_out
def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """input + value · tensor1 · tensor2, element by element.

    Args:
        input, tensor1, tensor2: tensors whose shapes broadcast.
        value: factor of the product. Default: 1.

    Example:
        >>> import flambeau as torch
        >>> torch.addcmul(torch.zeros(2), torch.tensor([1., 2.]), torch.tensor([3., 4.]), value=0.5)
        tensor([1.5000, 4.0000])

    Source: torch.addcmul.
    """
    return _addcmul(input, tensor1, tensor2, value)


@op(name="addcdiv")
def _addcdiv(input: Value, tensor1: Value, tensor2: Value, value: Value) -> Any:
    _three_tensors("addcdiv", input, tensor1, tensor2)
    if tensor1.dtype.category < 2 and tensor2.dtype.category < 2:
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release "
            "addcdiv will perform a true division of tensor1 and tensor2. The historic addcdiv "
            "behavior can be implemented as (input + value * torch.trunc(tensor1 / "
            "tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
            "tensor2) for float inputs. The future addcdiv behavior is just the latter "
            "implementation: (input + value * tensor1 / tensor2), for all dtypes.")
    d = ar.result_type(input, tensor1, tensor2)
    return input + ar.astype(value, d) * tensor1 / tensor2


@old_numbers(3, "value")
@with_out
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """input + value · tensor1 / tensor2, element by element.

    Args:
        input, tensor1, tensor2: tensors whose shapes broadcast.
        value: factor of the quotient. Default: 1.

    Example:
        >>> import flambeau as torch
        >>> torch.addcdiv(torch.zeros(2), torch.tensor([1., 2.]), torch.tensor([2., 8.]), value=4)
        tensor([2., 1.])

    Source: torch.addcdiv.
    """
    return _addcdiv(input, tensor1, tensor2, value)


_CPP_NAMES = {"float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float",
              "float64": "double", "int64": "long int", "int32": "int", "int16": "short int",
              "int8": "signed char", "uint8": "unsigned char", "bool": "bool",
              "complex64": "c10::complex<float>", "complex128": "c10::complex<double>"}


def _check_lerp(start: Any, end: Any, weight: Any) -> None:
    for label, x in (("end", end), ("weight", weight)):
        if not is_number(x) and x.dtype is not start.dtype:
            names = [_CPP_NAMES.get(t.dtype.name, t.dtype.name) for t in (start, x)]
            raise RuntimeError(f"expected dtype {names[0]} for `{label}` but got dtype {names[1]}")
    if start.dtype.category < 2:
        kind = "scalar" if is_number(weight) else "tensor"
        raise not_implemented(f"lerp_kernel_{kind}", start.dtype)


@op(name="lerp")
def _lerp_from_start(input: Value, end: Value, weight: Value) -> Any:
    return input + ar.astype(weight, end.dtype) * (end - input)


@op(name="lerp")
def _lerp_from_end(input: Value, end: Value, weight: Value) -> Any:
    return end - (end - input) * (1 - ar.astype(weight, end.dtype))


@op(name="lerp", grad="LerpBackward1")
def _lerp_tensor(input: Value, end: Value, weight: Value) -> Any:
    near = ew.absolute(weight) < 0.5
    step = end - input
    return ar.where(near, input + weight * step, end - step * (1 - weight))


@with_out
def lerp(input: Any, end: Any, weight: Any) -> Any:
    """Linear interpolation: input + weight · (end - input).

    Args:
        input, end: tensors of one floating-point dtype.
        weight: a number or a tensor.

    Example:
        >>> import flambeau as torch
        >>> torch.lerp(torch.tensor([0., 10.]), torch.tensor([1., 20.]), 0.5)
        tensor([ 0.5000, 15.0000])

    Source: torch.lerp.
    """
    _check_lerp(input, end, weight)
    if isinstance(weight, (TensorBase, Sym)):
        return _lerp_tensor(input, end, weight)
    if abs(weight) < 0.5:
        return _lerp_from_start(input, end, weight)
    return _lerp_from_end(input, end, weight)


# ---- integers -----------------------------------------------------------------------------------

def _integers(name: str, *values: Any) -> list[Any]:
    for x in values:
        tensor_only(x, name)
    d = ar.result_type(*values)
    if d.category != 1:
        raise not_implemented(f"{name}_cpu", d)
    return ar.operands(*values, d=d)


@op(out=True, widen=False)
def gcd(input: Value, other: Value) -> Any:
    """The greatest common divisor of integers, element by element; gcd(0, 0) = 0.

    Example:
        >>> import flambeau as torch
        >>> torch.gcd(torch.tensor([6, 10]), torch.tensor([4, 15]))
        tensor([2, 5])

    Source: torch.gcd.
    """
    return ew.gcd(*_integers("gcd", input, other))


@op(out=True, widen=False)
def lcm(input: Value, other: Value) -> Any:
    """The least common multiple of integers, element by element.

    Example:
        >>> import flambeau as torch
        >>> torch.lcm(torch.tensor([6, 10]), torch.tensor([4, 15]))
        tensor([12, 30])

    Source: torch.lcm.
    """
    return ew.lcm(*_integers("lcm", input, other))
