"""Norms of vectors and distances between them."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.record import Value, op
from ..dtype import FLOATING, promote_types, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.contraction import dot
from ..ops.movement import concatenate, zeros
from .cumulative import between
from .reduction import axes_of, keep, wrap_dim

# ---- roots and powers whose gradient at zero is zero ---------------------------------------------

def root(x: Any) -> Any:
    """The square root of x ≥ 0 with gradient 0 at 0."""
    zero = x.eq(0)
    return ew.select(zero, zeros(x.shape, x), ew.sqrt(ew.select(zero, zeros(x.shape, x) + 1, x)))


def power(x: Any, exponent: float) -> Any:
    """x to a power for x ≥ 0, with gradient 0 at 0."""
    zero = x.eq(0)
    inside = ew.select(zero, zeros(x.shape, x) + 1, x)
    return ew.select(zero, zeros(x.shape, x), ew.power(inside, ar.literal(exponent, x.dtype)))


def magnitude(x: Any) -> Any:
    """|x|, real, with gradient 0 at 0."""
    if not x.dtype.is_complex:
        return ew.absolute(x)
    return root(ew.real(x) * ew.real(x) + ew.imag(x) * ew.imag(x))


def vector_norm_of(x: Any, p: float, axes: tuple[int, ...], keepdim: bool) -> Any:
    """(Σ |x|^p)^(1/p) over axes, with the limits at p = 0, ∞ and -∞."""
    if p in (math.inf, -math.inf):
        for axis in axes:
            if x.shape[axis] == 0:
                raise IndexError(
                    f"linalg.vector_norm cannot compute the {'inf' if p > 0 else '-inf'} norm on "
                    f"an "
                    f"empty dimension {axis} as the operation does not have an identity")
        extreme = rd.reduce_max if p > 0 else rd.reduce_min
        out = extreme(magnitude(x), axes=axes)
    elif p == 0:
        out = rd.reduce_sum(ar.astype(x.ne(0), x.dtype.to_real()), axes=axes)
    elif p == 1:
        out = rd.reduce_sum(magnitude(x), axes=axes)
    elif p == 2:
        squares = x * x if not x.dtype.is_complex else (
            ew.real(x) * ew.real(x) + ew.imag(x) * ew.imag(x))
        out = root(rd.reduce_sum(squares, axes=axes))
    else:
        total = rd.reduce_sum(power(magnitude(x), p), axes=axes)
        out = power(total, 1 / p) if p > 0 else ew.power(total, ar.literal(1 / p, total.dtype))
    return keep(x, out, axes, keepdim)


def normed(x: Any, p: Any, dim: Any, keepdim: bool, dtype: Any, name: str) -> Any:
    """`vector_norm_of` after PyTorch's checks and conversions."""
    if x.dtype.category < FLOATING and dtype is None:
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got "
                           f"{scalar_name(x.dtype)}")
    if dtype is not None:
        check_norm_dtype(x, dtype, name)
        x = ar.astype(x, dtype)
    axes = axes_of(x, dim)
    if math.isinf(p) and dim is None and not x.size:
        raise RuntimeError(f"linalg.vector_norm cannot compute the {p:g} norm on an empty tensor "
                           "because the operation does not have an identity")
    if p < 0 and any(x.shape[a] == 0 for a in axes) and not math.isinf(p):
        raise RuntimeError(f"linalg.vector_norm cannot compute the {p:g} norm on an empty tensor "
                           f"as "
                           "the operation does not have an identity")
    return vector_norm_of(x, float(p), axes, keepdim)


def check_norm_dtype(x: Any, dtype: Any, name: str) -> None:
    """Raise PyTorch's errors for the argument `dtype` of a norm."""
    if dtype.category < FLOATING:
        raise RuntimeError(f"{name}: dtype should be floating point or complex. Got "
                           f"{scalar_name(dtype)}")
    if dtype.is_complex == x.dtype.is_complex and promote_types(dtype, x.dtype) is not dtype:
        raise RuntimeError(f"{name}: the dtype of the input ({scalar_name(x.dtype)}) should be "
                           "convertible without narrowing to the specified dtype "
                           f"({scalar_name(dtype)})")
    if dtype.is_complex != x.dtype.is_complex and (x.dtype.is_complex or dtype.is_complex):
        kind = "complex" if x.dtype.is_complex else "real"
        raise RuntimeError(f"{name}: dtype should be {kind} for {kind} inputs, but got "
                           f"{scalar_name(dtype)}")


@op(name="linalg_vector_norm")
def _vector_norm(input: Value, p: float, dim: Any, keepdim: bool, dtype: Any) -> Any:
    return normed(input, p, dim, keepdim, dtype, "linalg.vector_norm")


def vector_norm(input: Any, p: float, dim: Any, keepdim: bool, dtype: Any = None) -> Any:
    """The p-norm over dimensions as one recorded operation (see `linalg.vector_norm`)."""
    return _vector_norm(input, p, tuple(dim) if isinstance(dim, list) else dim, keepdim, dtype)


# ---- distances -----------------------------------------------------------------------------------

@op
def dist(input: Value, other: Value, p: float = 2) -> Any:
    """The p-norm of input - other.

    Args:
        input: a floating-point tensor.
        other: broadcastable to input.
        p: the exponent. Default: 2.

    Example:
        >>> import flambeau as torch
        >>> torch.dist(torch.tensor([0., 3.]), torch.tensor([4., 0.]))
        tensor(5.)

    Source: PyTorch, torch.dist.
    """
    d = input - other
    return normed(d, p, None, False, None, "linalg.vector_norm")


