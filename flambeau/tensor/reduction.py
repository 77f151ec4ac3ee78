"""Tensor's reductions."""

from __future__ import annotations

from ..functional import cumulative as running
from ..functional import matrices, norms, sets
from ..functional import reduction as fn
from ..functional import softmax as soft
from ..functional import statistics as stats
from .methods import inplace


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
    std = stats.std
    var = stats.var
    median = stats.median
    nanmedian = stats.nanmedian
    mode = stats.mode
    quantile = stats.quantile
    nanquantile = stats.nanquantile
    cov = stats.cov.method
    corrcoef = stats.corrcoef.method
    norm = matrices.norm
    dist = norms.dist.method
    renorm = norms.renorm.method
    renorm_ = inplace(norms.renorm.method)
    cumsum = running.cumsum.method
    cumsum_ = inplace(running.cumsum.method)
    cumprod = running.cumprod.method
    cumprod_ = inplace(running.cumprod.method)
    cummax = running.cummax
    cummin = running.cummin
    logcumsumexp = running.logcumsumexp.method
    diff = running.diff.method
    bincount = sets.bincount
    histc = sets.histc
    histogram = sets.histogram
