"""The compiler's own process: programs come in on standard input, object code goes out.

It is started afresh, has one thread and imports nothing of the user's, so it may fork: the kernels
of a program are spread over child processes. It ends with its standard input, and takes its
children along.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import sys
from collections.abc import Sequence
from typing import Any

from . import plan_cache, transfer
from .build import Built, build
from .threads import available

NICE = 2  # the program goes first
IDLE = 60.0  # seconds without work after which the process ends
MOST = 8  # children at a time
_INDEX = 4  # bytes of a job's number in the queue


def main() -> None:
    """Serve until standard input ends."""
    replies = os.dup(1)  # whatever prints must not come between
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if hasattr(os, "nice"):
        os.nice(NICE)
    server = Server(sys.stdin.fileno())
    while (payload := server.next()) is not None:
        number, program, key, surroundings = transfer.unpacked(payload)
        answer = (server.answer(program, key) if surroundings == plan_cache.surroundings()
                  else (None, ""))
        reply = transfer.packed((number, *answer))
        with open(replies, "wb", closefd=False) as out:
            out.write(transfer.frame(reply))
    _end()


class Server:
    """Compiles one program after another.

    Args:
        source: file descriptor that the messages come from.
    """

    def __init__(self, source: int) -> None:
        self.source = source
        self.received = bytearray()

    def next(self) -> bytes | None:
        """The next message; None where none is to come."""
        while (payload := transfer.unframe(self.received)) is None:
            if not select.select([self.source], [], [], IDLE)[0] or not self._read():
                return None
        return payload

    def _read(self) -> bool:
        """Take in what has come; False at the end."""
        try:
            data = os.read(self.source, 1 << 20)
        except OSError:  # reset
            return False
        self.received += data
        return bool(data)

    def answer(self, program: Any, key: str | None) -> tuple[Built | None, str]:
        """What a program became, and what went wrong."""
        try:
            return build(program, key, emit=self.emit), ""
        except Exception as error:
            return None, f"{type(error).__name__}: {error}"

    def emit(self, jobs: Sequence[plan_cache.Job]) -> list[bytes]:
        """Object code by several processes; each takes the next job when it is done with one."""
        count = min(available(), MOST, len(jobs))
        if count < 2 or not hasattr(os, "fork"):
            return plan_cache.emit_here(jobs)
        queue = _queue(jobs)
        pipes = [self._child(jobs, queue) for _ in range(count)]
        os.close(queue)
        codes: dict[int, bytes] = {}
        for part in self._collect(pipes):
            if isinstance(part, Exception):
                raise part
            codes |= part
        return [codes[k] for k in range(len(jobs))]

    def _child(self, jobs: Sequence[plan_cache.Job], queue: int) -> int:
        """Start a child; the pipe that its results come through."""
        inlet, outlet = os.pipe()
        parent = os.getpid()
        if os.fork() == 0:
            with contextlib.suppress(BaseException):
                with open(outlet, "wb") as out:
                    out.write(pickle.dumps(_work(jobs, queue, parent)))
            os._exit(0)
        os.close(outlet)
        return inlet

    def _collect(self, pipes: list[int]) -> list[Any]:
        """What the children made; the process ends when its standard input does meanwhile."""
        parts = {pipe: bytearray() for pipe in pipes}
        waiting = set(pipes)
        while waiting:
            for ready in select.select([*waiting, self.source], [], [])[0]:
                if ready == self.source:
                    if not self._read():
                        _end()
                    continue
                data = os.read(ready, 1 << 20)
                parts[ready] += data
                if not data:
                    waiting.remove(ready)
                    os.close(ready)
                    os.wait()
        if not all(parts.values()):
            raise RuntimeError("a process of the compiler died")
        return [pickle.loads(part) for part in parts.values()]


def _queue(jobs: Sequence[plan_cache.Job]) -> int:
    """A pipe that holds the jobs' numbers, those that take longest first."""
    inlet, outlet = os.pipe()
    order = sorted(range(len(jobs)), key=lambda k: -_length(jobs[k]))
    os.write(outlet, b"".join(k.to_bytes(_INDEX, "little") for k in order))
    os.close(outlet)
    return inlet


def _length(job: plan_cache.Job) -> int:
    return sum(len(block.instructions) for function in job.module.functions
               for block in function.blocks)


def _work(jobs: Sequence[plan_cache.Job], queue: int, parent: int) -> Any:
    """In a child: object code of the jobs that the queue gives it, or the error."""
    done: dict[int, bytes] = {}
    try:
        while (number := os.read(queue, _INDEX)) and os.getppid() == parent:
            k = int.from_bytes(number, "little")
            done[k] = jobs[k].run()
    except Exception as error:
        return error
    return done


def _end() -> None:
    """End, and everything that was started here with it."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)
