"""Samples of reductions, statistics, running sums, order and sets."""

from .define import ALL, COMPLEX, FLOATS, INTS, REDUCED, C, D, Error, Row, T

REALS = (*FLOATS, *REDUCED)
NUMBERS = (*REALS, *INTS)
ANY = [C(T((3, 4))), C(T(())), C(T((0,))), C(T((2, 3, 4)), 1), C(T((3, 4)), -1, True),
       C(T((2, 3, 4)), (0, 2)), C(T((2, 3)), dim=(0, -1), keepdim=True), C(T((0, 3)), 0)]
ONE_DIM = [C(T((3, 4))), C(T(())), C(T((2, 3, 4)), 1), C(T((3, 4)), -1, True)]
BAD_DIM = [Error(C(T((2, 3)), 2)), Error(C(T((2, 3)), (0, 0)))]
DISTINCT = [C(T((3, 4), unique=True)), C(T((2, 3, 4), unique=True), 1),
            C(T((3, 4), unique=True), -1, True), C(T(()), 0)]
ALONG = [C(T((3, 4)), 0), C(T((2, 3, 4)), -1), C(T(()), 0), C(T((0, 3)), 1)]
TIES = T((2, 4), values=[[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, -1.0, 2.0]])
GAPS = T((2, 3), values=[[1.0, float("nan"), 2.0], [float("nan"), 0.5, -1.0]], grad=False)
EMPTY = [Error(C(T((0,)))), Error(C(T((0, 3)), 0))]

SUMS = [
    Row("sum", [*ANY, C(T((3, 4)), dtype=D("float64"))], (*ALL, *COMPLEX), errors=BAD_DIM),
    Row("mean", [*ANY[:2], *ANY[3:6]], (*REALS, *COMPLEX),
        errors=[*BAD_DIM, Error(C(T((3,), "int64")))]),
    Row("prod", [*ONE_DIM, C(T((2, 3), values=[[0.0, 2.0, 3.0], [0.0, 0.0, 1.0]]), 1)],
        (*FLOATS, *INTS)),
    Row("nansum", [*ANY[:6], C(GAPS), C(GAPS, 1)], FLOATS),
    Row("nanmean", [*ANY[:2], C(GAPS, 1)], FLOATS),
    Row("logsumexp", [C(T((3, 4)), 0), C(T((3, 4)), (0, 1), True), C(T(()), 0)], REALS),
    Row("softmax", [C(T((3, 4)), 0), C(T((2, 3, 4)), -1), C(T(()), 0)], REALS,
        errors=[Error(C(T((3,)), 2)), Error(C(T((3,), "int64"), 0))]),
    Row("log_softmax", [C(T((3, 4)), 0), C(T((2, 3, 4)), -1), C(T(()), 0)], REALS),
    Row("all", ANY, ALL, grad=False),
    Row("any", ANY, ALL, grad=False),
    Row("count_nonzero", [C(T((3, 4))), C(T((3, 4)), 0), C(T((2, 3, 4)), (0, 2))], ALL, grad=False),
]

EXTREMES = [
    Row("amax", [*ANY[:2], *ANY[3:7]], NUMBERS, errors=EMPTY),
    Row("amin", [*ANY[:2], *ANY[3:7]], NUMBERS, errors=EMPTY),
    Row("max", [*DISTINCT, C(T((3, 4)), T((4,)))], FLOATS, errors=EMPTY),
    Row("min", [*DISTINCT, C(T((3, 4)), T((4,)))], FLOATS, errors=EMPTY),
    Row("aminmax", [C(T((3, 4))), C(T((3, 4)), dim=1)], FLOATS),
    Row("argmax", [*ONE_DIM, C(TIES, 1), C(T((3, 4)), keepdim=True)], NUMBERS, grad=False,
        errors=[*EMPTY, Error(C(T((3,), "bool")))]),
    Row("argmin", [*ONE_DIM, C(TIES, 1)], NUMBERS, grad=False, errors=EMPTY),
]

