"""Floating-point steps whose last bit matters: fused multiply-add, and the C library's functions.

PyTorch's samplers run through three kinds of arithmetic. Single-precision normals use the Cephes
polynomials with fused multiply-adds; every other transform runs in double precision through the C
library, whose results differ in the last bit from NumPy's vectorised functions; and a location and
scale are applied by one fused multiply-add. Each has its exact counterpart here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Single = NDArray[np.float32]
    Double = NDArray[np.float64]

_f = np.float32
_LOG_COEFFICIENTS = [_f(c) for c in (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)]  # fmt: skip
_LOG_TWO_LOW, _LOG_TWO_HIGH = _f(-2.12194440e-4), _f(0.693359375)
_SQRT_HALF = _f(0.707106781186547524)
_FOUR_OVER_PI = _f(1.27323954473516)
# -pi/4 in three parts, so that subtracting a multiple of it loses no digits.
_MINUS_QUARTER_PI = [_f(c) for c in (
    -0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)]  # fmt: skip
_SIN_COEFFICIENTS = [_f(c) for c in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)]
_COS_COEFFICIENTS = [_f(c) for c in (
    2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)]  # fmt: skip
_ONE, _HALF = _f(1), _f(0.5)


def fma_single(a: Any, b: Any, c: Any) -> Single:
    """Returns ``a * b + c`` of float32 operands, rounded once.

    The product is exact in double precision; the double sum is then rounded to single. Rounding
    twice errs only where the double lies on a tie between two singles: those are nudged first.
    """
    product = np.multiply(a, b, dtype=np.float64)
    total: Double = np.add(product, c, dtype=np.float64)
    tie = (total.view(np.int64) & 0x1FFFFFFF) == 0x10000000
    if tie.any():
        total = _break_ties(total, product, c, tie)
    return total.astype(np.float32)


def _break_ties(total: Double, product: Double, c: Any, tie: NDArray[np.bool_]) -> Double:
    residue = _sum_residue(product, np.asarray(c, np.float64), total)
    toward = np.where(residue > 0, np.inf, -np.inf)
    nudged: Double = np.where(tie & (residue != 0), np.nextafter(total, toward), total)
    return nudged


def _sum_residue(a: Double, b: Any, total: Double) -> Double:
    # Knuth's two-sum: a + b = total + residue exactly.
    part = total - a
    residue: Double = (a - (total - part)) + (b - part)
    return residue


def _split(a: Any) -> tuple[Any, Any]:
    # Veltkamp's split of a double into two halves of 26 bits.
    scaled = a * 134217729.0
    high = scaled - (scaled - a)
    return high, a - high


def fma_double(a: Double, b: float, c: float) -> Double:
    """Returns ``a * b + c`` of an array and two doubles, rounded once.

    Source: Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums".
    """
    product = a * b
    if c == 0 or b == 1:
        return product + c
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    low = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    inner = low + c
    inner_residue = _sum_residue(low, c, inner)
    outer = product + inner
    outer_residue = _sum_residue(product, inner, outer)
    tail = outer_residue + inner_residue
    tail_residue = _sum_residue(outer_residue, inner_residue, tail)
    # Round the tail to odd, so that the last addition rounds as if it saw every bit.
    even = (tail.view(np.int64) & 1) == 0
    toward = np.where(tail_residue > 0, np.inf, -np.inf)
    tail = np.where((tail_residue != 0) & even, np.nextafter(tail, toward), tail)
    result: Double = outer + tail
    return result


def log_single(x: Single) -> Single:
    """Returns the natural logarithm of positive normal float32 values (Cephes, fused)."""
    bits = x.view(np.int32)
    exponent = ((bits >> 23) - 126).astype(np.float32)
    mantissa = ((bits & 0x7FFFFF) | 0x3F000000).view(np.float32)
    small = mantissa < _SQRT_HALF
    exponent -= small
    m = (mantissa - _ONE) + mantissa * small
    square = m * m
    y: Any = _LOG_COEFFICIENTS[0]
    for coefficient in _LOG_COEFFICIENTS[1:]:
        y = fma_single(y, m, coefficient)
    y = fma_single(y * m, square, exponent * _LOG_TWO_LOW)
    y = fma_single(-square, _HALF, y)
    return fma_single(exponent, _LOG_TWO_HIGH, m + y)


def sincos_single(x: Single) -> tuple[Single, Single]:
    """Returns sine and cosine of float32 angles in [0, 8192) (Cephes, fused)."""
    octant = ((x * _FOUR_OVER_PI).astype(np.int32) + 1) & ~1
    multiple = octant.astype(np.float32)
    for part in _MINUS_QUARTER_PI:
        x = fma_single(multiple, part, x)
    square = x * x
    cosine: Any = _COS_COEFFICIENTS[0]
    for coefficient in _COS_COEFFICIENTS[1:]:
        cosine = fma_single(cosine, square, coefficient)
    cosine = fma_single(cosine * square, square, square * -_HALF) + _ONE
    sine: Any = _SIN_COEFFICIENTS[0]
    for coefficient in _SIN_COEFFICIENTS[1:]:
        sine = fma_single(sine, square, coefficient)
    sine = fma_single(sine * square, x, x)
    swap = (octant & 2) != 0
    sine_sign = (octant & 4) << 29
    cosine_sign = (~(octant - 2) & 4) << 29
    sine, cosine = np.where(swap, cosine, sine), np.where(swap, sine, cosine)
    return _flip(sine, sine_sign), _flip(cosine, cosine_sign)


def _flip(values: Single, sign: NDArray[np.int32]) -> Single:
    return (values.view(np.int32) ^ sign).view(np.float32)


def each(function: Callable[[float], float], values: Double) -> Double:
    """Applies a function of the C library to every element of a double array."""
    flat = values.ravel()
    result = np.fromiter(map(function, flat.tolist()), np.float64, flat.size)
    return result.reshape(values.shape)


def log(value: float) -> float:
    """The natural logarithm of a non-negative double; minus infinity at zero."""
    return math.log(value) if value > 0 else -math.inf


def exp(value: float) -> float:
    """The exponential of a double; infinity where it overflows."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def sincos_double(angles: Double) -> tuple[Double, Double]:
    """Returns sine and cosine of double angles, with the C library's digits."""
    # The complex exponential has no vectorised variant, so it reaches the C library's sincos.
    circle = np.exp(1j * angles)
    return circle.imag, circle.real


def cast(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Converts doubles as C++ does: to integers by truncation, to half types by way of float32."""
    if values.dtype == dtype:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype.kind in "iub":
            return values.astype(np.int64).astype(dtype)
        if dtype.itemsize == 2:
            values = values.astype(np.float32)
        return values.astype(dtype)


def from_integers(values: NDArray[np.int64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Converts 64-bit integers as C++ does: to half types by way of float32."""
    with np.errstate(over="ignore"):
        if dtype.kind not in "biu" and dtype.itemsize == 2:
            return values.astype(np.float32).astype(dtype)
        return values.astype(dtype, copy=False)
