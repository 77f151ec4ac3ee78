"""The rarer special functions as host primitives, with their derivatives.

Those whose derivative PyTorch does not have have none here either.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..graph import Spec, spec
from . import bessel, incomplete, polynomials, special
from . import elementwise as ew
from .define import Primitive, Sym
from .linalg import refuse


def _host(name: str, numpy: Callable[..., Any], vjp: Callable[..., Any] | None = None) -> Primitive:
    """A row: operands of one shape and dtype, the result of the same."""
    def rule(*specs: Spec) -> Spec:
        return spec(max((s.shape for s in specs), key=len), specs[0].dtype)

    def full_vjp(g: Sym, y: Sym, *args: Sym) -> list[Sym | None]:
        if vjp is None:
            return [None] * len(args)
        cts = vjp(g, y, *args)
        return list(cts) if isinstance(cts, tuple) else [cts]
    return Primitive(name, "host", numpy, rule, full_vjp)


def _refused(x: Sym, name: str) -> Sym:
    """Stands for a derivative that does not exist."""
    out: Sym = refuse(x, error=NotImplementedError,
                      text=f"the derivative for '{name}' is not implemented.")
    return out


def _density(a: Sym, x: Sym) -> Sym:
    """x^(a-1) e^-x / Γ(a)."""
    out: Sym = ew.exp((a - 1) * ew.log(x) - x - ew.lgamma(a))
    return out


igamma = _host("igamma", incomplete.igamma, lambda g, y, a, x: (
    _refused(a, "igamma: input"), g * _density(a, x)))
igammac = _host("igammac", incomplete.igammac, lambda g, y, a, x: (
    _refused(a, "igammac: input"), -g * _density(a, x)))
zeta: Primitive = _host("zeta", incomplete.zeta, lambda g, y, s, q: (
    _refused(s, "zeta"), -g * s * zeta(s + 1, q)))
erfcx = _host("erfcx", special.erfcx, lambda g, y, x: g * (2 * x * y - 2 / math.sqrt(math.pi)))
log_ndtr = _host("log_ndtr", incomplete.log_ndtr, lambda g, y, x: (
    g * math.sqrt(2 / math.pi) / erfcx(x * -math.sqrt(0.5))))
ndtri = _host("ndtri", incomplete.ndtri, lambda g, y, p: (
    g * ew.exp(y * y * 0.5) * math.sqrt(2 * math.pi)))
i0e: Primitive = _host("i0e", special.i0e, lambda g, y, x: g * (i1e(x) - ew.sign(x) * y))
i1e: Primitive = _host("i1e", special.i1e, lambda g, y, x: g * (
    i0e(x) - ew.sign(x) * y - ew.select(x.eq(0), y * 0 + 0.5, y / x)))

BESSEL = {name: _host(name, getattr(bessel, name)) for name in (
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "modified_bessel_k0",
    "modified_bessel_k1", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1",
    "spherical_bessel_j0")}
POLYNOMIALS = {name: _host(name, getattr(polynomials, short)) for name, short in {
    "chebyshev_polynomial_t": "chebyshev_t", "chebyshev_polynomial_u": "chebyshev_u",
    "chebyshev_polynomial_v": "chebyshev_v", "chebyshev_polynomial_w": "chebyshev_w",
    "shifted_chebyshev_polynomial_t": "shifted_chebyshev_t",
    "shifted_chebyshev_polynomial_u": "shifted_chebyshev_u",
    "shifted_chebyshev_polynomial_v": "shifted_chebyshev_v",
    "shifted_chebyshev_polynomial_w": "shifted_chebyshev_w",
    "hermite_polynomial_h": "hermite_h", "hermite_polynomial_he": "hermite_he",
    "laguerre_polynomial_l": "laguerre_l", "legendre_polynomial_p": "legendre_p"}.items()}
