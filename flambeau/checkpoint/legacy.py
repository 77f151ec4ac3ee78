"""The formats before PyTorch 1.6: a stream of pickles followed by raw storages, and a tar file."""

from __future__ import annotations

import importlib
import io
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from .builder import CheckpointBuilder
from .codec import DTYPE_OF_STORAGE, TensorCodec
from .errors import CheckpointError, TruncatedCheckpointError
from .pickle_reader import PickleReader
from .pickle_writer import PickleWriter, StorageCollector
from .storage import LoadedStorage, StorageType, check_count, check_view, foreign, item_size

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
_INT64 = struct.Struct("<q")
_TAR_MAGIC = slice(257, 262)


class _Opaque:
    """Stands for anything that the survey of a pickle does not build."""


class _SurveyBuilder:
    """Builds nothing and notes the storages that a pickle speaks of."""

    def __init__(self) -> None:
        self.types: dict[Any, tuple[StorageType, int]] = {}

    def find_global(self, module: str, name: str) -> Any:
        if name in DTYPE_OF_STORAGE and module.partition(".")[0] == "torch":
            return StorageType(DTYPE_OF_STORAGE[name])
        return StorageType(None) if name == "UntypedStorage" else _Opaque()

    def reduce(self, function: Any, arguments: Any) -> Any:
        return _Opaque()

    def new_object(self, cls: Any, arguments: Any) -> Any:
        return _Opaque()

    def build(self, instance: Any, state: Any) -> None:
        return None

    def persistent(self, identifier: Any) -> Any:
        if type(identifier) is tuple and _text(identifier[0]) == "storage":
            kind, key, _, count, _ = _storage_id(identifier)
            if self.types.setdefault(key, (kind, count)) != (kind, count):
                raise CheckpointError(f"the checkpoint describes storage {key} in two ways")
        return _Opaque()

    def is_instance(self, obj: Any) -> bool:
        return False

    def hashable(self, obj: Any) -> bool:
        return False

    def count_key(self, key: Any) -> None:
        return None


class _SurveyReader(PickleReader):
    """Leaves containers empty: what is in them does not matter to the survey."""

    def _extend(self, target: Any, items: list[Any]) -> None:
        return None

    def _set_items(self, target: Any, items: list[Any]) -> None:
        return None

    def _add_items(self) -> None:
        self._pop_mark()

    def _set_of(self, items: list[Any]) -> set[Any]:
        return set()


def _text(value: Any) -> Any:
    return value.decode("ascii") if isinstance(value, bytes) else value


def _storage_id(identifier: tuple[Any, ...]) -> tuple[StorageType, str, str, int, Any]:
    if len(identifier) != 6 or not isinstance(identifier[1], StorageType):
        raise CheckpointError("the checkpoint holds a broken storage id")
    _, kind, key, location, count, view = identifier
    key, location = _text(key), _text(location)
    if type(key) is not str or type(location) is not str:
        raise CheckpointError("the checkpoint holds a broken storage id")
    return kind, key, location, check_count(count, "storage size"), view


