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


# ---- dot ------------------------------------------------------------------------------------------

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


# ---- convolution ----------------------------------------------------------------------------------
# x: (N, C, *S); w: (O, C/groups, *K); padding: pairs (low, high); window index k reads position
# o * stride + k * dilation - low.

def conv_output_shape(size: Shape, kernel: Shape, stride: Ints, padding: Pairs,
                      dilation: Ints) -> Shape:
    """⌊(S + low + high - dilation (K - 1) - 1) / stride⌋ + 1 for each dimension."""
    return tuple((s + lo + hi - d * (k - 1) - 1) // t + 1
                 for s, k, t, (lo, hi), d in zip(size, kernel, stride, padding, dilation,
                                                 strict=True))


def _windows(x: Any, kernel: Shape, stride: Ints, padding: Pairs, dilation: Ints,
             out: Shape) -> Any:
    """A view (N, C, *O, *K) of the padded input."""
    if any(p != (0, 0) for p in padding):
        x = np.pad(x, ((0, 0), (0, 0), *[(max(lo, 0), max(hi, 0)) for lo, hi in padding]))
        crop = tuple(slice(max(-lo, 0), x.shape[i + 2] - max(-hi, 0))
                     for i, (lo, hi) in enumerate(padding))
        x = x[(slice(None), slice(None), *crop)]
    steps = x.strides[2:]
    return np.lib.stride_tricks.as_strided(
        x, (*x.shape[:2], *out, *kernel),
        (*x.strides[:2], *[s * t for s, t in zip(steps, stride, strict=True)],
         *[s * d for s, d in zip(steps, dilation, strict=True)]), writeable=False)


_CHUNK_BYTES = 1 << 25  # unfolded windows are made for so many bytes of images at a time


def _images_at_once(x: Any, out: Shape, kernel: Shape) -> int:
    per_image = x.shape[1] * math.prod(out) * math.prod(kernel) * x.itemsize
    return max(1, _CHUNK_BYTES // max(per_image, 1))


def _unfold(x: Any, kernel: Shape, stride: Ints, padding: Pairs, dilation: Ints, out: Shape,
            groups: int) -> Any:
    """Windows as matrices (groups, C/groups * K, N * O)."""
    view = _windows(x, kernel, stride, padding, dilation, out)
    n, c = view.shape[:2]
    rank = len(kernel)
    view = view.transpose(1, *range(2 + rank, 2 + 2 * rank), 0, *range(2, 2 + rank))
    return view.reshape(groups, c // groups * math.prod(kernel), n * math.prod(out))


def _convolve_numpy(x: Any, w: Any, stride: Ints, padding: Pairs, dilation: Ints,
                    groups: int) -> Any:
    kernel = w.shape[2:]
    out_shape = conv_output_shape(x.shape[2:], kernel, stride, padding, dilation)
    n, o = x.shape[0], w.shape[0]
    out = np.empty((n, o, *out_shape), x.dtype)
    rows = w.reshape(groups, o // groups, -1)
    step = _images_at_once(x, out_shape, kernel)
    for i in range(0, n, step):
        part = x[i:i + step]
        columns = _unfold(part, kernel, stride, padding, dilation, out_shape, groups)
        product = np.matmul(rows, columns).reshape(o, part.shape[0], *out_shape)
        out[i:i + step] = np.moveaxis(product, 0, 1)
    return out


def _convolve_input_numpy(g: Any, w: Any, size: Shape, stride: Ints, padding: Pairs,
                          dilation: Ints, groups: int) -> Any:
    kernel, n, o = w.shape[2:], g.shape[0], w.shape[0]
    channels = w.shape[1] * groups
    full = tuple(max(s + max(lo, 0) + max(hi, 0), (t - 1) * st + (k - 1) * d + 1)
                 for s, (lo, hi), k, d, st, t in zip(size, padding, kernel, dilation, stride,
                                                     g.shape[2:], strict=True))
    out = np.zeros((n, channels, *full), g.dtype)
    rows = np.swapaxes(w.reshape(groups, o // groups, -1), 1, 2)
    step = _images_at_once(g, g.shape[2:], kernel)
    for i in range(0, n, step):
        part = np.moveaxis(g[i:i + step], 1, 0).reshape(groups, o // groups, -1)
        m = min(step, n - i)
        taps = np.matmul(rows, part).reshape(channels, *kernel, m, *g.shape[2:])
        for tap in np.ndindex(*kernel):
            where = tuple(slice(k * d, k * d + (t - 1) * st + 1 if t else k * d, st)
                          for k, d, st, t in zip(tap, dilation, stride, g.shape[2:], strict=True))
            out[(slice(i, i + m), slice(None), *where)] += np.moveaxis(
                taps[(slice(None), *tap)], 0, 1)
    inside = tuple(slice(max(lo, 0), max(lo, 0) + s)
                   for s, (lo, hi) in zip(size, padding, strict=True))
    if any(lo < 0 for lo, _ in padding):
        out = np.pad(out, ((0, 0), (0, 0), *[(max(-lo, 0), max(-hi, 0)) for lo, hi in padding]))
    return np.ascontiguousarray(out[(slice(None), slice(None), *inside)])


def _convolve_weight_numpy(x: Any, g: Any, kernel: Shape, stride: Ints, padding: Pairs,
                           dilation: Ints, groups: int) -> Any:
    n, o, out_shape = x.shape[0], g.shape[1], g.shape[2:]
    channels = x.shape[1] // groups
    total = np.zeros((groups, o // groups, channels * math.prod(kernel)), x.dtype)
    step = _images_at_once(x, out_shape, kernel)
    for i in range(0, n, step):
        part = x[i:i + step]
        columns = _unfold(part, kernel, stride, padding, dilation, out_shape, groups)
        rows = np.moveaxis(g[i:i + step], 1, 0).reshape(groups, o // groups, -1)
        total += np.matmul(rows, np.swapaxes(columns, 1, 2))
    return total.reshape(o, channels, *kernel)


def _convolve_rule(x: Spec, w: Spec, stride: Ints, padding: Pairs, dilation: Ints,
                   groups: int) -> Spec:
    out = conv_output_shape(x.shape[2:], w.shape[2:], stride, padding, dilation)
    return spec((x.shape[0], w.shape[0], *out), x.dtype)


def _conj(x: Sym) -> Sym:
    return Primitive.table["conj"](x) if x.dtype.is_complex else x


convolve = Primitive(
    "convolve", "contraction", _convolve_numpy, _convolve_rule,
    lambda g, y, x, w, **p: [convolve_input(g, _conj(w), size=x.shape[2:], **p),
                             convolve_weight(_conj(x), g, kernel=w.shape[2:], **p)])
convolve_input = Primitive(
    "convolve_input", "contraction", _convolve_input_numpy,
    lambda g, w, size, stride, padding, dilation, groups: spec(
        (g.shape[0], w.shape[1] * groups, *size), g.dtype),
    lambda ct, y, g, w, size, **p: [convolve(ct, _conj(w), **p),
                                    convolve_weight(ct, _conj(g), kernel=w.shape[2:], **p)])
convolve_weight = Primitive(
    "convolve_weight", "contraction", _convolve_weight_numpy,
    lambda x, g, kernel, stride, padding, dilation, groups: spec(
        (g.shape[1], x.shape[1] // groups, *kernel), x.dtype),
    lambda ct, y, x, g, kernel, **p: [convolve_input(_conj(g), ct, size=x.shape[2:], **p),
                                      convolve(_conj(x), ct, **p)])
