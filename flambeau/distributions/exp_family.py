"""The base of exponential families."""

from __future__ import annotations

from typing import Any

from ..autograd.api import grad
from .distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """A density e^(⟨t(x), θ⟩ - F(θ) + k(x)) with natural parameters θ and log-normalizer F.

    Source: torch.distributions.ExponentialFamily.
    """

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> Any:
        raise NotImplementedError

    def entropy(self) -> Any:
        """F(θ) - ⟨θ, ∇F(θ)⟩ less the mean of k."""
        parameters = [p.detach().requires_grad_() for p in self._natural_params]
        level = self._log_normalizer(*parameters)
        result = -self._mean_carrier_measure + level
        for p, g in zip(parameters, grad(level.sum(), parameters, create_graph=True), strict=True):
            result = result - (p * g).reshape(self._batch_shape + (-1,)).sum(-1)
        return result
