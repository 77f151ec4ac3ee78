"""How float32 matrix products may round: a switch that programs set; products are always exact."""

from __future__ import annotations

_CHOICES = ("highest", "high", "medium")
_chosen = ["highest"]


def set_float32_matmul_precision(precision: str) -> None:
    """Choose how much float32 matrix products may round: remembered, without effect.

    Args:
        precision: "highest", "high" or "medium".

    Raises:
        RuntimeError: for another one.

    Source: torch.set_float32_matmul_precision.
    """
    if precision not in _CHOICES:
        raise RuntimeError(f"Unknown precision {precision!r}: choose one of {_CHOICES}")
    _chosen[0] = precision


def get_float32_matmul_precision() -> str:
    """The precision that was chosen, at first "highest".

    Example:
        >>> import flambeau as torch
        >>> torch.get_float32_matmul_precision()
        'highest'

    Source: torch.get_float32_matmul_precision.
    """
    return _chosen[0]
