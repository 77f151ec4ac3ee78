"""The safetensors format: a JSON header and the bytes of contiguous tensors."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from .atomic import atomic_file
from .codec import DumpedTensor, TensorCodec, current_codec
from .errors import CheckpointError
from .storage import (
    LoadedStorage,
    check_count,
    check_counts,
    check_location,
    foreign,
    item_size,
    row_major,
)
from .zip_format import read_into

# In the order in which the format's own library lays tensors out: wide elements first.
_NAMES = {
    "uint64": "U64", "int64": "I64", "float64": "F64", "complex64": "C64",
    "float32": "F32", "uint32": "U32", "int32": "I32",
    "bfloat16": "BF16", "float16": "F16", "uint16": "U16", "int16": "I16",
    "int8": "I8", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
_RANKS = {name: rank for rank, name in enumerate(_NAMES)}
_DTYPES = {short: name for name, short in _NAMES.items()}
_MAX_HEADER = 100_000_000


def save_file(
    tensors: Mapping[str, Any],
    filename: str | os.PathLike[str],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Save tensors by name.

    Args:
        tensors: name to contiguous tensor; no two may share memory.
        filename: the file, replaced as a whole or not at all.
        metadata: text to keep in the header.

    Raises:
        ValueError: a tensor is not contiguous, or of a dtype that the format lacks.
        RuntimeError: two tensors share memory.

    Example:
        >>> import os, tempfile
        >>> import flambeau as torch
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> save_file({"weight": torch.ones(2)}, path)
        >>> os.path.getsize(path)
        80

    Source:
        The format's description at https://github.com/huggingface/safetensors.
    """
    codec = current_codec()
    dumped = {name: codec.dump(tensor) for name, tensor in tensors.items()}
    pieces = {name: _contiguous_bytes(name, tensor) for name, tensor in dumped.items()}
    _check_disjoint(dumped)
    order = sorted(dumped, key=lambda name: (_RANKS[dumped[name].dtype_name], name))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata is not None else {}
    position = 0
    for name in order:
        end = position + pieces[name].size
        header[name] = {
            "dtype": _NAMES[dumped[name].dtype_name],
            "shape": list(dumped[name].shape),
            "data_offsets": [position, end],
        }
        position = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with atomic_file(filename) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(pieces[name].data)


def _contiguous_bytes(name: str, tensor: DumpedTensor) -> np.ndarray[Any, Any]:
    if tensor.dtype_name not in _NAMES:
        raise ValueError(f"tensor `{name}` is {tensor.dtype_name}, which safetensors cannot hold")
    count = 1
    for size, step in zip(reversed(tensor.shape), reversed(tensor.stride), strict=True):
        if size > 1 and step != count and 0 not in tensor.shape:
            raise ValueError(
                f"You are trying to save a non contiguous tensor: `{name}` which is not allowed. "
                "Call `.contiguous()` on it before saving."
            )
        count *= size
    values = tensor.storage[tensor.storage_offset :][:count]
    if foreign("little"):
        values = values.byteswap()
    return values.view(np.uint8)


def _check_disjoint(dumped: Mapping[str, DumpedTensor]) -> None:
    spans: dict[Any, list[tuple[int, int, str]]] = {}
    for name, tensor in dumped.items():
        count = int(np.prod(tensor.shape, dtype=object))
        if count:
            span = (tensor.storage_offset, tensor.storage_offset + count, name)
            spans.setdefault(tensor.storage_key, []).append(span)
    for found in spans.values():
        found.sort()
        for (_, end, first), (start, _, second) in zip(found, found[1:], strict=False):
            if start < end:
                raise RuntimeError(
                    "Some tensors share memory, this will lead to duplicate memory on disk and "
                    f"potential differences when loading them again: {{'{first}', '{second}'}}"
                )


def load_file(filename: str | os.PathLike[str], device: str = "cpu") -> dict[str, Any]:
    """Load the tensors of a file.

    Args:
        filename: the file.
        device: where the tensors go.

    Returns:
        Name to tensor.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is malformed.

    Example:
        >>> import os, tempfile
        >>> import flambeau as torch
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> save_file({"weight": torch.ones(2)}, path)
        >>> load_file(path)
        {'weight': tensor([1., 1.])}

    Source:
        The format's description at https://github.com/huggingface/safetensors.
    """
    check_location(str(device))
    with open(filename, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            entries, start = _read_header(file, size)
            return _read_tensors(file, entries, size - start, current_codec())
        except CheckpointError:
            raise
        except Exception as error:
            raise CheckpointError(f"Error while deserializing header: {error}") from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise CheckpointError("Error while deserializing header: a name appears twice")
    return table


def _read_header(file: BinaryIO, size: int) -> tuple[dict[str, Any], int]:
    if size < 8:
        raise CheckpointError("Error while deserializing header: HeaderTooSmall")
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _MAX_HEADER or length > size - 8:
        raise CheckpointError("Error while deserializing header: HeaderTooLarge")
    text = file.read(length).decode("utf-8")
    if not text.startswith("{"):
        raise CheckpointError("Error while deserializing header: InvalidHeaderStart")
    header = json.loads(text, object_pairs_hook=_without_duplicates)
    metadata = header.pop("__metadata__", {})
    if type(metadata) is not dict or not all(type(text) is str for text in metadata.values()):
        raise CheckpointError("Error while deserializing header: invalid metadata")
    return header, 8 + length


def _read_tensors(
    file: BinaryIO, entries: dict[str, Any], size: int, codec: TensorCodec
) -> dict[str, Any]:
    places = {name: _check_entry(name, entry, codec) for name, entry in entries.items()}
    loaded, position = {}, 0
    for name in sorted(places, key=lambda name: places[name][2:]):
        dtype_name, shape, start, end = places[name]
        if start != position or end > size:
            raise CheckpointError(
                f"Error while deserializing header: InvalidOffset({name!r}), the bytes are not "
                "there or belong to two tensors"
            )
        raw = np.empty(end - start, np.uint8)
        read_into(file, raw)
        position = end
        storage = LoadedStorage(raw, dtype_name, foreign("little"))
        flat = storage.view(dtype_name, codec)
        stride = row_major(shape)
        loaded[name] = codec.build(flat, dtype_name, 0, shape, stride, False, storage)
    if position != size:
        raise CheckpointError(
            "Error while deserializing header: MetadataIncompleteBuffer, bytes that no tensor holds"
        )
    return {name: loaded[name] for name in entries}


def _check_entry(
    name: str, entry: Any, codec: TensorCodec
) -> tuple[str, tuple[int, ...], int, int]:
    if type(entry) is not dict or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise CheckpointError(f"Error while deserializing header: invalid entry {name!r}")
    dtype_name = _DTYPES.get(entry["dtype"]) if type(entry["dtype"]) is str else None
    if dtype_name is None:
        raise CheckpointError(f"Error while deserializing header: unknown dtype of {name!r}")
    shape = check_counts(entry["shape"], "shape")
    offsets = entry["data_offsets"]
    if type(offsets) is not list or len(offsets) != 2:
        raise CheckpointError(f"Error while deserializing header: InvalidOffset({name!r})")
    start, end = (check_count(offset, "offset") for offset in offsets)
    size = item_size(dtype_name, codec)
    for length in shape:
        size *= length
    if end - start != size:
        raise CheckpointError(f"Error while deserializing header: TensorInvalidInfo({name!r})")
    return dtype_name, shape, start, end
