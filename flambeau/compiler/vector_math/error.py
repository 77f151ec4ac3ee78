"""erf, erfc and erfinv.

Away from zero erfc(x) = exp(-x²) P(t) / (1 + 2x) with t = (x - 4) / (x + 4): the polynomial stays
between 1 and 1.3. erfinv(x) / x is a polynomial in w = -log(1 - x²) near zero, in √w elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable

from . import coefficients as table
from .double_word import (
    divide,
    multiply,
    polynomial_pair,
    quick_two_sum,
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
    return x.fma(first, x * z.fma(z.polynomial(table.ERF[kind]), second))


def erf(x: Lanes) -> Lanes:
    """(2 / √π) ∫ exp(-t²) dt from 0 to x."""
    kind = x.format.kind
    size = abs(x).at_least(0.5).at_most(_ERF_LAST[kind])
    square, error = two_product(size, size)
    head, k = exp_pair((-square, -error))
    t = (size - 4.0) / (size + 4.0)
    rest = scale_by_power(total(head) * t.polynomial(table.ERFC[kind]), k) / (size + size + 1.0)
    return (abs(x) < 1.0).select(_near(x), (1.0 - rest).copysign(x))


def erfc(x: Lanes) -> Lanes:
    """1 - erf(x)."""
    kind = x.format.kind
    size = abs(x).at_least(0.5).at_most(_LAST[kind])
    square, error = two_product(size, size)
    head, k = exp_pair((-square, -error))
    t = (size - 4.0) / (size + 4.0)
    ratio = divide(polynomial_pair(t, table.ERFC[kind]),
                   two_sum(size.constant(1.0), size + size))
    high, low = multiply(head, quick_two_sum(*ratio))
    far = scale_by_power(high + low, k)
    far = (x < 0.0).select(2.0 - far, far)
    return (abs(x) < 0.5).select(1.0 - _near(x), far)


def erfinv(x: Lanes) -> Lanes:
    """The inverse of erf."""
    kind = x.format.kind
    square, error = two_product(x, x)
    head, rest = two_sum(x.constant(1.0), -square)
    w = -total(natural(head, rest - error))
    root = w.sqrt()
    ratio = polynomial_pair(w - _INVERSE_CENTRES[kind][0], table.ERFINV_NEAR[kind])
    outer = zip(_INVERSE_LIMITS[kind], _INVERSE_CENTRES[kind][1:], _INVERSE_OUTER, strict=False)
    for limit, centre, coefficients in outer:
        here = polynomial_pair(root - centre, coefficients[kind])
        inner = w < limit
        ratio = inner.select(ratio[0], here[0]), inner.select(ratio[1], here[1])
    high, low = two_product(x, ratio[0])
    value = high + x.fma(ratio[1], low)
    size = abs(x)
    value = size.equals(1.0).select(x * INFINITY, value)
    return (size <= 1.0).select(value, size.constant(NAN))


FUNCTIONS: dict[str, Callable[..., Lanes]] = {"erf": erf, "erfc": erfc, "erfinv": erfinv}
