"""Change of resolution: nearest, linear, cubic and area interpolation, also antialiased.

All of them are weighted sums of a few neighbours, one axis after the other: positions (out, taps)
and weights (out, taps) are computed in the input's dtype, as PyTorch does.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..autograd.record import Value, op
from ..dtype import FLOATING, float32, float64, int64, uint8
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.movement import expand, reshape
from ..ops.reduction import reduce_sum
from .adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from .calling import not_implemented
from .windows import counting, take_axis

_RANKS = {"nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "linear": (1,), "bilinear": (2,),
          "bicubic": (2,), "trilinear": (3,), "lanczos": (2,)}
_CUBIC = -0.75  # the slope parameter of PyTorch's bicubic interpolation
_CUBIC_ANTIALIAS = -0.5  # and of its antialiased one, as Pillow has it


# ---- positions and weights along one axis --------------------------------------------------------

def _number(d: Any) -> Any:
    return np.float64 if d is float64 else np.float32


def _scale(n: int, out: int, align_corners: bool, factor: float | None, d: Any) -> float:
    """Distance in the input between neighbours of the output, rounded to the dtype."""
    number = _number(d)
    if align_corners:
        return float(number(n - 1) / number(out - 1)) if out > 1 else 0.0
    return float(number(1.0 / factor)) if factor else float(number(n) / number(out))


def _source(out: int, scale: float, align_corners: bool, d: Any) -> Any:
    i = counting(out, d)
    step = ar.literal(scale, d)
    return i * step if align_corners else (i + 0.5) * step - 0.5


def _bounded(index: Any, n: int) -> Any:
    low = ar.literal(0, int64)
    high = ar.literal(n - 1, int64)
    return ew.minimum(ew.maximum(index, low), high)


def _nearest(n: int, out: int, scale: float, exact: bool, d: Any) -> Any:
    if n == out:
        return counting(out, int64)
    place = counting(out, d)
    place = (place + 0.5 if exact else place) * ar.literal(scale, d)
    return _bounded(ew.cast(ew.floor(place), dtype=int64), n)


def _linear(n: int, out: int, scale: float, align_corners: bool, d: Any) -> tuple[Any, Any]:
    place = _source(out, scale, align_corners, d)
    place = ar.where(place < 0, ar.literal(0, d), place)
    low = _bounded(ew.cast(place, dtype=int64), n)
    right = place - ew.cast(low, dtype=d)
    right = ar.where(right > 1, ar.literal(1, d), right)
    columns = [reshape(x, shape=(out, 1)) for x in (low, right)]
    step = reshape(counting(2, int64), shape=(1, 2))
    share = columns[1] * (2 * counting(2, d) - 1) + reshape(1 - counting(2, d), shape=(1, 2))
    return _bounded(columns[0] + step, n), share


def _cubic(n: int, out: int, scale: float, align_corners: bool, d: Any) -> tuple[Any, Any]:
    place = _source(out, scale, align_corners, d)
    low = ew.floor(place)
    t = reshape(place - low, shape=(out, 1))
    taps = reshape(counting(4, int64), shape=(1, 4)) - 1
    start = ew.cast(reshape(low, shape=(out, 1)), dtype=int64)
    return _bounded(start + taps, n), cubic_weights(ew.cast(taps, dtype=d) - t)


def cubic_weights(x: Any, slope: float = _CUBIC) -> Any:
    """The cubic convolution kernel at distances x; zero from a distance of 2 on.

    Source: Keys, Cubic convolution interpolation for digital image processing, 1981.
    """
    x = ew.absolute(x)
    near = ((slope + 2) * x - (slope + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * slope
    return ar.where(x <= 1, near, ar.where(x < 2, far, ar.literal(0, x.dtype)))


def _triangle(x: Any) -> Any:
    x = ew.absolute(x)
    return ar.where(x < 1, 1 - x, ar.literal(0, x.dtype))


def _cubic_antialias(x: Any) -> Any:
    return cubic_weights(x, _CUBIC_ANTIALIAS)


def _sinc(x: Any) -> Any:
    turned = x * math.pi
    safe = ar.where(x.eq(0), ar.literal(1, x.dtype), turned)
    return ar.where(x.eq(0), ar.literal(1, x.dtype), ew.sin(safe) / safe)


def _lanczos(x: Any) -> Any:
    inside = ew.absolute(x) < 3
    return ar.where(inside, _sinc(x) * _sinc(x / 3), ar.literal(0, x.dtype))


_FILTERS = {"bilinear": (_triangle, 2), "bicubic": (_cubic_antialias, 4), "lanczos": (_lanczos, 6)}


def _antialiased(n: int, out: int, scale: float, mode: str, d: Any) -> tuple[Any, Any]:
    """A filter as wide as one step of the output, or of the input where that is wider."""
    shape, width = _FILTERS[mode]
    stretch = max(scale, 1.0)
    support = width * 0.5 * stretch
    center = reshape((counting(out, d) + 0.5) * ar.literal(scale, d), shape=(out, 1))
    first = _bounded_float(ew.cast(center - support + 0.5, dtype=int64), 0, n)
    end = _bounded_float(ew.cast(center + support + 0.5, dtype=int64), 0, n)
    count = min(math.ceil(support) * 2 + 1, n)
    taps = reshape(counting(count, int64), shape=(1, count))
    index = first + taps
    weight = shape((ew.cast(index, dtype=d) - center + 0.5) * ar.literal(1.0 / stretch, d))
    weight = ar.where(index < end, weight, ar.literal(0, d))
    total = reshape(reduce_sum(weight, axes=(1,)), shape=(out, 1))
    return _bounded(index, n), weight / ar.where(total.eq(0), ar.literal(1, d), total)


def _bounded_float(index: Any, low: int, high: int) -> Any:
    return ew.minimum(ew.maximum(index, ar.literal(low, int64)), ar.literal(high, int64))


# ---- the axes ------------------------------------------------------------------------------------

def _combined(x: Any, axis: int, index: Any, weight: Any) -> Any:
    """Weighted sums of the entries of an axis at positions (out, taps)."""
    out, taps = index.shape
    spread = take_axis(x, reshape(index, shape=(out * taps,)), axis)
    spread = reshape(spread, shape=(*x.shape[:axis], out, taps, *x.shape[axis + 1:]))
    weight = reshape(weight, shape=(out, taps, *[1] * (x.ndim - axis - 1)))
    total = reduce_sum(spread * weight, axes=(axis + 1,))
    return _rounded(total) if x.dtype is uint8 else total


def _repeats(n: int, out: int, scale: float, exact: bool, d: Any) -> int:
    """How often every entry is repeated, where the nearest one is the same for equal runs; or 0."""
    if out % n:
        return 0
    number = _number(d)
    place = np.arange(out, dtype=number)
    place = np.floor((place + number(0.5) if exact else place) * number(scale))
    return out // n if np.array_equal(np.minimum(place, n - 1), np.arange(out) // (out // n)) else 0


def _nearest_axis(x: Any, axis: int, out: int, scale: float, exact: bool, d: Any) -> Any:
    n = x.shape[axis]
    if n == out:
        return x
    times = _repeats(n, out, scale, exact, d)
    if not times:
        return take_axis(x, _nearest(n, out, scale, exact, d), axis)
    lead, tail = x.shape[:axis], x.shape[axis + 1:]
    spread = expand(reshape(x, shape=(*lead, n, 1, *tail)), shape=(*lead, n, times, *tail))
    return reshape(spread, shape=(*lead, out, *tail))


def _resampled(x: Any, axis: int, out: int, mode: str, align_corners: bool, antialias: bool,
               factor: float | None) -> Any:
    n = x.shape[axis]
    d = x.dtype if x.dtype.category == FLOATING else float32
    scale = _scale(n, out, align_corners, factor, d)
    if mode in ("nearest", "nearest-exact"):
        return _nearest_axis(x, axis, out, scale, mode == "nearest-exact", d)
    if antialias:
        return _combined(x, axis, *_antialiased(n, out, scale, mode, d))
    if n == out and (align_corners or not factor or factor == 1):
        return x
    weights = _cubic if mode == "bicubic" else _linear
    return _combined(x, axis, *weights(n, out, scale, align_corners, d))


def _rounded(x: Any) -> Any:
    """Sums of bytes as bytes: PyTorch rounds after every axis."""
    x = ew.maximum(*ar.operands(ew.floor(x + 0.5), 0.0))
    return ew.cast(ew.minimum(*ar.operands(x, 255.0)), dtype=uint8)


def _name(specs: Any, static: Any) -> str:
    mode, antialias = static[1], static[3]
    rank = len(static[0])
    stem = {"nearest": f"Nearest{rank}D", "nearest-exact": f"NearestExact{rank}D",
            "linear": "Linear1D", "bilinear": "Bilinear2D", "bicubic": "Bicubic2D",
            "trilinear": "Trilinear3D", "lanczos": "Lanczos2D"}[mode]
    return f"Upsample{stem}{'Aa' if antialias else ''}Backward0"


def _shown(size: Any) -> str:
    return ", ".join(f"{a}: {n}" for a, n in zip("DHW"[3 - len(size):], size, strict=True))


@op(grad=_name)
def _interpolate(input: Value, size: Any, mode: str, align_corners: bool, antialias: bool,
                 factors: Any) -> Any:
    rank = len(size)
    shape = input.shape
    if min(size) < 1 or min(shape[2:]) < 1:
        raise RuntimeError(
            "Input and output sizes should be greater than 0, but got input "
            f"({_shown(shape[2:])}) output ({_shown(size)})")
    if not all(shape[1:]):
        raise RuntimeError(f"Non-empty {rank + 2}D data tensor expected but got a tensor with "
                           f"sizes {list(shape)}")
    kernel = f"compute_indices_weights_{mode.removeprefix('bi').removeprefix('tri')}"
    if input.dtype.category != FLOATING and input.dtype is not uint8:
        raise not_implemented(kernel, input.dtype)
    x = input
    for k in reversed(range(rank)):
        x = _resampled(x, 2 + k, size[k], mode, align_corners, antialias, factors and factors[k])
    return x


# ---- arguments -----------------------------------------------------------------------------------

def _is_integer(x: Any) -> bool:
    return isinstance(x, (int, np.integer)) or (
        hasattr(x, "is_floating_point") and not x.is_floating_point())


def _sizes(input: Any, size: Any, scale_factor: Any) -> tuple[Any, Any]:
    """Sizes and factors, one of them None, the other one number per dimension."""
    shape = tuple(input.shape)
    rank = len(shape) - 2
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if size is None:
        if not isinstance(scale_factor, (list, tuple)):
            return None, (float(scale_factor),) * rank
        if len(scale_factor) != rank:
            raise ValueError(
                "Input and scale_factor must have the same number of spatial dimensions, but got "
                f"input with spatial dimensions of {list(shape[2:])} and scale_factor of shape "
                f"{scale_factor}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
                "scale_factor in (s1, s2, ...,sK) format.")
        return None, tuple([float(f) for f in scale_factor])
    if not isinstance(size, (list, tuple)):
        return (int(size),) * rank, None
    if len(size) != rank:
        raise ValueError(
            "Input and output must have the same number of spatial dimensions, but got input with "
            f"spatial dimensions of {list(shape[2:])} and output size of {size}. Please provide "
            "input tensor in (N, C, d1, d2, ...,dK) format and output size in (o1, o2, ...,oK) "
            "format.")
    if not all(_is_integer(n) for n in size):
        raise TypeError("expected size to be one of int or Tuple[int] or Tuple[int, int] or "
                        f"Tuple[int, int, int], but got size with types {[type(n) for n in size]}")
    return tuple([int(n) for n in size]), None


def _check_mode(rank: int, mode: str, align_corners: bool, antialias: bool) -> None:
    """Raise PyTorch's errors for a mode that does not fit."""
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and rank == 2):
        raise ValueError("Anti-alias option is restricted to bilinear, bicubic, and lanczos modes "
                         "and requires a 4-D tensor as input")
    if mode == "area" and rank in (1, 2, 3):
        return
    if rank not in _RANKS.get(mode, ()):
        wanted = {"linear": 3, "bilinear": 4, "trilinear": 5}.get(mode)
        if wanted and rank in (1, 2, 3):
            raise NotImplementedError(
                f"Got {rank + 2}D input, but {mode} mode needs {wanted}D input")
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {rank + 2}D) for the "
            "modes: nearest | linear | bilinear | bicubic | trilinear | lanczos | area | "
            f"nearest-exact (got {mode})")
    if mode == "lanczos":
        if align_corners:
            raise ValueError("Lanczos mode does not support align_corners=True")
        if not antialias:
            raise ValueError("Lanczos mode requires antialias=True")


