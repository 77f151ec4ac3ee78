"""asin, acos, atan and atan2.

Angles are K π/4 ± atan(t) with |t| <= tan(π/8); K and the sign say in which eighth of a turn.
"""

from __future__ import annotations

from collections.abc import Callable

from . import coefficients as table
from .double_word import Pair, divide, product_error, quick_two_sum, square_root, two_sum
from .lanes import INFINITY, NAN, Lanes

_TAN_EIGHTH = 0.41421356237309503  # √2 - 1


def _angle(n: Lanes, d: Lanes, swapped: Lanes, negative: Lanes) -> Lanes:
    """The angle of (±d, n), or of (±n, d) where swapped, for 0 <= n <= d and d > 0."""
    zero = n.constant(0.0)
    steep = n > d * _TAN_EIGHTH
    difference, sum_ = two_sum(n, -d), two_sum(n, d)
    numerator = steep.select(difference[0], n), steep.select(difference[1], zero)
    denominator = steep.select(sum_[0], d), steep.select(sum_[1], zero)
    t, low = divide(numerator, denominator)
    z = t * t
    rest = (t * z).fma(z.polynomial(table.ATAN[n.format.kind]), low)
    k = steep.select(n.constant(1.0), 0.0)
    k = swapped.select(2.0 - k, k)
    k = negative.select(4.0 - k, k)
    mirrored = swapped ^ negative
    t, rest = mirrored.select(-t, t), mirrored.select(-rest, rest)
    first, second = table.QUARTER_PI[n.format.kind][:2]
    base = k * first
    error = k.fma(second, product_error(k, k.constant(first), base))
    head, tail = quick_two_sum(base, t)
    return head + (tail + (rest + error))


def atan(x: Lanes) -> Lanes:
    """The arc tangent."""
    size = abs(x).at_most(float(2 ** (x.format.precision + 3)))  # π/2 from here on
    one = size.constant(1.0)
    swapped = size > one
    value = _angle(swapped.select(one, size), swapped.select(size, one), swapped, one < 0.0)
    tiny = abs(x) < 2.0 ** -(x.format.precision // 2 + 1)
    return tiny.select(x, value.copysign(x))


def atan2(y: Lanes, x: Lanes) -> Lanes:
    """The angle of the point (x, y), from -π to π."""
    up, right = abs(y), abs(x)
    swapped = up > right
    n, d = swapped.select(right, up), swapped.select(up, right)
    half_range = float(2 ** ((x.format.bias + 1) // 2))
    small, large = d < 1.0, d > half_range
    factor = small.select(n.constant(half_range), 1.0)
    factor = large.select(n.constant(1.0 / half_range), factor)
    one = n.constant(1.0)
    infinite, zero = d.equals(INFINITY), d.equals(0.0)
    n = infinite.select(n.equals(INFINITY).select(one, 0.0), n * factor)
    d = (infinite | zero).select(one, d * factor)
    value = _angle(n, d, swapped, x.is_negative()).copysign(y)
    return (x.is_nan() | y.is_nan()).select(x + y, value)


def _near_one(size: Lanes) -> Pair:
    """acos(size) / 2 for size >= 1/2, NaN above 1."""
    z = (1.0 - size) * 0.5
    root, low = square_root((z, z.constant(0.0)))
    return root, (root * z).fma(z.polynomial(table.ASIN[z.format.kind]), low)


def _near_zero(x: Lanes) -> Lanes:
    """asin(x) - x for |x| <= 1/2."""
    z = x * x
    return (x * z) * z.polynomial(table.ASIN[x.format.kind])


def asin(x: Lanes) -> Lanes:
    """The arc sine."""
    size = abs(x)
    root, rest = _near_one(size)
    first, second = table.HALF_PI[x.format.kind][:2]
    head, error = quick_two_sum(root.constant(first), root * -2.0)
    far = head + (error + (second - (rest + rest)))
    return (size <= 0.5).select(x + _near_zero(x), far.copysign(x))


def acos(x: Lanes) -> Lanes:
    """The arc cosine."""
    kind = x.format.kind
    root, rest = _near_one(abs(x))
    root, rest = root + root, rest + rest
    first, second = table.PI[kind][:2]
    head, error = quick_two_sum(root.constant(first), -root)
    far = (x < 0.0).select(head + (error + (second - rest)), root + rest)
    first, second = table.HALF_PI[kind][:2]
    head, error = quick_two_sum(x.constant(first), -x)
    near = head + (error + (second - _near_zero(x)))
    value = (abs(x) <= 0.5).select(near, far)
    return x.is_nan().select(x.constant(NAN), value)


FUNCTIONS: dict[str, Callable[..., Lanes]] = {
    "asin": asin, "acos": acos, "atan": atan, "atan2": atan2}
