"""The native engine: a hot structure is compiled once and then runs as a plan of few calls.

Consecutive kernels form a segment, one native function; primitives that the emitter does not take
run on their NumPy meaning between segments, inside the same plan.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..compiler import verify
from ..compiler.fuse import Call
from ..compiler.jit import Library
from ..compiler.pipeline import run_passes
from ..compiler.program import Program, inline
from ..compiler.segment import Segment
from ..graph import Node
from ..ops.define import as_array
from . import plan_cache
from .background import Job
from .build import Built, build, kept, restored
from .memory import MAX_THREADS, Arena, keep_freed_memory, plan_memory
from .threads import pool

WORK_PER_THREAD = 400_000  # scalar operations that are worth waking a thread for
keep_freed_memory()
_ALIASES = ("movement", "cast", "elementwise", "gather", "loop", "host")  # may pass operands on


class Plan:
    """A compiled structure: what to run, in order, over numbered values.

    Args:
        program: what it computes, after all passes.
        built: its stages and their object code.
    """

    def __init__(self, program: Program, built: Built) -> None:
        self.program = program
        self.stages = restored(built.stages, program)
        self.code = built.code
        self.library = Library(*self.code.data) if self.code.data else None
        self.code.data = []
        for stage in self.stages:
            if isinstance(stage, Segment) and self.library is not None:
                stage.function = self.library.function(
                    stage.name, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
        self._allocate()

    # ---- memory ----

    def _allocate(self) -> None:
        """Intermediate kernel results live in one arena; what leaves the plan is allocated anew."""
        program = self.program
        escapes = set(program.outputs)
        for step in reversed(self.stages):
            if isinstance(step, Call) and step.instr.prim.kind in _ALIASES:
                if step.instr.out in escapes:
                    escapes.update(step.instr.args)
        written = [v for stage in self.stages if isinstance(stage, Segment) for v in stage.written]
        inner = [v for v in dict.fromkeys(written) if v not in escapes]  # pieces have one place
        last = self._last_uses()
        moments = self._moments()
        lives = [(v, program.specs[v], *moments[v]) for v in inner]
        self.arena: Arena = plan_memory(lives)
        if verify.ON:
            verify.check_memory(self.arena.places, lives, self.arena.nbytes)
        self.dead = self._dead_after(last, set(inner), escapes)
        self.inputs = [(v, program.specs[v].weak) for v in program.inputs]
        self.calls = any(isinstance(stage, Call) for stage in self.stages)
        segments = [stage for stage in self.stages if isinstance(stage, Segment)]
        for stage in segments:  # working memory grows to the largest before addresses are taken
            self.arena.scratch(stage.scratch, stage.shared)
        for stage in segments:
            stage.prepare(self.arena, program)
            stage.run_threads = run_threads

    def _moments(self) -> dict[int, tuple[int, int]]:
        """When each value is first written and last read, counted in functions and calls."""
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        alias: dict[int, set[int]] = {}
        now = 0
        for stage in self.stages:
            order = stage.order if isinstance(stage, Segment) else [
                (stage.instr.args, (stage.instr.out,))]
            for reads, writes in order:
                now += 1
                for v in (*reads, *writes):
                    first.setdefault(v, now)
                    for source in (v, *alias.get(v, ())):
                        last[source] = now
            if isinstance(stage, Call) and stage.instr.prim.kind in _ALIASES:
                sources: set[int] = set()
                for v in stage.instr.args:
                    sources |= {v, *alias.get(v, ())}
                alias[stage.instr.out] = sources
        return {v: (first[v], last[v]) for v in first}

    def _last_uses(self) -> dict[int, int]:
        last: dict[int, int] = {}
        alias: dict[int, set[int]] = {}
        for n, stage in enumerate(self.stages):
            reads = stage.read if isinstance(stage, Segment) else stage.instr.args
            for v in reads:
                for source in {v, *alias.get(v, ())}:
                    last[source] = n
            if isinstance(stage, Call) and stage.instr.prim.kind in _ALIASES:
                sources: set[int] = set()
                for v in stage.instr.args:
                    sources |= {v, *alias.get(v, ())}
                alias[stage.instr.out] = sources
        return last

    def _dead_after(self, last: dict[int, int], inner: set[int],
                    escapes: set[int]) -> list[list[int]]:
        dead: list[list[int]] = [[] for _ in self.stages]
        for v, n in last.items():
            if v not in inner and v not in self.program.outputs:
                dead[n].append(v)
        return dead

    # ---- running ----

    def run(self, arguments: Sequence[Any]) -> list[Any]:
        """The arrays of the program's outputs."""
        values: dict[int, Any] = dict(self.arena.views) if self.calls else {}
        for (v, weak), x in zip(self.inputs, arguments, strict=True):
            values[v] = x if weak else x.data
        if self.calls:
            with np.errstate(all="ignore"):
                self._run_stages(values)
        else:
            self._run_stages(values)
        return [values[v] for v in self.program.outputs]

    def _run_stages(self, values: dict[int, Any]) -> None:
        for stage, dead in zip(self.stages, self.dead, strict=True):
            if isinstance(stage, Segment):
                stage.run(values)
            else:
                instr = stage.instr
                result = instr.prim.numpy(*[values[a] for a in instr.args], **instr.params)
                values[instr.out] = result if type(instr.spec) is tuple else as_array(
                    result, instr.spec)
            for v in dead:
                values.pop(v, None)


def simplified(nodes: Sequence[Node], held: set[int]) -> tuple[Program, str | None]:
    """The program of a flush after all passes, and its key on the disk.

    Args:
        nodes: what the flush realizes.
        held: the ids of those to deliver.
    """
    program = run_passes(inline(nodes, held)[0])
    return program, plan_cache.program_key(program)


class Draft:
    """A plan on its way.

    Args:
        nodes: what a flush realizes.
        held: the ids of those to deliver.

    Attributes:
        found: what an earlier process left of it on the disk.
    """

    def __init__(self, nodes: Sequence[Node], held: set[int]) -> None:
        self.program, self.key = simplified(nodes, held)
        self.found = kept(self.key)
        self.job: Job | None = None

    def hand_over(self) -> None:
        """Have the compiler's process begin."""
        self.job = Job(self.program, self.key)

    def plan(self) -> Plan:
        """The plan; waits for the compiler's process if that has it, else it is compiled here.

        Raises:
            Exception: where the compiler failed.
        """
        built = self.found or (self.job.result() if self.job else build(self.program, self.key))
        return Plan(self.program, built)


def compiled(nodes: Sequence[Node], held: set[int]) -> Plan:
    """The plan of a flush, made at once, in this process."""
    return Draft(nodes, held).plan()


def run_threads(function: Any, table: int, work: int) -> None:
    """Run a segment on as many threads as its work is worth."""
    threads = min(pool.size, MAX_THREADS, 1 + work // WORK_PER_THREAD)
    if threads == 1:
        function(table, 0, 1)
    else:
        pool.run(function, table, threads)
