"""Worker threads of the native engine: as many as the CPU share allows, started on first use."""

from __future__ import annotations

import os
import threading
from queue import SimpleQueue
from typing import Any


def available() -> int:
    """CPUs this process may use: its affinity, and the container's quota if there is one."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (
        os.cpu_count() or 1)
    for path in ("/sys/fs/cgroup/cpu.max",):
        try:
            with open(path) as file:
                quota, period = file.read().split()[:2]
        except (OSError, ValueError):
            continue
        if quota != "max":
            count = min(count, max(1, int(quota) // int(period)))
    return count


class Pool:
    """Threads that run one native function together, each with its own number.

    The calling thread takes part as number 0; native barriers inside the function keep them in
    step.
    """

    def __init__(self) -> None:
        self.size = available()
        self.queues: list[SimpleQueue[Any]] = []
        self.done: SimpleQueue[Any] = SimpleQueue()
        self.lock = threading.Lock()

    def run(self, function: Any, table: int, threads: int) -> None:
        """Call function(table, thread, threads) once on each of `threads` threads."""
        with self.lock:
            while len(self.queues) < threads - 1:
                self._start()
            for k in range(threads - 1):
                self.queues[k].put((function, table, k + 1, threads))
            function(table, 0, threads)
            for _ in range(threads - 1):
                self.done.get()

    def _start(self) -> None:
        queue: SimpleQueue[Any] = SimpleQueue()
        self.queues.append(queue)
        threading.Thread(target=self._work, args=(queue, self.done), daemon=True,
                         name=f"flambeau-{len(self.queues)}").start()

    @staticmethod
    def _work(queue: SimpleQueue[Any], done: SimpleQueue[Any]) -> None:
        while True:
            function, table, thread, threads = queue.get()
            function(table, thread, threads)
            done.put(None)


pool = Pool()


def _after_fork() -> None:
    """The child has none of the parent's threads: it starts its own when it needs them."""
    size = pool.size
    pool.__init__()  # type: ignore[misc]
    pool.size = size


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def get_num_threads() -> int:
    """How many threads compiled code uses."""
    return pool.size


def set_num_threads(num: int, /) -> None:
    """Set how many threads compiled code uses.

    Raises:
        RuntimeError: unless it is a positive int.

    Source: torch.set_num_threads.
    """
    pool.size = _positive("set_num_threads", num)


class _Interop:
    """Threads between operations: there are none here, the number is only remembered."""

    size = available()
    is_set = False


def get_num_interop_threads() -> int:
    """How many threads run operations beside each other: what was set, and of no effect."""
    return _Interop.size


def set_num_interop_threads(num: int, /) -> None:
    """Accept a number of threads between operations: a flush is one function, so it has no effect.

    Raises:
        RuntimeError: unless it is a positive int, or if it was called before.

    Source: torch.set_num_interop_threads.
    """
    count = _positive("set_num_interop_threads", num)
    if _Interop.is_set:
        raise RuntimeError("Error: cannot set number of interop threads after parallel work has "
                           "started or set_num_interop_threads called")
    _Interop.size, _Interop.is_set = count, True


def _positive(name: str, count: int) -> int:
    if not isinstance(count, int) or isinstance(count, bool):
        raise RuntimeError(f"{name} expects an int, but got {type(count).__name__}")
    if count <= 0:
        raise RuntimeError(f"{name} expects a positive integer")
    return count
