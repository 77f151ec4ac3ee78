"""Factorisations and solvers of (batches of) matrices: host primitives over LAPACK through NumPy.

Their derivatives are formulas in primitives, so they can be differentiated again. `info` results
are
0 where a factorisation succeeded, else the (1-based) place where it failed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtype import dtype, int32
from ..graph import Spec, spec
from . import elementwise as ew
from . import reduction as rd
from .contraction import dot
from .define import Primitive, Sym
from .movement import concatenate, expand, permute, reshape, strided_slice, zeros
from .singular_values import singular_values

Cts = tuple[Sym | None, ...]


# ---- matrices as symbolic values -----------------------------------------------------------------

def adjoint(x: Sym) -> Sym:
    """The conjugate transpose of the last two dimensions."""
    out: Sym = permute(x, dims=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))
    return ew.conj(out) if x.dtype.is_complex else out


def times(a: Sym, b: Sym) -> Sym:
    """The product of matrices with the same batch dimensions."""
    k = a.ndim - 2
    batch = tuple(range(k))
    out: Sym = dot(a, b, contract=((k + 1,), (k,)), batch=(batch, batch))
    return out


def block(x: Sym, rows: tuple[int, int], columns: tuple[int, int]) -> Sym:
    """The rows and columns [begin, end) of the last two dimensions."""
    k = x.ndim - 2
    out: Sym = strided_slice(
        x, start=(0,) * k + (rows[0], columns[0]),
        shape=(*x.shape[:k], rows[1] - rows[0], columns[1] - columns[0]), step=(1,) * x.ndim)
    return out


def _grid(x: Sym) -> tuple[Sym, Sym]:
    """Row and column numbers of the last two dimensions, in the shape of x."""
    n, m = x.shape[-2:]
    lead = (1,) * (x.ndim - 2)
    rows = expand(reshape(rd.iota(n=n), shape=(*lead, n, 1)), shape=x.shape)
    columns = expand(reshape(rd.iota(n=m), shape=(*lead, 1, m)), shape=x.shape)
    return rows, columns


def triangle(x: Sym, upper: bool, offset: int = 0) -> Sym:
    """The part on and above (below) the diagonal shifted by `offset`."""
    rows, columns = _grid(x)
    inside = columns >= rows + offset if upper else columns <= rows + offset
    out: Sym = ew.select(inside, x, zeros(x.shape, x))
    return out


def diagonal_of(x: Sym) -> Sym:
    """The matrix with everything off the diagonal set to zero."""
    rows, columns = _grid(x)
    out: Sym = ew.select(rows.eq(columns), x, zeros(x.shape, x))
    return out


def diagonal_matrix(d: Sym) -> Sym:
    """Square matrices with the given diagonals."""
    n = d.shape[-1]
    spread = expand(reshape(d, shape=(*d.shape, 1)), shape=(*d.shape, n))
    return diagonal_of(spread)


def identity(lead: tuple[int, ...], n: int, like: Sym) -> Sym:
    """Identity matrices in the dtype of `like`."""
    return diagonal_matrix(zeros((*lead, n), like) + 1)


def columns_scaled(x: Sym, d: Sym) -> Sym:
    """x diag(d)."""
    scale = d if d.dtype is x.dtype else ew.cast(d, dtype=x.dtype)
    row: Sym = expand(reshape(scale, shape=(*d.shape[:-1], 1, d.shape[-1])), shape=x.shape)
    return x * row


def _or_zero(ct: Sym | None, like: Sym) -> Sym:
    return zeros(like.shape, like) if ct is None else ct


def _differences(values: Sym, like: Sym) -> Sym:
    """v_j - v_i for row i and column j, with 1 on the diagonal."""
    n = values.shape[-1]
    shape = (*values.shape, n)
    row = expand(reshape(values, shape=(*values.shape[:-1], 1, n)), shape=shape)
    column = expand(reshape(values, shape=(*values.shape, 1)), shape=shape)
    gap = row - column
    rows, columns = _grid(gap)
    gap = ew.select(rows.eq(columns), zeros(gap.shape, gap) + 1, gap)
    out: Sym = gap if gap.dtype is like.dtype else ew.cast(gap, dtype=like.dtype)
    return out


def _refuse_numpy(x: Any, error: type[Exception], text: str) -> Any:
    raise error(text)


refuse = Primitive(  # stands where a derivative does not exist: an error only once it is asked for
    "refuse", "host", _refuse_numpy, lambda s, **_: s, lambda g, y, x, **_: [None])


# ---- NumPy on batches ----------------------------------------------------------------------------

def _each(fn: Any, x: Any, shapes: Any, dtypes: Any, *more: Any) -> tuple[Any, ...]:
    """Apply fn to each matrix of a batch (and to those of `more`); results stacked."""
    lead = x.shape[:-2]
    outs = [np.zeros((*lead, *s), d) for s, d in zip(shapes, dtypes, strict=True)]
    for place in np.ndindex(*lead):
        for out, value in zip(outs, fn(x[place], *[m[place] for m in more]), strict=True):
            out[place] = value
    return tuple(outs)


def _lu(a: Any) -> tuple[Any, Any, int]:
    """LU factors in one matrix, pivots (1-based row exchanges) and info, by partial pivoting."""
    a = np.array(a)
    n, m = a.shape
    pivots = np.arange(1, min(n, m) + 1, dtype=np.int32)
    info = 0
    for k in range(min(n, m)):
        best = k + int(np.argmax(np.abs(a[k:, k])))
        pivots[k] = best + 1
        if a[best, k] == 0:
            info = info or k + 1
            continue
        if best != k:
            a[[k, best]] = a[[best, k]]
        a[k + 1:, k] /= a[k, k]
        a[k + 1:, k + 1:] -= np.outer(a[k + 1:, k], a[k, k + 1:])
    return a, pivots, info


def _singular_at(x: Any) -> Any:
    return _each(lambda a: (_lu(a)[2],), x, [()], [np.int32])[0]


# ---- solving -------------------------------------------------------------------------------------

def _inverse_numpy(x: Any) -> tuple[Any, Any]:
    try:
        return np.linalg.inv(x), np.zeros(x.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        info = _singular_at(x)
        safe = np.where((info != 0)[..., None, None], np.eye(x.shape[-1], dtype=x.dtype), x)
        out = np.linalg.inv(safe)
        return np.where((info != 0)[..., None, None], np.inf, out).astype(x.dtype), info


def _solve_numpy(a: Any, b: Any) -> tuple[Any, Any]:
    try:
        return np.linalg.solve(a, b), np.zeros(a.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        info = _singular_at(a)
        safe = np.where((info != 0)[..., None, None], np.eye(a.shape[-1], dtype=a.dtype), a)
        out = np.linalg.solve(safe, b)
        return np.where((info != 0)[..., None, None], np.inf, out).astype(a.dtype), info


def _info(s: Spec) -> Spec:
    return spec(s.shape[:-2], int32)


def _inverse_vjp(cts: Cts, out: tuple[Sym, ...], x: Sym) -> list[Sym | None]:
    if cts[0] is None:
        return [None]
    y = adjoint(out[0])
    return [-times(times(y, cts[0]), y)]


def _solve_vjp(cts: Cts, out: tuple[Sym, ...], a: Sym, b: Sym) -> list[Sym | None]:
    if cts[0] is None:
        return [None, None]
    gb = solve(adjoint(a), cts[0])[0]
    return [-times(gb, adjoint(out[0])), gb]


inverse = Primitive("inverse", "host", _inverse_numpy, lambda s: (s, _info(s)), _inverse_vjp)
solve = Primitive("solve", "host", _solve_numpy, lambda a, b: (b, _info(a)), _solve_vjp)


def _triangular_numpy(a: Any, b: Any, upper: bool, unit: bool) -> Any:
    a = np.triu(a) if upper else np.tril(a)
    if unit:
        a = a * (1 - np.eye(a.shape[-1], dtype=a.dtype)) + np.eye(a.shape[-1], dtype=a.dtype)
    out = np.array(b)
    n = a.shape[-1]
    for i in reversed(range(n)) if upper else range(n):
        rest = slice(i + 1, n) if upper else slice(0, i)
        if i != (n - 1 if upper else 0):
            out[..., i:i + 1, :] -= np.matmul(a[..., i:i + 1, rest], out[..., rest, :])
        if not unit:
            out[..., i, :] /= a[..., i, i, None]
    return out


def _triangular_vjp(g: Sym, y: Sym, a: Sym, b: Sym, upper: bool, unit: bool) -> list[Sym]:
    gb = solve_triangular(adjoint(a), g, upper=not upper, unit=unit)
    offset = 0 if not unit else (1 if upper else -1)
    return [-triangle(times(gb, adjoint(y)), upper, offset), gb]


solve_triangular = Primitive(
    "solve_triangular", "host", _triangular_numpy, lambda a, b, upper, unit: b, _triangular_vjp)


# ---- determinants --------------------------------------------------------------------------------

def _cofactor_numpy(x: Any) -> Any:
    """The cofactors, also of singular matrices: products of all other singular values."""
    u, s, vh = singular_values(x)
    n = x.shape[-1]
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(n)], -1) if n else s
    phase = np.linalg.det(u) * np.linalg.det(vh)
    out = (u * others[..., None, :].astype(x.dtype)) @ vh
    return (out * np.conj(phase)[..., None, None]).astype(x.dtype)


def _full(scalar: Sym, like: Sym) -> Sym:
    out: Sym = expand(reshape(scalar, shape=(*scalar.shape, 1, 1)), shape=like.shape)
    return out


def _matrix_dot(a: Sym, b: Sym) -> Sym:
    """Σ a_ij conj(b_ij) of each matrix."""
    product = a * (ew.conj(b) if b.dtype.is_complex else b)
    out: Sym = rd.reduce_sum(product, axes=(a.ndim - 2, a.ndim - 1))
    return out


def _cofactor_vjp(g: Sym, y: Sym, x: Sym) -> list[Sym]:
    """d(det A^-H) = (tr A^-1 dA)^* A^-H det^* - A^-H dA^H A^-H det^*."""
    inverse_h = adjoint(inverse(x)[0])
    trace = _matrix_dot(y, g)
    return [_full(trace, x) * inverse_h - times(times(inverse_h, adjoint(g)), y)]


cofactor = Primitive("cofactor", "host", _cofactor_numpy, lambda s: s, _cofactor_vjp)
det = Primitive(
    "det", "host", np.linalg.det, lambda s: spec(s.shape[:-2], s.dtype),
    lambda g, y, x: [_full(g, x) * cofactor(x)])


def _slogdet_vjp(cts: Cts, out: tuple[Sym, ...], x: Sym) -> list[Sym | None]:
    g_sign, g_log = cts
    c = _or_zero(g_log, out[1])
    if x.dtype.is_complex:
        turn = zeros(c.shape, c) if g_sign is None else -ew.imag(ew.conj(g_sign) * out[0])
        c = ew.to_complex(c, turn)
    elif g_log is None:
        return [None]
    return [_full(c, x) * adjoint(inverse(x)[0])]


def _slogdet_numpy(x: Any) -> tuple[Any, Any]:
    sign, level = np.linalg.slogdet(x)
    return sign, level


slogdet = Primitive(
    "slogdet", "host", _slogdet_numpy,
    lambda s: (spec(s.shape[:-2], s.dtype), spec(s.shape[:-2], s.dtype.to_real())), _slogdet_vjp)


# ---- factorisations ------------------------------------------------------------------------------

def _first_nan(factor: Any) -> Any:
    """The order of the first leading minor that came out as NaN, 0 if none did."""
    wrong = np.isnan(np.diagonal(factor, axis1=-2, axis2=-1))
    if not wrong.size:
        return np.zeros(wrong.shape[:-1], np.int32)
    return np.where(wrong.any(-1), wrong.argmax(-1) + 1, 0).astype(np.int32)


def _cholesky_one(a: Any) -> tuple[Any, int]:
    try:
        out = np.linalg.cholesky(a)
        return out, int(_first_nan(out))
    except np.linalg.LinAlgError:
        out = np.tril(a)
        for k in range(1, len(a) + 1):
            try:
                out[:k, :k] = np.linalg.cholesky(a[:k, :k])
            except np.linalg.LinAlgError:
                return out, k
        return out, 0


def _cholesky_numpy(x: Any) -> tuple[Any, Any]:
    try:
        out = np.linalg.cholesky(x)
        return out, _first_nan(out)
    except np.linalg.LinAlgError:
        out, info = _each(_cholesky_one, x, [x.shape[-2:], ()], [x.dtype, np.int32])
        return out, info


def _cholesky_vjp(cts: Cts, out: tuple[Sym, ...], x: Sym) -> list[Sym | None]:
    if cts[0] is None:
        return [None]
    low = adjoint(out[0])
    phi = triangle(times(low, cts[0]), False)
    phi = phi - diagonal_of(phi) * 0.5
    left = solve_triangular(low, phi, upper=True, unit=False)
    g = adjoint(solve_triangular(low, adjoint(left), upper=True, unit=False))
    return [_hermitian(g)]


cholesky = Primitive("cholesky", "host", _cholesky_numpy, lambda s: (s, _info(s)), _cholesky_vjp)


def _qr_rule(s: Spec, complete: bool) -> tuple[Spec, Spec]:
    lead, (n, m) = s.shape[:-2], s.shape[-2:]
    k = n if complete else min(n, m)
    return spec((*lead, n, k), s.dtype), spec((*lead, k, m), s.dtype)


def _qr_numpy(x: Any, complete: bool) -> tuple[Any, Any]:
    n, m = x.shape[-2:]
    if 0 in x.shape:
        k = n if complete else min(n, m)
        q = np.broadcast_to(np.eye(n, k, dtype=x.dtype), (*x.shape[:-2], n, k))
        return q, np.zeros((*x.shape[:-2], k, m), x.dtype)
    q, r = np.linalg.qr(x, "complete" if complete else "reduced")
    return q, r


def _qr_tall(gq: Sym, gr: Sym, q: Sym, r: Sym) -> Sym:
    m = times(r, adjoint(gr)) - times(adjoint(gq), q)
    low = triangle(m, False, -1)
    middle = diagonal_of(m)
    if m.dtype.is_complex:
        middle = ew.cast(ew.real(middle), dtype=m.dtype)
    inner = gq + times(q, low + adjoint(low) + middle)
    return adjoint(solve_triangular(r, adjoint(inner), upper=True, unit=False))


def _qr_vjp(cts: Cts, out: tuple[Sym, ...], x: Sym, complete: bool) -> list[Sym | None]:
    q, r = out
    gq, gr = _or_zero(cts[0], q), _or_zero(cts[1], r)
    n, m = x.shape[-2:]
    if complete and n > m:
        return [refuse(x, error=RuntimeError,
                       text="The QR decomposition is not differentiable when mode='complete' and "
                            "nrows > ncols")]
    if n >= m:
        return [_qr_tall(gq, gr, q, r)]
    rest = block(x, (0, n), (n, m))
    g_rest = block(gr, (0, n), (n, m))
    square = _qr_tall(gq + times(rest, adjoint(g_rest)), block(gr, (0, n), (0, n)), q,
                      block(r, (0, n), (0, n)))
    return [concatenate(square, times(q, g_rest), axis=x.ndim - 1)]


def _geqrf_one(a: Any) -> tuple[Any, Any]:
    h, tau = np.linalg.qr(a, "raw")
    return h.T, tau


geqrf = Primitive(
    "geqrf", "host", lambda x: _each(_geqrf_one, x, [x.shape[-2:], (min(x.shape[-2:]),)],
                                     [x.dtype, x.dtype]),
    lambda s: (s, spec((*s.shape[:-2], min(s.shape[-2:])), s.dtype)),
    lambda cts, out, x: [refuse(x, error=NotImplementedError,
                                text="the derivative for 'geqrf' is not implemented.")])
qr = Primitive("qr", "host", _qr_numpy, _qr_rule, _qr_vjp)


def _svd_rule(s: Spec, full: bool) -> tuple[Spec, Spec, Spec]:
    lead, (n, m) = s.shape[:-2], s.shape[-2:]
    k = min(n, m)
    return (spec((*lead, n, n if full else k), s.dtype), spec((*lead, k), s.dtype.to_real()),
            spec((*lead, m if full else k, m), s.dtype))


def _svd_numpy(x: Any, full: bool) -> tuple[Any, Any, Any]:
    u, s, vh = singular_values(x, full_matrices=full)
    return u, s, vh


def _svd_vjp(cts: Cts, out: tuple[Sym, ...], x: Sym, full: bool) -> list[Sym | None]:
    u, s, vh = out
    n, m, k = *x.shape[-2:], s.shape[-1]
    gu, gs, gvh = cts
    if full:  # only the first k columns have a derivative
        u, vh = block(u, (0, n), (0, k)), block(vh, (0, k), (0, m))
        gu = gu if gu is None else block(gu, (0, n), (0, k))
        gvh = gvh if gvh is None else block(gvh, (0, k), (0, m))
    if gu is None and gvh is None:
        return [None] if gs is None else [times(columns_scaled(u, gs), vh)]
    gap = _differences(s * s, x)
    inner = None if gs is None else diagonal_matrix(
        gs if gs.dtype is x.dtype else ew.cast(gs, dtype=x.dtype))
    g: Sym | None = None
    if gu is not None:
        ugu = times(adjoint(u), gu)
        skew = ugu - adjoint(ugu)
        part = columns_scaled(skew / gap, s)
        if x.dtype.is_complex:
            part = _with_phase(part, skew, s)
        inner = part if inner is None else inner + part
        if n > k:
            outside = columns_scaled(gu - times(u, ugu), 1 / s)
            g = times(outside, vh)
    if gvh is not None:
        vgv = times(vh, adjoint(gvh))
        part = adjoint(columns_scaled(adjoint((vgv - adjoint(vgv)) / gap), s))
        inner = part if inner is None else inner + part
        if m > k:
            outside = gvh - times(times(gvh, adjoint(vh)), vh)
            extra = times(columns_scaled(u, 1 / s), outside)
            g = extra if g is None else g + extra
    main = times(times(u, inner), vh)  # type: ignore[arg-type]
    return [main if g is None else main + g]


def _with_phase(part: Sym, skew: Sym, s: Sym) -> Sym:
    """The diagonal of complex factors: the phase that U and V share."""
    return part + columns_scaled(diagonal_of(skew), 0.5 / s)


svd = Primitive("svd", "host", _svd_numpy, _svd_rule, _svd_vjp)


def _eigh_numpy(x: Any, lower: bool) -> tuple[Any, Any]:
    values, vectors = np.linalg.eigh(x, "L" if lower else "U")
    return values, vectors


def _eigh_vjp(cts: Cts, out: tuple[Sym, ...], x: Sym, lower: bool) -> list[Sym | None]:
    (g_values, g_vectors), (values, v) = cts, out
    if g_vectors is None:
        return [None if g_values is None else _hermitian(
            times(columns_scaled(v, g_values), adjoint(v)))]
    vgv = times(adjoint(v), g_vectors)
    inner = vgv / _differences(values, x)
    inner = inner - diagonal_of(inner)
    if g_values is not None:
        inner = inner + diagonal_matrix(
            g_values if g_values.dtype is x.dtype else ew.cast(g_values, dtype=x.dtype))
    return [_hermitian(times(times(v, inner), adjoint(v)))]


def _hermitian(x: Sym) -> Sym:
    return (x + adjoint(x)) * 0.5


eigh = Primitive(
    "eigh", "host", _eigh_numpy,
    lambda s, lower: (spec(s.shape[:-1], s.dtype.to_real()), s), _eigh_vjp)


def _eig_numpy(x: Any) -> tuple[Any, Any]:
    finite = np.isfinite(x).all((-2, -1))[..., None]
    values, vectors = np.linalg.eig(np.where(finite[..., None], x, 0))
    kind = np.result_type(x.dtype, np.complex64)
    return (np.where(finite, values, np.nan).astype(kind),
            np.where(finite[..., None], vectors, np.nan).astype(kind))


def _eig_vjp(cts: Cts, out: tuple[Sym, ...], x: Sym) -> list[Sym | None]:
    (g_values, g_vectors), (values, v) = cts, out
    vh = adjoint(v)
    inner: Sym | None = None
    if g_vectors is not None:
        vgv = times(vh, g_vectors)
        length = ew.cast(ew.real(diagonal_of(vgv)), dtype=v.dtype)
        inner = (vgv - times(times(vh, v), length)) / ew.conj(_differences(values, v))
        inner = inner - diagonal_of(inner)
    if g_values is not None:
        inner = diagonal_matrix(g_values) if inner is None else inner + diagonal_matrix(g_values)
    if inner is None:
        return [None]
    g = solve(vh, times(inner, vh))[0]
    return [g if x.dtype.is_complex else ew.real(g)]


def _eig_rule(s: Spec) -> tuple[Spec, Spec]:
    kind: dtype = s.dtype.to_complex()
    return spec(s.shape[:-1], kind), spec(s.shape, kind)


eig = Primitive("eig", "host", _eig_numpy, _eig_rule, _eig_vjp)


# ---- LU ------------------------------------------------------------------------------------------

def _lu_numpy(x: Any) -> tuple[Any, ...]:
    k = min(x.shape[-2:])
    return _each(_lu, x, [x.shape[-2:], (k,), ()], [x.dtype, np.int32, np.int32])


def _lu_rule(s: Spec) -> tuple[Spec, Spec, Spec]:
    return s, spec((*s.shape[:-2], min(s.shape[-2:])), int32), _info(s)


def permutation_of(pivots: Any, n: int) -> Any:
    """The permutation matrix P of A = P L U from LAPACK's row exchanges."""
    out = np.zeros((*pivots.shape[:-1], n, n), np.float64)
    for place in np.ndindex(*pivots.shape[:-1]):
        order = np.arange(n)
        for i, p in enumerate(pivots[place]):
            order[[i, p - 1]] = order[[p - 1, i]]
        out[place][order, np.arange(n)] = 1
    return out


