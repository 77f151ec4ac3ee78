"""Tensor's products."""

from __future__ import annotations

from typing import Any

from ..autograd.base import TensorBase
from ..functional import linear as fn
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

    def __matmul__(self, other: Any) -> Any:
        return fn.matmul(self, other) if isinstance(other, TensorBase) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return fn.matmul(other, self) if isinstance(other, TensorBase) else NotImplemented
