"""What operations do with tensors in coordinate layout: one rule per operation, by name.

A rule is a function of tensors with the operation's parameters. Operations without a rule raise
`SparseOperand`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.base import wrap
from ..autograd.record import Op, SparseOperand, Value, op, record, sparse_answer
from ..functional.joining import cat
from ..graph import leaf
from ..ops.gather import put_at, take
from ..ops.movement import reshape, zeros
from .tensor import SparseTensor, _at_places, _sum_at, like, make

RULES: dict[str, Callable[..., Any]] = {}


def answer(called: Op, values: tuple[Any, ...], static: tuple[Any, ...]) -> Any:
    """Do an operation by its rule.

    Raises:
        SparseOperand: it has none.
    """
    rule = RULES.get(called.name)
    if rule is None:
        if called.name in TO_ZERO:
            return _on_values(called, values, static)
        raise SparseOperand(f"{called.name}()")
    return called.invoke(values, static, rule)


def _rule(function: Callable[..., Any]) -> Callable[..., Any]:
    RULES[function.__name__] = function
    return function


def is_sparse(x: Any) -> bool:
    """Whether something is a tensor in coordinate layout."""
    return isinstance(x, SparseTensor)


# ---- element by element --------------------------------------------------------------------------

# Functions with f(0) = 0 of one tensor: linear ones take the entries as they are.
LINEAR = {"neg", "to", "_to_copy", "clone", "positive"}
TO_ZERO = LINEAR | {"abs", "sqrt", "pow", "relu", "sign", "sgn", "sin", "tan", "sinh", "tanh",
                    "asin", "atan", "asinh", "atanh", "expm1", "log1p", "floor", "ceil", "trunc",
                    "round", "frac", "erf", "isnan", "isinf", "square", "deg2rad", "rad2deg"}


def _on_values(called: Op, values: tuple[Any, ...], static: tuple[Any, ...]) -> Any:
    s, *rest = values
    s = s if called.name in LINEAR else s.coalesce()
    keeps_zero = called.name != "pow" or all(_is_number(x) and x > 0 for x in (*rest, *static))
    if any(is_sparse(x) for x in rest) or not keeps_zero:
        raise SparseOperand(f"{called.name}()")
    return like(s, record(called, (s._sparse[1], *rest), static))


@_rule
def mul(input: Any, other: Any) -> Any:
    """Number or dense factor: of the values at their places."""
    if not is_sparse(input):
        input, other = other, input
    if is_sparse(other):
        return like(other.coalesce(), other.coalesce()._sparse[1]
                    * _at_places(input.to_dense(), other.coalesce())._sparse[1])
    if _is_number(other):
        return like(input, input._sparse[1] * other)
    other = other.expand(input.shape)
    return like(input, input._sparse[1] * _at_places(other, input)._sparse[1])


@_rule
def div(input: Any, other: Any, *more: Any) -> Any:
    """A number as divisor."""
    if not _is_number(other) or more:
        raise SparseOperand("div()")
    return like(input, input._sparse[1] / other)


def _is_number(x: Any) -> bool:
    return not hasattr(x, "ndim") or (x.ndim == 0 and not is_sparse(x))


@_rule
def add(input: Any, other: Any, alpha: Any = 1) -> Any:
    """Two sparse tensors, or a dense one and a sparse one, in this order."""
    if is_sparse(input) and is_sparse(other):
        if input.shape != other.shape:
            raise RuntimeError(f"add: expected sizes of 'self' and 'other' to match, but "
                               f"{list(input.shape)} != {list(other.shape)}")
        scaled = other._sparse[1] if _is_one(alpha) else other._sparse[1] * alpha
        mine, theirs = (x._sparse[0]._data("add") for x in (input, other))
        if mine.shape == theirs.shape and (mine == theirs).all():
            return like(input, input._sparse[1] + scaled)
        return make(cat([input._sparse[0], other._sparse[0]], 1),
                    cat([input._sparse[1], scaled]), input.shape, False)
    if is_sparse(input):
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    dense = other.to_dense()
    return input + (dense if _is_one(alpha) else alpha * dense)


@_rule
def sub(input: Any, other: Any, alpha: Any = 1) -> Any:
    """As `add`."""
    return add(input, other, -alpha)


def _is_one(alpha: Any) -> bool:
    return not hasattr(alpha, "ndim") and alpha == 1


# ---- sums and joining ----------------------------------------------------------------------------

@_rule
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Of all entries, or over some of the dimensions, which leaves a sparse tensor."""
    indices, values, _ = input._sparse
    if dtype is not None:
        values = values.to(dtype)
    dims = range(input.ndim) if dim is None else (dim if isinstance(dim, (tuple, list)) else [dim])
    gone = sorted({d % input.ndim for d in dims})
    count = input.sparse_dim()
    inner = [d - count + 1 for d in gone if d >= count]
    values = values.sum(inner) if inner else values
    kept = [d for d in range(count) if d not in gone]
    if not kept:
        return values.sum(0)
    if keepdim:
        raise SparseOperand("sum(keepdim=True)")
    shape = [n for d, n in enumerate(input.shape) if d not in gone]
    return make(indices[kept], values, shape, False).coalesce()


