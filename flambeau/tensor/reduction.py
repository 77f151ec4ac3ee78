"""Tensor's reductions."""

from __future__ import annotations

from ..functional import reduction as fn


class ReductionMethods:
    """Sums, means, extremes, norms, statistics."""

    sum = fn.sum.method
