"""Bessel and Airy functions: series, recurrences and asymptotic expansions in float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .special import EULER

_FAR = 30.0  # where the expansions for large arguments take over


def _in_double(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of float64 arrays as one of any floating-point array."""
    def mapped(x: Any) -> Any:
        x = np.asarray(x)
        with np.errstate(all="ignore"):
            return np.asarray(function(x.astype(np.float64))).astype(x.dtype)
    return mapped


# ---- first and second kind -----------------------------------------------------------------------

def _by_recurrence(y: Any) -> tuple[Any, Any, Any, Any]:
    """J_0, J_1, Y_0, Y_1 for 2 ≤ y ≤ 30, from J_80 downwards (Miller), and Neumann's series."""
    above, here = np.zeros_like(y), np.full_like(y, 1e-250)
    total, even, odd, first = (np.zeros_like(y) for _ in range(4))
    for n in range(80, 0, -1):  # `here` is J_n up to a factor
        if n % 2 == 0:
            k = n // 2
            total += 2 * here
            even += (-1) ** k * here / k
        elif n > 1:
            k = n // 2
            odd += (-1) ** k * (2 * k + 1) / (k * (k + 1)) * here
        first = here
        above, here = here, 2 * n / y * here - above
    total += here
    j0, j1, even, odd = here / total, first / total, even / total, odd / total
    level = np.log(y / 2) + EULER
    y0 = 2 / np.pi * level * j0 - 4 / np.pi * even
    y1 = -2 / (np.pi * y) * j0 + 2 / np.pi * (level - 1) * j1 - 2 / np.pi * odd
    return j0, j1, y0, y1


def _by_series(y: Any) -> tuple[Any, Any, Any, Any]:
    """J_0, J_1, Y_0, Y_1 for y < 2."""
    quarter = y * y / 4
    zero, one = np.ones_like(y), y / 2
    j0, j1, even, odd = zero.copy(), one.copy(), np.zeros_like(y), np.zeros_like(y)
    harmonic = 0.0
    odd += one  # H_0 + H_1 = 1
    for k in range(1, 22):
        zero = -zero * quarter / (k * k)
        one = -one * quarter / (k * (k + 1))
        harmonic += 1 / k
        j0 += zero
        j1 += one
        even += harmonic * zero
        odd += (2 * harmonic + 1 / (k + 1)) * one
    level = np.log(y / 2) + EULER
    y0 = 2 / np.pi * (level * j0 - even)
    y1 = 2 / np.pi * level * j1 - 2 / (np.pi * y) - odd / np.pi
    return j0, j1, y0, y1


def _hankel(y: Any, order: int) -> tuple[Any, Any]:
    """Hankel's expansions P and Q for large arguments."""
    term, sums = np.ones_like(y), [np.ones_like(y), np.zeros_like(y)]
    for k in range(1, 22):
        term = term * (4 * order * order - (2 * k - 1) ** 2) / (k * 8 * y)
        sums[k % 2] = sums[k % 2] + (1 if k % 4 < 2 else -1) * term
    return sums[0], sums[1]


def _by_expansion(y: Any) -> tuple[Any, Any, Any, Any]:
    """J_0, J_1, Y_0, Y_1 for large y."""
    size = 1 / np.sqrt(np.pi * y)  # √(2/(πy)), and √½ of the turn by π/4
    s, c = np.sin(y), np.cos(y)
    p, q = _hankel(y, 0)
    j0, y0 = size * (p * (c + s) - q * (s - c)), size * (p * (s - c) + q * (c + s))
    p, q = _hankel(y, 1)
    j1, y1 = size * (p * (s - c) + q * (s + c)), size * (-p * (s + c) + q * (s - c))
    return j0, j1, y0, y1


def _cylinder(y: Any, which: int) -> Any:
    """One of J_0, J_1, Y_0, Y_1 at y ≥ 0."""
    near = _by_series(np.minimum(y, 2.0))[which]
    middle = _by_recurrence(np.clip(y, 2.0, _FAR))[which]
    far = _by_expansion(np.maximum(y, _FAR))[which]
    out = np.where(y < 2, near, np.where(y < _FAR, middle, far))
    return np.where(np.isfinite(y), out, np.nan)


bessel_j0 = _in_double(lambda x: _cylinder(np.abs(x), 0))
bessel_j1 = _in_double(lambda x: np.copysign(1, x) * _cylinder(np.abs(x), 1))


def _second_kind(which: int) -> Callable[[Any], Any]:
    def values(x: Any) -> Any:
        out = _cylinder(np.abs(x), which)
        return np.where(x < 0, np.nan, np.where(x == 0, -np.inf, out))
    return _in_double(values)


