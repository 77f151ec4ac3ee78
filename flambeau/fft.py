"""`torch.fft`: discrete Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .autograd.record import write_out as _write_out
from .device import layout as _layout
from .device import strided as _strided
from .dtype import FLOATING as _FLOATING
from .dtype import dtype as _dtype
from .dtype import get_default_dtype as _get_default_dtype
from .functional.fourier import (
    fft,
    fft2,
    fftn,
    fftshift,
    hfft,
    hfft2,
    hfftn,
    ifft,
    ifft2,
    ifftn,
    ifftshift,
    ihfft,
    ihfft2,
    ihfftn,
    irfft,
    irfft2,
    irfftn,
    rfft,
    rfft2,
    rfftn,
)
from .tensor.arrays import from_array as _from_array
from .tensor.data import check_device as _check_device

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2",
    "ifftn", "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2",
    "rfftfreq", "rfftn"]


def _frequencies(name: str, counts: Any, n: int, d: float, dtype: _dtype | None, device: Any,
                 requires_grad: bool, out: Any) -> Any:
    _check_device(device)
    kind = dtype or (out.dtype if out is not None else _get_default_dtype())
    if kind.category < _FLOATING:
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    made = _from_array((counts * (1.0 / (n * d)) if n else counts).astype(kind.numpy))
    if out is not None:
        return _write_out(out, made, name)
    return made.requires_grad_() if requires_grad else made


def fftfreq(n: int, d: float = 1.0, *, out: Any = None, dtype: _dtype | None = None,
            layout: _layout | None = _strided, device: Any = None,
            requires_grad: bool = False) -> Any:
    """The frequencies of `fft`'s coefficients: [0, 1, …, -2, -1] / (n d).

    Args:
        n: length of the signal.
        d: time between its samples. Default: 1.0.
        dtype: floating-point. Default: the default dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.fftfreq(4)
        tensor([ 0.0000,  0.2500, -0.5000, -0.2500])

    Source: torch.fft.fftfreq.
    """
    counts = np.arange(n)
    counts[(n + 1) // 2:] -= n
    return _frequencies("fftfreq", counts, n, d, dtype, device, requires_grad, out)


def rfftfreq(n: int, d: float = 1.0, *, out: Any = None, dtype: _dtype | None = None,
             layout: _layout | None = _strided, device: Any = None,
             requires_grad: bool = False) -> Any:
    """The frequencies of `rfft`'s coefficients: [0, 1, …, n // 2] / (n d).

    Args:
        n: length of the signal.
        d: time between its samples. Default: 1.0.
        dtype: floating-point. Default: the default dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.rfftfreq(4)
        tensor([0.0000, 0.2500, 0.5000])

    Source: torch.fft.rfftfreq.
    """
    return _frequencies("rfftfreq", np.arange(n // 2 + 1), n, d, dtype, device, requires_grad, out)
