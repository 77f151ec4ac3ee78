"""Stage 4, lower: lines over the same windows as one kernel.

The lines of a `WindowNest` run over the elements that windows hold (for adjoints: over the windows)
and compute what is read where it is read; no array of it exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..graph import Shape
from ..ops.define import Instr
from ..ops.window import number_type
from .fuse import Kernel
from .loops import Line, Lowering
from .program import Program
from .windows import SPREADS, Geometry, geometry


@dataclass(frozen=True)
class WindowStore:
    """A result: what windows make of line `value`, by one of the window primitives."""

    op: str
    value: int
    target: int
    dtype: Any


@dataclass
class WindowNest:
    """One pass over windows.

    Attributes:
        geometry: where the windows lie.
        lead: sizes of the two leading dimensions.
        lines: what is read, over (N, C, elements); of adjoints over (N, C, windows).
        stores: the results.
        number: the value that holds the places of the maxima, where this is not computed here.
    """

    geometry: Geometry
    lead: tuple[int, int]
    lines: list[Line]
    stores: list[WindowStore]
    number: int | None

    @property
    def number_type(self) -> Any:
        """The dtype of places in windows."""
        return number_type(self.geometry.kernel)

    @property
    def spreads(self) -> bool:
        """Whether values go from windows to elements."""
        return self.stores[0].op in SPREADS

    @property
    def domain(self) -> Shape:
        """The shape that the lines run over."""
        g = self.geometry
        return (*self.lead, *(g.out if self.spreads else g.size))

    def reads(self) -> list[int]:
        """The values in memory that are read."""
        chosen = [] if self.number is None else [self.number]
        return [*(x.source for x in self.lines if x.op == "load"), *chosen]

    def __str__(self) -> str:
        g = self.geometry
        order = " ".join(f"i{d}<{n}" for d, n in enumerate(self.domain))
        what = "windows" if self.spreads else "elements"
        out = [f"for {what} {order}:  # kernel {g.kernel} stride {g.stride}"]
        out += [line.text(k) for k, line in enumerate(self.lines)]
        chosen = f" at v{self.number}" if self.number is not None else ""
        out += [f"  v{s.target} = {s.op}(s{s.value}){chosen}" for s in self.stores]
        return "\n".join(out)


def lower_windows(program: Program, instrs: Sequence[Instr], roots: set[int]) -> WindowNest:
    """The pass that computes some lines; values in `roots` are in memory."""
    first = instrs[0]
    lead = program.specs[first.args[0]].shape[:2]
    nest = WindowNest(geometry(first, program.specs), (lead[0], lead[1]), [], [], None)
    made = [i.out for i in instrs if i.prim.name == "window_argmax"]
    lowering = Lowering(program, Kernel(program.specs[first.args[0]].shape, []), roots)
    for instr in instrs:
        value = lowering.value(instr.args[0], lowering.whole())
        nest.stores.append(WindowStore(instr.prim.name, value, instr.out, instr.spec.dtype))
        if len(instr.args) > 1 and instr.args[1] not in made:
            nest.number = instr.args[1]
    nest.lines = lowering.lines
    return nest
