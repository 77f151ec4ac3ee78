"""What must hold between the stages; checked in tests and where FLAMBEAU_VERIFY is set."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from .loops import Affine, Line, Nest
from .program import Program
from .rows import Rows
from .window_nest import WindowNest

ON = os.environ.get("FLAMBEAU_VERIFY", "") not in ("", "0")


class StageError(Exception):
    """A stage of the compiler produced something that cannot be right."""


def check_program(program: Program, stage: str) -> Program:
    """Every value is defined once, before it is read, with the spec that its primitive gives.

    Args:
        program: what a stage made.
        stage: its name, for the message.

    Returns:
        The program.

    Raises:
        StageError: where this does not hold.
    """
    known = set(program.inputs)
    if len(known) < len(program.inputs):
        raise StageError(f"{stage}: an input is there twice")
    for line in program.instrs:
        where = f"{stage}: v{line.out} = {line.prim.name}(…)"
        missing = [a for a in line.args if a not in known]
        if missing:
            raise StageError(f"{where} reads v{missing[0]} before it is defined")
        if line.out in known:
            raise StageError(f"{where} is defined twice")
        known.add(line.out)
        given = [program.specs[a] for a in line.args]
        if line.out in program.strides:  # the operands as the product sees them
            given = program.strides[line.out][0]
        _check_spec(where, line, given)
    lost = [v for v in program.outputs if v not in known]
    if lost:
        raise StageError(f"{stage}: v{lost[0]} is delivered but never defined")
    return program


def _check_spec(where: str, line: Any, given: Sequence[Any]) -> None:
    found = line.prim.rule(*given, **line.params)
    wanted = line.spec
    pairs = zip(found, wanted, strict=True) if isinstance(wanted, tuple) else [(found, wanted)]
    for a, b in pairs:
        if a.shape != b.shape or a.dtype is not b.dtype:
            raise StageError(f"{where} is noted as {b}, but its rule says {a}")


def check_nest(nest: Nest, specs: dict[int, Any], stage: str = "loops") -> Nest:
    """Lines read earlier lines, and no address leaves its buffer.

    Args:
        nest: the loops.
        specs: specs of the values that are loaded and stored.
        stage: for the message.

    Returns:
        The nest.

    Raises:
        StageError: where this does not hold.
    """
    sizes = {v: specs[v].size for v, _ in nest.accesses()}
    _check_lines(nest.lines, nest.sizes, sizes, stage)
    _check_stores(nest, sizes, stage)
    return nest


def check_rows(rows: Rows, specs: dict[int, Any], stage: str = "rows") -> Rows:
    """Nests that run together: each is right, and needs only its own step of the outer loops.

    Args:
        rows: the nests.
        specs: specs of the values that are loaded and stored.
        stage: for the message.

    Returns:
        The nests.

    Raises:
        StageError: where this does not hold.
    """
    depth, count = len(rows.outer), math.prod(rows.outer)
    strides = [math.prod(rows.outer[d + 1:]) for d in range(depth)]
    met = Counter(v for nest in rows.parts for v in {v for v, _ in nest.accesses()})
    written: set[int] = set()
    for nest in rows.parts:
        if nest.sizes[:depth] != rows.outer or any(nest.reduced[:depth]):
            raise StageError(f"{stage}: a nest has other outer loops than {rows.outer}")
        sizes = {v: rows.local.get(v) or specs[v].size for v, _ in nest.accesses()}
        _check_lines(nest.lines, nest.sizes, sizes, stage)
        _check_stores(nest, sizes, stage)
        early = {x.source for x in nest.lines if x.op == "load"} & {*rows.local} - written
        if early:
            raise StageError(f"{stage}: v{min(early)} is read before it is stored")
        written.update(s.target for s in nest.stores)
        for v, address in nest.accesses():
            span = 0 if v in rows.local else specs[v].size // count
            if v in written and met[v] > 1:
                where = f"{stage}: v{v} in one step of the outer loops"
                inner = address[0], address[1][depth:]
                _check_range(nest.sizes[depth:], inner, span or sizes[v], where)
                if any(c != span * s for c, s in zip(address[1], strides, strict=False)):
                    raise StageError(f"{where}: the address does not follow the steps")
    return rows


def check_windows(windows: WindowNest, specs: dict[int, Any],
                  stage: str = "windows") -> WindowNest:
    """Lines read earlier lines, of neighbours neighbours, and results have the windows' shapes.

    Args:
        windows: a pass over windows.
        specs: specs of the values that are loaded and stored.
        stage: for the message.

    Returns:
        The pass.

    Raises:
        StageError: where this does not hold.
    """
    g = windows.geometry
    sizes = {v: specs[v].size for v in windows.reads()}
    _check_lines(windows.lines, windows.domain, sizes, stage)
    _check_lines(windows.after, windows.result, sizes, stage)
    for line in (*windows.lines, *windows.after):
        if line.op == "load" and line.address[1][-1] not in (0, 1):
            raise StageError(f"{stage}: v{line.source} does not lie in rows")
    results = [(s.value, len(windows.lines), s.target, s.dtype) for s in windows.stores]
    results += [(k, len(windows.after), v, d) for k, v, d in windows.finals]
    for value, count, v, dtype in results:
        if value >= count:
            raise StageError(f"{stage}: v{v} is made of a line that is not there")
        if specs[v].shape != windows.result or specs[v].dtype is not dtype:
            raise StageError(f"{stage}: v{v} is {specs[v]}, not {dtype}{windows.result}")
    chosen = windows.number
    if chosen is not None and (specs[chosen].shape != (*windows.lead, *g.out)
                               or specs[chosen].dtype is not windows.number_type):
        raise StageError(f"{stage}: v{chosen} holds no places in these windows")
    return windows


def _check_stores(nest: Nest, sizes: dict[int, int], stage: str) -> None:
    for s in nest.stores:
        if s.value >= len(nest.lines):
            raise StageError(f"{stage}: v{s.target} is stored from a line that is not there")
        _check_range(nest.sizes, s.address, sizes[s.target], f"{stage}: store to v{s.target}")


def _check_lines(lines: Sequence[Line], loops: Sequence[int], sizes: dict[int, int],
                 stage: str) -> None:
    for k, line in enumerate(lines):
        if any(a >= k for a in line.args):
            raise StageError(f"{stage}: s{k} = {line.op}(…) reads a later line")
        if line.op == "load":
            _check_range(loops, line.address, sizes[line.source],
                         f"{stage}: load of v{line.source}")


def _check_range(loops: Sequence[int], address: Affine, size: int, where: str) -> None:
    low = high = address[0]
    for n, c in zip(loops, address[1], strict=True):
        low += min(0, c * (n - 1))
        high += max(0, c * (n - 1))
    if low < 0 or high >= size:
        raise StageError(f"{where} touches [{low}, {high}] of {size} elements")


def check_memory(places: dict[int, tuple[int, Any]], lives: Sequence[tuple[int, Any, int, int]],
                 nbytes: int) -> None:
    """No two values that are alive together share memory.

    Args:
        places: (offset, spec) of each value.
        lives: (value, spec, first moment, last moment).
        nbytes: of the whole block.

    Raises:
        StageError: where this does not hold.
    """
    spans = sorted((places[v][0], places[v][0] + s.nbytes, first, last, v)
                   for v, s, first, last in lives)
    for k, (start, end, first, last, v) in enumerate(spans):
        if end > nbytes:
            raise StageError(f"memory: v{v} ends behind the block")
        for other_start, _, other_first, other_last, w in spans[k + 1:]:
            if other_start >= end:
                break
            if first <= other_last and other_first <= last and start < end:
                raise StageError(f"memory: v{v} and v{w} are alive together in one place")
