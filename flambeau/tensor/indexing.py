"""Tensor's reading and writing of parts."""

from __future__ import annotations

from typing import Any

from ..functional import copies, gathering, index_along, masking
from ..functional import indexing as fn
from ..functional.calling import as_method
from .methods import inplace


class IndexingMethods:
    """Indexing, gathering, scattering, masks."""

    __getitem__ = fn.getitem
    __setitem__ = fn.setitem
    gather = as_method(gathering.gather)
    take_along_dim = as_method(gathering.take_along_dim)
    take = as_method(gathering.take)
    scatter = as_method(gathering.scatter, "input dim index src!")
    scatter_ = inplace(scatter)
    scatter_add = as_method(gathering.scatter_add)
    scatter_add_ = inplace(as_method(gathering.scatter_add))
    scatter_reduce = as_method(gathering.scatter_reduce)
    scatter_reduce_ = inplace(as_method(gathering.scatter_reduce))
    put = gathering.put
    put_ = inplace(gathering.put)
    index_select = as_method(index_along.index_select)
    index_add = as_method(index_along.index_add)
    index_add_ = inplace(as_method(index_along.index_add))
    index_copy = as_method(index_along.index_copy)
    index_copy_ = inplace(as_method(index_along.index_copy))
    index_fill = index_along.index_fill.method
    index_fill_ = inplace(index_along.index_fill.method)
    index_reduce = as_method(index_along.index_reduce)
    index_reduce_ = inplace(as_method(index_along.index_reduce))
    as_strided_scatter = copies.as_strided_scatter
    narrow_copy = as_method(copies.narrow_copy)
    nonzero_static = copies.nonzero_static
    index_put = index_along.index_put
    index_put_ = inplace(index_along.index_put)
    masked_fill = masking.masked_fill
    masked_fill_ = inplace(masking.masked_fill)
    masked_select = as_method(masking.masked_select)
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
