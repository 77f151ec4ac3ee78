"""PyTorch's container: a zip archive of stored records, each starting at a multiple of 64 bytes."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from .errors import CheckpointError, TruncatedCheckpointError
from .storage import Bytes

ALIGNMENT = 64
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_END = struct.Struct("<4s4H2IH")
_MAX32 = 0xFFFFFFFF
_UTF8, _DESCRIPTOR, _ENCRYPTED = 0x800, 0x008, 0x001
# Deflated archives are read, but may not unfold to much more than they are.
_INFLATED_FREE = 16 * 2**20
_CORRUPT = (
    "PytorchStreamReader failed reading zip archive: {}. If you are seeing this error, there is a "
    "high likelihood that your checkpoint file is corrupted. This can happen if the checkpoint was "
    "not saved properly, was transferred incorrectly, or the file was modified after saving."
)


def _corrupt(reason: str) -> CheckpointError:
    return CheckpointError(_CORRUPT.format(reason))


class ZipWriter:
    """Writes records one after the other; needs no seeking.

    Args:
        write: takes bytes-like chunks.
        folder: the name of the folder that all records lie in.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> writer = ZipWriter(file.write, "archive")
        >>> writer.add("version", b"3")
        >>> writer.finish()
        >>> zipfile.ZipFile(file).namelist()
        ['archive/version', 'archive/.data/serialization_id']
    """

    def __init__(self, write: Callable[[Any], Any], folder: str) -> None:
        self._write = write
        self._folder = folder
        self._offset = 0
        self._directory = bytearray()
        self._count = 0
        self._names_sum = 0
        self._bytes_sum = 0

    def _put(self, data: Any) -> None:
        self._write(data)
        self._offset += memoryview(data).nbytes

    def add(self, name: str, data: Any) -> None:
        """Write one record.

        Args:
            name: within the folder, such as ``"data/0"``.
            data: bytes, or a contiguous array.
        """
        content = memoryview(data).cast("B") if memoryview(data).nbytes else memoryview(b"")
        path, size, start = f"{self._folder}/{name}".encode(), content.nbytes, self._offset
        extra = b""
        if size >= _MAX32:
            extra += struct.pack("<QQ", size, size)
        if start >= _MAX32:
            extra += struct.pack("<Q", start)
        if extra:
            extra = struct.pack("<HH", 1, len(extra)) + extra
        flags = _UTF8 | (_DESCRIPTOR if size else 0)
        checksum = zlib.crc32(content)
        filler = -(start + _LOCAL.size + len(path) + len(extra) + 4) % ALIGNMENT
        padding = b"FB" + struct.pack("<H", filler) + b"Z" * filler
        self._put(
            _LOCAL.pack(b"PK\x03\x04", 0, flags, 0, 0, 0, 0, 0, 0, len(path),
                        len(extra) + len(padding)) + path + extra + padding
        )  # fmt: skip
        if size:
            self._put(content)
            wide = size >= _MAX32 or start >= _MAX32
            layout = "<4sIQQ" if wide else "<4sIII"
            self._put(struct.pack(layout, b"PK\x07\x08", checksum, size, size))
        short_size, short_start = min(size, _MAX32), min(start, _MAX32)
        self._directory += _CENTRAL.pack(
            b"PK\x01\x02", 0, 0, flags, 0, 0, 0, checksum, short_size, short_size, len(path),
            len(extra), 0, 0, 0, 0, short_start,
        ) + path + extra  # fmt: skip
        self._count += 1
        self._names_sum = zlib.crc32(path, self._names_sum)
        self._bytes_sum = zlib.crc32(struct.pack("<I", checksum), self._bytes_sum)

    def finish(self) -> None:
        """Write the identity of the content and the archive's directory."""
        self.add(".data/serialization_id", f"{self._names_sum:020}{self._bytes_sum:020}".encode())
        start, size, count = self._offset, len(self._directory), self._count
        self._put(bytes(self._directory))
        tail = self._offset
        self._put(_END64.pack(b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start))
        self._put(_LOCATOR.pack(b"PK\x06\x07", 0, tail, 1))
        short = min(count, 0xFFFF)
        self._put(
            _END.pack(b"PK\x05\x06", 0, 0, short, short, min(size, _MAX32), min(start, _MAX32), 0)
        )


