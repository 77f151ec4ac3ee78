"""Reading and writing parts of tensors by indices of every kind: `x[...]` and `x[...] = value`.

Integers, slices, None and Ellipsis make a view. Where lists, integer tensors or masks are among the
indices (advanced indexing), the basic ones are applied first, as a view, and the others gather from
it or write into it.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.base import TensorBase, wrap
from ..autograd.inplace import assign
from ..autograd.record import Value, Values, op
from ..autograd.views import make_view
from ..dtype import bool_, int64, scalar_name, uint8
from ..graph import Shape, Spec, leaf
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import gather as gt
from ..ops import movement as mv
from ..ops.define import Sym
from .scalars import check_fits

_PARTS = (slice, list, tuple, TensorBase, np.ndarray)  # in a list, they make it stand for a tuple
_WRONG_KIND = "tensors used as indices must be long, int, byte or bool tensors"


# ---- what the indices mean ----------------------------------------------------------------------

class _Plan:
    """Basic indices as the steps of a view, and the advanced ones by dimension of that view."""

    __slots__ = ("chain", "advanced", "name")

    def __init__(self, chain: tuple[Any, ...], advanced: dict[int, Any], name: str) -> None:
        self.chain = chain
        self.advanced = advanced  # dimension of the view -> index tensor or mask
        self.name = name


def _entries(index: Any) -> tuple[Any, ...]:
    """The index as a tuple with one entry per written index."""
    if type(index) is tuple:
        return index
    if isinstance(index, list) and len(index) < 32 and any(
            x is None or x is Ellipsis or isinstance(x, _PARTS) for x in index):
        warnings.warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated and will be "
            "changed in pytorch 2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will "
            "be interpreted as tensor index, x[torch.tensor(seq)], which will result either in an "
            "error or a different result", UserWarning, stacklevel=4)
        return tuple(index)
    return tuple(index) if isinstance(index, tuple) else (index,)


def _as_index(entry: Any) -> Any:
    """An index given as list, range or array, as a tensor."""
    if isinstance(entry, (list, tuple, range)):
        entry = np.asarray(_plain(entry))
        if not entry.size:
            entry = entry.astype(np.int64)
        elif entry.dtype.kind == "f":
            entry = entry.astype(np.int64)
    elif isinstance(entry, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(entry).__name__}'")
    elif not isinstance(entry, np.ndarray):
        raise IndexError("only integers, slices (`:`), ellipsis (`...`), None and long or byte "
                         f"Variables are valid indices (got {type(entry).__name__})")
    if entry.dtype.kind not in "iub":
        raise IndexError(_WRONG_KIND)
    return wrap(leaf(np.array(entry)))


def _plain(entry: Any) -> Any:
    if isinstance(entry, TensorBase):
        return entry._data("index")  # type: ignore[attr-defined]
    return [_plain(x) for x in entry] if isinstance(entry, (list, tuple)) else entry


def _is_mask(entry: Any) -> bool:
    d = entry._node.spec.dtype
    return d is bool_ or d is uint8


def _width(entry: Any) -> int:
    """How many dimensions an index takes."""
    if entry is None or entry is Ellipsis or isinstance(entry, (bool, np.bool_)):
        return 0
    if isinstance(entry, TensorBase) and _is_mask(entry):
        return len(entry._node.spec.shape)
    return 1


def _normalised(index: Any) -> list[Any]:
    """Entries as ints, slices, None, Ellipsis, bools and tensors."""
    out: list[Any] = []
    for entry in _entries(index):
        if entry is None or entry is Ellipsis or isinstance(entry, (slice, int)):
            out.append(entry)
        elif isinstance(entry, TensorBase):
            s = entry._node.spec
            if s.dtype.category > 1 or s.dtype.itemsize not in (1, 4, 8) and s.shape or (
                    s.shape and s.dtype.name in ("int8", "uint32", "uint64")):
                raise IndexError(_WRONG_KIND)
            out.append(entry.item() if not s.shape and s.dtype is not uint8  # type: ignore[attr-defined]
                       else entry)
        elif isinstance(entry, np.bool_):
            out.append(bool(entry))
        elif isinstance(entry, np.integer) or isinstance(entry, np.ndarray) and not entry.ndim and (
                entry.dtype.kind in "iu"):
            out.append(int(entry))
        elif not isinstance(entry, (float, complex, str)) and not isinstance(
                entry, (list, tuple, range, np.ndarray)) and hasattr(entry, "__index__"):
            out.append(entry.__index__())
        else:
            out.append(_as_index(entry))
    return out


def _plan(shape: Shape, index: Any) -> _Plan:
    entries = _normalised(index)
    ndim = len(shape)
    taken = sum([_width(e) for e in entries])
    if taken > ndim:
        if isinstance(index, slice):
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    walk = _Walk(shape)
    for place, entry in enumerate(entries):
        if entry is None:
            walk.insert()
            walk.name = "UnsqueezeBackward0"
        elif entry is Ellipsis:
            walk.skip(ndim - taken)
            taken = ndim  # a second Ellipsis stands for nothing
        elif isinstance(entry, bool):
            walk.mask(entry)
        elif isinstance(entry, int):
            walk.integer(entry, place)
        elif isinstance(entry, slice):
            walk.slice(entry, len(entries) == 1 and not isinstance(index, tuple))
        elif entry._node.spec.shape:
            walk.advance(entry, _width(entry))
        else:
            walk.mask(bool(entry))
    return walk.plan()


class _Walk:
    """Goes through the indices from left to right, collecting what happens to each dimension."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.old = 0  # the next dimension of the tensor
        self.kept: list[int] = []  # per dimension after insertions: the old one, or -1
        self.start: list[int] = []
        self.size: list[int] = []
        self.step: list[int] = []
        self.gone: list[bool] = []  # whether an integer drops it
        self.found: dict[int, Any] = {}
        self.name = ""
        self.sliced = False

    def _keep(self, old: int, start: int, size: int, step: int, gone: bool) -> None:
        self.kept.append(old)
        self.start.append(start)
        self.size.append(size)
        self.step.append(step)
        self.gone.append(gone)

    def insert(self) -> None:
        """A new dimension of size 1."""
        self._keep(-1, 0, 1, 1, False)

    def skip(self, count: int) -> None:
        """Dimensions taken whole."""
        for _ in range(count):
            self._keep(self.old, 0, self.shape[self.old], 1, False)
            self.old += 1

    def integer(self, i: int, place: int) -> None:
        """One entry of a dimension."""
        n = self.shape[self.old]
        if not -n <= i < n:
            raise IndexError(f"index {i} is out of bounds for dimension {place} with size {n}")
        self._keep(self.old, i % n, 1, 1, True)
        self.old += 1
        self.name = "SelectBackward0"

    def slice(self, s: slice, alone: bool) -> None:
        """A range of a dimension."""
        n = self.shape[self.old]
        start, stop, step = (x.item() if isinstance(x, TensorBase)  # type: ignore[attr-defined]
                             else x for x in (s.start, s.stop, s.step))
        if step is not None and step < 0:
            raise ValueError("step must be greater than zero")
        start, stop, step = slice(start, stop, step).indices(n)
        length = max(-(-(stop - start) // step), 0)
        self._keep(self.old, min(start, n), length, step, False)
        self.old += 1
        if alone or s.start not in (None, 0) or step != 1 or length != n:
            self.name = "SliceBackward0"
            self.sliced = True

    def advance(self, tensor: Any, width: int) -> None:
        """An index tensor for the next dimension, or a mask for the next ones."""
        self.found[len(self.kept)] = tensor
        self.skip(width)

    def mask(self, value: bool) -> None:
        """A mask without dimensions: a new dimension of size 1 or 0."""
        self.insert()
        self.name = "UnsqueezeBackward0"
        self.found[len(self.kept) - 1] = wrap(leaf(np.array([value])))

    def plan(self) -> _Plan:
        """The view's steps and the advanced indices by its dimensions."""
        self.skip(len(self.shape) - self.old)
        chain: list[Any] = []
        size = tuple(self.size)
        before = tuple([1 if k < 0 else self.shape[k] for k in self.kept])
        if -1 in self.kept:
            chain.append(("reshape", before, tuple(self.kept)))
        if self.sliced or any(self.gone):
            chain.append(("slice", tuple(self.start), size, tuple(self.step)))
        found = self.found
        if any(self.gone):
            rest = tuple([d for d, gone in enumerate(self.gone) if not gone])
            chain.append(("reshape", tuple([size[d] for d in rest]), rest))
            place = {d: i for i, d in enumerate(rest)}
            found = {place[d]: x for d, x in found.items()}
        return _Plan(tuple(chain), found, self.name or "AliasBackward0")


# ---- basic indices, the short way ---------------------------------------------------------------

def _one_entry(t: Any, i: int) -> Any:
    shape = t._node.spec.shape
    if not shape:
        raise IndexError("invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
                         "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number")
    n = shape[0]
    if not -n <= i < n:
        raise IndexError(f"index {i} is out of bounds for dimension 0 with size {n}")
    rest = len(shape) - 1
    return make_view(t, (
        ("slice", (i % n,) + (0,) * rest, (1, *shape[1:]), (1,) * (rest + 1)),
        ("reshape", shape[1:], tuple(range(1, rest + 1)))), "SelectBackward0")


def _one_range(t: Any, s: slice) -> Any:
    shape = t._node.spec.shape
    n = shape[0]
    start, stop, step = s.indices(n)
    length = (stop - start + step - 1) // step if stop > start else 0
    rest = len(shape) - 1
    return make_view(t, (("slice", (start,) + (0,) * rest, (length, *shape[1:]),
                          (step,) + (1,) * rest),), "SliceBackward0")


def _plain_range(s: slice) -> bool:
    return (s.step is None or type(s.step) is int and s.step > 0) and (
        s.start is None or type(s.start) is int) and (s.stop is None or type(s.stop) is int)


# ---- reading ------------------------------------------------------------------------------------

def getitem(input: Any, index: Any) -> Any:
    """`input[index]`: a view for ints, slices, None and Ellipsis; else gathered values.

    Raises:
        IndexError: for indices out of range, too many, of wrong kind, or of shapes that do not fit.
    """
    kind = type(index)
    if kind is int:
        return _one_entry(input, index)
    if kind is slice and input._node.spec.shape and _plain_range(index):
        return _one_range(input, index)
    plan = _plan(input._node.spec.shape, index)
    view = input
    if plan.chain or not plan.advanced:
        view = make_view(input, plan.chain, plan.name)
    if not plan.advanced:
        return view
    dims, indices = _positions(view._node.spec.shape, plan.advanced)
    return take_at(view, indices, dims)


def _positions(shape: Shape, found: dict[int, Any]) -> tuple[tuple[int, ...], list[Any]]:
    """The indexed dimensions and one integer tensor for each; masks become positions."""
    dims: list[int] = []
    indices: list[Any] = []
    for d, index in found.items():
        s = index._node.spec
        if _is_mask(index):
            if s.dtype is uint8:
                warnings.warn("indexing with dtype torch.uint8 is now deprecated, please use a "
                              "dtype torch.bool instead.", UserWarning, stacklevel=4)
            check_mask(shape, d, s.shape)
            for j, where in enumerate(np.nonzero(index._data("mask"))):
                dims.append(d + j)
                indices.append(wrap(leaf(where)))
        else:
            check_bounds(index, shape[d], d)
            dims.append(d)
            indices.append(index)
    return tuple(dims), indices


def check_mask(shape: Shape, d: int, mask: Shape) -> None:
    """Raise where a mask's sizes are not those of the dimensions from d on.

    Raises:
        IndexError: naming the first that differs.
    """
    for j, n in enumerate(mask):
        if n != shape[d + j]:
            raise IndexError(f"The shape of the mask {list(mask)} at index {j} does not match the "
                             f"shape of the indexed tensor {list(shape)} at index {d + j}")


def check_bounds(index: Any, size: int, dim: int, error: type[Exception] = IndexError) -> None:
    """Raise where an index whose values are there is out of range; others are checked when run.

    Raises:
        IndexError: or `error`, naming the first such index.
    """
    data = index._value().data
    if data is None or not data.size:
        return
    low, high = data.min(), data.max()
    if low < -size or high >= size:
        flat = data.reshape(-1)
        bad = flat[np.flatnonzero((flat < -size) | (flat >= size))[0]]
        if not size:
            raise error("index is out of bounds for dimension with size 0")
        raise gt.out_of_bounds(error)(int(bad), dim, size)


gt.OutOfRange.wordings |= dict.fromkeys(
    ("_index", "_put", "_index_fill"), gt.out_of_bounds(IndexError, wraps=True))


def nonnegative(index: Sym, size: int) -> Sym:
    """An index in int64, counted from the start."""
    index = ar.astype(index, int64)
    return ar.where(index < 0, index + size, index)


def _joint(indices: Any, shape: Shape, dims: tuple[int, ...]) -> list[Sym]:
    """Index tensors broadcast against each other."""
    try:
        common = ar.broadcast_shape(*[i.shape for i in indices])
    except RuntimeError:
        shapes = ", ".join(str(list(i.shape)) for i in indices)
        raise IndexError("shape mismatch: indexing tensors could not be broadcast together with "
                         f"shapes {shapes}") from None
    out = []
    for d, index in zip(dims, indices, strict=True):
        whole = nonnegative(index, shape[d])
        out.append(mv.expand(whole, shape=common) if whole.shape != common else whole)
    return out


def _orders(ndim: int, dims: tuple[int, ...], joint: int) -> tuple[list[int], list[int]]:
    """Dimensions of the input with the indexed ones first, and those of the result back in place.

    Adjacent indices leave their dimensions where they were; others move them to the front.
    """
    front = [*dims, *[d for d in range(ndim) if d not in dims]]
    lead = dims[0] if dims == tuple(range(dims[0], dims[0] + len(dims))) else 0
    out = ndim - len(dims) + joint
    back = [*range(joint, joint + lead), *range(joint), *range(joint + lead, out)]
    return front, back


def _permuted(x: Sym, order: list[int]) -> Sym:
    if order == sorted(order):
        return x
    out: Sym = mv.permute(x, dims=tuple(order))
    return out


@op(grad="IndexBackward0", widen=False)
def _index(input: Value, indices: Values, dims: Any) -> Any:
    joint = _joint(indices, input.shape, dims)
    front, back = _orders(input.ndim, dims, joint[0].ndim)
    return _permuted(gt.take(_permuted(input, front), *joint), back)


def take_at(input: Any, indices: Any, dims: tuple[int, ...]) -> Any:
    """The elements at joint positions of some dimensions."""
    if not dims:
        return input
    return _index(input, indices, dims)


# ---- writing ------------------------------------------------------------------------------------

def _without_leading_ones(value: Sym) -> Sym:
    """PyTorch lets an assigned value have more dimensions of size 1 in front than its target."""
    shape = value.shape
    while shape and shape[0] == 1:
        shape = shape[1:]
    return mv.reshape(value, shape=shape) if shape != value.shape else value


@op(grad=lambda specs, static: (
    "FillBackward3" if specs[0].shape and not specs[1].shape else "CopyBackwards"), widen=False)
def overwritten(input: Value, source: Value, lenient: bool = False, taped: bool = False) -> Any:
    """`source` in the shape and dtype of `input`, whose values do not matter.

    `taped` gives `input` a gradient of zeros, where no view does that.
    """
    if lenient:
        source = _without_leading_ones(source)
    check_expands(source.shape, input.shape)
    out = mv.expand(ar.astype(source, input.dtype), shape=input.shape)
    return ew.select(ar.literal(False, bool_), input, out) if taped else out


def check_expands(shape: Shape, target: Shape) -> None:
    """Raise where a shape does not broadcast to a target.

    Raises:
        RuntimeError: naming the sizes and the dimension.
    """
    lead = len(target) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.FloatTensor{{{list(shape)}}}, size={list(target)}): the number of sizes "
            f"provided ({len(target)}) must be greater or equal to the number of dimensions in the "
            f"tensor ({len(shape)})")
    for i in range(len(target) - 1, lead - 1, -1):
        n, have = target[i], shape[i - lead]
        if have not in (1, n):
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({have}) at "
                f"non-singleton dimension {i}.  Target sizes: {list(target)}.  Tensor sizes: "
                f"{list(shape)}")


