"""The random masks of dropout and of the randomized leaky ReLU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .arithmetic import cast
from .discrete import bernoulli
from .engine import Generator, unit_double
from .ranges import require_kernel

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    Array = NDArray[Any]


def dropout_mask(
    generator: Generator, shape: Sequence[int], dtype: DTypeLike, p: float, *, feature: bool = False
) -> Array:
    """Returns ones for the elements that dropout keeps, zeros for those that it drops.

    Args:
        generator: source of the random words.
        shape: shape of the input, (N, C, ...) for feature dropout.
        dtype: type of the mask: the input's, or bool.
        p: probability of dropping, in [0, 1).
        feature: whether whole channels are dropped: the mask then has shape (N, C, 1, ..., 1).

    Example:
        >>> dropout_mask(Generator().manual_seed(0), (4,), np.bool_, 0.5)
        array([False, False,  True, False])

    Source: torch.nn.functional.dropout, dropout1d, dropout2d, dropout3d, alpha_dropout.
    """
    size = (*shape[:2], *(1 for _ in shape[2:])) if feature else shape
    return bernoulli(generator, 1 - p, size, dtype)


def rrelu_noise(generator: Generator, values: Array, lower: float, upper: float) -> Array:
    """Returns the slopes of the randomized leaky ReLU: random where values <= 0, else 1.

    Args:
        generator: source of the random words; only elements at or below 0 spend any.
        values: input of the activation.
        lower: least slope.
        upper: largest slope.

    Example:
        >>> rrelu_noise(Generator().manual_seed(0), np.float32([1.0, 2.0]), 0.1, 0.3)
        array([1., 1.], dtype=float32)

    Source: torch.nn.functional.rrelu.
    """
    supported = {"float32", "float64", "bfloat16"}
    require_kernel(values.dtype, supported, "rrelu_with_noise_out_cpu")
    slopes = np.ones(values.shape, values.dtype)
    leaking = values <= 0
    draws = unit_double(generator, int(leaking.sum()))
    # Unlike uniform sampling, this kernel rounds the product before it adds; its bounds are
    # single where the values are not double.
    real = np.float64 if values.dtype == np.float64 else np.float32
    low, high = np.array([lower, upper], real).astype(np.float64)
    slopes[leaking] = cast(draws * (high - low) + low, values.dtype)
    return slopes
