"""A step as one template: which tensors it reads and writes, and the template itself.

Parameters that share all run-time coefficients form a cohort. A plan lists the cohorts with their
tensors; it is kept from step to step until something that it was made from has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.inplace import write
from ..dtype import dtype, float32
from ..graph import Node, spec
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.define import Sym, Template, trace
from ..ops.derivative import inline

Group = dict[str, Any]
Row = tuple[Any, Any, tuple[str, ...]]  # a parameter, its state, the names of its state tensors
Rule = Callable[..., Sequence[Sym]]
Layout = tuple[Any, tuple[int, ...], int]  # static flags, states of each row, coefficients


class Cohort:
    """Parameters of one group with equal dtype and counters, so that all coefficients agree.

    Attributes:
        group: their parameter group.
        dtype: their dtype.
        counters: values of the state entries that count (`step` and the like).
        nodes: the same values, each one node that the counters of all rows share.
        fresh: whether this is their first step.
        rows: the parameters with their states.
    """

    __slots__ = ("counter_dtype", "counters", "dtype", "fresh", "group", "nodes", "rows")

    def __init__(self, group: Group, dtype: dtype, counters: tuple[float, ...],
                 counter_dtype: dtype, fresh: bool) -> None:
        self.group = group
        self.dtype = dtype
        self.counter_dtype = counter_dtype
        self.fresh = fresh
        self.rows: list[Row] = []
        self.count(counters)

    def count(self, counters: Sequence[float]) -> None:
        """Set the counters, rounded to the dtype of the tensors that show them."""
        kind, scalar = self.counter_dtype.numpy, spec((), self.counter_dtype)
        self.nodes = tuple([Node(None, (), scalar, 0, np.array(c, kind)) for c in counters])
        self.counters = tuple([float(n.data) for n in self.nodes])


class Plan:
    """The tensors of a step, and the template made for them.

    Attributes:
        groups: the parameter groups with the identities of their parameters.
        idle: parameters without gradient.
        cohorts: all others.
        specs, layout, template: the latest template and what it was made for.
    """

    def __init__(self, groups: list[tuple[Group, list[int]]], idle: list[Any],
                 cohorts: list[Cohort]) -> None:
        self.groups = groups
        self.idle = idle
        self.cohorts = cohorts
        self.specs: list[Any] = []
        self.layout: list[Layout] = []
        self.template: Any = None

    def gather(self, optimizer: Any) -> tuple[list[Any], list[Any], list[Any]] | None:
        """Tensors to update, gradients and counters; None where the plan holds no more."""
        groups = optimizer.param_groups
        if len(groups) != len(self.groups):
            return None
        for group, (known, ids) in zip(groups, self.groups, strict=True):
            if group is not known or [id(p) for p in group["params"]] != ids:
                return None
        for p in self.idle:
            if p._grad is not None:
                return None
        get, counter_names = optimizer.state.get, optimizer.counters
        targets: list[Any] = []
        grads: list[Any] = []
        counters: list[Any] = []
        for cohort in self.cohorts:
            pairs = list(zip(counter_names, cohort.nodes, strict=True))
            p, _, names = cohort.rows[0]
            if names != optimizer.states(cohort.group, p):
                return None
            for p, state, names in cohort.rows:
                grad = p._grad
                if grad is None or get(p) is not state:
                    return None
                grads.append(grad)
                targets.append(p)
                for name in names:
                    targets.append(state[name])
                for name, node in pairs:
                    t = state[name]
                    if t._node is not node or t._seen != t._storage.clock:
                        return None
                    counters.append(t)
        return targets, grads, counters


def rename(tensors: Sequence[Any], nodes: Sequence[Node]) -> None:
    """Give tensors new values in place."""
    for t, node in zip(tensors, nodes, strict=True):
        storage = t._storage
        if t._chain or storage.buffer is not None:
            write(t, node)
            continue
        (t._own_version or storage.version)[0] += 1  # what `write` does, without the calls
        storage.node = t._node = node
        storage.clock = t._seen = storage.clock + 1


def whole_step(name: str, rule: Rule, layout: Sequence[Layout], specs: Sequence[Any]) -> Template:
    """The template that applies a rule to every row.

    Args:
        name: how the template prints.
        rule: `rule(flags, param, grad, states, coefficients)`, the new (param, *states).
        layout: per cohort the flags, the number of states of each row, that of coefficients.
        specs: of parameters and states row by row, then the gradients, then the coefficients.

    Returns:
        A template whose results are the new parameters and states row by row.
    """
    rows = sum(len(counts) for _, counts, _ in layout)
    updated = rows + sum(sum(counts) for _, counts, _ in layout)

    row_templates: dict[Any, Template] = {}

    def body(*syms: Sym) -> tuple[Sym, ...]:
        targets, grads = iter(syms[:updated]), iter(syms[updated:updated + rows])
        scalars = iter(syms[updated + rows:])
        results: list[Sym] = []
        for flags, counts, n in layout:
            coefficients = [next(scalars) for _ in range(n)]
            cast: dict[dtype, list[Sym]] = {}  # each is cast once, not once per row
            for count in counts:
                row = [next(targets) for _ in range(1 + count)]
                wide = _computed_in(row[0].dtype)
                if wide not in cast:
                    cast[wide] = [ar.astype(c, wide) for c in coefficients]
                row += [next(grads), *cast[wide]]
                key = (flags, count, *[x.spec for x in row])
                if key not in row_templates:
                    row_templates[key] = _row_template(name, rule, flags, count, row)
                results += inline(row_templates[key], row)
        return tuple(results)
    return trace(name, body, specs)


def _computed_in(d: dtype) -> dtype:
    """Half precision is computed in float32; complex values as two real ones."""
    return float32 if d.is_reduced else d.to_real()


def _row_template(name: str, rule: Rule, flags: Any, count: int, row: Sequence[Sym]) -> Template:
    """The rule for one row: parameter, states, gradient, coefficients."""
    def body(*syms: Sym) -> tuple[Sym, ...]:
        targets, grad, coefficients = syms[:1 + count], syms[1 + count], syms[2 + count:]
        kind = targets[0].dtype
        if kind.is_complex:
            parts = [rule(flags, part(targets[0]), part(grad), [part(s) for s in targets[1:]],
                          coefficients) for part in (ew.real, ew.imag)]
            results: Sequence[Sym] = [ew.to_complex(a, b) for a, b in zip(*parts, strict=True)]
        else:
            wide = _computed_in(kind)
            param, g, *states = [ar.astype(x, wide) for x in (targets[0], grad, *targets[1:])]
            results = rule(flags, param, g, states, coefficients)
        return tuple([ar.astype(new, old.dtype)
                      for new, old in zip(results, targets, strict=True)])
    return trace(name, body, [x.spec for x in row])
