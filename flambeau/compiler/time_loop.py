"""Time loops: a `scan` as one native loop around the kernels of its body.

The body is simplified, fused and lowered by the stages that a flush goes through. Its values lie
where they are wanted: slices of the xs are read and slices of the stacked outputs written in place;
a carried value that is stacked as well is read from the stack at the next step, others change
between two buffers; everything in between has a place in the loop's own working memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from ..ops.define import Instr
from ..ops.movement import reshape
from . import contraction_call, special_loops
from .contraction_call import read_in_place
from .fuse import Call, plan_steps
from .llvm import I1, I8, I64, takes
from .program import Program, splice
from .simplify import simplify

ENOUGH = 8  # steps for which preparing a matrix pays

Emit = Callable[[Any, Any], None]  # a function of the body, how its values are found


def can_loop(instr: Instr) -> bool:
    """Whether all of a scan's body has native code."""
    template = instr.params["body"]
    if not instr.params["length"] or any(s.weak or not s.size for s in template.input_specs):
        return False
    body = loop_body(instr, list(range(len(template.outputs))))
    steps, _ = plan_steps(body, lambda i: takes(i, body.specs))
    return all(not isinstance(step, Call) or special_loops.takes(step.instr, body.specs)
               or contraction_call.takes(step.instr, body.specs) for step in steps)


def loop_body(instr: Instr, wanted: list[int]) -> Program:
    """The program of one step, of which the outputs `wanted` are left; each a value of its own.

    A carried value may be a stacked output as well; everything else that is delivered twice, or
    that merely comes in, is copied.
    """
    template, carries = instr.params["body"], instr.params["carries"]
    program = Program()
    outputs = splice(program, template, [program.input(s) for s in template.input_specs])
    program.outputs = [outputs[k] for k in wanted]
    program = read_in_place(simplify(program))
    defined = {line.out: line for line in program.instrs}
    stacked: set[int] = set()
    for place, k in enumerate(wanted):
        v = program.outputs[place]
        while v in defined and defined[v].prim is reshape:  # the same bytes
            v = defined[v].args[0]
        if v not in defined or k >= carries and v in stacked:
            spec = program.specs[v]
            v = program.add(reshape, [v], {"shape": spec.shape}, spec)
        if k >= carries:
            stacked.add(v)
        program.outputs[place] = v
    if instr.params["length"] >= ENOUGH:
        program.fixed = set(program.inputs[carries + instr.params["xs"]:])
    return program


