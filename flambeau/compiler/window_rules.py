"""A pass: what is better said otherwise about pooling windows.

What a gradient goes through on its way from windows is done before it is spread.

A maximum's gradient is zero at all places but the chosen ones. So a selection between it and zero
can be made at the chosen places, and its sum over whole planes is that of the windows' values. Both
work on arrays of the pooled size, and the spread gradient is written once.

Sums over windows as large as the plane are reductions, and their adjoint is an expansion, which
need no arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..graph import Shape, spec
from ..ops.define import Instr
from ..ops.elementwise import select
from ..ops.movement import expand, reshape
from ..ops.reduction import reduce_sum
from ..ops.window import window_put, window_take
from .program import Program, drop_dead
from .simplify import simplify

Rule = Callable[[Program, Instr, dict[int, Instr], dict[int, int]], int | None]


def simplify_windows(program: Program) -> Program:
    """The program with these rules applied, in one pass from the first line to the last."""
    lines, program.instrs = program.instrs, []
    defined: dict[int, Instr] = {}
    uses = dict.fromkeys(program.specs, 0)
    for v in [a for line in lines for a in line.args] + program.outputs:
        uses[v] += 1
    renamed: dict[int, int] = {}
    for old in lines:
        line = Instr(old.prim, tuple(renamed.get(a, a) for a in old.args), old.params, old.out,
                     old.spec)
        first, rule = len(program.instrs), _RULES.get(line.prim.name)
        made = rule(program, line, defined, uses) if rule is not None else None
        if made is None:
            program.instrs.append(line)
        else:
            renamed[line.out], uses[made] = made, uses[line.out]
        defined.update((i.out, i) for i in program.instrs[first:])
    program.outputs = [renamed.get(v, v) for v in program.outputs]
    return simplify(drop_dead(program)) if renamed else program


def _select(program: Program, line: Instr, defined: dict[int, Instr],
            uses: dict[int, int]) -> int | None:
    """select(mask, 0, put(g)) = put(select(take(mask), 0, g)), and so for exchanged branches."""
    mask = line.args[0]
    for place, other in ((2, 1), (1, 2)):
        put = defined.get(line.args[place])
        if put is None or put.prim is not window_put or uses[put.out] > 1:
            continue
        if not _zero(line.args[other], defined) or program.specs[mask].shape != line.spec.shape:
            continue
        g, number = put.args
        window = {k: v for k, v in put.params.items() if k != "size"}
        window["out"] = program.specs[number].shape[2:]
        chosen = window_take.rule(program.specs[mask], program.specs[number], **window)
        taken = program.add(window_take, [mask, number], window, chosen)
        branches = [line.args[other], g] if place == 2 else [g, line.args[other]]
        kept = program.add(select, [taken, *branches], {}, program.specs[g])
        return program.add(window_put, [kept, number], put.params, put.spec)
    return None


def _zero(number: int, defined: dict[int, Instr]) -> bool:
    """Whether a value is the number 0, not spread out."""
    line = defined.get(number)
    return (line is not None and line.prim.name == "constant" and not line.spec.shape
            and line.params["value"] == 0)


def _sum(program: Program, line: Instr, defined: dict[int, Instr],
         uses: dict[int, int]) -> int | None:
    """The sum of put(g) over whole planes is that of g."""
    put = defined.get(line.args[0])
    if put is None or put.prim is not window_put:
        return None
    if not set(range(2, len(put.spec.shape))) <= set(line.params["axes"]):
        return None
    return program.add(reduce_sum, [put.args[0]], line.params, line.spec)


def _whole(params: dict[str, Any], size: Shape, out: Shape) -> bool:
    """Whether there is one window, which is the plane."""
    return params["kernel"] == size and not any(params["padding"]) and set(out) <= {1}


def _window_sum(program: Program, line: Instr, defined: dict[int, Instr],
                uses: dict[int, int]) -> int | None:
    shape = program.specs[line.args[0]].shape
    if not _whole(line.params, shape[2:], line.params["out"]):
        return None
    total = program.add(reduce_sum, line.args, {"axes": tuple(range(2, len(shape)))},
                        spec(shape[:2], line.spec.dtype))
    return program.add(reshape, [total], {"shape": line.spec.shape}, line.spec)


def _window_spread(program: Program, line: Instr, defined: dict[int, Instr],
                   uses: dict[int, int]) -> int | None:
    if not _whole(line.params, line.params["size"], program.specs[line.args[0]].shape[2:]):
        return None
    return program.add(expand, line.args, {"shape": line.spec.shape}, line.spec)


_RULES: dict[str, Rule] = {"select": _select, "reduce_sum": _sum, "window_sum": _window_sum,
                          "window_spread": _window_spread}
