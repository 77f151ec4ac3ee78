"""Discrete Fourier transforms (`flambeau.fft`): sizes, scales and directions over three kinds."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.record import Value, op, write_out
from ..dtype import FLOATING, get_default_dtype, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import fft as ft
from ..ops.movement import concatenate, embed, flip, strided_slice
from .arrange import roll
from .complex import conj
from .reduction import wrap_dim

Ints = tuple[int, ...]


# ---- arguments -----------------------------------------------------------------------------------

def _promoted(x: Any, complex_: bool) -> Any:
    """x in a dtype that can be transformed.

    Raises:
        RuntimeError: for float16 and bfloat16.
    """
    if x.dtype.is_reduced:
        raise RuntimeError(f"Unsupported dtype {scalar_name(x.dtype)}")
    if x.dtype.category < FLOATING:
        x = ar.astype(x, get_default_dtype())
    return ar.astype(x, x.dtype.to_complex()) if complex_ else x


def _scale(sizes: Ints, norm: str | None, forward: bool) -> float | None:
    """The factor of a transform over these sizes; None: 1."""
    if norm not in (None, "backward", "forward", "ortho"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    count = math.prod(sizes)
    if norm == "ortho":
        return 1 / math.sqrt(count)
    return 1 / count if (norm == "forward") == forward else None


def _require_points(n: int) -> None:
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")


def _resized(x: Any, sizes: Ints, axes: Ints) -> Any:
    """x cut or filled up with zeros at the ends of some axes."""
    shape = list(x.shape)
    for axis, n in zip(axes, sizes, strict=True):
        shape[axis] = n
    whole = tuple(shape)
    cut = tuple(map(min, whole, x.shape))
    start, step = (0,) * x.ndim, (1,) * x.ndim
    if cut != x.shape:
        x = strided_slice(x, start=start, shape=cut, step=step)
    return x if cut == whole else embed(x, shape=whole, start=start, step=step, value=0)


# ---- the three kinds -----------------------------------------------------------------------------

@op(name="fft_c2c", grad="FftC2CBackward0", widen=False)
def _complex(input: Value, sizes: Ints, axes: Ints, norm: str | None, forward: bool) -> Any:
    """From complex numbers to complex numbers."""
    x = _resized(_promoted(input, True), sizes, axes)
    y = ft.fft_complex(x, axes=axes, inverse=not forward)
    factor = _scale(sizes, norm, forward)
    return y if factor is None else y * factor


def _mirrored(half: Any, axis: int, size: int) -> Any:
    """The whole spectrum of a real signal from its first half."""
    count = (size - 1) // 2
    start = [0] * half.ndim
    start[axis] = 1
    shape = (*half.shape[:axis], count, *half.shape[axis + 1:])
    rest = strided_slice(half, start=tuple(start), shape=shape, step=(1,) * half.ndim)
    return concatenate(half, ew.conj(flip(rest, axes=(axis,))), axis=axis)


@op(name="fft_r2c", grad="FftR2CBackward0", widen=False)
def _from_real(input: Value, sizes: Ints, axes: Ints, norm: str | None, forward: bool,
               half: bool) -> Any:
    """From real numbers to (the half of) their spectrum; real along the last of the axes."""
    x = _resized(_promoted(input, False), sizes, axes)
    y = ft.fft_from_real(x, axis=axes[-1])
    if not half:
        y = _mirrored(y, axes[-1], sizes[-1])
    if axes[:-1]:
        y = ft.fft_complex(y, axes=axes[:-1], inverse=False)
    factor = _scale(sizes, norm, forward)
    return y if factor is None else y * factor


@op(name="fft_c2r", grad="FftC2RBackward0", widen=False)
def _to_real(input: Value, sizes: Ints, axes: Ints, norm: str | None, forward: bool) -> Any:
    """From half a spectrum to real numbers, along the last of the axes."""
    x = _promoted(input, True)
    if forward:
        x = ew.conj(x)
    x = _resized(x, (*sizes[:-1], sizes[-1] // 2 + 1), axes)
    if axes[:-1]:
        x = ft.fft_complex(x, axes=axes[:-1], inverse=True)
    y = ft.fft_to_real(x, axis=axes[-1], size=sizes[-1])
    factor = _scale(sizes, norm, forward)
    return y if factor is None else y * factor


# ---- along one dimension -------------------------------------------------------------------------

def _one(input: Any, n: int | None, dim: int, real_output: bool = False) -> tuple[Ints, Ints]:
    """The size of a transform and its axis."""
    if input.ndim == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = wrap_dim(dim, input.ndim)
    if n is None:
        size = input.shape[axis]
        n = 2 * (size - 1) if real_output else size
    _require_points(n)
    return (n,), (axis,)


def _require_real(input: Any, name: str, kind: str = "real") -> None:
    if input.dtype.is_complex:
        raise RuntimeError(f"{name} expects a {kind} input tensor, but got "
                           f"{scalar_name(input.dtype)}")


def _written(out: Any, result: Any, name: str) -> Any:
    return result if out is None else write_out(out, result, name)


def fft(input: Any, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Any:
    """The discrete Fourier transform along a dimension.

    X_k = Σ_j x_j e^(-2πi jk / n)

    Args:
        input: real or complex numbers.
        n: length; input is cut or filled up with zeros. Default: that of input.
        dim: the dimension. Default: -1.
        norm: `"backward"` (no scale), `"forward"` (1/n) or `"ortho"` (1/√n). Default: no scale.

    Raises:
        RuntimeError: for a length below 1 or an unknown norm.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.fft(torch.tensor([0., 1., 0., 0.]))
        tensor([ 1.+0.j,  0.-1.j, -1.+0.j,  0.+1.j])

    Source: torch.fft.fft.
    """
    sizes, axes = _one(input, n, dim)
    if input.dtype.is_complex:
        return _written(out, _complex(input, sizes, axes, norm, True), "fft")
    return _written(out, _from_real(input, sizes, axes, norm, True, False), "fft")


def ifft(input: Any, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Any:
    """The inverse of `fft`: x_j = 1/n Σ_k X_k e^(2πi jk / n).

    Args:
        input: real or complex numbers.
        n, dim: as for `fft`.
        norm: `"backward"` (1/n), `"forward"` (no scale) or `"ortho"` (1/√n). Default: 1/n.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.ifft(torch.tensor([4., 0., 0., 0.])).real
        tensor([1., 1., 1., 1.])

    Source: torch.fft.ifft.
    """
    sizes, axes = _one(input, n, dim)
    if input.dtype.is_complex:
        return _written(out, _complex(input, sizes, axes, norm, False), "ifft")
    return _written(out, conj(_from_real(input, sizes, axes, norm, False, False)), "ifft")


def rfft(input: Any, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Any:
    """The first n // 2 + 1 coefficients of a real signal's transform.

    Args:
        input: real numbers.
        n, dim, norm: as for `fft`.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.rfft(torch.tensor([1., 1., 1., 1.]))
        tensor([4.+0.j, 0.+0.j, 0.+0.j])

    Source: torch.fft.rfft.
    """
    _require_real(input, "rfft")
    return _written(out, _from_real(input, *_one(input, n, dim), norm, True, True), "rfft")


def irfft(input: Any, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Any:
    """The real signal of which `rfft` gives input.

    Args:
        input: (…, n // 2 + 1, …), complex.
        n: length of the signal. Default: 2 (size - 1).
        dim, norm: as for `ifft`.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.irfft(torch.tensor([4., 0., 0.]))
        tensor([1., 1., 1., 1.])

    Source: torch.fft.irfft.
    """
    return _written(out, _to_real(input, *_one(input, n, dim, True), norm, False), "irfft")


def hfft(input: Any, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Any:
    """The real spectrum of a signal that is Hermitian in time, given its first half.

    Args:
        input, n, dim: as for `irfft`.
        norm: as for `fft`.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.hfft(torch.tensor([1., 0., 0.]))
        tensor([1., 1., 1., 1.])

    Source: torch.fft.hfft.
    """
    return _written(out, _to_real(input, *_one(input, n, dim, True), norm, True), "hfft")


def ihfft(input: Any, n: Any = None, dim: int = -1, norm: Any = None, *, out: Any = None) -> Any:
    """The inverse of `hfft`: half of a Hermitian signal from its real spectrum.

    Args:
        input: real numbers.
        n, dim, norm: as for `ifft`.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.ihfft(torch.tensor([1., 1., 1., 1.])).real
        tensor([1., 0., 0.])

    Source: torch.fft.ihfft.
    """
    _require_real(input, "ihfft")
    half = _from_real(input, *_one(input, n, dim), norm, False, True)
    return _written(out, conj(half), "ihfft")


# ---- along several dimensions --------------------------------------------------------------------

def _ints(value: Any) -> Ints | None:
    if value is None:
        return None
    return tuple([int(v) for v in value]) if isinstance(value, (tuple, list)) else (int(value),)


def _several(input: Any, s: Any, dim: Any, real_output: bool = False) -> tuple[Ints, Ints]:
    """The sizes of a transform and its axes.

    Raises:
        RuntimeError: for dimensions that are named twice or do not go with the sizes.
    """
    given, dims, n = _ints(s), _ints(dim), input.ndim
    if dims is not None:
        axes = tuple([wrap_dim(d, n) for d in dims])
        if len(set(axes)) != len(axes):
            raise RuntimeError("FFT dims must be unique")
        if given is not None and len(given) != len(axes):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
    elif given is not None:
        if len(given) > n:
            raise RuntimeError(f"Got shape with {len(given)} values but input tensor only has "
                               f"{n} dimensions.")
        axes = tuple(range(n - len(given), n))
    else:
        axes = tuple(range(n))
    sizes = [input.shape[a] if given is None or given[i] == -1 else given[i]
             for i, a in enumerate(axes)]
    if real_output and sizes and (given is None or given[-1] == -1):
        sizes[-1] = 2 * (sizes[-1] - 1)
    for size in sizes:
        _require_points(size)
    return tuple(sizes), axes


def _require_axis(axes: Ints, name: str) -> None:
    if not axes:
        raise RuntimeError(f"{name} must transform at least one axis")


def fftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None, *, out: Any = None) -> Any:
    """The discrete Fourier transform along several dimensions.

    Args:
        input: real or complex numbers.
        s: lengths along them; -1: that of input. Default: those of input.
        dim: the dimensions. Default: all, or the last ones where s is given.
        norm: `"backward"` (no scale), `"forward"` (1/n) or `"ortho"` (1/√n), n being the product
            of the lengths. Default: no scale.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.fftn(torch.ones(2, 2))
        tensor([[4.+0.j, 0.+0.j],
                [0.+0.j, 0.+0.j]])

    Source: torch.fft.fftn.
    """
    return _written(out, _complex(input, *_several(input, s, dim), norm, True), "fftn")


def ifftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None, *, out: Any = None) -> Any:
    """The inverse of `fftn`.

    Args:
        input, s, dim: as for `fftn`.
        norm: as for `ifft`.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.ifftn(torch.ones(2, 2)).real
        tensor([[1., 0.],
                [0., 0.]])

    Source: torch.fft.ifftn.
    """
    return _written(out, _complex(input, *_several(input, s, dim), norm, False), "ifftn")


def rfftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None, *, out: Any = None) -> Any:
    """The transform of real numbers along several dimensions; half of it along the last of them.

    Args:
        input: real numbers.
        s, dim, norm: as for `fftn`.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.rfftn(torch.ones(2, 4)).shape
        torch.Size([2, 3])

    Source: torch.fft.rfftn.
    """
    _require_real(input, "rfftn", "real-valued")
    sizes, axes = _several(input, s, dim)
    _require_axis(axes, "rfftn")
    return _written(out, _from_real(input, sizes, axes, norm, True, True), "rfftn")


def irfftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None, *,
           out: Any = None) -> Any:
    """The real signal of which `rfftn` gives input.

    Args:
        input: complex numbers, half as many and one along the last dimension.
        s: lengths of the signal. Default: as in input, and 2 (size - 1) along the last dimension.
        dim: the dimensions. Default: all, or the last ones where s is given.
        norm: as for `ifft`.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.irfftn(torch.fft.rfftn(torch.ones(2, 4)))
        tensor([[1., 1., 1., 1.],
                [1., 1., 1., 1.]])

    Source: torch.fft.irfftn.
    """
    sizes, axes = _several(input, s, dim, True)
    _require_axis(axes, "irfftn")
    return _written(out, _to_real(input, sizes, axes, norm, False), "irfftn")


def _flipped(norm: str | None) -> str:
    """The norm of the opposite direction."""
    _scale((1,), norm, True)
    return {"forward": "backward", "ortho": "ortho"}.get(norm or "backward", "forward")


def hfftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None, *, out: Any = None) -> Any:
    """The real spectrum of a signal that is Hermitian in time, along several dimensions.

    Args:
        input, s, dim: as for `irfftn`.
        norm: as for `fftn`.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.hfftn(torch.ones(2, 2))
        tensor([[4., 0.],
                [0., 0.]])

    Source: torch.fft.hfftn.
    """
    sizes, axes = _several(input, s, dim, True)
    _require_axis(axes, "hfftn")
    return _written(out, _to_real(input, sizes, axes, norm, True), "hfftn")


def ihfftn(input: Any, s: Any = None, dim: Any = None, norm: Any = None, *,
           out: Any = None) -> Any:
    """The inverse of `hfftn`.

    Args:
        input: real numbers.
        s, dim: as for `fftn`.
        norm: as for `ifft`.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.ihfftn(torch.ones(2, 2)).real
        tensor([[1., 0.],
                [0., 0.]])

    Source: torch.fft.ihfftn.
    """
    if input.dtype.is_complex:
        raise RuntimeError("Only supports floating-point dtypes, but found: "
                           f"{scalar_name(input.dtype)}")
    sizes, axes = _several(input, s, dim)
    _require_axis(axes, "ihfftn")
    half = conj(_from_real(input, sizes[-1:], axes[-1:], norm, False, True))
    if axes[:-1]:
        half = _complex(half, sizes[:-1], axes[:-1], norm, False)
    return _written(out, half, "ihfftn")


def fft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None, *,
         out: Any = None) -> Any:
    """`fftn` along two dimensions, by default the last two.

    Source: torch.fft.fft2.
    """
    return fftn(input, s, dim, norm, out=out)


def ifft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None, *,
          out: Any = None) -> Any:
    """`ifftn` along two dimensions, by default the last two.

    Source: torch.fft.ifft2.
    """
    return ifftn(input, s, dim, norm, out=out)


def rfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None, *,
          out: Any = None) -> Any:
    """`rfftn` along two dimensions, by default the last two.

    Source: torch.fft.rfft2.
    """
    return rfftn(input, s, dim, norm, out=out)


def irfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None, *,
           out: Any = None) -> Any:
    """`irfftn` along two dimensions, by default the last two.

    Source: torch.fft.irfft2.
    """
    return irfftn(input, s, dim, norm, out=out)


def hfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None, *,
          out: Any = None) -> Any:
    """`hfftn` along two dimensions, by default the last two.

    Source: torch.fft.hfft2.
    """
    return hfftn(input, s, dim, norm, out=out)


def ihfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: Any = None, *,
           out: Any = None) -> Any:
    """`ihfftn` along two dimensions, by default the last two.

    Source: torch.fft.ihfft2.
    """
    return ihfftn(input, s, dim, norm, out=out)


# ---- order of frequencies ------------------------------------------------------------------------

def _shifted(input: Any, dim: Any, amount: Any) -> Any:
    dims = _ints(dim) or tuple(range(input.ndim) if dim is None else ())
    return roll(input, [amount(input.shape[wrap_dim(d, input.ndim)]) for d in dims], list(dims))


def fftshift(input: Any, dim: Any = None) -> Any:
    """Puts the frequency 0 into the middle.

    Args:
        input: a spectrum in the order of `fftn`.
        dim: the dimensions. Default: all.

    Example:
        >>> import flambeau as torch
        >>> torch.fft.fftshift(torch.fft.fftfreq(4))
        tensor([-0.5000, -0.2500,  0.0000,  0.2500])

    Source: torch.fft.fftshift.
    """
    return _shifted(input, dim, lambda n: n // 2)


def ifftshift(input: Any, dim: Any = None) -> Any:
    """The inverse of `fftshift`.

    Source: torch.fft.ifftshift.
    """
    return _shifted(input, dim, lambda n: (n + 1) // 2)
