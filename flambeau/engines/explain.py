"""`flambeau.explain()`: what ran, when, why, where, and how close to the machine's limits."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from typing import Any

from ..compiler import reasons
from ..compiler.fuse import Call
from . import realize
from .statistics import Observation, Structure, observations, statistics

# Flushes that the program's structure asks for; all others wait for a value that the user reads.
PLANNED = ("optimizer step", "budget", "sync", "eager", "update by hand")
SHOWN = 12  # rows of a table


def explain() -> Report:
    """Report flushes, syncs, compilations, engines and kernels.

    Alone it reports the counters since the program's start. As a context manager it observes what
    happens inside, with the lines of the program that caused it.

    Returns:
        A report, to be printed. Its `profile()` times the kernels; `text(stage)` gives the text of
        a stage of the compiler.

    Example:
        >>> import flambeau as torch
        >>> x = torch.arange(3.0)
        >>> with torch.explain() as report:
        ...     value = x.exp().sum().item()
        >>> report.flushes["item"]
        1
        >>> print(report.text("program"))
        v0 = input()  # float32[3]
        v1 = exp(v0)  # float32[3]
        v2 = reduce_sum(v1, axes=(0,))  # float32[]
        return v2
    """
    return Report()


class Report:
    """What happened since the start, or inside a `with` block; `str` gives the whole text."""

    def __init__(self) -> None:
        self._observed: Observation | None = None
        self._profiles: dict[Structure, list[Any]] = {}
        self._machine: Any = None

    def __enter__(self) -> Report:
        realize.sync()
        self._observed = Observation()
        observations.append(self._observed)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._observed in observations:
            observations.remove(self._observed)

    # ---- data ----

    @property
    def observation(self) -> Observation:
        """Flushes, runs of structures and compilations; without lines where nobody observed."""
        if self._observed is not None:
            return self._observed
        total = Observation()
        for reason, count in statistics.flushes.items():
            total.flushes[reason, ""] = count
        total.runs = {s: [s.count - s.native, s.native] for s in realize.structures()}
        total.compilations = list(statistics.compilations)
        return total

    @property
    def flushes(self) -> Counter[str]:
        """How many flushes each reason caused."""
        found: Counter[str] = Counter()
        for (reason, _), count in self.observation.flushes.items():
            found[reason] += count
        return found

    @property
    def structures(self) -> list[Structure]:
        """The structures that ran, those that ran most often first."""
        runs = self.observation.runs
        return sorted(runs, key=lambda s: -sum(runs[s]))

    @property
    def plans(self) -> list[Structure]:
        """The structures that have compiled code."""
        return [s for s in self.structures if s.plan is not None]

    def on_reference(self) -> Counter[tuple[str, str]]:
        """Lines of compiled plans that run on the reference engine: by primitive and reason."""
        found: Counter[tuple[str, str]] = Counter()
        for entry in self.plans:
            specs = entry.plan.program.specs
            for stage in entry.plan.stages:
                if isinstance(stage, Call):
                    found[stage.instr.prim.name, reasons.why_not(stage.instr, specs)] += 1
        return found

    def profile(self, operations: float | None = None, bytes: float | None = None) -> Report:
        """Time every kernel of every plan by itself, on made-up inputs.

        Args:
            operations: the machine's peak in floating-point operations per second. Default:
                measured by multiply-adds in registers.
            bytes: its peak in bytes read and written per second. Default: measured by a copy.

        Returns:
            The report itself, which now prints times and shares of the roofline: the least time
            that operations and bytes allow over the time taken (above 100 % where data stay in
            caches).
        """
        module = importlib.import_module("flambeau.engines.profile")
        if operations is None or bytes is None:
            measured = module.measured_machine()
            operations, bytes = operations or measured.operations, bytes or measured.bytes
        self._machine = module.Machine(operations, bytes)
        self._profiles = {entry: module.profile(entry.key) for entry in self.plans}
        return self

    def text(self, stage: str, structure: Structure | int = 0) -> str:
        """A stage of the compiler as text.

        Args:
            stage: "program" (as recorded), "simplified", "kernels" or "llvm".
            structure: one of `structures`, or its number there. Default: 0, the most frequent.

        Raises:
            ValueError: for other stages.
        """
        stages = importlib.import_module("flambeau.engines.stages").STAGES
        if stage not in stages:
            raise ValueError(f"stage must be one of {', '.join(stages)}, not {stage!r}")
        entry = self.structures[structure] if isinstance(structure, int) else structure
        return str(stages[stage](entry.key))

    # ---- text ----

    def __str__(self) -> str:
        parts = [self._flush_lines(), self._compile_lines(), self._structure_lines(),
                 self._reference_lines()]
        parts += [self._plan_lines(n, entry) for n, entry in enumerate(self.structures)
                  if entry.plan is not None]
        return "\n\n".join("\n".join(lines) for lines in parts if lines)

    __repr__ = __str__

    def _flush_lines(self) -> list[str]:
        flushes = self.observation.flushes
        syncs = sum(n for (reason, _), n in flushes.items() if reason not in PLANNED)
        lines = [f"{sum(flushes.values())} flushes, {syncs} of them syncs (a value was asked for)"]
        for (reason, site), count in flushes.most_common():
            kind = "" if reason in PLANNED else "  sync"
            lines.append(f"  {count:6} × {reason:<16} {_short(site)}{kind}".rstrip())
        return lines

    def _compile_lines(self) -> list[str]:
        found = self.observation
        done = found.compilations
        seconds = sum(c.seconds for c in done)
        disk = sum(c.source == "disk" for c in done)
        native = sum(n for _, n in found.runs.values())
        lines = [f"{len(done)} plans made in {seconds:.2f} s ({len(done) - disk} compiled, {disk} "
                 f"from the disk); {max(native - len(done), 0)} flushes found theirs in memory"]
        lines += [f"  {c.seconds:7.3f} s  {c.source:<8} {c.title}  {_short(c.site)}".rstrip()
                  for c in sorted(done, key=lambda c: -c.seconds)[:SHOWN]]
        return [*lines, *_more(len(done))]

    def _structure_lines(self) -> list[str]:
        runs = self.observation.runs
        lines = [f"{len(runs)} structures: runs on the reference engine, runs as compiled code"]
        lines += [f"  #{n:<3} {runs[s][0]:6} {runs[s][1]:6}  {s.title()}"
                  for n, s in enumerate(self.structures[:SHOWN])]
        return [*lines, *_more(len(runs))]

    def _reference_lines(self) -> list[str]:
        found = self.on_reference()
        if not found:
            return []
        return ["inside compiled plans, on the reference engine:",
                *(f"  {count:4} × {name:<18} {why}"
                  for (name, why), count in found.most_common())]

    def _plan_lines(self, number: int, entry: Structure) -> list[str]:
        plan = entry.plan
        kernels = [k for stage in plan.stages if not isinstance(stage, Call)
                   for k in stage.kernels]
        segments = sum(not isinstance(stage, Call) for stage in plan.stages)
        lines = [f"plan of #{number}: {segments} segments, {len(kernels)} kernels, "
                 f"{len(plan.stages) - segments} calls; {plan.arena.nbytes / 1e6:.2f} MB arena"]
        timed = self._profiles.get(entry)
        if timed is not None:
            total = sum(t.seconds for t in timed)
            lines[0] += (f"; {1e3 * total:.3f} ms, peak {self._machine.operations / 1e9:.0f} "
                         f"GFLOP/s, {self._machine.bytes / 1e9:.1f} GB/s")
            rows = sorted(timed, key=lambda t: -t.seconds)
            lines += [f"{_row(t.kernel)} {1e3 * t.seconds:9.3f} ms {t.share(self._machine):5.0%}"
                      for t in rows[:SHOWN]]
            return [*lines, *_more(len(rows))]
        kernels.sort(key=lambda k: -k["operations"])
        return [*lines, *(_row(k) for k in kernels[:SHOWN]), *_more(len(kernels))]


def _row(kernel: dict[str, Any]) -> str:
    loops = "·".join(map(str, kernel["loops"])) or "1"
    what = " ".join(kernel["what"]) or "copy"
    if len(what) > 36:
        what = what[:35] + "…"
    return (f"  {kernel['name']:<18} {what:<36} {loops:<18} {kernel['operations'] / 1e6:10.3f} Mop "
            f"{kernel['bytes'] / 1e6:9.3f} MB")


def _more(count: int) -> list[str]:
    return [f"  … {count - SHOWN} more"] if count > SHOWN else []


def _short(site: str) -> str:
    """A file:line, relative to the working directory where it lies below it."""
    base = os.getcwd() + os.sep
    return site.removeprefix(base)
