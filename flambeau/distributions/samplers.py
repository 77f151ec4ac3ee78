"""Samples of gamma, Dirichlet and binomial distributions from the default generator."""

from __future__ import annotations

from typing import Any

from .. import generator as streams
from ..autograd.base import wrap
from ..autograd.record import Value, op
from ..functional.sampling import stream_of
from ..graph import leaf
from ..ops import implicit


@op(name="_standard_gamma", grad="StandardGammaBackward0")
def _with_shape(alpha: Value, sample: Value) -> Any:
    return implicit.gamma_sample(alpha, sample)


@op(name="_dirichlet", grad="_DirichletBackward")
def _with_concentration(alpha: Value, sample: Value) -> Any:
    return implicit.dirichlet_sample(alpha, sample)


def standard_gamma(alpha: Any) -> Any:
    """Samples of gamma distributions of these shapes and of rate 1, with gradients."""
    array = streams.standard_gamma(stream_of(None), alpha._data("standard_gamma"))
    return _with_shape(alpha, wrap(leaf(array, alpha.dtype)))


def dirichlet(alpha: Any) -> Any:
    """Samples of Dirichlet distributions, with gradients."""
    array = streams.dirichlet(stream_of(None), alpha._data("dirichlet"))
    return _with_concentration(alpha, wrap(leaf(array, alpha.dtype)))


def binomial(count: Any, probability: Any) -> Any:
    """Samples of binomial distributions."""
    array = streams.binomial(stream_of(None), count._data("binomial"),
                             probability._data("binomial"))
    return wrap(leaf(array, count.dtype))
