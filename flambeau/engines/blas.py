"""NumPy's products on one thread while the reference engine runs.

OpenBLAS starts and joins its threads for every product. Steps consist of many small ones: on two
threads they take ten times as long as on one, and far longer where other programs are running.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from functools import cache
from typing import Any

_NAMES = [(f"{prefix}_get_num_threads{suffix}", f"{prefix}_set_num_threads{suffix}")
          for prefix in ("scipy_openblas", "openblas") for suffix in ("64_", "", "_64")]


@cache
def _switches() -> tuple[Any, Any] | None:
    """The functions that tell and set the number of threads, where NumPy has OpenBLAS."""
    try:
        with open("/proc/self/maps") as file:
            paths = {line.split()[-1] for line in file if "openblas" in line}
    except OSError:
        return None
    for path in sorted(paths):
        with contextlib.suppress(OSError):
            library = ctypes.CDLL(path)
            for get, put in _NAMES:
                if hasattr(library, get) and hasattr(library, put):
                    return getattr(library, get), getattr(library, put)
    return None


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Inside the block, products of matrices run on the calling thread alone."""
    switches = _switches()
    if switches is None:
        yield
        return
    get, put = switches
    before = get()
    put(1)
    try:
        yield
    finally:
        put(before)
