"""The compiler's stages as text, from a structural key alone: no values are kept for it."""

from __future__ import annotations

from typing import Any

from ..compiler import llvm
from ..compiler.fuse import Call
from ..compiler.jit import assembly
from ..compiler.lowering import lower_all
from ..compiler.pipeline import run_passes
from ..compiler.program import Program, inline
from ..graph import Node, Spec
from .build import write_segments


def nodes_of(key: tuple[Any, ...]) -> tuple[list[Node], set[int]]:
    """Pending nodes that have a given structural key, and the ids of those to deliver."""
    entries = iter(key)
    made: list[Node] = []  # by number: leaves and nodes as they come
    nodes: list[Node] = []
    held: set[int] = set()
    for template in entries:
        projection = type(template) is int
        inputs = []
        for _ in range(1 if projection else len(template.input_specs)):
            x = next(entries)
            if type(x) is Spec:
                made.append(Node(None, (), x))
                x = next(entries)
            inputs.append(made[x] if type(x) is int else x())
        if projection:
            specs = inputs[0].template.output_specs
            node = Node(None, tuple(inputs), specs[template], template)
        else:
            specs = template.output_specs
            node = Node(template, tuple(inputs), specs[0] if len(specs) == 1 else None)
        if next(entries):
            held.add(id(node))
        made.append(node)
        nodes.append(node)
    return nodes, held


def _program(key: tuple[Any, ...]) -> Program:
    return inline(*nodes_of(key))[0]


def _simplified(key: tuple[Any, ...]) -> Program:
    return run_passes(_program(key))


def _kernels(key: tuple[Any, ...]) -> str:
    program = _simplified(key)
    texts = []
    for step in lower_all(program, lambda i: llvm.takes(i, program.specs)):
        if isinstance(step, Call):
            i = step.instr
            texts.append(f"v{i.out} = {i.prim.name}({', '.join(f'v{a}' for a in i.args)})")
        else:
            texts.append(str(step))
    return "\n".join(texts)


def _modules(key: tuple[Any, ...]) -> str:
    """The kernels' modules, each once, then the one that calls them."""
    writer = write_segments(_simplified(key))
    modules = [k.module for k in writer.kernels.all]
    return "\n".join(map(assembly, [*modules, writer.module]))


STAGES = {
    "program": lambda key: str(_program(key)),
    "simplified": lambda key: str(_simplified(key)),
    "kernels": _kernels,
    "llvm": _modules,
}
