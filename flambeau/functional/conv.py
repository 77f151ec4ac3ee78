"""Convolutions and their transposes, 1-D to 3-D: thin composites over contraction primitives."""

from __future__ import annotations

from typing import Any

from ..autograd.record import Value, op
from ..dtype import float32, int64, scalar_name
from ..ops import elementwise as ew
from ..ops.contraction import convolve, convolve_input
from ..ops.movement import reshape
from .calling import c_type, not_implemented

Ints = tuple[int, ...]


def _per_dim(value: Any, rank: int, name: str, label: str) -> Ints:
    """One number for all spatial dimensions, or one for each."""
    if isinstance(value, (tuple, list)):
        numbers = tuple(int(v) for v in value)
        if len(numbers) == 1:
            return numbers * rank
        if len(numbers) != rank:
            raise RuntimeError(
                f"expected {label} to be a single integer value or a list of {rank} values to "
                f"match the convolution dimensions, but got {label}={list(numbers)}")
        return numbers
    return (int(value),) * rank


def _checked_input(x: Any, w: Any, bias: Any, rank: int, name: str, transposed: bool,
                   groups: int) -> tuple[Any, bool]:
    """The input with a batch dimension, and whether it had one; all shape errors of PyTorch."""
    if x.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to "
                           f"{name}, but got input of size: {list(x.shape)}")
    _check_dtypes(x, w, bias, rank, transposed)
    batched = x.ndim == rank + 2
    if not batched:
        x = reshape(x, shape=(1, *x.shape))
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    _check_shapes(x, w, bias, transposed, groups)
    return x, batched


def _check_dtypes(x: Any, w: Any, bias: Any, rank: int, transposed: bool) -> None:
    d = x.dtype
    if bias is not None and bias.dtype is not d:
        raise RuntimeError(f"Input type ({c_type(d)}) and bias type ({c_type(bias.dtype)}) should "
                           "be the same")
    kernel = f"slow_conv_transpose{max(rank, 2)}d_out_cpu" if transposed else (
        f"slow_conv{max(rank, 2)}d_cpu")
    integral = d.category == 1 and d is not int64
    if d.category == 0 or transposed and integral:
        raise not_implemented(kernel, d)
    if w.dtype is not d:
        raise RuntimeError(f"expected scalar type {scalar_name(d)} but found "
                           f"{scalar_name(w.dtype)}")


def _check_shapes(x: Any, w: Any, bias: Any, transposed: bool, groups: int) -> None:
    given = f"weight of size {list(w.shape)}"
    if w.ndim != x.ndim:
        raise RuntimeError(f"Expected {w.ndim}-dimensional input for {w.ndim}-dimensional weight "
                           f"{list(w.shape)}, but got {x.ndim}-dimensional input of size "
                           f"{list(x.shape)} instead")
    if w.shape[0] < groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be at least {groups} at "
                           f"dimension 0, but got {given} instead")
    if w.shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{list(w.shape)}] instead")
    channels = w.shape[0] if transposed else w.shape[1] * groups
    if x.shape[1] != channels:
        lead = "transposed=1" if transposed else f"groups={groups}"
        raise RuntimeError(f"Given {lead}, {given}, expected input{list(x.shape)} to have "
                           f"{channels} channels, but got {x.shape[1]} channels instead")
    outputs = w.shape[1] * groups if transposed else w.shape[0]
    if bias is not None and bias.shape != (outputs,):
        kind = "Given transposed=1" if transposed else "Given"
        kind = f"{kind}, {given}" if transposed else f"{kind} {given}"
        raise RuntimeError(f"{kind}, expected bias to be 1-dimensional with {outputs} elements, "
                           f"but got bias of size {list(bias.shape)} instead")


def _positive(stride: Ints, padding: Ints, dilation: Ints) -> None:
    if any(p < 0 for p in padding):
        raise RuntimeError("negative padding is not supported")
    if any(s <= 0 for s in stride):
        raise RuntimeError("non-positive stride is not supported")
    if any(d <= 0 for d in dilation):
        raise RuntimeError("non-positive dilation is not supported")


def _wide(x: Any) -> Any:
    """x, in float32 where it is narrower."""
    return ew.cast(x, dtype=float32) if x.dtype.is_reduced else x


def _with_bias(y: Any, bias: Any, batched: bool, d: Any) -> Any:
    if bias is not None:
        y = y + reshape(_wide(bias), shape=(1, bias.shape[0], *[1] * (y.ndim - 2)))
    y = y if y.dtype is d else ew.cast(y, dtype=d)
    return y if batched else reshape(y, shape=y.shape[1:])


