"""Vector math: errors in units of the last place, special values, widths, instructions."""

from __future__ import annotations

import math
import platform
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from native_functions import ELEMENTS, HOST, compiled

from flambeau.compiler.vector_math import FUNCTIONS, SCALAR_ONLY

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

LIMIT = 2.0  # units in the last place
EXTENDED = np.longdouble
INF, NAN = math.inf, math.nan
BINARY = {"power", "fmod", "remainder", "atan2", "hypot", "copysign", "nextafter", "maximum",
          "minimum"}
WIDE = {"float": 16, "double": 8} if HOST.get("avx512f") else {"float": 8, "double": 4}
KINDS = ("float", "double")
X86 = platform.machine().lower() in ("x86_64", "amd64")


def _signed_remainder(x: Any, y: Any) -> Any:
    out = np.fmod(x, y)
    return np.where((out != 0) & ((out < 0) != (y < 0)), out + y, out)


def _sigmoid(x: Any) -> Any:
    return np.where(x < 0, np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-x)))


def _by_element(function: Callable[[float], float]) -> Callable[[Any], Any]:
    return lambda x: np.frompyfunc(function, 1, 1)(x).astype(np.float64)


# Exact to the working type's last place or better; the functions missing here have `NATIVE` ones.
REFERENCES: dict[str, Callable[..., Any]] = {
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "sigmoid": _sigmoid, "log": np.log,
    "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "power": np.power, "sin": np.sin,
    "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh, "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / x, "hypot": np.hypot, "fmod": np.fmod,
    "remainder": _signed_remainder, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc,
    "round_even": np.rint, "sign": lambda x: np.where(np.isnan(x), 0, np.sign(x)),
    "copysign": np.copysign, "maximum": np.maximum, "minimum": np.minimum}
FLOAT_ONLY = {"erf": _by_element(math.erf), "erfc": _by_element(math.erfc)}
NATIVE = ("erfinv", "lgamma", "digamma")  # of float32: compared with float64, that with mpmath
# Domains of what mpmath computes to 130 bits; the first five have no other reference.
MULTIPLE_PRECISION: dict[str, Callable[[Any], Any]] = {
    "erf": np.isfinite, "erfc": lambda x: np.abs(x) < 1e100, "erfinv": lambda x: np.abs(x) < 1,
    "lgamma": lambda x: (np.abs(x) < 1e300) & (x != np.floor(x)),
    "digamma": lambda x: (np.abs(x) < 1e300) & (x != np.floor(x)),
    **dict.fromkeys(["exp", "exp2", "expm1", "sigmoid", "sin", "cos", "tan", "atan", "sinh",
                     "cosh", "tanh", "asinh"], np.isfinite),
    **dict.fromkeys(["log", "log2", "log10"], lambda x: x > 0), "log1p": lambda x: x > -1,
    **dict.fromkeys(["asin", "acos", "atanh"], lambda x: np.abs(x) < 1),
    "acosh": lambda x: x >= 1}


@cache
def native(name: str, kind: str, lanes: int, features: str | None = None) -> Callable[..., Any]:
    """The compiled function of arrays."""
    return compiled(name, 2 if name in BINARY else 1, kind, lanes, features)


def points(kind: str, count: int, seed: int) -> Any:
    """Arguments: all bit patterns alike, then ranges where functions bend, in equal parts."""
    random = np.random.default_rng(seed)
    dtype = ELEMENTS[kind][1]
    bits = 32 if kind == "float" else 64
    part = count // 8
    range_ = 110 if kind == "float" else 750
    signs = random.choice([-1.0, 1.0], part)
    parts = [random.integers(0, 2**bits, part, np.uint64).astype(f"u{bits // 8}").view(dtype),
             random.uniform(-1, 1, part), random.uniform(-20, 20, part),
             random.uniform(0.5, 2, part), random.uniform(-range_, range_, part),
             signs * np.exp2(random.uniform(-30, 10, part)),
             np.round(random.uniform(-300, 300, part)) * np.pi / 4,
             1 + signs * np.exp2(random.uniform(-50, -2, part))]
    return np.concatenate([p.astype(dtype) for p in parts])


