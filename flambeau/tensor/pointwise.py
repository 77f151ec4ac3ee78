"""Tensor's elementwise methods and Python's operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.base import TensorBase, wrap
from ..autograd.inplace import assign
from ..dtype import float64, scalar_name
from ..functional import arithmetic, comparison, special
from ..functional import pointwise as fn
from ..functional.calling import as_method
from ..functional.overload import is_operand
from ..graph import leaf
from .methods import inplace

_PLAIN = frozenset((int, float, bool, complex))


def _binary(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """An operator: it leaves operands that are no numbers or tensors to the other side."""
    def operator(self: Any, other: Any) -> Any:
        if type(other) in _PLAIN or isinstance(other, TensorBase) or is_operand(other):
            return function(self, other)
        return _foreign(function, self, other)
    operator.__name__ = operator.__qualname__ = name
    return operator


def _foreign(function: Callable[..., Any], self: Any, other: Any) -> Any:
    """An operator beside an ndarray: it is taken as a tensor."""
    if isinstance(other, np.ndarray):
        return function(self, wrap(leaf(np.array(other))))
    return NotImplemented


def _reflected(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def operator(self: Any, other: Any) -> Any:
        if type(other) in _PLAIN or is_operand(other):
            return function(other, self)
        return _foreign(lambda a, b: function(b, a), self, other)
    operator.__name__ = operator.__qualname__ = name
    return operator


def _assigning(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def operator(self: Any, other: Any) -> Any:
        if type(other) in _PLAIN or isinstance(other, TensorBase) or is_operand(other):
            return assign(self, function(self, other))
        return NotImplemented
    operator.__name__ = operator.__qualname__ = name
    return operator


def _reciprocal_times(self: Any, other: Any) -> Any:
    """other / self, as PyTorch computes it."""
    return fn.reciprocal(self) * other


def _float_power_inplace(self: Any, exponent: Any) -> Any:
    result = arithmetic.float_power(self, exponent)
    if result.dtype is not self.dtype:
        wanted = "Double" if result.dtype is float64 else scalar_name(result.dtype)
        raise RuntimeError(f"the base given to float_power_ has dtype {scalar_name(self.dtype)} "
                           f"but the operation's result requires dtype {wanted}")
    return assign(self, result)


def _abs_inplace(input: Any) -> Any:
    if input.dtype.is_complex:
        raise RuntimeError("In-place abs is not supported for complex tensors.")
    return fn.abs(input)


class PointwiseMethods:
    """Arithmetic, elementary functions, comparison, logic."""

    add = arithmetic.add.method
    add_ = inplace(arithmetic.add.method)
    sub = subtract = arithmetic.sub.method
    sub_ = subtract_ = inplace(arithmetic.sub.method)
    mul = multiply = arithmetic.mul.method
    mul_ = multiply_ = inplace(arithmetic.mul.method)
    div = arithmetic.div.method
    div_ = inplace(arithmetic.div.method)
    divide = as_method(arithmetic.div, "input other rounding_mode!")
    divide_ = inplace(divide)
    true_divide = arithmetic.true_divide.method
    true_divide_ = inplace(arithmetic.true_divide.method)
    floor_divide = arithmetic.floor_divide.method
    floor_divide_ = inplace(arithmetic.floor_divide.method)
    remainder = arithmetic.remainder.method
    remainder_ = inplace(arithmetic.remainder.method)
    fmod = arithmetic.fmod.method
    fmod_ = inplace(arithmetic.fmod.method)
    pow = arithmetic.pow.method
    pow_ = inplace(arithmetic.pow.method)
    neg = negative = arithmetic.neg.method
    neg_ = negative_ = inplace(arithmetic.neg.method)
    square = arithmetic.square.method
    square_ = inplace(arithmetic.square.method)
    addcmul = arithmetic.addcmul.method
    addcmul_ = inplace(arithmetic.addcmul.method)
    addcdiv = arithmetic.addcdiv.method
    addcdiv_ = inplace(arithmetic.addcdiv.method)
    lerp = arithmetic.lerp.method
    lerp_ = inplace(arithmetic.lerp.method)
    gcd = arithmetic.gcd.method
    gcd_ = inplace(arithmetic.gcd.method)
    lcm = arithmetic.lcm.method
    lcm_ = inplace(arithmetic.lcm.method)
    float_power = arithmetic.float_power.method
    float_power_ = _float_power_inplace
    positive = arithmetic.positive

    exp = fn.exp.method
    exp_ = inplace(fn.exp.method)
    exp2 = fn.exp2.method
    exp2_ = inplace(fn.exp2.method)
    expm1 = fn.expm1.method
    expm1_ = inplace(fn.expm1.method)
    log = fn.log.method
    log_ = inplace(fn.log.method)
    log2 = fn.log2.method
    log2_ = inplace(fn.log2.method)
    log10 = fn.log10.method
    log10_ = inplace(fn.log10.method)
    log1p = fn.log1p.method
    log1p_ = inplace(fn.log1p.method)
    sqrt = fn.sqrt.method
    sqrt_ = inplace(fn.sqrt.method)
    rsqrt = fn.rsqrt.method
    rsqrt_ = inplace(fn.rsqrt.method)
    reciprocal = fn.reciprocal.method
    reciprocal_ = inplace(fn.reciprocal.method)
    sigmoid = fn.sigmoid.method
    sigmoid_ = inplace(fn.sigmoid.method)
    sin = fn.sin.method
    sin_ = inplace(fn.sin.method)
    cos = fn.cos.method
    cos_ = inplace(fn.cos.method)
    tan = fn.tan.method
    tan_ = inplace(fn.tan.method)
    asin = arcsin = fn.asin.method
    asin_ = arcsin_ = inplace(fn.asin.method)
    acos = arccos = fn.acos.method
    acos_ = arccos_ = inplace(fn.acos.method)
    atan = arctan = fn.atan.method
    atan_ = arctan_ = inplace(fn.atan.method)
    sinh = fn.sinh.method
    sinh_ = inplace(fn.sinh.method)
    cosh = fn.cosh.method
    cosh_ = inplace(fn.cosh.method)
    tanh = fn.tanh.method
    tanh_ = inplace(fn.tanh.method)
    asinh = arcsinh = fn.asinh.method
    asinh_ = arcsinh_ = inplace(fn.asinh.method)
    acosh = arccosh = fn.acosh.method
    acosh_ = arccosh_ = inplace(fn.acosh.method)
    atanh = arctanh = fn.atanh.method
    atanh_ = arctanh_ = inplace(fn.atanh.method)
    deg2rad = fn.deg2rad.method
    deg2rad_ = inplace(fn.deg2rad.method)
    rad2deg = fn.rad2deg.method
    rad2deg_ = inplace(fn.rad2deg.method)
    sinc = fn.sinc.method
    sinc_ = inplace(fn.sinc.method)
    erf = fn.erf.method
    erf_ = inplace(fn.erf.method)
    erfc = fn.erfc.method
    erfc_ = inplace(fn.erfc.method)
    erfinv = fn.erfinv.method
    erfinv_ = inplace(fn.erfinv.method)
    lgamma = fn.lgamma.method
    lgamma_ = inplace(fn.lgamma.method)
    digamma = fn.digamma.method
    digamma_ = inplace(fn.digamma.method)
    i0 = fn.i0.method
    i0_ = inplace(fn.i0.method)
    mvlgamma = fn.mvlgamma.method
    mvlgamma_ = inplace(fn.mvlgamma.method)
    igamma = special.igamma.method
    igamma_ = inplace(special.igamma.method)
    igammac = special.igammac.method
    igammac_ = inplace(special.igammac.method)
    logit = fn.logit.method
    logit_ = inplace(fn.logit.method)
    floor = fn.floor.method
    floor_ = inplace(fn.floor.method)
    ceil = fn.ceil.method
    ceil_ = inplace(fn.ceil.method)
    trunc = fix = fn.trunc.method
    trunc_ = fix_ = inplace(fn.trunc.method)
    frac = fn.frac.method
    frac_ = inplace(fn.frac.method)
    sign = fn.sign.method
    sign_ = inplace(fn.sign.method)
    sgn = fn.sgn.method
    sgn_ = inplace(fn.sgn.method)
    abs = absolute = fn.abs.method
    abs_ = absolute_ = inplace(_abs_inplace)
    round = fn.round.method
    round_ = inplace(fn.round.method)
    nan_to_num = fn.nan_to_num.method
    nan_to_num_ = inplace(fn.nan_to_num.method)
    clamp = clip = fn.clamp.method
    clamp_ = clip_ = inplace(fn.clamp.method)
    clamp_min = fn.clamp_min.method
    clamp_min_ = inplace(fn.clamp_min.method)
    clamp_max = fn.clamp_max.method
    clamp_max_ = inplace(fn.clamp_max.method)
    maximum = fn.maximum.method
    minimum = fn.minimum.method
    fmax = fn.fmax.method
    fmin = fn.fmin.method
    logaddexp = fn.logaddexp.method
    logaddexp2 = fn.logaddexp2.method
    atan2 = arctan2 = fn.atan2.method
    atan2_ = arctan2_ = inplace(fn.atan2.method)
    hypot = fn.hypot.method
    hypot_ = inplace(fn.hypot.method)
    nextafter = fn.nextafter.method
    nextafter_ = inplace(fn.nextafter.method)
    ldexp = fn.ldexp.method
    ldexp_ = inplace(fn.ldexp.method)
    copysign = fn.copysign.method
    copysign_ = inplace(fn.copysign.method)
    heaviside = fn.heaviside.method
    heaviside_ = inplace(fn.heaviside.method)
    xlogy = fn.xlogy.method
    xlogy_ = inplace(fn.xlogy.method)

    eq = comparison.eq.method
    eq_ = inplace(comparison.eq.method)
    ne = not_equal = comparison.ne.method
    ne_ = not_equal_ = inplace(comparison.ne.method)
    lt = less = comparison.lt.method
    lt_ = less_ = inplace(comparison.lt.method)
    le = less_equal = comparison.le.method
    le_ = less_equal_ = inplace(comparison.le.method)
    gt = greater = comparison.gt.method
    gt_ = greater_ = inplace(comparison.gt.method)
    ge = greater_equal = comparison.ge.method
    ge_ = greater_equal_ = inplace(comparison.ge.method)
    logical_and = comparison.logical_and.method
    logical_and_ = inplace(comparison.logical_and.method)
    logical_or = comparison.logical_or.method
    logical_or_ = inplace(comparison.logical_or.method)
    logical_xor = comparison.logical_xor.method
    logical_xor_ = inplace(comparison.logical_xor.method)
    logical_not = comparison.logical_not.method
    logical_not_ = inplace(comparison.logical_not.method)
    bitwise_and = comparison.bitwise_and.method
    bitwise_and_ = inplace(comparison.bitwise_and.method)
    bitwise_or = comparison.bitwise_or.method
    bitwise_or_ = inplace(comparison.bitwise_or.method)
    bitwise_xor = comparison.bitwise_xor.method
    bitwise_xor_ = inplace(comparison.bitwise_xor.method)
    bitwise_left_shift = comparison.bitwise_left_shift.method
    bitwise_left_shift_ = inplace(comparison.bitwise_left_shift.method)
    bitwise_right_shift = comparison.bitwise_right_shift.method
    bitwise_right_shift_ = inplace(comparison.bitwise_right_shift.method)
    bitwise_not = comparison.bitwise_not.method
    bitwise_not_ = inplace(comparison.bitwise_not.method)
    isnan = comparison.isnan.method
    isinf = comparison.isinf.method
    isposinf = comparison.isposinf.method
    isneginf = comparison.isneginf.method
    isfinite = comparison.isfinite.method
    isreal = comparison.isreal.method
    signbit = comparison.signbit.method
    isclose = comparison.isclose
    allclose = comparison.allclose
    equal = comparison.equal

    def polygamma(self, n: int) -> Any:
        """The n-th derivative of digamma."""
        return fn.polygamma(n, self)

    def polygamma_(self, n: int) -> Any:
        """In-place version of `polygamma`."""
        return assign(self, fn.polygamma(n, self))

    def frexp(self) -> Any:
        """Mantissa and exponent, as a named pair."""
        return fn.frexp(self)

    def where(self, condition: Any, other: Any) -> Any:
        """The tensor's elements where the condition holds, those of `other` elsewhere."""
        return comparison.where(condition, self, other)

    # ---- operators ----

    __add__ = __radd__ = _binary(arithmetic._add, "__add__")
    __iadd__ = _assigning(arithmetic._add, "__iadd__")
    __sub__ = _binary(arithmetic._sub, "__sub__")
    __rsub__ = _binary(arithmetic.subtract_from, "__rsub__")
    __isub__ = _assigning(arithmetic._sub, "__isub__")
    __mul__ = __rmul__ = _binary(arithmetic.mul.method, "__mul__")
    __imul__ = _assigning(arithmetic.mul.method, "__imul__")
    __truediv__ = __div__ = _binary(arithmetic._div, "__truediv__")
    __rtruediv__ = __rdiv__ = _binary(_reciprocal_times, "__rtruediv__")
    __itruediv__ = __idiv__ = _assigning(arithmetic._div, "__itruediv__")
    __floordiv__ = _binary(arithmetic.floor_divide.method, "__floordiv__")
    __rfloordiv__ = _reflected(arithmetic.floor_divide.method, "__rfloordiv__")
    __ifloordiv__ = _assigning(arithmetic.floor_divide.method, "__ifloordiv__")
    __mod__ = _binary(arithmetic.remainder.method, "__mod__")
    __rmod__ = _reflected(arithmetic.remainder.method, "__rmod__")
    __imod__ = _assigning(arithmetic.remainder.method, "__imod__")
    __pow__ = _binary(arithmetic.pow.method, "__pow__")
    __rpow__ = _reflected(arithmetic.pow.method, "__rpow__")
    __ipow__ = _assigning(arithmetic.pow.method, "__ipow__")
    __neg__ = arithmetic.neg.method
    __pos__ = arithmetic.positive
    __abs__ = fn.abs.method

    __eq__ = _binary(comparison.eq.method, "__eq__")
    __ne__ = _binary(comparison.ne.method, "__ne__")
    __lt__ = _binary(comparison.lt.method, "__lt__")
    __le__ = _binary(comparison.le.method, "__le__")
    __gt__ = _binary(comparison.gt.method, "__gt__")
    __ge__ = _binary(comparison.ge.method, "__ge__")
    __hash__ = object.__hash__

    __and__ = __rand__ = _binary(comparison.bitwise_and.method, "__and__")
    __iand__ = _assigning(comparison.bitwise_and.method, "__iand__")
    __or__ = __ror__ = _binary(comparison.bitwise_or.method, "__or__")
    __ior__ = _assigning(comparison.bitwise_or.method, "__ior__")
    __xor__ = __rxor__ = _binary(comparison.bitwise_xor.method, "__xor__")
    __ixor__ = _assigning(comparison.bitwise_xor.method, "__ixor__")
    __lshift__ = _binary(comparison.bitwise_left_shift.method, "__lshift__")
    __rlshift__ = _reflected(comparison.bitwise_left_shift.method, "__rlshift__")
    __ilshift__ = _assigning(comparison.bitwise_left_shift.method, "__ilshift__")
    __rshift__ = _binary(comparison.bitwise_right_shift.method, "__rshift__")
    __rrshift__ = _reflected(comparison.bitwise_right_shift.method, "__rrshift__")
    __irshift__ = _assigning(comparison.bitwise_right_shift.method, "__irshift__")

    def __invert__(self) -> Any:
        if self.dtype.category > 1:  # type: ignore[attr-defined]
            raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type "
                            "tensors")
        return comparison.bitwise_not(self)

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, TensorBase) or is_operand(element):
            return bool(np.any(comparison.eq(self, element)._data("contains")))
        raise RuntimeError("Tensor.__contains__ only supports Tensor or scalar, but you passed in "
                           f"a {type(element)}.")

