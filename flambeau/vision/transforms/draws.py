"""Random numbers for transforms.

They come from the global generator by the same calls, in the same order, as torchvision's, so
that the same seed gives the same crops, flips and angles.
"""

from __future__ import annotations

from flambeau.random import rand, randint
from flambeau.tensor.creation import empty
from flambeau.tensor.data import tensor


def uniform(low: float, high: float) -> float:
    """One number from [low, high), float32."""
    return float(empty(1).uniform_(low, high).item())


def log_uniform(low: float, high: float) -> float:
    """One number whose logarithm is uniform, computed in float32 as torchvision does."""
    low_log, high_log = tensor([low, high]).log().tolist()
    return float(empty(1).uniform_(low_log, high_log).exp().item())


def chance(probability: float) -> bool:
    """True with the given probability."""
    return float(rand(1).item()) < probability


def position(count: int) -> int:
    """One integer from 0 .. count - 1."""
    return int(randint(0, count, size=(1,)).item())


def between(low: int, high: int) -> int:
    """One integer from low .. high - 1."""
    return int(randint(low, high, size=(1,)).item())
