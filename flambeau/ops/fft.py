"""Discrete Fourier transforms without scale: host primitives over NumPy's FFT.

Each is linear, so that its derivative is its adjoint, which is again one of the three.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Spec, spec
from . import elementwise as ew
from . import reduction as rd
from .define import Primitive, Sym
from .movement import embed, expand, reshape

Ints = tuple[int, ...]


def _complex_numpy(x: Any, axes: Ints, inverse: bool) -> Any:
    if 0 in x.shape:
        return np.array(x)
    if inverse:
        return np.fft.ifftn(x, axes=axes, norm="forward").astype(x.dtype, copy=False)
    return np.fft.fftn(x, axes=axes).astype(x.dtype, copy=False)


fft_complex: Primitive = Primitive(
    "fft_complex", "host", _complex_numpy, lambda s, axes, inverse: s,
    lambda g, y, x, axes, inverse: [fft_complex(g, axes=axes, inverse=not inverse)])


def _halved(s: Spec, axis: int, size: int) -> Ints:
    return (*s.shape[:axis], size // 2 + 1, *s.shape[axis + 1:])


def _from_real_numpy(x: Any, axis: int) -> Any:
    kind = np.result_type(x.dtype, np.complex64)
    if 0 in x.shape:
        return np.zeros((*x.shape[:axis], x.shape[axis] // 2 + 1, *x.shape[axis + 1:]), kind)
    return np.fft.rfft(x, axis=axis).astype(kind, copy=False)


def _from_real_vjp(g: Sym, y: Sym, x: Sym, axis: int) -> list[Sym]:
    """The missing half counts as zero: the real part of a whole inverse transform."""
    whole = embed(g, shape=x.shape, start=(0,) * x.ndim, step=(1,) * x.ndim, value=0)
    return [ew.real(fft_complex(whole, axes=(axis,), inverse=True))]


fft_from_real: Primitive = Primitive(  # the first half of a real signal's spectrum
    "fft_from_real", "host", _from_real_numpy,
    lambda s, axis: spec(_halved(s, axis, s.shape[axis]), s.dtype.to_complex()), _from_real_vjp)


def _to_real_numpy(x: Any, axis: int, size: int) -> Any:
    kind = np.float64 if x.dtype == np.complex128 else np.float32
    if 0 in x.shape:
        return np.zeros((*x.shape[:axis], size, *x.shape[axis + 1:]), kind)
    return np.fft.irfft(x, size, axis, norm="forward").astype(kind, copy=False)


def _to_real_vjp(g: Sym, y: Sym, x: Sym, axis: int, size: int) -> list[Sym]:
    """Each coefficient but the first (and the last of an even size) stands for two."""
    place = rd.iota(n=x.shape[axis])
    twice = (place > 0) & (place < (size + 1) // 2)
    factor = ew.cast(twice, dtype=g.dtype) + 1
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    factor = expand(reshape(factor, shape=tuple(shape)), shape=x.shape)
    return [fft_from_real(g, axis=axis) * ew.cast(factor, dtype=x.dtype)]


fft_to_real: Primitive = Primitive(  # the real signal whose spectrum begins with x
    "fft_to_real", "host", _to_real_numpy,
    lambda s, axis, size: spec((*s.shape[:axis], size, *s.shape[axis + 1:]), s.dtype.to_real()),
    _to_real_vjp)
