"""Tables of vectors looked up by index: embedding, bags of embeddings, one-hot rows."""

from __future__ import annotations

from typing import Any

from ..autograd.inplace import write
from ..autograd.modes import is_grad_enabled, no_grad
from ..autograd.record import Value, op
from ..dtype import int32, int64, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.gather import OutOfRange, Wording, put_at, take
from ..ops.movement import expand, reshape, zeros
from .sparse_rows import EmbeddingBackward0


def not_in_self(*facts: int) -> Exception:
    """What PyTorch raises for a row that a table does not have."""
    return IndexError("index out of range in self")


def check_range(index: Any, size: int, wording: Wording = not_in_self) -> None:
    """Raise for an index out of range, where the values are at hand.

    Raises:
        IndexError: or what `wording` makes of the first such index.
    """
    data = index._value().data
    if data is not None and data.size and data.dtype.kind in "iu" and (
            data.min() < 0 or data.max() >= size):
        raise wording(int(data[(data < 0) | (data >= size)][0]), 0, size)


OutOfRange.wordings |= dict.fromkeys(("embedding", "embedding_renorm"), not_in_self)


def check_indices(index: Any, name: str, function: str) -> None:
    """Raise for indices that are not int64 or int32.

    Raises:
        RuntimeError: as PyTorch words it.
    """
    if index.dtype not in (int64, int32):
        raise RuntimeError(
            f"Expected tensor for argument #1 '{name}' to have one of the following scalar types: "
            f"Long, Int; but got torch.{scalar_name(index.dtype)}Tensor instead (while checking "
            f"arguments for {function})")


def rows(weight: Any, index: Any, padding_idx: int, scale_grad_by_freq: bool) -> Any:
    """The rows of a table; those at the padding index pass no gradient on."""
    index = ar.astype(index, int64)
    taken = take(weight, index)
    if scale_grad_by_freq:
        ones = expand(ar.literal(1, weight.dtype), shape=index.shape)
        counts = put_at(zeros(weight.shape[:1], weight), ones, index, mode="add")
        share = reshape(1.0 / take(counts, index), shape=(*index.shape, *(1,) * (weight.ndim - 1)))
        constant = ew.stop_gradient(taken)
        taken = constant + (taken - constant) * ew.stop_gradient(share)
    if padding_idx >= 0:
        padding = reshape(index.eq(padding_idx), shape=(*index.shape, *(1,) * (weight.ndim - 1)))
        taken = ar.where(padding, ew.stop_gradient(taken), taken)
    return taken


@op(name="embedding", grad="EmbeddingBackward0", widen=False)
def _embedding(input: Value, weight: Value, padding_idx: int, scale_grad_by_freq: bool) -> Any:
    if weight.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    check_indices(input, "indices", "embedding")
    return rows(weight, input, padding_idx, scale_grad_by_freq)


@op(name="embedding_renorm")
def _renormed(weight: Value, input: Value, max_norm: Value, norm_type: float) -> Any:
    """The table with the rows at the indices scaled down to a norm of at most max_norm."""
    index = reshape(ar.astype(input, int64), shape=(input.size,))
    taken = take(weight, index)
    size = ew.absolute(taken)
    if norm_type == float("inf"):
        length = rd.reduce_max(size, axes=(1,))
    else:
        length = rd.reduce_sum(size ** norm_type, axes=(1,)) ** (1.0 / norm_type)
    scale = ar.where(length > max_norm, max_norm / (length + 1e-7), ar.literal(1, weight.dtype))
    scaled = taken * reshape(scale, shape=(input.size, 1))
    return put_at(weight, scaled, index, mode="set")


def renorm_rows(weight: Any, input: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows of a table that are looked up down to a norm of at most max_norm, in place."""
    check_range(input, weight.shape[0])
    with no_grad():
        write(weight, _renormed(weight, input, max_norm, norm_type)._value())


def _padding(padding_idx: int | None, count: int) -> int:
    if padding_idx is None:
        return -1
    if not -count <= padding_idx < count:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx % count if count else 0


def embedding(input: Any, weight: Any, padding_idx: int | None = None,
              max_norm: float | None = None, norm_type: float = 2.0,
              scale_grad_by_freq: bool = False, sparse: bool = False) -> Any:
    """The rows of a table at the given indices.

    Args:
        input: indices, any shape, int64 or int32.
        weight: the table (V, D).
        padding_idx: row that gets no gradient. Default: None.
        max_norm: rows looked up are first scaled down to this norm, in place. Default: None.
        norm_type: order of that norm. Default: 2.
        scale_grad_by_freq: divide gradients by the number of look-ups of a row. Default: False.
        sparse: the gradient keeps the rows that were looked up apart. Default: False.

    Returns:
        A tensor of shape (*input.shape, D).

    Raises:
        IndexError: an index out of range.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.embedding(torch.tensor([1]), torch.tensor([[1., 2.], [3., 4.]]))
        tensor([[3., 4.]])

    Source: PyTorch page `torch.nn.functional.embedding`.
    """
    padding = _padding(padding_idx, weight.shape[0])
    if max_norm is not None:
        renorm_rows(weight, input, max_norm, norm_type)
    if weight.ndim == 2:
        check_range(input, weight.shape[0])
    if sparse and weight.requires_grad and is_grad_enabled():
        with no_grad():
            rows = _embedding(input, weight, padding, scale_grad_by_freq)
        rows._grad_fn, rows._rg = EmbeddingBackward0(weight, input, padding), True
        return rows
    return _embedding(input, weight, padding, scale_grad_by_freq)


@op(name="one_hot")
def _one_hot(input: Value, num_classes: int) -> Any:
    grid = (*input.shape, num_classes)
    classes = reshape(rd.iota(n=num_classes), shape=(*(1,) * input.ndim, num_classes))
    hits = expand(reshape(input, shape=(*input.shape, 1)), shape=grid).eq(
        expand(classes, shape=grid))
    return ew.cast(hits, dtype=int64)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """Rows of zeros with a 1 at the given class.

    Args:
        tensor: classes, any shape, int64.
        num_classes: length of the rows; -1: one more than the largest class. Default: -1.

    Returns:
        An int64 tensor of shape (*tensor.shape, num_classes).

    Raises:
        RuntimeError: another dtype, or a class out of range.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.one_hot(torch.tensor([0, 2]), num_classes=3)
        tensor([[1, 0, 0],
                [0, 0, 1]])

    Source: PyTorch page `torch.nn.functional.one_hot`.
    """
    if tensor.dtype is not int64:
        raise RuntimeError(
            "one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return _one_hot(tensor, num_classes)
    data = tensor._data("one_hot")
    if data.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(data.max()) + 1
    elif data.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return _one_hot(tensor, num_classes)