STATISTICS = [
    Row("var", [C(T((3, 4))), C(T((3, 4)), 0), C(T((3, 4)), False), C(T((2, 3, 4)), (0, 2)),
                C(T((3, 4)), dim=1, correction=0, keepdim=True)], (*REALS, *COMPLEX),
        errors=[Error(C(T((3,), "int64")))]),
    Row("std", [C(T((3, 4))), C(T((3, 4)), 0), C(T((3, 4)), 0, False),
                C(T((2, 3, 4)), (0, 2))], REALS),
    Row("var_mean", [C(T((3, 4))), C(T((3, 4)), 0)], FLOATS),
    Row("std_mean", [C(T((3, 4))), C(T((3, 4)), 0)], FLOATS),
    Row("median", [*DISTINCT, C(T((5,), unique=True)), C(GAPS, 1)], FLOATS),
    Row("nanmedian", [*DISTINCT, C(GAPS), C(GAPS, 1)], FLOATS),
    Row("quantile", [C(T((3, 4), unique=True), 0.3), C(T((3, 4), unique=True), 0.5, 0),
                     C(T((3, 4), unique=True), T((2,), values=[0.1, 0.9], grad=False), 1, True),
                     C(T((5,), unique=True), 0.4, interpolation="nearest")], FLOATS,
        errors=[Error(C(T((3,)), 1.5)), Error(C(T((3,), "int64"), 0.5))]),
    Row("nanquantile", [C(GAPS, 0.3), C(GAPS, 0.5, 1)], FLOATS),
    Row("cov", [C(T((3, 5))), C(T((4,))), C(T((3, 5)), correction=0)], FLOATS),
    Row("corrcoef", [C(T((3, 5)))], FLOATS, second=False),
    Row("norm", [C(T((3, 4))), C(T((3, 4)), 1), C(T((3, 4)), 3, 0), C(T((3, 4)), "fro", (0, 1)),
                 C(T((3, 4)), "nuc"), C(T((3, 4)), float("inf"), 1, True),
                 C(T((2,), values=[0.0, 0.0]))], FLOATS, second=False),
    Row("dist", [C(T((3, 4)), T((3, 4))), C(T((3, 4)), T((4,)), 1)], FLOATS, second=False),
    Row("renorm", [C(T((3, 4)), 2, 0, 1.0), C(T((3, 4)), 1, 1, 0.5)], FLOATS),
    Row("cdist", [C(T((3, 4)), T((2, 4))), C(T((2, 3, 4)), T((2, 4)), 1.0),
                  C(T((26, 3)), T((4, 3)))], FLOATS, second=False,
        errors=[Error(C(T((3, 4)), T((3, 5))))]),
    Row("pdist", [C(T((4, 3))), C(T((4, 3)), 1.0), C(T((1, 3)))], FLOATS, second=False),
]

RUNNING = [
    Row("cumsum", ALONG, (*ALL, *COMPLEX), errors=BAD_DIM[:1]),
    Row("cumprod", [*ALONG, C(T((2, 3), values=[[0.0, 2.0, 3.0], [1.0, 0.0, 0.0]]), 1)],
        (*FLOATS, *INTS)),
    Row("cummax", ALONG[:3], (*FLOATS, *INTS)),
    Row("cummin", ALONG[:3], (*FLOATS, *INTS)),
    Row("logcumsumexp", ALONG[:3], FLOATS),
    Row("diff", [C(T((3, 4))), C(T((3, 4)), 2, 0), C(T((3, 4)), prepend=T((3, 1)))],
        (*FLOATS, *INTS)),
    Row("trapezoid", [C(T((3, 4))), C(T((3, 4)), dx=0.5, dim=0), C(T((3, 4)), T((4,)))], FLOATS),
    Row("cumulative_trapezoid", [C(T((3, 4))), C(T((3, 4)), T((3, 4)))], FLOATS),
]

ORDER = [
    Row("sort", [C(T((3, 4), unique=True)), C(T((3, 4), unique=True), 0, True), C(T(()))],
        FLOATS),
    Row("argsort", [C(T((3, 4), unique=True)), C(TIES, dim=1, descending=True, stable=True)],
        FLOATS, grad=False),
    Row("msort", [C(T((3, 4), unique=True))], FLOATS),
    Row("topk", [C(T((3, 4), unique=True), 2), C(T((3, 4), unique=True), 1, 0, False)], FLOATS,
        errors=[Error(C(T((3,)), 4))]),
    Row("kthvalue", [C(T((3, 4), unique=True), 2), C(T((3, 4), unique=True), 1, 0, True)], FLOATS,
        errors=[Error(C(T((3,)), 4))]),
    Row("unique", [C(T((9,), high=3)), C(T((3, 4), high=2), True, True, True),
                   C(T((4, 2), "int64", low=0, high=2), dim=0)], INTS, grad=False),
    Row("unique_consecutive", [C(T((9,), high=1)), C(T((9,), high=1), True, True)], INTS,
        grad=False),
    Row("bincount", [C(T((7,), low=0, high=5)), C(T((0,))), C(T((7,), low=0, high=5), minlength=9)],
        ("int64", "int32"), grad=False, errors=[Error(C(T((2, 2))))]),
    Row("histc", [C(T((20,)), 5), C(T((20,)), 4, -1, 1)], FLOATS, grad=False),
    Row("searchsorted", [C(T((4,), values=[1.0, 3.0, 3.0, 7.0]), T((2, 3), high=8)),
                         C(T((3,), values=[1.0, 3.0, 7.0]), T((2,), values=[3.0, 7.0]),
                           right=True)],
        FLOATS, grad=False),
    Row("bucketize", [C(T((2, 3), high=8), T((3,), values=[1.0, 3.0, 7.0]))], FLOATS, grad=False),
]

# where elements are equal the gradient is a convention; differences cannot check it
EQUAL = [
    *(Row(name, [C(TIES), C(TIES, 1)], ("float32",)) for name in ("amax", "amin", "max", "min")),
    *(Row(name, [C(TIES, 1)], ("float32",)) for name in ("cummax", "cummin", "sort")),
    Row("aminmax", [C(TIES, dim=0, keepdim=True)], ("float32",)),
    Row("median", [C(TIES)], ("float32",)),
    Row("mode", [C(TIES), C(T((2, 5), high=2)), C(T((4, 3), "int64"), 0, True)], ("float32",)),
]

ROWS = [*EQUAL, *SUMS, *EXTREMES, *STATISTICS, *RUNNING, *ORDER]
