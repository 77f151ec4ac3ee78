"""What a primitive, a template and a symbolic value are.

A `Primitive` is one closed operation: its NumPy meaning, its rule for shape and dtype, and its
derivative written in primitives stand side by side. A `Template` is a straight-line program of
primitives with known shapes. It is made by `trace`: a Python function runs once on symbolic values
(`Sym`), and every primitive that it calls is written down. Templates print as Python.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..dtype import dtype
from ..graph import SCALARS, Spec, spec

Rule = Callable[..., Any]


class Primitive:
    """One closed operation.

    Args:
        name: how it prints.
        kind: elementwise, cast, movement, reduction, cumulative, gather, contraction, window, sort,
            loop, host or constant; passes of the compiler go by it.
        numpy: its meaning on ndarrays, `numpy(*arrays, **params)`.
        rule: `rule(*specs, **params)` gives the Spec of the result (a tuple for several results).
        vjp: `vjp(ct, out, *args, **params)` gives one cotangent per argument (None: no gradient).
    """

    table: dict[str, Primitive] = {}

    def __init__(self, name: str, kind: str, numpy: Callable[..., Any], rule: Rule,
                 vjp: Rule | None = None) -> None:
        self.name = name
        self.kind = kind
        self.numpy = numpy
        self.rule = rule
        self.vjp = vjp
        Primitive.table[name] = self

    def __call__(self, *args: Sym, **params: Any) -> Any:
        return emit(self, args, params)

    def __repr__(self) -> str:
        return self.name


class Instr:
    """One line of a template: `out = prim(args, **params)`; values are numbered."""

    __slots__ = ("args", "out", "params", "prim", "spec")

    def __init__(self, prim: Primitive, args: tuple[int, ...], params: dict[str, Any],
                 out: int, spec: Any) -> None:
        self.prim = prim
        self.args = args
        self.params = params
        self.out = out
        self.spec = spec


class _Traces(threading.local):
    """The templates that this thread is constructing, the innermost last."""

    def __init__(self) -> None:
        self.stack: list[Trace] = []


traces = _Traces()


class Trace:
    """A template under construction."""

    def __init__(self) -> None:
        self.inputs: list[Sym] = []
        self.instrs: list[Instr] = []
        self.count = 0

    def new(self, spec: Any) -> Sym:
        """A fresh value of this trace."""
        sym = Sym(self, self.count, spec)
        self.count += 1
        return sym

    def input(self, spec: Spec) -> Sym:
        """A fresh input of this trace."""
        sym = self.new(spec)
        self.inputs.append(sym)
        return sym

    def __enter__(self) -> Trace:
        traces.stack.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        traces.stack.pop()


def emit(prim: Primitive, args: Sequence[Sym], params: dict[str, Any]) -> Any:
    """Write down one primitive in the current trace and return its symbolic result."""
    trace = traces.stack[-1]
    result = prim.rule(*[a.spec for a in args], **params)
    out = trace.new(result)
    trace.instrs.append(Instr(prim, tuple(a.id for a in args), params, out.id, result))
    if isinstance(result, tuple):
        return tuple(item(out, index=i) for i in range(len(result)))
    return out


item = Primitive(  # one of the results of a primitive with several
    "item", "movement", lambda values, index: values[index],
    lambda specs, index: specs[index])


class Sym:
    """A symbolic value; arithmetic on it is installed by ops.arithmetic (operators, promotion)."""

    __slots__ = ("id", "spec", "trace")

    def __init__(self, trace: Trace, id: int, spec: Any) -> None:
        self.trace = trace
        self.id = id
        self.spec = spec

    @property
    def shape(self) -> tuple[int, ...]:
        return self.spec.shape

    @property
    def ndim(self) -> int:
        return len(self.spec.shape)

    @property
    def dtype(self) -> dtype:
        return self.spec.dtype

    @property
    def size(self) -> int:
        return self.spec.size

    # Operators are looked up here so that bodies of composites read like the formulas they are.
    operators: dict[str, Callable[..., Any]] = {}

    def __neg__(self) -> Sym:
        return Sym.operators["neg"](self)

    def __add__(self, other: Any) -> Sym:
        return Sym.operators["add"](self, other)

    def __radd__(self, other: Any) -> Sym:
        return Sym.operators["add"](other, self)

    def __sub__(self, other: Any) -> Sym:
        return Sym.operators["sub"](self, other)

    def __rsub__(self, other: Any) -> Sym:
        return Sym.operators["sub"](other, self)

    def __mul__(self, other: Any) -> Sym:
        return Sym.operators["mul"](self, other)

    def __rmul__(self, other: Any) -> Sym:
        return Sym.operators["mul"](other, self)

    def __truediv__(self, other: Any) -> Sym:
        return Sym.operators["div"](self, other)

    def __rtruediv__(self, other: Any) -> Sym:
        return Sym.operators["div"](other, self)

    def __pow__(self, other: Any) -> Sym:
        return Sym.operators["pow"](self, other)

    def __lt__(self, other: Any) -> Sym:
        return Sym.operators["lt"](self, other)

    def __le__(self, other: Any) -> Sym:
        return Sym.operators["le"](self, other)

    def __gt__(self, other: Any) -> Sym:
        return Sym.operators["gt"](self, other)

    def __ge__(self, other: Any) -> Sym:
        return Sym.operators["ge"](self, other)

    def eq(self, other: Any) -> Sym:
        return Sym.operators["eq"](self, other)

    def ne(self, other: Any) -> Sym:
        return Sym.operators["ne"](self, other)

    def __and__(self, other: Any) -> Sym:
        return Sym.operators["bitwise_and"](self, other)

    def __or__(self, other: Any) -> Sym:
        return Sym.operators["bitwise_or"](self, other)

    def __xor__(self, other: Any) -> Sym:
        return Sym.operators["bitwise_xor"](self, other)

    def __invert__(self) -> Sym:
        return Sym.operators["bitwise_not"](self)

    def __bool__(self) -> bool:
        raise TypeError("a symbolic value has no truth value: composites may only branch on "
                        "shapes, dtypes and static arguments")

    def __repr__(self) -> str:
        return f"v{self.id}:{self.spec}"


class Template:
    """A straight-line program of primitives with known shapes.

    Attributes:
        name: the composite it came from.
        input_specs, output_specs: specs in order.
        instrs: the lines; values are numbered, inputs first.
        outputs: the numbers of the results.
        is_tuple: whether the composite returns a tuple (even of one).
        nbytes: size of the results.
        vjps: cache of its derivatives (filled by ops.derivative).
    """

    __slots__ = ("_run", "input_specs", "instrs", "is_tuple", "name", "nbytes", "output_specs",
                 "outputs", "vjps")

    def __init__(self, name: str, input_specs: tuple[Spec, ...], instrs: list[Instr],
                 outputs: tuple[int, ...], output_specs: tuple[Spec, ...], is_tuple: bool) -> None:
        self.name = name
        self.input_specs = input_specs
        self.instrs = instrs
        self.outputs = outputs
        self.output_specs = output_specs
        self.is_tuple = is_tuple
        self.nbytes = sum([s.nbytes for s in output_specs])
        self.vjps: dict[Any, Any] = {}
        self._run: Callable[..., Any] | None = None

    def run(self, args: Sequence[Any]) -> Any:
        """Evaluate with NumPy, one primitive at a time; a tuple of arrays."""
        if self._run is None:
            self._run = _compile_python(self)
        return self._run(*args)

    def __str__(self) -> str:
        return python_source(self, annotate=True)


def trace(name: str, fn: Callable[..., Any], input_specs: Sequence[Spec]) -> Template:
    """Run `fn` on symbolic values and return what it did as a template (dead lines removed)."""
    with Trace() as t:
        result = fn(*[t.input(s) for s in input_specs])
    return finish(name, t, result)


def finish(name: str, t: Trace, result: Any) -> Template:
    """Close a trace into a template whose outputs are `result` (a Sym or a tuple of Syms)."""
    is_tuple = isinstance(result, (tuple, list))
    outs: list[Sym] = list(result) if is_tuple else [result]
    instrs = live_instrs(t.instrs, {s.id for s in outs})
    return Template(name, tuple(s.spec for s in t.inputs), instrs, tuple(s.id for s in outs),
                    tuple(spec(s.spec.shape, s.spec.dtype) for s in outs), is_tuple)


def live_instrs(instrs: Iterable[Instr], wanted: set[int]) -> list[Instr]:
    """The instructions that the values `wanted` depend on, in order."""
    needed, kept = set(wanted), []
    for instr in reversed(list(instrs)):
        if instr.out in needed:
            kept.append(instr)
            needed.update(instr.args)
    kept.reverse()
    return kept


# ---- templates as Python ------------------------------------------------------------------------

def python_source(template: Template, annotate: bool = False) -> str:
    """The template as a Python function over primitives (`v3 = add(v0, v1)`)."""
    names = {i: f"v{i}" for i in range(len(template.input_specs))}
    last_use = {a: k for k, instr in enumerate(template.instrs) for a in instr.args}
    keep = set(template.outputs)
    heads = [f"v{i}" + (f": '{s}'" if annotate else "")
             for i, s in enumerate(template.input_specs)]
    lines = [f"def {template.name.replace('.', '_')}({', '.join(heads)}):"]
    for k, instr in enumerate(template.instrs):
        args = [names[a] for a in instr.args]
        if annotate:
            args += [f"{key}={value!r}" for key, value in instr.params.items()]
            call = f"{instr.prim.name}({', '.join(args)})"
        else:
            call = f"f{k}({', '.join(args + ([f'**p{k}'] if instr.params else []))})"
        names[instr.out] = f"v{instr.out}"
        lines.append(f"    v{instr.out} = {call}" + (f"  # {instr.spec}" if annotate else ""))
        if not annotate:
            dead = [names[a] for a in dict.fromkeys(instr.args)
                    if last_use[a] == k and a not in keep]
            if dead:
                lines.append(f"    {' = '.join(dead)} = None")
    results = ", ".join(names[o] for o in template.outputs)
    lines.append(f"    return ({results},)" if template.outputs else "    return ()")
    return "\n".join(lines)


def _compile_python(template: Template) -> Callable[..., Any]:
    scope: dict[str, Any] = {}
    for k, instr in enumerate(template.instrs):
        scope[f"f{k}"] = instr.prim.numpy
        scope[f"p{k}"] = instr.params
    exec(compile(python_source(template), f"<template {template.name}>", "exec"), scope)
    run: Callable[..., Any] = scope[template.name.replace(".", "_")]
    return run


def as_array(value: Any, s: Spec) -> np.ndarray:
    """The ndarray of exactly the spec's dtype and shape."""
    array = np.asarray(value, dtype=s.dtype.numpy)
    if array.shape != s.shape:
        array = np.broadcast_to(array, s.shape)
    return array


def weak_spec(kind: type) -> Spec:
    """The spec of a Python number of this type."""
    return SCALARS[kind]
