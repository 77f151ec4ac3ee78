"""Linear algebra: factorisations, solvers, determinants (`flambeau.linalg`)."""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.base import TensorBase
from ..autograd.record import Value, op, write_out
from ..dtype import FLOATING, scalar_name
from ..ops import arithmetic as ar
from ..ops import linalg as la
from ..ops.movement import reshape, zeros
from ..ops.singular_values import LinAlgError
from .calling import not_implemented

# ---- checks --------------------------------------------------------------------------------------

def check_matrix(x: Any, name: str, argument: str = "A") -> None:
    """Raise PyTorch's errors unless x is a batch of floating-point or complex matrices."""
    if x.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {argument} must have at least 2 dimensions.")
    check_precision(x, name)


_KERNELS = {"linalg.det": "lu_cpu", "linalg.slogdet": "lu_cpu", "linalg.lu_factor": "lu_cpu",
            "linalg.lu_factor_ex": "lu_cpu", "linalg.solve": "lu_cpu", "logdet": "lu_cpu",
            "linalg.cholesky": "cholesky_cpu", "linalg.cholesky_ex": "cholesky_cpu",
            "linalg.svd": "linalg_svd_cpu", "linalg.svdvals": "linalg_svd_cpu",
            "linalg.qr": "geqrf_cpu", "linalg.eigh": "linalg_eigh_cpu"}


def check_precision(x: Any, name: str) -> None:
    """Raise PyTorch's errors for dtypes that LAPACK lacks."""
    if x.dtype.category < FLOATING:
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got "
                           f"{scalar_name(x.dtype)}")
    if x.dtype.is_reduced and name in _KERNELS:
        raise not_implemented(_KERNELS[name], x.dtype)
    if x.dtype.is_reduced:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got "
                           f"{scalar_name(x.dtype)}")


def check_square(x: Any, name: str, argument: str = "A") -> None:
    """`check_matrix`, and the matrices must be square."""
    check_matrix(x, name, argument)
    if x.shape[-1] != x.shape[-2]:
        raise RuntimeError(f"{name}: {argument} must be batches of square matrices, but they are "
                           f"{x.shape[-2]} by {x.shape[-1]} matrices")


def check_info(info: Any, name: str, text: str, kind: type = LinAlgError) -> None:
    """Raise for the first matrix whose `info` is not 0; `text` takes the number.

    Raises:
        LinAlgError: naming the batch element (or another `kind`).
    """
    if not isinstance(info, TensorBase):
        return
    numbers = info._data("linalg")  # type: ignore[attr-defined]
    if numbers.any():
        flat = numbers.reshape(-1)
        first = int(flat.nonzero()[0][0])
        place = f"(Batch element {first}): " if numbers.ndim else ""
        raise kind(f"{name}: {place}{text.format(int(flat[first]))}")


def output(out: Any, result: Any) -> Any:
    return result if out is None else write_out(out, result)


# ---- inverses and solvers ------------------------------------------------------------------------

@op(name="linalg_inv_ex", widen=False)
def _inv_ex(A: Value, name: str) -> Any:
    check_square(A, name)
    return la.inverse(A)


_SINGULAR = ("The diagonal element {} is zero, the inversion could not be completed because the "
             "input "
             "matrix is singular.")


def inv_ex(A: Any, *, check_errors: bool = False, out: Any = None) -> Any:
    """The inverse, and for each matrix where its factorisation failed (0: nowhere).

    Args:
        A: (*, n, n).
        check_errors: raise where it failed. Default: False.

    Returns:
        (inverse, info).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.inv_ex(torch.eye(2)).info
        tensor(0, dtype=torch.int32)

    Source: PyTorch, torch.linalg.inv_ex.
    """
    result = _inv_ex(A, "linalg.inv_ex")
    if check_errors:
        check_info(result[1], "linalg.inv_ex", _SINGULAR)
    return return_types.linalg_inv_ex(output(out, result))


def inv(A: Any, *, out: Any = None) -> Any:
    """The inverse of square matrices.

    Args:
        A: (*, n, n).

    Raises:
        LinAlgError: where a matrix is singular.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.inv(torch.tensor([[2., 0.], [0., 4.]]))
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])

    Source: PyTorch, torch.linalg.inv.
    """
    result, info = _inv_ex(A, "linalg.inv")
    check_info(info, "linalg.inv", _SINGULAR)
    return output(out, result)


