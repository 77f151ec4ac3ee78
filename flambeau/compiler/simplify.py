"""Stage 2, simplify: equal lines become one, trivial lines vanish, dead lines are dropped.

Derivative templates recompute forward values; here they meet the forward lines and merge with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops.define import Instr
from ..ops.movement import strided_slice
from .program import Program, drop_dead

Lookup = Callable[[int], Instr | None]


def simplify(program: Program) -> Program:
    """The program with every rule applied, in one pass from the first line to the last."""
    out = Program()
    names: dict[int, int] = {}
    for number in program.inputs:
        names[number] = out.input(program.specs[number])
    made: dict[Any, int] = {}
    defined: dict[int, Instr] = {}
    for instr in program.instrs:
        args = [names[a] for a in instr.args]
        if instr.prim.name == "concatenate":  # without what is empty
            args = [a for a in args if out.specs[a].size] or args
        same = _alias(instr, args, out, defined.get)
        if same is not None:
            names[instr.out] = same
            continue
        args, params = _composed(instr, args, defined.get)
        if instr.prim.name == "item":
            instr, args, params = _part(instr, args, params, defined.get)
        if instr.prim.name == "permute":
            instr, args, params = _transposed_product(instr, args, params, out, defined.get)
        key = (instr.prim.name, tuple(args), _frozen(params))
        found = made.get(key)
        if found is None:
            found = made[key] = out.add(instr.prim, args, params, instr.spec)
            defined[found] = out.instrs[-1]
        names[instr.out] = found
    out.outputs = [names[o] for o in program.outputs]
    return drop_dead(out)


def _frozen(params: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((k, _typed(v)) for k, v in sorted(params.items()))


def _typed(value: Any) -> Any:
    """1, 1.0 and True are different constants; so are 0.0 and -0.0."""
    return (type(value), repr(value)) if isinstance(value, (bool, int, float)) else value


def _alias(instr: Instr, args: list[int], out: Program, define: Lookup) -> int | None:
    """The value that a line merely repeats, if it does."""
    name = instr.prim.name
    if name == "stop_gradient":
        return args[0]
    source: Any = out.specs[args[0]] if args else None
    if name == "cast" and source.dtype is instr.spec.dtype and not source.weak:
        return args[0]
    moves = name in ("reshape", "expand", "permute", "strided_slice")
    if moves and source.shape == instr.spec.shape:
        dims = instr.params.get("dims")
        if dims is None or dims == tuple(range(len(dims))):
            return args[0]
    if name == "concatenate" and len(args) == 1:
        return args[0]
    if name == "mul":
        for one, other in ((0, 1), (1, 0)):
            if _constant(args[one], define) == 1 and out.specs[args[other]] == instr.spec:
                return args[other]
    return None


def _constant(number: int, define: Lookup) -> Any:
    """The value of a constant line, else None."""
    instr = define(number)
    if instr is None or instr.prim.name != "constant":
        return None
    return instr.params["value"]


def _part(instr: Instr, args: list[int], params: dict[str, Any],
          define: Lookup) -> tuple[Instr, list[int], dict[str, Any]]:
    """A part of a split value is a slice of it."""
    whole = define(args[0])
    if whole is None or whole.prim.name != "split":
        return instr, args, params
    axis, sizes = whole.params["axis"], whole.params["sizes"]
    start = [0] * len(instr.spec.shape)
    start[axis] = sum(sizes[:params["index"]])
    cut = Instr(strided_slice, whole.args, {}, instr.out, instr.spec)
    return cut, list(whole.args), {"start": tuple(start), "shape": instr.spec.shape,
                                   "step": (1,) * len(start)}


def _transposed_product(instr: Instr, args: list[int], params: dict[str, Any], out: Program,
                        define: Lookup) -> tuple[Instr, list[int], dict[str, Any]]:
    """A product whose free dimensions are exchanged afterwards is that of exchanged operands."""
    inner = define(args[0])
    if inner is None or inner.prim.name != "dot":
        return instr, args, params
    contract, batch = inner.params["contract"], inner.params["batch"]
    k, ndim = len(batch[0]), len(inner.spec.shape)
    left = len(out.specs[inner.args[0]].shape) - k - len(contract[0])
    swapped = (*range(k), *range(k + left, ndim), *range(k, k + left))
    if params["dims"] != swapped:
        return instr, args, params
    turned = Instr(inner.prim, instr.args, {}, instr.out, instr.spec)
    return turned, [inner.args[1], inner.args[0]], {"contract": contract[::-1],
                                                    "batch": batch[::-1]}


def _composed(instr: Instr, args: list[int], define: Lookup) -> tuple[list[int], dict[str, Any]]:
    """Movement of movement of the same kind, as one line."""
    inner = define(args[0]) if args else None
    if inner is None or inner.prim is not instr.prim:
        return args, instr.params
    name = instr.prim.name
    if name == "reshape" or (name == "expand"
                             and len(inner.spec.shape) == len(instr.spec.shape)):
        return list(inner.args), instr.params
    if name == "permute":
        dims = tuple(inner.params["dims"][d] for d in instr.params["dims"])
        return list(inner.args), {"dims": dims}
    return args, instr.params
