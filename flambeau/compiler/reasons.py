"""Why a line is not compiled, in words."""

from __future__ import annotations

from typing import Any

_KINDS = {
    "host": "calls a library or the user's Python",
    "sort": "sorting has no native loops",
    "loop": "time loops have no native form",
    "cumulative": "running sums have no native loops",
    "contraction": "this contraction has no native form",
}


def why_not(instr: Any, specs: dict[int, Any]) -> str:
    """The reason that a line of a program runs on the reference engine.

    Args:
        instr: the line.
        specs: the specs of the program's values.
    """
    if isinstance(instr.spec, tuple) or any(isinstance(specs[a], tuple) for a in instr.args):
        return "several results"
    touched = [instr.spec, *(specs[a] for a in instr.args)]
    for s in touched:
        if s.dtype.is_complex:
            return f"complex numbers ({s.dtype.name})"
    if not all(s.size for s in touched):
        return "no elements"
    found = _KINDS.get(instr.prim.kind)
    if found is not None:
        return found
    dtypes = ", ".join(dict.fromkeys(s.dtype.name for s in touched))
    return f"no native code for it in {dtypes}"
