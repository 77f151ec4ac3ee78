"""Sequences of several lengths: padded into one tensor, or packed without padding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.base import wrap
from ..autograd.record import Value, Values, op
from ..autograd.views import make_view
from ..dtype import scalar_name
from ..graph import leaf
from ..ops import arithmetic as ar
from ..ops.gather import put_at, take
from ..ops.movement import concatenate, expand, permute, reshape

Array = Any


def packed_rows(sizes: Array, batch: int) -> Array:
    """The places of packed rows in a padded (steps · batch) grid.

    Args:
        sizes: how many sequences run at each step.
        batch: the width of the grid.
    """
    steps = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.cumsum(sizes) - sizes
    return steps * batch + np.arange(len(steps)) - starts[steps]


@op(name="pack_padded_sequence", grad="PackPaddedSequenceBackward0", widen=False)
def _pack(input: Value, rows: Value, batch_first: bool) -> Any:
    x = permute(input, dims=(1, 0, *range(2, input.ndim))) if batch_first else input
    return take(reshape(x, shape=(x.shape[0] * x.shape[1], *x.shape[2:])), rows)


def pack_padded(input: Any, lengths: Any, batch_first: bool) -> tuple[Any, Any]:
    """Packed data and batch sizes of padded sequences, which are sorted from the longest down.

    Args:
        input: (L, N, *), or (N, L, *) with batch_first.
        lengths: int64, (N,).
        batch_first: the order of the first two dimensions.

    Raises:
        RuntimeError: where the lengths do not fit, are not sorted or not positive.
    """
    if not input.numel():
        raise RuntimeError("Cannot pack empty tensors.")
    if lengths.dim() != 1:
        raise RuntimeError("'lengths' argument should be a 1D CPU int64 tensor, but got "
                           f"{lengths.dim()}D cpu {scalar_name(lengths.dtype)} tensor")
    batch, steps = input.shape[:2] if batch_first else (input.size(1), input.shape[0])
    counts = lengths._data("lengths of sequences")
    if len(counts) != batch:
        raise RuntimeError("Expected `len(lengths)` to be equal to batch_size, but got "
                           f"{len(counts)} (batch_size={batch})")
    if counts[-1] <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element "
                           "in 'lengths' that is <= 0")
    if (counts[1:] > counts[:-1]).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability.")
    sizes = (counts > np.arange(counts[0])[:, None]).sum(1)
    rows = packed_rows(sizes[:steps], batch)
    return _pack(input, wrap(leaf(rows)), batch_first), wrap(leaf(sizes))


@op(name="pad_packed_sequence", grad="CopySlices")
def _pad_packed(data: Value, rows: Value, padding_value: Value, steps: int, batch: int) -> Any:
    grid = expand(ar.astype(padding_value, data.dtype), shape=(steps * batch, *data.shape[1:]))
    return reshape(put_at(grid, data, rows, mode="set"), shape=(steps, batch, *data.shape[1:]))


def pad_packed(data: Any, batch_sizes: Any, batch_first: bool, padding_value: float,
               total_length: int) -> tuple[Any, Any]:
    """Padded sequences and their lengths from packed ones.

    Args:
        data: (rows, *).
        batch_sizes: how many sequences run at each step.
        batch_first: return (N, L, *) instead of (L, N, *).
        padding_value: what stands beyond the ends.
        total_length: L.
    """
    sizes = batch_sizes._data("batch_sizes of a packed sequence")
    batch = int(sizes[0])
    output = _pad_packed(data, wrap(leaf(packed_rows(sizes, batch))), padding_value,
                         int(total_length), batch)
    lengths = (sizes[:, None] > np.arange(batch)).sum(0)
    if batch_first:
        dims = (1, 0, *range(2, output.dim()))
        output = make_view(output, (("permute", dims),), "TransposeBackward0")
    return output, wrap(leaf(lengths))


@op(name="pad_sequence", grad="CopySlices", widen=False)
def _pad(sequences: Values, padding_value: Value, batch_first: bool, left: bool) -> Any:
    first = sequences[0]
    length = max(s.shape[0] for s in sequences)
    axis = 0 if batch_first else 1
    columns = []
    for x in sequences:
        x = ar.astype(x, first.dtype)
        tail = (x.shape[0], *first.shape[1:])
        if x.shape != tail:
            ar.broadcast_shape(tail, x.shape)
            x = expand(x, shape=tail)
        columns.append(_extended(x, length, padding_value, left))
    ones = [reshape(c, shape=(*c.shape[:axis], 1, *c.shape[axis:])) for c in columns]
    return concatenate(*ones, axis=axis)


def _extended(x: Any, length: int, value: Any, left: bool) -> Any:
    missing = length - x.shape[0]
    if not missing:
        return x
    filling = expand(ar.astype(value, x.dtype), shape=(missing, *x.shape[1:]))
    return concatenate(*((filling, x) if left else (x, filling)), axis=0)


def pad_sequence(sequences: Any, batch_first: bool = False, padding_value: float = 0.0,
                 padding_side: str = "right") -> Any:
    """Sequences of several lengths stacked in one tensor, padded to the longest.

    Args:
        sequences: tensors (L, *), equal in all dimensions but the first.
        batch_first: return (N, L, *) instead of (L, N, *). Default: False.
        padding_value: what stands beyond the ends. Default: 0.
        padding_side: "right" or "left". Default: "right".

    Raises:
        RuntimeError: where there is no sequence, or the other dimensions differ.

    Example:
        >>> import flambeau as torch
        >>> a, b = torch.tensor([1, 2]), torch.tensor([3])
        >>> torch.nn.utils.rnn.pad_sequence([a, b], batch_first=True)
        tensor([[1, 2],
                [3, 0]])

    Source: PyTorch, torch.nn.utils.rnn.pad_sequence.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError("pad_sequence: Expected iterable for input sequences, but got arg of "
                           f"type: {type(sequences)}")
    sequences = tuple(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError("Expected padding_side to be one of left or right, but got "
                           f"{padding_side}.")
    return _pad(sequences, padding_value, batch_first, padding_side == "left")
