"""The backward pass: from the latest tape entry to the earliest, each run once.

Gradients travel as nodes; only where a hook or a Python function looks at them, or where the pass
itself is taped (`create_graph`), are they tensors. Nothing is computed here: the pass records.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from ..engines import realize
from ..graph import Node, apply, leaf
from ..ops.define import Template, trace
from ..ops.movement import concatenate
from . import inplace
from .base import TensorBase, wrap
from .modes import modes
from .node import GradFn, GradientEdge, GradNode, edge_of
from .record import Value, op

_sums: dict[Any, Template] = {}
running: list[Pass] = []  # the backward passes under way, the innermost last


def _add_nodes(a: Node, b: Node) -> Node:
    template = _sums.get((a.spec, b.spec))
    if template is None:
        template = _sums[a.spec, b.spec] = trace("accumulate", lambda x, y: x + y,
                                                 [a.spec, b.spec])
    made: Node = apply(template, (a, b))
    return made


@op(name="copy", grad="CopyBackwards", widen=False)
def _copied(input: Value) -> Any:
    return input


def _merged(a: Any, b: Any) -> Any:
    """The sum of two gradients with few rows: their entries side by side."""
    total = wrap(_add_nodes(a._value(), b._value()))
    parts = [_joined(x, y, axis) for x, y, axis in
             ((a._sparse[0], b._sparse[0], 1), (a._sparse[1], b._sparse[1], 0))]
    total._sparse = (*parts, False)
    return total


def _joined(a: Any, b: Any, axis: int) -> Any:
    template = trace("join", lambda x, y: concatenate(x, y, axis=axis),
                     [a._node.spec, b._node.spec])
    return wrap(apply(template, (a._value(), b._value())))


class Pass:
    """One backward pass.

    Args:
        differentiable: tape the pass itself (create_graph).
        keep: leave saved values in place for another pass (retain_graph).
        inputs: where gradients are wanted; None: all leaves, into their `.grad`.
    """

    def __init__(self, differentiable: bool, keep: bool, inputs: Sequence[Any] | None) -> None:
        self.differentiable = differentiable
        self.keep = keep
        self.inputs = inputs
        self.captured: dict[int, Any] = {}
        self.buffers: dict[Any, list[Any]] = {}
        self.leaf_grads: dict[int, Any] = {}
        self.leaf_uses: dict[int, int] = {}
        self.leaves: dict[int, Any] = {}
        self.wanted_outputs: dict[Any, dict[int, list[int]]] = {}
        self.wanted_leaves: set[int] | None = None
        self.planned: set[int] = set()

    # ---- preparation ----

    def order(self, roots: Sequence[Any]) -> list[GradNode]:
        """All reachable tape entries, latest first, counting what each leaf will receive."""
        seen: set[int] = set()
        found: list[GradNode] = []
        stack: list[Any] = []
        edges: Sequence[Any] = [edge_of(t) for t in roots]
        while True:
            for edge in edges:
                if edge is None:
                    continue
                target = edge[0]
                if isinstance(target, TensorBase):
                    key = id(target)
                    self.leaf_uses[key] = self.leaf_uses.get(key, 0) + 1
                    self.leaves[key] = target
                elif id(target) not in seen:
                    seen.add(id(target))
                    found.append(target)
                    stack.append(target)
            if not stack:
                break
            edges = stack.pop().edges
        found.sort(key=attrgetter("sequence"), reverse=True)
        if self.inputs is not None:
            found = self._only_wanted(found)
        return found

    def _only_wanted(self, found: list[GradNode]) -> list[GradNode]:
        """Entries that lead to one of the inputs; where gradients of the inputs are picked up."""
        leads: set[int] = set()
        self.wanted_leaves = set()
        for n, t in enumerate(self.inputs or ()):
            target, nr = edge_of(t)
            if isinstance(target, TensorBase):
                self.wanted_leaves.add(id(target))
            else:
                self.wanted_outputs.setdefault(target, {}).setdefault(nr, []).append(n)
        for fn in reversed(found):
            for edge in fn.edges:
                if edge is not None and (
                        id(edge[0]) in leads or id(edge[0]) in self.wanted_leaves
                        or edge[0] in self.wanted_outputs):
                    leads.add(id(fn))
        return [fn for fn in found if id(fn) in leads or fn in self.wanted_outputs]

    def will_reach(self, target: Any) -> bool:
        """Whether a gradient gets to a tape entry or leaf that the roots depend on."""
        if isinstance(target, TensorBase):
            return id(target) in self.leaf_uses and (
                self.wanted_leaves is None or id(target) in self.wanted_leaves)
        return id(target) in self.planned

    # ---- gradients as nodes or tensors ----

    def add(self, a: Any, b: Any) -> Any:
        """The sum of two gradients."""
        if a is None or b is None:
            return b if a is None else a
        if type(a) is not Node and type(b) is not Node and a._sparse and b._sparse:
            return _merged(a, b)
        if self.differentiable or not (type(a) is Node and type(b) is Node):
            return self.tensor(a) + self.tensor(b)
        return _add_nodes(a, b)

    def tensor(self, g: Any) -> Any:
        """A gradient as a tensor."""
        return wrap(g) if type(g) is Node else g

    def value(self, g: Any) -> Any:
        """A gradient as the kind of value that this pass moves."""
        if g is None or self.differentiable or type(g) is Node or g._sparse:
            return g
        return g._value()

    # ---- the pass ----

    def run(self, roots: Sequence[Any], seeds: Sequence[Any]) -> None:
        """Send the seeds from the roots to the leaves."""
        order = self.order(roots)
        for t, seed in zip(roots, seeds, strict=True):
            self.send(edge_of(t), self.value(seed))
        self.planned = {id(fn) for fn in order}
        leads = None if self.inputs is None else self.planned
        for fn in order:
            cts = self.buffers.pop(fn, None)
            if cts is None or (cts[0] is None and all(c is None for c in cts)):
                self._skip(fn)
                continue
            self.visit(fn, cts, leads)
        for key in list(self.leaf_uses):
            if key in self.leaf_grads:
                self.accumulate(self.leaves[key])

    def _skip(self, fn: GradNode) -> None:
        """An entry that no gradient reached: its leaves wait for one contribution less."""
        for edge in fn.edges:
            if edge is not None and isinstance(edge[0], TensorBase):
                self._arrived(edge[0])

    def visit(self, fn: GradNode, cts: list[Any], leads: set[int] | None) -> None:
        """Run one entry: hooks before, the gradients, hooks after; then pass them on."""
        if fn.tensor_hooks or fn.pre_hooks:
            cts = self._before(fn, cts)
        if self.wanted_outputs:
            for nr, positions in self.wanted_outputs.get(fn, {}).items():
                for n in positions:
                    self.captured[n] = self.add(self.captured.get(n), cts[nr])
        if leads is not None and not self._leads_on(fn, leads):
            return
        grads = fn.backward(cts, self.differentiable)
        if fn.post_hooks:
            grads = self._after(fn, grads, cts)
        if modes.anomaly:
            self._check(fn, grads)
        if not self.keep:
            fn.release()
        elif isinstance(fn, GradFn) and not self.differentiable:
            realize.retained.add(fn)
        for edge, g in zip(fn.edges, grads, strict=True):
            if edge is not None:
                self.send(edge, g if g is None or type(g) is Node else self.value(g))

    def _leads_on(self, fn: GradNode, leads: set[int]) -> bool:
        wanted = self.wanted_leaves or set()
        return any(e is not None and (id(e[0]) in leads or id(e[0]) in wanted) for e in fn.edges)

    def send(self, edge: tuple[Any, int], g: Any) -> None:
        """Deliver a gradient to a tape entry's buffer or to a leaf."""
        target, nr = edge
        if isinstance(target, TensorBase):
            key = id(target)
            if self.wanted_leaves is not None and key not in self.wanted_leaves:
                return
            if g is not None:
                old = self.leaf_grads.get(key)
                self.leaf_grads[key] = g if old is None else self.add(old, g)
            self._arrived(target)
            return
        slots = self.buffers.get(target)
        if slots is None:
            slots = self.buffers[target] = [None] * len(target.output_specs)
        old = slots[nr]
        slots[nr] = g if old is None else self.add(old, g)

    def _arrived(self, leaf_tensor: Any) -> None:
        key = id(leaf_tensor)
        left = self.leaf_uses[key] = self.leaf_uses[key] - 1
        if left == 0 and key in self.leaf_grads:
            self.accumulate(leaf_tensor)

    # ---- hooks and checks ----

    def _before(self, fn: GradNode, cts: list[Any]) -> list[Any]:
        if fn.tensor_hooks:
            for nr, hooks in fn.tensor_hooks.items():
                if cts[nr] is not None:
                    cts[nr] = self.run_hooks(hooks, cts[nr])
        if fn.pre_hooks:
            for hook in list(fn.pre_hooks.values()):
                changed = hook(tuple(None if c is None else self.tensor(c) for c in cts))
                if changed is not None:
                    changed = changed if isinstance(changed, tuple) else (changed,)
                    cts = [self.value(c) for c in changed]
        return cts

    def _after(self, fn: GradNode, grads: Sequence[Any], cts: list[Any]) -> Sequence[Any]:
        outs = tuple(None if c is None else self.tensor(c) for c in cts)
        for hook in list((fn.post_hooks or {}).values()):
            ins = tuple(None if g is None else self.tensor(g) for g in grads)
            changed = hook(ins, outs)
            if changed is not None:
                grads = changed if isinstance(changed, tuple) else (changed,)
        return grads

    def run_hooks(self, hooks: Any, g: Any) -> Any:
        """A gradient after the hooks on its tensor."""
        t = self.tensor(g)
        for hook in list(hooks.values()):
            changed = hook(t)
            if changed is not None:
                if not isinstance(changed, TensorBase):
                    raise TypeError(f"expected Tensor, but hook returned '{type(changed)}'")
                t = changed
        return self.value(t)

    def _check(self, fn: GradNode, grads: Sequence[Any]) -> None:
        if not modes.check_nan:
            return
        for i, g in enumerate(grads):
            if g is None:
                continue
            node = g if type(g) is Node else g._value()
            data = realize.realize(node, "anomaly detection")
            if node.spec.dtype.category >= 2 and np.isnan(data).any():
                error = RuntimeError(f"Function '{fn.name()}' returned nan values in its {i}th "
                                     "output.")
                if fn.trail:
                    error.add_note("the forward call that it belongs to:\n" + "".join(fn.trail))
                raise error

    def accumulate(self, t: Any) -> None:
        """A leaf has all its contributions: run its hooks and hand over the gradient."""
        g = self.leaf_grads.pop(id(t))
        if t._hooks:
            g = self.run_hooks(t._hooks, g)
        if self.collect:
            for n, x in enumerate(self.inputs or ()):
                if x is t or type(x) is GradientEdge and edge_of(x)[0] is t:
                    self.captured[n] = g
            return
        old = t._grad
        if self.differentiable:
            t._grad = _copied(self.tensor(g)) if old is None else old + self.tensor(g)
        elif old is None:
            t._grad = self.tensor(g)
        elif old._sparse and type(g) is not Node:
            t._grad = _merged(old, g)
        else:
            inplace.write(old, _add_nodes(old._value(), g if type(g) is Node else g._value()))
        if t._post_hooks:
            for hook in list(t._post_hooks.values()):
                hook(t)

    collect = False  # gradients of `inputs` go to `captured` instead of `.grad`


