"""Leaving out whole branches of a residual network at random."""

from __future__ import annotations

from flambeau import nn
from flambeau.tensor import Tensor
from flambeau.tensor.creation import empty


def stochastic_depth(input: Tensor, p: float, mode: str, training: bool = True) -> Tensor:
    """Set samples (or the whole batch) to 0 with probability p, and scale the rest by 1 / (1 - p).

    Args:
        input: (N, …).
        p: probability.
        mode: "row" for each sample by itself, "batch" for all at once.
        training: otherwise nothing happens. Default: True.

    Raises:
        ValueError: p outside [0, 1], or another mode.

    Source: Huang et al. 2016, "Deep Networks with Stochastic Depth"; torchvision,
    ``torchvision.ops.stochastic_depth``.
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"mode has to be either 'batch' or 'row', but got {mode}")
    if not training or p == 0.0:
        return input
    size = [input.shape[0] if mode == "row" else 1] + [1] * (input.ndim - 1)
    noise = empty(size, dtype=input.dtype).bernoulli_(1 - p)
    if p < 1:
        noise.div_(1 - p)
    out: Tensor = input * noise
    return out


class StochasticDepth(nn.Module):
    """Applies `stochastic_depth`.

    Args:
        p: probability.
        mode: "row" or "batch".

    Source: torchvision, ``torchvision.ops.StochasticDepth``.
    """

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:
        """Maps to the same shape."""
        return stochastic_depth(input, self.p, self.mode, self.training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, mode={self.mode})"
