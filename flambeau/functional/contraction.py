"""Products over named or listed dimensions: einsum, tensordot, matrix chains, cross products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.record import Value, Values, op
from ..dtype import BOOL, FLOATING, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.contraction import dot
from ..ops.movement import concatenate, permute, reshape
from .calling import not_implemented, with_out
from .cumulative import between
from .linear import diagonal, last_with
from .reduction import wrap_dim

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


# ---- einsum: the equation ------------------------------------------------------------------------

def _labels(text: str, where: str) -> list[str]:
    """The subscripts of one operand; an ellipsis is the label `...`."""
    out: list[str] = []
    i = 0
    while i < len(text):
        c = text[i]
        if c == " ":
            i += 1
            continue
        if c == ".":
            if text[i:i + 3] != "..." or "..." in out:
                raise RuntimeError(f"einsum(): found '.' {where} that is not part of any ellipsis"
                                   if text[i:i + 3] != "..." else
                                   f"einsum(): found '.' {where} for which an ellipsis was already "
                                   "found")
            out.append("...")
            i += 3
            continue
        if c not in _LETTERS:
            raise RuntimeError(f"einsum(): invalid subscript given at index {i} in the equation "
                               "string, subscripts must be in [a-zA-Z]")
        out.append(c)
        i += 1
    return out


def _parse(equation: str, ranks: tuple[int, ...]) -> tuple[list[list[str]], list[str]]:
    """Labels of each operand and of the result; ellipsis dimensions get labels of their own."""
    left, arrow, right = equation.partition("->")
    terms = [_labels(t, f"for operand {i}") for i, t in enumerate(left.split(","))]
    if len(terms) != len(ranks):
        more = "more" if len(terms) < len(ranks) else "fewer"
        raise RuntimeError(f"einsum(): {more} operands were provided than specified in the "
                           f"equation")
    widest = 0
    for i, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        named = len(term) - ("..." in term)
        if "..." in term:
            widest = max(widest, rank - named)
        if named != rank and "..." not in term or named > rank:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) "
                + ("does not match the number of dimensions" if "..." not in term
                   else "is more than the number of dimensions")
                + f" ({rank}) for operand {i}"
                + (" and no ellipsis was given" if "..." not in term else ""))
    extra = [f"{k}" for k in range(widest)]
    spelled = [_spelled(t, r, extra) for t, r in zip(terms, ranks, strict=True)]
    if arrow:
        result = _spelled(_labels(right, "for the output"), None, extra)
        _check_result(result, spelled)
    else:
        names = [n for t in spelled for n in t]
        once = sorted(n for n in set(names) if names.count(n) == 1 and n not in extra)
        result = extra + once
    return spelled, result


def _spelled(term: list[str], rank: int | None, extra: list[str]) -> list[str]:
    if "..." not in term:
        return term
    count = len(extra) if rank is None else rank - (len(term) - 1)
    k = term.index("...")
    return term[:k] + extra[len(extra) - count:] + term[k + 1:]


def _check_result(result: list[str], terms: list[list[str]]) -> None:
    known = {n for t in terms for n in t}
    for n in result:
        if result.count(n) > 1:
            raise RuntimeError(f"einsum(): output subscript {n} appears more than once in the "
                               f"output")
        if n not in known and not n.isdigit():
            raise RuntimeError(f"einsum(): output subscript {n} does not appear in the equation "
                               f"for "
                               "any input operand")


# ---- einsum: the contraction ---------------------------------------------------------------------

def _without_repeats(x: Any, names: list[str], operand: int) -> tuple[Any, list[str]]:
    """Take the diagonal of dimensions that share a name."""
    for n in dict.fromkeys(names):
        while names.count(n) > 1:
            i = names.index(n)
            j = names.index(n, i + 1)
            if x.shape[i] != x.shape[j]:
                raise RuntimeError(f"einsum(): subscript {n} is repeated for operand {operand} but "
                                   f"the "
                                   f"sizes don't match, {x.shape[j]} != {x.shape[i]}")
            rest = [k for k in range(x.ndim) if k not in (i, j)]
            x = diagonal(permute(x, dims=(*rest, i, j)), x.shape[i])
            names = [names[k] for k in rest] + [n]
    return x, names


def _summed(x: Any, names: list[str], keep: set[str]) -> tuple[Any, list[str]]:
    axes = tuple(i for i, n in enumerate(names) if n not in keep)
    if not axes:
        return x, names
    return rd.reduce_sum(x, axes=axes), [n for n in names if n in keep]


def _check_sizes(xs: list[Any], terms: list[list[str]]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for i, (x, names) in enumerate(zip(xs, terms, strict=True)):
        for n, size in zip(names, x.shape, strict=True):
            have = sizes.get(n, 1)
            if size != have and size != 1 and have != 1:
                raise RuntimeError(f"einsum(): subscript {n} has size {size} for operand {i} which "
                                   f"does not broadcast with previously seen size {have}")
            sizes[n] = size if have == 1 else have
    return sizes


def _squeezed(x: Any, names: list[str], sizes: dict[str, int]) -> tuple[Any, list[str]]:
    """Drop dimensions of size 1 that are broadcast elsewhere."""
    kept = [i for i, n in enumerate(names) if x.shape[i] == sizes[n]]
    if len(kept) == len(names):
        return x, names
    return reshape(x, shape=tuple(x.shape[i] for i in kept)), [names[i] for i in kept]


def _pair(a: Any, left: list[str], b: Any, right: list[str],
          keep: set[str]) -> tuple[Any, list[str]]:
    """Contract two operands over the names they share and nobody else needs."""
    a, left = _summed(a, left, keep | set(right))
    b, right = _summed(b, right, keep | set(left))
    both = [n for n in left if n in right]
    batch = [n for n in both if n in keep]
    over = [n for n in both if n not in keep]
    out = dot(a, b,
              contract=(tuple(left.index(n) for n in over), tuple(right.index(n) for n in over)),
              batch=(tuple(left.index(n) for n in batch), tuple(right.index(n) for n in batch)))
    return out, batch + [n for n in left if n not in both] + [n for n in right if n not in both]


def _grad_name(specs: Any, static: Any) -> str:
    terms, result = _parse(static[0], tuple(len(s.shape) for s in specs))
    if len(specs) > 1:
        summed = {n for t in terms for n in t} - set(result)
        return "ViewBackward0" if summed or len(specs) > 2 else "MulBackward0"
    return "SumBackward1" if len(result) < len(set(terms[0])) else "PermuteBackward0"


@op(name="einsum", grad=_grad_name)
def _einsum(equation: str, operands: Values) -> Any:
    if not operands:
        raise RuntimeError("einsum(): must provide at least one operand")
    terms, result = _parse(equation, tuple(x.ndim for x in operands))
    pairs = [_without_repeats(x, t, i)
             for i, (x, t) in enumerate(zip(operands, terms, strict=True))]
    sizes = _check_sizes([x for x, _ in pairs], [t for _, t in pairs])
    pairs = [_squeezed(x, t, sizes) for x, t in pairs]
    value, names = pairs[0]
    for k, (other, right) in enumerate(pairs[1:], 2):
        keep = set(result).union(*[t for _, t in pairs[k:]])
        value, names = _pair(value, names, other, right, keep)
    value, names = _summed(value, names, set(result))
    value = permute(value, dims=tuple(names.index(n) for n in result if n in names))
    lost = [i for i, n in enumerate(result) if n not in names]
    return ar.with_dims(value, lost) if lost else value


def einsum(*args: Any) -> Any:
    """Products of tensors summed over dimensions, as subscripts name them.

    `einsum("ij,jk->ik", a, b)` multiplies matrices. Names that the result lacks are summed; without
    `->` the result has the names that occur once, in alphabetical order; `...` stands for any
    dimensions, which broadcast. A name repeated within an operand takes its diagonal. The sublist
    form gives numbers instead: `einsum(a, [0, 1], b, [1, 2], [0, 2])`.

    Args:
        args: the equation and the operands (or one sequence of them), or operands and sublists.

    Example:
        >>> import flambeau as torch
        >>> torch.einsum("i,j->ij", torch.tensor([1., 2.]), torch.tensor([3., 4.]))
        tensor([[3., 4.],
                [6., 8.]])

    Source: PyTorch, torch.einsum.
    """
    if len(args) < 2:
        raise ValueError("einsum(): must specify the equation string and at least one operand, or "
                         "at "
                         "least one operand and its subscripts list")
    if isinstance(args[0], str):
        equation, operands = args[0], args[1:]
    else:
        operands = args[:len(args) // 2 * 2:2]
        equation = ",".join(_from_sublist(s) for s in args[1::2])
        if len(args) % 2:
            equation += "->" + _from_sublist(args[-1])
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        return einsum(equation, *operands[0])
    return _einsum(equation, operands)


def _from_sublist(numbers: Any) -> str:
    out = ""
    for n in numbers:
        if n is Ellipsis:
            out += "..."
        elif 0 <= int(n) < 52:
            out += _LETTERS[int(n)]
        else:
            raise ValueError("einsum(): subscript in subscript list is not within the valid range "
                             "[0, 52)")
    return out


# ---- tensordot -----------------------------------------------------------------------------------

@op(name="tensordot", grad="ViewBackward0")
def _tensordot(a: Value, b: Value, dims_a: Any, dims_b: Any) -> Any:
    left = [wrap_dim(d, a.ndim) for d in dims_a]
    right = [wrap_dim(d, b.ndim) for d in dims_b]
    for i, j in zip(dims_a, dims_b, strict=True):
        n, m = a.shape[i], b.shape[j]
        if n != m and n != 1 and m != 1:
            raise RuntimeError(f"contracted dimensions need to match, but first has size {n} in "
                               f"dim "
                               f"{i} and second has size {m} in dim {j}")
    broad = [(i, j) for i, j in zip(left, right, strict=True) if a.shape[i] != b.shape[j]]
    for i, j in broad:  # size 1 against n: sum the other side first
        a = a if a.shape[i] == 1 else ar.with_dims(rd.reduce_sum(a, axes=(i,)), (i,))
        b = b if b.shape[j] == 1 else ar.with_dims(rd.reduce_sum(b, axes=(j,)), (j,))
    if a.dtype is not b.dtype:
        raise RuntimeError("both inputs should have same dtype")
    return dot(a, b, contract=(tuple(left), tuple(right)), batch=((), ()))


def tensordot(a: Any, b: Any, dims: Any = 2, out: Any = None) -> Any:
    """Products summed over several dimensions of each operand.

    Args:
        a: a tensor.
        b: a tensor of the same dtype.
        dims: how many of the last dimensions of a and the first of b, or two lists of dimensions.
            Default: 2.

    Returns:
        The other dimensions of a, then those of b.

    Example:
        >>> import flambeau as torch
        >>> torch.tensordot(torch.ones(2, 3), torch.ones(3, 4), dims=1).shape
        torch.Size([2, 4])

    Source: PyTorch, torch.tensordot.
    """
    if hasattr(dims, "tolist"):
        dims = dims.tolist()
    if isinstance(dims, (list, tuple)):
        first, second = ((d,) if isinstance(d, int) else tuple(d) for d in dims)
        if len(first) != len(second):
            raise RuntimeError("both dimension lists should have same length")
    else:
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError("tensordot expects dims < ndim_a or ndim_b, but got dims="
                               f"{dims}")
        first, second = tuple(range(-dims, 0)), tuple(range(dims))
    return with_out(_tensordot, out, a, b, first, second)


# ---- chains of matrices --------------------------------------------------------------------------

def _best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each run of matrices so that the fewest multiplications are needed."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split: dict[tuple[int, int], int] = {}
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            options = [(cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                       for k in range(i, j)]
            cost[i, j], split[i, j] = min(options)
    return split


def _chain(xs: Sequence[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return xs[i]
    k = split[i, j]
    return last_with(_chain(xs, split, i, k), _chain(xs, split, k + 1, j), 0)


@op(name="multi_dot", grad="ViewBackward0")
def _multi_dot(tensors: Values) -> Any:
    n = len(tensors)
    if n < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {n}")
    for i, x in enumerate(tensors):
        end = i in (0, n - 1)
        if x.ndim not in ((1, 2) if end else (2,)):
            which = "the first tensor" if i == 0 else "the last tensor" if end else f"tensor {i}"
            want = "1D or 2D" if end else "2D"
            raise RuntimeError(f"multi_dot(): {which} must be {want} but got {x.ndim}D")
    xs = list(tensors)
    if xs[0].ndim == 1:
        xs[0] = reshape(xs[0], shape=(1, *xs[0].shape))
    if xs[-1].ndim == 1:
        xs[-1] = reshape(xs[-1], shape=(*xs[-1].shape, 1))
    for i in range(n - 1):
        if xs[i].shape[1] != xs[i + 1].shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(xs[i].shape)} and "
                f"{list(xs[i + 1].shape)} cannot be multiplied")
    split = _best_splits([x.shape[0] for x in xs] + [xs[-1].shape[1]])
    out = _chain(xs, split, 0, n - 1)
    shape = (() if tensors[0].ndim == 1 else out.shape[:1]) + (
        () if tensors[-1].ndim == 1 else out.shape[1:])
    return reshape(out, shape=shape)


def multi_dot(tensors: Any, *, out: Any = None) -> Any:
    """The product of matrices in the cheapest order.

    Args:
        tensors: two or more matrices; the first and the last may be vectors.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.multi_dot([torch.ones(2, 3), torch.ones(3, 1), torch.ones(1, 2)]).shape
        torch.Size([2, 2])

    Source: PyTorch, torch.linalg.multi_dot.
    """
    return with_out(_multi_dot, out, tuple(tensors))


def chain_matmul(*matrices: Any, out: Any = None) -> Any:
    """The product of matrices in the cheapest order.

    Args:
        matrices: one or more matrices.

    Example:
        >>> import flambeau as torch
        >>> torch.chain_matmul(torch.ones(2, 3), torch.ones(3, 1)).shape
        torch.Size([2, 1])

    Source: PyTorch, torch.chain_matmul.
    """
    if len(matrices) == 1:
        return matrices[0]
    return with_out(_multi_dot, out, matrices)


# ---- cross products ------------------------------------------------------------------------------

@op(name="linalg_cross", out=True)
def linalg_cross(input: Value, other: Value, *, dim: int = -1) -> Any:
    """The cross product of vectors of length 3 along a dimension.

    Args:
        input: size 3 along `dim`.
        other: broadcastable with input.
        dim: the dimension. Default: the last.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.cross(torch.tensor([1., 0., 0.]), torch.tensor([0., 1., 0.]))
        tensor([0., 0., 1.])

    Source: PyTorch, torch.linalg.cross.
    """
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis = wrap_dim(dim, input.ndim)
    if input.shape[axis] != 3 or other.shape[axis] != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got "
                           f"{input.shape[axis]} and {other.shape[axis]}")
    a, b = ar.operands(input, other)
    if a.dtype.category == BOOL:
        raise not_implemented("cross", a.dtype)
    x, y, z = (between(a, axis, i, i + 1) for i in range(3))
    u, v, w = (between(b, axis, i, i + 1) for i in range(3))
    return concatenate(y * w - z * v, z * u - x * w, x * v - y * u, axis=axis)


def cross(input: Any, other: Any, dim: int | None = None, *, out: Any = None) -> Any:
    """The cross product of vectors of length 3.

    Args:
        input: size 3 along `dim`.
        other: of the same shape.
        dim: the dimension. Default: the first of size 3.

    Example:
        >>> import flambeau as torch
        >>> torch.cross(torch.tensor([1., 0., 0.]), torch.tensor([0., 1., 0.]), dim=0)
        tensor([0., 0., 1.])

    Source: PyTorch, torch.cross.
    """
    if dim is None:
        shape = ar.broadcast_shape(tuple(input.shape), tuple(other.shape))
        if 3 not in shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = shape.index(3)
    return linalg_cross(input, other, dim=dim, out=out)


@op(name="vecdot", out=True, grad=lambda specs, static: "VdotBackward0"
    if len(specs[0].shape) == len(specs[1].shape) == 1 else "SumBackward1")
def vecdot(x: Value, y: Value, *, dim: int = -1) -> Any:
    """Σ conj(xᵢ) yᵢ along a dimension.

    Args:
        x: a tensor.
        y: broadcastable with x.
        dim: the dimension. Default: the last.

    Example:
        >>> import flambeau as torch
        >>> torch.linalg.vecdot(torch.tensor([1., 2.]), torch.tensor([3., 4.]))
        tensor(11.)

    Source: PyTorch, torch.linalg.vecdot.
    """
    for value in (x, y):
        if value.dtype.category < FLOATING:
            raise RuntimeError("linalg.vecdot: Expected a floating point or complex tensor as "
                               "input. "
                               f"Got {scalar_name(value.dtype)}")
    a, b = ar.operands(ew.conj(x) if x.dtype.is_complex else x, y)
    if x.shape and y.shape and x.shape[dim] != y.shape[dim] and 1 in (x.shape[dim], y.shape[dim]):
        raise RuntimeError("linalg.vecdot: Expected x and y to have the same number of elements "
                           "along "
                           f"dimension {dim}")
    axis = wrap_dim(dim, a.ndim)
    lead = tuple(i for i in range(a.ndim) if i != axis)
    return dot(a, b, contract=((axis,), (axis,)), batch=(lead, lead))
