"""Movement primitives: they place values, they compute none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtype import dtype
from ..graph import Shape, Spec, spec
from .define import Primitive, Sym
from .elementwise import constant

Ints = tuple[int, ...]


def _slices(start: Ints, shape: Shape, step: Ints) -> tuple[slice, ...]:
    return tuple(slice(b, b + (n - 1) * s + 1 if n else b, s)
                 for b, n, s in zip(start, shape, step, strict=True))


def zeros(shape: Shape, like: Sym) -> Sym:
    """Zeros of a shape, in the dtype of `like`."""
    return expand(constant(value=0, dtype=like.dtype), shape=shape)


# ---- reshape, permute, expand, flip -------------------------------------------------------------
reshape: Primitive = Primitive(
    "reshape", "movement", lambda x, shape: np.reshape(x, shape),
    lambda s, shape: spec(shape, s.dtype),
    lambda g, y, x, shape: [reshape(g, shape=x.shape)])

permute: Primitive = Primitive(
    "permute", "movement", lambda x, dims: np.transpose(x, dims),
    lambda s, dims: spec(tuple(s.shape[d] for d in dims), s.dtype),
    lambda g, y, x, dims: [permute(g, dims=tuple(int(i) for i in np.argsort(dims)))])

flip: Primitive = Primitive(
    "flip", "movement", lambda x, axes: np.flip(x, axes), lambda s, axes: spec(s.shape, s.dtype),
    lambda g, y, x, axes: [flip(g, axes=axes)])


def _expand_vjp(g: Sym, y: Sym, x: Sym, shape: Shape) -> list[Sym]:
    lead = len(shape) - x.ndim
    axes = tuple(i for i in range(len(shape))
                 if i < lead or (x.shape[i - lead] == 1 and shape[i] != 1))
    summed = Primitive.table["reduce_sum"](g, axes=axes) if axes else g
    return [reshape(summed, shape=x.shape) if summed.shape != x.shape else summed]


expand = Primitive(
    "expand", "movement", lambda x, shape: np.broadcast_to(x, shape),
    lambda s, shape: spec(shape, s.dtype), _expand_vjp)

# ---- slices -------------------------------------------------------------------------------------
strided_slice = Primitive(
    "strided_slice", "movement",
    lambda x, start, shape, step: x[_slices(start, shape, step)],
    lambda s, start, shape, step: spec(shape, s.dtype),
    lambda g, y, x, start, shape, step: [embed(g, shape=x.shape, start=start, step=step,
                                               value=0)])


def _embed_numpy(x: Any, shape: Shape, start: Ints, step: Ints, value: float) -> Any:
    out = np.full(shape, value, x.dtype) if value else np.zeros(shape, x.dtype)
    out[_slices(start, x.shape, step)] = x
    return out


embed: Primitive = Primitive(  # the adjoint of strided_slice, and padding
    "embed", "movement", _embed_numpy,
    lambda s, shape, start, step, value: spec(shape, s.dtype),
    lambda g, y, x, shape, start, step, value: [
        strided_slice(g, start=start, shape=x.shape, step=step)])


def _update_numpy(base: Any, x: Any, start: Ints, step: Ints) -> Any:
    out = np.array(base)
    out[_slices(start, np.shape(x), step)] = x
    return out


def _update_vjp(g: Sym, y: Sym, base: Sym, x: Sym, start: Ints, step: Ints) -> list[Sym]:
    return [update_slice(g, zeros(x.shape, g), start=start, step=step),
            strided_slice(g, start=start, shape=x.shape, step=step)]


update_slice = Primitive(  # base with a slice replaced
    "update_slice", "movement", _update_numpy, lambda b, x, start, step: spec(b.shape, b.dtype),
    _update_vjp)


def _concatenate_rule(*specs: Spec, axis: int) -> Spec:
    shape = list(specs[0].shape)
    shape[axis] = sum(s.shape[axis] for s in specs)
    return spec(tuple(shape), specs[0].dtype)


def _concatenate_vjp(g: Sym, y: Sym, *xs: Sym, axis: int) -> list[Sym]:
    out, start = [], [0] * g.ndim
    ones = (1,) * g.ndim
    for x in xs:
        out.append(strided_slice(g, start=tuple(start), shape=x.shape, step=ones))
        start[axis] += x.shape[axis]
    return out


concatenate = Primitive(
    "concatenate", "movement", lambda *xs, axis: np.concatenate(xs, axis), _concatenate_rule,
    _concatenate_vjp)

def _split_rule(s: Spec, axis: int, sizes: Ints) -> tuple[Spec, ...]:
    return tuple(spec((*s.shape[:axis], n, *s.shape[axis + 1:]), s.dtype) for n in sizes)


def _split_vjp(cts: tuple[Sym | None, ...], parts: tuple[Sym, ...], x: Sym, axis: int,
               sizes: Ints) -> list[Sym | None]:
    given = next((c for c in cts if c is not None), None)
    if given is None:
        return [None]
    whole: Sym = concatenate(*[zeros(p.shape, given) if c is None else c
                               for c, p in zip(cts, parts, strict=True)], axis=axis)
    return [whole]


split = Primitive(  # consecutive parts along an axis, several results
    "split", "movement",
    lambda x, axis, sizes: np.split(x, np.cumsum(sizes)[:-1], axis), _split_rule, _split_vjp)

# ---- the same bits as another dtype -------------------------------------------------------------


def _bitcast_numpy(x: Any, shape: Shape, dtype: dtype) -> Any:
    if x.dtype.itemsize != dtype.itemsize and x.strides[-1:] != (x.dtype.itemsize,):
        x = np.ascontiguousarray(x)
    return x.view(dtype.numpy).reshape(shape)


bitcast = Primitive("bitcast", "movement", _bitcast_numpy,
                    lambda s, shape, dtype: spec(shape, dtype))

# ---- windows of arbitrary strides (diagonal, unfold, as_strided) --------------------------------


def flat_positions(shape: Shape, strides: Ints, offset: int) -> Any:
    """The flat index that each element of a strided view reads."""
    index = np.full(shape, offset, np.int64)
    for axis, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        steps = np.arange(n) * stride
        index += steps.reshape((n,) + (1,) * (len(shape) - axis - 1))
    return index


def _as_strided_numpy(x: Any, shape: Shape, strides: Ints, offset: int) -> Any:
    flat = np.ascontiguousarray(x).reshape(-1)[offset:]
    return np.lib.stride_tricks.as_strided(
        flat, shape, tuple(s * flat.itemsize for s in strides), writeable=False)


as_strided = Primitive(
    "as_strided", "gather", _as_strided_numpy,
    lambda s, shape, strides, offset: spec(shape, s.dtype),
    lambda g, y, x, shape, strides, offset: [
        strided_sum(g, shape=x.shape, strides=strides, offset=offset)])


def _strided_sum_numpy(x: Any, shape: Shape, strides: Ints, offset: int) -> Any:
    out = np.zeros(math.prod(shape), x.dtype)
    np.add.at(out, flat_positions(x.shape, strides, offset).reshape(-1), x.reshape(-1))
    return out.reshape(shape)


strided_sum: Primitive = Primitive(  # the adjoint of as_strided
    "strided_sum", "gather", _strided_sum_numpy,
    lambda s, shape, strides, offset: spec(shape, s.dtype),
    lambda g, y, x, shape, strides, offset: [
        as_strided(g, shape=x.shape, strides=strides, offset=offset)])


def _strided_update_numpy(base: Any, x: Any, strides: Ints, offset: int) -> Any:
    out = np.array(base).reshape(-1)
    out[flat_positions(np.shape(x), strides, offset)] = x
    return out.reshape(base.shape)


strided_update: Primitive = Primitive(  # base with a strided view replaced
    "strided_update", "gather", _strided_update_numpy,
    lambda b, x, strides, offset: spec(b.shape, b.dtype),
    lambda g, y, b, x, strides, offset: [
        strided_update(g, zeros(x.shape, g), strides=strides, offset=offset),
        as_strided(g, shape=x.shape, strides=strides, offset=offset)])
