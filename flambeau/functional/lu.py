"""LU factorisations, systems solved with them, products of reflections."""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.record import Value, op
from ..dtype import scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import linalg as la
from ..ops.movement import reshape, zeros
from .linalg import check_info, check_matrix, check_rows, check_square, output


@op(name="linalg_lu_factor_ex", widen=False)
def _lu_factor(A: Value, name: str) -> Any:
    check_matrix(A, name)
    return la.lu_factor(A)


_NO_LU = ("U[{0},{0}] is zero and using it on lu_solve would result in a division by zero. If you "
          "still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
          "linalg.lu_factor_ex(A, pivot)")


def _check_pivot(pivot: bool, name: str) -> None:
    if not pivot:
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU")


def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """LU factors in one matrix, the pivots, and where U has a zero on its diagonal (0: nowhere).

    Args:
        A: (*, m, n).
        pivot: exchange rows. Default: True.
        check_errors: raise for a zero. Default: False.

    Returns:
        (LU, pivots, info).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.lu_factor_ex(torch.eye(2)).pivots
        tensor([1, 2], dtype=torch.int32)

    Source: PyTorch, torch.linalg.lu_factor_ex.
    """
    _check_pivot(pivot, "linalg.lu_factor")
    result = _lu_factor(A, "linalg.lu_factor_ex")
    if check_errors:
        check_info(result[2], "torch.linalg.lu_factor_ex", _NO_LU)
    return return_types.linalg_lu_factor_ex(output(out, result))


def lu_factor(A: Any, *, pivot: bool = True, out: Any = None) -> Any:
    """LU factors in one matrix (L below the diagonal) and the row exchanges.

    Args:
        A: (*, m, n).
        pivot: exchange rows. Default: True.

    Returns:
        (LU, pivots).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.lu_factor(torch.eye(2)).LU
        tensor([[1., 0.],
                [0., 1.]])

    Source: PyTorch, torch.linalg.lu_factor.
    """
    _check_pivot(pivot, "linalg.lu_factor")
    factors, pivots, info = _lu_factor(A, "linalg.lu_factor")
    check_info(info, "torch.linalg.lu_factor", _NO_LU, RuntimeError)
    return return_types.linalg_lu_factor(output(out, (factors, pivots)))


def split_lu(factors: Any) -> tuple[Any, Any]:
    """L with unit diagonal, and U, of LU factors in one matrix."""
    n, m = factors.shape[-2:]
    k = min(n, m)
    left = la.block(factors, (0, n), (0, k))
    low = la.triangle(left, False, -1) + la.diagonal_of(zeros(left.shape, left) + 1)
    return low, la.triangle(la.block(factors, (0, k), (0, m)), True)


@op(name="linalg_lu", widen=False)
def _lu(A: Value) -> Any:
    check_matrix(A, "linalg.lu")
    factors, pivots, _ = la.lu_factor(A)
    return (la.permutation(pivots, n=A.shape[-2], dtype=A.dtype), *split_lu(factors))


def lu(A: Any, *, pivot: bool = True, out: Any = None) -> Any:
    """A = P L U with a permutation P, unit lower triangular L, upper triangular U.

    Args:
        A: (*, m, n).
        pivot: exchange rows. Default: True.

    Returns:
        (P, L, U).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.lu(torch.tensor([[0., 1.], [1., 0.]])).P
        tensor([[0., 1.],
                [1., 0.]])

    Source: PyTorch, torch.linalg.lu.
    """
    _check_pivot(pivot, "linalg.lu_factor")
    return return_types.linalg_lu(output(out, _lu(A)))


@op(name="linalg_lu_solve", widen=False)
def _lu_solve(LU: Value, pivots: Value, B: Value, left: bool, adjoint: bool) -> Any:
    name = "torch.linalg.lu_solve"
    check_square(LU, name, "LU")
    if LU.dtype is not B.dtype:
        raise RuntimeError("linalg.lu_solve: Expected LU and B to have the same dtype, but found "
                           "LU of "
                           f"type {scalar_name(LU.dtype)} and B of type {scalar_name(B.dtype)} "
                           f"instead")
    check_rows(LU, B, left, name)
    lead = ar.broadcast_shape(LU.shape[:-2], B.shape[:-2])
    factors = ar.broadcast_to(LU, (*lead, *LU.shape[-2:]))
    b = ar.broadcast_to(B, (*lead, *B.shape[-2:]))
    pivots = ar.broadcast_to(pivots, (*lead, pivots.shape[-1]))
    p = la.permutation(pivots, n=LU.shape[-1], dtype=LU.dtype)
    if not left:
        return la.adjoint(_lu_system(factors, p, la.adjoint(b), not adjoint))
    return _lu_system(factors, p, b, adjoint)


