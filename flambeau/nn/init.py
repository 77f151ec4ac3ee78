"""Filling tensors with initial values, in place and without recording for autograd."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from flambeau.autograd import no_grad
from flambeau.nn._truncated_normal import fill_truncated_normal
from flambeau.random import Generator, randperm
from flambeau.tensor import Tensor, from_array

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

P = ParamSpec("P")
R = TypeVar("R")

_GAINS = {
    "linear": 1,
    "conv1d": 1,
    "conv2d": 1,
    "conv3d": 1,
    "conv_transpose1d": 1,
    "conv_transpose2d": 1,
    "conv_transpose3d": 1,
    "sigmoid": 1,
    "tanh": 5 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3 / 4,
}


def calculate_gain(nonlinearity: str, param: int | float | None = None) -> float:
    r"""Return the factor by which a nonlinearity shrinks the standard deviation.

    For "leaky_relu" with negative slope $a$: $\sqrt{2 / (1 + a^2)}$.

    Args:
        nonlinearity: the name of the function, such as "relu", "tanh", "linear".
        param: the negative slope of "leaky_relu"; 0.01 by default.

    Returns:
        The gain.

    Raises:
        ValueError: the name is not known, or the slope is not a number.

    Example:
        >>> calculate_gain("leaky_relu", 0.0) == calculate_gain("relu")
        True

    Source: torch.nn.init.calculate_gain
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return _GAINS[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Return how many inputs each output sees, and how many outputs each input reaches."""
    if tensor.dim() < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    outputs, inputs, *kernel = tensor.shape
    receptive_field = math.prod(kernel)
    return inputs * receptive_field, outputs * receptive_field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    modes = ["fan_in", "fan_out"]
    mode = mode.lower()
    if mode not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {modes}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode)]


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    r"""Fill with numbers from the uniform distribution $U(a, b)$.

    Args:
        tensor: any shape.
        a: lower bound.
        b: upper bound.
        generator: source of random bits; the default one if None.

    Returns:
        The tensor.

    Example:
        >>> import flambeau as torch
        >>> generator = torch.manual_seed(0)
        >>> uniform_(torch.empty(3))
        tensor([0.4963, 0.7682, 0.0885])

    Source: torch.nn.init.uniform_
    """
    with no_grad():
        tensor.uniform_(a, b, generator=generator)
    return tensor


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    r"""Fill with numbers from the normal distribution $N(\text{mean}, \text{std}^2)$.

    Args:
        tensor: any shape.
        mean: the mean.
        std: the standard deviation.
        generator: source of random bits; the default one if None.

    Returns:
        The tensor.

    Example:
        >>> import flambeau as torch
        >>> generator = torch.manual_seed(0)
        >>> normal_(torch.empty(3))
        tensor([ 1.5410, -0.2934, -2.1788])

    Source: torch.nn.init.normal_
    """
    with no_grad():
        tensor.normal_(mean, std, generator=generator)
    return tensor


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill with numbers from $N(\text{mean}, \text{std}^2)$ restricted to $[a, b]$.

    Numbers outside are drawn again; where most would fall outside, numbers are drawn uniformly
    instead and accepted in proportion to the density.

    Args:
        tensor: any shape.
        mean: the mean before the restriction.
        std: the standard deviation before the restriction.
        a: lower bound, absolute.
        b: upper bound, absolute.
        generator: source of random bits; the default one if None.

    Returns:
        The tensor.

    Example:
        >>> import flambeau as torch
        >>> generator = torch.manual_seed(0)
        >>> trunc_normal_(torch.empty(3), a=-1.0, b=1.0)
        tensor([ 0.5684, -0.2934, -0.7193])

    Source: torch.nn.init.trunc_normal_
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of "
            "values may be incorrect.",
            stacklevel=2,
        )
    with no_grad():
        fill_truncated_normal(tensor, mean, std, a, b, generator)
    return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    Args:
        tensor: any shape.
        val: the value.

    Returns:
        The tensor.

    Example:
        >>> import flambeau as torch
        >>> constant_(torch.empty(2), 0.5)
        tensor([0.5000, 0.5000])

    Source: torch.nn.init.constant_
    """
    with no_grad():
        tensor.fill_(val)
    return tensor


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones.

    Args:
        tensor: any shape.

    Returns:
        The tensor.

    Example:
        >>> import flambeau as torch
        >>> ones_(torch.empty(2))
        tensor([1., 1.])

    Source: torch.nn.init.ones_
    """
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros.

    Args:
        tensor: any shape.

    Returns:
        The tensor.

    Example:
        >>> import flambeau as torch
        >>> zeros_(torch.empty(2))
        tensor([0., 0.])

    Source: torch.nn.init.zeros_
    """
    with no_grad():
        tensor.zero_()
    return tensor


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on the diagonal, zeros elsewhere.

    Args:
        tensor: shape (rows, columns).

    Returns:
        The tensor.

    Raises:
        ValueError: it is not a matrix.

    Example:
        >>> import flambeau as torch
        >>> eye_(torch.empty(2, 3))
        tensor([[1., 0., 0.],
                [0., 1., 0.]])

    Source: torch.nn.init.eye_
    """
    _check_matrix(tensor)
    with no_grad():
        tensor.zero_().diagonal().fill_(1)
    return tensor


def _check_matrix(tensor: Tensor) -> None:
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Make a convolution's weight pass as many input channels through unchanged as it can.

    Args:
        tensor: shape (out channels, in channels / groups, kernel sizes...), 3 to 5 dimensions.
        groups: of the convolution.

    Returns:
        The tensor.

    Raises:
        ValueError: the number of dimensions is another, or `groups` does not divide the first.

    Example:
        >>> import flambeau as torch
        >>> dirac_(torch.empty(2, 2, 3)).tolist()
        [[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]

    Source: torch.nn.init.dirac_
    """
    if tensor.dim() not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    outputs, inputs, *kernel = tensor.shape
    if outputs % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    per_group = outputs // groups
    centre = tuple(size // 2 for size in kernel)
    with no_grad():
        tensor.zero_()
        for group in range(groups):
            for channel in range(min(per_group, inputs)):
                tensor[(group * per_group + channel, channel, *centre)] = 1
    return tensor


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    r"""Fill from $U(-a, a)$ with $a = \text{gain} \sqrt{6 / (\text{fan in} + \text{fan out})}$.

    Args:
        tensor: at least 2 dimensions.
        gain: see `calculate_gain`.
        generator: source of random bits; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: fewer than 2 dimensions.

    Example:
        >>> import flambeau as torch
        >>> generator = torch.manual_seed(0)
        >>> xavier_uniform_(torch.empty(2, 2))
        tensor([[-0.0092,  0.6570],
                [-1.0080, -0.9013]])

    Source: Glorot, Bengio 2010; torch.nn.init.xavier_uniform_
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    r"""Fill from $N(0, s^2)$ with $s = \text{gain} \sqrt{2 / (\text{fan in} + \text{fan out})}$.

    Args:
        tensor: at least 2 dimensions.
        gain: see `calculate_gain`.
        generator: source of random bits; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: fewer than 2 dimensions.

    Example:
        >>> import flambeau as torch
        >>> generator = torch.manual_seed(0)
        >>> xavier_normal_(torch.empty(2, 2))
        tensor([[ 1.0896, -0.2075],
                [-1.5406,  0.4019]])

    Source: Glorot, Bengio 2010; torch.nn.init.xavier_normal_
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _xavier_std(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor)))


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill from $U(-b, b)$ with $b = \text{gain} \sqrt{3 / \text{fan}}$.

    Args:
        tensor: at least 2 dimensions.
        a: negative slope of the leaky ReLU that follows.
        mode: "fan_in" keeps the variance forward, "fan_out" backward.
        nonlinearity: see `calculate_gain`.
        generator: source of random bits; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: fewer than 2 dimensions, or an unknown mode or nonlinearity.

    Example:
        >>> import flambeau as torch
        >>> generator = torch.manual_seed(0)
        >>> kaiming_uniform_(torch.empty(2, 2), nonlinearity="relu")
        tensor([[-0.0130,  0.9291],
                [-1.4256, -1.2747]])

    Source: He et al. 2015; torch.nn.init.kaiming_uniform_
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill from $N(0, s^2)$ with $s = \text{gain} / \sqrt{\text{fan}}$.

    Args:
        tensor: at least 2 dimensions.
        a: negative slope of the leaky ReLU that follows.
        mode: "fan_in" keeps the variance forward, "fan_out" backward.
        nonlinearity: see `calculate_gain`.
        generator: source of random bits; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: fewer than 2 dimensions, or an unknown mode or nonlinearity.

    Example:
        >>> import flambeau as torch
        >>> generator = torch.manual_seed(0)
        >>> kaiming_normal_(torch.empty(2, 2), nonlinearity="relu")
        tensor([[ 1.5410, -0.2934],
                [-2.1788,  0.5684]])

    Source: He et al. 2015; torch.nn.init.kaiming_normal_
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with a (semi-)orthogonal matrix; dimensions after the first are taken as one.

    Args:
        tensor: at least 2 dimensions.
        gain: factor of the result.
        generator: source of random bits; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: fewer than 2 dimensions.

    Example:
        >>> import flambeau as torch
        >>> generator = torch.manual_seed(0)
        >>> orthogonal_(torch.empty(2, 2))
        tensor([[ 0.5774,  0.8164],
                [-0.8164,  0.5774]])

    Source: Saxe et al. 2013; torch.nn.init.orthogonal_
    """
    if tensor.dim() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    columns = tensor.numel() // rows
    with no_grad():
        random = tensor.new_empty((rows, columns)).normal_(0, 1, generator=generator).numpy()
        q, r = np.linalg.qr(random.T if rows < columns else random)
        q = q * np.sign(np.diagonal(r))  # makes the factorization, and so the result, unique
        q = np.ascontiguousarray(q.T if rows < columns else q)
        tensor.copy_(from_array(q.reshape(tensor.shape)))
        tensor.mul_(gain)
    return tensor


def sparse_(
    tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Tensor:
    r"""Fill a matrix from $N(0, \text{std}^2)$, then set a part of every column to zero.

    Args:
        tensor: shape (rows, columns).
        sparsity: the fraction of each column to set to zero.
        std: the standard deviation of the rest.
        generator: source of random bits of the values; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: it is not a matrix.

    Example:
        >>> import flambeau as torch
        >>> generator = torch.manual_seed(0)
        >>> sparse_(torch.empty(4, 2), sparsity=0.5)
        tensor([[ 0.0000, -0.0029],
                [ 0.0000,  0.0000],
                [-0.0108, -0.0140],
                [ 0.0040,  0.0000]])

    Source: Martens 2010; torch.nn.init.sparse_
    """
    _check_matrix(tensor)
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[randperm(rows)[:zeros], column] = 0
    return tensor


def _deprecated(fill: Callable[P, R]) -> Callable[P, R]:
    """Make the name of old, without underscore, which warns."""
    new_name = fill.__name__
    old_name = new_name[:-1]

    @functools.wraps(fill)
    def old(*args: P.args, **kwargs: P.kwargs) -> R:
        warnings.warn(
            f"`nn.init.{old_name}` is now deprecated in favor of `nn.init.{new_name}`.",
            FutureWarning,
            stacklevel=2,
        )
        return fill(*args, **kwargs)

    old.__name__ = old_name
    old.__doc__ = f"Call `{new_name}`: the old name."
    return old


uniform = _deprecated(uniform_)
normal = _deprecated(normal_)
constant = _deprecated(constant_)
eye = _deprecated(eye_)
dirac = _deprecated(dirac_)
xavier_uniform = _deprecated(xavier_uniform_)
xavier_normal = _deprecated(xavier_normal_)
kaiming_uniform = _deprecated(kaiming_uniform_)
kaiming_normal = _deprecated(kaiming_normal_)
orthogonal = _deprecated(orthogonal_)
sparse = _deprecated(sparse_)
