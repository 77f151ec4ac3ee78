"""Bounds on gradients: their total norm, or their elements."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable
from typing import Any

from flambeau.autograd import no_grad
from flambeau.functional.joining import stack
from flambeau.linalg import vector_norm
from flambeau.tensor.data import tensor
from flambeau.tensor.tensor import Tensor

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_"]


def _as_list(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


@no_grad()
def _get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """The norm of all elements of several tensors: the norm of their norms.

    Args:
        tensors: one tensor or several.
        norm_type: order of the norm; may be inf. Default: 2.
        error_if_nonfinite: raise where the norm is infinite or NaN. Default: False.
        foreach: accepted for compatibility; there is one implementation.

    Raises:
        RuntimeError: with error_if_nonfinite, where the norm is not finite.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.utils.get_total_norm([torch.tensor([3.]), torch.tensor([4.])])
        tensor(5.)

    Source: torch.nn.utils.get_total_norm
    """
    tensors = _as_list(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return tensor(0.0)
    total = vector_norm(stack([vector_norm(t, norm_type) for t in tensors]), norm_type)
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


@no_grad()
def _clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scale gradients by min(max_norm / (total_norm + 1e-6), 1), in place.

    Args:
        parameters: one tensor or several; those without a gradient are skipped.
        max_norm: the norm that is allowed.
        total_norm: the norm of all gradients, from `get_total_norm`.
        foreach: accepted for compatibility; there is one implementation.

    Source: torch.nn.utils.clip_grads_with_norm_
    """
    grads = [p.grad for p in _as_list(parameters) if p.grad is not None]
    if not grads:
        return
    scale = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for g in grads:
        g.mul_(scale)


@no_grad()
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """Scale gradients, in place, so that the norm of all of them together is at most max_norm.

    Args:
        parameters: one tensor or several; those without a gradient are skipped.
        max_norm: the norm that is allowed.
        norm_type: order of the norm; may be inf. Default: 2.
        error_if_nonfinite: raise where the norm is infinite or NaN. Default: False.
        foreach: accepted for compatibility; there is one implementation.

    Returns:
        The norm before scaling, without dimensions.

    Raises:
        RuntimeError: with error_if_nonfinite, where the norm is not finite.

    Example:
        >>> import flambeau as torch
        >>> w = torch.nn.Parameter(torch.zeros(2))
        >>> w.grad = torch.tensor([3., 4.])
        >>> torch.nn.utils.clip_grad_norm_([w], 1.)
        tensor(5.)
        >>> w.grad
        tensor([0.6000, 0.8000])

    Source: torch.nn.utils.clip_grad_norm_
    """
    given = _as_list(parameters)
    if isinstance(parameters, types.GeneratorType) and not given:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=3
        )
    grads = [p.grad for p in given if p.grad is not None]
    total = _get_total_norm(grads, norm_type, error_if_nonfinite, foreach)
    _clip_grads_with_norm_(given, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """`clip_grad_norm_` by its old name, with a warning."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


@no_grad()
def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Clamp the elements of gradients to [-clip_value, clip_value], in place.

    Args:
        parameters: one tensor or several; those without a gradient are skipped.
        clip_value: the largest absolute value that is allowed.
        foreach: accepted for compatibility; there is one implementation.

    Example:
        >>> import flambeau as torch
        >>> w = torch.nn.Parameter(torch.zeros(2))
        >>> w.grad = torch.tensor([3., -4.])
        >>> torch.nn.utils.clip_grad_value_([w], 1.)
        >>> w.grad
        tensor([ 1., -1.])

    Source: torch.nn.utils.clip_grad_value_
    """
    bound = float(clip_value)
    for p in _as_list(parameters):
        if p.grad is not None:
            p.grad.clamp_(min=-bound, max=bound)
