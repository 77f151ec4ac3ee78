"""Stage 4, lower: lines over the same windows as one kernel.

The lines of a `WindowNest` run over the elements that windows hold (for adjoints: over the windows)
and compute what is read where it is read; no array of it exists.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ..graph import Shape
from ..ops.window import number_type
from .fuse import Kernel, Windows
from .loops import Affine, Line, Lowering
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
        stores: the results of windows; `kept` says which of them are stored.
        after: lines on results, over their shape; the op "result" is a result in a register.
        finals: places of those lines that are stored too: (line, value, dtype).
        number: the value that holds the places of the maxima, where this is not computed here.
    """

    geometry: Geometry
    lead: tuple[int, int]
    lines: list[Line]
    stores: list[WindowStore]
    number: int | None
    kept: set[int]
    after: list[Line] = field(default_factory=list)
    finals: list[tuple[int, int, Any]] = field(default_factory=list)

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
        lines = [*self.lines, *self.after]
        return [*(x.source for x in lines if x.op == "load"), *chosen]

    def written(self) -> list[int]:
        """The values that are stored."""
        return [*(s.target for s in self.stores if s.target in self.kept),
                *(v for _, v, _ in self.finals)]

    @property
    def result(self) -> Shape:
        """The shape of the results."""
        g = self.geometry
        return (*self.lead, *(g.size if self.spreads else g.out))

    def __str__(self) -> str:
        g = self.geometry
        order = " ".join(f"i{d}<{n}" for d, n in enumerate(self.domain))
        what = "windows" if self.spreads else "elements"
        out = [f"for {what} {order}:  # kernel {g.kernel} stride {g.stride}"]
        out += [line.text(k) for k, line in enumerate(self.lines)]
        chosen = f" at v{self.number}" if self.number is not None else ""
        for s in self.stores:
            there = f"  v{s.target}" if s.target in self.kept else f"  r{s.target}"
            out.append(f"{there} = {s.op}(s{s.value}){chosen}")
        base = len(self.lines)
        for k, line in enumerate(self.after):
            moved = replace(line, args=tuple(a + base for a in line.args))
            out.append(moved.text(k + base) if line.op != "result"
                       else f"  s{k + base} = r{line.source}  # {line.dtype.name}")
        out += [f"  v{target} = s{k + base}" for k, target, _ in self.finals]
        return "\n".join(out)


def lower_windows(program: Program, step: Windows, roots: set[int]) -> WindowNest:
    """The pass that a step asks for; values in `roots` are in memory."""
    first = step.instrs[0]
    source = program.specs[first.args[0]].shape
    nest = WindowNest(geometry(first, program.specs), (source[0], source[1]), [], [], None,
                      step.kept)
    made = [i.out for i in step.instrs if i.prim.name == "window_argmax"]
    lowering = Lowering(program, Kernel(source, []), roots)
    for instr in step.instrs:
        value = lowering.value(instr.args[0], lowering.whole())
        nest.stores.append(WindowStore(instr.prim.name, value, instr.out, instr.spec.dtype))
        if len(instr.args) > 1 and instr.args[1] not in made:
            nest.number = instr.args[1]
    nest.lines = lowering.lines
    after = _After(program, Kernel(first.spec.shape, []), roots)
    after.results = {i.out for i in step.instrs}
    for instr in step.after:
        value = after.value(instr.out, after.whole(), inside=True)
        after.known[("value", instr.out, after.whole())] = value
        if instr.out in step.kept:
            nest.finals.append((value, instr.out, instr.spec.dtype))
    nest.after = after.lines
    return nest


class _After(Lowering):
    """Writes lines of which some read results that are in registers."""

    results: set[int]

    def value(self, number: int, index: tuple[Affine, ...], inside: bool = False) -> int:
        """The line that computes a value at an index."""
        if number not in self.results:
            return super().value(number, index, inside)
        spec = self.program.specs[number]
        return self.add(Line("result", (), None, number, self.constant(0), spec.dtype))
