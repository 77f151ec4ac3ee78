"""Sampling at arbitrary places: grids of affine maps, and interpolation at the points of a grid."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..autograd.record import Value, op
from ..dtype import FLOATING, int64, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.contraction import dot
from ..ops.gather import take
from ..ops.movement import concatenate, expand, permute, reshape, strided_slice
from .calling import not_implemented
from .interpolation import cubic_weights
from .windows import Ints, counting

_DEFAULT_CHANGED = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. "
    "Please specify align_corners=True if the old behavior is desired. See the documentation of "
    "grid_sample for details.")


# ---- grids of affine maps ------------------------------------------------------------------------

def _coordinates(n: int, align_corners: bool, d: Any) -> Any:
    """n places from -1 to 1: the corners' centres, or the centres of n equal parts."""
    if n <= 1:
        return counting(n, d) * 0
    step = ar.literal(2.0 / (n - 1), d)
    i = counting(n, d)
    spaced = ar.where(i < n // 2, i * step - 1, 1 - (n - 1 - i) * step)
    return spaced if align_corners else spaced * (n - 1) / n


@op(grad="AffineGridGeneratorBackward0")
def _affine_grid(theta: Value, size: Any, align_corners: bool) -> Any:
    spatial = size[2:]
    rank = len(spatial)
    if theta.shape[0] != size[0]:
        raise RuntimeError("Expected size for first two dimensions of batch2 tensor to be: "
                           f"[{size[0]}, {rank + 1}] but got: [{theta.shape[0]}, {rank + 1}].")
    columns = []
    for k in reversed(range(rank)):  # x first
        line = _coordinates(spatial[k], align_corners, theta.dtype)
        line = reshape(line, shape=tuple(spatial[k] if i == k else 1 for i in range(rank)))
        columns.append(reshape(expand(line, shape=spatial), shape=(math.prod(spatial), 1)))
    one = expand(ar.literal(1, theta.dtype), shape=(math.prod(spatial), 1))
    base = concatenate(*columns, one, axis=1)
    moved = dot(theta, base, contract=((2,), (1,)), batch=((), ()))  # (N, rank, points)
    return reshape(permute(moved, dims=(0, 2, 1)), shape=(size[0], *spatial, rank))


def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    """The places that affine maps send the points of a regular grid to.

    Args:
        theta: (N, 2, 3) or (N, 3, 4), the maps.
        size: (N, C, H, W) or (N, C, D, H, W), the output of the `grid_sample` to come.
        align_corners: whether -1 and 1 are the centres of the corner elements. Default: False.

    Returns:
        (N, H, W, 2) or (N, D, H, W, 3), with x first.

    Raises:
        ValueError, NotImplementedError: where shapes do not fit.

    Example:
        >>> import flambeau as torch
        >>> theta = torch.tensor([[[1., 0., 0.], [0., 1., 0.]]])
        >>> torch.nn.functional.affine_grid(theta, (1, 1, 1, 2), align_corners=False)
        tensor([[[[-0.5000,  0.0000],
                  [ 0.5000,  0.0000]]]])

    Source: PyTorch, torch.nn.functional.affine_grid.
    """
    if align_corners is None:
        warnings.warn(_DEFAULT_CHANGED, stacklevel=2)
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    rank = len(size) - 2
    if rank not in (2, 3):
        raise NotImplementedError("affine_grid only supports 4D and 5D sizes, for 2D and 3D affine "
                                  f"transforms, respectively. Got size {size}.")
    if theta.dim() != 3 or tuple(theta.shape[1:]) != (rank, rank + 1):
        raise ValueError(f"Expected a batch of {rank}D affine matrices of shape "
                         f"Nx{rank}x{rank + 1} for size {size}. Got {theta.shape}.")
    if align_corners and min(size[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when "
            "align_corners=True. This is not an intended use case of affine_grid. See the "
            "documentation of affine_grid for details.", stacklevel=2)
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    return _affine_grid(theta, tuple([int(n) for n in size]), align_corners)


# ---- places on the input -------------------------------------------------------------------------

def _unnormalized(x: Any, n: int, align_corners: bool) -> Any:
    """-1 … 1 to positions along an axis of size n."""
    return (x + 1) / 2 * (n - 1) if align_corners else ((x + 1) * n - 1) / 2


def _clipped(x: Any, n: int) -> Any:
    """Positions at or beyond the borders moved there, without gradient."""
    x = ar.where(x > 0, x, ar.literal(0, x.dtype))
    return ar.where(x < n - 1, x, ar.literal(n - 1, x.dtype))


def _mirrored(x: Any, twice_low: int, twice_high: int) -> Any:
    """Positions reflected at two borders (given doubled) until they are between them."""
    if twice_low == twice_high:
        return x * 0
    low, span = twice_low / 2, (twice_high - twice_low) / 2
    x = x - low
    x = ar.where(x < 0, -x, x)
    flips = ew.stop_gradient(ew.floor(x / span))
    extra = x - flips * span
    odd = ew.remainder(*ar.operands(flips, 2.0)).eq(1)
    return ar.where(odd, span - extra + low, extra + low)


def _placed(x: Any, n: int, padding_mode: str, align_corners: bool) -> Any:
    if padding_mode == "border":
        return _clipped(x, n)
    if padding_mode == "reflection":
        return _clipped(_mirrored(x, 0, 2 * (n - 1)) if align_corners
                        else _mirrored(x, -1, 2 * n - 1), n)
    return x


# ---- values there --------------------------------------------------------------------------------

def _values(rows: Any, places: list[Any], size: Ints) -> Any:
    """rows (N, *S, C) at integer positions (as floats), one per axis; 0 outside."""
    inside: Any = None
    for place, n in zip(places, size, strict=True):
        good = (place >= 0) & (place <= n - 1)
        inside = good if inside is None else inside & good
    indices = [ew.cast(ar.where(inside, place, ar.literal(0, place.dtype)), dtype=int64)
               for place in places]
    shape = indices[0].shape
    batch = reshape(counting(shape[0], int64), shape=(shape[0], *[1] * (len(shape) - 1)))
    found = take(rows, expand(batch, shape=shape), *indices)
    return ar.where(reshape(inside, shape=(*shape, 1)), found, ar.literal(0, rows.dtype))


def _bilinear_sample(rows: Any, places: list[Any], size: Ints) -> Any:
    lows = [ew.stop_gradient(ew.floor(p)) for p in places]
    total: Any = None
    for corner in np.ndindex(*[2] * len(size)):
        at = [low + c for low, c in zip(lows, corner, strict=True)]
        weight: Any = None
        for place, low, c in zip(places, lows, corner, strict=True):
            share = place - low if c else low + 1 - place
            weight = share if weight is None else weight * share
        part = _values(rows, at, size) * reshape(weight, shape=(*weight.shape, 1))
        total = part if total is None else total + part
    return total


def _bicubic_sample(rows: Any, places: list[Any], size: Ints, padding_mode: str,
                    align_corners: bool) -> Any:
    lows = [ew.stop_gradient(ew.floor(p)) for p in places]
    total: Any = None
    for tap in np.ndindex(*[4] * len(size)):
        at: list[Any] = []
        weight: Any = None
        for place, low, k, n in zip(places, lows, tap, size, strict=True):
            share = cubic_weights(low + (k - 1) - place)
            weight = share if weight is None else weight * share
            at.append(ew.round_even(_placed(low + (k - 1), n, padding_mode, align_corners)))
        part = _values(rows, at, size) * reshape(weight, shape=(*places[0].shape, 1))
        total = part if total is None else total + part
    return total


def _check_grid(x: Any, grid: Any, mode: str) -> None:
    given = f"input with sizes {list(x.shape)} and grid with sizes {list(grid.shape)}"
    if x.shape[0] != grid.shape[0]:
        raise RuntimeError("grid_sampler(): expected grid and input to have same batch size, but "
                           f"got {given}")
    if grid.shape[-1] != x.ndim - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {x.ndim - 2} in last dimension, but got "
            f"grid with sizes {list(grid.shape)}")
    for axis in range(2, x.ndim):
        if not x.shape[axis]:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input "
                f"has sizes {list(x.shape)} with dimension {axis} being empty")
    if x.ndim not in (4, 5) or x.ndim != grid.ndim:
        wanted = "4D" if x.ndim == 4 else "5D"
        raise RuntimeError(f"grid_sampler(): expected {wanted} input and grid with same number of "
                           f"dimensions, but got {given}")
    if x.ndim == 5 and mode == "bicubic":
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if x.dtype.category != FLOATING:
        raise not_implemented(f"grid_sampler_{x.ndim - 2}d_cpu_kernel_impl", x.dtype)
    if x.dtype is not grid.dtype:
        raise RuntimeError(f"expected scalar type {scalar_name(x.dtype)} but found "
                           f"{scalar_name(grid.dtype)}")


