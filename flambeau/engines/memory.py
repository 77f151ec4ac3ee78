"""The memory plan: intermediates of a plan share one block, allocated once and always warm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .threads import available

ALIGN = 64
MAX_THREADS = available()


class Arena:
    """A block and the arrays laid out in it."""

    def __init__(self, nbytes: int, places: dict[int, tuple[int, Any]]) -> None:
        self.nbytes = nbytes
        block = np.empty(nbytes + ALIGN, np.uint8)
        start = -block.__array_interface__["data"][0] % ALIGN
        self.block = block[start:start + nbytes]
        self.base = self.block.__array_interface__["data"][0]
        self.places = places
        self.working = [np.empty(0, np.uint8), np.empty(0, np.uint8)]
        self.views: dict[int, Any] = {}
        for v, (offset, spec) in places.items():
            flat = self.block[offset:offset + spec.nbytes]
            self.views[v] = flat.view(spec.dtype.numpy).reshape(spec.shape)

    def address(self, v: int) -> int:
        """Where a value lies."""
        return int(self.base + self.places[v][0])

    def scratch(self, per_thread: int, shared: int) -> tuple[int, int]:
        """Addresses of working memory: what all threads of this machine need, and in common."""
        wanted = (per_thread * MAX_THREADS, shared)
        found = []
        for k, nbytes in enumerate(wanted):
            if self.working[k].size < nbytes + ALIGN:
                self.working[k] = np.empty(nbytes + ALIGN, np.uint8)
            start = self.working[k].__array_interface__["data"][0]
            found.append(start + -start % ALIGN)
        return found[0], found[1]


def plan_memory(lives: Sequence[tuple[int, Any, int, int]]) -> Arena:
    """Lay out values by first fit, largest first, so that those alive together do not overlap.

    Args:
        lives: (value, spec, first stage, last stage).
    """
    placed: list[tuple[int, int, int, int]] = []  # offset, end, first, last
    places: dict[int, tuple[int, Any]] = {}
    total = 0
    for v, spec, first, last in sorted(lives, key=lambda x: -x[1].nbytes):
        size = -(-max(spec.nbytes, 1) // ALIGN) * ALIGN
        offset = 0
        for start, end, f, t in sorted(placed):
            if f <= last and first <= t:
                if offset + size <= start:
                    break
                offset = max(offset, end)
        placed.append((offset, offset + size, first, last))
        places[v] = (offset, spec)
        total = max(total, offset + size)
    return Arena(total, places)
