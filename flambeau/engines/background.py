"""Compilation beside the program: programs go to a process of their own, object code comes back.

The process is started at the first job, knows nothing of the user's program, and ends with it. What
it cannot deliver, because it cannot be started, was killed or runs another version, is compiled
here when it is needed.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import weakref
from typing import Any

from ..compiler.program import Program
from . import plan_cache, transfer
from .build import Built, build

PATIENCE = 600.0  # seconds without a sign of life after which the process is given up
LOSSES = 3  # processes that may die before no more are started
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_START = ("import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
          "from flambeau.engines import worker; worker.main()")


class Job:
    """A program that is being compiled.

    Args:
        program: after all passes.
        key: its key on the disk; None where it holds what no other process has.
    """

    def __init__(self, program: Program, key: str | None) -> None:
        self.program = program
        self.key = key
        self.built: Built | None = None
        self.error = ""
        if key is not None:
            compiler.submit(self)

    def result(self) -> Built:
        """What the program became; waits for it.

        Raises:
            Exception: where the compiler failed.
        """
        compiler.wait(self)
        if self.error:
            raise RuntimeError(self.error)
        return self.built or build(self.program, self.key)


class Compiler:
    """The other end: the process, its socket and what has come through it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.socket: Any = None
        self.received = bytearray()
        self.jobs: weakref.WeakValueDictionary[int, Job] = weakref.WeakValueDictionary()
        self.number = 0
        self.losses = 0

    def submit(self, job: Job) -> None:
        """Hand a job over, if there is anybody to take it."""
        self.number += 1
        try:
            message = transfer.frame(transfer.packed(
                (self.number, job.program, job.key, plan_cache.surroundings())))
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
            return
        for _ in range(2):  # the process may just have ended, having had nothing to do for long
            if self.losses >= LOSSES or os.name != "posix":
                return
            try:
                if self.process is None:
                    self._start()
                self._send(message)
            except OSError:
                self.stop()
            except BaseException:  # an interrupt, perhaps in the middle of a message
                self.stop()
                raise
            else:
                self.jobs[self.number] = job
                return

    def wait(self, job: Job) -> None:
        """Wait until a job is done or lost."""
        try:
            while job in self.jobs.values():
                self._receive(PATIENCE)
        except BaseException:
            self.stop()
            raise

    def _send(self, message: bytes) -> None:
        rest = memoryview(message)
        flags = getattr(socket, "MSG_NOSIGNAL", 0) | socket.MSG_DONTWAIT
        while rest:
            if self._ready(select.POLLIN | select.POLLOUT, PATIENCE) & ~select.POLLOUT:
                self._receive(0.0)  # the other end may be waiting for us to take its results
            if self.socket is None:
                raise BrokenPipeError
            with contextlib.suppress(BlockingIOError):
                rest = rest[self.socket.send(rest, flags):]

    def _receive(self, seconds: float) -> None:
        """Take in what has come, or comes within some seconds."""
        data = b""
        if self._ready(select.POLLIN, seconds):
            with contextlib.suppress(OSError):
                data = self.socket.recv(1 << 20)
        if not data:
            self.losses += bool(self.jobs)
            self.stop()
        self.received += data
        while (payload := transfer.unframe(self.received)) is not None:
            number, built, error = transfer.unpacked(payload)
            job = self.jobs.pop(number, None)
            if job is not None:
                job.built, job.error = built, error

    def _ready(self, events: int, seconds: float) -> int:
        """Which of these happens on the socket within some seconds."""
        poll = select.poll()  # `select` knows no more than 1,024 files
        poll.register(self.socket, events)
        found = poll.poll(1000 * seconds)
        return found[0][1] if found else 0

    def _start(self) -> None:
        if not os.path.basename(sys.executable or "").startswith(("python", "pypy")):
            raise FileNotFoundError("the interpreter is part of another program")
        paths = [path or os.getcwd() for path in sys.path if isinstance(path, str)]
        if _ROOT not in paths:
            paths.insert(0, _ROOT)
        self.socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, json.dumps(paths)], stdin=theirs.fileno(),
                stdout=theirs.fileno(), stderr=subprocess.DEVNULL, start_new_session=True,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})

    def stop(self) -> None:
        """End the process and all that it started; what it was doing is lost."""
        if self.process is not None:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        self._forget()

    def _forget(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.process, self.socket = None, None
        self.received.clear()
        self.jobs.clear()

    def after_fork(self) -> None:
        """In a forked child: the process is the parent's, and so is what it sends."""
        if self.process is not None:
            self.process.returncode = 0  # nothing to wait for
        self._forget()


compiler = Compiler()
atexit.register(compiler.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=compiler.after_fork)
