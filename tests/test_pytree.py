"""Trees are taken apart and rebuilt as PyTorch's."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from typing import Any

import pytest

from flambeau.utils import _pytree as ours

theirs = pytest.importorskip("torch.utils._pytree")

Pair = namedtuple("Pair", "x y")
TREES: list[Any] = [
    1, None, [], (), {}, [[1, 2], [3]], "text", slice(1, 2), {1, 2}, Pair(1, [2, (3,)]),
    {"b": [1, (2, None)], "a": Pair(3, OrderedDict(z=4)), "d": deque([1], maxlen=3),
     "dd": defaultdict(list, {"q": 1})},
    OrderedDict(b=(), a=[{}, {"c": {"e": 1}}])]

CALLS: list[Callable[[Any], Any]] = [
    lambda p: p.tree_map(lambda a, b: a + b, [1, {"k": 2}], [10, {"k": 20}]),
    lambda p: p.tree_map(lambda a, b: (a, b), [1], [[1, 2]]),
    lambda p: p.tree_map(lambda a, b: a, [1], [1, 2]),
    lambda p: p.tree_map(lambda a, b: a, [1], (1,)),
    lambda p: p.tree_map(lambda a, b: b, {"a": 1, "b": 2}, {"b": 3, "a": 4}),
    lambda p: p.tree_map(lambda a, b: a, {"a": 1}, {"b": 2}),
    lambda p: p.tree_map(sum, [(1, 2), [3]], is_leaf=lambda t: isinstance(t, tuple) or t == [3]),
    lambda p: p.tree_map_only(int, lambda x: x + 1, [1, 2.5, ("a", 3)]),
    lambda p: p.tree_map_only((int, str), repr, [1, 2.5, ("a", 3)]),
    lambda p: p.tree_map_only(lambda x: x > 1, lambda x: -x, [1, (2, 3)]),
    lambda p: p.tree_map_(lambda x: x + 1, [1, 2]),
    lambda p: p.tree_leaves({"b": 1, "a": 2}),
    lambda p: list(p.tree_iter([1, (2,)])),
    lambda p: (p.tree_all(bool, [1, (0,)]), p.tree_any(bool, [1, (0,)])),
    lambda p: p.tree_unflatten([1], p.tree_structure([1, (2, 3)])),
    lambda p: [p._broadcast_to_and_flatten(tree, p.tree_structure({"a": (1, 2), "b": [3]}))
               for tree in (7, {"a": 1, "b": None}, {"a": (4, 5), "b": [6]}, {"a": 1}, [1, 2],
                            {"a": (1,), "b": 2}, {"a": 1, "b": [[2]]})],
    lambda p: p.tree_structure([1, 2]) == p.tree_structure(["a", None]),
    lambda p: p.tree_structure([1, 2]) == p.tree_structure((1, 2)),
    lambda p: p.register_pytree_node(list, None, None),
]


@pytest.mark.parametrize("index", range(len(TREES)))
def test_flatten(index: int) -> None:
    """Leaves, structure as text, counts, and the way back."""
    tree = TREES[index]
    seen = []
    for library in (ours, theirs):
        leaves, spec = library.tree_flatten(tree)
        seen.append((leaves, str(spec), spec.num_leaves, spec.num_nodes, spec.num_children,
                     spec.is_leaf()))
        assert library.tree_unflatten(leaves, spec) == tree
    assert seen[0] == seen[1]


@pytest.mark.parametrize("index", range(len(CALLS)))
def test_calls(index: int) -> None:
    """Results, or errors with their text."""
    seen = []
    for library in (ours, theirs):
        try:
            seen.append(CALLS[index](library))
        except (ValueError, TypeError) as error:
            seen.append((type(error), str(error)))
    assert seen[0] == seen[1]


def test_registered_class() -> None:
    """A class with its own functions is a container."""
    class Box:
        """A container of one thing."""

        def __init__(self, inner: Any, label: str) -> None:
            self.inner, self.label = inner, label

    ours.register_pytree_node(Box, lambda box: ([box.inner], box.label),
                              lambda children, label: Box(*children, label))
    made = ours.tree_map(lambda x: 2 * x, [Box((1, 2), "here")])[0]
    assert (made.inner, made.label) == ((2, 4), "here")


def test_values_for_a_dictionary_go_by_key() -> None:
    """PyTorch takes them by position where the keys come in another order."""
    spec = ours.tree_structure({"a": (1, 2), "b": [3]})
    assert ours._broadcast_to_and_flatten({"b": 1, "a": None}, spec) == [None, None, 1]
