"""Samples of integers and of discrete distributions, digit for digit PyTorch's CPU kernels'."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .arithmetic import cast, each, from_integers, log
from .continuous import exponential
from .engine import Generator, UniformStream, unit_double, unit_float
from .ranges import (
    FLOATING,
    INT64_MIN,
    SIGNED_AND_BYTE,
    digits,
    integer_range,
    require_kernel,
    torch_name,
)

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    Array = NDArray[Any]

# From this range on, the modulus of one 32-bit word would be visibly uneven.
_WIDE_RANGE = 1 << 28


def random_from_to(
    generator: Generator,
    low: int,
    high: int | None,
    shape: Sequence[int],
    dtype: DTypeLike = np.int64,
) -> Array:
    """Returns integers of the discrete uniform distribution on [low, high).

    Args:
        generator: source of the random words.
        low: lower bound, included.
        high: upper bound, excluded; ``None``: up to the largest value of an integer type, or to
            the end of the consecutive integers of a floating type.
        shape: shape of the result.
        dtype: any type but complex.

    Raises:
        RuntimeError: the range is empty, or the type cannot hold it.

    Example:
        >>> random_from_to(Generator().manual_seed(0), 0, 10, (4,))
        array([4, 9, 3, 0])

    Source: torch.randint, Tensor.random_.
    """
    target = np.dtype(dtype)
    count = math.prod(shape)
    if high is None and low == INT64_MIN:
        words = generator.draw64(count).view(np.int64)
        return from_integers(words, target).reshape(shape)
    first, last = integer_range(low, high, target)
    extent = (last - first) % 2**64
    if extent >= _WIDE_RANGE:
        words64 = generator.draw64(count)
        words64 %= np.uint64(extent)
        values = words64.view(np.int64)
    else:
        words32 = generator.draw32(count)
        words32 %= np.uint32(extent)
        values = words32.astype(np.int64)
    if first:
        values += np.int64(first)
    return from_integers(values, target).reshape(shape)


def random_unbounded(
    generator: Generator, shape: Sequence[int], dtype: DTypeLike = np.int64
) -> Array:
    """Returns integers from 0 to the type's largest value.

    For floating types, to 2**digits: the consecutive integers that the type holds.

    Args:
        generator: source of the random words.
        shape: shape of the result.
        dtype: any type but complex and the wide unsigned ones.

    Example:
        >>> random_unbounded(Generator().manual_seed(0), (2,), np.uint8)
        array([172,  47], dtype=uint8)

    Source: Tensor.random_.
    """
    target = np.dtype(dtype)
    require_kernel(target, FLOATING | SIGNED_AND_BYTE | {"bool"}, "random_kernel_cpu")
    count = math.prod(shape)
    if target in (np.dtype(np.int64), np.dtype(np.float64)):
        words64 = generator.draw64(count)
        words64 %= np.uint64(2**63 if target.kind == "i" else 2**53 + 1)
        return from_integers(words64.view(np.int64), target).reshape(shape)
    words = generator.draw32(count)
    if target.kind == "b":
        words &= np.uint32(1)
    elif target.kind in "iu":
        words %= np.uint32(np.iinfo(target).max + 1)
    else:
        words %= np.uint32(2 ** digits(target) + 1)
    return from_integers(words.astype(np.int64), target).reshape(shape)


def randperm(generator: Generator, count: int, dtype: DTypeLike = np.int64) -> Array:
    """Returns a random permutation of the integers from 0 to ``count - 1``.

    Args:
        generator: source of the random words.
        count: number of integers, at least 0.
        dtype: type of the result.

    Raises:
        RuntimeError: ``count`` is negative.

    Example:
        >>> randperm(Generator().manual_seed(0), 5)
        array([4, 0, 1, 3, 2])

    Source: torch.randperm; Fisher and Yates.
    """
    if count < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {count}: [{count}]")
    words: Array
    # Few enough integers for the modulus of a 32-bit word to be even to one part in twenty.
    swaps = max(count - 1, 0)
    words = generator.draw32(swaps) if count < (2**32 - 1) // 20 else generator.draw64(swaps)
    partners = np.arange(count)
    partners[:-1] += (words % np.arange(count, 1, -1).astype(words.dtype)).astype(np.int64)
    return from_integers(_swap_forward(partners), np.dtype(dtype))


def _swap_forward(partners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns 0 ... n-1 after swapping position i with ``partners[i] >= i``, for i in order.

    Position i is final after its own swap. The number that swap i moves to its partner is that of
    the last earlier swap into i, whose number is that of the last one into its place, and so on:
    chains that pointer jumping follows all at once.
    """
    count = len(partners)
    steps = np.arange(count)
    moved = steps.copy()
    proper = partners != steps
    moved[partners[proper]] = steps[proper]
    while True:
        further = moved[moved]
        if (further == moved).all():
            break
        moved = further
    # Sorted by place and then by step, the last earlier swap into a place is the entry before.
    width = max(count.bit_length(), 1)
    keys = np.sort((partners << width) | steps)
    places, order = keys >> width, keys & ((1 << width) - 1)
    numbers = places.copy()
    repeated = np.flatnonzero(places[1:] == places[:-1]) + 1
    numbers[repeated] = moved[order[repeated - 1]]
    result = np.empty(count, np.int64)
    result[order] = numbers
    return result


