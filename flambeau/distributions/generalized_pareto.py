"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from typing import Any

from ..functional.comparison import isclose, where
from ..functional.parts import broadcast_to
from ..random import rand
from ..tensor.creation import ones_like, zeros_like
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """The distribution of excesses over a threshold, of survival (1 + c z)^(-1/c).

    Args:
        loc: the threshold.
        scale: of z = (x - loc) / scale.
        concentration: c; e^-z where it is 0.
        validate_args: as for `Distribution`.

    Source: torch.distributions.GeneralizedPareto.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive,
                       "concentration": constraints.real}
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, concentration: Any,
                 validate_args: bool | None = None) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def _safe(self) -> tuple[Any, Any]:
        """Where the concentration is 0, and the concentration with 1 there."""
        straight = isclose(self.concentration, zeros_like(self.concentration))
        return straight, where(straight, ones_like(self.concentration), self.concentration)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        z = (value - self.loc) / self.scale
        straight, c = self._safe()
        power = 1 / c + 1
        bent = where(power == 0, power, power * (c * z).log1p())
        return -self.scale.log() - where(straight, z, bent)

    def log_survival_function(self, value: Any) -> Any:
        """log(1 - cdf)."""
        self._checked(value)
        z = (value - self.loc) / self.scale
        straight, c = self._safe()
        return where(straight, -z, -(c * z).log1p() / c)

    def log_cdf(self, value: Any) -> Any:
        """The logarithm of `cdf`."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Any) -> Any:
        return self.log_cdf(value).exp()

    def icdf(self, value: Any) -> Any:
        straight, c = self._safe()
        level = (-value).log1p()
        bent = self.loc + self.scale / c * (-c * level).expm1()
        return where(straight, self.loc - self.scale * level, bent)

    @property
    def mean(self) -> Any:
        valid = self.concentration < 1
        c = where(valid, self.concentration, 0.5)
        return where(valid, self.loc + self.scale / (1 - c), math.nan)

    @property
    def variance(self) -> Any:
        valid = self.concentration < 0.5
        c = where(valid, self.concentration, 0.25)
        return where(valid, self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c)), math.nan)

    def entropy(self) -> Any:
        return broadcast_to(self.scale.log() + self.concentration + 1, self._batch_shape)

    @property
    def mode(self) -> Any:
        return self.loc

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From loc, bounded above for negative concentrations."""
        end = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, where(self.concentration < 0, end, math.inf))
