"""`torch.signal.windows`: window functions.

They are symmetric unless `sym=False`, which makes them periodic. All take the keywords dtype
(float32 or float64), layout, device and requires_grad.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..device import strided
from ..dtype import dtype as _dtype
from ..dtype import float32, float64, get_default_dtype
from ..ops.special import i0
from ..tensor.data import check_device, finished

__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine",
    "general_hamming", "hamming", "hann", "kaiser", "nuttall"]


def _made(name: str, formula: Callable[[Any, float], Any], M: int, sym: bool,
          options: dict[str, Any]) -> Any:
    """A window of M samples; the formula takes their numbers and the length of a period.

    Raises:
        ValueError: for a negative length, another dtype or layout.
    """
    kind = options.get("dtype") or get_default_dtype()
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if options.get("layout", strided) is not strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: "
                         f"{options['layout']}")
    if kind not in (float32, float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind}")
    check_device(options.get("device"))
    samples = np.arange(M, dtype=np.float64)
    values = formula(samples, float(M if not sym else M - 1)) if M > 1 else np.ones(M)
    return finished(values.astype(kind.numpy), kind, bool(options.get("requires_grad")))


def exponential(M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True,
                dtype: _dtype | None = None, layout: Any = strided, device: Any = None,
                requires_grad: bool = False) -> Any:
    """e^(-|k - center| / tau).

    Args:
        M: number of samples.
        center: default: the middle; only for periodic windows.
        tau: decay. Default: 1.0.

    Raises:
        ValueError: for tau ≤ 0.

    Source: torch.signal.windows.exponential.
    """
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    return _made("exponential", lambda k, n: np.exp(
        -np.abs(k - (n / 2 if center is None else center)) / tau), M, sym,
        {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad})


def cosine(M: int, *, sym: bool = True, dtype: _dtype | None = None, layout: Any = strided,
           device: Any = None, requires_grad: bool = False) -> Any:
    """sin(π (k + 1/2) / M).

    Source: torch.signal.windows.cosine.
    """
    return _made("cosine", lambda k, n: np.sin(math.pi * (k + 0.5) / (n + 1)), M, sym,
        {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad})


def gaussian(M: int, *, std: float = 1.0, sym: bool = True, dtype: _dtype | None = None,
             layout: Any = strided, device: Any = None, requires_grad: bool = False) -> Any:
    """e^(-(k - middle)² / (2 std²)).

    Raises:
        ValueError: for std ≤ 0.

    Source: torch.signal.windows.gaussian.
    """
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    return _made("gaussian", lambda k, n: np.exp(-((k - n / 2) / std) ** 2 / 2), M, sym,
        {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad})


def kaiser(M: int, *, beta: float = 12.0, sym: bool = True, dtype: _dtype | None = None,
           layout: Any = strided, device: Any = None, requires_grad: bool = False) -> Any:
    """I_0(β √(1 - (2k/n - 1)²)) / I_0(β).

    Raises:
        ValueError: for a negative beta.

    Source: torch.signal.windows.kaiser.
    """
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    height = float(beta)
    return _made("kaiser", lambda k, n: i0(
        height * np.sqrt(np.maximum(1 - (2 * k / n - 1) ** 2, 0))) / i0(height), M, sym,
        {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad})


def general_cosine(M: int, *, a: Iterable[float], sym: bool = True, dtype: _dtype | None = None,
                   layout: Any = strided, device: Any = None, requires_grad: bool = False) -> Any:
    """Σ_i (-1)^i a_i cos(2π i k / n).

    Args:
        M: number of samples.
        a: the coefficients.

    Raises:
        TypeError: where they are no list.
        ValueError: where there are none.

    Source: torch.signal.windows.general_cosine.
    """
    options = {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad}
    return _cosines("general_cosine", M, a, sym, options)


def _cosines(name: str, M: int, a: Iterable[float], sym: bool, options: dict[str, Any]) -> Any:
    if M > 0 and not isinstance(a, (tuple, list)):
        raise TypeError("Coefficients must be a list/tuple")
    weights = list(a)
    if M > 0 and not weights:
        raise ValueError("Coefficients cannot be empty")
    return _made(name, lambda k, n: sum(
        (-1) ** i * w * np.cos(2 * math.pi * i * k / n) for i, w in enumerate(weights)),
        M, sym, options)


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, dtype: _dtype | None = None,
                    layout: Any = strided, device: Any = None, requires_grad: bool = False) -> Any:
    """α - (1 - α) cos(2πk / n).

    Source: torch.signal.windows.general_hamming.
    """
    return general_cosine(M, a=[alpha, 1.0 - alpha], sym=sym, dtype=dtype, layout=layout,
                          device=device, requires_grad=requires_grad)


def hamming(M: int, *, sym: bool = True, dtype: _dtype | None = None, layout: Any = strided,
            device: Any = None, requires_grad: bool = False) -> Any:
    """0.54 - 0.46 cos(2πk / n).

    Source: torch.signal.windows.hamming.
    """
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device,
                           requires_grad=requires_grad)


def hann(M: int, *, sym: bool = True, dtype: _dtype | None = None, layout: Any = strided,
         device: Any = None, requires_grad: bool = False) -> Any:
    """sin²(πk / n).

    Source: torch.signal.windows.hann.
    """
    return general_hamming(M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device,
                           requires_grad=requires_grad)


def blackman(M: int, *, sym: bool = True, dtype: _dtype | None = None, layout: Any = strided,
             device: Any = None, requires_grad: bool = False) -> Any:
    """0.42 - 0.5 cos(2πk / n) + 0.08 cos(4πk / n).

    Source: torch.signal.windows.blackman.
    """
    return _cosines("blackman", M, [0.42, 0.5, 0.08], sym, {
        "dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad})


def nuttall(M: int, *, sym: bool = True, dtype: _dtype | None = None, layout: Any = strided,
            device: Any = None, requires_grad: bool = False) -> Any:
    """Nuttall's sum of four cosines.

    Source: torch.signal.windows.nuttall.
    """
    return general_cosine(M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, dtype=dtype,
                          layout=layout, device=device, requires_grad=requires_grad)


def bartlett(M: int, *, sym: bool = True, dtype: _dtype | None = None, layout: Any = strided,
             device: Any = None, requires_grad: bool = False) -> Any:
    """1 - |2k/n - 1|.

    Source: torch.signal.windows.bartlett.
    """
    return _made("bartlett", lambda k, n: 1 - np.abs(2 * k / n - 1), M, sym,
        {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad})
