"""Tensor's reductions."""

from __future__ import annotations

from ..functional import reduction as fn
from ..functional import softmax as soft


class ReductionMethods:
    """Sums, means, extremes, norms, statistics."""

    sum = fn.sum.method
    nansum = fn.nansum.method
    prod = fn.prod
    mean = fn.mean.method
    nanmean = fn.nanmean.method
    all = fn.all.method
    any = fn.any.method
    count_nonzero = fn.count_nonzero.method
    amax = fn.amax.method
    amin = fn.amin.method
    aminmax = fn.aminmax
    max = fn.max
    min = fn.min
    argmax = fn.argmax.method
    argmin = fn.argmin.method
    softmax = soft.softmax.method
    log_softmax = soft.log_softmax.method
    logsumexp = soft.logsumexp.method