def bernoulli(
    generator: Generator,
    probability: Array | float,
    shape: Sequence[int],
    dtype: DTypeLike = np.float32,
) -> Array:
    """Returns ones with a probability, zeros otherwise.

    Args:
        generator: source of the random words.
        probability: a number, or an array that broadcasts to ``shape``; a number and a float64
            array spend two words on an element, the other arrays one.
        shape: shape of the result.
        dtype: type of the result.

    Raises:
        RuntimeError: a probability is outside [0, 1].

    Example:
        >>> bernoulli(Generator().manual_seed(0), 0.5, (4,))
        array([0., 0., 1., 0.], dtype=float32)

    Source: torch.bernoulli, Tensor.bernoulli_.
    """
    if not isinstance(probability, np.ndarray):
        if not 0 <= probability <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={probability:g}")
        supported = FLOATING | SIGNED_AND_BYTE | {"bool"}
        require_kernel(np.dtype(dtype), supported, "bernoulli_scalar_cpu_")
        hits: Array = unit_double(generator, math.prod(shape)) < probability
        return hits.astype(dtype).reshape(shape)
    if not ((probability >= 0) & (probability <= 1)).all():
        raise RuntimeError(
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message "
            "be improved?  If so, please report an enhancement request to PyTorch.)"
        )
    limits = np.broadcast_to(probability, shape)
    if probability.dtype == np.float64:
        hits = unit_double(generator, limits.size).reshape(shape) < limits
    else:
        hits = unit_float(generator, limits.size).reshape(shape) < limits.astype(np.float32)
    return hits.astype(dtype)


def geometric(
    generator: Generator, probability: float, shape: Sequence[int], dtype: DTypeLike = np.float32
) -> Array:
    r"""Returns numbers of trials until the first success, :math:`\lceil\log u/\log(1-p)\rceil`.

    Args:
        generator: source of the random words.
        probability: :math:`p`, in (0, 1).
        shape: shape of the result.
        dtype: type of the result.

    Raises:
        RuntimeError: ``probability`` is outside (0, 1).

    Example:
        >>> geometric(Generator().manual_seed(0), 0.5, (3,)).dtype
        dtype('float32')

    Source: Tensor.geometric_.
    """
    if not 0 < probability < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={probability:g}")
    require_kernel(np.dtype(dtype), FLOATING | SIGNED_AND_BYTE, "geometric_cpu")
    logarithms = each(log, unit_double(generator, math.prod(shape)))
    trials = np.ceil(logarithms / math.log1p(-probability))
    return cast(trials, np.dtype(dtype)).reshape(shape)


