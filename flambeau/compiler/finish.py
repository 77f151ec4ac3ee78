"""The second pass of contractions whose first pass writes to shared scratch memory.

Partial sums are added up in their fixed order; the phases of a strided convolution's input gradient
are woven together. Both apply the epilogue.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .vector_code import Index, VectorCode

_BLOCK = 4096  # output elements per unit
Hook = Callable[[Any, Any, Any, Any], Any] | None


class Finish(Protocol):
    """A second pass over the output, by rows."""

    columns: int
    rows: int

    def elements(self) -> int:
        """Elements of shared scratch."""

    def row(self, code: VectorCode, out: Any, shared: Any, m: Index, hook: Hook) -> None:
        """Emit the finishing of one output row."""


def unit_rows(finish: Finish) -> int:
    """Rows in a unit."""
    return max(1, _BLOCK // finish.columns)


def units(finish: Finish) -> int:
    """Number of units."""
    return -(-finish.rows // unit_rows(finish))


def emit_finish(code: VectorCode, finish: Finish, out: Any, shared: Any, begin: Any, end: Any,
                hook: Hook) -> None:
    """Emit the finishing of units [begin, end)."""
    first = code.mul(begin, unit_rows(finish))
    last = code.minimum(code.mul(end, unit_rows(finish)), finish.rows)
    with code.loop(first, last) as m:
        finish.row(code, out, shared, m, hook)


def _vectors(code: VectorCode, count: int, body: Callable[[Index, int], None]) -> None:
    """body(start, how many) over a row in vectors."""
    w = code.lanes
    if count >= w:
        with code.loop(0, count // w * w, w) as i:
            body(i, w)
    if count % w:
        body(count // w * w, count % w)


def _mask(code: VectorCode, count: int) -> Any:
    return None if count >= code.lanes else code.mask(count)


@dataclass
class PartialSums:
    """Adds `parts` arrays of the output's size, in order."""

    parts: int
    rows: int
    columns: int

    def elements(self) -> int:
        """Elements of shared scratch."""
        return self.parts * self.rows * self.columns

    def row(self, code: VectorCode, out: Any, shared: Any, m: Index, hook: Hook) -> None:
        """Emit the finishing of one output row."""
        def vector(n: Index, count: int) -> None:
            mask = _mask(code, count)
            at = code.add(code.mul(m, self.columns), n)
            x = code.load(shared, at, mask)
            for part in range(1, self.parts):
                more = code.load(shared, code.add(at, part * self.rows * self.columns), mask)
                x = code.builder.fadd(x, more)
            if hook is not None:
                x = hook(m, n, x, mask)
            code.store(x, out, at, mask)
        _vectors(code, self.columns, vector)


class Weave:
    """Puts phases together: output coordinate j·step + phase comes from the phase's coordinate j.

    Args:
        rows: output rows (images times channels).
        sizes: spatial extents of the output.
        steps: phases per dimension.
        filled: the phases that have an array; the others are zero.
    """

    def __init__(self, rows: int, sizes: Sequence[int], steps: Sequence[int],
                 filled: Sequence[tuple[int, ...]]) -> None:
        self.rows, self.sizes, self.steps = rows, tuple(sizes), tuple(steps)
        self.columns = math.prod(sizes)
        self.bases: dict[tuple[int, ...], int] = {}
        self.used = 0
        for phase in filled:
            self.bases[phase] = self.used
            self.used += -(-rows * math.prod(self.counts(phase)) // 16) * 16

    def counts(self, phase: Sequence[int]) -> list[int]:
        """Extents of a phase."""
        return [-(-(size - p) // step)
                for size, step, p in zip(self.sizes, self.steps, phase, strict=True)]

    def elements(self) -> int:
        """Elements of shared scratch."""
        return self.used

    def row(self, code: VectorCode, out: Any, shared: Any, m: Index, hook: Hook) -> None:
        """Emit the finishing of one output row."""
        leading = [range(min(s, n)) for s, n in zip(self.steps[:-1], self.sizes[:-1], strict=True)]
        for phase in itertools.product(*leading):
            counts = self.counts((*phase, 0))[:-1]
            self._lines(code, out, shared, m, hook, phase, counts, [])

    def _lines(self, code: VectorCode, out: Any, shared: Any, m: Index, hook: Hook,
               phase: tuple[int, ...], counts: list[int], at: list[Index]) -> None:
        if len(at) < len(counts):
            with code.loop(0, counts[len(at)]) as j:
                self._lines(code, out, shared, m, hook, phase, counts, [*at, j])
            return
        start: Index = 0
        for size, step, p, j in zip(self.sizes, self.steps, phase, at, strict=False):
            start = code.add(code.mul(start, size), code.add(code.mul(j, step), p))
        start = code.mul(start, self.sizes[-1])
        sources = [self._source(code, shared, m, (*phase, p), at)
                   for p in range(min(self.steps[-1], self.sizes[-1]))]
        self._line(code, out, sources, m, start, hook)

    def _source(self, code: VectorCode, shared: Any, m: Index, phase: tuple[int, ...],
                at: list[Index]) -> Any:
        """Pointer to a phase's line, None for zeros."""
        if phase not in self.bases:
            return None
        where: Index = m
        counts = self.counts(phase)
        for count, j in zip(counts, at, strict=False):
            where = code.add(code.mul(where, count), j)
        where = code.mul(where, counts[-1])
        return code.at(shared, code.add(where, self.bases[phase]))

    def _line(self, code: VectorCode, out: Any, sources: list[Any], m: Index, start: Index,
              hook: Hook) -> None:
        size, w = self.sizes[-1], code.lanes

        def deliver(x: Any, i: Index, mask: Any) -> None:
            n = code.add(start, i)
            x = hook(m, n, x, mask) if hook is not None else x
            place = code.add(code.mul(m, self.columns), n)
            if x.type is code.element:
                code.store_scalar(x, out, place)
            else:
                code.store(x, out, place, mask)

        def pair(j: Index, count: int) -> None:
            """Two phases: `count` output pairs, the last one perhaps half."""
            whole = min(2 * count, 2 * w)
            if isinstance(j, int):
                whole = min(whole, size - 2 * j)
            parts = []
            for p in range(2):
                here = (whole - p + 1) // 2
                parts.append(code.zero() if sources[p] is None or not here else
                             code.load(sources[p], j, _mask(code, here)))
            for half in range(-(-whole // w)):
                places = [half * w // 2 + i // 2 + w * (i % 2) for i in range(w)]
                deliver(code.shuffle(parts[0], parts[1], places),
                        code.add(code.mul(j, 2), half * w), _mask(code, whole - half * w))
        if len(sources) == 1:
            _vectors(code, size, lambda j, count: deliver(
                code.zero() if sources[0] is None else code.load(sources[0], j,
                                                                 _mask(code, count)),
                j, _mask(code, count)))
        elif len(sources) == 2 == self.steps[-1]:
            pairs = size // 2
            if pairs >= w:
                with code.loop(0, pairs // w * w, w) as j:
                    pair(j, w)
            if size > pairs // w * w * 2:
                pair(pairs // w * w, w)
        else:
            for p, source in enumerate(sources):
                with code.loop(0, -(-(size - p) // self.steps[-1])) as j:
                    x = (code.load_scalar(source, j) if source is not None
                         else code.element(0.0))
                    deliver(x, code.add(code.mul(j, self.steps[-1]), p), None)