def _as_columns(A: Any, B: Any) -> bool:
    """Whether B is a batch of vectors rather than of matrices."""
    return bool(B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1]))


@op(name="linalg_solve_ex", widen=False)
def _solve_ex(A: Value, B: Value, left: bool, name: str) -> Any:
    check_square(A, name)
    if A.dtype is not B.dtype:
        raise RuntimeError(f"{name}: Expected A and B to have the same dtype, but found A of type "
                           f"{scalar_name(A.dtype)} and B of type {scalar_name(B.dtype)} instead")
    vector = _as_columns(A, B)
    if vector and not left:
        raise RuntimeError(f"{name}: Vector broadcasting of the left hand side is not supported "
                           f"for "
                           "left=False. In this case linalg.solve is equivalent to B / "
                           "A.squeeze(-1)")
    b = reshape(B, shape=(*B.shape, 1)) if vector else B
    check_rows(A, b, left, name)
    lead = ar.broadcast_shape(A.shape[:-2], b.shape[:-2])
    a = ar.broadcast_to(A, (*lead, *A.shape[-2:]))
    b = ar.broadcast_to(b, (*lead, *b.shape[-2:]))
    if left:
        x, info = la.solve(a, b)
    else:
        x, info = la.solve(la.adjoint(a), la.adjoint(b))
        x = la.adjoint(x)
    return (reshape(x, shape=x.shape[:-1]) if vector else x), info


def check_rows(a: Any, b: Any, left: bool, name: str) -> None:
    size, axis = a.shape[-1], (-2 if left else -1)
    if b.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor B must have at least 2 dimensions.")
    if b.shape[axis] != size:
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'}"
            f" ({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})")


_UNSOLVED = "The solver failed because the input matrix is singular."


def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False,
             out: Any = None) -> Any:
    """The solution of A X = B, and for each matrix where its factorisation failed (0: nowhere).

    Args:
        A: (*, n, n).
        B: (*, n) or (*, n, k).
        left: False solves X A = B. Default: True.
        check_errors: raise where it failed. Default: False.

    Returns:
        (result, info).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.solve_ex(torch.eye(2), torch.ones(2)).result
        tensor([1., 1.])

    Source: PyTorch, torch.linalg.solve_ex.
    """
    result = _solve_ex(A, B, left, "linalg.solve")
    if check_errors:
        check_info(result[1], "torch.linalg.solve_ex", _UNSOLVED)
    return return_types.linalg_solve_ex(output(out, result))


def solve(A: Any, B: Any, *, left: bool = True, out: Any = None) -> Any:
    """The solution X of A X = B.

    Args:
        A: (*, n, n).
        B: (*, n) or (*, n, k).
        left: False solves X A = B. Default: True.

    Raises:
        LinAlgError: where a matrix is singular.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.solve(torch.tensor([[2., 0.], [0., 4.]]), torch.tensor([2., 2.]))
        tensor([1.0000, 0.5000])

    Source: PyTorch, torch.linalg.solve.
    """
    result, info = _solve_ex(A, B, left, "linalg.solve")
    check_info(info, "torch.linalg.solve", _UNSOLVED)
    return output(out, result)


@op(name="linalg_solve_triangular", widen=False, out=True)
def solve_triangular(A: Value, B: Value, *, upper: bool, left: bool = True,
                     unitriangular: bool = False) -> Any:
    """The solution X of A X = B for triangular A; the other triangle is not read.

    Args:
        A: (*, n, n).
        B: (*, n, k).
        upper: whether A is upper triangular.
        left: False solves X A = B. Default: True.
        unitriangular: take the diagonal as ones. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.solve_triangular(torch.eye(2), torch.ones(2, 1), upper=True)
        tensor([[1.],
                [1.]])

    Source: PyTorch, torch.linalg.solve_triangular.
    """
    name = "linalg.solve_triangular"
    if A.dtype is not B.dtype:
        raise RuntimeError(f"{name}: Expected A and B to have the same dtype, but found A of type "
                           f"{scalar_name(A.dtype)} and B of type {scalar_name(B.dtype)} instead")
    check_square(A, name)
    check_rows(A, B, left, name)
    lead = ar.broadcast_shape(A.shape[:-2], B.shape[:-2])
    a = ar.broadcast_to(A, (*lead, *A.shape[-2:]))
    b = ar.broadcast_to(B, (*lead, *B.shape[-2:]))
    if left:
        return la.solve_triangular(a, b, upper=bool(upper), unit=bool(unitriangular))
    x = la.solve_triangular(la.adjoint(a), la.adjoint(b), upper=not upper, unit=bool(unitriangular))
    return la.adjoint(x)


