"""Samples of rearranging, splitting and reinterpreting tensors by their less common names."""

from __future__ import annotations

from .define import ALL, COMPLEX, FLOATS, C, D, Error, Row, T

EVERY = (*ALL, *COMPLEX)
X = T((2, 3))
CUBE = T((2, 4, 4))
INDEX = T((3,), "int64", values=[1, 0, 1])

SHAPES = [
    Row("adjoint", [C(X), C(CUBE)], (*FLOATS, *COMPLEX), errors=[Error(C(T((3,))))]),
    Row("as_strided", [C(T((3, 4)), (2, 2), (1, 2)), C(T((3, 4)), (2, 2), (1, 2), 1),
                       C(T((5,)), (3, 3), (1, 1))], FLOATS, layouts=("contiguous",)),
    *[Row(f"atleast_{n}d", [C(T()), C(T((3,))), C(X), C(CUBE), C([T(), X])], EVERY)
      for n in (1, 2, 3)],
    Row("broadcast_tensors", [C(T((2, 1)), T((3,))), C(T(), X)], FLOATS,
        errors=[Error(C(T((2,)), T((3,))))]),
    Row("diagflat", [C(T((3,))), C(X), C(T((3,)), 1), C(T((2,)), -1)], FLOATS),
    Row("fliplr", [C(X), C(CUBE)], EVERY, errors=[Error(C(T((3,))))]),
    Row("flipud", [C(X), C(T((3,)))], EVERY, errors=[Error(C(T()))]),
    Row("ravel", [C(X), C(T()), C(CUBE)], EVERY),
    Row("Tensor.expand_as", [C(T((3,)), X)], FLOATS),
    Row("Tensor.reshape_as", [C(T((3, 2)), X)], FLOATS),
    Row("Tensor.view_as", [C(T((3, 2)), X)], FLOATS, layouts=("contiguous",)),
    Row("Tensor.view", [C(X, 6), C(X, -1, 2), C(X, (3, 2))], FLOATS, layouts=("contiguous",),
        errors=[Error(C(X, 4)), Error(C(X, -1, -1))]),
    Row("Tensor.view", [C(X, D("int32")), C(T((2, 4)), D("uint8"))], ("float32",), grad=False,
        layouts=("contiguous",)),
    Row("Tensor.sum_to_size", [C(X, 1, 3), C(X, (2, 1)), C(X, 3)], FLOATS,
        errors=[Error(C(X, 2))]),
    Row("Tensor.type_as", [C(X, T((1,), "float64"))], FLOATS, differences=False),
]

SPLITS = [
    Row("hsplit", [C(T((4,)), 2), C(CUBE, [1, 3])], FLOATS, errors=[Error(C(T(), 1))]),
    Row("vsplit", [C(T((4, 2)), 2), C(CUBE, [1])], FLOATS, errors=[Error(C(T((4,)), 2))]),
    Row("dsplit", [C(CUBE, 2), C(CUBE, [1, 3])], FLOATS, errors=[Error(C(X, 1))]),
    Row("split_with_sizes", [C(T((5, 2)), [2, 3]), C(CUBE, [1, 0, 3], 1)], FLOATS,
        errors=[Error(C(T((5,)), [2, 2]))]),
]

VALUES = [
    Row("positive", [C(X)], (*FLOATS, "int64"), errors=[Error(C(T((2,), "bool")))]),
    Row("conj_physical", [C(X)], (*FLOATS, *COMPLEX)),
    Row("resolve_conj", [C(X)], (*FLOATS, *COMPLEX)),
    Row("resolve_neg", [C(X)], (*FLOATS, *COMPLEX)),
    Row("detach", [C(X)], EVERY, grad=False),
    Row("view_as_complex", [C(T((3, 2))), C(T((2,)))], FLOATS, layouts=("contiguous",),
        errors=[Error(C(X))], differences=False),
    Row("put", [C(X, T((2,), "int64", values=[1, 4]), T((2,))),
                C(X, T((2,), "int64", values=[1, 1]), T((2,)), accumulate=True)], FLOATS,
        layouts=("contiguous",)),
    Row("Tensor.put_", [C(X, T((2,), "int64", values=[1, 4]), T((2,)))], FLOATS,
        layouts=("contiguous",), differences=False),
    *[Row("index_reduce", [C(X, 0, INDEX, T((3, 3)), how),
                           C(X, 0, INDEX, T((3, 3)), how, include_self=False)], FLOATS,
          second=False, differences=False) for how in ("prod", "mean", "amax", "amin")],
    Row("histogram", [C(T((20,), grad=False), 4),
                      C(T((20,), grad=False), 3, range=(-1.0, 1.0), density=True)], FLOATS,
        grad=False),
]

ROWS = SHAPES + SPLITS + VALUES