@op(out=True)
def renorm(input: Value, p: float, dim: int, maxnorm: float) -> Any:
    """Scale slices along a dimension so that no p-norm exceeds `maxnorm`.

    Args:
        input: a floating-point tensor with at least two dimensions.
        p: the exponent of the norm.
        dim: the dimension whose slices are scaled.
        maxnorm: the greatest norm allowed.

    Example:
        >>> import flambeau as torch
        >>> torch.renorm(torch.tensor([[3., 4.], [0.3, 0.4]]), 2, 0, 1)
        tensor([[0.6000, 0.8000],
                [0.3000, 0.4000]])

    Source: PyTorch, torch.renorm.
    """
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} "
                           f"dimensions")
    axis = wrap_dim(dim, input.ndim)
    axes = tuple(i for i in range(input.ndim) if i != axis)
    norm = vector_norm_of(input, float(p), axes, True)
    scale = ar.where(norm > maxnorm, maxnorm / (norm + 1e-7), ar.literal(1, norm.dtype))
    return input * scale


_MATRIX_PRODUCT_FROM = 25  # rows; above, euclidean distances are computed by one matrix product


def _pairwise(d: Any, p: float) -> Any:
    return vector_norm_of(d, float(p), (d.ndim - 1,), False)


def _euclidean(a: Any, b: Any) -> Any:
    """Distances from |a|² + |b|² - 2 a·b."""
    lead = tuple(range(a.ndim - 2))
    last = a.ndim - 1
    product = dot(a, b, contract=((last,), (last,)), batch=(lead, lead))
    squares_a = ar.with_dims(rd.reduce_sum(a * a, axes=(last,)), (last,))
    squares_b = ar.with_dims(rd.reduce_sum(b * b, axes=(last,)), (last - 1,))
    total = squares_a + squares_b - 2 * product
    return root(ew.select(total < 0, zeros(total.shape, total), total))


def _check_cdist(x1: Any, x2: Any, p: float, mode: str) -> None:
    for label, x in (("X1", x1), ("X2", x2)):
        if x.dtype.category != FLOATING:
            raise RuntimeError(f"cdist only supports floating-point dtypes, {label} got: "
                               f"{scalar_name(x.dtype)}")
    for label, x in (("X1", x1), ("X2", x2)):
        if x.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {label} got: {x.ndim}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} "
                           f"X2: "
                           f"{x2.shape[-1]}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if mode not in _MODES:
        raise ValueError(f"{mode} is not a valid value for compute_mode")


_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist",
          "donot_use_mm_for_euclid_dist")


def _cdist_name(specs: Any, static: Any) -> str:
    rows, columns = specs[0].shape[-2:-1], specs[1].shape[-2:-1]
    many = max(*rows, *columns) > _MATRIX_PRODUCT_FROM
    product = static[1] == _MODES[1] or static[1] == _MODES[0] and many
    return "ViewBackward0" if static[0] == 2 and product else "CdistBackward0"


@op(grad=_cdist_name)
def cdist(x1: Value, x2: Value, p: float = 2.0,
          compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Any:
    """The p-norm distances between all rows of two batches; gradients are 0 at distance 0.

    Args:
        x1: (*, P, M).
        x2: (*, R, M).
        p: the exponent, from 0 to ∞. Default: 2.
        compute_mode: whether a matrix product gives the euclidean distances (by default where P or
            R exceeds 25).

    Returns:
        (*, P, R).

    Example:
        >>> import flambeau as torch
        >>> torch.cdist(torch.tensor([[0., 0.]]), torch.tensor([[3., 4.], [0., 0.]]))
        tensor([[5., 0.]])

    Source: PyTorch, torch.cdist.
    """
    _check_cdist(x1, x2, p, compute_mode)
    rows, columns = x1.shape[-2], x2.shape[-2]
    lead = ar.broadcast_shape(x1.shape[:-2], x2.shape[:-2])
    x1, x2 = ar.operands(x1, x2, d=ar.result_type(x1, x2)) if x1.shape == x2.shape else (
        ar.astype(x1, ar.result_type(x1, x2)), ar.astype(x2, ar.result_type(x1, x2)))
    a = ar.broadcast_to(x1, (*lead, *x1.shape[-2:]))
    b = ar.broadcast_to(x2, (*lead, *x2.shape[-2:]))
    many = rows > _MATRIX_PRODUCT_FROM or columns > _MATRIX_PRODUCT_FROM
    if p == 2 and (compute_mode == _MODES[1] or compute_mode == _MODES[0] and many):
        return _euclidean(a, b)
    k = len(lead)
    return _pairwise(ar.with_dims(a, (k + 1,)) - ar.with_dims(b, (k,)), p)


@op
def pdist(input: Value, p: float = 2) -> Any:
    """The p-norm distances between all pairs of rows i < j.

    Args:
        input: (N, M).
        p: the exponent. Default: 2.

    Returns:
        (N (N - 1) / 2,).

    Example:
        >>> import flambeau as torch
        >>> torch.pdist(torch.tensor([[0., 0.], [3., 4.], [0., 0.]]))
        tensor([5., 0., 5.])

    Source: PyTorch, torch.nn.functional.pdist.
    """
    if input.ndim != 2:
        raise RuntimeError("pdist only supports 2D tensors, got: " + f"{input.ndim}D")
    if input.dtype.category != FLOATING:
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    n = input.shape[0]
    pairs = n * (n - 1) // 2
    if not pairs:
        return zeros((0,), input)
    first = [between(input, 0, i, i + 1) for i in range(n - 1)]
    differences = [ar.operands(a, between(input, 0, i + 1, n)) for i, a in enumerate(first)]
    d = concatenate(*[a - b for a, b in differences], axis=0)
    return _pairwise(d, p)
