"""`torch.multiprocessing`: Python's package, with tensors that go through queues, and `spawn`."""

from __future__ import annotations

import multiprocessing as _standard
from multiprocessing import *  # noqa: F403

from . import sharing as _sharing
from . import spawn as _spawn_module  # noqa: F401
from .spawn import (
    ProcessContext,
    ProcessException,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    start_processes,
)
from .spawn import spawn as spawn

_sharing.register()
_STRATEGIES = {"file_descriptor", "file_system"}
_strategy = ["file_descriptor"]


def get_all_sharing_strategies() -> set[str]:
    """PyTorch's ways of handing tensors to other processes."""
    return set(_STRATEGIES)


def get_sharing_strategy() -> str:
    """The way that was chosen; tensors travel alike in either (`sharing.py`)."""
    return _strategy[0]


def set_sharing_strategy(new_strategy: str) -> None:
    """Choose a way of handing tensors to other processes: no effect.

    Raises:
        AssertionError: for an unknown one.
    """
    if new_strategy not in _STRATEGIES:
        raise AssertionError(f"invalid sharing strategy {new_strategy!r}, expected one of "
                             f"{_STRATEGIES}")
    _strategy[0] = new_strategy


__all__ = ["ProcessContext", "ProcessException", "ProcessExitedException",
           "ProcessRaisedException", "SpawnContext", "get_all_sharing_strategies",
           "get_sharing_strategy", "set_sharing_strategy", "spawn", "start_processes"]
__all__ += _standard.__all__
