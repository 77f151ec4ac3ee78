"""NumPy meanings of the incomplete gamma functions, Hurwitz' zeta, the normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .special import erfcx, lgamma

_TERMS = 5000


# ---- incomplete gamma functions ------------------------------------------------------------------

def _log_density(a: Any, x: Any) -> Any:
    """log(x^a e^-x / Γ(a + 1)), for large a relative to Stirling's formula."""
    small = a * np.log(x) - x - lgamma(a + 1)
    wide = np.maximum(a, 10.0)
    d = (x - wide) / wide
    r = 1 / (wide * wide)
    tail = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r / 1680))) / wide
    large = wide * (np.log1p(d) - d) - 0.5 * np.log(2 * np.pi * wide) - tail
    return np.where(a < 10, small, large)


def _lower_series(a: Any, x: Any) -> Any:
    """P(a, x) by its power series, for x ≤ a + 1."""
    term = total = np.ones_like(a)
    for k in range(1, _TERMS):
        term = term * x / (a + k)
        total = total + term
        if not np.any(np.abs(term) > 1e-17 * np.abs(total)):
            break
    return total * np.exp(_log_density(a, x))


def _upper_fraction(a: Any, x: Any) -> Any:
    """Q(a, x) by its continued fraction (Lentz' way), for x > a + 1."""
    b = x + 1 - a
    c, d = np.full_like(a, 1e300), 1 / b
    out = d
    for k in range(1, _TERMS):
        weight = -k * (k - a)
        b = b + 2
        d = 1 / (weight * d + b)
        c = b + weight / c
        out = out * (d * c)
        if not np.any(np.abs(d * c - 1) > 1e-16):
            break
    return out * a * np.exp(_log_density(a, x))


def _gammas(a: Any, x: Any) -> tuple[Any, Any]:
    """P and Q in float64, with their limits."""
    a, x = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    usual = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    lower = np.full(a.shape, np.nan)
    low = usual & (x <= a + 1)
    lower[low] = _lower_series(a[low], x[low])
    upper = np.array(1 - lower)
    high = usual & (x > a + 1)
    upper[high] = _upper_fraction(a[high], x[high])
    lower[high] = 1 - upper[high]
    one = ((a == 0) & (x > 0)) | ((a >= 0) & np.isfinite(a) & np.isposinf(x))
    zero = ((a > 0) & (x == 0)) | (np.isposinf(a) & (x >= 0) & np.isfinite(x))
    return (np.where(one, 1.0, np.where(zero, 0.0, lower)),
            np.where(one, 0.0, np.where(zero, 1.0, upper)))


def igamma(a: Any, x: Any) -> Any:
    """The regularised lower incomplete gamma function P(a, x)."""
    with np.errstate(all="ignore"):
        return _gammas(a, x)[0].astype(np.asarray(a).dtype)


def igammac(a: Any, x: Any) -> Any:
    """The regularised upper incomplete gamma function Q(a, x)."""
    with np.errstate(all="ignore"):
        return _gammas(a, x)[1].astype(np.asarray(a).dtype)


# ---- Hurwitz' zeta function ----------------------------------------------------------------------
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def zeta(s: Any, q: Any) -> Any:
    """Σ (k + q)^-s, k ≥ 0: the first terms, then Euler and Maclaurin's formula."""
    kind = np.asarray(s).dtype
    s, q = np.broadcast_arrays(np.asarray(s, np.float64), np.asarray(q, np.float64))
    with np.errstate(all="ignore"):
        start = np.maximum(0, np.ceil(10 - q))
        total, y = np.zeros(s.shape), q.astype(np.float64)
        for k in range(int(min(np.max(start, initial=0), _TERMS))):
            counted = k < start
            total = np.where(counted, total + np.power(y, -s), total)
            y = np.where(counted, y + 1, y)
        tail = np.power(y, 1 - s) / (s - 1) + 0.5 * np.power(y, -s)
        factor, rising = s, np.power(y, -s - 1)
        for k, b in enumerate(_BERNOULLI, 1):
            tail = tail + b / math.factorial(2 * k) * factor * rising
            factor = factor * (s + 2 * k - 1) * (s + 2 * k)
            rising = rising / (y * y)
        out = total + tail
    out = np.where((q <= 0) & (s != np.floor(s)), np.nan, out)
    out = np.where((q <= 0) & (q == np.floor(q)), np.inf, out)
    out = np.where(s < 1, np.nan, np.where(s == 1, np.inf, out))
    return out.astype(kind)


# ---- the normal distribution ---------------------------------------------------------------------

def log_ndtr(x: Any) -> Any:
    """log Φ(x), also far to the left."""
    x = np.asarray(x)
    y = x.astype(np.float64) * math.sqrt(0.5)
    with np.errstate(all="ignore"):
        left = np.log(erfcx(np.maximum(-y, 0)) / 2) - y * y
        right = np.log1p(-erfcx(np.maximum(y, 0)) * np.exp(-y * y) / 2)
    return np.where(y < 0, left, right).astype(x.dtype)


def ndtri(p: Any) -> Any:
    """The inverse of Φ: a rational start, then Newton's method on log Φ in the left half."""
    p = np.asarray(p)
    y = p.astype(np.float64)
    with np.errstate(all="ignore"):
        tail = np.minimum(y, 1 - y)
        level = np.log(tail)
        t = np.sqrt(-2 * level)
        z = (2.515517 + t * (0.802853 + t * 0.010328)) / (
            1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t
        for _ in range(4):
            mills = erfcx(-z * math.sqrt(0.5)) / 2  # Φ(z) e^(z²/2)
            z = z - (np.log(mills) - z * z / 2 - level) * mills * math.sqrt(2 * math.pi)
        z = np.where(y < 0.5, z, -z)
        z = np.where(y == 0, -np.inf, np.where(y == 1, np.inf, z))
    return np.where(y == 0.5, 0.0, z).astype(p.dtype)
