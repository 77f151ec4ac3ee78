"""Elementary and special functions, element by element; a row each where they are of one kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import return_types
from ..autograd.record import Value, op, write_out
from ..dtype import bool_, finfo, get_default_dtype
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from .calling import not_implemented
from .overload import tensor_only

Body = Callable[[Any], Any]


def floating(x: Any) -> Any:
    """x, or x in the default floating-point dtype where it is integral."""
    return ar.astype(x, get_default_dtype()) if x.dtype.category < 2 else x


def _row(name: str, body: Body, sentence: str, given: str, gives: str, grad: str | None = None,
         real: str = "", integers: bool = False) -> Any:
    """A public function of one tensor.

    Args:
        name: its name in PyTorch.
        body: its meaning on a symbolic value.
        sentence: what it is; the first line of the docstring.
        given, gives: the example: elements of the input, and how the result prints.
        grad: class name of its tape entries. Default: from the name.
        real: name of the kernel that refuses complex numbers; empty where they are allowed.
        integers: whether integers stay integers (else they are taken in the default dtype).
    """
    def function(input: Value) -> Any:
        x = tensor_only(input, name)
        if real and x.dtype.is_complex:
            raise not_implemented(real, x.dtype)
        return body(x if integers else floating(x))
    function.__name__ = function.__qualname__ = name
    function.__doc__ = (f"{sentence}\n\n    Args:\n        input: a tensor of any shape.\n\n"
                        "    Returns:\n        a tensor of that shape.\n\n    Example:\n"
                        "        >>> import flambeau as torch\n"
                        f"        >>> torch.{name}(torch.tensor({given}))\n        {gives}\n\n"
                        f"    Source: torch.{name}.\n    ")
    return op(function, grad=grad, out=True)


# ---- exponentials, logarithms, roots ------------------------------------------------------------
exp = _row("exp", ew.exp, "e to the power of each element.", "[0., 1.]",
           "tensor([1.0000, 2.7183])")
exp2 = _row("exp2", ew.exp2, "2 to the power of each element.", "[0., 3.]", "tensor([1., 8.])")
expm1 = _row("expm1", ew.expm1, "e^x - 1, exact for small x.", "[0., 1.]",
             "tensor([0.0000, 1.7183])")
log = _row("log", ew.log, "The natural logarithm.", "[1., 10.]", "tensor([0.0000, 2.3026])")
log2 = _row("log2", ew.log2, "The logarithm to the base 2.", "[1., 8.]", "tensor([0., 3.])")
log10 = _row("log10", ew.log10, "The logarithm to the base 10.", "[1., 100.]", "tensor([0., 2.])")
log1p = _row("log1p", ew.log1p, "log(1 + x), exact for small x.", "[0., 1.]",
             "tensor([0.0000, 0.6931])", grad="Log1PBackward0")
sqrt = _row("sqrt", ew.sqrt, "The square root.", "[4., 9.]", "tensor([2., 3.])")
rsqrt = _row("rsqrt", ew.rsqrt, "One over the square root.", "[4., 16.]",
             "tensor([0.5000, 0.2500])")
reciprocal = _row("reciprocal", ew.reciprocal, "One over each element.", "[2., 4.]",
                  "tensor([0.5000, 0.2500])")
sigmoid = _row("sigmoid", ew.sigmoid, "1 / (1 + e^-x).", "[0., 1.]", "tensor([0.5000, 0.7311])")

# ---- trigonometric and hyperbolic ---------------------------------------------------------------
sin = _row("sin", ew.sin, "The sine.", "[0., 1.]", "tensor([0.0000, 0.8415])")
cos = _row("cos", ew.cos, "The cosine.", "[0., 1.]", "tensor([1.0000, 0.5403])")
tan = _row("tan", ew.tan, "The tangent.", "[0., 1.]", "tensor([0.0000, 1.5574])")
asin = arcsin = _row("asin", ew.asin, "The inverse sine, in [-π/2, π/2].", "[0., 1.]",
                     "tensor([0.0000, 1.5708])")
acos = arccos = _row("acos", ew.acos, "The inverse cosine, in [0, π].", "[0., 1.]",
                     "tensor([1.5708, 0.0000])")
atan = arctan = _row("atan", ew.atan, "The inverse tangent, in (-π/2, π/2).", "[0., 1.]",
                     "tensor([0.0000, 0.7854])")
sinh = _row("sinh", ew.sinh, "The hyperbolic sine.", "[0., 1.]", "tensor([0.0000, 1.1752])")
cosh = _row("cosh", ew.cosh, "The hyperbolic cosine.", "[0., 1.]", "tensor([1.0000, 1.5431])")
tanh = _row("tanh", ew.tanh, "The hyperbolic tangent.", "[0., 1.]", "tensor([0.0000, 0.7616])")
asinh = arcsinh = _row("asinh", ew.asinh, "The inverse hyperbolic sine.", "[0., 1.]",
                       "tensor([0.0000, 0.8814])")
acosh = arccosh = _row("acosh", ew.acosh, "The inverse hyperbolic cosine.", "[1., 2.]",
                       "tensor([0.0000, 1.3170])")
atanh = arctanh = _row("atanh", ew.atanh, "The inverse hyperbolic tangent.", "[0., 0.5]",
                       "tensor([0.0000, 0.5493])")


def _scaled(name: str, factor: float) -> Body:
    def body(x: Any) -> Any:
        if x.dtype.is_complex:
            raise RuntimeError(f"{name} is not supported for complex tensors.")
        return x * factor
    return body


deg2rad = _row("deg2rad", _scaled("deg2rad", math.pi / 180), "Degrees as radians.", "[0., 180.]",
               "tensor([0.0000, 3.1416])", grad="Deg2RadBackward0")
rad2deg = _row("rad2deg", _scaled("rad2deg", 180 / math.pi), "Radians as degrees.", "[0., 1.]",
               "tensor([ 0.0000, 57.2958])", grad="Rad2DegBackward0")


def _sinc(x: Any) -> Any:
    turned = x * math.pi
    nonzero = ar.where(x.eq(0), ar.literal(1, x.dtype), turned)
    return ar.where(x.eq(0), turned * 0 + 1, ew.sin(turned) / nonzero)


sinc = _row("sinc", _sinc, "sin(πx) / (πx), which is 1 at 0.", "[0., 0.5]",
            "tensor([1.0000, 0.6366])")

# ---- special functions --------------------------------------------------------------------------
erf = _row("erf", ew.erf, "The error function.", "[0., 1.]", "tensor([0.0000, 0.8427])",
           real="erf_vml_cpu")
erfc = _row("erfc", ew.erfc, "1 - erf(x), exact for large x.", "[0., 1.]",
            "tensor([1.0000, 0.1573])", real="erfc_vml_cpu")
erfinv = _row("erfinv", ew.erfinv, "The inverse of the error function.", "[0., 0.5]",
              "tensor([0.0000, 0.4769])", real="erfinv_vml_cpu")
lgamma = _row("lgamma", ew.lgamma, "The logarithm of |Γ(x)|.", "[1., 4.]",
              "tensor([0.0000, 1.7918])", real="lgamma_vml_cpu")
digamma = _row("digamma", ew.digamma, "The derivative of log Γ(x).", "[1., 2.]",
               "tensor([-0.5772,  0.4228])", real="digamma")
i0 = _row("i0", ew.i0, "The modified Bessel function of the first kind, order 0.", "[0., 1.]",
          "tensor([1.0000, 1.2661])", real="i0_vml_cpu")


@op(name="polygamma", grad="PolygammaBackward0", out=True)
def polygamma(n: int, input: Value) -> Any:
    """The n-th derivative of digamma.

    Args:
        n: the order, at least 0.
        input: a tensor of any shape.

    Raises:
        RuntimeError: for a negative order.

    Example:
        >>> import flambeau as torch
        >>> torch.polygamma(1, torch.tensor([1., 0.5]))
        tensor([1.6449, 4.9348])

    Source: torch.polygamma.
    """
    if not isinstance(n, int):
        raise TypeError("polygamma(): argument 'n' (position 1) must be int, not "
                        f"{type(n).__name__}")
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return ew.polygamma(floating(input), n=n)


@op(out=True)
def mvlgamma(input: Value, p: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension p.

    p(p - 1)/4 · log π + Σ_j log Γ(input - (j - 1)/2), j = 1, …, p

    Args:
        input: a tensor of any shape.
        p: the dimension, at least 1.

    Example:
        >>> import flambeau as torch
        >>> torch.mvlgamma(torch.tensor([3., 4.]), 2)
        tensor([1.5502, 3.5651])

    Source: torch.mvlgamma.
    """
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    x = floating(input)
    out = x * 0 + p * (p - 1) / 4 * math.log(math.pi)
    for j in range(p):
        out = out + ew.lgamma(x - j / 2)
    return out