class ZipReader:
    """Finds the records of an archive and reads them, checking every size against the file.

    Args:
        file: open for reading, seekable.

    Raises:
        CheckpointError: the archive is damaged, its records overlap or reach outside it, or there
            is no ``data.pkl``.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> writer = ZipWriter(file.write, "archive")
        >>> writer.add("data.pkl", b"N.")
        >>> writer.finish()
        >>> ZipReader(file).read("data.pkl").tobytes()
        b'N.'
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = int(file.seek(0, 2))
        self._folder = ""
        self._starts: dict[str, int] = {}
        entries = self._entries()
        self._infos = {info.filename: info for info in entries}
        if len(self._infos) != len(entries):
            raise _corrupt("two records of one name")
        self._find_folder()
        self._locate(entries)

    def _entries(self) -> list[zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(self._file) as archive:
                return archive.infolist()
        except Exception as error:
            raise _corrupt(f"failed finding central directory ({error})") from error

    def _find_folder(self) -> None:
        found = [name for name in self._infos if name.rpartition("/")[2] == "data.pkl"]
        depth = min((name.count("/") for name in found), default=0)
        found = [name for name in found if name.count("/") == depth]
        if len(found) != 1:
            raise CheckpointError(
                "PytorchStreamReader failed locating file data.pkl: file not found"
                if not found
                else "PytorchStreamReader failed locating file data.pkl: there are several"
            )
        self._folder = found[0].removesuffix("data.pkl")

    def _locate(self, entries: list[zipfile.ZipInfo]) -> None:
        """Find where each record's bytes start; overlapping records could unfold without end."""
        end, inflated = 0, 0
        for info in sorted(entries, key=lambda info: info.header_offset):
            _check_entry(info)
            if info.header_offset < end:
                raise _corrupt("records overlap")
            start = self._data_start(info)
            end = start + info.compress_size
            if end > self._size:
                raise _corrupt(f"record {info.filename} reaches past the end of the file")
            if info.compress_type == zipfile.ZIP_DEFLATED:
                inflated += info.file_size
            self._starts[info.filename] = start
        if inflated > 2 * self._size + _INFLATED_FREE:
            raise _corrupt("compressed records unfold to far more than the file holds")

    def _data_start(self, info: zipfile.ZipInfo) -> int:
        header = self._read_at(info.header_offset, _LOCAL.size).tobytes()
        fields = _LOCAL.unpack(header)
        signature, flags, name_size, extra_size = fields[0], fields[2], fields[9], fields[10]
        if signature != b"PK\x03\x04" or flags & _ENCRYPTED:
            raise _corrupt(f"invalid header of record {info.filename}")
        name_start = info.header_offset + _LOCAL.size
        name = self._read_at(name_start, name_size).tobytes()
        encoding = "utf-8" if info.flag_bits & _UTF8 else "cp437"
        if name != info.orig_filename.encode(encoding):
            raise _corrupt(f"header and directory disagree about record {info.filename}")
        return int(name_start + name_size + extra_size)

    def _read_at(self, start: int, size: int) -> Bytes:
        if start < 0 or start + size > self._size:
            raise _corrupt("a record reaches past the end of the file")
        buffer = np.empty(size, np.uint8)
        self._file.seek(start)
        read_into(self._file, buffer)
        return buffer

    @property
    def names(self) -> list[str]:
        """The records beside ``data.pkl``."""
        size = len(self._folder)
        return [name[size:] for name in self._infos if name.startswith(self._folder)]

    def size(self, name: str) -> int:
        """Give the bytes of a record.

        Raises:
            CheckpointError: there is no such record.
        """
        return self._info(name).file_size

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = self._infos.get(self._folder + name)
        if info is None:
            raise CheckpointError(
                f"PytorchStreamReader failed locating file {name}: file not found"
            )
        return info

    def position(self, name: str) -> int | None:
        """Give where a record lies in the file, or None if it is compressed."""
        info = self._info(name)
        stored = info.compress_type == zipfile.ZIP_STORED
        return self._starts[info.filename] if stored else None

    def read(self, name: str) -> Bytes:
        """Read a record and check its sum.

        Raises:
            CheckpointError: it is missing or damaged.
        """
        info = self._info(name)
        content = self._read_at(self._starts[info.filename], info.compress_size)
        if info.compress_type == zipfile.ZIP_DEFLATED:
            content = _inflate(content, info)
        if zlib.crc32(content.data) != info.CRC:
            raise _corrupt(f"record {name} has a wrong checksum")
        return content


def _check_entry(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if name != info.filename or "\\" in name or name.startswith("/") or ".." in name.split("/"):
        raise _corrupt("a record's name is not a plain relative path")
    if info.flag_bits & _ENCRYPTED:
        raise _corrupt(f"record {name} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _corrupt(f"record {name} is compressed by an unsupported method")
    stored = info.compress_type == zipfile.ZIP_STORED
    if info.file_size < 0 or (stored and info.file_size != info.compress_size):
        raise _corrupt(f"record {name} has two sizes")


def _inflate(content: Bytes, info: zipfile.ZipInfo) -> Bytes:
    unpacker = zlib.decompressobj(-15)
    try:
        unfolded = unpacker.decompress(content.data, info.file_size + 1)
    except zlib.error as error:
        raise _corrupt(f"record {info.filename} cannot be unpacked ({error})") from error
    if len(unfolded) != info.file_size:
        raise _corrupt(f"record {info.filename} has another size than it says")
    return np.frombuffer(bytearray(unfolded), np.uint8)


def read_into(file: BinaryIO, buffer: Bytes) -> None:
    """Fill a buffer from a file.

    Args:
        file: open at the right place.
        buffer: flat bytes to fill.

    Raises:
        TruncatedCheckpointError: the file ends first.

    Example:
        >>> import io
        >>> buffer = np.empty(2, np.uint8)
        >>> read_into(io.BytesIO(b"ab"), buffer)
        >>> buffer.tobytes()
        b'ab'
    """
    view, done = buffer.data, 0
    while done < buffer.size:
        chunk = file.read(min(buffer.size - done, 2**24))
        if not chunk:
            raise TruncatedCheckpointError("unexpected EOF: the file ends before its last record")
        view[done : done + len(chunk)] = chunk
        done += len(chunk)
