"""Random numbers with the digits of PyTorch's CPU generator, in NumPy."""

from .continuous import (
    cauchy,
    dirichlet,
    exponential,
    log_normal,
    normal,
    normal_like,
    standard_gamma,
    uniform,
)
from .discrete import (
    bernoulli,
    binomial,
    geometric,
    multinomial,
    poisson,
    random_from_to,
    random_unbounded,
    randperm,
)
from .engine import DEFAULT_SEED, STATE_BYTES, Generator, default_generator
from .noise import dropout_mask, rrelu_noise

__all__ = [
    "DEFAULT_SEED",
    "STATE_BYTES",
    "Generator",
    "bernoulli",
    "binomial",
    "cauchy",
    "default_generator",
    "dirichlet",
    "dropout_mask",
    "exponential",
    "geometric",
    "log_normal",
    "multinomial",
    "normal",
    "normal_like",
    "poisson",
    "random_from_to",
    "random_unbounded",
    "randperm",
    "rrelu_noise",
    "standard_gamma",
    "uniform",
]
