"""Sorting along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtype import int32, int64
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


_SIDES: dict[bool, Any] = {False: "left", True: "right"}


def _search_numpy(sequence: Any, values: Any, *sorter: Any, right: bool, narrow: bool) -> Any:
    """Where values belong in sequences that are sorted along their last axis."""
    values, side = np.asarray(values), _SIDES[right]
    if sorter:
        sequence = np.take_along_axis(sequence, sorter[0], -1)
    if sequence.ndim == 1:
        out = np.searchsorted(sequence, values, side)
    else:
        out = np.empty(values.shape, np.int64)
        for place in np.ndindex(*sequence.shape[:-1]):
            out[place] = np.searchsorted(sequence[place], values[place], side)
    return np.asarray(out, np.int32 if narrow else np.int64)


search = Primitive("search", "sort", _search_numpy,
                   lambda s, v, *sorter, right, narrow: spec(v.shape, int32 if narrow else int64))
