"""From a list of samples to a batch: the default rules and the registry behind them."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy

from flambeau.dtype import float64
from flambeau.functional.joining import stack
from flambeau.tensor import Tensor
from flambeau.tensor.data import as_tensor, tensor

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

CollateMap = dict[type | tuple[type, ...], Callable[..., Any]]

default_collate_err_msg_format = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, "
    "dicts or lists; found {}"
)

# One-letter kinds of NumPy dtypes that have no tensor: bytes, str, object.
np_str_obj_array_pattern = re.compile(r"[SaUO]")


def _has_no_tensor(array: numpy.ndarray[Any, Any]) -> bool:
    return np_str_obj_array_pattern.search(array.dtype.str) is not None


def default_convert(data: Any) -> Any:
    """Turn every NumPy array and NumPy number inside ``data`` into a tensor.

    The rule of a ``DataLoader`` that does not batch (``batch_size=None``).

    Args:
        data: any nesting of mappings, named tuples and sequences; other leaves are kept.

    Returns:
        The same structure; a plain tuple becomes a list, as in PyTorch.

    Example:
        >>> import numpy as np
        >>> default_convert({"x": np.array([0, 1]), "name": "a"})
        {'x': tensor([0, 1]), 'name': 'a'}

    Source: PyTorch, ``torch.utils.data.default_convert``.
    """
    kind = type(data)
    if isinstance(data, Tensor):
        return data
    if kind.__module__ == "numpy" and kind.__name__ not in ("str_", "string_"):
        if kind.__name__ == "ndarray" and _has_no_tensor(data):
            return data
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _rebuild_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple):
        items = [default_convert(item) for item in data]
        return kind(*items) if hasattr(data, "_fields") else items
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _rebuild_sequence(data, [default_convert(item) for item in data])
    return data


def _rebuild_mapping(like: Mapping[Any, Any], items: dict[Any, Any]) -> Any:
    """``items`` in a mapping of the type of ``like``, which may carry attributes of its own."""
    try:
        if isinstance(like, MutableMapping):
            clone = copy.copy(like)
            clone.update(items)
            return clone
        return type(like)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def _rebuild_sequence(like: Sequence[Any], items: list[Any]) -> Any:
    """``items`` in a sequence of the type of ``like``; a list where that type cannot be built."""
    try:
        if isinstance(like, MutableSequence):
            clone = copy.copy(like)
            for position, item in enumerate(items):
                clone[position] = item
            return clone
        return type(like)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def collate(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Merge samples by the type of the first one, containers item by item.

    Args:
        batch: sequence of samples of one structure.
        collate_fn_map: from element type (or tuple of types) to
            ``function(batch, *, collate_fn_map)``; the exact type is looked up first, then
            ``isinstance`` in the order of the map.

    Returns:
        The structure of one sample with merged leaves; a plain tuple becomes a list.

    Raises:
        TypeError: no rule for the element's type.
        RuntimeError: sequences of different lengths.

    Source: PyTorch, ``torch.utils.data._utils.collate.collate``.
    """
    first = batch[0]
    kind = type(first)
    function = _rule_for(first, collate_fn_map or {})
    if function is not None:
        return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        merged = {
            key: collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map)
            for key in first
        }
        return _rebuild_mapping(first, merged)
    if isinstance(first, Sequence):
        named = hasattr(first, "_fields")
        if not named and any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = zip(*batch, strict=False)
        items = [collate(column, collate_fn_map=collate_fn_map) for column in columns]
        if isinstance(first, tuple):
            return kind(*items) if named else items
        return _rebuild_sequence(first, items)
    raise TypeError(default_collate_err_msg_format.format(kind))


def _rule_for(element: Any, rules: CollateMap) -> Callable[..., Any] | None:
    if type(element) in rules:
        return rules[type(element)]
    for kind, function in rules.items():
        if isinstance(element, kind):
            return function
    return None


def collate_tensor_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Stack tensors along a new first dimension."""
    return stack(list(batch), 0)


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Stack NumPy arrays into a tensor."""
    if _has_no_tensor(batch[0]):
        raise TypeError(default_collate_err_msg_format.format(batch[0].dtype))
    return collate([as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """NumPy scalars as a tensor of their own dtype."""
    return as_tensor(batch)


def collate_float_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Python floats as a float64 tensor: nothing of their precision is lost."""
    return tensor(batch, dtype=float64)


def collate_int_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Python ints as an int64 tensor (bools as a bool tensor)."""
    return tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Strings and bytes stay a sequence."""
    return batch


default_collate_fn_map: CollateMap = {
    Tensor: collate_tensor_fn,
    numpy.ndarray: collate_numpy_array_fn,
    (numpy.bool_, numpy.number, numpy.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def default_collate(batch: Any) -> Any:
    """Merge a list of samples into a batch with a new first dimension.

    Tensors, NumPy arrays and numbers become tensors; strings and bytes stay a sequence;
    mappings, named tuples and sequences are merged item by item.

    Args:
        batch: sequence of samples of one structure.

    Returns:
        The structure of one sample with batched leaves; a plain tuple becomes a list.

    Raises:
        TypeError: an element of a type that has no rule.
        RuntimeError: sequences of different lengths, or tensors of different shapes.

    Example:
        >>> default_collate([(0, "a"), (1, "b")])
        [tensor([0, 1]), ('a', 'b')]

    Source: PyTorch, ``torch.utils.data.default_collate``.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
