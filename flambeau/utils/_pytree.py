"""Trees of lists, tuples, dicts and registered classes: taken apart into leaves, and rebuilt."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flambeau import return_types

__all__ = ["TreeSpec", "register_pytree_node", "tree_all", "tree_any", "tree_flatten", "tree_iter",
           "tree_leaves", "tree_map", "tree_map_", "tree_map_only", "tree_map_only_",
           "tree_structure", "tree_unflatten"]

IsLeaf = Callable[[Any], bool] | None


class _Node(NamedTuple):
    """How one class of containers is taken apart and rebuilt."""

    flatten: Callable[[Any], tuple[list[Any], Any]]
    unflatten: Callable[[Iterable[Any], Any], Any]


class _NamedTuples:
    """The key of all classes of named tuples."""


def _flatten_dict(tree: Any) -> tuple[list[Any], Any]:
    return list(tree.values()), list(tree)


def _build_defaultdict(children: Iterable[Any], context: Any) -> Any:
    factory, keys = context
    return defaultdict(factory, zip(keys, children, strict=True))


_NODES: dict[Any, _Node] = {
    list: _Node(lambda tree: (tree, None), lambda children, _: list(children)),
    tuple: _Node(lambda tree: (list(tree), None), lambda children, _: tuple(children)),
    dict: _Node(_flatten_dict, lambda children, keys: dict(zip(keys, children, strict=True))),
    OrderedDict: _Node(_flatten_dict, lambda children, keys: OrderedDict(
        zip(keys, children, strict=True))),
    defaultdict: _Node(lambda tree: (list(tree.values()), [tree.default_factory, list(tree)]),
                       _build_defaultdict),
    deque: _Node(lambda tree: (list(tree), tree.maxlen),
                 lambda children, maxlen: deque(children, maxlen=maxlen)),
    _NamedTuples: _Node(lambda tree: (list(tree), type(tree)),
                        lambda children, kind: kind(*children)),
}


def _result(kind: Any) -> _Node:
    """The node of a class of results with named fields."""
    return _Node(lambda tree: (list(tree), None), lambda children, _: kind(children))


_NODES |= {kind: _result(kind) for kind in vars(return_types).values()
           if isinstance(kind, type) and issubclass(kind, tuple) and kind is not tuple}


def _node_type(tree: Any) -> Any:
    """The key of a tree's root, or None for a leaf."""
    kind = type(tree)
    if kind in _NODES:
        return kind
    return _NamedTuples if isinstance(tree, tuple) and hasattr(kind, "_fields") else None


