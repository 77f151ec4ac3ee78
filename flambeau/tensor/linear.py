"""Tensor's products."""

from __future__ import annotations

from typing import Any

from ..autograd.base import TensorBase
from ..functional import added_products as added
from ..functional import classic_linalg as classic
from ..functional import contraction, spectrogram
from ..functional import linear as fn
from ..functional import lu as factors
from ..functional.calling import as_method
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
    addmm = added.addmm.method
    addmm_ = inplace(added.addmm.method)
    addmv = added.addmv.method
    addmv_ = inplace(added.addmv.method)
    addbmm = added.addbmm.method
    addbmm_ = inplace(added.addbmm.method)
    baddbmm = added.baddbmm.method
    baddbmm_ = inplace(added.baddbmm.method)
    addr = added.addr.method
    addr_ = inplace(added.addr.method)
    kron = fn.kron.method
    trace = fn.trace.method

    cross = as_method(contraction.cross)
    stft = spectrogram.stft
    istft = spectrogram.istft
    det = classic.det
    inverse = as_method(classic.inverse)
    logdet = classic.logdet.method
    slogdet = as_method(classic.slogdet)
    cholesky = as_method(classic.cholesky)
    cholesky_inverse = classic.cholesky_inverse.method
    qr = as_method(classic.qr)
    svd = as_method(classic.svd)
    lu = as_method(classic.lu)
    lu_solve = as_method(classic.lu_solve)
    geqrf = as_method(factors.geqrf)
    orgqr = as_method(classic.orgqr)
    pinverse = as_method(classic.pinverse)
    triangular_solve = as_method(classic.triangular_solve)
    matrix_power = as_method(classic.matrix_power)
    matrix_exp = classic.matrix_exp.method

    def cholesky_solve(self, input2: Any, upper: bool = False) -> Any:
        """The solution X of A X = self, where `input2` is the Cholesky factor of A."""
        return classic.cholesky_solve(self, input2, upper)

    def ormqr(self, input2: Any, input3: Any, left: bool = True, transpose: bool = False) -> Any:
        """The product of a matrix `input3` with the Q whose reflections `geqrf` gave."""
        return factors.ormqr(self, input2, input3, left, transpose)

    def __matmul__(self, other: Any) -> Any:
        return fn.matmul(self, other) if isinstance(other, TensorBase) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return fn.matmul(other, self) if isinstance(other, TensorBase) else NotImplemented
