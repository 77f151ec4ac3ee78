"""Padding layers."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional as F
from flambeau.nn.modules.module import Module
from flambeau.nn.modules.utils import _ntuple, _pair, _quadruple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]

_sextuple = _ntuple(6)


class _PadNd(Module):
    """Keeps and shows the widths of a padding."""

    __constants__ = ["padding"]
    padding: tuple[int, ...]

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _CircularPadNd(_PadNd):
    """Continues the input periodically, after a check of its dimensions."""

    _rank: int

    def _check_input_dim(self, input: Any) -> None:
        rank = self._rank
        if input.dim() not in (rank + 1, rank + 2):
            raise ValueError(
                f"expected {rank + 1}D or {rank + 2}D input (got {input.dim()}D input)"
            )

    def forward(self, input: Any) -> Any:
        self._check_input_dim(input)
        return F.pad(input, self.padding, "circular")


class _ConstantPadNd(Module):
    """Puts a constant around the input."""

    __constants__ = ["padding", "value"]
    padding: tuple[int, ...]
    value: float

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, input: Any) -> Any:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ReflectionPadNd(_PadNd):
    """Mirrors the input at its border elements."""

    def forward(self, input: Any) -> Any:
        return F.pad(input, self.padding, "reflect")


class _ReplicationPadNd(_PadNd):
    """Repeats the border elements of the input."""

    def forward(self, input: Any) -> Any:
        return F.pad(input, self.padding, "replicate")


class CircularPad1d(_CircularPadNd):
    """Continues (N, C, L) periodically on all sides.

    Args:
        padding: one width for all sides, or (left, right).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.CircularPad1d(1)(torch.zeros(1, 2, 5)).shape
        torch.Size([1, 2, 7])

    Source: torch.nn.CircularPad1d
    """

    _rank = 1

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _pair(padding)


class CircularPad2d(_CircularPadNd):
    """Continues (N, C, H, W) periodically on all sides.

    Args:
        padding: one width for all sides, or (left, right, top, bottom).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.CircularPad2d(1)(torch.zeros(1, 2, 5, 5)).shape
        torch.Size([1, 2, 7, 7])

    Source: torch.nn.CircularPad2d
    """

    _rank = 2

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _quadruple(padding)


class CircularPad3d(_CircularPadNd):
    """Continues (N, C, D, H, W) periodically on all sides.

    Args:
        padding: one width for all sides, or (left, right, top, bottom, front, back).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.CircularPad3d(1)(torch.zeros(1, 2, 5, 5, 5)).shape
        torch.Size([1, 2, 7, 7, 7])

    Source: torch.nn.CircularPad3d
    """

    _rank = 3

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _sextuple(padding)


class ReflectionPad1d(_ReflectionPadNd):
    """Mirrors (N, C, L) at its border elements, which are not repeated.

    Args:
        padding: one width for all sides, or (left, right).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ReflectionPad1d(1)(torch.zeros(1, 2, 5)).shape
        torch.Size([1, 2, 7])

    Source: torch.nn.ReflectionPad1d
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _pair(padding)


class ReflectionPad2d(_ReflectionPadNd):
    """Mirrors (N, C, H, W) at its border elements, which are not repeated.

    Args:
        padding: one width for all sides, or (left, right, top, bottom).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ReflectionPad2d(1)(torch.zeros(1, 2, 5, 5)).shape
        torch.Size([1, 2, 7, 7])

    Source: torch.nn.ReflectionPad2d
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _quadruple(padding)


class ReflectionPad3d(_ReflectionPadNd):
    """Mirrors (N, C, D, H, W) at its border elements, which are not repeated.

    Args:
        padding: one width for all sides, or (left, right, top, bottom, front, back).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ReflectionPad3d(1)(torch.zeros(1, 2, 5, 5, 5)).shape
        torch.Size([1, 2, 7, 7, 7])

    Source: torch.nn.ReflectionPad3d
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _sextuple(padding)


class ReplicationPad1d(_ReplicationPadNd):
    """Repeats the border elements of (N, C, L).

    Args:
        padding: one width for all sides, or (left, right).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ReplicationPad1d(1)(torch.zeros(1, 2, 5)).shape
        torch.Size([1, 2, 7])

    Source: torch.nn.ReplicationPad1d
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _pair(padding)


class ReplicationPad2d(_ReplicationPadNd):
    """Repeats the border elements of (N, C, H, W).

    Args:
        padding: one width for all sides, or (left, right, top, bottom).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ReplicationPad2d(1)(torch.zeros(1, 2, 5, 5)).shape
        torch.Size([1, 2, 7, 7])

    Source: torch.nn.ReplicationPad2d
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _quadruple(padding)


class ReplicationPad3d(_ReplicationPadNd):
    """Repeats the border elements of (N, C, D, H, W).

    Args:
        padding: one width for all sides, or (left, right, top, bottom, front, back).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ReplicationPad3d(1)(torch.zeros(1, 2, 5, 5, 5)).shape
        torch.Size([1, 2, 7, 7, 7])

    Source: torch.nn.ReplicationPad3d
    """

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _sextuple(padding)


class ConstantPad1d(_ConstantPadNd):
    """Puts a constant around (N, C, L).

    Args:
        padding: one width for all sides, or (left, right); negative ones crop.
        value: the constant.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ConstantPad1d(1, 3.5)(torch.zeros(1, 2, 5)).shape
        torch.Size([1, 2, 7])

    Source: torch.nn.ConstantPad1d
    """

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(value)
        self.padding = _pair(padding)


class ConstantPad2d(_ConstantPadNd):
    """Puts a constant around (N, C, H, W).

    Args:
        padding: one width for all sides, or (left, right, top, bottom); negative ones crop.
        value: the constant.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ConstantPad2d(1, 3.5)(torch.zeros(1, 2, 5, 5)).shape
        torch.Size([1, 2, 7, 7])

    Source: torch.nn.ConstantPad2d
    """

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(value)
        self.padding = _quadruple(padding)


class ConstantPad3d(_ConstantPadNd):
    """Puts a constant around (N, C, D, H, W).

    Args:
        padding: one width for all sides, or (left, right, top, bottom, front,
            back); negative ones crop.
        value: the constant.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ConstantPad3d(1, 3.5)(torch.zeros(1, 2, 5, 5, 5)).shape
        torch.Size([1, 2, 7, 7, 7])

    Source: torch.nn.ConstantPad3d
    """

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(value)
        self.padding = _sextuple(padding)


class ZeroPad1d(ConstantPad1d):
    """Puts zeros around (N, C, L).

    Args:
        padding: one width for all sides, or (left, right); negative ones crop.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ZeroPad1d(1)(torch.zeros(1, 2, 5)).shape
        torch.Size([1, 2, 7])

    Source: torch.nn.ZeroPad1d
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """Puts zeros around (N, C, H, W).

    Args:
        padding: one width for all sides, or (left, right, top, bottom); negative ones crop.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ZeroPad2d(1)(torch.zeros(1, 2, 5, 5)).shape
        torch.Size([1, 2, 7, 7])

    Source: torch.nn.ZeroPad2d
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """Puts zeros around (N, C, D, H, W).

    Args:
        padding: one width for all sides, or (left, right, top, bottom, front,
            back); negative ones crop.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ZeroPad3d(1)(torch.zeros(1, 2, 5, 5, 5)).shape
        torch.Size([1, 2, 7, 7, 7])

    Source: torch.nn.ZeroPad3d
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"
