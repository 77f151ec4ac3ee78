"""Tensor's sorting methods."""

from __future__ import annotations

from ..functional import sets
from ..functional import sorting as fn


class SortingMethods:
    """Order along a dimension."""

    sort = fn.sort
    argsort = fn.argsort
    msort = fn.msort.method
    topk = fn.topk
    kthvalue = fn.kthvalue
    unique = sets.unique
    unique_consecutive = sets.unique_consecutive
