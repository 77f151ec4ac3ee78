"""Random small programs over flambeau's operations, to be run on both engines.

A program is a list of leaves (arrays with a layout) and a list of steps (a function and the places
of its operands). Values that came about by rounding are marked: operations that jump (comparisons,
floor, casts to integers) or have a kink read exact values only, since a last bit would decide them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import flambeau
from flambeau.nn import functional as F

DIMS = (0, 1, 1, 2, 3, 5, 7, 17)
DTYPES = ("float32", "float32", "float32", "float64", "int64", "bool", "int32", "uint8")
LIMIT = 2000  # elements of a value


@dataclass
class Leaf:
    """An input: its numbers, and how the tensor looks at them."""

    array: Any
    layout: str

    def tensor(self, grad: bool) -> Any:
        """The leaf and, where it is floating, whether it wants a gradient."""
        t = flambeau.tensor(self.array)
        if grad and t.is_floating_point():
            t.requires_grad_()
        return t

    def view(self, t: Any) -> Any:
        """The leaf as the steps see it."""
        if self.layout == "transposed":
            return t.permute(*reversed(range(t.ndim)))
        if self.layout == "strided" and t.ndim:
            return t[..., ::2]
        if self.layout == "expanded":
            return t.unsqueeze(0).expand(2, *t.shape)
        return t


@dataclass
class Program:
    """Leaves, steps, which values are delivered, and which of them are exact."""

    leaves: list[Leaf] = field(default_factory=list)
    steps: list[tuple[str, Callable[..., Any], tuple[int, ...]]] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    exact: list[bool] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)

    def run(self, keep_all: bool = False) -> list[Any]:
        """Delivered values, then the gradients of the floating ones; all of one flush."""
        leaves = [leaf.tensor(True) for leaf in self.leaves]
        values = [leaf.view(t) for leaf, t in zip(self.leaves, leaves, strict=True)]
        for _, function, places in self.steps:
            values.append(function(*[values[k] for k in places]))
        outs = [values[k] for k in (range(len(values)) if keep_all else self.kept)]
        tops = [values[k] for k in self.kept if values[k].requires_grad]
        wanted = [t for t in leaves if t.requires_grad]
        grads = flambeau.autograd.grad(
            tops, wanted, [flambeau.cos(flambeau.arange(t.numel()).to(t.dtype)).reshape(t.shape)
                           for t in tops], allow_unused=True) if tops and wanted else []
        flambeau.sync()
        return [*outs, *[g for g in grads if g is not None]]

    def __str__(self) -> str:
        lines = [f"v{k} = leaf {leaf.array.dtype}{list(leaf.array.shape)} {leaf.layout}"
                 for k, leaf in enumerate(self.leaves)]
        for k, (name, _, places) in enumerate(self.steps, len(self.leaves)):
            v = self.values[k]
            lines.append(f"v{k} = {name}({', '.join(f'v{p}' for p in places)})  "
                         f"# {v.dtype}{list(v.shape)}")
        return "\n".join([*lines, f"return {self.kept}"])


def generate(rng: random.Random, length: int = 9, families: Any = None) -> Program:
    """A program of about `length` steps, out of the families of this file or others."""
    p = Program()
    for _ in range(rng.randint(1, 3)):
        _leaf(p, rng)
    for _ in range(length):
        make = rng.choice(families or FAMILIES)
        made = make(p, rng)
        if made is not None:
            _add(p, *made)
    computed = range(len(p.leaves), len(p.values))
    p.kept = sorted({k for k in computed if rng.random() < 0.3} | set(computed[-2:]))
    return p


def _leaf(p: Program, rng: random.Random) -> None:
    shape = tuple(rng.choice(DIMS) for _ in range(rng.choice((0, 1, 2, 2, 3, 4))))
    while np.prod(shape) > LIMIT // 2:
        shape = shape[1:]
    name = rng.choice(DTYPES)
    values = np.random.default_rng(rng.randrange(1 << 30))
    if name.startswith("float"):
        array = np.asarray(values.uniform(-2, 2, shape), name)
        if array.size and rng.random() < 0.15:
            array.reshape(-1)[rng.randrange(array.size)] = rng.choice(
                (np.nan, np.inf, -np.inf, -0.0, 0.0))
    elif name == "bool":
        array = values.random(shape) < 0.5
    else:
        array = np.asarray(values.integers(0 if name == "uint8" else -9, 10, shape), name)
    leaf = Leaf(array, rng.choice(("plain", "plain", "transposed", "strided", "expanded")))
    p.leaves.append(leaf)
    p.values.append(leaf.view(leaf.tensor(False)))
    p.exact.append(True)


Made = tuple[str, Callable[..., Any], tuple[int, ...], bool] | None


def _add(p: Program, name: str, function: Callable[..., Any], places: tuple[int, ...],
         exact: bool) -> None:
    result = function(*[p.values[k] for k in places])
    if result.numel() <= LIMIT:
        p.steps.append((name, function, places))
        p.values.append(result)
        p.exact.append(exact and all(p.exact[k] for k in places))


def pick(p: Program, rng: random.Random, want: Callable[[int], bool] = lambda k: True) -> Any:
    """The place of a value with a property; late ones come more often. None if there is none."""
    found = [k for k in range(len(p.values)) if want(k)]
    return rng.choice([*found, *found[-3:], *found[-2:]]) if found else None


def _floating(p: Program) -> Callable[[int], bool]:
    return lambda k: p.values[k].is_floating_point()


def partner(p: Program, rng: random.Random, k: int, same: bool) -> Any:
    """A value that broadcasts with value k without growing beyond the limit."""
    def fits(j: int) -> bool:
        if same and p.values[j].dtype != p.values[k].dtype:
            return False
        try:
            whole = np.broadcast_shapes(tuple(p.values[j].shape), tuple(p.values[k].shape))
        except ValueError:
            return False
        return bool(np.prod(whole) <= LIMIT)
    return pick(p, rng, fits)


# ---- families of operations ----------------------------------------------------------------------

_SMOOTH: dict[str, Callable[[Any], Any]] = {
    "sin": flambeau.sin, "cos": flambeau.cos, "tanh": flambeau.tanh, "sigmoid": flambeau.sigmoid,
    "neg": flambeau.neg, "square": flambeau.square, "erf": flambeau.erf, "silu": F.silu,
    "gelu": F.gelu, "atan": flambeau.atan, "exp": lambda x: flambeau.exp(flambeau.sin(x)),
    "log": lambda x: flambeau.log(x * x + 0.5), "sqrt": lambda x: flambeau.sqrt(x * x + 0.3),
    "rsqrt": lambda x: flambeau.rsqrt(x * x + 0.3), "log1p": lambda x: flambeau.log1p(x * x),
    "expm1": lambda x: flambeau.expm1(flambeau.tanh(x)), "scale": lambda x: x * 0.37 - 1.25,
    "reciprocal": lambda x: flambeau.reciprocal(x * x + 1)}
_KINKED: dict[str, Callable[[Any], Any]] = {
    "abs": flambeau.abs, "relu": flambeau.relu, "sign": flambeau.sign, "floor": flambeau.floor,
    "ceil": flambeau.ceil, "round": flambeau.round, "trunc": flambeau.trunc,
    "clamp": lambda x: flambeau.clamp(x, -1.0, 0.5), "leaky": lambda x: F.leaky_relu(x, 0.1),
    "hardtanh": F.hardtanh, "isnan": flambeau.isnan, "isinf": flambeau.isinf,
    "threshold": lambda x: F.threshold(x, 0.5, 2.0)}


def _unary(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng, _floating(p))
    if k is None:
        return None
    if p.exact[k] and rng.random() < 0.4:
        name = rng.choice(list(_KINKED))
        return name, _KINKED[name], (k,), True
    name = rng.choice(list(_SMOOTH))
    return name, _SMOOTH[name], (k,), False


def _binary(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng, lambda k: p.values[k].dtype is not flambeau.bool)
    j = None if k is None else partner(p, rng, k, False)
    if j is None or p.values[j].dtype is flambeau.bool:
        return None
    integral = not (p.values[k].is_floating_point() or p.values[j].is_floating_point())
    if integral:
        name = rng.choice(("add", "sub", "mul", "floor_divide", "remainder"))
        if name in ("floor_divide", "remainder"):
            return name, lambda x, y: getattr(flambeau, name)(x, y * y + 1), (k, j), True
        return name, getattr(flambeau, name), (k, j), True
    name = rng.choice(("add", "sub", "mul", "div", "addcmul"))
    if name == "div":
        return name, lambda x, y: x / (y * y + 0.5), (k, j), False
    if name == "addcmul":
        return name, lambda x, y: x + 0.5 * x * y, (k, j), False
    return name, getattr(flambeau, name), (k, j), False


def _compare(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng, lambda k: p.exact[k])
    j = None if k is None else partner(p, rng, k, True)
    if j is None or not p.exact[j]:
        return None
    name = rng.choice(("eq", "ne", "lt", "le", "gt", "ge", "maximum", "minimum", "logical_or",
                       "logical_and", "logical_xor"))
    return name, getattr(flambeau, name), (k, j), True


def _where(p: Program, rng: random.Random) -> Made:
    c = pick(p, rng, lambda k: p.values[k].dtype is flambeau.bool)
    k = None if c is None else partner(p, rng, c, False)
    j = None if k is None else partner(p, rng, k, True)
    if j is None:
        return None
    try:
        whole = np.broadcast_shapes(*[tuple(p.values[i].shape) for i in (c, k, j)])
    except ValueError:
        return None
    return ("where", flambeau.where, (c, k, j), True) if np.prod(whole) <= LIMIT else None


def _cast(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng)
    d = getattr(flambeau, rng.choice(("float32", "float64", "int64", "bool", "int32", "uint8",
                                      "float16", "bfloat16")))
    narrow = d in (flambeau.float16, flambeau.bfloat16)
    if not p.exact[k] and (narrow or not d.is_floating_point):
        return None
    if narrow:  # there and back: few operations take them
        return f"{d} and back", lambda x: x.to(d).float(), (k,), True
    return f"to {d}", lambda x: x.to(d), (k,), True


def _move(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng)
    shape = tuple(p.values[k].shape)
    n = len(shape)
    choices: list[tuple[str, Callable[[Any], Any]]] = [
        ("reshape(-1)", lambda x: x.reshape(-1)), ("unsqueeze", lambda x: x.unsqueeze(0)),
        ("expand", lambda x: x.unsqueeze(-1).expand(*shape, 3))]
    if n:
        axis, other = rng.randrange(n), rng.randrange(n)
        order = rng.sample(range(n), n)
        choices += [
            (f"flip {axis}", lambda x: x.flip(axis)), (f"permute {order}",
                                                       lambda x: x.permute(order)),
            (f"transpose {axis} {other}", lambda x: x.transpose(axis, other)),
            ("slice", lambda x: x[..., 1::2]), (f"roll {axis}", lambda x: x.roll(1, axis)),
            (f"cat {axis}", lambda x: flambeau.cat([x, x], axis)),
            ("stack", lambda x: flambeau.stack([x, x], axis)),
            (f"narrow {axis}", lambda x: x.narrow(axis, 0, (shape[axis] + 1) // 2)),
            ("pad", lambda x: F.pad(x, (1, 2), value=1)), ("squeeze", lambda x: x.squeeze())]
        if shape[axis]:
            choices.append((f"select {axis}", lambda x: x.select(axis, -1)))
    if n >= 2:
        choices += [("tril", flambeau.tril), ("flatten", lambda x: x.flatten(0, 1))]
    name, function = rng.choice(choices)
    return name, function, (k,), True


def _reduce(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng)
    x = p.values[k]
    axis = rng.randrange(x.ndim) if x.ndim else 0
    keep = rng.random() < 0.5
    names = ["sum", "sum all"]
    if x.is_floating_point():
        names += ["mean", "softmax", "log_softmax", "logsumexp", "cumsum", "norm", "var"]
    if p.exact[k] and x.ndim and x.shape[axis] and x.dtype is not flambeau.bool:
        names += ["amax", "amin", "argmax", "sort", "prod"]
    if p.exact[k]:
        names += ["any", "all", "count_nonzero"]
    name = rng.choice(names)
    table: dict[str, Callable[[Any], Any]] = {
        "sum": lambda x: x.sum(axis, keepdim=keep), "sum all": lambda x: x.sum(),
        "mean": lambda x: x.mean(axis, keepdim=keep), "softmax": lambda x: x.softmax(axis),
        "log_softmax": lambda x: x.log_softmax(axis), "prod": lambda x: x.prod(axis),
        "logsumexp": lambda x: x.logsumexp(axis, keepdim=keep),
        "cumsum": lambda x: x.cumsum(axis), "norm": lambda x: (x * x).sum(axis) + 0.5,
        "var": lambda x: x.var(axis, unbiased=False, keepdim=keep),
        "amax": lambda x: x.amax(axis, keepdim=keep), "amin": lambda x: x.amin(axis),
        "argmax": lambda x: x.argmax(axis), "sort": lambda x: x.sort(axis)[0],
        "any": lambda x: x.any(), "all": lambda x: x.all(),
        "count_nonzero": lambda x: flambeau.count_nonzero(x)}
    sure = name in ("amax", "amin", "argmax", "sort", "any", "all", "count_nonzero") or not (
        x.is_floating_point())
    return f"{name} {axis} {keep}", table[name], (k,), sure


def _gather(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng, lambda k: p.values[k].ndim > 0 and p.values[k].numel() > 0)
    if k is None:
        return None
    x = p.values[k]
    axis = rng.randrange(x.ndim)
    size = x.shape[axis]
    index = flambeau.tensor([rng.randrange(size) for _ in range(rng.choice((1, 3, 6)))])
    name = rng.choice(("index_select", "getitem", "index_add", "gather", "scatter_add"))
    if name in ("index_add", "scatter_add") and x.dtype is flambeau.bool:
        name = "getitem"

    def wide(y: Any) -> Any:
        return index.reshape([-1 if d == axis else 1 for d in range(y.ndim)]).expand(
            [len(index) if d == axis else n for d, n in enumerate(y.shape)])
    table: dict[str, Callable[[Any], Any]] = {
        "index_select": lambda y: y.index_select(axis, index), "getitem": lambda y: y[index % len(
            y)], "gather": lambda y: y.gather(axis, wide(y)),
        "index_add": lambda y: y.index_add(axis, index, y.index_select(axis, index)),
        "scatter_add": lambda y: y.scatter_add(axis, wide(y), y.gather(axis, wide(y)))}
    return f"{name} {axis}", table[name], (k,), name in ("index_select", "getitem", "gather")


def _contract(p: Program, rng: random.Random) -> Made:
    k = pick(p, rng, lambda k: p.values[k].dtype in (flambeau.float32, flambeau.float64)
             and p.values[k].ndim >= 1)
    if k is None:
        return None
    x = p.values[k]
    n, m = x.shape[-1], rng.choice((0, 1, 4, 9))
    values = np.random.default_rng(rng.randrange(1 << 30))
    kind = str(x.dtype).removeprefix("torch.")
    weight = flambeau.tensor(values.uniform(-1, 1, (m, n)).astype(kind))
    taps = flambeau.tensor(values.uniform(-1, 1, (2, 1, 3)).astype(kind))
    table: dict[str, Callable[[Any], Any]] = {
        "linear": lambda x: F.linear(x, weight),
        "gram": lambda x: x.unsqueeze(-1) @ x.unsqueeze(-2),
        "product": lambda x: x.unsqueeze(-2) @ x.unsqueeze(-1)}
    if n and x.numel():
        stride = rng.choice((1, 2))
        table["conv1d"] = lambda x: F.conv1d(x.reshape(-1, 1, n), taps, stride=stride, padding=2)
        table["conv_transpose1d"] = lambda x: F.conv_transpose1d(
            x.reshape(-1, 1, n), taps.transpose(0, 1), stride=stride)
        if x.ndim >= 2 and x.shape[-2]:
            plane = taps.reshape(2, 1, 1, 3)
            h = x.shape[-2]
            table["conv2d"] = lambda x: F.conv2d(x.reshape(-1, 1, h, n), plane, padding=(0, 1))
            table["avg_pool2d"] = lambda x: F.avg_pool2d(x.reshape(-1, 1, h, n), 2, padding=1)
            if p.exact[k]:
                table["max_pool2d"] = lambda x: F.max_pool2d(x.reshape(-1, 1, h, n), 2, padding=1)
    name = rng.choice(list(table))
    return name, table[name], (k,), name == "max_pool2d"


FAMILIES = (_unary, _unary, _binary, _binary, _compare, _where, _cast, _move, _move, _reduce,
             _reduce, _gather, _contract)
