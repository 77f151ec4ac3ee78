"""Singular vectors of matrices of low rank, by products with random vectors."""

from __future__ import annotations

from typing import Any

from .dtype import float32
from .functional.linalg import qr, svd
from .functional.linear import matmul
from .random import randn

__all__ = ["pca_lowrank", "svd_lowrank"]


def _basis(A: Any, q: int, niter: int) -> Any:
    """Orthonormal columns that span about the range of a matrix, by iterating on subspaces."""
    basis = qr(matmul(A, randn(A.shape[-1], q, dtype=A.dtype)))[0]
    for _ in range(niter):
        basis = qr(matmul(A.mH, basis))[0]
        basis = qr(matmul(A, basis))[0]
    return basis


def svd_lowrank(A: Any, q: int | None = 6, niter: int | None = 2,
                M: Any = None) -> tuple[Any, Any, Any]:
    """The first singular values and vectors of a matrix, about: A - M = U diag(S) V^H.

    Args:
        A: (..., m, n).
        q: how many singular values, a little more than the rank. Default: 6.
        niter: steps of iteration, each of which makes the result more exact. Default: 2.
        M: what to subtract, broadcast to A's shape. Default: nothing.

    Returns:
        U (..., m, q), S (..., q), V (..., n, q).

    Example:
        >>> import flambeau as torch
        >>> U, S, V = torch.svd_lowrank(torch.diag(torch.tensor([3., 2., 0.])), q=2)
        >>> S.round(decimals=3)
        tensor([3., 2.])

    Source: torch.svd_lowrank
    """
    count = 6 if q is None else q
    matrix = A if M is None else A - M.broadcast_to(A.shape)
    wide = matrix.shape[-2] < matrix.shape[-1]
    tall = matrix.mH if wide else matrix
    basis = _basis(tall, count, 2 if niter is None else niter)
    U, S, Vh = svd(matmul(basis.mH, tall), full_matrices=False)
    left, right = matmul(basis, U), Vh.mH
    return (right, S, left) if wide else (left, S, right)


def pca_lowrank(A: Any, q: int | None = None, center: bool = True,
                niter: int = 2) -> tuple[Any, Any, Any]:
    """The principal components of rows of data, about: A - mean = U diag(S) V^T.

    Args:
        A: (..., m, n): m samples of n features.
        q: how many components. Default: the least of 6, m and n.
        center: whether to subtract the mean of the rows. Default: True.
        niter: steps of iteration. Default: 2.

    Returns:
        U (..., m, q), S (..., q), V (..., n, q); V's columns are the directions.

    Raises:
        ValueError: for a negative number, or more components than the matrix has.

    Example:
        >>> import flambeau as torch
        >>> torch.pca_lowrank(torch.tensor([[0., 0.], [2., 0.]]), q=1)[1].round(decimals=3)
        tensor([1.4140])

    Source: torch.pca_lowrank
    """
    least = min(A.shape[-2:])
    count = min(6, least) if q is None else q
    if not 0 <= count <= least:
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)="
                         f"{least}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    data = A if A.dtype.is_floating_point or A.dtype.is_complex else A.to(float32)
    return svd_lowrank(data - data.mean(dim=-2, keepdim=True) if center else data, count, niter)
