"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..dtype import finfo
from ..functional.classic_linalg import cholesky_solve
from ..functional.comparison import where
from ..functional.linalg import cholesky, slogdet
from ..functional.parts import broadcast_shapes
from ..functional.pointwise import mvlgamma
from ..random import randn
from ..tensor.creation import arange, eye, tril_indices
from ..tensor.data import tensor
from ..tensor.size import Size
from . import constraints
from .chi2 import Chi2
from .exp_family import ExponentialFamily
from .multivariate_normal import log_diagonal, precision_to_scale_tril
from .utils import NUMBER, lazy_property

__all__ = ["Wishart"]


class Wishart(ExponentialFamily):
    """The distribution of Σ x x^T for df vectors x of a normal distribution around 0.

    Args:
        df: degrees of freedom, above K - 1.
        covariance_matrix: (…, K, K), of x.
        precision_matrix: its inverse, instead.
        scale_tril: its lower Cholesky factor, instead.
        validate_args: as for `Distribution`.

    Source: torch.distributions.Wishart.
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    @property
    def arg_constraints(self) -> Any:
        return {"covariance_matrix": constraints.positive_definite,
                "precision_matrix": constraints.positive_definite,
                "scale_tril": constraints.lower_cholesky,
                "df": constraints.greater_than(self.event_shape[-1] - 1)}

    def __init__(self, df: Any, covariance_matrix: Any = None, precision_matrix: Any = None,
                 scale_tril: Any = None, validate_args: bool | None = None) -> None:
        given = {"covariance_matrix": covariance_matrix, "scale_tril": scale_tril,
                 "precision_matrix": precision_matrix}
        named = [(name, m) for name, m in given.items() if m is not None]
        if len(named) != 1:
            raise AssertionError("Exactly one of covariance_matrix or precision_matrix or "
                                 "scale_tril may be specified.")
        name, matrix = named[0]
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading "
                             "batch dimensions")
        if isinstance(df, NUMBER):
            df = tensor(df, dtype=matrix.dtype)
        batch, event = Size(broadcast_shapes(matrix.shape[:-2], df.shape)), matrix.shape[-2:]
        self.df = df.expand(batch)
        size = event[-1]
        if self.df.le(size - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {size - 1}.")
        if self.df.lt(size).any():
            warnings.warn("Low df values detected. Singular samples are highly likely to occur "
                          "for ndim - 1 < df < ndim.", stacklevel=2)
        self.__dict__[name] = matrix.expand((*batch, -1, -1))
        super().__init__(batch, event, validate_args=validate_args)
        self._unbroadcasted_scale_tril = (
            matrix if name == "scale_tril" else cholesky(matrix) if name == "covariance_matrix"
            else precision_to_scale_tril(matrix))
        self._dist_chi2 = self._diagonal_of(self.df)

    def _diagonal_of(self, df: Any) -> Chi2:
        size = self._event_shape[-1]
        return Chi2(df.unsqueeze(-1) - arange(size, dtype=df.dtype).expand((*df.shape, -1)))

    def _expand_parts(self, new: Any, shape: Any) -> None:
        factor = self._unbroadcasted_scale_tril
        new._unbroadcasted_scale_tril = factor.expand(shape + self._event_shape)
        new._dist_chi2 = self._dist_chi2.expand((*shape, self._event_shape[-1]))

    def _whole(self, matrix: Any) -> Any:
        return matrix.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        """The covariance's lower Cholesky factor."""
        return self._whole(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance of x."""
        return self._whole(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """Its inverse."""
        factor = self._unbroadcasted_scale_tril
        identity = eye(factor.shape[-1], dtype=factor.dtype).expand(factor.shape)
        return self._whole(cholesky_solve(identity, factor))

    def _square(self, numbers: Any) -> Any:
        return numbers.unsqueeze(-1).unsqueeze(-1)

    @property
    def mean(self) -> Any:
        return self._square(self.df) * self.covariance_matrix

    @property
    def mode(self) -> Any:
        factor = self.df - self._event_shape[-1] - 1
        factor = factor.masked_fill(factor <= 0, math.nan)
        return self._square(factor) * self.covariance_matrix

    @property
    def variance(self) -> Any:
        v = self.covariance_matrix
        d = v.diagonal(dim1=-2, dim2=-1)
        return self._square(self.df) * (v.pow(2) + d.unsqueeze(-1) * d.unsqueeze(-2))

    def _bartlett_sampling(self, sample_shape: Any = ()) -> Any:
        size = self._event_shape[-1]
        roots = self._dist_chi2.rsample(sample_shape).sqrt()
        noise = roots.clamp(min=finfo(roots.dtype).eps).diag_embed()
        i, j = tril_indices(size, size, offset=-1)
        below = randn(Size(sample_shape) + self._batch_shape + (size * (size - 1) // 2,),
                      dtype=noise.dtype)
        noise[..., i, j] = below
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Any:
        """Bartlett's decomposition; singular samples are drawn again, some times."""
        sample = self._bartlett_sampling(sample_shape)
        singular = ~self.support.check(sample)
        if singular.any():
            warnings.warn("Singular sample detected.", stacklevel=2)
            for _ in range(10 if max_try_correction is None else max_try_correction):
                again = self._bartlett_sampling(sample_shape)
                sample = where(self._square(singular), again, sample)
                singular = ~self.support.check(sample)
                if not singular.any():
                    break
        return sample

    def _level(self) -> Any:
        size = self._event_shape[-1]
        return size * math.log(2) / 2 + log_diagonal(self._unbroadcasted_scale_tril)

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        nu, size = self.df, self._event_shape[-1]
        factor = self._unbroadcasted_scale_tril
        ratio = cholesky_solve(value, factor).diagonal(dim1=-2, dim2=-1).sum(-1)
        return (-nu * self._level() - mvlgamma(nu / 2, size)
                + (nu - size - 1) / 2 * slogdet(value)[1] - ratio / 2)

    def entropy(self) -> Any:
        nu, size = self.df, self._event_shape[-1]
        half = (nu / 2).unsqueeze(-1) - arange(size, dtype=nu.dtype) / 2
        return ((size + 1) * self._level() + mvlgamma(nu / 2, size)
                - (nu - size - 1) / 2 * half.digamma().sum(-1) + nu * size / 2)

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        size = self._event_shape[-1]
        half = y + (size + 1) / 2
        return half * (math.log(2) * size - slogdet(-2 * x)[1]) + mvlgamma(half, size)
