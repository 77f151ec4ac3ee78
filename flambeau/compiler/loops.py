"""Stage 4, lower: a kernel as one loop nest over scalar lines with affine addresses.

A `Nest` prints as pseudo-code. Movement has vanished into the addresses; neighbouring dimensions
that every address walks through as one are merged; reductions are either carried in registers
(innermost loop reduced) or in the output row (innermost loop kept).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..graph import Shape
from ..ops.define import Instr
from .fuse import MOVES, REDUCES, Kernel
from .program import Program

Affine = tuple[int, tuple[int, ...]]  # constant and one coefficient per loop


@dataclass(frozen=True)
class Line:
    """One scalar line: a primitive on earlier lines, a load, or a run-time number.

    Attributes:
        op: primitive's name, "load", "number" or "iota" (the address itself).
        args: places of earlier lines.
        params: the primitive's parameters.
        source: value number that a load or number reads.
        address: element offset of a load.
        dtype: type of the result.
    """

    op: str
    args: tuple[int, ...]
    params: Any
    source: int
    address: Affine
    dtype: Any

    def text(self, place: int) -> str:
        """The line as pseudo-code."""
        args = ", ".join(f"s{a}" for a in self.args)
        if self.op == "load":
            args = f"v{self.source}[{_text(self.address)}]"
        elif self.op == "iota":
            args = _text(self.address)
        elif self.op == "number":
            args = f"v{self.source}"
        return f"  s{place} = {self.op}({args})  # {self.dtype.name}"


@dataclass
class Store:
    """A result: line `value` goes to `target`, combined by `reduce` if that is given."""

    value: int
    target: int
    address: Affine
    reduce: str | None


@dataclass
class Nest:
    """Loops over `sizes`; `reduced` says which of them a reduction runs over."""

    sizes: list[int]
    reduced: list[bool]
    lines: list[Line]
    stores: list[Store]

    def accesses(self) -> list[tuple[int, Affine]]:
        """What is loaded and stored: values and addresses."""
        return [*((x.source, x.address) for x in self.lines if x.op == "load"),
                *((s.target, s.address) for s in self.stores)]

    def __str__(self) -> str:
        loops = " ".join(f"i{d}<{n}{'+' if r else ''}" for d, (n, r) in
                         enumerate(zip(self.sizes, self.reduced, strict=True)))
        out = [f"for {loops}:"]
        out += [line.text(k) for k, line in enumerate(self.lines)]
        for s in self.stores:
            combine = f" {s.reduce} " if s.reduce else " "
            out.append(f"  v{s.target}[{_text(s.address)}]{combine}= s{s.value}")
        return "\n".join(out)


def _text(a: Affine) -> str:
    terms = [f"{c}*i{d}" if c != 1 else f"i{d}" for d, c in enumerate(a[1]) if c]
    return " + ".join([*terms, str(a[0])] if a[0] or not terms else terms)


def lower(program: Program, kernel: Kernel, roots: set[int]) -> Nest:
    """The loop nest of a kernel; values in `roots` are in memory, all others computed in place."""
    return Lowering(program, kernel, roots).nest()


class Lowering:
    """Writes the lines that compute values at affine places of a kernel's domain."""

    def __init__(self, program: Program, kernel: Kernel, roots: set[int]) -> None:
        self.program = program
        self.kernel = kernel
        self.roots = roots
        self.defined = {i.out: i for i in program.instrs}
        self.rank = len(kernel.domain)
        self.lines: list[Line] = []
        self.known: dict[Any, int] = {}

    def unit(self, dim: int) -> Affine:
        """The index that is loop `dim` itself."""
        return 0, tuple(int(i == dim) for i in range(self.rank))

    def constant(self, value: int) -> Affine:
        """An index that never moves."""
        return value, (0,) * self.rank

    def whole(self) -> tuple[Affine, ...]:
        """The index that walks the domain."""
        return tuple(self.unit(d) for d in range(self.rank))

    def nest(self) -> Nest:
        """The whole kernel."""
        index = self.whole()
        stores = []
        axes: tuple[int, ...] = ()
        for root in self.kernel.roots:
            if root.prim.name in REDUCES:
                axes = root.params["axes"]
                value = self.value(root.args[0], index)
                kept = [index[d] for d in range(self.rank) if d not in axes]
                stores.append(Store(value, *self.place(root.out, tuple(kept)), root.prim.name))
            else:
                value = self.value(root.out, index, inside=True)
                stores.append(Store(value, *self.place(root.out, index), None))
        reduced = [d in axes for d in range(self.rank)]
        return merge(Nest(list(self.kernel.domain), reduced, self.lines, stores))

    def flat(self, shape: Shape, index: tuple[Affine, ...]) -> Affine:
        """The row-major element offset of an index."""
        constant, coefficients, stride = 0, [0] * self.rank, 1
        for n, (c, k) in zip(reversed(shape), reversed(index), strict=True):
            constant += c * stride
            for d in range(self.rank):
                coefficients[d] += k[d] * stride
            stride *= n
        return constant, tuple(coefficients)

    def place(self, number: int, index: tuple[Affine, ...]) -> tuple[int, Affine]:
        """The value whose memory holds an element, and its offset there."""
        if number not in self.program.parts:
            return number, self.flat(self.program.specs[number].shape, index)
        whole, axis, start = self.program.parts[number]
        constant, coefficients = index[axis]
        moved = (*index[:axis], (constant + start, coefficients), *index[axis + 1:])
        return whole, self.flat(self.program.specs[whole].shape, moved)

    def add(self, line: Line) -> int:
        """The place of a line; equal lines are written once."""
        key = (line.op, line.args, repr(line.params), line.source, line.address, line.dtype)
        if key not in self.known:
            self.known[key] = len(self.lines)
            self.lines.append(line)
        return self.known[key]

    def value(self, number: int, index: tuple[Affine, ...], inside: bool = False) -> int:
        """The line that computes a value at an index."""
        key = ("value", number, index)
        if key in self.known:
            return self.known[key]
        s = self.program.specs[number]
        zero = self.constant(0)
        if number in self.roots and not inside:
            if s.weak:
                place = self.add(Line("number", (), None, number, zero, s.dtype))
            else:
                source, address = self.place(number, index)
                place = self.add(Line("load", (), None, source, address, s.dtype))
        else:
            place = self.computed(self.defined[number], index)
        self.known[key] = place
        return place

    def computed(self, instr: Instr, index: tuple[Affine, ...]) -> int:
        """The line of an instruction's result at an index."""
        if instr.prim.name == "iota":
            return self.add(Line("iota", (), None, -1, index[0], instr.spec.dtype))
        if instr.prim.name in MOVES:
            source = instr.args[0]
            return self.value(source, self.moved(instr, index))
        args = []
        for a in instr.args:
            shape = self.program.specs[a].shape
            args.append(self.value(a, index if shape else ()))
        return self.add(Line(instr.prim.name, tuple(args), instr.params, -1, self.constant(0),
                             instr.spec.dtype))

    def moved(self, instr: Instr, index: tuple[Affine, ...]) -> tuple[Affine, ...]:
        """Where a movement reads its operand."""
        return _MOVED[instr.prim.name](self, instr, index)

    def _permute(self, instr: Instr, index: tuple[Affine, ...]) -> tuple[Affine, ...]:
        dims = instr.params["dims"]
        return tuple(index[dims.index(d)] for d in range(len(dims)))

    def _expand(self, instr: Instr, index: tuple[Affine, ...]) -> tuple[Affine, ...]:
        shape = self.program.specs[instr.args[0]].shape
        lead = len(index) - len(shape)
        return tuple(self.constant(0) if n == 1 else index[lead + d] for d, n in enumerate(shape))

    def _slice(self, instr: Instr, index: tuple[Affine, ...]) -> tuple[Affine, ...]:
        p = instr.params
        return tuple((b + c * s, tuple(x * s for x in k)) for b, s, (c, k) in
                     zip(p["start"], p["step"], index, strict=True))

    def _flip(self, instr: Instr, index: tuple[Affine, ...]) -> tuple[Affine, ...]:
        return tuple((n - 1 - c, tuple(-x for x in k)) if d in instr.params["axes"] else (c, k)
                     for d, (n, (c, k)) in enumerate(zip(instr.spec.shape, index, strict=True)))

    def _reshape(self, instr: Instr, index: tuple[Affine, ...]) -> tuple[Affine, ...]:
        """The flat position, spread over the operand's dimensions: the last one takes it all.

        The operand is in memory (a linear offset is all that counts) or differs by unit dimensions.
        """
        shape = self.program.specs[instr.args[0]].shape
        if instr.args[0] in self.roots:
            if not shape:
                return ()
            flat = self.flat(instr.spec.shape, index)
            return (*[self.constant(0)] * (len(shape) - 1), flat)
        rest = iter([i for n, i in zip(instr.spec.shape, index, strict=True) if n != 1])
        return tuple(self.constant(0) if n == 1 else next(rest) for n in shape)


