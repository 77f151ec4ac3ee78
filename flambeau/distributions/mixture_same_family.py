"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

from ..autograd.modes import no_grad
from . import constraints
from .categorical import Categorical
from .constraints import MixtureSameFamilyConstraint
from .distribution import Distribution

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A mixture of a batch of distributions.

    Args:
        mixture_distribution: a `Categorical` over the components.
        component_distribution: the components, along its last batch dimension.
        validate_args: as for `Distribution`.

    Source: torch.distributions.MixtureSameFamily.
    """

    arg_constraints: Any = {}

    def __init__(self, mixture_distribution: Any, component_distribution: Any,
                 validate_args: bool | None = None) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(" The Mixture distribution needs to be an  instance of "
                             "torch.distributions.Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("The Component distribution needs to be an instance of "
                             "torch.distributions.Distribution")
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        mixed, batch = mixture_distribution.batch_shape, component_distribution.batch_shape[:-1]
        for a, b in zip(reversed(mixed), reversed(batch), strict=False):
            if a != 1 and b != 1 and a != b:
                raise ValueError(f"`mixture_distribution.batch_shape` ({mixed}) is not compatible "
                                 f"with `component_distribution.batch_shape`({batch})")
        count = mixture_distribution.logits.shape[-1]
        components = component_distribution.batch_shape[-1]
        if count != components:
            raise ValueError(f"`mixture_distribution component` ({count}) does not equal "
                             f"`component_distribution.batch_shape[-1]` ({components})")
        self._num_component = count
        event = component_distribution.event_shape
        self._event_ndims = len(event)
        super().__init__(batch, event, validate_args=validate_args)

    def _expand_parts(self, new: Any, shape: Any) -> None:
        new._component_distribution = self._component_distribution.expand(
            (*shape, self._num_component))
        new._mixture_distribution = self._mixture_distribution.expand(shape)
        new._num_component, new._event_ndims = self._num_component, self._event_ndims

    @constraints.dependent_property
    def support(self) -> Any:
        """The components' support."""
        return MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Any:
        """Over the components."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The components."""
        return self._component_distribution

    def _weights(self) -> Any:
        """The components' probabilities, with the event's dimensions."""
        probs = self.mixture_distribution.probs
        mixed = len(self.mixture_distribution.batch_shape)
        extra = 0 if mixed == 1 else len(self.batch_shape) - mixed
        shape = probs.shape
        return probs.reshape(shape[:-1] + (1,) * extra + shape[-1:] + (1,) * self._event_ndims)

    def _averaged(self, values: Any) -> Any:
        return (self._weights() * values).sum(-1 - self._event_ndims)

    def _pad(self, x: Any) -> Any:
        return x.unsqueeze(-1 - self._event_ndims)

    @property
    def mean(self) -> Any:
        return self._averaged(self.component_distribution.mean)

    @property
    def variance(self) -> Any:
        away = self.component_distribution.mean - self._pad(self.mean)
        return (self._averaged(self.component_distribution.variance)
                + self._averaged(away.pow(2.0)))

    def cdf(self, value: Any) -> Any:
        each = self.component_distribution.cdf(self._pad(value))
        return (each * self.mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        each = self.component_distribution.log_prob(self._pad(value))
        return (each + self.mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            axis = len(sample_shape) + len(self.batch_shape)
            chosen = self.mixture_distribution.sample(sample_shape)
            each = self.component_distribution.sample(sample_shape)
            places = chosen.reshape(chosen.shape + (1,) * (self._event_ndims + 1))
            places = places.expand(chosen.shape + (1, *self.event_shape))
            return each.gather(axis, places).squeeze(axis)

    def __repr__(self) -> str:
        return (f"MixtureSameFamily(\n  {self.mixture_distribution},\n  "
                f"{self.component_distribution})")