class LegacyReader:
    """Reads the old formats from the bytes of a file.

    Args:
        data: the file from where the checkpoint starts.
        codec: builds tensors.
        restore: decides where a storage goes.
        weights_only: refuse classes of the program unless `safe_globals` allows them.
        encoding: of Python 2's byte strings.
        errors: of that decoding.
    """

    def __init__(
        self,
        data: bytes,
        codec: TensorCodec,
        restore: Callable[[LoadedStorage], None],
        weights_only: bool,
        encoding: str,
        errors: str,
    ) -> None:
        self.data = data
        self.codec = codec
        self.restore = restore
        self.weights_only = weights_only
        self.text = (encoding, errors)
        self.position = 0
        self.objects: dict[Any, Any] = {}
        self.placed: set[str] = set()

    def read(self) -> Any:
        """Read the checkpoint and leave ``position`` behind it.

        Returns:
            The saved object.

        Raises:
            CheckpointError: the file is of neither format, or damaged.
        """
        if not self.data:
            raise TruncatedCheckpointError("Ran out of input")
        try:
            if self.data[_TAR_MAGIC] == b"ustar":
                return self._read_tar()
            return self._read_stream()
        except CheckpointError:
            raise
        except Exception as error:
            raise CheckpointError(f"the checkpoint is corrupt: {error}") from error

    # The stream: magic number, version, facts of the machine, the object, its storages

    def _read_stream(self) -> Any:
        if self._survey(_SurveyBuilder()) != MAGIC_NUMBER:
            raise CheckpointError("Invalid magic number; corrupt file?")
        version = self._survey(_SurveyBuilder())
        if version != PROTOCOL_VERSION:
            raise CheckpointError("Invalid protocol version; corrupt file?")
        self._survey(_SurveyBuilder())
        start, survey = self.position, _SurveyBuilder()
        self._survey(survey)
        end = self.position
        self._read_storages(survey)
        finish, self.position = self.position, start
        value = self._load(self._stream_object)
        if self.position != end:
            raise CheckpointError("the checkpoint reads differently the second time")
        self.position = finish
        return value

    def _survey(self, builder: _SurveyBuilder) -> Any:
        reader = _SurveyReader(self.data, builder, self.position, *self.text)
        value = reader.load()
        self.position = reader.position
        return value

    def _load(self, persistent: Callable[[Any], Any]) -> Any:
        budget = 8 * len(self.data) + 2**16
        builder = CheckpointBuilder(self.codec, persistent, self.weights_only, budget)
        reader = PickleReader(self.data, builder, self.position, *self.text)
        value = reader.load()
        self.position = reader.position
        return value

    def _read_storages(self, survey: _SurveyBuilder) -> None:
        keys = self._load(self._refuse)
        if type(keys) is not list or len(keys) != len({_text(key) for key in keys}):
            raise CheckpointError("the checkpoint holds a broken list of storages")
        for key in map(_text, keys):
            if key not in survey.types:
                raise CheckpointError(f"the checkpoint brings storage {key}, which nothing uses")
            kind, count = survey.types[key]
            storage = self._raw_storage(kind)
            if storage.raw.size != count * item_size(kind.dtype_name, self.codec):
                raise CheckpointError(f"storage {key} has another size than the checkpoint says")
            self.objects[key] = storage

    def _raw_storage(self, kind: StorageType) -> LoadedStorage:
        count = check_count(self._number(), "storage size")
        size = count * item_size(kind.dtype_name, self.codec)
        raw = np.frombuffer(self._take(size), np.uint8).copy()
        return LoadedStorage(raw, kind.dtype_name, foreign("little"))

    def _take(self, size: int) -> memoryview:
        end = self.position + size
        if end > len(self.data):
            raise TruncatedCheckpointError("unexpected EOF: the file ends within a storage")
        start, self.position = self.position, end
        return memoryview(self.data)[start:end]

    def _number(self) -> int:
        return int(_INT64.unpack(self._take(8))[0])

    def _refuse(self, identifier: Any) -> Any:
        raise CheckpointError("the checkpoint uses a storage where none can be")

    def _stream_object(self, identifier: Any) -> Any:
        if type(identifier) is not tuple or not identifier:
            raise CheckpointError("the checkpoint holds a broken storage id")
        if _text(identifier[0]) == "module" and len(identifier) == 4:
            return identifier[1]
        _, key, location, _, view = _storage_id(identifier)
        storage = self.objects.get(key)
        if storage is None:
            raise CheckpointError(f"the checkpoint does not bring storage {key}")
        if key not in self.placed:
            storage.location = location
            self.restore(storage)
            self.placed.add(key)
        return storage if view is None else self._sub_storage(storage, view)

    def _sub_storage(self, root: LoadedStorage, view: Any) -> LoadedStorage:
        if type(view) is not tuple or len(view) != 3 or type(_text(view[0])) is not str:
            raise CheckpointError("the checkpoint holds a broken view of a storage")
        key = ("view", _text(view[0]))
        if key not in self.objects:
            self.objects[key] = self._slice(root, view[1], view[2])
        found: LoadedStorage = self.objects[key]
        return found

    def _slice(self, root: LoadedStorage, offset: Any, count: Any) -> LoadedStorage:
        size = item_size(root.dtype_name, self.codec)
        flat = root.view(root.dtype_name or "uint8", self.codec)
        first, (length,), _ = check_view(flat.size, offset, (count,), (1,))
        raw = root.raw[first * size : (first + length) * size]
        return LoadedStorage(raw, root.dtype_name, location=root.location)

    # The tar file: storages, tensors that view them, and the object that holds the tensors

    def _read_tar(self) -> Any:
        whole, members = len(self.data), _tar_members(self.data)
        self.data, self.position = members.pop("storages"), 0
        self._tar_storages()
        self.data, self.position = members.pop("tensors"), 0
        self._tar_tensors()
        self.data, self.position = members.pop("pickle"), 0
        value = self._load(self._tar_object)
        self.position = whole
        return value

    def _tar_storages(self) -> None:
        for _ in range(self._tar_count()):
            key, location, kind = self._tar_entry()
            if not isinstance(kind, StorageType):
                raise CheckpointError("the checkpoint holds a storage without a type")
            storage = self._raw_storage(kind)
            storage.location = str(_text(location))
            self.restore(storage)
            self.objects[key] = storage
        views = self._load(self._refuse)
        for target, root, offset, count in views:
            self.objects[int(target)] = self._slice(self.objects[int(root)], offset, count)

    def _tar_tensors(self) -> None:
        for _ in range(self._tar_count()):
            key, root, _ = self._tar_entry()
            (dimensions,) = struct.unpack("<i4x", self._take(8))
            if not 0 <= dimensions <= 64:
                raise CheckpointError("the checkpoint holds a tensor of too many dimensions")
            shape = tuple(self._number() for _ in range(dimensions))
            stride = tuple(self._number() for _ in range(dimensions))
            storage = self.objects[int(root)]
            name = storage.dtype_name or "uint8"
            flat = storage.view(name, self.codec)
            place = check_view(flat.size, self._number(), shape, stride)
            self.objects[key] = self.codec.build(flat, name, *place, False, storage)

    def _tar_count(self) -> int:
        return check_count(self._survey(_SurveyBuilder()), "count")

    def _tar_entry(self) -> tuple[int, Any, Any]:
        entry = self._survey(_SurveyBuilder())
        if type(entry) is not tuple or len(entry) != 3 or type(entry[0]) is not int:
            raise CheckpointError("the checkpoint holds a broken entry")
        return entry

    def _tar_object(self, identifier: Any) -> Any:
        if type(identifier) is tuple and len(identifier) == 3:
            return identifier[0]
        return self.objects[int(identifier)]