def run_backward(roots: Sequence[Any], seeds: Sequence[Any], *, keep: bool, create: bool,
                 inputs: Sequence[Any] | None, collect: bool) -> list[Any]:
    """Run a backward pass.

    Args:
        roots: tensors to start from; seeds: their gradients (tensors).
        keep, create: retain_graph and create_graph.
        inputs: restrict to these tensors.
        collect: return their gradients instead of accumulating them into `.grad`.
    """
    walk = Pass(create, keep, inputs)
    walk.collect = collect
    before, modes.grad = modes.grad, create
    running.append(walk)
    try:
        walk.run(roots, seeds)
    finally:
        running.pop()
        modes.grad = before
    if not collect:
        for n, t in enumerate(inputs or ()):
            if n in walk.captured and t._grad_fn is not None:
                g = walk.captured[n]
                old = t._grad
                t._grad = walk.tensor(g) if old is None else old + walk.tensor(g)
        return []
    return [None if n not in walk.captured else walk.tensor(walk.captured[n])
            for n in range(len(inputs or ()))]


_ones: dict[Any, Node] = {}


def implicit_seed(t: Any) -> Node:
    """The gradient 1 of a scalar root."""
    s = t._node.spec
    found = _ones.get(s)
    if found is None:
        found = _ones[s] = leaf(np.ones(s.shape, s.dtype.numpy), s.dtype)
    return found

