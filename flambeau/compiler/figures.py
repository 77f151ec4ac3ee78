"""What a kernel does, in numbers: loops, operations, bytes; for reports."""

from __future__ import annotations

import math
from typing import Any

_FREE = {"load", "number", "constant"}


def figures(function: Any, specs: dict[int, Any]) -> dict[str, Any]:
    """Facts about one function of a segment, as plain values.

    Args:
        function: a nest's or a primitive's function.
        specs: the specs of the program's values.

    Returns:
        `name`, `what` (primitives), `loops` (sizes), `operations`, `bytes` (each buffer counted
        once), `written` (value numbers).
    """
    parts = getattr(function, "nests", None)
    known = {"name": function.name, "written": list(function.written)}
    if (windows := getattr(function, "windows", None)) is not None:
        return {**_window_figures(windows), **known,
                "bytes": int(sum(specs[v].nbytes for v in function.buffers))}
    if parts is None:
        return {**line_figures(function.instr, specs), **known}
    what: dict[str, None] = {}
    operations = 0
    for nest in parts:
        done = [line.op for line in nest.lines if line.op not in _FREE]
        done += [s.reduce for s in nest.stores if s.reduce]
        what.update(dict.fromkeys(done))
        operations += math.prod(nest.sizes) * len(done)
    longest = max(parts, key=lambda nest: math.prod(nest.sizes))
    return {**known, "what": list(what), "operations": operations, "bytes": _bytes(function),
            "loops": [f"{n}+" if r else n for n, r in
                      zip(longest.sizes, longest.reduced, strict=True)]}


def _window_figures(windows: Any) -> dict[str, Any]:
    g = windows.geometry
    lines = [line.op for line in (*windows.lines, *windows.after)
             if line.op not in (*_FREE, "result")]
    ops = [s.op for s in windows.stores]
    count = math.prod((*windows.lead, *g.out))
    return {"what": list(dict.fromkeys([*lines, *ops])), "loops": [*windows.lead, *g.out],
            "operations": count * g.taps() * (len(lines) + 1)}


def line_figures(instr: Any, specs: dict[int, Any]) -> dict[str, Any]:
    """The same facts about one line of a program."""
    results = _flat(instr.spec)
    operands = [s for a in dict.fromkeys(instr.args) for s in _flat(specs[a])]
    return {"name": instr.prim.name, "what": [instr.prim.name], "loops": list(results[0].shape),
            "operations": _operations(instr, [specs[a] for a in instr.args]),
            "bytes": int(sum(s.nbytes for s in (*operands, *results))), "written": [instr.out]}


def _flat(spec: Any) -> tuple[Any, ...]:
    return spec if isinstance(spec, tuple) else (spec,)


def _operations(instr: Any, operands: list[Any]) -> int:
    """Multiplications and additions of contractions and windows; else one per result."""
    name, out = instr.prim.name, instr.spec
    if name == "dot":
        return int(2 * out.size * math.prod(operands[0].shape[d]
                                            for d in instr.params["contract"][0]))
    if name == "convolve":
        return int(2 * out.size * math.prod(operands[1].shape[1:]))
    if name == "convolve_input":
        return int(2 * operands[0].size * math.prod(operands[1].shape[1:]))
    if name == "convolve_weight":
        return int(2 * operands[1].size * math.prod(out.shape[1:]))
    if "kernel" in instr.params:
        smaller = min(out.size, operands[0].size)
        return int(smaller * math.prod(instr.params["kernel"]))
    return int(sum(s.size for s in _flat(out)))


def _bytes(function: Any) -> int:
    """Bytes that must move at least: no buffer is touched at more places than the loops have."""
    cells: dict[int, int] = {}
    for nest in function.nests:
        for v, address in nest.accesses():
            touched = math.prod(n for n, c in zip(nest.sizes, address[1], strict=True) if c)
            cells[v] = max(cells.get(v, 0), touched)
    return int(sum(cells.get(v, 0) * function.dtypes[v].itemsize for v in function.buffers))
