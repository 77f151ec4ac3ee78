"""Products of vectors, matrices and batches of matrices."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.record import Value, op
from ..dtype import BOOL, FLOATING, dtype, int64, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.contraction import dot as contract
from ..ops.define import Sym
from ..ops.movement import expand, permute, reshape, strided_slice
from .calling import not_implemented, presented
from .overload import tensor_only

_C_NAMES = {"float32": "float", "float64": "double", "float16": "c10::Half",
            "bfloat16": "c10::BFloat16", "int64": "long", "int32": "int", "int16": "short",
            "int8": "signed char", "uint8": "unsigned char", "bool": "bool",
            "complex64": "c10::complex<float>", "complex128": "c10::complex<double>"}


# ---- checks --------------------------------------------------------------------------------------

def _check_dtypes(a: Any, b: Any) -> None:
    if a.dtype is not b.dtype:
        raise RuntimeError("expected m1 and m2 to have the same dtype, but got: "
                           f"{_C_NAMES[a.dtype.name]} != {_C_NAMES[b.dtype.name]}")


def check_matrices(a: Any, b: Any) -> None:
    """Raise PyTorch's errors for the product of two matrices (shapes as matrices)."""
    rows, inner = math.prod(a.shape[:-1]), a.shape[-1]
    if inner != b.shape[0]:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied "
                           f"({rows}x{inner} and {b.shape[0]}x{b.shape[1]})")
    _check_dtypes(a, b)
    if a.dtype.category == BOOL:
        raise not_implemented("addmm_impl_cpu_", a.dtype)


def _check_vectors(a: Any, b: Any) -> None:
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    if a.dtype is not b.dtype:
        raise RuntimeError("dot : expected both vectors to have same dtype, but found "
                           f"{scalar_name(a.dtype)} and {scalar_name(b.dtype)}")
    if a.shape != b.shape:
        n, m = a.shape[0], b.shape[0]
        raise RuntimeError(f"inconsistent tensor size, expected tensor [{n}] and src [{m}] to have "
                           f"the same number of elements, but got {n} and {m} elements "
                           f"respectively")
    if a.dtype.category == BOOL:
        raise not_implemented("dot", a.dtype)


def check_mv(a: Any, v: Any, result: int | None = None) -> None:
    if a.ndim != 2 or v.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {result or 1}, {a.ndim}, "
                           f"{v.ndim}")
    if a.shape[1] != v.shape[0]:
        raise RuntimeError(f"size mismatch, got input ({a.shape[0]}), mat ({a.shape[0]}x"
                           f"{a.shape[1]}), vec ({v.shape[0]})")
    if a.dtype is not v.dtype:
        d = scalar_name(v.dtype)
        raise RuntimeError("addmv input tensors must have the same dtype, but got "
                           f"{d}, {scalar_name(a.dtype)}, and {d}")
    if a.dtype.category == BOOL:
        raise not_implemented("addmv_impl_cpu", a.dtype)


def check_batches(a: Any, b: Any) -> None:
    for label, x in (("batch1", a), ("batch2", b)):
        if x.ndim != 3:
            raise RuntimeError(f"{label} must be a 3D tensor")
    if b.shape[0] != a.shape[0] or b.shape[1] != a.shape[2]:
        raise RuntimeError("Expected size for first two dimensions of batch2 tensor to be: "
                           f"[{a.shape[0]}, {a.shape[2]}] but got: [{b.shape[0]}, {b.shape[1]}].")
    if a.dtype is not b.dtype:
        raise RuntimeError(f"expected scalar type {scalar_name(a.dtype)} but found "
                           f"{scalar_name(b.dtype)}")
    if a.dtype.category == BOOL:
        raise not_implemented("bmm", a.dtype)


def expanded(x: Any, shape: tuple[int, ...]) -> Any:
    """x repeated to a shape.

    Raises:
        RuntimeError: where the sizes do not allow it, with PyTorch's text.
    """
    if x.ndim > len(shape):
        raise RuntimeError(
            f"expand(torch.{scalar_name(x.dtype)}Tensor{{{list(x.shape)}}}, size={list(shape)}): "
            f"the number of sizes provided ({len(shape)}) must be greater or equal to the number "
            f"of dimensions in the tensor ({x.ndim})")
    for i in range(1, x.ndim + 1):
        if x.shape[-i] not in (1, shape[-i]):
            raise RuntimeError(
                f"The expanded size of the tensor ({shape[-i]}) must match the existing size "
                f"({x.shape[-i]}) at non-singleton dimension {len(shape) - i}.  Target sizes: "
                f"{list(shape)}.  Tensor sizes: {list(x.shape)}")
    return x if x.shape == shape else expand(x, shape=shape)


# ---- matmul --------------------------------------------------------------------------------------

