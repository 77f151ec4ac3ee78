"""Tape entries: what a recorded operation needs to pass gradients to its inputs."""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from ..dtype import scalar_name
from ..graph import Node, apply, pending
from ..ops.define import Template
from ..ops.derivative import Vjp, dependent_outputs, vjp_of
from .base import TensorBase, wrap
from .modes import modes

_sequence = itertools.count()
_NAMESPACED = ("CopyBackwards", "CopySlices", "NotImplemented")  # as PyTorch's name() has it
_FREED = ("Trying to backward through the graph a second time (or directly access saved tensors "
          "after they have already been freed). Saved intermediate values of the graph are freed "
          "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to "
          "backward through the graph a second time or if you need to access saved tensors after "
          "calling backward.")


INFERENCE_SAVED = (
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
    "inference mode in computation tracked by autograd. To work around this, you can make a clone "
    "to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
    "`torch.inference_mode()`.")


def modified_in_place(s: Any, name: str, nr: int, now: int, version: int) -> str:
    """PyTorch's message for a saved tensor of spec `s` that was written to since.

    Args:
        name, nr: the tape entry that the tensor came from, and which output of it.
        now, version: the tensor's version and the one that was saved.
    """
    origin = f", which is output {nr} of {name.partition('Backward')[0]}," if name else ""
    return ("one of the variables needed for gradient computation has been modified by an inplace "
            f"operation: [torch.{scalar_name(s.dtype)}Tensor {list(s.shape)}]{origin} is at "
            f"version {now}; expected version {version} instead. Hint: enable anomaly detection to "
            "find the operation that failed to compute its gradient, with "
            "torch.autograd.set_detect_anomaly(True, check_nan=False).")


def edge_of(t: Any) -> tuple[Any, int]:
    """Where the gradient of a tensor goes: a tape entry and output number, or the leaf itself."""
    if type(t) is GradientEdge:
        entry = t.node
        return (entry.variable, 0) if isinstance(entry, AccumulateGrad) else (entry, t.output_nr)
    fn = t._grad_fn
    return (t, 0) if fn is None else (fn, t._output_nr)


class GradientEdge(NamedTuple):
    """A place of the tape that gradients reach: which output of which entry.

    Attributes:
        node: the tape entry; a leaf's is the one that accumulates.
        output_nr: which of its outputs.
        ownership_token: keeps a leaf alive; None here, where the entry does that.
    """

    node: Any
    output_nr: int
    ownership_token: Any = None