def arguments(name: str, kind: str, count: int) -> tuple[Any, ...]:
    """One array of arguments or two; for powers half of them with finite results."""
    x = points(kind, count, 1)
    if name not in BINARY:
        return (x,)
    y = np.random.default_rng(3).permutation(points(kind, count, 2))
    if name == "power":
        x[::2], y[::2] = np.abs(x[::2]), np.random.default_rng(4).uniform(-9, 9, count // 2)
    return x, y


def units(out: Any, reference: Any, kind: str) -> Any:
    """Errors in units of the last place of the reference; infinite where NaN or infinity differ."""
    precision, lowest, top = (24, -126, 128) if kind == "float" else (53, -1022, 1024)
    reference = np.asarray(reference).astype(EXTENDED)
    limit = np.ldexp(EXTENDED(1), top) * (1 - np.ldexp(EXTENDED(1), -precision - 1))
    reference = np.where(np.abs(reference) >= limit, np.sign(reference) * INF, reference)
    regular = np.isfinite(reference) & (reference != 0)
    exponent = np.where(regular, np.frexp(np.where(regular, reference, 1))[1] - 1, lowest)
    unit = np.ldexp(EXTENDED(1), np.maximum(exponent, lowest) - (precision - 1))
    error = np.abs(out.astype(EXTENDED) - reference) / unit
    odd = ~np.isfinite(reference) | ~np.isfinite(out)
    same = (out == reference) | (np.isnan(out) & np.isnan(reference))
    return np.where(odd, np.where(same, 0, INF), error)


def largest(name: str, kind: str, count: int, features: str | None = None) -> float:
    """The largest error against the reference."""
    inputs = arguments(name, kind, count)
    out = native(name, kind, WIDE[kind], features)(*inputs)
    if name in NATIVE and kind == "float":
        reference = native(name, "double", WIDE["double"])(*inputs)
    else:
        wide = np.float64 if kind == "float" and name != "atan2" else EXTENDED
        function = {**REFERENCES, **FLOAT_ONLY}[name]
        reference = function(*(a.astype(wide) for a in inputs))
        same = np.signbit(out) == np.signbit(reference)
        assert np.all(same | (out != 0) | np.isnan(reference)), "the sign of a zero"
    return float(np.max(units(out, reference, kind)))


@pytest.mark.parametrize("name", [*REFERENCES, *FLOAT_ONLY, *NATIVE])
def test_errors_of_float32(name: str) -> None:
    """At most two units on a million arguments of every exponent."""
    assert largest(name, "float", 1 << 20) <= LIMIT


@pytest.mark.skipif(np.finfo(EXTENDED).nmant < 63, reason="needs a long double with more bits")
@pytest.mark.parametrize("name", REFERENCES)
def test_errors_of_float64(name: str) -> None:
    """At most two units against extended precision."""
    assert largest(name, "double", 1 << 15) <= LIMIT


# ---- multiple precision -------------------------------------------------------------------------

def _error_against_mpmath(name: str, count: int) -> float:
    mp = pytest.importorskip("mpmath")
    x = points("double", 3 * count, 5)
    if name == "erfinv":
        x[::2] = 1 - np.exp2(-np.linspace(1, 53, len(x) // 2))
    x = x[np.isfinite(x) & MULTIPLE_PRECISION[name](x)]
    x = np.resize(np.random.default_rng(6).permutation(x), count)
    out = native(name, "double", WIDE["double"])(x)
    functions = {"lgamma": lambda v: mp.re(mp.loggamma(v)), "exp2": lambda v: mp.power(2, v),
                 "log2": lambda v: mp.log(v) / mp.ln2, "sigmoid": lambda v: 1 / (1 + mp.exp(-v))}
    function = functions.get(name) or getattr(mp, name)
    with mp.workprec(130):
        exact = [function(mp.mpf(float(v))) for v in x]
        clipped = [max(-mp.mpf(2)**1030, min(mp.mpf(2)**1030, v)) for v in exact]
        heads = [float(v) for v in clipped]
        tails = [0.0 if math.isinf(h) else float(v - h)
                 for v, h in zip(clipped, heads, strict=True)]
    error = units(out, np.array(heads, EXTENDED) + np.array(tails, EXTENDED), "double")
    if name in ("lgamma", "digamma"):  # between the poles: near zeros only the terms count
        small = (x < 0) & (np.abs(heads) < 1)
        error = np.where(small, error * np.spacing(np.abs(heads)) / 2.0**-52, error)
    return float(np.max(error))


@pytest.mark.skipif(np.finfo(EXTENDED).nmant < 63, reason="needs a long double with more bits")
@pytest.mark.parametrize("name", list(MULTIPLE_PRECISION)[:5])
def test_errors_against_multiple_precision(name: str) -> None:
    """At most two units where no faster reference is exact enough."""
    assert _error_against_mpmath(name, 2000 if name != "erfinv" else 400) <= LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("name", MULTIPLE_PRECISION)
def test_errors_against_multiple_precision_dense(name: str) -> None:
    """The same for 20,000 arguments."""
    assert _error_against_mpmath(name, 20_000) <= LIMIT


# ---- special values -----------------------------------------------------------------------------

LEAST = {"float": 2.0**-149, "double": 2.0**-1074}  # the smallest denormal
HUGE = {"float": float(np.finfo(np.float32).max), "double": float(np.finfo(np.float64).max)}
SPECIAL: dict[str, list[tuple[float, ...]]] = {  # arguments, then the result
    "exp": [(0, 1), (-0.0, 1), (INF, INF), (-INF, 0)],
    "exp2": [(0, 1), (10, 1024), (-3, 0.125), (INF, INF), (-INF, 0)],
    "expm1": [(0, 0), (-0.0, -0.0), (INF, INF), (-INF, -1)],
    "sigmoid": [(0, 0.5), (INF, 1), (-INF, 0)],
    "log": [(0, -INF), (-0.0, -INF), (1, 0), (INF, INF), (-1, NAN), (-INF, NAN)],
    "log2": [(0, -INF), (1, 0), (8, 3), (2.0**-126, -126), (INF, INF), (-1, NAN)],
    "log10": [(0, -INF), (1, 0), (1000, 3), (1e10, 10), (INF, INF), (-1, NAN)],
    "log1p": [(0, 0), (-0.0, -0.0), (-1, -INF), (-2, NAN), (INF, INF)],
    "sqrt": [(0, 0), (-0.0, -0.0), (4, 2), (-1, NAN), (INF, INF)],
    "rsqrt": [(0, INF), (-0.0, -INF), (4, 0.5), (-1, NAN), (INF, 0)],
    "reciprocal": [(0, INF), (-0.0, -INF), (INF, 0), (-INF, -0.0)],
    "sin": [(0, 0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)],
    "cos": [(0, 1), (-0.0, 1), (INF, NAN)],
    "tan": [(0, 0), (-0.0, -0.0), (INF, NAN)],
    "asin": [(0, 0), (-0.0, -0.0), (1.5, NAN), (-1.5, NAN), (INF, NAN)],
    "acos": [(1, 0), (1.5, NAN), (-1.5, NAN), (-INF, NAN)],
    "atan": [(0, 0), (-0.0, -0.0)],
    "atan2": [(0, 0, 0), (-0.0, 0, -0.0), (0, 1, 0), (-0.0, 2, -0.0), (0, INF, 0), (1, INF, 0),
              (NAN, 1, NAN), (1, NAN, NAN)],
    "sinh": [(0, 0), (-0.0, -0.0), (INF, INF), (-INF, -INF)],
    "cosh": [(0, 1), (INF, INF), (-INF, INF)],
    "tanh": [(0, 0), (-0.0, -0.0), (INF, 1), (-INF, -1)],
    "asinh": [(0, 0), (-0.0, -0.0), (INF, INF), (-INF, -INF)],
    "acosh": [(1, 0), (0.5, NAN), (-2, NAN), (INF, INF), (-INF, NAN)],
    "atanh": [(0, 0), (-0.0, -0.0), (1, INF), (-1, -INF), (2, NAN)],
    "erf": [(0, 0), (-0.0, -0.0), (INF, 1), (-INF, -1)],
    "erfc": [(0, 1), (INF, 0), (-INF, 2)],
    "erfinv": [(0, 0), (-0.0, -0.0), (1, INF), (-1, -INF), (1.5, NAN), (-INF, NAN)],
    "lgamma": [(0, INF), (-0.0, INF), (1, 0), (2, 0), (-1, INF), (INF, INF), (-INF, INF)],
    "digamma": [(0, -INF), (-0.0, INF), (-1, NAN), (INF, INF), (-INF, NAN)],
    "power": [(2, 3, 8), (NAN, 0, 1), (1, NAN, 1), (NAN, 1, NAN), (2, NAN, NAN), (-1, INF, 1),
              (-1, -INF, 1), (0, -1, INF), (-0.0, -3, -INF), (-0.0, 3, -0.0), (-0.0, -2, INF),
              (-0.0, 0.5, 0), (0.5, INF, 0), (0.5, -INF, INF), (2, INF, INF), (2, -INF, 0),
              (-2, 3, -8), (-2, 2, 4), (-2, 0.5, NAN), (INF, 0.5, INF), (INF, -1, 0),
              (-INF, 3, -INF), (-INF, 0.5, INF), (-INF, -3, -0.0), (-INF, 2, INF)],
    "fmod": [(5, 3, 2), (-5, 3, -2), (5, -3, 2), (1, 0, NAN), (INF, 2, NAN), (1, INF, 1),
             (-0.0, 3, -0.0), (6, 3, 0), (-6, 3, -0.0), (NAN, 1, NAN), (1, NAN, NAN)],
    "remainder": [(5, 3, 2), (-5, 3, 1), (5, -3, -1), (-1, INF, INF), (1, INF, 1), (1, 0, NAN),
                  (4, -2, 0), (-4, 2, -0.0), (-0.0, 3, -0.0)],
    "floor": [(-0.0, -0.0), (-0.5, -1), (0.5, 0), (1e30, 1e30), (INF, INF)],
    "ceil": [(-0.0, -0.0), (-0.5, -0.0), (0.5, 1), (-INF, -INF)],
    "trunc": [(-0.5, -0.0), (1.5, 1), (-1.5, -1), (INF, INF)],
    "round_even": [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, -0.0), (INF, INF)],
    "sign": [(0, 0), (3, 1), (-3, -1), (INF, 1), (-INF, -1)],
    "hypot": [(3, 4, 5), (0, 0, 0), (INF, NAN, INF), (NAN, -INF, INF), (1, NAN, NAN)],
    "copysign": [(3, -0.0, -3), (-3, 2, 3), (0, -1, -0.0), (INF, -1, -INF)],
    "nextafter": [(1, NAN, NAN), (NAN, 1, NAN), (2, 2, 2), (0, -0.0, -0.0), (INF, INF, INF)],
    "maximum": [(1, 2, 2), (NAN, 1, NAN), (1, NAN, NAN), (-INF, INF, INF)],
    "minimum": [(1, 2, 1), (NAN, 1, NAN), (1, NAN, NAN), (-INF, INF, -INF)]}
IDENTICAL_NEAR_ZERO = ("expm1", "log1p", "sin", "tan", "asin", "atan", "sinh", "tanh", "asinh",
                       "atanh")


def assert_same(out: Any, wanted: Any) -> None:
    """Equal numbers with equal signs, NaN equal to NaN."""
    np.testing.assert_array_equal(out, wanted)
    known = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(out)[known], np.signbit(wanted)[known])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(name: str, kind: str) -> None:
    """Limits, poles, signed zeros and NaN."""
    dtype, lanes = ELEMENTS[kind][1], WIDE[kind]
    rows = list(SPECIAL[name])
    if name not in BINARY:
        rows.append((NAN, 0.0 if name == "sign" else NAN))
    if name in IDENTICAL_NEAR_ZERO:
        rows += [(s * v, s * v) for s in (1, -1) for v in (LEAST[kind], 37 * LEAST[kind])]
    padded = [rows[i % len(rows)] for i in range(-(-len(rows) // lanes) * lanes)]
    columns = np.array(padded, dtype).T
    assert_same(native(name, kind, lanes)(*columns[:-1]), columns[-1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(BINARY - {"nextafter", "maximum", "minimum"}))
def test_pairs_of_special_values(name: str, kind: str) -> None:
    """All pairs of zeros, ones, integers, denormals, huge numbers, infinities and NaN."""
    dtype = ELEMENTS[kind][1]
    sizes = [0, LEAST[kind], 0.5, 1, 2, 3, 2.0**70, HUGE[kind], INF]
    values = np.array([*sizes, *(-s for s in sizes), NAN, 7e-5], dtype)
    x, y = np.resize(np.meshgrid(values, values), (2, 416)).astype(dtype)
    out = native(name, kind, WIDE[kind])(x, y)
    reference = REFERENCES[name](x.astype(EXTENDED), y.astype(EXTENDED))
    assert np.max(units(out, reference, kind)) <= LIMIT
    zero = (reference == 0) & (out == 0)
    np.testing.assert_array_equal(np.signbit(out)[zero], np.signbit(reference)[zero])


@pytest.mark.parametrize("kind", KINDS)
def test_neighbours(kind: str) -> None:
    """nextafter is NumPy's on all kinds of arguments, denormals included."""
    x, y = arguments("nextafter", kind, 1 << 12)
    assert_same(native("nextafter", kind, WIDE[kind])(x, y), np.nextafter(x, y))


@pytest.mark.skipif(np.finfo(EXTENDED).nmant < 63, reason="needs a long double with more bits")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["exp", "exp2", "expm1", "sinh", "cosh", "erfc", "sigmoid"])
def test_thresholds(name: str, kind: str) -> None:
    """Around overflow and underflow the errors stay small and results become denormal."""
    dtype = ELEMENTS[kind][1]
    tops = {"exp2": (128.0, 1024.0), "sinh": (89.416, 710.4758), "cosh": (89.416, 710.4758)}
    lows = {"exp2": (-149.5, -1074.5)}
    top = tops.get(name, (88.7228, 709.7827))[kind == "double"]
    low = lows.get(name, (-103.8, -745.0))[kind == "double"]
    if name == "erfc":
        pytest.importorskip("mpmath")
        top, low = (10.05, 26.5)[kind == "double"], (9.2, 26.6)[kind == "double"]
    steps = np.linspace(-1, 1, 2048)
    x = np.concatenate([top + 1e-3 * steps, low + steps]).astype(dtype)
    out = native(name, kind, WIDE[kind])(x)
    if name == "erfc":
        reference = _by_element(math.erfc)(x).astype(EXTENDED)
        assert kind == "double" or np.max(units(out, reference, kind)) <= LIMIT
        assert np.any((out > 0) & (out < np.finfo(dtype).smallest_normal))
    else:
        assert np.max(units(out, REFERENCES[name](x.astype(EXTENDED)), kind)) <= LIMIT


# ---- widths and instructions --------------------------------------------------------------------

@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_widths_agree(name: str, kind: str) -> None:
    """Scalars, 128-bit, 256-bit and the widest vectors give the same bits."""
    inputs = arguments(name, kind, 1 << 10)
    wide = native(name, kind, WIDE[kind])(*inputs)
    for lanes in {1, 8 if kind == "float" else 4} - {WIDE[kind]}:
        assert_same(native(name, kind, lanes)(*inputs), wide)


@pytest.mark.skipif(not HOST.get("avx2"), reason="looks for x86 registers")
@pytest.mark.parametrize("kind", KINDS)
def test_the_scalar_form_becomes_vectors(kind: str) -> None:
    """LLVM vectorises every function but those with loops, and no library is called."""
    for name in FUNCTIONS:
        assembly = native(name, kind, 1).assembly()  # type: ignore[attr-defined]
        assert bool(re.search(r"%[yz]mm", assembly)) or name in SCALAR_ONLY[kind], name
        calls = re.findall(r"(?:call|jmp)q?\s+(?!\.L)(\S*[a-z_]\S*)", assembly)
        assert not [call for call in calls if "flambeau." not in call and "%" not in call], name


@pytest.mark.skipif(not X86, reason="names x86 features")
@pytest.mark.parametrize("name", [*REFERENCES, *FLOAT_ONLY])
def test_without_fused_instructions(name: str) -> None:
    """With SSE2 alone errors stay within bounds and no library is called."""
    for kind in KINDS if name not in FLOAT_ONLY else ("float",):
        assert largest(name, kind, 1 << 12, "+sse2") <= LIMIT
        assembly = native(name, kind, WIDE[kind], "+sse2").assembly()  # type: ignore[attr-defined]
        assert not re.search(r"callq?\s+(?!.*flambeau)", assembly), f"{name} {kind}"
