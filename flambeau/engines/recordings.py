"""Recordings seen before: a training step records the same list of nodes again and again.

A flush has to find out which nodes are held, which are needed, and which structure they make. All
of that follows from the nodes' templates, their wiring and their reference counts; where these
equal those of an earlier list, so do the answers. They are compared as whole lists, without a loop
in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from operator import attrgetter, gt, is_not, itemgetter
from sys import getrefcount
from typing import Any

from ..graph import Node, remember
from .statistics import Structure

VARIANTS = 4  # recordings kept for one list of templates
_templates, _indices = attrgetter("template"), attrgetter("index")
_inputs, _specs, _data = attrgetter("inputs"), attrgetter("spec"), attrgetter("data")
_OWN = next(iter(map(getrefcount, [object()])))  # references that a count through `map` makes


class Recording:
    """A list of pending nodes as a pattern, and what a flush found out about it.

    Attributes:
        entry: the structure of what is needed of it.
        size, needed: how many nodes are needed, and the function that picks them.
        delivered: places of the nodes that get data.
    """

    def __init__(self, nodes: list[Node], held: set[int], inner: dict[int, int],
                 needed: list[Node], entry: Structure) -> None:
        self.entry = entry
        self.size = len(needed)
        wanted = {id(n) for n in needed}
        self.needed = _picker(k for k, n in enumerate(nodes) if id(n) in wanted)
        self.indices = [n.index for n in nodes]
        self.held = [id(n) in held for n in nodes]
        self.most = [_OWN + inner.get(id(n), 0) for n in nodes]
        self.delivered = [k for k, n in enumerate(nodes) if self.held[k] and n.spec is not None]
        flat = list(chain.from_iterable(map(_inputs, nodes)))
        self.numbers = _picker(p for p, x in enumerate(flat) if type(x) is not Node)
        self.types = list(map(type, self.numbers(flat)))
        self._read_wiring(nodes, flat, wanted)

    def _read_wiring(self, nodes: list[Node], flat: list[Any], needed: set[int]) -> None:
        """Where inputs are results of the list, or earlier inputs; all others are leaves."""
        results = {id(n): k for k, n in enumerate(nodes)}
        first: dict[int, int] = {}
        given: dict[int, int] = {}
        inside: list[tuple[int, int]] = []
        repeated: list[tuple[int, int]] = []
        owners = chain.from_iterable([id(n) in needed] * len(n.inputs) for n in nodes)
        arguments: list[int] = []  # in the order of `realize.structure`
        for place, (x, counts) in enumerate(zip(flat, owners, strict=True)):
            me = id(x)
            if type(x) is not Node:
                arguments += [place] * counts
            elif me in results:
                inside.append((place, results[me]))
            else:
                if first.setdefault(me, place) != place:
                    repeated.append((place, first[me]))
                if counts and given.setdefault(me, place) == place:
                    arguments.append(place)
        self.arguments = _picker(arguments)
        self.readers, self.read = _picker(p for p, _ in inside), _picker(k for _, k in inside)
        self.again, self.once = _picker(p for p, _ in repeated), _picker(p for _, p in repeated)
        self.leaves = _picker(first.values())
        self.specs = list(map(_specs, self.leaves(flat)))

    def arguments_of(self, nodes: list[Node], counts: list[int]) -> tuple[Any, ...] | None:
        """The run-time arguments of a list of nodes; None where it is another pattern.

        Args:
            nodes: with the templates that this recording was kept under.
            counts: their reference counts, taken through `map` before anything else held them.
        """
        if list(map(gt, counts, self.most)) != self.held:
            return None
        if list(map(_indices, nodes)) != self.indices:
            return None
        flat = list(chain.from_iterable(map(_inputs, nodes)))  # equal templates: equally many
        if (list(map(type, self.numbers(flat))) != self.types
                or self.readers(flat) != self.read(nodes)  # nodes are equal where identical
                or self.again(flat) != self.once(flat)):
            return None
        leaves = self.leaves(flat)
        if (list(map(_specs, leaves)) != self.specs or len(set(map(id, leaves))) != len(leaves)
                or not all(map(is_not, map(_data, leaves), repeat(None)))):
            return None
        return self.arguments(flat)


def _picker(places: Iterable[int]) -> Callable[[list[Any]], tuple[Any, ...]]:
    """The function that picks the items at some places of a list."""
    fixed = tuple(places)
    if len(fixed) > 1:
        return itemgetter(*fixed)
    return lambda items: tuple([items[p] for p in fixed])


_recordings: dict[tuple[Any, ...], list[Recording]] = {}


def find(nodes: list[Node], compiled: bool) -> tuple[Recording, tuple[Any, ...]] | None:
    """The recording that a list of nodes repeats, and its run-time arguments.

    Args:
        compiled: find only what has a plan.
        nodes: pending nodes in recording order; only this list may refer to them beside their
            owners.
    """
    known = _recordings.get(tuple(map(_templates, nodes)))
    if known is None:
        return None
    counts = list(map(getrefcount, nodes))
    for recording in known:
        if recording.entry.plan is not None or not compiled:
            arguments = recording.arguments_of(nodes, counts)
            if arguments is not None:
                return recording, arguments
    return None


def keep(recording: Recording, nodes: list[Node]) -> None:
    """Keep a recording for the next list of nodes like this one."""
    key = tuple(map(_templates, nodes))
    known = [r for r in _recordings.pop(key, ()) if r.entry is not recording.entry]
    remember(_recordings, key, [recording, *known[:VARIANTS - 1]])
