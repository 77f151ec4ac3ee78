"""sinh, cosh, tanh and their inverses, from expm1 and log in two words."""

from __future__ import annotations

from collections.abc import Callable

from . import coefficients as table
from .double_word import (
    Pair,
    add,
    divide,
    multiply,
    quick_two_sum,
    square_root,
    total,
    two_product,
    two_sum,
)
from .exponential import clamp, expm1_pair, reduced, tail
from .lanes import INFINITY, NAN, Lanes
from .logarithm import natural

_NEAR = 2.0**-5  # below, inverse functions are polynomials


def _odd(x: Lanes, coefficients: dict[str, tuple[float, ...]]) -> Lanes:
    """x + x³ P(x²)."""
    z = x * x
    return (x * z).fma(z.polynomial(coefficients[x.format.kind]), x).copysign(x)


def sinh(x: Lanes) -> Lanes:
    """(exp(x) - exp(-x)) / 2."""
    size = abs(x)
    quarter = total(expm1_pair(size)[0])  # (exp(|x|) - 1) / 4
    value = (quarter + quarter / (quarter * 4.0 + 1.0)) * 2.0
    value = size.equals(INFINITY).select(size, value)
    return (size < 1.0).select(_odd(x, table.SINH), value.copysign(x))


def cosh(x: Lanes) -> Lanes:
    """(exp(x) + exp(-x)) / 2."""
    k, r, low = reduced(clamp(abs(x)))
    quarter = (k - 2).power_of_two(x) * (1.0 + (r + tail(r, low)))  # exp(|x|) / 4
    return (quarter + 0.0625 / quarter) * 2.0


def tanh(x: Lanes) -> Lanes:
    """(exp(2x) - 1) / (exp(2x) + 1)."""
    bound = 9.5 if x.format.kind == "float" else 20.0  # 1 from here on
    (high, low), tiny = expm1_pair((abs(x) + abs(x)).at_most(2 * bound))
    head, error = two_sum(high, high.constant(0.5))
    value = total(divide((high, low), (head, error + low)))
    tiny = tiny | (abs(x) < 2.0 ** -(x.format.precision // 2 + 1))
    return tiny.select(x, value.copysign(x))


def asinh(x: Lanes) -> Lanes:
    """log(x + √(x² + 1))."""
    size = abs(x)
    far = size > float(2 ** (x.format.precision + 1))
    near = far.select(size.constant(1.0), size)
    one = near.constant(1.0), near.constant(0.0)
    root = square_root(add(two_product(near, near), one))
    head, error = add(root, (near, one[1]))
    argument = far.select(size, head), far.select(one[1], error)
    value = total(natural(*argument, more=far.select(one[0], 0.0)))
    value = (size < INFINITY).select(value, size).copysign(x)
    return (size < _NEAR).select(_odd(x, table.ASINH), value)


def acosh(x: Lanes) -> Lanes:
    """log(x + √(x² - 1))."""
    far = x > float(2 ** (x.format.precision + 1))
    near = far.select(x.constant(2.0), x)
    zero = near.constant(0.0)
    above = near - 1.0
    root = square_root(multiply((above, zero), two_sum(near, near.constant(1.0))))
    shift: Pair = two_sum(root[0], above)
    head, error = two_sum(shift[0].constant(1.0), shift[0])
    head, error = quick_two_sum(head, error + (shift[1] + root[1]))
    argument = far.select(x, head), far.select(zero, error)
    value = total(natural(*argument, more=far.select(near.constant(1.0), 0.0)))
    value = (x < INFINITY).select(value, x)
    return (x < 1.0).select(x.constant(NAN), value)


def atanh(x: Lanes) -> Lanes:
    """log((1 + x) / (1 - x)) / 2."""
    size = abs(x)
    one = size.constant(1.0)
    ratio = divide(two_sum(one, size), two_sum(one, -size))
    value = (total(natural(*ratio)) * 0.5).copysign(x)
    value = size.equals(1.0).select(one.constant(INFINITY).copysign(x), value)
    value = (size > 1.0).select(one.constant(NAN), value)
    return (size < _NEAR).select(_odd(x, table.ATANH), value)


FUNCTIONS: dict[str, Callable[..., Lanes]] = {
    "sinh": sinh, "cosh": cosh, "tanh": tanh, "asinh": asinh, "acosh": acosh, "atanh": atanh}
