"""`torch.backends.mkl`: Intel's math library, which flambeau does not use."""

from __future__ import annotations


def is_available() -> bool:
    """Whether Intel's math library can be used: no."""
    return False
