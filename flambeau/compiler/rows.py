"""Stage 4b, rows: nests with the same outer loops run together, one outer index after the other.

A softmax or a layer norm is a chain of reductions over rows and of maps between them. Each alone
walks through all of memory; together they take a few rows through the whole chain, and what one
hands to the next stays in registers and the nearest cache.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from .fuse import Call
from .loops import Affine, Line, Nest, Store, merge
from .program import Program
from .window_nest import WindowNest

MAX_PARTS = 24  # nests that run together: LLVM shall not see more at once
MAX_LINES = 320
LEAST_UNITS = 16  # what threads share
UNIT_ELEMENTS = 1024  # a unit takes several short rows at once
LOCAL_BYTES = 1 << 15  # of values that only live inside: the nearest cache


@dataclass
class Rows:
    """Nests that share their outer loops.

    Attributes:
        outer: sizes of the loops in common, the first of every part.
        parts: the nests, in order; each step of the outer loops runs them one after another.
        local: elements per step of values that nothing else reads; their addresses begin anew in
            every step.
    """

    outer: list[int]
    parts: list[Nest]
    local: dict[int, int] = field(default_factory=dict)

    def __str__(self) -> str:
        loops = " ".join(f"i{d}<{n}" for d, n in enumerate(self.outer))
        texts = [str(part).replace("\n", "\n  ") for part in self.parts]
        return "\n  ".join([f"for {loops}, together:", *texts])


Lowered = Nest | WindowNest | Call


def together(steps: Sequence[Lowered], program: Program) -> list[Lowered | Rows]:
    """The steps of a plan, nests put together where rows of one are all that another needs.

    Args:
        steps: nests and calls in an order that respects what they need.
        program: what they compute.
    """
    groups = _Groups(program)
    for step in steps:
        groups.add(step)
    readers = groups.readers()
    return [_finished(steps, program, readers) for steps in groups.ordered()]


def touched(step: Lowered) -> tuple[set[int], set[int]]:
    """The values that a step reads and writes."""
    if isinstance(step, Call):
        return set(step.instr.args), {step.instr.out}
    if isinstance(step, WindowNest):
        return set(step.reads()), set(step.written())
    return ({x.source for x in step.lines if x.op in ("load", "number")},
            {s.target for s in step.stores})


class _Groups:
    """Steps in groups, and which groups must run before which (sets of them as bits)."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.members: list[list[Lowered]] = []
        self.before: list[int] = []  # all that must run earlier
        self.reads: list[set[int]] = []
        self.writes: list[set[int]] = []
        self.touching: dict[int, list[int]] = {}

    def add(self, step: Lowered) -> None:
        """Put the next step into a group that has what it reads, or into one of its own."""
        reads, writes = touched(step)
        near = sorted({g for v in reads | writes for g in self.touching.get(v, ())}, reverse=True)
        needed = [g for g in near if self.writes[g] & (reads | writes) or self.reads[g] & writes]
        early = sum(1 << g for g in needed)
        for g in needed:
            early |= self.before[g]
        fitting = (g for g in near if self._free(g, needed) and self._fits(g, step))
        g = next(fitting, len(self.members))
        if g == len(self.members):
            self.members.append([step])
            self.before.append(early)
            self.reads.append(set())
            self.writes.append(set())
        else:
            self._join(g, step, early & ~(1 << g))
        self.reads[g] |= reads
        self.writes[g] |= writes
        for v in reads | writes:
            if g not in self.touching.setdefault(v, []):
                self.touching[v].append(g)

    def _free(self, g: int, needed: list[int]) -> bool:
        """Whether nothing that must run first needs the group itself."""
        return not any(self.before[p] >> g & 1 for p in needed if p != g)

    def _fits(self, g: int, step: Lowered) -> bool:
        """Whether a nest has rows in common with all nests of a group, and reads or writes them."""
        nests = [s for s in self.members[g] if isinstance(s, Nest)]
        if not isinstance(step, Nest) or not 0 < len(nests) < MAX_PARTS:
            return False
        if sum(len(n.lines) for n in nests) + len(step.lines) > MAX_LINES:
            return False
        rows = common([*nests, step], self.program)
        met = set().union(*touched(step)) & (self.reads[g] | self.writes[g])
        return rows > 0 and any(rows_apart([*nests, step], rows, {v}, self.program) for v in met
                                if self.program.specs[v].size >= rows)

    def _join(self, g: int, step: Lowered, early: int) -> None:
        self.members[g].append(step)
        self.before[g] |= early
        for x, before in enumerate(self.before):
            if before >> g & 1:
                self.before[x] |= early

    def readers(self) -> dict[int, set[int]]:
        """The groups, by the identity of their lists, that read each value; 0 for the outputs."""
        found: dict[int, set[int]] = {v: {0} for v in self.program.outputs}
        for members, reads in zip(self.members, self.reads, strict=True):
            for v in reads:
                found.setdefault(v, set()).add(id(members))
        return found

    def ordered(self) -> list[list[Lowered]]:
        """The groups in an order that respects what they need, else as they came."""
        waiting = [before.bit_count() for before in self.before]
        after: list[list[int]] = [[] for _ in self.before]
        for x, before in enumerate(self.before):
            while before:
                low = before & -before
                after[low.bit_length() - 1].append(x)
                before ^= low
        ready = [g for g, n in enumerate(waiting) if not n]
        done = []
        while ready:
            g = heapq.heappop(ready)
            done.append(self.members[g])
            for x in after[g]:
                waiting[x] -= 1
                if not waiting[x]:
                    heapq.heappush(ready, x)
        return done


