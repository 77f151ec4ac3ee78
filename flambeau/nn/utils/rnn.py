"""Batches of sequences of several lengths: padding and packing."""

from __future__ import annotations

from typing import Any, NamedTuple

from flambeau.dtype import double, float32, half, int8, int16, int32, int64, uint8
from flambeau.functional.packing import pack_padded, pad_packed, pad_sequence
from flambeau.tensor.creation import arange, empty_like
from flambeau.tensor.data import as_tensor
from flambeau.tensor.tensor import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Fields(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(_Fields):
    """Sequences of several lengths without padding: step after step, the longest sequence first.

    Made by `pack_padded_sequence` and `pack_sequence`; recurrent layers take and return it.

    Attributes:
        data: the packed elements, (Σ lengths, *).
        batch_sizes: how many sequences run at each step, int64.
        sorted_indices: where each sequence came from; None where they came sorted.
        unsorted_indices: the inverse permutation.

    Example:
        >>> import flambeau as torch
        >>> a, b = torch.tensor([1, 2, 3]), torch.tensor([4, 5])
        >>> torch.nn.utils.rnn.pack_sequence([a, b]).data
        tensor([1, 4, 2, 5, 3])

    Source: torch.nn.utils.rnn.PackedSequence
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Any = None,
        sorted_indices: Any = None,
        unsorted_indices: Any = None,
    ) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:  # PackedSequence((data, batch_sizes))
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be "
                "created manually. They should be instantiated by functions like pack_sequence "
                "and pack_padded_sequences in nn.utils.rnn. "
                "https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with(self, data: Any) -> PackedSequence:
        if data is self.data:
            return self
        return type(self)(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with `data.to(…)`; the sequence itself where nothing changes."""
        return self._with(self.data.to(*args, **kwargs))

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Move the data to a CUDA device."""
        return self._with(self.data.cuda(*args, **kwargs))

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Move the data to the CPU."""
        return self.to(*args, device="cpu", **kwargs)

    def pin_memory(self) -> PackedSequence:
        """Put all tensors into pinned memory."""
        indices = [
            i if i is None else i.pin_memory()
            for i in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(self.data.pin_memory(), self.batch_sizes, *indices)

    def double(self) -> PackedSequence:
        """Convert the data to float64."""
        return self.to(dtype=double)

    def float(self) -> PackedSequence:
        """Convert the data to float32."""
        return self.to(dtype=float32)

    def half(self) -> PackedSequence:
        """Convert the data to float16."""
        return self.to(dtype=half)

    def long(self) -> PackedSequence:
        """Convert the data to int64."""
        return self.to(dtype=int64)

    def int(self) -> PackedSequence:
        """Convert the data to int32."""
        return self.to(dtype=int32)

    def short(self) -> PackedSequence:
        """Convert the data to int16."""
        return self.to(dtype=int16)

    def char(self) -> PackedSequence:
        """Convert the data to int8."""
        return self.to(dtype=int8)

    def byte(self) -> PackedSequence:
        """Convert the data to uint8."""
        return self.to(dtype=uint8)

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a CUDA device."""
        return bool(self.data.is_cuda)

    def is_pinned(self) -> bool:
        """Whether the data is in pinned memory."""
        return bool(self.data.is_pinned())


def invert_permutation(permutation: Any) -> Any:
    """The inverse of a permutation of 0 … n - 1; None for None.

    Args:
        permutation: int64, (n,), or None.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.utils.rnn.invert_permutation(torch.tensor([2, 0, 1]))
        tensor([1, 2, 0])

    Source: torch.nn.utils.rnn.invert_permutation
    """
    if permutation is None:
        return None
    output = empty_like(permutation)
    output.scatter_(0, permutation, arange(0, permutation.numel()))
    return output


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack padded sequences of several lengths.

    Args:
        input: (L, N, *), or (N, L, *) with batch_first.
        lengths: the length of each sequence: a tensor or list of N integers.
        batch_first: the order of the first two dimensions. Default: False.
        enforce_sorted: the sequences are sorted from the longest down; False: sort them.
            Default: True.

    Raises:
        RuntimeError: where the lengths do not fit, are not sorted or not positive.

    Example:
        >>> import flambeau as torch
        >>> from flambeau.nn.utils.rnn import pack_padded_sequence
        >>> x = torch.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
        >>> packed = pack_padded_sequence(x, [2, 1, 3], batch_first=True, enforce_sorted=False)
        >>> packed.data, packed.batch_sizes
        (tensor([4, 1, 3, 5, 2, 6]), tensor([3, 2, 1]))

    Source: torch.nn.utils.rnn.pack_padded_sequence
    """
    if isinstance(lengths, Tensor):
        lengths = lengths.to(dtype=int64)
    else:
        lengths = as_tensor(lengths, dtype=int64, device="cpu")
    sorted_indices = None
    if not enforce_sorted:
        lengths, sorted_indices = lengths.sort(descending=True)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    data, batch_sizes = pack_padded(input, lengths, batch_first)
    return PackedSequence(data, batch_sizes, sorted_indices)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Any, Any]:
    """Pad packed sequences: the inverse of `pack_padded_sequence`.

    Args:
        sequence: what was packed.
        batch_first: return (N, L, *) instead of (L, N, *). Default: False.
        padding_value: what stands beyond the ends. Default: 0.
        total_length: pad to this length instead of the longest. Default: None.

    Returns:
        The padded tensor and the lengths, in the order before packing.

    Raises:
        ValueError: total_length is less than the longest length.

    Example:
        >>> import flambeau as torch
        >>> from flambeau.nn.utils.rnn import pack_sequence, pad_packed_sequence
        >>> packed = pack_sequence([torch.tensor([1, 2]), torch.tensor([3])])
        >>> pad_packed_sequence(packed, batch_first=True)
        (tensor([[1, 2],
                [3, 0]]), tensor([2, 1]))

    Source: torch.nn.utils.rnn.pad_packed_sequence
    """
    longest = sequence.batch_sizes.size(0)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, "
            f"but got total_length={total_length} and max sequence length being {longest}"
        )
    padded, lengths = pad_packed(
        sequence.data,
        sequence.batch_sizes,
        batch_first,
        padding_value,
        longest if total_length is None else total_length,
    )
    order = sequence.unsorted_indices
    if order is None:
        return padded, lengths
    return padded.index_select(0 if batch_first else 1, order), lengths[order]


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """Split a padded tensor into sequences of their own lengths.

    Args:
        padded_sequences: (L, N, *), or (N, L, *) with batch_first.
        lengths: the length of each sequence, (N,).
        batch_first: the order of the first two dimensions. Default: False.

    Example:
        >>> import flambeau as torch
        >>> x = torch.tensor([[1, 2], [3, 0]])
        >>> torch.nn.utils.rnn.unpad_sequence(x, torch.tensor([2, 1]), batch_first=True)
        [tensor([1, 2]), tensor([3])]

    Source: torch.nn.utils.rnn.unpad_sequence
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    places = arange(rows.shape[1])
    return [row[places < n] for row, n in zip(rows, lengths, strict=True)]


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of several lengths.

    Args:
        sequences: tensors (L, *), equal in all dimensions but the first.
        enforce_sorted: they are sorted from the longest down; False: sort them. Default: True.

    Example:
        >>> import flambeau as torch
        >>> packed = torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 2]), torch.tensor([3])])
        >>> packed.data, packed.batch_sizes
        (tensor([1, 3, 2]), tensor([2, 1]))

    Source: torch.nn.utils.rnn.pack_sequence
    """
    lengths = as_tensor([s.size(0) for s in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The sequences that were packed, in their first order.

    Args:
        packed_sequences: what was packed.

    Example:
        >>> import flambeau as torch
        >>> packed = torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 2]), torch.tensor([3])])
        >>> torch.nn.utils.rnn.unpack_sequence(packed)
        [tensor([1, 2]), tensor([3])]

    Source: torch.nn.utils.rnn.unpack_sequence
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