@op(out=True)
def logit(input: Value, eps: float | None = None) -> Any:
    """log(x / (1 - x)), the inverse of sigmoid.

    Args:
        input: a tensor of probabilities.
        eps: if given, input is first limited to [eps, 1 - eps]. Default: None.

    Example:
        >>> import flambeau as torch
        >>> torch.logit(torch.tensor([0.5, 0.75]))
        tensor([0.0000, 1.0986])

    Source: torch.logit.
    """
    x = floating(tensor_only(input, "logit"))
    if x.dtype.is_complex:
        raise not_implemented("logit_cpu", x.dtype)
    if eps is not None:
        x = ar.where(x < eps, eps, ar.where(x > 1 - eps, 1 - eps, x))
    return ew.log(x / (1 - x))


# ---- sign, rounding -----------------------------------------------------------------------------

def _whole(prim: Any, kernel: str) -> Body:
    """A rounding: integers are whole already."""
    def body(x: Any) -> Any:
        if x.dtype.is_complex and "_vml" in kernel:
            raise NotImplementedError(f"{kernel.split('_')[0]} is not supported for complex inputs")
        if x.dtype is bool_ and "_vml" in kernel:
            raise not_implemented(kernel, x.dtype)
        return x if x.dtype.category == 1 else prim(x)
    return body


