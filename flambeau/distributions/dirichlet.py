"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

from ..functional.comparison import where
from ..functional.embedding import one_hot
from ..tensor.size import Size
from . import constraints
from .exp_family import ExponentialFamily
from .samplers import dirichlet

__all__ = ["Dirichlet"]


class Dirichlet(ExponentialFamily):
    """The Dirichlet distribution on vectors of probabilities, of density ∝ Π x_i^(a_i - 1).

    Args:
        concentration: (…, K), the a_i.
        validate_args: as for `Distribution`.

    Example:
        >>> import flambeau as torch
        >>> torch.distributions.Dirichlet(torch.ones(2)).log_prob(torch.tensor([0.5, 0.5]))
        tensor(0.)

    Source: torch.distributions.Dirichlet.
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:],
                         validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return dirichlet(self.concentration.expand(self._extended_shape(Size(sample_shape))))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        a = self.concentration
        return (a - 1.0).xlogy(value).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    @property
    def mean(self) -> Any:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Any:
        above = (self.concentration - 1).clamp(min=0.0)
        inside = above / above.sum(-1, True)
        corner = one_hot(inside.argmax(-1), above.shape[-1]).to(above.dtype)
        return where((self.concentration < 1).all(-1).unsqueeze(-1), corner, inside)

    @property
    def variance(self) -> Any:
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def entropy(self) -> Any:
        a, count = self.concentration, self.concentration.size(-1)
        total = a.sum(-1)
        return (a.lgamma().sum(-1) - total.lgamma() - (count - total) * total.digamma()
                - ((a - 1.0) * a.digamma()).sum(-1))

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return (self.concentration,)

    def _log_normalizer(self, x: Any) -> Any:
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()