permutation = Primitive(
    "permutation", "host", lambda pivots, n, dtype: permutation_of(pivots, n).astype(dtype.numpy),
    lambda s, n, dtype: spec((*s.shape[:-1], n, n), dtype))


def _lu_square(gl: Sym, gu: Sym, low: Sym, up: Sym) -> Sym:
    """L^-H (tril(L^H gL, -1) + triu(gU U^H)) U^-H of a square factorisation."""
    phi = triangle(times(adjoint(low), gl), False, -1) + triangle(times(gu, adjoint(up)), True)
    left = solve_triangular(adjoint(low), phi, upper=True, unit=True)
    return adjoint(solve_triangular(up, adjoint(left), upper=True, unit=False))


def _lu_vjp(cts: Cts, out: tuple[Sym, ...], x: Sym) -> list[Sym | None]:
    g = cts[0]
    if g is None:
        return [None]
    lu, (n, m) = out[0], x.shape[-2:]
    k = min(n, m)
    head = block(lu, (0, k), (0, k))
    low = triangle(head, False, -1) + identity(x.shape[:-2], k, x)
    up = triangle(head, True)
    g_head = block(g, (0, k), (0, k))
    gl, gu = triangle(g_head, False, -1), triangle(g_head, True)
    if n > m:
        tail, g_tail = block(lu, (k, n), (0, k)), block(g, (k, n), (0, k))
        g_rest = adjoint(solve_triangular(up, adjoint(g_tail), upper=True, unit=False))
        gu = gu - triangle(times(adjoint(tail), g_rest), True)
        inner = concatenate(_lu_square(gl, gu, low, up), g_rest, axis=x.ndim - 2)
    elif m > n:
        tail, g_tail = block(lu, (0, k), (k, m)), block(g, (0, k), (k, m))
        g_rest = solve_triangular(adjoint(low), g_tail, upper=True, unit=True)
        gl = gl - triangle(times(g_rest, adjoint(tail)), False, -1)
        inner = concatenate(_lu_square(gl, gu, low, up), g_rest, axis=x.ndim - 1)
    else:
        inner = _lu_square(gl, gu, low, up)
    return [times(permutation(out[1], n=n, dtype=x.dtype), inner)]


