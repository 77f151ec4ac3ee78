"""Tensor's elementwise methods and operators."""

from __future__ import annotations

from typing import Any

from ..functional import pointwise as fn
from .methods import inplace


class PointwiseMethods:
    """Arithmetic, elementary functions, comparison, logic."""

    add = fn.add.method
    add_ = inplace(fn.add.method)
    mul = fn.mul.method
    mul_ = inplace(fn.mul.method)
    exp = fn.exp.method
    exp_ = inplace(fn.exp.method)
    sigmoid = fn.sigmoid.method
    sigmoid_ = inplace(fn.sigmoid.method)

    def __add__(self, other: Any) -> Any:
        return fn.add(self, other)

    def __mul__(self, other: Any) -> Any:
        return fn.mul(self, other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __iadd__(self, other: Any) -> Any:
        return self.add_(other)
