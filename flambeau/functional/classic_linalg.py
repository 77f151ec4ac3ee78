"""Linear algebra under PyTorch's older top-level names (`flambeau.svd`, `flambeau.cholesky`, …)."""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.record import Value, op
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import linalg as la
from ..ops.movement import concatenate, zeros
from . import linalg, matrices
from . import lu as factors_of
from .calling import with_out
from .linalg import INDEFINITE, check_square
from .lu import split_lu


@op(name="logdet", grad="WhereBackward0", widen=False)
def logdet(input: Value) -> Any:
    """The logarithm of the determinant: NaN where it is negative.

    Args:
        input: (*, n, n).

    Example:
        >>> import flambeau as torch
        >>> torch.logdet(torch.eye(2))
        tensor(0.)

    Source: PyTorch, torch.logdet.
    """
    check_square(input, "logdet")
    sign, level = la.slogdet(input)
    if input.dtype.is_complex:
        return ew.log(sign) + level
    return ar.where(sign.eq(-1), ar.literal(float("nan"), level.dtype), level)


def slogdet(input: Any) -> Any:
    """Sign and logarithm of the absolute value of the determinant (see `linalg.slogdet`).

    Example:
        >>> import flambeau as torch
        >>> torch.slogdet(torch.eye(2)).sign
        tensor(1.)

    Source: PyTorch, torch.slogdet.
    """
    return return_types.slogdet(linalg.slogdet(input))


@op(name="cholesky", widen=False)
def _cholesky(input: Value, upper: bool) -> Any:
    check_square(input, "cholesky")
    low, info = la.cholesky(la.adjoint(input) if upper else input)
    return (la.adjoint(low) if upper else low), info


def cholesky(input: Any, upper: bool = False, *, out: Any = None) -> Any:
    """The Cholesky factor of positive definite matrices (see `linalg.cholesky`).

    Args:
        input: (*, n, n).
        upper: read the upper triangle and return the upper factor. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.cholesky(torch.tensor([[4.]]))
        tensor([[2.]])

    Source: PyTorch, torch.cholesky.
    """
    factor, info = _cholesky(input, upper)
    linalg.check_info(info, "cholesky", INDEFINITE)
    return with_out(lambda x: x, out, factor)


@op(name="cholesky_solve", widen=False, out=True)
def cholesky_solve(B: Value, L: Value, upper: bool = False) -> Any:
    """The solution X of A X = B from the Cholesky factor of A.

    Args:
        B: (*, n, k).
        L: (*, n, n).
        upper: whether the factor is upper triangular. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.cholesky_solve(torch.tensor([[8.]]), torch.tensor([[2.]]))
        tensor([[2.]])

    Source: PyTorch, torch.cholesky_solve.
    """
    if B.ndim < 2:
        raise RuntimeError(f"b should have at least 2 dimensions, but has {B.ndim} dimensions "
                           f"instead")
    if L.ndim < 2:
        raise RuntimeError(f"u should have at least 2 dimensions, but has {L.ndim} dimensions "
                           f"instead")
    lead = ar.broadcast_shape(B.shape[:-2], L.shape[:-2])
    b = ar.broadcast_to(B, (*lead, *B.shape[-2:]))
    low = ar.broadcast_to(L, (*lead, *L.shape[-2:]))
    low = la.adjoint(low) if upper else low
    y = la.solve_triangular(low, b, upper=False, unit=False)
    return la.solve_triangular(la.adjoint(low), y, upper=True, unit=False)


@op(name="cholesky_inverse", widen=False, out=True)
def cholesky_inverse(input: Value, upper: bool = False) -> Any:
    """The inverse of A from its Cholesky factor.

    Args:
        input: (*, n, n).
        upper: whether the factor is upper triangular. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.cholesky_inverse(torch.tensor([[2.]]))
        tensor([[0.2500]])

    Source: PyTorch, torch.cholesky_inverse.
    """
    check_square(input, "cholesky_inverse")
    # PyTorch reads one triangle, but passes the gradient to both.
    unread = ew.stop_gradient(input - la.triangle(input, upper))
    low = la.adjoint(input - unread) if upper else input - unread
    inverse, _ = la.inverse(la.times(low, la.adjoint(low)))
    return inverse


