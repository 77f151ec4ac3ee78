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


_BITS: dict[Any, Any] = {np.dtype(np.float32): np.int32, np.dtype(np.float64): np.int64}


def select(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, else b.

    Large arrays are combined by bit masks: np.where branches at every element, which is several
    times slower where the condition has no pattern.
    """
    condition, a, b = np.asarray(condition), np.asarray(a), np.asarray(b)
    bits = _BITS.get(a.dtype)
    if condition.size < 4096 or bits is None or a.dtype != b.dtype:
        return np.where(condition, a, b)
    mask = condition.astype(bits)
    np.negative(mask, out=mask)
    left, right = a.view(bits), b.view(bits)
    np.bitwise_and(np.bitwise_xor(left, right), mask, out=mask)
    np.bitwise_xor(mask, right, out=mask)
    return mask.view(a.dtype)


def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)."""
    return reciprocal(np.sqrt(x))


def reciprocal(x: Any) -> Any:
    """1 / x (NumPy's own gives complex results with a zero of the wrong sign)."""
    x = np.asarray(x)
    return np.true_divide(x.dtype.type(1), x) if x.dtype.kind == "c" else np.reciprocal(x)


def log10(x: Any) -> Any:
    """The decimal logarithm, correctly rounded in float32 (NumPy's misses powers of ten)."""
    x = np.asarray(x)
    return np.log10(x.astype(np.float64)).astype(x.dtype) if x.dtype == np.float32 else np.log10(x)


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


# ---- error functions (rational approximations of Cody 1969, on |x| <= 0.46875, <= 4 and above) --
_NEAR = ((1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2,
          3.77485237685302021e2, 3.20937758913846947e3),
         (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
          2.84423683343917062e3))
_MIDDLE = ((2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594,
            6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
            1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
           (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
            1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
            3.43936767414372164e3, 1.23033935480374942e3))
_FAR = ((1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
         1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
        (1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1,
         6.05183413124413191e-2, 2.33520497626869185e-3))
_BLOCK = 1 << 14  # elements that are worked on at a time: they stay in the cache


def _ratio(coefficients: Any, x: Any) -> Any:
    """A quotient of polynomials, highest powers first."""
    values = []
    for row in coefficients:
        total = np.full_like(x, row[0])
        for c in row[1:]:
            total *= x
            total += c
        values.append(total)
    values[0] /= values[1]
    return values[0]


def _gaussian(y: Any) -> Any:
    """exp(-y²), with y² split so that its rounding does no harm."""
    coarse = np.trunc(y * 16) / 16
    return np.exp(-coarse * coarse) * np.exp(-(y - coarse) * (y + coarse))


def _erfc_above(y: Any) -> Any:
    """erfc for 0.46875 < y."""
    out = np.zeros_like(y)
    middle = y <= 4
    near = y[middle]
    out[middle] = _ratio(_MIDDLE, near) * _gaussian(near)
    rest = ~middle & (y < 27.5)
    far = y[rest]
    if far.size:
        r = 1 / (far * far)
        out[rest] = (1 / math.sqrt(math.pi) - r * _ratio(_FAR, r)) / far * _gaussian(far)
    return out


def _erf_block(x: Any) -> Any:
    y = np.abs(x)
    near = y <= 0.46875
    out = np.empty_like(y)
    small = x[near]
    out[near] = small * _ratio(_NEAR, small * small)
    large = ~near
    out[large] = np.copysign(1 - _erfc_above(y[large]), x[large])
    return out


def _erfc_block(x: Any) -> Any:
    y = np.abs(x)
    near = y <= 0.46875
    out = np.empty_like(y)
    small = x[near]
    out[near] = 1 - small * _ratio(_NEAR, small * small)
    large = ~near
    tail = _erfc_above(y[large])
    out[large] = np.where(x[large] > 0, tail, 2 - tail)
    return out


def _by_block(block: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of float64 arrays as one of any floating-point array; NaN stays NaN."""
    def mapped(x: Any) -> Any:
        x = np.asarray(x)
        flat = np.ascontiguousarray(x).reshape(-1)
        out = np.empty_like(flat)
        for start in range(0, flat.size, _BLOCK):
            wide = flat[start:start + _BLOCK].astype(np.float64)
            values = block(wide)
            unknown = np.isnan(wide)
            if unknown.any():
                values[unknown] = np.nan
            out[start:start + _BLOCK] = values
        return out.reshape(x.shape)
    return mapped


def _erfcx_block(x: Any) -> Any:
    """e^(x²) erfc(x): the same approximations without their decay."""
    y = np.abs(x)
    out = np.empty_like(y)
    near = y <= 0.46875
    out[near] = (1 - y[near] * _ratio(_NEAR, y[near] * y[near])) * np.exp(y[near] * y[near])
    middle = ~near & (y <= 4)
    out[middle] = _ratio(_MIDDLE, y[middle])
    far = y > 4
    r = 1 / (y[far] * y[far])
    out[far] = (1 / math.sqrt(math.pi) - r * _ratio(_FAR, r)) / y[far]
    left = x < 0
    with np.errstate(over="ignore"):
        out[left] = 2 * np.exp(x[left] * x[left]) - out[left]
    return out


erf = _by_block(_erf_block)
erfc = _by_block(_erfc_block)
erfcx = _by_block(_erfcx_block)

# ---- gamma functions ----------------------------------------------------------------------------
_STIRLING = ((8.11614167470508450300e-4, -5.95061904284301438324e-4, 7.93650340457716943945e-4,
              -2.77777777730099687205e-3, 8.33333333333331927722e-2), (1.0,))
EULER = 0.57721566490153286061


def _zeta_above_one(k: int, first: int = 64) -> float:
    """ζ(k) - 1: the first terms, then Euler and Maclaurin's formula."""
    n = float(first)
    tail = n ** (1 - k) / (k - 1) + n**-k / 2 + k * n ** (-k - 1) / 12
    rising = k * (k + 1) * (k + 2)
    tail += rising * (-(n ** (-k - 3)) / 720 + (k + 3) * (k + 4) * n ** (-k - 5) / 30240)
    return math.fsum([*(m ** -float(k) for m in range(2, first)), tail])


# log Γ(2 + e) = (1 - γ) e + Σ (-1)^k (ζ(k) - 1) e^k / k
_AROUND_TWO = ([(-1.0) ** k * _zeta_above_one(k) / k for k in range(30, 1, -1)]
               + [1 - EULER, 0.0], (1.0,))


def _lgamma_small(x: Any) -> Any:
    """log Γ for 0 < x < 13: moved into [1.5, 2.5) or, below 1.5, up by one or two."""
    z, product = x.copy(), np.ones_like(x)
    for _ in range(11):
        above = z >= 2.5
        z[above] -= 1
        product[above] *= z[above]
    low, lowest = x < 1.5, x < 0.5
    e = np.where(lowest, x, np.where(low, x - 1, z - 2))
    out = np.log(product) + _ratio(_AROUND_TWO, e)
    out[low] -= np.log1p(e[low])
    out[lowest] -= np.log(x[lowest])
    return out


def _lgamma_block(x: Any) -> Any:
    out = np.full_like(x, np.inf)
    small = (x > 0) & (x < 13)
    out[small] = _lgamma_small(x[small])
    large = (x >= 13) & (x < np.inf)
    z = x[large]
    out[large] = (z - 0.5) * np.log(z) - z + 0.5 * math.log(2 * math.pi) + _ratio(
        _STIRLING, 1 / (z * z)) / z
    other = (x < 0) & (x > -np.inf) & (x != np.floor(x))
    out[other] = [math.lgamma(v) for v in x[other]]
    return out


lgamma = _by_block(_lgamma_block)


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


def _bessel(x: Any, order: int, scaled: bool = False) -> Any:
    """I_0 or I_1 (scaled: times e^-|x|), by series below 20 and expansion above (float64)."""
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
    far = asymptotic / np.sqrt(2 * np.pi * large)
    if scaled:
        out = np.where(y < 20, series * np.exp(-small), far)
    else:
        out = np.where(y < 20, series, np.exp(large / 2) * far * np.exp(large / 2))
    return (out if order == 0 else np.copysign(out, x)).astype(x.dtype)


def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind, order 0."""
    return _bessel(x, 0)


def i1(x: Any) -> Any:
    """The modified Bessel function of the first kind, order 1."""
    return _bessel(x, 1)


def i0e(x: Any) -> Any:
    """e^-|x| I_0(x)."""
    return _bessel(x, 0, True)


def i1e(x: Any) -> Any:
    """e^-|x| I_1(x)."""
    return _bessel(x, 1, True)
