"""Which contractions can be computed on tiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..machine import Machine
from ..matmul import dot_dims
from .frame import Product
from .product import MatrixProduct


def on_tiles(prim: str, shapes: Sequence[tuple[int, ...]], strides: Sequence[tuple[int, ...]],
             params: dict[str, Any], machine: Machine) -> Product | None:
    """The contraction of two float32 operands on tiles; None if it has no such form.

    Args:
        prim: the primitive's name.
        shapes, strides: of the operands, in elements.
        params: the primitive's parameters.
        machine: the processor.
    """
    if prim == "dot":
        batch, m, n, k = dot_dims(shapes, strides, params)
        if len(m) > 1 or len(n) > 1 or len(k) != 1:
            return None
        product = MatrixProduct(batch, m[0], n[0], k[0], machine)
        return product if product.fits() else None
    return None