_DECIMALS = "[-1.5, 0.4, 2.5]"
floor = _row("floor", _whole(ew.floor, "floor_vml_cpu"), "The next integer below.", _DECIMALS,
             "tensor([-2.,  0.,  2.])", integers=True)
ceil = _row("ceil", _whole(ew.ceil, "ceil_vml_cpu"), "The next integer above.", _DECIMALS,
            "tensor([-1.,  1.,  3.])", integers=True)
trunc = fix = _row("trunc", _whole(ew.trunc, "trunc_vml_cpu"), "The integer part.", _DECIMALS,
                   "tensor([-1.,  0.,  2.])", integers=True)


def _frac(x: Any) -> Any:
    if x.dtype.category < 2:
        raise not_implemented("frac_cpu", x.dtype)
    return x - ew.trunc(x)


frac = _row("frac", _frac, "The part after the point, with the sign of x.", _DECIMALS,
            "tensor([-0.5000,  0.4000,  0.5000])", real="frac_cpu", integers=True)


def _sign(x: Any) -> Any:
    if x.dtype.is_complex:
        raise NotImplementedError("Unlike NumPy, torch.sign is not intended to support complex "
                                  "numbers. Please use torch.sgn instead.")
    return ew.sign(x)


sign = _row("sign", _sign, "-1, 0 or 1.", "[-3., 0., 2.]", "tensor([-1.,  0.,  1.])",
            integers=True)
sgn = _row("sgn", ew.sign, "The sign; x / |x| for complex numbers.", "[-3., 0., 2.]",
           "tensor([-1.,  0.,  1.])", integers=True)


def _absolute(x: Any) -> Any:
    if x.dtype is bool_:
        raise not_implemented("abs_cpu", x.dtype)
    return ew.absolute(x)


abs = absolute = _row("abs", _absolute, "The absolute value.", "[-3., 2.]", "tensor([3., 2.])",
                      integers=True)


