"""Stage 3, fuse: which values get memory, and which lines share a loop nest.

The result is a list of steps in an order that respects all dependencies: `Kernel`s, loop nests over
one iteration domain that compute any number of values, `Windows`, passes over pooling windows, and
`Call`s of single primitives.

A value gets memory (is a *root*) if it is delivered, if a call reads it, if it is a reduction, or
if several lines read it and it is worth keeping; all other values are computed where they are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..graph import Shape
from ..ops.define import Instr
from ..ops.movement import strided_slice
from . import windows
from .program import Program

MAPS = ("elementwise", "cast", "constant")
MOVES = ("reshape", "permute", "expand", "strided_slice", "flip")
REDUCES = ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all")
MAX_DEPTH = 40
MAX_ROOTS = 64
MAX_AFTER = 8  # lines on the results of one pass over windows
CHEAP = {"add", "sub", "mul", "select"}  # computed again rather than stored beside their operands
MAX_CHEAP = 3  # such lines in a row
FREE = {"constant", "iota", "cast", "neg", "real", "stop_gradient"}


@dataclass
class Kernel:
    """Loops over a domain that compute roots.

    Attributes:
        domain: sizes of the loops.
        roots: the lines whose values are stored; a reduction runs over its operand's shape.
        level: position among the waves of steps.
    """

    domain: Shape
    roots: list[Instr] = field(default_factory=list)
    level: int = 0


@dataclass
class Windows:
    """Lines over the same pooling windows that one pass computes.

    Attributes:
        instrs: the lines.
        level: position among the waves of steps.
        after: lines on their results, computed while these are in registers.
        kept: results that somebody else reads.
    """

    instrs: list[Instr]
    level: int
    after: list[Instr] = field(default_factory=list)
    kept: set[int] = field(default_factory=set)


@dataclass
class Call:
    """One primitive run by itself: a contraction, a loop, a host function."""

    instr: Instr
    level: int = 0


Step = Kernel | Windows | Call


def plan_steps(program: Program, fusable: Any) -> tuple[list[Step], set[int]]:
    """Split a simplified program into steps; the values that get memory.

    Args:
        program: a simplified program.
        fusable: says whether the code generator can take a line.
    """
    plan = _Plan(join_in_place(program, fusable), fusable)
    return plan.steps(), plan.roots


class _Plan:
    def __init__(self, program: Program, fusable: Any) -> None:
        self.program = program
        self.defined = {i.out: i for i in program.instrs}
        self.users = program.users()
        self.inputs = set(program.inputs)
        self.fused = {i.out for i in program.instrs if fusable(i)}
        self.windowed = {i.out for i in program.instrs if windows.takes(i, program.specs)}
        self.joined = {i.out for i in program.instrs if joins(i, program)}
        self.readers: dict[int, set[int]] = {}  # of values computed in passes: these passes
        self.room: dict[int, int] = {}  # for lines in each pass
        self.passed: dict[int, Windows] = {}  # which pass computes a value
        self.sources: dict[int, tuple[int, int]] = {}  # of values that are computed again
        self.roots = self._choose_roots()
        self.levels: dict[int, int] = dict.fromkeys(program.inputs, 0)

    # ---- which values get memory ----

    def _choose_roots(self) -> set[int]:
        roots = set(self.program.outputs) | self.inputs
        for instr in reversed(self.program.instrs):
            if self._is_root(instr, roots):
                roots.add(instr.out)
            else:
                self._compute_in_passes(instr)
        for instr in self.program.instrs:
            if self._cheap(instr, roots):
                roots.remove(instr.out)
                self._compute_in_passes(instr)
        depth: dict[int, int] = {}
        for instr in self.program.instrs:  # long chains are cut: a kernel's body stays small
            deep = 1 + max((depth.get(a, 0) for a in instr.args), default=0)
            if deep > MAX_DEPTH and instr.prim.name not in MOVES:
                roots.add(instr.out)
            depth[instr.out] = 0 if instr.out in roots else deep
        return roots

    def _is_root(self, instr: Instr, roots: set[int]) -> bool:
        several = len(self.users[instr.out]) > 1 and instr.prim.name not in FREE and (
            len(self._reading(instr)) != 1 or self._read_outside(instr.out))
        return self._must_lie(instr, roots) or several and bool(instr.spec.shape) and (
            instr.prim.name not in MOVES and instr.prim.name != "constant")

    def _cheap(self, instr: Instr, roots: set[int]) -> bool:
        """Whether reading one stored operand of the same size and computing again costs less."""
        number = instr.out
        if number not in roots or number in self.program.outputs or number not in self.fused:
            return False
        if self._must_lie(instr, roots - {number}):
            return False
        found = self._source(instr, roots)
        if found is not None:
            self.sources[number] = found
        return found is not None

    def _source(self, instr: Instr, roots: set[int]) -> tuple[int, int] | None:
        """The one stored value of the same size that a line needs, and how many lines lie between.

        None if there are more, or if a line on the way is not cheap.
        """
        if instr.prim.name not in CHEAP:
            return None
        large = {a for a in instr.args if not self._small(a, instr.spec.size, roots)}
        found = [(a, 0) if a in roots else self.sources.get(a, (-1, 0)) for a in large]
        if len({source for source, _ in found}) != 1 or found[0][0] < 0:
            return None
        source, between = max(found)
        spec = self.program.specs[source]
        near = spec.shape == instr.spec.shape and spec.nbytes <= instr.spec.nbytes
        return (source, between + 1) if near and between < MAX_CHEAP else None

    def _small(self, number: int, size: int, roots: set[int]) -> bool:
        """Whether an operand is a constant, or repeats a stored value of far fewer elements."""
        while number not in roots and self.defined[number].prim.name in MOVES:
            number = self.defined[number].args[0]
        constant = number in self.defined and self.defined[number].prim.name == "constant"
        return constant or number in roots and self.program.specs[number].size * 8 <= size

    def _must_lie(self, instr: Instr, roots: set[int]) -> bool:
        """Whether a value has to be in memory, however many lines read it."""
        number = instr.out
        if number in roots or number not in self.fused:
            return True
        users = self.users[number]
        if instr.prim.name in REDUCES:
            return True
        if any(u.out not in self.fused and not self._reads(u, number) for u in users):
            return True
        if not self._fits(instr):
            return True
        if instr.prim.name == "constant":
            return False
        if any(u.prim.name == "reshape" and not only_unit_dims(instr.spec.shape, u.spec.shape)
               for u in users):
            return True  # a kernel reads through a reshape only from memory, where it is free
        if not instr.spec.shape:
            return False
        if instr.prim.name in MOVES:
            return False
        return any(self._grows(u) for u in users) and instr.prim.name not in FREE

    # ---- what is computed where passes over windows read it ----

    def _reads(self, user: Instr, number: int) -> bool:
        """Whether a line is a pass over windows that reads values, not places, of a number."""
        return user.out in self.windowed and user.args[0] == number not in user.args[1:]

    def _reading(self, instr: Instr) -> set[int]:
        """The passes that read a value, or what is computed of it in a pass."""
        found: set[int] = set()
        for u in self.users[instr.out]:
            if self._reads(u, instr.out):
                found.add(u.args[1] if u.prim.name == "window_take" else u.out)
            found |= self.readers.get(u.out, set())
        return found

    def _read_outside(self, number: int) -> bool:
        """Whether a line that is not in a pass reads a value."""
        return number in self.program.outputs or any(
            not self._reads(u, number) and u.out not in self.readers for u in self.users[number])

    def _fits(self, instr: Instr) -> bool:
        """Whether all passes that read a value can compute it, and have room for that."""
        price = windows.cost(instr, self.program.specs)
        return all(price is not None and price <= self._left(p) for p in self._reading(instr))

    def _left(self, number: int) -> int:
        if number not in self.room:
            self.room[number] = windows.geometry(
                self.defined[number], self.program.specs).room() if number in self.windowed else 0
        return self.room[number]

    def _compute_in_passes(self, instr: Instr) -> None:
        """Note that a value has no memory and is computed in the passes that read it."""
        for p in self._reading(instr):
            self.room[p] = self._left(p) - (windows.cost(instr, self.program.specs) or 0)
            self.readers.setdefault(instr.out, set()).add(p)

    def _grows(self, user: Instr) -> bool:
        """Whether a line repeats its operand, directly or after unit dimensions were inserted."""
        if user.prim.name == "expand":
            return bool(user.spec.size > self.program.specs[user.args[0]].size)
        if user.prim.name == "reshape":
            return any(self._grows(u) for u in self.users[user.out])
        return False

    # ---- what runs when ----

    def steps(self) -> list[Step]:
        """Kernels, passes over windows and calls, wave by wave."""
        done: list[Step] = []
        passes: dict[Any, Windows] = {}
        kernels: dict[Any, Kernel] = {}
        for instr in self.program.instrs:
            if instr.out not in self.roots:
                continue
            if instr.out in self.joined:  # its parts are written where it lies
                self.levels[instr.out] = max(self.levels[a] for a in instr.args)
                continue
            if instr.out in self.windowed:
                self._window(instr, passes, done)
                continue
            if instr.out not in self.fused:
                level = 1 + max((self.levels[a] for a in instr.args), default=0)
                self.levels[instr.out] = level
                done.append(Call(instr, level))
                continue
            domain = (self.program.specs[instr.args[0]].shape if instr.prim.name in REDUCES
                      else instr.spec.shape)
            if self._after_pass(instr, passes):
                continue
            level = self._level(instr, domain)
            key = (level, domain, _pattern(instr))
            while key in kernels and len(kernels[key].roots) >= MAX_ROOTS:
                level += 1  # a long chain over one domain: LLVM shall not see it whole
                key = (level, *key[1:])
            self.levels[instr.out] = level
            if key not in kernels:
                kernels[key] = Kernel(domain, [], level)
                done.append(kernels[key])
            kernels[key].roots.append(instr)
        self._keep(passes)
        done.sort(key=lambda step: step.level)
        return done

    def _window(self, instr: Instr, passes: dict[Any, Windows], done: list[Step]) -> None:
        """Put a line over windows where it belongs: values are taken where maxima are found."""
        shape = windows.geometry(instr, self.program.specs)
        level = self._level(instr, None, instr.args[:1])
        takes = instr.prim.name == "window_take"
        key: Any = instr.args[1] if takes else instr.out
        if takes and (key not in passes or passes[key].level < level or shape != windows.geometry(
                passes[key].instrs[0], self.program.specs)):
            level = max(level, 1 + self.levels[key])
            key = key, level, shape
        elif len(instr.args) > 1 and not takes:
            level = max(level, 1 + self.levels[instr.args[1]])
        found = passes.get(key)
        if found is None:
            found = passes[key] = Windows([], level)
            done.append(found)
        found.instrs.append(instr)
        self.levels[instr.out] = found.level
        self.passed[instr.out] = found

    def _after_pass(self, instr: Instr, passes: dict[Any, Windows]) -> bool:
        """Let a pass over windows compute a line on its results too, if all else is there then."""
        lines, read = self._reached(instr)
        found = {id(p): p for v in read if (p := self.passed.get(v)) is not None}
        last = max(found.values(), key=lambda p: p.level, default=None)
        if last is None or any(windows.cost(line, self.program.specs) is None for line in lines):
            return False
        if instr.spec.shape != last.instrs[0].spec.shape or len(last.after) >= MAX_AFTER:
            return False
        if any(self.passed.get(v) is not last and self.levels[v] >= last.level for v in read):
            return False
        moved = {a for line in lines if line.prim.name in MOVES for a in line.args}
        if any(self.passed.get(v) is last for v in moved):
            return False
        last.after.append(instr)
        self.levels[instr.out] = last.level
        self.passed[instr.out] = last
        return True

    def _reached(self, root: Instr) -> tuple[list[Instr], list[int]]:
        """The lines computed with a root, and the values in memory that they read."""
        lines, read = [root], []
        stack, seen = list(root.args), set()
        while stack:
            number = stack.pop()
            if number in seen:
                continue
            seen.add(number)
            if number in self.roots:
                read.append(number)
            else:
                lines.append(self.defined[number])
                stack += self.defined[number].args
        return lines, read

    def _keep(self, passes: dict[Any, Windows]) -> None:
        """Note which results of passes are read by others."""
        read = set(self.program.outputs)
        for instr in self.program.instrs:
            if instr.out in self.roots:
                own = self.passed.get(instr.out)
                read.update(v for v in self._reached(instr)[1]
                            if own is None or self.passed.get(v) is not own)
        for p in passes.values():
            p.kept = {i.out for i in (*p.instrs, *p.after)} & read

    def _level(self, root: Instr, domain: Shape | None, args: Sequence[int] | None = None) -> int:
        """One more than anything it must wait for; a root of the same loops is not waited for."""
        level = 1
        seen: set[tuple[int, bool]] = set()
        stack = [(a, root.prim.name not in MOVES) for a in (root.args if args is None else args)]
        while stack:
            number, aligned = stack.pop()
            if (number, aligned) in seen:
                continue
            seen.add((number, aligned))
            if number in self.roots:
                same = (aligned and number in self.fused and number not in self.inputs
                        and self.defined[number].prim.name not in REDUCES
                        and self.defined[number].spec.shape == domain
                        and self._may_share(root, number))
                level = max(level, self.levels[number] + (0 if same else 1))
                continue
            instr = self.defined[number]
            straight = aligned and instr.prim.name not in MOVES
            stack += [(a, straight) for a in instr.args]
        return max(level, 1)

    def _may_share(self, root: Instr, number: int) -> bool:
        """Maps may join any loops over their domain; see `_pattern`."""
        return _pattern(root) == _pattern(self.defined[number])


def _pattern(root: Instr) -> Any:
    """Roots share loops only if they reduce over the same axes."""
    return root.params["axes"] if root.prim.name in REDUCES else None


def joins(instr: Instr, program: Program) -> bool:
    """Whether a line is a concatenation whose parts are written in place (see `join_in_place`)."""
    return instr.prim.name == "concatenate" and instr.args[0] in program.parts


def join_in_place(program: Program, fusable: Any) -> Program:
    """Have the parts of concatenations written where the whole lies; parts needed twice: copied."""
    defined = {i.out: i for i in program.instrs}
    users = program.users()
    lines, program.instrs = program.instrs, []
    for instr in lines:
        if instr.prim.name != "concatenate" or joins(instr, program) or not all(
                _copyable(program.specs[a]) for a in instr.args):
            program.instrs.append(instr)
            continue
        args, at = [], 0
        for a in instr.args:
            spec = program.specs[a]
            alone = (a in defined and fusable(defined[a]) and a not in program.outputs
                     and a not in args and a not in program.parts
                     and all(u is instr or fusable(u) and u.prim.name != "reshape"
                             for u in users[a]))
            part = a if alone else program.add(strided_slice, [a], _whole(spec.shape), spec)
            program.parts[part] = (instr.out, instr.params["axis"], at)
            args.append(part)
            at += spec.shape[instr.params["axis"]]
        program.instrs.append(Instr(instr.prim, tuple(args), instr.params, instr.out, instr.spec))
    return program


def _whole(shape: Shape) -> dict[str, Any]:
    return {"start": (0,) * len(shape), "shape": shape, "step": (1,) * len(shape)}


def _copyable(spec: Any) -> bool:
    return not spec.weak and not spec.dtype.is_complex and spec.size > 0


def only_unit_dims(before: Shape, after: Shape) -> bool:
    """Whether a reshape only inserts or removes dimensions of size 1."""
    return [n for n in before if n != 1] == [n for n in after if n != 1]
