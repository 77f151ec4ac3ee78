"""NumPy meanings of elementwise functions that NumPy itself lacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow."""
    x = np.asarray(x)
    if x.dtype.kind == "c":
        return 1 / (1 + np.exp(-x))
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(x.dtype, copy=False)


def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)."""
    return np.reciprocal(np.sqrt(x))


def sign(x: Any) -> Any:
    """Sign with sign(NaN) = 0, as PyTorch has it; x / |x| for complex numbers."""
    x = np.asarray(x)
    if x.dtype.kind == "c":
        size = np.abs(x)
        return np.where(size == 0, 0, x / np.where(size == 0, 1, size)).astype(x.dtype)
    if x.dtype.kind == "b":
        return x
    return ((x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)).astype(x.dtype)


def power(a: Any, b: Any) -> Any:
    """a ** b; negative integer exponents of integers give 0 except for bases 1 and -1."""
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype.kind in "iub" and np.any(b < 0):
        parity = np.where(b % 2 == 0, 1, -1)
        small = np.where(a == 1, 1, np.where(a == -1, parity, 0))
        return np.where(b < 0, small, np.power(a, np.where(b < 0, 0, b))).astype(a.dtype)
    return np.power(a, b)


def _nonzero(b: Any) -> None:
    """Raise where an integer divisor has a zero, as PyTorch does."""
    if np.asarray(b).dtype.kind in "iu" and not np.all(b):
        raise RuntimeError("ZeroDivisionError")


def floor_divide(a: Any, b: Any) -> Any:
    """Division rounded down."""
    _nonzero(b)
    return np.floor_divide(a, b)


def remainder(a: Any, b: Any) -> Any:
    """What division rounded down leaves."""
    _nonzero(b)
    return np.remainder(a, b)


def fmod(a: Any, b: Any) -> Any:
    """What division rounded towards zero leaves."""
    _nonzero(b)
    return np.fmod(a, b)


def lcm(a: Any, b: Any) -> Any:
    """The least common multiple, never negative."""
    return np.abs(np.lcm(a, b))


def trunc_divide(a: Any, b: Any) -> Any:
    """Division rounded towards zero."""
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype.kind in "iu":
        _nonzero(b)
        q = np.floor_divide(a, b)
        return (q + ((a % b != 0) & ((a < 0) != (b < 0)))).astype(a.dtype)
    return np.trunc(a / b)


def shift_left(a: Any, b: Any) -> Any:
    """a << b; 0 where the shift is as wide as the type or negative."""
    a, b = np.asarray(a), np.asarray(b)
    bits = a.dtype.itemsize * 8
    good = (b >= 0) & (b < bits)
    return np.where(good, np.left_shift(a, np.where(good, b, 0)), 0).astype(a.dtype)


def shift_right(a: Any, b: Any) -> Any:
    """a >> b (arithmetic); all sign bits where the shift is as wide as the type or negative."""
    a, b = np.asarray(a), np.asarray(b)
    last = a.dtype.itemsize * 8 - 1
    shift = np.where((b < 0) | (b > last), last, b).astype(a.dtype)
    out = np.right_shift(a, shift)
    if a.dtype.kind == "u":
        out = np.where((b < 0) | (b > last), 0, out)
    return out.astype(a.dtype)


def to_complex(a: Any, b: Any) -> Any:
    """a + bi."""
    a, b = np.asarray(a), np.asarray(b)
    out = np.empty(np.broadcast_shapes(a.shape, b.shape),
                   np.complex128 if a.dtype == np.float64 else np.complex64)
    out.real, out.imag = a, b
    return out


def _by_element(fn: Callable[[float], float]) -> Callable[[Any], Any]:
    ufunc = np.frompyfunc(fn, 1, 1)

    def mapped(x: Any) -> Any:
        x = np.asarray(x)
        return np.asarray(ufunc(x)).astype(x.dtype)
    return mapped


erf = _by_element(math.erf)
erfc = _by_element(math.erfc)


def _lgamma(x: float) -> float:
    if math.isinf(x) or (x <= 0 and x == math.floor(x)):
        return math.inf
    return math.lgamma(x)


lgamma = _by_element(_lgamma)


def erfinv(x: Any) -> Any:
    """The inverse of erf: a rational start, then three Newton steps in float64."""
    x = np.asarray(x)
    y = x.astype(np.float64)
    w = np.log((1 - y) * (1 + y))
    t = 2 / (np.pi * 0.147) + w / 2
    z = np.sign(y) * np.sqrt(np.sqrt(t * t - w / 0.147) - t)
    for _ in range(3):
        error = np.where(np.abs(y) > 0.5,
                         np.sign(y) * ((1 - np.abs(y)) - np.asarray(erfc(np.abs(z)))),
                         np.asarray(erf(z)) - y)
        z = z - error * (math.sqrt(math.pi) / 2) * np.exp(z * z)
    z = np.where(np.abs(y) == 1, np.sign(y) * np.inf, np.where(np.abs(y) > 1, np.nan, z))
    return np.where(y == 0, y, z).astype(x.dtype)


def digamma(x: Any) -> Any:
    """d/dx log Γ(x): recurrence up to 10, then the asymptotic series."""
    x = np.asarray(x)
    y = x.astype(np.float64)
    reflected = y <= 0
    z = np.where(reflected, 1 - y, y)
    shift = np.zeros_like(z)
    for _ in range(10):
        small = z < 10
        shift = np.where(small, shift - 1 / z, shift)
        z = np.where(small, z + 1, z)
    r = 1 / (z * z)
    tail = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132)))))
    out = shift + np.log(z) - 0.5 / z - tail
    out = np.where(reflected, out - np.pi / np.tan(np.pi * y), out)
    pole = reflected & (y == np.floor(y))
    out = np.where(pole, np.where(y == 0, np.copysign(np.inf, -y), np.nan), out)
    return out.astype(x.dtype)


def polygamma(x: Any, n: int) -> Any:
    """The n-th derivative of digamma: (-1)^(n+1) n! ζ(n+1, x)."""
    x = np.asarray(x)
    if n == 0:
        return digamma(x)
    y = x.astype(np.float64)
    total = np.zeros_like(y)
    for _ in range(20):
        total = total + np.power(y, -(n + 1.0))
        y = y + 1
    s = n + 1.0
    tail = np.power(y, 1 - s) / (s - 1) + 0.5 * np.power(y, -s)
    factor, rising = s, np.power(y, -s - 1)
    for k, bernoulli in ((2, 1 / 6), (4, -1 / 30), (6, 1 / 42), (8, -1 / 30), (10, 5 / 66)):
        tail = tail + bernoulli / math.factorial(k) * factor * rising
        factor = factor * (s + k - 1) * (s + k)
        rising = rising / (y * y)
    return ((-1) ** (n + 1) * math.factorial(n) * (total + tail)).astype(x.dtype)


def _bessel(x: Any, order: int) -> Any:
    """I_0 or I_1 as a power series below 20, as an asymptotic series above (float64)."""
    x = np.asarray(x)
    y = np.abs(x.astype(np.float64))
    small = np.minimum(y, 20.0)
    term = np.ones_like(y) if order == 0 else small / 2
    series = term
    for k in range(1, 60):
        term = term * (small / 2) ** 2 / (k * (k + order))
        series = series + term
    large = np.maximum(y, 20.0)
    term = asymptotic = np.ones_like(y)
    for k in range(1, 20):
        term = term * ((2 * k - 1) ** 2 - 4 * order) / (8 * k * large)
        asymptotic = asymptotic + term
    grown = np.exp(large / 2) / np.sqrt(2 * np.pi * large) * asymptotic * np.exp(large / 2)
    out = np.where(y < 20, series, grown)
    return (out if order == 0 else np.copysign(out, x)).astype(x.dtype)


def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind, order 0."""
    return _bessel(x, 0)


def i1(x: Any) -> Any:
    """The modified Bessel function of the first kind, order 1."""
    return _bessel(x, 1)
