"""Which engine runs a structure: when it is compiled, and when that is waited for.

By counts and sizes, never by the clock: the engines round differently, and runs must repeat. Both
the reference engine's work and the compiler's are estimated (`cost`). A structure is handed to the
compiler once the reference engine has spent a small share of what compiling costs on it. The
reference engine goes on meanwhile, until it has spent a larger share; then the flush waits for the
compiler. So a program of many structures that each come a few times compiles nothing that it waits
for, and a step that comes again and again is soon compiled.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum

from ..graph import Node
from . import cost
from .statistics import Structure


class Mode:
    """How the engine of a flush is chosen.

    Attributes:
        native: whether compiled code is used at all (`FLAMBEAU_ENGINE=reference` turns it off).
        background: whether the reference engine goes on while the compiler works
            (`FLAMBEAU_COMPILE=now`: the flush that finds a structure worth it compiles it).
        patience: how often a structure must come before it is compiled (1: at once, in this
            process).
        share, limit: of what compiling costs, what the reference engine must have spent on a
            structure before the compiler gets it, and before that is waited for.
        large: the share that one run must take for compiling at first sight.
        longest: nodes of a structure beyond which compiling would take minutes.
        deterministic: whether all flushes are compiled, so that reruns are equal bit for bit.
        warn_only: what `use_deterministic_algorithms` was told beside.
    """

    native = os.environ.get("FLAMBEAU_ENGINE", "native") != "reference"
    background = os.environ.get("FLAMBEAU_COMPILE", "background") != "now"
    patience = int(os.environ.get("FLAMBEAU_PATIENCE", "2"))
    share = 0.03
    limit = 0.15
    large = 0.5
    longest = 10_000
    deterministic = False
    warn_only = False


mode = Mode()
SMALL = 2_000_000  # elements that a step must make to be looked at when it comes first
SPREAD = 1.0  # seconds of compilation that are spread over processes when they are waited for


@contextmanager
def one_engine() -> Iterator[None]:
    """Inside the block a structure is computed alike each time, not first by one engine, then by
    the other: on the reference engine, unless all is compiled at once."""
    before = mode.native
    mode.native = before and (mode.deterministic or mode.patience == 1)
    try:
        yield
    finally:
        mode.native = before


class Step(Enum):
    """What a flush does about a structure that has no plan."""

    REFERENCE = 0  # nothing: the reference engine runs it
    LOOK = 1  # see whether the disk has it
    HAND_OVER = 2  # give it to the compiler; the reference engine runs it meanwhile
    WAIT = 3  # have it compiled, and run that
    HERE = 4  # compile it in this process


def choose(entry: Structure, nodes: Sequence[Node]) -> Step:
    """What to do about a structure that has no plan."""
    if entry.refused or not mode.native:
        return Step.REFERENCE
    if mode.patience == 1:
        return Step.HERE
    first = entry.recent < mode.patience
    if not mode.deterministic and (len(nodes) > mode.longest
                                   or first and _elements(nodes) < SMALL):
        return Step.REFERENCE
    if entry.costs is None:
        entry.costs = cost.estimate(nodes)
    reference, compiling = entry.costs
    if mode.deterministic:
        return _soonest(entry)
    if entry.handed:
        spent = (entry.recent - entry.handed + 1) * reference
        return Step.WAIT if spent >= mode.limit * compiling else Step.REFERENCE
    if entry.recent * reference < mode.share * compiling:
        return Step.REFERENCE
    if first:
        return _soonest(entry) if reference >= mode.large * compiling else Step.LOOK
    if not mode.background or reference >= mode.limit * compiling:
        return _soonest(entry)
    return Step.HAND_OVER


def _soonest(entry: Structure) -> Step:
    """How a plan is there soonest: several processes are worth their start for much work only."""
    much = entry.costs is not None and entry.costs[1] >= SPREAD
    return Step.WAIT if much and mode.background else Step.HERE


def _elements(nodes: Sequence[Node]) -> int:
    return sum([n.spec.size for n in nodes if n.spec is not None])