def last_with(a: Any, b: Any, axis: int) -> Any:
    """Contract the last dimension of a with dimension `axis` of b; no batches."""
    return contract(a, b, contract=((a.ndim - 1,), (axis,)), batch=((), ()))


def _batched(a: Sym, b: Sym) -> Any:
    """Products of matrices in the last two dimensions, batches broadcast."""
    lead_a, lead_b = a.shape[:-2], b.shape[:-2]
    if math.prod(lead_b) == 1 and len(lead_b) <= len(lead_a):
        _check_inner(a, b, lead_a, a)
        return last_with(a, reshape(b, shape=b.shape[-2:]), 0)
    if math.prod(lead_a) == 1 and len(lead_a) <= len(lead_b):
        if a.shape[-1] != b.shape[-2]:
            rows = math.prod(lead_b) * b.shape[-1]
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{b.shape[-2]} "
                               f"and "
                               f"{a.shape[-1]}x{a.shape[-2]})")
        _check_inner(a, b, lead_b, b)
        matrix = reshape(a, shape=a.shape[-2:])
        out = contract(b, matrix, contract=((b.ndim - 2,), (1,)), batch=((), ()))  # (..., n, m)
        return permute(out, dims=(*range(out.ndim - 2), out.ndim - 1, out.ndim - 2))
    lead = ar.broadcast_shape(lead_a, lead_b)
    _check_inner(a, b, lead)
    a = ar.broadcast_to(a, (*lead, *a.shape[-2:]))
    b = ar.broadcast_to(b, (*lead, *b.shape[-2:]))
    k = len(lead)
    batch = tuple(range(k))
    return contract(a, b, contract=((k + 1,), (k,)), batch=(batch, batch))


def _check_inner(a: Any, b: Any, lead: tuple[int, ...], first: Any = None) -> None:
    """Raise for matrices that do not fit; `first` is the operand whose batches become rows."""
    if a.shape[-1] != b.shape[-2]:
        n = math.prod(lead)
        raise RuntimeError("Expected size for first two dimensions of batch2 tensor to be: "
                           f"[{n}, {a.shape[-1]}] but got: [{n}, {b.shape[-2]}].")
    if a.dtype is not b.dtype and first is not None:
        _check_dtypes(first, b if first is a else a)
    if a.dtype is not b.dtype:
        raise RuntimeError(f"expected scalar type {scalar_name(a.dtype)} but found "
                           f"{scalar_name(b.dtype)}")
    if a.dtype.category == BOOL:
        raise not_implemented("bmm", a.dtype)


def _matmul_name(specs: Any, static: Any) -> str:
    a, b = specs[0].shape, specs[1].shape
    folded = len(a) >= 2 and math.prod(a[:-2]) == 1 and len(a) <= len(b) and (
        len(a) == 2 or math.prod(b[:-2]) != 1)
    return {(1, 1): "DotBackward0", (2, 1): "MvBackward0", (2, 2): "MmBackward0",
            (1, 2): "SqueezeBackward4"}.get(
                (len(a), len(b)), "CloneBackward0" if folded else "UnsafeViewBackward0")


@op(grad=_matmul_name, out=True)
def matmul(input: Value, other: Value) -> Any:
    """The matrix product of two tensors (`input @ other`).

    Vectors with vectors give the inner product; a vector stands for a row on the left and for a
    column
    on the right; dimensions before the last two are batches and broadcast.

    Args:
        input: (n,), (m, n) or (*, m, n).
        other: (n,), (n, p) or (*, n, p), of the same dtype.

    Returns:
        (*, m, p) without the dimensions that vectors lack.

    Raises:
        RuntimeError: for sizes or dtypes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.matmul(torch.tensor([[1., 2.]]), torch.tensor([3., 4.]))
        tensor([11.])

    Source: PyTorch, torch.matmul.
    """
    a, b = tensor_only(input, "matmul"), tensor_only(other, "matmul", "other", 2)
    if not a.ndim or not b.ndim:
        raise RuntimeError("both arguments to matmul need to be at least 1D, but they are "
                           f"{a.ndim}D and {b.ndim}D")
    if a.ndim == b.ndim == 1:
        return dot(a, b)
    if a.ndim == 2 and b.ndim == 1:
        return mv(a, b)
    if b.ndim == 1:
        check_mv(reshape(a, shape=(math.prod(a.shape[:-1]), a.shape[-1])), b)
        return last_with(a, b, 0)
    if b.ndim == 2:
        row = reshape(a, shape=(1, *a.shape)) if a.ndim == 1 else a
        check_matrices(row, b)
        return last_with(a, b, 0)
    if a.ndim == 1:
        rows = permute(b, dims=(*range(b.ndim - 2), b.ndim - 1, b.ndim - 2))
        check_mv(reshape(rows, shape=(math.prod(rows.shape[:-1]), rows.shape[-1])), a)
        return contract(b, a, contract=((b.ndim - 2,), (0,)), batch=((), ()))
    return _batched(a, b)


