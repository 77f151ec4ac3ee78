"""Tensor's random fills."""

from __future__ import annotations

from ..functional import sampling as fn
from ..functional.calling import as_method


class RandomMethods:
    """In-place samples, with PyTorch's digits."""

    uniform_ = fn.uniform_
    normal_ = fn.normal_
    random_ = fn.random_
    bernoulli_ = fn.bernoulli_
    exponential_ = fn.exponential_
    geometric_ = fn.geometric_
    cauchy_ = fn.cauchy_
    log_normal_ = fn.log_normal_
    bernoulli = as_method(fn.bernoulli)
    multinomial = as_method(fn.multinomial)
