"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.modes import no_grad
from ..dtype import bool_, float64
from ..functional.comparison import where
from ..functional.special import i0e, i1e
from ..random import rand
from ..tensor.creation import empty, zeros
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, lazy_property

__all__ = ["VonMises"]


class VonMises(Distribution):
    """The von Mises distribution of angles, of density e^(k cos(x - loc)) / (2π I_0(k)).

    Args:
        loc: the mean angle, in radians.
        concentration: k.
        validate_args: as for `Distribution`.

    Source: torch.distributions.VonMises.
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        k = self.concentration
        return k * (value - self.loc).cos() - math.log(2 * math.pi) - i0e(k).log() - k

    @lazy_property
    def _proposal_r(self) -> Any:
        """The parameter of the wrapped Cauchy distribution that samples are proposed from."""
        kappa = self.concentration.to(float64)
        tau = 1 + (1 + 4 * kappa**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
        return where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho**2) / (2 * rho))

    def sample(self, sample_shape: Any = ()) -> Any:
        """Best and Fisher's rejection sampling (1979)."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            kappa, r = self.concentration.to(float64), self._proposal_r
            x, done = empty(shape, dtype=float64), zeros(shape, dtype=bool_)
            while not done.all():
                u1, u2, u3 = rand((3, *shape), dtype=float64).unbind()
                z = (math.pi * u1).cos()
                f = (1 + r * z) / (r + z)
                c = kappa * (r - f)
                accepted = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
                x = where(accepted, (u3 - 0.5).sign() * f.acos(), x)
                done = done | accepted
            turned = (x + math.pi + self.loc.to(float64)) % (2 * math.pi) - math.pi
            return turned.to(self.loc.dtype)

    @property
    def mean(self) -> Any:
        """The circular mean."""
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The circular variance."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)