@presented("input mat2 out")
@op(out=True)
def mm(input: Value, mat2: Value, *, out_dtype: Any = None) -> Any:
    """The product of two matrices.

    Args:
        input: (n, m).
        mat2: (m, p), of the same dtype.
        out_dtype: dtype of the result. Default: that of the operands.

    Returns:
        (n, p).

    Example:
        >>> import flambeau as torch
        >>> torch.mm(torch.tensor([[1., 2.]]), torch.tensor([[3.], [4.]]))
        tensor([[11.]])

    Source: PyTorch, torch.mm.
    """
    for label, x in (("self", input), ("mat2", mat2)):
        if x.ndim != 2:
            raise RuntimeError(f"{label} must be a matrix")
    check_matrices(input, mat2)
    return in_dtype(last_with(input, mat2, 0), out_dtype)


def in_dtype(x: Any, d: dtype | None) -> Any:
    return x if d is None else ar.astype(x, d)


@presented("input mat2 out")
@op(out=True)
def bmm(input: Value, mat2: Value, *, out_dtype: Any = None) -> Any:
    """The products of two batches of matrices.

    Args:
        input: (b, n, m).
        mat2: (b, m, p), of the same dtype.
        out_dtype: dtype of the result. Default: that of the operands.

    Returns:
        (b, n, p).

    Example:
        >>> import flambeau as torch
        >>> torch.bmm(torch.ones(2, 1, 3), torch.ones(2, 3, 1)).shape
        torch.Size([2, 1, 1])

    Source: PyTorch, torch.bmm.
    """
    check_batches(input, mat2)
    return in_dtype(contract(input, mat2, contract=((2,), (1,)), batch=((0,), (0,))), out_dtype)


@op(out=True)
def mv(input: Value, vec: Value) -> Any:
    """The product of a matrix and a vector.

    Args:
        input: (n, m).
        vec: (m,), of the same dtype.

    Returns:
        (n,).

    Example:
        >>> import flambeau as torch
        >>> torch.mv(torch.tensor([[1., 2.]]), torch.tensor([3., 4.]))
        tensor([11.])

    Source: PyTorch, torch.mv.
    """
    check_mv(input, vec)
    return last_with(input, vec, 0)


@op(out=True)
def dot(input: Value, tensor: Value) -> Any:
    """Σ aᵢ bᵢ of two vectors.

    Args:
        input: (n,).
        tensor: (n,), of the same dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.dot(torch.tensor([2., 3.]), torch.tensor([2., 1.]))
        tensor(7.)

    Source: PyTorch, torch.dot.
    """
    _check_vectors(input, tensor)
    return last_with(input, tensor, 0)


@op(out=True)
def vdot(input: Value, other: Value) -> Any:
    """Σ conj(aᵢ) bᵢ of two vectors.

    Args:
        input: (n,).
        other: (n,), of the same dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.vdot(torch.tensor([2., 3.]), torch.tensor([2., 1.]))
        tensor(7.)

    Source: PyTorch, torch.vdot.
    """
    _check_vectors(input, other)
    return last_with(ew.conj(input) if input.dtype.is_complex else input, other, 0)


@op(out=True, grad=lambda specs, static: "ViewBackward0" if specs[0].shape and specs[1].shape
    else "MulBackward0")
def inner(input: Value, other: Value) -> Any:
    """Products summed over the last dimension of both.

    Args:
        input: (*, n), or without dimensions (then a plain product).
        other: (*, n), of the same dtype.

    Returns:
        The leading dimensions of input, then those of other.

    Example:
        >>> import flambeau as torch
        >>> torch.inner(torch.tensor([1., 2.]), torch.tensor([3., 4.]))
        tensor(11.)

    Source: PyTorch, torch.inner.
    """
    if not input.ndim or not other.ndim:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError("inner() the last dimension must match on both input tensors but got "
                           f"shapes {list(input.shape)} and {list(other.shape)}")
    if input.dtype is not other.dtype:
        raise RuntimeError("expected both inputs to have same dtype, but found "
                           f"{scalar_name(input.dtype)} and {scalar_name(other.dtype)}")
    return last_with(input, other, other.ndim - 1)


@op(grad="MulBackward0", out=True)
def outer(input: Value, vec2: Value) -> Any:
    """aᵢ bⱼ of two vectors.

    Args:
        input: (n,).
        vec2: (m,).

    Returns:
        (n, m).

    Example:
        >>> import flambeau as torch
        >>> torch.outer(torch.tensor([1., 2.]), torch.tensor([3., 4.]))
        tensor([[3., 4.],
                [6., 8.]])

    Source: PyTorch, torch.outer.
    """
    for label, x in (("self", input), ("vec2", vec2)):
        if x.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {label}, but got {x.ndim}-D")
    return reshape(input, shape=(*input.shape, 1)) * reshape(vec2, shape=(1, *vec2.shape))


