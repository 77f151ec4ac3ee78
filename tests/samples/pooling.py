"""Samples of pooling."""

import math

from .define import FLOATS, REDUCED, C, Error, Row, T

F = "nn.functional."
FLOATING = (*FLOATS, *REDUCED)
NAN = [math.nan, 1.0, -math.inf, math.inf, 2.0, math.nan, 3.0, 4.0, -math.inf, -math.inf]


def image(rank: int, size: int = 7, **options: object) -> T:
    return T((2, 3, *range(size, size + rank)), **options)


def max_cases(rank: int) -> list:
    x = image(rank, unique=True)
    return [
        C(x, 2), C(x, 3, 2, 1), C(x, (2,) * rank, stride=1, dilation=2), C(x, 3, 2, ceil_mode=True),
        C(x, 3, stride=2, padding=1, ceil_mode=True, return_indices=True),
        C(x, 2, return_indices=True), C(T((3, *[5] * rank), unique=True), 2, return_indices=True),
        C(x, 2, []), C(x, 4, 3, 2, 2, True, True), C(T((0, 3, *[6] * rank)), 2),
        C(T((1, 1, *[1] * (rank - 1), 10), values=[[_nested(rank)]], grad=False),
          (1,) * (rank - 1) + (2,), 1, return_indices=True),
    ]


def _nested(rank: int) -> list:
    values: list = NAN
    for _ in range(rank - 1):
        values = [values]
    return values


def max_errors(rank: int) -> list[Error]:
    x = image(rank)
    other = (2,) * (rank + 1) if rank < 3 else (2, 2)
    return [Error(c) for c in (
        C(x, other), C(x, 2, other), C(x, 2, 2, other), C(x, 0), C(x, 2, 0), C(x, 2, -1),
        C(x, 2, 2, -1),
        C(x, 2, 2, 2), C(x, 2, 2, 0, 0), C(T((6,) * rank), 2), C(T((1, 1, 1, *[6] * rank)), 2),
        C(x, 11), C(T((2, 0, *[6] * rank)), 2), C(T((2, 3, *[0] * rank)), 2),
        C(T((2, 3, *[6] * rank), "bool"), 2))]


def avg_cases(rank: int) -> list:
    x = image(rank)
    return [
        C(x, 2), C(x, 3, 2, 1), C(x, 3, 2, 1, count_include_pad=False), C(x, 3, 2, ceil_mode=True),
        C(x, 3, 2, 1, True), C(x, 3, 2, 1, True, False), C(T((3, *[5] * rank)), (2,) * rank, 1),
        C(T((0, 3, *[6] * rank)), 2), C(x, 2, []),
        *([C(x, 3, 2, 1, divisor_override=5)] if rank > 1 else []),
    ]


def avg_errors(rank: int) -> list[Error]:
    x = image(rank)
    other = (2,) * (rank + 1) if rank < 3 else (2, 2)
    return [Error(c) for c in (
        C(x, other), C(x, 2, other), C(x, 2, 2, other), C(x, 0), C(x, 2, 0), C(x, 2, -1),
        C(x, 2, 2, -1),
        C(x, 2, 2, 2), C(T((6,) * rank), 2), C(T((1, 1, 1, *[6] * rank)), 2), C(x, 11),
        C(T((2, 0, *[6] * rank)), 2), C(T((2, 3, *[0] * rank)), 2),
        C(T((2, 3, *[6] * rank), "uint8"), 2), C(T((2, 3, *[6] * rank), "bool"), 2))]


def adaptive_cases(rank: int, *extra: object) -> list:
    x = image(rank, 6, unique=True)
    return [C(x, n, *extra) for n in (1, 2, 3, 4, 5, 9)] + [
        C(T((3, *[6] * rank), unique=True), 4, *extra), C(T((0, 3, *[6] * rank)), 2, *extra),
        *([C(x, (None, *[3] * (rank - 1)), *extra),
            C(x, (3, *[5] * (rank - 1)), *extra)] if rank > 1
          else [])]


def adaptive_errors(rank: int) -> list[Error]:
    x = image(rank)
    other = (2,) * (rank + 1) if rank < 3 else (2, 2)
    return [Error(c) for c in (
        C(x, -1), C(x, other), C(T((6,) * rank), 2), C(T((1, 1, 1, *[6] * rank)), 2),
        C(T((2, 3, *[0] * rank)), 2), C(T((2, 3, *[6] * rank), "int64"), 2))]


