"""The Gumbel distribution."""

from __future__ import annotations

import math
from typing import Any

from ..dtype import finfo
from ..tensor.creation import full_like, ones_like
from . import constraints
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, ExpTransform
from .uniform import Uniform
from .utils import broadcast_all, euler_constant

__all__ = ["Gumbel"]


class Gumbel(TransformedDistribution):
    """The Gumbel distribution of largest values, of cumulative function e^-e^-z.

    Args:
        loc, scale: of z = (x - loc) / scale.
        validate_args: as for `Distribution`.

    Source: torch.distributions.Gumbel.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        info = finfo(self.loc.dtype)
        base = Uniform(full_like(self.loc, info.tiny), full_like(self.loc, 1 - info.eps),
                       validate_args=validate_args)
        super().__init__(base, self._chain(self.loc, self.scale), validate_args=validate_args)

    @staticmethod
    def _chain(loc: Any, scale: Any) -> list[Any]:
        return [ExpTransform().inv, AffineTransform(loc=0, scale=-ones_like(scale)),
                ExpTransform().inv, AffineTransform(loc=loc, scale=-scale)]

    def _expand_parts(self, new: Any, shape: Any) -> None:
        new.loc, new.scale = self.loc.expand(shape), self.scale.expand(shape)
        new.transforms = self._chain(new.loc, new.scale)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - self.scale.log()

    @property
    def mean(self) -> Any:
        return self.loc + self.scale * euler_constant

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def stddev(self) -> Any:
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self) -> Any:
        return self.stddev.pow(2)

    def entropy(self) -> Any:
        return self.scale.log() + (1 + euler_constant)