lu_factor = Primitive("lu_factor", "host", _lu_numpy, _lu_rule, _lu_vjp)


# ---- pseudo-inverse, exponential -----------------------------------------------------------------

def _pinv_numpy(x: Any, atol: float, rtol: float, hermitian: bool) -> Any:
    if 0 in x.shape:
        return np.zeros((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)
    u, s, vh = singular_values(x, full_matrices=False, hermitian=hermitian)
    bound = np.maximum(atol, rtol * s.max(-1, keepdims=True, initial=0))
    inverse_s = np.where(s > bound, 1 / np.where(s > bound, s, 1), 0).astype(s.dtype)
    return np.swapaxes((u * inverse_s[..., None, :]) @ vh, -1, -2).conj()


def _pinv_vjp(g: Sym, p: Sym, a: Sym, **params: Any) -> list[Sym]:
    ph, gh = adjoint(p), adjoint(g)
    if a.shape[-2] <= a.shape[-1]:
        k = times(gh, p)
        kph = times(k, ph)
        return [kph - adjoint(times(p, k)) - times(times(a, p), kph)
                + times(times(ph, p), gh - times(k, a))]
    k = times(p, gh)
    phk = times(ph, k)
    return [phk - adjoint(times(k, p)) + times(times(gh - times(a, k), p), ph)
            - times(times(phk, p), a)]


pinv = Primitive(
    "pinv", "host", _pinv_numpy,
    lambda s, **params: spec((*s.shape[:-2], s.shape[-1], s.shape[-2]), s.dtype), _pinv_vjp)

_PADE = (64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
         129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0,
         40840800.0, 960960.0, 16380.0, 182.0, 1.0)


def _expm_numpy(x: Any) -> Any:
    """Scaling and squaring with the Padé approximant of degree 13 (Higham 2005)."""
    if 0 in x.shape:
        return np.array(x)
    wide = x.astype(np.result_type(x.dtype, np.float64))
    size = np.abs(wide).sum(-2).max()
    halvings = max(0, int(np.ceil(np.log2(size / 5.371920351148152)))) if (
        np.isfinite(size) and size > 5.371920351148152) else 0
    a = wide / 2.0**halvings
    one = np.broadcast_to(np.eye(x.shape[-1]), a.shape)
    b, a2 = _PADE, a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a @ (a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2)
               + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one)
    even = (a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2)
            + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one)
    out = np.linalg.solve(even - odd, even + odd)
    for _ in range(halvings):
        out = out @ out
    return out.astype(x.dtype)


def _expm_vjp(g: Sym, y: Sym, x: Sym) -> list[Sym]:
    """The upper right block of exp([[A^H, G], [0, A^H]])."""
    n, k = x.shape[-1], x.ndim - 2
    a = adjoint(x)
    top = concatenate(a, g, axis=k + 1)
    bottom = concatenate(zeros(a.shape, a), a, axis=k + 1)
    out = matrix_exp(concatenate(top, bottom, axis=k))
    return [block(out, (0, n), (n, 2 * n))]


matrix_exp = Primitive("matrix_exp", "host", _expm_numpy, lambda s: s, _expm_vjp)
