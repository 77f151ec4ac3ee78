"""Short-time Fourier transforms."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.base import TensorBase, wrap
from ..autograd.record import Value, op
from ..dtype import FLOATING, scalar_name
from ..graph import leaf
from ..ops.movement import strided_sum
from .complex import real, view_as_real
from .fourier import fft, ifft, irfft, rfft
from .padding import pad
from .parts import narrow, unfold
from .shape import squeeze, transpose, unsqueeze


def _shown(x: Any, braces: bool = False) -> str:
    if x is None:
        return "None"
    sizes = f"[{', '.join(map(str, x.shape))}]"
    return f"torch.{scalar_name(x.dtype)}Tensor" + (f"{{{sizes}}}" if braces else sizes)


def _padded_window(window: Any, n_fft: int, win_length: int, like: Any) -> Any:
    """The window centred in n_fft samples; ones where none is given."""
    if window is None:
        if win_length == n_fft:
            return None
        window = wrap(leaf(np.ones(win_length, like.numpy), like))
    left = (n_fft - win_length) // 2
    if win_length < n_fft:
        window = pad(window, (left, n_fft - win_length - left))
    return window


def _require_onesided(onesided: bool | None, complex_: bool) -> bool:
    """Whether half the spectrum is meant.

    Raises:
        RuntimeError: where that is asked of complex numbers.
    """
    if onesided and complex_:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    return not complex_ if onesided is None else bool(onesided)


def _flag(value: bool | None) -> str:
    return "None" if value is None else str(int(value))


def _centred(input: Any, n_fft: int, pad_mode: str) -> Any:
    dims = input.ndim
    extended = input.view([1] * (3 - dims) + list(input.shape))
    extended = pad(extended, [n_fft // 2, n_fft // 2], pad_mode)
    return extended.view(extended.shape[-dims:])


def _check_frames(text: str, input: Any, n_fft: int, hop: int, width: int, window: Any) -> None:
    if not (input.dtype.category >= FLOATING):
        raise RuntimeError(f"{text}expected a tensor of floating point or complex values")
    if not 1 <= input.ndim <= 2:
        raise RuntimeError(f"{text}expected a 1D or 2D tensor")
    if not 0 < n_fft <= input.shape[-1]:
        raise RuntimeError(f"{text}expected 0 < n_fft < {input.shape[-1]}, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"{text}expected hop_length > 0, but got hop_length={hop}")
    if not 0 < width <= n_fft:
        raise RuntimeError(f"{text}expected 0 < win_length <= n_fft, but got win_length={width}")
    if window is not None and tuple(window.shape) != (width,):
        raise RuntimeError(f"{text}expected a 1D window tensor of size equal to win_length={width},"
                           f" but got window with size {list(window.shape)}")


def stft(input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
         window: Any = None, center: bool = True, pad_mode: str = "reflect",
         normalized: bool = False, onesided: bool | None = None,
         return_complex: bool | None = None, align_to_window: bool | None = None) -> Any:
    """The Fourier transforms of overlapping stretches of a signal.

    X[k, m] = Σ_j window[j] input[m · hop_length + j] e^(-2πi jk / n_fft)

    Args:
        input: (length) or (batch, length).
        n_fft: samples in each transform.
        hop_length: samples from one stretch to the next. Default: n_fft // 4.
        win_length: samples of the window. Default: n_fft.
        window: weights. Default: ones.
        center: whether stretch m is centred at m · hop_length, by padding. Default: True.
        pad_mode: how it is padded (see `nn.functional.pad`). Default: `"reflect"`.
        normalized: whether to divide by √n_fft. Default: False.
        onesided: whether to leave out the mirrored half. Default: for real input and window.
        return_complex: False: real and imaginary parts in a last dimension; must be given for
            real input.
        align_to_window: frames by win_length instead of n_fft; only without center.

    Returns:
        (batch, frequencies, stretches), without the batch dimension for one signal.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.stft(torch.ones(8), 4, return_complex=True).shape
        torch.Size([3, 9])

    Source: torch.stft.
    """
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    if center:
        input = _centred(input, n_fft, pad_mode)
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    complex_ = input.dtype.is_complex or (window is not None and window.dtype.is_complex)
    if return_complex is None:
        if not complex_:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will "
                "further require that return_complex=True in a future PyTorch release.")
        return_complex = True
    text = (f"stft({_shown(input)}, n_fft={n_fft}, hop_length={hop}, win_length={width}, "
            f"window={_shown(window, True)}, normalized={int(normalized)}, "
            f"onesided={_flag(onesided)}, return_complex={_flag(return_complex)}, "
            f"align_to_window={_flag(align_to_window)}) : ")
    _check_frames(text, input, n_fft, hop, width, window)
    if align_to_window:
        left = (n_fft - width) // 2
        input = pad(input, (left, n_fft - width - left))
    rows = unsqueeze(input, 0) if input.ndim == 1 else input
    frames = unfold(rows, -1, n_fft, hop)  # (batch, stretches, n_fft)
    weights = _padded_window(window, n_fft, width, input.dtype)
    if weights is not None:
        frames = frames * weights
    half = _require_onesided(onesided, complex_)
    out = (rfft if half else fft)(frames, norm="ortho" if normalized else None)
    out = transpose(out, 1, 2)
    if input.ndim == 1:
        out = squeeze(out, 0)
    return out if return_complex else view_as_real(out)


@op(name="overlap_add", grad="Col2ImBackward0")
def _overlap_add(frames: Value, hop: int) -> Any:
    """The sum of the rows' stretches at their places: (batch, m, n) to (batch, length)."""
    batch, count, n = frames.shape
    total = n + hop * (count - 1)
    return strided_sum(frames, shape=(batch, total), strides=(total, hop, 1), offset=0)


