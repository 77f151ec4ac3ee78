"""`torch.backends.mps`: Apple's graphics processors, which flambeau does not use."""

from __future__ import annotations


def is_available() -> bool:
    """Whether Apple's graphics processors can be used: no."""
    return False


def is_built() -> bool:
    """Whether support for it is built in: no."""
    return False