@op(grad="IndexPutBackward0", widen=False)
def _put(input: Value, values: Value, indices: Values, dims: Any, accumulate: bool,
         lenient: bool) -> Any:
    joint = _joint(indices, input.shape, dims)
    front, back = _orders(input.ndim, dims, joint[0].ndim)
    base = _permuted(input, front)
    placed = joint[0].shape + base.shape[len(dims):]  # the result's shape before `back`
    result = tuple(placed[d] for d in back)
    if lenient:
        values = _without_leading_ones(values)
    if len(values.shape) > len(result) or any(
            n not in (1, m) for n, m in zip(values.shape[::-1], result[::-1], strict=False)):
        raise RuntimeError(f"shape mismatch: value tensor of shape {list(values.shape)} cannot be "
                           f"broadcast to indexing result of shape {list(result)}")
    values = mv.expand(ar.astype(values, input.dtype), shape=result)
    values = _permuted(values, [back.index(d) for d in range(len(back))])
    written = gt.put_at(base, values, *joint, mode="add" if accumulate else "set")
    return _permuted(written, [front.index(d) for d in range(len(front))])


@op(grad="IndexPutBackward0", widen=False)
def _put_where(input: Value, value: Value, mask: Value, dim: int, accumulate: bool) -> Any:
    """A single value at all positions of a mask over the dimensions from `dim` on."""
    trailing = input.ndim - dim - mask.ndim
    mask = mv.reshape(ar.astype(mask, bool_), shape=(*mask.shape, *(1,) * trailing))
    mask = mv.expand(mask, shape=input.shape)
    value = mv.reshape(ar.astype(value, input.dtype), shape=())
    return ew.select(mask, ar.broadcast_to(input + value, input.shape) if accumulate
                     else mv.expand(value, shape=input.shape), input)


