"""Normalisation over batches, layers, groups and neighbouring channels."""

from __future__ import annotations

from typing import Any

from ..autograd.inplace import write
from ..autograd.record import Value, op, write_out
from ..dtype import FLOATING, finfo, float32, float64, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.movement import embed, reshape, strided_slice
from .norms import vector_norm_of
from .reduction import axes_of


def _mean(x: Any, axes: tuple[int, ...]) -> Any:
    """The mean over axes, which stay with size 1."""
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    total = rd.reduce_sum(x, axes=axes) if axes else x
    return reshape(total, shape=kept) * (1.0 / count if count else float("nan"))


def _moments(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Mean, deviations from it, and their mean square; the axes stay with size 1."""
    mean = _mean(x, axes)
    deviation = x - mean
    return mean, deviation, _mean(deviation * deviation, axes)


def _column(v: Any, x: Any) -> Any:
    """A vector over the channels of x, shaped to broadcast with it."""
    return reshape(v, shape=(1, v.size, *(1,) * (x.ndim - 2)))


def _scaled(y: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


def _floating(x: Any, kernel: str) -> None:
    if x.dtype.category != FLOATING:
        raise NotImplementedError(f'"{kernel}" not implemented for \'{scalar_name(x.dtype)}\'')


# ---- batches ------------------------------------------------------------------------------------

def _check_channels(channels: int, **vectors: Any) -> None:
    for name, v in vectors.items():
        if v is not None and v.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {v.size}")


def _check_batch_norm(x: Any, running_mean: Any, running_var: Any, weight: Any, bias: Any,
                      training: bool) -> None:
    if not training:
        for name, v in (("running_mean", running_mean), ("running_var", running_var)):
            if v is None:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
    _check_channels(x.shape[1] if x.ndim > 1 else 0, running_mean=running_mean,
                    running_var=running_var, weight=weight, bias=bias)
    _floating(x, "batch_norm")
    wide = [v.dtype for v in (weight, bias, running_mean, running_var) if v is not None]
    if any(d.itemsize > x.dtype.itemsize for d in wide) and x.dtype.itemsize > 4:
        raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
    if any(d.itemsize != x.dtype.itemsize for d in wide) and x.dtype.itemsize >= 4:
        raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")


def _tracked(old: Any, new: Any, momentum: Any) -> Any:
    """The moving average after one step; no gradient flows through it."""
    new = ew.stop_gradient(reshape(new, shape=old.shape))
    old = ew.stop_gradient(old)
    momentum = ar.astype(momentum, new.dtype)
    return ar.astype(old * (1 - momentum) + new * momentum, old.dtype)


@op(name="batch_norm", grad="NativeBatchNormBackward0")
def _batch_norm(input: Value, running_mean: Value = None, running_var: Value = None,
                weight: Value = None, bias: Value = None, momentum: Value = 0.1,
                training: bool = False, eps: float = 1e-5) -> Any:
    """The normalised input; in training also the new running mean and variance, where given."""
    x = input
    _check_batch_norm(x, running_mean, running_var, weight, bias, training)
    w = None if weight is None else _column(weight, x)
    b = None if bias is None else _column(bias, x)
    if not training:
        deviation = x - _column(running_mean, x)
        return _scaled(deviation * ew.rsqrt(_column(running_var, x) + eps), w, b)
    axes = (0, *range(2, x.ndim))
    mean, deviation, var = _moments(x, axes)
    y = _scaled(deviation * ew.rsqrt(var + eps), w, b)
    results = [y]
    count = x.size // max(x.shape[1], 1)
    if running_mean is not None:
        results.append(_tracked(running_mean, mean, momentum))
    if running_var is not None:
        unbiased = var * (count / (count - 1) if count > 1 else float("nan"))
        results.append(_tracked(running_var, unbiased, momentum))
    return y if len(results) == 1 else tuple(results)


def _keep(t: Any, result: Any) -> None:
    """Make a result the value of running statistics; autograd does not count this write."""
    cell = t._version_cell()
    version = cell[0]
    write(t, result._value())
    cell[0] = version


def batch_norm(input: Any, running_mean: Any, running_var: Any, weight: Any = None,
               bias: Any = None, training: bool = False, momentum: Any = 0.1,
               eps: float = 1e-5) -> Any:
    """(x − mean) / √(var + eps) · weight + bias, each channel by itself.

    Args:
        input: (N, C, …).
        running_mean, running_var: (C) or None; in training they are updated in place,
            r ← (1 − momentum) · r + momentum · (mean or unbiased variance of the batch).
        weight, bias: (C). Default: None.
        training: normalise by the batch rather than by the running statistics. Default: False.
        momentum: weight of the newest batch. Default: 0.1.
        eps: added to the variance. Default: 1e-5.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: a training batch with one value per channel.
        RuntimeError: vectors whose size is not the number of channels.

    Example:
        >>> import flambeau as torch
        >>> x = torch.tensor([[1.], [3.]])
        >>> torch.nn.functional.batch_norm(x, None, None, training=True, eps=0.)
        tensor([[-1.],
                [ 1.]])

    Source: Ioffe and Szegedy 2015; PyTorch page `torch.nn.functional.batch_norm`.
    """
    if training:
        _check_batch_size(input.shape)
    made = _batch_norm(input, running_mean, running_var, weight, bias, momentum, training, eps)
    if type(made) is not tuple:
        return made
    kept = [t for t in (running_mean, running_var) if t is not None]
    for t, result in zip(kept, made[1:], strict=True):
        _keep(t, result)
    return made[0]


def _check_batch_size(shape: Any) -> None:
    count = 1
    for i, n in enumerate(shape):
        count *= n if i != 1 else 1
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size "
                         f"{shape}")


@op(name="instance_norm", grad="ViewBackward0")
def _instance_norm(input: Value, running_mean: Value = None, running_var: Value = None,
                   weight: Value = None, bias: Value = None, momentum: Value = 0.1,
                   use_input_stats: bool = True, eps: float = 1e-5) -> Any:
    x = input
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when "
                           "use_input_stats is false")
    _check_channels(x.shape[1], running_mean=running_mean, running_var=running_var, weight=weight,
                    bias=bias)
    _floating(x, "batch_norm")
    w = None if weight is None else _column(weight, x)
    b = None if bias is None else _column(bias, x)
    if not use_input_stats:
        deviation = x - _column(running_mean, x)
        return _scaled(deviation * ew.rsqrt(_column(running_var, x) + eps), w, b)
    axes = tuple(range(2, x.ndim))
    mean, deviation, var = _moments(x, axes)
    results = [_scaled(deviation * ew.rsqrt(var + eps), w, b)]
    count = x.size // max(x.shape[0] * x.shape[1], 1)
    if running_mean is not None:
        results.append(_tracked(running_mean, _mean(mean, (0,)), momentum))
    if running_var is not None:
        unbiased = var * (count / (count - 1) if count > 1 else float("nan"))
        results.append(_tracked(running_var, _mean(unbiased, (0,)), momentum))
    return results[0] if len(results) == 1 else tuple(results)


def instance_norm(input: Any, running_mean: Any = None, running_var: Any = None,
                  weight: Any = None, bias: Any = None, use_input_stats: bool = True,
                  momentum: Any = 0.1, eps: float = 1e-5) -> Any:
    """(x − mean) / √(var + eps) · weight + bias, each channel of each sample by itself.

    Args:
        input: (N, C, L, …).
        running_mean, running_var: (C) or None; updated in place where the input's statistics count.
        weight, bias: (C). Default: None.
        use_input_stats: normalise by the input rather than the running statistics. Default: True.
        momentum: weight of the newest batch. Default: 0.1.
        eps: added to the variance. Default: 1e-5.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: one value per channel and sample.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.instance_norm(torch.tensor([[[1., 3.]]]), eps=0.)
        tensor([[[-1.,  1.]]])

    Source: Ulyanov, Vedaldi and Lempitsky 2016; PyTorch page `torch.nn.functional.instance_norm`.
    """
    if use_input_stats:
        spatial = 1
        for n in input.shape[2:]:
            spatial *= n
        if spatial == 1:
            raise ValueError("Expected more than 1 spatial element when training, got input size "
                             f"{input.shape}")
    made = _instance_norm(input, running_mean, running_var, weight, bias, momentum,
                          use_input_stats, eps)
    if type(made) is not tuple:
        return made
    kept = [t for t in (running_mean, running_var) if t is not None]
    for t, result in zip(kept, made[1:], strict=True):
        write(t, result._value())
    return made[0]


# ---- layers and groups --------------------------------------------------------------------------

def _check_normalized(x: Any, shape: tuple[int, ...], star: str = "*, ", **vectors: Any) -> None:
    if not shape:
        raise RuntimeError("Expected normalized_shape to be at least 1-dimensional, i.e., "
                           "containing at least one element, but got normalized_shape = []")
    for name, v in vectors.items():
        if v is not None and v.shape != shape:
            raise RuntimeError(f"Expected {name} to be of same shape as normalized_shape, but got "
                               f"{name} of shape {list(v.shape)} and normalized_shape = "
                               f"{list(shape)}")
    if x.shape[-len(shape):] != shape:
        raise RuntimeError(f"Given normalized_shape={list(shape)}, expected input with shape "
                           f"[{star}{', '.join(map(str, shape))}], but got input of "
                           f"size{list(x.shape)}")


def _last(x: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(range(x.ndim - len(shape), x.ndim))


@op(name="layer_norm", grad="NativeLayerNormBackward0")
def _layer_norm(input: Value, normalized_shape: tuple[int, ...], weight: Value = None,
                bias: Value = None, eps: float = 1e-5) -> Any:
    x = input
    _check_normalized(x, normalized_shape, weight=weight, bias=bias)
    _floating(x, "LayerNormKernelImpl")
    _, deviation, var = _moments(x, _last(x, normalized_shape))
    return _scaled(deviation * ew.rsqrt(var + eps), weight, bias)


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None,
               eps: float = 1e-5) -> Any:
    """(x − mean) / √(var + eps) · weight + bias over the last dimensions.

    Args:
        input: (…, *normalized_shape).
        normalized_shape: sizes of the dimensions that are normalised together.
        weight, bias: of normalized_shape. Default: None.
        eps: added to the variance. Default: 1e-5.

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: shapes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.layer_norm(torch.tensor([1., 3.]), (2,), eps=0.)
        tensor([-1.,  1.])

    Source: Ba, Kiros and Hinton 2016; PyTorch page `torch.nn.functional.layer_norm`.
    """
    return _layer_norm(input, tuple(normalized_shape), weight, bias, eps)


@op(name="rms_norm", grad="MulBackward0")
def _rms_norm(input: Value, normalized_shape: tuple[int, ...], weight: Value = None,
              eps: float = 0.0) -> Any:
    x = input
    _check_normalized(x, normalized_shape, "*", weight=weight)
    _floating(x, "rms_norm")
    square = _mean(x * x, _last(x, normalized_shape))
    return _scaled(x * ew.rsqrt(square + eps), weight, None)


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None,
             eps: float | None = None) -> Any:
    """x / √(mean(x²) + eps) · weight over the last dimensions.

    Args:
        input: (…, *normalized_shape).
        normalized_shape: sizes of the dimensions that are normalised together.
        weight: of normalized_shape. Default: None.
        eps: added to the mean square. Default: None, the machine epsilon of the computation.

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: shapes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.rms_norm(torch.tensor([2., -2.]), (2,))
        tensor([ 1., -1.])

    Source: Zhang and Sennrich 2019; PyTorch page `torch.nn.functional.rms_norm`.
    """
    if eps is None:
        eps = finfo(float64 if input.dtype is float64 else float32).eps
    return _rms_norm(input, tuple(normalized_shape), weight, eps)


@op(name="group_norm", grad="NativeGroupNormBackward0")
def _group_norm(input: Value, num_groups: int, weight: Value = None, bias: Value = None,
                eps: float = 1e-5) -> Any:
    x = input
    batch, channels = x.shape[:2]
    if channels % num_groups:
        raise RuntimeError("Expected number of channels in input to be divisible by num_groups, "
                           f"but got input of shape {list(x.shape)} and num_groups={num_groups}")
    for name, v in (("weight", weight), ("bias", bias)):
        if v is not None and v.shape != (channels,):
            raise RuntimeError(f"Expected {name} to be a vector of size equal to the number of "
                               f"channels in input, but got {name} of shape {list(v.shape)} and "
                               f"input of shape {list(x.shape)}")
    _floating(x, "GroupNormKernelImpl")
    members = x.size // max(batch * num_groups, 1)
    _, deviation, var = _moments(reshape(x, shape=(batch, num_groups, members)), (2,))
    y = reshape(deviation * ew.rsqrt(var + eps), shape=x.shape)
    return _scaled(y, None if weight is None else _column(weight, x),
                   None if bias is None else _column(bias, x))


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None,
               eps: float = 1e-5) -> Any:
    """(x − mean) / √(var + eps) · weight + bias, each group of channels of each sample by itself.

    Args:
        input: (N, C, …).
        num_groups: number of groups, a divisor of C.
        weight, bias: (C). Default: None.
        eps: added to the variance. Default: 1e-5.

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: shapes that do not fit.
        ValueError: groups of one value.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.group_norm(torch.tensor([[1., 3.]]), 1, eps=0.)
        tensor([[-1.,  1.]])

    Source: Wu and He 2018; PyTorch page `torch.nn.functional.group_norm`.
    """
    shape = input.shape
    if len(shape) < 2:
        raise RuntimeError("Expected at least 2 dimensions for input tensor but received "
                           f"{len(shape)}")
    per_group = shape[0] * shape[1] // num_groups
    for n in shape[2:]:
        per_group *= n
    if per_group == 1:
        sizes = [shape[0] * shape[1] // num_groups, num_groups, *shape[2:]]
        raise ValueError("Expected more than 1 value per channel when training, got input size "
                         f"{sizes}")
    return _group_norm(input, num_groups, weight, bias, eps)


# ---- neighbours and vectors ---------------------------------------------------------------------

@op(name="local_response_norm", grad="DivBackward0")
def _local_response_norm(input: Value, size: int, alpha: Value, beta: float, k: Value) -> Any:
    x = input
    if x.ndim < 3:
        raise ValueError("Expected 3D or higher dimensionality                          input "
                         f"(got {x.ndim} dimensions)")
    if not x.size:
        return x
    return x / ((_neighbours(x * x, size // 2, size) / size) * alpha + k) ** beta


def _neighbours(x: Any, before: int, count: int) -> Any:
    """For each channel the sum of `count` channels, `before` of which precede it."""
    padded = (x.shape[0], x.shape[1] + count - 1, *x.shape[2:])
    one, zeros = (1,) * x.ndim, (0,) * (x.ndim - 2)
    wide = embed(x, shape=padded, start=(0, before, *zeros), step=one, value=0)
    total: Any = None
    for i in range(count):
        part = strided_slice(wide, start=(0, i, *zeros), shape=x.shape, step=one)
        total = part if total is None else total + part
    return total


@op(grad="CrossMapLRN2dBackward")
def cross_map_lrn2d(input: Value, size: int, alpha: Value, beta: float, k: Value) -> Any:
    """`local_response_norm` as the module CrossMapLRN2d has it.

    Its running sum over the channels never gives up the first one, and its gradient ignores that.
    """
    x = input
    reach = (size - 1) // 2
    squares = x * x
    total = _neighbours(squares, reach, 2 * reach + 1)
    one, zero = (1,) * x.ndim, (0,) * x.ndim
    first = strided_slice(squares, start=zero, shape=(x.shape[0], 1, *x.shape[2:]), step=one)
    late = reshape(rd.iota(n=x.shape[1]), shape=(1, x.shape[1], *(1,) * (x.ndim - 2))) > reach
    extra = ar.where(late, ew.stop_gradient(first), ar.literal(0, x.dtype))
    return x / ((total + extra) * alpha / size + k) ** beta


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75,
                        k: float = 1.0) -> Any:
    """x / (k + alpha · mean of the squares of `size` neighbouring channels)^beta.

    Args:
        input: (N, C, …).
        size: number of neighbouring channels.
        alpha: factor. Default: 1e-4.
        beta: exponent. Default: 0.75.
        k: addend. Default: 1.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: fewer than 3 dimensions.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.local_response_norm(torch.ones(1, 1, 1), 1, alpha=1., beta=1.)
        tensor([[[0.5000]]])

    Source: Krizhevsky, Sutskever and Hinton 2012; PyTorch page
        `torch.nn.functional.local_response_norm`.
    """
    return _local_response_norm(input, size, alpha, beta, k)


@op(name="normalize", grad="DivBackward0")
def _normalize(input: Value, p: float, dim: Any, eps: float) -> Any:
    length = vector_norm_of(input, p, axes_of(input, dim), True)
    floor = ar.literal(eps, length.dtype)
    return input / ar.where(length < floor, floor, length)


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12,
              out: Any = None) -> Any:
    """x / max(‖x‖ₚ, eps) along a dimension.

    Args:
        input: any shape.
        p: order of the norm. Default: 2.
        dim: dimension or dimensions of the vectors. Default: 1.
        eps: least denominator. Default: 1e-12.
        out: where to write the result. Default: None.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.normalize(torch.tensor([[3., 4.]]))
        tensor([[0.6000, 0.8000]])

    Source: PyTorch page `torch.nn.functional.normalize`.
    """
    result = _normalize(input, float(p), dim, eps)
    return result if out is None else write_out(out, result, "div")
