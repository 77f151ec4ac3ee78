"""Dropout: random zeros from PyTorch's stream, drawn at the call."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..autograd.base import wrap
from ..autograd.inplace import assign
from ..autograd.record import Value, op
from ..generator import bernoulli, default_generator
from ..graph import leaf
from ..ops import arithmetic as ar
from .formats import order_in_memory

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


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """In training: elements become the saturation value of SELU with probability p.

    The result is scaled and shifted so that mean 0 and variance 1 are kept.

    Args:
        input: any shape.
        p: probability of dropping. Default: 0.5.
        training: whether anything is done at all. Default: False.
        inplace: write the result into `input`. Default: False.

    Returns:
        A tensor of the same shape; `input` itself where nothing is done.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.alpha_dropout(torch.ones(2))
        tensor([1., 1.])

    Source: Klambauer et al. 2017; PyTorch page `torch.nn.functional.alpha_dropout`.
    """
    _check(p)
    return _apply(input, p, training, inplace, False, True)


def feature_alpha_dropout(input: Any, p: float = 0.5, training: bool = False,
                          inplace: bool = False) -> Any:
    """`alpha_dropout` of whole channels.

    Args:
        input: (N, C, …).
        p: probability of dropping. Default: 0.5.
        training: whether anything is done at all. Default: False.
        inplace: write the result into `input`. Default: False.

    Returns:
        A tensor of the same shape; `input` itself where nothing is done.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.feature_alpha_dropout(torch.ones(1, 2))
        tensor([[1., 1.]])

    Source: PyTorch page `torch.nn.functional.feature_alpha_dropout`.
    """
    _check(p)
    return _apply(input, p, training, inplace, True, True)


def _channels(input: Any, p: float, training: bool, inplace: bool, batched: bool) -> Any:
    """Dropout of whole channels of (N, C, …), or of (C, …) where there is no batch."""
    if batched:
        return _apply(input, p, training, inplace, True, False)
    if inplace:
        _apply(input.unsqueeze(0), p, training, True, True, False)
        return input
    return _apply(input.unsqueeze(0), p, training, False, True, False).squeeze(0)


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """In training: whole channels become zero with probability p.

    Args:
        input: (N, C, L) or (C, L).
        p: probability of dropping. Default: 0.5.
        training: whether anything is done at all. Default: True.
        inplace: write the result into `input`. Default: False.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: p is not in [0, 1].
        RuntimeError: another number of dimensions.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.dropout1d(torch.ones(1, 2), training=False)
        tensor([[1., 1.]])

    Source: Tompson et al. 2015; PyTorch page `torch.nn.functional.dropout1d`.
    """
    _check(p)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that "
            "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, "
            "a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs).")
    return _channels(input, p, training, inplace, input.ndim == 3)


def _warn_of_dimensions(ndim: int, spatial: int) -> None:
    warnings.warn(
        f"dropout{spatial}d: Received a {ndim}-D input to dropout{spatial}d, which is deprecated "
        "and will result in an error in a future release. To retain the behavior and silence this "
        f"warning, please use dropout instead. Note that dropout{spatial}d exists to provide "
        f"channel-wise dropout on inputs with {spatial} spatial dimensions, a channel dimension, "
        f"and an optional batch dimension (i.e. {spatial + 1}D or {spatial + 2}D inputs).",
        stacklevel=3)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """In training: whole channels become zero with probability p.

    Args:
        input: (N, C, H, W); (N, C, L) with a warning.
        p: probability of dropping. Default: 0.5.
        training: whether anything is done at all. Default: True.
        inplace: write the result into `input`. Default: False.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.dropout2d(torch.ones(1, 1, 1, 2), training=False)
        tensor([[[[1., 1.]]]])

    Source: Tompson et al. 2015; PyTorch page `torch.nn.functional.dropout2d`.
    """
    _check(p)
    if input.ndim not in (3, 4):
        _warn_of_dimensions(input.ndim, 2)
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout "
            "behavior is desired - input is interpreted as shape (N, C, L), where C is the channel "
            "dim. This behavior will change in a future release to interpret the input as one "
            "without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise "
            "dropout behavior, please switch to using dropout1d instead.", stacklevel=2)
    return _channels(input, p, training, inplace, True)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """In training: whole channels become zero with probability p.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        p: probability of dropping. Default: 0.5.
        training: whether anything is done at all. Default: True.
        inplace: write the result into `input`. Default: False.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: p is not in [0, 1].

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.dropout3d(torch.ones(1, 1, 1, 2), training=False)
        tensor([[[[1., 1.]]]])

    Source: Tompson et al. 2015; PyTorch page `torch.nn.functional.dropout3d`.
    """
    _check(p)
    if input.ndim not in (4, 5):
        _warn_of_dimensions(input.ndim, 3)
    return _channels(input, p, training, inplace, input.ndim == 5)
