"""The cross entropy of a linear layer, as a module."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from flambeau.dtype import bfloat16, float16, float32, float64
from flambeau.nn import functional as F
from flambeau.nn.modules._loss_base import _WeightedLoss
from flambeau.nn.modules.linear import Linear

__all__ = ["LinearCrossEntropyLoss", "LinearCrossEntropyOptions"]


@dataclasses.dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """How PyTorch splits the batch of a `LinearCrossEntropyLoss`; the result does not depend on it.

    Args:
        allow_retain_graph: let backward run twice. Default: False.
        batch_chunk_size: rows worked on at a time. Default: None, chosen automatically.
        chunking_method: "auto", or "aspect_ratio:n". Default: "auto".
        acc_policy: "accurate", "balanced", "compact" or "auto". Default: "auto".
        acc_dtype: dtype of the sums. Default: None, chosen automatically.

    Raises:
        ValueError: for other values.

    Source: torch.nn.LinearCrossEntropyOptions
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.chunking_method not in (None, "auto"):
            name, separator, factor = str(self.chunking_method).partition(":")
            factor = factor if separator else "1"
            if name != "aspect_ratio" or not factor.isdigit() or int(factor) <= 0:
                raise ValueError(f"invalid chunking_method: {self.chunking_method!r}")
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype not in (None, float16, bfloat16, float32, float64):
            raise ValueError(
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, "
                f"torch.float64}}, got {self.acc_dtype!r}. Pass acc_dtype=None to let the op pick "
                "automatically.")


class LinearCrossEntropyLoss(_WeightedLoss):
    """A linear layer and the cross entropy of its scores.

    Args:
        in_features: size of the last dimension of the input.
        num_classes: number C of classes.
        out_features: sizes of further dimensions of the scores. Default: none.
        bias: learn an additive bias. Default: False.
        device: where the parameters live.
        dtype: their type; default: the default dtype.
        reduction: "mean" (weighted), "sum" or "none". Default: "mean".
        weight: factors per class (C). Default: None.
        ignore_index: class that does not count. Default: None, meaning -100.
        label_smoothing: share of the target spread evenly over all classes. Default: 0.
        options: how PyTorch splits the batch. Default: None.

    Raises:
        RuntimeError: weights of another shape, or smoothing outside [0, 1].

    Example:
        >>> import flambeau as torch
        >>> loss = torch.nn.LinearCrossEntropyLoss(3, 2)
        >>> print(f"{loss(torch.zeros(4, 3), torch.tensor([0, 1, 1, 0])).item():.4f}")
        0.6931

    Source: torch.nn.LinearCrossEntropyLoss
    """

    __constants__ = ["num_classes", "out_features", "reduction", "ignore_index", "label_smoothing"]

    def __init__(self, in_features: int, num_classes: int, *, out_features: tuple[int, ...] = (),
                 bias: bool = False, device: Any = None, dtype: Any = None,
                 reduction: str = "mean", weight: Any = None, ignore_index: int | None = None,
                 label_smoothing: float = 0.0,
                 options: LinearCrossEntropyOptions | None = None) -> None:
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got "
                               f"{tuple(weight.shape)}")
        if not 0 <= label_smoothing <= 1.0:
            raise RuntimeError("expected label_smoothing to be in range [0, 1], got "
                               f"{label_smoothing}")
        super().__init__(weight=weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.linear = Linear(in_features, math.prod(out_features, start=num_classes), bias=bias,
                             device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Any, target: Any) -> Any:
        scores = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return F.linear_cross_entropy(
            input, self.linear.weight.reshape((*scores, self.linear.in_features)), target,
            linear_bias=None if bias is None else bias.reshape(scores), weight=self.weight,
            reduction=self.reduction, ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing, options=self.options)

    def extra_repr(self) -> str:
        return (f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
                f"out_features={self.out_features}, bias={self.linear.bias is not None}, "
                f"reduction={self.reduction}, ignore_index={self.ignore_index}, "
                f"label_smoothing={self.label_smoothing}, options={self.options}")
