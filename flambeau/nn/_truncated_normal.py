"""Random numbers from a normal distribution restricted to an interval."""

from __future__ import annotations

import math
from typing import Any

from flambeau.random import Generator
from flambeau.tensor import Tensor
from flambeau.tensor.creation import empty_like


def fill_truncated_normal(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None
) -> None:
    """Fill a tensor with numbers from a normal distribution restricted to [a, b].

    Args:
        tensor: any shape; must not be recorded for autograd.
        mean: the mean before the restriction.
        std: the standard deviation before the restriction.
        a: lower bound.
        b: upper bound.
        generator: source of random bits; the default one if None.
    """
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    if inside > 0.3:
        _redraw_outside(tensor, mean, std, a, b, generator)
    else:
        _accept_by_density(tensor, mean, std, a, b, generator)


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _redraw_outside(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None
) -> None:
    # The bounds are rounded to the tensor's dtype, so that no number exceeds them after rounding.
    low, high = tensor.new_tensor(a).item(), tensor.new_tensor(b).item()
    tensor.normal_(mean, std, generator=generator)
    outside = (tensor < low) | (tensor > high)
    while outside.any():
        again = empty_like(tensor).normal_(mean, std, generator=generator)
        tensor.copy_(again.where(outside, tensor))
        outside = (tensor < low) | (tensor > high)


def _accept_by_density(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None
) -> None:
    mode = max(a, min(mean, b))
    log_peak = -0.5 * ((mode - mean) / std) ** 2
    trial, drawn = empty_like(tensor), empty_like(tensor)

    def is_rejected() -> Any:
        log_density = trial.clone().sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(log_peak)
        return drawn.uniform_(generator=generator).log_().gt(log_density)

    trial.copy_(tensor.uniform_(a, b, generator=generator))
    rejected = is_rejected()
    while rejected.any():
        trial.uniform_(a, b, generator=generator)
        tensor.copy_(trial.where(rejected, tensor))
        rejected = rejected & is_rejected()
