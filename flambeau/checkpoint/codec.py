"""The seam between checkpoints and tensors: everything here works on NumPy arrays."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

# PyTorch's storage classes by the dtype they hold; a dtype that is not here is stored untyped.
STORAGE_OF_DTYPE: dict[str, str] = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
    "complex64": "ComplexFloatStorage",
    "complex128": "ComplexDoubleStorage",
}
DTYPE_OF_STORAGE: dict[str, str] = {name: dtype for dtype, name in STORAGE_OF_DTYPE.items()}
UNTYPED_DTYPES: tuple[str, ...] = ("uint16", "uint32", "uint64")
DTYPE_NAMES: tuple[str, ...] = (*STORAGE_OF_DTYPE, *UNTYPED_DTYPES)
# PyTorch's second names of the same dtypes, as very old files spell them.
DTYPE_ALIASES: dict[str, str] = {
    "double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32",
    "short": "int16", "cfloat": "complex64", "cdouble": "complex128",
}  # fmt: skip


class DumpedTensor(NamedTuple):
    """A tensor taken apart: a view (offset, shape, stride, in elements) of a flat storage.

    Attributes:
        storage_key: the identity of the storage; equal keys mean one storage.
        storage: the whole storage as a flat contiguous array.
        dtype_name: such as ``"float32"``.
        storage_offset: first element of the view.
        shape: sizes of the view.
        stride: steps of the view.
        requires_grad: whether the tensor records gradients.
        state: attributes that the program set on the tensor, or None.

    Example:
        >>> whole = np.zeros(6, np.float32)
        >>> DumpedTensor(0, whole, "float32", 1, (2,), (3,), False, None).stride
        (3,)
    """

    storage_key: Hashable
    storage: np.ndarray[Any, Any]
    dtype_name: str
    storage_offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    requires_grad: bool
    state: Mapping[str, Any] | None


class StorageToken(Protocol):
    """Stands for one storage while a checkpoint is read: tensors that share it get one token.

    Attributes:
        native: None at first; the codec keeps its own storage object here, to find it again when
            the next tensor comes with this token. It lives no longer than the reading.

    Example:
        >>> "native" in StorageToken.__annotations__
        True
    """

    native: Any


class TensorCodec(Protocol):
    """How checkpoints take tensors apart and build them; the core registers one.

    All arguments of the building methods have been checked against the bytes present.

    Example:
        >>> hasattr(TensorCodec, "build")
        True
    """

    tensor_class: type
    parameter_class: type
    size_class: type
    device_class: type

    def is_tensor(self, obj: object) -> bool:
        """Whether the object is a tensor or parameter."""

    def is_parameter(self, obj: object) -> bool:
        """Whether the object is a parameter."""

    def dump(self, obj: Any) -> DumpedTensor:
        """Take a tensor apart."""

    def build(
        self,
        storage: np.ndarray[Any, Any],
        dtype_name: str,
        offset: int,
        shape: tuple[int, ...],
        stride: tuple[int, ...],
        requires_grad: bool,
        storage_token: StorageToken,
    ) -> Any:
        """Build a tensor that views the storage; one token may come with arrays of two dtypes."""

    def build_parameter(self, tensor: Any, requires_grad: bool) -> Any:
        """Build a parameter on the data of a tensor."""

    def set_state(self, tensor: Any, state: Mapping[str, Any]) -> None:
        """Set the attributes that a program had put on the tensor."""

    def dtype_by_name(self, name: str) -> Any:
        """Give the dtype object of that name, such as ``"float32"``."""

    def dtype_name(self, obj: object) -> str | None:
        """Give the name of a dtype object, or None for anything else."""

    def numpy_dtype(self, name: str) -> np.dtype[Any]:
        """Give NumPy's dtype of that name (``bfloat16`` comes from ml_dtypes)."""

    def make_device(self, kind: str, index: int | None) -> Any:
        """Build a device object."""

    def device_arguments(self, device: Any) -> tuple[str, int | None]:
        """Give the kind and index of a device object."""


@dataclass(slots=True)
class _Registry:
    codec: TensorCodec | None = None


_registry = _Registry()


def register_codec(codec: TensorCodec) -> None:
    """Say how tensors are taken apart and built.

    Args:
        codec: the one codec that ``save`` and ``load`` use from now on.

    Example:
        >>> import flambeau.checkpoint
        >>> register_codec(current_codec())
    """
    _registry.codec = codec


def current_codec() -> TensorCodec:
    """Give the registered codec.

    Returns:
        The codec.

    Raises:
        RuntimeError: none has been registered.

    Example:
        >>> import flambeau.checkpoint
        >>> current_codec().tensor_class.__name__
        'Tensor'
    """
    if _registry.codec is None:
        raise RuntimeError("checkpoints need a tensor codec: call register_codec first")
    return _registry.codec
