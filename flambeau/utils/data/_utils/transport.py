"""How a batch travels from a worker process to the main process.

The batch is pickled with its large buffers taken out (pickle protocol 5). Buffers go through a
shared-memory segment, or inside the message when they are small or shared memory is full. The
main process copies them out at once and hands the segment back, so that a worker reuses a few
segments whose pages are already mapped. It also unlinks a segment's name as soon as it has
mapped it: from then on nothing is left to clean up, however either process ends.
"""

from __future__ import annotations

import itertools
import os
import pickle
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import Any, NamedTuple

import numpy

# Below this many bytes, copying through the pipe is cheaper than a shared segment.
SMALL_BATCH_BYTES = 1 << 16
ALIGNMENT = 64
PAGE = 4096


class SegmentUse(NamedTuple):
    """Which segment of a worker holds a batch's buffers, and which ones it has given up."""

    number: int
    closed: tuple[int, ...]
    places: list[tuple[int, int]]  # (offset, size) of each buffer, bytes


class Message(NamedTuple):
    """One batch on the wire; ``key`` says which task it answers."""

    key: Any
    body: bytes
    buffers: SegmentUse | list[bytes]


def encode(data: Any) -> tuple[bytes, list[memoryview]]:
    """Pickle ``data`` with its contiguous buffers left out.

    Args:
        data: a batch.

    Returns:
        The pickle, and the buffers that belong to it, in order.
    """
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(data, protocol=5, buffer_callback=buffers.append)
    return body, [buffer.raw() for buffer in buffers]


def _create_segment(name: str, size: int) -> SharedMemory | None:
    """A new segment with its memory reserved, or None where there is no room for it."""
    try:
        segment = SharedMemory(name=name, create=True, size=size)
    except FileExistsError:
        raise
    except OSError:
        return None
    path = f"/dev/shm/{name}"
    if not (hasattr(os, "posix_fallocate") and os.path.exists(path)):
        return segment
    # Without this, a full /dev/shm (64 MB in many containers) is a bus error on first write.
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError:
        segment.close()
        segment.unlink()
        return None
    finally:
        os.close(descriptor)
    return segment


def segment_name(prefix: str, number: int) -> str:
    """Name of a worker's segment; numbers count up from 0 without gaps."""
    return f"{prefix}_{number}"


class Outbox:
    """A worker's end: sends batches and keeps the segments.

    Args:
        connection: writing end of the pipe to the main process.
        prefix: start of the names of this worker's segments.
    """

    def __init__(self, connection: Connection, prefix: str) -> None:
        self._connection = connection
        self._prefix = prefix
        self._numbers = itertools.count()
        self._segments: dict[int, SharedMemory] = {}
        # Filled by the thread that receives messages; deque operations are atomic.
        self._free: deque[int] = deque()
        self._closed: list[int] = []

    def release(self, number: int) -> None:
        """Take back a segment that the main process has copied out."""
        self._free.append(number)

    def send(self, key: Any, data: Any) -> None:
        """Send one batch; blocks while the main process is behind.

        Args:
            key: what the main process needs to place the batch.
            data: the batch, any picklable object.
        """
        body, buffers = encode(data)
        offsets = [0]
        for buffer in buffers:
            offsets.append(-(-(offsets[-1] + buffer.nbytes) // ALIGNMENT) * ALIGNMENT)
        number = self._segment_for(offsets[-1]) if offsets[-1] >= SMALL_BATCH_BYTES else None
        packed: SegmentUse | list[bytes]
        if number is None:
            packed = [bytes(buffer) for buffer in buffers]
        else:
            places = [(at, item.nbytes) for at, item in zip(offsets, buffers, strict=False)]
            view: Any = self._segments[number].buf
            for (offset, size), buffer in zip(places, buffers, strict=True):
                view[offset : offset + size] = buffer
            packed = SegmentUse(number, tuple(self._closed), places)
            self._closed.clear()
        message = Message(key, body, packed)
        self._connection.send_bytes(pickle.dumps(message, protocol=5))

    def _segment_for(self, size: int) -> int | None:
        """A free segment of at least ``size`` bytes; smaller free ones are given up."""
        while self._free:
            number = self._free.popleft()
            if self._segments[number].size >= size:
                return number
            self._segments.pop(number).close()
            self._closed.append(number)
        number = next(self._numbers)
        # Room to grow spares a new segment for each slightly longer batch.
        rounded = -(-(size + size // 8) // PAGE) * PAGE
        segment = _create_segment(segment_name(self._prefix, number), rounded)
        if segment is None:
            self._numbers = itertools.count(number)
            return None
        self._segments[number] = segment
        return number


class Inbox:
    """The main process's end: receives batches of one worker.

    Args:
        connection: reading end of the pipe from the worker.
        prefix: start of the names of the worker's segments.
    """

    def __init__(self, connection: Connection, prefix: str) -> None:
        self.connection = connection
        self._prefix = prefix
        self._segments: dict[int, SharedMemory] = {}
        self._seen = 0

    def receive(self) -> tuple[Message, list[Any], int | None]:
        """Receive one message and copy its buffers out of shared memory.

        Returns:
            The message, its buffers (writable), and the number of the segment to hand back.

        Raises:
            EOFError, OSError: the worker is gone.
        """
        message: Message = pickle.loads(self.connection.recv_bytes())
        if not isinstance(message.buffers, SegmentUse):
            return message, [bytearray(buffer) for buffer in message.buffers], None
        use = message.buffers
        for number in use.closed:
            self._segments.pop(number).close()
        memory: Any = self._segment(use.number).buf
        view = numpy.frombuffer(memory, numpy.uint8)
        buffers = [view[offset : offset + size].copy() for offset, size in use.places]
        return message, buffers, use.number

    def _segment(self, number: int) -> SharedMemory:
        if number not in self._segments:
            segment = SharedMemory(name=segment_name(self._prefix, number))
            segment.unlink()
            self._segments[number] = segment
            self._seen = number + 1
        return self._segments[number]

    def close(self) -> None:
        """Close the pipe and the segments, and remove those that were never received.

        Call it when the worker has ended.
        """
        self.connection.close()
        for segment in self._segments.values():
            segment.close()
        self._segments.clear()
        with suppress(FileNotFoundError):
            for number in itertools.count(self._seen):
                unseen = SharedMemory(name=segment_name(self._prefix, number))
                unseen.close()
                unseen.unlink()


def decode(message: Message, buffers: list[Any]) -> Any:
    """Rebuild the batch of a received message.

    Args:
        message: as ``Inbox.receive`` gives it.
        buffers: likewise; the arrays of the batch use them as their memory.

    Returns:
        The batch.
    """
    return pickle.loads(message.body, buffers=buffers)
