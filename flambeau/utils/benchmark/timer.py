"""The timer."""

from __future__ import annotations

import textwrap
import time
import timeit
from collections.abc import Callable
from typing import Any

from ...engines.realize import sync
from ...engines.threads import get_num_threads, set_num_threads
from .measurement import Measurement, TaskSpec


def timer() -> float:
    """The time in seconds once everything that was recorded has run."""
    sync()
    return time.perf_counter()


class Timer:
    """Times a statement, as `timeit.Timer` does, with a warm-up and a number of threads.

    Args:
        stmt: Python code. Default: `pass`.
        setup: code that runs before.
        global_setup: accepted for C++ alone.
        timer: a clock in seconds. Default: one that waits for recorded work.
        globals: the names that the code sees.
        label, sub_label, description: words for tables.
        env: a name of the environment.
        num_threads: how many threads compute. Default: 1.
        language: Python; C++ is not run.

    Raises:
        ValueError: for C++.

    Example:
        >>> Timer("x + 1", globals={"x": 1}).timeit(10).mean > 0
        True

    Source: torch.utils.benchmark.Timer
    """

    def __init__(self, stmt: str = "pass", setup: str = "pass", global_setup: str = "",
                 timer: Callable[[], float] = timer, globals: dict[str, Any] | None = None,
                 label: str | None = None, sub_label: str | None = None,
                 description: str | None = None, env: str | None = None, num_threads: int = 1,
                 language: Any = "python") -> None:
        if str(getattr(language, "name", language)).lower() not in ("python", "py"):
            raise ValueError("flambeau times Python statements only")
        stmt, setup = (textwrap.dedent(code).strip("\n") for code in (stmt, setup))
        self._task_spec = TaskSpec(stmt, setup, global_setup, label, sub_label, description, env,
                                   num_threads)
        self._timer = timeit.Timer(stmt, setup, timer, globals)

    def timeit(self, number: int = 1000000) -> Measurement:
        """Run the statement so many times, after a hundredth of it to warm up.

        Args:
            number: how many times. Default: 1000000.

        Returns:
            One time.
        """
        with _Threads(self._task_spec.num_threads):
            self._timer.timeit(max(number // 100, 2))
            return self._measured(number, [self._timer.timeit(number)])

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        """Refused, as in PyTorch: `blocked_autorange` and `timeit` are there."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def autorange(self, callback: Any = None) -> None:
        """Refused, as in PyTorch: `blocked_autorange` is there."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def blocked_autorange(self, callback: Callable[[int, float], Any] | None = None,
                          min_run_time: float = 0.2) -> Measurement:
        """Run the statement in blocks, long enough for the clock, for at least some time.

        Args:
            callback: called with the number of runs and the seconds of each block.
            min_run_time: seconds in all. Default: 0.2.

        Returns:
            One time per block.
        """
        with _Threads(self._task_spec.num_threads):
            number = self._block_size(min_run_time)
            times: list[float] = []
            while sum(times) < min_run_time or not times:
                times.append(self._timer.timeit(number))
                if callback is not None:
                    callback(number, times[-1])
            return self._measured(number, times)

    def adaptive_autorange(self, threshold: float = 0.1, *, min_run_time: float = 0.01,
                           max_run_time: float = 10.0,
                           callback: Callable[[int, float], Any] | None = None) -> Measurement:
        """Run the statement in blocks until their times lie close together.

        Args:
            threshold: the spread between the quartiles that ends it, relative to the median.
            min_run_time, max_run_time: seconds in all. Default: 0.01 and 10.
            callback: called with the number of runs and the seconds of each block.

        Returns:
            One time per block.
        """
        with _Threads(self._task_spec.num_threads):
            number = self._block_size(min_run_time)
            times: list[float] = []
            while sum(times) < max_run_time:
                times.append(self._timer.timeit(number))
                if callback is not None:
                    callback(number, times[-1])
                found = self._measured(number, times)
                if len(times) > 3 and sum(times) >= min_run_time and (
                        found.meets_confidence(threshold)):
                    break
            return self._measured(number, times)

    def _block_size(self, least: float) -> int:
        """Runs per block: as many as take a thousandth of the whole, so that the clock can tell."""
        number = 1
        while True:
            took = self._timer.timeit(number)
            if took >= least / 1000:
                return number
            number *= 10

    def _measured(self, number: int, times: list[float]) -> Measurement:
        return Measurement(number, list(times), self._task_spec)


class _Threads:
    """Sets the number of threads inside a block."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __enter__(self) -> None:
        self.before = get_num_threads()
        set_num_threads(self.count)

    def __exit__(self, *exc: object) -> None:
        set_num_threads(self.before)
