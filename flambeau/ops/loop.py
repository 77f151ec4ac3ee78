"""The loop primitive: a template applied step by step, carrying values from one step to the next.

`scan(*carry, *xs, *consts, body=, carries=, xs=, length=, reverse=)`: the body takes the carried
values, one slice of each x (along its first axis) and the constants; it returns the new carried
values and any number of outputs, which are stacked along a new first axis. Results: last carries,
stacked outputs. Its derivative is a scan in the other direction. A body that also returns its new
carries (and whatever else the derivative would recompute) as outputs makes that one cheap.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Spec, spec
from .contraction import dot
from .define import Instr, Primitive, Sym, Template, trace, traces
from .derivative import Vjp, inline, vjp_of
from .movement import concatenate, reshape, strided_slice, zeros
from .reduction import reduce_sum

Plan = tuple[Instr | None, tuple[Any, ...]]


def _scan_rule(*specs: Spec, body: Template, carries: int, xs: int, length: int,
               reverse: bool) -> tuple[Spec, ...]:
    stacked = [spec((length, *s.shape), s.dtype) for s in body.output_specs[carries:]]
    return (*body.output_specs[:carries], *stacked)


def _scan_numpy(*args: Any, body: Template, carries: int, xs: int, length: int,
                reverse: bool) -> Any:
    carry, rows, consts = args[:carries], args[carries:carries + xs], args[carries + xs:]
    stacks = [np.empty((length, *s.shape), s.dtype.numpy) for s in body.output_specs[carries:]]
    for t in reversed(range(length)) if reverse else range(length):
        results = body.run((*carry, *[x[t] for x in rows], *consts))
        carry = results[:carries]
        for stack, value in zip(stacks, results[carries:], strict=True):
            stack[t] = value
    return (*carry, *stacks)


# ---- derivative ---------------------------------------------------------------------------------

def _scan_vjp(cts: tuple[Sym | None, ...], out: tuple[Sym, ...], *args: Sym, body: Template,
              carries: int, xs: int, length: int, reverse: bool) -> list[Sym | None]:
    loop: dict[str, Any] = {"carries": carries, "xs": xs, "length": length, "reverse": reverse}
    if any(n not in body.outputs[carries:] for n in body.outputs[:carries]):
        body = _showing_carries(body, carries)
        out = scan(*args, body=body, **loop)
        cts = (*cts, *[None] * carries)
    return _Backward(cts, out, args, body, **loop).run()


def _showing_carries(body: Template, carries: int) -> Template:
    """The body with its new carried values among the outputs."""
    return Template(body.name, body.input_specs, body.instrs,
                    (*body.outputs, *body.outputs[:carries]),
                    (*body.output_specs, *body.output_specs[:carries]), True)


class _Backward:
    """The derivative of one scan.

    The cotangents of the carries are carried back through the steps; the gradients of the xs are
    stacked. Gradients of constants are sums over the steps: where they are contractions or sums of
    per-step values, these are stacked instead and summed by one contraction after the loop.
    """

    def __init__(self, cts: tuple[Sym | None, ...], out: tuple[Sym, ...], args: tuple[Sym, ...],
                 body: Template, carries: int, xs: int, length: int, reverse: bool) -> None:
        self.args, self.body, self.out, self.cts = args, body, out, cts
        self.carries, self.xs, self.length, self.reverse = carries, xs, length, reverse
        wrt = tuple(i for i, s in enumerate(body.input_specs) if s.dtype.category >= 2)
        given = tuple(s.dtype.category >= 2 if k < carries else cts[k] is not None
                      for k, s in enumerate(body.output_specs))
        self.wrt = wrt
        self.back: Vjp = vjp_of(body, wrt, given)
        self.moving = [i for i in wrt if i < carries]  # carries that have cotangents
        self.sliced = [i for i in wrt if carries <= i < carries + xs]
        self.summed = [i for i in wrt if i >= carries + xs]
        picks = [p for p in self.back.picks if not self._is_carried(p)]
        self.scanned = [p for p in picks if not self._is_constant(p)]
        self.fixed = [p for p in picks if self._is_constant(p)]

    def _is_carried(self, pick: tuple[str, int]) -> bool:
        return pick[0] == "ct" and pick[1] < self.carries

    def _is_constant(self, pick: tuple[str, int]) -> bool:
        return pick[0] == "in" and pick[1] >= self.carries + self.xs

    def _stack(self, pick: tuple[str, int]) -> Sym:
        """The values of one input of the derivative at all steps."""
        where, i = pick
        if where == "ct":
            return self.cts[i]  # type: ignore[return-value]
        if where == "out":
            return self._leaving(i)
        return self._entering(i) if i < self.carries else self.args[i]

    def _leaving(self, k: int) -> Sym:
        outputs = self.body.outputs
        return self.out[k if k >= self.carries else outputs.index(outputs[k], self.carries)]

    def _entering(self, i: int) -> Sym:
        """The values that carry i had before each step."""
        stack, init = self._leaving(i), self.args[i]
        first = reshape(init, shape=(1, *init.shape))
        start = (1 if self.reverse else 0,) + (0,) * init.ndim
        rest = strided_slice(stack, start=start, shape=(self.length - 1, *init.shape),
                             step=(1,) * stack.ndim)
        out: Sym = concatenate(*((rest, first) if self.reverse else (first, rest)), axis=0)
        return out

    def run(self) -> list[Sym | None]:
        """Gradients of all arguments of the scan."""
        self.rows = [self._stack(p) for p in self.scanned]
        starts = [self._start(i) for i in self.moving]
        consts = [self.args[i] for _, i in self.fixed]
        specs = [*[s.spec for s in starts], *[spec(r.shape[1:], r.dtype) for r in self.rows],
                 *[c.spec for c in consts]]
        template = trace(self.body.name + "_backward", self._step, specs)
        self.results = scan(*starts, *self.rows, *consts, body=template, carries=len(starts),
                            xs=len(self.rows), length=self.length, reverse=not self.reverse)
        grads: list[Sym | None] = [None] * len(self.args)
        for i, g in zip(self.moving, self.results, strict=False):
            grads[i] = g
        for i, number in self.slices.items():
            grads[i] = self._stacked(number)
        for i, plan in self.sums.items():
            grads[i] = self._total(plan)
        return grads

    def _start(self, i: int) -> Sym:
        ct = self.cts[i]
        return zeros(self.args[i].shape, self.args[i]) if ct is None else ct

    def _step(self, *values: Sym) -> tuple[Sym, ...]:
        """One step backwards: the carried cotangents, and what is stacked."""
        names = [*[("ct", i) for i in self.moving], *self.scanned, *self.fixed]
        known = dict(zip(names, values, strict=True))
        grads = self.back.spread(inline(self.back.template, [known[p] for p in self.back.picks]))
        by_input = dict(zip(self.wrt, grads, strict=True))
        carried = []
        for i in self.moving:
            g = by_input[i]
            carried.append(zeros(known["ct", i].shape, known["ct", i]) if g is None else g)
        lines = {line.out: line for line in traces.stack[-1].instrs}
        self.row_of = {v.id: k - len(self.moving) for k, v in enumerate(values)
                       if len(self.moving) <= k < len(self.moving) + len(self.scanned)}
        self.outputs: list[int] = []
        self.slices = {i: self._place(by_input[i].id) for i in self.sliced
                       if by_input[i] is not None}
        self.sums = {i: self._plan(by_input[i].id, lines) for i in self.summed
                     if by_input[i] is not None}
        specs = {**{v.id: v.spec for v in values}, **{n: line.spec for n, line in lines.items()}}
        return (*carried, *[Sym(traces.stack[-1], n, specs[n]) for n in self.outputs])

    def _place(self, number: int) -> int:
        """Have the loop stack the values of this number, unless they come from a stack already."""
        if number not in self.row_of and number not in self.outputs:
            self.outputs.append(number)
        return number

    def _stacked(self, number: int) -> Sym:
        if number in self.row_of:
            return self.rows[self.row_of[number]]
        out: Sym = self.results[len(self.moving) + self.outputs.index(number)]
        return out

    def _plan(self, number: int, lines: dict[int, Instr]) -> Plan:
        """How the sum over the steps of a value is made, after the loop, of stacked values."""
        line = lines.get(number)
        name = line.prim.name if line else ""
        if line and (name in ("permute", "reshape") or name == "add" and all(
                a in lines and lines[a].spec == line.spec for a in line.args)):
            return line, tuple(self._plan(a, lines) for a in line.args)
        if line and name in ("dot", "reduce_sum"):
            return line, tuple(self._place(a) for a in line.args)
        return None, (self._place(number),)

    def _total(self, plan: Plan) -> Sym:
        line, parts = plan
        if line is None:
            out: Sym = reduce_sum(self._stacked(parts[0]), axes=(0,))
        elif line.prim is dot:
            (left, right), batch = line.params["contract"], line.params["batch"]
            out = dot(*[self._stacked(n) for n in parts],
                      contract=(_after_steps(left, (0,)), _after_steps(right, (0,))),
                      batch=(_after_steps(batch[0], ()), _after_steps(batch[1], ())))
        elif line.prim is reduce_sum:
            out = reduce_sum(self._stacked(parts[0]),
                             axes=_after_steps(line.params["axes"], (0,)))
        else:
            out = line.prim(*[self._total(p) for p in parts], **line.params)
        return out


def _after_steps(axes: tuple[int, ...], lead: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of one step's value as axes of the stacked values, after `lead`."""
    return (*lead, *[a + 1 for a in axes])


scan = Primitive("scan", "loop", _scan_numpy, _scan_rule, _scan_vjp)
