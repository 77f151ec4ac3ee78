"""Reverse mode on templates: the derivative of a template is again a template.

It takes the forward inputs it needs, forward outputs where those spare work, and one cotangent per
output; it recomputes other intermediates (compiled code merges them with the forward ones).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .define import Instr, Sym, Template, Trace, finish, item, live_instrs, traces


class Vjp:
    """The derivative of a template for chosen inputs and given cotangents.

    Attributes:
        template: results are the gradients that are not identically absent.
        picks: what each of its inputs is: ("in", i), ("out", i) or ("ct", i) of the forward.
        present: for each chosen input, whether a gradient comes out.
        reads_outputs: whether forward outputs are among its inputs.
        kept: the picks that the forward pass must keep, all but cotangents.
    """

    __slots__ = ("_whole", "kept", "picks", "present", "reads_outputs", "template")

    def __init__(self, template: Template, picks: tuple[tuple[str, int], ...],
                 present: tuple[bool, ...], reads_outputs: bool) -> None:
        self.template = template
        self.picks = picks
        self.present = present
        self.reads_outputs = reads_outputs
        self.kept = tuple([p for p in picks if p[0] != "ct"])
        self._whole = all(present)

    def spread(self, grads: Sequence[Any]) -> Sequence[Any]:
        """The results with None at the inputs that have no gradient."""
        if self._whole:
            return grads
        rest = iter(grads)
        return [next(rest) if p else None for p in self.present]


def inline(template: Template, args: Sequence[Sym]) -> tuple[Sym, ...]:
    """Write a template's instructions into the current trace; its results."""
    values = dict(enumerate(args))
    _replay(template.instrs, values)
    return tuple(values[o] for o in template.outputs)


def _replay(instrs: Sequence[Instr], values: dict[int, Any]) -> None:
    trace = traces.stack[-1]
    for instr in instrs:
        out = trace.new(instr.spec)
        trace.instrs.append(Instr(instr.prim, tuple(values[a].id for a in instr.args),
                                  instr.params, out.id, instr.spec))
        values[instr.out] = out


def vjp_of(template: Template, wrt: tuple[int, ...], given: tuple[bool, ...],
           save_outputs: bool = True) -> Vjp:
    """The derivative with respect to inputs `wrt`, given cotangents where `given` says so."""
    key = (wrt, given, save_outputs)
    found: Vjp | None = template.vjps.get(key)
    if found is None:
        found = template.vjps[key] = _derive(template, wrt, given, save_outputs)
    return found


def _derive(template: Template, wrt: tuple[int, ...], given: tuple[bool, ...],
            save_outputs: bool) -> Vjp:
    with Trace() as t:
        values: dict[int, Any] = {i: t.input(s) for i, s in enumerate(template.input_specs)}
        sources: list[tuple[str, int]] = [("in", i) for i in values]
        cts: dict[int, Any] = {}
        saved: dict[int, Sym] = {}
        n_in = len(template.input_specs)
        if save_outputs:
            for k, (number, s) in enumerate(zip(template.outputs, template.output_specs,
                                                strict=True)):
                sources.append(("out", k))
                sym = t.input(s)
                if number >= n_in:
                    saved.setdefault(number, sym)
        incoming = []
        for k, s in enumerate(template.output_specs):
            if given[k]:
                sources.append(("ct", k))
                incoming.append((template.outputs[k], t.input(s)))
        _replay_saving(template, values, saved)
        for number, sym in incoming:
            cts[number] = cts[number] + sym if number in cts else sym
        _reverse(template, wrt, values, cts)
        grads = [cts.get(i) for i in wrt]
    return _close(template, t, sources, grads)


def _replay_saving(template: Template, values: dict[int, Any], saved: dict[int, Sym]) -> None:
    """Recompute the forward lines; an output that was saved stands for its own recomputation."""
    for instr in template.instrs:
        _replay((instr,), values)
        if instr.out in saved:
            values[instr.out] = saved[instr.out]


