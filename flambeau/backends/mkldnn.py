"""`torch.backends.mkldnn`: oneDNN, which flambeau does not use."""

from __future__ import annotations


def is_available() -> bool:
    """Whether oneDNN can be used: no."""
    return False
