"""Stage 1, inline: a flush as one straight-line program of primitives.

The templates of all nodes of a flush are written one after another over common value numbers.
Leaves become array inputs, Python numbers scalar inputs; what the flush must deliver becomes the
outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..graph import SCALARS, Node, Spec
from ..ops.define import Instr


class Program:
    """A straight-line program.

    Attributes:
        inputs: numbers of the input values, with their specs in `specs` (`weak` for numbers).
        instrs: the lines, in order.
        outputs: numbers of the values to deliver.
        specs: the spec of every value (a tuple for primitives with several results).
        strides: for products that read permuted operands in place: the operands' specs as the
            product sees them, and their strides (None: row-major).
        fixed: inputs that stay the same over many runs, so that preparing them pays.
        parts: for values that lie inside a concatenation: its number, the axis, where they begin.
    """

    def __init__(self) -> None:
        self.inputs: list[int] = []
        self.instrs: list[Instr] = []
        self.outputs: list[int] = []
        self.specs: dict[int, Any] = {}
        self.strides: dict[int, Any] = {}
        self.fixed: set[int] = set()
        self.parts: dict[int, tuple[int, int, int]] = {}

    def new(self, spec: Any) -> int:
        """A fresh value number."""
        number = len(self.specs)
        self.specs[number] = spec
        return number

    def input(self, spec: Spec) -> int:
        """A fresh input."""
        number = self.new(spec)
        self.inputs.append(number)
        return number

    def add(self, prim: Any, args: Sequence[int], params: dict[str, Any], spec: Any) -> int:
        """Append a line; the number of its result."""
        number = self.new(spec)
        self.instrs.append(Instr(prim, tuple(args), params, number, spec))
        return number

    def users(self) -> dict[int, list[Instr]]:
        """The lines that read each value."""
        found: dict[int, list[Instr]] = {number: [] for number in self.specs}
        for instr in self.instrs:
            for a in dict.fromkeys(instr.args):
                found[a].append(instr)
        return found

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """The program as text, one line per primitive."""
        for number in self.inputs:
            yield f"v{number} = input()  # {self.specs[number]}"
        for instr in self.instrs:
            args = [f"v{a}" for a in instr.args]
            args += [f"{k}={v!r}" for k, v in instr.params.items()]
            yield f"v{instr.out} = {instr.prim.name}({', '.join(args)})  # {instr.spec}"
        yield "return " + ", ".join(f"v{o}" for o in self.outputs)


def inline(nodes: Sequence[Node], held: set[int]) -> tuple[Program, list[Any], list[Node]]:
    """The program of a flush.

    Args:
        nodes: pending nodes in recording order.
        held: ids of those whose value must be delivered.

    Returns:
        The program; what to pass for its inputs (arrays' nodes and Python numbers); the nodes that
        its outputs belong to.
    """
    program = Program()
    number: dict[int, Any] = {}  # id of a node -> value number, or a tuple of them
    arguments: list[Any] = []
    delivered: list[Node] = []

    def value(x: Any) -> Any:
        if type(x) is not Node:
            arguments.append(x)
            return program.input(SCALARS[type(x)])
        if id(x) not in number:
            arguments.append(x)
            number[id(x)] = program.input(x.spec)
        return number[id(x)]

    for node in nodes:
        if node.template is None:
            number[id(node)] = value(node.inputs[0])[node.index]
        else:
            results = splice(program, node.template, [value(x) for x in node.inputs])
            number[id(node)] = results[0] if node.spec is not None else results
        if id(node) in held and node.spec is not None:
            delivered.append(node)
            program.outputs.append(number[id(node)])
    return program, arguments, delivered


def splice(program: Program, template: Any, args: Sequence[int]) -> tuple[int, ...]:
    """Write a template's lines into the program; the numbers of its results."""
    names = dict(enumerate(args))
    for instr in template.instrs:
        names[instr.out] = program.add(instr.prim, [names[a] for a in instr.args], instr.params,
                                       instr.spec)
    return tuple(names[o] for o in template.outputs)


def drop_dead(program: Program) -> Program:
    """The program without lines that no output needs (inputs stay: their order is the call's)."""
    wanted = set(program.outputs)
    kept = []
    for instr in reversed(program.instrs):
        if instr.out in wanted:
            kept.append(instr)
            wanted.update(instr.args)
    program.instrs = kept[::-1]
    return program
