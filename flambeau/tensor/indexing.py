"""Tensor's reading and writing of parts."""

from __future__ import annotations

from typing import Any

from ..functional import copies, gathering, index_along, masking
from ..functional import indexing as fn
from .methods import inplace


class IndexingMethods:
    """Indexing, gathering, scattering, masks."""

    __getitem__ = fn.getitem
    __setitem__ = fn.setitem
    gather = gathering.gather.method
    take_along_dim = gathering.take_along_dim
    take = gathering.take
    scatter = gathering.scatter.method
    scatter_ = inplace(gathering.scatter.method)
    scatter_add = gathering.scatter_add.method
    scatter_add_ = inplace(gathering.scatter_add.method)
    scatter_reduce = gathering.scatter_reduce.method
    scatter_reduce_ = inplace(gathering.scatter_reduce.method)
    put = gathering.put
    put_ = inplace(gathering.put)
    index_select = index_along.index_select.method
    index_add = index_along.index_add.method
    index_add_ = inplace(index_along.index_add.method)
    index_copy = index_along.index_copy.method
    index_copy_ = inplace(index_along.index_copy.method)
    index_fill = index_along.index_fill.method
    index_fill_ = inplace(index_along.index_fill.method)
    index_reduce = index_along.index_reduce.method
    index_reduce_ = inplace(index_along.index_reduce.method)
    as_strided_scatter = copies.as_strided_scatter
    narrow_copy = copies.narrow_copy
    nonzero_static = copies.nonzero_static
    index_put = index_along.index_put
    index_put_ = inplace(index_along.index_put)
    masked_fill = masking.masked_fill
    masked_fill_ = inplace(masking.masked_fill)
    masked_select = masking.masked_select
    masked_scatter = masking.masked_scatter
    masked_scatter_ = inplace(masking.masked_scatter)
    argwhere = masking.argwhere
    isin = masking.isin

    def nonzero(self, *, as_tuple: bool = False) -> Any:
        """The positions of all values that are not zero."""
        return masking.nonzero(self, as_tuple=as_tuple)

    def __reversed__(self) -> Any:
        ndim = self.ndim  # type: ignore[attr-defined]
        return self.flip(0) if ndim else self  # type: ignore[attr-defined]
