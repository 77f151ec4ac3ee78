"""Samples of how functions take their arguments: memory formats, overloads, keywords, `out`."""

from __future__ import annotations

from typing import Any

from .define import FLOATS, C, D, Error, Row, T

ONCE = ("float32",)
X, IMAGE, VOLUME = T((2, 3)), T((2, 3, 4, 5)), T((2, 3, 2, 4, 5))
LAST, LAST_3D, ROW_MAJOR = D("channels_last"), D("channels_last_3d"), D("contiguous_format")
PRESERVE = D("preserve_format")


def look(t: Any) -> list[Any]:
    """The values and how they lie in memory."""
    return [t, list(t.stride()), t.is_contiguous()]


def placed(t: Any) -> list[Any]:
    """How memory without values lies."""
    return [list(t.shape), t.dtype, list(t.stride())]


def formats(name: str, *before: Any, dtypes: Any = FLOATS, select: Any = look,
            seed: int | None = None, grad: bool = True) -> Row:
    """A row of a method that takes a memory format."""
    cases = [C(IMAGE, *before, memory_format=LAST), C(VOLUME, *before, memory_format=LAST_3D),
             C(IMAGE, *before, memory_format=PRESERVE), C(X, *before)]
    return Row(name, cases, dtypes, grad=grad, layouts=("contiguous",), select=select, seed=seed,
               errors=[Error(C(X, *before, memory_format=LAST)),
                       Error(C(IMAGE, *before, memory_format=3), text=False)])


FORMATS = [
    formats("clone"), formats("Tensor.clone"), formats("Tensor.contiguous"), formats("Tensor.to"),
    formats("Tensor.to", D("float16"), grad=False), formats("Tensor.double", grad=False),
    formats("Tensor.half", grad=False), formats("Tensor.long", grad=False),
    formats("Tensor.cpu", grad=False),
    formats("zeros_like", grad=False), formats("ones_like", grad=False),
    formats("full_like", 2, grad=False), formats("empty_like", select=placed, grad=False),
    formats("rand_like", seed=3, dtypes=ONCE, grad=False),
    formats("randn_like", seed=3, dtypes=ONCE, grad=False),
    formats("randint_like", 9, seed=3, dtypes=ONCE, grad=False),
    Row("empty", [C(2, 3, 4, 5, memory_format=LAST), C((2, 3), memory_format=ROW_MAJOR)], ONCE,
        grad=False, select=placed, errors=[Error(C(2, memory_format=LAST)),
                                           Error(C(2, memory_format=PRESERVE))]),
    Row("Tensor.is_contiguous", [C(IMAGE), C(IMAGE, memory_format=LAST), C(X, memory_format=LAST),
                                 C(T((2, 1, 4, 5)), memory_format=LAST),
                                 C(T((2, 3, 1, 1)), memory_format=LAST)], ONCE, grad=False),
    Row("Tensor.resize_", [C(X, 3, 2), C(X, (2, 2)), C(IMAGE, 2, 3, 4, 5, memory_format=LAST)],
        ONCE, grad=False, select=placed, layouts=("contiguous",)),
    Row("Tensor.resize_as_", [C(X, T((3, 2))), C(IMAGE, IMAGE, memory_format=LAST)], ONCE,
        grad=False, select=placed, layouts=("contiguous",)),
]

MATRIX, CUBE = T((4, 6)), T((2, 3, 4))
CALLS = [
    Row("Tensor.hsplit", [C(MATRIX, 2), C(MATRIX, 1, 3), C(MATRIX, (1, 3)), C(MATRIX, sections=3),
                          C(MATRIX, indices=(2, 4))], FLOATS,
        errors=[Error(C(MATRIX), text=False), Error(C(MATRIX, wrong=2), text=False)]),
    Row("Tensor.vsplit", [C(MATRIX, 2), C(MATRIX, 1, 3), C(MATRIX, sections=4)], FLOATS),
    Row("Tensor.dsplit", [C(CUBE, 2), C(CUBE, 1, 3), C(CUBE, indices=(2,))], FLOATS),
    Row("Tensor.expand", [C(T((1, 3)), 2, 3), C(T((1, 3)), size=(2, 3))], FLOATS),
    Row("Tensor.roll", [C(X, 1), C(X, (1, 2), (0, 1)), C(X, 2, ())], FLOATS),
    Row("Tensor.cholesky_solve", [C(T((3, 2)), input2=T((), values=[[2., 0, 0], [1, 3, 0],
                                                                   [1, 1, 1]], grad=False))],
        FLOATS, tolerance=10, layouts=("contiguous",)),
    Row("Tensor.divide", [C(X, 2, rounding_mode="floor"), C(X, T((3,)))], FLOATS,
        differences=False),
    Row("round_", [C(X), C(X, decimals=1)], FLOATS, grad=False, tolerance=10),
    Row("trapz", [C(X), C(X, T((3,))), C(X, dx=2.0, dim=0)], FLOATS),
    Row("threshold", [C(X, 0.5, 2.0)], FLOATS, differences=False),
    Row("randint", [C(10, (3,)), C(low=2, high=10, size=(3,)), C(2, 10, size=(4,)),
                    C(high=5, size=(2, 2))], ONCE, grad=False, seed=1,
        errors=[Error(C(5), text=False)]),
    Row("randint_like", [C(X, 9), C(X, low=2, high=9), C(X, high=3)], ONCE, grad=False, seed=1),
    Row("Tensor.uniform_", [C(X, to=2), C(X, **{"from": 1, "to": 2})], ONCE, grad=False, seed=1,
        layouts=("contiguous",), errors=[Error(C(X, wrong=1), text=False)]),
    Row("Tensor.random_", [C(X, to=7), C(X, **{"from": 2, "to": 7})], ONCE, grad=False, seed=1,
        layouts=("contiguous",)),
    Row("arange", [C(end=4), C(4), C(1, end=3)], ONCE, grad=False, errors=[Error(C(), text=False)]),
    Row("matmul", [C(T((2, 3)), T((3,)))], FLOATS, errors=[Error(C(X, 3)), Error(C(T(()), X))]),
    Row("zeros", [C(size=(2, 3)), C(2, layout=D("strided"))], ONCE, grad=False,
        errors=[Error(C(2, pin_memory=True)), Error(C(2, layout=3))]),
    Row("ones_like", [C(X, layout=D("strided"))], ONCE, grad=False,
        errors=[Error(C(X, pin_memory=True))]),
    Row("tril_indices", [C(3, 3, dtype=D("int32"))], ONCE, grad=False,
        errors=[Error(C(3, 3, requires_grad=True))]),
    Row("device", [C("cpu"), C("cuda", 1), C(device="cpu")], ONCE, grad=False, select=str,
        errors=[Error(C(), text=False), Error(C(None), text=False)]),
    Row("dtype", [], ONCE, errors=[Error(C())]),
    Row("layout", [], ONCE, errors=[Error(C("x"), text=False)]),
]

ROWS = FORMATS + CALLS
