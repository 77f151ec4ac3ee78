"""Sorting along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtype import int64
from ..graph import spec
from .define import Primitive


def _argsort_numpy(x: Any, axis: int, descending: bool) -> Any:
    """Stable order; NaN counts as the greatest value."""
    if not descending:
        return np.argsort(x, axis, kind="stable").astype(np.int64, copy=False)
    backwards = np.argsort(np.flip(x, axis), axis, kind="stable")
    return np.flip(x.shape[axis] - 1 - backwards, axis).astype(np.int64)


argsort = Primitive("argsort", "sort", _argsort_numpy,
                    lambda x, axis, descending: spec(x.shape, int64))
