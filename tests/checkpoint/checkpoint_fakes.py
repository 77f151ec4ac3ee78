"""A tensor of NumPy arrays, just large enough to test checkpoints without the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np

from flambeau.checkpoint import DumpedTensor
from flambeau.checkpoint.codec import DTYPE_NAMES


class FakeDtype:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


DTYPES = {name: FakeDtype(name) for name in DTYPE_NAMES}


class FakeSize(tuple):
    pass


class FakeDevice:
    def __init__(self, kind: str, index: int | None) -> None:
        self.kind, self.index = kind, index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FakeDevice) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.kind, self.index))


class FakeStorage:
    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array


class FakeTensor:
    def __init__(
        self,
        storage: FakeStorage,
        offset: int,
        shape: tuple[int, ...],
        stride: tuple[int, ...],
        requires_grad: bool = False,
    ) -> None:
        self._storage = storage
        self._view = (offset, shape, stride)
        self.requires_grad = requires_grad

    @classmethod
    def of(cls, array: Any, requires_grad: bool = False) -> FakeTensor:
        array = np.array(array, order="C")
        stride, step = [], 1
        for size in reversed(array.shape):
            stride.insert(0, step)
            step *= max(size, 1)
        return cls(FakeStorage(array.reshape(-1)), 0, array.shape, tuple(stride), requires_grad)

    def view_as(self, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> FakeTensor:
        return FakeTensor(self._storage, offset, shape, stride)

    @property
    def array(self) -> np.ndarray[Any, Any]:
        offset, shape, stride = self._view
        flat = self._storage.array
        steps = tuple(step * flat.itemsize for step in stride)
        return np.lib.stride_tricks.as_strided(flat[offset:], shape, steps)


class FakeParameter(FakeTensor):
    pass


_OWN = ("_storage", "_view", "requires_grad")


class FakeCodec:
    tensor_class = FakeTensor
    parameter_class = FakeParameter
    size_class = FakeSize
    device_class = FakeDevice

    def is_tensor(self, obj: object) -> bool:
        return isinstance(obj, FakeTensor)

    def is_parameter(self, obj: object) -> bool:
        return isinstance(obj, FakeParameter)

    def dump(self, obj: FakeTensor) -> DumpedTensor:
        offset, shape, stride = obj._view
        flat = obj._storage.array
        state = {name: value for name, value in vars(obj).items() if name not in _OWN}
        name = flat.dtype.name
        return DumpedTensor(
            id(obj._storage), flat, name, offset, shape, stride, obj.requires_grad, state or None
        )

    def build(
        self,
        storage: np.ndarray[Any, Any],
        dtype_name: str,
        offset: int,
        shape: tuple[int, ...],
        stride: tuple[int, ...],
        requires_grad: bool,
        storage_token: Any,
    ) -> FakeTensor:
        assert storage.dtype == self.numpy_dtype(dtype_name)
        numel = int(np.prod(shape, dtype=object))
        last = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
        assert not numel or 0 <= last < storage.size
        if requires_grad and storage.dtype.kind in "iub":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if storage_token.native is None:
            storage_token.native = {}
        kept = storage_token.native.setdefault(dtype_name, FakeStorage(storage))
        return FakeTensor(kept, offset, shape, stride, requires_grad)

    def build_parameter(self, tensor: FakeTensor, requires_grad: bool) -> FakeParameter:
        return FakeParameter(tensor._storage, *tensor._view, requires_grad)

    def set_state(self, tensor: FakeTensor, state: Mapping[str, Any]) -> None:
        vars(tensor).update({name: state[name] for name in state if name not in _OWN})

    def dtype_by_name(self, name: str) -> FakeDtype:
        return DTYPES[name]

    def dtype_name(self, obj: object) -> str | None:
        return obj.name if isinstance(obj, FakeDtype) else None

    def numpy_dtype(self, name: str) -> np.dtype[Any]:
        return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)

    def make_device(self, kind: str, index: int | None) -> FakeDevice:
        if kind not in ("cpu", "cuda", "meta"):
            raise RuntimeError(f"Expected one of cpu, cuda, meta device type: {kind}")
        return FakeDevice(kind, index)

    def device_arguments(self, device: FakeDevice) -> tuple[str, int | None]:
        return device.kind, device.index
