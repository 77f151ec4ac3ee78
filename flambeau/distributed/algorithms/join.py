"""`torch.distributed.algorithms.join`: a group of one waits for no other process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any

__all__ = ["Join", "JoinHook", "Joinable"]


class JoinHook:
    """What a process does for the others once its inputs are at an end."""

    def main_hook(self) -> None:
        """Shadow one round of the processes that still have inputs."""

    def post_hook(self, is_last_joiner: bool) -> None:
        """Act once all processes are at the end.

        Args:
            is_last_joiner: whether this process was the last.
        """


class Joinable(ABC):
    """What can take part in `Join`."""

    @abstractmethod
    def join_hook(self, **kwargs: Any) -> JoinHook:
        """Return the hook of this object."""

    @property
    @abstractmethod
    def join_device(self) -> Any:
        """The device of its collectives."""

    @property
    @abstractmethod
    def join_process_group(self) -> Any:
        """The group of its collectives."""


class Join:
    """Lets processes run through different numbers of inputs inside a block.

    Args:
        joinables: the objects that take part.
        enable: whether joining is on. Default: True.
        throw_on_early_termination: raise when one process is at the end. Default: False.
        kwargs: passed to the objects' `join_hook`.

    Example:
        >>> with Join([]):
        ...     pass
        Traceback (most recent call last):
        ...
        ValueError: The join context manager requires at least one joinable

    Source: torch.distributed.algorithms.Join
    """

    def __init__(self, joinables: list[Joinable], enable: bool = True,
                 throw_on_early_termination: bool = False, **kwargs: Any) -> None:
        if not joinables:
            raise ValueError("The join context manager requires at least one joinable")
        self._hooks = [one.join_hook(**kwargs) for one in joinables] if enable else []

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if kind is None:
            for hook in self._hooks:
                hook.post_hook(True)

    @staticmethod
    def notify_join_context(joinable: Joinable) -> None:
        """Tell the block that a round of collectives begins: a group of one does not wait.

        Args:
            joinable: the object whose round begins.
        """
