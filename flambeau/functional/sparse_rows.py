"""The tape entry of an embedding whose gradient keeps only the rows that were looked up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.base import wrap
from ..autograd.node import _FREED, GradNode, edge_of
from ..autograd.record import Value, op
from ..dtype import int64
from ..engines.realize import realize
from ..graph import Node, leaf, spec
from ..ops import arithmetic as ar
from ..ops.gather import put_at
from ..ops.movement import reshape, zeros


@op(name="embedding_rows", grad="EmbeddingSparseBackward0")
def _dense(grad: Value, input: Value, count: int) -> Any:
    """The gradient of the whole table: rows of `grad` added at the indices."""
    index = reshape(ar.astype(input, int64), shape=(input.size,))
    width = grad.shape[-1]
    return put_at(zeros((count, width), grad), reshape(grad, shape=(input.size, width)), index,
                  mode="add")


class EmbeddingBackward0(GradNode):
    """Gradient of a table: its dense form is recorded, and its rows stand beside it.

    Args:
        weight: the table (V, D); input: the indices; padding: row without gradient, or -1.
    """

    __slots__ = ("count", "index", "padding")

    def __init__(self, weight: Any, input: Any, padding: int) -> None:
        shape = (*input._node.spec.shape, weight._node.spec.shape[1])
        super().__init__((edge_of(weight),), (spec(shape, weight._node.spec.dtype),))
        self.count = weight._node.spec.shape[0]
        self.index: Any = input._value()
        self.padding = padding

    def backward(self, cts: list[Any], differentiable: bool) -> Sequence[Any]:
        if self.index is None:
            raise RuntimeError(_FREED)
        grad = wrap(cts[0]) if type(cts[0]) is Node else cts[0]
        index = realize(self.index, "sparse gradient").reshape(-1).astype(np.int64)
        grad = grad.reshape(index.size, -1)
        if self.padding >= 0:
            kept = np.flatnonzero(index != self.padding)
            index, grad = index[kept], grad[wrap(leaf(kept))]
        dense = _dense(grad, wrap(leaf(index)), self.count)
        if not differentiable:
            dense._sparse = (wrap(leaf(index[None])), grad.detach(), False)
        return [dense]

    def release(self) -> None:
        self.index = None
