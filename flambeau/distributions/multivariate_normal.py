"""The multivariate normal distribution."""

from __future__ import annotations

import math
from typing import Any

from ..functional.classic_linalg import cholesky_solve
from ..functional.linalg import cholesky, solve_triangular
from ..functional.parts import broadcast_shapes
from ..tensor.creation import eye
from ..tensor.size import Size
from . import constraints
from .distribution import Distribution
from .utils import lazy_property, standard_normal

__all__ = ["MultivariateNormal"]


def log_diagonal(factor: Any) -> Any:
    """The sum of the logarithms of a triangular matrix's diagonal."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def times_vector(matrix: Any, vector: Any) -> Any:
    """Batches of matrices times vectors."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


def mahalanobis(factor: Any, x: Any) -> Any:
    """x^T (L L^T)^-1 x for batches of triangular L and vectors x."""
    lead = broadcast_shapes(factor.shape[:-2], x.shape[:-1])
    wide = factor.expand((*lead, *factor.shape[-2:]))
    columns = x.expand((*lead, x.shape[-1])).unsqueeze(-1)
    return solve_triangular(wide, columns, upper=False).pow(2).sum((-2, -1))


def precision_to_scale_tril(precision: Any) -> Any:
    """The lower Cholesky factor of a precision matrix's inverse."""
    turned = cholesky(precision.flip((-2, -1))).flip((-2, -1)).mT
    identity = eye(precision.shape[-1], dtype=precision.dtype)
    return solve_triangular(turned, identity.expand(turned.shape), upper=False)


class MultivariateNormal(Distribution):
    """The multivariate normal distribution.

    Args:
        loc: (…, K), the mean.
        covariance_matrix: (…, K, K), positive definite.
        precision_matrix: its inverse, instead.
        scale_tril: its lower Cholesky factor, instead.
        validate_args: as for `Distribution`.

    Example:
        >>> import flambeau as torch
        >>> torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)).entropy()
        tensor(2.8379)

    Source: torch.distributions.MultivariateNormal.
    """

    arg_constraints = {
        "loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Any, covariance_matrix: Any = None, precision_matrix: Any = None,
                 scale_tril: Any = None, validate_args: bool | None = None) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {"scale_tril": scale_tril, "covariance_matrix": covariance_matrix,
                 "precision_matrix": precision_matrix}
        named = [(name, m) for name, m in given.items() if m is not None]
        if len(named) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril "
                             "may be specified.")
        name, matrix = named[0]
        if matrix.dim() < 2:
            raise ValueError(f"{name} must be at least two-dimensional, with optional leading "
                             "batch dimensions")
        batch = Size(broadcast_shapes(matrix.shape[:-2], loc.shape[:-1]))
        self.__dict__[name] = matrix.expand((*batch, -1, -1))
        self.loc = loc.expand((*batch, -1))
        super().__init__(batch, self.loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = (
            matrix if name == "scale_tril" else cholesky(matrix) if name == "covariance_matrix"
            else precision_to_scale_tril(matrix))

    def _expand_parts(self, new: Any, shape: Any) -> None:
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril

    def _whole(self, matrix: Any) -> Any:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        """The covariance's lower Cholesky factor."""
        return self._whole(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        return self._whole(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """The covariance's inverse."""
        factor = self._unbroadcasted_scale_tril
        identity = eye(factor.shape[-1], dtype=factor.dtype).expand(factor.shape)
        return self._whole(cholesky_solve(identity, factor))

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        square = self._unbroadcasted_scale_tril.pow(2).sum(-1)
        return square.expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        noise = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + times_vector(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        factor = self._unbroadcasted_scale_tril
        distance = mahalanobis(factor, value - self.loc)
        return (-0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance)
                - log_diagonal(factor))

    def entropy(self) -> Any:
        level = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (level + log_diagonal(self._unbroadcasted_scale_tril)).expand(self._batch_shape)
