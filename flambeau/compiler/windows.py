"""Which pooling lines become vector code, and the geometry of their windows.

Window o of a dimension reads, with tap k, position o · stride + k · dilation − padding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..ops.define import Instr

Ints = tuple[int, ...]
GATHERS = ("window_argmax", "window_take", "window_sum")  # a window's elements meet in one result
SPREADS = ("window_put", "window_spread")  # a window's value goes to its elements
MAX_TAPS = 64  # they are unrolled
MAX_STRIDE, MAX_LANE_STRIDE = 8, 4
SIMPLE = {"add", "sub", "mul", "div", "neg", "absolute", "maximum", "minimum", "square", "sqrt",
          "eq", "ne", "lt", "le", "gt", "ge", "select", "isnan", "bitwise_and", "bitwise_or",
          "bitwise_xor", "bitwise_not"}
_PLAIN = ("float32", "float64", "int64", "int32", "uint8")


@dataclass(frozen=True)
class Geometry:
    """Windows over the last dimensions of (N, C, *S).

    Attributes:
        size, out: positions and windows per dimension.
    """

    size: Ints
    kernel: Ints
    stride: Ints
    padding: Ints
    dilation: Ints
    out: Ints

    def taps(self) -> int:
        """Elements of a window."""
        return math.prod(self.kernel)

    def apart(self) -> bool:
        """Whether no position lies in two windows."""
        return all(s > (k - 1) * d for s, k, d in zip(self.stride, self.kernel, self.dilation,
                                                      strict=True))


    def room(self) -> int:
        """How much may be computed per element where it is read: often, if windows overlap."""
        return min(48 if self.apart() else 8, 512 // self.taps())


def geometry(instr: Instr, specs: dict[int, Any]) -> Geometry:
    """The windows of a line."""
    p = instr.params
    first = specs[instr.args[0]].shape[2:]
    spread = instr.prim.name in SPREADS
    return Geometry(p["size"] if spread else first, p["kernel"], p["stride"], p["padding"],
                    p.get("dilation", (1,) * len(first)), first if spread else p["out"])


def takes(instr: Instr, specs: dict[int, Any]) -> bool:
    """Whether a line becomes vector code: windows are small enough to be written out."""
    if instr.prim.name not in (*GATHERS, *SPREADS) or not instr.spec.size:
        return False
    operands = [specs[a] for a in instr.args]
    taken = instr.prim.name == "window_take"  # of the values nothing but selections is asked
    if any(not s.size or s.dtype.name not in _PLAIN and not (taken and s.dtype.name == "bool")
           for s in operands):
        return False
    g = geometry(instr, specs)
    return (bool(g.out) and g.taps() <= MAX_TAPS and max(g.stride) <= MAX_STRIDE
            and g.stride[-1] <= MAX_LANE_STRIDE)


def cost(instr: Instr, specs: dict[int, Any]) -> int | None:
    """What computing a line where a pass reads it costs; None if a pass cannot."""
    name = instr.prim.name
    if name in ("expand", "reshape", "constant") or not instr.spec.shape:
        return 0
    same = all(specs[a].shape in ((), instr.spec.shape) for a in instr.args)
    if instr.prim.kind != "elementwise" or not same:
        return None
    return 1 if name in SIMPLE else 12
