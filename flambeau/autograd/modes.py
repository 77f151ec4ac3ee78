"""Grad modes: whether operations are taped. Each works as a context manager and as a decorator."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _Modes(threading.local):
    """The switches of this thread."""

    grad = True
    inference = False
    anomaly = False
    check_nan = True
    multithreading = True
    saved: tuple[tuple[Any, Any], ...] = ()  # pairs (pack, unpack), the innermost last
    no_saved: str | None = None  # why such pairs are refused at present
    mutation = False  # whether what was saved may be written to: the old value is kept
    autocast: Callable[[str, tuple[Any, ...], tuple[Any, ...]], tuple[Any, ...]] | None = None


modes = _Modes()


class _Mode:
    """Base: sets one switch on entry, restores it on exit; decorates functions, generators."""

    switch = "grad"
    value = True

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> Any:
        self._before.append(getattr(modes, self.switch))
        setattr(modes, self.switch, self.value)
        return None

    def __exit__(self, *exc: object) -> None:
        setattr(modes, self.switch, self._before.pop())

    def clone(self) -> _Mode:
        """A fresh instance with the same setting (each call of a decorated function enters one)."""
        return self.__class__()

    def __call__(self, function: F) -> F:
        if inspect.isclass(function):
            made: Any = function
            made.__init__ = self(made.__init__)
            return function
        if inspect.isgeneratorfunction(function):
            return self._generator(function)

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)
        return decorated  # type: ignore[return-value]

    def _generator(self, function: Any) -> Any:
        """Between the steps of a generator the caller's own mode holds."""
        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            steps = function(*args, **kwargs)
            resume: Callable[[], Any] = functools.partial(next, steps)
            while True:
                try:
                    with self.clone():
                        produced = resume()
                except StopIteration as end:
                    return end.value
                try:
                    sent = yield produced
                except GeneratorExit:
                    steps.close()
                    raise
                except BaseException as error:
                    resume = functools.partial(steps.throw, error)
                else:
                    resume = functools.partial(steps.send, sent)
        return decorated


class _PlainMode(_Mode):
    """A mode without arguments: the bare class decorates, too."""

    def __new__(cls, orig_func: Any = None) -> Self:
        mode = super().__new__(cls)
        if orig_func is None:
            return mode
        mode.__init__()  # type: ignore[misc]
        decorated: Any = mode(orig_func)
        return decorated


class no_grad(_PlainMode):
    """Disable taping inside the block or the decorated function.

    Example:
        >>> import flambeau as torch
        >>> x = torch.ones(2, requires_grad=True)
        >>> with torch.no_grad():
        ...     print((x * 2).requires_grad)
        False
    """

    value = False

    def __init__(self) -> None:
        super().__init__()


class enable_grad(_PlainMode):
    """Enable taping inside the block or the decorated function."""

    value = True


class set_grad_enabled(_Mode):
    """Set taping on or off, at once; as a context manager it restores the setting afterwards."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.mode = self.value = bool(mode)
        self.prev = modes.grad
        modes.grad = self.value

    def __enter__(self) -> None:
        modes.grad = self.value

    def __exit__(self, *exc: object) -> None:
        modes.grad = self.prev

    def __call__(self, function: F) -> F:
        modes.grad = self.prev
        return super().__call__(function)

    def clone(self) -> set_grad_enabled:
        return set_grad_enabled(self.mode)


class inference_mode(_Mode):
    """Disable taping, and mark the tensors made inside as unfit for autograd."""

    def __new__(cls, mode: Any = True) -> Any:
        made = super().__new__(cls)
        if isinstance(mode, bool):
            return made
        made.__init__()  # type: ignore[misc]
        return made(mode)

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self.mode = mode if isinstance(mode, bool) else True
        self._stack: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._stack.append((modes.grad, modes.inference))
        if self.mode:
            modes.grad, modes.inference = False, True
        else:
            modes.inference = False

    def __exit__(self, *exc: object) -> None:
        modes.grad, modes.inference = self._stack.pop()

    def clone(self) -> inference_mode:
        made: inference_mode = inference_mode(self.mode)
        return made


class set_multithreading_enabled(_Mode):
    """Accepted for PyTorch's sake: the backward pass records and does not start threads."""

    switch = "multithreading"

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.mode = self.value = mode

    def clone(self) -> set_multithreading_enabled:
        return set_multithreading_enabled(self.mode)


class detect_anomaly:
    """Check every gradient for NaN and say which operation, recorded where, made it.

    Args:
        check_nan: raise when a backward function returns NaN. Default: True.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((modes.anomaly, modes.check_nan))
        modes.anomaly, modes.check_nan = True, self.check_nan

    def __exit__(self, *exc: object) -> None:
        modes.anomaly, modes.check_nan = self._before.pop()


class set_detect_anomaly(detect_anomaly):
    """Turn anomaly detection on or off, at once or for a block."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(check_nan)
        self._before.append((modes.anomaly, modes.check_nan))
        modes.anomaly, modes.check_nan = mode, check_nan

    def __enter__(self) -> None:
        return None


def is_grad_enabled() -> bool:
    """Whether operations are taped at present."""
    return modes.grad


def is_inference_mode_enabled() -> bool:
    """Whether inference mode is on at present."""
    return modes.inference
