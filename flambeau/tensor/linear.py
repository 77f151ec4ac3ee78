"""Tensor's products."""

from __future__ import annotations

from typing import Any

from ..autograd.base import TensorBase
from ..functional import classic_linalg as classic
from ..functional import contraction
from ..functional import linalg as la
from ..functional import linear as fn
from ..functional import matrices
from .methods import inplace


class LinearMethods:
    """Products of vectors, matrices and batches of matrices."""

    matmul = fn.matmul.method
    mm = fn.mm.method
    bmm = fn.bmm.method
    mv = fn.mv.method
    dot = fn.dot.method
    vdot = fn.vdot.method
    inner = fn.inner.method
    outer = fn.outer.method
    ger = fn.outer.method
    addmm = fn.addmm.method
    addmm_ = inplace(fn.addmm.method)
    addmv = fn.addmv.method
    addmv_ = inplace(fn.addmv.method)
    addbmm = fn.addbmm.method
    addbmm_ = inplace(fn.addbmm.method)
    baddbmm = fn.baddbmm.method
    baddbmm_ = inplace(fn.baddbmm.method)
    addr = fn.addr.method
    addr_ = inplace(fn.addr.method)
    kron = fn.kron.method
    trace = fn.trace.method

    cross = contraction.cross
    det = la.det.method
    inverse = la.inv
    logdet = classic.logdet.method
    slogdet = classic.slogdet
    cholesky = classic.cholesky
    cholesky_solve = classic.cholesky_solve.method
    cholesky_inverse = classic.cholesky_inverse.method
    qr = classic.qr
    svd = classic.svd
    lu = classic.lu
    lu_solve = classic.lu_solve
    orgqr = la.householder_product.method
    pinverse = classic.pinverse
    triangular_solve = classic.triangular_solve
    matrix_power = matrices.matrix_power
    matrix_exp = matrices.matrix_exp.method

    def __matmul__(self, other: Any) -> Any:
        return fn.matmul(self, other) if isinstance(other, TensorBase) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return fn.matmul(other, self) if isinstance(other, TensorBase) else NotImplemented
