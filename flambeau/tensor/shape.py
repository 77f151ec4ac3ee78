"""Tensor's views and changes of shape."""

from __future__ import annotations

from ..functional import shape as fn


class ShapeMethods:
    """Views, joins, splits."""

    transpose = fn.transpose
    view = fn.view
