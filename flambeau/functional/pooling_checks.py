"""Checks of the arguments of pooling functions, with PyTorch's messages."""

from __future__ import annotations

from typing import Any

from .windows import Ints, per_dim, pooled_size

_COUNT = ("", "one", "two", "three")
_LETTERS = ("T", "H", "W")


def check_rank(x: Any, rank: int, name: str) -> None:
    """Raise PyTorch's RuntimeError unless x is (C, *S) or (N, C, *S)."""
    if x.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Expected {rank + 1} to {rank + 2} dimensions, but got {x.ndim}-dimensional tensor "
            f"for argument #1 'self' (while checking arguments for {name})")


def check_size(value: Any, name: str, argument: str) -> Any:
    """One integer out of a number or a sequence of one; None for an empty sequence."""
    if not isinstance(value, (tuple, list)):
        return value
    if len(value) > 1:
        raise RuntimeError(f"{name}() argument '{argument}' should contain one int (got "
                           f"{len(value)})")
    return value[0] if value else None


def window_arguments(name: str, rank: int, kernel_size: Any, stride: Any, padding: Any,
                     dilation: Any) -> tuple[Ints, Ints, Ints, Ints]:
    """Kernel, stride, padding and dilation, each with one number per dimension."""
    either = "" if name == "avg_pool3d" else "either "
    forms = f"a single int, or a tuple of {_COUNT[rank]} ints"
    kernel = per_dim(kernel_size, rank, f"{name}: kernel_size must {either}be {forms}")
    empty = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    steps = kernel if empty else per_dim(
        stride, rank, f"{name}: stride must {either}be omitted, {forms}")
    pads = per_dim(padding, rank, f"{name}: padding must {either}be {forms}")
    spread = per_dim(dilation, rank, f"{name}: dilation must be {either}{forms}")
    return kernel, steps, pads, spread


def check_max_pool1d(x: Any, kernel_size: Any, stride: Any, padding: Any,
                     dilation: Any) -> tuple[Ints, Ints, Ints, Ints]:
    """The same for `max_pool1d`, which words its messages in its own way."""
    if x.ndim not in (2, 3) or not all(x.shape[-2:]):
        raise RuntimeError("max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim "
                           f"batch size for input, but got:{list(x.shape)}")
    found = []
    for value, name, form in ((kernel_size, "kernel_size", "an int, list of ints or tuple"),
                              (stride, "stride", "None, an int, list of ints, or tuple"),
                              (padding, "padding", "an int, list of ints, or tuple"),
                              (dilation, "dilation", "an int, list of ints, or tuple")):
        if value is None or (isinstance(value, (tuple, list)) and not value):
            value = kernel_size
        found.append(per_dim(value, 1, f"max_pool1d() {name} must be {form} of ints of size 1 but "
                             f"got size {len(value) if isinstance(value, (tuple, list)) else 1}"))
    kernel, steps, pads, spread = found
    for (value,), name in ((kernel, "kernel_size"), (steps, "stride")):
        if value <= 0:
            raise RuntimeError(f"max_pool1d() {name} must be greater than zero, but got {value}")
    if pads[0] < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {pads[0]}")
    if pads[0] > kernel[0] // 2:
        raise RuntimeError("max_pool1d() padding should be at most half of kernel size, but got "
                           f"padding={pads[0]} and kernel_size={kernel[0]}")
    if spread[0] <= 0:
        raise RuntimeError(f"max_pool1d() dilation must be greater than zero, but got {spread[0]}")
    return kernel, steps, pads, spread


def windows_of(x: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil_mode: bool,
               name: str) -> Ints:
    """The number of windows per dimension.

    Raises:
        RuntimeError: where parameters are out of range, x is empty, or there would be no window.
    """
    rank, size = len(kernel), x.shape[-len(kernel):]
    out = tuple([pooled_size(*each, ceil_mode) if each[4] > 0 else 0
                 for each in zip(size, kernel, stride, padding, dilation, strict=True)])
    _check_positive(kernel, "kernel size", "k")
    _check_positive(stride, "stride", "d")
    _check_positive(dilation, "dilation", "dilation")
    _check_filled(x, rank, name)
    if min(out) >= 1:
        return out
    if rank == 1:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {out[0]}")
    if name == "avg_pool3d()" and rank == 3:
        raise RuntimeError(f"input image ({_labelled('', size)}) smaller than kernel size "
                           f"({_labelled('k', kernel)})")
    channels = x.shape[-rank - 1]
    raise RuntimeError(
        f"Given input size: ({'x'.join(map(str, (channels, *size)))}). Calculated output size: "
        f"({'x'.join(map(str, (channels, *out)))}). Output size is too small")


def _labelled(prefix: str, values: Ints) -> str:
    letters = _LETTERS[3 - len(values):]
    return " ".join(f"{prefix}{a}: {v}" for a, v in zip(letters, values, strict=True))


def _check_positive(values: Ints, what: str, prefix: str) -> None:
    if min(values) <= 0:
        raise RuntimeError(f"{what} should be greater than zero, but got "
                           f"{_labelled(prefix, values)}")


def _check_filled(x: Any, rank: int, name: str) -> None:
    """Only the batch may be empty."""
    if x.ndim in (rank + 1, rank + 2) and all(x.shape[-rank - 1:]):
        return
    if rank == 3:
        raise RuntimeError(  # PyTorch always names dimension 0
            f"{name}: Expected input's non-batch dimensions to have positive length, but input has "
            f"a shape of {list(x.shape)} and non-batch dimension 0 has length zero!")
    raise RuntimeError(f"Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 "
                       f"dim batch size for input, but got:{list(x.shape)}")