bessel_y0 = _second_kind(2)
bessel_y1 = _second_kind(3)
spherical_bessel_j0 = _in_double(
    lambda x: np.where(np.isinf(x), 0.0, np.where(x == 0, 1.0, np.sin(x) / x)))


# ---- modified, second kind -----------------------------------------------------------------------

def _k_by_integral(y: Any, order: float) -> Any:
    """e^y K(y) = ∫ e^(-y (cosh t - 1)) cosh(order t) dt by the trapezoidal rule, 1 ≤ y ≤ 30."""
    step = 0.1
    total = np.full_like(y, 0.5)
    for i in range(1, 50):
        t = i * step
        total += np.exp(-y * 2 * math.sinh(t / 2) ** 2) * math.cosh(order * t)
    return total * step


def _k_by_expansion(y: Any, order: float) -> Any:
    """e^y K(y) for large y."""
    term = total = np.ones_like(y)
    for k in range(1, 20):
        term = term * (4 * order * order - (2 * k - 1) ** 2) / (k * 8 * y)
        total = total + term
    return np.sqrt(np.pi / (2 * y)) * total


def _k_by_series(y: Any, order: int) -> Any:
    """K_0 or K_1 for y < 2."""
    quarter, level = y * y / 4, np.log(y / 2) + EULER
    term = np.ones_like(y) if order == 0 else y / 2
    harmonic = 0.0
    grown, rest = term.copy(), np.zeros_like(y) if order == 0 else term.copy()
    for k in range(1, 20):
        term = term * quarter / (k * (k + order))
        harmonic += 1 / k
        grown += term
        rest += (harmonic if order == 0 else 2 * harmonic + 1 / (k + 1)) * term
    return rest - level * grown if order == 0 else 1 / y + level * grown - rest / 2


def _third_kind(order: int, scaled: bool) -> Callable[[Any], Any]:
    def values(x: Any) -> Any:
        near = _k_by_series(np.minimum(x, 2.0), order)
        middle = _k_by_integral(np.clip(x, 2.0, _FAR), order)
        far = _k_by_expansion(np.maximum(x, _FAR), order)
        factor = np.exp(np.where(x < 2, x, 0.0) if scaled else np.where(x < 2, 0.0, -x))
        out = np.where(x < 2, near, np.where(x < _FAR, middle, far)) * factor
        out = np.where(x < 0, np.nan, np.where(x == 0, np.inf, out))
        return np.where(np.isnan(x), np.nan, np.where(np.isposinf(x), 0.0, out))
    return _in_double(values)


modified_bessel_k0, modified_bessel_k1 = _third_kind(0, False), _third_kind(1, False)
scaled_modified_bessel_k0, scaled_modified_bessel_k1 = _third_kind(0, True), _third_kind(1, True)


# ---- Airy ----------------------------------------------------------------------------------------

def _airy_series(x: Any) -> Any:
    """Ai for |x| ≤ 8 or so, by its power series."""
    cube = x**3
    f, g = np.ones_like(x), x.copy()
    total_f, total_g = f.copy(), g.copy()
    for k in range(1, 60):
        f = f * cube / ((3 * k - 1) * 3 * k)
        g = g * cube / (3 * k * (3 * k + 1))
        total_f += f
        total_g += g
    at_zero = 3 ** (-2 / 3) / math.gamma(2 / 3)
    slope = 3 ** (-1 / 3) / math.gamma(1 / 3)
    return at_zero * total_f - slope * total_g


def _airy_waves(y: Any) -> Any:
    """Ai(-y) for large y."""
    turn = 2 / 3 * y**1.5
    term, sums = np.ones_like(y), [np.ones_like(y), np.zeros_like(y)]
    for k in range(1, 20):
        term = term * (6 * k - 5) * (6 * k - 1) / (72 * k * turn)
        sums[k % 2] = sums[k % 2] + (1 if k % 4 < 2 else -1) * term
    angle = turn + np.pi / 4
    return (np.sin(angle) * sums[0] - np.cos(angle) * sums[1]) / (np.sqrt(np.pi) * y**0.25)


def _airy(x: Any) -> Any:
    series = _airy_series(np.clip(x, -8.0, 2.0))
    y = np.maximum(x, 2.0)
    turn = 2 / 3 * y**1.5
    scaled = np.where(turn < _FAR, _k_by_integral(np.minimum(turn, _FAR), 1 / 3),
                      _k_by_expansion(np.maximum(turn, _FAR), 1 / 3))
    decay = np.sqrt(y / 3) / np.pi * scaled * np.exp(-turn)
    waves = _airy_waves(np.maximum(-x, 8.0))
    out = np.where(x > 2, decay, np.where(x < -8, waves, series))
    return np.where(np.isposinf(x), 0.0, np.where(np.isneginf(x), np.nan, out))


airy_ai = _in_double(_airy)
