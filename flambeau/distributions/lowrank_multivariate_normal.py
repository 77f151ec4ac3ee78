"""Multivariate normal distributions with a covariance of low rank."""

from __future__ import annotations

import math
from typing import Any

from ..functional.classic_linalg import cholesky_solve
from ..functional.linalg import cholesky
from ..functional.parts import broadcast_shapes
from ..tensor.creation import eye
from ..tensor.size import Size
from . import constraints
from .distribution import Distribution
from .multivariate_normal import log_diagonal, mahalanobis, times_vector
from .utils import lazy_property, standard_normal

__all__ = ["LowRankMultivariateNormal"]


def capacitance_tril(factor: Any, diagonal: Any) -> Any:
    """The Cholesky factor of I + W^T D^-1 W."""
    scaled = factor.mT / diagonal.unsqueeze(-2)
    return cholesky(scaled @ factor + eye(factor.shape[-1], dtype=factor.dtype))


def lowrank_logdet(diagonal: Any, capacitance: Any) -> Any:
    """log det(W W^T + D), by the matrix determinant lemma."""
    return 2 * log_diagonal(capacitance) + diagonal.log().sum(-1)


def lowrank_mahalanobis(factor: Any, diagonal: Any, x: Any, capacitance: Any) -> Any:
    """x^T (W W^T + D)^-1 x, by Woodbury's identity."""
    inner = times_vector(factor.mT / diagonal.unsqueeze(-2), x)
    return (x.pow(2) / diagonal).sum(-1) - mahalanobis(capacitance, inner)


class LowRankMultivariateNormal(Distribution):
    """The multivariate normal distribution of covariance W W^T + diag(D).

    Args:
        loc: (…, K), the mean.
        cov_factor: (…, K, R), W.
        cov_diag: (…, K), D.
        validate_args: as for `Distribution`.

    Source: torch.distributions.LowRankMultivariateNormal.
    """

    arg_constraints = {"loc": constraints.real_vector,
                       "cov_factor": constraints.independent(constraints.real, 2),
                       "cov_diag": constraints.independent(constraints.positive, 1)}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Any, cov_factor: Any, cov_diag: Any,
                 validate_args: bool | None = None) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError("cov_factor must be at least two-dimensional, with optional leading "
                             "batch dimensions")
        if cov_factor.shape[-2:-1] != event:
            raise ValueError("cov_factor must be a batch of matrices with shape "
                             f"{event[0]} x m")
        if cov_diag.shape[-1:] != event:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event}")
        try:
            batch = Size(broadcast_shapes(loc.shape[:-1], cov_factor.shape[:-2],
                                          cov_diag.shape[:-1]))
        except RuntimeError as error:
            raise ValueError(f"Incompatible batch shapes: loc {loc.shape}, cov_factor "
                             f"{cov_factor.shape}, cov_diag {cov_diag.shape}") from error
        self.loc = loc.expand((*batch, -1))
        self.cov_factor = cov_factor.expand((*batch, -1, -1))
        self.cov_diag = cov_diag.expand((*batch, -1))
        self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag = cov_factor, cov_diag
        self._capacitance_tril = capacitance_tril(cov_factor, cov_diag)
        super().__init__(batch, event, validate_args=validate_args)

    def _expand_parts(self, new: Any, shape: Any) -> None:
        for name in ("_unbroadcasted_cov_factor", "_unbroadcasted_cov_diag", "_capacitance_tril"):
            setattr(new, name, getattr(self, name))

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The covariance's diagonal."""
        total = self._unbroadcasted_cov_factor.pow(2).sum(-1) + self._unbroadcasted_cov_diag
        return total.expand(self._batch_shape + self._event_shape)

    def _whole(self, matrix: Any) -> Any:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        """The covariance's lower Cholesky factor."""
        return self._whole(cholesky(self._own_covariance()))

    def _own_covariance(self) -> Any:
        factor = self._unbroadcasted_cov_factor
        return factor @ factor.mT + self._unbroadcasted_cov_diag.diag_embed()

    @lazy_property
    def covariance_matrix(self) -> Any:
        """W W^T + diag(D)."""
        return self._whole(self._own_covariance())

    @lazy_property
    def precision_matrix(self) -> Any:
        """The covariance's inverse."""
        scaled = self._unbroadcasted_cov_factor.mT / self._unbroadcasted_cov_diag.unsqueeze(-2)
        inner = scaled.mT @ cholesky_solve(scaled, self._capacitance_tril)
        return self._whole(self._unbroadcasted_cov_diag.reciprocal().diag_embed() - inner)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        inner = standard_normal(shape[:-1] + self.cov_factor.shape[-1:], self.loc)
        outer = standard_normal(shape, self.loc)
        return (self.loc + times_vector(self._unbroadcasted_cov_factor, inner)
                + self._unbroadcasted_cov_diag.sqrt() * outer)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        distance = lowrank_mahalanobis(self._unbroadcasted_cov_factor,
                                       self._unbroadcasted_cov_diag, value - self.loc,
                                       self._capacitance_tril)
        level = lowrank_logdet(self._unbroadcasted_cov_diag, self._capacitance_tril)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + level + distance)

    def entropy(self) -> Any:
        level = lowrank_logdet(self._unbroadcasted_cov_diag, self._capacitance_tril)
        count = self._event_shape[0]
        return (0.5 * (count * (1.0 + math.log(2 * math.pi)) + level)).expand(self._batch_shape)
