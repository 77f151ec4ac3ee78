"""Activations that gate, that learn or draw their slopes, or that normalise along a dimension."""

from __future__ import annotations

import warnings
from typing import Any

from ..autograd.base import wrap
from ..autograd.inplace import assign
from ..autograd.record import Value, op
from ..dtype import FLOATING, scalar_name
from ..generator import default_generator, exponential, rrelu_noise
from ..graph import leaf
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.movement import reshape, strided_slice
from . import softmax as exponentials
from .reduction import wrap_dim
from .sampling import stream_of


@op(name="glu", grad="GluBackward0")
def _glu(input: Value, dim: int) -> Any:
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    axis = wrap_dim(dim, input.ndim)
    n = input.shape[axis]
    if n % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {n}")
    if input.dtype.category != FLOATING:
        raise NotImplementedError(f'"glu_cpu" not implemented for \'{scalar_name(input.dtype)}\'')
    shape = tuple(n // 2 if i == axis else s for i, s in enumerate(input.shape))
    one, zero = (1,) * input.ndim, (0,) * input.ndim
    middle = tuple(n // 2 if i == axis else 0 for i in range(input.ndim))
    first = strided_slice(input, start=zero, shape=shape, step=one)
    return first * ew.sigmoid(strided_slice(input, start=middle, shape=shape, step=one))


def glu(input: Any, dim: int = -1) -> Any:
    """a · σ(b), where a and b are the halves of the input along a dimension.

    Args:
        input: a tensor whose size along `dim` is even.
        dim: the dimension that is halved. Default: -1.

    Returns:
        A tensor of half the size.

    Raises:
        RuntimeError: an odd size.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.glu(torch.tensor([2., 0.]))
        tensor([1.])

    Source: Dauphin et al. 2016; PyTorch page `torch.nn.functional.glu`.
    """
    return _glu(input, dim)


@op(name="prelu", grad="PreluKernelBackward0")
def _prelu(input: Value, weight: Value) -> Any:
    if input.dtype is not weight.dtype:
        raise RuntimeError("prelu: Type promoting not supported. Got "
                           f"{scalar_name(input.dtype)} and {scalar_name(weight.dtype)}")
    if weight.ndim > 1:
        raise RuntimeError("prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = "
                           f"{weight.ndim}")
    if weight.size != 1:
        if input.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.shape[1] if input.ndim > 1 else 1
        if channels != weight.size:
            raise RuntimeError("Mismatch of parameter numbers and input channel size. Found "
                               f"parameter numbers = {weight.size} and channel size = {channels}.")
        weight = reshape(weight, shape=(1, weight.size, *(1,) * (input.ndim - 2)))
    else:
        weight = reshape(weight, shape=())
    return ar.where(input > 0, input, input * weight)


def prelu(input: Any, weight: Any) -> Any:
    """x for x > 0, else weight · x.

    Args:
        input: (N, C, …), or any shape for a single weight.
        weight: one slope, or one per channel (C).

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: sizes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.prelu(torch.tensor([-4., 1.]), torch.tensor([0.25]))
        tensor([-1.,  1.])

    Source: He et al. 2015; PyTorch page `torch.nn.functional.prelu`.
    """
    return _prelu(input, weight)


@op(name="rrelu", grad="RreluWithNoiseBackward0")
def _rrelu(input: Value, slope: Value) -> Any:
    if input.dtype.category != FLOATING:
        raise NotImplementedError('"rrelu_with_noise_out_cpu" not implemented for '
                                  f"'{scalar_name(input.dtype)}'")
    return ar.where(input <= 0, input * slope, input)


def rrelu(input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False,
          inplace: bool = False) -> Any:
    """x for x > 0, else a · x; a is drawn from [lower, upper) in training, else their mean.

    Args:
        input: any shape.
        lower: least slope. Default: 1/8.
        upper: largest slope. Default: 1/3.
        training: whether slopes are drawn. Default: False.
        inplace: write the result into `input`. Default: False.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.rrelu(torch.tensor([-1., 1.]), 0.2, 0.4)
        tensor([-0.3000,  1.0000])

    Source: Xu et al. 2015; PyTorch page `torch.nn.functional.rrelu`.
    """
    result = leaked(input, lower, upper, training, default_generator)
    return assign(input, result) if inplace else result


def leaked(input: Any, lower: float, upper: float, training: bool, stream: Any) -> Any:
    """The randomized leaky ReLU with slopes from a stream of random numbers."""
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return _rrelu(input, (lower + upper) / 2)
    slopes = rrelu_noise(stream, input._data("rrelu"), lower, upper)
    return _rrelu(input, wrap(leaf(slopes, input.dtype)))


def rrelu_(input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False,
           generator: Any = None) -> Any:
    """`rrelu` in place, with slopes from a generator (None: the default one)."""
    return assign(input, leaked(input, lower, upper, training, stream_of(generator)))


# ---- along a dimension --------------------------------------------------------------------------

def _chosen_dim(name: str, ndim: int, stacklevel: int) -> int:
    """The dimension that old programs mean when they name none."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include "
        "dim=X as an argument.", stacklevel=stacklevel)
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """exp(x) / Σ exp(x) along a dimension.

    Args:
        input: any shape.
        dim: the dimension that sums to 1; None chooses one, with a warning.
        dtype: convert to this dtype first. Default: None.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.softmax(torch.tensor([0., 0.]), dim=0)
        tensor([0.5000, 0.5000])

    Source: PyTorch page `torch.nn.functional.softmax`.
    """
    if dim is None:
        dim = _chosen_dim("softmax", input.ndim, _stacklevel)
    return exponentials.softmax(input, dim, dtype)


def log_softmax(input: Any, dim: int | None = None, _stacklevel: int = 3,
                dtype: Any = None) -> Any:
    """x − log Σ exp(x) along a dimension.

    Args:
        input: any shape.
        dim: the dimension whose exponentials sum to 1; None chooses one, with a warning.
        dtype: convert to this dtype first. Default: None.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.log_softmax(torch.tensor([0., 0.]), dim=0)
        tensor([-0.6931, -0.6931])

    Source: PyTorch page `torch.nn.functional.log_softmax`.
    """
    if dim is None:
        dim = _chosen_dim("log_softmax", input.ndim, _stacklevel)
    return exponentials.log_softmax(input, dim, dtype)


def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """The softmax of −x.

    Args:
        input: any shape.
        dim: the dimension that sums to 1; None chooses one, with a warning.
        dtype: convert to this dtype first. Default: None.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.softmin(torch.tensor([0., 0.]), dim=0)
        tensor([0.5000, 0.5000])

    Source: PyTorch page `torch.nn.functional.softmin`.
    """
    if dim is None:
        dim = _chosen_dim("softmin", input.ndim, _stacklevel)
    return exponentials.softmax(-input, dim, dtype)


def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10,
                   dim: int = -1) -> Any:
    """The softmax of (logits + Gumbel noise) / tau: samples of a relaxed categorical distribution.

    Args:
        logits: unnormalised log-probabilities, any shape.
        tau: temperature. Default: 1.
        hard: return one-hot vectors, with the gradient of the soft ones. Default: False.
        eps: deprecated and without effect.
        dim: the dimension of the categories. Default: -1.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.gumbel_softmax(torch.zeros(3), hard=True).sum()
        tensor(1.)

    Source: Jang, Gu and Poole 2016; PyTorch page `torch.nn.functional.gumbel_softmax`.
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    drawn = exponential(default_generator, tuple(logits.shape), logits.dtype.numpy)
    gumbels = -wrap(leaf(drawn, logits.dtype)).log()
    soft = exponentials.softmax((logits + gumbels) / tau, dim)
    if not hard:
        return soft
    index = soft.argmax(dim, keepdim=True)
    one_hot = (soft.detach() * 0).scatter(dim, index, 1.0)
    return one_hot - soft.detach() + soft
