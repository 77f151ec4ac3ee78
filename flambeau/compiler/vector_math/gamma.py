"""lgamma and digamma, in float64 (float32 by way of it).

Arguments below 8 are moved up by the recurrence, in two words because the sum cancels; then follows
Stirling's series. Around their zeros on the positive axis the functions are polynomials. Around
the zeros on the negative axis the error is small against the terms, not against the result.
"""

from __future__ import annotations

from collections.abc import Callable

from . import coefficients as table
from .double_word import Pair, add, divide, multiply, polynomial_pair, scale, total, two_sum
from .lanes import INFINITY, NAN, Lanes
from .logarithm import log, natural
from .trigonometric import sin_cos_pi

_FIRST = 8    # where the series begin
_NEAR = 0.25  # how far the polynomials around zeros reach
_TINY = 2.0**-60
_LAST = 2.556348163871691e305  # log Γ overflows beyond
_HALF_LOG_2_PI = table.HALF_LOG_2_PI["double"]


def _pair(x: Lanes, words: tuple[float, ...]) -> Pair:
    return x.constant(words[0]), x.constant(words[1])


def _choose(mask: Lanes, then: Pair, other: Pair) -> Pair:
    return mask.select(then[0], other[0]), mask.select(then[1], other[1])


def _negated(a: Pair) -> Pair:
    return -a[0], -a[1]


def _moved_up(x: Lanes) -> tuple[Pair, list[tuple[Lanes, Pair]]]:
    """x + n >= 8, and the terms x, x + 1, ... below it with the masks where they count."""
    steps = []
    moved: Pair = x, x.constant(0.0)
    for i in range(_FIRST):
        below = x < float(_FIRST - i)
        steps.append((below, two_sum(x.constant(float(i)), x)))
        moved = _choose(below, two_sum(x.constant(float(i + 1)), x), moved)
    return moved, steps


def _lgamma_positive(x: Lanes) -> Pair:
    """log Γ for x > 0."""
    one = x.constant(1.0)
    z, steps = _moved_up(x)
    product: Pair = one, x.constant(0.0)
    for below, term in steps:
        product = _choose(below, multiply(product, term), product)
    inverse = 1.0 / z[0]
    series = (inverse * inverse).polynomial(table.STIRLING["double"]) * inverse
    value = multiply(add(z, (one * -0.5, one * 0.0)), natural(*z))
    value = add(value, _negated(z))
    value = add(value, (x.constant(_HALF_LOG_2_PI[0]), series + _HALF_LOG_2_PI[1]))
    value = add(value, _negated(natural(*product)))
    for centre, coefficients in ((1.0, table.LGAMMA_ONE), (2.0, table.LGAMMA_TWO)):
        t = x - centre
        near = multiply((t, x.constant(0.0)), polynomial_pair(t, coefficients["double"]))
        value = _choose(abs(t) <= _NEAR, near, value)
    return value


def _lgamma_double(x: Lanes) -> Lanes:
    size = abs(x)
    bounded = size.at_least(_TINY).at_most(_LAST)
    positive = _lgamma_positive(bounded)
    sine, _ = sin_cos_pi(bounded)
    area = multiply(sine, (bounded, bounded.constant(0.0)))  # Γ(x) Γ(-x) = -π / (x sin πx)
    reflected = add(_pair(x, table.LOG_PI["double"]), _negated(natural(*area)))
    reflected = add(reflected, _negated(positive))
    value = total(_choose(x < 0.0, reflected, positive))
    value = (size < _TINY).select(-log(size), value)
    pole = (x <= 0.0) & x.floor().equals(x)
    value = (pole | (size > _LAST)).select(x.constant(INFINITY), value)
    return x.is_nan().select(x, value)


def _inverse(a: Pair) -> Pair:
    return divide((a[0].constant(1.0), a[0].constant(0.0)), a)


def _digamma_positive(x: Lanes) -> Pair:
    """ψ for x > 0."""
    z, steps = _moved_up(x)
    value: Pair = natural(*z)
    inverse, low = _inverse(z)
    square = inverse * inverse
    series = square * square.polynomial(table.DIGAMMA_TAIL["double"])
    value = add(value, (inverse * -0.5, low * -0.5 - series))
    for below, term in steps:
        value = _choose(below, add(value, _negated(_inverse(term))), value)
    root, rest = table.DIGAMMA_ZERO["double"][:2]
    t = two_sum(x - root, x.constant(-rest))
    near = multiply(t, polynomial_pair(t[0], table.DIGAMMA_ROOT["double"]))
    return _choose(abs(t[0]) <= _NEAR, near, value)


def _digamma_double(x: Lanes) -> Lanes:
    size = abs(x)
    bounded = size.at_least(_TINY)
    positive = _digamma_positive(bounded)
    sine, cosine = sin_cos_pi(bounded)
    whole = bounded.round_even()
    slope = scale(divide(cosine, sine), table.PI["double"])
    slope = _choose(bounded < whole, _negated(slope), slope)  # π cot(π|x|)
    reflected = add(slope, add(_inverse((bounded, bounded.constant(0.0))), positive))
    value = total(_choose(x < 0.0, reflected, positive))
    value = (size < _TINY).select(-1.0 / x, value)
    pole = (x < 0.0) & x.floor().equals(x)
    value = pole.select(x.constant(NAN), value)
    return x.equals(INFINITY).select(x, value)


def _by_double(function: Callable[[Lanes], Lanes]) -> Callable[[Lanes], Lanes]:
    def mapped(x: Lanes) -> Lanes:
        return function(x.widened()).narrowed() if x.format.kind == "float" else function(x)
    mapped.__doc__ = function.__doc__
    return mapped


FUNCTIONS: dict[str, Callable[..., Lanes]] = {
    "lgamma": _by_double(_lgamma_double), "digamma": _by_double(_digamma_double)}
