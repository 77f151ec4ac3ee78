"""More families of random steps: writes through views, mixed axes, slices, masks, narrow dtypes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from generated import FAMILIES, LIMIT, Made, Program, partner, pick

import flambeau
from flambeau.nn import functional as F

HALVES = (flambeau.float16, flambeau.bfloat16)


def slices(rng: random.Random, shape: Any) -> tuple[Any, ...]:
    """An index of a tensor: slices with steps, integers, None and an ellipsis."""
    index: list[Any] = []
    for n in shape:
        start, step = rng.randint(0, max(n // 2, 0)), rng.choice((1, 1, 2, 3))
        kinds: list[Any] = [slice(None), slice(start, None, step), slice(None, n - start, step)]
        if n:
            kinds += [rng.randrange(-n, n)]
        index.append(rng.choice(kinds))
    if rng.random() < 0.2:
        index.insert(rng.randint(0, len(index)), None)
    if rng.random() < 0.3:
        index = [..., *index[rng.randint(0, len(index)):]]
    return tuple(index)


def view(rng: random.Random, shape: Any) -> tuple[str, Callable[[Any], Any]]:
    """A view of a tensor, or a view of a view."""
    index = slices(rng, shape)
    order = rng.sample(range(len(shape)), len(shape))
    return rng.choice([
        (f"[{index}]", lambda x: x[index]), (f".permute({order})", lambda x: x.permute(order)),
        (f".permute({order})[..., ::2]", lambda x: x.permute(order)[..., ::2] if order else x),
        (".reshape(-1)[1::3]", lambda x: x.reshape(-1)[1::3]),
        (".diagonal()", lambda x: x.diagonal() if x.ndim > 1 else x[...]),
        (".unflatten", lambda x: x.unsqueeze(0).transpose(0, -1))])


def _slice(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng)
    if k is None:
        return None
    name, function = view(rng, p.values[k].shape)
    return f"view{name}", function, (k,), True


_CHANGES: dict[str, Callable[[Any], Any]] = {
    "mul_": lambda v: v.mul_(2), "add_": lambda v: v.add_(3), "zero_": lambda v: v.zero_(),
    "fill_": lambda v: v.fill_(1), "neg_": lambda v: v.neg_(),
    "copy_": lambda v: v.copy_(v.clone() * 2), "clamp_": lambda v: v.clamp_(0, 1),
    "add_self": lambda v: v.add_(v)}


def _write(p: Program, rng: random.Random) -> Made:
    """A copy, written through one or two views; the base or a third view is what is delivered."""
    k = pick(p, rng, lambda k: p.values[k].dtype is not flambeau.bool)
    if k is None:
        return None
    shape = p.values[k].shape
    ways = [(view(rng, shape), rng.choice(list(_CHANGES))) for _ in range(rng.choice((1, 1, 2)))]
    if not p.exact[k]:
        ways = [(way, "mul_" if change == "clamp_" else change) for way, change in ways]
    seen = rng.choice([("", lambda x: x), view(rng, shape)])
    stale = rng.random() < 0.3

    def run(x: Any) -> Any:
        base = x.clone()
        watched = seen[1](base)
        before = base.sum() if stale else None
        for (_, look), change in ways:
            _CHANGES[change](look(base))
        return watched + before.to(watched.dtype) if before is not None else watched * 1
    text = "; ".join(f"{way[0]}.{change}" for way, change in ways)
    return f"write {text} -> {seen[0]} {stale}", run, (k,), not (
        stale and p.values[k].is_floating_point())


def _assign(p: Program, rng: random.Random) -> Made:
    """A copy of one value with another assigned to a slice of it."""
    k = pick(p, rng)
    if k is None:
        return None
    index = slices(rng, p.values[k].shape)
    part = p.values[k][index]
    fits = [j for j in range(len(p.values)) if tuple(p.values[j].shape) in ((), tuple(part.shape))
            and p.values[j].dtype is p.values[k].dtype]
    if not fits:
        return None
    j = rng.choice(fits)

    def run(x: Any, y: Any) -> Any:
        base = x.clone()
        base[index] = y
        return base
    return f"assign [{index}]", run, (k, j), True


def _mixed_axes(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng, lambda k: p.values[k].ndim >= 2)
    if k is None:
        return None
    x = p.values[k]
    axes = tuple(rng.sample(range(x.ndim), rng.randint(1, x.ndim)))
    keep = rng.random() < 0.5
    table: dict[str, Callable[[Any], Any]] = {"sum": lambda x: x.sum(axes, keepdim=keep)}
    if x.is_floating_point():
        table |= {"mean": lambda x: x.mean(axes, keepdim=keep),
                  "var_mean": lambda x: sum(flambeau.var_mean(x, axes, correction=0)),
                  "logsumexp": lambda x: x.logsumexp(axes, keepdim=keep),
                  "norm": lambda x: ((x * x).sum(axes, keepdim=keep) + 0.5).sqrt(),
                  "centred": lambda x: x - x.mean(axes, keepdim=True)}
    if p.exact[k] and all(x.shape[a] for a in axes):
        table |= {"amax": lambda x: x.amax(axes, keepdim=keep),
                  "amin": lambda x: x.amin(axes, keepdim=keep)}
        if x.dtype is flambeau.bool:
            table |= {"any": lambda x: x.any(axes[0]), "all": lambda x: x.all(axes[0])}
    name = rng.choice(list(table))
    return f"{name} {axes} {keep}", table[name], (k,), name in (
        "amax", "amin", "any", "all") or not x.is_floating_point()


def _mask(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng, lambda k: p.values[k].dtype is not flambeau.bool)
    c = None if k is None else pick(p, rng, lambda j: p.values[j].dtype is flambeau.bool and (
        _reaches(p.values[j].shape, p.values[k].shape)))
    if c is None:
        return None
    name = rng.choice(("masked_fill", "where scalar", "scalar where", "masked product"))
    table: dict[str, Callable[..., Any]] = {
        "masked_fill": lambda x, m: x.masked_fill(m, 2),
        "where scalar": lambda x, m: flambeau.where(m, x, 1),
        "scalar where": lambda x, m: flambeau.where(m, -1, x),
        "masked product": lambda x, m: x * m}
    return name, table[name], (k, c), True


def _reaches(shape: Any, whole: Any) -> bool:
    """Whether a shape broadcasts to another."""
    try:
        return tuple(np.broadcast_shapes(tuple(shape), tuple(whole))) == tuple(whole)
    except ValueError:
        return False


def _scatter(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng, lambda k: p.values[k].ndim > 0 and p.values[k].numel() > 0
             and p.values[k].dtype is not flambeau.bool)
    if k is None:
        return None
    x = p.values[k]
    axis = rng.randrange(x.ndim)
    size = x.shape[axis]
    shape = [rng.randint(1, n) for n in x.shape]
    shape[axis] = rng.randint(1, 6)
    values = np.random.default_rng(rng.randrange(1 << 30))
    index = flambeau.tensor(values.integers(0, size, shape))
    rows = flambeau.tensor(values.integers(-x.shape[0], x.shape[0], rng.choice(((3,), (2, 2)))))
    order = flambeau.tensor(values.permutation(size))
    unique = index[tuple(slice(0, 1) if d == axis else slice(None) for d in range(x.ndim))]
    table: dict[str, Callable[[Any], Any]] = {
        "gather": lambda x: x.gather(axis, index),
        "scatter": lambda x: x.scatter(axis, unique, 2),
        "scatter_add": lambda x: x.scatter_add(axis, index, flambeau.ones_like(
            index, dtype=x.dtype)),
        "index rows": lambda x: x[rows], "rows from values": lambda x: x[(rows * 1).abs() % len(x)],
        "index_put": lambda x: x.index_put((rows.reshape(-1)[:1],), x[0] * 2),
        "accumulate": lambda x: x.index_put((rows,), x[rows], accumulate=True),
        "reorder": lambda x: x.index_select(axis, order),
        "take_along_dim": lambda x: flambeau.take_along_dim(x, x.argsort(axis), axis)}
    name = rng.choice(list(table))
    if name == "take_along_dim" and not p.exact[k]:
        name = "gather"
    return f"{name} {axis}", table[name], (k,), name not in ("scatter_add", "accumulate") or (
        not x.is_floating_point())


def _running(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng, lambda k: p.values[k].ndim > 0 and p.values[k].dtype is not flambeau.bool)
    if k is None:
        return None
    axis = rng.randrange(p.values[k].ndim)
    table: dict[str, Callable[[Any], Any]] = {
        "cumsum": lambda x: x.cumsum(axis), "flipped": lambda x: x.flip(axis).cumsum(axis),
        "diff": lambda x: x.diff(dim=axis)}
    if p.values[k].is_floating_point():
        table |= {"logcumsumexp": lambda x: x.clamp(-3, 3).logcumsumexp(axis),
                  "cumprod": lambda x: (x.sin() + 1.5).cumprod(axis)}
    if not p.exact[k]:
        table.pop("logcumsumexp", None)
    name = rng.choice(list(table))
    return f"{name} {axis}", table[name], (k,), not p.values[k].is_floating_point()


def _join(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng, lambda k: p.values[k].ndim > 0)
    if k is None:
        return None
    x = p.values[k]
    axis = rng.randrange(x.ndim)
    alike = [j for j in range(len(p.values)) if p.values[j].ndim == x.ndim and all(
        a == b for d, (a, b) in enumerate(zip(p.values[j].shape, x.shape, strict=True))
        if d != axis)]
    places = [k, *rng.choices(alike, k=rng.choice((1, 2)))]
    if sum(p.values[j].numel() for j in places) > LIMIT:
        return None
    name, function = rng.choice([
        (f"cat {axis}", lambda *xs: flambeau.cat(xs, axis)),
        (f"cat {axis} of halves", lambda *xs: flambeau.cat(
            [c for x in xs for c in x.chunk(2, axis)][::-1], axis)),
        (f"pad {axis}", lambda *xs: F.pad(xs[0], [1, 0] * xs[0].ndim, value=2))])
    return name, function, tuple(places), True


def _half(p: Program, rng: random.Random) -> Made:
    """A value in a narrow dtype, and something done to it there."""
    k = pick(p, rng, lambda k: p.values[k].is_floating_point() and p.exact[k]
             and p.values[k].ndim > 0)
    if k is None:
        return None
    d = rng.choice(HALVES)
    name, function = rng.choice([
        ("x", lambda x: x), ("x * x + 1", lambda x: x * x + 1), ("sum", lambda x: x.sum(-1)),
        ("softmax", lambda x: x.softmax(-1)), ("tanh", flambeau.tanh), ("x < 1", lambda x: x < 1),
        ("gram", lambda x: x.unsqueeze(-1) @ x.unsqueeze(-2))])
    return f"{name} in {d}", lambda x: function(x.to(d)), (k,), name in ("x", "x < 1")


def _mixed_dtypes(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng)
    j = None if k is None else partner(p, rng, k, False)
    if j is None:
        return None
    name = rng.choice(("add", "mul", "eq", "where"))
    if name == "eq" and not (p.exact[k] and p.exact[j]):
        name = "add"
    table: dict[str, Callable[..., Any]] = {
        "add": lambda x, y: x + y, "mul": lambda x, y: x * y, "eq": lambda x, y: x == y,
        "where": lambda x, y: flambeau.where(y.isnan(), y, x)}
    return f"mixed {name}", table[name], (k, j), name in ("eq", "where") or not (
        p.values[k].is_floating_point() or p.values[j].is_floating_point())


ALL_FAMILIES = (*FAMILIES, _slice, _slice, _write, _write, _assign, _mixed_axes, _mixed_axes, _mask,
                _scatter, _running, _join, _half, _mixed_dtypes)
