"""Tensor's views and changes of shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..autograd.base import TensorBase
from ..autograd.views import become, make_view
from ..functional import arrange, joining, parts
from ..functional import shape as fn
from ..functional.calling import as_method, presented
from .methods import inplace


class ShapeMethods:
    """Views, joins, splits."""

    view = fn.view
    view_as = fn.view_as
    reshape_as = fn.reshape_as
    flatten = fn.flatten
    ravel = fn.ravel
    transpose = fn.transpose
    swapaxes = fn.swapaxes
    swapdims = fn.swapdims
    t = fn.t
    movedim = fn.movedim
    moveaxis = fn.moveaxis
    adjoint = fn.adjoint
    squeeze = fn.squeeze
    unsqueeze = fn.unsqueeze
    expand = parts.expand
    expand_as = parts.expand_as
    sum_to_size = parts.sum_to_size
    select = parts.select
    narrow = parts.narrow
    diagonal = parts.diagonal
    unfold = parts.unfold
    as_strided = parts.as_strided
    split_with_sizes = joining.split_with_sizes
    chunk = joining.chunk
    tensor_split = joining.tensor_split
    unbind = joining.unbind

    rot90 = arrange.rot90
    roll = arrange.roll
    fliplr = arrange.fliplr
    flipud = arrange.flipud
    repeat = arrange.repeat
    repeat_interleave = as_method(arrange.repeat_interleave)
    tril = arrange.tril.method
    tril_ = inplace(arrange.tril.method)
    triu = arrange.triu.method
    triu_ = inplace(arrange.triu.method)
    diag = as_method(arrange.diag)
    diag_embed = arrange.diag_embed
    diagflat = arrange.diagflat
    select_scatter = arrange.select_scatter
    slice_scatter = arrange.slice_scatter
    diagonal_scatter = arrange.diagonal_scatter

    @presented("self dims")
    def flip(self, *dims: Any, **named: Any) -> Any:
        """A copy with the order reversed along dimensions; `x.flip(0, 1)`."""
        return arrange.flip(self, named["dims"] if named else dims)

    @presented("self dims")
    def tile(self, *dims: Any, **named: Any) -> Any:
        """A copy repeated along dimensions; missing counts in front are 1."""
        return arrange.tile(self, named["dims"] if named else dims)

    def transpose_(self, dim0: int, dim1: int) -> Any:
        """In-place version of `transpose`."""
        return _become(self, fn.transpose(self, dim0, dim1), "TransposeBackward1")

    def swapaxes_(self, axis0: int, axis1: int) -> Any:
        """In-place version of `swapaxes`."""
        return self.transpose_(axis0, axis1)

    def swapdims_(self, dim0: int, dim1: int) -> Any:
        """In-place version of `swapdims`."""
        return self.transpose_(dim0, dim1)

    def t_(self) -> Any:
        """In-place version of `t`."""
        return _become(self, fn.t(self), "TBackward1")

    def unsqueeze_(self, dim: int) -> Any:
        """In-place version of `unsqueeze`."""
        return _become(self, fn.unsqueeze(self, dim), "UnsqueezeBackward1")

    def squeeze_(self, dim: Any = None) -> Any:
        """In-place version of `squeeze`."""
        name = ("SqueezeBackward3" if dim is None else "SqueezeBackward5"
                if isinstance(dim, (tuple, list)) else "SqueezeBackward4")
        return _become(self, fn.squeeze(self, dim), name)

    def as_strided_(self, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
        """In-place version of `as_strided`."""
        return become(self, parts.restrided(self, size, stride, storage_offset,
                                            "AsStridedBackward1"))

    def as_subclass(self, cls: Any) -> Any:
        """The same values, memory and gradient as a tensor of another class.

        Args:
            cls: a subclass of Tensor.

        Returns:
            A tensor of that class.

        Raises:
            TypeError: for other classes.

        Source: torch.Tensor.as_subclass
        """
        if not (isinstance(cls, type) and issubclass(cls, TensorBase)):
            raise TypeError("cls must be a type (not an instance of a type) that derives from "
                            "Tensor")
        alias = make_view(self, (("reshape", fn.shape_of(self)),), "AliasBackward0")
        alias.__class__ = cls
        return alias

    def fill_diagonal_(self, fill_value: Any, wrap: bool = False) -> Any:
        """Fill the main diagonal, of all dimensions jointly, in place.

        Args:
            fill_value: the number.
            wrap: begin anew below the square of a tall matrix.

        Raises:
            RuntimeError: for fewer than two dimensions or more than two of different sizes.
        """
        shape = fn.shape_of(self)
        if len(shape) < 2:
            raise RuntimeError("dimensions must larger than 1")
        if len(shape) > 2 and len(set(shape)) > 1:
            raise RuntimeError("all dimensions of input must be of equal length")
        strides, offset = self._strided()  # type: ignore[attr-defined]
        step, count = sum(strides), min(shape)
        if wrap and shape[0] > shape[1] and len(shape) == 2:
            whole = self.numel()  # type: ignore[attr-defined]
            count = -(-whole // (shape[1] + 1))
        part = parts.as_strided(self, (count,), (step,), offset)
        part[...] = fill_value
        return self

    @presented("self shape")
    def reshape(self, *shape: Any, **named: Any) -> Any:
        """The same elements in another shape; `x.reshape(2, -1)` or `x.reshape((2, -1))`."""
        return fn.reshape(self, shape if not named else (named["shape"],))

    @presented("self size")
    def broadcast_to(self, *size: Any, **named: Any) -> Any:
        """`expand` under NumPy's name."""
        return parts.expand(self, *size, **named)

    @presented("self dims")
    def permute(self, *dims: Any, **named: Any) -> Any:
        """A view with the dimensions in another order; `x.permute(1, 0)`."""
        return fn.permute(self, dims if not named else (named["dims"],))

    def unflatten(self, dim: int, sizes: Any) -> Any:
        """One dimension split into several."""
        return fn.unflatten(self, dim, sizes)

    @presented("self indices")
    def hsplit(self, *indices: Any, **named: Any) -> Any:
        """Views of parts along the second dimension; `x.hsplit(3)` or `x.hsplit(2, 5)`."""
        return joining.hsplit(self, _parts("hsplit", indices, named))

    @presented("self indices")
    def vsplit(self, *indices: Any, **named: Any) -> Any:
        """Views of parts along the first dimension; `x.vsplit(3)` or `x.vsplit(2, 5)`."""
        return joining.vsplit(self, _parts("vsplit", indices, named))

    @presented("self indices")
    def dsplit(self, *indices: Any, **named: Any) -> Any:
        """Views of parts along the third dimension; `x.dsplit(3)` or `x.dsplit(2, 5)`."""
        return joining.dsplit(self, _parts("dsplit", indices, named))

    def split(self, split_size: Any, dim: int = 0) -> Any:
        """Views of consecutive parts of a dimension."""
        return joining.split(self, split_size, dim)

    @property
    def T(self) -> Any:
        """The dimensions in reverse order."""
        return fn.permute(self, tuple(range(self.ndim))[::-1])  # type: ignore[attr-defined]

    @property
    def mT(self) -> Any:
        """The last two dimensions exchanged."""
        return fn.transpose(self, -2, -1)

    @property
    def H(self) -> Any:
        """A matrix transposed, and conjugated where complex."""
        return fn.adjoint(self)

    @property
    def mH(self) -> Any:
        """The last two dimensions exchanged, and conjugated where complex."""
        return fn.adjoint(self)

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:  # type: ignore[attr-defined]
            raise TypeError("iteration over a 0-d tensor")
        return iter(joining.unbind(self))


def _parts(name: str, indices: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """The number of parts or the places between them, however they were given.

    Raises:
        TypeError: for arguments that no form takes.
    """
    given = (*indices, *[named.pop(k) for k in ("sections", "indices") if k in named])
    if named or not given:
        got = ", ".join([type(x).__name__ for x in given] + [f"{k}=..." for k in named])
        raise TypeError(f"{name}() received an invalid combination of arguments - got ({got}), but "
                        "expected one of:\n * (int sections)\n * (tuple of ints indices)\n")
    return given[0] if len(given) == 1 else given


def _become(t: Any, view: Any, name: str) -> Any:
    """The tensor turned into a view of itself, with the tape name of the in-place form."""
    return become(t, make_view(t, view._chain[len(t._chain):], name))
