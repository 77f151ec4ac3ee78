"""Tensors of ndarrays: owned ones and shared ones."""

from __future__ import annotations

from typing import Any

from ..autograd.base import wrap
from ..dtype import dtype
from ..graph import leaf


def from_array(array: Any, d: dtype | None = None) -> Any:
    """A tensor that owns `array`, which nobody may write to afterwards."""
    return wrap(leaf(array, d))


def share_array(array: Any) -> Any:
    """A tensor that shares memory with an ndarray of the user's."""
    t = wrap(leaf(array))
    t._storage.share(array)
    t._seen = -1
    return t
