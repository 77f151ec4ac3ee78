"""What must hold between the stages; checked in tests and where FLAMBEAU_VERIFY is set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .loops import Affine, Line, Nest
from .program import Program
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
    _check_lines(nest.lines, nest.sizes, specs, stage)
    for s in nest.stores:
        if s.value >= len(nest.lines):
            raise StageError(f"{stage}: v{s.target} is stored from a line that is not there")
        _check_range(nest.sizes, s.address, specs[s.target], f"{stage}: store to v{s.target}")
    return nest


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
    _check_lines(windows.lines, windows.domain, specs, stage)
    _check_lines(windows.after, windows.result, specs, stage)
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


def _check_lines(lines: Sequence[Line], sizes: Sequence[int], specs: dict[int, Any],
                 stage: str) -> None:
    for k, line in enumerate(lines):
        if any(a >= k for a in line.args):
            raise StageError(f"{stage}: s{k} = {line.op}(…) reads a later line")
        if line.op == "load":
            _check_range(sizes, line.address, specs[line.source],
                         f"{stage}: load of v{line.source}")


def _check_range(sizes: Sequence[int], address: Affine, spec: Any, where: str) -> None:
    low = high = address[0]
    for n, c in zip(sizes, address[1], strict=True):
        low += min(0, c * (n - 1))
        high += max(0, c * (n - 1))
    if low < 0 or high >= spec.size:
        raise StageError(f"{where} touches [{low}, {high}] of {spec.size} elements")


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
