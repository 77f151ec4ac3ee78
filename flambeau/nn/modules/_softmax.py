"""Activations that gate or normalise along a dimension."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional as F
from flambeau.nn.modules.module import Module

__all__ = ["GLU", "LogSoftmax", "Softmax", "Softmax2d", "Softmin"]


class _Normalised(Module):
    """Base of the activations along one dimension."""

    __constants__ = ["dim"]

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if not hasattr(self, "dim"):
            self.dim = None

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmin(_Normalised):
    """The softmax of −x.

    Args:
        dim: the dimension that sums to 1.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Softmin(dim=0)(torch.zeros(2))
        tensor([0.5000, 0.5000])

    Source: torch.nn.Softmin
    """

    def forward(self, input: Any) -> Any:
        return F.softmin(input, self.dim, _stacklevel=5)


class Softmax(_Normalised):
    """exp(x) / Σ exp(x) along a dimension.

    Args:
        dim: the dimension that sums to 1.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Softmax(dim=0)(torch.zeros(2))
        tensor([0.5000, 0.5000])

    Source: torch.nn.Softmax
    """

    def forward(self, input: Any) -> Any:
        return F.softmax(input, self.dim, _stacklevel=5)


class LogSoftmax(_Normalised):
    """x − log Σ exp(x) along a dimension.

    Args:
        dim: the dimension whose exponentials sum to 1.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LogSoftmax(dim=0)(torch.zeros(2))
        tensor([-0.6931, -0.6931])

    Source: torch.nn.LogSoftmax
    """

    def forward(self, input: Any) -> Any:
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """The softmax over the channels of every pixel of an image (N, C, H, W) or (C, H, W).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Softmax2d()(torch.zeros(2, 1, 1))[0]
        tensor([[0.5000]])

    Source: torch.nn.Softmax2d
    """

    def forward(self, input: Any) -> Any:
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D "
                             "instead")
        return F.softmax(input, -3, _stacklevel=5)


class GLU(Module):
    """a · σ(b), where a and b are the halves of the input along a dimension.

    Args:
        dim: the dimension that is halved. Default: -1.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.GLU()(torch.tensor([2., 0.]))
        tensor([1.])

    Source: Dauphin et al. 2016; torch.nn.GLU
    """

    __constants__ = ["dim"]

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