@op(name="round", grad=lambda specs, static: f"RoundBackward{int(static[0] != 0)}", out=True)
def round(input: Value, *, decimals: int = 0) -> Any:
    """The nearest integer (the even one of two), or the nearest number of some decimals.

    Args:
        input: a tensor of any shape.
        decimals: digits kept after the point; negative: rounded before it. Default: 0.

    Example:
        >>> import flambeau as torch
        >>> torch.round(torch.tensor([0.5, 1.5, 2.6]))
        tensor([0., 2., 3.])

    Source: torch.round.
    """
    if not decimals:
        return _whole(ew.round_even, "round_vml_cpu")(tensor_only(input, "round"))
    if input.dtype.category != 2:
        raise not_implemented("round_cpu", input.dtype)
    if decimals > 0:
        return ew.round_even(input * 10.0**decimals) / 10.0**decimals
    return ew.round_even(input / 10.0**-decimals) * 10.0**-decimals


@op(out=True, widen=False)
def nan_to_num(input: Value, nan: Value = None, posinf: Value = None, neginf: Value = None) -> Any:
    """Replace NaN and infinities by numbers.

    Args:
        input: a tensor of any shape.
        nan: replaces NaN. Default: None, which is 0.
        posinf: replaces +∞. Default: None, which is the largest number of the dtype.
        neginf: replaces -∞. Default: None, which is the smallest number of the dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.nan_to_num(torch.tensor([float("nan"), float("inf"), 1.]), posinf=9)
        tensor([0., 9., 1.])

    Source: torch.nan_to_num.
    """
    d = tensor_only(input, "nan_to_num").dtype
    if d.category < 2:
        return input
    if d.is_complex:
        parts = [_finite(p, nan, posinf, neginf) for p in (ew.real(input), ew.imag(input))]
        return ew.to_complex(*parts)
    return _finite(input, nan, posinf, neginf)


