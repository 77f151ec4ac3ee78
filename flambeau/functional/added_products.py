"""Products of matrices and vectors added to a tensor: beta · input + alpha · product."""

from __future__ import annotations

from typing import Any

from ..autograd.record import Value, op
from ..dtype import FLOATING
from ..ops.contraction import dot as contract
from .calling import old_numbers, presented
from .linear import (
    check_batches,
    check_matrices,
    check_mv,
    check_self,
    expanded,
    in_dtype,
    last_with,
    outer,
)


def _added(input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """beta · input + alpha · product; an input times 0 is ignored, NaN included."""
    if product.dtype.category < FLOATING:
        beta, alpha = int(beta), int(alpha)
    input = expanded(input, product.shape)
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        return product
    return product + (input if beta == 1 else input * beta)


@old_numbers(3, "beta", "alpha")
@op(out=True)
def addmm(input: Value, mat1: Value, mat2: Value, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · (mat1 @ mat2).

    Args:
        input: broadcastable to (n, p).
        mat1: (n, m).
        mat2: (m, p).
        beta: factor of the input; 0 ignores it. Default: 1.
        alpha: factor of the product. Default: 1.

    Returns:
        (n, p).

    Example:
        >>> import flambeau as torch
        >>> torch.addmm(torch.ones(1, 1), torch.ones(1, 2), torch.ones(2, 1))
        tensor([[3.]])

    Source: PyTorch, torch.addmm.
    """
    for label, x in (("mat1", mat1), ("mat2", mat2)):
        if x.ndim != 2:
            raise RuntimeError(f"{label} must be a matrix, got {x.ndim}-D tensor")
    check_self(input, mat2)
    check_self(mat1, mat2, "mat1")
    check_matrices(mat1, mat2)
    return _added(input, last_with(mat1, mat2, 0), beta, alpha)


@old_numbers(3, "beta", "alpha")
@op(out=True)
def addmv(input: Value, mat: Value, vec: Value, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · (mat @ vec).

    Args:
        input: broadcastable to (n,).
        mat: (n, m).
        vec: (m,).
        beta: factor of the input; 0 ignores it. Default: 1.
        alpha: factor of the product. Default: 1.

    Returns:
        (n,).

    Example:
        >>> import flambeau as torch
        >>> torch.addmv(torch.ones(1), torch.ones(1, 2), torch.ones(2))
        tensor([3.])

    Source: PyTorch, torch.addmv.
    """
    if mat.ndim != 2 or vec.ndim != 1 or input.ndim > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input.ndim}, {mat.ndim}, "
                           f"{vec.ndim}")
    check_mv(mat, vec)
    if input.ndim and input.shape[0] not in (1, mat.shape[0]):
        raise RuntimeError(f"size mismatch, got input ({input.shape[0]}), mat ({mat.shape[0]}x"
                           f"{mat.shape[1]}), vec ({vec.shape[0]})")
    return _added(input, last_with(mat, vec, 0), beta, alpha)


@old_numbers(3, "beta", "alpha")
@op(out=True)
def addbmm(input: Value, batch1: Value, batch2: Value, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · Σᵢ (batch1ᵢ @ batch2ᵢ).

    Args:
        input: broadcastable to (n, p).
        batch1: (b, n, m).
        batch2: (b, m, p).
        beta: factor of the input; 0 ignores it. Default: 1.
        alpha: factor of the sum. Default: 1.

    Returns:
        (n, p).

    Example:
        >>> import flambeau as torch
        >>> torch.addbmm(torch.ones(1, 1), torch.ones(2, 1, 2), torch.ones(2, 2, 1))
        tensor([[5.]])

    Source: PyTorch, torch.addbmm.
    """
    check_batches(batch1, batch2)
    return _added(input, contract(batch1, batch2, contract=((0, 2), (0, 1)), batch=((), ())), beta,
                  alpha)


@presented("input batch1 batch2 beta alpha out")
@old_numbers(3, "beta", "alpha")
@op(out=True)
def baddbmm(input: Value, batch1: Value, batch2: Value, *, beta: Any = 1, alpha: Any = 1,
            out_dtype: Any = None) -> Any:
    """beta · input + alpha · (batch1 @ batch2), batch by batch.

    Args:
        input: broadcastable to (b, n, p).
        batch1: (b, n, m).
        batch2: (b, m, p).
        beta: factor of the input; 0 ignores it. Default: 1.
        alpha: factor of the products. Default: 1.
        out_dtype: dtype of the result. Default: that of the operands.

    Returns:
        (b, n, p).

    Example:
        >>> import flambeau as torch
        >>> torch.baddbmm(torch.ones(2, 1, 1), torch.ones(2, 1, 2), torch.ones(2, 2, 1)).shape
        torch.Size([2, 1, 1])

    Source: PyTorch, torch.baddbmm.
    """
    check_batches(batch1, batch2)
    product = contract(batch1, batch2, contract=((2,), (1,)), batch=((0,), (0,)))
    return in_dtype(_added(input, product, beta, alpha), out_dtype)


@old_numbers(3, "beta", "alpha")
@op(out=True)
def addr(input: Value, vec1: Value, vec2: Value, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · (vec1 ⊗ vec2).

    Args:
        input: broadcastable to (n, m).
        vec1: (n,).
        vec2: (m,).
        beta: factor of the input; 0 ignores it. Default: 1.
        alpha: factor of the outer product. Default: 1.

    Returns:
        (n, m).

    Example:
        >>> import flambeau as torch
        >>> torch.addr(torch.zeros(1, 1), torch.ones(1), torch.ones(1))
        tensor([[1.]])

    Source: PyTorch, torch.addr.
    """
    for label, x in (("vec1", vec1), ("vec2", vec2)):
        if x.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {label}, but got {x.ndim}-D")
    return _added(input, outer(vec1, vec2), beta, alpha)
