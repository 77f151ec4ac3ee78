"""exp, exp2, expm1 and sigmoid.

exp(x) = 2**k exp(r), where k is the integer nearest to x / log 2, and |r| <= log(2) / 2, so that
exp(r) = 1 + r + r² P(r). 2**k is applied as two factors: results below the normal numbers are
rounded once, and overflow gives infinity by itself.
"""

from __future__ import annotations

from collections.abc import Callable

from . import coefficients as table
from .double_word import Pair, product_error, quick_two_sum, total, two_sum
from .lanes import Lanes

# Arguments beyond which exp (and cosh) and 2** are 0 or infinity.
_EXP_RANGE = {"float": (-104.0, 89.6), "double": (-746.0, 710.6)}
_EXP2_RANGE = {"float": (-150.5, 128.0), "double": (-1075.5, 1024.0)}
_EXPM1_LOW = {"float": -18.0, "double": -38.0}  # expm1 is -1 from here on


def scale_by_power(value: Lanes, exponent: Lanes) -> Lanes:
    """value * 2**exponent, for integer exponents up to twice the range of the type."""
    half = exponent >> 1
    return value * half.power_of_two(value) * (exponent - half).power_of_two(value)


def reduced(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """The integer k and the pair r with x = k log 2 + r."""
    kind = x.format.kind
    k, integer = (x * table.LOG2_E[kind][0]).nearest()
    first, second = table.LOG_2_SHORT[kind]
    coarse = (-k).fma(first, x)
    r = (-k).fma(second, coarse)
    return integer, r, (-k).fma(second, coarse - r)


def tail(r: Lanes, low: Lanes) -> Lanes:
    """exp(r + low) - 1 - r."""
    return (r * r).fma(r.polynomial(table.EXP[r.format.kind]), low)


def clamp(x: Lanes) -> Lanes:
    """x within the range where exp is neither 0 nor infinity."""
    low, high = _EXP_RANGE[x.format.kind]
    return x.at_least(low).at_most(high)


def exp(x: Lanes) -> Lanes:
    """e**x.

    Where the result is 0 (masked scores), nothing may underflow on the way: that costs a hundred
    times an ordinary operation.
    """
    vanishes = x < _EXP_RANGE[x.format.kind][0]
    k, r, low = reduced(vanishes.select(x.constant(0.0), clamp(x)))
    return vanishes.select(x.constant(0.0), scale_by_power(1.0 + (r + tail(r, low)), k))


def exp_pair(x: Pair) -> tuple[Pair, Lanes]:
    """exp of a pair within range, as a pair in [0.7, 1.5] and an exponent of two."""
    k, r, low = reduced(x[0])
    r, low = two_sum(r, low + x[1])
    head, error = quick_two_sum(r.constant(1.0), r)
    return quick_two_sum(head, error + tail(r, low.fma(r, low))), k


def exp_of_pair(x: Pair) -> Lanes:
    """exp of a pair, with 0 and infinity beyond the range."""
    high = clamp(x[0])
    value, k = exp_pair((high, high.equals(x[0]).select(x[1], 0.0)))
    return scale_by_power(total(value), k)


def exp2(x: Lanes) -> Lanes:
    """2**x."""
    low, high = _EXP2_RANGE[x.format.kind]
    bounded = x.at_least(low).at_most(high)
    k, integer = bounded.nearest()
    r = bounded - k
    kind = x.format.kind
    first, second = table.LOG_2[kind][:2]
    rest = (r * r).fma(r.polynomial(table.EXP2[kind]), r * second)
    return scale_by_power(1.0 + r.fma(first, rest), integer)


def expm1_pair(x: Lanes) -> tuple[Pair, Lanes]:
    """(exp(x) - 1) / 4 as a pair; the mask says where it is too small for this way."""
    bounded = clamp(x).at_least(_EXPM1_LOW[x.format.kind])
    k, r, low = reduced(bounded)
    quarter = (k - 2).power_of_two(x)
    head, error = two_sum(quarter - 0.25, quarter * r)
    tiny = abs(x) < 2.0 ** -x.format.precision
    return quick_two_sum(head, quarter.fma(tail(r, low), error)), tiny


def expm1(x: Lanes) -> Lanes:
    """e**x - 1."""
    value, tiny = expm1_pair(x)
    return tiny.select(x, total(value) * 4.0)


def sigmoid(x: Lanes) -> Lanes:
    """1 / (1 + exp(-x)), as exp(x) / (1 + exp(x)) for negative x."""
    small = exp(-abs(x))
    head, error = quick_two_sum(x.constant(1.0), small)
    inverse = 1.0 / head
    upper = (x < 0.0).select(small, 1.0)
    quotient = upper * inverse
    product = quotient * head
    rest = (upper - product) - product_error(quotient, head, product)
    return (rest - quotient * error).fma(inverse, quotient)


FUNCTIONS: dict[str, Callable[..., Lanes]] = {
    "exp": exp, "exp2": exp2, "expm1": expm1, "sigmoid": sigmoid}
