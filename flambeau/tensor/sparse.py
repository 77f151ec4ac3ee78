"""Gradients with few rows: tensors that know coordinates and values beside their dense form."""

from __future__ import annotations

import importlib
from typing import Any, NoReturn

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

    def to_sparse(self, sparse_dim: int | None = None, *, layout: Any = None, blocksize: Any = None,
                  dense_dim: int | None = None) -> Any:
        """The tensor in coordinate layout, with its elements that are not 0.

        Args:
            sparse_dim: dimensions that indices address. Default: all.
            layout: must be `sparse_coo`.

        Raises:
            NotImplementedError: for other layouts.
        """
        if layout not in (None, sparse_coo):
            return self.to_sparse_csr()
        module = importlib.import_module("flambeau.sparse.tensor")  # loaded where it is used
        return module.to_sparse(self, sparse_dim)

    def to_sparse_csr(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: `to_sparse()` is the one sparse layout.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("flambeau keeps sparse tensors by coordinates only (torch."
                                  "sparse_coo): use torch.sparse_coo_tensor or Tensor.to_sparse()")

    to_sparse_csc = to_sparse_bsr = to_sparse_bsc = to_sparse_csr

    def sparse_mask(self, mask: Any) -> Any:
        """The elements at the places of a sparse tensor."""
        return importlib.import_module("flambeau.sparse.tensor")._at_places(self, mask)

    def sparse_dim(self) -> int:
        """The number of dimensions that indices address; 0 in ordinary layout."""
        return 0 if self._sparse is None else int(self._indices().shape[0])

    def dense_dim(self) -> int:
        """The number of the other dimensions."""
        return self.ndim - self.sparse_dim()  # type: ignore[attr-defined]
