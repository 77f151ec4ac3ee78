"""`torch.backends.openmp`: OpenMP, which flambeau does not use."""

from __future__ import annotations


def is_available() -> bool:
    """Whether OpenMP can be used: no."""
    return False