class LoopFunction:
    """A scan with the interface that segments expect of their functions.

    Args:
        name: for reports.
        instr: the scan.
        items: value numbers of its results in the program, by index; results without are dropped.
        body, functions: what `loop_body` made, and its functions in order.
        specs: of the program's values.

    Attributes:
        buffers, written, work: as of other functions.
        scratch: bytes that each thread needs; shared: bytes for all together, of which the first
            `working` are the loop's own.
        prepared: products whose matrix is prepared before the first step, and where in `working`.
    """

    numbers: tuple[int, ...] = ()

    def __init__(self, name: str, instr: Instr, items: dict[int, int], body: Program,
                 functions: list[Any], specs: dict[int, Any]) -> None:
        self.name, self.instr, self.items = name, instr, items
        self.body, self.functions = body, functions
        self.buffers = list(dict.fromkeys([*instr.args, *items.values()]))
        self.written = list(items.values())
        self.dtypes = {v: specs[v].dtype for v in self.buffers}
        self.carries, self.length = instr.params["carries"], instr.params["length"]
        self.work = self.length * sum(f.work for f in functions)
        self.scratch = max((getattr(f, "scratch", 0) for f in functions), default=0)
        self.stacks = self._stacks()
        self.inner = self._places()
        self.prepared: dict[Any, int] = {}
        for f in functions:
            if getattr(f, "fixed", False):
                self.prepared[f] = self.working
                self.working += -(-f.shared // 64) * 64
        self.shared = self.working + max((getattr(f, "shared", 0) for f in functions
                                          if f not in self.prepared), default=0)

    def _stacks(self) -> dict[int, int]:
        """Where the stacked values of the body go: values of the program."""
        found = {}
        for v, k in zip(self.body.outputs, wanted_results(self.carries, self.items), strict=True):
            if k >= self.carries:
                found[v] = self.items[k]
        return found

    def _places(self) -> dict[int, int]:
        """Offsets in the working memory of values that only live inside; carried ones have two."""
        known = {*self.body.inputs, *self.stacks}
        carried = set(self.body.outputs[:self.carries])
        places: dict[int, int] = {}
        self.working = 0
        for f in self.functions:
            for v in f.buffers:
                if v not in known and v not in places:
                    places[v] = self.working
                    self.working += self.room(v) * (2 if v in carried else 1)
        return places

    def room(self, v: int) -> int:
        """Bytes between the places of a body's value in the working memory."""
        return -(-int(self.body.specs[v].nbytes) // 64) * 64


def wanted_results(carries: int, items: dict[int, int]) -> list[int]:
    """Which results a body must make: the carries, and what is read of the stacks."""
    return [*range(carries), *sorted(k for k in items if k >= carries)]


@dataclass
class LoopWriter:
    """Emits a loop into a driver.

    Attributes:
        b: where to emit.
        f: the loop.
        word: the table's word of a value of the program.
        working: address of the loop's working memory, an integer.
    """

    b: ir.IRBuilder
    f: LoopFunction
    word: Callable[[int], Any]
    working: Any

    def write(self, emit: Emit, prepare: Callable[[dict[int, Any]], None]) -> None:
        """The loop.

        Args:
            emit: calls a function of the body and waits for all threads.
            prepare: does what comes before the first step, given what stays the same.
        """
        b, f = self.b, self.f
        self.outside = {v: self.word(v) for v in f.buffers}
        if f.prepared:
            prepare({v: self.outside[a] for v, a in
                     zip(f.body.inputs, f.instr.args, strict=True) if v in f.body.fixed})
        before, head = b.block, b.append_basic_block("step")
        after = b.append_basic_block("steps_done")
        b.branch(head)
        b.position_at_end(head)
        t = b.phi(I64)
        t.add_incoming(I64(0), before)
        at = self._values(t)
        for function in f.functions:
            emit(function, at.__getitem__)
        following = b.add(t, I64(1))
        t.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, I64(f.length)), head, after)
        b.position_at_end(after)

    def copies(self) -> list[tuple[Any, Any, int]]:
        """(target, source, bytes) of the last carries, to be copied when the loop is done."""
        f = self.f
        return [(self.outside[f.items[k]], self._leaving(f.body.outputs[k], I64(f.length - 1)),
                 f.body.specs[f.body.outputs[k]].nbytes)
                for k in range(f.carries) if k in f.items]

    def _index(self, t: Any) -> Any:
        """The slice that step t works on."""
        f = self.f
        return self.b.sub(I64(f.length - 1), t) if f.instr.params["reverse"] else t

    def _slice(self, base: Any, v: int, t: Any) -> Any:
        size = I64(int(self.f.body.specs[v].nbytes))
        return self.b.add(base, self.b.mul(self._index(t), size))

    def _leaving(self, v: int, t: Any) -> Any:
        """Where step t leaves a value of the body."""
        b, f = self.b, self.f
        if v in f.stacks:
            return self._slice(self.outside[f.stacks[v]], v, t)
        place = b.add(self.working, I64(f.inner[v]))
        if v in f.body.outputs[:f.carries]:
            return b.add(place, b.mul(b.and_(t, I64(1)), I64(f.room(v))))
        return place

    def _values(self, t: Any) -> dict[int, Any]:
        """Where the values of the body lie at step t."""
        b, f = self.b, self.f
        first, previous = b.icmp_signed("==", t, I64(0)), b.sub(t, I64(1))
        found = {}
        for i, v in enumerate(f.body.inputs):
            base = self.outside[f.instr.args[i]]
            if i < f.carries:
                base = b.select(first, base, self._leaving(f.body.outputs[i], previous))
            elif i < f.carries + f.instr.params["xs"]:
                base = self._slice(base, v, t)
            found[v] = base
        for v in dict.fromkeys([*f.stacks, *f.inner]):
            found[v] = self._leaving(v, t)
        return found


def copy_bytes(b: ir.IRBuilder, target: Any, source: Any, begin: Any, end: Any) -> None:
    """Copy bytes [begin, end) from one address to another."""
    pointer = I8.as_pointer()
    copy = b.module.declare_intrinsic("llvm.memcpy", [pointer, pointer, I64])
    b.call(copy, [b.inttoptr(b.add(target, begin), pointer),
                  b.inttoptr(b.add(source, begin), pointer), b.sub(end, begin), ir.Constant(I1, 0)])
