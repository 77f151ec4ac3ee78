"""TFRecord files of events: length, its checksum, content, its checksum."""

from __future__ import annotations

import itertools
import os
import queue
import socket
import struct
import threading
import time
from pathlib import Path
from typing import BinaryIO

from . import messages as m

POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), bits reversed
MASK_DELTA = 0xA282EAD8


def _table() -> list[int]:
    rows = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        rows.append(byte)
    return rows


_TABLE = _table()


def crc32c(content: bytes) -> int:
    """The Castagnoli checksum of RFC 3720.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked_crc32c(content: bytes) -> int:
    """The checksum rotated and offset, as TFRecord stores it."""
    crc = crc32c(content)
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


class RecordWriter:
    """Writes records one after another.

    Args:
        file: a binary file open for writing.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, content: bytes) -> None:
        """Append one record."""
        length = struct.pack("<Q", len(content))
        self.file.write(length + struct.pack("<I", masked_crc32c(length)) + content
                        + struct.pack("<I", masked_crc32c(content)))


class FileWriter:
    """An event file, written by a thread of its own so that training does not wait for the disk.

    Args:
        log_dir: folder of the file; made if needed.
        max_queue: events that may wait. Default: 10.
        flush_secs: seconds after which what was written reaches the disk. Default: 120.
        filename_suffix: at the end of the file's name.
    """

    def __init__(self, log_dir: str | os.PathLike[str], max_queue: int = 10,
                 flush_secs: float = 120, filename_suffix: str = "") -> None:
        self.log_dir = str(log_dir)
        folder = Path(self.log_dir)
        folder.mkdir(parents=True, exist_ok=True)
        name = (f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
                f".{next(_numbers)}{filename_suffix}")
        self.path = folder / name
        self.file = open(self.path, "wb")
        self.records = RecordWriter(self.file)
        self.flush_secs = flush_secs
        self.error: OSError | None = None
        self.events: queue.Queue[bytes | None] = queue.Queue(max(max_queue, 1))
        self.thread = threading.Thread(target=self._write_events, daemon=True)
        self.thread.start()
        self.events.put(event(time.time(), None, m.data(3, "brain.Event:2")))
        self.flush()

    def get_logdir(self) -> str:
        """The folder of the file."""
        return self.log_dir

    def _write_events(self) -> None:
        due = time.monotonic() + self.flush_secs
        while (content := self.events.get()) is not None:
            try:
                self.records.write(content)
                if time.monotonic() >= due:
                    self.file.flush()
                    due = time.monotonic() + self.flush_secs
            except OSError as error:  # reported by the next call, in the caller's thread
                self.error = error
            self.events.task_done()
        self.events.task_done()

    def add_event(self, content: bytes, step: int | None = None,
                  walltime: float | None = None) -> None:
        """Append an event.

        Args:
            content: the encoded field that says what happened.
            step: the training step.
            walltime: seconds since 1970. Default: now.

        Raises:
            OSError: an earlier event could not be written.
        """
        self._check()
        self.events.put(event(time.time() if walltime is None else walltime, step, content))

    def add_summary(self, summary: bytes, global_step: int | None = None,
                    walltime: float | None = None) -> None:
        """Append an event with encoded summary values."""
        self.add_event(m.data(5, summary), global_step, walltime)

    def flush(self) -> None:
        """Wait until all events are in the file."""
        self.events.join()
        self._check()
        self.file.flush()

    def close(self) -> None:
        """Flush and close; a second call does nothing."""
        if not self.file.closed:
            self.events.put(None)
            self.thread.join()
            self.file.close()
            self._check()

    def _check(self) -> None:
        if self.error is not None:
            error, self.error = self.error, None
            raise error


def event(walltime: float, step: int | None, content: bytes) -> bytes:
    """An encoded Event: when, at which step, and what."""
    return m.double(1, walltime) + (m.integer(2, int(step)) if step else b"") + content


_numbers = itertools.count()  # tells apart the files that one process opens in one second
