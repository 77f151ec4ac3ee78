"""What distributions given by probabilities or logits have in common."""

from __future__ import annotations

from typing import Any

from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, lazy_property, logits_to_probs, probs_to_logits


class Binary(Distribution):
    """Given by `probs` or `logits` of one event, one of which is computed of the other."""

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    _param: Any

    def _take(self, probs: Any, logits: Any) -> None:
        """Keeps what is given.

        Raises:
            ValueError: unless it is exactly one of the two.
        """
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
            self._param = self.probs
        else:
            (self.logits,) = broadcast_all(logits)
            self._param = self.logits

    def _expand_parts(self, new: Any, shape: Any) -> None:
        new._param = new.__dict__["probs" if self._param is self.__dict__.get("probs")
                                  else "logits"]

    @lazy_property
    def logits(self) -> Any:
        """log(p / (1 - p))."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        """The probabilities."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter that was given."""
        return self._param.size()
