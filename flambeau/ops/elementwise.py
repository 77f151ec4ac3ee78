"""Elementwise primitives: one row each, with NumPy meaning and derivative.

Operands have the shape of the result or no dimensions at all. Operands of one primitive have the
same dtype (`select`: the two branches); promotion happens above, in ops.arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..dtype import bool_, dtype
from ..graph import Spec, spec
from . import special
from .define import Primitive, Sym, emit

Vjp = Callable[..., Any]


def _shape(name: str, specs: tuple[Spec, ...]) -> tuple[int, ...]:
    shape: tuple[int, ...] = ()
    for s in specs:
        if s.shape and shape and s.shape != shape:
            raise RuntimeError(f"{name}: operands of shapes {shape} and {s.shape}")
        shape = shape or s.shape
    return shape


def _elementwise(name: str, numpy: Callable[..., Any], vjp: Vjp | None,
                 result: Callable[[dtype], dtype] | None = None, kind: str = "elementwise",
                 typed: int = 0) -> Primitive:
    def rule(*specs: Spec, **params: Any) -> Spec:
        d = specs[typed].dtype
        return spec(_shape(name, specs), result(d) if result else d)

    def full_vjp(ct: Sym, out: Sym, *args: Sym, **params: Any) -> list[Sym | None]:
        cts = vjp(ct, out, *args, **params) if vjp else None
        cts = cts if isinstance(cts, tuple) else (cts,) * (1 if vjp else len(args))
        return [_collapse(c, a) for c, a in zip(cts, args, strict=True)]

    return Primitive(name, kind, numpy, rule, full_vjp)


def _collapse(ct: Sym | None, arg: Sym) -> Sym | None:
    """A cotangent in the shape of its argument: the operand without dimensions was repeated."""
    if ct is None or ct.shape == arg.shape:
        return ct
    if arg.shape == ():
        return emit(Primitive.table["reduce_sum"], (ct,), {"axes": tuple(range(ct.ndim))})
    return emit(Primitive.table["expand"], (ct,), {"shape": arg.shape})


def unary(name: str, numpy: Callable[..., Any], vjp: Vjp | None = None,
          result: Callable[[dtype], dtype] | None = None) -> Primitive:
    """A row for a function of one argument; vjp(ct, out, x)."""
    return _elementwise(name, numpy, vjp, result)


def binary(name: str, numpy: Callable[..., Any], vjp: Vjp | None = None,
           result: Callable[[dtype], dtype] | None = None) -> Primitive:
    """A row for a function of two arguments; vjp(ct, out, a, b) gives a pair."""
    return _elementwise(name, numpy, vjp, result)


def _conj(x: Sym) -> Sym:
    return conj(x) if x.dtype.is_complex else x


def _zero_where(mask: Sym, x: Sym) -> Sym:
    return select(mask, _zero(x.dtype), x)


def _zero(d: dtype) -> Sym:
    zero: Sym = constant(value=0, dtype=d)
    return zero


def _zeros(x: Sym) -> Sym:
    zero = _zero(x.dtype)
    return emit(Primitive.table["expand"], (zero,), {"shape": x.shape}) if x.shape else zero


def _flat(g: Sym, y: Sym, x: Sym) -> Sym:
    """The derivative of step functions: zero everywhere."""
    return _zeros(x)


def _flat_pair(g: Sym, y: Sym, a: Sym, b: Sym) -> tuple[Sym, Sym]:
    return _zeros(a), _zeros(b)


int32_ = dtype.by_name["int32"]


def _to_bool(d: dtype) -> dtype:
    return bool_


# ---- arithmetic ---------------------------------------------------------------------------------
neg = unary("neg", np.negative, lambda g, y, x: -g)
add = binary("add", np.add, lambda g, y, a, b: (g, g))
sub = binary("sub", np.subtract, lambda g, y, a, b: (g, -g))
mul = binary("mul", np.multiply, lambda g, y, a, b: (g * _conj(b), g * _conj(a)))
div = binary("div", np.true_divide,
             lambda g, y, a, b: (g / _conj(b), -g * _conj(y / b)))
reciprocal = unary("reciprocal", special.reciprocal, lambda g, y, x: -g * _conj(y * y))
square = unary("square", np.square, lambda g, y, x: g * _conj(x + x))
maximum = binary("maximum", np.maximum, lambda g, y, a, b: _tied(g, y, a, b))
minimum = binary("minimum", np.minimum, lambda g, y, a, b: _tied(g, y, a, b))
fmod = binary("fmod", special.fmod, lambda g, y, a, b: (g, -g * trunc(a / b)))
remainder = binary("remainder", special.remainder, lambda g, y, a, b: (g, -g * floor(a / b)))
floor_divide = binary("floor_divide", special.floor_divide, _flat_pair)
trunc_divide = binary("trunc_divide", special.trunc_divide, _flat_pair)
power = binary("power", special.power, lambda g, y, a, b: _power_vjp(g, y, a, b))
absolute = unary("absolute", np.absolute, lambda g, y, x: g * sign(x),
                 lambda d: d.to_real())
sign: Primitive = unary("sign", special.sign, lambda g, y, x: _sign_vjp(g, y, x))
copysign = binary("copysign", np.copysign, lambda g, y, a, b: (
    g * _zero_where(a.eq(0), y / a), _zeros(b)))
nextafter = binary("nextafter", np.nextafter)
floor: Primitive = unary("floor", np.floor, _flat)
ceil = unary("ceil", np.ceil, _flat)
trunc: Primitive = unary("trunc", np.trunc, _flat)
round_even = unary("round_even", np.rint, _flat)

# ---- exponentials, logarithms, roots ------------------------------------------------------------
exp = unary("exp", np.exp, lambda g, y, x: g * _conj(y))
exp2 = unary("exp2", np.exp2, lambda g, y, x: g * _conj(y) * math.log(2))
expm1 = unary("expm1", np.expm1, lambda g, y, x: g * _conj(y + 1))
log = unary("log", np.log, lambda g, y, x: g / _conj(x))
log2 = unary("log2", np.log2, lambda g, y, x: g / _conj(x * math.log(2)))
log10 = unary("log10", special.log10, lambda g, y, x: g / _conj(x * math.log(10)))
log1p = unary("log1p", np.log1p, lambda g, y, x: g / _conj(x + 1))
sqrt = unary("sqrt", np.sqrt, lambda g, y, x: g / _conj(y + y))
rsqrt = unary("rsqrt", special.rsqrt, lambda g, y, x: g * _conj(y * y * y) * -0.5)
sigmoid = unary("sigmoid", special.sigmoid, lambda g, y, x: g * _conj((1 - y) * y))

# ---- trigonometric and hyperbolic ---------------------------------------------------------------
sin = unary("sin", np.sin, lambda g, y, x: g * _conj(cos(x)))
cos: Primitive = unary("cos", np.cos, lambda g, y, x: -g * _conj(sin(x)))
tan = unary("tan", np.tan, lambda g, y, x: g * _conj(1 + y * y))
asin = unary("asin", np.arcsin, lambda g, y, x: g * _conj(rsqrt(1 - x * x)))
acos = unary("acos", np.arccos, lambda g, y, x: -g * _conj(rsqrt(1 - x * x)))
atan = unary("atan", np.arctan, lambda g, y, x: g / _conj(1 + x * x))
sinh = unary("sinh", np.sinh, lambda g, y, x: g * _conj(cosh(x)))
cosh: Primitive = unary("cosh", np.cosh, lambda g, y, x: g * _conj(sinh(x)))
tanh = unary("tanh", np.tanh, lambda g, y, x: g * _conj(1 - y * y))
asinh = unary("asinh", np.arcsinh, lambda g, y, x: g * _conj(rsqrt(x * x + 1)))
acosh = unary("acosh", np.arccosh,
              lambda g, y, x: g * _conj(rsqrt(x - 1) * rsqrt(x + 1)))
atanh = unary("atanh", np.arctanh, lambda g, y, x: g / _conj(1 - x * x))
atan2 = binary("atan2", np.arctan2, lambda g, y, a, b: _atan2_vjp(g, a, b))
hypot = binary("hypot", np.hypot, lambda g, y, a, b: (g * (a / y), g * (b / y)))

# ---- special functions --------------------------------------------------------------------------
erf = unary("erf", special.erf,
            lambda g, y, x: g * exp(-(x * x)) * (2 / math.sqrt(math.pi)))
erfc = unary("erfc", special.erfc,
             lambda g, y, x: g * exp(-(x * x)) * (-2 / math.sqrt(math.pi)))
erfinv = unary("erfinv", special.erfinv,
               lambda g, y, x: g * exp(y * y) * (math.sqrt(math.pi) / 2))
lgamma = unary("lgamma", special.lgamma, lambda g, y, x: g * digamma(x))
digamma: Primitive = unary("digamma", special.digamma, lambda g, y, x: g * polygamma(x, n=1))
polygamma: Primitive = _elementwise("polygamma", special.polygamma,
                         lambda g, y, x, n: g * polygamma(x, n=n + 1))

i0 = _elementwise("i0", special.i0, lambda g, y, x: g * i1(x), kind="host")
i1: Primitive = _elementwise("i1", special.i1, lambda g, y, x: g * (
    i0(x) - select(x.eq(0), y * 0 + 0.5, y / x)), kind="host")
exponent = _elementwise("exponent", lambda x: np.frexp(x)[1], None, lambda d: int32_, "host")
gcd = _elementwise("gcd", np.gcd, None, kind="host")
lcm = _elementwise("lcm", special.lcm, None, kind="host")

# ---- comparison, logic, bits --------------------------------------------------------------------
eq = binary("eq", np.equal, None, _to_bool)
ne = binary("ne", np.not_equal, None, _to_bool)
lt = binary("lt", np.less, None, _to_bool)
le = binary("le", np.less_equal, None, _to_bool)
gt = binary("gt", np.greater, None, _to_bool)
ge = binary("ge", np.greater_equal, None, _to_bool)
isnan = unary("isnan", np.isnan, None, _to_bool)
bitwise_and = binary("bitwise_and", np.bitwise_and)
bitwise_or = binary("bitwise_or", np.bitwise_or)
bitwise_xor = binary("bitwise_xor", np.bitwise_xor)
bitwise_not = unary("bitwise_not", np.invert)
shift_left = binary("shift_left", special.shift_left)
shift_right = binary("shift_right", special.shift_right)

# ---- complex parts ------------------------------------------------------------------------------
conj: Primitive = unary("conj", np.conjugate, lambda g, y, x: conj(g))
real = unary("real", np.real, lambda g, y, x: to_complex(g, _zero(g.dtype)), lambda d: d.to_real())
imag = unary("imag", np.imag, lambda g, y, x: to_complex(_zero(g.dtype), g), lambda d: d.to_real())
to_complex: Primitive = binary("to_complex", special.to_complex,
                               lambda g, y, a, b: (real(g), imag(g)), lambda d: d.to_complex())

# ---- selection and conversion -------------------------------------------------------------------
select: Primitive = _elementwise(
    "select", special.select,
    lambda g, y, c, a, b: (None, select(c, g, _zero(g.dtype)), _zero_where(c, g)), typed=1)


def _cast_numpy(x: Any, dtype: dtype) -> Any:
    x = np.asarray(x)
    if x.dtype.kind == "c" and not dtype.is_complex:
        x = x.real
    if x.dtype.kind == "V" and dtype.category < 2:  # bfloat16, by way of float32 as PyTorch does
        x = x.astype(np.float32)
    if x.dtype.kind == "f" and dtype.category == 1 and dtype is not int64_:
        # What x86 makes of values out of range: the integers that C converts through.
        x = x.astype(np.int32 if dtype.is_signed else np.int64)
    return x.astype(dtype.numpy, copy=False)


int64_ = dtype.by_name["int64"]


def _cast_vjp(g: Sym, y: Sym, x: Sym, dtype: dtype) -> list[Sym | None]:
    if x.dtype.category < 2 or dtype.category < 2:
        return [None]
    if g.dtype.is_complex and not x.dtype.is_complex:
        g = real(g)
    return [cast(g, dtype=x.dtype)]


cast = Primitive("cast", "cast", _cast_numpy,
                 lambda s, dtype: spec(s.shape, dtype),
                 _cast_vjp)
stop_gradient = Primitive("stop_gradient", "elementwise", lambda x: x,
                          lambda s: spec(s.shape, s.dtype), lambda g, y, x: [None])
constant = Primitive(  # a 0-d constant known when the template is made
    "constant", "constant", lambda value, dtype: np.asarray(value, dtype.numpy),
    lambda value, dtype: spec((), dtype), lambda g, y, **params: [])


# ---- derivatives that do not fit a line ---------------------------------------------------------

def _tied(g: Sym, y: Sym, a: Sym, b: Sym) -> tuple[Sym, Sym]:
    """The gradient of the larger (or smaller) of two: halves at ties, to both where one is NaN."""
    half = select(a.eq(b), g * 0.5, g)
    return select(a.eq(y) | a.ne(a) | b.ne(b), half, _zero(g.dtype)), select(
        b.eq(y) | a.ne(a) | b.ne(b), half, _zero(g.dtype))


def _sign_vjp(g: Sym, y: Sym, x: Sym) -> Sym:
    if not x.dtype.is_complex:
        return _zeros(x)
    size = absolute(x)
    turned = g / to_complex(size, size * 0)
    radial = real(turned * conj(y))
    out: Sym = _zero_where(size.eq(0), turned - y * radial)
    return out


def _power_vjp(g: Sym, y: Sym, a: Sym, b: Sym) -> tuple[Sym, Sym]:
    slope = b * power(a, b - 1)
    ga = g * _conj(_zero_where(b.eq(0), slope))
    base_is_zero = (a.eq(0)) & (b >= 0) if not a.dtype.is_complex else a.eq(0)
    rate = y * log(a)
    gb = g * _conj(_zero_where(base_is_zero, rate))
    return ga, gb


def _atan2_vjp(g: Sym, a: Sym, b: Sym) -> tuple[Sym, Sym]:
    norm = a * a + b * b
    scaled = _zero_where(norm.eq(0), g / norm)
    return scaled * b, -scaled * a