@dataclass(eq=True, frozen=True)
class TreeSpec:
    """The structure of a tree without its leaves.

    Args:
        type: class of the root; None for a leaf.
        context: what rebuilding needs beside the children, as the keys of a dict.
        children_specs: structures of the children.

    Source: torch.utils._pytree.TreeSpec
    """

    type: Any
    context: Any = None
    _children: list[TreeSpec] = field(default_factory=list)

    @property
    def num_leaves(self) -> int:
        """How many leaves a tree of this structure has."""
        return 1 if self.is_leaf() else sum(child.num_leaves for child in self._children)

    @property
    def num_nodes(self) -> int:
        """How many nodes it has, with its leaves."""
        return 1 + sum(child.num_nodes for child in self._children)

    @property
    def num_children(self) -> int:
        """How many children the root has."""
        return len(self._children)

    def is_leaf(self) -> bool:
        """Whether the whole tree is one leaf."""
        return self.type is None

    def children(self) -> list[TreeSpec]:
        """The structures of the children."""
        return list(self._children)

    def child(self, index: int) -> TreeSpec:
        """The structure of one child."""
        return self._children[index]

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """The tree of this structure with these leaves, as `tree_unflatten`."""
        values = list(leaves)
        if len(values) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(values)} but the spec "
                f"refers to a pytree that holds {self.num_leaves} items ({self}).")
        return self._build(iter(values))

    def _build(self, leaves: Iterator[Any]) -> Any:
        if self.is_leaf():
            return next(leaves)
        children = [child._build(leaves) for child in self._children]
        return _NODES[self.type].unflatten(children, self.context)

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """The subtrees of another tree at the places of this one's leaves.

        Raises:
            ValueError: where the other tree has another structure above them.
        """
        if self.is_leaf():
            return [tree]
        kind = _node_type(tree)
        if kind is not self.type:
            raise ValueError(f"Node type mismatch; expected {self.type!r}, but got "
                             f"{type(tree)!r}.")
        children, context = _NODES[kind].flatten(tree)
        if isinstance(tree, dict):
            keys = self.context[1] if kind is defaultdict else self.context
            if set(keys) != set(tree):
                missing, extra = set(keys) - set(tree), set(tree) - set(keys)
                text = [f"; {name} key(s): {found}" for name, found in
                        [("missing", missing), ("extra", extra)] if found]
                raise ValueError(f"Node keys mismatch{''.join(text)}.")
            children = [tree[key] for key in keys]
        elif len(children) != self.num_children:
            raise ValueError(f"Node arity mismatch; expected {self.num_children}, but got "
                             f"{len(children)}.")
        elif kind is not deque and context != self.context:
            raise ValueError(f"Node context mismatch; expected {self.context!r}, but got "
                             f"{context!r}.")
        return [part for spec, child in zip(self._children, children, strict=True)
                for part in spec.flatten_up_to(child)]

    def __repr__(self, indent: int = 0) -> str:
        if self.is_leaf():
            return "*"
        name = "namedtuple" if self.type is _NamedTuples else self.type.__name__
        inner = [child.__repr__(indent + 2) for child in self._children]
        rest = (",\n" + " " * (indent + 2)).join(inner)
        return f"TreeSpec({name}, {self.context}, [{rest}])"


def register_pytree_node(
    cls: type[Any], flatten_fn: Callable[[Any], tuple[list[Any], Any]],
    unflatten_fn: Callable[[Iterable[Any], Any], Any], *, serialized_type_name: str | None = None,
    to_dumpable_context: Callable[[Any], Any] | None = None,
    from_dumpable_context: Callable[[Any], Any] | None = None,
    flatten_with_keys_fn: Callable[[Any], tuple[list[Any], Any]] | None = None,
) -> None:
    """Make a class a container of trees.

    Args:
        cls: the class.
        flatten_fn: takes a container; returns its children and what else rebuilding needs.
        unflatten_fn: takes both; returns the container.
        serialized_type_name: not needed here.
        to_dumpable_context: not needed here.
        from_dumpable_context: not needed here.
        flatten_with_keys_fn: not needed here.

    Raises:
        ValueError: where the class is one already.

    Source: torch.utils._pytree.register_pytree_node
    """
    if cls in _NODES:
        raise ValueError(f"{cls!r} is already registered as pytree node.")
    _NODES[cls] = _Node(flatten_fn, unflatten_fn)


