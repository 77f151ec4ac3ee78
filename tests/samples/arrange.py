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

COPIES = [
    # PyTorch's gradient of the input is that of the replaced elements, which do not count.
    Row("as_strided_scatter", [C(T((3, 4), grad=False), T((2, 2)), (2, 2), (1, 2)),
                               C(T((3, 4), grad=False), T((2, 2)), (2, 2), (1, 2), 3)],
        FLOATS, layouts=("contiguous",),
        errors=[Error(C(T((3, 3)), T((2, 3)), (2, 2), (1, 2)))]),
    Row("narrow_copy", [C(X, 1, 1, 2), C(CUBE, -1, -3, 2)], FLOATS,
        errors=[Error(C(X, 1, 2, 2)), Error(C(X, 0, 5, 1))]),
    Row("view_copy", [C(X, (3, 2)), C(X, (-1,))], FLOATS, layouts=("contiguous",),
        errors=[Error(C(X, (4, 2)))]),
    Row("view_as_complex_copy", [C(T((3, 2), grad=False))], FLOATS, grad=False,
        layouts=("contiguous",), errors=[Error(C(X))]),
    Row("nonzero_static", [C(T((2, 3), "int64", values=[[0, 1, 2], [0, 0, 3]]), size=size)
                           for size in (1, 3, 5)], ("float32",), grad=False,
        errors=[Error(C(X, size=-1))]),
    Row("unravel_index", [C(T((3,), "int64", values=[0, 5, 3]), (2, 3)),
                          C(T((1,), "int64", values=[5]), 7),
                          C(T((2, 1), "int64", values=[[23], [7]]), (2, 3, 4))], ("float32",),
        grad=False, errors=[Error(C(T((2,)), (2, 3))),
                            Error(C(T((2,), "int64"), (-1, 3)))]),
    Row("gradient", [C(T((4, 3))), C(T((4, 3)), spacing=2.0, dim=0),
                     C(T((4, 3)), spacing=(2.0, 0.5), edge_order=2),
                     C(T((4,)), spacing=(T((4,), grad=False, values=[0.0, 1.0, 3.0, 3.5]),)),
                     C(T((4,)), spacing=(T((4,), grad=False, values=[0.0, 1.0, 3.0, 3.5]),),
                       edge_order=2)], FLOATS,
        errors=[Error(C(X, edge_order=3)), Error(C(T((1,)))), Error(C(X, dim=(0, 0))),
                Error(C(X, dim=5)), Error(C(X, spacing=(1.0,)))]),
    *[Row("segment_reduce", [
        C(T((6,)), how, lengths=T((3,), "int64", values=[2, 1, 3])),
        C(T((6,)), how, lengths=T((3,), "int64", values=[2, 0, 4]), initial=0.5),
        C(T((6, 2)), how, offsets=T((3,), "int64", values=[0, 2, 6])),
        C(T((2, 4, 3)), how, lengths=T((2, 2), "int64", values=[[1, 3], [2, 2]]), axis=1)],
        FLOATS, second=False, differences=False,
        errors=[Error(C(T((6,)), how)),
                Error(C(T((6,)), how, lengths=T((2,), "int64", values=[2, 1])))])
      for how in ("sum", "mean", "prod", "max", "min")],
    Row("histogramdd", [
        C(T((20, 2), grad=False), [2, 3]), C(T((20, 3), grad=False), 2),
        C(T((20, 2), grad=False), [2, 3], range=[-1.0, 1.0, 0.0, 1.5], density=True),
        C(T((20, 2), grad=False), [2, 2], weight=T((20,), grad=False))], FLOATS, grad=False,
        errors=[Error(C(T((20, 2), grad=False), [2, 3, 4]))]),
    Row("svd_lowrank", [C(T((8, 4), grad=False), q=4), C(T((4, 8), grad=False), q=4)],
        ("float64",), grad=False, seed=3, tolerance=100.0, select=lambda result: result[1]),
    Row("pca_lowrank", [C(T((8, 4), grad=False)), C(T((4, 8), grad=False), q=2, center=False)],
        ("float64",), grad=False, seed=3, tolerance=100.0, select=lambda result: result[1],
        errors=[Error(C(T((3, 4), grad=False), q=9))]),
    Row("addmv_", [C(T((2,), grad=False), X, T((3,)))], FLOATS, grad=False),
    Row("as_strided_", [C(T((3, 4), grad=False), (2, 2), (1, 2))], FLOATS, grad=False,
        layouts=("contiguous",)),
    Row("conj_physical_", [C(T((3,), grad=False))], (*FLOATS, *COMPLEX), grad=False),
    Row("index_put_", [C(T((3,), grad=False), (INDEX,), T((3,), grad=False), True)], FLOATS,
        grad=False),
]

ROWS = SHAPES + SPLITS + VALUES + COPIES
