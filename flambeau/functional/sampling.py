"""Random values for tensors, from PyTorch's stream; and the in-place fills."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import generator as streams
from ..autograd.base import TensorBase, wrap
from ..autograd.inplace import assign, overwritten
from ..autograd.record import write_out
from ..dtype import dtype, int64, scalar_name
from ..graph import leaf
from .calling import presented
from .formats import order_in_memory

Fill = Callable[[tuple[int, ...]], Any]


def stream_of(generator: Any) -> streams.Generator:
    """The stream behind a public generator; None: the default one.

    Raises:
        TypeError: for anything else.
    """
    if generator is None:
        return streams.default_generator
    stream = getattr(generator, "_stream", None)
    if not isinstance(stream, streams.Generator):
        raise TypeError("argument 'generator' must be torch.Generator, not "
                        f"{type(generator).__name__}")
    return stream


def _fill(t: Any, name: str, sample: Fill) -> Any:
    """Write samples into a tensor in the order of its memory."""
    spec = t._node.spec
    if t.is_contiguous():
        array = sample(spec.shape)
    else:
        order = order_in_memory(t)
        array = sample(tuple(spec.shape[i] for i in order)).transpose(np.argsort(order))
    return assign(t, wrap(leaf(array, spec.dtype)), name)


def _numpy(t: Any) -> Any:
    return t._node.spec.dtype.numpy


def _from(name: str, value: Any, named: dict[str, Any]) -> Any:
    """The lower bound, which PyTorch calls `from`: no name that Python's syntax allows.

    Raises:
        TypeError: for other keywords.
    """
    if named.keys() - {"from"}:
        raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")
    return named.get("from", value)


@presented("t from_ to generator")
def uniform_(t: Any, from_: float = 0, to: float = 1, *, generator: Any = None,
             **named: Any) -> Any:
    """Fill with samples of the uniform distribution on [from, to); in place."""
    from_ = _from("uniform_", from_, named)
    return _fill(t, "UniformBackward0", lambda shape: streams.uniform(
        stream_of(generator), shape, _numpy(t), from_, to))


def normal_(t: Any, mean: float = 0, std: float = 1, *, generator: Any = None) -> Any:
    """Fill with samples of the normal distribution; in place."""
    return _fill(t, "NormalBackward0", lambda shape: streams.normal(
        stream_of(generator), shape, _numpy(t), mean, std, contiguous=t.is_contiguous()))


@presented("t generator")
def random_(t: Any, from_: Any = None, to: Any = None, *, generator: Any = None,
            **named: Any) -> Any:
    """Fill with integers: of the dtype's whole range, of [0, to), or of [from, to); in place."""
    from_ = _from("random_", from_, named)
    stream = stream_of(generator)
    if from_ is None and to is None:
        return _fill(t, "RandomBackward2", lambda shape: streams.random_unbounded(
            stream, shape, _numpy(t)))
    if from_ is not None and to is None:
        return _fill(t, "RandomBackward1", lambda shape: streams.random_from_to(
            stream, 0, from_, shape, _numpy(t)))
    return _fill(t, "RandomBackward0", lambda shape: streams.random_from_to(
        stream, from_ or 0, to, shape, _numpy(t)))


def bernoulli_(t: Any, p: Any = 0.5, *, generator: Any = None) -> Any:
    """Fill with ones of probability p (a number or a tensor), zeros otherwise; in place."""
    stream = stream_of(generator)
    if isinstance(p, TensorBase):
        given = p._data("bernoulli")  # type: ignore[attr-defined]
        return assign(t, wrap(leaf(streams.bernoulli(
            stream, given, t._node.spec.shape, _numpy(t)), t.dtype)), "BernoulliBackward1")
    return _fill(t, "BernoulliBackward2", lambda shape: streams.bernoulli(
        stream, float(p), shape, _numpy(t)))


def exponential_(t: Any, lambd: float = 1, *, generator: Any = None) -> Any:
    """Fill with samples of the exponential distribution of rate `lambd`; in place."""
    return _fill(t, "ExponentialBackward0", lambda shape: streams.exponential(
        stream_of(generator), shape, _numpy(t), lambd))


def geometric_(t: Any, p: float, *, generator: Any = None) -> Any:
    """Fill with numbers of trials until the first success; in place."""
    return _fill(t, "GeometricBackward0", lambda shape: streams.geometric(
        stream_of(generator), p, shape, _numpy(t)))


def cauchy_(t: Any, median: float = 0, sigma: float = 1, *, generator: Any = None) -> Any:
    """Fill with samples of the Cauchy distribution; in place."""
    return _fill(t, "CauchyBackward0", lambda shape: streams.cauchy(
        stream_of(generator), shape, _numpy(t), median, sigma))


def log_normal_(t: Any, mean: float = 1, std: float = 2, *, generator: Any = None) -> Any:
    """Fill with exponentials of normal samples; in place."""
    return _fill(t, "LogNormalBackward0", lambda shape: streams.log_normal(
        stream_of(generator), shape, _numpy(t), mean, std))


# ---- new tensors --------------------------------------------------------------------------------

def sampled(array: Any, d: dtype, like: Any, name: str) -> Any:
    """A tensor of samples; on the tape with zero gradients where their parameters `like` are."""
    t = wrap(leaf(array, d))
    return overwritten(like, t, name) if like.requires_grad else t


@presented("input generator out")
def bernoulli(input: Any, p: Any = None, *, generator: Any = None, out: Any = None) -> Any:
    """Ones with the probabilities in `input` (or p for all), zeros otherwise.

    Args:
        input: probabilities, floating-point; with p only the shape and dtype count.
        p: one probability for all elements. Default: None.
        generator: source of randomness. Default: None, the default generator.

    Example:
        >>> import flambeau as torch
        >>> torch.bernoulli(torch.tensor([0., 1.]))
        tensor([0., 1.])

    Source: torch.bernoulli.
    """
    if p is None and input.dtype.category != 2:
        raise NotImplementedError("\"bernoulli_tensor_cpu_p_\" not implemented for "
                                  f"'{scalar_name(input.dtype)}'")
    given = input._data("bernoulli") if p is None else float(p)
    array = streams.bernoulli(stream_of(generator), given, tuple(input.shape), _numpy(input))
    name = "BernoulliBackward0" if p is None else "NotImplemented"
    if out is not None:
        return write_out(out, wrap(leaf(array, input.dtype)), "bernoulli")
    return sampled(array, input.dtype, input, name)


def poisson(input: Any, generator: Any = None) -> Any:
    """Samples of Poisson distributions with the rates in `input`.

    Example:
        >>> import flambeau as torch
        >>> torch.poisson(torch.zeros(2))
        tensor([0., 0.])

    Source: torch.poisson.
    """
    array = streams.poisson(stream_of(generator), input._data("poisson"))
    return sampled(array, input.dtype, input, "PoissonBackward0")


def multinomial(input: Any, num_samples: int, replacement: bool = False, *,
                generator: Any = None, out: Any = None) -> Any:
    """Indices drawn with probabilities proportional to the weights in each row.

    Args:
        input: weights, shape (categories,) or (rows, categories).
        num_samples: draws in each row.
        replacement: whether an index may be drawn twice. Default: False.
        generator: source of randomness. Default: None, the default generator.

    Source: torch.multinomial.
    """
    array = streams.multinomial(stream_of(generator), input._data("multinomial"), num_samples,
                                replacement=replacement)
    t = wrap(leaf(array, int64))
    return t if out is None else write_out(out, t, "multinomial")
