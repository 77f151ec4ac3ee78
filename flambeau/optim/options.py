"""Options that optimizers share: checks, and numbers that may be tensors."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


def check_lr(lr: Any) -> None:
    """Check a learning rate.

    Raises:
        ValueError: for a tensor of several elements, or a negative or NaN rate.
    """
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not 0.0 <= lr:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_at_least_zero(value: Any, name: str) -> None:
    """Check an option that may not be negative.

    Raises:
        ValueError: `Invalid {name} value: …`.
    """
    if not 0.0 <= value:
        raise ValueError(f"Invalid {name} value: {value}")


def check_betas(betas: tuple[Any, Any]) -> None:
    """Check the decay rates of running averages.

    Raises:
        ValueError: outside [0, 1).
    """
    for i in (0, 1):
        if not 0.0 <= betas[i] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")


def check_fused(fused: bool | None, foreach: bool | None, differentiable: bool) -> None:
    """Check how the step is to be carried out (all ways give the same results here).

    Raises:
        RuntimeError: for ways that exclude each other.
    """
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def number(value: Any, group: dict[str, Any]) -> Any:
    """An option as a number; a tensor stays one where the step is differentiated."""
    if not isinstance(value, Tensor):
        return value
    if group.get("differentiable"):
        return value.squeeze() if value.ndim else value
    return value.item()
