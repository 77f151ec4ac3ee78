"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO


def _permissions(target: str) -> int | None:
    try:
        return stat.S_IMODE(os.stat(target).st_mode)
    except FileNotFoundError:
        return None


def _flush_directory(directory: str) -> None:
    if os.name == "nt":  # Windows cannot open a directory; its rename is durable by itself
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name only when it is complete.

    The bytes go to a temporary file in the same directory; when the block ends well, they are
    flushed to the disk and the file is renamed, so that a reader (or a crash at any point) finds
    either the old file or the new one. A link is followed; a device or pipe is written directly.

    Args:
        path: the file's name.

    Yields:
        The open file.

    Raises:
        RuntimeError: the directory does not exist, or the path is a directory.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic_file(f"{folder}/a") as file:
        ...         _ = file.write(b"whole")
        ...     pathlib.Path(folder, "a").read_bytes()
        b'whole'
    """
    target = os.path.realpath(os.fspath(path))
    directory, name = os.path.split(target)
    if not os.path.isdir(directory):
        raise RuntimeError(
            f"Parent directory {os.path.dirname(os.fspath(path))} does not exist."
        )
    if os.path.isdir(target):
        raise RuntimeError(f"open file failed with strerror: Is a directory: {path}")
    if os.path.exists(target) and not os.path.isfile(target):
        with open(target, "wb") as file:
            yield file
        return
    # Names may have 255 bytes: those of the target beyond 200 are left out.
    start = os.fsdecode(os.fsencode(name)[:200])
    temporary = os.path.join(directory, f".{start}.{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        mode = _permissions(target)
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _flush_directory(directory)
