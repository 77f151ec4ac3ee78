"""Sums and products of two words each: about twice the precision of the type.

The rules are those of Dekker (1971) and Knuth: the error of a sum is itself a number of the type,
and so is the error of a product.
"""

from __future__ import annotations

from collections.abc import Sequence

from .lanes import Lanes

Pair = tuple[Lanes, Lanes]


def two_sum(a: Lanes, b: Lanes) -> Pair:
    """a + b rounded, and its error."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def quick_two_sum(a: Lanes, b: Lanes) -> Pair:
    """The same for |a| >= |b| or a = 0."""
    total = a + b
    return total, b - (total - a)


def _split(a: Lanes) -> Pair:
    """Halves of a significand: upper and lower bits, by Veltkamp."""
    moved = a * float(2 ** ((a.format.precision + 1) // 2) + 1)
    high = moved - (moved - a)
    return high, a - high


def product_error(a: Lanes, b: Lanes, product: Lanes) -> Lanes:
    """a * b - product, where product is a * b rounded."""
    if a.fused:
        return a.fma(b, -product)
    (ah, al), (bh, bl) = _split(a), _split(b)
    return al * bl - (((product - ah * bh) - al * bh) - ah * bl)


def two_product(a: Lanes, b: Lanes) -> Pair:
    """a * b rounded, and its error."""
    product = a * b
    return product, product_error(a, b, product)


def multiply(a: Pair, b: Pair) -> Pair:
    """The product of two pairs; what it drops is of the third order."""
    high, low = two_product(a[0], b[0])
    low = a[0].fma(b[1], low)
    return quick_two_sum(high, a[1].fma(b[0], low))


def scale(a: Pair, words: Sequence[float]) -> Pair:
    """A pair times a constant of two words."""
    return multiply(a, (a[0].constant(words[0]), a[0].constant(words[1])))


def add(a: Pair, b: Pair) -> Pair:
    """The sum of two pairs of any sizes."""
    high, low = two_sum(a[0], b[0])
    return quick_two_sum(high, low + (a[1] + b[1]))


def divide(a: Pair, b: Pair) -> Pair:
    """The quotient of two pairs, with one division."""
    inverse = 1.0 / b[0]
    quotient = a[0] * inverse
    product = quotient * b[0]
    rest = (a[0] - product) - product_error(quotient, b[0], product)
    rest = rest + (a[1] - quotient * b[1])
    return quick_two_sum(quotient, rest * inverse)


def square_root(a: Pair) -> Pair:
    """The square root of a pair; zero stays zero."""
    root = a[0].sqrt()
    square, error = two_product(root, root)
    rest = (a[0] - square) - error + a[1]
    return root, (root > 0.0).select(rest / (root + root), root)


def total(a: Pair) -> Lanes:
    """A pair rounded to one word."""
    return a[0] + a[1]


def polynomial_pair(u: Lanes, coefficients: Sequence[float], steps: int = 1) -> Pair:
    """A polynomial with its last steps of Horner's rule in two words."""
    head, tail = u.polynomial(coefficients[steps:]), u.constant(0.0)
    for coefficient in reversed(coefficients[:steps]):
        high, low = two_product(u, head)
        head, error = two_sum(u.constant(coefficient), high)
        tail = u.fma(tail, low + error)
    return head, tail
