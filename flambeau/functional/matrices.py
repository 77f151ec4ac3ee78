"""Functions of matrices: norms, ranks, powers, exponentials, pseudo-inverses, least squares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import return_types
from ..autograd.base import TensorBase, wrap
from ..autograd.record import Value, autocast_first, op
from ..dtype import FLOATING, int64, scalar_name
from ..graph import leaf
from ..ops import arithmetic as ar
from ..ops import linalg as la
from ..ops import reduction as rd
from ..ops.movement import concatenate, permute, reshape, zeros
from .calling import numpy_names, presented, with_out
from .linalg import check_matrix, check_square, inv, solve, svdvals
from .linear import matmul
from .norms import check_norm_dtype, magnitude, vector_norm
from .norms import normed as normed_
from .reduction import keep, wrap_dim

_EPS = {"float32": 2.0**-23, "float64": 2.0**-52, "complex64": 2.0**-23, "complex128": 2.0**-52}


# ---- norms ---------------------------------------------------------------------------------------

def _matrix_last(x: Any, dim: tuple[int, int]) -> tuple[Any, tuple[int, int]]:
    """x with the two dimensions of its matrices moved to the end."""
    row, column = (wrap_dim(d, x.ndim) for d in dim)
    if row == column:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    rest = tuple(i for i in range(x.ndim) if i not in (row, column))
    return permute(x, dims=(*rest, row, column)), (row, column)


def _norm_name(specs: Any, static: Any) -> str:
    order = static[0]
    if order == "fro":
        return "LinalgVectorNormBackward0"
    if order == "nuc":
        return "SumBackward1"
    return "AmaxBackward0" if order > 0 else "AminBackward0"


@op(name="linalg_matrix_norm", grad=_norm_name)
def _matrix_norm(A: Value, order: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    name = "linalg.matrix_norm"
    if A.dtype.category < FLOATING:
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got "
                           f"{scalar_name(A.dtype)}")
    if A.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if len(dim) != 2:
        raise RuntimeError(f"{name}: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    if dtype is not None:
        check_norm_dtype(A, dtype, name)
        A = ar.astype(A, dtype)
    if order == "fro":
        return normed_(A, 2.0, dim, keepdim, None, name)
    x, dims = _matrix_last(A, dim)
    last = x.ndim - 1
    if order == "nuc":
        out = rd.reduce_sum(la.svd(x, full=False)[1], axes=(last - 1,))
    elif abs(order) == 2:
        out = _extreme_of(la.svd(x, full=False)[1], order, name, last - 1)
    else:
        over = last - 1 if abs(order) == 1 else last
        out = _extreme_of(rd.reduce_sum(magnitude(x), axes=(over,)), order, name, last - 1)
    return keep(A, out, dims, keepdim)


def _extreme_of(x: Any, order: float, name: str, axis: int) -> Any:
    if not x.shape[axis]:
        raise IndexError(f"{'amax' if order > 0 else 'amin'}(): Expected reduction dim {axis} to "
                         f"have "
                         "non-zero size.")
    return (rd.reduce_max if order > 0 else rd.reduce_min)(x, axes=(axis,))


def _checked_order(order: Any, name: str) -> Any:
    if isinstance(order, str):
        if order not in ("fro", "nuc"):
            raise RuntimeError(f"linalg.matrix_norm: Order {order} not supported.")
    elif abs(order) not in (1, 2, math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {order} not supported.")
    return order


@numpy_names
def matrix_norm(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *,
                dtype: Any = None, out: Any = None) -> Any:
    """A norm of matrices.

    Args:
        A: (*, m, n).
        ord: `fro`, `nuc` (sum of singular values), 2 / -2 (greatest / least singular value),
            1 / -1 (greatest / least column sum), inf / -inf (row sum). Default: `fro`.
        dim: the two dimensions of the matrices. Default: the last two.
        keepdim: keep them with size 1. Default: False.
        dtype: convert to this dtype first.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.matrix_norm(torch.tensor([[3., 0.], [4., 0.]]))
        tensor(5.)

    Source: PyTorch, torch.linalg.matrix_norm.
    """
    return with_out(_matrix_norm, out, A, _checked_order(ord, "matrix_norm"), tuple(dim), keepdim,
                    dtype)


def nuclear_norm(input: Any, dim: tuple[int, ...], keepdim: bool, dtype: Any = None) -> Any:
    """The sum of singular values of the matrices in two dimensions."""
    return _matrix_norm(input, "nuc", dim, keepdim, dtype)


@numpy_names
def linalg_vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *,
                       dtype: Any = None, out: Any = None) -> Any:
    """(Σ |x|^p)^(1/p); p = ∞, -∞ give the greatest and least |x|, p = 0 the count of nonzeros.

    Args:
        x: a floating-point or complex tensor.
        ord: p. Default: 2.
        dim: one dimension or several; all by default.
        keepdim: keep them with size 1. Default: False.
        dtype: convert to this dtype first.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.vector_norm(torch.tensor([3., 4.]))
        tensor(5.)

    Source: PyTorch, torch.linalg.vector_norm.
    """
    return with_out(vector_norm, out, x, ord, dim, keepdim, dtype)


@numpy_names
def linalg_norm(input: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *,
                out: Any = None, dtype: Any = None) -> Any:
    """A vector norm or a matrix norm, by the number of dimensions.

    Args:
        input: a floating-point or complex tensor.
        ord: as for `vector_norm` or `matrix_norm`. Default: the 2-norm of all elements.
        dim: one dimension: vectors; two: matrices. Default: all.
        keepdim: keep them with size 1. Default: False.
        dtype: convert to this dtype first.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.norm(torch.tensor([3., 4.]))
        tensor(5.)

    Source: PyTorch, torch.linalg.norm.
    """
    if isinstance(dim, int):
        dim = (dim,)
    if dim is not None and len(dim) not in (1, 2):
        raise RuntimeError("linalg.norm: If dim is specified, it must be of length 1 or 2. Got "
                           f"{list(dim)}")
    if ord is None:
        return with_out(vector_norm, out, input, 2.0, dim, keepdim, dtype)
    if dim is None and input.ndim not in (1, 2):
        raise RuntimeError("linalg.norm: If dim is not specified but ord is, the input must be 1D "
                           "or "
                           f"2D. Got {input.ndim}D.")
    matrix = isinstance(ord, str) or (dim is not None and len(dim) == 2) or (
        dim is None and input.ndim == 2)
    if not matrix:
        return with_out(vector_norm, out, input, ord, dim, keepdim, dtype)
    return matrix_norm(input, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype, out=out)


@numpy_names
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None,
         dtype: Any = None) -> Any:
    """A norm over dimensions, or of the whole tensor taken as a vector.

    Args:
        input: a floating-point or complex tensor.
        p: the exponent of a vector norm, `fro` (as 2) or `nuc` (the sum of singular values of the
            matrices in two dimensions). Default: `fro`.
        dim: one dimension or several; all by default.
        keepdim: keep the reduced dimensions with size 1. Default: False.
        dtype: convert to this dtype first.

    Returns:
        The norms; the gradient of the 2-norm at 0 is 0.

    Example:
        >>> import flambeau as torch
        >>> torch.norm(torch.tensor([3., 4.]))
        tensor(5.)

    Source: PyTorch, torch.norm.
    """
    if isinstance(dim, int):
        dim = (dim,)
    if p == "nuc":
        dims = tuple(range(input.ndim)) if dim is None else tuple(dim)
        return with_out(nuclear_norm, out, input, dims, keepdim, dtype)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"only valid string values are 'fro' and 'nuc', found {p}")
    order = 2.0 if p is None or p == "fro" else float(p)
    return with_out(vector_norm, out, input, order, dim, keepdim, dtype)


# ---- ranks and pseudo-inverses -------------------------------------------------------------------

def _tolerances(x: Any, atol: Any, rtol: Any) -> tuple[float, float]:
    """The absolute and the relative tolerance; by default eps · max(m, n), relative."""
    absolute = 0.0 if atol is None else float(atol)
    if rtol is None:
        positive = absolute > 0
        rtol = 0.0 if positive else _EPS[x.dtype.name] * max(x.shape[-2:])
    return absolute, float(rtol)


@op(name="matrix_rank")
def _rank(A: Value, atol: Any, rtol: Any, hermitian: bool) -> Any:
    check_matrix(A, "linalg.matrix_rank")
    if A.size == 0:
        return zeros(A.shape[:-2], ar.literal(0, int64))
    low, relative = _tolerances(A, atol, rtol)
    s = la.svd(A, full=False)[1]
    axis = s.ndim - 1
    top = ar.with_dims(rd.reduce_max(s, axes=(axis,)), (axis,))
    bound = top * relative
    bound = ar.where(bound < low, ar.literal(low, s.dtype), bound)
    return rd.reduce_sum(ar.astype(s > bound, int64), axes=(axis,))


@presented("A atol rtol hermitian out")
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None,
                rtol: Any = None, out: Any = None) -> Any:
    """How many singular values exceed max(atol, rtol · the greatest).

    Args:
        A: (*, m, n).
        tol: the absolute tolerance (older name).
        hermitian: whether the matrices are Hermitian. Default: False.
        atol: absolute tolerance. Default: 0.
        rtol: relative tolerance. Default: eps · max(m, n), or 0 where `atol` is given.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.matrix_rank(torch.tensor([[1., 2.], [2., 4.]]))
        tensor(1)

    Source: PyTorch, torch.linalg.matrix_rank.
    """
    if tol is not None:
        atol, rtol = tol, 0.0
    return with_out(_rank, out, A, _number(atol), _number(rtol), hermitian)


def _number(x: Any) -> Any:
    return x.item() if isinstance(x, TensorBase) else x  # type: ignore[attr-defined]


@op(name="linalg_pinv", widen=False)
def _pinv(A: Value, atol: Any, rtol: Any, hermitian: bool) -> Any:
    check_matrix(A, "linalg.pinv")
    low, relative = _tolerances(A, atol, rtol)
    return la.pinv(A, atol=low, rtol=relative, hermitian=hermitian)


@presented("A atol rtol hermitian out")
def pinv(A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None,
         out: Any = None) -> Any:
    """The Moore-Penrose pseudo-inverse.

    Args:
        A: (*, m, n).
        rcond: the relative tolerance (older name).
        hermitian: whether the matrices are Hermitian. Default: False.
        atol: singular values up to this count as 0. Default: 0.
        rtol: those up to this times the greatest too. Default: eps · max(m, n), or 0 where `atol`
            is given.

    Returns:
        (*, n, m).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.pinv(torch.tensor([[2.], [0.]]))
        tensor([[0.5000, 0.0000]])

    Source: PyTorch, torch.linalg.pinv.
    """
    rtol = rcond if rcond is not None else rtol
    return with_out(_pinv, out, A, _number(atol), _number(rtol), hermitian)


def cond(A: Any, p: Any = None, *, out: Any = None) -> Any:
    """The condition number ‖A‖ ‖A⁻¹‖.

    Args:
        A: (*, m, n); square unless p is 2 or -2.
        p: the norm, as for `matrix_norm`. Default: 2, by singular values.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.cond(torch.tensor([[2., 0.], [0., 1.]]))
        tensor(2.)

    Source: PyTorch, torch.linalg.cond.
    """
    if p is None or p in (2, -2):
        values = svdvals(A)
        return with_out(_spread_of, out, values, p == -2)
    check_square(A, f"linalg.cond(ord={p})")
    return with_out(_norm_product, out, A, _checked_order(p, "cond"))


@op(name="cond", grad="SqueezeBackward1")
def _spread_of(values: Value, least: bool) -> Any:
    axis = values.ndim - 1
    first = la.block(ar.with_dims(values, (axis,)), (0, 1), (0, 1))
    n = values.shape[-1]
    last = la.block(ar.with_dims(values, (axis,)), (0, 1), (n - 1, n))
    ratio = last / first if least else first / last
    return reshape(ratio, shape=values.shape[:-1])


@op(name="cond", grad=lambda specs, static: "MulBackward0" if static[0] == "nuc"
    else "NanToNumBackward0")
def _norm_product(A: Value, order: Any) -> Any:
    inverse = la.inverse(A)[0]
    return _matrix_norm(A, order, (-2, -1), False, None) * _matrix_norm(
        inverse, order, (-2, -1), False, None)


# ---- least squares -------------------------------------------------------------------------------

@op(name="linalg_lstsq", widen=False)
def _lstsq(A: Value, B: Value, rcond: Any) -> Any:
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1])
    b = reshape(B, shape=(*B.shape, 1)) if vector else B
    lead = ar.broadcast_shape(A.shape[:-2], b.shape[:-2])
    a = ar.broadcast_to(A, (*lead, *A.shape[-2:]))
    b = ar.broadcast_to(b, (*lead, *b.shape[-2:]))
    x = la.times(la.pinv(a, atol=0.0, rtol=rcond, hermitian=False), b)
    n, m = a.shape[-2:]
    if n > m:
        rest = magnitude(b - la.times(a, x))
        residuals = rd.reduce_sum(rest * rest, axes=(rest.ndim - 2,))
    else:
        residuals = zeros((0,), a)
    return (reshape(x, shape=x.shape[:-1]) if vector else x), residuals


def lstsq(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None) -> Any:
    """The X of least norm that minimises ‖A X - B‖.

    Args:
        A: (*, m, n).
        B: (*, m) or (*, m, k).
        rcond: singular values up to this times the greatest count as 0. Default: eps · max(m, n).
        driver: `gelsy`, `gels`, `gelsd` or `gelss`. Default: `gelsy`.

    Returns:
        (solution, residuals, rank, singular_values): residuals (*, k) where m > n and A has full
        rank (not for `gelsy`), else empty; the rank is empty for `gels`; singular values come only
        from `gelsd` and `gelss`.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.lstsq(torch.tensor([[2.], [0.]]), torch.tensor([[4.], [1.]])).solution
        tensor([[2.]])

    Source: PyTorch, torch.linalg.lstsq.
    """
    A, B = autocast_first("linalg_lstsq", A, B)
    _check_lstsq(A, B, driver)
    tolerance = _EPS[A.dtype.name] * max(tuple(A.shape)[-2:]) if rcond is None else float(rcond)
    solution, residuals = _lstsq(A, B, tolerance)
    empty = wrap(leaf(_nothing(A.dtype.to_real())))
    values = svdvals(A.detach()) if driver in ("gelsd", "gelss") else empty
    if driver == "gels":
        rank = wrap(leaf(_nothing(int64)))
        return return_types.linalg_lstsq((solution, residuals, rank, values))
    rank = matrix_rank(A.detach(), rtol=tolerance)
    if residuals.numel() and (driver in (None, "gelsy")
                              or (rank._data("lstsq") < A.shape[-1]).any()):
        residuals = wrap(leaf(_nothing(A.dtype)))
    return return_types.linalg_lstsq((solution, residuals, rank, values))


def _nothing(d: Any) -> Any:
    return np.zeros((0,), d.numpy)


def _check_lstsq(A: Any, B: Any, driver: str | None) -> None:
    if A.ndim < 2:
        raise RuntimeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    if B.ndim < 1:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    if A.dtype is not B.dtype:
        raise RuntimeError("torch.linalg.lstsq: Expected input and other to have the same dtype, "
                           "but "
                           f"got input's dtype {scalar_name(A.dtype)} and other's dtype "
                           f"{scalar_name(B.dtype)}")
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError("torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, "
                           "gelsd, gelss)")
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape)[:-1])
    rows = B.shape[-1] if vector else B.shape[-2]
    if A.shape[-2] != rows:
        axis = "-1" if vector else "-2"
        raise RuntimeError(f"torch.linalg.lstsq: input.size(-2) should match other.size({axis})")


# ---- powers and exponentials ---------------------------------------------------------------------

def matrix_power(A: Any, n: int, *, out: Any = None) -> Any:
    """The n-th power of square matrices, by repeated squaring; a negative n inverts first.

    Args:
        A: (*, m, m).
        n: the exponent.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.matrix_power(torch.tensor([[2., 0.], [0., 3.]]), 2)
        tensor([[4., 0.],
                [0., 9.]])

    Source: PyTorch, torch.linalg.matrix_power.
    """
    if A.ndim < 2:
        raise RuntimeError("linalg.matrix_power: The input tensor A must have at least 2 "
                           "dimensions.")
    if A.shape[-1] != A.shape[-2]:
        raise RuntimeError("linalg.matrix_power: A must be batches of square matrices, but they "
                           "are "
                           f"{A.shape[-2]} by {A.shape[-1]} matrices")
    if n == 0:
        return with_out(_identity_like, out, A)
    if n == 1:
        return with_out(_copy, out, A)
    base = inv(A) if n < 0 else A
    result, n = None, abs(n)
    while n:
        if n & 1:
            result = base if result is None else matmul(result, base)
        n >>= 1
        base = matmul(base, base) if n else base
    return with_out(lambda x: x, out, result)


@op(name="matrix_power", grad="CloneBackward0", widen=False)
def _copy(A: Value) -> Any:
    return reshape(A, shape=A.shape)


@op(name="matrix_power", grad="CopyBackwards", widen=False)
def _identity_like(A: Value) -> Any:
    return la.identity(A.shape[:-2], A.shape[-1], A)


@op(name="linalg_matrix_exp")
def matrix_exp(A: Value) -> Any:
    """Σ Aᵏ / k!, the exponential of square matrices.

    Args:
        A: (*, n, n).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.matrix_exp(torch.zeros(2, 2))
        tensor([[1., 0.],
                [0., 1.]])

    Source: PyTorch, torch.linalg.matrix_exp.
    """
    check_square(A, "linalg.matrix_exp")
    return la.matrix_exp(A)


# ---- tensors as linear maps ----------------------------------------------------------------------

def tensorinv(A: Any, ind: int = 2, *, out: Any = None) -> Any:
    """The inverse of a tensor as a linear map, for `tensordot` over `ind` dimensions.

    Args:
        A: prod(A.shape[:ind]) must equal prod(A.shape[ind:]).
        ind: how many of the first dimensions are the map's results. Default: 2.

    Returns:
        Shape A.shape[ind:] + A.shape[:ind].

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.tensorinv(torch.eye(4).reshape(2, 2, 2, 2)).shape
        torch.Size([2, 2, 2, 2])

    Source: PyTorch, torch.linalg.tensorinv.
    """
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    shape = tuple(A.shape)
    rows, columns = math.prod(shape[:ind]), math.prod(shape[ind:])
    if rows != columns:
        raise RuntimeError("Expected self to satisfy the requirement prod(self.shape[ind:]) == "
                           f"prod(self.shape[:ind]), but got {columns} != {rows}")
    result = _reshaped(inv(_reshaped(A, (rows, columns))), shape[ind:] + shape[:ind])
    return with_out(lambda x: x, out, result)


@op(name="reshape", grad="ReshapeAliasBackward0", widen=False)
def _reshaped(x: Value, shape: Any) -> Any:
    return reshape(x, shape=shape)


@op(name="reshape", grad="ViewBackward0", widen=False)
def _viewed(x: Value, shape: Any) -> Any:
    return reshape(x, shape=shape)


@op(name="permute", widen=False)
def _permuted(x: Value, dims: Any) -> Any:
    return permute(x, dims=dims)


def tensorsolve(A: Any, B: Any, dims: Any = None, *, out: Any = None) -> Any:
    """The X with tensordot(A, X, X.ndim) = B.

    Args:
        A: prod(B.shape) must equal the product of the other dimensions.
        B: the right-hand side.
        dims: dimensions of A moved to its end first. Default: none.

    Returns:
        Shape A.shape[B.ndim:].

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.tensorsolve(torch.eye(4).reshape(2, 2, 4), torch.ones(2, 2))
        tensor([1., 1., 1., 1.])

    Source: PyTorch, torch.linalg.tensorsolve.
    """
    if dims is not None:
        moved = [wrap_dim(d, A.ndim) for d in dims]
        A = _permuted(A, tuple(d for d in range(A.ndim) if d not in moved) + tuple(moved))
    rest = tuple(A.shape)[B.ndim:]
    n = B.numel()
    if n != math.prod(rest):
        raise RuntimeError("Expected self to satisfy the requirement prod(self.shape[other.ndim:]) "
                           "== "
                           f"prod(self.shape[:other.ndim]), but got {math.prod(rest)} != "
                           f"{math.prod(tuple(A.shape)[:B.ndim])}")
    result = _viewed(solve(_viewed(A, (n, n)), _viewed(B, (n,))), rest)
    return with_out(lambda x: x, out, result)


@op(name="vander", grad="CatBackward0")
def _vander(x: Value, count: int) -> Any:
    columns = [zeros(x.shape, x) + 1]
    for _ in range(count - 1):
        columns.append(columns[-1] * x if len(columns) > 1 else x)
    axis = x.ndim
    return concatenate(*[ar.with_dims(c, (axis,)) for c in columns], axis=axis)


def linalg_vander(x: Any, N: int | None = None) -> Any:
    """The Vandermonde matrix of powers 0 … N - 1, ascending.

    Args:
        x: (*, n).
        N: the number of columns. Default: n.

    Returns:
        (*, n, N).

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.vander(torch.tensor([1, 2, 3]))
        tensor([[1, 1, 1],
                [1, 2, 4],
                [1, 3, 9]])

    Source: PyTorch, torch.linalg.vander.
    """
    if N is None:
        N = x.shape[-1]
    elif N <= 1:
        raise RuntimeError("N must be greater than 1.")
    return _vander(x, N)
