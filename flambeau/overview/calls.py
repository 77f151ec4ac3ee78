"""A model run once on made-up input, with a note of every module's call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..autograd.base import TensorBase
from ..autograd.modes import no_grad
from ..compiler.figures import line_figures
from ..dtype import dtype as DType
from ..dtype import float32
from ..engines.realize import sync
from ..graph import Node, pending
from ..nn.modules.module import Module
from ..tensor.creation import zeros

Size = Sequence[Any]


@dataclass
class Call:
    """One call of a module.

    Attributes:
        path: the module's path in the model; "" for the model itself.
        module: the module.
        depth: how deep it lies.
        inside: numbers of the calls made by it.
        shapes: shapes of its results.
        nbytes: bytes of its results.
        nodes: what was recorded while it ran, its children's included.
    """

    path: str
    module: Module
    depth: int
    inside: list[int] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    nbytes: int = 0
    nodes: list[Node] = field(default_factory=list)

    def operations(self) -> int:
        """Additions, multiplications and the like."""
        return sum(operations(node) for node in self.nodes)


def operations(node: Node) -> int:
    """Operations of a recorded node, by the primitives of its template."""
    if node.template is None:
        return 0
    specs = dict(enumerate(node.template.input_specs))
    total = 0
    for line in node.template.instrs:
        specs[line.out] = line.spec
        if line.prim.kind not in ("movement", "constant", "cast"):
            total += line_figures(line, specs)["operations"]
    return total


def tensors(value: Any) -> list[TensorBase]:
    """All tensors in nested tuples, lists and dictionaries."""
    if isinstance(value, TensorBase):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [t for part in value for t in tensors(part)]
    return []


def made_up(size: Size, dtypes: Sequence[DType] | None) -> list[Any]:
    """Inputs of zeros; `size` is a shape or a list of shapes."""
    several = bool(size) and not isinstance(size[0], int)
    shapes = list(size) if several else [size]
    kinds = list(dtypes) if dtypes is not None else [float32] * len(shapes)
    if len(kinds) != len(shapes):
        raise ValueError(f"{len(shapes)} input sizes but {len(kinds)} dtypes")
    return [zeros(tuple(s), dtype=d) for s, d in zip(shapes, kinds, strict=True)]


class Recorder:
    """Runs a model in evaluation mode, without gradients, and keeps its calls in order."""

    def __init__(self, model: Module) -> None:
        self.model = model
        self.calls: list[Call] = []
        self._open: list[tuple[int, int]] = []

    def run(self, inputs: Sequence[Any]) -> Any:
        """The model's result; the calls are in `calls`."""
        paths = {id(m): (name, m) for name, m in reversed(list(self.model.named_modules()))}
        handles = []
        for name, module in paths.values():
            handles.append(module.register_forward_pre_hook(self._before(name, module)))
            handles.append(module.register_forward_hook(self._after))
        modes = [(m, m.training) for m in self.model.modules()]
        most = pending.max_nodes, pending.max_nbytes
        try:
            self.model.eval()
            sync()
            pending.max_nodes, pending.max_nbytes = 1 << 40, 1 << 60  # nothing runs in between
            with no_grad():
                return self.model(*inputs)
        finally:
            pending.max_nodes, pending.max_nbytes = most
            for module, training in modes:
                module.training = training
            for handle in handles:
                handle.remove()

    def _before(self, name: str, module: Module) -> Any:
        def hook(called: Module, inputs: Any) -> None:
            number = len(self.calls)
            if self._open:
                self.calls[self._open[-1][0]].inside.append(number)
            self.calls.append(Call(name, module, len(self._open)))
            self._open.append((number, len(pending.nodes)))
        return hook

    def _after(self, module: Module, inputs: Any, output: Any) -> None:
        number, start = self._open.pop()
        call = self.calls[number]
        results = tensors(output)
        specs = [t._value().spec for t in results]
        call.shapes, call.nbytes = [s.shape for s in specs], sum(s.nbytes for s in specs)
        call.nodes = pending.nodes[start:]