@op(grad=lambda specs, static: f"GridSampler{len(specs[0].shape) - 2}DBackward0")
def _grid_sample(input: Value, grid: Value, mode: str, padding_mode: str,
                 align_corners: bool) -> Any:
    _check_grid(input, grid, mode)
    rank, size = input.ndim - 2, input.shape[2:]
    rows = permute(input, dims=(0, *range(2, rank + 2), 1))
    places = []
    for k in range(rank):  # x, the last axis, comes first in the grid
        start = (*[0] * (rank + 1), rank - 1 - k)
        line = strided_slice(grid, start=start, shape=(*grid.shape[:-1], 1), step=(1,) * grid.ndim)
        line = reshape(line, shape=grid.shape[:-1])
        place = _unnormalized(line, size[k], align_corners)
        places.append(place if mode == "bicubic" else _placed(place, size[k], padding_mode,
                                                              align_corners))
    if mode == "nearest":
        found = _values(rows, [ew.round_even(p) for p in places], size)
    elif mode == "bilinear":
        found = _bilinear_sample(rows, places, size)
    else:
        found = _bicubic_sample(rows, places, size, padding_mode, align_corners)
    return permute(found, dims=(0, rank + 1, *range(1, rank + 1)))


def grid_sample(input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros",
                align_corners: bool | None = None) -> Any:
    """Interpolate images at the points of a grid.

    Args:
        input: (N, C, H, W) or (N, C, D, H, W).
        grid: (N, OH, OW, 2) or (N, OD, OH, OW, 3), with x first; -1 and 1 are the borders.
        mode: "bilinear", "nearest" or "bicubic" (4-D only). Default: "bilinear".
        padding_mode: what is outside: "zeros", "border" or "reflection". Default: "zeros".
        align_corners: whether -1 and 1 are the centres of the corner elements. Default: False.

    Returns:
        (N, C, OH, OW) or (N, C, OD, OH, OW).

    Raises:
        ValueError: for an unknown mode.
        RuntimeError: where shapes or dtypes do not fit.

    Example:
        >>> import flambeau as torch
        >>> image = torch.tensor([[[[1., 2.], [3., 4.]]]])
        >>> torch.nn.functional.grid_sample(image, torch.zeros(1, 1, 1, 2), align_corners=False)
        tensor([[[[2.5000]]]])

    Source: PyTorch, torch.nn.functional.grid_sample.
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError("nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' "
                         f"or 'bicubic', but got: '{mode}'")
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError("nn.functional.grid_sample(): expected padding_mode to be 'zeros', "
                         f"'border', or 'reflection', but got: '{padding_mode}'")
    if align_corners is None:
        warnings.warn(_DEFAULT_CHANGED, stacklevel=2)
        align_corners = False
    return _grid_sample(input, grid, mode, padding_mode, bool(align_corners))
