"""`profile`: watches a block or the steps of a loop, and writes traces for Chrome or Perfetto."""

from __future__ import annotations

import enum
import gzip
import json
import os
import socket
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..engines.realize import sync
from ..engines.statistics import observations
from .events import Averages, Event, Recording, averages


class ProfilerActivity(enum.Enum):
    """What is watched; there is only the CPU."""

    CPU = 0
    XPU = 1
    CUDA = 3


class ProfilerAction(enum.Enum):
    """What to do at a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


def supported_activities() -> set[ProfilerActivity]:
    """What can be watched: the CPU."""
    return {ProfilerActivity.CPU}


def schedule(*, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0,
             skip_first_wait: int = 0) -> Callable[[int], ProfilerAction]:
    """Choose the steps of a loop that are recorded.

    Args:
        wait: steps passed over in each cycle.
        warmup: steps before recording.
        active: steps recorded.
        repeat: cycles; 0 for no limit. Default: 0.
        skip_first: steps passed over at the start. Default: 0.
        skip_first_wait: not 0 leaves out the first cycle's `wait`. Default: 0.

    Returns:
        A function of the step's number.

    Example:
        >>> plan = schedule(wait=1, warmup=1, active=1, repeat=1)
        >>> [plan(step).name for step in range(4)]
        ['NONE', 'WARMUP', 'RECORD_AND_SAVE', 'NONE']

    Source: torch.profiler.schedule.
    """
    if wait < 0 or warmup < 0 or active <= 0 or repeat < 0 or skip_first < 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} "
            f"(need >= 0), active={active} (need > 0), repeat={repeat} (need >= 0), "
            f"skip_first={skip_first} (need >= 0).")
    if warmup == 0:
        warnings.warn("Profiler won't be using warmup, this can skew profiler results",
                      stacklevel=2)
    length = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        step -= skip_first
        if step < 0:
            return ProfilerAction.NONE
        if skip_first_wait:
            step += wait
        cycle, place = divmod(step, length)
        if (repeat and cycle >= repeat) or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        last = place == length - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD
    return action


def tensorboard_trace_handler(dir_name: str, worker_name: str | None = None,
                              use_gzip: bool = False,
                              use_python_export: bool = False) -> Callable[[profile], None]:
    """Make a handler that writes each trace into a folder.

    Args:
        dir_name: the folder, made if needed.
        worker_name: begins the files' names. Default: HOST_PROCESS.
        use_gzip: compress them. Default: False.

    Source: torch.profiler.tensorboard_trace_handler.
    """
    worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"

    def handler(prof: profile) -> None:
        Path(dir_name).mkdir(parents=True, exist_ok=True)
        suffix = ".gz" if use_gzip else ""
        prof.export_chrome_trace(
            os.path.join(dir_name, f"{worker}.{time.time_ns()}.pt.trace.json{suffix}"))
    return handler


class profile:
    """Measures what a block takes: the ranges marked in it and every flush of the graph.

    A flush is one row, named by its reason and its operations, since a whole step runs as one
    function; `flambeau.explain()` times the kernels inside.

    Args:
        activities: accepted; the CPU is watched.
        schedule: which steps are recorded (see `schedule`). Default: all.
        on_trace_ready: called with the profiler when a recording is done.
        record_shapes, profile_memory, with_stack, with_flops, with_modules, …: accepted.

    Example:
        >>> import flambeau as torch
        >>> with torch.profiler.profile() as prof:
        ...     value = torch.ones(3).sum().item()
        >>> "flush (item)" in prof.key_averages().table(sort_by="cpu_time_total")
        True

    Source: torch.profiler.profile.
    """

    def __init__(self, *, activities: Any = None,
                 schedule: Callable[[int], ProfilerAction] | None = None,
                 on_trace_ready: Callable[..., Any] | None = None, record_shapes: bool = False,
                 profile_memory: bool = False, with_stack: bool = False, with_flops: bool = False,
                 with_modules: bool = False, **kwargs: Any) -> None:
        self.schedule = schedule or (lambda step: ProfilerAction.RECORD)
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.action = ProfilerAction.NONE
        self.recording: Recording | None = None
        self.recorded: list[Event] = []
        self.metadata: dict[str, str] = {}

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin at step 0."""
        sync()
        self.step_num = 0
        self._turn(self.schedule(0))

    def step(self) -> None:
        """Say that a step of the loop is over."""
        sync()
        self.step_num += 1
        self._turn(self.schedule(self.step_num))

    def stop(self) -> None:
        """End; a recording that is under way is handed over."""
        sync()
        self._turn(ProfilerAction.NONE)

    def _turn(self, action: ProfilerAction) -> None:
        """Go over from one step's action to the next one's."""
        saves = self.action is ProfilerAction.RECORD_AND_SAVE
        if self.recording is not None and (saves or action not in RECORDING):
            observations.remove(self.recording)
            self.recorded, self.recording = self.recording.events, None
            if self.on_trace_ready is not None:
                self.on_trace_ready(self)
        if action in RECORDING and self.recording is None:
            self.recording = Recording()
            observations.append(self.recording)
        self.action = action

    def events(self) -> list[Event]:
        """The events of the recording under way, or of the last one."""
        return self.recorded if self.recording is None else self.recording.events

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0,
                     group_by_overload_name: bool = False) -> Averages:
        """The events by name."""
        return averages(self.events())

    def add_metadata(self, key: str, value: str) -> None:
        """Add a text to the trace."""
        self.metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Add a JSON value to the trace."""
        self.metadata[key] = json.loads(value)

    def export_chrome_trace(self, path: str) -> None:
        """Write the events for chrome://tracing or Perfetto; compressed where the name ends in .gz.

        Args:
            path: the file.
        """
        process = os.getpid()
        events = [{"ph": "X", "cat": event.kind, "name": event.name, "pid": process,
                   "tid": event.thread, "ts": 1e6 * event.begin,
                   "dur": 1e6 * (event.end - event.begin), "args": {"detail": event.arguments}}
                  for event in self.events()]
        content = json.dumps({"schemaVersion": 1, "traceEvents": events, **self.metadata})
        if path.endswith(".gz"):
            with gzip.open(path, "wt", encoding="utf-8") as file:
                file.write(content)
        else:
            Path(path).write_text(content, encoding="utf-8")