def _finished(steps: list[Lowered], program: Program,
              readers: dict[int, set[int]]) -> Lowered | Rows:
    """A group as one step; values that only live inside become local."""
    nests = [s for s in steps if isinstance(s, Nest)]
    if len(steps) == 1:
        return steps[0]
    rows = _coarser(nests, common(nests, program))
    outer = _outer(nests, rows) or []
    parts = [merge(cut(nest, outer), len(outer)) for nest in nests]
    local: dict[int, int] = {}
    free = LOCAL_BYTES
    whole = {p[0] for p in program.parts.values()}
    for v in _handed(nests):
        spec = program.specs[v]
        nbytes = spec.nbytes // rows
        if readers.get(v, set()) <= {id(steps)} and v not in whole and nbytes <= free:
            free -= nbytes
            local[v] = spec.size // rows
    return Rows(outer, [_relative(part, len(outer), local) for part in parts], local)


def _relative(nest: Nest, depth: int, local: dict[int, int]) -> Nest:
    """The nest with addresses of local values that begin anew in every step."""
    def moved(v: int, a: Affine) -> Affine:
        return (a[0], (*[0] * depth, *a[1][depth:])) if v in local else a
    lines = [Line(x.op, x.args, x.params, x.source, moved(x.source, x.address), x.dtype)
             if x.op == "load" else x for x in nest.lines]
    stores = [Store(s.value, s.target, moved(s.target, s.address), s.reduce) for s in nest.stores]
    return Nest(nest.sizes, nest.reduced, lines, stores)


# ---- outer loops in common ----------------------------------------------------------------------

def common(nests: Sequence[Nest], program: Program) -> int:
    """The largest number of rows in which the nests can run together; 0 if there is none."""
    found = {p for nest in nests for p in _products(nest)}
    handed = set(_handed(nests))
    return next((rows for rows in sorted(found, reverse=True) if rows >= LEAST_UNITS
                 and rows_apart(nests, rows, handed, program)), 0)


def _handed(nests: Sequence[Nest]) -> list[int]:
    """The values that one nest writes and others touch."""
    count = Counter(v for nest in nests for v in set().union(*touched(nest)))
    return [v for v in dict.fromkeys(s.target for nest in nests for s in nest.stores)
            if count[v] > 1]


def _products(nest: Nest) -> list[int]:
    """Steps of the first kept loop, of the first two, …"""
    kept = nest.reduced.index(True) if True in nest.reduced else len(nest.sizes)
    return [math.prod(nest.sizes[:d + 1]) for d in range(kept)]


def _outer(nests: Sequence[Nest], rows: int) -> list[int] | None:
    """Sizes of outer loops over so many rows that every nest can have; None if there are none."""
    edges = sorted({p for nest in nests for p in _products(nest) if p < rows} | {1, rows})
    if any(b % a for a, b in zip(edges, edges[1:], strict=False)):
        return None
    for nest in nests:
        own = [1, *_products(nest)]
        if rows > own[-1] or any(e % max(p for p in own if p <= e)
                                 or min(p for p in own if p >= e) % e for e in edges):
            return None
    return [b // a for a, b in zip(edges, edges[1:], strict=False)]


def cut(nest: Nest, outer: Sequence[int]) -> Nest:
    """The same nest with its kept loops split so that the first ones have the sizes `outer`."""
    wanted = list(outer)
    splits: list[list[int]] = []
    for n in nest.sizes:
        pieces = []
        while wanted and n > 1:
            piece = wanted.pop(0)
            pieces.append(piece)
            n //= piece
        splits.append([*pieces, n] if n > 1 or not pieces else pieces)

    def spread(a: Affine) -> Affine:
        return a[0], tuple(c * math.prod(pieces[k + 1:]) for c, pieces in
                           zip(a[1], splits, strict=True) for k in range(len(pieces)))
    lines = [Line(x.op, x.args, x.params, x.source, spread(x.address), x.dtype)
             for x in nest.lines]
    stores = [Store(s.value, s.target, spread(s.address), s.reduce) for s in nest.stores]
    return Nest([n for pieces in splits for n in pieces],
                [r for r, pieces in zip(nest.reduced, splits, strict=True) for _ in pieces],
                lines, stores)


def _coarser(nests: Sequence[Nest], rows: int) -> int:
    """Several rows per step where they are short."""
    total = max(math.prod(nest.sizes) for nest in nests)
    most = max(LEAST_UNITS, total // UNIT_ELEMENTS)
    return next((n for n in range(min(rows, most), LEAST_UNITS - 1, -1)
                 if rows % n == 0 and _outer(nests, n) is not None), rows)


def rows_apart(nests: Sequence[Nest], rows: int, values: set[int], program: Program) -> bool:
    """Whether all nests have that many rows, and each row touches only its own part of values."""
    outer = _outer(nests, rows)
    if outer is None:
        return False
    strides = [math.prod(outer[d + 1:]) for d in range(len(outer))]
    return all(_inside(nest, address, strides, program.specs[v].size)
               for nest in (cut(nest, outer) for nest in nests)
               for v, address in nest.accesses() if v in values)


def _inside(nest: Nest, address: Affine, strides: list[int], size: int) -> bool:
    """Whether step i of the outer loops touches only the i-th of equal parts of a value."""
    depth, rows = len(strides), math.prod(nest.sizes[:len(strides)])
    span = size // rows
    low = high = address[0]
    for n, c in zip(nest.sizes[depth:], address[1][depth:], strict=True):
        low += min(0, c * (n - 1))
        high += max(0, c * (n - 1))
    return (size % rows == 0 and 0 <= low and high < span
            and all(c == span * s for c, s in zip(address[1], strides, strict=False)))
