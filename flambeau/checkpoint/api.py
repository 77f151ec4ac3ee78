"""``save`` and ``load`` with PyTorch's signatures."""

from __future__ import annotations

import io
import mmap as memory_map
import os
import pickle
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from .atomic import atomic_file
from .builder import CheckpointBuilder
from .codec import TensorCodec, current_codec
from .errors import CheckpointError
from .legacy import LegacyReader, write_legacy
from .pickle_reader import PickleReader
from .pickle_writer import PickleWriter, StorageCollector
from .safetensors import load_file
from .storage import (
    Bytes,
    LoadedStorage,
    StorageType,
    check_count,
    foreign,
    item_size,
    restore_location,
)
from .zip_format import ALIGNMENT, ZipReader, ZipWriter

FileLike = str | os.PathLike[str] | BinaryIO | io.BytesIO
_PATH = (str, os.PathLike)
_ZIP_MAGIC = b"PK\x03\x04"


def save(
    obj: object,
    f: FileLike,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Save an object in PyTorch's format.

    Args:
        obj: tensors, and anything that pickle accepts, nested as you like.
        f: a path, which is replaced as a whole or not at all; or a file open for writing.
        pickle_module: accepted as PyTorch does; the writer is flambeau's own.
        pickle_protocol: -1 to 5; the file always holds protocol 2, which every version reads.
        _use_new_zipfile_serialization: False writes the format before PyTorch 1.6.
        _disable_byteorder_record: leave out the file's note of its byte order.

    Raises:
        AttributeError: ``f`` is no path and cannot be written.
        RuntimeError: the directory does not exist, or two tensors see one storage as two dtypes.
        pickle.PicklingError: something cannot be found again by its name.

    Example:
        >>> buffer = io.BytesIO()
        >>> save({"epoch": 3}, buffer)

    Source:
        PyTorch's page `torch.save`.
    """
    if not isinstance(f, _PATH) and not hasattr(f, "write"):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
        )
    if pickle_protocol > pickle.HIGHEST_PROTOCOL:
        raise ValueError(f"pickle protocol must be <= {pickle.HIGHEST_PROTOCOL}")
    codec = current_codec()
    if _use_new_zipfile_serialization:
        storages = StorageCollector()
        # Whatever cannot be pickled fails here, before any file is touched.
        content = PickleWriter(codec, storages).dump(obj)

        def write(file: BinaryIO) -> None:
            _write_zip(file, _folder_name(f), content, storages, not _disable_byteorder_record)
    else:

        def write(file: BinaryIO) -> None:
            write_legacy(obj, file, codec)

    if isinstance(f, _PATH):
        with atomic_file(f) as file:
            write(file)
    else:
        write(f)


def _folder_name(f: FileLike) -> str:
    name = os.path.basename(os.fsdecode(f)) if isinstance(f, _PATH) else ""
    stem = os.path.splitext(name)[0]
    return stem if stem.isascii() and stem.strip(".") and "\\" not in stem else "archive"


def _write_zip(file: BinaryIO, folder: str, content: bytes, storages: StorageCollector,
               says_order: bool) -> None:
    writer = ZipWriter(file.write, folder)
    writer.add("data.pkl", content)
    writer.add(".format_version", b"1")
    writer.add(".storage_alignment", str(ALIGNMENT).encode())
    if says_order:
        writer.add("byteorder", b"big" if foreign("little") else b"little")
    for key, array in storages.arrays.items():
        writer.add(f"data/{key}", array.view(np.uint8))
    writer.add("version", b"3\n")
    writer.finish()


def load(
    f: FileLike,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load an object that `save` or PyTorch has saved; nothing in the file is executed.

    Args:
        f: a path, or a file open for reading that can seek.
        map_location: None, a device or its name, a dict of names, or a function of (storage,
            name); decides where storages saved elsewhere than on the CPU go.
        pickle_module: accepted as PyTorch does; the reader is flambeau's own.
        weights_only: True (the default unless ``pickle_module`` is given) builds tensors, plain
            values and classes of `safe_globals`. False also builds instances of flambeau's
            classes and of the program's own, from their state, without calling them.
        mmap: map the file instead of reading it; storages are then read when they are used.
        **pickle_load_args: ``encoding`` and ``errors`` for byte strings that Python 2 pickled.

    Returns:
        The object. Tensors that shared a storage share it again.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is malformed or names what it may not; it is a RuntimeError and
            a pickle.UnpicklingError, and an EOFError where the file ends too early.

    Example:
        >>> buffer = io.BytesIO()
        >>> save({"epoch": 3}, buffer)
        >>> _ = buffer.seek(0)
        >>> load(buffer)
        {'epoch': 3}

    Source:
        PyTorch's page `torch.load`.
    """
    if weights_only is None:
        weights_only = pickle_module is None
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    unknown = set(pickle_load_args) - {"encoding", "errors", "fix_imports"}
    if unknown:
        raise TypeError(f"load() got an unexpected keyword argument {min(unknown)!r}")
    if isinstance(f, _PATH) and os.fspath(f).endswith(".safetensors"):
        return _load_safetensors(f, map_location)
    codec = current_codec()
    text = (pickle_load_args.get("encoding", "utf-8"), pickle_load_args.get("errors", "strict"))
    loader = _Loader(codec, restore_location(map_location, codec), weights_only, text)
    if isinstance(f, _PATH):
        with open(f, "rb") as file:
            return loader.load(file, f, bool(mmap))
    _check_seekable(f)
    return loader.load(f, None, bool(mmap))


def _load_safetensors(f: str | os.PathLike[str], map_location: Any) -> dict[str, Any]:
    if isinstance(map_location, dict) or callable(map_location):
        kind = "dict" if isinstance(map_location, dict) else "callable"
        raise RuntimeError(
            f"Loading safetensors file with {kind} map_location is not supported. "
            "Use a device string or torch.device instead."
        )
    return load_file(f, "cpu" if map_location is None else str(map_location))


def _check_seekable(f: Any) -> None:
    try:
        f.seek(f.tell())
    except (io.UnsupportedOperation, AttributeError) as error:
        raise type(error)(
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the "
            "data into a buffer like io.BytesIO and try to load from it instead."
        ) from None


class _Loader:
    """One call of `load`."""

    def __init__(
        self,
        codec: TensorCodec,
        restore: Callable[[LoadedStorage], None],
        weights_only: bool,
        text: tuple[str, str],
    ) -> None:
        self.codec = codec
        self.restore = restore
        self.weights_only = weights_only
        self.text = text
        self.storages: dict[str, LoadedStorage] = {}
        self.mapped: Bytes | None = None
        self.foreign_order = False

    def load(self, file: BinaryIO, path: str | os.PathLike[str] | None, mapped: bool) -> Any:
        """Read a file of either format."""
        start = file.tell()
        magic = file.read(4)
        file.seek(start)
        if magic == _ZIP_MAGIC:
            if mapped and path is None:
                raise ValueError("f must be a file path in order to use the mmap argument")
            return self._load_zip(file, mapped)
        if mapped:
            raise RuntimeError(
                "mmap can only be used with files saved with "
                "`torch.save(_use_new_zipfile_serialization=True), "
                "please torch.save your checkpoint with this option in order to use mmap."
            )
        reader = LegacyReader(file.read(), self.codec, self.restore, self.weights_only, *self.text)
        value = reader.read()
        file.seek(start + reader.position)
        return value

    def _load_zip(self, file: BinaryIO, mapped: bool) -> Any:
        self.archive = ZipReader(file)
        if "constants.pkl" in self.archive.names:
            raise CheckpointError(
                "Cannot use ``weights_only=True`` with TorchScript archives passed to "
                "``torch.load``: they hold programs, which flambeau does not run."
            )
        self.foreign_order = foreign(self._byte_order())
        if mapped:
            whole = memory_map.mmap(file.fileno(), 0, access=memory_map.ACCESS_COPY)
            self.mapped = np.frombuffer(whole, np.uint8)
        content = self.archive.read("data.pkl").tobytes()
        budget = 8 * len(content) + file.seek(0, os.SEEK_END) + 2**16
        builder = CheckpointBuilder(self.codec, self._storage, self.weights_only, budget)
        reader = PickleReader(content, builder, 0, *self.text)
        return reader.load()

    def _byte_order(self) -> str:
        if "byteorder" not in self.archive.names:
            return "little"
        order = self.archive.read("byteorder").tobytes()
        if order not in (b"little", b"big"):
            raise CheckpointError(f"Unknown endianness type: {order[:20]!r}")
        return order.decode()

    def _storage(self, identifier: Any) -> LoadedStorage:
        if type(identifier) is not tuple or len(identifier) != 5:
            raise CheckpointError("the checkpoint holds a broken storage id")
        tag, kind, key, location = (
            part.decode("ascii") if isinstance(part, bytes) else part for part in identifier[:4]
        )
        if tag != "storage" or not isinstance(kind, StorageType):
            raise CheckpointError("Only persistent_load of storage is allowed")
        if type(key) is not str or type(location) is not str:
            raise CheckpointError("the checkpoint holds a broken storage id")
        found = self.storages.get(key)
        if found is None:
            found = self._read_storage(kind, key)
            found.location = location
            self.restore(found)
            self.storages[key] = found
        size = item_size(kind.dtype_name, self.codec)
        if check_count(identifier[4], "storage size") != found.raw.size // size:
            raise CheckpointError(f"storage {key} has another size than the checkpoint says")
        if found.dtype_name != kind.dtype_name and found.raw.size:
            raise CheckpointError(f"the checkpoint describes storage {key} in two ways")
        return found

    def _read_storage(self, kind: StorageType, key: str) -> LoadedStorage:
        name = f"data/{key}"
        start = self.archive.position(name)
        if self.mapped is not None and start is not None:
            raw = self.mapped[start : start + self.archive.size(name)]
        else:
            raw = self.archive.read(name)
        return LoadedStorage(raw, kind.dtype_name, self.foreign_order)
