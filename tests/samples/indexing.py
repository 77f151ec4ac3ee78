"""Samples of the indexing family: gather, scatter, index_*, masks."""

from .define import ALL, C, Error, Row, T

M, V = T((3, 4)), T((4,))


def index(values: object) -> T:
    """An int64 tensor of these values."""
    return T((), "int64", values=values)


MASK = T((3, 4), "bool")
ALONG = index([[0, 0, 1, 0], [0, 1, 1, 2]])
OUT = index([9])

ROWS = [
    Row("gather", [C(M, 0, ALONG), C(M, 1, index([[3], [0]])), C(T(()), 0, index([0, 0]))], ALL,
        errors=[Error(C(M, 0, index([[9]]))), Error(C(M, 0, index([0])))]),
    Row("scatter", [C(M, 0, ALONG, 1.5), C(M, 0, index([[0, 1, 2, 0]]), T((1, 4)))],
        errors=[Error(C(M, 0, index([[9]]), M))]),
    Row("scatter_add", [C(M, 0, ALONG, T((2, 4)))]),
    *[Row("scatter_reduce", [C(M, 0, ALONG, T((2, 4)), kind), C(M, 0, ALONG, T((2, 4)), kind,
                                                                include_self=False)])
      for kind in ("sum", "prod", "mean", "amax", "amin")],
    Row("take_along_dim", [C(M, index([[0, 1, 2, 0]]), 0), C(V, index([1, 3]))],
        errors=[Error(C(M, index([1]), 0))]),
    Row("take", [C(M, index([[0, -1], [3, 3]]))], errors=[Error(C(M, index([99])))]),
    Row("index_select", [C(M, 1, index([0, 2, 2])), C(T(()), 0, index([0]))], ALL,
        errors=[Error(C(M, 0, OUT)), Error(C(M, 0, index([[0]])))]),
    Row("index_add", [C(M, 0, index([0, 0]), T((2, 4)), alpha=2)],
        errors=[Error(C(M, 0, OUT, T((1, 4)))), Error(C(M, 0, index([0]), M))]),
    Row("index_copy", [C(M, 1, index([3, 0]), T((3, 2)))],
        errors=[Error(C(M, 0, OUT, T((1, 4))))]),
    Row("index_fill", [C(M, 0, index([0, -1]), 2.0), C(M, 1, index([1]), T(()))],
        errors=[Error(C(M, 0, OUT, 1.0))]),
    Row("index_put", [C(M, (index([0, 1]),), V),
                      C(M, (index([0, 0]), index([1, 1])), T((2,)), True), C(M, (MASK,), T(()))],
        errors=[Error(C(M, (OUT,), V))]),
    Row("masked_fill", [C(M, MASK, 2.0), C(M, T((4,), "bool"), T(()))],
        errors=[Error(C(M, index([1]), 1.0)), Error(C(M, MASK, V))]),
    Row("masked_select", [C(M, MASK), C(M, T((4,), "bool"))], ALL,
        errors=[Error(C(M, index([1])))]),
    Row("masked_scatter", [C(M, MASK, M)]),
    Row("nonzero", [C(M), C(T(()))], ALL, grad=False),
    Row("argwhere", [C(MASK)], grad=False),
    Row("isin", [C(index([1, 2, 3]), index([2, 5])), C(index([1, 2]), 2, invert=True)], grad=False),
]