def _close(template: Template, t: Trace, sources: list[tuple[str, int]],
           grads: list[Sym | None]) -> Vjp:
    results = [g for g in grads if g is not None]
    wanted = {g.id for g in results}
    for instr in live_instrs(t.instrs, set(wanted)):
        wanted.update(instr.args)
    kept = [k for k, sym in enumerate(t.inputs) if sym.id in wanted]
    picks = tuple(sources[k] for k in kept)
    renumber = {t.inputs[k].id: n for n, k in enumerate(kept)}
    t.inputs = [t.inputs[k] for k in kept]
    made = finish(template.name + "_backward", t, tuple(results))
    return Vjp(_renumbered(made, renumber), picks, tuple(g is not None for g in grads),
               any(where == "out" for where, _ in picks))


def _renumbered(template: Template, names: dict[int, int]) -> Template:
    """The same template with inputs numbered 0, 1, … and lines after them."""
    names = dict(names)
    instrs: list[Instr] = []
    for instr in template.instrs:
        args = tuple(names[a] for a in instr.args)
        out = names[instr.out] = len(template.input_specs) + len(instrs)
        instrs.append(Instr(instr.prim, args, instr.params, out, instr.spec))
    return Template(template.name, template.input_specs, instrs,
                    tuple(names[o] for o in template.outputs), template.output_specs, True)


def _reverse(template: Template, wrt: tuple[int, ...], values: dict[int, Any],
             cts: dict[int, Any]) -> None:
    """Propagate cotangents from the last line to the first."""
    depends = _dependent(template, wrt)
    items = {(i.args[0], i.params["index"]): values[i.out] for i in template.instrs
             if i.prim is item}
    for instr in reversed(template.instrs):
        ct = cts.pop(instr.out, None)
        if ct is None or instr.out not in depends:
            continue
        if instr.prim is item:
            slots = cts.setdefault(instr.args[0], {})
            index = instr.params["index"]
            slots[index] = slots[index] + ct if index in slots else ct
            continue
        for a, g in zip(instr.args, _pull_back(instr, ct, values, items), strict=True):
            if g is not None and a in depends:
                cts[a] = cts[a] + g if a in cts else g


def _dependent(template: Template, wrt: tuple[int, ...]) -> set[int]:
    """The numbers of the values that depend differentiably on the inputs `wrt`."""
    depends = set(wrt)
    for instr in template.instrs:
        if (any(a in depends for a in instr.args) and not _is_integral(instr)
                and instr.prim.name != "stop_gradient"):
            depends.add(instr.out)
    return depends


def dependent_outputs(template: Template, wrt: tuple[int, ...]) -> tuple[bool, ...]:
    """For each output, whether it depends differentiably on the inputs `wrt`."""
    key = ("dependent", wrt)
    found: tuple[bool, ...] | None = template.vjps.get(key)
    if found is None:
        depends = _dependent(template, wrt)
        found = template.vjps[key] = tuple(o in depends for o in template.outputs)
    return found


def _is_integral(instr: Instr) -> bool:
    return not isinstance(instr.spec, tuple) and instr.spec.dtype.category < 2


def _pull_back(instr: Instr, ct: Any, values: dict[int, Any],
               items: dict[tuple[int, int], Any]) -> Sequence[Sym | None]:
    """Cotangents of a line's arguments; of several results, `items` are those that have names."""
    args = [values[a] for a in instr.args]
    out = values[instr.out]
    if instr.prim.vjp is None:
        return [None] * len(args)
    if isinstance(instr.spec, tuple):
        parts = tuple(items[instr.out, i] if (instr.out, i) in items else item(out, index=i)
                      for i in range(len(instr.spec)))
        cts = tuple(ct.get(i) for i in range(len(instr.spec)))
        return instr.prim.vjp(cts, parts, *args, **instr.params)
    return instr.prim.vjp(ct, out, *args, **instr.params)
