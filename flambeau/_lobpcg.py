"""A few eigenvalues of a large symmetric matrix, by products with it alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .autograd import no_grad
from .dtype import finfo, float32
from .functional.joining import cat, stack
from .functional.linalg import cholesky, eigh, qr, solve_triangular
from .random import randn

__all__ = ["lobpcg"]


class Step(NamedTuple):
    """What a tracker sees after each step.

    Attributes:
        istep: the step's number, from 0.
        X: the present vectors (m, n).
        E: the present values (n,).
        R: the residuals A X - B X diag(E).
        converged: how many of the first k values are exact enough.
    """

    istep: int
    X: Any
    E: Any
    R: Any
    converged: int


def lobpcg(A: Any, k: int | None = None, B: Any = None, X: Any = None, n: int | None = None,
           iK: Any = None, niter: int | None = None, tol: float | None = None,
           largest: bool | None = None, method: str | None = None,
           tracker: Callable[[Step], None] | None = None,
           ortho_iparams: dict[str, int] | None = None,
           ortho_fparams: dict[str, float] | None = None,
           ortho_bparams: dict[str, bool] | None = None) -> tuple[Any, Any]:
    """The k largest (or smallest) eigenvalues of A x = λ B x, and their vectors.

    Args:
        A: (..., m, m), symmetric; dense or, without gradient, sparse.
        k: how many. Default: as many as X has columns, else 1.
        B: (..., m, m), symmetric and positive definite. Default: the identity.
        X: (..., m, n), where to start. Default: random.
        n: how many vectors are iterated on, at least k; more of them converge faster. Default: k.
        iK: (..., m, m), an approximate inverse of A that the residuals are multiplied with.
        niter: the most steps. Default: 1000; -1: no limit.
        tol: the relative residual that is exact enough. Default: the square root of the dtype's
            eps.
        largest: the largest values, else the smallest. Default: True.
        method: "ortho" or "basic"; both names are the one method here.
        tracker: called with a `Step` after each step.
        ortho_iparams, ortho_fparams, ortho_bparams: accepted; bases are orthonormal throughout.

    Returns:
        Values (..., k) and vectors (..., m, k). Where A or B requires grad, they come from a
        complete decomposition, through which gradients pass.

    Raises:
        ValueError: where m is less than 3 n.

    Example:
        >>> import flambeau as torch
        >>> E, _ = torch.lobpcg(torch.diag(torch.arange(1., 10.)), k=2)
        >>> E.round(decimals=3)
        tensor([9., 8.])

    Source: torch.lobpcg
    """
    if A.shape[-2] != A.shape[-1]:
        raise AssertionError(f"A must be square, got shape {A.shape}")
    if B is not None and A.shape != B.shape:
        raise AssertionError(f"A and B must have same shape, got {A.shape} vs {B.shape}")
    if method not in (None, "ortho", "basic"):
        raise ValueError(f"method is 'ortho' or 'basic', not {method!r}")
    m = A.shape[-1]
    k = (1 if X is None else X.shape[-1]) if k is None else k
    n = (k if n is None else n) if X is None else X.shape[-1]
    if m < 3 * n:
        raise ValueError(f"LOBPCG algorithm is not applicable when the number of A rows (={m}) is "
                         f"smaller than 3 x the number of requested eigenpairs (={n})")
    sign = -1.0 if largest is None or largest else 1.0
    if A.requires_grad or (B is not None and B.requires_grad):
        return _complete((A + A.mT) / 2, None if B is None else (B + B.mT) / 2, k, sign)
    dtype = A.dtype if A.dtype.is_floating_point else float32
    A = A.to(dtype)
    with no_grad():
        if X is None:
            X = randn(*A.shape[:-1], n, dtype=dtype)
        limits = (k, sign, 1000 if niter is None else niter,
                  finfo(dtype).eps ** 0.5 if tol is None else tol)
        if A.dim() == 2:
            return _iterated(A, B, iK, X, limits, tracker)
        parts: list[Any] = [
            t if t is None else t.expand(A.shape[:-2] + t.shape[-2:]).flatten(0, -3)
            for t in (A, B, iK, X)]
        pairs = []
        for i in range(parts[0].shape[0]):
            a, b, inverse, start = [t if t is None else t[i] for t in parts]
            pairs.append(_iterated(a, b, inverse, start, limits, tracker))
        return (stack([E for E, _ in pairs]).unflatten(0, A.shape[:-2]),
                stack([V for _, V in pairs]).unflatten(0, A.shape[:-2]))


def _reduced(A: Any, B: Any) -> tuple[Any, Any]:
    """All values of A x = λ B x, ascending, and their vectors, orthonormal under B."""
    if B is None:
        return eigh(A)
    L = cholesky(B)
    half = solve_triangular(L, A, upper=False)
    values, vectors = eigh(solve_triangular(L, half.mT, upper=False))
    return values, solve_triangular(L.mT, vectors, upper=True)


def _complete(A: Any, B: Any, k: int, sign: float) -> tuple[Any, Any]:
    values, vectors = _reduced(A, B)
    if sign < 0:
        values, vectors = values.flip(-1), vectors.flip(-1)
    return values[..., :k], vectors[..., :k]


def _iterated(A: Any, B: Any, iK: Any, X: Any, limits: tuple[int, float, int, float],
              tracker: Any) -> tuple[Any, Any]:
    """Rayleigh and Ritz on the vectors, their residuals and the last directions, until exact."""
    k, sign, niter, tol = limits
    n = X.shape[-1]
    norm_A, norm_B = (1.0 if M is None else ((M @ X).norm() / X.norm()).item() for M in (A, B))
    basis, step = X, 0
    while True:
        Q, _ = qr(basis)
        values, vectors = _reduced(Q.mT @ (A @ Q), None if B is None else Q.mT @ (B @ Q))
        order = (sign * values).argsort()[:n]
        E, new = values[order], Q @ vectors[:, order]
        weighted = new if B is None else B @ new
        R = A @ new - weighted * E
        errors = R.norm(dim=0) / (new.norm(dim=0) * (norm_A + E.abs() * norm_B))
        exact = [bool(e) for e in (errors[:k] < tol).tolist()]
        converged = exact.index(False) if False in exact else k
        if tracker is not None:
            tracker(Step(step, new, E, R, converged))
        if converged == k or step == niter:
            return E[:k], new[:, :k]
        directions = new - X @ (X.mT @ new) if step else new[:, :0]
        X, step = new, step + 1
        basis = cat([X, R if iK is None else iK @ R, directions], -1)
