"""The five steps that views are made of, on arrays, on symbolic values and on strides.

A step is a tuple: ("permute", dims), ("reshape", shape), ("slice", start, shape, step),
("expand", shape), ("as_strided", shape, strides, offset) or ("bitcast", shape, dtype). A view is a
chain of steps. Where a reshape only inserts or drops dimensions of size 1, a third entry says which
old dimension each new one is (-1: inserted), because that decides their strides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Shape, Spec, remember
from ..ops import movement as mv
from ..ops.define import Sym, Template, trace

Step = tuple[Any, ...]
Layout = tuple[tuple[int, ...], int]


def on_array(array: Any, step: Step) -> Any:
    """The step on an ndarray; no copy where NumPy can help it."""
    kind = step[0]
    if kind == "slice":
        return array[tuple(slice(b, b + (n - 1) * s + 1 if n else b, s)
                           for b, n, s in zip(*step[1:], strict=True))]
    if kind == "reshape":
        return array.reshape(step[1])
    if kind == "permute":
        return array.transpose(step[1])
    if kind == "expand":
        return np.broadcast_to(array, step[1])
    if kind == "bitcast":
        return mv.bitcast.numpy(array, shape=step[1], dtype=step[2])
    if not array.flags.c_contiguous:
        array = np.ascontiguousarray(array)
    flat = array.reshape(-1)[step[3]:]
    return np.lib.stride_tricks.as_strided(
        flat, step[1], [s * array.itemsize for s in step[2]], writeable=array.flags.writeable)


def on_sym(x: Sym, step: Step) -> Sym:
    """The step on a symbolic value."""
    kind = step[0]
    out: Sym
    if kind == "slice":
        out = mv.strided_slice(x, start=step[1], shape=step[2], step=step[3])
    elif kind == "reshape":
        out = mv.reshape(x, shape=step[1])
    elif kind == "permute":
        out = mv.permute(x, dims=step[1])
    elif kind == "expand":
        out = mv.expand(x, shape=step[1])
    elif kind == "bitcast":
        out = mv.bitcast(x, shape=step[1], dtype=step[2])
    else:
        out = mv.as_strided(x, shape=step[1], strides=step[2], offset=step[3])
    return out


def put(base: Sym, new: Sym, chain: tuple[Step, ...]) -> Sym:
    """The base with the part that the chain views replaced by `new`."""
    if not chain:
        return new
    step, rest = chain[0], chain[1:]
    kind = step[0]
    if kind == "as_strided" and not rest:
        out: Sym = mv.strided_update(base, new, strides=step[2], offset=step[3])
        return out
    if kind == "expand" and step[1] != base.shape:
        return _put_expanded(base, new, chain)
    inner = put(on_sym(base, step), new, rest) if rest else new
    if kind == "slice":
        out = mv.update_slice(base, inner, start=step[1], step=step[3])
    elif kind == "reshape":
        out = mv.reshape(inner, shape=base.shape)
    elif kind == "permute":
        out = mv.permute(inner, dims=tuple(int(i) for i in np.argsort(step[1])))
    elif kind == "bitcast":
        out = mv.bitcast(inner, shape=base.shape, dtype=base.dtype)
    elif kind == "as_strided":
        out = mv.strided_update(base, inner, strides=step[2], offset=step[3])
    else:
        out = inner
    return out


def _put_expanded(base: Sym, new: Sym, chain: tuple[Step, ...]) -> Sym:
    """Through a repeated dimension only views may be written to that see each element once."""
    strides, offset = layout(base.shape, chain)
    if new.size and any(s == 0 and n > 1 for s, n in zip(strides, new.shape, strict=True)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation.")
    out: Sym = mv.strided_update(base, new, strides=strides, offset=offset)
    return out


_views: dict[tuple[Any, Spec], Template] = {}
_puts: dict[tuple[Any, Spec, Spec], Template] = {}


def view_template(chain: tuple[Step, ...], s: Spec) -> Template:
    """The template that applies a chain to a value of this spec."""
    found = _views.get((chain, s))
    if found is None:
        def body(x: Sym) -> Sym:
            for step in chain:
                x = on_sym(x, step)
            return x
        found = remember(_views, (chain, s), trace("view", body, [s]))
    return found


def put_template(chain: tuple[Step, ...], base: Spec, new: Spec) -> Template:
    """The template that writes a value into the part of a base that the chain views."""
    found = _puts.get((chain, base, new))
    if found is None:
        made = trace("put", lambda b, x: put(b, x, chain), [base, new])
        found = remember(_puts, (chain, base, new), made)
    return found


# ---- strides ------------------------------------------------------------------------------------

def contiguous_strides(shape: Shape) -> tuple[int, ...]:
    """Row-major strides in elements; sizes of 0 count as 1, as in PyTorch."""
    out, size = [], 1
    for n in reversed(shape):
        out.append(size)
        size *= max(n, 1)
    return tuple(reversed(out))


def layout(shape: Shape, chain: tuple[Step, ...]) -> Layout:
    """Strides and offset after a chain of steps on a contiguous base."""
    strides, offset = contiguous_strides(shape), 0
    for step in chain:
        shape, strides, offset = _step_layout(shape, strides, offset, step)
    return strides, offset


def _step_layout(shape: Shape, strides: tuple[int, ...], offset: int,
                 step: Step) -> tuple[Shape, tuple[int, ...], int]:
    kind = step[0]
    if kind == "permute":
        return (tuple(shape[d] for d in step[1]), tuple(strides[d] for d in step[1]), offset)
    if kind == "slice":
        offset += sum(b * s for b, s in zip(step[1], strides, strict=True))
        return step[2], tuple(s * k for s, k in zip(strides, step[3], strict=True)), offset
    if kind == "expand":
        lead = len(step[1]) - len(shape)
        new = tuple(0 if i < lead or (shape[i - lead] == 1 and n != 1) else strides[i - lead]
                    for i, n in enumerate(step[1]))
        return step[1], new, offset
    if kind == "reshape" and len(step) == 3:
        return step[1], _kept_strides(shape, strides, step[2]), offset
    if kind == "bitcast":
        return step[1], *_bitcast_layout(shape, strides, offset, step[1])
    if kind == "reshape":
        found = reshaped_strides(shape, strides, step[1])
        return step[1], found or contiguous_strides(step[1]), offset
    return step[1], step[2], offset + step[3]


def _kept_strides(shape: Shape, strides: tuple[int, ...],
                  kept: tuple[int, ...]) -> tuple[int, ...]:
    """Strides after dimensions of size 1 were inserted (kept -1) or dropped."""
    out: list[int] = []
    inner = 1
    for old in reversed(kept):
        if old >= 0:
            out.append(strides[old])
            inner = strides[old] * shape[old]
        else:
            out.append(inner)
    return tuple(reversed(out))


def _bitcast_layout(shape: Shape, strides: tuple[int, ...], offset: int,
                    new: Shape) -> tuple[tuple[int, ...], int]:
    """Strides and offset in elements of another size; the last dimension is contiguous."""
    if new == shape or not shape:
        return strides, offset
    if new[-1] > shape[-1]:
        ratio = new[-1] // shape[-1]
        return (*[s * ratio for s in strides[:-1]], 1), offset * ratio
    ratio = shape[-1] // max(new[-1], 1) or 1
    return (*[s // ratio for s in strides[:-1]], 1), offset // ratio


def reshaped_strides(shape: Shape, strides: tuple[int, ...],
                     new: Shape) -> tuple[int, ...] | None:
    """Strides of a view with another shape, or None where only a copy has it.

    Runs of dimensions that lie in memory as one are split and merged freely; a new dimension may
    not span two runs.
    """
    if 0 in shape:
        return strides if shape == new else contiguous_strides(new)
    if not shape:
        return (1,) * len(new)
    out = [0] * len(new)
    place = len(new)
    run, inner = 1, strides[-1]
    for d in reversed(range(len(shape))):
        run *= shape[d]
        if d and (shape[d - 1] == 1 or strides[d - 1] == run * inner):
            continue  # the next dimension outwards continues this run
        used = 1
        while place and (used < run or new[place - 1] == 1):
            place -= 1
            out[place] = used * inner
            used *= new[place]
        if used != run:
            return None
        if d:
            run, inner = 1, strides[d - 1]
    return None if place else tuple(out)
