"""The memory plan: intermediates of a plan share one block, allocated once and always warm."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from ..compiler.layout import ALIGN, lay_out
from .threads import available

MAX_THREADS = available()

RECYCLED = 1 << 18  # bytes; larger results are left to the allocator when nobody holds them
SPARES = 3  # arrays kept per result: one in use, one to write, one that somebody still looks at

KEPT_BLOCK, KEPT_TOTAL = 32 << 20, 512 << 20  # bytes that malloc keeps: a block, all together


def keep_freed_memory() -> None:
    """Have malloc keep what results leave behind; pages that the system gives anew cost far more.

    Where the C library is not glibc, nothing changes.
    """
    try:
        tune = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    trim_threshold, map_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
    tune(map_threshold, KEPT_BLOCK)
    tune(trim_threshold, KEPT_TOTAL)


_addresses: dict[int, tuple[weakref.ref[Any], int]] = {}


def address_of(array: Any) -> int:
    """Where the elements of an array lie, remembered while it lives; -1 if not contiguous."""
    me = id(array)
    known = _addresses.get(me)
    if known is not None and known[0]() is array:
        return known[1]
    if not array.flags.c_contiguous:
        return -1
    address: int = array.__array_interface__["data"][0]

    def forget(ref: Any) -> None:
        if _addresses.get(me, (None,))[0] is ref:
            del _addresses[me]
    _addresses[me] = weakref.ref(array, forget), address
    return address


class Result:
    """Arrays for one result of a plan; each is written again once nobody else refers to it.

    Args:
        spec: shape and dtype of the result.
    """

    def __init__(self, spec: Any) -> None:
        self.shape, self.dtype = spec.shape, spec.dtype.numpy
        self.spares = SPARES if spec.nbytes <= RECYCLED else 0
        self.arrays: list[tuple[Any, int]] = []

    def take(self) -> tuple[Any, int]:
        """An array that is free, and its address."""
        for array, address in self.arrays:
            if getrefcount(array) == _UNUSED:
                return array, address
        array = np.empty(self.shape, self.dtype)
        made = array, address_of(array)
        if len(self.arrays) < self.spares:
            self.arrays.append(made)
        return made


def _unused() -> int:
    for x, _ in [(object(), 0)]:
        return getrefcount(x)
    return 0


_UNUSED = _unused()  # references to an array that only `Result` holds, while it looks


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

    def result(self, spec: Any) -> Result:
        """Arrays for a value that leaves the plan."""
        return Result(spec)

    def address_of(self, array: Any) -> int:
        """Where the elements of an array from outside lie; -1 if it is not contiguous."""
        return address_of(array)

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
    """A block in which values that are alive together do not overlap.

    Args:
        lives: (value, spec, first stage, last stage).
    """
    places, total = lay_out([(v, spec.nbytes, first, last) for v, spec, first, last in lives])
    return Arena(total, {v: (places[v], spec) for v, spec, _, _ in lives})
