"""Where the user's program stands, and warnings that wait until a flush is over.

A warning may be an error (`-W error`); raised inside a flush it would lose what was pending.
"""

from __future__ import annotations

import os
import sys
import warnings
from types import FrameType

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_waiting: list[str] = []


def _user_frame() -> tuple[FrameType | None, int]:
    """The innermost frame outside this package, and how many frames lie between."""
    frame: FrameType | None = sys._getframe(1)
    depth = 1
    while frame is not None and frame.f_code.co_filename.startswith((_PACKAGE, "<op ")):
        frame = frame.f_back
        depth += 1
    return frame, depth


def call_site() -> str:
    """`file:line` of the user's call that is running."""
    frame, _ = _user_frame()
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


class _Repetition:
    """Whether warnings that are given once are given every time."""

    always = False


def set_warn_always(b: bool, /) -> None:
    """Whether what is warned of once is warned of every time it happens.

    Args:
        b: True: every time. At first it is False.

    Raises:
        TypeError: for anything but a bool.

    Source: torch.set_warn_always.
    """
    if not isinstance(b, bool):
        raise TypeError(f"set_warn_always expects a bool, but got {type(b).__name__}")
    _Repetition.always = b


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` last set."""
    return _Repetition.always


def add(message: str) -> None:
    """Have a warning ready for the end of the flush."""
    _waiting.append(message)


def deliver() -> None:
    """Issue the warnings that wait, at the user's line."""
    while _waiting:
        _, depth = _user_frame()
        warnings.warn(_waiting.pop(0), UserWarning, stacklevel=depth)
