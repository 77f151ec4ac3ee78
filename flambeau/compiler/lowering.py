"""Stage 4, lower: all steps of a program as loops, put together where rows allow it."""

from __future__ import annotations

from collections.abc import Callable

from ..ops.define import Instr
from .fuse import Call, Step, Windows, plan_steps
from .loops import Nest, drop_unread, lower
from .program import Program
from .rows import Lowered, Rows, together
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
    drop_unread([one for one in lowered if isinstance(one, Nest)], wanted)
    return together([one for one in lowered if not isinstance(one, Nest) or one.stores], program)


def _lower(program: Program, step: Step, roots: set[int]) -> Lowered:
    if isinstance(step, Call):
        return step
    if isinstance(step, Windows):
        return lower_windows(program, step, roots)
    return lower(program, step, roots)
