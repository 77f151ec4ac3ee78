"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

from ..functional.binary_loss import binary_cross_entropy_with_logits
from ..functional.comparison import where
from ..random import rand
from ..tensor.creation import full_like, ones_like, zeros_like
from . import constraints
from .exp_family import ExponentialFamily
from .probabilities import Binary
from .utils import broadcast_all, clamp_probs, lazy_property, logits_to_probs

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(Binary, ExponentialFamily):
    """The distribution on [0, 1] of density ∝ p^x (1 - p)^(1 - x).

    Args:
        probs: p, in (0, 1).
        logits: log(p / (1 - p)), instead of probs.
        lims: between these, series in p - 1/2 replace the formulas. Default: (0.499, 0.501).
        validate_args: as for `Distribution`.

    Source: torch.distributions.ContinuousBernoulli.
    """

    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, probs: Any = None, logits: Any = None,
                 lims: tuple[float, float] = (0.499, 0.501),
                 validate_args: bool | None = None) -> None:
        self._take(probs, logits)
        if probs is not None:
            if validate_args is not None and not (
                    self.arg_constraints["probs"].check(self.probs).all()):
                raise ValueError("The parameter probs has invalid values")
            self._param = self.probs = clamp_probs(self.probs)
        self._lims = lims
        super().__init__(self._param.size(), validate_args=validate_args)

    def _expand_parts(self, new: Any, shape: Any) -> None:
        super()._expand_parts(new, shape)
        new._lims = self._lims

    @lazy_property
    def probs(self) -> Any:
        """p, kept off 0 and 1."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _parts(self) -> tuple[Any, Any, Any]:
        """Where the formulas hold, p with a harmless value elsewhere, and p - 1/2."""
        low, high = self._lims
        holds = (self.probs <= low) | (self.probs > high)
        return holds, where(holds, self.probs, full_like(self.probs, low)), self.probs - 0.5

    def _cont_bern_log_norm(self) -> Any:
        holds, p, near = self._parts()
        below = where(p <= 0.5, p, zeros_like(p))
        above = where(p >= 0.5, p, ones_like(p))
        level = ((-p).log1p() - p.log()).abs().log() - where(
            p <= 0.5, (-2 * below).log1p(), (2 * above - 1).log())
        square = near.pow(2)
        return where(holds, level, math.log(2) + (4 / 3 + 104 / 45 * square) * square)

    @property
    def mean(self) -> Any:
        holds, p, near = self._parts()
        exact = p / (2 * p - 1) + 1 / ((-p).log1p() - p.log())
        return where(holds, exact, 0.5 + (1 / 3 + 16 / 45 * near.pow(2)) * near)

    @property
    def variance(self) -> Any:
        holds, p, near = self._parts()
        exact = p * (p - 1) / (1 - 2 * p).pow(2) + 1 / ((-p).log1p() - p.log()).pow(2)
        square = near.pow(2)
        return where(holds, exact, 1 / 12 - (1 / 15 - 128 / 945 * square) * square)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.probs.dtype))

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        logits, value = broadcast_all(self.logits, value)
        return (-binary_cross_entropy_with_logits(logits, value, reduction="none")
                + self._cont_bern_log_norm())

    def cdf(self, value: Any) -> Any:
        self._checked(value)
        holds, p, _ = self._parts()
        exact = (p.pow(value) * (1 - p).pow(1 - value) + p - 1) / (2 * p - 1)
        inside = where(holds, exact, value)
        return where(value <= 0, zeros_like(value),
                     where(value >= 1, ones_like(value), inside))

    def icdf(self, value: Any) -> Any:
        holds, p, _ = self._parts()
        rest = (-p).log1p()
        exact = ((-p + value * (2 * p - 1)).log1p() - rest) / (p.log() - rest)
        return where(holds, exact, value)

    def entropy(self) -> Any:
        rest = (-self.probs).log1p()
        return self.mean * (rest - self.probs.log()) - self._cont_bern_log_norm() - rest

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Any) -> Any:
        low, high = self._lims
        holds = (x <= low - 0.5) | (x > high - 0.5)
        safe = where(holds, x, full_like(x, low - 0.5))
        level = safe.expm1().abs().log() - safe.abs().log()
        return where(holds, level, 0.5 * x + x.pow(2) / 24 - x.pow(4) / 2880)
