"""Helpers of distributions: broadcasting, probabilities and logits, lazy attributes, triangles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

from ..autograd.modes import enable_grad
from ..dtype import finfo, get_default_dtype
from ..functional.parts import broadcast_tensors
from ..functional.softmax import softmax
from ..tensor.creation import arange, empty
from ..tensor.data import tensor
from ..tensor.size import Size
from ..tensor.tensor import Tensor

__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits",
    "tril_matrix_to_vec", "vec_to_tril_matrix"]

NUMBER = (int, float, bool)
euler_constant = 0.57721566490153286060


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """The values, tensors or numbers, as tensors of one shape.

    Raises:
        ValueError: for anything else.

    Example:
        >>> from flambeau.distributions.utils import broadcast_all
        >>> broadcast_all(0.5)
        (tensor(0.5000),)

    Source: torch.distributions.utils.broadcast_all.
    """
    if not all(isinstance(v, (Tensor, *NUMBER)) for v in values):
        raise ValueError("Input arguments must all be instances of Number, torch.Tensor or objects "
                         "implementing __torch_function__.")
    kind = next((v.dtype for v in values if isinstance(v, Tensor)), get_default_dtype())
    made = [v if isinstance(v, Tensor) else tensor(v, dtype=kind) for v in values]
    return tuple(broadcast_tensors(*made))


def standard_normal(shape: Sequence[int], like: Any) -> Any:
    """Samples of the standard normal distribution in a tensor's dtype."""
    return empty(tuple(shape), dtype=like.dtype).normal_()


def sum_rightmost(value: Any, dim: int) -> Any:
    """The sum over the last `dim` dimensions."""
    if dim == 0:
        return value
    return value.reshape(value.shape[:-dim] + (-1,)).sum(-1)


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """Probabilities from log-odds (binary) or unnormalised logarithms."""
    return logits.sigmoid() if is_binary else softmax(logits, dim=-1)


def clamp_probs(probs: Any) -> Any:
    """Probabilities kept off 0 and 1 by the dtype's epsilon."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """The inverse of `logits_to_probs`."""
    inside = clamp_probs(probs)
    return inside.log() - (-inside).log1p() if is_binary else inside.log()


class lazy_property:
    """An attribute that is computed when it is first read and then kept.

    Args:
        wrapped: the method that computes it.
    """

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        update_wrapper(self, wrapped)  # type: ignore[arg-type]

    def __get__(self, instance: Any, obj_type: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def tril_matrix_to_vec(mat: Any, diag: int = 0) -> Any:
    """The entries on and below a diagonal, row by row.

    Raises:
        ValueError: for a diagonal outside of the matrix.
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    steps = arange(n)
    return mat[..., steps < steps.view(-1, 1) + (diag + 1)]


def vec_to_tril_matrix(vec: Any, diag: int = 0) -> Any:
    """The inverse of `tril_matrix_to_vec`, zero elsewhere.

    Raises:
        ValueError: for a number of entries that no square matrix has.
    """
    shift = 1 + 2 * diag
    n = (-shift + (shift**2 + 8 * vec.shape[-1] + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2
    if round(n) - n > finfo(vec.dtype).eps:
        raise ValueError(f"The size of last dimension is {vec.shape[-1]} which cannot be expressed "
                         "as the lower triangular part of a square D x D matrix.")
    n = round(n)
    mat = vec.new_zeros(vec.shape[:-1] + Size((n, n)))
    steps = arange(n)
    mat[..., steps < steps.view(-1, 1) + (diag + 1)] = vec
    return mat
