"""A progress bar for the terminal; plain lines, now and then, where the output is a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
WIDTH = 28


class Progress:
    """Iterates over items and shows how far it is, how long it took and a note.

    Args:
        items: what to iterate over.
        total: how many there are.
        label: what is shown in front.
    """

    def __init__(self, items: Iterable[T], total: int, label: str) -> None:
        self.items = items
        self.total = total
        self.label = label
        self.note = ""
        self.live = sys.stderr.isatty()

    def __iter__(self) -> Iterator[T]:
        start = shown = time.perf_counter()
        for done, item in enumerate(self.items, 1):
            yield item
            now = time.perf_counter()
            if done == self.total or (self.live and now - shown > 0.1):
                shown = now
                self._show(done, now - start)

    def _show(self, done: int, seconds: float) -> None:
        filled = WIDTH * done // max(self.total, 1)
        bar = "█" * filled + "·" * (WIDTH - filled)
        line = f"{self.label} {bar} {done}/{self.total} {seconds:5.1f} s  {self.note}"
        end = "\n" if done == self.total else ""
        print(f"\r{line:<78}" if self.live else line, end=end, file=sys.stderr, flush=True)