# ---- determinants --------------------------------------------------------------------------------

@op(name="linalg_det", widen=False, out=True)
def det(A: Value) -> Any:
    """The determinant; its gradient is exact for singular matrices too.

    Args:
        A: (*, n, n).

    Returns:
        (*).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.det(torch.tensor([[2., 0.], [0., 4.]]))
        tensor(8.)

    Source: PyTorch, torch.linalg.det.
    """
    check_square(A, "linalg.det")
    return la.det(A)


@op(name="linalg_slogdet", widen=False)
def _slogdet(A: Value) -> Any:
    check_square(A, "linalg.slogdet")
    return la.slogdet(A)


def slogdet(A: Any, *, out: Any = None) -> Any:
    """Sign and logarithm of the absolute value of the determinant.

    Args:
        A: (*, n, n).

    Returns:
        (sign, logabsdet), each (*).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.slogdet(torch.eye(2)).logabsdet
        tensor(0.)

    Source: PyTorch, torch.linalg.slogdet.
    """
    return return_types.linalg_slogdet(output(out, _slogdet(A)))


# ---- factorisations ------------------------------------------------------------------------------

@op(name="linalg_cholesky_ex", widen=False)
def _cholesky_ex(A: Value, upper: bool, name: str) -> Any:
    check_square(A, name)
    low, info = la.cholesky(A)
    return (la.adjoint(low) if upper else low), info


INDEFINITE = ("The factorization could not be completed because the input is not positive-definite "
              "(the leading minor of order {} is not positive-definite).")


def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """The Cholesky factor, and the order of the first minor that is not positive (0: none).

    Args:
        A: (*, n, n), Hermitian and positive definite; the lower triangle is read.
        upper: return the upper factor. Default: False.
        check_errors: raise where it failed. Default: False.

    Returns:
        (L, info).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.cholesky_ex(torch.eye(2)).info
        tensor(0, dtype=torch.int32)

    Source: PyTorch, torch.linalg.cholesky_ex.
    """
    result = _cholesky_ex(A, upper, "linalg.cholesky_ex")
    if check_errors:
        check_info(result[1], "linalg.cholesky_ex", INDEFINITE)
    return return_types.linalg_cholesky_ex(output(out, result))


def cholesky(A: Any, *, upper: bool = False, out: Any = None) -> Any:
    """The lower triangular L with A = L Lᴴ.

    Args:
        A: (*, n, n), Hermitian and positive definite; the lower triangle is read.
        upper: return Lᴴ. Default: False.

    Raises:
        LinAlgError: where a matrix is not positive definite.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.cholesky(torch.tensor([[4., 0.], [0., 9.]]))
        tensor([[2., 0.],
                [0., 3.]])

    Source: PyTorch, torch.linalg.cholesky.
    """
    result, info = _cholesky_ex(A, upper, "linalg.cholesky")
    check_info(info, "linalg.cholesky", INDEFINITE)
    return output(out, result)


@op(name="linalg_qr", widen=False)
def _qr(A: Value, mode: str) -> Any:
    check_matrix(A, "linalg.qr")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' "
                           "(default), 'r', or 'complete'")
    q, r = la.qr(A, complete=mode == "complete")
    return (zeros((0,), A) if mode == "r" else q), r


def qr(A: Any, mode: str = "reduced", *, out: Any = None) -> Any:
    """A = Q R with orthonormal columns of Q and upper triangular R.

    Args:
        A: (*, m, n).
        mode: `reduced`: Q (m, k), R (k, n) with k = min(m, n); `complete`: k = m; `r`: only R.
            Default: `reduced`.

    Returns:
        (Q, R).

    Example:
        >>> import flambeau as torch
        >>> Q, R = torch.linalg.qr(torch.tensor([[3., 1.], [4., 2.]]))
        >>> torch.allclose(Q @ R, torch.tensor([[3., 1.], [4., 2.]]))
        True

    Source: PyTorch, torch.linalg.qr.
    """
    return return_types.linalg_qr(output(out, _qr(A, mode)))