def poisson(generator: Generator, rate: Array) -> Array:
    """Returns samples of Poisson distributions, one for each rate.

    Args:
        generator: source of the random words.
        rate: rates, at least 0, any floating type; the result has its shape and type.

    Raises:
        RuntimeError: a rate is negative.

    Example:
        >>> poisson(Generator().manual_seed(0), np.float32([1, 100])).shape
        (2,)

    Source: torch.poisson; Hoermann 1993.
    """
    if not (rate >= 0).all():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    with UniformStream(generator) as stream:
        samples = [_poisson_sample(r, stream) for r in rate.astype(np.float64).ravel().tolist()]
    return cast(np.array(samples, np.float64), rate.dtype).reshape(rate.shape)


def binomial(generator: Generator, count: Array, probability: Array) -> Array:
    """Returns samples of binomial distributions, one for each pair of parameters.

    Args:
        generator: source of the random words.
        count: numbers of trials, float32 or float64.
        probability: probabilities of success, same type, broadcast against ``count``.

    Example:
        >>> binomial(Generator().manual_seed(0), np.full(2, 10.0), np.full(2, 0.0))
        array([0., 0.])

    Source: torch.binomial; Hoermann 1993 (BTRS).
    """
    counts, probabilities = np.broadcast_arrays(count, probability)
    with UniformStream(generator) as stream:
        samples = [
            _binomial_sample(n, p, stream)
            for n, p in zip(counts.ravel(), probabilities.ravel(), strict=True)
        ]
    return np.array(samples, counts.dtype).reshape(counts.shape)


def multinomial(
    generator: Generator, weights: Array, count: int, *, replacement: bool = False
) -> NDArray[np.int64]:
    """Returns indices drawn with probabilities proportional to the weights of each row.

    One draw, and draws without replacement, take the largest of weight over exponential noise;
    draws with replacement look uniform samples up in the cumulative weights.

    Args:
        generator: source of the random words.
        weights: shape (categories,) or (rows, categories), floating, at least 0.
        count: number of draws in a row.
        replacement: whether a category may be drawn twice.

    Raises:
        RuntimeError: weights negative, not finite or all zero; more draws than categories.

    Example:
        >>> multinomial(Generator().manual_seed(0), np.float32([0, 0, 1]), 2, replacement=True)
        array([2, 2])

    Source: torch.multinomial.
    """
    _check_weights(weights, count, replacement)
    rows = weights.reshape(-1, weights.shape[-1])
    if replacement and count != 1:
        result = _with_replacement(generator, rows, count)
    else:
        noise = exponential(generator, rows.shape, rows.dtype)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            race = rows / noise
        if count == 1:
            result = race.argmax(axis=-1)[:, None]
        else:
            result = np.argsort(-race, axis=-1, kind="stable")[:, :count]
    return result.astype(np.int64).reshape(*weights.shape[:-1], count)


def _poisson_sample(rate: float, stream: UniformStream) -> int:
    if rate == 0:
        return 0
    if rate >= 10:
        return _poisson_large(rate, stream)
    threshold = math.exp(-rate)
    events, product = -1, 1.0
    while events < 0 or product > threshold:
        product *= stream.uniform()
        events += 1
    return events


def _poisson_large(rate: float, stream: UniformStream) -> int:
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    accept = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = stream.uniform() - 0.5
        v = stream.uniform()
        distance = 0.5 - abs(u)
        if distance == 0:
            continue
        k = math.floor((2 * a / distance + b) * u + rate + 0.43)
        if distance >= 0.07 and v <= accept:
            return k
        if k < 0 or (distance < 0.013 and v > distance):
            continue
        ratio = log(v) + math.log(inverse_alpha) - math.log(a / (distance * distance) + b)
        if ratio <= -rate + k * log_rate - math.lgamma(k + 1):
            return k


