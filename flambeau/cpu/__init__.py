"""The CPU as a device: there is one, always at hand."""

from __future__ import annotations

from ..engines.realize import sync
from . import amp

__all__ = ["amp", "current_device", "device_count", "is_available", "synchronize"]


def is_available() -> bool:
    """Whether there is a CPU: True."""
    return True


def device_count() -> int:
    """The number of CPU devices: 1."""
    return 1


def current_device() -> str:
    """The present CPU device's name."""
    return "cpu"


def synchronize(device: object = None) -> None:
    """Compute what is pending."""
    sync()
