"""When things run: a flush realizes everything pending that somebody still holds.

A node is held when more references to it exist than the pending graph itself accounts for: a tensor's
storage, or a tape entry that saved it. What only dead results needed is dropped unevaluated.
"""

from __future__ import annotations

import importlib
import os
import threading
import weakref
from collections import Counter
from sys import getrefcount
from typing import Any

from ..graph import CACHE_LIMIT, Node, pending
from . import reference

_lock = threading.RLock()


class Statistics:
    """Counts of what ran, for explain() and the tests: flushes by reason, distinct structures."""

    def __init__(self) -> None:
        self.flushes: Counter[str] = Counter()
        self.seen: Counter[int] = Counter()  # by hash of the structural key
        self.nodes = 0
        self.compiled = 0

    def __repr__(self) -> str:
        return (f"{sum(self.flushes.values())} flushes {dict(self.flushes)}, {self.nodes} nodes, "
                f"{len(self.seen)} structures")


statistics = Statistics()


def realize(node: Node, reason: str) -> Any:
    """The data of a node; flushes if it is pending.

    Raises:
        Whatever its computation raised.
    """
    if node.data is None:
        flush(reason)
        if node.data is None:
            raise node.template.error
    return node.data


def flush(reason: str) -> None:
    """Realize every pending node that is still held by a tensor or a tape entry."""
    if not pending.nodes:
        return
    with _lock:
        nodes = pending.take()
        held = _held(nodes)
        if len(held) < len(nodes):
            needed = _needed(nodes, held)
            if retained:
                _postpone(nodes, held)
            nodes = needed
        statistics.flushes[reason] += 1
        statistics.nodes += len(nodes)
        key, arguments = structure(nodes, held)
        statistics.seen[hash(key)] += 1
        error = None
        if not (mode.native and _run_native(key, nodes, held, arguments)):
            arguments.clear()
            error = reference.run(nodes)
    if error is not None:
        raise error


class Mode:
    """How the engine of a flush is chosen: by how often its structure was seen, and by its size.

    Attributes:
        native: whether compiled code is used at all (`FLAMBEAU_ENGINE=reference` turns it off).
        patience: how often a structure must come before it is compiled (1: at once).
        worth: how many elements it must have made by then, each node counting for 2,000 more.
    """

    native = os.environ.get("FLAMBEAU_ENGINE", "reference") != "reference"
    patience = int(os.environ.get("FLAMBEAU_PATIENCE", "3"))
    worth = 2_000_000


mode = Mode()


class _Hot:
    """A structure that came more than once."""

    __slots__ = ("count", "plan")

    def __init__(self) -> None:
        self.count = 0
        self.plan: Any = None


_hot: dict[Any, _Hot] = {}


def _worth_compiling(count: int, nodes: list[Node]) -> bool:
    """By counts and sizes, never by the clock: engines round differently, and runs must repeat."""
    if count < mode.patience:
        return False
    if mode.patience == 1:
        return True
    size = sum([2000 + (n.spec.size if n.spec is not None else 0) for n in nodes])
    return count * size >= mode.worth


def _run_native(key: Any, nodes: list[Node], held: set[int], arguments: list[Any]) -> bool:
    """Run a flush as compiled code if its structure is hot; False if the reference must."""
    entry = _hot.get(key)
    if entry is None:
        if len(_hot) >= CACHE_LIMIT:
            del _hot[next(iter(_hot))]
        entry = _hot[key] = _Hot()
    entry.count += 1
    if entry.plan is None:
        if not _worth_compiling(entry.count, nodes):
            return False
        entry.plan = importlib.import_module("flambeau.engines.native").Plan(nodes, held)
        statistics.compiled += 1
    delivered = [n for n in nodes if id(n) in held and n.spec is not None]
    try:
        results = entry.plan.run(arguments)
    except Exception:  # an error in values: the reference finds the node that it belongs to
        return False
    for node, array in zip(delivered, results, strict=True):
        node.data = array
        node.inputs = ()
        node.template = None
    return True


def _held(nodes: list[Node]) -> set[int]:
    """Ids of the nodes with references from outside the pending graph."""
    inner: dict[int, int] = {}
    for node in nodes:
        for x in node.inputs:
            if type(x) is Node and x.data is None:
                key = id(x)
                inner[key] = inner.get(key, 0) + 1
    for entry in list(retained):
        for x in entry.saved or ():
            if x.data is None:
                inner[id(x)] = inner.get(id(x), 0) + 1
    own = 3  # the list, the loop variable, the argument of getrefcount
    return {id(node) for node in nodes if getrefcount(node) - own > inner.get(id(node), 0)}


# Tape entries that have run and were kept (retain_graph): what they saved is worth its memory only if
# they run again, so it stays pending until then.
retained: weakref.WeakSet[Any] = weakref.WeakSet()


def _postpone(nodes: list[Node], held: set[int]) -> None:
    """Keep pending what only retained tape entries refer to, and what that depends on."""
    wanted = {id(x) for entry in list(retained) for x in entry.saved or () if x.data is None}
    kept = _needed(nodes, wanted)
    pending.nodes[:0] = [n for n in kept if id(n) not in held]


def _needed(nodes: list[Node], held: set[int]) -> list[Any]:
    """The nodes that held ones depend on, in recording order."""
    marked = set(held)
    kept = []
    for node in reversed(nodes):
        if id(node) in marked:
            kept.append(node)
            for x in node.inputs:
                if type(x) is Node:
                    marked.add(id(x))
    kept.reverse()
    return kept


def structure(needed: list[Node], held: set[int]) -> tuple[tuple[Any, ...], list[Any]]:
    """The structural key, and the run-time arguments that fill it.

    The key holds templates, wiring and which results are held; no identities, no values.
    """
    number: dict[int, int] = {}
    key: list[Any] = []
    arguments: list[Any] = []
    add = key.append
    for node in needed:
        add(node.template or node.index)
        for x in node.inputs:
            if type(x) is Node:
                i = number.get(id(x))
                if i is None:
                    i = number[id(x)] = len(number)
                    arguments.append(x)
                    add(x.spec)
                add(i)
            else:
                arguments.append(x)
                add(type(x))
        me = id(node)
        number[me] = len(number)
        add(me in held)
    return tuple(key), arguments


def sync() -> None:
    """Run everything recorded so far and wait for it; benchmarks end with it.

    Example:
        >>> import flambeau as torch
        >>> x = torch.ones(3) + 1
        >>> torch.sync()
    """
    flush("sync")


class eager:
    """Inside the block every operation runs at once, one by one, in plain NumPy.

    `FLAMBEAU_EAGER=1` in the environment does so for the whole program: errors in values then show
    at the line that made them, and a debugger sees numbers.

    Example:
        >>> import flambeau as torch
        >>> with torch.eager():
        ...     y = torch.ones(3) + 1
    """

    def __init__(self) -> None:
        self._before: list[int] = []

    def __enter__(self) -> eager:
        sync()
        self._before.append(pending.max_nodes)
        pending.max_nodes = 0
        return self

    def __exit__(self, *exc: object) -> None:
        pending.max_nodes = self._before.pop()


def _after_fork() -> None:
    """The child starts with a free lock, whatever another thread of the parent was doing."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
if os.environ.get("FLAMBEAU_EAGER", "") not in ("", "0"):
    pending.max_nodes = 0
