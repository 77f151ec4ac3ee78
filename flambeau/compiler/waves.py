"""Waves: consecutive functions of a segment that need no barrier between them."""

from __future__ import annotations

from typing import Any

from .time_loop import LoopFunction

Moment = tuple[tuple[int, ...], tuple[int, ...]]  # the values that a wave touches and writes
_SHARED = -1  # stands for the scratch memory that threads have in common


def waves(functions: list[Any]) -> list[list[Any]]:
    """Cut a list of functions where one needs what an earlier one of its wave wrote.

    A wave ends also where a function writes what an earlier one reads, where two need the shared
    scratch memory, and around a loop over time, which has barriers of its own.
    """
    made: list[list[Any]] = []
    touched: set[int] = set()
    wrote: set[int] = set()
    alone = True
    for f in functions:
        writes = {*f.written, *([_SHARED] if getattr(f, "shared", 0) else [])}
        touches = {*f.buffers, *writes}
        loop = isinstance(f, LoopFunction)
        if alone or loop or touches & wrote or writes & touched:
            made.append([])
            touched, wrote = set(), set()
        made[-1].append(f)
        touched |= touches
        wrote |= writes
        alone = loop
    return made


def moment(wave: list[Any]) -> Moment:
    """What a wave touches and writes, for the memory plan: none of it may share memory."""
    return (tuple(dict.fromkeys(v for f in wave for v in f.buffers)),
            tuple(dict.fromkeys(v for f in wave for v in f.written)))
