"""Nested tuples, lists and dictionaries, taken apart into leaves and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def children(tree: Any) -> list[Any] | None:
    """What a container holds, in order; None for a leaf."""
    if isinstance(tree, dict):
        return list(tree.values())
    return list(tree) if isinstance(tree, (tuple, list)) else None


def leaves(tree: Any) -> list[Any]:
    """Everything in a tree that is no container, in order."""
    inner = children(tree)
    return [tree] if inner is None else [leaf for part in inner for leaf in leaves(part)]


def rebuild(tree: Any, values: Any) -> Any:
    """A tree of the same structure with these leaves."""
    return _rebuild(tree, iter(values))


def _rebuild(tree: Any, values: Iterator[Any]) -> Any:
    if isinstance(tree, dict):
        pairs = [(key, _rebuild(part, values)) for key, part in tree.items()]
        made = tree.copy()
        made.update(pairs)
        return made
    if isinstance(tree, (tuple, list)):
        parts = [_rebuild(part, values) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return next(values)


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with a function applied to each leaf."""
    return rebuild(tree, [function(leaf) for leaf in leaves(tree)])


def same_structure(one: Any, other: Any) -> bool:
    """Whether two trees differ in their leaves alone."""
    a, b = children(one), children(other)
    if a is None or b is None:
        return a is b
    return (type(one) is type(other) and len(a) == len(b)
            and (not isinstance(one, dict) or one.keys() == other.keys())
            and all(same_structure(x, y) for x, y in zip(a, b, strict=True)))


def spread(prefix: Any, tree: Any) -> list[Any] | None:
    """One value per leaf of a tree, where a value given for a container is that of all in it.

    Returns:
        The values, or None where the structure of `prefix` does not fit.
    """
    given, inner = children(prefix), children(tree)
    if given is None:
        return [prefix] * len(leaves(tree))
    if inner is None or type(prefix) is not type(tree) or len(given) != len(inner):
        return None
    if isinstance(tree, dict):
        if prefix.keys() != tree.keys():
            return None
        given = [prefix[key] for key in tree]
    parts = [spread(p, t) for p, t in zip(given, inner, strict=True)]
    if any(part is None for part in parts):
        return None
    return [value for part in parts if part is not None for value in part]
