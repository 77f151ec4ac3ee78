"""An exception on its way from a worker process to the main process."""

from __future__ import annotations

import sys
import traceback
from typing import Any, NoReturn


class KeyErrorMessage(str):
    """Text whose ``repr`` is itself: ``KeyError`` prints the ``repr`` of its argument."""

    __slots__ = ()

    def __repr__(self) -> str:
        return self


class ExceptionWrapper:
    """Type and formatted traceback of the exception being handled, without its frames.

    Args:
        exc_info: as ``sys.exc_info()`` gives; by default the exception being handled.
        where: where it was caught, for the message.
    """

    def __init__(self, exc_info: Any = None, where: str = "in background") -> None:
        info: Any = sys.exc_info() if exc_info is None else exc_info
        self.exc_type: type[BaseException] = info[0]
        self.exc_msg = "".join(traceback.format_exception(*info))
        self.where = where

    def reraise(self) -> NoReturn:
        """Raise an exception of the same type whose message holds the original traceback.

        Raises:
            BaseException: of the wrapped type; ``RuntimeError`` where that type cannot be made
                from a message alone.
        """
        # The exception must not be a local here: its traceback would hold this frame, and the
        # cycle would keep the loader's iterator, hence its workers, alive.
        raise self._rebuild()

    def _rebuild(self) -> BaseException:
        message = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        try:
            if self.exc_type is KeyError:
                return KeyError(KeyErrorMessage(message))
            if getattr(self.exc_type, "message", None):
                return self.exc_type(message=message)  # type: ignore[call-arg]
            return self.exc_type(message)
        except Exception:
            return RuntimeError(message)
