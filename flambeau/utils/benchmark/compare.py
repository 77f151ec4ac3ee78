"""Tables of measurements."""

from __future__ import annotations

from .measurement import Measurement, select_unit, trim_sigfig


class Compare:
    """Measurements side by side: a table per label, a row per variant, a column per description.

    Args:
        results: the measurements.

    Example:
        >>> from flambeau.utils.benchmark import Measurement, TaskSpec
        >>> spec = TaskSpec("x", "pass", label="sum", sub_label="small", description="now")
        >>> Compare([Measurement(1, [0.002], spec)]).print()
        [------ sum ------]
                     |  now
        1 threads: --------
              small  |  2.0
        <BLANKLINE>
        Times are in milliseconds (ms).
        <BLANKLINE>

    Source: torch.utils.benchmark.Compare
    """

    def __init__(self, results: list[Measurement]) -> None:
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._trim = False

    def extend_results(self, results: list[Measurement]) -> None:
        """Add measurements.

        Raises:
            ValueError: for anything else.
        """
        for one in results:
            if not isinstance(one, Measurement):
                raise ValueError("Expected an instance of `Measurement`, got "
                                 f"{type(one)} instead.")
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Show no more figures than can be trusted."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Accepted: tables are plain text."""

    def highlight_warnings(self) -> None:
        """Accepted: tables are plain text."""

    def print(self) -> None:
        """Print the tables."""
        print(self)

    def __str__(self) -> str:
        merged = Measurement.merge(self._results)
        labels = list(dict.fromkeys(one.label for one in merged))
        return "\n".join(self._table([one for one in merged if one.label == label])
                         for label in labels)

    def _table(self, results: list[Measurement]) -> str:
        unit, scale = select_unit(min(one.median for one in results))
        columns = list(dict.fromkeys(one.description or "" for one in results))
        names = list(dict.fromkeys(one.as_row_name for one in results))
        cells = {(one.num_threads, one.as_row_name, one.description or ""):
                 self._cell(one, scale) for one in results}
        widths = {column: max(len(column), *(len(text) for (_, _, c), text in cells.items()
                                             if c == column)) for column in columns}
        first = 6 + max(map(len, names))

        def line(name: str, texts: list[str]) -> str:
            return f"{name:<{first}}" + "".join(
                f"  |  {text:^{widths[c]}}" for c, text in zip(columns, texts, strict=True))
        head = line("", columns)
        lines = [head]
        for threads in sorted({one.num_threads for one in results}):
            lines.append(f"{f'{threads} threads: ':-<{len(head)}}")
            lines += [line(f"      {name}", [cells.get((threads, name, c), "") for c in columns])
                      for name in names if any((threads, name, c) in cells for c in columns)]
        title = f" {results[0].label or results[0].title} "
        word = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds",
                "s": "seconds"}[unit]
        return "\n".join([f"[{title:-^{len(head) - 2}}]", *lines, "",
                          f"Times are in {word} ({unit}).", ""])

    def _cell(self, one: Measurement, scale: float) -> str:
        time = one.median / scale
        if not self._trim:
            return f"{time:.1f}"
        return f"{trim_sigfig(time, one.significant_figures):g}"
