"""Samples of gamma and Dirichlet distributions with implicit derivatives by their parameters.

A sample x of a distribution with the cumulative function F(x; a) moves with the parameter by
dx/da = -(∂F/∂a) / (∂F/∂x).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Spec
from . import reduction as rd
from .define import Primitive, Sym
from .linalg import refuse
from .movement import expand, reshape
from .special import digamma

_TERMS = 5000


def _gamma_below(a: Any, x: Any) -> Any:
    """dx/da for x ≤ a + 1, from the power series of F."""
    level, harmonic, term = np.log(x) - digamma(a + 1), np.zeros_like(a), np.ones_like(a)
    total = level.copy()
    for k in range(1, _TERMS):
        term = term * x / (a + k)
        harmonic = harmonic + 1 / (a + k)
        total = total + term * (level - harmonic)
        if not np.any(term > 1e-17):
            break
    return -x / a * total


def _fraction(a: Any, x: Any) -> Any:
    """Γ(a, x) e^x x^-a by its continued fraction."""
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
    return out


def _gamma_above(a: Any, x: Any) -> Any:
    """dx/da for x > a + 1, from the continued fraction of 1 - F."""
    h = 1e-3 * a
    near = _fraction(a + h, x) - _fraction(a - h, x)
    far = _fraction(a + 2 * h, x) - _fraction(a - 2 * h, x)
    slope = (8 * near - far) / (12 * h)
    return x * (_fraction(a, x) * (np.log(x) - digamma(a)) + slope)


def gamma_slope(alpha: Any, x: Any) -> Any:
    """How a sample of the gamma distribution of shape alpha moves with alpha."""
    kind = np.asarray(x).dtype
    a, y = np.broadcast_arrays(np.asarray(alpha, np.float64), np.asarray(x, np.float64))
    out = np.zeros(a.shape)
    below = (y <= a + 1) & (y > 0)
    above = y > a + 1
    with np.errstate(all="ignore"):
        out[below] = _gamma_below(a[below], y[below])
        out[above] = _gamma_above(a[above], y[above])
    return out.astype(kind)


def _beta_series(a: Any, b: Any, x: Any, by_first: bool) -> Any:
    """The derivative of I_x(a, b) by a or b over its density, for x below the middle."""
    y, total = 1 - x, a + b
    level = np.log(x) - digamma(a) - 1 / a if by_first else np.log(y) - digamma(b)
    level = level + digamma(total)
    term, grown, sum_, slope = np.ones_like(x), np.zeros_like(x), np.ones_like(x), np.zeros_like(x)
    for k in range(_TERMS):
        term = term * (total + k) / (a + 1 + k) * x
        grown = grown + 1 / (total + k) - (1 / (a + 1 + k) if by_first else 0)
        sum_ = sum_ + term
        slope = slope + term * grown
        if not np.any(term > 1e-17 * sum_):
            break
    return x * y / a * (sum_ * level + slope)


def dirichlet_slope(x: Any, alpha: Any, total: Any) -> Any:
    """How a component of a Dirichlet sample moves with its alpha, the other shapes being fixed.

    Divided by 1 - x, which is how much the others have to give.
    """
    kind = np.asarray(x).dtype
    y, a, t = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (x, alpha, total)))
    b = t - a
    tiny = np.finfo(np.float64).tiny
    y = np.clip(y, tiny, 1 - 1e-16)
    out = np.zeros(y.shape)
    low = y <= (a + 1) / (t + 2)
    high = ~low
    with np.errstate(all="ignore"):
        out[low] = -_beta_series(a[low], b[low], y[low], True)
        out[high] = _beta_series(b[high], a[high], 1 - y[high], False)
        out = out / (1 - y)
    return out.astype(kind)


def _no_second(name: str) -> Any:
    def vjp(g: Sym, y: Sym, *args: Sym) -> list[Sym]:
        return [refuse(a, error=RuntimeError,
                       text=f"derivative for aten::{name} is not implemented") for a in args]
    return vjp


def _first_spec(a: Spec, *rest: Spec) -> Spec:
    return a


gamma_gradient = Primitive(
    "gamma_gradient", "host", gamma_slope, _first_spec, _no_second("_standard_gamma_grad"))
dirichlet_gradient = Primitive(
    "dirichlet_gradient", "host", dirichlet_slope, _first_spec, _no_second("_dirichlet_grad"))


def _along(x: Sym, like: Sym) -> Sym:
    """Sums over the last dimension, repeated along it."""
    summed = rd.reduce_sum(x, axes=(x.ndim - 1,))
    out: Sym = expand(reshape(summed, shape=(*x.shape[:-1], 1)), shape=like.shape)
    return out


def _dirichlet_vjp(g: Sym, y: Sym, alpha: Sym, sample: Sym) -> list[Sym | None]:
    slope = dirichlet_gradient(sample, alpha, _along(alpha, alpha))
    return [slope * (g - _along(sample * g, sample)), None]


gamma_sample = Primitive(  # the sample, on which the shape has an influence
    "gamma_sample", "host", lambda alpha, sample: sample, _first_spec,
    lambda g, y, alpha, sample: [g * gamma_gradient(alpha, sample), None])
dirichlet_sample = Primitive(
    "dirichlet_sample", "host", lambda alpha, sample: sample, _first_spec, _dirichlet_vjp)