def _tar_members(data: bytes) -> dict[str, bytes]:
    # Slow to load and rarely needed.
    tarfile: Any = importlib.import_module("tarfile")
    members = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for name in ("storages", "tensors", "pickle"):
            info = archive.getmember(name)
            if not info.isreg() or info.issparse() or info.size > len(data):
                raise CheckpointError(f"member {name} of the checkpoint is no plain file")
            source = archive.extractfile(info)
            members[name] = source.read() if source is not None else b""
    return members


def write_legacy(obj: Any, file: BinaryIO, codec: TensorCodec) -> None:
    """Write an object in the stream format.

    Args:
        obj: what to save.
        file: takes the bytes.
        codec: takes tensors apart.
    """
    facts = {
        "protocol_version": PROTOCOL_VERSION,
        "little_endian": sys.byteorder == "little",
        "type_sizes": {"short": 2, "int": 4, "long": 8},
    }
    storages = StorageCollector(with_view=True)
    parts = [
        PickleWriter(codec, storages).dump(part)
        for part in (MAGIC_NUMBER, PROTOCOL_VERSION, facts, obj)
    ]
    keys = sorted(storages.arrays)
    parts.append(PickleWriter(codec, storages).dump(keys))
    file.write(b"".join(parts))
    for key in keys:
        array = storages.arrays[key]
        if foreign("little"):
            array = array.byteswap()
        count = array.nbytes if storages.untyped(key) else array.size
        file.write(_INT64.pack(count))
        file.write(array.view(np.uint8).data)
