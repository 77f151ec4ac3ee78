"""Choice of the backend of scaled dot-product attention."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flambeau.functional.attention import Backends

__all__ = ["SDPBackend", "sdpa_kernel"]


class SDPBackend(enum.IntEnum):
    """PyTorch's backends of `scaled_dot_product_attention`.

    All of them run the same code here; the choice decides the names in `grad_fn` and whether a call
    that PyTorch's backends refuse raises.

    Source: torch.nn.attention.SDPBackend
    """

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __repr__(self) -> str:
        return f"<SDPBackend.{self.name}: {self.value}>"

    def __str__(self) -> str:
        return f"SDPBackend.{self.name}"


@contextmanager
def sdpa_kernel(
    backends: list[SDPBackend] | SDPBackend, set_priority: bool = False
) -> Iterator[dict[Any, Any]]:
    """Inside the block attention may use these backends only.

    Args:
        backends: one backend or several.
        set_priority: their order is their priority. Default: False.

    Raises:
        AssertionError: for anything else than backends.

    Example:
        >>> import flambeau as torch
        >>> from flambeau.nn.attention import SDPBackend, sdpa_kernel
        >>> x = torch.ones(1, 1, 2, 2)
        >>> with sdpa_kernel(SDPBackend.MATH):
        ...     y = torch.nn.functional.scaled_dot_product_attention(x, x, x)

    Source: torch.nn.attention.sdpa_kernel
    """
    if not isinstance(backends, (list, SDPBackend)):
        raise AssertionError(
            "Backend must be an instance of SDPBackend or a list of SDPBackend instances, got "
            f"{type(backends).__name__}"
        )
    chosen = [backends] if isinstance(backends, SDPBackend) else backends
    before = Backends.allowed
    Backends.allowed = tuple(dict.fromkeys(b.name for b in chosen))
    try:
        yield {}
    finally:
        Backends.allowed = before
