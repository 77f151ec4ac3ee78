"""Tensor's dealings with memory: storages, sharing, resizing, exchange with other libraries."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.base import TensorBase
from ..autograd.inplace import assign, set_data
from ..device import cpu, device, preserve_format
from ..dtype import dtype
from ..engines import realize
from ..functional.formats import checked_format, follows, in_format
from .arrays import from_array, share_array


class SharedPages(mmap.mmap):
    """Memory that other processes may map too, through its descriptor."""

    descriptor: int

    def __new__(cls, descriptor: int, nbytes: int) -> SharedPages:
        """Map a file's first bytes; the descriptor is closed with the mapping."""
        made = super().__new__(cls, descriptor, nbytes)
        made.descriptor = descriptor
        return made

    def __del__(self) -> None:
        os.close(self.descriptor)

    @classmethod
    def reserve(cls, nbytes: int) -> SharedPages:
        """New pages of zeros, of a file without a name."""
        with tempfile.TemporaryFile(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as file:
            file.truncate(nbytes)
            return cls(os.dup(file.fileno()), nbytes)


def shared_pages(t: Any) -> SharedPages | None:
    """The shared memory that a tensor lies in, if it does."""
    owner = _owner(t._storage.buffer)
    return owner if isinstance(owner, SharedPages) else None


class UntypedStorage:
    """The bytes behind a tensor and its views.

    Two storages are equal where they are the same memory.
    """

    def __init__(self, t: Any) -> None:
        self._memory = t._storage
        self._address = t.data_ptr() - t.storage_offset() * t.itemsize if t.numel() else 0

    def data_ptr(self) -> int:
        """The identity of the memory, as `Tensor.data_ptr` counts."""
        return self._address

    def nbytes(self) -> int:
        """The number of bytes."""
        return int(self._memory.node.spec.nbytes)

    size = nbytes
    __len__ = nbytes

    @property
    def device(self) -> device:
        """Where the memory is."""
        return cpu

    def element_size(self) -> int:
        """Bytes per element: 1."""
        return 1

    def is_shared(self) -> bool:
        """Whether other processes may see the memory."""
        return isinstance(_owner(self._memory.buffer), mmap.mmap)

    def _whole(self) -> Any:
        memory = self._memory
        array = memory.buffer if memory.shared() else realize.realize(memory.node, "storage")
        return np.ascontiguousarray(array).reshape(-1)

    def tolist(self) -> list[int]:
        """The bytes as numbers."""
        return list(self._whole().view(np.uint8).tolist())

    def __getitem__(self, index: Any) -> Any:
        return self.tolist()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UntypedStorage) and other._memory is self._memory

    def __hash__(self) -> int:
        return id(self._memory)

    def __repr__(self) -> str:
        lines = [f" {b}" for b in self.tolist()]
        lines.append(f"[torch.storage.UntypedStorage(device=cpu) of size {len(self)}]")
        return "\n".join(lines)


class TypedStorage(UntypedStorage):
    """The elements behind a tensor and its views."""

    def __init__(self, t: Any) -> None:
        super().__init__(t)
        self.dtype: dtype = t.dtype

    def size(self) -> int:
        """The number of elements."""
        return self.nbytes() // self.dtype.itemsize

    __len__ = size

    def element_size(self) -> int:
        """Bytes per element."""
        return self.dtype.itemsize

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        return list(self._whole().tolist())

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        made = UntypedStorage.__new__(UntypedStorage)
        made._memory, made._address = self._memory, self._address
        return made

    def __repr__(self) -> str:
        lines = [f" {x}" for x in self.tolist()]
        return "\n".join([*lines, f"[torch.storage.TypedStorage(dtype={self.dtype}, device=cpu) of "
                          f"size {len(self)}]"])


def _owner(buffer: Any) -> Any:
    while isinstance(buffer, np.ndarray) and buffer.base is not None:
        buffer = buffer.base
    return buffer.obj if isinstance(buffer, memoryview) else buffer


