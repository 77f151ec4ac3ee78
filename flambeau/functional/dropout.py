"""Dropout: random zeros from PyTorch's stream, drawn at the call."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.base import wrap
from ..autograd.inplace import assign
from ..autograd.record import Value, op
from ..generator import bernoulli, default_generator
from ..graph import leaf
from ..ops import arithmetic as ar
from .sampling import order_in_memory

_SATURATION = 1.7580993408473766  # minus the value of SELU far below zero


@op(name="dropout", grad="MulBackward0")
def _dropout(input: Value, mask: Value, keep: Value) -> Any:
    return input * (ar.astype(mask, input.dtype) / keep)


@op(name="dropout_all", grad="MulBackward0")
def _dropout_all(input: Value) -> Any:
    return input * ar.literal(0, input.dtype)


@op(name="alpha_dropout", grad="AddBackward0")
def _alpha_dropout(input: Value, mask: Value, scale: Value, shift: Value, offset: Value) -> Any:
    noise = ar.astype(mask, input.dtype)
    return input * (noise * scale) + ((noise - 1) * shift + offset)


def _mask(input: Any, p: float, feature: bool) -> Any:
    """A tensor that is True where dropout keeps; drawn in the order of the input's memory."""
    shape = tuple(input.shape)
    if feature:
        drawn = bernoulli(default_generator, 1 - p, (*shape[:2], *(1,) * (len(shape) - 2)),
                          np.bool_)
    elif input.is_contiguous():
        drawn = bernoulli(default_generator, 1 - p, shape, np.bool_)
    else:
        order = order_in_memory(input)
        drawn = bernoulli(default_generator, 1 - p, tuple(shape[i] for i in order), np.bool_)
        drawn = drawn.transpose(np.argsort(order))
    return wrap(leaf(drawn))


def _check(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _apply(input: Any, p: float, training: bool, inplace: bool, feature: bool,
           alpha: bool) -> Any:
    if feature and input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    if p == 0 or not training or input.numel() == 0:
        return input
    if p == 1:
        result = _dropout_all(input)
    elif alpha:
        a = 1.0 / math.sqrt((_SATURATION * _SATURATION * p + 1) * (1 - p))
        result = _alpha_dropout(input, _mask(input, p, feature), a, _SATURATION * a,
                                _SATURATION * a * p)
    else:
        result = _dropout(input, _mask(input, p, feature), 1 - p)
    return assign(input, result) if inplace else result


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """In training: zeros with probability p, the other elements divided by 1 − p.

    Args:
        input: any shape.
        p: probability of a zero. Default: 0.5.
        training: whether anything is done at all. Default: True.
        inplace: write the result into `input`. Default: False.

    Returns:
        A tensor of the same shape; `input` itself where nothing is done.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> _ = torch.manual_seed(0)
        >>> torch.nn.functional.dropout(torch.ones(4))
        tensor([0., 0., 2., 0.])

    Source: Hinton et al. 2012; PyTorch page `torch.nn.functional.dropout`.
    """
    _check(p)
    return _apply(input, p, training, inplace, False, False)
