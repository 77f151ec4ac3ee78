"""Tensor's sorting methods."""

from __future__ import annotations

from ..functional import sorting as fn


class SortingMethods:
    """Order along a dimension."""

    sort = fn.sort
    argsort = fn.argsort
    msort = fn.msort.method
    topk = fn.topk
    kthvalue = fn.kthvalue
