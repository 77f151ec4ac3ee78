"""When things run: a flush realizes everything pending that somebody still holds.

A node is held when more references to it exist than the pending graph itself accounts for: a tensor's
storage, or a tape entry that saved it. What only dead results needed is dropped unevaluated.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from sys import getrefcount
from typing import Any

from ..graph import Node, pending
from . import reference

_lock = threading.RLock()


class Statistics:
    """Counts of what ran, for explain() and the tests: flushes by reason, distinct structures."""

    def __init__(self) -> None:
        self.flushes: Counter[str] = Counter()
        self.seen: Counter[int] = Counter()  # by hash of the structural key
        self.nodes = 0

    def __repr__(self) -> str:
        return (f"{sum(self.flushes.values())} flushes {dict(self.flushes)}, {self.nodes} nodes, "
                f"{len(self.seen)} structures")


statistics = Statistics()


def realize(node: Node, reason: str) -> Any:
    """The data of a node; flushes if it is pending."""
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
        needed = _needed(nodes, held)
        nodes.clear()
        statistics.flushes[reason] += 1
        statistics.nodes += len(needed)
        statistics.seen[hash(structure(needed, held))] += 1
        error = reference.run(needed)
    if error is not None:
        raise error


def _held(nodes: list[Node]) -> set[int]:
    """Ids of the nodes with references from outside the pending graph."""
    inner: Counter[int] = Counter()
    for node in nodes:
        for x in node.inputs:
            if type(x) is Node:
                inner[id(x)] += 1
    own = 3  # the list, the loop variable, the argument of getrefcount
    return {id(node) for node in nodes if getrefcount(node) - own > inner[id(node)]}


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


def structure(needed: Iterable[Node], held: set[int]) -> tuple[Any, ...]:
    """The structural key: templates, wiring and which results are held; no identities, no values."""
    number: dict[int, int] = {}
    key: list[Any] = []
    for node in needed:
        wiring: list[Any] = [node.template, node.index, id(node) in held]
        for x in node.inputs:
            if type(x) is not Node:
                wiring.append(type(x))
            elif id(x) in number:
                wiring.append(number[id(x)])
            else:
                number[id(x)] = len(number)
                wiring.append((number[id(x)], x.spec))
        number[id(node)] = len(number)
        key.append(tuple(wiring))
    return tuple(key)
