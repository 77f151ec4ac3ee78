"""The relaxed Bernoulli distribution."""

from __future__ import annotations

from typing import Any

from ..random import rand
from . import constraints
from .probabilities import Binary
from .transformed_distribution import TransformedDistribution
from .transforms import SigmoidTransform
from .utils import broadcast_all, clamp_probs

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(Binary):
    """The log-odds of `RelaxedBernoulli`.

    Args:
        temperature, probs, logits, validate_args: as for `RelaxedBernoulli`.

    Source: torch.distributions.relaxed_bernoulli.LogitRelaxedBernoulli.
    """

    support = constraints.real

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:
        self.temperature = temperature
        self._take(probs, logits)
        super().__init__(self._param.size(), validate_args=validate_args)

    def _expand_parts(self, new: Any, shape: Any) -> None:
        super()._expand_parts(new, shape)
        new.temperature = self.temperature

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        drawn = clamp_probs(rand(shape, dtype=probs.dtype))
        return (drawn.log() - (-drawn).log1p() + probs.log()
                - (-probs).log1p()) / self.temperature

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        logits, value = broadcast_all(self.logits, value)
        away = logits - value.mul(self.temperature)
        return self.temperature.log() + away - 2 * away.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """A continuous form of `Bernoulli` on (0, 1), with gradients.

    Args:
        temperature: how soft; a tensor.
        probs: probability of 1.
        logits: log(p / (1 - p)), instead of probs.
        validate_args: as for `Distribution`.

    Source: torch.distributions.RelaxedBernoulli.
    """

    arg_constraints = Binary.arg_constraints
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:
        super().__init__(LogitRelaxedBernoulli(temperature, probs, logits), SigmoidTransform(),
                         validate_args=validate_args)

    @property
    def temperature(self) -> Any:
        """How soft."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """log(p / (1 - p))."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """The probability of 1."""
        return self.base_dist.probs
