"""Processes that run one function, watched together: the first failure ends the others."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

GRACE = 30.0  # seconds between asking a process to end and killing it


class ProcessException(Exception):
    """A process failed.

    Attributes:
        error_index: its number.
        error_pid: its process id.
    """

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.error_pid = error_pid

    def __reduce__(self) -> Any:
        return type(self), (self.msg, self.error_index, self.error_pid)


class ProcessRaisedException(ProcessException):
    """A process failed by an exception, whose traceback is in the message."""


class ProcessExitedException(ProcessException):
    """A process ended by a signal or with an exit code other than 0.

    Attributes:
        exit_code: what it ended with.
        signal_name: the signal, if any.
    """

    def __init__(self, msg: str, error_index: int, error_pid: int, exit_code: int,
                 signal_name: str | None = None) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name

    def __reduce__(self) -> Any:
        return type(self), (self.msg, self.error_index, self.error_pid, self.exit_code,
                            self.signal_name)


def _run(fn: Callable[..., Any], number: int, args: tuple[Any, ...], report: str) -> None:
    """What a process does: call the function, and leave a traceback where it fails."""
    try:
        fn(number, *args)
    except KeyboardInterrupt:
        pass  # the parent is ending this process
    except Exception:
        with open(report, "wb") as file:
            pickle.dump(traceback.format_exc(), file)
        sys.exit(1)


class ProcessContext:
    """Processes that were started together.

    Attributes:
        processes: in the order of their numbers.
        error_files: where each leaves its traceback.
    """

    def __init__(self, processes: list[Any], error_files: list[str]) -> None:
        self.processes = processes
        self.error_files = error_files
        self.sentinels = {process.sentinel: k for k, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """The processes' ids."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait for one or more processes to end.

        Args:
            timeout: seconds to wait. Default: without limit.
            grace_period: after a failure, seconds before the others are ended.

        Returns:
            Whether all have ended.

        Raises:
            ProcessRaisedException: a process raised; the others are ended.
            ProcessExitedException: a process ended otherwise than by returning.
        """
        if not self.sentinels:
            return True
        for sentinel in multiprocessing.connection.wait(list(self.sentinels), timeout):
            number = self.sentinels.pop(sentinel)
            self.processes[number].join()
            if self.processes[number].exitcode != 0:
                self._end_all(grace_period)
                self._raise(number)
        return not self.sentinels

    def _wait_all(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0.0, end - time.monotonic()))

    def _end_all(self, grace_period: float | None) -> None:
        if grace_period is not None:
            self._wait_all(grace_period)
        for process in self.processes:
            if process.is_alive():
                process.terminate()
        self._wait_all(GRACE if grace_period is None else grace_period)
        for process in self.processes:
            if process.is_alive():
                process.kill()
            process.join()

    def _raise(self, number: int) -> None:
        process, path = self.processes[number], self.error_files[number]
        if os.path.exists(path):
            with open(path, "rb") as file:
                trace = pickle.load(file)
            os.unlink(path)
            raise ProcessRaisedException(
                f"\n\n-- Process {number} terminated with the following error:\n{trace}", number,
                process.pid)
        code = process.exitcode
        if code >= 0:
            raise ProcessExitedException(f"process {number} terminated with exit code {code}",
                                         number, process.pid, code)
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"<Unknown signal {-code}>"
        raise ProcessExitedException(f"process {number} terminated with signal {name}", number,
                                     process.pid, code, name)


class SpawnContext(ProcessContext):
    """The old name of `ProcessContext`."""

    def __init__(self, processes: list[Any], error_files: list[str]) -> None:
        warnings.warn("SpawnContext is renamed to ProcessContext since 1.4 release.", stacklevel=2)
        super().__init__(processes, error_files)


def start_processes(fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1,
                    join: bool = True, daemon: bool = False,
                    start_method: str = "spawn") -> ProcessContext | None:
    """Start processes that call `fn(number, *args)`.

    Args:
        fn: a function of a module's top level.
        args: its arguments after the process's number.
        nprocs: how many processes.
        join: wait for all of them. Default: True.
        daemon: whether they end with this process. Default: False.
        start_method: "spawn", "fork" or "forkserver".

    Returns:
        None after waiting, otherwise what to wait with.

    Raises:
        ProcessRaisedException, ProcessExitedException: one failed.

    Source: torch.multiprocessing.start_processes.
    """
    context: Any = multiprocessing.get_context(start_method)
    processes, reports = [], []
    folder = tempfile.gettempdir()
    for number in range(nprocs):
        report = os.path.join(folder, f"flambeau-{os.getpid()}-{time.time_ns()}-{number}.pickle")
        process = context.Process(target=_run, args=(fn, number, args, report), daemon=daemon)
        process.start()
        processes.append(process)
        reports.append(report)
    started = ProcessContext(processes, reports)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True,
          daemon: bool = False, start_method: str = "spawn") -> ProcessContext | None:
    """Start fresh processes that call `fn(number, *args)`; see `start_processes`.

    Args:
        start_method: "spawn"; others are accepted with a warning.

    Source: torch.multiprocessing.spawn.
    """
    if start_method != "spawn":
        warnings.warn(f"This method only supports start_method=spawn (got: {start_method}).\n"
                      "To use a different start_method use:\n\t\t"
                      " torch.multiprocessing.start_processes(...)", FutureWarning, stacklevel=2)
    return start_processes(fn, args, nprocs, join, daemon, "spawn")
