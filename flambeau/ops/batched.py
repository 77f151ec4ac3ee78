"""Templates over a batch: each value that depends on a batched input has one more axis in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .define import Instr, Sym, Template, Trace, emit, finish, item
from .movement import concatenate, expand, permute, reshape, strided_slice

Args = list[tuple[Sym, bool]]  # the operands, and whether each is batched


def batched_of(template: Template, flags: tuple[bool, ...],
               size: int) -> tuple[Template, tuple[bool, ...]]:
    """The template for a batch, and which of its results are batched.

    Args:
        template: the template for one example.
        flags: which of its inputs are batched.
        size: of the batch.
    """
    key = ("batched", flags, size)
    found: tuple[Template, tuple[bool, ...]] | None = template.vjps.get(key)
    if found is None:
        found = template.vjps[key] = _derive(template, flags, size)
    return found


def _derive(template: Template, flags: tuple[bool, ...],
            size: int) -> tuple[Template, tuple[bool, ...]]:
    with Trace() as trace:
        values: dict[int, tuple[Any, bool]] = {}
        for i, (s, batched) in enumerate(zip(template.input_specs, flags, strict=True)):
            values[i] = trace.input(type(s)((size, *s.shape), s.dtype) if batched else s), batched
        for instr in template.instrs:
            args = [values[a] for a in instr.args]
            values[instr.out] = _line(instr, args, size)
        results = [values[o] for o in template.outputs]
    made = finish(template.name + "_batched", trace, tuple(x for x, _ in results))
    return made, tuple(b for _, b in results)


def _line(instr: Instr, args: list[tuple[Any, bool]], size: int) -> tuple[Any, bool]:
    if instr.prim is item:
        return args[0][0][instr.params["index"]], args[0][1]
    if not any(b for _, b in args):
        return emit(instr.prim, [x for x, _ in args], instr.params), False
    rule = _RULES.get(instr.prim.name)
    if rule is None and instr.prim.kind == "elementwise":
        rule = _elementwise
    return (rule or _one_by_one)(instr, args, size), True


# ---- rules --------------------------------------------------------------------------------------

def _front(x: Sym, batched: bool, size: int) -> Sym:
    """A value with the batch in front, repeated where it has none."""
    if batched:
        return x
    out: Sym = expand(reshape(x, shape=(1, *x.shape)), shape=(size, *x.shape))
    return out


def _elementwise(instr: Instr, args: Args, size: int) -> Any:
    shape = instr.spec.shape
    ready = []
    for x, batched in args:
        own = x.shape[1:] if batched else x.shape
        if batched and own != shape:
            x = expand(reshape(x, shape=(size, *(1,) * len(shape))), shape=(size, *shape))
        elif not batched and own:
            x = _front(x, False, size)
        ready.append(x)
    return emit(instr.prim, ready, instr.params)


def _one_by_one(instr: Instr, args: Args, size: int) -> Any:
    """Any primitive: one line for each example, and the results beside each other."""
    rows = []
    for i in range(size):
        parts = [reshape(strided_slice(x, start=(i,) + (0,) * (x.ndim - 1),
                                       shape=(1, *x.shape[1:]), step=(1,) * x.ndim),
                         shape=x.shape[1:]) if batched else x for x, batched in args]
        made = emit(instr.prim, parts, instr.params)
        rows.append(made if isinstance(made, tuple) else (made,))
    columns = tuple(concatenate(*[reshape(x, shape=(1, *x.shape)) for x in column], axis=0)
                    for column in zip(*rows, strict=True))
    return columns if isinstance(instr.spec, tuple) else columns[0]


def _with(**changes: Callable[[Any, int], Any]) -> Callable[[Instr, Args, int], Any]:
    """A rule for primitives that take the batch as one more axis, with other parameters."""
    def rule(instr: Instr, args: Args, size: int) -> Any:
        params = dict(instr.params)
        for name, change in changes.items():
            params[name] = change(params[name], size)
        return emit(instr.prim, [_front(x, b, size) for x, b in args], params)
    return rule


def _axis(axis: int, size: int) -> int:
    return axis + 1


def _axes(axes: Sequence[int], size: int) -> tuple[int, ...]:
    return tuple(a + 1 for a in axes)


def _sizes(shape: Sequence[int], size: int) -> tuple[int, ...]:
    return (size, *shape)


def _starts(start: Sequence[int], size: int) -> tuple[int, ...]:
    return (0, *start)


def _steps(step: Sequence[int], size: int) -> tuple[int, ...]:
    return (1, *step)


def _expand(instr: Instr, args: Args, size: int) -> Any:
    (x, _), shape = args[0], instr.params["shape"]
    missing = len(shape) - (x.ndim - 1)
    aligned = reshape(x, shape=(size, *(1,) * missing, *x.shape[1:])) if missing else x
    return expand(aligned, shape=(size, *shape))


def _dot(instr: Instr, args: Args, size: int) -> Any:
    (a, in_a), (b, in_b) = args
    contract, batch = instr.params["contract"], instr.params["batch"]
    shifted = [[tuple(d + on for d in dims[k]) for k, on in enumerate((in_a, in_b))]
               for dims in (contract, batch)]
    if in_a and in_b:
        return emit(instr.prim, [a, b], {
            "contract": tuple(shifted[0]),
            "batch": ((0, *shifted[1][0]), (0, *shifted[1][1]))})
    out = emit(instr.prim, [a, b], {"contract": tuple(shifted[0]), "batch": tuple(shifted[1])})
    place = len(batch[0])
    if in_b:
        place = out.ndim - (b.ndim - len(contract[1]) - len(batch[1]))
    rest = [d for d in range(out.ndim) if d != place]
    return out if place == 0 else permute(out, dims=(place, *rest))


def _convolve(instr: Instr, args: Args, size: int) -> Any:
    """Images of all examples in one batch, where they share the weights."""
    (x, in_x), (w, in_w) = args
    if in_w or not in_x:
        return _one_by_one(instr, args, size)
    flat = reshape(x, shape=(size * x.shape[1], *x.shape[2:]))
    params = dict(instr.params)
    made = emit(instr.prim, [flat, w], params)
    return reshape(made, shape=(size, *instr.spec.shape[:1], *made.shape[1:]))


_RULES: dict[str, Callable[[Instr, Args, int], Any]] = {
    "cast": _with(), "stop_gradient": _with(),
    "reshape": _with(shape=_sizes),
    "permute": _with(dims=lambda dims, size: (0, *(d + 1 for d in dims))),
    "flip": _with(axes=_axes),
    "expand": _expand,
    "strided_slice": _with(start=_starts, shape=_sizes, step=_steps),
    "embed": _with(shape=_sizes, start=_starts, step=_steps),
    "update_slice": _with(start=_starts, step=_steps),
    "concatenate": _with(axis=_axis),
    "split": _with(axis=_axis),
    "take_along": _with(axis=_axis),
    "put_along": _with(axis=_axis),
    "dot": _dot,
    "convolve": _convolve, "convolve_input": _convolve,
    **{name: _with(axes=_axes) for name in (
        "reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all")},
    **{name: _with(axis=_axis) for name in (
        "argmax", "argmin", "cumsum", "cumprod", "logcumsumexp", "cumulative_argmax",
        "cumulative_argmin", "argsort")},
}