def put_at(input: Any, found: dict[int, Any], value: Any, accumulate: bool = False,
           lenient: bool = False) -> Any:
    """`input` with a value written (or added) at joint positions.

    Raises:
        RuntimeError: where the value's dtype differs or its shape does not broadcast.
    """
    s = input._node.spec
    single = True
    if isinstance(value, TensorBase):
        v = value._node.spec
        if v.dtype is not s.dtype:
            raise RuntimeError("Index put requires the source and destination dtypes match, got "
                               f"{scalar_name(s.dtype)} for the destination and "
                               f"{scalar_name(v.dtype)} for the source.")
        single = v.size == 1 and len(v.shape) <= 1
    if len(found) == 1 and single:
        ((d, mask),) = found.items()
        m = mask._node.spec
        if m.dtype is bool_:
            check_mask(s.shape, d, m.shape)
            return _put_where(input, value, mask, d, accumulate)
    dims, indices = _positions(s.shape, found)
    return _put(input, value, indices, dims, accumulate, lenient)


def setitem(input: Any, index: Any, value: Any) -> None:
    """`input[index] = value`, through a view that reaches the storage.

    Raises:
        IndexError: for indices that do not fit.
        RuntimeError: where the value does not broadcast to the indexed part.
        TypeError: for values that are neither tensors nor numbers.
    """
    if not isinstance(value, (TensorBase, int, float, complex, np.integer, np.bool_)):
        kind = type(value)
        name = f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__
        raise TypeError(f"can't assign a {name} to a torch."
                        f"{scalar_name(input._node.spec.dtype)}Tensor")
    if type(value) is int or type(value) is float:
        check_fits(value, input._node.spec.dtype, reduced=False)
    if isinstance(value, complex) and not input._node.spec.dtype.is_complex:
        raise RuntimeError("value cannot be converted to type "
                           f"{_C_NAMES.get(input._node.spec.dtype.name, 'float')} without overflow")
    if index is False:
        return
    kind = type(index)
    found: dict[int, Any] = {}
    if kind is int:
        view = _one_entry(input, index)
    elif kind is slice and input._node.spec.shape and _plain_range(index):
        whole = not index.start and index.indices(len(input)) == (0, len(input), 1)
        view = input if whole else _one_range(input, index)
    else:
        plan = _plan(input._node.spec.shape, index)
        found = plan.advanced
        view = input
        if plan.chain:
            view = make_view(input, plan.chain, plan.name)
    if found:
        assign(view, put_at(view, found, value, lenient=True))
    elif not view._rg and (ready := _ready_value(view._node.spec, value)) is not None:
        assign(view, ready)
    else:
        whole = view._base is None or view._node.spec.size >= view._base._node.spec.size
        assign(view, overwritten(view, value, True, view._rg and whole))


def _ready_value(s: Spec, value: Any) -> Any:
    """The value as a tensor of the spec, where that needs no recording and no tape; else None."""
    if isinstance(value, TensorBase):
        return value if value._node.spec is s and not value._rg else None
    if isinstance(value, np.bool_) or s.dtype.is_reduced:
        return None
    with np.errstate(over="ignore"):
        array = np.asarray(value).astype(s.dtype.numpy)
    return wrap(leaf(np.broadcast_to(array, s.shape), s.dtype))


_C_NAMES = {"float64": "double", "float32": "float", "int64": "int64_t", "int32": "int"}