_MOVED: dict[str, Callable[..., tuple[Affine, ...]]] = {
    "permute": Lowering._permute, "expand": Lowering._expand,
    "strided_slice": Lowering._slice, "flip": Lowering._flip, "reshape": Lowering._reshape}


def drop_unread(nests: list[Nest], wanted: set[int]) -> None:
    """Do not store what nobody but the nest itself reads; `wanted` is read elsewhere."""
    read = wanted | {x.source for nest in nests for x in nest.lines if x.op == "load"}
    for nest in nests:
        nest.stores = [s for s in nest.stores if s.target in read]


# ---- merging loops ------------------------------------------------------------------------------

def merge(nest: Nest, fixed: int = 0) -> Nest:
    """Neighbouring loops that all addresses walk through as one become one; loops of 1 vanish.

    Args:
        nest: the loops.
        fixed: how many outer loops stay as they are.
    """
    addresses = [x.address for x in nest.lines if x.op in ("load", "iota")]
    addresses += [s.address for s in nest.stores]
    groups: list[list[int]] = []
    for d, n in enumerate(nest.sizes):
        if n == 1:
            continue
        if d > fixed and groups and nest.reduced[groups[-1][-1]] == nest.reduced[d] and all(
                a[1][groups[-1][-1]] == a[1][d] * n for a in addresses):
            groups[-1].append(d)
        else:
            groups.append([d])

    def shrink(a: Affine) -> Affine:
        return a[0], tuple(a[1][g[-1]] for g in groups)
    lines = [Line(x.op, x.args, x.params, x.source, shrink(x.address), x.dtype) for x in nest.lines]
    stores = [Store(s.value, s.target, shrink(s.address), s.reduce) for s in nest.stores]
    return Nest([math.prod(nest.sizes[d] for d in g) for g in groups],
                [nest.reduced[g[0]] for g in groups], lines, stores)
