"""The two engines side by side: which one runs, and whether compiled code really did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import flambeau
from flambeau.engines import native as native_engine
from flambeau.engines import realize
from flambeau.engines.statistics import Observation, Structure, observations


class Watch(Observation):
    """Counts the flushes that compiled code and the reference engine ran."""

    def __init__(self) -> None:
        super().__init__()
        self.native = 0
        self.reference = 0

    def flushed(self, reason: str, entry: Structure, native: bool) -> None:
        """A flush has run."""
        super().flushed(reason, entry, native)
        self.native += native
        self.reference += not native


@contextmanager
def many_threads(count: int = 3) -> Iterator[None]:
    """Inside the block that many threads share every kernel, however small it is."""
    before = flambeau.get_num_threads(), native_engine.WORK_PER_THREAD
    flambeau.set_num_threads(count)
    native_engine.WORK_PER_THREAD = 1
    try:
        yield
        flambeau.sync()
    finally:
        flambeau.set_num_threads(before[0])
        native_engine.WORK_PER_THREAD = before[1]


@contextmanager
def engine(native: bool) -> Iterator[Watch]:
    """Inside the block every flush is compiled, or none is."""
    flambeau.sync()
    mode = realize.mode
    before = mode.native, mode.patience
    mode.native, mode.patience = native, 1
    watch = Watch()
    observations.append(watch)
    try:
        yield watch
        flambeau.sync()
    finally:
        mode.native, mode.patience = before
        observations.remove(watch)
