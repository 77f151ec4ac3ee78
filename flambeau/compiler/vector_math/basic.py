"""Roots, rounding, signs, remainders, neighbours and extremes."""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from .double_word import two_product
from .exponential import scale_by_power
from .lanes import INFINITY, NAN, Lanes


def rsqrt(x: Lanes) -> Lanes:
    """1 / √x."""
    return 1.0 / x.sqrt()


def sign(x: Lanes) -> Lanes:
    """-1, 0 or 1; 0 for NaN."""
    zero = x.constant(0.0)
    return (x > 0.0).select(x.constant(1.0), (x < 0.0).select(x.constant(-1.0), zero))


def _is_constant(x: Lanes) -> bool:
    return isinstance(x.value, ir.Constant)


def maximum(a: Lanes, b: Lanes) -> Lanes:
    """The larger; NaN where either is."""
    if _is_constant(b):  # the test of the constant folds away
        a, b = b, a
    return a.is_nan().select(a, (a > b).select(a, b))


def minimum(a: Lanes, b: Lanes) -> Lanes:
    """The smaller; NaN where either is."""
    if _is_constant(b):
        a, b = b, a
    return a.is_nan().select(a, (a < b).select(a, b))


def hypot(a: Lanes, b: Lanes) -> Lanes:
    """√(a² + b²) without overflow on the way; infinite where either is."""
    a, b = abs(a), abs(b)
    size = (a > b).select(a, b)
    power = float(2 ** (a.format.bias // 2 + a.format.precision))
    large, small = size > 1.0 / 2.0**-(a.format.bias // 2), size < 2.0**-(a.format.bias // 2)
    one = a.constant(1.0)
    down = large.select(one.constant(1.0 / power), small.select(one.constant(power), one))
    up = large.select(one.constant(power), small.select(one.constant(1.0 / power), one))
    x, y = a * down, b * down
    value = x.fma(x, y * y).sqrt() * up
    return (a.equals(INFINITY) | b.equals(INFINITY)).select(one.constant(INFINITY), value)


def nextafter(a: Lanes, b: Lanes) -> Lanes:
    """The neighbour of a on the way to b."""
    bits = a.as_integer()
    away = (b > a) ^ a.is_negative()
    moved = (bits + away.select(bits.constant(1), -1)).as_real()
    least = a.constant(0.0).as_integer() + 1
    moved = a.equals(0.0).select(least.as_real().copysign(b), moved)
    moved = a.equals(b).select(b, moved)
    return (a.is_nan() | b.is_nan()).select(a + b, moved)


# ---- remainders ---------------------------------------------------------------------------------

def _divided(r: Lanes, t: Lanes) -> Lanes:
    """r - floor(r / t) t for r >= 0 and a quotient below 2**53, exactly."""
    q = (r / t).trunc()
    if r.fused:
        rest = (-q).fma(t, r)
    else:
        product, error = two_product(q, t)
        rest = (r - product) - error
    return (rest < 0.0).select(rest + t, rest)  # the rounded quotient may be one too large


def _float_remainder(x: Lanes, y: Lanes) -> Lanes:
    """|x| modulo |y| of float32: 50 bits of the quotient at a time, in float64."""
    r, t = x.widened(), y.widened()
    for power in (250, 200, 150, 100, 50, 0):
        r = _divided(r, t * 2.0**power)
    return r.narrowed()


def _exponent(x: Lanes) -> Lanes:
    """The exponent of a positive number as an integer."""
    denormal = x < x.format.smallest
    lifted = denormal.select(x * float(2**60), x).as_integer() >> x.format.fraction
    return lifted - denormal.select(lifted.constant(60), 0)


def _any(mask: Lanes) -> ir.Value:
    """Whether a mask holds in some lane."""
    mask_type = mask.value.type
    if not isinstance(mask_type, ir.VectorType):
        return mask.value
    bits = mask.builder.bitcast(mask.value, ir.IntType(mask_type.count))
    return mask.builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))


def _remainder_function(module: ir.Module, value_type: ir.Type, fused: bool) -> ir.Function:
    """A function of the module with the loop of `_double_remainder`: one step for 51 bits."""
    count = value_type.count if isinstance(value_type, ir.VectorType) else 1
    name = f"flambeau.remainder.v{count}f64" + ("" if fused else ".plain")
    function = module.globals.get(name)
    if function is not None:
        return function
    function = ir.Function(module, ir.FunctionType(value_type, [value_type] * 2), name)
    function.linkage = "internal"
    entry, body, done = (function.append_basic_block(part) for part in ("entry", "body", "done"))
    builder = ir.IRBuilder(entry)
    first, y = (Lanes(builder, argument, fused) for argument in function.args)
    builder.cbranch(_any(first >= y), body, done)
    builder.position_at_end(body)
    r = Lanes(builder, builder.phi(value_type), fused)
    shift = _exponent(r) - _exponent(y) - 52
    moved = scale_by_power(y, (shift > 0).select(shift, 0))
    rest = (r >= y).select(_divided(r, moved), r)
    r.value.add_incoming(first.value, entry)
    r.value.add_incoming(rest.value, body)
    builder.cbranch(_any(rest >= y), body, done)
    builder.position_at_end(done)
    result = builder.phi(value_type)
    result.add_incoming(first.value, entry)
    result.add_incoming(rest.value, body)
    builder.ret(result)
    return function


def _double_remainder(x: Lanes, y: Lanes) -> Lanes:
    """|x| modulo |y| of float64, in a loop over as many bits as the quotient has."""
    large = y > 2.0**900
    factor = large.select(x.constant(2.0**-100), 1.0)
    regular = (x < INFINITY) & (y > 0.0) & (y < INFINITY)
    r = regular.select(x * factor, x.constant(0.0))
    t = regular.select(y * factor, x.constant(1.0))
    function = _remainder_function(x.builder.module, x.value.type, x.fused)
    out = Lanes(x.builder, x.builder.call(function, [r.value, t.value]), x.fused)
    return large.select(out * 2.0**100, out)


def fmod(x: Lanes, y: Lanes) -> Lanes:
    """What division rounded towards zero leaves, exactly; it has the sign of x."""
    part = _float_remainder if x.format.kind == "float" else _double_remainder
    size, divisor = abs(x), abs(y)
    value = part(size, divisor)
    value = (divisor > size).select(size, value).copysign(x)
    undefined = ~((size < INFINITY) & (divisor > 0.0))
    return undefined.select(x.constant(NAN), value)


def remainder(x: Lanes, y: Lanes) -> Lanes:
    """What division rounded down leaves; it has the sign of y, a zero that of x."""
    value = fmod(x, y)
    apart = ((value < 0.0) ^ (y < 0.0)) & ~value.equals(0.0)
    return apart.select(value + y, value)


FUNCTIONS: dict[str, Callable[..., Lanes]] = {
    "sqrt": Lanes.sqrt, "rsqrt": rsqrt, "reciprocal": lambda x: 1.0 / x,
    "floor": Lanes.floor, "ceil": Lanes.ceil, "trunc": Lanes.trunc,
    "round_even": Lanes.round_even, "sign": sign, "copysign": Lanes.copysign,
    "nextafter": nextafter, "maximum": maximum, "minimum": minimum, "hypot": hypot,
    "fmod": fmod, "remainder": remainder}
