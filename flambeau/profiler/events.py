"""What a profiler keeps: ranges that the program marks, and flushes with their durations."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from ..engines.statistics import Observation, Structure, observations

F = TypeVar("F", bound=Callable[..., Any])
COLUMNS = ("Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls")


class Event(NamedTuple):
    """Something that took time: its name, begin and end in seconds, its kind and thread."""

    name: str
    begin: float
    end: float
    kind: str
    thread: int
    arguments: str


class Recording(Observation):
    """Collects events while it is among the engine's observers."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.started: list[float] = []

    def begins(self) -> None:
        """Note that a flush begins."""
        self.started.append(time.perf_counter())

    def flushed(self, reason: str, entry: Structure, native: bool) -> None:
        """Note that a flush is over."""
        super().flushed(reason, entry, native)
        begin = self.started.pop() if self.started else time.perf_counter()
        engine = "native" if native else "reference"
        self.events.append(Event(f"flush ({reason}): {entry.title()}", begin, time.perf_counter(),
                                 "flush", threading.get_ident(), engine))


class record_function:
    """Marks a range of the program, which profilers then show by name.

    Recording is lazy: the time of operations counts where they run, so a range that ends before its
    results are asked for holds only the time to record them.

    Args:
        name: shown in tables and traces.
        args: shown in traces.

    Example:
        >>> import flambeau as torch
        >>> with torch.profiler.profile() as prof:
        ...     with torch.profiler.record_function("square"):
        ...         value = (torch.ones(3) ** 2).sum().item()
        >>> [row.count for row in prof.key_averages() if row.key == "square"]
        [1]

    Source: torch.profiler.record_function.
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args
        self.begun: list[float] = []

    def __enter__(self) -> record_function:
        self.begun.append(time.perf_counter())
        return self

    def __exit__(self, *exc: object) -> None:
        event = Event(self.name, self.begun.pop(), time.perf_counter(), "range",
                      threading.get_ident(), self.args or "")
        for observation in observations:
            if isinstance(observation, Recording):
                observation.events.append(event)

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def marked(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)
        return marked  # type: ignore[return-value]


class Row:
    """The events of one name together; times in microseconds.

    Attributes:
        key: the name.
        count: how many there were.
        cpu_time_total: with what ran inside them.
        self_cpu_time_total: without.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.count = 0
        self.cpu_time_total = 0.0
        self.self_cpu_time_total = 0.0
        self.device_time_total = self.self_device_time_total = 0.0

    @property
    def cpu_time(self) -> float:
        """The mean time with what ran inside."""
        return self.cpu_time_total / self.count if self.count else 0.0


class Averages(list[Row]):
    """Rows by name, as `key_averages()` gives them."""

    def table(self, sort_by: str | None = None, row_limit: int = 100,
              max_src_column_width: int = 75, max_name_column_width: int = 55,
              max_shapes_column_width: int = 80, header: str | None = None,
              top_level_events_only: bool = False, time_unit: str | None = None) -> str:
        """The rows as text.

        Args:
            sort_by: an attribute of the rows, such as "cpu_time_total". Default: order of events.
            row_limit: rows shown. Default: 100.
            max_name_column_width: letters of a name shown. Default: 55.
            header: a line above.
        """
        rows = list(self)
        if sort_by is not None:
            name = sort_by.replace("cuda", "device")
            rows.sort(key=lambda row: -getattr(row, name))
        total = sum(row.self_cpu_time_total for row in self) or 1.0
        lines = [("Name", *COLUMNS)]
        lines += [(_short(row.key, max_name_column_width),
                   f"{row.self_cpu_time_total / total:.2%}", _time(row.self_cpu_time_total),
                   f"{row.cpu_time_total / total:.2%}", _time(row.cpu_time_total),
                   _time(row.cpu_time), str(row.count)) for row in rows[:row_limit]]
        widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
        rule = "  ".join("-" * width for width in widths)
        text = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
                for line in lines]
        return "\n".join([*([header] if header else []), rule, text[0], rule, *text[1:], rule,
                          f"Self CPU time total: {_time(total)}"])

    def total_average(self) -> Row:
        """All rows as one."""
        whole = Row("Total")
        for row in self:
            whole.count += row.count
            whole.cpu_time_total += row.self_cpu_time_total
            whole.self_cpu_time_total += row.self_cpu_time_total
        return whole

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all rows."""
        return sum(row.self_cpu_time_total for row in self)


def averages(events: Iterable[Event]) -> Averages:
    """Rows by name; an event's own time is what no event inside it took."""
    rows: dict[str, Row] = {}
    open_events: list[tuple[Event, list[float]]] = []
    for event in sorted(events, key=lambda e: (e.thread, e.begin, -e.end)):
        while open_events and (open_events[-1][0].end <= event.begin
                               or open_events[-1][0].thread != event.thread):
            _close(rows, open_events)
        open_events.append((event, [0.0]))
        rows.setdefault(event.name, Row(event.name))
    while open_events:
        _close(rows, open_events)
    return Averages(rows.values())


def _close(rows: dict[str, Row], open_events: list[tuple[Event, list[float]]]) -> None:
    event, inside = open_events.pop()
    took = event.end - event.begin
    if open_events and open_events[-1][0].thread == event.thread:
        open_events[-1][1][0] += took
    row = rows[event.name]
    row.count += 1
    row.cpu_time_total += 1e6 * took
    row.self_cpu_time_total += 1e6 * (took - inside[0])


def _short(name: str, width: int) -> str:
    return name if len(name) <= width else name[:width - 3] + "..."


def _time(microseconds: float) -> str:
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if microseconds >= size:
            return f"{microseconds / size:.3f}{unit}"
    return f"{microseconds:.3f}us"
