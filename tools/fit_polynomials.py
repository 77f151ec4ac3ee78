"""Writes the coefficients of flambeau's vector math: `python tools/fit_polynomials.py`.

Every polynomial is the Chebyshev interpolant, computed with mpmath in 60 digits, of a function
that is smooth on an interval. Its degree is the smallest whose largest error on the interval stays
below a bound in bits, one for float32 and one for float64. Constants that take more than one
word are split into a sum of words, each the nearest to what the words before it leave.
The result is the module flambeau/compiler/vector_math/coefficients.py; mpmath is needed for
writing it, never for using it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

TARGET = Path(__file__).parents[1] / "flambeau/compiler/vector_math/coefficients.py"
TYPES = {"float": np.float32, "double": np.float64}
HEADER = '''"""Coefficients of vector math, lowest powers first, from tools/fit_polynomials.py."""

from __future__ import annotations

Words = tuple[float, ...]
'''
BOTH = ("float", "double")

mp.mp.dps = 60


def rounded(value: Any, kind: str) -> Any:
    """The nearest float32 or float64, as an exact mpmath number."""
    number = mp.mpf(value)
    if number == 0:
        return number
    bits = 24 if kind == "float" else 53
    scale = mp.mpf(2) ** (bits - 1 - mp.floor(mp.log(abs(number), 2)))
    return mp.nint(number * scale) / scale


def words(value: Any, kind: str, count: int) -> list[Any]:
    """A number as a sum of words of falling size."""
    parts = []
    rest = mp.mpf(value)
    for _ in range(count):
        parts.append(rounded(rest, kind))
        rest -= parts[-1]
    return parts


def short_words(value: Any, kind: str, bits: int) -> list[Any]:
    """A first word of few bits, whose product with a small integer is exact, and the rest."""
    scale = mp.mpf(2) ** (bits - 1 - mp.floor(mp.log(value, 2)))
    first = mp.floor(value * scale) / scale
    return [first, rounded(value - first, kind)]


def fit(function: Callable[[Any], Any], low: Any, high: Any, bits: float) -> list[Any]:
    """The shortest Chebyshev interpolant within 2**-bits, lowest power first."""
    for count in range(2, 40):
        coefficients, error = mp.chebyfit(function, [low, high], count, error=True)
        if error < mp.mpf(2) ** -bits:
            return list(reversed(coefficients))
    raise ArithmeticError(f"no polynomial of {function} reaches {bits} bits")


def series(terms: Callable[[int], Any]) -> Callable[[Any], Any]:
    """The sum of terms(k) z**k: no cancellation at zero, unlike the closed form."""
    known = [mp.mpf(terms(k)) for k in range(400)]

    def total(z: Any) -> Any:
        out, power = mp.mpf(0), mp.mpf(1)
        for c in known:
            out += c * power
            power *= z
            if abs(power) < mp.mpf(10) ** -58:
                break
        return out
    return total


def scaled_erfc(t: Any) -> Any:
    """(1 + 2x) exp(x²) erfc(x), where t = (x - 4) / (x + 4)."""
    x = 4 * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def inverse_erf_ratio(w: Any) -> Any:
    """erfinv(x) / x, where w = -log(1 - x²)."""
    if w < mp.mpf(10) ** -30:
        return mp.sqrt(mp.pi) / 2
    x = mp.sqrt(-mp.expm1(-w))
    gap = mp.exp(-w) / (1 + x)  # 1 - x without cancellation
    y = mp.sqrt(w) * mp.mpf("0.9")
    for _ in range(200):
        error = mp.erf(y) - x if x < 0.5 else gap - mp.erfc(y)
        step = error * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
        step /= 1 + y * step  # Halley's method
        y -= step
        if abs(step) < mp.mpf(10) ** -45:
            break
    return y / x


def inverse_erf_small(z: Any) -> Any:
    """(erfinv(x) / x - √π / 2) / x², where z = x²."""
    z = max(z, mp.mpf(10) ** -20)
    return (inverse_erf_ratio(-mp.log1p(-z)) - mp.sqrt(mp.pi) / 2) / z


def log_gamma_near(point: int) -> Callable[[Any], Any]:
    """log Γ(point + t) / t for the zeros 1 and 2."""
    def ratio(t: Any) -> Any:
        if abs(t) < mp.mpf(10) ** -20:
            return mp.psi(0, point) + t * mp.psi(1, point) / 2
        return mp.loggamma(point + t) / t
    return ratio


def stirling(z: Any) -> Any:
    """(log Γ(x) - (x - ½) log x + x - ½ log 2π) x, where z = 1 / x²."""
    z = max(z, mp.mpf(10) ** -12)
    x = 1 / mp.sqrt(z)
    with mp.workdps(110):
        rest = mp.loggamma(x) - (x - 0.5) * mp.log(x) + x - mp.log(2 * mp.pi) / 2
        return rest * x


def digamma_tail(z: Any) -> Any:
    """(log x - 1 / (2x) - ψ(x)) x², where z = 1 / x²."""
    z = max(z, mp.mpf(10) ** -12)
    x = 1 / mp.sqrt(z)
    with mp.workdps(110):
        return (mp.log(x) - 1 / (2 * x) - mp.psi(0, x)) * x * x


def digamma_ratio(root: Any) -> Callable[[Any], Any]:
    """ψ(root + t) / t."""
    def ratio(t: Any) -> Any:
        if abs(t) < mp.mpf(10) ** -20:
            return mp.psi(1, root) + t * mp.psi(2, root) / 2
        return mp.psi(0, root + t) / t
    return ratio


def polynomials() -> Iterator[tuple[str, Callable[[Any], Any], Any, Any, dict[str, float]]]:
    """Name, function, interval and bits per type of every polynomial."""
    half_log = mp.log(2) / 2 * mp.mpf("1.001")
    quarter = (mp.pi / 4) ** 2 * mp.mpf("1.001")
    yield ("EXP", series(lambda k: 1 / mp.factorial(k + 2)), -half_log, half_log,
           {"float": 27, "double": 56})
    yield ("EXP2", series(lambda k: mp.log(2) ** (k + 2) / mp.factorial(k + 2)), -0.5, 0.5,
           {"float": 27, "double": 56})
    small = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mp.mpf("1.01")
    yield ("LOG", series(lambda k: mp.mpf(2) / (2 * k + 5)), 0, small,
           {"float": 27, "double": 56})
    yield ("SIN", series(lambda k: mp.mpf(-1) ** (k + 1) / mp.factorial(2 * k + 3)), 0, quarter,
           {"float": 28, "double": 57})
    yield ("COS", series(lambda k: mp.mpf(-1) ** k / mp.factorial(2 * k + 4)), 0, quarter,
           {"float": 28, "double": 57})
    eighth = mp.tan(mp.pi / 8) ** 2 * mp.mpf("1.001")
    yield ("ATAN", series(lambda k: mp.mpf(-1) ** (k + 1) / (2 * k + 3)), 0, eighth,
           {"float": 27, "double": 56})

    def asin_term(k: int) -> Any:
        return mp.binomial(2 * k + 2, k + 1) / mp.mpf(4) ** (k + 1) / (2 * k + 3)

    yield ("ASIN", series(asin_term), 0, mp.mpf("0.2501"), {"float": 27, "double": 56})
    yield ("SINH", series(lambda k: 1 / mp.factorial(2 * k + 3)), 0, 1, {"float": 27, "double": 56})
    near = mp.mpf(2) ** -10 * mp.mpf("1.001")
    yield ("ASINH", series(lambda k: (-1) ** (k + 1) * asin_term(k)), 0, near,
           {"float": 19, "double": 48})
    yield ("ATANH", series(lambda k: mp.mpf(1) / (2 * k + 3)), 0, near,
           {"float": 19, "double": 48})
    yield ("ERF", series(lambda k: 2 / mp.sqrt(mp.pi) * (-1) ** (k + 1)
                         / mp.factorial(k + 1) / (2 * k + 3)), 0, 1, {"float": 27, "double": 56})
    yield "ERFC", scaled_erfc, mp.mpf("-0.82"), mp.mpf("0.45"), {"float": 27}
    yield "ERFC", scaled_erfc, mp.mpf("-0.82"), mp.mpf("0.76"), {"double": 56}
    yield "ERFINV_SMALL", inverse_erf_small, 0, mp.mpf("0.2501"), {"float": 27, "double": 56}
    yield ("ERFINV_NEAR", lambda u: inverse_erf_ratio(u + mp.mpf("2.5")), mp.mpf("-2.5"),
           mp.mpf("2.5"), {"float": 27})
    yield ("ERFINV_NEAR", lambda u: inverse_erf_ratio(u + mp.mpf("3.125")), mp.mpf("-3.125"),
           mp.mpf("3.125"), {"double": 56})
    yield ("ERFINV_MIDDLE", lambda u: inverse_erf_ratio((u + mp.mpf("3.15")) ** 2),
           mp.mpf("-0.95"), mp.mpf("0.95"), {"float": 26})
    yield ("ERFINV_MIDDLE", lambda u: inverse_erf_ratio((u + mp.mpf("3.25")) ** 2),
           mp.mpf("-0.75"), mp.mpf("0.75"), {"double": 55})
    yield ("ERFINV_FAR", lambda u: inverse_erf_ratio((u + 5) ** 2), -1, mp.mpf("1.1"),
           {"double": 55})


def gamma_polynomials() -> Iterator[tuple[str, Callable[[Any], Any], Any, Any, dict[str, float]]]:
    """The same for the gamma functions, which work in float64 throughout."""
    quarter = mp.mpf("0.2501")
    yield "LGAMMA_ONE", log_gamma_near(1), -quarter, quarter, {"double": 57}
    yield "LGAMMA_TWO", log_gamma_near(2), -quarter, quarter, {"double": 57}
    yield "STIRLING", stirling, 0, mp.mpf(1) / 64, {"double": 58}
    yield "DIGAMMA_TAIL", digamma_tail, 0, mp.mpf(1) / 64, {"double": 58}
    yield "DIGAMMA_ROOT", digamma_ratio(digamma_zero()), -quarter, quarter, {"double": 57}


def digamma_zero() -> Any:
    """The positive zero of ψ."""
    return mp.findroot(lambda x: mp.psi(0, x), mp.mpf("1.4616321449683622"))


def constants() -> Iterator[tuple[str, dict[str, list[Any]]]]:
    """Name and words per type of every constant."""
    for name, value in {
            "PI": mp.pi, "HALF_PI": mp.pi / 2, "QUARTER_PI": mp.pi / 4, "LOG_2": mp.log(2),
            "LOG2_E": 1 / mp.log(2), "LOG10_E": 1 / mp.log(10), "TWO_THIRDS": mp.mpf(2) / 3,
            "TWO_BY_ROOT_PI": 2 / mp.sqrt(mp.pi), "HALF_LOG_2_PI": mp.log(2 * mp.pi) / 2,
            "LOG_PI": mp.log(mp.pi), "HALF_ROOT_PI": mp.sqrt(mp.pi) / 2,
            "DIGAMMA_ZERO": digamma_zero()}.items():
        yield name, {kind: words(value, kind, 3) for kind in BOTH}
    for name, value in {"LOG_2_SHORT": mp.log(2), "LOG10_2_SHORT": mp.log10(2)}.items():
        yield name, {"float": short_words(value, "float", 15),
                     "double": short_words(value, "double", 41)}


def turns(step: int, blocks: int) -> list[Any]:
    """2/π, then 2**(step b) 2/π modulo 4 for the blocks that follow."""
    with mp.workdps(500):
        whole = 2 / mp.pi
        moved = [whole * mp.mpf(2) ** (step * b) for b in range(blocks)]
        return [whole, *(m - 4 * mp.floor(m / 4) for m in moved[1:])]


def turn_tables() -> Iterator[tuple[str, list[list[Any]]]]:
    """The words of 2/π that arguments of each magnitude are multiplied with."""
    rows = []
    for value in turns(27, 4):
        with mp.workdps(500):
            first = mp.floor(value * 2**27) / 2**27
            second = mp.floor((value - first) * 2**56) / mp.mpf(2) ** 56
            rows.append([first, second, rounded(value - first - second, "double")])
    yield "TURNS_FLOAT", rows
    with mp.workdps(500):
        yield "TURNS_DOUBLE", [words(value, "double", 6) for value in turns(122, 8)]


def listing(values: list[Any], kind: str, indent: str) -> str:
    """Numbers as Python text, as many to a line as fit."""
    lines, line = [], indent
    for value in values:
        text = repr(float(TYPES[kind](float(value)))) + ","
        if len(line) + len(text) + 1 > 99:
            lines.append(line.rstrip())
            line = indent
        line += text + " "
    return "\n".join([*lines, line.rstrip()])


def main() -> None:
    """Computes everything and writes the module."""
    tables: dict[str, dict[str, list[Any]]] = dict(constants())
    for name, function, low, high, wanted in [*polynomials(), *gamma_polynomials()]:
        for kind, bits in wanted.items():
            tables.setdefault(name, {})[kind] = fit(function, low, high, bits)
            print(name, kind, len(tables[name][kind]), flush=True)
    text = [HEADER]
    for name, by_kind in tables.items():
        text.append(f"{name}: dict[str, Words] = {{")
        for kind, values in by_kind.items():
            text.append(f'    "{kind}": (\n{listing(values, kind, " " * 8)}\n    ),')
        text.append("}")
    for name, rows in turn_tables():
        text.append(f"{name}: tuple[Words, ...] = (")
        text.extend(f"    (\n{listing(row, 'double', ' ' * 8)}\n    )," for row in rows)
        text.append(")")
    TARGET.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