@_rule
def _cat(tensors: Any, dim: int = 0) -> Any:
    """Side by side in a sparse dimension."""
    first = tensors[0]
    dim %= first.ndim
    if not all(is_sparse(x) for x in tensors) or dim >= first.sparse_dim():
        raise SparseOperand("cat()")
    offset, indices = 0, []
    for x in tensors:
        index = np.array(x._sparse[0]._data("cat"))
        index[dim] += offset
        indices.append(wrap(leaf(index)))
        offset += x.shape[dim]
    shape = [offset if d == dim else n for d, n in enumerate(first.shape)]
    return make(cat(indices, 1), cat([x._sparse[1] for x in tensors]), shape, False)


# ---- products ------------------------------------------------------------------------------------

@op(name="sparse_mm", grad="SparseAddmmBackward0")
def _product(values: Value, rows: Value, columns: Value, dense: Value, count: int) -> Any:
    """The product of a sparse and a dense matrix: Σ over the entries of value · dense row."""
    parts = reshape(values, shape=(*values.shape, 1)) * take(dense, columns)
    return put_at(zeros((count, dense.shape[1]), parts), parts, rows, mode="add")


@_rule
def mm(input: Any, mat2: Any, *, out_dtype: Any = None) -> Any:
    """A sparse with a dense matrix, a dense with a sparse one, or two sparse ones."""
    if not is_sparse(input):
        return mm(mat2.t(), input.t()).t()
    for x, name in ((input, "mat1"), (mat2, "mat2")):
        if x.ndim != 2:
            raise RuntimeError(f"{name} must be a matrix, got {x.ndim}-D tensor")
    if is_sparse(mat2):
        return _sparse_product(input.coalesce(), mat2.coalesce())
    if input.shape[1] != mat2.shape[0]:
        raise RuntimeError(f"addmm: Argument #3 (dense): Expected dim 0 size {input.shape[1]}, "
                           f"got {mat2.shape[0]}")
    if input.dtype is not mat2.dtype:
        raise RuntimeError(f"expected scalar type {_type_name(input)} but found "
                           f"{_type_name(mat2)}")
    indices, values, _ = input._sparse
    return _product(values, indices[0], indices[1], mat2, input.shape[0])


def _type_name(x: Any) -> str:
    return {"float32": "Float", "float64": "Double", "int64": "Long"}.get(
        x.dtype.name, x.dtype.name)


def _sparse_product(a: Any, b: Any) -> Any:
    """The product of two coalesced sparse matrices: every pair of entries that meet."""
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x"
                           f"{a.shape[1]} and {b.shape[0]}x{b.shape[1]})")
    (rows, inner), (starts, columns) = (x._sparse[0]._data("mm") for x in (a, b))
    first, last = np.searchsorted(starts, inner), np.searchsorted(starts, inner, "right")
    pairs = last - first
    left = np.repeat(np.arange(len(inner)), pairs)
    right = np.arange(len(left)) - np.repeat(np.cumsum(pairs) - pairs, pairs) + first[left]
    index = np.stack([rows[left], columns[right]]).astype(np.int64)
    values = a._sparse[1][wrap(leaf(left))] * b._sparse[1][wrap(leaf(right.astype(np.int64)))]
    return make(wrap(leaf(index)), values, (a.shape[0], b.shape[1]), False).coalesce()


@_rule
def mv(input: Any, vec: Any) -> Any:
    """A sparse matrix with a vector."""
    return mm(input, vec.unsqueeze(1)).squeeze(1)


@_rule
def matmul(input: Any, other: Any) -> Any:
    """Matrices, or a sparse matrix and a vector."""
    if is_sparse(input) and other.ndim == 1:
        return mv(input, other)
    return mm(input, other)


@_rule
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · mat1 @ mat2 with a sparse matrix among the factors."""
    product = mm(mat1, mat2)
    scaled = product if _is_one(alpha) else alpha * product
    return (input if _is_one(beta) else beta * input) + scaled


@_rule
def bmm(input: Any, mat2: Any, *, out_dtype: Any = None) -> Any:
    """A batch of sparse matrices with a batch of dense ones, as one product."""
    batch, rows, inner = input.shape
    number, row, column = input._sparse[0].unbind(0)
    flat = _product(input._sparse[1], number * rows + row, number * inner + column,
                    mat2.reshape(batch * inner, -1), batch * rows)
    return flat.reshape(batch, rows, -1)


# ---- softmax -------------------------------------------------------------------------------------

def softmax(input: Any, dim: int, dtype: Any = None, log: bool = False) -> Any:
    """Softmax over the stored entries of each row; places without an entry count as -inf.

    Args:
        input: a sparse matrix.
        dim: the dimension that is summed over.
        dtype: convert to it first.
        log: the logarithm instead.
    """
    s = (input if dtype is None else input.to(dtype)).coalesce()
    if s.ndim != 2 or s.dense_dim():
        raise SparseOperand("sparse.softmax() of more than two dimensions")
    index = s._sparse[0]._data("softmax")[1 - dim % 2]
    place, count = wrap(leaf(index.astype(np.int64))), s.shape[1 - dim % 2]
    values = s._sparse[1]
    array = values._data("softmax")
    most = np.full(count, -np.inf, array.dtype)
    np.maximum.at(most, index, array)
    shifted = values - wrap(leaf(most[index]))
    total = _sum_at(shifted.exp(), place, count)[place]
    return like(s, shifted - total.log() if log else shifted.exp() / total)


sparse_answer.append(answer)