class MemoryMethods:
    """Storages, sharing, resizing, DLPack and NumPy's protocols."""

    def untyped_storage(self) -> UntypedStorage:
        """The bytes behind the tensor."""
        return UntypedStorage(self)

    def storage(self) -> TypedStorage:
        """The elements behind the tensor."""
        return TypedStorage(self)

    _typed_storage = storage

    def share_memory_(self) -> Any:
        """Move the memory where other processes can share it; in place."""
        storage = self._storage  # type: ignore[attr-defined]
        if storage.node.spec.nbytes and not self.is_shared():
            memory = TypedStorage(self)._whole()
            pages = SharedPages.reserve(memory.nbytes)
            buffer = np.frombuffer(pages, memory.dtype).reshape(storage.node.spec.shape)
            np.copyto(buffer, memory.reshape(buffer.shape))
            storage.share(buffer)
        return self

    def is_shared(self) -> bool:
        """Whether other processes can share the memory."""
        return UntypedStorage(self).is_shared()

    def pin_memory(self, device: Any = None) -> Any:
        """Raises RuntimeError: there is no accelerator to pin memory for."""
        raise RuntimeError("Cannot access accelerator device when none is available.")

    def is_pinned(self, device: Any = None) -> bool:
        """Whether the memory is pinned: never."""
        return False

    def get_device(self) -> int:
        """The index of the device: -1 for the CPU."""
        return -1

    def set_(self, source: Any = None) -> Any:
        """Name the memory of another tensor; None: no memory."""
        set_data(self, from_array(np.zeros(0, self.dtype.numpy), self.dtype)  # type: ignore[attr-defined]
                 if source is None else source)
        return self

    def resize_(self, *size: Any, memory_format: Any = None) -> Any:
        """Change the shape in place; elements are kept in order, new ones are zeros.

        Args:
            size: the shape, as numbers or as one sequence.
            memory_format: the order in memory that the tensor has afterwards.
        """
        mine: Any = self
        if mine.requires_grad:
            raise RuntimeError("cannot resize variables that require grad")
        if memory_format is preserve_format:
            raise RuntimeError("Unsupported memory formatPreserve")
        shape = tuple(size[0]) if len(size) == 1 and not hasattr(size[0], "__index__") else size
        old = mine._data("resize").reshape(-1)
        new = np.zeros(int(np.prod(shape)), old.dtype)
        count = min(old.size, new.size)
        new[:count] = old[:count]
        form = checked_format(memory_format, "resize_")
        set_data(self, in_format(from_array(new.reshape(shape), mine.dtype), form))
        return self

    def resize_as_(self, the_template: Any, memory_format: Any = None) -> Any:
        """Change the shape to that of another tensor; in place."""
        if memory_format is preserve_format:
            memory_format = follows(memory_format, the_template)
        return self.resize_(tuple(the_template.shape), memory_format=memory_format)

    def apply_(self, callable: Callable[[Any], Any]) -> Any:
        """Replace each element by what a Python function makes of it; in place."""
        mine: Any = self
        data = mine._data("apply")
        values = [callable(x) for x in data.reshape(-1).tolist()]
        return assign(self, from_array(np.array(values).reshape(data.shape).astype(data.dtype),
                                       mine.dtype))

    def map_(self, tensor: Any, callable: Callable[[Any, Any], Any]) -> Any:
        """Replace each element by a Python function of it and another tensor's; in place."""
        mine: Any = self
        pairs = zip(mine._data("map").reshape(-1).tolist(),
                    tensor._data("map").reshape(-1).tolist(), strict=True)
        values = np.array([callable(a, b) for a, b in pairs])
        return assign(self, from_array(values.reshape(tuple(mine.shape)).astype(mine.dtype.numpy),
                                       mine.dtype))

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        array = np.asarray(array)
        return share_array(array.astype(np.uint8) if array.dtype == bool else array)

    def __dlpack__(self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None,
                   copy: bool | None = None) -> Any:
        mine: Any = self
        if mine.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return mine.numpy().__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Any:
    """A tensor that shares memory with an array of another library.

    Args:
        ext_tensor: an object with `__dlpack__`.

    Example:
        >>> import flambeau as torch
        >>> import numpy as np
        >>> torch.from_dlpack(np.array([1., 2.]))
        tensor([1., 2.], dtype=torch.float64)

    Source: torch.from_dlpack.
    """
    if isinstance(ext_tensor, TensorBase):
        return ext_tensor.detach()  # type: ignore[attr-defined]
    return share_array(np.from_dlpack(ext_tensor))


def to_dlpack(tensor: Any) -> Any:
    """The tensor's memory as a DLPack capsule."""
    return tensor.__dlpack__()
