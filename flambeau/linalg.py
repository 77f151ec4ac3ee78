"""`torch.linalg`: factorisations, solvers, norms and functions of matrices."""

from __future__ import annotations

from typing import Any

from .functional.contraction import linalg_cross as cross
from .functional.contraction import multi_dot, vecdot
from .functional.linalg import (
    cholesky,
    cholesky_ex,
    det,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    inv,
    inv_ex,
    qr,
    slogdet,
    solve,
    solve_ex,
    solve_triangular,
    svd,
    svdvals,
)
from .functional.linear import matmul
from .functional.lu import householder_product, lu, lu_factor, lu_factor_ex, lu_solve
from .functional.matrices import (
    cond,
    lstsq,
    matrix_exp,
    matrix_norm,
    matrix_power,
    matrix_rank,
    pinv,
    tensorinv,
    tensorsolve,
)
from .functional.matrices import linalg_norm as norm
from .functional.matrices import linalg_vander as vander
from .functional.matrices import linalg_vector_norm as vector_norm
from .functional.parts import diagonal as _diagonal
from .ops.singular_values import LinAlgError

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh",
    "eigvals", "eigvalsh", "householder_product", "inv", "inv_ex", "lstsq", "lu",
    "lu_factor", "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm",
    "matrix_power", "matrix_rank", "multi_dot",
    "norm", "pinv", "qr", "slogdet", "solve", "solve_ex", "solve_triangular", "svd", "svdvals",
    "tensorinv", "tensorsolve", "vander", "vecdot", "vector_norm"]


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """A view of the diagonals of matrices.

    Args:
        A: (*, m, n).
        offset: how far above the main diagonal. Default: 0.
        dim1: the rows' dimension. Default: -2.
        dim2: the columns' dimension. Default: -1.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.diagonal(torch.tensor([[1., 2.], [3., 4.]]))
        tensor([1., 4.])

    Source: PyTorch, torch.linalg.diagonal.
    """
    return _diagonal(A, offset, dim1, dim2)
