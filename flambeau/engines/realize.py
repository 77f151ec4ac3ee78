"""When things run: a flush realizes everything pending that somebody still holds.

A node is held when more references to it exist than the pending graph itself accounts for: a
tensor's storage, or a tape entry that saved it. What only dead results needed is dropped
unevaluated.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from sys import getrefcount
from typing import Any

from ..graph import CACHE_LIMIT, Node, pending
from . import churn, notices, recordings, reference
from .choice import Step, choose, mode
from .statistics import Compilation, Structure, observations, statistics

_lock = threading.RLock()
MAX_PLANS = 256  # compiled plans kept; those used least recently go


def realize(node: Node, reason: str) -> Any:
    """The data of a node; flushes if it is pending.

    Raises:
        Whatever its computation raised.
    """
    if pending.forward is not None:
        pending.forward.read(node)
    if node.data is None:
        flush(reason)
        if node.data is None:
            with _lock:  # until the thread that took it has run it
                pass
        if node.data is None:
            raise node.template.error
    return node.data


def flush(reason: str) -> None:
    """Realize every pending node that is still held by a tensor or a tape entry."""
    if not pending.nodes:
        return
    with _lock:
        for observation in observations:
            observation.begins()
        nodes = [n for n in pending.take() if n.data is None]  # postponed ones may have run since
        try:
            ran = None if retained else _run_again(nodes)
            entry, native, error = ran or _run_first(nodes)
        except BaseException:  # an interrupt: what has not run is still pending
            with pending.lock:
                pending.nodes[:0] = [n for n in nodes if n is not None and n.data is None]
            raise
        statistics.flushes[reason] += 1
        entry.native += native
        for observation in observations:
            observation.flushed(reason, entry, native)
    notices.deliver()
    if error is not None:
        raise error


Ran = tuple[Structure, bool, BaseException | None]  # what ran, whether natively, the first error


def _run_again(nodes: list[Node]) -> Ran | None:
    """Run nodes that repeat a recording; None where they do not."""
    found = recordings.find(nodes, mode.native)
    if found is None:
        return None
    recording, arguments = found
    entry = recording.entry
    if mode.native and not _delivered(entry, map(nodes.__getitem__, recording.delivered),
                                      arguments):
        return None
    statistics.nodes += recording.size
    _count(entry)
    if mode.native:
        return entry, True, None
    del found, arguments
    nodes[:] = recording.needed(nodes)
    return entry, False, reference.run(nodes)


def _run_first(nodes: list[Node]) -> Ran:
    """Run what is held of the recorded nodes, and remember the recording if it comes again."""
    inner = _inner_references(nodes)
    held = _held(nodes, inner)
    needed = nodes
    if len(held) < len(nodes):
        needed = _needed(nodes, held)
        if retained:
            _postpone(nodes, held)
    statistics.nodes += len(needed)
    key, arguments = structure(needed, held)
    entry = _structure(key)
    if entry.plan is None:
        _compile(entry, needed, held)
    native = mode.native and entry.plan is not None
    if not retained and (native or entry.count > 1 and not mode.native):
        recordings.keep(recordings.Recording(nodes, held, inner, needed, entry), nodes)
    nodes[:] = needed
    del needed
    if native:
        delivered = [n for n in nodes if id(n) in held and n.spec is not None]
        if _delivered(entry, delivered, arguments):
            return entry, True, None
        del delivered
    arguments.clear()
    return entry, False, reference.run(nodes)


def _delivered(entry: Structure, nodes: Iterable[Node], arguments: Sequence[Any]) -> bool:
    """Run a plan and give the nodes their data; False where it raised."""
    try:
        results = entry.plan.run(arguments)
    except Exception:  # an error in values: the reference finds the node that it belongs to
        return False
    for node, array in zip(nodes, results, strict=True):
        node.data = array
        node.inputs = ()
        node.template = None
    return True


_structures: dict[Any, Structure] = {}


def _structure(key: Any) -> Structure:
    """The entry of a structural key, counted."""
    entry = _structures.get(key)
    if entry is None:
        if len(_structures) >= CACHE_LIMIT:
            del _structures[next(k for k, old in _structures.items() if old.plan is None)]
        entry = _structures[key] = Structure(key)
    _count(entry)
    return entry


def _count(entry: Structure) -> None:
    statistics.seen[entry.hash] += 1
    statistics.number += 1
    entry.count += 1
    entry.recent += 1
    entry.last = statistics.number


def structures() -> list[Structure]:
    """The structures that are remembered, oldest first."""
    return list(_structures.values())


def _compile(entry: Structure, nodes: list[Node], held: set[int]) -> None:
    """Compile as far as is worth it; where the compiler fails, say so once."""
    step = choose(entry, nodes)
    if step is Step.REFERENCE:
        return
    start = time.perf_counter()
    try:
        if entry.draft is None:
            native = importlib.import_module("flambeau.engines.native")
            entry.draft = native.Draft(nodes, held)
        draft = entry.draft
        if draft.found is None and not entry.handed and step in (Step.HAND_OVER, Step.WAIT):
            draft.hand_over()
            entry.handed = entry.recent
        if draft.found is not None or step in (Step.WAIT, Step.HERE):
            entry.plan = draft.plan()
    except Exception as error:
        entry.refused = True
        notices.add(f"the compiler failed on {entry.title()!r} ({type(error).__name__}: {error}); "
                    "the reference engine runs it")
    if entry.plan is not None or entry.refused:
        entry.draft, entry.handed = None, 0
    if entry.plan is not None:
        _compiled(entry, time.perf_counter() - start)


def _compiled(entry: Structure, seconds: float) -> None:
    """Note a new plan; the one used least recently gives way at the limit."""
    done = Compilation(entry.title(), seconds, entry.plan.code.source, notices.call_site())
    statistics.compiled += 1
    statistics.compilations.append(done)
    for observation in observations:
        observation.compilations.append(done)
    if mode.patience > 1:  # at 1 every shape is compiled because the user wants it so
        churn.compiled(entry.key, done.site)
    planned = [s for s in _structures.values() if s.plan is not None]
    if len(planned) > MAX_PLANS:
        oldest = min(planned, key=lambda s: s.last)
        oldest.plan, oldest.recent = None, 0  # it must become hot again
        statistics.dropped += 1


def _held(nodes: list[Node], inner: dict[int, int]) -> set[int]:
    """Ids of the nodes with references from outside the pending graph."""
    return {id(node) for node in nodes if getrefcount(node) - _OWN > inner.get(id(node), 0)}


def _inner_references(nodes: list[Node]) -> dict[int, int]:
    """How often each node is an operand (apart, so that no loop variable outlives its count)."""
    inner: dict[int, int] = {}
    for node in nodes:
        for x in node.inputs:
            if type(x) is Node and x.data is None:
                key = id(x)
                inner[key] = inner.get(key, 0) + 1
    for entry in list(retained):
        for x in entry.saved or ():
            if type(x) is Node and x.data is None:
                inner[id(x)] = inner.get(id(x), 0) + 1
    return inner


# References that counting itself makes: the list, the loop variable and, before Python 3.14, the
# argument of getrefcount.
_OWN = next(iter({getrefcount(x) for x in [object()]}))


# Tape entries that have run and were kept (retain_graph): what they saved is worth its memory only
# if they run again, so it stays pending until then.
retained: weakref.WeakSet[Any] = weakref.WeakSet()


def _postpone(nodes: list[Node], held: set[int]) -> None:
    """Keep pending what only retained tape entries refer to, and what that depends on."""
    wanted = {id(x) for entry in list(retained) for x in entry.saved or ()
              if type(x) is Node and x.data is None}
    kept = _needed(nodes, wanted)
    with pending.lock:
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
