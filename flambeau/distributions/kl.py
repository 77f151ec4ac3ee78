"""The Kullback-Leibler divergence: the registry of pairs, and pairs of one family."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from ..autograd.api import grad
from ..functional.activation import softplus
from ..functional.comparison import where
from ..functional.linalg import solve_triangular
from ..functional.parts import broadcast_shapes
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .categorical import Categorical
from .cauchy import Cauchy
from .continuous_bernoulli import ContinuousBernoulli
from .dirichlet import Dirichlet
from .distribution import Distribution
from .exp_family import ExponentialFamily
from .exponential import Exponential
from .gamma import Gamma
from .geometric import Geometric
from .gumbel import Gumbel
from .half_normal import HalfNormal
from .independent import Independent
from .laplace import Laplace
from .lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    lowrank_logdet,
    lowrank_mahalanobis,
)
from .multivariate_normal import MultivariateNormal, log_diagonal, mahalanobis
from .normal import Normal
from .one_hot_categorical import OneHotCategorical
from .pareto import Pareto
from .poisson import Poisson
from .transformed_distribution import TransformedDistribution
from .uniform import Uniform
from .utils import euler_constant, sum_rightmost

__all__ = ["kl_divergence", "register_kl"]

_REGISTRY: dict[tuple[type, type], Callable[[Any, Any], Any]] = {}
_CHOSEN: dict[tuple[type, type], Callable[[Any, Any], Any] | None] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Any], Any]:
    """Registers the divergence of a pair of distributions; a decorator of a function of both.

    Raises:
        TypeError: where they are no types.

    Source: torch.distributions.register_kl.
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def decorate(function: Any) -> Any:
        _REGISTRY[type_p, type_q] = function
        _CHOSEN.clear()
        return function
    return decorate


def _distance(kind: type, base: type) -> int:
    return kind.__mro__.index(base)


def _choose(p: type, q: type) -> Callable[[Any, Any], Any] | None:
    """The function registered for the nearest pair of base classes."""
    found = [pair for pair in _REGISTRY if issubclass(p, pair[0]) and issubclass(q, pair[1])]
    if not found:
        return None
    left = min(found, key=lambda pair: (_distance(p, pair[0]), _distance(q, pair[1])))
    right = min(found, key=lambda pair: (_distance(q, pair[1]), _distance(p, pair[0])))
    if _REGISTRY[left] is not _REGISTRY[right]:
        warnings.warn(f"Ambiguous kl_divergence({p.__name__}, {q.__name__}). Please register_kl("
                      f"{left[0].__name__}, {right[1].__name__})", RuntimeWarning, stacklevel=3)
    return _REGISTRY[left]


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """∫ p log(p / q), in the batch's shape.

    Args:
        p, q: distributions whose pair of types is registered.

    Raises:
        NotImplementedError: where it is not.

    Example:
        >>> import flambeau as torch
        >>> from flambeau.distributions import Normal, kl_divergence
        >>> kl_divergence(Normal(0., 1.), Normal(1., 1.))
        tensor(0.5000)

    Source: torch.distributions.kl_divergence.
    """
    pair = type(p), type(q)
    if pair not in _CHOSEN:
        _CHOSEN[pair] = _choose(*pair)
    function = _CHOSEN[pair]
    if function is None:
        raise NotImplementedError(f"No KL(p || q) is implemented for p type {pair[0].__name__} "
                                  f"and q type {pair[1].__name__}")
    return function(p, q)


# ---- discrete ------------------------------------------------------------------------------------

@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    one = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    one = where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, one))
    zero = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return one + where(p.probs == 1, 0.0, where(q.probs == 1, math.inf, zero))


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented")
    kl = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p()
                          - (-q.probs).log1p())
    return where(p.total_count > q.total_count, math.inf, kl)


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    each = p.probs * (p.logits - q.logits)
    return where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, each)).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


# ---- continuous ----------------------------------------------------------------------------------

