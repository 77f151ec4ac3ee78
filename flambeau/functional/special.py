"""The rarer special functions (`flambeau.special`), and the incomplete gamma functions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from ..autograd.base import TensorBase
from ..autograd.record import Value, op
from ..dtype import get_default_dtype
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import special_primitives as sp
from .calling import not_implemented
from .overload import tensor_only
from .pointwise import floating

Body = Callable[..., Any]


def _documented(function: Any, name: str, sentence: str, call: str, gives: str, args: str) -> None:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = (f"{sentence}\n\n    Args:\n        {args}\n\n    Returns:\n"
                        "        a tensor of that shape.\n\n    Example:\n"
                        "        >>> import flambeau as torch\n"
                        f"        >>> torch.special.{name}({call})\n        {gives}\n\n"
                        f"    Source: torch.special.{name}.\n    ")


def _detached(value: Any) -> Any:
    """A tensor without gradients; anything else as it is."""
    return value.detach() if isinstance(value, TensorBase) else value  # type: ignore[attr-defined]


def _constant(function: Any) -> Any:
    """The function without gradients, as PyTorch has it."""
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*[_detached(a) for a in args],
                        **{k: v if k == "out" else _detached(v) for k, v in kwargs.items()})
    call.method = call  # type: ignore[attr-defined]
    return call


def _row(name: str, body: Body, sentence: str, given: str, gives: str, grad: str | None = None,
         kernel: str = "", reduced: bool = False) -> Any:
    """A public function of one tensor (see `pointwise._row`).

    Args:
        grad: class name of its tape entries; None: it has no gradient.
        kernel: the kernel that refuses dtypes. Default: by its name.
        reduced: whether float16 and bfloat16 are allowed.
    """
    kernel = kernel or f"{name}_cpu"

    def function(input: Value) -> Any:
        x = floating(tensor_only(input, f"special_{name}"))
        if x.dtype.is_complex or (x.dtype.is_reduced and not reduced):
            raise not_implemented(kernel, x.dtype)
        return body(x)
    _documented(function, name, sentence, f"torch.tensor({given})", gives,
                "input: a tensor of any shape.")
    made = op(function, name=f"special_{name}", grad=grad, widen=reduced, out=True)
    return made if grad else _constant(made)


# ---- around the error function -------------------------------------------------------------------

def _entr(x: Any) -> Any:
    inside = x > 0
    safe = ar.where(inside, x, ar.literal(1, x.dtype))
    edge = ar.where(x.eq(0), ar.literal(0, x.dtype), ar.literal(-math.inf, x.dtype))
    return ar.where(x.ne(x), x, ar.where(inside, -x * ew.log(safe), edge))


entr = _row("entr", _entr, "-x log x; 0 at 0 and -∞ below.", "[0., 0.5]",
            "tensor([0.0000, 0.3466])", "SpecialEntrBackward0", reduced=True)
erfcx = _row("erfcx", sp.erfcx, "e^(x²) erfc(x).", "[0., 10.]", "tensor([1.0000, 0.0561])",
             "SpecialErfcxBackward0")
ndtr = _row("ndtr", lambda x: ew.erfc(x * -math.sqrt(0.5)) * 0.5,
            "The area under the normal density from -∞ to x.", "[0., 1.]",
            "tensor([0.5000, 0.8413])", "MulBackward1", kernel="erf_vml_cpu", reduced=True)
ndtri = _row("ndtri", sp.ndtri, "The inverse of `ndtr`.", "[0.5, 0.975]",
             "tensor([0.0000, 1.9600])", "SpecialNdtriBackward0")
log_ndtr = _row("log_ndtr", sp.log_ndtr, "log(ndtr(x)), also far to the left.", "[-20., 0.]",
                "tensor([-203.9172,   -0.6931])", "SpecialLogNdtrBackward0")

# ---- Bessel functions ----------------------------------------------------------------------------
i0e = _row("i0e", sp.i0e, "e^-|x| I_0(x).", "[0., 1.]", "tensor([1.0000, 0.4658])",
           "SpecialI0EBackward0", reduced=True)
i1 = _row("i1", ew.i1, "The modified Bessel function of the first kind, order 1.", "[0., 1.]",
          "tensor([0.0000, 0.5652])", "SpecialI1Backward0", reduced=True)
i1e = _row("i1e", sp.i1e, "e^-|x| I_1(x).", "[0., 1.]", "tensor([0.0000, 0.2079])",
           "SpecialI1EBackward0", reduced=True)


def _bessel_row(name: str, sentence: str, gives: str) -> Any:
    return _row(name, sp.BESSEL[name], sentence, "[1., 2.]", gives)


airy_ai = _bessel_row("airy_ai", "Airy's function Ai.", "tensor([0.1353, 0.0349])")
bessel_j0 = _bessel_row("bessel_j0", "The Bessel function of the first kind, order 0.",
                        "tensor([0.7652, 0.2239])")
bessel_j1 = _bessel_row("bessel_j1", "The Bessel function of the first kind, order 1.",
                        "tensor([0.4401, 0.5767])")
bessel_y0 = _bessel_row("bessel_y0", "The Bessel function of the second kind, order 0.",
                        "tensor([0.0883, 0.5104])")
bessel_y1 = _bessel_row("bessel_y1", "The Bessel function of the second kind, order 1.",
                        "tensor([-0.7812, -0.1070])")
modified_bessel_i0 = _row(
    "modified_bessel_i0", ew.i0, "The modified Bessel function of the first kind, order 0.",
    "[1., 2.]", "tensor([1.2661, 2.2796])")
modified_bessel_i1 = _row(
    "modified_bessel_i1", ew.i1, "The modified Bessel function of the first kind, order 1.",
    "[1., 2.]", "tensor([0.5652, 1.5906])")
modified_bessel_k0 = _bessel_row(
    "modified_bessel_k0", "The modified Bessel function of the second kind, order 0.",
    "tensor([0.4210, 0.1139])")
modified_bessel_k1 = _bessel_row(
    "modified_bessel_k1", "The modified Bessel function of the second kind, order 1.",
    "tensor([0.6019, 0.1399])")
scaled_modified_bessel_k0 = _bessel_row("scaled_modified_bessel_k0", "e^x K_0(x).",
                                        "tensor([1.1445, 0.8416])")
scaled_modified_bessel_k1 = _bessel_row("scaled_modified_bessel_k1", "e^x K_1(x).",
                                        "tensor([1.6362, 1.0335])")
spherical_bessel_j0 = _bessel_row("spherical_bessel_j0", "sin(x) / x, which is 1 at 0.",
                                  "tensor([0.8415, 0.4546])")


# ---- orthogonal polynomials ----------------------------------------------------------------------

def _polynomial(name: str, sentence: str, gives: str) -> Any:
    primitive = sp.POLYNOMIALS[name]

    def function(input: Value, n: Value) -> Any:
        d = ar.result_type(input, n)
        d = d if d.category >= 2 else get_default_dtype()
        if d.is_complex or d.is_reduced:
            raise not_implemented(f"{name}_cpu", d)
        return primitive(*ar.operands(input, n, d=d))
    _documented(function, name, sentence, "torch.tensor([0.5, 2.]), 3", gives,
                "input, n: tensors that broadcast, or numbers: where, and which degrees.")
    return _constant(op(function, name=f"special_{name}", widen=False, out=True))


chebyshev_polynomial_t = _polynomial(
    "chebyshev_polynomial_t", "Chebyshev's polynomials of the first kind.", "tensor([-1., 26.])")
chebyshev_polynomial_u = _polynomial(
    "chebyshev_polynomial_u", "Chebyshev's polynomials of the second kind.", "tensor([-1., 56.])")
chebyshev_polynomial_v = _polynomial(
    "chebyshev_polynomial_v", "Chebyshev's polynomials of the third kind.", "tensor([-1., 41.])")
chebyshev_polynomial_w = _polynomial(
    "chebyshev_polynomial_w", "Chebyshev's polynomials of the fourth kind.", "tensor([-1., 71.])")
shifted_chebyshev_polynomial_t = _polynomial(
    "shifted_chebyshev_polynomial_t", "Chebyshev's polynomials of the first kind at 2x - 1.",
    "tensor([-0., 99.])")
shifted_chebyshev_polynomial_u = _polynomial(
    "shifted_chebyshev_polynomial_u", "Chebyshev's polynomials of the second kind at 2x - 1.",
    "tensor([ -0., 204.])")
shifted_chebyshev_polynomial_v = _polynomial(
    "shifted_chebyshev_polynomial_v", "Chebyshev's polynomials of the third kind at 2x - 1.",
    "tensor([  1., 169.])")
shifted_chebyshev_polynomial_w = _polynomial(
    "shifted_chebyshev_polynomial_w", "Chebyshev's polynomials of the fourth kind at 2x - 1.",
    "tensor([ -1., 239.])")
hermite_polynomial_h = _polynomial(
    "hermite_polynomial_h", "Hermite's polynomials as physicists have them.", "tensor([-5., 40.])")
hermite_polynomial_he = _polynomial(
    "hermite_polynomial_he", "Hermite's polynomials as probabilists have them.",
    "tensor([-1.3750,  2.0000])")
laguerre_polynomial_l = _polynomial(
    "laguerre_polynomial_l", "Laguerre's polynomials.", "tensor([-0.1458, -0.3333])")
legendre_polynomial_p = _polynomial(
    "legendre_polynomial_p", "Legendre's polynomials.", "tensor([-0.4375, 17.0000])")


# ---- functions of two tensors --------------------------------------------------------------------

def _by_scalars(name: str) -> Callable[..., str]:
    """The class name of tape entries, which counts the overloads with numbers."""
    def chosen(specs: Any, static: Any) -> str:
        return f"{name}Backward{1 if specs[0].weak else 2 if specs[1].weak else 0}"
    return chosen


@op(name="special_xlog1py", grad=_by_scalars("SpecialXlog1Py"), out=True)
def xlog1py(input: Value, other: Value) -> Any:
    """input · log(1 + other), which is 0 where input is 0.

    Example:
        >>> import flambeau as torch
        >>> torch.special.xlog1py(torch.tensor([0., 2.]), torch.tensor([-1., 2.]))
        tensor([0.0000, 2.1972])

    Source: torch.special.xlog1py.
    """
    d = ar.result_type(input, other)
    if d.is_complex:
        raise not_implemented("xlog1py_cpu", d)
    x, y = ar.operands(input, other, d=d if d.category > 1 else get_default_dtype())
    silent = x.eq(0) & ((y <= -1) | y.eq(math.inf))
    safe = ar.where(silent, ar.literal(0, x.dtype), y)
    return ar.where(silent, ar.literal(0, x.dtype), x * ew.log1p(safe))


@op(name="special_zeta", grad=_by_scalars("SpecialZeta"), widen=False, out=True)
def zeta(input: Value, other: Value) -> Any:
    """Hurwitz' zeta function Σ_k (k + other)^-input, k = 0, 1, …

    Args:
        input: exponents, above 1.
        other: where the sum begins; the gradient exists for it only.

    Example:
        >>> import flambeau as torch
        >>> torch.special.zeta(torch.tensor([2., 4.]), 1)
        tensor([1.6449, 1.0823])

    Source: torch.special.zeta.
    """
    d = ar.result_type(input, other)
    d = d if d.category > 1 else get_default_dtype()
    if d.is_complex or d.is_reduced:
        raise not_implemented("zeta_cpu", d)
    return sp.zeta(*ar.operands(input, other, d=d))


def _incomplete(name: str, primitive: Any, a: Any, x: Any) -> Any:
    tensor_only(a, f"special_gammainc{name[6:]}")
    tensor_only(x, f"special_gammainc{name[6:]}", "other", 2)
    d = ar.result_type(a, x)
    if d.category != 2:
        raise not_implemented(f"{name}_cpu", d)
    return primitive(*ar.operands(a, x, d=d))


@op(out=True)
def igamma(input: Value, other: Value) -> Any:
    """The regularised lower incomplete gamma function 1/Γ(a) ∫ t^(a-1) e^-t dt, from 0 to other.

    Args:
        input: a, at least 0; it has no gradient.
        other: the end of the integral, at least 0.

    Example:
        >>> import flambeau as torch
        >>> torch.igamma(torch.tensor([1., 2.]), torch.tensor([1., 1.]))
        tensor([0.6321, 0.2642])

    Source: torch.special.gammainc.
    """
    return _incomplete("igamma", sp.igamma, input, other)


@op(out=True)
def igammac(input: Value, other: Value) -> Any:
    """The regularised upper incomplete gamma function, 1 - igamma(input, other).

    Args:
        input, other: as for `igamma`.

    Example:
        >>> import flambeau as torch
        >>> torch.igammac(torch.tensor([1., 2.]), torch.tensor([1., 1.]))
        tensor([0.3679, 0.7358])

    Source: torch.special.gammaincc.
    """
    return _incomplete("igammac", sp.igammac, input, other)
