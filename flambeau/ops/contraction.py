"""Contractions: general products of two arrays, and N-d convolution with its two adjoints.

The three convolutions are closed under differentiation, because each is linear in both arguments:
`convolve(x, w)`, its adjoint in x `convolve_input(g, w)`, its adjoint in w `convolve_weight(x, g)`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Shape, Spec, spec
from .define import Primitive, Sym
from .movement import permute

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


# ---- dot -----------------------------------------------------------------------------------------

def _free(ndim: int, *taken: Ints) -> Ints:
    used = {d for dims in taken for d in dims}
    return tuple(d for d in range(ndim) if d not in used)


def _dot_rule(a: Spec, b: Spec, contract: tuple[Ints, Ints], batch: tuple[Ints, Ints]) -> Spec:
    free_a = _free(len(a.shape), contract[0], batch[0])
    free_b = _free(len(b.shape), contract[1], batch[1])
    shape = (*[a.shape[d] for d in batch[0]], *[a.shape[d] for d in free_a],
             *[b.shape[d] for d in free_b])
    return spec(shape, a.dtype)


def _dot_numpy(a: Any, b: Any, contract: tuple[Ints, Ints], batch: tuple[Ints, Ints]) -> Any:
    free_a, free_b = _free(a.ndim, contract[0], batch[0]), _free(b.ndim, contract[1], batch[1])
    lead = tuple(a.shape[d] for d in batch[0])
    rows, columns = [a.shape[d] for d in free_a], [b.shape[d] for d in free_b]
    inner = math.prod(a.shape[d] for d in contract[0])
    left = a.transpose(*batch[0], *free_a, *contract[0]).reshape(*lead, math.prod(rows), inner)
    right = b.transpose(*batch[1], *contract[1], *free_b).reshape(*lead, inner, math.prod(columns))
    out = np.matmul(left, right)
    return out.astype(a.dtype, copy=False).reshape((*lead, *rows, *columns))


def _dot_vjp(g: Sym, y: Sym, a: Sym, b: Sym, contract: tuple[Ints, Ints],
             batch: tuple[Ints, Ints]) -> list[Sym]:
    free_a, free_b = _free(a.ndim, contract[0], batch[0]), _free(b.ndim, contract[1], batch[1])
    k, m = len(batch[0]), len(free_a)
    lead = tuple(range(k))
    g_a, g_b = tuple(range(k, k + m)), tuple(range(k + m, g.ndim))
    conj = Primitive.table["conj"]
    a_, b_ = (conj(a), conj(b)) if a.dtype.is_complex else (a, b)
    da = dot(g, b_, contract=(g_b, free_b), batch=(lead, batch[1]))
    by_b = sorted(range(len(contract[1])), key=lambda i: contract[1][i])
    da = _arrange(da, (*batch[0], *free_a, *[contract[0][i] for i in by_b]))
    db = dot(a_, g, contract=(free_a, g_a), batch=(batch[0], lead))
    by_a = sorted(range(len(contract[0])), key=lambda i: contract[0][i])
    db = _arrange(db, (*batch[1], *[contract[1][i] for i in by_a], *free_b))
    return [da, db]


def _arrange(x: Sym, places: Ints) -> Sym:
    """Move dimension i of x to position places[i]."""
    dims = tuple(int(i) for i in np.argsort(places))
    return x if dims == tuple(range(x.ndim)) else permute(x, dims=dims)


dot = Primitive("dot", "contraction", _dot_numpy, _dot_rule, _dot_vjp)


# ---- convolution ---------------------------------------------------------------------------------
# x: (N, C, *S); w: (O, C/groups, *K); padding: pairs (low, high); window index k reads position
# o * stride + k * dilation - low.

def conv_output_shape(size: Shape, kernel: Shape, stride: Ints, padding: Pairs,
                      dilation: Ints) -> Shape:
    """⌊(S + low + high - dilation (K - 1) - 1) / stride⌋ + 1 for each dimension."""
    return tuple((s + lo + hi - d * (k - 1) - 1) // t + 1
                 for s, k, t, (lo, hi), d in zip(size, kernel, stride, padding, dilation,
                                                 strict=True))


# The work is done with the images of a batch in the last axis: the inner loops are long then, also
# for the small planes deep inside a network.

_CHUNK_BYTES = 1 << 22  # unfolded windows are made for so many bytes of images at a time


def _chunks(n: int, channels: int, out: Shape, kernel: Shape, itemsize: int) -> list[slice]:
    """Slices of the batch whose unfolded windows stay in the cache."""
    step = max(1, _CHUNK_BYTES // max(channels * math.prod(out) * math.prod(kernel) * itemsize, 1))
    return [slice(i, min(i + step, n)) for i in range(0, n, step)]


def _overlap(size: int, low: int, high: int) -> tuple[slice, slice]:
    """Where a line of `size` elements lands on one that is wider by low and high (or narrower)."""
    return slice(max(-low, 0), size + min(high, 0)), slice(max(low, 0), size + low + min(high, 0))


def _batch_last(x: Any, padding: Pairs = ()) -> Any:
    """(m, C, *S) as a contiguous (C, *S, m), with zeros around it."""
    x = np.moveaxis(x, 0, -1)
    if all(pair == (0, 0) for pair in padding):
        return np.ascontiguousarray(x)
    size = x.shape[1:-1]
    out = np.zeros((x.shape[0], *[s + lo + hi for s, (lo, hi) in zip(size, padding, strict=True)],
                    x.shape[-1]), x.dtype)
    places = [_overlap(s, lo, hi) for s, (lo, hi) in zip(size, padding, strict=True)]
    inside = x[(slice(None), *[from_ for from_, _ in places])]
    out[(slice(None), *[to for _, to in places])] = inside
    return out


def _unfold(x: Any, kernel: Shape, stride: Ints, padding: Pairs, dilation: Ints, out: Shape,
            groups: int) -> Any:
    """Windows of (m, C, *S) as matrices (groups, C/groups * K, O * m)."""
    x = _batch_last(x, padding)
    steps = x.strides[1:-1]
    view = np.lib.stride_tricks.as_strided(
        x, (x.shape[0], *kernel, *out, x.shape[-1]),
        (x.strides[0], *[s * d for s, d in zip(steps, dilation, strict=True)],
         *[s * t for s, t in zip(steps, stride, strict=True)], x.strides[-1]), writeable=False)
    rows = x.shape[0] // groups * math.prod(kernel)
    return view.reshape(groups, rows, math.prod(out) * x.shape[-1])


def _convolve_numpy(x: Any, w: Any, stride: Ints, padding: Pairs, dilation: Ints,
                    groups: int) -> Any:
    kernel, o = w.shape[2:], w.shape[0]
    out_shape = conv_output_shape(x.shape[2:], kernel, stride, padding, dilation)
    out = np.empty((x.shape[0], o, *out_shape), x.dtype)
    rows = w.reshape(groups, o // groups, math.prod(w.shape[1:]))
    for part in _chunks(x.shape[0], x.shape[1], out_shape, kernel, x.itemsize):
        columns = _unfold(x[part], kernel, stride, padding, dilation, out_shape, groups)
        product = np.matmul(rows, columns).reshape(o, *out_shape, part.stop - part.start)
        out[part] = np.moveaxis(product, -1, 0)
    return out


def _convolve_input_numpy(g: Any, w: Any, size: Shape, stride: Ints, padding: Pairs,
                          dilation: Ints, groups: int) -> Any:
    kernel, n, o, places = w.shape[2:], g.shape[0], w.shape[0], g.shape[2:]
    channels = w.shape[1] * groups
    full = tuple((t - 1) * s + (k - 1) * d + 1 if t else 0
                 for k, d, s, t in zip(kernel, dilation, stride, places, strict=True))
    landing = [_overlap(f, -lo, s + lo - f)
               for f, s, (lo, _) in zip(full, size, padding, strict=True)]
    out = np.zeros((n, channels, *size), g.dtype)
    rows = np.swapaxes(w.reshape(groups, o // groups, math.prod(w.shape[1:])), 1, 2)
    for part in _chunks(n, channels, places, kernel, g.itemsize):
        m = part.stop - part.start
        columns = _batch_last(g[part]).reshape(groups, o // groups, math.prod(places) * m)
        taps = np.matmul(rows, columns).reshape(channels, *kernel, *places, m)
        total = np.zeros((channels, *full, m), g.dtype)
        for tap in np.ndindex(*kernel):
            where = tuple(slice(k * d, k * d + (t - 1) * s + 1 if t else k * d, s)
                          for k, d, s, t in zip(tap, dilation, stride, places, strict=True))
            total[(slice(None), *where)] += taps[(slice(None), *tap)]
        inside = total[(slice(None), *[from_ for from_, _ in landing])]
        out[(part, slice(None), *[to for _, to in landing])] = np.moveaxis(inside, -1, 0)
    return out


def _convolve_weight_numpy(x: Any, g: Any, kernel: Shape, stride: Ints, padding: Pairs,
                           dilation: Ints, groups: int) -> Any:
    o, out_shape = g.shape[1], g.shape[2:]
    channels = x.shape[1] // groups
    total = np.zeros((groups, o // groups, channels * math.prod(kernel)), x.dtype)
    for part in _chunks(x.shape[0], x.shape[1], out_shape, kernel, x.itemsize):
        columns = _unfold(x[part], kernel, stride, padding, dilation, out_shape, groups)
        rows = _batch_last(g[part]).reshape(groups, o // groups, columns.shape[2])
        total += np.matmul(rows, np.swapaxes(columns, 1, 2))
    return total.reshape(o, channels, *kernel)


def _convolve_rule(x: Spec, w: Spec, stride: Ints, padding: Pairs, dilation: Ints,
                   groups: int) -> Spec:
    out = conv_output_shape(x.shape[2:], w.shape[2:], stride, padding, dilation)
    return spec((x.shape[0], w.shape[0], *out), x.dtype)


def _conj(x: Sym) -> Sym:
    return Primitive.table["conj"](x) if x.dtype.is_complex else x


convolve: Primitive = Primitive(
    "convolve", "contraction", _convolve_numpy, _convolve_rule,
    lambda g, y, x, w, **p: [convolve_input(g, _conj(w), size=x.shape[2:], **p),
                             convolve_weight(_conj(x), g, kernel=w.shape[2:], **p)])
convolve_input: Primitive = Primitive(
    "convolve_input", "contraction", _convolve_input_numpy,
    lambda g, w, size, stride, padding, dilation, groups: spec(
        (g.shape[0], w.shape[1] * groups, *size), g.dtype),
    lambda ct, y, g, w, size, **p: [convolve(ct, _conj(w), **p),
                                    convolve_weight(ct, _conj(g), kernel=w.shape[2:], **p)])
convolve_weight: Primitive = Primitive(
    "convolve_weight", "contraction", _convolve_weight_numpy,
    lambda x, g, kernel, stride, padding, dilation, groups: spec(
        (g.shape[1], x.shape[1] // groups, *kernel), x.dtype),
    lambda ct, y, x, g, kernel, **p: [convolve_input(_conj(g), ct, size=x.shape[2:], **p),
                                      convolve(_conj(x), ct, **p)])
