"""A writer of protocol-2 pickles, byte for byte what PyTorch writes for a state dict.

The work waits on an explicit list and not on Python's stack, so that depth is no limit.
"""

from __future__ import annotations

import copyreg
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pickle import PicklingError
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from .codec import STORAGE_OF_DTYPE, DumpedTensor, TensorCodec
from .names import find_by_name, global_name

_BATCH = 1000
_Task = tuple[Callable[[Any], None], Any]


class StorageCollector:
    """The storages of the tensors written so far, under the keys "0", "1", …

    Args:
        with_view: whether ids carry the sixth entry of the format before PyTorch 1.6.
    """

    def __init__(self, with_view: bool = False) -> None:
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self.with_view = with_view
        self._keys: dict[Any, tuple[str, str]] = {}

    def identifier(self, tensor: DumpedTensor) -> tuple[Any, ...]:
        """Give the persistent id of a tensor's storage.

        Raises:
            RuntimeError: the storage has been written as another dtype.
        """
        kind = STORAGE_OF_DTYPE.get(tensor.dtype_name, "UntypedStorage")
        key, known = self._keys.setdefault(tensor.storage_key, (str(len(self._keys)), kind))
        if known != kind and tensor.storage.size:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different "
                "types"
            )
        self.arrays.setdefault(key, tensor.storage)
        home = "torch.storage" if kind == "UntypedStorage" else "torch"
        count = tensor.storage.nbytes if kind == "UntypedStorage" else tensor.storage.size
        entry = ("storage", GlobalName(home, kind), key, "cpu", count)
        return (*entry, None) if self.with_view else entry

    def untyped(self, key: str) -> bool:
        """Whether a storage counts bytes and not elements."""
        return (key, "UntypedStorage") in self._keys.values()