def qr(input: Any, some: bool = True, *, out: Any = None) -> Any:
    """A = Q R (see `linalg.qr`).

    Args:
        input: (*, m, n).
        some: the reduced factors; False: the complete ones. Default: True.

    Example:
        >>> import flambeau as torch
        >>> torch.qr(torch.eye(2)).R.shape
        torch.Size([2, 2])

    Source: PyTorch, torch.qr.
    """
    return return_types.qr(linalg.qr(input, "reduced" if some else "complete", out=out))


@op(name="transpose", widen=False)
def _adjoint(x: Value) -> Any:
    return la.adjoint(x)


def svd(input: Any, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """A = U diag(S) Vᴴ with V itself as the third result (see `linalg.svd`).

    Args:
        input: (*, m, n).
        some: only the first min(m, n) columns of U and V. Default: True.
        compute_uv: False: U and V are zeros. Default: True.

    Returns:
        (U, S, V).

    Example:
        >>> import flambeau as torch
        >>> torch.svd(torch.tensor([[3., 0.], [0., 4.]])).S
        tensor([4., 3.])

    Source: PyTorch, torch.svd.
    """
    if not compute_uv:
        s = linalg.svdvals(input)
        zero = [_zeros(input.detach(), n) for n in tuple(input.shape)[-2:]]
        return return_types.svd(linalg.output(out, (zero[0], s, zero[1])))
    u, s, vh = linalg.svd(input, not some)
    return return_types.svd(linalg.output(out, (u, s, _adjoint(vh))))


@op(name="zeros", widen=False)
def _zeros(x: Value, n: int) -> Any:
    return zeros((*x.shape[:-2], n, n), x)


def triangular_solve(b: Any, A: Any, upper: bool = True, transpose: bool = False,
                     unitriangular: bool = False, *, out: Any = None) -> Any:
    """The solution X of A X = b for triangular A, and A itself.

    Args:
        b: (*, n, k).
        A: (*, n, n).
        upper: whether A is upper triangular. Default: True.
        transpose: solve with the transpose of A. Default: False.
        unitriangular: take the diagonal as ones. Default: False.

    Returns:
        (solution, cloned_coefficient).

    Example:
        >>> import flambeau as torch
        >>> torch.triangular_solve(torch.ones(2, 1), torch.eye(2)).solution
        tensor([[1.],
                [1.]])

    Source: PyTorch, torch.triangular_solve.
    """
    result = _triangular_solve(b, A, upper, transpose, unitriangular)
    return return_types.triangular_solve(linalg.output(out, result))


@op(name="triangular_solve", widen=False)
def _triangular_solve(b: Value, A: Value, upper: bool, transpose: bool, unit: bool) -> Any:
    if b.ndim < 2:
        raise RuntimeError("torch.triangular_solve: Expected b to have at least 2 dimensions, but "
                           "it "
                           f"has {b.ndim} dimensions instead")
    if A.ndim < 2:
        raise RuntimeError("torch.triangular_solve: Expected A to have at least 2 dimensions, but "
                           "it "
                           f"has {A.ndim} dimensions instead")
    check_square(A, "triangular_solve")
    lead = ar.broadcast_shape(b.shape[:-2], A.shape[:-2])
    a = ar.broadcast_to(A, (*lead, *A.shape[-2:]))
    right = ar.broadcast_to(b, (*lead, *b.shape[-2:]))
    system = a
    if transpose:
        system = la.adjoint(ew.conj(a) if a.dtype.is_complex else a)
        upper = not upper
    x = la.solve_triangular(system, right, upper=bool(upper), unit=bool(unit))
    return x, a * 1


def lu(A: Any, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:
    """LU factors in one matrix, and the pivots (see `linalg.lu_factor`).

    Args:
        A: (*, m, n).
        pivot: exchange rows. Default: True.
        get_infos: also return where U has a zero on its diagonal. Default: False.

    Returns:
        (LU, pivots) or (LU, pivots, infos).

    Example:
        >>> import flambeau as torch
        >>> torch.lu(torch.eye(2))[1]
        tensor([1, 2], dtype=torch.int32)

    Source: PyTorch, torch.lu.
    """
    factors, pivots, info = factors_of.lu_factor_ex(A, pivot=pivot, check_errors=not get_infos)
    result = (factors, pivots, info) if get_infos else (factors, pivots)
    return linalg.output(out, result)


def lu_solve(b: Any, LU_data: Any, LU_pivots: Any, *, out: Any = None) -> Any:
    """The solution X of A X = b from the LU factors of A (see `linalg.lu_solve`).

    Example:
        >>> import flambeau as torch
        >>> torch.lu_solve(torch.ones(2, 1), *torch.lu(torch.eye(2)))
        tensor([[1.],
                [1.]])

    Source: PyTorch, torch.lu_solve.
    """
    return factors_of.lu_solve(LU_data, LU_pivots, b, out=out)


@op(name="lu_unpack", widen=False)
def _lu_unpack(LU_data: Value, LU_pivots: Value, unpack_data: bool, unpack_pivots: bool) -> Any:
    nothing = zeros((0,), LU_data)
    low, up = split_lu(LU_data) if unpack_data else (nothing, nothing)
    p = la.permutation(LU_pivots, n=LU_data.shape[-2], dtype=LU_data.dtype) if unpack_pivots else (
        nothing)
    return p, low, up


def lu_unpack(LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True, *,
              out: Any = None) -> Any:
    """P, L and U from LU factors in one matrix and pivots.

    Args:
        LU_data: (*, m, n).
        LU_pivots: (*, min(m, n)).
        unpack_data: give L and U. Default: True.
        unpack_pivots: give P. Default: True.

    Returns:
        (P, L, U), empty where not asked for.

    Example:
        >>> import flambeau as torch
        >>> torch.lu_unpack(*torch.lu(torch.eye(2))).L
        tensor([[1., 0.],
                [0., 1.]])

    Source: PyTorch, torch.lu_unpack.
    """
    result = _lu_unpack(LU_data, LU_pivots, unpack_data, unpack_pivots)
    return return_types.lu_unpack(linalg.output(out, result))


def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """The Moore-Penrose pseudo-inverse (see `linalg.pinv`).

    Example:
        >>> import flambeau as torch
        >>> torch.pinverse(torch.tensor([[2.], [0.]]))
        tensor([[0.5000, 0.0000]])

    Source: PyTorch, torch.pinverse.
    """
    return matrices.pinv(input, rcond)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The Vandermonde matrix, with powers descending unless `increasing`.

    Args:
        x: (n,).
        N: the number of columns. Default: n.
        increasing: powers 0, 1, …. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.vander(torch.tensor([1, 2, 3]))
        tensor([[1, 1, 1],
                [4, 2, 1],
                [9, 3, 1]])

    Source: PyTorch, torch.vander.
    """
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    if N is not None and N < 0:
        raise RuntimeError("N must be non-negative.")
    return _vander(x, x.shape[0] if N is None else N, increasing)


@op(name="vander", grad="FlipBackward0")
def _vander(x: Value, count: int, increasing: bool) -> Any:
    if not count:
        return zeros((x.shape[0], 0), x)
    columns = [zeros(x.shape, x) + 1]
    for _ in range(count - 1):
        columns.append(columns[-1] * x if len(columns) > 1 else x)
    ordered = columns if increasing else columns[::-1]
    return concatenate(*[ar.with_dims(c, (1,)) for c in ordered], axis=1)


def det(input: Any) -> Any:
    """The determinant (see `linalg.det`).

    Example:
        >>> import flambeau as torch
        >>> torch.det(torch.tensor([[2., 0.], [0., 4.]]))
        tensor(8.)

    Source: PyTorch, torch.det.
    """
    return linalg.det(input)


def inverse(input: Any, *, out: Any = None) -> Any:
    """The inverse of square matrices (see `linalg.inv`).

    Example:
        >>> import flambeau as torch
        >>> torch.inverse(torch.tensor([[2.]]))
        tensor([[0.5000]])

    Source: PyTorch, torch.inverse.
    """
    return linalg.inv(input, out=out)


def matrix_power(input: Any, n: int, *, out: Any = None) -> Any:
    """The n-th power of square matrices (see `linalg.matrix_power`).

    Example:
        >>> import flambeau as torch
        >>> torch.matrix_power(torch.tensor([[2.]]), 3)
        tensor([[8.]])

    Source: PyTorch, torch.matrix_power.
    """
    return matrices.matrix_power(input, n, out=out)


def orgqr(input: Any, input2: Any, *, out: Any = None) -> Any:
    """The product of Householder reflections (see `linalg.householder_product`).

    Example:
        >>> import flambeau as torch
        >>> torch.orgqr(torch.eye(2), torch.zeros(2))
        tensor([[1., 0.],
                [0., 1.]])

    Source: PyTorch, torch.orgqr.
    """
    return factors_of.householder_product(input, input2, out=out)


matrix_exp = matrices.matrix_exp