def _check_spectrum(text: str, input: Any, n_fft: int, hop: int, width: int, half: bool) -> None:
    if 0 in input.shape:
        raise RuntimeError(f"{text}input tensor cannot be empty.")
    if input.ndim not in (2, 3):
        raise RuntimeError(f"{text}expected a tensor with 3 or 4 dimensions, but got "
                           f"{input.ndim + 1}")
    rows = input.shape[-2]
    if half and rows != n_fft // 2 + 1:
        raise RuntimeError(f"{text}expected the frequency dimension (3rd to the last) of the input "
                           "tensor to match n_fft / 2 + 1 when onesided=True, but got "
                           f"{rows}")
    if not half and rows != n_fft:
        raise RuntimeError(f"{text}expected the frequency dimension (3rd to the last) of the input "
                           f"tensor to match n_fft when onesided=False, but got {rows}")
    if not 0 < hop <= width:
        raise RuntimeError(f"{text}expected 0 < hop_length <= win_length")
    if not 0 < width <= n_fft:
        raise RuntimeError(f"{text}expected 0 < win_length <= n_fft")


def _squared_weights(weights: Any, n_fft: int, count: int, like: Any) -> Any:
    if weights is None:
        return wrap(leaf(np.ones((1, count, n_fft), like.numpy), like))
    return unsqueeze(unsqueeze(weights * weights, 0), 0).expand(1, count, n_fft)


def istft(input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
          window: Any = None, center: bool = True, normalized: bool = False,
          onesided: bool | None = None, length: int | None = None,
          return_complex: bool = False) -> Any:
    """The signal of which `stft` gives input, by least squares.

    Args:
        input: (batch, frequencies, stretches) or without the batch dimension; complex.
        n_fft, hop_length, win_length, window, center, normalized, onesided: as given to `stft`.
        length: samples to return. Default: as many as are certain.
        return_complex: whether the signal is complex. Default: False.

    Raises:
        RuntimeError: for sizes that do not fit, and where no window covers a sample.

    Example:
        >>> import flambeau as torch
        >>> torch.istft(torch.stft(torch.ones(8), 4, return_complex=True), 4)
        tensor([1., 1., 1., 1., 1., 1., 1., 1.])

    Source: torch.istft.
    """
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if not input.dtype.is_complex:
        raise RuntimeError("istft requires a complex-valued input tensor matching the output from "
                           "stft with return_complex=True.")
    sizes = ", ".join(map(str, input.shape))
    text = (f"istft(CPU{scalar_name(input.dtype)}Type[{sizes}], n_fft={n_fft}, hop_length={hop}, "
            f"win_length={width}, window={_shown(window, True)}, center={int(center)}, "
            f"normalized={int(normalized)}, onesided={_flag(onesided)}, length={length}, "
            f"return_complex={int(return_complex)}) ")
    half = _require_onesided(onesided, return_complex)
    _check_spectrum(text + ": ", input, n_fft, hop, width, half)
    if window is not None and tuple(window.shape) != (width,):
        raise RuntimeError(f"{text}: Invalid window shape. window has to be 1D and length of "
                           "`win_length`")
    single = input.ndim == 2
    frames = transpose(unsqueeze(input, 0) if single else input, 1, 2)
    norm = "ortho" if normalized else None
    if return_complex:
        frames = ifft(frames, norm=norm)
    else:
        if not half:
            frames = narrow(frames, -1, 0, n_fft // 2 + 1)
        frames = irfft(frames, n_fft, norm=norm)
    weights = _padded_window(window, n_fft, width, input.dtype.to_real())
    out = _resynthesized(text, frames, weights, hop, n_fft // 2 if center else 0, center, length)
    return squeeze(out, 0) if single else out


def _resynthesized(text: str, frames: Any, weights: Any, hop: int, start: int, center: bool,
                   length: int | None) -> Any:
    """The weighted frames added up, divided by what the squared windows add up to."""
    count, n_fft = frames.shape[-2:]
    total = n_fft + hop * (count - 1)
    squares = _overlap_add(_squared_weights(weights, n_fft, count, frames.dtype.to_real()), hop)
    signal = _overlap_add(frames if weights is None else frames * weights, hop)
    end = start + length if length is not None else total - start if center else total
    kept = max(min(end, total) - start, 0)
    squares, signal = narrow(squares, 1, start, kept), narrow(signal, 1, start, kept)
    magnitude = real(squares).abs() if isinstance(squares, TensorBase) else squares
    if kept and not bool((magnitude.min() > 1e-11).item()):
        raise RuntimeError(f"{text}window overlap add min: 1")
    signal = signal / squares
    if end > total:
        warnings.warn("The length of signal is shorter than the length parameter. Result is being "
                      "padded with zeros in the tail. Please check your center and hop_length "
                      "settings.", UserWarning, stacklevel=3)
        signal = pad(signal, (0, end - total))
    return signal