def _binomial_sample(count: Any, probability: Any, stream: UniformStream) -> float:
    if count <= 0 or probability <= 0:
        return 0.0
    if probability >= 1:
        return float(count)
    if math.isnan(probability):
        return math.nan
    real = type(count)
    flipped = probability > 0.5
    p = real(1.0 - float(probability)) if flipped else probability
    sampler = _binomial_rejection if count * p >= 10 else _binomial_inversion
    successes = sampler(count, p, stream)
    return float(count) - successes if flipped else successes


def _binomial_inversion(count: Any, probability: Any, stream: UniformStream) -> float:
    # log1p takes the parameter's own precision.
    log_failure = float(type(count)(math.log1p(-float(probability))))
    total, successes = 0.0, 0.0
    while True:
        total += float(np.ceil(log(stream.uniform()) / log_failure))
        if total > count:
            return successes
        successes += 1.0


def _binomial_rejection(count: Any, probability: Any, stream: UniformStream) -> float:
    # Products of the two parameters keep their precision, everything else is in double.
    one = type(count)(1)
    deviation = float(np.sqrt(count * probability * (one - probability)))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * float(probability)
    c = float(count * probability) + 0.5
    accept = 0.92 - 4.2 / b
    odds = float(probability / (one - probability))
    alpha = (2.83 + 5.1 / b) * deviation
    mode = float(np.floor((count + one) * probability))
    trials, most = float(count), float(count + one)
    while True:
        u = stream.uniform() - 0.5
        v = stream.uniform()
        distance = 0.5 - abs(u)
        if distance == 0:
            continue
        k = float(type(count)(math.floor((2 * a / distance + b) * u + c)))
        if k < 0 or k > trials:
            continue
        if distance >= 0.07 and v <= accept:
            return k
        ratio = log(v * alpha / (a / (distance * distance) + b))
        left = float(count - type(count)(k) + one)
        after = float(type(count)(k) + one)
        bound = (
            (mode + 0.5) * math.log((mode + 1) / (odds * (trials - mode + 1)))
            + most * math.log((trials - mode + 1) / left)
            + (k + 0.5) * math.log(odds * left / after)
            + _stirling_tail(mode)
            + _stirling_tail(trials - mode)
            - _stirling_tail(k)
            - _stirling_tail(float(count - type(count)(k)))
        )
        if ratio <= bound:
            return k


_STIRLING_TAIL = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
    0.0166446911898211, 0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
    0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


def _stirling_tail(k: float) -> float:
    # What Stirling's series leaves out of log(k!).
    if k < len(_STIRLING_TAIL):
        return _STIRLING_TAIL[int(k)]
    square = (k + 1) * (k + 1)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)


def _check_weights(weights: Array, count: int, replacement: bool) -> None:
    if weights.dtype.name not in FLOATING:
        name = torch_name(weights.dtype)
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {name}"
        )
    if not 1 <= weights.ndim <= 2:
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if count <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and count > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    invalid = "invalid multinomial distribution"
    finite, positive = np.isfinite(weights).all(), (weights >= 0).all()
    if replacement and count != 1:
        if (weights < 0).any():
            raise RuntimeError(f"{invalid} (encountering probability entry < 0)")
        if not finite:
            raise RuntimeError(f"{invalid} (encountering probability entry = infinity or NaN)")
    elif not (finite and positive):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not (weights > 0).any(axis=-1).all():
        raise RuntimeError(f"{invalid} (sum of probabilities <= 0)")


def _with_replacement(generator: Generator, rows: Array, count: int) -> Array:
    wide = rows.astype(np.float32) if rows.dtype.itemsize == 2 else rows
    cumulative = np.cumsum(wide, axis=-1)
    cumulative /= cumulative[:, -1:].copy()
    samples = unit_double(generator, len(rows) * count).reshape(len(rows), count)
    picks = [np.searchsorted(row, sample) for row, sample in zip(cumulative, samples, strict=True)]
    return np.array(picks).reshape(len(rows), count)
