"""Optimizers given by the update rule of one parameter; a step updates all parameters at once.

The rule is written over symbolic values. `step` applies it to all parameters in one template (one
node of the graph, compiled as one function) and renames parameters and states to the results.
Learning rates, other coefficients and step counts are run-time numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd import enable_grad
from ..autograd.inplace import assign
from ..autograd.node import grad_class
from ..autograd.record import tape
from ..device import strided
from ..dtype import dtype, float32, float64, get_default_dtype
from ..engines import realize
from ..graph import SCALARS, Node, apply
from ..ops.define import Sym, Template
from ..tensor import Tensor, from_array
from .optimizer import Group, Optimizer
from .plan import Cohort, Layout, Plan, rename, whole_step

Settings = tuple[Any, tuple[Any, ...]]  # static flags and run-time coefficients
_FLOAT = SCALARS[float]
_templates: dict[Any, Template] = {}
_LIMIT = 256  # templates kept; the oldest goes first


def counter_dtype() -> dtype:
    """The dtype of step counts: float64 where that is the default dtype, else float32."""
    return float64 if get_default_dtype() is float64 else float32


class RuleOptimizer(Optimizer):
    """An optimizer given by its states, its counters, its settings and its rule.

    Attributes:
        counters: state entries that are plain numbers, equal for parameters that took part in the
            same steps; they are counted outside the graph.
        supports_complex: whether the rule may be applied to real and imaginary parts.
        supports_sparse: whether gradients with few rows are taken (rows without gradient stay).
    """

    counters: tuple[str, ...] = ("step",)
    supports_complex = True
    supports_sparse = False
    option_defaults: dict[str, Any] = {}  # options that older saved states lack

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        """Names of the state tensors that the rule reads and updates."""
        raise NotImplementedError

    def initial(self, group: Group, param: Any, name: str) -> Any:
        """The ndarray that a state entry starts with."""
        if name == "step":
            return np.zeros((), counter_dtype().numpy)
        s = param._node.spec
        return np.zeros(s.shape, s.dtype.numpy)

    def settings(self, cohort: Cohort) -> Settings:
        """Advance the counters of a cohort; the rule's flags and coefficients in this step."""
        raise NotImplementedError

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        """The new parameter and states, over symbolic values."""
        raise NotImplementedError

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self.option_defaults.items():
                group.setdefault(name, value)
            for p in group["params"]:
                found: Any = self.state.get(p)
                for name in self.counters if found else ():
                    if not isinstance(found[name], Tensor):
                        found[name] = from_array(np.array(found[name], counter_dtype().numpy))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient.

        Args:
            closure: evaluates the model anew and returns the loss.

        Returns:
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        plan = self._plan
        found = plan.gather(self) if plan is not None else None
        if found is not None:
            self._run(plan, *found)
        else:
            self._run_anew()
        realize.flush("optimizer step")
        return loss

    # ---- planning ----

    def _run_anew(self) -> None:
        """Plan and run; in several rounds where a parameter is listed several times."""
        groups = [(g, [id(p) for p in g["params"]]) for g in self.param_groups]
        rounds: list[list[tuple[int, Any]]] = [[]]
        times: dict[int, int] = {}
        idle = []
        for i, group in enumerate(self.param_groups):
            for p in group["params"]:
                if p._grad is None:
                    idle.append(p)
                    continue
                self.check(group, p)
                n = times[id(p)] = times.get(id(p), -1) + 1
                if n == len(rounds):
                    rounds.append([])
                rounds[n].append((i, p))
        self._plan = None
        for members in rounds:
            plan = Plan(groups, idle, self._cohorts(members))
            found = plan.gather(self)
            if found is not None:
                self._run(plan, *found)
        if len(rounds) == 1:
            self._plan = plan

    def check(self, group: Group, param: Any) -> None:
        """Raise where this optimizer cannot handle the parameter or its gradient.

        Raises:
            RuntimeError: with PyTorch's message.
        """
        name = type(self).__name__
        if not self.supports_complex and param.dtype.is_complex:
            raise RuntimeError(f"{name} does not support complex parameters")
        if param._grad.layout is not strided and not self.supports_sparse:
            raise RuntimeError(f"{name} does not support sparse gradients")

    def _cohorts(self, members: Iterable[tuple[int, Any]]) -> list[Cohort]:
        found: dict[Any, Cohort] = {}
        for i, p in members:
            group = self.param_groups[i]
            names = self.states(group, p)
            state: Any = self.state[p] if names or self.counters else self.state.get(p)
            fresh = self._complete(group, p, state, names)
            tensors = [state[name] for name in self.counters]
            counters = tuple([float(t.item()) for t in tensors])
            kind = tensors[0].dtype if tensors else float32
            key = (i, p.dtype, counters, kind, fresh)
            cohort = found.get(key)
            if cohort is None:
                cohort = found[key] = Cohort(group, p.dtype, counters, kind, fresh)
            cohort.rows.append((p, state, names))
            rename(tensors, cohort.nodes)
        return list(found.values())

    def _complete(self, group: Group, p: Any, state: Any, names: Sequence[str]) -> bool:
        """Make the state entries that are missing; whether there were any."""
        fresh = False
        for name in (*self.counters, *names):
            if state.get(name) is None:
                state[name] = from_array(self.initial(group, p, name))
                fresh = True
        return fresh

    # ---- one step ----

    def _run(self, plan: Plan, targets: list[Any], grads: list[Any], counters: list[Any]) -> None:
        """Record the update of all rows and rename parameters and states to the results."""
        layout: list[Layout] = []
        coefficients: list[Any] = []
        counted: list[Node] = []
        for cohort in plan.cohorts:
            flags, numbers = self.settings(cohort)
            cohort.fresh = False
            layout.append((flags, tuple([len(row[2]) for row in cohort.rows]), len(numbers)))
            coefficients += numbers
            counted += cohort.nodes * len(cohort.rows)
        if not targets:
            return
        nodes: list[Any] = [t._node if t._seen == t._storage.clock else t._refresh()
                            for t in targets]
        nodes += [t._node if t._seen == t._storage.clock else t._refresh() for t in grads]
        if self.defaults.get("differentiable"):
            self._record(targets, grads, nodes, coefficients, layout)
            rename(counters, counted)
            return
        specs = [n.spec for n in nodes]
        if specs != plan.specs or layout != plan.layout:
            plan.template = self._template(layout, [*specs, *[_FLOAT] * len(coefficients)])
            plan.specs, plan.layout = specs, layout
        nodes += [float(c) for c in coefficients]
        rename(targets, apply(plan.template, tuple(nodes)))
        rename(counters, counted)

    def _record(self, targets: list[Any], grads: list[Any], nodes: list[Any],
                coefficients: list[Any], layout: list[Layout]) -> None:
        """The same under autograd (differentiable=True); coefficients may be tensors."""
        inputs = [*nodes, *[c._value() if isinstance(c, Tensor) else float(c)
                            for c in coefficients]]
        template = self._template(layout, [x.spec if isinstance(x, Node) else _FLOAT
                                           for x in inputs])
        tensors = [*targets, *grads, *coefficients]
        wrt = tuple([i for i, t in enumerate(tensors) if isinstance(t, Tensor) and t.requires_grad])
        if not wrt:
            rename(targets, apply(template, tuple(inputs)))
            return
        with enable_grad():
            made = tape(template, grad_class(f"{type(self).__name__}StepBackward0"), tensors,
                        tuple(inputs), wrt)
            fn = made[0].grad_fn
            for t, result in zip(targets, made, strict=True):
                assign(t, result)
            fn.cells = []  # later steps may overwrite what it saved: it holds the old values

    def _template(self, layout: list[Layout], specs: list[Any]) -> Template:
        key = (self.rule, tuple(layout), tuple(specs))
        found = _templates.get(key)
        if found is None:
            if len(_templates) >= _LIMIT:  # models that skip other layers in every step
                del _templates[next(iter(_templates))]
            found = _templates[key] = whole_step(type(self).__name__, self.rule, layout, specs)
        return found