ger = outer


def check_self(input: Any, mat2: Any, label: str = "self") -> None:
    if input.dtype is not mat2.dtype:
        raise RuntimeError(f"{label} and mat2 must have the same dtype, but got "
                           f"{scalar_name(input.dtype)} and {scalar_name(mat2.dtype)}")


# ---- the linear layer ----------------------------------------------------------------------------

def _linear_name(specs: Any, static: Any) -> str:
    rank, biased = len(specs[0].shape), specs[2] is not None
    if len(specs[1].shape) == 1:
        return {1: "DotBackward0", 2: "MvBackward0"}.get(rank, "UnsafeViewBackward0")
    if rank == 2:
        return "AddmmBackward0" if biased else "MmBackward0"
    if biased:
        return "ViewBackward0"
    return "SqueezeBackward4" if rank == 1 else "UnsafeViewBackward0"


@op(grad=_linear_name)
def linear(input: Value, weight: Value, bias: Value = None) -> Any:
    """x Wᵀ + b.

    Args:
        input: (*, in_features).
        weight: (out_features, in_features), or (in_features,).
        bias: (out_features,). Default: none.

    Returns:
        (*, out_features), or (*) for a weight without the first dimension.

    Raises:
        RuntimeError: for sizes or dtypes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.linear(torch.ones(2), torch.ones(3, 2), torch.ones(3))
        tensor([3., 3., 3.])

    Source: PyTorch, torch.nn.functional.linear.
    """
    if bias is not None:
        if weight.ndim != 2:
            raise RuntimeError(f"mat2 must be a matrix, got {weight.ndim}-D tensor")
        check_self(bias, weight)
        check_self(input, weight, "mat1")
    if weight.ndim == 1:
        return matmul(input, weight)
    row = reshape(input, shape=(1, *input.shape)) if input.ndim == 1 else input
    if input.dtype is not weight.dtype or row.shape[-1] != weight.shape[1]:
        check_matrices(row, permute(weight, dims=(1, 0)))
    out = last_with(input, weight, 1)
    if bias is None:
        return out
    if bias.ndim and bias.shape[-1] not in (1, out.shape[-1]):
        expanded(bias, (math.prod(row.shape[:-1]), out.shape[-1]))
    return out + bias


# ---- other products ------------------------------------------------------------------------------

@op(grad="UnsafeViewBackward0", out=True)
def kron(input: Value, other: Value) -> Any:
    """The Kronecker product: each element of input times the whole of other.

    Args:
        input: any shape (missing leading dimensions count as 1).
        other: any shape.

    Returns:
        Sizes are the products of the sizes.

    Example:
        >>> import flambeau as torch
        >>> torch.kron(torch.tensor([1., 2.]), torch.tensor([1., 10.]))
        tensor([ 1., 10.,  2., 20.])

    Source: PyTorch, torch.kron.
    """
    rank = max(input.ndim, other.ndim)
    a = (1,) * (rank - input.ndim) + input.shape
    b = (1,) * (rank - other.ndim) + other.shape
    left = reshape(input, shape=tuple(n for size in a for n in (size, 1)))
    right = reshape(other, shape=tuple(n for size in b for n in (1, size)))
    return reshape(left * right, shape=tuple(n * m for n, m in zip(a, b, strict=True)))


@op
def trace(input: Value) -> Any:
    """The sum of the diagonal of a matrix.

    Args:
        input: (n, m); integers are summed in int64.

    Example:
        >>> import flambeau as torch
        >>> torch.trace(torch.tensor([[1., 2.], [3., 4.]]))
        tensor(5.)

    Source: PyTorch, torch.trace.
    """
    if input.ndim != 2:
        raise RuntimeError("trace: expected a matrix, but got tensor with dim "
                           f"{input.ndim}")
    if input.dtype.category == BOOL:
        raise not_implemented("trace", input.dtype)
    rows, columns = input.shape
    n = min(rows, columns)
    x = ar.astype(input, int64) if input.dtype.category < FLOATING else input
    return rd.reduce_sum(diagonal(x, n), axes=(0,))


def diagonal(x: Any, n: int) -> Any:
    """The first n diagonal elements of the last two dimensions, as the last dimension."""
    lead, k = x.shape[:-2], x.ndim - 2
    if x.shape[-2:] != (n, n):
        x = strided_slice(x, start=(0,) * x.ndim, shape=(*lead, n, n), step=(1,) * x.ndim)
    flat = reshape(x, shape=(*lead, n * n))
    return strided_slice(flat, start=(0,) * (k + 1), shape=(*lead, n), step=(1,) * k + (n + 1,))
