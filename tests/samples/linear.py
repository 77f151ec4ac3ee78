"""Samples of products and linear algebra."""

from typing import Any

from .define import COMPLEX, FLOATS, INTS, REDUCED, C, Error, Row, T

REALS = (*FLOATS, *REDUCED)
NUMBERS = (*REALS, "int64", *COMPLEX)
DOUBLE = ("float64",)
BOTH = ("float64", "complex128")
SHAPES = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)),
          ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)),
          ((6, 1, 2, 3), (5, 3, 4)), ((2, 0), (0, 4))]
CLASHES = [((2, 3), (4, 5)), ((3,), (4,)), ((2, 3), (4,)), ((2, 2, 3), (2, 4, 5)), ((), (2,))]
SQUARE = T((3, 3), low=-1, high=1)
BATCH = T((2, 3, 3), low=-1, high=1)
TALL, WIDE = T((4, 3)), T((3, 5))
DEFINITE = T((3, 3), values=[[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
UPPER = T((3, 3), values=[[2.0, 1.0, -1.0], [0.0, 3.0, 0.5], [0.0, 0.0, 1.5]])
LOWER = T((3, 3), values=[[2.0, 0.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 2.0]], grad=False)
SINGULAR = T((2, 2), values=[[1.0, 2.0], [2.0, 4.0]])


def magnitudes(result: Any) -> Any:
    """Absolute values: signs and phases of vectors are free."""
    return tuple(x.abs() for x in result)


def spectrum(result: Any) -> Any:
    """Values as they are, vectors by absolute value."""
    return result[0], result[1].abs()


PRODUCTS = [
    Row("matmul", [C(T(a), T(b)) for a, b in SHAPES], NUMBERS,
        errors=[Error(C(T(a), T(b))) for a, b in CLASHES]
        + [Error(C(T((2, 3), "float32"), T((3, 2), "float64")))]),
    Row("nn.functional.linear", [C(T((2, 3)), T((4, 3)), T((4,))), C(T((2, 3)), T((4, 3))),
                                 C(T((3,)), T((4, 3)), T((4,))),
                                 C(T((5, 2, 3)), T((4, 3)), T((4,))),
                                 C(T((2, 3)), T((3,)))], REALS,
        errors=[Error(C(T((2, 3)), T((5, 4)))), Error(C(T((2, 3)), T((5, 3)), T((4,))))]),
    Row("mm", [C(T((2, 3)), T((3, 4)))], NUMBERS, errors=[Error(C(T((2, 3)), T((3,))))]),
    Row("bmm", [C(T((5, 2, 3)), T((5, 3, 4)))], NUMBERS, errors=[Error(C(T((2, 3)), T((3, 2))))]),
    Row("mv", [C(T((2, 3)), T((3,)))], NUMBERS),
    Row("dot", [C(T((3,)), T((3,)))], NUMBERS),
    Row("vdot", [C(T((3,)), T((3,)))], NUMBERS),
    Row("inner", [C(T((3,)), T((3,))), C(T((2, 3)), T((4, 3))), C(T(()), T((3,)))], NUMBERS),
    Row("outer", [C(T((3,)), T((2,)))], NUMBERS),
    Row("addmm", [C(T((2, 4)), T((2, 3)), T((3, 4))),
                  C(T((4,)), T((2, 3)), T((3, 4)), beta=2, alpha=3),
                  C(T((2, 4)), T((2, 3)), T((3, 4)), beta=0)], NUMBERS),
    Row("addmv", [C(T((2,)), T((2, 3)), T((3,))), C(T(()), T((2, 3)), T((3,)), alpha=2)], NUMBERS),
    Row("addbmm", [C(T((2, 4)), T((5, 2, 3)), T((5, 3, 4)))], FLOATS),
    Row("baddbmm", [C(T((5, 2, 4)), T((5, 2, 3)), T((5, 3, 4)), beta=0.5, alpha=2)], FLOATS),
    Row("addr", [C(T((2, 3)), T((2,)), T((3,)), beta=2)], FLOATS),
    Row("kron", [C(T((2, 3)), T((3, 1))), C(T((3,)), T((2, 2)))], (*FLOATS, *INTS),
        layouts=("contiguous",)),
    Row("trace", [C(T((3, 4))), C(T((3, 3)))], (*FLOATS, *INTS)),
    Row("einsum", [C("ij,jk->ik", T((2, 3)), T((3, 4))), C("ii->i", T((3, 3))),
                   C("ij->", T((2, 3))),
                   C("...ij,...jk", T((5, 2, 3)), T((3, 4))), C("ij,ij->ij", T((2, 3)), T((1, 3))),
                   C("ij,jk,kl->il", T((2, 3)), T((3, 4)), T((4, 2))),
                   C("i,j", T((2,)), T((3,)))],
        (*FLOATS, *COMPLEX), errors=[Error(C("ij,jk", T((2, 3)), T((2, 3)))),
                                     Error(C("ij", T((3,)))), Error(C("i->ij", T((3,))))]),
    Row("tensordot", [C(T((2, 3, 4)), T((3, 4, 5)), 2), C(T((2, 3)), T((2, 4)), ([0], [0])),
                      C(T((2,)), T((3,)), 0)], FLOATS),
    Row("linalg.multi_dot", [C([T((2, 3)), T((3, 4)), T((4, 1))]),
                             C([T((3,)), T((3, 2)), T((2,))])], FLOATS),
    Row("cross", [C(T((2, 3)), T((2, 3))), C(T((3, 2)), T((3, 2)), 0)], FLOATS),
    Row("linalg.vecdot", [C(T((2, 3)), T((3,))), C(T((3, 2)), T((3, 2)), dim=0)], BOTH),
]

SOLVING = [
    Row("linalg.inv", [C(DEFINITE), C(BATCH)], BOTH, tolerance=1e3,
        errors=[Error(C(SINGULAR)), Error(C(TALL)), Error(C(T((3, 3), "int64")))]),
    Row("linalg.solve", [C(DEFINITE, T((3, 2))), C(DEFINITE, T((3,))), C(BATCH, T((2, 3, 2)))],
        BOTH, tolerance=1e3, errors=[Error(C(SINGULAR, T((2,)))), Error(C(SQUARE, T((2, 2))))]),
    Row("linalg.solve_triangular", [C(UPPER, T((3, 2)), upper=True),
                                    C(UPPER, T((2, 3)), upper=True, left=False),
                                    C(UPPER, T((3, 2)), upper=True, unitriangular=True)], DOUBLE,
        tolerance=10),
    Row("linalg.det", [C(SQUARE), C(BATCH)], BOTH, tolerance=1e3),
    Row("linalg.det", [C(SINGULAR)], ("float32",), second=False),
    Row("linalg.slogdet", [C(SQUARE)], DOUBLE, tolerance=1e3),
    Row("logdet", [C(DEFINITE)], DOUBLE, tolerance=1e3),
    Row("linalg.cholesky", [C(DEFINITE), C(DEFINITE, upper=True)], ("float32",), tolerance=10,
        errors=[Error(C(T((2, 2), values=[[-1.0, 0.0], [0.0, 1.0]])))]),
    Row("cholesky_solve", [C(T((3, 2)), LOWER)],
        DOUBLE, tolerance=10),
    Row("linalg.lu_factor", [C(SQUARE), C(TALL), C(WIDE)], DOUBLE, tolerance=1e3),
    Row("linalg.lu", [C(SQUARE), C(TALL)], DOUBLE, tolerance=1e3),
    Row("linalg.pinv", [C(TALL), C(WIDE)], DOUBLE, tolerance=1e4),
    Row("linalg.lstsq", [C(TALL, T((4, 2)))], DOUBLE, select=lambda r: r[0], tolerance=1e4),
]

FACTORS = [
    Row("linalg.qr", [C(TALL), C(SQUARE)], DOUBLE, select=magnitudes, tolerance=1e4),
    Row("linalg.svdvals", [C(TALL), C(BATCH)], BOTH, tolerance=1e3),
    Row("linalg.svd", [C(SQUARE, False), C(TALL, False)], DOUBLE, select=magnitudes, tolerance=1e4),
    Row("linalg.eigvalsh", [C(DEFINITE)], DOUBLE, tolerance=1e3),
    Row("linalg.eigh", [C(DEFINITE)], DOUBLE, select=spectrum, tolerance=1e4),
    Row("linalg.matrix_exp", [C(SQUARE), C(BATCH)], BOTH, tolerance=1e3),
    Row("linalg.matrix_power", [C(SQUARE, 3), C(SQUARE, 0), C(DEFINITE, -2)], DOUBLE,
        tolerance=1e3),
    Row("linalg.matrix_rank", [C(SINGULAR), C(BATCH)], FLOATS, grad=False),
    Row("linalg.cond", [C(DEFINITE), C(DEFINITE, -2)], DOUBLE, tolerance=1e4),
    Row("linalg.norm", [C(SQUARE), C(SQUARE, 1), C(SQUARE, 2), C(SQUARE, "nuc"),
                        C(T((4,)), 3)], DOUBLE,
        tolerance=1e3, second=False),
    Row("linalg.vector_norm", [C(SQUARE), C(SQUARE, 1, 0), C(SQUARE, float("inf"))], BOTH,
        second=False),
    Row("linalg.matrix_norm", [C(BATCH), C(BATCH, "nuc"), C(BATCH, -1)], DOUBLE, tolerance=1e3,
        second=False),
    Row("linalg.vander", [C(T((3,))), C(T((3,)), N=4)], DOUBLE),
    Row("linalg.householder_product", [C(TALL, T((3,)))], DOUBLE, tolerance=10),
    Row("linalg.tensorinv", [C(T((6, 2, 3)), 1)], DOUBLE, tolerance=1e4),
    Row("linalg.tensorsolve", [C(T((2, 2, 4)), T((2, 2)))], DOUBLE, tolerance=1e4),
]

ROWS = [*PRODUCTS, *SOLVING, *FACTORS]
