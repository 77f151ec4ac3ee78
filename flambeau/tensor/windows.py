"""Window functions under their names in the main namespace; periodic by default."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..device import strided
from ..dtype import FLOATING, dtype, get_default_dtype
from ..functional.calling import c_type, presented
from ..ops.special import i0
from .data import check_device, finished


def _window(name: str, formula: Callable[[Any, float], Any], length: int, periodic: bool,
            kind: dtype | None, options: tuple[Any, Any, Any], requires_grad: bool) -> Any:
    """A window; the formula takes the samples' numbers and the length of a period."""
    check_device(*options, name)
    kind = kind or get_default_dtype()
    if kind.category < FLOATING:
        raise RuntimeError(
            f"{name} expects floating point dtypes, got: TensorOptions(dtype={c_type(kind)}, "
            "device=cpu, layout=Strided (default), requires_grad=false (default), "
            "pinned_memory=false, memory_format=(nullopt))")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got "
                           f"window_length={length}")
    samples = np.arange(length, dtype=np.float64)
    values = formula(samples, length if periodic else length - 1) if length > 1 else samples + 1
    return finished(values.astype(kind.numpy), kind, requires_grad)


@presented("window_length periodic dtype layout device requires_grad")
def bartlett_window(window_length: int, periodic: bool = True, *, dtype: dtype | None = None,
                    layout: Any = strided, device: Any = None, pin_memory: bool = False,
                    requires_grad: bool = False) -> Any:
    """A triangle: 1 - |2k/n - 1|.

    Args:
        window_length: number of samples.
        periodic: whether n is that number (else one less: symmetric). Default: True.
        dtype: floating-point. Default: the default dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.bartlett_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])

    Source: torch.bartlett_window.
    """
    return _window("bartlett_window", lambda k, n: 1 - np.abs(2 * k / n - 1), window_length,
                   periodic, dtype, (device, pin_memory, layout), requires_grad)


def _cosines(*weights: float) -> Callable[[Any, float], Any]:
    return lambda k, n: sum((-1) ** i * w * np.cos(2 * math.pi * i * k / n)
                            for i, w in enumerate(weights))


@presented("window_length periodic dtype layout device requires_grad")
def hann_window(window_length: int, periodic: bool = True, *, dtype: dtype | None = None,
                layout: Any = strided, device: Any = None, pin_memory: bool = False,
                requires_grad: bool = False) -> Any:
    """sin²(πk / n).

    Args:
        window_length, periodic, dtype: as for `bartlett_window`.

    Example:
        >>> import flambeau as torch
        >>> torch.hann_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])

    Source: torch.hann_window.
    """
    return _window("hann_window", _cosines(0.5, 0.5), window_length, periodic, dtype,
                   (device, pin_memory, layout), requires_grad)


@presented("window_length periodic! alpha! beta! dtype layout device pin_memory requires_grad")
def hamming_window(window_length: int, periodic: bool = True, alpha: float = 0.54,
                   beta: float = 0.46, *, dtype: dtype | None = None, layout: Any = None,
                   device: Any = None, pin_memory: bool = False,
                   requires_grad: bool = False) -> Any:
    """α - β cos(2πk / n).

    Args:
        window_length, periodic, dtype: as for `bartlett_window`.
        alpha, beta: default: 0.54, 0.46.

    Example:
        >>> import flambeau as torch
        >>> torch.hamming_window(4)
        tensor([0.0800, 0.5400, 1.0000, 0.5400])

    Source: torch.hamming_window.
    """
    return _window("hamming_window", _cosines(alpha, beta), window_length, periodic, dtype,
                   (device, pin_memory, layout), requires_grad)


@presented("window_length periodic dtype layout device requires_grad")
def blackman_window(window_length: int, periodic: bool = True, *, dtype: dtype | None = None,
                    layout: Any = strided, device: Any = None, pin_memory: bool = False,
                    requires_grad: bool = False) -> Any:
    """0.42 - 0.5 cos(2πk / n) + 0.08 cos(4πk / n).

    Args:
        window_length, periodic, dtype: as for `bartlett_window`.

    Example:
        >>> import flambeau as torch
        >>> torch.blackman_window(3)[1:]
        tensor([0.6300, 0.6300])

    Source: torch.blackman_window.
    """
    return _window("blackman_window", _cosines(0.42, 0.5, 0.08), window_length, periodic,
                   dtype, (device, pin_memory, layout), requires_grad)


@presented("window_length periodic beta dtype layout device requires_grad")
def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0, *,
                  dtype: dtype | None = None, layout: Any = strided, device: Any = None,
                  pin_memory: bool = False, requires_grad: bool = False) -> Any:
    """I_0(β √(1 - (2k/n - 1)²)) / I_0(β).

    Args:
        window_length, periodic, dtype: as for `bartlett_window`.
        beta: how narrow it is. Default: 12.0.

    Example:
        >>> import flambeau as torch
        >>> torch.kaiser_window(3, False, beta=1.)
        tensor([0.7898, 1.0000, 0.7898])

    Source: torch.kaiser_window.
    """
    height = float(beta)
    return _window(
        "kaiser_window",
        lambda k, n: i0(height * np.sqrt(np.maximum(1 - (2 * k / n - 1) ** 2, 0))) / i0(height),
        window_length, periodic,
                   dtype, (device, pin_memory, layout), requires_grad)
