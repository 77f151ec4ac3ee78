"""The LKJ distribution of Cholesky factors of correlation matrices."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.modes import no_grad
from ..dtype import finfo
from ..functional.joining import cat
from ..functional.pointwise import mvlgamma
from ..random import randn
from ..tensor.creation import arange
from ..tensor.size import Size
from . import constraints
from .beta import Beta
from .distribution import Distribution
from .utils import broadcast_all

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Lower Cholesky factors of correlation matrices C, of density ∝ det(C)^(concentration - 1).

    Args:
        dim: size of the matrices, at least 2.
        concentration: 1: uniform over correlation matrices. Default: 1.0.
        validate_args: as for `Distribution`.

    Source: torch.distributions.LKJCholesky.
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0,
                 validate_args: bool | None = None) -> None:
        if dim < 2:
            raise ValueError("Expected dim to be an integer greater than or equal to 2. Found "
                             f"dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        marginal = self.concentration + 0.5 * (dim - 2)
        offset = arange(dim - 1, dtype=self.concentration.dtype)
        offset = cat([offset.new_zeros((1,)), offset])
        self._beta = Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset)
        super().__init__(self.concentration.size(), Size((dim, dim)), validate_args)

    def _expand_parts(self, new: Any, shape: Any) -> None:
        new.dim = self.dim
        new._beta = self._beta.expand((*shape, self.dim))

    def sample(self, sample_shape: Any = ()) -> Any:
        """The onion method (Lewandowski, Kurowicka, Joe 2009)."""
        with no_grad():
            y = self._beta.sample(sample_shape).unsqueeze(-1)
            way = randn(self._extended_shape(sample_shape), dtype=y.dtype).tril(-1)
            way = way / way.norm(dim=-1, keepdim=True)
            way[..., 0, :] = 0.0
            w = y.sqrt() * way
            left = (1 - (w**2).sum(-1)).clamp(min=finfo(w.dtype).tiny)
            return w + left.sqrt().diag_embed()

    def log_prob(self, value: Any) -> Any:
        self._checked(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - arange(2, self.dim + 1)
        count = self.dim - 1
        alpha = self.concentration + 0.5 * count
        level = (0.5 * count * math.log(math.pi) + mvlgamma(alpha - 0.5, count)
                 - alpha.lgamma() * count)
        return (order * diagonal.log()).sum(-1) - level
