"""The in-place functions `torch.exp_(x)` and the like: the method as a function."""

from __future__ import annotations

from typing import Any

from ..functional import arithmetic
from ..functional import pointwise as fn
from ..functional.calling import as_method
from .indexing import IndexingMethods
from .linear import LinearMethods
from .methods import inplace
from .pointwise import PointwiseMethods

abs_ = PointwiseMethods.abs_
addmv_ = LinearMethods.addmv_
index_put_ = IndexingMethods.index_put_
acos_ = arccos_ = inplace(fn.acos.method)
acosh_ = arccosh_ = inplace(fn.acosh.method)
asin_ = arcsin_ = inplace(fn.asin.method)
asinh_ = arcsinh_ = inplace(fn.asinh.method)
atan_ = arctan_ = inplace(fn.atan.method)
atanh_ = arctanh_ = inplace(fn.atanh.method)
ceil_ = inplace(fn.ceil.method)
clamp_ = clip_ = inplace(fn.clamp.method)
clamp_max_ = inplace(fn.clamp_max.method)
clamp_min_ = inplace(fn.clamp_min.method)
cos_ = inplace(fn.cos.method)
cosh_ = inplace(fn.cosh.method)
deg2rad_ = inplace(fn.deg2rad.method)
erf_ = inplace(fn.erf.method)
erfc_ = inplace(fn.erfc.method)
exp_ = inplace(fn.exp.method)
exp2_ = inplace(fn.exp2.method)
expm1_ = inplace(fn.expm1.method)
floor_ = inplace(fn.floor.method)
frac_ = inplace(fn.frac.method)
gcd_ = inplace(arithmetic.gcd.method)
i0_ = inplace(fn.i0.method)
lcm_ = inplace(arithmetic.lcm.method)
ldexp_ = inplace(fn.ldexp.method)
log_ = inplace(fn.log.method)
log10_ = inplace(fn.log10.method)
log1p_ = inplace(fn.log1p.method)
log2_ = inplace(fn.log2.method)
logit_ = inplace(fn.logit.method)
nan_to_num_ = inplace(fn.nan_to_num.method)
neg_ = negative_ = inplace(arithmetic.neg.method)
rad2deg_ = inplace(fn.rad2deg.method)
reciprocal_ = inplace(fn.reciprocal.method)
round_ = inplace(as_method(fn.round, "input decimals!"))
rsqrt_ = inplace(fn.rsqrt.method)
sigmoid_ = inplace(fn.sigmoid.method)
sin_ = inplace(fn.sin.method)
sinc_ = inplace(fn.sinc.method)
sinh_ = inplace(fn.sinh.method)
sqrt_ = inplace(fn.sqrt.method)
square_ = inplace(arithmetic.square.method)
tan_ = inplace(fn.tan.method)
tanh_ = inplace(fn.tanh.method)
trunc_ = fix_ = inplace(fn.trunc.method)
xlogy_ = inplace(fn.xlogy.method)


def as_strided_(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """In-place version of `as_strided`."""
    return input.as_strided_(size, stride, storage_offset)


def conj_physical_(input: Any) -> Any:
    """In-place version of `conj_physical`."""
    return input.conj_physical_()
