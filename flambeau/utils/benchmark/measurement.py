"""What a timer measured."""

from __future__ import annotations

import dataclasses
import math
import statistics
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

SCALES = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
LEAST_INTERVAL = 25e-9  # seconds; no clock is more certain
MOST_FIGURES = 4
WIDE, VERY_WIDE = 0.1, 0.25  # spreads between the quartiles, relative to the median


@dataclasses.dataclass(repr=False, frozen=True)
class TaskSpec:
    """What is measured.

    Args:
        stmt: the statement.
        setup: what runs before it.
        global_setup: of statements in C++, which flambeau does not run.
        label, sub_label, description: words for tables: what it is, its variant, its column.
        env: the environment's name.
        num_threads: how many threads compute.
    """

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label and its variant, or the statement."""
        variant = self.sub_label
        if self.label is not None or "\n" not in self.stmt:
            return (self.label or self.stmt) + (f": {variant}" if variant else "")
        return f"stmt:{f' ({variant})' if variant else ''}\n{textwrap.indent(self.stmt, '  ')}"

    def setup_str(self) -> str:
        """The setup as a report shows it."""
        if not self.setup or self.setup == "pass":
            return ""
        if "\n" in self.setup:
            return f"setup:\n{textwrap.indent(self.setup, '  ')}"
        return f"setup: {self.setup}"

    def summarize(self) -> str:
        """Title, description and setup, one below the other."""
        parts = [part for part in (self.title, self.description, self.setup_str()) if part]
        return "\n".join(f"{part}\n" if "\n" in part else part for part in parts)


class Measurement:
    """Times of a statement.

    Args:
        number_per_run: how often the statement ran per time.
        raw_times: the times in seconds.
        task_spec: what was measured.
        metadata: the user's notes.

    Example:
        >>> found = Measurement(10, [1.0, 3.0], TaskSpec("x + y", "pass"))
        >>> found.median, found.times
        (0.2, [0.1, 0.3])

    Source: torch.utils.benchmark.Measurement
    """

    def __init__(self, number_per_run: int, raw_times: list[float], task_spec: TaskSpec,
                 metadata: dict[Any, Any] | None = None) -> None:
        self.number_per_run, self.raw_times = number_per_run, raw_times
        self.task_spec, self.metadata = task_spec, metadata

    def __getattr__(self, name: str) -> Any:
        if name in TaskSpec.__dataclass_fields__ and "task_spec" in vars(self):
            return getattr(self.task_spec, name)
        raise AttributeError(f"'Measurement' object has no attribute {name!r}")

    @property
    def times(self) -> list[float]:
        """Seconds per run of the statement."""
        return [time / self.number_per_run for time in self.raw_times]

    @property
    def mean(self) -> float:
        """Their mean."""
        return statistics.fmean(self.times)

    @property
    def median(self) -> float:
        """Their median."""
        return self._quantile(0.5)

    @property
    def iqr(self) -> float:
        """The distance between their quartiles."""
        return self._quantile(0.75) - self._quantile(0.25)

    def _quantile(self, share: float) -> float:
        times = sorted(self.times)
        place = share * (len(times) - 1)
        low = int(place)
        high = min(low + 1, len(times) - 1)
        return times[low] + (place - low) * (times[high] - times[low])

    def meets_confidence(self, threshold: float = WIDE) -> bool:
        """Whether the quartiles lie close together, relative to the median."""
        return self.iqr / self.median < threshold

    @property
    def has_warnings(self) -> bool:
        """Whether they do not."""
        return not self.meets_confidence()

    @property
    def significant_figures(self) -> int:
        """How many figures of the median can be trusted, from the middle half of the times."""
        times, count = sorted(self.times), len(self.times)
        middle = times[count // 4:math.ceil(3 * count / 4)]
        interval = max(1.645 * statistics.pstdev(middle) / math.sqrt(len(middle)), LEAST_INTERVAL)
        return min(max(math.floor(math.log10(self.median / interval)), 1), MOST_FIGURES)

    @property
    def title(self) -> str:
        """What was measured, in words."""
        return self.task_spec.title

    @property
    def as_row_name(self) -> str:
        """The name of its row in a table."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def __repr__(self) -> str:
        spec = self.task_spec
        unit, scale = select_unit(self.median)
        runs, threads = len(self.raw_times), spec.num_threads
        lines = [f"{object.__repr__(self)}", spec.summarize()]
        if runs == 1:
            lines.append(f"  {self.mean / scale:.2f} {unit}")
        else:
            lines.append(f"  Median: {self.median / scale:.2f} {unit}")
            if runs > 3:
                low, high = self._quantile(0.25) / scale, self._quantile(0.75) / scale
                lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit} ({low:.2f} to {high:.2f})")
        total = f"{runs} measurement{'s' if runs > 1 else ''}"
        lines.append(f"  {total}, {self.number_per_run} runs "
                     f"{'per measurement' if runs > 1 else ''}, "
                     f"{threads} thread{'s' if threads > 1 else ''}")
        if runs > 3 and self.has_warnings:
            cause = ("This could indicate system fluctuation."
                     if self.meets_confidence(VERY_WIDE) else
                     "This suggests significant environmental influence.")
            share = 100 * self.iqr / self.median
            lines.append(f"  WARNING: Interquartile range is {share:.1f}% of the median "
                         f"measurement.\n           {cause}")
        return "\n".join(lines)

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """Join the measurements of equal tasks into one each."""
        groups: dict[TaskSpec, list[Measurement]] = defaultdict(list)
        for one in measurements:
            groups[one.task_spec].append(one)
        return [Measurement(1, [time for one in group for time in one.times], spec)
                for spec, group in groups.items()]


def select_unit(t: float) -> tuple[str, float]:
    """The unit in which a time reads best, and how many seconds it has.

    Args:
        t: the time in seconds.

    Example:
        >>> select_unit(0.0021)
        ('ms', 0.001)
    """
    for unit in ("ns", "us", "ms"):
        if t < 1000 * SCALES[unit]:
            return unit, SCALES[unit]
    return "s", SCALES["s"]


def trim_sigfig(x: float, n: int) -> float:
    """Round a number to some significant figures.

    Args:
        x: the number.
        n: how many figures.

    Example:
        >>> trim_sigfig(1234.5, 2)
        1200.0
    """
    if x == 0:
        return x
    scale = 10 ** (math.floor(math.log10(abs(x))) + 1 - n)
    return float(round(x / scale) * scale)
