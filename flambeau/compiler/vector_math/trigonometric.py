"""sin, cos and tan of arguments of any size.

x = (q + f) π/2 with an integer q and |f| <= 1/2. For large x only the bits of 2/π matter that
do not make multiples of four turns of a quarter: x is scaled down by 2**-s and multiplied with
2**s 2/π modulo 4, a table row for each range of x. Products are exact and reduced modulo 4 one by
one, so that f keeps its relative precision however close x comes to a multiple of π/2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import coefficients as table
from .double_word import Pair, divide, quick_two_sum, scale, total, two_product, two_sum
from .lanes import Lanes

_FLOAT_STEP = 27    # exponents of two per row of TURNS_FLOAT
_DOUBLE_STEP = 122  # and of TURNS_DOUBLE


def _row(x: Lanes, rows: Sequence[Sequence[float]], step: int, start: int) -> list[Lanes]:
    """x scaled to its row of a table, and the row's words."""
    size = abs(x)
    out = [x, *(x.constant(word) for word in rows[0])]
    for index, row in enumerate(rows[1:], 1):
        here = size >= 2.0 ** (start + step * index)
        out[0] = here.select(x * 2.0 ** (-step * index), out[0])
        out[1:] = [here.select(x.constant(word), old)
                   for word, old in zip(row, out[1:], strict=True)]
    return out


def _modulo_four(p: Lanes) -> Lanes:
    return (p * 0.25).round_even().fma(-4.0, p)


def _float_turns(x: Lanes) -> tuple[Lanes, Pair]:
    """q and r = f π/2 of float32, by way of float64, where the products need no second word."""
    wide, first, second, third = _row(x.widened(), table.TURNS_FLOAT, _FLOAT_STEP, 23)
    head, rest = _modulo_four(wide * first), _modulo_four(wide * second)
    q, integer = (head + rest).nearest()
    f = ((head - q) + rest) + wide * third
    r = f * table.HALF_PI["double"][0]
    high = r.narrowed()
    return integer.low_half(), (high, (r - high.widened()).narrowed())


def _distilled(terms: Sequence[Lanes]) -> list[Lanes]:
    """The rounded sum of terms, and the errors made on the way."""
    errors = []
    running = terms[0]
    for term in terms[1:]:
        running, error = two_sum(running, term)
        errors.append(error)
    return [running, *errors]


def _double_turns(x: Lanes) -> tuple[Lanes, Pair]:
    """q and r = f π/2 of float64, with products of two words and a sum of three."""
    scaled, *words = _row(x, table.TURNS_DOUBLE, _DOUBLE_STEP, 52)
    pairs = [two_product(scaled, word) for word in words[:5]]
    terms = [part for pair in pairs[:3] for part in pair] + [pairs[3][0]]
    terms = [_modulo_four(term) for term in terms]
    terms += [pairs[3][1], *pairs[4], scaled * words[5]]
    first, *errors = _distilled(terms)
    second, *errors = _distilled(errors)
    third = _distilled(errors)[0]
    q, integer = first.nearest()
    f, low = two_sum(first - q, second)
    return integer, scale(quick_two_sum(f, low + third), table.HALF_PI["double"])


def _sine_and_cosine(r: Pair) -> tuple[Pair, Pair]:
    """sin and cos of |r| <= π/4, as sums of two terms of which the second is the smaller."""
    high, low = r
    kind = high.format.kind
    z, z_low = two_product(high, high)
    half = z * 0.5
    head = 1.0 - half
    cube = (high * z) * z.polynomial(table.SIN[kind])
    sine = high, cube + low * head
    fourth = (z * z) * z.polynomial(table.COS[kind])
    cosine = head, (((1.0 - head) - half) + (fourth - z_low * 0.5)) - high * low
    return sine, cosine


def _turned(x: Lanes) -> tuple[Lanes, Pair, Pair]:
    turns = _float_turns if x.format.kind == "float" else _double_turns
    quadrant, r = turns(x)
    return quadrant, *_sine_and_cosine(r)


def _chosen(odd: Lanes, sine: Pair, cosine: Pair) -> Pair:
    return odd.select(cosine[0], sine[0]), odd.select(cosine[1], sine[1])


def _is_odd(quadrant: Lanes) -> Lanes:
    return ~(quadrant & 1).equals(0)


def _small(x: Lanes) -> Lanes:
    """Where sin x and tan x are x itself."""
    return abs(x) < 2.0 ** -(x.format.precision // 2 + 1)


def sin(x: Lanes) -> Lanes:
    """The sine of an angle in radians."""
    quadrant, sine, cosine = _turned(x)
    value = total(_chosen(_is_odd(quadrant), sine, cosine))
    value = (quadrant & 2).equals(0).select(value, -value)
    return _small(x).select(x, value)


def cos(x: Lanes) -> Lanes:
    """The cosine of an angle in radians."""
    quadrant, sine, cosine = _turned(x)
    value = total(_chosen(_is_odd(quadrant), cosine, sine))
    return ((quadrant + 1) & 2).equals(0).select(value, -value)


def tan(x: Lanes) -> Lanes:
    """The tangent of an angle in radians."""
    quadrant, sine, cosine = _turned(x)
    odd = _is_odd(quadrant)
    value = total(divide(quick_two_sum(*_chosen(odd, sine, cosine)),
                         quick_two_sum(*_chosen(odd, cosine, sine))))
    return _small(x).select(x, odd.select(-value, value))


def sin_cos_pi(x: Lanes) -> tuple[Pair, Pair]:
    """|sin πx| and |cos πx|."""
    distance = abs(x - x.round_even())
    far = distance > 0.25
    near = far.select(0.5 - distance, distance)
    sine, cosine = _sine_and_cosine(scale((near, near.constant(0.0)), table.PI[x.format.kind]))
    return (quick_two_sum(*_chosen(far, sine, cosine)),
            quick_two_sum(*_chosen(far, cosine, sine)))


FUNCTIONS: dict[str, Callable[..., Lanes]] = {"sin": sin, "cos": cos, "tan": tan}
