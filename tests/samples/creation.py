"""Samples of functions that make tensors: constants, ranges, data, random numbers under a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .define import ALL, COMPLEX, FLOATS, C, D, Error, Row, T

ONCE = ("float32",)
X = T((2, 3))


def look(t: Any) -> list[Any]:
    """What memory without values has: sizes, dtype, strides."""
    return [list(t.shape), t.dtype, list(t.stride())]


FILLED = [
    Row(name, [C(2, 3), C((2, 3)), C([4]), C(()), C(0, 2), C(2, dtype=D("int64"))], ONCE,
        grad=False, errors=[Error(C(-1)), Error(C("a"), text=False)])
    for name in ("zeros", "ones")] + [
    Row("full", [C((2, 3), 1.5), C((2,), 3), C((2,), True), C((), 1j),
                 C((0, 2), 2, dtype=D("float16"))], ONCE, grad=False),
    Row("zeros_like", [C(X), C(T()), C(X, dtype=D("int32"))], (*ALL, *COMPLEX), grad=False),
    Row("ones_like", [C(X), C(T()), C(X, dtype=D("int32"))], (*ALL, *COMPLEX), grad=False),
    Row("full_like", [C(X, 2), C(T((0,)), 1), C(X, 2.5, dtype=D("float64"))], (*ALL, *COMPLEX),
        grad=False),
    Row("eye", [C(3), C(2, 4), C(4, 2), C(0), C(3, dtype=D("int32"))], ONCE, grad=False,
        errors=[Error(C(-1))]),
    Row("fill", [C(X, 2), C(X, T(()))], FLOATS),
    Row("Tensor.fill_", [C(X, 2), C(X, T(()))], FLOATS, differences=False),
    Row("fill_", [C(X, 2)], FLOATS, grad=False),
    Row("zero_", [C(X)], FLOATS, grad=False),
    Row("Tensor.zero_", [C(X)], FLOATS, differences=False),
    Row("Tensor.new_zeros", [C(X, (2,)), C(X, 2, 3, dtype=D("int64"))], FLOATS, grad=False),
    Row("Tensor.new_ones", [C(X, (2,)), C(X, 2, 3, dtype=D("int64"))], FLOATS, grad=False),
    Row("Tensor.new_full", [C(X, (2,), 3), C(X, (2,), 3, dtype=D("int64"))], FLOATS, grad=False),
    Row("Tensor.new_tensor", [C(X, [1, 2]), C(X, 2.5, dtype=D("int64"))], FLOATS, grad=False),
]

RANGES = [
    Row("arange", [C(5), C(1, 4), C(0, 1, 0.25), C(5, 0, -2), C(3.0), C(2, 2),
                   C(0, 10, 3, dtype=D("float64")), C(start=1, end=3)], ONCE, grad=False,
        errors=[Error(C(0, 1, 0)), Error(C(0, 3, -1))]),
    Row("linspace", [C(0, 1, 5), C(3, 10, 1), C(0, 1, 0), C(-2, 2, 7, dtype=D("float64")),
                     C(0, 10, 4, dtype=D("int64"))], ONCE, grad=False, errors=[Error(C(0, 1, -1))]),
    Row("logspace", [C(0, 2, 5), C(0, 3, 4, base=2.0), C(1, 1, 1)], ONCE, grad=False),
    Row("tril_indices", [C(3, 4), C(4, 3, -1), C(3, 3, 1)], ONCE, grad=False),
    Row("triu_indices", [C(3, 4), C(4, 3, -1), C(3, 3, 1)], ONCE, grad=False),
    Row("vander", [C(T((3,))), C(T((3,)), 2), C(T((3,)), 4, True)], FLOATS, grad=False),
]

DATA = [
    Row("tensor", [C([1, 2]), C([[1.5, 2], [3, 4]]), C(True), C(3 + 1j), C([]), C([[], []]),
                   C([1, 2], dtype=D("float16")), C(np.float64(2)), C(np.ones((2, 2)))], ONCE,
        grad=False, errors=[Error(C([[1], [1, 2]])), Error(C("a")), Error(C(None))]),
    Row("as_tensor", [C([1, 2]), C(X), C(np.arange(3)), C(2.5, dtype=D("int64"))], ONCE,
        grad=False),
    Row("asarray", [C([1, 2]), C(X), C(np.arange(3)), C(2.5, dtype=D("int64"))], ONCE, grad=False),
    Row("scalar_tensor", [C(2.5), C(3), C(3, dtype=D("int64"))], ONCE, grad=False),
    Row("from_numpy", [C(np.arange(6).reshape(2, 3)), C(np.ones(2, np.float16)),
                       C(np.float32([[1, 2], [3, 4]]).T)], ONCE, grad=False,
        errors=[Error(C([1]), text=False), Error(C(np.array(["a"])))]),
    Row("frombuffer", [C(bytearray(range(8)), dtype=D("int32")),
                       C(bytearray(range(8)), dtype=D("uint8"), count=3, offset=2)], ONCE,
        grad=False,
        errors=[Error(C(bytearray(3), dtype=D("int32"))), Error(C(bytearray(), dtype=D("uint8"))),
                Error(C(bytearray(3), dtype=D("uint8"), offset=3)),
                Error(C(bytearray(3), dtype=D("uint8"), count=2, offset=2))]),
    Row("from_dlpack", [C(X), C(T((0, 2)))], FLOATS, grad=False),
]

MEMORY = [
    Row("empty", [C(2, 3), C(()), C((0, 2), dtype=D("int64"))], ONCE, grad=False, select=look),
    Row("empty_like", [C(X), C(X, dtype=D("int64"))], FLOATS, grad=False, select=look,
        layouts=("contiguous",)),
    Row("empty_permuted", [C((2, 3, 4), (2, 0, 1))], ONCE, grad=False, select=look),
    Row("empty_strided", [C((2, 3), (1, 2)), C((2,), (3,))], ONCE, grad=False, select=look),
    Row("Tensor.new_empty", [C(X, (4, 2))], FLOATS, grad=False, select=look),
    Row("Tensor.new_empty_strided", [C(X, (2, 3), (1, 2))], FLOATS, grad=False, select=look),
]

PROBABILITIES = T((3, 4), low=0, high=1, grad=False)


def drawn(name: str, *cases: Any, dtypes: Any = ONCE) -> Row:
    """A row of a function that draws numbers, under one seed."""
    return Row(name, cases, dtypes, grad=False, seed=3, layouts=("contiguous",))


RANDOM = [
    drawn("rand", C(2, 3), C((17,)), C(0), C(5, dtype=D("float64"))),
    drawn("randn", C(2, 3), C((17,)), C(0), C(5, dtype=D("float64"))),
    drawn("randint", C(10, (3, 4)), C(-5, 5, (7,)), C(2, (3,), dtype=D("float32"))),
    drawn("randperm", C(10), C(0), C(5, dtype=D("int32"))),
    drawn("rand_like", C(X), dtypes=FLOATS),
    drawn("randn_like", C(X), C(T((4, 5))), dtypes=FLOATS),
    drawn("randint_like", C(X, 9), C(X, -3, 3), dtypes=FLOATS),
    drawn("bernoulli", C(PROBABILITIES), dtypes=FLOATS),
    drawn("normal", C(X, T((2, 3), low=0.1)), C(X, 0.5), C(0.0, T((20,), low=0.1)),
          C(1.0, 2.0, (3, 2)), dtypes=FLOATS),
    drawn("poisson", C(T((3, 4), low=0, high=20, grad=False)), dtypes=FLOATS),
    drawn("multinomial", C(PROBABILITIES, 2), C(PROBABILITIES, 9, True), dtypes=FLOATS),
    drawn("Tensor.uniform_", C(X), C(X, -1, 2), dtypes=FLOATS),
    drawn("Tensor.normal_", C(X), C(T((4, 5)), 1, 2), dtypes=FLOATS),
    drawn("Tensor.bernoulli_", C(X), C(X, 0.2), dtypes=FLOATS),
    drawn("Tensor.exponential_", C(X), C(X, 2), dtypes=FLOATS),
    drawn("Tensor.cauchy_", C(X), C(X, 1, 2), dtypes=FLOATS),
    drawn("Tensor.geometric_", C(X, 0.3), dtypes=FLOATS),
    drawn("Tensor.log_normal_", C(X), C(X, 0, 0.5), dtypes=FLOATS),
    drawn("Tensor.random_", C(X), C(X, 9), C(X, -3, 3), dtypes=(*FLOATS, "int64", "uint8")),
]

ROWS = FILLED + RANGES + DATA + MEMORY + RANDOM
