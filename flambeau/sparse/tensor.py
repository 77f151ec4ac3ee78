"""Tensors in coordinate layout (COO): positions and values of the entries, and nothing else.

A `SparseTensor` has the shape and dtype of the whole, but no value of it: what needs that raises
`SparseOperand`. Recording catches it and looks for the operation's rule (`rules.py`). Gradients
flow through the values, which are an ordinary tensor with its place in the tape.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from ..autograd.base import Storage, wrap
from ..autograd.record import SparseOperand, Value, Values, op
from ..dtype import get_default_dtype, int64
from ..graph import Node, leaf, spec
from ..ops.gather import put_at, take
from ..ops.movement import reshape, zeros
from ..tensor import Tensor, printing
from ..tensor.data import as_tensor


class SparseTensor(Tensor):
    """A tensor that keeps its entries by coordinates; `sparse_coo_tensor` makes it.

    Its `_sparse` holds indices (sparse dimensions, entries), values (entries, dense dimensions…)
    and whether each place occurs once, in order.
    """

    def _refresh(self) -> NoReturn:
        raise SparseOperand()

    def _strided(self) -> tuple[tuple[int, ...], int]:
        return (0,) * self.ndim, 0

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory in row-major order: no."""
        return False

    # ---- entries ----

    def _values(self) -> Any:
        """The entries, outside the tape."""
        return self._sparse[1].detach()

    def values(self) -> Any:
        """Entries of a coalesced tensor, through which gradients pass."""
        super().values()
        return self._sparse[1]

    def coalesce(self) -> Any:
        """The same tensor with its places in order and repeated ones added up."""
        indices, values, done = self._sparse
        if done:
            return self
        index = indices._data("coalesce")
        flat = np.ravel_multi_index(tuple(index), self._sizes()) if index.shape[1] else index[0]
        places, inverse = np.unique(flat, return_inverse=True)
        found = np.stack(np.unravel_index(places, self._sizes())) if len(places) else index
        total = _sum_at(values, wrap(leaf(inverse.reshape(-1).astype(np.int64))), len(places))
        return like(self, total, wrap(leaf(found.astype(np.int64))), True)

    def _sizes(self) -> tuple[int, ...]:
        return tuple(self.shape)[:self.sparse_dim()]

    def to_dense(self, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
        """The tensor in ordinary layout."""
        indices, values, _ = self._sparse
        dense = _to_dense(values, indices.unbind(0), tuple(self.shape))
        return dense if dtype is None else dense.to(dtype)

    def to_sparse(self, *args: Any, **kwargs: Any) -> Any:
        """The tensor itself."""
        return self

    def sparse_mask(self, mask: Any) -> Any:
        """The elements at the places of another sparse tensor."""
        return _at_places(self.to_dense(), mask)

    # ---- shape ----

    def t(self) -> Any:
        """The tensor with its two dimensions exchanged."""
        return self.transpose(0, 1) if self.ndim > 1 else self

    def transpose(self, dim0: int, dim1: int) -> Any:
        """The tensor with two sparse dimensions exchanged."""
        order = list(range(self.ndim))
        a, b = dim0 % self.ndim, dim1 % self.ndim
        order[a], order[b] = order[b], order[a]
        return self.permute(*order)

    def permute(self, *dims: Any) -> Any:
        """The tensor with its sparse dimensions in another order.

        Raises:
            RuntimeError: a dense dimension would change places.
        """
        order = [d % self.ndim for d in (dims[0] if isinstance(dims[0], Sequence) else dims)]
        count = self.sparse_dim()
        if order[count:] != list(range(count, self.ndim)):
            raise RuntimeError("transpose(): dense dimensions of a sparse tensor cannot be moved")
        indices, values, _ = self._sparse
        return make(indices[order[:count]], _transposed(values),
                    [self.shape[d] for d in order], False)

    @property
    def T(self) -> Any:
        """The tensor with its dimensions reversed."""
        return self.permute(*reversed(range(self.ndim)))

    mT = T

    def unsqueeze(self, dim: int) -> Any:
        """The tensor with a further sparse dimension of size 1."""
        dim %= self.ndim + 1
        indices, values, done = self._sparse
        row = indices.new_zeros(1, indices.shape[1])
        parts = [indices[:dim], row, indices[dim:]]
        shape = list(self.shape)
        return make(cat_indices(parts), values, [*shape[:dim], 1, *shape[dim:]], done)

    # ---- conversions ----

    def cpu(self, memory_format: Any = None) -> Any:
        """The tensor itself: it is on the CPU."""
        return self

    def detach(self) -> Any:
        """The same entries outside the tape."""
        return like(self, self._sparse[1].detach())

    def clone(self, *, memory_format: Any = None) -> Any:
        """A copy."""
        return like(self, self._sparse[1].clone())

    def contiguous(self, memory_format: Any = None) -> Any:
        """The tensor itself."""
        return self

    def type(self, dtype: Any = None, non_blocking: Any = False) -> Any:
        """The name of the old tensor type, or the tensor in another dtype."""
        found = self._sparse[1].type(dtype)
        if isinstance(found, str):
            return found.replace("torch.", "torch.sparse.")
        return like(self, found)

    def numpy(self, *, force: bool = False) -> NoReturn:
        """Raises TypeError: only ordinary layout becomes an ndarray."""
        raise TypeError("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first.")

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = like(self, copy.deepcopy(self._sparse[1], memo))
        return memo[id(self)]

    def __copy__(self) -> Any:
        return self.detach()

    def __reduce_ex__(self, protocol: Any) -> Any:
        indices, values, done = self._sparse
        return make, (indices, values.detach(), tuple(self.shape), done)

    # ---- autograd ----

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are recorded for the values."""
        return bool(self._sparse[1].requires_grad)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set whether gradients are recorded; in place."""
        indices, values, done = self._sparse
        if not self.requires_grad:
            self._sparse = indices, values.detach(), done
        self._sparse[1].requires_grad_(requires_grad)
        return self

    @property
    def grad_fn(self) -> Any:
        """The tape entry that made the values, or None for a leaf."""
        return self._sparse[1].grad_fn

    @property
    def grad(self) -> Any:
        """The gradient of a leaf, at its places, or None."""
        values = self._sparse[1]
        if not values.is_leaf or values.grad is None:
            return None
        index = self._indices()._data("sparse gradient")
        _, first = np.unique(index, axis=1, return_index=True)  # repeated places share theirs
        chosen = wrap(leaf(first.astype(np.int64)))
        return like(self, values.grad[chosen], self._indices()[:, chosen], True)

    @grad.setter
    def grad(self, value: Any) -> None:
        self._sparse[1].grad = None if value is None else value.coalesce()._sparse[1]

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        fn = self.grad_fn
        dtype, default = self.dtype.name, get_default_dtype().name
        return printing.sparse_coo_text(
            self._indices()._data("print"), self._sparse[1]._data("print"), dtype_name=dtype,
            shape=tuple(self.shape), requires_grad=self.requires_grad and fn is None,
            is_default_dtype=printing.is_implied_dtype(dtype, default),
            grad_fn_name=None if fn is None else type(fn).__name__)


# ---- making them ---------------------------------------------------------------------------------

def make(indices: Any, values: Any, shape: Sequence[int], done: bool = False) -> Any:
    """A sparse tensor of parts that fit together."""
    made: Any = object.__new__(SparseTensor)
    made._node = Node(None, (), spec(tuple(shape), values.dtype))
    made._storage, made._seen = Storage(made._node), -1
    made._sparse = (indices, values, done)
    return made


def like(s: Any, values: Any, indices: Any = None, done: bool | None = None) -> Any:
    """A sparse tensor of another's shape and, where none are given, places."""
    return make(s._sparse[0] if indices is None else indices, values, s.shape,
                s._sparse[2] if done is None else done)


def sparse_coo_tensor(indices: Any = None, values: Any = None, size: Any = None, *,
                      dtype: Any = None, device: Any = None, pin_memory: bool = False,
                      requires_grad: bool = False, check_invariants: bool | None = None,
                      is_coalesced: bool | None = None) -> Any:
    """Make a tensor of coordinates and values; repeated coordinates count as their sum.

    Args:
        indices: integers (sparse dimensions, entries).
        values: (entries, dense dimensions…).
        size: the shape. Default: just large enough.
        dtype: of the values. Default: theirs.
        device: must be the CPU.
        requires_grad: record gradients. Default: False.
        check_invariants: accepted; indices are always checked.
        is_coalesced: the caller knows that coordinates are in order and do not repeat.

    Raises:
        RuntimeError: for indices, values and sizes that do not fit together.

    Example:
        >>> import flambeau as torch
        >>> s = torch.sparse_coo_tensor([[0, 1], [2, 0]], [3., 4.], (2, 3))
        >>> s.to_dense()
        tensor([[0., 0., 3.],
                [4., 0., 0.]])

    Source: torch.sparse_coo_tensor.
    """
    if values is None:
        shape = indices if size is None else size
        indices = wrap(leaf(np.zeros((len(shape), 0), np.int64)))
        values, size = as_tensor([], dtype=dtype or get_default_dtype()), shape
    values = as_tensor(values, dtype=dtype, device=device)
    indices = as_tensor(indices, device=device).to(int64)
    if indices.ndim != 2:
        raise RuntimeError("indices must be sparse_dim x nnz, but got: "
                           f"{list(indices.shape)}")
    if values.ndim == 0 or indices.shape[1] != values.shape[0]:
        count = values.shape[0] if values.ndim else 1
        raise RuntimeError("indices and values must have same nnz, but got nnz from indices: "
                           f"{indices.shape[1]}, nnz from values: {count}")
    shape = _checked_shape(indices._data("sparse indices"), tuple(values.shape[1:]), size)
    values = _entries(values) if values.requires_grad else values.detach()
    made = make(indices.detach(), values, shape, bool(is_coalesced))
    return made.requires_grad_() if requires_grad else made


def _checked_shape(index: Any, dense: tuple[int, ...], size: Any) -> tuple[int, ...]:
    """The shape, given or just large enough, into which all indices fall."""
    if index.shape[1] and (lowest := index.min(1)).min() < 0:
        dim = int(np.argmax(lowest < 0))
        raise RuntimeError(f"found negative index {lowest[dim]} for dim {dim}")
    highest = index.max(1) if index.shape[1] else np.full(len(index), -1)
    if size is None:
        return (*(int(n) + 1 for n in highest), *dense)
    shape = tuple(int(n) for n in size)
    if len(shape) != len(index) + len(dense):
        raise RuntimeError(f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = "
                           f"{len(shape)}, sparse_dim = {len(index)}, dense_dim = {len(dense)}")
    for dim, (most, limit) in enumerate(zip(highest, shape, strict=False)):
        if most >= limit:
            raise RuntimeError(f"size is inconsistent with indices: for dim {dim}, size is {limit} "
                               f"but found index {most}")
    if shape[len(index):] != dense:
        raise RuntimeError(f"values has incorrect size, expected {[index.shape[1], *dense]}, got "
                           f"{[index.shape[1], *shape[len(index):]]}")
    return shape


def to_sparse(dense: Any, sparse_dim: int | None = None) -> Any:
    """A coalesced sparse tensor of the elements that are not 0.

    Args:
        dense: a tensor in ordinary layout.
        sparse_dim: how many dimensions the indices address. Default: all.
    """
    count = dense.ndim if sparse_dim is None else sparse_dim
    array = dense._data("to_sparse")
    filled = (array != 0).any(axis=tuple(range(count, array.ndim)))
    index = np.stack(np.nonzero(filled)).astype(np.int64)
    indices = wrap(leaf(index))
    return make(indices, _taken(dense, indices.unbind(0)), dense.shape, True)


def _at_places(dense: Any, mask: Any) -> Any:
    """The elements of a tensor in ordinary layout at the places of a sparse one."""
    return like(mask, _taken(dense, mask._sparse[0].unbind(0)))


def cat_indices(parts: Sequence[Any]) -> Any:
    """Rows of indices one under another."""
    return wrap(leaf(np.concatenate([part._data("sparse indices") for part in parts])))


# ---- composites over values and indices ----------------------------------------------------------

@op(name="sparse_coo_tensor", grad="SparseCooTensorWithDimsAndTensorsBackward0")
def _entries(values: Value) -> Any:
    """The values as they are, with a tape entry of the sparse tensor."""
    return reshape(values, shape=values.shape)


@op(name="t", grad="TBackward0")
def _transposed(values: Value) -> Any:
    """The values as they are, with a tape entry of the transposed tensor."""
    return reshape(values, shape=values.shape)


@op(name="coalesce", grad="CoalesceBackward0")
def _sum_at(values: Value, places: Value, count: int) -> Any:
    """Sums of the values at each of `count` places."""
    return put_at(zeros((count, *values.shape[1:]), values), values, places, mode="add")


@op(name="to_dense", grad="ToDenseBackward0")
def _to_dense(values: Value, rows: Values, shape: tuple[int, ...]) -> Any:
    """The whole tensor: the values added up at their places."""
    return put_at(zeros(shape, values), values, *rows, mode="add")


@op(name="to_sparse", grad="ToSparseBackward1")
def _taken(dense: Value, rows: Values) -> Any:
    """The elements at the places."""
    return take(dense, *rows)


__all__ = ["SparseTensor", "like", "make", "sparse_coo_tensor", "to_sparse"]