def tree_flatten(tree: Any, is_leaf: IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree from left to right, and its structure.

    Args:
        tree: containers in containers; whatever is none is a leaf.
        is_leaf: says of a subtree whether to leave it whole. Default: none.

    Returns:
        Leaves and structure.

    Example:
        >>> from flambeau.utils._pytree import tree_flatten
        >>> tree_flatten({"a": 1, "b": (2, 3)})[0]
        [1, 2, 3]

    Source: torch.utils._pytree.tree_flatten
    """
    leaves: list[Any] = []
    return leaves, _collect(tree, is_leaf, leaves)


def _collect(tree: Any, is_leaf: IsLeaf, leaves: list[Any]) -> TreeSpec:
    """The structure of a tree; its leaves go to the end of a list."""
    kind = _node_type(tree)
    if kind is None or is_leaf is not None and is_leaf(tree):
        leaves.append(tree)
        return TreeSpec(None)
    children, context = _NODES[kind].flatten(tree)
    return TreeSpec(kind, context, [_collect(child, is_leaf, leaves) for child in children])


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The tree of a structure with given leaves.

    Args:
        leaves: as many as the structure has.
        treespec: the structure.

    Returns:
        The tree.

    Raises:
        TypeError: where `treespec` is no structure.
        ValueError: for another number of leaves.

    Source: torch.utils._pytree.tree_unflatten
    """
    if not isinstance(treespec, TreeSpec):
        raise TypeError("tree_unflatten(leaves, treespec): Expected `treespec` to be instance of "
                        f"TreeSpec but got item of type {type(treespec)}.")
    return treespec.unflatten(leaves)


def tree_iter(tree: Any, is_leaf: IsLeaf = None) -> Iterator[Any]:
    """The leaves of a tree, one after the other."""
    yield from tree_flatten(tree, is_leaf)[0]


def tree_leaves(tree: Any, is_leaf: IsLeaf = None) -> list[Any]:
    """The leaves of a tree as a list."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: IsLeaf = None) -> TreeSpec:
    """The structure of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf = None) -> Any:
    """A tree of the same structure with a function of each leaf.

    Args:
        func: takes a leaf, and what the other trees hold at its place.
        tree: the tree.
        rests: other trees; they may go on where this one has leaves.
        is_leaf: as for `tree_flatten`.

    Returns:
        The new tree.

    Example:
        >>> from flambeau.utils._pytree import tree_map
        >>> tree_map(lambda x, y: x + y, {"a": 1, "b": [2]}, {"a": 10, "b": [20]})
        {'a': 11, 'b': [22]}

    Source: torch.utils._pytree.tree_map
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    return spec.unflatten(map(func, leaves, *[spec.flatten_up_to(rest) for rest in rests]))


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf = None) -> Any:
    """Call a function on each leaf for what it does; returns the same tree."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def _chosen(types: Any, func: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function on leaves of some classes, or that a predicate accepts; others stay."""
    if callable(types) and not isinstance(types, type):
        return lambda leaf: func(leaf) if types(leaf) else leaf
    return lambda leaf: func(leaf) if isinstance(leaf, types) else leaf


def tree_map_only(type_or_types_or_pred: Any, /, func: Callable[[Any], Any], tree: Any,
                  is_leaf: IsLeaf = None) -> Any:
    """`tree_map` on the leaves of some classes alone; the others stay.

    Args:
        type_or_types_or_pred: a class, a tuple or union of classes, or a predicate of leaves.
        func: takes a leaf.
        tree: the tree.
        is_leaf: as for `tree_flatten`.

    Returns:
        The new tree.

    Source: torch.utils._pytree.tree_map_only
    """
    return tree_map(_chosen(type_or_types_or_pred, func), tree, is_leaf=is_leaf)


def tree_map_only_(type_or_types_or_pred: Any, /, func: Callable[[Any], Any], tree: Any,
                   is_leaf: IsLeaf = None) -> Any:
    """`tree_map_only` for what the function does; returns the same tree."""
    return tree_map_(_chosen(type_or_types_or_pred, func), tree, is_leaf=is_leaf)


def _broadcast_to_and_flatten(tree: Any, treespec: TreeSpec) -> list[Any] | None:
    """One value per leaf of a structure, where a leaf given for a container is that of all in it.

    Args:
        tree: the values; it may end earlier than the structure.
        treespec: the structure.

    Returns:
        The values, or None where the tree does not fit.

    Source: torch.utils._pytree._broadcast_to_and_flatten
    """
    if _node_type(tree) is None:
        return [tree] * treespec.num_leaves
    if treespec.is_leaf():
        return None
    root = TreeSpec(treespec.type, treespec.context, [TreeSpec(None)] * treespec.num_children)
    try:
        parts = root.flatten_up_to(tree)
    except ValueError:
        return None
    found: list[Any] = []
    for part, inner in zip(parts, treespec.children(), strict=True):
        spread = _broadcast_to_and_flatten(part, inner)
        if spread is None:
            return None
        found += spread
    return found


def tree_all(pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf = None) -> bool:
    """Whether a predicate holds of all leaves."""
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf = None) -> bool:
    """Whether a predicate holds of a leaf."""
    return any(map(pred, tree_iter(tree, is_leaf)))
