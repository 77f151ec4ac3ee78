"""The categorical distribution."""

from __future__ import annotations

from typing import Any

from ..dtype import finfo, int64
from ..functional.parts import broadcast_tensors
from ..functional.sampling import multinomial
from ..tensor.creation import arange, full
from ..tensor.size import Size
from . import constraints
from .distribution import Distribution
from .utils import lazy_property, logits_to_probs, probs_to_logits

__all__ = ["Categorical"]


class Categorical(Distribution):
    """Numbers of categories, drawn with given probabilities.

    Args:
        probs: (…, K), which are divided by their sum.
        logits: unnormalised logarithms of them, instead of probs.
        validate_args: as for `Distribution`.

    Example:
        >>> import flambeau as torch
        >>> torch.distributions.Categorical(torch.tensor([1., 3.])).probs
        tensor([0.2500, 0.7500])

    Source: torch.distributions.Categorical.
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        name, given = ("probs", probs) if probs is not None else ("logits", logits)
        if given.dim() < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if probs is not None:
            self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            self.logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        self._param = given
        self._num_events = given.size()[-1]
        super().__init__(given.size()[:-1], validate_args=validate_args)

    def _expand_parts(self, new: Any, shape: Any) -> None:
        new._num_events = self._num_events
        new._param = self._param.expand((*shape, self._num_events))

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """{0, …, K - 1}."""
        return constraints.integer_interval(0, self._num_events - 1)

    @lazy_property
    def logits(self) -> Any:
        """Logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Any:
        """The probabilities."""
        return logits_to_probs(self.logits)

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter that was given."""
        return self._param.size()

    @property
    def mean(self) -> Any:
        return full(self._extended_shape(), float("nan"), dtype=self.probs.dtype)

    @property
    def mode(self) -> Any:
        return self.probs.argmax(dim=-1)

    @property
    def variance(self) -> Any:
        return self.mean

    def sample(self, sample_shape: Any = ()) -> Any:
        flat = self.probs.detach().reshape(-1, self._num_events)
        drawn = multinomial(flat, Size(sample_shape).numel(), True)
        return drawn.T.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        places, levels = broadcast_tensors(value.to(int64).unsqueeze(-1), self.logits)
        return levels.gather(-1, places[..., :1]).squeeze(-1)

    def entropy(self) -> Any:
        finite = self.logits.clamp(min=finfo(self.logits.dtype).min)
        return -(finite * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        values = arange(self._num_events).view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1, *self._batch_shape)) if expand else values
