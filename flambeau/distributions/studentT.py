"""Student's t-distribution."""

from __future__ import annotations

import math
from typing import Any

from ..functional.comparison import where
from . import constraints
from .chi2 import Chi2
from .distribution import Distribution
from .utils import broadcast_all, standard_normal

__all__ = ["StudentT"]


class StudentT(Distribution):
    """Student's t-distribution.

    Args:
        df: degrees of freedom.
        loc: default: 0.
        scale: default: 1.
        validate_args: as for `Distribution`.

    Source: torch.distributions.StudentT.
    """

    arg_constraints = {"df": constraints.positive, "loc": constraints.real,
                       "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0,
                 validate_args: bool | None = None) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(self.df.size(), validate_args=validate_args)

    def _expand_parts(self, new: Any, shape: Any) -> None:
        new._chi2 = self._chi2.expand(shape)

    @property
    def mean(self) -> Any:
        return self.loc.masked_fill(self.df <= 1, math.nan)

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        finite = self.scale.pow(2) * self.df / (self.df - 2)
        wide = where(self.df > 1, math.inf, math.nan)
        return where(self.df > 2, finite, wide.to(self.df.dtype))

    def rsample(self, sample_shape: Any = ()) -> Any:
        noise = standard_normal(self._extended_shape(sample_shape), self.df)
        return self.loc + self.scale * (
            noise * (self._chi2.rsample(sample_shape) / self.df).rsqrt())

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        y = (value - self.loc) / self.scale
        level = (self.scale.log() + 0.5 * self.df.log() + 0.5 * math.log(math.pi)
                 + (0.5 * self.df).lgamma() - (0.5 * (self.df + 1.0)).lgamma())
        return -0.5 * (self.df + 1.0) * (y**2.0 / self.df).log1p() - level

    def entropy(self) -> Any:
        half, next_half = 0.5 * self.df, 0.5 * (self.df + 1)
        return (self.scale.log() + next_half * (next_half.digamma() - half.digamma())
                + 0.5 * self.df.log() + half.lgamma() + math.lgamma(0.5) - next_half.lgamma())
