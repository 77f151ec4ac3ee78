"""Blocks: a chain of functions run for one block of the batch after the other.

Functions that follow the leading dimension of what they read and write can run for a few images at
a time: what one hands to the next stays in the nearest caches, what only they touch lies in memory
of the thread, and no barrier stands between them.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from .contraction_call import ContractionFunction
from .kernels import Kernels
from .layout import lay_out
from .llvm import NestFunction
from .loops import Affine
from .row_code import RowFunction
from .special_loops import SpecialFunction
from .sums import ContractionSum, NestSum, result_bytes
from .window_code import WindowFunction

LEAST_BLOCKS = 8  # fewer would leave threads without work
LEAST_BYTES = 1 << 19  # handed on inside a chain; below, everything stays near anyway
NEAR_BYTES = 3 << 18  # of a block: most of the second cache
PARTS = 16  # partial results of a reduction over the batch at most


@dataclass(frozen=True)
class Steps:
    """How a function follows a leading dimension.

    Attributes:
        count: steps along it; units: of the function, per step.
        spans: elements per step of each value of which step i touches only its own, the i-th;
            of other values it may read all.
        sums: whether the result is a reduction over the steps.
        least: how many a call should have: what it reads whole is read anew by each.
    """

    count: int
    units: int
    spans: dict[int, int]
    sums: bool = False
    least: int = 1

    def images(self, batch: int, sizes: dict[int, int]) -> Fraction | None:
        """How many of `batch` equal parts of each value belong to a step; None if not the same."""
        found: Fraction | None = None
        for v, span in self.spans.items():
            size = sizes[v]
            if size % batch or not (self.count - 1) * span < size <= self.count * span:
                return None
            ratio = Fraction(span * batch, size)
            if found not in (None, ratio):
                return None
            found = ratio
        return found


def steps_of(f: Any) -> Steps | None:
    """How a function follows its leading dimension; None if it does not."""
    if isinstance(f, NestFunction):
        return _nest_steps(f)
    if isinstance(f, SpecialFunction):
        return _special_steps(f)
    if isinstance(f, WindowFunction):
        return _window_steps(f)
    if isinstance(f, ContractionFunction) and f.follow is not None and not f.finish_units:
        units, *spans, least = f.follow
        made = _contraction_steps(f, (*f.written, *f.operands), spans, -(-f.units // units), units)
        return replace(made, least=least) if made is not None else None
    if isinstance(f, ContractionFunction) and f.sums is not None:
        step, *spans = f.sums
        count = f.specs[0].size // (spans[0] // step)
        return _contraction_steps(f, f.operands, spans, -(-count // step), 1, True)
    return None


def _contraction_steps(f: ContractionFunction, values: Sequence[int], spans: Sequence[int],
                       count: int, units: int, sums: bool = False) -> Steps | None:
    found: dict[int, int] = {}
    for v, span in zip(values, spans, strict=True):
        if found.setdefault(v, span) != span:
            return None  # one value in two roles
    return Steps(count, units, {v: span for v, span in found.items() if span}, sums)


def _nest_steps(f: NestFunction) -> Steps | None:
    """A step is one of the loop that threads share, or of an outermost loop that is reduced."""
    together = isinstance(f, RowFunction)
    sums = not together and f.nest.reduced[:1] == [True]
    loop = 0 if sums else f.parallel
    if loop is None:
        return None
    spans: dict[int, int] = {}
    whole: set[int] = set()
    for nest in f.nests:
        for v, address in nest.accesses():
            if v in f.buffers and not (sums and v in f.written):
                _note(nest.sizes, loop, v, address, spans, whole)
    if whole.intersection(f.written):
        return None
    steps = f.nest.sizes[loop] if sums else f.units
    return Steps(steps, 1, {v: n for v, n in spans.items() if v not in whole}, sums)


def _note(sizes: Sequence[int], loop: int, v: int, address: Affine, spans: dict[int, int],
          whole: set[int]) -> None:
    """Whether step i of a loop touches only elements [i · span, (i + 1) · span)."""
    low = high = address[0]
    for d, (n, c) in enumerate(zip(sizes, address[1], strict=True)):
        if d != loop:
            low += min(0, c * (n - 1))
            high += max(0, c * (n - 1))
    span = address[1][loop]
    if low < 0 or high >= span or spans.setdefault(v, span) != span:
        whole.add(v)


def _window_steps(f: WindowFunction) -> Steps | None:
    """A step is an image; results of other shapes than their windows' there are none."""
    w = f.windows
    images, channels = w.lead
    spans: dict[int, int] = {}
    whole: set[int] = set()
    for lines, sizes in ((w.lines, w.domain), (w.after, w.result)):
        for line in lines:
            if line.op == "load":
                _note(sizes, 0, line.source, line.address, spans, whole)
    elements, places = (channels * math.prod(x) for x in (w.geometry.size, w.geometry.out))
    for v in [*f.written, *([] if w.number is None else [w.number])]:
        span = elements if w.spreads and v in f.written else places
        if spans.setdefault(v, span) != span:
            return None
    if whole.intersection(f.written):
        return None
    return Steps(images, channels, {v: n for v, n in spans.items() if v not in whole})


