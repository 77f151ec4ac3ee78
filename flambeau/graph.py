"""The recorded graph: specs (shape and dtype), nodes (immutable values), the list of pending nodes.

A `Node` stands for one immutable value. It is either realized (`data` is an ndarray) or pending:
the application of a template of primitives to input values. An application with several outputs is
one node without a spec, followed by one projection node per output.
"""

from __future__ import annotations

import threading
from itertools import count, repeat
from typing import Any

import numpy as np

from .dtype import bool_ as bool_dtype
from .dtype import complex128, dtype, float64, from_numpy_dtype, int64

Shape = tuple[int, ...]
CACHE_LIMIT = 4096  # entries per cache that is keyed by shapes: they may vary without end


def remember(cache: dict[Any, Any], key: Any, value: Any) -> Any:
    """Put a value into a cache keyed by shapes; the oldest entry gives way at the limit."""
    if len(cache) >= CACHE_LIMIT:
        cache.pop(next(iter(cache)), None)
    cache[key] = value
    return value


class Spec:
    """Shape and dtype of a value; interned, so that equal specs are the same object.

    `weak` marks a Python number: it takes part in type promotion only by its category.
    """

    __slots__ = ("dtype", "nbytes", "shape", "size", "weak")

    def __init__(self, shape: Shape, dtype: dtype, weak: bool = False) -> None:
        self.shape = shape
        self.dtype = dtype
        self.weak = weak
        size = 1
        for n in shape:
            size *= n
        self.size = size
        self.nbytes = size * dtype.itemsize

    def __repr__(self) -> str:
        dims = ",".join(map(str, self.shape))
        return f"{self.dtype.name}[{dims}]" + ("~" if self.weak else "")


_specs: dict[tuple[Shape, dtype], Spec] = {}


def spec(shape: Shape, dtype: dtype) -> Spec:
    """The interned spec of a shape and dtype."""
    found: Spec | None = _specs.get((shape, dtype))
    if found is None:
        found = remember(_specs, (shape, dtype), Spec(shape, dtype))
    return found


SCALARS: dict[type, Spec] = {
    bool: Spec((), bool_dtype, True), int: Spec((), int64, True),
    float: Spec((), float64, True), complex: Spec((), complex128, True)}


class Node:
    """One value of the graph.

    Attributes:
        template: the template applied, or None for leaves and projections.
        inputs: the values it is applied to: nodes and Python numbers (run-time arguments).
        index: which output of `inputs[0]` a projection takes.
        spec: shape and dtype; None for an application with several outputs, which stays inside
            this module and the engines (its projections are what others see).
        data: the ndarray once realized (a list of arrays for several outputs).
        origin: `file:line` of the user's call where it was asked for, else None.
    """

    __slots__ = ("data", "index", "inputs", "origin", "spec", "template")

    def __init__(self, template: Any, inputs: tuple[Any, ...], spec: Spec | None,
                 index: int = 0, data: Any = None) -> None:
        self.template = template
        self.inputs = inputs
        self.spec: Spec = spec  # type: ignore[assignment]
        self.index = index
        self.data = data
        self.origin: str | None = None

    def __repr__(self) -> str:
        if self.data is not None:
            return f"leaf:{self.spec}"
        if self.template is None:
            return f"{self.inputs[0]!r}[{self.index}]:{self.spec}"
        return f"{self.template.name}({', '.join(_brief(n) for n in self.inputs)}):{self.spec}"


def _brief(value: Any) -> str:
    return str(value.spec) if isinstance(value, Node) else repr(value)


def leaf(array: Any, dtype: dtype | None = None) -> Node:
    """A realized node holding `array`, which must never be written to afterwards."""
    array = np.asarray(array)
    return Node(None, (), spec(array.shape, dtype or from_numpy_dtype(array.dtype)), 0, array)


class Pending:
    """The nodes recorded and not yet realized, in recording order (which is topological)."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.nbytes = 0
        self.max_nodes = 20_000
        self.max_nbytes = 1 << 31
        self.lock = threading.RLock()  # threads record into one list
        self.forward: Any = None  # carries tangents along with the values (autograd.forward_ad)

    def take(self) -> list[Node]:
        """Hand over all pending nodes and start an empty list."""
        with self.lock:
            nodes, self.nodes, self.nbytes = self.nodes, [], 0
        return nodes


pending = Pending()


def apply(template: Any, inputs: tuple[Any, ...]) -> Any:
    """Record the application of a template; one node, or a tuple of nodes.

    Args:
        template: a Template of ops.define.
        inputs: nodes and Python numbers in the order of the template's inputs.
    """
    specs = template.output_specs
    if len(specs) == 1:
        node = Node(template, inputs, specs[0])
        with pending.lock:
            pending.nodes.append(node)
            pending.nbytes += template.nbytes
        if pending.forward is not None:
            pending.forward.push(template, inputs, (node,))
        return (node,) if template.is_tuple else node
    parent = Node(template, inputs, None)
    out = tuple(map(Node, repeat(None), repeat((parent,)), specs, count()))
    with pending.lock:
        pending.nodes += (parent, *out)
        pending.nbytes += template.nbytes
    if pending.forward is not None:
        pending.forward.push(template, inputs, out)
    return out
