"""Which contractions can be computed on tiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..convolution import Image, Line, as_product, convolution_form, merge, merge_weight
from ..matmul import dot_dims
from .batched import cheaper
from .batched_weights import cheaper_weights
from .fixed import FixedProduct
from .frame import Product
from .product import MatrixProduct
from .weights import Weights
from .windows import Window, Windows


def on_tiles(prim: str, shapes: Sequence[tuple[int, ...]], strides: Sequence[tuple[int, ...]],
             params: dict[str, Any]) -> Product | None:
    """The contraction of two float32 operands on tiles; None if it has no such form.

    Args:
        prim: the primitive's name.
        shapes, strides: of the operands, in elements.
        params: the primitive's parameters.
    """
    if prim == "dot":
        return _product(MatrixProduct, shapes, strides, params)
    if as_product(prim, shapes, strides, params) is not None:
        return None  # the vectors' form writes the operands in another order
    try:
        form = convolution_form(prim, shapes, strides, params, _Tiles(prim == "convolve"))
    except _NoFormError:
        return None
    found: Any = form.nests  # what _Tiles made
    if not found:
        return None
    product: Product = found[0] if prim == "convolve_weight" else Windows(found, form.finish)
    return product


def fixed_on_tiles(shapes: Sequence[tuple[int, ...]], strides: Sequence[tuple[int, ...]],
                   params: dict[str, Any]) -> FixedProduct | None:
    """A float32 product whose second operand is prepared once and met again and again.

    Returns:
        The product on tiles; None if it has no such form, or vectors are faster.
    """
    product: Any = _product(FixedProduct, shapes, strides, params)
    return product if product is not None and product.pays() else None


def _product(kind: type[MatrixProduct], shapes: Sequence[tuple[int, ...]],
             strides: Sequence[tuple[int, ...]], params: dict[str, Any]) -> Product | None:
    batch, m, n, k = dot_dims(shapes, strides, params)
    if len(m) > 1 or len(n) > 1 or len(k) != 1 or not k[0][0]:
        return None
    product = kind(batch, m[0], n[0], k[0])
    return product if product.fits() else None


def empty(image: Image, lines: list[Line]) -> bool:
    """Whether there is nothing to do, or more dimensions than tiles know."""
    return (not image.channels or not image.images or len(lines) > 2
            or any(not x.size for x in lines))


class _NoFormError(Exception):
    """A convolution that tiles do not take."""


class _Tiles:
    """Finds windows on tiles for convolutions."""

    def __init__(self, padded: bool) -> None:
        self.padded = padded

    def windows(self, image: Image, lines: list[Line]) -> Window:
        """A convolution, or a phase of an adjoint."""
        if empty(image, lines) or any(not x.offsets for x in lines):
            raise _NoFormError
        lines = merge(lines) if all(w.offsets == [0] for w in lines) else lines
        window = cheaper(image, lines, self.padded)
        if not window.usable():
            raise _NoFormError
        return window

    def weights(self, image: Image, lines: list[Line]) -> Weights:
        """The adjoint in the kernel."""
        if empty(image, lines) or any(not x.count for x in lines):
            raise _NoFormError
        lines = merge_weight(lines) if all(w.offsets == [0] for w in lines) else lines
        found = cheaper_weights(image, lines)
        if not found.usable():
            raise _NoFormError
        return found
