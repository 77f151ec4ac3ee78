"""`vmap`: a function over one example as a function over a batch of them.

The function runs once and each operation is recorded for the whole batch (`_level`). Where that
cannot be (it reads values, or draws numbers that are to differ), it runs once per example and the
results are stacked.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..autograd import is_grad_enabled
from ..functional.joining import cat, stack
from ..graph import pending
from ..random import default_generator
from ..tensor import Tensor
from ..utils._pytree import (
    _broadcast_to_and_flatten,
    tree_leaves,
    tree_structure,
    tree_unflatten,
)
from ._level import Level, Unbatched
from .derivatives import looks_beyond

_RANDOM = ("vmap: called random operation while in randomness error mode. Please either use the "
           "'same' or 'different' randomness flags on vmap or perform the randomness operation "
           "out of vmap")


def vmap(func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0,
         randomness: str = "error", *, chunk_size: int | None = None) -> Callable[..., Any]:
    """A function that applies `func` to every slice of its arguments and stacks the results.

    Args:
        func: a function of trees of tensors that returns a tree of tensors.
        in_dims: the dimension of each argument to slice along, None for those that all slices
            share; an int for all, or a tree like the arguments. Default: 0.
        out_dims: where the new dimension of each result goes; None for a result that is the same
            for all slices. Default: 0.
        randomness: "error" forbids random operations, "different" draws anew for each slice,
            "same" draws the same for all. Default: "error".
        chunk_size: how many slices to do at a time. Default: None (all).

    Returns:
        A function of the same arguments with one more dimension.

    Raises:
        ValueError: from the function returned, where sizes or structures do not fit.
        RuntimeError: where randomness is "error" and `func` draws.

    Example:
        >>> import flambeau as torch
        >>> torch.func.vmap(torch.dot)(torch.ones(2, 3), torch.ones(2, 3))
        tensor([3., 3.])

    Source: torch.func.vmap
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError("Only allowed values for randomness are 'error', 'different', or "
                           f"'same'. Got {randomness}")
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")
    name = getattr(func, "__name__", repr(func))

    @functools.wraps(func)
    def batched(*args: Any, **kwargs: Any) -> Any:
        flat, dims = _inputs(name, in_dims, args)
        size = _batch_size(flat, dims)
        if size == 0:
            raise ValueError(f"vmap({name}, ...): cannot map over a dimension of size 0")
        step = chunk_size or size
        start = default_generator.get_state()
        chunks, value = [], None

        def call(part: list[Any]) -> Any:
            if randomness == "same":
                default_generator.set_state(start)
            made = func(*tree_unflatten(part, tree_structure(args)), **kwargs)
            if randomness == "error" and _drew(start):
                raise RuntimeError(_RANDOM)
            return made

        for first in range(0, size, step):
            part = [t if d is None else t.movedim(d, 0)[first:first + step]
                    for t, d in zip(flat, dims, strict=True)]
            mapped = [d is not None for d in dims]
            count = min(step, size - first)
            found = None
            if randomness != "different":
                found = _at_once(call, part, mapped, count)
                if found is None:
                    default_generator.set_state(start)
            if found is None:
                found = _one_by_one(call, part, mapped, count)
            value, columns = found
            chunks.append(_arranged(name, columns, _out_dims(name, out_dims, value), count))
        places = _out_dims(name, out_dims, value)
        joined = [column[0] if len(column) == 1 or place is None else cat(column, place)
                  for column, place in zip(zip(*chunks, strict=True), places, strict=True)]
        return tree_unflatten(joined, tree_structure(value))
    return batched


def _drew(state: Any) -> bool:
    return not bool((default_generator.get_state() == state).all())


