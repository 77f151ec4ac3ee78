"""Counts of what ran: for the whole process, and with the user's lines while somebody explains."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any, NamedTuple

from . import notices

KEPT_COMPILATIONS = 256


class Structure:
    """A structure that was flushed.

    Attributes:
        key: the structural key; `hash`: its hash.
        count, native: how often it came, and how often compiled code ran it.
        recent: how often it came since it last had a plan.
        plan: the compiled plan, if there is one.
        last: number of the flush that ran it last.
        refused: whether the compiler failed on it.
        costs: seconds that it takes on the reference engine and in the compiler, roughly.
        draft: its plan on the way; handed: `recent` when the compiler's process got it, or 0.
    """

    __slots__ = ("costs", "count", "draft", "handed", "hash", "key", "last", "native", "plan",
                 "recent", "refused")

    def __init__(self, key: Any) -> None:
        self.key = key
        self.hash = hash(key)
        self.count = 0
        self.recent = 0
        self.native = 0
        self.last = 0
        self.plan: Any = None
        self.refused = False
        self.costs: tuple[float, float] | None = None
        self.draft: Any = None
        self.handed = 0

    def title(self, words: int = 5) -> str:
        """The composites that it applies, most of them left out."""
        names = list(dict.fromkeys(x.name for x in self.key if hasattr(x, "output_specs")))
        if len(names) > words:
            names[words - 1:-1] = ["…"]
        return " ".join(names) or "nothing"


class Compilation(NamedTuple):
    """A structure made into code for a line of the program; `source` is "compiled" or "disk"."""

    title: str
    seconds: float
    source: str
    site: str


class Statistics:
    """Counts since the start: flushes by reason, structures by hash, nodes, compiled plans."""

    def __init__(self) -> None:
        self.flushes: Counter[str] = Counter()
        self.seen: Counter[int] = Counter()
        self.nodes = 0
        self.number = 0  # of flushes
        self.compiled = 0
        self.compilations: deque[Compilation] = deque(maxlen=KEPT_COMPILATIONS)
        self.dropped = 0  # plans given up for newer ones

    def __repr__(self) -> str:
        return (f"{sum(self.flushes.values())} flushes {dict(self.flushes)}, {self.nodes} nodes, "
                f"{len(self.seen)} structures")


class Observation:
    """What happened in a period.

    Attributes:
        flushes: how often, by reason and line.
        runs: how often each structure ran on the reference engine and as compiled code.
        compilations: in order.
    """

    def __init__(self) -> None:
        self.flushes: Counter[tuple[str, str]] = Counter()
        self.runs: dict[Structure, list[int]] = {}
        self.compilations: list[Compilation] = []

    def begins(self) -> None:
        """Note that a flush begins; observers that measure time override it."""

    def flushed(self, reason: str, entry: Structure, native: bool) -> None:
        """Note one flush."""
        self.flushes[reason, notices.call_site()] += 1
        self.runs.setdefault(entry, [0, 0])[native] += 1


statistics = Statistics()
observations: list[Observation] = []  # those under way
