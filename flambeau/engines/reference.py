"""The reference engine: NumPy, one template after another. It is the definition of every result."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node
from ..ops.define import as_array
from ..ops.gather import OutOfRange
from .blas import one_thread


class Failed:
    """Stands in a node's template once its computation has raised."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.name = "failed"
        self.output_specs = ()


def run(nodes: list[Any]) -> BaseException | None:
    """Realize nodes in order, each from the data of its inputs; the list is emptied as it goes.

    Returns:
        The first error, or None. A node that fails, and what depends on it, stays without data and
        raises that error again when it is asked for; all others are computed.
    """
    first: BaseException | None = None
    with np.errstate(all="ignore"), one_thread():
        for i, node in enumerate(nodes):
            nodes[i] = None
            try:
                _realize(node)
            except Exception as error:  # a user's error (index out of range, …): kept and raised
                if node.origin:
                    error.add_note(f"recorded at {node.origin}")
                first = first or error
                node.template, node.inputs = Failed(error), ()
            except BaseException:  # an interrupt: the node is to run later
                nodes[i] = node
                raise
    return first


def _realize(node: Node) -> None:
    if type(node.template) is Failed:
        raise node.template.error
    if node.template is None:
        parent = node.inputs[0]
        if parent.data is None:
            raise parent.template.error
        node.data = parent.data[node.index]
    else:
        args = [_value(x) for x in node.inputs]
        try:
            results = node.template.run(args)
        except OutOfRange as error:
            raise error.worded(node.template.name) from None
        specs = node.template.output_specs
        arrays = [as_array(r, s) for r, s in zip(results, specs, strict=True)]
        node.data = arrays[0] if node.spec is not None else arrays
    node.inputs = ()
    node.template = None


def _value(x: Any) -> Any:
    if type(x) is Node:
        if x.data is None:
            raise x.template.error
        return x.data
    return x