@op(name="linalg_svd", widen=False)
def _svd(A: Value, full: bool, name: str) -> Any:
    check_matrix(A, name)
    return la.svd(A, full=bool(full))


def svd(A: Any, full_matrices: bool = True, *, driver: str | None = None, out: Any = None) -> Any:
    """A = U diag(S) Vᴴ with singular values in descending order.

    Args:
        A: (*, m, n).
        full_matrices: square U and V; False: only the first min(m, n) columns. Default: True.
        driver: only for CUDA in PyTorch; must be None.

    Returns:
        (U, S, Vh).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.svd(torch.tensor([[3., 0.], [0., 4.]])).S
        tensor([4., 3.])

    Source: PyTorch, torch.linalg.svd.
    """
    _check_driver(driver, "linalg.svd")
    return return_types.linalg_svd(output(out, _svd(A, full_matrices, "linalg.svd")))


def _check_driver(driver: str | None, name: str) -> None:
    if driver is not None:
        raise RuntimeError(f"{name}: keyword argument `driver=` is only supported on CUDA inputs "
                           f"with "
                           "cuSOLVER backend.")


@op(name="linalg_svd", widen=False)
def _svdvals(A: Value) -> Any:
    check_matrix(A, "linalg.svdvals")
    return la.svd(A, full=False)[1]


def svdvals(A: Any, *, driver: str | None = None, out: Any = None) -> Any:
    """The singular values in descending order.

    Args:
        A: (*, m, n).
        driver: only for CUDA in PyTorch; must be None.

    Returns:
        (*, min(m, n)).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.svdvals(torch.tensor([[3., 0.], [0., 4.]]))
        tensor([4., 3.])

    Source: PyTorch, torch.linalg.svdvals.
    """
    _check_driver(driver, "linalg.svd")
    return output(out, _svdvals(A))


@op(name="linalg_eigh", widen=False)
def _eigh(A: Value, uplo: str) -> Any:
    if uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    check_square(A, "linalg.eigh")
    return la.eigh(A, lower=uplo.upper() == "L")


def eigh(A: Any, UPLO: str = "L", *, out: Any = None) -> Any:
    """Eigenvalues (ascending) and eigenvectors of Hermitian matrices.

    Args:
        A: (*, n, n).
        UPLO: which triangle is read. Default: `L`.

    Returns:
        (eigenvalues, eigenvectors).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.eigh(torch.tensor([[3., 0.], [0., 4.]])).eigenvalues
        tensor([3., 4.])

    Source: PyTorch, torch.linalg.eigh.
    """
    return return_types.linalg_eigh(output(out, _eigh(A, UPLO)))


def eigvalsh(A: Any, UPLO: str = "L", *, out: Any = None) -> Any:
    """Eigenvalues (ascending) of Hermitian matrices.

    Args:
        A: (*, n, n).
        UPLO: which triangle is read. Default: `L`.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.eigvalsh(torch.tensor([[3., 0.], [0., 4.]]))
        tensor([3., 4.])

    Source: PyTorch, torch.linalg.eigvalsh.
    """
    return output(out, _eigh(A, UPLO)[0])


@op(name="linalg_eig", widen=False)
def _eig(A: Value) -> Any:
    check_square(A, "linalg.eig")
    return la.eig(A)


def eig(A: Any, *, out: Any = None) -> Any:
    """Eigenvalues and eigenvectors (complex) of square matrices.

    Args:
        A: (*, n, n).

    Returns:
        (eigenvalues, eigenvectors).

    Raises:
        RuntimeError: for infinities and NaN.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.eig(torch.eye(2)).eigenvalues
        tensor([1.+0.j, 1.+0.j])

    Source: PyTorch, torch.linalg.eig.
    """
    if not A.detach().isfinite().all():
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")
    return return_types.linalg_eig(output(out, _eig(A)))


def eigvals(A: Any, *, out: Any = None) -> Any:
    """The eigenvalues (complex) of square matrices.

    Args:
        A: (*, n, n).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.eigvals(torch.eye(2))
        tensor([1.+0.j, 1.+0.j])

    Source: PyTorch, torch.linalg.eigvals.
    """
    return output(out, _eig(A)[0])
