"""`torch.range`: the old function whose end is included."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..device import checked, get_default_device
from ..dtype import dtype as _dtype
from ..dtype import get_default_dtype
from .arrays import from_array


def range(start: float, end: float, step: float = 1, *, out: Any = None,
          dtype: _dtype | None = None, layout: Any = None, device: Any = None,
          requires_grad: bool = False) -> Any:
    """Numbers from `start` to `end`, which is included; `arange` is what to use.

    Args:
        start, end, step: numbers. Default step: 1.
        out: a tensor to write to.
        dtype: of the result. Default: the default floating-point dtype.
        layout, device: accepted.
        requires_grad: whether to record gradients. Default: False.

    Returns:
        A tensor of (end - start) // step + 1 elements.

    Raises:
        RuntimeError: for a step of zero or away from the end.

    Source: torch.range
    """
    warnings.warn("torch.range is deprecated and will be removed in a future release because its "
                  "behavior is inconsistent with Python's range builtin. Instead, use "
                  "torch.arange, which produces values in [start, end).", UserWarning,
                  stacklevel=2)
    checked(get_default_device() if device is None else device)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) / step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    kind = dtype or (get_default_dtype() if out is None else out.dtype)
    count = math.floor((end - start) / step) + 1
    made = from_array((start + step * np.arange(count)).astype(kind.numpy), kind)
    if out is not None:
        return out.resize_(count).copy_(made)
    return made.requires_grad_(requires_grad)
