"""Texts that are equal exactly where values are, in every process: what keys are made of."""

from __future__ import annotations

from typing import Any

from ..dtype import dtype
from ..graph import Spec
from ..ops.define import Template

_PLAIN = (bool, int, float, complex, str, bytes, type(None), dtype, Spec)


def canonical(value: Any) -> str:
    """A text that equal parameters, and only those, share in every process.

    Raises:
        TypeError: for objects that have no such text.

    Example:
        >>> canonical({"axes": (0, 1), "value": 1.0})
        "{'axes': (0,1,),'value': 1.0,}"
    """
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (tuple, list)):
        ends = "()" if isinstance(value, tuple) else "[]"
        return ends[0] + "".join([canonical(v) + "," for v in value]) + ends[1]
    if isinstance(value, dict):
        return "{" + "".join(f"{k!r}: {canonical(v)}," for k, v in sorted(value.items())) + "}"
    if isinstance(value, Template):
        lines = [(i.prim.kind, i.prim.name, i.args, i.params, i.out, i.spec) for i in value.instrs]
        return canonical((value.name, value.input_specs, lines, value.outputs))
    raise TypeError(f"{type(value).__name__} has no canonical text")
