"""Samples of continuous distributions, digit for digit those of PyTorch's CPU kernels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .arithmetic import (
    cast,
    each,
    exp,
    fma_double,
    fma_single,
    log,
    log_single,
    sincos_double,
    sincos_single,
)
from .engine import Generator, UniformStream, unit_double, unit_float
from .ranges import FLOATING, check_uniform_bounds, require_continuous, require_kernel

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    Array = NDArray[Any]
    Double = NDArray[np.float64]
    Restore = Callable[[Array], Array]

TWO_PI = 2.0 * math.pi
_GROUP = 16
# Elements transformed at a time, so that intermediate results stay in cache.
_BLOCK = 16 * 1024


def uniform(
    generator: Generator,
    shape: Sequence[int],
    dtype: DTypeLike = np.float32,
    low: float = 0.0,
    high: float = 1.0,
) -> Array:
    """Returns samples of the uniform distribution on [low, high).

    Args:
        generator: source of the random words.
        shape: shape of the result.
        dtype: a floating or complex type; real and imaginary parts are sampled alike.
        low: lower bound, included.
        high: upper bound, excluded.

    Raises:
        RuntimeError: ``low`` exceeds ``high``.

    Example:
        >>> uniform(Generator().manual_seed(0), (2,))
        array([0.4962566, 0.7682218], dtype=float32)

    Source: Tensor.uniform_, torch.rand.
    """
    shape, target, restore = _real_view(shape, dtype)
    require_kernel(target, FLOATING, "check_uniform_bounds")
    check_uniform_bounds(low, high, target)
    count = math.prod(shape)
    values: Array = (
        unit_double(generator, count) if target == np.float64 else unit_float(generator, count)
    )
    if target.itemsize == 2 or (low, high) != (0.0, 1.0):
        result = np.empty(count, target)
        for start in range(0, count, _BLOCK):
            block = slice(start, start + _BLOCK)
            result[block] = _stretch(values[block], low, high, target)
        values = result
    return restore(values.reshape(shape))


def normal(
    generator: Generator,
    shape: Sequence[int],
    dtype: DTypeLike = np.float32,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    contiguous: bool = True,
) -> Array:
    """Returns samples of the normal distribution, by the Box-Muller transform.

    Sixteen samples or more come from a transform in groups of 16; fewer, or samples for a tensor
    that is not contiguous, come one by one, and an odd one leaves its pair in the generator.

    Args:
        generator: source of the random words.
        shape: shape of the result.
        dtype: a floating or complex type; a complex sample has half the variance in each part.
        mean: mean of the distribution.
        std: standard deviation, at least 0.
        contiguous: whether the tensor to fill is contiguous in memory.

    Raises:
        RuntimeError: ``std`` is negative.

    Example:
        >>> normal(Generator().manual_seed(0), (2,))
        array([ 1.5409961, -0.2934289], dtype=float32)

    Source: Tensor.normal_, torch.randn.
    """
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    if np.dtype(dtype).kind == "c":
        std = std / math.sqrt(2.0)
    shape, target, restore = _real_view(shape, dtype)
    require_kernel(target, FLOATING, "normal_kernel_cpu")
    count = math.prod(shape)
    if count < _GROUP or not contiguous:
        values: Array = fma_double(_standard_normal(generator, count), std, mean)
    elif target == np.float64:
        values = _fill_double(generator, count, mean, std)
    else:
        values = _fill_single(generator, count, target, mean, std)
    return restore(cast(values, target).reshape(shape))


def normal_like(
    generator: Generator, mean: Array | float, std: Array | float, dtype: DTypeLike | None = None
) -> Array:
    """Returns normal samples whose mean or standard deviation varies by element.

    Args:
        generator: source of the random words.
        mean: means; an array that broadcasts against ``std``, or a number.
        std: standard deviations, likewise.
        dtype: type of the result. Default: that of the arrays.

    Raises:
        RuntimeError: a standard deviation is negative.

    Example:
        >>> normal_like(Generator().manual_seed(0), np.float32([10, 20]), 0.5)
        array([10.770498, 19.853285], dtype=float32)

    Source: torch.normal.
    """
    arrays = [a for a in (mean, std) if isinstance(a, np.ndarray)]
    target = np.result_type(*arrays) if dtype is None else np.dtype(dtype)
    if isinstance(std, np.ndarray) and std.size and std.min() < 0:
        raise RuntimeError("normal expects all elements of std >= 0.0")
    if not isinstance(std, np.ndarray):
        noise = normal(generator, np.shape(mean), target, 0.0, std)
        return _rounded(np.add, target, noise, mean)
    shape = np.broadcast_shapes(np.shape(mean), std.shape)
    noise = normal(generator, shape, target)
    scaled = _rounded(np.multiply, target, noise, std)
    return _rounded(np.add, target, scaled, mean)


def exponential(
    generator: Generator, shape: Sequence[int], dtype: DTypeLike = np.float32, rate: float = 1.0
) -> Array:
    r"""Returns samples of the exponential distribution, :math:`-\log(1-u)/\lambda`.

    Args:
        generator: source of the random words.
        shape: shape of the result.
        dtype: a floating type.
        rate: :math:`\lambda`, above 0.

    Raises:
        RuntimeError: ``rate`` is not positive.

    Example:
        >>> exponential(Generator().manual_seed(0), (2,), np.float64).round(4)
        array([3.5083, 1.2304])

    Source: Tensor.exponential_.
    """
    if rate <= 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
    require_continuous(np.dtype(dtype), "Exponential", cpp_name=False)
    target = np.dtype(dtype)
    survival = each(math.log1p, -unit_double(generator, math.prod(shape)))
    return cast(survival * (-1.0 / rate), target).reshape(shape)


def cauchy(
    generator: Generator,
    shape: Sequence[int],
    dtype: DTypeLike = np.float32,
    median: float = 0.0,
    sigma: float = 1.0,
) -> Array:
    r"""Returns samples of the Cauchy distribution, :math:`m + \sigma\tan(\pi(u - 1/2))`.

    Args:
        generator: source of the random words.
        shape: shape of the result.
        dtype: a floating type.
        median: location :math:`m`.
        sigma: scale, above 0.

    Raises:
        RuntimeError: ``sigma`` is not positive.

    Example:
        >>> cauchy(Generator().manual_seed(0), (2,), np.float64).shape
        (2,)

    Source: Tensor.cauchy_.
    """
    if sigma <= 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
    require_continuous(np.dtype(dtype), "Cauchy", cpp_name=True)
    angles = math.pi * (unit_double(generator, math.prod(shape)) - 0.5)
    values = fma_double(each(math.tan, angles), sigma, median)
    return cast(values, np.dtype(dtype)).reshape(shape)


def log_normal(
    generator: Generator,
    shape: Sequence[int],
    dtype: DTypeLike = np.float32,
    mean: float = 1.0,
    std: float = 2.0,
) -> Array:
    """Returns exponentials of normal samples.

    Args:
        generator: source of the random words.
        shape: shape of the result.
        dtype: a floating type.
        mean: mean of the logarithm.
        std: standard deviation of the logarithm, above 0.

    Raises:
        RuntimeError: ``std`` is not positive.

    Example:
        >>> log_normal(Generator().manual_seed(0), (2,)).shape
        (2,)

    Source: Tensor.log_normal_.
    """
    if std <= 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    require_kernel(np.dtype(dtype), FLOATING, "log_normal_cpu")
    values = fma_double(_standard_normal(generator, math.prod(shape)), std, mean)
    return cast(each(exp, values), np.dtype(dtype)).reshape(shape)


def standard_gamma(generator: Generator, alpha: Array) -> Array:
    """Returns samples of gamma distributions of scale 1, one for each shape parameter.

    Args:
        generator: source of the random words.
        alpha: shape parameters, float32 or float64, at least 0.

    Example:
        >>> standard_gamma(Generator().manual_seed(0), np.ones(2)).shape
        (2,)

    Source: torch._standard_gamma; Marsaglia and Tsang 2000.
    """
    tiny = float(np.finfo(alpha.dtype).tiny)
    with UniformStream(generator) as stream:
        samples = [_gamma_sample(a, stream, generator) for a in alpha.ravel()]
    values = np.array(samples, np.float64).astype(alpha.dtype)
    result: Array = np.fmax(values, np.array(tiny, alpha.dtype))
    return result.reshape(alpha.shape)


def dirichlet(generator: Generator, concentration: Array) -> Array:
    """Returns samples of Dirichlet distributions along the last dimension.

    Args:
        generator: source of the random words.
        concentration: parameters, shape (..., K), float32 or float64, above 0.

    Example:
        >>> dirichlet(Generator().manual_seed(0), np.ones((2, 3))).sum(-1).round(6)
        array([1., 1.])

    Source: torch._sample_dirichlet.
    """
    dtype = concentration.dtype
    gamma = standard_gamma(generator, concentration.astype(np.float64))
    with np.errstate(under="ignore"):
        values = (gamma / _row_sums(gamma)).astype(dtype)
    largest = np.nextafter(np.array(1, dtype), np.array(0, dtype))
    result: Array = np.clip(values, np.array(np.finfo(dtype).tiny, dtype), largest)
    return result


def _real_view(
    shape: Sequence[int], dtype: DTypeLike
) -> tuple[tuple[int, ...], np.dtype[Any], Restore]:
    # A complex array is sampled as the reals that it is made of.
    target = np.dtype(dtype)
    if target.kind != "c":
        return tuple(shape), target, lambda values: values
    real = np.dtype(f"f{target.itemsize // 2}")
    return (*shape, 2), real, lambda values: values.view(target)[..., 0]


def _stretch(values: Array, low: float, high: float, target: np.dtype[Any]) -> Array:
    if target == np.float64:
        values = fma_double(values, high - low, low)
    else:
        first, last = np.float32(low), np.float32(high)
        values = fma_single(values, last - first, first)
    values = cast(values, target)
    # The rounding to the result type may reach the bound that the interval excludes.
    bounds = cast(np.array([low, high]), target)
    values[values == bounds[1]] = bounds[0]
    return values


def _fill_single(
    generator: Generator, count: int, target: np.dtype[Any], mean: float, std: float
) -> Array:
    rest = count % _GROUP
    # float32 draws one word for every element before the groups are transformed; the half types
    # draw group by group and so skip those of an incomplete last group.
    body = count if target == np.float32 else count - rest
    values = unit_float(generator, body)
    whole = values[: count - rest].reshape(-1, 2, 8)
    for start in range(0, len(whole), _BLOCK // _GROUP):
        _transform_single(whole[start : start + _BLOCK // _GROUP], mean, std)
    if not rest:
        return values
    tail = unit_float(generator, _GROUP).reshape(1, 2, 8)
    _transform_single(tail, mean, std)
    return np.concatenate([values[: count - _GROUP], tail.ravel()])


def _transform_single(groups: NDArray[np.float32], mean: float, std: float) -> None:
    first = np.float32(1) - groups[:, 0]
    radius = np.sqrt(np.float32(-2) * log_single(first))
    sine, cosine = sincos_single(groups[:, 1] * np.float32(TWO_PI))
    for row, unit in ((0, cosine), (1, sine)):
        if (mean, std) == (0.0, 1.0):
            np.multiply(radius, unit, out=groups[:, row])
            groups[:, row] += np.float32(0)
        else:
            groups[:, row] = fma_single(radius * unit, np.float32(std), np.float32(mean))


def _fill_double(generator: Generator, count: int, mean: float, std: float) -> Double:
    values = unit_double(generator, count)
    rest = count % _GROUP
    whole = values[: count - rest].reshape(-1, 2, 8)
    for start in range(0, len(whole), _BLOCK // _GROUP):
        _transform_double(whole[start : start + _BLOCK // _GROUP], mean, std)
    if rest:
        tail = unit_double(generator, _GROUP).reshape(1, 2, 8)
        _transform_double(tail, mean, std)
        values[-_GROUP:] = tail.ravel()
    return values


def _transform_double(groups: Double, mean: float, std: float) -> None:
    radius = np.sqrt(-2 * each(math.log, 1 - groups[:, 0]))
    sine, cosine = sincos_double(TWO_PI * groups[:, 1])
    groups[:, 0] = fma_double(radius * cosine, std, mean)
    groups[:, 1] = fma_double(radius * sine, std, mean)


def _standard_normal(generator: Generator, count: int) -> Double:
    # One by one: the spare sample of an earlier call comes first, an odd one is left behind.
    spare = generator.next_double_normal_sample if count else None
    head = [] if spare is None else [spare]
    pairs = (count - len(head) + 1) // 2
    words = unit_double(generator, 2 * pairs).reshape(pairs, 2)
    radius = np.sqrt(-2 * each(math.log1p, -words[:, 1]))
    sine, cosine = sincos_double(TWO_PI * words[:, 0])
    both = np.stack([radius * cosine, radius * sine], axis=1).ravel()
    values = np.concatenate([np.array(head), both])
    if count:
        generator.next_double_normal_sample = float(values[count]) if len(values) > count else None
    return values[:count]


def _rounded(function: Any, dtype: np.dtype[Any], *operands: Any) -> Array:
    # Half types compute in float32 and round once, as PyTorch's kernels do.
    wide = np.dtype(np.float32) if dtype.itemsize == 2 else dtype
    result = np.asarray(function(*(np.asarray(x).astype(dtype).astype(wide) for x in operands)))
    return result.astype(dtype)


def _next_normal(stream: UniformStream, generator: Generator) -> float:
    spare = generator.next_double_normal_sample
    if spare is not None:
        generator.next_double_normal_sample = None
        return spare
    angle = TWO_PI * stream.uniform()
    radius = math.sqrt(-2.0 * math.log1p(-stream.uniform()))
    generator.next_double_normal_sample = radius * math.sin(angle)
    return radius * math.cos(angle)


def _gamma_sample(alpha: Any, stream: UniformStream, generator: Generator) -> float:
    # alpha keeps its own precision where the C++ code does; the rest is in double.
    real = type(alpha)
    scale = 1.0
    if alpha < 1:
        if alpha == 0:
            return 0.0
        scale = math.pow(1 - stream.uniform(), float(real(1) / alpha))
        alpha = alpha + real(1)
    d = float(alpha - (real(np.float32(1) / np.float32(3))))
    c = 1.0 / math.sqrt(9.0 * d) if d > 0 else math.nan
    while True:
        y = 0.0
        while y <= 0:
            x = _next_normal(stream, generator)
            y = 1.0 + c * x
        v = y * y * y
        u = 1 - stream.uniform()
        square = x * x
        if u < 1.0 - _SQUEEZE * square * square:
            return scale * d * v
        if log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v


_SQUEEZE = float(np.float32(0.0331))


def _row_sums(values: Double) -> Double:
    """Sums along the last dimension in PyTorch's order: by lanes, in four interleaved rows."""
    count = values.shape[-1]
    lanes = _LANES if count >= _LANES else 1
    whole = count - count % lanes
    columns = np.moveaxis(values[..., :whole].reshape(*values.shape[:-1], -1, lanes), -2, 0)
    interleaved = len(columns) - len(columns) % 4
    partial = [_cascade(columns[row:interleaved:4], 4) for row in range(4)]
    for column in columns[interleaved:]:
        partial[0] = partial[0] + column
    by_lane = ((partial[0] + partial[1]) + partial[2]) + partial[3]
    total = np.zeros(values.shape[:-1])
    for index in range(whole, count):
        total = total + values[..., index]
    for lane in range(lanes):
        total = total + by_lane[..., lane]
    return total[..., None]


def _cascade(rows: Double, levels: int) -> Double:
    # Blocks of partial sums, then blocks of blocks: the rounding error grows with the logarithm.
    power = max(4, math.ceil(math.log2(max(len(rows), 1)) / levels))
    sums = [np.zeros(rows.shape[1:]) for _ in range(levels)]
    for index, row in enumerate(rows, start=1):
        sums[0] = sums[0] + row
        for level in range(1, levels):
            if index % (1 << (level * power)):
                break
            sums[level] = sums[level] + sums[level - 1]
            sums[level - 1] = np.zeros(rows.shape[1:])
    total = sums[0]
    for partial in sums[1:]:
        total = total + partial
    return total


# PyTorch sums doubles in registers of this many, on CPUs with wider ones too.
_LANES = 4