def lp_cases(rank: int) -> list:
    x = image(rank, low=0.2, high=2.0)
    return [C(x, 2, 2), C(x, 3, 3, 2), C(x, 1.5, 2, 1, True), C(x, 1, 2), C(x, math.inf, 2),
            C(x, -math.inf, 2)]


def unpool_cases(rank: int) -> list:
    small = (2, 3, *[3] * rank)
    index = [[list(range(k, 3 ** rank * 2 + k, 2)) for k in (0, 1, 0)] for _ in range(2)]
    flat = T((), "int64", values=_shaped(index, small))
    return [C(T(small), flat, 2), C(T(small), flat, 2, 2, 0, (7,) * rank),
            C(T(small), flat, 3, 2, 1, output_size=(2, 3, *[6] * rank))]


def _shaped(values: list, shape: tuple) -> object:
    import numpy as np
    return np.array(values).reshape(shape)


def unpool_errors(rank: int) -> list[Error]:
    small = (2, 3, *[3] * rank)
    zero = T(small, "int64", low=0, high=1)
    return [Error(c) for c in (
        C(T(small), T(small, "int32", low=0, high=1), 2),
        C(T(small), T((1, *small[1:]), "int64"), 2),
        C(T(small), T(small, "int64", low=9000, high=9001), 2),
        C(T(small), zero, 2, output_size=[9] * rank),
        C(T(small), zero, 2, output_size=[9] * (rank + 1)))]


def fractional_cases(rank: int) -> list:
    x = T((2, 3, *range(8, 8 + rank)), unique=True)
    u = T((2, 3, rank), low=0, high=1, grad=False)
    return [C(x, 2, 3, _random_samples=u), C(x, 2, (4,) * rank, None, True, u),
            C(x, 3, None, (0.5,) * rank, True, _random_samples=u), C(x, 2, 1, _random_samples=u),
            C(T((3, *[8] * rank), unique=True), 2, 3, _random_samples=T((1, 3, rank), low=0, high=1,
                                                                      grad=False)),
            C(x, 2, 4, return_indices=True)]


PAIR = ("contiguous", "transposed")
MAX_TYPES = {1: FLOATING, 2: (*FLOATING, "int64", "uint8"), 3: (*FLOATING, "int64")}
ROWS = [
    *[Row(f"{F}max_pool{r}d", max_cases(r), MAX_TYPES[r], errors=max_errors(r), layouts=PAIR)
      for r in (1, 2, 3)],
    *[Row(f"{F}max_pool{r}d_with_indices", [C(image(r, unique=True), 2)]) for r in (1, 2, 3)],
    *[Row(f"{F}avg_pool{r}d", avg_cases(r), (*(FLOATING if r < 3 else FLOATS), "int64"),
          errors=avg_errors(r), layouts=PAIR) for r in (1, 2, 3)],
    *[Row(f"{F}adaptive_{kind}_pool{r}d", [C(image(r), 0)], grad=False) for r in (1, 2, 3)
      for kind in ("avg", "max")],
    *[Row(f"{F}adaptive_avg_pool{r}d", adaptive_cases(r), FLOATING, errors=adaptive_errors(r),
          layouts=PAIR) for r in (1, 2, 3)],
    *[Row(f"{F}adaptive_max_pool{r}d", [*adaptive_cases(r), *adaptive_cases(r, True)], FLOATS,
          errors=adaptive_errors(r), layouts=PAIR) for r in (1, 2, 3)],
    *[Row(f"{F}adaptive_max_pool{r}d_with_indices", [C(image(r, unique=True), 2)])
        for r in (1, 2, 3)],
    *[Row(f"{F}lp_pool{r}d", lp_cases(r), layouts=PAIR) for r in (1, 2, 3)],
    *[Row(f"{F}max_unpool{r}d", unpool_cases(r), FLOATING, errors=unpool_errors(r), layouts=PAIR)
      for r in (1, 2, 3)],
    *[Row(f"{F}fractional_max_pool{r}d", fractional_cases(r), FLOATS, seed=3, layouts=PAIR, errors=[
        Error(C(T((2, 3, *[8] * r)), 2)), Error(C(T((2, 3, *[8] * r)), 2, 8)),
        Error(C(T((2, 3, *[8] * r)), 2, 3, _random_samples=T((2, 3, 5), low=0, high=1)),
            text=r == 2)])
      for r in (2, 3)],
    *[Row(f"{F}fractional_max_pool{r}d_with_indices", [C(T((2, 3, *[8] * r), unique=True), 2, 3)],
          seed=3) for r in (2, 3)],
]
