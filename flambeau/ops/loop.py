"""The loop primitive: a template applied step by step, carrying values from one step to the next.

`scan(*carry, *xs, *consts, body=, carries=, length=, reverse=)`: the body takes the carried values,
one slice of each x (along its first axis) and the constants; it returns the new carried values and
any number of outputs, which are stacked along a new first axis. Results: last carries, stacked outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Spec, spec
from .define import Primitive, Sym, Template, trace
from .derivative import inline, vjp_of
from .movement import concatenate, reshape, strided_slice, zeros


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


def _entering(out: tuple[Sym, ...], init: tuple[Sym, ...], body: Template, carries: int,
              length: int, reverse: bool) -> list[Sym] | None:
    """The carried values that entered each step, when the body also returns them as outputs."""
    entering = []
    for i in range(carries):
        number = body.outputs[i]
        if number not in body.outputs[carries:]:
            return None
        stack = out[body.outputs.index(number, carries)]
        first = reshape(init[i], shape=(1, *init[i].shape))
        start, shape = [0] * stack.ndim, (length - 1, *stack.shape[1:])
        start[0] = 1 if reverse else 0
        rest = strided_slice(stack, start=tuple(start), shape=shape, step=(1,) * stack.ndim)
        order = (rest, first) if reverse else (first, rest)
        entering.append(concatenate(*order, axis=0))
    return entering


def _with_entering(body: Template, carries: int) -> Template:
    """The body that also returns, first among its outputs, the carried values it was given."""
    ids = (*body.outputs[:carries], *range(carries), *body.outputs[carries:])
    specs = (*body.output_specs[:carries], *body.input_specs[:carries],
             *body.output_specs[carries:])
    return Template(body.name, body.input_specs, body.instrs, ids, specs, True)


def _scan_vjp(cts: tuple[Sym | None, ...], out: tuple[Sym, ...], *args: Sym, body: Template,
              carries: int, xs: int, length: int, reverse: bool) -> list[Sym | None]:
    init, rows, consts = args[:carries], args[carries:carries + xs], args[carries + xs:]
    entering = _entering(out, init, body, carries, length, reverse)
    if entering is None:
        again = scan(*args, body=_with_entering(body, carries), carries=carries, xs=xs,
                     length=length, reverse=reverse)
        entering = list(again[carries:2 * carries])
    wrt = tuple(i for i, s in enumerate(body.input_specs) if s.dtype.category >= 2)
    back = vjp_of(body, wrt, (True,) * len(body.outputs), save_outputs=False)
    full = [c if c is not None else zeros(o.shape, o) for c, o in zip(cts, out, strict=True)]
    sums = [i for i in wrt if i >= carries + xs]
    n_in = len(body.input_specs)

    def step(*values: Sym) -> tuple[Sym, ...]:
        ct_carry, totals = values[:carries], values[carries:carries + len(sums)]
        rest = values[carries + len(sums):]
        state, x_t, ct_y = (rest[:carries], rest[carries:carries + xs],
                            rest[carries + xs:carries + xs + len(full) - carries])
        fixed = rest[carries + xs + len(full) - carries:]
        inputs: list[Any] = [*state, *x_t, *fixed]
        grads = inline(back.template, [
            inputs[i] if where == "in" else (*ct_carry, *ct_y)[i] for where, i in back.picks])
        by_input: list[Sym | None] = [None] * n_in
        for i, g in zip(wrt, back.spread(grads), strict=True):
            by_input[i] = g
        new = [by_input[i] if by_input[i] is not None else zeros(c.shape, c)
               for i, c in enumerate(ct_carry)]
        added = [t + by_input[i] if by_input[i] is not None else t  # type: ignore[operator]
                 for t, i in zip(totals, sums, strict=True)]
        slices = [by_input[i] if by_input[i] is not None else zeros(inputs[i].shape, inputs[i])
                  for i in range(carries, carries + xs) if i in wrt]
        return (*new, *added, *slices)  # type: ignore[arg-type]

    starts = [*full[:carries], *[zeros(args[i].shape, args[i]) for i in sums]]
    scanned = [*entering, *rows, *full[carries:]]
    return _collect(step, starts, scanned, consts, wrt, sums, carries, xs, length, reverse, n_in)


def _collect(step: Any, starts: list[Sym], scanned: list[Sym], consts: tuple[Sym, ...],
             wrt: tuple[int, ...], sums: list[int], carries: int, xs: int, length: int,
             reverse: bool, n_in: int) -> list[Sym | None]:
    specs = [*[s.spec for s in starts], *[spec(s.shape[1:], s.dtype) for s in scanned],
             *[c.spec for c in consts]]
    template = trace("scan_backward", step, specs)
    results = scan(*starts, *scanned, *consts, body=template, carries=len(starts),
                   xs=len(scanned), length=length, reverse=not reverse)
    grads: list[Sym | None] = [None] * n_in
    for i in range(carries):
        grads[i] = results[i] if i in wrt else None
    for k, i in enumerate(sums):
        grads[i] = results[carries + k]
    stacked = [i for i in range(carries, carries + xs) if i in wrt]
    for k, i in enumerate(stacked):
        grads[i] = results[len(starts) + k]
    return grads


scan = Primitive("scan", "loop", _scan_numpy, _scan_rule, _scan_vjp)