@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    return _dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    levels = total.lgamma() - b.sum(-1).lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    return levels + ((a - b) * (a.digamma() - total.digamma().unsqueeze(-1))).sum(-1)


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    wide = (p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)
    return wide.log() - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: Any, q: Any) -> Any:
    return (p.mean * (p.logits - q.logits) + p._cont_bern_log_norm() + (-p.probs).log1p()
            - q._cont_bern_log_norm() - (-q.probs).log1p())


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    return (b * (p.rate / q.rate).log() + b.lgamma() - a.lgamma() + (a - b) * a.digamma()
            + (q.rate - p.rate) * (a / p.rate))


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Any:
    ratio, away = p.scale / q.scale, (q.loc - p.loc) / q.scale
    return (-ratio.log() - away + ratio * euler_constant
            + (away + (1 + ratio).lgamma()).exp() - (1 + euler_constant))


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio, away = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + away / q.scale + ratio * (-away / p.scale).exp() - 1


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Any:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Any:
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return where(p.scale < q.scale, math.inf, result)


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return where((q.low > p.low) | (q.high < p.high), math.inf, result)


# ---- multivariate normal -------------------------------------------------------------------------

def _require_same_event(p: Any, q: Any, what: str) -> int:
    if p.event_shape != q.event_shape:
        raise ValueError(f"KL-divergence between two {what} with different event shapes cannot be "
                         "computed")
    return int(p.event_shape[0])


def _squares(matrix: Any) -> Any:
    return matrix.pow(2).sum((-2, -1))


def _solved(factor: Any, matrix: Any) -> Any:
    lead = broadcast_shapes(factor.shape[:-2], matrix.shape[:-2])
    return solve_triangular(factor.expand((*lead, *factor.shape[-2:])),
                            matrix.expand((*lead, *matrix.shape[-2:])), upper=False)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate(p: Any, q: Any) -> Any:
    n = _require_same_event(p, q, "Multivariate Normals")
    own, other = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    return (log_diagonal(other) - log_diagonal(own)
            + 0.5 * (_squares(_solved(other, own)) + mahalanobis(other, q.loc - p.loc) - n))


def _against_lowrank(p: Any, q: Any, own: list[Any], logdet: Any, n: int) -> Any:
    """The divergence from a normal distribution whose covariance is Σ M M^T over `own`."""
    w, d, c = q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag, q._capacitance_tril
    inner = solve_triangular(c, w.mT / d.unsqueeze(-2), upper=False)
    trace = sum(_squares(m * d.rsqrt().unsqueeze(-1)) - _squares(inner @ m) for m in own)
    return 0.5 * (lowrank_logdet(d, c) - logdet + trace
                  + lowrank_mahalanobis(w, d, q.loc - p.loc, c) - n)


def _lowrank_parts(p: Any) -> list[Any]:
    return [p._unbroadcasted_cov_factor, p._unbroadcasted_cov_diag.sqrt().diag_embed()]


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _lowrank(p: Any, q: Any) -> Any:
    n = _require_same_event(p, q, "Low Rank Multivariate Normals")
    logdet = lowrank_logdet(p._unbroadcasted_cov_diag, p._capacitance_tril)
    return _against_lowrank(p, q, _lowrank_parts(p), logdet, n)


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _multivariate_lowrank(p: Any, q: Any) -> Any:
    n = _require_same_event(p, q, "(Low Rank) Multivariate Normals")
    own = p._unbroadcasted_scale_tril
    return _against_lowrank(p, q, [own], 2 * log_diagonal(own), n)


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _lowrank_multivariate(p: Any, q: Any) -> Any:
    n = _require_same_event(p, q, "(Low Rank) Multivariate Normals")
    other = q._unbroadcasted_scale_tril
    logdet = lowrank_logdet(p._unbroadcasted_cov_diag, p._capacitance_tril)
    trace = sum(_squares(_solved(other, m)) for m in _lowrank_parts(p))
    return 0.5 * (2 * log_diagonal(other) - logdet + trace
                  + mahalanobis(other, q.loc - p.loc) - n)


# ---- of other distributions ----------------------------------------------------------------------

@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Any:
    """The Bregman divergence of the log-normalizer."""
    if type(p) is not type(q):
        raise NotImplementedError("The cross KL-divergence between different exponential families "
                                  "cannot be computed using Bregman divergences")
    own = [n.detach().requires_grad_() for n in p._natural_params]
    level = p._log_normalizer(*own)
    result = q._log_normalizer(*q._natural_params) - level
    slopes = grad(level.sum(), own, create_graph=True)
    for a, b, g in zip(own, q._natural_params, slopes, strict=True):
        result = result - sum_rightmost((b - a) * g, len(q.event_shape))
    return result


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)
