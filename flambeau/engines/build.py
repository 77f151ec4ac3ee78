"""From a simplified program to the stages of a plan and their object code, in any process.

The object code of kernels is made by a list of jobs without arguments, so that a caller may spread
them over processes.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ..compiler import llvm
from ..compiler.fuse import Call
from ..compiler.kernels import Kernels, Store
from ..compiler.lowering import lower_all
from ..compiler.program import Program
from ..compiler.segment import Segment, SegmentWriter
from ..ops.define import item
from . import plan_cache

Emit = Callable[[Sequence[plan_cache.Job]], list[bytes]]


class Built(NamedTuple):
    """What a plan is made of: its stages as plain values, and the object code that they call."""

    stages: list[Any]
    code: plan_cache.Code


def kept(key: str | None) -> Built | None:
    """What an earlier process left on the disk under a program's key."""
    found = plan_cache.load(key)
    return None if found is None else Built(*found)


def build(program: Program, key: str | None, apart: bool = False,
          emit: Emit = plan_cache.emit_here) -> Built:
    """Compile a program and keep the result on the disk.

    Args:
        program: after all passes.
        key: its key on the disk; None: only its kernels are kept.
        apart: make every kernel a segment of its own.
        emit: runs the jobs that make object code.
    """
    store = plan_cache.KernelStore()
    with _no_collections():
        writer = write_segments(program, apart, store)
        drivers = writer.module if writer.count else None
        code = plan_cache.translate(writer.kernels.all, drivers, store, emit)
    stages = [_facts(stage) for stage in writer.stages]
    plan_cache.store(key, stages, code)
    return Built(stages, code)


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Python's collector would walk over the growing modules again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def write_segments(program: Program, apart: bool = False,
                   store: Store | None = None) -> SegmentWriter:
    """The stages of a simplified program, its kernels and the LLVM module that calls them."""
    steps = lower_all(program, lambda i: llvm.takes(i, program.specs))
    writer = SegmentWriter(program, Kernels(store))
    made: set[int] = set()  # loops, which write their items
    for step in steps:
        if isinstance(step, Call) and step.instr.prim is item and step.instr.args[0] in made:
            continue
        function = writer.function(step, program)
        if function is None:
            writer.call(step)
        else:
            writer.add(function)
            if isinstance(step, Call):
                made.add(step.instr.out)
        if apart:
            writer.close()
    writer.finish()
    return writer


def _facts(stage: Segment | Call) -> Any:
    """A stage as plain values: a segment's table, or the line that a call runs."""
    return stage.facts() if isinstance(stage, Segment) else stage.instr.out


def restored(stages: Sequence[Any], program: Program) -> list[Any]:
    """The stages that gave these values."""
    lines = {instr.out: instr for instr in program.instrs}
    return [Segment.restored(s) if isinstance(s, dict) else Call(lines[s]) for s in stages]