def interpolate(input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
                align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
                antialias: bool = False) -> Any:
    """Resize (N, C, *S) with one to three spatial dimensions.

    Args:
        input: floating point or uint8.
        size: sizes of the output, one number or one per dimension; or
        scale_factor: factor of the sizes, likewise.
        mode: "nearest", "nearest-exact", "linear" (3-D input), "bilinear", "bicubic" (4-D),
            "trilinear" (5-D), "area", or "lanczos" (4-D, antialiased). Default: "nearest".
        align_corners: let the corner elements of input and output coincide. Default: False.
        recompute_scale_factor: interpolate by the ratio of the rounded sizes instead of by
            scale_factor. Default: None.
        antialias: widen the filter where the output is smaller ("bilinear", "bicubic").

    Returns:
        (N, C, *size) or (N, C, *⌊S · scale_factor⌋).

    Raises:
        ValueError, TypeError, NotImplementedError: where arguments and dimensions do not fit.

    Example:
        >>> import flambeau as torch
        >>> F = torch.nn.functional
        >>> F.interpolate(torch.tensor([[[1., 3.]]]), scale_factor=2, mode="linear")
        tensor([[[1.0000, 1.5000, 2.5000, 3.0000]]])

    Source: PyTorch, torch.nn.functional.interpolate.
    """
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError("align_corners option can only be set with the interpolating modes: "
                         "linear | bilinear | bicubic | trilinear")
    shape = tuple(input.shape)
    out, factors = _sizes(input, size, scale_factor)
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if factors:
        out = tuple([int(n * f) for n, f in zip(shape[2:], factors, strict=True)])
        if recompute_scale_factor or mode == "area":
            factors = None
    rank = len(shape) - 2
    _check_mode(rank, mode, bool(align_corners), antialias)
    if mode == "area":
        pools = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)
        return pools[rank - 1](input, out)
    return _interpolate(input, out, mode, bool(align_corners), antialias, factors)


def upsample(input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
             align_corners: bool | None = None) -> Any:
    """`interpolate` under its former name; warns."""
    _warn_deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate` to the nearest element, under its former name; warns."""
    _warn_deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate` bilinearly with aligned corners, under its former name; warns."""
    _warn_deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _warn_deprecated(name: str) -> None:
    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
                  stacklevel=3)
