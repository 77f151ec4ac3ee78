"""Activations under their names in the main namespace, which have no argument `inplace`."""

from __future__ import annotations

from typing import Any

from . import activation as act
from . import gates
from .overload import with_out
from .sampling import stream_of

relu_, selu_, celu_, threshold_ = act.relu_, act.selu_, act.celu_, act.threshold_


def relu(input: Any) -> Any:
    """max(0, x).

    Example:
        >>> import flambeau as torch
        >>> torch.relu(torch.tensor([-1., 2.]))
        tensor([0., 2.])

    Source: torch.relu.
    """
    return act._relu(input)


def selu(input: Any) -> Any:
    """The self-normalising ELU (see `nn.functional.selu`)."""
    return act.selu(input)


def celu(input: Any, alpha: float = 1.0) -> Any:
    """x for x > 0, else alpha · (e^(x/alpha) − 1) (see `nn.functional.celu`)."""
    return act.celu(input, alpha)


@with_out
def threshold(input: Any, threshold: float, value: float) -> Any:
    """x where x > threshold, else value (see `nn.functional.threshold`)."""
    return act.threshold(input, threshold, value)


def rrelu(input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False,
          generator: Any = None) -> Any:
    """x for x > 0, else a · x with random a in training (see `nn.functional.rrelu`)."""
    return gates.leaked(input, lower, upper, training, stream_of(generator))
