"""The Kullback-Leibler divergence of pairs of different families.

Most are -entropy(p) - E[log q], with the moments of p.
"""

from __future__ import annotations

import math
from typing import Any

from ..functional.comparison import where
from ..tensor.creation import full_like
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .continuous_bernoulli import ContinuousBernoulli
from .exponential import Exponential
from .gamma import Gamma
from .gumbel import Gumbel
from .kl import register_kl
from .laplace import Laplace
from .normal import Normal
from .pareto import Pareto
from .poisson import Poisson
from .uniform import Uniform
from .utils import euler_constant

_UNBOUNDED: dict[type, tuple[str, tuple[type, ...]]] = {  # q is 0 where p is not
    Beta: ("concentration1", (Pareto,)),
    ContinuousBernoulli: ("probs", (Pareto,)),
    Exponential: ("rate", (Beta, ContinuousBernoulli, Pareto, Uniform)),
    Gamma: ("concentration", (Beta, ContinuousBernoulli, Pareto, Uniform)),
    Gumbel: ("loc", (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    Laplace: ("loc", (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    Normal: ("loc", (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    Pareto: ("scale", (Beta, ContinuousBernoulli, Uniform)),
    Poisson: ("rate", (Bernoulli, Binomial))}


def _infinite(parameter: str) -> Any:
    return lambda p, q: full_like(getattr(p, parameter), math.inf)


for _p, (_parameter, _others) in _UNBOUNDED.items():
    for _q in _others:
        register_kl(_p, _q)(_infinite(_parameter))


# ---- E[log q] by the moments of p ----------------------------------------------------------------

def _against_normal(p: Any, q: Any, mean: Any, square: Any) -> Any:
    """-E[log q] for a normal q, from E[x] and E[x²]."""
    return (0.5 * math.log(2 * math.pi) + q.scale.log()
            + (square - 2 * q.loc * mean + q.loc.pow(2)) / (2 * q.scale.pow(2)))


def _to_normal(p: Any, q: Any) -> Any:
    return -p.entropy() + _against_normal(p, q, p.mean, p.variance + p.mean.pow(2))


def _against_gamma(q: Any, mean: Any, level: Any) -> Any:
    """-E[log q] for a gamma q, from E[x] and E[log x]."""
    a = q.concentration
    return a.lgamma() - a * q.rate.log() - (a - 1) * level + q.rate * mean


def _to_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


def _to_continuous_bernoulli(p: Any, q: Any) -> Any:
    return (-p.entropy() - p.mean * q.logits - (-q.probs).log1p()
            - q._cont_bern_log_norm())


for _p in (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Uniform):
    register_kl(_p, Normal)(_to_normal)
for _p in (Beta, ContinuousBernoulli, Gamma):
    register_kl(_p, Exponential)(_to_exponential)
register_kl(Beta, ContinuousBernoulli)(_to_continuous_bernoulli)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, Gamma)
def _beta_gamma(p: Any, q: Any) -> Any:
    level = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    return -p.entropy() + _against_gamma(q, p.mean, level)


@register_kl(Beta, Uniform)
def _beta_uniform(p: Any, q: Any) -> Any:
    result = -p.entropy() + (q.high - q.low).log()
    return where((q.low > 0) | (q.high < 1), math.inf, result)


@register_kl(ContinuousBernoulli, Uniform)
def _continuous_bernoulli_uniform(p: Any, q: Any) -> Any:
    """As PyTorch has it: infinite unless q reaches beyond both ends."""
    result = -p.entropy() + (q.high - q.low).log()
    return where((q.low >= 0) | (q.high <= 1), math.inf, result)


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Any, q: Any) -> Any:
    return -p.entropy() + _against_gamma(q, p.mean, -p.rate.log() - euler_constant)


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Any, q: Any) -> Any:
    product, away = p.rate * q.scale, q.loc / q.scale
    return (product.log() - 1 - away + away.exp() * product / (product + 1)
            + product.reciprocal())


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Any, q: Any) -> Any:
    a, product, away = p.concentration, p.rate * q.scale, q.loc / q.scale
    own = (a - 1) * a.digamma() - a.lgamma() - a
    grown = away.exp() * (1 + product.reciprocal()).pow(-a)
    return own + product.log() + a / product + grown - away


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Any, q: Any) -> Any:
    away, square = (p.loc - q.loc) / q.scale, (p.scale / q.scale).pow(2)
    return (-0.5 * square.log() + away + (0.5 * square - away).exp()
            - 0.5 * (1 + math.log(2 * math.pi)))


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Any:
    away = p.loc - q.loc
    z = away / p.scale
    distance = (math.sqrt(2 / math.pi) * p.scale * (-0.5 * z.pow(2)).exp()
                + away * (math.sqrt(0.5) * z).erf())
    return (-(p.scale / q.scale).log() + distance / q.scale
            - 0.5 * (1 + math.log(0.5 * math.pi)))


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Any, q: Any) -> Any:
    return where(p.alpha <= 1, math.inf, _to_exponential(p, q))


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Any, q: Any) -> Any:
    level = p.scale.log() + p.alpha.reciprocal()
    return where(p.alpha <= 1, math.inf, -p.entropy() + _against_gamma(q, p.mean, level))


@register_kl(Pareto, Normal)
def _pareto_normal(p: Any, q: Any) -> Any:
    return where(p.alpha <= 2, math.inf, _to_normal(p, q))


def _mean_logarithm(low: Any, high: Any) -> Any:
    """The mean of log x over an interval."""
    return (high.xlogy(high) - low.xlogy(low)) / (high - low) - 1


@register_kl(Uniform, Beta)
def _uniform_beta(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    level = a.lgamma() + b.lgamma() - (a + b).lgamma()
    result = (-p.entropy() + level - (a - 1) * _mean_logarithm(p.low, p.high)
              - (b - 1) * _mean_logarithm(1 - p.high, 1 - p.low))
    return where((p.high > 1) | (p.low < 0), math.inf, result)


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p: Any, q: Any) -> Any:
    """As PyTorch has it: infinite unless p lies strictly inside."""
    return where((p.high >= 1) | (p.low <= 0), math.inf, _to_continuous_bernoulli(p, q))


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Any, q: Any) -> Any:
    return where(p.low < 0, math.inf, _to_exponential(p, q))


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Any, q: Any) -> Any:
    result = -p.entropy() + _against_gamma(q, p.mean, _mean_logarithm(p.low, p.high))
    return where(p.low < 0, math.inf, result)


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Any, q: Any) -> Any:
    ratio = q.scale / (p.high - p.low)
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return ratio.log() + 0.5 * (high + low) - ratio * ((-high).exp() - (-low).exp())


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Any, q: Any) -> Any:
    result = (-p.entropy() - q.alpha.log() - q.alpha * q.scale.log()
              + (q.alpha + 1) * _mean_logarithm(p.low, p.high))
    return where(p.low < q.scale, math.inf, result)
