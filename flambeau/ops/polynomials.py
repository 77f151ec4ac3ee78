"""NumPy meanings of orthogonal polynomials, by their recurrences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# From p_k and p_(k-1), k and x to p_(k+1).
Step = Callable[[Any, Any, int, Any], Any]


def _chebyshev(p: Any, q: Any, k: int, x: Any) -> Any:
    return 2 * x * p - q


def _polynomial(first: Callable[[Any], Any], step: Step, shifted: bool = False,
                waves: Callable[[Any, Any], Any] | None = None) -> Callable[[Any, Any], Any]:
    """A family of polynomials as a function of x and the degree.

    Args:
        first: the polynomial of degree 1; that of degree 0 is 1.
        step: from two degrees to the next.
        shifted: whether it is taken at 2x - 1.
        waves: a form by cosines for |x| < 1, cheaper for high degrees.
    """
    def values(x: Any, n: Any) -> Any:
        kind = np.asarray(x).dtype
        with np.errstate(all="ignore"):
            y, degree = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(n, np.float64))
            degree = np.trunc(degree)
            if shifted:
                y = 2 * y - 1
            inside = np.abs(y) < 1 if waves else np.zeros(y.shape, bool)
            out = np.where(degree < 0, 0.0, 1.0)
            below, here = np.ones(y.shape), np.asarray(first(y))
            last = int(np.max(np.where(inside, 6, degree), initial=0))
            for k in range(1, last + 1):
                out = np.where(degree == k, here, out)
                below, here = here, step(here, below, k, y)
            if waves:
                out = np.where(inside & (degree > 6), waves(np.arccos(y), degree), out)
        return np.where(np.isnan(y), np.nan, out).astype(kind)
    return values


def _family(first: Callable[[Any], Any], waves: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    return _polynomial(first, _chebyshev, False, waves), _polynomial(first, _chebyshev, True, waves)


chebyshev_t, shifted_chebyshev_t = _family(lambda x: x, lambda a, n: np.cos(n * a))
chebyshev_u, shifted_chebyshev_u = _family(
    lambda x: 2 * x, lambda a, n: np.sin((n + 1) * a) / np.sin(a))
chebyshev_v, shifted_chebyshev_v = _family(
    lambda x: 2 * x - 1, lambda a, n: np.cos((n + 0.5) * a) / np.cos(a / 2))
chebyshev_w, shifted_chebyshev_w = _family(
    lambda x: 2 * x + 1, lambda a, n: np.sin((n + 0.5) * a) / np.sin(a / 2))
hermite_h = _polynomial(lambda x: 2 * x, lambda p, q, k, x: 2 * (x * p - k * q))
hermite_he = _polynomial(lambda x: x, lambda p, q, k, x: x * p - k * q)
laguerre_l = _polynomial(
    lambda x: 1 - x, lambda p, q, k, x: ((2 * k + 1 - x) * p - k * q) / (k + 1))
legendre_p = _polynomial(
    lambda x: x, lambda p, q, k, x: ((2 * k + 1) * x * p - k * q) / (k + 1))
