"""Singular values of arrays, and the error where they cannot be found."""

from __future__ import annotations

from typing import Any

import numpy as np


class _LinAlgError(RuntimeError):
    """A decomposition or solver failed because of the matrix's values."""


LinAlgError = _LinAlgError


def singular_values(x: Any, **options: Any) -> Any:
    """NumPy's singular value decomposition.

    Raises:
        LinAlgError: as PyTorch words it.
    """
    try:
        return np.linalg.svd(x, **options)
    except np.linalg.LinAlgError:
        wrong = np.flatnonzero(~np.isfinite(x).all((-2, -1)))
        place = f"(Batch element {wrong[0]}): " if wrong.size and x.ndim > 2 else ""
        why = ("contained non-finite values." if wrong.size else
               "is ill-conditioned or has too many repeated singular values.")
        raise LinAlgError(f"linalg.svd: {place}The algorithm failed to converge because the input "
                          f"matrix {why}") from None
