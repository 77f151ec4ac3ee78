"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flambeau.functional.joining import cat
from flambeau.tensor.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Any]) -> Any:
    """All elements of the parameters in one vector, differentiably.

    Args:
        parameters: tensors.

    Returns:
        (total number of elements,).

    Raises:
        ValueError: there is no parameter.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.utils.parameters_to_vector([torch.zeros(2, 2), torch.ones(1)])
        tensor([0., 0., 0., 0., 1.])

    Source: torch.nn.utils.parameters_to_vector
    """
    return cat([p.view(-1) for p in parameters])


def vector_to_parameters(vec: Any, parameters: Iterable[Any]) -> None:
    """Give the parameters the consecutive elements of a vector.

    Args:
        vec: (total number of elements,).
        parameters: tensors; their data becomes a slice of the vector.

    Raises:
        TypeError: vec is not a tensor.

    Example:
        >>> import flambeau as torch
        >>> w = torch.nn.Parameter(torch.zeros(2))
        >>> torch.nn.utils.vector_to_parameters(torch.ones(2), [w])
        >>> w.data
        tensor([1., 1.])

    Source: torch.nn.utils.vector_to_parameters
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {_type_name(vec)}")
    start = 0
    for p in parameters:
        count = p.numel()
        p.data = vec[start : start + count].view_as(p).data
        start += count


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