def _same_padding(kernel: Ints, stride: Ints, dilation: Ints) -> tuple[tuple[int, int], ...]:
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple((t // 2, t - t // 2) for t in totals)


def _convolution(x: Any, w: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int,
                 rank: int) -> Any:
    name = f"conv{rank}d"
    x, batched = _checked_input(x, w, bias, rank, name, False, groups)
    steps = _per_dim(stride, rank, name, "stride")
    spread = _per_dim(dilation, rank, name, "dilation")
    kernel = w.shape[2:]
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"Invalid padding string: '{padding}'")
        pads = (_same_padding(kernel, steps, spread) if padding == "same"
                else ((0, 0),) * rank)
    else:
        pads = tuple((p, p) for p in _per_dim(padding, rank, name, "padding"))
    _positive(steps, tuple(p for pair in pads for p in pair), spread)
    padded = [s + lo + hi for s, (lo, hi) in zip(x.shape[2:], pads, strict=True)]
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, spread, strict=True)]
    if any(p < r for p, r in zip(padded, reach, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel "
            f"size: ({' x '.join(map(str, reach))}). Kernel size can't be greater than actual "
            "input size")
    geometry = {"stride": steps, "padding": pads, "dilation": spread, "groups": groups}
    y = convolve(_wide(x), _wide(w), **geometry)
    return _with_bias(y, bias, batched, x.dtype)


def _check_output_padding(extra: Ints, stride: Ints, dilation: Ints) -> None:
    if all(e < max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        return
    if len(extra) == 1:  # PyTorch computes it in two dimensions
        extra, stride, dilation = (0, *extra), (1, *stride), (1, *dilation)
    axes = ("depth", "height", "width")[3 - len(extra):]
    listed = [f"{name}_{axis}: {value}"
              for name, values in (("output_padding", extra), ("stride", stride),
                                   ("dilation", dilation))
              for axis, value in zip(axes, values, strict=True)]
    raise RuntimeError("output padding must be smaller than either stride or dilation, but got "
                       + " ".join(listed))


def _transposed(x: Any, w: Any, bias: Any, stride: Any, padding: Any, output_padding: Any,
                groups: int, dilation: Any, rank: int) -> Any:
    name = f"conv_transpose{rank}d"
    x, batched = _checked_input(x, w, bias, rank, name, True, groups)
    steps = _per_dim(stride, rank, name, "stride")
    pads = _per_dim(padding, rank, name, "padding")
    extra = _per_dim(output_padding, rank, name, "output_padding")
    spread = _per_dim(dilation, rank, name, "dilation")
    _positive(steps, pads, spread)
    if any(e < 0 for e in extra):
        raise RuntimeError("negative output_padding is not supported")
    _check_output_padding(extra, steps, spread)
    size = tuple((n - 1) * s - 2 * p + d * (k - 1) + e + 1
                 for n, s, p, d, k, e in zip(x.shape[2:], steps, pads, spread, w.shape[2:], extra,
                                             strict=True))
    if any(n < 1 for n in size):
        raise RuntimeError(
            f"Given input size per channel: ({' x '.join(map(str, x.shape[2:]))}). Calculated "
            f"output size per channel: ({' x '.join(map(str, size))}). Output size is too small")
    geometry = {"stride": steps, "padding": tuple((p, p) for p in pads), "dilation": spread,
                "groups": groups}
    y = convolve_input(_wide(x), _wide(w), size=size, **geometry)
    return _with_bias(y, bias, batched, x.dtype)


def _name(specs: Any, static: Any) -> str:
    """What PyTorch does last: it removes the batch dimension that it added, or adds two parts."""
    x, w = specs[0], specs[1]
    if x.dtype.is_complex:
        return "AddBackward0"
    return "ConvolutionBackward0" if len(x.shape) == len(w.shape) else "SqueezeBackward1"


@op(grad=_name, widen=False)
def conv1d(input: Value, weight: Value, bias: Value = None, stride: Any = 1, padding: Any = 0,
           dilation: Any = 1, groups: int = 1) -> Any:
    """1-D convolution of (N, C, L) or (C, L) with weights (O, C/groups, K).

    Args, Raises: as `conv2d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.conv1d(torch.ones(1, 1, 4), torch.ones(1, 1, 2))
        tensor([[[2., 2., 2.]]])

    Source: PyTorch, torch.nn.functional.conv1d.
    """
    return _convolution(input, weight, bias, stride, padding, dilation, groups, 1)


@op(grad=_name, widen=False)
def conv2d(input: Value, weight: Value, bias: Value = None, stride: Any = 1, padding: Any = 0,
           dilation: Any = 1, groups: int = 1) -> Any:
    """2-D convolution of (N, C, H, W) or (C, H, W) with weights (O, C/groups, KH, KW).

    y[n, o] = bias[o] + Σ_c weight[o, c] ⋆ input[n, c]   (⋆: cross-correlation)

    Args:
        input: images.
        weight: kernels.
        bias: (O,). Default: None.
        stride: step of the windows. Default: 1.
        padding: zeros around the input, or "same" or "valid". Default: 0.
        dilation: distance between the taps of a kernel. Default: 1.
        groups: number of separate groups of channels. Default: 1.

    Returns:
        (N, O, OH, OW) with OH = ⌊(H + 2·padding − dilation·(KH − 1) − 1) / stride⌋ + 1.

    Raises:
        RuntimeError: where shapes, dtypes or parameters do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))
        tensor([[[[4., 4.],
                  [4., 4.]]]])

    Source: PyTorch, torch.nn.functional.conv2d.
    """
    return _convolution(input, weight, bias, stride, padding, dilation, groups, 2)


@op(grad=_name, widen=False)
def conv3d(input: Value, weight: Value, bias: Value = None, stride: Any = 1, padding: Any = 0,
           dilation: Any = 1, groups: int = 1) -> Any:
    """3-D convolution of (N, C, D, H, W) or (C, D, H, W) with weights (O, C/groups, KD, KH, KW).

    Args, Raises: as `conv2d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.conv3d(torch.ones(1, 1, 2, 2, 2), torch.ones(1, 1, 2, 2, 2)).item()
        8.0

    Source: PyTorch, torch.nn.functional.conv3d.
    """
    return _convolution(input, weight, bias, stride, padding, dilation, groups, 3)


@op(grad=_name, widen=False)
def conv_transpose1d(input: Value, weight: Value, bias: Value = None, stride: Any = 1,
                     padding: Any = 0, output_padding: Any = 0, groups: int = 1,
                     dilation: Any = 1) -> Any:
    """The adjoint of conv1d in its input, with weights (C, O/groups, K).

    Args, Raises: as `conv_transpose2d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.conv_transpose1d(torch.ones(1, 1, 2), torch.ones(1, 1, 2))
        tensor([[[1., 2., 1.]]])

    Source: PyTorch, torch.nn.functional.conv_transpose1d.
    """
    return _transposed(input, weight, bias, stride, padding, output_padding, groups, dilation, 1)


@op(grad=_name, widen=False)
def conv_transpose2d(input: Value, weight: Value, bias: Value = None, stride: Any = 1,
                     padding: Any = 0, output_padding: Any = 0, groups: int = 1,
                     dilation: Any = 1) -> Any:
    """The adjoint of conv2d in its input, with weights (C, O/groups, KH, KW).

    Args:
        input: (N, C, H, W) or (C, H, W).
        weight: kernels.
        bias: (O,). Default: None.
        stride: step between the windows in the output. Default: 1.
        padding: removed from all sides of the output. Default: 0.
        output_padding: added to the high sides of the output. Default: 0.
        groups: number of separate groups of channels. Default: 1.
        dilation: distance between the taps of a kernel. Default: 1.

    Returns:
        (N, O, OH, OW) with
        OH = (H − 1)·stride − 2·padding + dilation·(KH − 1) + output_padding + 1.

    Raises:
        RuntimeError: where shapes, dtypes or parameters do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.conv_transpose2d(torch.ones(1, 1, 1, 2), torch.ones(1, 1, 1, 2))
        tensor([[[[1., 2., 1.]]]])

    Source: PyTorch, torch.nn.functional.conv_transpose2d.
    """
    return _transposed(input, weight, bias, stride, padding, output_padding, groups, dilation, 2)


@op(grad=_name, widen=False)
def conv_transpose3d(input: Value, weight: Value, bias: Value = None, stride: Any = 1,
                     padding: Any = 0, output_padding: Any = 0, groups: int = 1,
                     dilation: Any = 1) -> Any:
    """The adjoint of conv3d in its input, with weights (C, O/groups, KD, KH, KW).

    Args, Raises: as `conv_transpose2d`.

    Example:
        >>> import flambeau as torch
        >>> x, weight = torch.ones(1, 1, 1, 1, 1), torch.ones(1, 1, 1, 1, 2)
        >>> torch.nn.functional.conv_transpose3d(x, weight)
        tensor([[[[[1., 1.]]]]])

    Source: PyTorch, torch.nn.functional.conv_transpose3d.
    """
    return _transposed(input, weight, bias, stride, padding, output_padding, groups, dilation, 3)

