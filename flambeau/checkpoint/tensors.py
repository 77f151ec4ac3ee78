"""How checkpoints take flambeau's tensors apart and build them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..autograd import steps
from ..autograd.base import Storage, TensorBase
from ..device import device
from ..dtype import dtype
from ..engines.realize import realize
from ..graph import leaf
from ..nn.parameter import Parameter
from ..tensor import Size, Tensor
from .codec import DumpedTensor, StorageToken, register_codec


class _Codec:
    """The codec of `Tensor` and `Parameter`; see TensorCodec for the meaning of its methods."""

    tensor_class: type = Tensor
    parameter_class: type = Parameter
    size_class: type = Size
    device_class: type = device

    def is_tensor(self, obj: object) -> bool:
        return isinstance(obj, Tensor)

    def is_parameter(self, obj: object) -> bool:
        return isinstance(obj, Parameter)

    def dump(self, obj: Any) -> DumpedTensor:
        storage = obj._storage
        whole = storage.buffer if storage.shared() else realize(storage.node, "save")
        strides, offset = obj._strided()
        state = {k: v for k, v in obj.__dict__.items() if k not in TensorBase.__annotations__}
        return DumpedTensor(id(storage), np.ascontiguousarray(whole).reshape(-1), obj.dtype.name,
                            offset, tuple(obj.shape), strides, obj.requires_grad, state or None)

    def build(self, storage: Any, dtype_name: str, offset: int, shape: tuple[int, ...],
              stride: tuple[int, ...], requires_grad: bool, storage_token: StorageToken) -> Any:
        plain = stride == steps.contiguous_strides(shape) or math.prod(shape) <= 1
        covers = plain and offset == 0 and math.prod(shape) == storage.size
        kept = storage_token.native
        if kept is None:
            kept = storage_token.native = {}
        if dtype_name not in kept:
            array = storage.reshape(shape) if covers else storage
            kept[dtype_name] = Storage(leaf(array, dtype.by_name[dtype_name]))
        return _view(kept[dtype_name], offset, shape, stride, plain, requires_grad)

    def build_parameter(self, tensor: Any, requires_grad: bool) -> Any:
        return Parameter(tensor, requires_grad)

    def set_state(self, tensor: Any, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            if isinstance(name, str) and name not in TensorBase.__annotations__:
                tensor.__dict__[name] = value

    def dtype_by_name(self, name: str) -> dtype:
        return dtype.by_name[name]

    def dtype_name(self, obj: object) -> str | None:
        return obj.name if isinstance(obj, dtype) else None

    def numpy_dtype(self, name: str) -> np.dtype[Any]:
        return dtype.by_name[name].numpy

    def make_device(self, kind: str, index: int | None) -> device:
        return device(kind, index)

    def device_arguments(self, device: Any) -> tuple[str, int | None]:
        return device.type, device.index


def _view(storage: Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...],
          plain: bool, requires_grad: bool) -> Any:
    """A tensor of a storage: the whole of it, or a chain of view steps."""
    whole = storage.node.spec
    chain: tuple[Any, ...] = ()
    if whole is not None and (whole.shape != shape or offset or not plain):
        flat = (("reshape", (whole.size,)),) if len(whole.shape) != 1 else ()
        if plain and offset == 0 and math.prod(shape) == whole.size:
            chain = (*flat, ("reshape", shape))
        else:
            chain = (*flat, ("as_strided", shape, stride, offset))
    tensor = object.__new__(Tensor)
    tensor._storage, tensor._chain, tensor._seen = storage, chain, -1
    array = storage.node.data
    for step in chain:
        array = steps.on_array(array, step)
    tensor._node = leaf(array, storage.node.spec.dtype)
    tensor._refresh()
    tensor._rg = requires_grad
    return tensor


register_codec(_Codec())
