"""Storages read from a file, and the checks that every view of them must pass."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .codec import DTYPE_NAMES, TensorCodec
from .errors import CheckpointError

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
MAX_DIMENSIONS = 64
_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class StorageType:
    """A storage class as a file names it; ``dtype_name`` is None for untyped bytes."""

    dtype_name: str | None


@dataclass(eq=False, slots=True)
class LoadedStorage:
    """The bytes of one storage; its identity stands for the storage when tensors share it.

    Attributes:
        raw: the bytes.
        dtype_name: the element type, or None for untyped bytes.
        foreign_order: whether the bytes still have to be swapped.
        location: where the storage lived, such as ``"cpu"`` or ``"cuda:0"``.
        native: the codec's own storage object.
    """

    raw: Bytes
    dtype_name: str | None
    foreign_order: bool = False
    location: str = "cpu"
    native: Any = None
    _views: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict, repr=False)

    def view(self, dtype_name: str, codec: TensorCodec) -> np.ndarray[Any, Any]:
        """Give the storage as a flat array of that dtype; the same array at each call."""
        found = self._views.get(dtype_name)
        if found is not None:
            return found
        dtype = _numpy_dtype(dtype_name, codec)
        count = self.raw.size // dtype.itemsize
        raw = self.raw[: count * dtype.itemsize]
        if self.foreign_order:
            swapped = raw.view(_swap_unit(dtype)).byteswap()
            self.raw = raw = swapped.view(np.uint8)
            self.foreign_order = False
        if raw.size and raw.ctypes.data % min(dtype.itemsize, 8):
            self.raw = raw = raw.copy()
        array = raw.view(dtype)
        if dtype_name == "bool" and raw.size and raw.max() > 1:
            array = raw != 0
        self._views[dtype_name] = array
        return array


def _numpy_dtype(name: str, codec: TensorCodec) -> np.dtype[Any]:
    if name not in DTYPE_NAMES:
        raise CheckpointError(f"the checkpoint uses dtype {name}, which is not supported")
    return codec.numpy_dtype(name)


def _swap_unit(dtype: np.dtype[Any]) -> np.dtype[Any]:
    size = dtype.itemsize // 2 if dtype.kind == "c" else dtype.itemsize
    return np.dtype(f"u{size}")


def item_size(dtype_name: str | None, codec: TensorCodec) -> int:
    """Give the bytes of one element; untyped storages count bytes."""
    return 1 if dtype_name is None else _numpy_dtype(dtype_name, codec).itemsize


def foreign(byte_order: str) -> bool:
    """Whether bytes of that order (``"little"`` or ``"big"``) must be swapped here."""
    return byte_order != sys.byteorder


def check_count(value: object, what: str) -> int:
    """Check a size, offset or stride from a file.

    Args:
        value: what the file holds.
        what: its name in the message.

    Returns:
        The value: an int from 0 to 2**63 - 1.

    Raises:
        CheckpointError: anything else.

    Example:
        >>> check_count(3, "size")
        3
    """
    if type(value) is not int or not 0 <= value < _LIMIT:
        raise CheckpointError(f"the checkpoint holds an invalid {what}")
    return value


def check_counts(values: object, what: str) -> tuple[int, ...]:
    """Check a tuple (or list) of sizes or strides from a file.

    Args:
        values: what the file holds.
        what: its name in the message.

    Returns:
        The values as a plain tuple.

    Raises:
        CheckpointError: it is no sequence of counts, or is longer than 64.

    Example:
        >>> check_counts([2, 3], "shape")
        (2, 3)
    """
    if not isinstance(values, tuple | list) or len(values) > MAX_DIMENSIONS:
        raise CheckpointError(f"the checkpoint holds an invalid {what}")
    return tuple(check_count(value, what) for value in values)


def check_view(
    elements: int, offset: object, shape: object, stride: object
) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Check that a view lies inside its storage; Python's ints cannot overflow.

    Args:
        elements: elements in the storage.
        offset: first element of the view.
        shape: sizes.
        stride: steps in elements.

    Returns:
        Offset, shape and stride as plain ints. An empty view may start past the end; its offset
        comes back within the storage.

    Raises:
        CheckpointError: an entry is no count, or the view reaches outside the storage.

    Example:
        >>> check_view(6, 1, (2, 2), (3, 1))
        (1, (2, 2), (3, 1))
    """
    first = check_count(offset, "storage offset")
    sizes = check_counts(shape, "shape")
    steps = check_counts(stride, "stride")
    if len(sizes) != len(steps):
        raise CheckpointError("the checkpoint holds a tensor whose shape and stride disagree")
    numel = 1
    for size in sizes:
        numel *= max(size, 1)
    if numel >= _LIMIT:
        raise CheckpointError("the checkpoint holds a tensor with too many elements")
    if 0 in sizes:
        return min(first, elements), sizes, steps
    last = first + sum((size - 1) * step for size, step in zip(sizes, steps, strict=True))
    if last >= elements:
        raise CheckpointError(
            f"the checkpoint holds a tensor of shape {list(sizes)}, strides {list(steps)} and "
            f"offset {first} that is out of bounds for its storage of {elements} elements"
        )
    return first, sizes, steps


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Give the strides of a contiguous tensor.

    Args:
        shape: sizes.

    Returns:
        Steps in elements, PyTorch's for empty tensors too.

    Example:
        >>> row_major((2, 0, 3))
        (3, 3, 1)
    """
    stride, step = [], 1
    for size in reversed(shape):
        stride.append(step)
        step *= max(size, 1)
    return tuple(reversed(stride))


def restore_location(map_location: Any, codec: TensorCodec) -> Callable[[LoadedStorage], None]:
    """Make the function that decides where a storage goes.

    Args:
        map_location: None, a device or its name, a dict of names, or a function of
            (storage, name) that returns a storage or None, as in ``torch.load``.
        codec: tells devices apart.

    Returns:
        A function that raises CheckpointError where the storage asks for a missing device.
    """

    def restore(storage: LoadedStorage) -> None:
        location = storage.location
        if isinstance(map_location, dict):
            location = map_location.get(location, location)
        elif isinstance(map_location, bytes):
            location = map_location.decode()
        elif isinstance(map_location, str):
            location = map_location
        elif isinstance(map_location, codec.device_class):
            location = codec.device_arguments(map_location)[0]
        elif map_location is not None and map_location(storage, location) is not None:
            return
        check_location(str(location))

    return restore


def check_location(location: str) -> None:
    """Check that storages can live at a place.

    Args:
        location: such as ``"cpu"``.

    Raises:
        CheckpointError: there is no such device here.

    Example:
        >>> check_location("cpu")
    """
    if location.startswith("cpu"):
        return
    if location.startswith("cuda"):
        raise CheckpointError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is "
            "False. If you are running on a CPU-only machine, please use torch.load with "
            "map_location=torch.device('cpu') to map your storages to the CPU."
        )
    raise CheckpointError(
        "don't know how to restore data location of torch.storage.UntypedStorage "
        f"(tagged with {location})"
    )
