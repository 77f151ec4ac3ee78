"""Whether a Python number fits a dtype, as filling and assigning check it."""

from __future__ import annotations

import math
from typing import Any

from ..dtype import bool_, dtype, finfo, float32, iinfo

_NAMES = {"uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int",
          "int64": "int64_t", "float16": "c10::Half", "bfloat16": "c10::BFloat16",
          "float32": "float", "float64": "double"}


def check_fits(value: Any, d: dtype, reduced: bool = True) -> None:
    """Raise where a number does not fit a dtype.

    Infinity and NaN fit every floating-point dtype; a negative number fits an unsigned one, where
    it wraps around, if its magnitude fits.

    Args:
        value: a Python number.
        d: the dtype.
        reduced: whether float16 and bfloat16 are checked (not where a single element is filled);
            else they become infinite.

    Raises:
        OverflowError: for integers beyond 64 bits.
        RuntimeError: for numbers that do not fit.
    """
    kind = type(value)
    if d is bool_ or kind is bool or kind is complex or d.category > 2:
        return
    if kind is int and not -2**63 <= value < 2**64:
        raise OverflowError("int too big to convert")
    if d.category == 1:
        limits = iinfo(d)
        low = limits.min or -limits.max
        fits = low <= value <= limits.max and value < 2.0**63
    elif d is float32 or d.is_reduced and reduced:
        fits = not math.isfinite(value) or abs(value) <= finfo(d).max
    else:
        return
    if not fits:
        raise RuntimeError(f"value cannot be converted to type {_NAMES.get(d.name, d.name)} "
                           "without overflow")
