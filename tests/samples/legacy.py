"""Samples of the top level's older matrix functions, and of linalg's less common ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .define import C, Row, T
from .linear import BATCH, BOTH, DEFINITE, DOUBLE, LOWER, SQUARE, TALL, UPPER, WIDE

PIVOTS = T((3,), "int32", values=[1, 3, 3])
FREE = replace(LOWER, grad=True)
FACTOR = T((3, 3), values=[[4.0, 1.0, 0.5], [0.25, 3.0, 0.2], [0.5, 0.5, 2.0]], grad=False)


def products(result: Any) -> Any:
    """U diag(S) Vᵀ: the signs of the vectors are free."""
    u, s, v = result
    return u * s @ v.mT


def signless(result: Any) -> Any:
    """Q by absolute value times R by absolute value."""
    return tuple(x.abs() for x in result)


def moduli(result: Any) -> Any:
    """Eigenvalues in order of their size."""
    values = result[0] if isinstance(result, tuple) else result
    return values.abs().sort()[0]


TOP = [
    Row("cholesky", [C(DEFINITE), C(DEFINITE, True)], DOUBLE, tolerance=1e3, differences=False),
    Row("cholesky_inverse", [C(FREE), C(UPPER, True)], DOUBLE, tolerance=1e3,
        differences=False),
    Row("geqrf", [C(TALL), C(SQUARE)], DOUBLE, tolerance=1e3, differences=False),
    Row("lu", [C(SQUARE), C(BATCH)], DOUBLE, tolerance=1e3),
    Row("lu_solve", [C(T((3, 2)), FACTOR, PIVOTS)], DOUBLE, tolerance=1e3),
    Row("lu_unpack", [C(FACTOR, PIVOTS)], DOUBLE, tolerance=1e3),
    Row("ormqr", [C(T((3, 3), grad=False), T((3,), grad=False), T((3, 2), grad=False))], DOUBLE,
        grad=False, tolerance=1e3),
    Row("pinverse", [C(TALL), C(WIDE)], DOUBLE, tolerance=1e4),
    Row("qr", [C(TALL), C(SQUARE)], DOUBLE, select=signless, tolerance=1e3, second=False),
    Row("svd", [C(TALL), C(SQUARE)], DOUBLE, select=products, tolerance=1e4, second=False),
    Row("triangular_solve", [C(T((3, 2)), UPPER), C(T((3, 2)), FREE, upper=False)], DOUBLE,
        tolerance=1e3),
    Row("chain_matmul", [C(T((2, 3)), T((3, 4)), T((4, 1)))], DOUBLE, differences=False),
]

LINALG = [
    Row("linalg.cholesky_ex", [C(DEFINITE), C(DEFINITE, upper=True)], DOUBLE, tolerance=1e3,
        differences=False),
    Row("linalg.cross", [C(T((2, 3)), T((2, 3))), C(T((3, 2)), T((3, 2)), dim=0)], DOUBLE),
    Row("linalg.diagonal", [C(SQUARE), C(BATCH), C(BATCH, offset=1), C(TALL, dim1=1, dim2=0)],
        DOUBLE),
    Row("linalg.eig", [C(SQUARE), C(DEFINITE)], DOUBLE, grad=False, select=moduli, tolerance=1e3),
    Row("linalg.eigvals", [C(SQUARE), C(DEFINITE)], DOUBLE, grad=False, select=moduli,
        tolerance=1e3),
    Row("linalg.inv_ex", [C(DEFINITE), C(BATCH)], BOTH, tolerance=1e4),
    Row("linalg.lu_factor_ex", [C(SQUARE), C(TALL)], DOUBLE, tolerance=1e3),
    Row("linalg.lu_solve", [C(FACTOR, PIVOTS, T((3, 2)))], DOUBLE, tolerance=1e3),
    Row("linalg.solve_ex", [C(DEFINITE, T((3, 2)))], DOUBLE, tolerance=1e3),
]

ROWS = TOP + LINALG
