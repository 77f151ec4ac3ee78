"""The worker processes of one iterator, seen from the main process."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import time
import warnings
from contextlib import suppress
from multiprocessing import connection, forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from pickle import PicklingError
from typing import Any, NamedTuple

from flambeau.utils.data._utils.exception import ExceptionWrapper
from flambeau.utils.data._utils.transport import Inbox, decode
from flambeau.utils.data._utils.worker import (
    STATUS_CHECK_INTERVAL,
    Release,
    WorkerPlan,
    _worker_loop,
)

# Imported once in the fork server, so that each worker starts in milliseconds.
PRELOAD = ["__main__", "flambeau.utils.data._utils.worker"]


class Result(NamedTuple):
    """A batch that has arrived, and the task that it answers."""

    epoch: int
    number: int
    data: Any


def default_context() -> BaseContext:
    """The start method of workers: fork server, or spawn where there is none.

    Plain fork is never the default: it copies a process whose threads may hold locks.

    Returns:
        A multiprocessing context; the user's, if ``set_start_method`` chose spawn or forkserver.
    """
    chosen = multiprocessing.get_start_method(allow_none=True)
    if chosen in ("spawn", "forkserver"):
        return multiprocessing.get_context(chosen)
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    server = getattr(forkserver, "_forkserver", None)
    untouched = getattr(server, "_preload_modules", None) == ["__main__"]
    if untouched and not _shadowed():
        context.set_forkserver_preload(PRELOAD)
    return context


def _shadowed() -> bool:
    """Whether the fork server, which looks in the current folder first, finds another package."""
    package = Path(__file__).parents[3]
    local = Path.cwd() / package.name
    return local.exists() and not local.samefile(package)


class _Member:
    """One worker process with the two pipes to it."""

    def __init__(self, context: Any, plan: WorkerPlan) -> None:
        task_reader, self._tasks = context.Pipe(duplex=False)
        result_reader, result_writer = context.Pipe(duplex=False)
        self.inbox = Inbox(result_reader, plan.segment_prefix)
        self.process = context.Process(
            target=_worker_loop, args=(plan, task_reader, result_writer), daemon=True
        )
        try:
            self.process.start()
        except BaseException:
            self._tasks.close()
            self.inbox.close()
            raise
        finally:
            # Only the worker may hold these ends, or its death would go unnoticed.
            task_reader.close()
            result_writer.close()

    def send(self, message: Any) -> None:
        """Send a message; a dead worker is noticed when its result is awaited."""
        with suppress(OSError):
            self._tasks.send(message)

    def receive(self) -> Result | None:
        """The next batch, None if the worker has died."""
        try:
            message, buffers, segment = self.inbox.receive()
        except (EOFError, OSError):
            return None
        if segment is not None:
            self.send(Release(segment))
        epoch, number = message.key
        try:
            data = decode(message, buffers)
        except Exception:
            data = ExceptionWrapper(where="while unpickling a batch of a DataLoader worker")
        return Result(epoch, number, data)

    def close(self) -> None:
        """Close the pipes and free what the ended process has left."""
        self._tasks.close()
        self.inbox.close()


class Crew:
    """Starts workers, passes messages, notices deaths, and ends workers without residue.

    Args:
        context: multiprocessing context to start processes with.
        plans: one plan per worker; their ``segment_prefix`` is filled in here.
    """

    def __init__(self, context: BaseContext | None, plans: list[WorkerPlan]) -> None:
        self._owner = os.getpid()
        self._members: list[_Member] = []
        self.stopped = False
        # Workers and this process must report to one tracker, whatever the start method.
        resource_tracker.ensure_running()
        start_context = default_context() if context is None else context
        try:
            for plan in plans:
                self._members.append(_Member(start_context, plan))
        except (TypeError, AttributeError, PicklingError):
            self.stop()
            warnings.warn(
                "Got pickle error when attempting to start a worker Process. "
                "This might be because the worker Process arguments are not picklable: "
                "workers start by 'forkserver' or 'spawn', which need a dataset, collate_fn and "
                "worker_init_fn made of module-level functions and classes (no lambda). "
                "multiprocessing_context='fork' starts workers without pickling.",
                stacklevel=5,
            )
            raise
        except BaseException:
            self.stop()
            raise

    @property
    def processes(self) -> list[Any]:
        """The worker processes, in order."""
        return [member.process for member in self._members]

    def send(self, worker: int, message: Any) -> None:
        """Send a message to a worker; never blocks for long."""
        self._members[worker].send(message)

    def wait(self, workers: list[int], timeout: float | None) -> Result | None:
        """Wait for the next batch of any of the workers.

        Args:
            workers: numbers of the workers that owe a batch.
            timeout: seconds to wait at most, None for ever.

        Returns:
            The batch, or None when the time is up.

        Raises:
            RuntimeError: one of the workers has died.
        """
        readers: dict[Connection, int] = {
            self._members[worker].inbox.connection: worker for worker in workers
        }
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            # A dead worker's pipe reads as end-of-file, which wakes this up at once.
            ready = connection.wait(list(readers), _remaining(deadline))
            for reader in ready:
                result = self._members[readers[reader]].receive()  # type: ignore[index]
                if result is not None:
                    return result
            if ready:
                self._raise_dead(workers)
            if deadline is not None and time.monotonic() >= deadline:
                return None

    def _raise_dead(self, workers: list[int]) -> None:
        processes = [self._members[worker].process for worker in workers]
        connection.wait([process.sentinel for process in processes], STATUS_CHECK_INTERVAL)
        dead = [process for process in processes if not process.is_alive()]
        pids = ", ".join(str(process.pid) for process in dead or processes)
        causes = [_cause_of_death(process) for process in dead if process.exitcode]
        raise RuntimeError(f"DataLoader worker (pid(s) {pids}) exited unexpectedly") from (
            RuntimeError(" ".join(causes)) if causes else None
        )

    def stop(self) -> None:
        """End all workers: by message, then by SIGTERM, then by SIGKILL; then clean up."""
        if self.stopped or os.getpid() != self._owner:
            return
        self.stopped = True
        for member in self._members:
            member.send(None)
            # A worker that waits for its batch to be read must not wait for ever.
            member.inbox.connection.close()
        deadline = time.monotonic() + STATUS_CHECK_INTERVAL
        for process in self.processes:
            process.join(max(0.0, deadline - time.monotonic()))
        for end in ("terminate", "kill"):
            alive = [process for process in self.processes if process.is_alive()]
            for process in alive:
                getattr(process, end)()
            for process in alive:
                process.join(STATUS_CHECK_INTERVAL)
        for member in self._members:
            member.close()


def new_segment_prefix(worker: int) -> str:
    """Start of a worker's segment names: unique, and short enough for every platform."""
    return f"fl_{secrets.token_hex(6)}_{worker}"


def _remaining(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _cause_of_death(process: Any) -> str:
    code = process.exitcode
    if code < 0:
        name = signal.strsignal(-code) or str(-code)
        return f"DataLoader worker (pid {process.pid}) is killed by signal: {name}."
    return f"DataLoader worker (pid {process.pid}) exited with exit code {code}."
