"""Before simplify: what does not change from step to step leaves the bodies of loops.

Matrices that every step multiplies by are also laid out once, before the loop, as the product reads
them: in panels of as many columns as its innermost loops compute together.
"""

from __future__ import annotations

from typing import Any

from ..graph import spec
from ..ops.contraction import dot
from ..ops.define import Instr, Template, item
from ..ops.loop import scan
from ..ops.movement import permute, reshape
from .contraction import fixed_product
from .machine import host_machine
from .program import Program, splice
from .simplify import simplify
from .time_loop import ENOUGH, can_loop


def hoist(program: Program) -> Program:
    """The program with every scan that has native code reduced to what changes."""
    lines, program.instrs = program.instrs, []
    first: dict[int, dict[int, int]] = {}  # of each scan: results that repeat an earlier one
    for instr in lines:
        if instr.prim is scan:
            hoisting = _Hoisting(program, instr)
            first[instr.out] = hoisting.repeated()
            instr = hoisting.run()
        elif instr.prim is item and instr.args[0] in first:
            index = instr.params["index"]
            index = first[instr.args[0]].get(index, index)
            instr = Instr(item, instr.args, {"index": index}, instr.out, instr.spec)
        program.instrs.append(instr)
    return program


class _Hoisting:
    """One scan: `fixed` are the values of its body that are the same at all steps."""

    def __init__(self, program: Program, instr: Instr) -> None:
        self.program, self.instr = program, instr
        template = instr.params["body"]
        body = Program()
        body.outputs = list(splice(body, template, [body.input(s) for s in template.input_specs]))
        self.body = simplify(body)
        self.defined = {line.out: line for line in self.body.instrs}
        self.moving = instr.params["carries"] + instr.params["xs"]
        constants = self.body.inputs[self.moving:]
        self.outer = dict(zip(constants, instr.args[self.moving:], strict=True))
        self.fixed = set(constants) | self._fixed(set(constants))
        self.fixed -= self._turned()

    def _fixed(self, fixed: set[int]) -> set[int]:
        plain: set[int] = set()  # made of literals: they cost nothing
        for line in self.body.instrs:
            known = all(a in fixed or a in plain for a in line.args)
            if not known or isinstance(line.spec, tuple):
                continue
            if line.prim.name == "constant" or line.args and all(a in plain for a in line.args):
                plain.add(line.out)
            else:
                fixed.add(line.out)
        return fixed

    def _turned(self) -> set[int]:
        """Fixed matrices that are but turned for products on tiles: these read them in place."""
        users = self.body.users()
        return {line.out for line in self.body.instrs
                if line.prim is permute and line.out in self.fixed
                and line.out not in self.body.outputs
                and all(self._on_tiles(user) and user.args[0] != line.out
                        for user in users[line.out])}

    def _on_tiles(self, line: Instr) -> bool:
        """Whether a line is a product with a fixed matrix that tiles compute."""
        if line.prim is not dot or self.instr.params["length"] < ENOUGH or (
                line.args[1] not in self.fixed):
            return False
        specs = [self.body.specs[a] for a in line.args]
        return fixed_product("dot", specs, line.params, host_machine()) is not None

    def repeated(self) -> dict[int, int]:
        """Stacked results that are equal to an earlier one."""
        carries, outputs = self.instr.params["carries"], self.body.outputs
        return {k: outputs.index(outputs[k], carries) for k in range(carries, len(outputs))}

    def run(self) -> Instr:
        """The scan over what changes; the lines of all else are added to the program."""
        kept = [line for line in self.body.instrs if line.out not in self.fixed]
        wanted: dict[tuple[int, int], int] = {}  # (value, columns of its panels or 0) -> outside
        for line in kept:
            width = self._width(line)
            for place, a in enumerate(line.args):
                self._want(a, width if place == 1 else 0, wanted, line)
        for o in self.body.outputs:
            self._want(o, 0, wanted, None)
        made = self._template(kept, wanted)
        args = (*self.instr.args[:self.moving], *wanted.values())
        found = Instr(scan, args, {**self.instr.params, "body": made}, self.instr.out,
                      self.instr.spec)
        return found if can_loop(found) else self.instr

    def _want(self, a: int, width: int, wanted: dict[tuple[int, int], int],
              line: Instr | None) -> None:
        if a in self.fixed and (a, width) not in wanted:
            value = self._outside(a)
            wanted[a, width] = self._panels(value, width, line) if line and width else value

    def _outside(self, number: int) -> int:
        """A fixed value as a value of the program."""
        if number not in self.outer:
            line = self.defined[number]
            args = [self._outside(a) for a in line.args]
            self.outer[number] = self.program.add(line.prim, args, line.params, line.spec)
        return self.outer[number]

    def _template(self, kept: list[Instr], wanted: dict[tuple[int, int], int]) -> Template:
        template, new = self.instr.params["body"], Program()
        names: dict[Any, int] = {}
        for v in self.body.inputs[:self.moving]:
            names[v, 0] = new.input(self.body.specs[v])
        for key, value in wanted.items():
            names[key] = new.input(self.program.specs[value])
        for line in kept:
            width = self._width(line)
            args = [names[a, width if place == 1 else 0] for place, a in enumerate(line.args)]
            names[line.out, 0] = (self._product(new, line, args) if width else
                                  new.add(line.prim, args, line.params, line.spec))
        return Template(template.name, tuple(new.specs[v] for v in new.inputs), new.instrs,
                        tuple(names[o, 0] for o in self.body.outputs), template.output_specs, True)

    # ---- panels ----

    def _width(self, line: Instr) -> int:
        """Columns of the panels that a product's second operand is laid out in; 0: as it is."""
        if line.prim is not dot or line.args[1] not in self.fixed or line.params["batch"][0]:
            return 0
        left, right = (self.body.specs[a] for a in line.args)
        if (len(left.shape) != 2 or len(right.shape) != 2
                or len(line.params["contract"][0]) != 1 or self._on_tiles(line)):
            return 0
        lanes = host_machine().vector_bytes // right.dtype.itemsize
        columns = right.shape[1 - line.params["contract"][1][0]]
        return next((w for w in (2 * lanes, lanes) if columns and columns % w == 0), 0)

    def _panels(self, value: int, width: int, line: Instr) -> int:
        """A matrix as (panels, depth, columns of a panel)."""
        s = self.program.specs[value]
        axis = line.params["contract"][1][0]
        depth, count = s.shape[axis], s.shape[1 - axis] // width
        cut = (count, width, depth) if axis == 1 else (depth, count, width)
        apart = self.program.add(reshape, [value], {"shape": cut}, spec(cut, s.dtype))
        dims = (0, 2, 1) if axis == 1 else (1, 0, 2)
        return self.program.add(permute, [apart], {"dims": dims},
                                spec((count, depth, width), s.dtype))

    def _product(self, new: Program, line: Instr, args: list[int]) -> int:
        count, _, width = new.specs[args[1]].shape
        params = {"contract": (line.params["contract"][0], (1,)), "batch": ((), ())}
        parts = spec((line.spec.shape[0], count, width), line.spec.dtype)
        made = new.add(dot, args, params, parts)
        return new.add(reshape, [made], {"shape": line.spec.shape}, line.spec)
