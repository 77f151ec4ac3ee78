"""Stage 4, lower: all steps of a program as loops, put together where rows allow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..ops.define import Instr
from .fuse import Call, Step, Windows, plan_steps
from .loops import Nest, drop_unread, lower
from .program import Program
from .rows import Lowered, Rows, together, touched
from .window_nest import WindowNest, lower_windows


def lower_all(program: Program, fusable: Callable[[Instr], bool]) -> list[Lowered | Rows]:
    """A simplified program as nests, nests that run together, passes over windows, and calls.

    Args:
        program: a simplified program.
        fusable: says whether the code generator can take a line.

    Returns:
        The steps in an order that respects what they need.
    """
    steps, roots = plan_steps(program, fusable)
    lowered = [_lower(program, step, roots) for step in steps]
    wanted = set(program.outputs)
    for one in lowered:
        if isinstance(one, Call):
            wanted.update(one.instr.args)
        elif isinstance(one, WindowNest):
            wanted.update(one.reads())
    nests = [one for one in lowered if isinstance(one, Nest)]
    drop_unread(nests, wanted)
    drop_copies(nests, {*program.inputs, *_fixed(lowered), *program.outputs}, program)
    return together([one for one in lowered if not isinstance(one, Nest) or one.stores], program)


def _fixed(steps: list[Lowered]) -> set[int]:
    """The values that others than nests read or write, under their numbers."""
    return {v for step in steps if not isinstance(step, Nest)
            for v in set().union(*touched(step))}


def drop_copies(nests: list[Nest], fixed: set[int], program: Program) -> None:
    """Have what is only copied, byte by byte, written to where the copy would be.

    Args:
        nests: all nests; those that copy lose their stores.
        fixed: values that others than nests touch.
        program: what is computed.
    """
    named: dict[int, int] = {}
    for nest in nests:
        copied = _copied(nest)
        if copied is None:
            continue
        source, target = copied
        parts = {w for part, (w, *_) in program.parts.items() for w in (part, w)}
        if source in fixed or source in named or {source, target} & parts:
            continue
        if program.specs[source].nbytes != program.specs[target].nbytes:
            continue
        named[source] = target
        nest.stores = []
    for nest in nests:
        nest.lines = [replace(x, source=_final(named, x.source)) for x in nest.lines]
        for s in nest.stores:
            s.target = _final(named, s.target)


def _final(named: dict[int, int], v: int) -> int:
    while v in named:
        v = named[v]
    return v


def _copied(nest: Nest) -> tuple[int, int] | None:
    """The value that a nest only copies, and where to: both walked through from end to end."""
    if len(nest.lines) != 1 or len(nest.stores) != 1 or len(nest.sizes) != 1:
        return None
    line, store = nest.lines[0], nest.stores[0]
    straight = line.op == "load" and store.reduce is None and line.address == store.address
    return (line.source, store.target) if straight and line.address == (0, (1,)) else None


def _lower(program: Program, step: Step, roots: set[int]) -> Lowered:
    if isinstance(step, Call):
        return step
    if isinstance(step, Windows):
        return lower_windows(program, step, roots)
    return lower(program, step, roots)
