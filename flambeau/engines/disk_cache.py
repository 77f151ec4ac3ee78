"""Files kept between processes: object code under its content's key, checked when read.

A folder of its owner alone; every file is `checksum + payload`, written under another name first
and then renamed, so that any number of processes may share it. Whatever is wrong with the folder or
the disk, the caller just finds nothing and computes anew.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from . import notices

LIMIT = 512 << 20  # bytes
_SUFFIX = ".bin"
_PART = ".part"
_STALE = 3600.0  # seconds after which an unfinished file is somebody's wreck
_MAGIC = b"flambeau"
_HEAD = len(_MAGIC) + hashlib.sha256().digest_size


def cache_folder() -> Path | None:
    """Where files are kept: $FLAMBEAU_CACHE, $XDG_CACHE_HOME/flambeau or ~/.cache/flambeau.

    Returns:
        The folder; None where FLAMBEAU_CACHE is "off" or there is no home.
    """
    own = os.environ.get("FLAMBEAU_CACHE", "")
    if own:
        return None if own == "off" else Path(own)
    shared = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(shared):  # the standard says that relative ones are ignored
        return Path(shared, "flambeau")
    try:
        return Path.home() / ".cache" / "flambeau"
    except RuntimeError:
        return None


def digest(*parts: str) -> str:
    """A key: SHA-256 over texts, each with its length, as hexadecimal digits.

    Example:
        >>> digest("a", "b") == digest("ab")
        False
    """
    total = hashlib.sha256()
    for part in parts:
        data = part.encode()
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()


class DiskCache:
    """A bounded store of byte strings in a folder.

    Args:
        folder: where; made with mode 0700 at the first write. None: nothing is ever kept.
        limit: bytes; beyond it the files used least recently go. Default: 512 MiB.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     kept = DiskCache(Path(name))
        ...     kept.put(digest("key"), b"value")
        ...     kept.get(digest("key"))
        b'value'
    """

    def __init__(self, folder: Path | None, limit: int = LIMIT) -> None:
        self.folder = folder
        self.limit = limit
        self._trusted: bool | None = None
        self._room = 0  # bytes to write before the folder is measured again

    def get(self, key: str) -> bytes | None:
        """The bytes kept under a key; None if there are none. Damaged files are deleted."""
        if self.folder is None or not self._trust():
            return None
        path = self.folder / (key + _SUFFIX)
        try:
            content = _read(path)
        except OSError:
            return None
        payload = content[_HEAD:]
        if content[:_HEAD] != _MAGIC + hashlib.sha256(payload).digest():
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # its last use
        return payload

    def put(self, key: str, payload: bytes) -> None:
        """Keep bytes under a key."""
        self.put_all({key: payload})

    def put_all(self, payloads: dict[str, bytes]) -> None:
        """Keep several payloads, each under its key."""
        if self.folder is None or not payloads:
            return
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._trust():
                for key, payload in payloads.items():
                    content = _MAGIC + hashlib.sha256(payload).digest() + payload
                    _write(self.folder, key + _SUFFIX, content)
                    self._room -= len(content)
                if self._room < 0:
                    self._shrink()

    def size(self) -> tuple[int, int]:
        """How many files are kept, and their bytes."""
        files = self._files(_SUFFIX)
        return len(files), sum(size for _, size, _ in files)

    def _trust(self) -> bool:
        """Whether the folder is ours alone: what lies in it is going to be executed."""
        if self._trusted is None and self.folder is not None:
            try:
                found = self.folder.stat()
            except OSError:
                return False  # not there yet
            self._trusted = _is_private(found) and stat.S_ISDIR(found.st_mode)
            if not self._trusted:
                notices.add(f"flambeau does not use the cache folder {self.folder}: it belongs to "
                            "another user, or others may write to it")
        return bool(self._trusted)

    def _files(self, suffix: str) -> list[tuple[float, int, str]]:
        """Last use, bytes and path of the files with a suffix."""
        found = []
        with suppress(OSError):
            for entry in os.scandir(self.folder) if self.folder is not None else ():
                if entry.name.endswith(suffix):
                    with suppress(OSError):  # another process may have deleted it
                        facts = entry.stat(follow_symlinks=False)
                        found.append((facts.st_mtime, facts.st_size, entry.path))
        return found

    def _shrink(self) -> None:
        """Measure the folder and delete what is too much; a look at each file takes its time.

        Until the next look this process writes a quarter of what is free: others write too.
        """
        files = self._files(_SUFFIX)
        total = sum(size for _, size, _ in files)
        doomed = [path for used, _, path in self._files(_PART) if used < time.time() - _STALE]
        if total > self.limit:
            for _, size, path in sorted(files):
                if total <= self.limit * 0.9:  # some room, not to come back at every write
                    break
                doomed.append(path)
                total -= size
        for path in doomed:
            with suppress(OSError):
                os.unlink(path)
        self._room = (self.limit - total) // 4


def _is_private(found: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):
        return True
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _read(path: Path) -> bytes:
    """A file's content; OSError unless it is a plain file of ours."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
                         | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or not _is_private(found):
            raise PermissionError(f"{path} is not a private file")
        return file.read()


def _write(folder: Path, name: str, content: bytes) -> None:
    descriptor, part = tempfile.mkstemp(_PART, "", folder)  # mode 0600
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(part, folder / name)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


@cache
def disk_cache() -> DiskCache:
    """The cache of this process."""
    return DiskCache(cache_folder())
