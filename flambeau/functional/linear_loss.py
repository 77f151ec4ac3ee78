"""The cross entropy of a linear map, in one call."""

from __future__ import annotations

import math
from typing import Any

from .linear import linear
from .loss import cross_entropy


def _check(input: Any, weight: Any, bias: Any) -> None:
    if not 1 <= input.ndim <= 2:
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    if weight.ndim < 2:
        raise RuntimeError("expected linear_weight with dimensionality at least 2, got "
                           f"{weight.ndim}")
    if input.shape[-1] != weight.shape[-1]:
        raise RuntimeError("expected equal input and linear_weight last dimensions (in_features), "
                           f"got {input.shape[-1]} and {weight.shape[-1]}, respectively")
    out = tuple(weight.shape[:-1])
    if bias is not None and tuple(bias.shape) != out:
        raise RuntimeError(f"expected linear_bias shape {out}, got {tuple(bias.shape)}")
    if len(out) > 1 and input.ndim == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(weight.shape)} requires "
            f"batched input, (N, {input.shape[-1]}), got unbatched input with shape "
            f"{tuple(input.shape)}")


def linear_cross_entropy(input: Any, linear_weight: Any, target: Any, *, linear_bias: Any = None,
                         weight: Any = None, reduction: str = "mean",
                         ignore_index: int | None = None, label_smoothing: float = 0.0,
                         options: Any = None) -> Any:
    """The cross entropy of the scores `linear(input, linear_weight, linear_bias)`.

    Args:
        input: (N, in_features) or (in_features).
        linear_weight: (C, in_features), or (C, d1, …, in_features) for scores (N, C, d1, …).
        target: classes, or probabilities in the shape of the scores.
        linear_bias: the shape of linear_weight without the last dimension. Default: None.
        weight: factors per class (C). Default: None.
        reduction: "mean" (weighted), "sum" or "none". Default: "mean".
        ignore_index: class that does not count. Default: None, meaning -100.
        label_smoothing: share of the target spread evenly over all classes. Default: 0.
        options: how PyTorch splits the batch; it does not change the result. Default: None.

    Returns:
        A scalar, or the target's shape for "none".

    Raises:
        RuntimeError: shapes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> x, w = torch.ones(1, 3), torch.zeros(2, 3)
        >>> torch.nn.functional.linear_cross_entropy(x, w, torch.tensor([1]))
        tensor(0.6931)

    Source: PyTorch page `torch.nn.functional.linear_cross_entropy`.
    """
    _check(input, linear_weight, linear_bias)
    out = tuple(linear_weight.shape[:-1])
    shape = (*input.shape[:-1], *out)
    if tuple(target.shape) == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    if len(out) > 1:
        rows = math.prod(out)
        linear_weight = linear_weight.reshape((rows, input.shape[-1]))
        linear_bias = None if linear_bias is None else linear_bias.reshape((rows,))
    scores = linear(input, linear_weight, linear_bias)
    if len(out) > 1:
        scores = scores.reshape(shape)
    return cross_entropy(scores, target, weight=weight, reduction=reduction,
                         ignore_index=-100 if ignore_index is None else ignore_index,
                         label_smoothing=label_smoothing)
