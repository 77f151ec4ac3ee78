"""log, log2, log10, log1p and power, all from one logarithm that returns two words.

x = 2**e m with m in [√½, √2); log m = 2 atanh(s) = 2s + s³ (2/3 + s² R(s²)), s = (m-1) / (m+1).
"""

from __future__ import annotations

from collections.abc import Callable

from . import coefficients as table
from .double_word import (
    Pair,
    divide,
    multiply,
    quick_two_sum,
    scale,
    two_product,
    two_sum,
)
from .exponential import exp_of_pair
from .lanes import INFINITY, NAN, Lanes

_ROOT_HALF = 0.7071067811865476


def split_exponent(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """The exponent e and m in [√½, √2) with x = 2**e m for positive finite x; e as an integer.

    The integer is that of a normal x: denormal numbers are scaled up for it.
    """
    lift = float(2 ** x.format.precision)
    denormal = x < x.format.smallest
    scaled = denormal.select(x * lift, x)
    floor = x.constant(_ROOT_HALF).as_integer()
    moved = scaled.as_integer() - floor
    exponent = moved >> x.format.fraction
    m = (moved - (exponent << x.format.fraction) + floor).as_real()
    e = exponent.to_real() - denormal.select(x.constant(x.format.precision), 0.0)
    return e, m, exponent


def log_ratio(n: Pair, d: Pair) -> Pair:
    """2 atanh(n / d) for |n / d| <= 0.172."""
    kind = n[0].format.kind
    s = divide(n, d)
    z = multiply(s, s)
    first, second = table.TWO_THIRDS[kind][:2]
    head, error = quick_two_sum(z[0].constant(first), z[0] * z[0].polynomial(table.LOG[kind]))
    cube = multiply(s, multiply(z, (head, error + second)))
    head, error = quick_two_sum(s[0] + s[0], cube[0])
    return head, error + (cube[1] + (s[1] + s[1]))


def log_pair(x: Lanes, low: Lanes | None = None) -> tuple[Lanes, Pair]:
    """The exponent and the logarithm of the significand of x + low (positive and finite)."""
    e, m, exponent = split_exponent(x)
    f = m - 1.0
    if low is None:
        n: Pair = (f, f.constant(0.0))
    else:
        half = -exponent >> 1
        power = half.power_of_two(x), (-exponent - half).power_of_two(x)
        n = two_sum(f, low * power[0] * power[1])
    head, error = quick_two_sum(f.constant(2.0), n[0])
    return e, log_ratio(n, (head, error + n[1]))


def natural(x: Lanes, low: Lanes | None = None, more: Lanes | None = None) -> Pair:
    """log(x + low) + more log 2, as two words."""
    e, (head, error) = log_pair(x, low)
    e = e if more is None else e + more
    first, second = table.LOG_2_SHORT[x.format.kind]
    high, rest = quick_two_sum(e * first, head)
    return quick_two_sum(high, e.fma(second, rest + error))


def _with_limits(x: Lanes, value: Lanes) -> Lanes:
    """The limits of a logarithm: -∞ at 0, ∞ at ∞, NaN below 0."""
    out = (x < INFINITY).select(value, x)
    out = x.equals(0.0).select(x.constant(-INFINITY), out)
    return (x < 0.0).select(x.constant(NAN), out)


def _plain(x: Lanes, low: Lanes | None = None) -> Lanes:
    """log(x + low) in one word: log(1 + f) = f - (f²/2 - s (f²/2 + s² (2/3 + ...)))."""
    kind = x.format.kind
    e, m, _ = split_exponent(x)
    f = m - 1.0
    s = f / (m + 1.0)
    z = s * s
    half = f * f * 0.5
    rest = z * z.fma(z.polynomial(table.LOG[kind]), table.TWO_THIRDS[kind][0])
    first, second = table.LOG_2_SHORT[kind]
    correction = e * second if low is None else e.fma(second, low / x)
    return e.fma(first, f - (half - s.fma(half + rest, correction)))


def log(x: Lanes) -> Lanes:
    """The natural logarithm."""
    return _with_limits(x, _plain(x))


def log2(x: Lanes) -> Lanes:
    """The logarithm to base 2; exact for powers of two."""
    e, part = log_pair(x)
    head, error = scale(part, table.LOG2_E[x.format.kind])
    high, rest = quick_two_sum(e, head)
    return _with_limits(x, high + (rest + error))


def log10(x: Lanes) -> Lanes:
    """The logarithm to base 10."""
    e, part = log_pair(x)
    kind = x.format.kind
    head, error = scale(part, table.LOG10_E[kind])
    first, second = table.LOG10_2_SHORT[kind]
    high, rest = quick_two_sum(e * first, head)
    return _with_limits(x, high + e.fma(second, rest + error))


def log1p(x: Lanes) -> Lanes:
    """log(1 + x)."""
    head, error = two_sum(x.constant(1.0), x)
    value = _plain(head, error)
    value = (abs(x) < 2.0 ** -x.format.precision).select(x, value)
    out = (x < INFINITY).select(value, x)
    out = x.equals(-1.0).select(x.constant(-INFINITY), out)
    return (x < -1.0).select(x.constant(NAN), out)


def _parity(y: Lanes) -> tuple[Lanes, Lanes]:
    """Whether y is an integer, and whether it is an odd one."""
    half = y * 0.5
    whole = y.trunc().equals(y)
    return whole, whole & ~half.trunc().equals(half)


def power(x: Lanes, y: Lanes) -> Lanes:
    """x**y with the special cases of IEEE 754."""
    size = abs(x)
    limit = float(2 ** (40 if x.format.kind == "float" else 70))  # 0, 1 or ∞ whatever x is
    bounded = y.at_least(-limit).at_most(limit)
    high, low = natural(size)
    exponent, error = two_product(bounded, high)
    value = exp_of_pair((exponent, bounded.fma(low, error)))
    extreme = size.equals(0.0) | size.equals(INFINITY) | abs(y).equals(INFINITY)
    grows = (size > 1.0) ^ (y < 0.0)
    value = extreme.select(grows.select(x.constant(INFINITY), 0.0), value)
    whole, odd = _parity(y)
    outside = (x < 0.0) & (x > -INFINITY) & ~whole
    value = outside.select(x.constant(NAN), value)
    value = (odd & x.is_negative()).select(-value, value)
    value = (x.is_nan() | y.is_nan()).select(x + y, value)
    one = y.equals(0.0) | x.equals(1.0) | (x.equals(-1.0) & abs(y).equals(INFINITY))
    return one.select(x.constant(1.0), value)


FUNCTIONS: dict[str, Callable[..., Lanes]] = {
    "log": log, "log2": log2, "log10": log10, "log1p": log1p, "power": power}
