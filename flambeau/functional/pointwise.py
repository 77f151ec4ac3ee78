"""Arithmetic and elementary functions, element by element."""

from __future__ import annotations

from typing import Any

from ..autograd.record import Value, op
from ..ops import arithmetic as ar
from ..ops import elementwise as ew


def floating(x: Any) -> Any:
    """x, or x in the default floating-point dtype where it is integral."""
    return ar.astype(x, ar.get_default_dtype()) if x.dtype.category < 2 else x


@op(out=True)
def add(input: Value, other: Value, *, alpha: Value = 1) -> Any:
    """input + alpha · other."""
    return input + other * alpha


@op(out=True)
def mul(input: Value, other: Value) -> Any:
    """input · other."""
    return input * other


@op(out=True)
def exp(input: Value) -> Any:
    """e to the power of each element."""
    return ew.exp(floating(input))


@op(out=True)
def sigmoid(input: Value) -> Any:
    """1 / (1 + e^-x)."""
    return ew.sigmoid(floating(input))
