"""erf, erfc and erfinv.

Away from zero erfc(x) = exp(-x²) P(t) / (1 + 2x) with t = (x - 4) / (x + 4): the polynomial stays
between 1 and 1.3. erfinv(x) / x is a polynomial in x² near zero, then in w = -log(1 - x²), then in
√w.
"""

from __future__ import annotations

from collections.abc import Callable

from . import coefficients as table
from .double_word import (
    Pair,
    divide,
    multiply,
    polynomial_pair,
    square_root,
    total,
    two_product,
    two_sum,
)
from .exponential import exp_pair, scale_by_power
from .lanes import INFINITY, NAN, Lanes
from .logarithm import natural

_LAST = {"float": 10.4, "double": 27.5}  # erfc is 0 from here on
_ERF_LAST = {"float": 4.0, "double": 6.0}  # erf is 1 from here on
# erfinv: where polynomials in w end, and the centres of their variables w, √w, √w
_INVERSE_LIMITS = {"float": (5.0,), "double": (6.25, 16.0)}
_INVERSE_CENTRES = {"float": (2.5, 3.15), "double": (3.125, 3.25, 5.0)}
_INVERSE_OUTER = (table.ERFINV_MIDDLE, table.ERFINV_FAR)


def _near(x: Lanes) -> Lanes:
    """erf for |x| <= 1."""
    kind = x.format.kind
    z = x * x
    first, second = table.TWO_BY_ROOT_PI[kind][:2]
    head, error = two_product(x, x.constant(first))
    return head + x.fma(z.fma(z.polynomial(table.ERF[kind]), second), error)


def erf(x: Lanes) -> Lanes:
    """(2 / √π) ∫ exp(-t²) dt from 0 to x."""
    kind = x.format.kind
    size = abs(x).at_least(0.5).at_most(_ERF_LAST[kind])
    square, error = two_product(size, size)
    head, k = exp_pair((-square, -error))
    t = (size - 4.0) / (size + 4.0)
    rest = scale_by_power(total(head) * t.polynomial(table.ERFC[kind]), k) / (size + size + 1.0)
    return (abs(x) < 1.0).select(_near(x), 1.0 - rest).copysign(x)


def erfc(x: Lanes) -> Lanes:
    """1 - erf(x)."""
    kind = x.format.kind
    size = abs(x).at_least(0.5).at_most(_LAST[kind])
    square, error = two_product(size, size)
    head, k = exp_pair((-square, -error))
    t = (size - 4.0) / (size + 4.0)
    ratio = divide(polynomial_pair(t, table.ERFC[kind]),
                   two_sum(size.constant(1.0), size + size))
    high, low = multiply(head, ratio)
    far = scale_by_power(high + low, k)
    far = (x < 0.0).select(2.0 - far, far)
    return (abs(x) < 0.5).select(1.0 - _near(x), far)


def _shifted(x: Pair, centre: float, coefficients: table.Words) -> Pair:
    """A polynomial in x - centre; the slope at the centre is good enough for the second word."""
    u, rest = two_sum(x[0], x[0].constant(-centre))
    head, low = polynomial_pair(u, coefficients, steps=2)
    return head, (rest + x[1]).fma(coefficients[1], low)


def erfinv(x: Lanes) -> Lanes:
    """The inverse of erf."""
    kind = x.format.kind
    square, error = two_product(x, x)
    head, rest = two_sum(x.constant(1.0), -square)
    log_head, log_rest = natural(head, rest - error)
    w = -log_head, -log_rest
    root = square_root(w)
    first, second = table.HALF_ROOT_PI[kind][:2]
    near = square * square.polynomial(table.ERFINV_SMALL[kind])
    ratio = _shifted(w, _INVERSE_CENTRES[kind][0], table.ERFINV_NEAR[kind])
    outer = zip(_INVERSE_LIMITS[kind], _INVERSE_CENTRES[kind][1:], _INVERSE_OUTER, strict=False)
    for limit, centre, coefficients in outer:
        here = _shifted(root, centre, coefficients[kind])
        inner = w[0] < limit
        ratio = inner.select(ratio[0], here[0]), inner.select(ratio[1], here[1])
    size = abs(x)
    small = size <= 0.5
    ratio = small.select(x.constant(first), ratio[0]), small.select(near + second, ratio[1])
    high, low = two_product(x, ratio[0])
    value = (high + x.fma(ratio[1], low)).copysign(x)
    value = size.equals(1.0).select(x * INFINITY, value)
    return (size <= 1.0).select(value, size.constant(NAN))


FUNCTIONS: dict[str, Callable[..., Lanes]] = {"erf": erf, "erfc": erfc, "erfinv": erfinv}