class GradNode:
    """Base of tape entries.

    Attributes:
        edges: per differentiable input, where its gradient goes: (entry or leaf tensor, output).
        sequence: recording order; the backward pass runs from the latest to the earliest.
        output_specs: specs of the outputs, for gradients that are absent.
    """

    __slots__ = ("__weakref__", "_metadata", "edges", "output_specs", "post_hooks", "pre_hooks",
                 "sequence", "tensor_hooks", "trail")

    def __init__(self, edges: tuple[tuple[Any, int] | None, ...],
                 output_specs: tuple[Any, ...]) -> None:
        self.edges = edges
        self.output_specs = output_specs
        self.sequence = next(_sequence)
        self.pre_hooks: dict[int, Any] | None = None
        self.post_hooks: dict[int, Any] | None = None
        self.tensor_hooks: dict[int, list[Any]] | None = None
        self.trail: Any = traceback.format_stack()[:-3] if modes.anomaly else None
        self._metadata: dict[Any, Any] | None = None

    def name(self) -> str:
        """The class name, `AddBackward0` and the like."""
        name = type(self).__name__
        return "torch::autograd::" + name if name in _NAMESPACED else name

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for the user's notes."""
        if self._metadata is None:
            self._metadata = {}
        return self._metadata

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The tape entries that receive this one's gradients."""
        return tuple((None, 0) if e is None else
                     (accumulator(e[0]) if isinstance(e[0], TensorBase) else e[0], e[1])
                     for e in self.edges)

    def register_hook(self, fn: Any) -> Any:
        """Call fn(grad_inputs, grad_outputs) after this entry has run; it may return new ones."""
        if self.post_hooks is None:
            self.post_hooks = {}
        return HookHandle(self.post_hooks, fn)

    def register_prehook(self, fn: Any) -> Any:
        """Call fn(grad_outputs) before this entry runs; it may return new ones."""
        if self.pre_hooks is None:
            self.pre_hooks = {}
        return HookHandle(self.pre_hooks, fn)

    def backward(self, cts: list[Any], differentiable: bool) -> Sequence[Any]:
        """Gradients for the edges, as nodes, or as tensors where `differentiable`."""
        raise RuntimeError(f"{self.name()} has no backward")

    def release(self) -> None:
        """Forget what was saved."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {hex(id(self))}>"


class HookHandle:
    """Removes a hook; also a context manager."""

    _ids = itertools.count()

    def __init__(self, hooks: dict[int, Any], fn: Any) -> None:
        self.hooks = hooks
        self.id = next(HookHandle._ids)
        hooks[self.id] = fn

    def remove(self) -> None:
        """Remove the hook; doing so twice is harmless."""
        self.hooks.pop(self.id, None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Packed:
    """What a hook made of a saved tensor, until another hook brings it back.

    Args:
        tensor: the tensor to save.
        output: which output of the entry that saves it this is; -1: one of its inputs.
    """

    __slots__ = ("edge", "held", "output", "unpack")

    def __init__(self, tensor: Any, output: int = -1) -> None:
        pack, self.unpack = modes.saved[-1]
        self.output = output
        self.edge = edge_of(tensor) if output < 0 and tensor._rg else None
        self.held = pack(tensor)

    def tensor(self) -> Any:
        """The tensor that comes back.

        Raises:
            TypeError: where it is none.
        """
        t = self.unpack(self.held)
        if not isinstance(t, TensorBase):
            raise TypeError("Output of saved tensor unpack_hook expected to be a Tensor but got "
                            f"result of type {type(t).__name__}")
        return t

    def placed(self, entry: GradNode) -> Any:
        """The tensor in its place of the tape."""
        t = self.tensor()
        edge = (entry, self.output) if self.output >= 0 else self.edge
        if edge is None:
            return t
        if isinstance(edge[0], TensorBase):
            return edge[0]
        made = wrap(t._value())
        made._grad_fn, made._output_nr, made._rg = edge[0], edge[1], True
        return made


class GradFn(GradNode):
    """The tape entry of a template: it saves what the derivative template reads, nothing else."""

    __slots__ = ("cells", "packed", "saved", "template", "versions", "vjp", "wrt")

    def __init__(self, template: Template, wrt: tuple[int, ...], tensors: Sequence[Any],
                 inputs: Sequence[Any], made: Any) -> None:
        edges: list[tuple[Any, int]] = []
        for i in wrt:
            t = tensors[i]
            edges.append((t, 0) if t._grad_fn is None else (t._grad_fn, t._output_nr))
        GradNode.__init__(self, tuple(edges), template.output_specs)
        self.template = template
        self.wrt = wrt
        vjp: Vjp | None = template.vjps.get(wrt)
        if vjp is None:
            given = tuple([s.dtype.category >= 2 for s in template.output_specs])
            vjp = template.vjps[wrt] = vjp_of(template, wrt, given)
        self.vjp = vjp
        saved: list[Any] = []
        cells: list[Any] = []
        for where, i in vjp.kept:
            if where == "in":
                t = tensors[i]
                if isinstance(t, TensorBase):
                    if t._inference:
                        raise RuntimeError(INFERENCE_SAVED)
                    cell = t._own_version or t._storage.version
                    cells.append((cell, cell[0], t._grad_fn, t._output_nr, len(saved)))
                saved.append(inputs[i])
            else:
                saved.append(made if type(made) is Node else made[i])
        self.saved: list[Any] | None = saved
        self.cells: list[Any] = cells
        self.packed = False
        if saved and (modes.saved or modes.mutation):
            self._pack(tensors)

    def _pack(self, tensors: Sequence[Any]) -> None:
        """Hand what was saved to the hooks that are in force, or stop watching its version."""
        self.packed, self.cells = True, []
        if not modes.saved:
            return
        saved: Any = self.saved
        for n, (where, i) in enumerate(self.vjp.kept):
            if type(saved[n]) is Node:
                t = tensors[i] if where == "in" else wrap(saved[n])
                if where == "out":
                    t._grad_fn, t._output_nr, t._rg = self, i, True
                saved[n] = Packed(t, i if where == "out" else -1)

    def watch_output(self, k: int, cell: list[int]) -> None:
        """Outputs have their storage only after recording: their version is watched from here."""
        if self.packed:
            return
        for n, (where, i) in enumerate(self.vjp.kept):
            if where == "out" and i == k:
                self.cells.append((cell, cell[0], None, k, n))  # no reference to itself

    def _checked(self) -> list[Any]:
        """What was saved.

        Raises:
            RuntimeError: where it was freed, or written to since.
        """
        if self.saved is None:
            raise RuntimeError(_FREED)
        for cell, version, fn, nr, n in self.cells:
            if cell[0] != version:
                raise RuntimeError(self._modified(cell, version, fn, nr, n))
        if self.packed:
            return [x.tensor()._value() if type(x) is Packed else x for x in self.saved]
        return self.saved

    def _modified(self, cell: list[Any], version: int, fn: Any, nr: int, n: int) -> str:
        s = self.saved[n].spec  # type: ignore[index]
        if self.vjp.kept[n][0] == "out":
            fn = self
        name = cell[1] if len(cell) > 1 else fn.name() if fn is not None else ""
        return modified_in_place(s, name, nr, cell[0], version)

    def backward(self, cts: list[Any], differentiable: bool) -> Sequence[Any]:
        if not self.vjp.picks and not any(self.vjp.present):
            return [None] * len(self.wrt)
        vjp, saved = self.vjp, self._checked()
        rest = iter(saved)
        values = [cts[i] if where == "ct" else next(rest) for where, i in vjp.picks]
        if any([x is None for x in values]):  # an output that no gradient reached
            by_pick = dict(zip(vjp.kept, saved, strict=True))
            vjp = vjp_of(self.template, self.wrt, tuple([c is not None for c in cts]))
            values = [cts[i] if where == "ct" else by_pick[where, i] for where, i in vjp.picks]
        if differentiable:
            tensors = [self._tensor(where, i, x)
                       for (where, i), x in zip(vjp.picks, values, strict=True)]
            return vjp.spread(replay(vjp.template, self.name() + "Backward", tensors))
        return vjp.spread(apply(vjp.template, tuple(values)))

    def _tensor(self, where: str, i: int, x: Any) -> Any:
        """A saved value as a tensor in its place of the tape, for derivatives of derivatives."""
        if where == "ct" or type(x) is not Node:
            return x
        edge = (self, i) if where == "out" else (
            self.edges[self.wrt.index(i)] if i in self.wrt else None)
        if edge is None:
            return wrap(x)
        target, nr = edge
        if isinstance(target, TensorBase):
            return target
        t = wrap(x)
        t._grad_fn, t._output_nr, t._rg = target, nr, True
        return t

    def release(self) -> None:
        if self.vjp.picks and self.saved:
            self.saved = None
            self.cells = []


def replay(template: Template, name: str, tensors: Sequence[Any]) -> Sequence[Any]:
    """Record a template on tensors, taped where they require it; a tuple of tensors."""
    inputs = tuple([t._value() if isinstance(t, TensorBase) else t for t in tensors])
    wrt = tuple([i for i, t in enumerate(tensors) if isinstance(t, TensorBase) and t._rg])
    if pending.forward is not None:
        pending.forward.note(tensors, inputs)
    made = apply(template, inputs)
    out = [wrap(n) for n in made]
    dependent = dependent_outputs(template, wrt)
    if wrt and modes.grad and any(dependent):
        fn = grad_class(name)(template, wrt, tensors, inputs, made)
        for k, t in enumerate(out):
            if dependent[k]:
                t._grad_fn, t._output_nr, t._rg = fn, k, True
    return out


@cache
def grad_class(name: str) -> type:
    """The class of tape entries of this name."""
    return type(name, (GradFn,), {"__slots__": ()})


class AccumulateGrad:
    """The end of the tape at a leaf, as `next_functions` shows it."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable

    def name(self) -> str:
        """PyTorch's name of this entry."""
        return "struct torch::autograd::AccumulateGrad"

    next_functions: tuple[Any, ...] = ()

    def register_hook(self, fn: Any) -> Any:
        """Call fn(grad_inputs, grad_outputs) after the gradient was accumulated."""
        return self.variable.register_post_accumulate_grad_hook(lambda t: fn((), (t.grad,)))

    def register_prehook(self, fn: Any) -> Any:
        """Call fn(grad_outputs) before the gradient is accumulated."""
        def hook(grad: Any) -> Any:
            changed = fn((grad,))
            return changed[0] if changed is not None else None
        return self.variable.register_hook(hook)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return id(self.variable)

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {hex(id(self.variable))}>"


def accumulator(leaf: Any) -> AccumulateGrad:
    """The accumulating end of a leaf."""
    return AccumulateGrad(leaf)