def _finite(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    limit = finfo(x.dtype)
    for test, value, default in ((x.ne(x), nan, 0.0), (x.eq(math.inf), posinf, limit.max),
                                 (x.eq(-math.inf), neginf, limit.min)):
        new = ar.literal(default, x.dtype) if value is None else ar.astype(value, x.dtype)
        x = ew.select(test, new, x)
    return x


def _limited(input: Any, min: Any, max: Any) -> Any:
    bounds = [b for b in (min, max) if b is not None]
    d = ar.result_type(input, *bounds)
    if d is bool_ and bounds[0].spec.weak:
        raise not_implemented("clamp_min_scalar_cpu", d)
    if d.is_complex:
        raise NotImplementedError("clamp is not supported for complex types")
    x = ar.astype(input, d)
    if min is not None:
        low = ar.astype(min, d)
        x = ar.where(_beyond(x < low, low, min), low, x)
    if max is not None:
        high = ar.astype(max, d)
        x = ar.where(_beyond(x > high, high, max), high, x)
    return x


def _beyond(outside: Any, bound: Any, given: Any) -> Any:
    """Where the bound counts: beyond it, and where a bound of a tensor is NaN."""
    if given.spec.weak or bound.dtype.category < 2:
        return outside
    return outside | bound.ne(bound)


def _clamp_name(name: str) -> Any:
    def grad(specs: Any, static: Any) -> str:
        scalar = all(s is None or s.weak for s in specs[1:])
        if name == "Clamp":
            return f"ClampBackward{int(scalar)}"
        return f"{name}Backward{int(not scalar)}"
    return grad


@op(name="clamp", grad=_clamp_name("Clamp"), out=True)
def clamp(input: Value, min: Value = None, max: Value = None) -> Any:
    """Limit each element to [min, max].

    The gradient passes where min ≤ x ≤ max, the bounds included.

    Args:
        input: a tensor of any shape.
        min, max: the bounds, numbers or tensors; None: no bound. Default: None.

    Raises:
        RuntimeError: where both are None.

    Example:
        >>> import flambeau as torch
        >>> torch.clamp(torch.tensor([-2., 0.5, 3.]), min=-1, max=1)
        tensor([-1.0000,  0.5000,  1.0000])

    Source: torch.clamp.
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if min is not None and max is not None and min.spec.weak != max.spec.weak:
        kinds = ["Number" if x.spec.weak else "Tensor" for x in (min, max)]
        raise TypeError(
            "clamp() received an invalid combination of arguments - got (Tensor, min="
            f"{kinds[0]}, max={kinds[1]}), but expected one of:\n * (Tensor input, Tensor min = "
            "None, Tensor max = None, *, Tensor out = None)\n * (Tensor input, Number min = None, "
            "Number max = None, *, Tensor out = None)\n")
    return _limited(tensor_only(input, "clamp"), min, max)


clip = clamp


@op(name="clamp_min", grad=_clamp_name("ClampMin"), out=True)
def clamp_min(input: Value, min: Value) -> Any:
    """Each element, but at least `min`."""
    return _limited(input, min, None)


@op(name="clamp_max", grad=_clamp_name("ClampMax"), out=True)
def clamp_max(input: Value, max: Value) -> Any:
    """Each element, but at most `max`."""
    return _limited(input, None, max)


# ---- two operands -------------------------------------------------------------------------------

def _pair_row(name: str, body: Callable[[Any, Any], Any], sentence: str, given: str, gives: str,
              grad: str | None = None, second: str = "other", integers: str = "") -> Any:
    """A public function of two tensors; `integers`: "keep", or the kernel that refuses them."""
    def function(input: Value, other: Value) -> Any:
        tensor_only(input, name)
        tensor_only(other, name, second, 2)
        d = ar.result_type(input, other)
        if d.is_complex and integers != "keep" and name not in ("logaddexp", "ldexp"):
            raise not_implemented(f"{name}_cpu", d)
        if d.category < 2 and integers != "keep":
            if integers:
                raise not_implemented(integers, d)
            d = get_default_dtype()
        return body(*ar.operands(input, other, d=d))
    function.__name__ = function.__qualname__ = name
    function.__doc__ = (f"{sentence}\n\n    Args:\n        input, other: tensors whose shapes "
                        "broadcast.\n\n    Example:\n        >>> import flambeau as torch\n"
                        f"        >>> torch.{name}({given})\n        {gives}\n\n"
                        f"    Source: torch.{name}.\n    ")
    return op(function, grad=grad, out=True)


def _extreme(name: str, prim: Any) -> Callable[[Any, Any], Any]:
    def body(a: Any, b: Any) -> Any:
        if a.dtype.is_complex:
            raise RuntimeError(f"{name} not implemented for complex tensors.")
        return prim(a, b)
    return body


def _logaddexp(exponential: Any, logarithm: Any) -> Callable[[Any, Any], Any]:
    def body(a: Any, b: Any) -> Any:
        if a.dtype.is_complex:
            first = ew.real(a) >= ew.real(b)
            high, low = ew.select(first, a, b), ew.select(first, b, a)
            return high + logarithm(exponential(low - high))
        gap = ew.absolute(a - b)
        same = a.eq(b) & ew.absolute(a).eq(math.inf)
        return ew.select(same, a, ew.maximum(a, b) + logarithm(exponential(-gap)))
    return body


_TWO = "torch.tensor([1., 4.]), torch.tensor([2., 3.])"
maximum = _pair_row("maximum", _extreme("maximum", ew.maximum),
                    "The larger of two elements; NaN wins; a tie halves the gradient.", _TWO,
                    "tensor([2., 4.])", integers="keep")
minimum = _pair_row("minimum", _extreme("minimum", ew.minimum),
                    "The smaller of two elements; NaN wins; a tie halves the gradient.", _TWO,
                    "tensor([1., 3.])", integers="keep")
fmax = _pair_row("fmax", _extreme("fmax", lambda a, b: ew.select((a >= b) | b.ne(b), a, b)),
                 "The larger of two elements; a number wins over NaN.", _TWO, "tensor([2., 4.])",
                 integers="keep")
fmin = _pair_row("fmin", _extreme("fmin", lambda a, b: ew.select((a <= b) | b.ne(b), a, b)),
                 "The smaller of two elements; a number wins over NaN.", _TWO, "tensor([1., 3.])",
                 integers="keep")
atan2 = arctan2 = _pair_row("atan2", ew.atan2, "The angle of the point (other, input), in [-π, π].",
                            _TWO, "tensor([0.4636, 0.9273])")
hypot = _pair_row("hypot", ew.hypot, "√(input² + other²), without overflow.", _TWO,
                  "tensor([2.2361, 5.0000])", integers="hypot_cpu")
nextafter = _pair_row("nextafter", ew.nextafter, "The next number after input, towards other.",
                      "torch.tensor([1.]), torch.tensor([2.])", "tensor([1.0000])",
                      integers="nextafter_cpu")
logaddexp = _pair_row("logaddexp", _logaddexp(ew.exp, ew.log1p), "log(e^input + e^other).", _TWO,
                      "tensor([2.3133, 4.3133])", integers="logaddexp_cpu")
logaddexp2 = _pair_row("logaddexp2", _logaddexp(
    ew.exp2, lambda x: ew.log1p(x) * (1 / math.log(2))), "log₂(2^input + 2^other).", _TWO,
    "tensor([2.5850, 4.5850])", integers="logaddexp2_cpu")
ldexp = _pair_row("ldexp", lambda a, b: a * ew.power(ar.literal(2, a.dtype), b), "input · 2^other.",
                  _TWO, "tensor([ 4., 32.])")


@op(grad=lambda specs, static: f"CopysignBackward{int(specs[1].weak)}", out=True)
def copysign(input: Value, other: Value) -> Any:
    """The size of `input` with the sign of `other`.

    Example:
        >>> import flambeau as torch
        >>> torch.copysign(torch.tensor([1., -2.]), -0.0)
        tensor([-1., -2.])

    Source: torch.copysign.
    """
    d = ar.result_type(tensor_only(input, "copysign"), other)
    if d.is_complex:
        raise not_implemented("copysign_cpu", d)
    return ew.copysign(*ar.operands(input, other, d=d if d.category > 1 else get_default_dtype()))


@op(grad="NotImplemented", out=True, widen=False)
def heaviside(input: Value, values: Value) -> Any:
    """0 below zero, 1 above, `values` at zero.

    Example:
        >>> import flambeau as torch
        >>> torch.heaviside(torch.tensor([-1., 0., 2.]), torch.tensor(0.5))
        tensor([0.0000, 0.5000, 1.0000])

    Source: torch.heaviside.
    """
    tensor_only(input, "heaviside")
    if tensor_only(values, "heaviside", "values", 2).dtype is not input.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    x, at_zero = ar.operands(input, values)
    step = ar.astype(x > 0, x.dtype)
    return ew.select(x.eq(0), at_zero, ew.select(x.ne(x), x, step))


def _xlogy_name(specs: Any, static: Any) -> str:
    return f"XlogyBackward{1 if specs[0].weak else 2 if specs[1].weak else 0}"


@op(name="xlogy", grad=_xlogy_name, out=True)
def xlogy(input: Value, other: Value) -> Any:
    """input · log(other), which is 0 where input is 0.

    Example:
        >>> import flambeau as torch
        >>> torch.xlogy(torch.tensor([0., 2.]), torch.tensor([0., 3.]))
        tensor([0.0000, 2.1972])

    Source: torch.xlogy.
    """
    d = ar.result_type(input, other)
    if d.is_complex:
        raise not_implemented("xlogy_cpu", d)
    x, y = ar.operands(input, other, d=d if d.category > 1 else get_default_dtype())
    silent = x.eq(0) & ((y <= 0) | y.eq(math.inf))
    safe = ar.where(silent, ar.literal(1, x.dtype), y)
    return ar.where(silent, ar.literal(0, x.dtype), x * ew.log(safe))


# ---- two results --------------------------------------------------------------------------------

@op(name="frexp", grad="FrexpBackward0")
def decompose(input: Value) -> Any:
    """The mantissa in [0.5, 1) and the exponent of each element, as a pair."""
    if input.dtype.category != 2:
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    exponent = ew.exponent(input)
    scale = ew.power(ar.literal(2, input.dtype), ar.astype(-exponent, input.dtype))
    return input * ew.stop_gradient(scale), exponent



def frexp(input: Any, *, out: Any = None) -> Any:
    """Split each element into a mantissa in [0.5, 1) and a power of two.

    Returns:
        the named pair (mantissa, exponent), the exponent in int32.

    Example:
        >>> import flambeau as torch
        >>> torch.frexp(torch.tensor([3., 8.])).mantissa
        tensor([0.7500, 0.5000])

    Source: torch.frexp.
    """
    pair = decompose(input)
    return return_types.frexp(pair if out is None else write_out(out, pair))
