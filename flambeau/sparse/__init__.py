"""`torch.sparse`: tensors kept by coordinates (COO), and their products."""

from __future__ import annotations

from typing import Any, NoReturn

from ..dtype import float32, float64, int32, int64
from ..functional.joining import stack as _stack
from ..tensor import Tensor
from . import rules
from .tensor import SparseTensor, sparse_coo_tensor

__all__ = ["addmm", "check_sparse_tensor_invariants", "log_softmax", "mm", "softmax", "spdiags",
           "sum"]


def mm(mat1: Tensor, mat2: Tensor) -> Any:
    """Multiply a sparse by a dense matrix (or a dense by a sparse one, or two sparse ones).

    Args:
        mat1: (m, n).
        mat2: (n, p).

    Returns:
        (m, p), dense unless both are sparse. Gradients reach both; that of a sparse matrix is
        known at its entries.

    Raises:
        RuntimeError: for sizes or dtypes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> s = torch.sparse_coo_tensor([[0, 1], [2, 0]], [3., 4.], (2, 3))
        >>> torch.sparse.mm(s, torch.ones(3, 1))
        tensor([[3.],
                [4.]])

    Source: torch.sparse.mm.
    """
    return mat1 @ mat2


def addmm(mat: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Any:
    """beta · mat + alpha · mat1 @ mat2, with a sparse `mat1`.

    Source: torch.sparse.addmm.
    """
    return rules.addmm(mat, mat1, mat2, beta=beta, alpha=alpha)


def sum(input: Tensor, dim: Any = None, dtype: Any = None) -> Any:
    """Sum the entries, or some dimensions, which leaves a sparse tensor.

    Args:
        input: a sparse tensor.
        dim: one dimension or several. Default: all.
        dtype: convert to it first.

    Source: torch.sparse.sum.
    """
    return rules.sum(input, dim, dtype=dtype)


def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Any:
    """Softmax over the entries of each row (or column) of a sparse matrix.

    Source: torch.sparse.softmax.
    """
    return rules.softmax(input, dim, dtype)


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Any:
    """The logarithm of `softmax`.

    Source: torch.sparse.log_softmax.
    """
    return rules.softmax(input, dim, dtype, log=True)


def spdiags(diagonals: Tensor, offsets: Tensor, shape: tuple[int, int],
            layout: Any = None) -> Any:
    """Make a sparse matrix of diagonals.

    Args:
        diagonals: (count, length); column j of a row stands in column j of the matrix.
        offsets: (count,), how far each is above the main diagonal.
        shape: of the matrix.

    Source: torch.sparse.spdiags.
    """
    rows, length = (diagonals[None] if diagonals.ndim == 1 else diagonals), diagonals.shape[-1]
    indices, values = [], []
    for values_of_one, offset in zip(rows, offsets.reshape(-1).tolist(), strict=True):
        columns = range(max(offset, 0), min(length, shape[1], shape[0] + offset))
        indices += [(column - offset, column) for column in columns]
        values += [values_of_one[column] for column in columns]
    index = [[i for i, _ in indices], [j for _, j in indices]]
    stacked = rows.new_zeros(0) if not values else _stack(values)
    return sparse_coo_tensor(index, stacked, shape)


class check_sparse_tensor_invariants:
    """Whether indices are checked when a sparse tensor is made: always."""

    def __init__(self, enable: bool = True) -> None:
        self.enable_state = enable

    @staticmethod
    def is_enabled() -> bool:
        """Whether they are checked: yes."""
        return True

    @staticmethod
    def enable() -> None:
        """Check them."""

    @staticmethod
    def disable() -> None:
        """Accepted without effect."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        return None


def _other_layout(*args: Any, **kwargs: Any) -> NoReturn:
    """Make a tensor in a layout other than coordinates, which flambeau lacks.

    Raises:
        NotImplementedError: always; `sparse_coo_tensor` is the alternative.
    """
    raise NotImplementedError("flambeau keeps sparse tensors by coordinates only (torch.sparse_coo"
                              "): use torch.sparse_coo_tensor or Tensor.to_sparse()")


sparse_csr_tensor = sparse_csc_tensor = sparse_bsr_tensor = sparse_bsc_tensor = _other_layout
sparse_compressed_tensor = _other_layout


class _SparseType(type):
    """The old types of sparse tensors: `torch.sparse.FloatTensor(indices, values, size)`."""

    dtype: Any

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, SparseTensor) and instance.dtype is cls.dtype

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return sparse_coo_tensor(*args, dtype=cls.dtype, **kwargs)

    def __repr__(cls) -> str:
        return f"<class 'torch.sparse.{cls.__name__}'>"


def _type(name: str, dtype: Any) -> Any:
    return _SparseType(name, (), {"dtype": dtype, "__module__": "torch.sparse", "__doc__":
                                  f"Makes sparse tensors of dtype {dtype.name}."})


FloatTensor: Any = _type("FloatTensor", float32)
DoubleTensor: Any = _type("DoubleTensor", float64)
LongTensor: Any = _type("LongTensor", int64)
IntTensor: Any = _type("IntTensor", int32)
