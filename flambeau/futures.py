"""`torch.futures`: values that come later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["Future", "collect_all", "wait_all"]

T = TypeVar("T")


class Future(Generic[T]):
    """A value that somebody else will set.

    Args:
        devices: the accelerators that hold it: none.

    Example:
        >>> future = Future()
        >>> twice = future.then(lambda done: 2 * done.value())
        >>> future.set_result(3)
        >>> twice.wait()
        6

    Source: torch.futures.Future
    """

    def __init__(self, *, devices: list[Any] | None = None) -> None:
        self._set = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[Future[T]], Any]] = []
        self._value: Any = None
        self._error: Any = None

    def done(self) -> bool:
        """Whether the value, or an exception, is there."""
        return self._set.is_set()

    def wait(self) -> T:
        """Wait for the value.

        Raises:
            Exception: the one that was set in its place.
        """
        self._set.wait()
        return self.value()

    def value(self) -> T:
        """The value of a future that is done.

        Raises:
            RuntimeError: when it is not done.
        """
        if not self.done():
            raise RuntimeError("Future is not completed yet; wait() for its value.")
        if self._error is not None:
            raise self._error
        found: T = self._value
        return found

    def set_result(self, result: T) -> None:
        """Set the value, once.

        Raises:
            RuntimeError: when it is set already.
        """
        self._finish(result, None)

    def set_exception(self, result: Exception) -> None:
        """Set an exception in place of the value.

        Raises:
            AssertionError: for anything else than an exception.
        """
        if not isinstance(result, Exception):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._finish(None, result)

    def then(self, callback: Callable[[Future[T]], Any]) -> Future[Any]:
        """Return the future of what a function makes of this one once it is done."""
        later: Future[Any] = Future()

        def run(future: Future[T]) -> None:
            try:
                later.set_result(callback(future))
            except Exception as error:
                later.set_exception(error)

        self.add_done_callback(run)
        return later

    def add_done_callback(self, callback: Callable[[Future[T]], None]) -> None:
        """Call a function with this future once it is done."""
        with self._lock:
            if not self.done():
                self._callbacks.append(callback)
                return
        callback(self)

    def _finish(self, value: Any, error: Any) -> None:
        with self._lock:
            if self.done():
                raise RuntimeError("Future can only be marked completed once.")
            self._value, self._error = value, error
            self._set.set()
        for callback in self._callbacks:
            callback(self)


def collect_all(futures: list[Future[Any]]) -> Future[list[Future[Any]]]:
    """The future of a list of futures: done when all of them are."""
    whole: Future[list[Future[Any]]] = Future()
    missing, lock = [len(futures)], threading.Lock()

    def count(future: Future[Any]) -> None:
        with lock:
            missing[0] -= 1
            last = missing[0] == 0
        if last:
            whole.set_result(futures)

    if not futures:
        whole.set_result(futures)
    for future in futures:
        future.add_done_callback(count)
    return whole


def wait_all(futures: list[Future[Any]]) -> list[Any]:
    """Wait for several futures and return their values."""
    return [future.wait() for future in collect_all(futures).wait()]