def _lu_system(factors: Any, p: Any, b: Any, adjoint: bool) -> Any:
    """X of P L U X = B, or of the adjoint system."""
    low, up = split_lu(factors)
    if adjoint:
        y = la.solve_triangular(la.adjoint(up), b, upper=False, unit=False)
        return la.times(p, la.solve_triangular(la.adjoint(low), y, upper=True, unit=True))
    y = la.solve_triangular(low, la.times(la.adjoint(p), b), upper=False, unit=True)
    return la.solve_triangular(up, y, upper=True, unit=False)


def lu_solve(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False,
             out: Any = None) -> Any:
    """The solution X of A X = B from the LU factors of A.

    Args:
        LU: (*, n, n), as `lu_factor` gives them.
        pivots: (*, n).
        B: (*, n, k).
        left: False solves X A = B. Default: True.
        adjoint: take Aᴴ for A. Default: False.

    Example:
        >>> import flambeau as torch
        >>> LU, pivots = torch.linalg.lu_factor(torch.eye(2))
        >>> torch.linalg.lu_solve(LU, pivots, torch.ones(2, 1))
        tensor([[1.],
                [1.]])

    Source: PyTorch, torch.linalg.lu_solve.
    """
    return output(out, _lu_solve(LU, pivots, B, left, adjoint))


@op(name="linalg_householder_product", widen=False, out=True)
def householder_product(A: Value, tau: Value) -> Any:
    """The first n columns of the product of Householder reflections 1 - tau v vᴴ.

    Args:
        A: (*, m, n), the vectors v below the diagonal (which counts as ones).
        tau: (*, k) with k ≤ n ≤ m.

    Returns:
        (*, m, n).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.householder_product(torch.eye(2), torch.zeros(2))
        tensor([[1., 0.],
                [0., 1.]])

    Source: PyTorch, torch.linalg.householder_product.
    """
    name = "torch.linalg.householder_product"
    if A.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    n, m = A.shape[-2:]
    k = tau.shape[-1]
    if n < m:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to "
                           f"input.shape[-1]")
    if m < k:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to "
                           f"tau.shape[-1]")
    one = la.diagonal_of(zeros(A.shape, A) + 1)
    return _reflected(A, tau, one, range(k - 1, -1, -1))


def _reflected(A: Any, tau: Any, x: Any, order: Any, conjugate: bool = False) -> Any:
    """Apply the reflections 1 - tau v vᴴ of the columns of A to x, one after another."""
    n = A.shape[-2]
    vectors = la.triangle(A, False, -1) + la.diagonal_of(zeros(A.shape, A) + 1)
    scales = ew.conj(tau) if conjugate and tau.dtype.is_complex else tau
    for i in order:
        v = la.block(vectors, (0, n), (i, i + 1))
        scale = reshape(_one(scales, i), shape=(*A.shape[:-2], 1, 1))
        x = x - la.times(v * scale, la.times(la.adjoint(v), x))
    return x


def _one(x: Any, i: int) -> Any:
    k = x.ndim - 1
    row = reshape(x, shape=(*x.shape[:k], 1, x.shape[k]))
    return reshape(la.block(row, (0, 1), (i, i + 1)), shape=(*x.shape[:k],))


@op(name="ormqr", widen=False, out=True)
def ormqr(input: Value, tau: Value, other: Value, left: bool = True,
          transpose: bool = False) -> Any:
    """The product of Q with a matrix, where Q is given by Householder reflections.

    Args:
        input: (*, m, k), the vectors v below the diagonal (which counts as ones).
        tau: (*, k).
        other: (*, m, n), or (*, n, m) for left=False.
        left: Q · other; False: other · Q. Default: True.
        transpose: take Qᴴ for Q. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.ormqr(torch.eye(2), torch.zeros(2), torch.ones(2, 1))
        tensor([[1.],
                [1.]])

    Source: PyTorch, torch.ormqr.
    """
    k = tau.shape[-1]
    x = other if left else la.adjoint(other)
    forward = transpose if left else not transpose
    out = _reflected(input, tau, x, range(k) if forward else range(k - 1, -1, -1), forward)
    return out if left else la.adjoint(out)


@op(name="geqrf", widen=False)
def _geqrf(input: Value) -> Any:
    check_matrix(input, "torch.geqrf", "input")
    return la.geqrf(input)


def geqrf(input: Any, *, out: Any = None) -> Any:
    """A QR factorisation as LAPACK keeps it: R with reflections below it, and their scales.

    Args:
        input: (*, m, n).

    Returns:
        (a, tau).

    Example:
        >>> import flambeau as torch
        >>> torch.geqrf(torch.eye(2)).tau
        tensor([0., 0.])

    Source: PyTorch, torch.geqrf.
    """
    return return_types.geqrf(output(out, _geqrf(input)))
