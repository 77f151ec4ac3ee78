"""Gradients with few rows: tensors that know coordinates and values beside their dense form."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.base import TensorBase, wrap
from ..autograd.views import make_view
from ..device import layout, sparse_coo, strided
from ..graph import leaf


class SparseMethods:
    """What PyTorch's COO layout offers for such gradients (`Embedding(sparse=True)` makes them)."""

    _sparse: Any

    @property
    def layout(self) -> layout:
        """How the elements are kept."""
        return strided if self._sparse is None else sparse_coo

    @property
    def is_sparse(self) -> bool:
        """Whether the tensor is in coordinate layout."""
        return self._sparse is not None

    def _parts(self, name: str) -> Any:
        if self._sparse is None:
            raise RuntimeError(f"{name} expected sparse coordinate tensor layout but got Strided")
        return self._sparse

    def _indices(self) -> Any:
        """Coordinates (sparse dimensions, entries), repeated ones included."""
        return self._parts("_indices")[0]

    def _values(self) -> Any:
        """The entries (entries, dense dimensions…)."""
        return self._parts("_values")[1]

    def _nnz(self) -> int:
        """The number of stored entries."""
        return int(self._indices().shape[1])

    def is_coalesced(self) -> bool:
        """Whether every coordinate occurs once, in order."""
        return bool(self._parts("is_coalesced")[2])

    def indices(self) -> Any:
        """Coordinates of a coalesced tensor."""
        if not self.is_coalesced():
            raise RuntimeError("Cannot get indices on an uncoalesced tensor, please call "
                               ".coalesce() first")
        return self._indices()

    def values(self) -> Any:
        """Entries of a coalesced tensor."""
        if not self.is_coalesced():
            raise RuntimeError("Cannot get values on an uncoalesced tensor, please call "
                               ".coalesce() first")
        return self._values()

    def coalesce(self) -> Any:
        """The same tensor with repeated coordinates summed and sorted."""
        indices, values, done = self._parts("coalesce")
        if done:
            return self
        rows, place = np.unique(indices._data("coalesce")[0], return_inverse=True)
        entries = values._data("coalesce")
        total = np.zeros((len(rows), *entries.shape[1:]), entries.dtype)
        np.add.at(total, place.reshape(-1), entries)
        out = make_view(self, (), "", track=False)
        out._sparse = (wrap(leaf(rows[None].astype(np.int64))), wrap(leaf(total, values.dtype)),
                       True)
        return out

    def to_dense(self, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
        """The tensor in ordinary layout."""
        out: Any = make_view(self, (), "", track=False) if self._sparse is not None else self
        if isinstance(out, TensorBase):
            out._sparse = None
        return out if dtype is None else out.to(dtype)
