"""Padding of the last dimensions by constants or by values of the input."""

from __future__ import annotations

from typing import Any

from ..autograd.record import Value, op
from ..dtype import BOOL, INTEGER, iinfo, int32
from ..ops.movement import concatenate, embed, expand, flip, strided_slice
from .calling import not_implemented
from .windows import Ints

_NAMES = {"reflect": "ReflectionPad{}DBackward0", "replicate": "ReplicationPad{}DBackward0",
          "circular": "CopySlices"}


def _pad_name(specs: Any, static: Any) -> str:
    pads, mode, _ = static
    return _NAMES.get(mode, "ConstantPadNdBackward0").format(len(pads) // 2)


def section(x: Any, axis: int, start: int, length: int) -> Any:
    """`length` entries of an axis from `start` on."""
    zeros, ones = [0] * x.ndim, (1,) * x.ndim
    zeros[axis] = start
    shape = (*x.shape[:axis], length, *x.shape[axis + 1:])
    return strided_slice(x, start=tuple(zeros), shape=shape, step=ones)


def _cropped(x: Any, axis: int, low: int, high: int) -> Any:
    """x without the entries that negative paddings remove."""
    low, high = max(-low, 0), max(-high, 0)
    return section(x, axis, low, x.shape[axis] - low - high) if low or high else x


def _constant(x: Any, pads: Any, value: Any) -> Any:
    _check_value(x.dtype, value)
    start, shape = [0] * x.ndim, list(x.shape)
    for k in range(len(pads) // 2):
        axis, low, high = x.ndim - 1 - k, pads[2 * k], pads[2 * k + 1]
        if shape[axis] + low + high < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
        x = _cropped(x, axis, low, high)
        start[axis], shape[axis] = max(low, 0), shape[axis] + low + high
    return embed(x, shape=tuple(shape), start=tuple(start), step=(1,) * x.ndim, value=value or 0)


def _check_value(d: Any, value: Any) -> None:
    """Raise PyTorch's RuntimeError where an integer dtype cannot hold the value."""
    if value is None or d.category != INTEGER:
        return
    bounds = iinfo(d)
    if not bounds.min <= value <= bounds.max:
        name = "int" if d is int32 else f"{d.name}_t"
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")


def _reflected(x: Any, axis: int, low: int, high: int) -> Any:
    n = x.shape[axis]
    parts = [x]
    if low > 0:
        parts.insert(0, flip(section(x, axis, 1, low), axes=(axis,)))
    if high > 0:
        parts.append(flip(section(x, axis, n - 1 - high, high), axes=(axis,)))
    return concatenate(*parts, axis=axis) if len(parts) > 1 else x


def _replicated(x: Any, axis: int, low: int, high: int) -> Any:
    parts = [x]
    if low > 0:
        parts.insert(0, _repeated(section(x, axis, 0, 1), axis, low))
    if high > 0:
        parts.append(_repeated(section(x, axis, x.shape[axis] - 1, 1), axis, high))
    return concatenate(*parts, axis=axis) if len(parts) > 1 else x


def _repeated(x: Any, axis: int, count: int) -> Any:
    return expand(x, shape=(*x.shape[:axis], count, *x.shape[axis + 1:]))


def _wrapped(x: Any, axis: int, low: int, high: int) -> Any:
    n = x.shape[axis]
    parts = [x]
    if low > 0:
        parts.insert(0, section(x, axis, n - low, low))
    if high > 0:
        parts.append(section(x, axis, 0, high))
    return concatenate(*parts, axis=axis) if len(parts) > 1 else x


_EXTEND = {"reflect": _reflected, "replicate": _replicated, "circular": _wrapped}


def _check_extension(x: Any, pads: Ints, mode: str) -> None:
    """Raise PyTorch's errors for the modes that continue the input."""
    rank = len(pads) // 2
    if mode == "circular":
        for k in range(rank):
            n, low, high = x.shape[x.ndim - 1 - k], pads[2 * k], pads[2 * k + 1]
            if low > n or high > n:
                raise RuntimeError("Padding value causes wrapping around more than once.")
            if n + low + high < 0:
                raise RuntimeError("Negative padding value is resulting in an empty dimension")
        return
    if not all(x.shape[x.ndim - rank - 1:]):
        raise RuntimeError(
            f"Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with possibly 0 batch size "
            f"and other non-zero dimensions for input, but got: {list(x.shape)}")
    if mode == "reflect":
        for k in range(rank):
            axis, low, high = x.ndim - 1 - k, pads[2 * k], pads[2 * k + 1]
            if max(low, high) >= x.shape[axis]:
                raise RuntimeError(
                    f"Argument #{4 + 2 * k}: Padding size should be less than the corresponding "
                    f"input dimension, but got: padding ({low}, {high}) at dimension {axis} of "
                    f"input {list(x.shape)}")
    _check_room(x.shape[-rank:], pads, mode)
    if x.dtype.category == BOOL:
        kind = "reflection" if mode == "reflect" else "replication"
        raise not_implemented(f"{kind}_pad{rank}d", x.dtype)


def _check_room(size: Ints, pads: Ints, mode: str) -> None:
    """Raise PyTorch's RuntimeError where negative widths leave nothing."""
    rank = len(size)
    out = [n + pads[2 * k] + pads[2 * k + 1] for k, n in zip(reversed(range(rank)), size,
                                                           strict=True)]
    if min(out) >= 1:
        return
    letters = ("D", "H", "W")[3 - rank:]
    before = [f"{a}: {n}" for a, n in zip(letters, size, strict=True)]
    after = " ".join(f"{a}: {n}" for a, n in zip(letters, out, strict=True))
    listed = " ".join([*before[:-2], ", ".join(before[-2:])])
    end = " " if mode == "replicate" and rank == 2 else ""
    raise RuntimeError(f"input ({listed}{end}) is too small. Calculated output {after}")


@op(grad=_pad_name, widen=False)
def _pad(input: Value, pad: Any, mode: str, value: Any) -> Any:
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(pad)} and input of dimension {input.ndim}")
    if mode == "constant":
        return _constant(input, pad, value)
    if mode not in _EXTEND:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if value:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    rank = len(pad) // 2
    if rank not in (1, 2, 3) or input.ndim not in (rank + 1, rank + 2):
        raise NotImplementedError(f"Padding size {len(pad)} is not supported for {input.ndim}D "
                                  "input tensor.")
    _check_extension(input, pad, mode)
    for k in range(rank):
        axis, low, high = input.ndim - 1 - k, pad[2 * k], pad[2 * k + 1]
        if mode == "circular":
            input = _wrapped(_cropped(input, axis, low, high), axis, low, high)
        else:
            input = _cropped(_EXTEND[mode](input, axis, low, high), axis, low, high)
    return input


def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    """Widen the last dimensions on both sides; negative widths crop.

    Args:
        input: any tensor; for other modes than "constant", (C, *S) or (N, C, *S).
        pad: widths (low, high) of the last dimension, then of the one before it, and so on.
        mode: "constant"; "reflect" (mirror at the border elements), "replicate" (repeat them) or
            "circular" (continue periodically). Default: "constant".
        value: the constant. Default: 0.

    Returns:
        A tensor whose dimension of size n has n + low + high.

    Raises:
        RuntimeError, NotImplementedError: where widths, dimensions and mode do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.pad(torch.tensor([1, 2, 3]), (2, 1))
        tensor([0, 0, 1, 2, 3, 0])
        >>> torch.nn.functional.pad(torch.tensor([[1, 2, 3]]), (2, 1), mode="reflect")
        tensor([[3, 2, 1, 2, 3, 2]])

    Source: PyTorch, torch.nn.functional.pad.
    """
    return _pad(input, tuple([int(n) for n in pad]), mode, value)