def _inputs(name: str, in_dims: Any, args: tuple[Any, ...]) -> tuple[list[Any], list[Any]]:
    """The leaves of the arguments, and the dimension of each to slice along."""
    call = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(f"{call}expected `in_dims` to be int or a (potentially nested) tuple "
                         f"matching the structure of inputs, got: {type(in_dims)}.")
    if not args:
        raise ValueError(f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, "
                         "or you are trying to vmap over a function with no inputs. The latter is "
                         "unsupported.")
    flat, dims = tree_leaves(args), _broadcast_to_and_flatten(in_dims, tree_structure(args))
    if dims is None:
        raise ValueError(f"{call}in_dims is not compatible with the structure of `inputs`.")
    for t, d in zip(flat, dims, strict=True):
        if d is None:
            continue
        if not isinstance(d, int):
            raise ValueError(f"{call}Got in_dim={d} for an input but in_dim must be either an "
                             "integer dimension or None.")
        if not isinstance(t, Tensor):
            raise ValueError(f"{call}Got in_dim={d} for an input but the input is of type "
                             f"{type(t)}. We cannot vmap over non-Tensor arguments, please use "
                             "None as the respective in_dim")
        if not -t.dim() <= d < t.dim():
            raise ValueError(f"{call}Got in_dim={d} for some input, but that input is a Tensor of "
                             f"dimensionality {t.dim()} so expected in_dim to satisfy "
                             f"-{t.dim()} <= in_dim < {t.dim()}.")
    return flat, dims


def _batch_size(flat: list[Any], dims: list[Any]) -> int:
    sizes = [t.size(d) for t, d in zip(flat, dims, strict=True) if d is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(size != sizes[0] for size in sizes):
        raise ValueError("vmap: Expected all tensors to have the same size in the mapped "
                         f"dimension, got sizes {sizes} for the mapped dimension")
    found: int = sizes[0]
    return found


def _out_dims(name: str, out_dims: Any, value: Any) -> list[Any]:
    """The place of the new dimension in each result."""
    if isinstance(value, Tensor) and isinstance(out_dims, tuple) and len(out_dims) == 1:
        return list(out_dims)
    places = _broadcast_to_and_flatten(out_dims, tree_structure(value))
    if places is None:
        raise ValueError(f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not "
                         "compatible with the structure of `outputs`.")
    return places


Column = tuple[Any, bool]  # a result, and whether it has the batch in front


def _at_once(call: Callable[[list[Any]], Any], part: list[Any], mapped: list[bool],
             count: int) -> tuple[Any, list[Column]] | None:
    """The function's results for the whole batch; None where it must see single examples."""
    if pending.forward is not None and not isinstance(pending.forward, Level):
        return None
    level = Level(count)
    examples = [level.example(t) if m else t for t, m in zip(part, mapped, strict=True)]
    try:
        with level.active():
            value = call(examples)
    except Unbatched as refusal:
        if refusal.level is not level:
            raise
        return None
    columns: list[Column] = []
    for t in tree_leaves(value):
        whole = level.batched.get(t._value()) if isinstance(t, Tensor) else None
        if whole is not None and whole.requires_grad and not (
                is_grad_enabled() and looks_beyond(whole)):
            whole = whole.detach()
        columns.append((t, False) if whole is None else (whole, True))
    return value, columns


def _one_by_one(call: Callable[[list[Any]], Any], part: list[Any], mapped: list[bool],
                count: int) -> tuple[Any, list[Column]]:
    """The results of one call per example, stacked."""
    rows, value = [], None
    for i in range(count):
        value = call([t[i] if m else t for t, m in zip(part, mapped, strict=True)])
        rows.append(tree_leaves(value))
    return value, [(stack(column), True) if isinstance(column[0], Tensor) else (column[0], False)
                   for column in zip(*rows, strict=True)]


def _arranged(name: str, columns: list[Column], places: list[Any], count: int) -> list[Any]:
    """The results with the batch where it is to be."""
    out = []
    for (t, batched), place in zip(columns, places, strict=True):
        if place is None:
            if batched:
                raise ValueError(f"vmap({name}, ...): `{name}` can not return a BatchedTensor "
                                 "when out_dim is None")
            out.append(t)
            continue
        if not isinstance(t, Tensor):
            raise ValueError(f"vmap({name}, ...): `{name}` must only return Tensors, got type "
                             f"{type(t)}. Did you mean to set out_dims= to None for output?")
        whole = t if batched else t.expand(count, *t.shape)
        out.append(whole.movedim(0, place))
    return out
