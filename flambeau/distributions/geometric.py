"""The geometric distribution."""

from __future__ import annotations

from typing import Any

from ..autograd.modes import no_grad
from ..dtype import finfo
from ..functional.binary_loss import binary_cross_entropy_with_logits
from ..tensor.creation import empty, zeros_like
from . import constraints
from .probabilities import Binary
from .utils import broadcast_all

__all__ = ["Geometric"]


class Geometric(Binary):
    """The number of failures before the first success.

    Args:
        probs: probability of success, in (0, 1].
        logits: log(p / (1 - p)), instead of probs.
        validate_args: as for `Distribution`.

    Example:
        >>> import flambeau as torch
        >>> torch.distributions.Geometric(torch.tensor(0.25)).mean
        tensor(3.)

    Source: torch.distributions.Geometric.
    """

    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:
        self._take(probs, logits)
        super().__init__(self._param.size(), validate_args=validate_args)
        if self._validate_args and probs is not None:
            value = self.probs
            if not (value > 0).all():
                raise ValueError(
                    f"Expected parameter probs ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to be positive but found "
                    f"invalid values:\n{value.data[~(value > 0)]}")

    @property
    def mean(self) -> Any:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        return zeros_like(self.probs)

    @property
    def variance(self) -> Any:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Any:
        shape, kind = self._extended_shape(sample_shape), self.probs.dtype
        with no_grad():
            drawn = empty(shape, dtype=kind).uniform_(finfo(kind).tiny, 1)
            return (drawn.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        value, probs = broadcast_all(value, self.probs)
        certain = (probs == 1) & (value == 0)
        return value * (-probs.masked_fill(certain, 0)).log1p() + self.probs.log()

    def entropy(self) -> Any:
        return binary_cross_entropy_with_logits(
            self.logits, self.probs, reduction="none") / self.probs
