"""`torch.accelerator` on a machine without one: programs ask, and go on with the CPU."""

from __future__ import annotations

from types import TracebackType
from typing import Any, NoReturn

from .device import device as _device

_ABSENT = "Cannot access accelerator device when none is available."


def is_available() -> bool:
    """Whether an accelerator can be used: never.

    Example:
        >>> import flambeau as torch
        >>> torch.accelerator.is_available()
        False
    """
    return False


def device_count() -> int:
    """How many accelerators there are: 0."""
    return 0


def current_accelerator(check_available: bool = False) -> _device | None:
    """The device of the accelerator: None."""
    return None


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    """Needs an accelerator.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(_ABSENT)


current_device_index = current_device_idx = current_stream = empty_cache = _refuse
get_device_capability = get_memory_info = max_memory_allocated = max_memory_reserved = _refuse
memory_allocated = memory_reserved = memory_stats = reset_accumulated_memory_stats = _refuse
reset_peak_memory_stats = set_device_idx = set_device_index = set_stream = synchronize = _refuse


class device_index:
    """Makes an accelerator the current one inside a block; None changes nothing.

    Raises:
        RuntimeError: when the block is entered with an index.
    """

    def __init__(self, device: int | None, /) -> None:
        self.idx = device

    def __enter__(self) -> None:
        if self.idx is not None:
            _refuse()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        return None
