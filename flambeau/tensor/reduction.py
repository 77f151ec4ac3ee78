"""Tensor's reductions."""

from __future__ import annotations

from ..functional import cumulative as running
from ..functional import matrices, norms, sets
from ..functional import reduction as fn
from ..functional import softmax as soft
from ..functional import statistics as stats
from ..functional.calling import as_method
from .methods import inplace


class ReductionMethods:
    """Sums, means, extremes, norms, statistics."""

    sum = fn.sum.method
    nansum = fn.nansum.method
    prod = as_method(fn.prod)
    mean = fn.mean.method
    nanmean = fn.nanmean.method
    all = fn.all.method
    any = fn.any.method
    count_nonzero = fn.count_nonzero.method
    amax = fn.amax.method
    amin = fn.amin.method
    aminmax = as_method(fn.aminmax)
    max = as_method(fn.max)
    min = as_method(fn.min)
    argmax = fn.argmax.method
    argmin = fn.argmin.method
    softmax = soft.softmax.method
    log_softmax = soft.log_softmax.method
    logsumexp = soft.logsumexp.method
    std = as_method(stats.std)
    var = as_method(stats.var)
    median = as_method(stats.median)
    nanmedian = as_method(stats.nanmedian)
    mode = as_method(stats.mode)
    quantile = as_method(stats.quantile)
    nanquantile = as_method(stats.nanquantile)
    cov = stats.cov.method
    corrcoef = stats.corrcoef.method
    norm = as_method(matrices.norm)
    dist = norms.dist.method
    renorm = norms.renorm.method
    renorm_ = inplace(norms.renorm.method)
    cumsum = running.cumsum.method
    cumsum_ = inplace(running.cumsum.method)
    cumprod = running.cumprod.method
    cumprod_ = inplace(running.cumprod.method)
    cummax = as_method(running.cummax)
    cummin = as_method(running.cummin)
    logcumsumexp = running.logcumsumexp.method
    diff = running.diff.method
    bincount = sets.bincount
    histc = as_method(sets.histc)
    histogram = as_method(sets.histogram, "input bins weight density")