def _special_steps(f: SpecialFunction) -> Steps | None:
    name, values = f.instr.prim.name, [*f.instr.args, f.instr.out]
    sizes = [s.size for s in (*f.specs, f.out)]
    if name == "take":  # the table is read anywhere
        if f.instr.args[0] in values[1:]:
            return None
        values, sizes = values[1:], sizes[1:]
    elif not name.startswith("window") and (name not in ("take_along", "put_along")
                                            or f.specs[0].shape[:1] != f.specs[1].shape[:1]):
        return None
    if any(n % f.units for n in sizes):
        return None
    return Steps(f.units, 1, {v: n // f.units for v, n in zip(values, sizes, strict=True)})


@dataclass
class Member:
    """A function of a chain, its steps, and how many images belong to one."""

    function: Any
    steps: Steps
    images: Fraction


class BlockedFunction:
    """A chain with the interface that segments expect of their functions.

    Args:
        members: the functions in order.
        batch: images.
        sizes: elements of each value.
        outside: whether a value is wanted outside the chain.

    Attributes:
        block: images run at a time; blocks: how many, of which `per_part` follow one another.
        parts: what threads share.
        inner: offsets of values that only live inside, in the thread's memory.
        elements: of an image, per value.
        prepared, partial: where in the shared memory a contraction's own part, and the partial
            results of a reduction, begin.
    """

    def __init__(self, name: str, members: list[Member], batch: int, sizes: dict[int, int],
                 outside: Callable[[int], bool], kernels: Kernels) -> None:
        self.name, self.members, self.batch = name, members, batch
        functions = [m.function for m in members]
        self.dtypes = {v: d for f in functions for v, d in f.dtypes.items()}
        touched = list(dict.fromkeys(v for f in functions for v in f.buffers))
        followed = {v for m in members for v in m.steps.spans}
        self.elements = {v: sizes[v] // batch for v in touched if v in followed}
        written = list(dict.fromkeys(v for f in functions for v in f.written))
        inside = {v for v in written if v in followed and not outside(v)}
        self.buffers = [v for v in touched if v not in inside]
        self.written = [v for v in written if v not in inside]
        self.numbers = tuple(dict.fromkeys(v for f in functions for v in f.numbers))
        self.work = sum(f.work for f in functions)
        self._cut(members)
        for m in members:
            if m.steps.sums:
                kind: Any = NestSum if isinstance(m.function, NestFunction) else ContractionSum
                m.function = kind(kernels, m.function, self.parts)
        self.functions = [m.function for m in members]
        scratch = max((getattr(f, "scratch", 0) for f in self.functions), default=0)
        self.own = room(scratch)  # where the values that live inside begin
        self.inner, used = self._places(inside)
        self.scratch = self.own + used
        self._share()

    def nbytes(self, v: int) -> int:
        """Bytes of one image of a value."""
        return int(self.elements[v] * self.dtypes[v].itemsize)

    def _cut(self, members: list[Member]) -> None:
        """As many images in a block as stay near, in whole steps of all functions."""
        least = fewest(members)
        near = NEAR_BYTES // max(1, sum(map(self.nbytes, self.elements)))
        most = min(near, self.batch // (2 * LEAST_BLOCKS))
        whole = aligned(members)
        self.block = max(least, most // whole * whole)
        self.blocks = -(-self.batch // self.block)
        self.parts, self.per_part = self.blocks, 1
        if any(m.steps.sums for m in members) and self.blocks > PARTS:
            choices = range(PARTS // 2, PARTS + 1, 2)
            wanted = min(choices, key=lambda n: (n * -(-self.blocks // n), -n))
            self.per_part = -(-self.blocks // wanted)
            self.parts = -(-self.blocks // self.per_part)

    def _places(self, inside: set[int]) -> tuple[dict[int, int], int]:
        lives: dict[int, tuple[int, int, int]] = {}
        for now, f in enumerate(self.functions):
            for v in f.buffers:
                if v in inside:
                    first = lives[v][1] if v in lives else now
                    lives[v] = (self.block * self.nbytes(v), first, now)
        return lay_out([(v, *life) for v, life in lives.items()])

    def _share(self) -> None:
        """Lay out the memory that threads have in common."""
        self.prepared: dict[int, int] = {}
        self.partial: dict[int, int] = {}
        self.shared = 0
        for k, f in enumerate(self.functions):
            if getattr(f, "prepare_units", 0):
                self.prepared[k] = self.shared
                self.shared += room(f.shared)
            if self.members[k].steps.sums:
                for v in f.written:
                    self.partial[v] = self.shared
                    self.shared += room(self.parts * self.part_bytes(f, v))

    def part_bytes(self, f: NestSum | ContractionSum, v: int) -> int:
        """Bytes of one partial result."""
        size = f.sizes[v] if isinstance(f, NestSum) else f.instr.spec.size
        return int(size * self.dtypes[v].itemsize)


def room(nbytes: int) -> int:
    """Bytes in whole lines of the cache."""
    return -(-nbytes // 64) * 64


def aligned(members: Sequence[Member]) -> int:
    """The least number of images that is a whole number of steps of every function."""
    return math.lcm(*[m.images.numerator for m in members])


def fewest(members: Sequence[Member]) -> int:
    """The least number of images that a block should have."""
    whole = aligned(members)
    wanted = max(math.ceil(m.images * m.steps.least) for m in members)
    return -(-wanted // whole) * whole


def chains(functions: list[Any], sizes: dict[int, int],
           outside: Callable[[set[int], int], bool], kernels: Kernels) -> list[Any]:
    """The functions of a segment with chains put together; the order changes where it may.

    Args:
        functions: in an order that respects what they need.
        sizes: elements of each value.
        outside: (ids of functions, value): whether the value is wanted outside of these.
        kernels: where the kernels of reductions come from.
    """
    steps = [steps_of(f) for f in functions]
    best: tuple[int, int, list[Any]] = (0, 0, functions)
    for batch in sorted(_batches(functions, steps)):
        made, saved = _Chains(functions, steps, batch, sizes).run()
        if saved > best[0]:
            best = saved, batch, made
    _, batch, made = best

    def blocked(number: int, members: list[Member]) -> BlockedFunction:
        mine = {id(m.function) for m in members}
        return BlockedFunction(f"blocks{number}", members, batch, sizes,
                               lambda v: outside(mine, v), kernels)
    return [blocked(n, f) if isinstance(f, list) else f for n, f in enumerate(made)]


def _batches(functions: list[Any], steps: list[Steps | None]) -> set[int]:
    """Leading dimensions of the results of contractions, and their products."""
    found: set[int] = set()
    for f, s in zip(functions, steps, strict=True):
        if isinstance(f, ContractionFunction) and (s is None or not s.sums):
            found.update(itertools.accumulate(f.instr.spec.shape[:-1], operator.mul))
    return {n for n in found if n >= LEAST_BLOCKS}


class _Chains:
    """Looks for chains along one batch size."""

    def __init__(self, functions: list[Any], steps: list[Steps | None], batch: int,
                 sizes: dict[int, int]) -> None:
        self.batch, self.sizes = batch, sizes
        self.functions = functions
        self.members: dict[int, Member] = {}
        for f, s in zip(functions, steps, strict=True):
            images = s.images(batch, sizes) if s is not None else None
            if s is not None and images is not None:
                self.members[id(f)] = Member(f, s, images)

    def run(self) -> tuple[list[Any], int]:
        """The new list, in which lists of members are chains, and how many bytes stay inside."""
        rest, saved = self.functions, 0
        made: list[Any] = []
        while rest:
            before, chain, after = self._grow(rest)
            inside = self._handed(chain)
            if inside < LEAST_BYTES or len(chain) < 2:
                skip = rest.index(chain[0].function) + 1 if chain else len(rest)
                made += rest[:skip]
                rest = rest[skip:]
                continue
            made += [*before, chain]
            saved += inside
            rest = after
        return made, saved

    def _handed(self, chain: list[Member]) -> int:
        """Bytes that functions of a chain hand on to later ones."""
        written: dict[int, int] = {}
        read: set[int] = set()
        for m in chain:
            read.update(v for v in m.function.buffers if v in written)
            written.update((v, self.sizes[v] * m.function.dtypes[v].itemsize)
                           for v in m.function.written)
        return sum(written[v] for v in read)

    def _grow(self, functions: list[Any]) -> tuple[list[Any], list[Member], list[Any]]:
        """What runs before a chain, the chain, what runs after it."""
        before: list[Any] = []
        chain: list[Member] = []
        after: list[Any] = []
        inside: set[int] = set()
        later: set[int] = set()
        for f in functions:
            member = self.members.get(id(f))
            if later.intersection(f.buffers):
                after.append(f)
            elif member is not None and self._joins(member, chain, inside):
                chain.append(member)
                if not member.steps.sums:
                    inside.update(f.written)
                    continue
            elif inside.intersection(f.buffers):
                after.append(f)
            else:
                before.append(f)
                continue
            later.update(f.written)
        return before, chain, after

    def _joins(self, member: Member, chain: list[Member], inside: set[int]) -> bool:
        """Whether a function can follow the chain block by block."""
        f, spans = member.function, member.steps.spans
        if any(v in inside and v not in spans for v in f.buffers):
            return False
        if member.steps.sums:
            read = sum(self.sizes[v] * f.dtypes[v].itemsize for v in spans)
            if not inside.intersection(spans) or PARTS * result_bytes(f) > read:
                return False
        least = fewest([*chain, member])
        image = {v: self.sizes[v] // self.batch * m.function.dtypes[v].itemsize
                 for m in [*chain, member] for v in m.steps.spans}
        return (least * LEAST_BLOCKS <= self.batch
                and least * sum(image.values()) <= 2 * NEAR_BYTES)
