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
        `name`, `what` (primitives), `loops` (sizes), `operations`, `bytes` (each buffer counted once),
        `written` (value numbers).
    """
    nest = getattr(function, "nest", None)
    known = {"name": function.name, "written": list(function.written)}
    if nest is None:
        instr = function.instr
        touched = sum(specs[v].nbytes for v in function.buffers)
        return {**known, "what": [instr.prim.name], "loops": list(instr.spec.shape),
                "operations": int(getattr(function, "operations", function.work)),
                "bytes": touched}
    points = math.prod(nest.sizes)
    lines = [line for line in nest.lines if line.op not in _FREE]
    combined = [s for s in nest.stores if s.reduce]
    return {**known, "what": list(dict.fromkeys([line.op for line in lines]
                                                + [s.reduce for s in combined])),
            "loops": [f"{n}+" if r else n for n, r in zip(nest.sizes, nest.reduced, strict=True)],
            "operations": points * (len(lines) + len(combined)), "bytes": _bytes(function, points)}


def _bytes(function: Any, points: int) -> int:
    """Bytes that must move at least: no buffer is touched at more places than the loops have."""
    nest = function.nest
    cells: dict[int, int] = {}
    for v, address in [*((x.source, x.address) for x in nest.lines if x.op == "load"),
                       *((s.target, s.address) for s in nest.stores)]:
        touched = math.prod(n for n, c in zip(nest.sizes, address[1], strict=True) if c)
        cells[v] = max(cells.get(v, 0), min(touched, points))
    return int(sum(n * function.dtypes[v].itemsize for v, n in cells.items()))
