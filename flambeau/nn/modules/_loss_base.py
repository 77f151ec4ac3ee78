"""The base classes of the losses."""

from __future__ import annotations

from typing import Any

from flambeau.functional.loss import legacy_reduction
from flambeau.nn.modules.module import Module


class _Loss(Module):
    """Base of the losses that are reduced to one number."""

    reduction: str

    def __init__(self, size_average: Any = None, reduce: Any = None,
                 reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = legacy_reduction(size_average, reduce, reduction)


class _WeightedLoss(_Loss):
    """Base of the losses with a weight per class or element."""

    def __init__(self, weight: Any = None, size_average: Any = None, reduce: Any = None,
                 reduction: str = "mean") -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.weight: Any
