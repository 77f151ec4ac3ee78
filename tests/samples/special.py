"""Samples of special functions."""

from __future__ import annotations

from .define import FLOATS, REDUCED, C, Error, Row, T

ANY = T((3, 4), low=-4.0, high=4.0)
POSITIVE = T((3, 4), low=0.2, high=6.0)
OPEN = T((3, 4), low=0.02, high=0.98)
EDGES = T((7,), values=[0.0, 1.0, -1.0, float("inf"), -float("inf"), float("nan"), 40.0],
          grad=False)
COMPLEX = [Error(C(T((2,), "complex64")))]
HALF = [*COMPLEX, Error(C(T((2,), "float16")))]
PLAIN = (*FLOATS, "int64")
WIDE = (*PLAIN, *REDUCED)
FIXED = {"grad": False, "layouts": ("contiguous", "sliced")}
DEGREES = T((3, 4), "int64", low=-1, high=12)
FAMILIES = ("chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v",
            "chebyshev_polynomial_w", "shifted_chebyshev_polynomial_t",
            "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
            "shifted_chebyshev_polynomial_w", "hermite_polynomial_h", "hermite_polynomial_he",
            "laguerre_polynomial_l", "legendre_polynomial_p")

ALIASES = [
    *[Row(f"special.{name}", [C(ANY)], PLAIN)
      for name in ("erf", "erfc", "exp2", "expit", "expm1", "i0", "sinc")],
    *[Row(f"special.{name}", [C(POSITIVE)], PLAIN)
      for name in ("digamma", "psi", "gammaln", "log1p")],
    Row("special.round", [C(ANY, decimals=1)], differences=False),
    Row("special.erfinv", [C(OPEN)]), Row("special.logit", [C(OPEN), C(OPEN, 0.1)]),
    Row("special.multigammaln", [C(T((3,), low=2, high=5), 2)]),
    Row("special.polygamma", [C(1, POSITIVE), C(0, POSITIVE), C(3, POSITIVE)]),
    Row("special.xlogy", [C(ANY, POSITIVE), C(2.0, POSITIVE)]),
    Row("special.softmax", [C(ANY, 1)]), Row("special.log_softmax", [C(ANY, 0)]),
    Row("special.logsumexp", [C(ANY, 1), C(ANY, (0, 1), True)]),
]

ONE = [
    Row("special.entr", [C(OPEN), C(EDGES)], WIDE, errors=COMPLEX),
    Row("special.erfcx", [C(ANY), C(EDGES)], PLAIN, errors=HALF),
    Row("special.ndtr", [C(ANY), C(EDGES)], WIDE, errors=COMPLEX),
    Row("special.ndtri", [C(OPEN), C(EDGES),
                          C(T((3,), values=[1e-30, 1e-6, 0.999999], grad=False))],
        FLOATS, errors=HALF, tolerance=10),
    Row("special.log_ndtr", [C(ANY), C(EDGES), C(T((3,), low=-90, high=-8))], PLAIN, errors=HALF),
    Row("special.i0e", [C(ANY), C(EDGES), C(T((4,), low=10, high=30))], WIDE, errors=COMPLEX),
    Row("special.i1", [C(ANY), C(T((4,), low=10, high=30))], WIDE, errors=COMPLEX),
    Row("special.i1e", [C(ANY), C(EDGES), C(T((4,), low=10, high=30))], WIDE, errors=COMPLEX),
    Row("special.modified_bessel_i0", [C(ANY)], PLAIN, errors=HALF, **FIXED),
    Row("special.modified_bessel_i1", [C(ANY)], PLAIN, errors=HALF, **FIXED),
    # PyTorch's own values of these are no better than 4e-6.
    *[Row(f"special.{name}", [C(ANY), C(EDGES if name != "airy_ai" else POSITIVE),
                              C(T((9,), low=-40, high=80))],
          FLOATS, errors=HALF, tolerance=1e4, **FIXED)
      for name in ("bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "airy_ai")],
    *[Row(f"special.{name}", [C(POSITIVE), C(EDGES), C(T((9,), low=6, high=80))], PLAIN,
          errors=HALF, **FIXED)
      for name in ("modified_bessel_k0", "modified_bessel_k1", "scaled_modified_bessel_k0",
                   "scaled_modified_bessel_k1", "spherical_bessel_j0")],
]

TWO = [
    *[Row(f"special.{name}", [C(T((3, 4), low=-1.5, high=1.5), DEGREES), C(T((3,)), 4),
                              C(0.5, T((3,), "int64", low=0, high=5))], FLOATS,
          errors=[Error(C(T((2,), "float16"), 3))], **FIXED) for name in FAMILIES],
    Row("special.xlog1py", [C(ANY, POSITIVE), C(2.0, POSITIVE), C(ANY, 0.5)], WIDE,
        errors=[Error(C(T((2,), "complex64"), 1.0))]),
    Row("special.zeta", [C(T((3, 4), low=1.5, high=9, grad=False), POSITIVE), C(2.5, POSITIVE),
                         C(T((4,), values=[1.0, 0.5, 2.0, 2.5], grad=False),
                           T((4,), values=[1.0, 1.0, -1.5, -1.5], grad=False))], PLAIN,
        errors=[Error(C(T((2,), "float16"), T((2,), "float16")))]),
]
GAMMA = [C(T((3, 4), low=0.1, high=8, grad=False), POSITIVE),
         C(T((4,), low=30, high=90, grad=False), T((4,), low=30, high=90)),
         C(T((3, 1), low=0.1, high=8, grad=False), T((4,), low=0.1, high=9)),
         C(T((6,), values=[0.0, 0.0, 1.0, 1.0, float("inf"), -1.0], grad=False),
           T((6,), values=[0.0, 1.0, 0.0, float("inf"), 1.0, 1.0], grad=False))]
NO_GAMMA = [Error(C(T((2,), "int64"), T((2,), "int64")))]
INCOMPLETE = [
    Row(path, GAMMA, (*FLOATS, *REDUCED), errors=NO_GAMMA, tolerance=10)
    for path in ("igamma", "igammac", "special.gammainc", "special.gammaincc", "Tensor.igamma",
                 "Tensor.igammac")]
INCOMPLETE += [Row(f"Tensor.{name}_", [C(T((3,), low=0.5, high=4, grad=False),
                                         T((3,), low=0.5, high=4))], FLOATS)
               for name in ("igamma", "igammac")]

ROWS = [*ALIASES, *ONE, *TWO, *INCOMPLETE]
