"""Tensor's sorting methods."""

from __future__ import annotations

from ..functional import sets
from ..functional import sorting as fn
from ..functional.calling import as_method


class SortingMethods:
    """Order along a dimension."""

    sort = as_method(fn.sort, "input dim descending")
    argsort = as_method(fn.argsort, "input dim descending")
    msort = fn.msort.method
    topk = as_method(fn.topk)
    kthvalue = as_method(fn.kthvalue)
    unique = sets.unique
    unique_consecutive = sets.unique_consecutive