class GlobalName:
    """A name that is written without an object behind it."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name


class _TensorPart:
    """The data of a parameter: written as a tensor of its own, as PyTorch does."""

    def __init__(self, dumped: DumpedTensor) -> None:
        self.dumped = dumped


class PickleWriter:
    """Writes one object as a pickle.

    Args:
        codec: takes tensors apart.
        storages: collects the storages of tensors; their bytes go elsewhere.

    Example:
        >>> PickleWriter(codec=None, storages=None).dump([1, None])
        b'\\x80\\x02]q\\x00(K\\x01Ne.'
    """

    def __init__(self, codec: TensorCodec, storages: StorageCollector) -> None:
        self.codec = codec
        self.storages = storages
        self.output = bytearray()
        self.memo: dict[Any, tuple[int, Any]] = {}
        self.tasks: list[_Task] = []

    def dump(self, obj: Any) -> bytes:
        """Write an object.

        Args:
            obj: anything that pickle accepts, and tensors.

        Returns:
            The pickle.

        Raises:
            pickle.PicklingError: something in it cannot be found again by its name.
        """
        self.output += b"\x80\x02"
        self._save(obj)
        while self.tasks:
            action, argument = self.tasks.pop()
            action(argument)
        self.output += b"."
        return bytes(self.output)

    def _then(self, *tasks: _Task) -> None:
        self.tasks.extend(reversed(tasks))

    def _emit(self, code: bytes) -> None:
        self.output += code

    # The memo

    def _memoize(self, obj: Any) -> None:
        self._memoize_as((id(obj), obj))

    def _memoize_as(self, entry: tuple[Any, Any]) -> None:
        index = len(self.memo)
        self.memo[entry[0]] = (index, entry[1])
        self.output += b"q" + bytes([index]) if index < 256 else b"r" + struct.pack("<I", index)

    def _recall(self, key: Any) -> bool:
        if key not in self.memo:
            return False
        index = self.memo[key][0]
        self.output += b"h" + bytes([index]) if index < 256 else b"j" + struct.pack("<I", index)
        return True

    # Values

    def _save(self, obj: Any) -> None:
        kind = type(obj)
        simple = _SIMPLE.get(kind)
        if simple is not None:
            self.output += simple(obj)
        elif not self._recall(id(obj)):
            _WRITERS.get(kind, PickleWriter._save_other)(self, obj)

    def _save_text(self, text: str) -> None:
        raw = text.encode("utf-8", "surrogatepass")
        if len(raw) >= 2**32:
            raise PicklingError("cannot save a string of 4 GiB or more")
        self.output += b"X" + struct.pack("<I", len(raw)) + raw
        self._memoize(text)

    def _save_bytes(self, raw: bytes) -> None:
        arguments = (str(raw, "latin-1"), "latin1")
        self._reduce(raw, GlobalName("_codecs", "encode"), arguments)

    def _save_bytearray(self, raw: bytearray) -> None:
        self._reduce(raw, bytearray, (bytes(raw),) if raw else ())

    def _save_tuple(self, items: tuple[Any, ...]) -> None:
        if not items:
            self.output += b")"
            return
        if len(items) > 3:
            self.output += b"("
        self._then(*((self._save, item) for item in items), (self._close_tuple, items))

    def _close_tuple(self, items: tuple[Any, ...]) -> None:
        count = len(items)
        if id(items) in self.memo:  # the tuple contains itself by way of a list or dict
            self.output += b"1" if count > 3 else b"0" * count
            self._recall(id(items))
            return
        self.output += b"t" if count > 3 else (b"\x85", b"\x86", b"\x87")[count - 1]
        self._memoize(items)

    def _save_list(self, items: list[Any]) -> None:
        self.output += b"]"
        self._memoize(items)
        self._append_batch(iter(items))

    def _append_batch(self, items: Iterator[Any]) -> None:
        batch = list(islice(items, _BATCH))
        if not batch:
            return
        if len(batch) > 1:
            self.output += b"("
        self._then(
            *((self._save, item) for item in batch),
            (self._emit, b"e" if len(batch) > 1 else b"a"),
            (self._append_batch, items),
        )

    def _save_dict(self, items: dict[Any, Any]) -> None:
        self.output += b"}"
        self._memoize(items)
        self._set_batch(iter(items.items()))

    def _set_batch(self, items: Iterator[tuple[Any, Any]]) -> None:
        batch = list(islice(items, _BATCH))
        if not batch:
            return
        if len(batch) > 1:
            self.output += b"("
        self._then(
            *((self._save, part) for pair in batch for part in pair),
            (self._emit, b"u" if len(batch) > 1 else b"s"),
            (self._set_batch, items),
        )

    def _save_set(self, items: set[Any] | frozenset[Any]) -> None:
        self._reduce(items, type(items), (list(items),))

    # Names

    def _save_name(self, name: GlobalName) -> None:
        self._global(name.module, name.name)

    def _global(self, module: str, name: str) -> None:
        key = (module, name)
        if self._recall(key):
            return
        module = "__builtin__" if module == "builtins" else module
        self.output += f"c{module}\n{name}\n".encode()
        self._memoize_as((key, None))

    def _save_reference(self, obj: Any) -> None:
        """Write a class or function by its name."""
        module, name = global_name(obj)
        outer, _, inner = name.rpartition(".")
        if "<" in name:
            raise PicklingError(f"Can't pickle {obj!r}: attribute lookup {name} on {module} failed")
        if find_by_name(module, name) is not obj:
            raise PicklingError(f"Can't pickle {obj!r}: it's not found as {module}.{name}")
        if outer:
            arguments = (find_by_name(module, outer), inner)
            self._reduce(obj, GlobalName("builtins", "getattr"), arguments)
        else:
            self._global(module, name)

    # Objects

    def _save_other(self, obj: Any) -> None:
        codec = self.codec
        if isinstance(obj, type):
            self._save_reference(obj)
            return
        dtype = codec.dtype_name(obj)
        if dtype is not None:
            self._global("torch", dtype)
        elif codec.is_tensor(obj):
            self._save_tensor(obj)
        elif isinstance(obj, codec.size_class):
            self._reduce(obj, GlobalName("torch", "Size"), (tuple(obj),))  # type: ignore[arg-type]
        elif isinstance(obj, codec.device_class):
            kind, index = codec.device_arguments(obj)
            place = (kind,) if index is None else (kind, index)
            self._reduce(obj, GlobalName("torch", "device"), place)
        else:
            self._save_reduced(obj)

    def _save_reduced(self, obj: Any) -> None:
        reducer = copyreg.dispatch_table.get(type(obj))
        reduced = reducer(obj) if reducer is not None else obj.__reduce_ex__(2)
        if isinstance(reduced, str):
            self._save_reference(obj)
            return
        if not isinstance(reduced, tuple) or not 2 <= len(reduced) <= 5:
            raise PicklingError(f"cannot save {type(obj).__name__}: its __reduce__ gives no tuple")
        function, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        if getattr(function, "__name__", "") == "__newobj_ex__":
            raise PicklingError(
                f"cannot save {type(obj).__name__}: its __new__ takes keyword arguments"
            )
        rest: list[_Task] = []
        if items is not None:
            rest.append((self._append_batch, iter(items)))
        if pairs is not None:
            rest.append((self._set_batch, iter(pairs)))
        if state is not None:
            rest += [(self._save, state), (self._emit, b"b")]
        if getattr(function, "__name__", "") == "__newobj__":
            self._reduce(obj, arguments[0], tuple(arguments[1:]), b"\x81", rest)
        else:
            self._reduce(obj, function, arguments, b"R", rest)

    def _reduce(
        self,
        obj: Any,
        function: Any,
        arguments: Any,
        code: bytes = b"R",
        rest: Sequence[_Task] = (),
    ) -> None:
        self._then(
            (self._save, function),
            (self._save, arguments),
            (self._emit, code),
            (self._close_reduced, obj),
            *rest,
        )

    def _close_reduced(self, obj: Any) -> None:
        if id(obj) in self.memo:  # its arguments lead back to it
            self.output += b"0"
            self._recall(id(obj))
        else:
            self._memoize(obj)

    # Tensors

    def _save_tensor(self, tensor: Any) -> None:
        dumped = self.codec.dump(tensor)
        if self.codec.is_parameter(tensor):
            part = _TensorPart(dumped._replace(requires_grad=False, state=None))
            arguments: tuple[Any, ...] = (part, dumped.requires_grad, OrderedDict())
            name = "_rebuild_parameter"
            if dumped.state:
                arguments, name = (*arguments, dict(dumped.state)), "_rebuild_parameter_with_state"
            self._reduce(tensor, GlobalName("torch._utils", name), arguments)
            return
        function, parts = self._tensor_arguments(dumped)
        if dumped.state:
            kind = GlobalName("torch", "Tensor")
            parts = (function, kind, parts, dict(dumped.state))
            function = GlobalName("torch._tensor", "_rebuild_from_type_v2")
        self._reduce(tensor, function, parts)

    def _save_part(self, part: _TensorPart) -> None:
        function, arguments = self._tensor_arguments(part.dumped)
        self._reduce(part, function, arguments)

    def _tensor_arguments(self, dumped: DumpedTensor) -> tuple[GlobalName, tuple[Any, ...]]:
        storage = _StorageId(self.storages.identifier(dumped))
        # Fresh tuples: an empty one is a constant of Python's and never enters the memo.
        shape, stride = tuple(dumped.shape), tuple(dumped.stride)
        hooks: OrderedDict[Any, Any] = OrderedDict()
        arguments = (
            storage, dumped.storage_offset, shape, stride, dumped.requires_grad, hooks
        )  # fmt: skip
        if dumped.dtype_name in STORAGE_OF_DTYPE:
            return GlobalName("torch._utils", "_rebuild_tensor_v2"), arguments
        dtype = GlobalName("torch", dumped.dtype_name)
        return GlobalName("torch._utils", "_rebuild_tensor_v3"), (*arguments, dtype)

    def _save_storage_id(self, storage: _StorageId) -> None:
        self._then((self._save, storage.identifier), (self._emit, b"Q"))


class _StorageId:
    """A storage on its way into the pickle: only its persistent id is written."""

    def __init__(self, identifier: tuple[Any, ...]) -> None:
        self.identifier = identifier


def _integer(value: int) -> bytes:
    if 0 <= value < 2**8:
        return b"K" + struct.pack("<B", value)
    if 0 <= value < 2**16:
        return b"M" + struct.pack("<H", value)
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    if value < 0 and len(raw) > 1 and raw[-1] == 0xFF and raw[-2] & 0x80:
        raw = raw[:-1]
    if len(raw) < 256:
        return b"\x8a" + bytes([len(raw)]) + raw
    return b"\x8b" + struct.pack("<i", len(raw)) + raw


_SIMPLE: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: b"N",
    bool: lambda value: b"\x88" if value else b"\x89",
    int: _integer,
    float: lambda value: b"G" + struct.pack(">d", value),
}

_WRITERS: dict[type, Callable[[PickleWriter, Any], None]] = {
    str: PickleWriter._save_text,
    bytes: PickleWriter._save_bytes,
    bytearray: PickleWriter._save_bytearray,
    tuple: PickleWriter._save_tuple,
    list: PickleWriter._save_list,
    dict: PickleWriter._save_dict,
    set: PickleWriter._save_set,
    frozenset: PickleWriter._save_set,
    type: PickleWriter._save_reference,
    FunctionType: PickleWriter._save_reference,
    BuiltinFunctionType: PickleWriter._save_reference,
    GlobalName: PickleWriter._save_name,
    _TensorPart: PickleWriter._save_part,
    _StorageId: PickleWriter._save_storage_id,
}
