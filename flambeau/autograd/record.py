"""Recording: one call of an operation is one node of the graph and one entry of the tape.

`op` turns the definition of a composite, a function over symbolic values, into the public function
over tensors, with the same signature. Parameters annotated `Value` (tensors or Python numbers) and
`Values` (sequences of tensors) are run-time arguments; all others are static and part of the
identity. The definition runs once per signature and is kept as a template.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, Protocol, TypeAlias, overload

from ..dtype import dtype, float32, result_type_of
from ..engines import realize
from ..graph import SCALARS, Node, Spec, apply, pending, remember
from ..ops import elementwise as ew
from ..ops.define import Sym, Template, trace, traces
from ..ops.derivative import dependent_outputs
from .base import TensorBase, wrap
from .modes import modes
from .node import GradFn, grad_class

Value: TypeAlias = Any
Values: TypeAlias = Sequence[Any]
P = ParamSpec("P")


class PublicFunction(Protocol[P]):
    """What `op` makes of a definition: a function of tensors with the same parameters."""

    op: Op
    method: Callable[P, Any]
    __name__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class PublicFunctionWithOut(Protocol[P]):
    """The same with one keyword more, `out`, which a ParamSpec cannot say."""

    op: Op
    method: Callable[P, Any]
    __name__: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class Op:
    """A composite: its definition and the templates made from it so far.

    Attributes:
        grad_name: class name of its tape entries (`AddBackward0`), or a function
            `(specs, static) -> name`.
        widen: compute in float32 where the inputs are float16 or bfloat16, and round the results.
    """

    def __init__(self, name: str, body: Callable[..., Any], layout: tuple[str, ...],
                 grad_name: str | Callable[..., str], widen: bool) -> None:
        self.name = name
        self.body = body
        self.layout = layout  # "v" value, "l" list of values, "s" static: one letter per parameter
        code: Any = body.__code__
        self.keywords = code.co_varnames[code.co_argcount:code.co_argcount
                                         + code.co_kwonlyargcount]
        self.grad_name = grad_name
        self.widen = widen
        self.templates: dict[Any, tuple[Template, type]] = {}

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def build(self, key: Any, specs: Sequence[Spec | None],
              static: tuple[Any, ...]) -> tuple[Template, type]:
        """Trace the definition for one signature."""
        present = [s for s in specs if s is not None]

        def body(*syms: Sym) -> Any:
            rest = iter(syms)
            return self.invoke([None if s is None else next(rest) for s in specs], static)
        run = _widened(body, present, static) if self.widen else body
        try:
            template = trace(self.name, run, present)
        except (AttributeError, KeyError, TypeError):
            self._require_present(specs)
            raise
        name = self.grad_name
        made = template, grad_class(name if isinstance(name, str) else name(specs, static))
        remember(self.templates, key, made)
        return made

    def _require_present(self, specs: Sequence[Spec | None]) -> None:
        """Name the parameter without a default for which None was given: it made the call fail."""
        if None not in specs or "l" in self.layout:
            return
        rest = iter(specs)
        parameters = inspect.signature(self.body).parameters.values()
        for position, (p, kind) in enumerate(zip(parameters, self.layout, strict=True), 1):
            if kind == "v" and next(rest) is None and p.default is p.empty:
                raise TypeError(f"{self.name}(): argument '{p.name}' (position {position}) must be "
                                "Tensor, not NoneType") from None

    def invoke(self, values: Sequence[Any], static: tuple[Any, ...],
               body: Callable[..., Any] | None = None) -> Any:
        """Call the definition, or another function in its place, with the arguments in order."""
        out: list[Any] = []
        v = s = 0
        for kind in self.layout:
            if kind == "v":
                out.append(values[v])
                v += 1
            elif kind == "s":
                out.append(static[s])
                s += 1
            else:
                n = static[s]
                out.append(tuple(values[v:v + n]))
                v, s = v + n, s + 1
        positional = len(out) - len(self.keywords)
        return (body or self.body)(*out[:positional],
                                   **dict(zip(self.keywords, out[positional:], strict=True)))


def _widened(body: Callable[..., Any], specs: Sequence[Spec],
             static: tuple[Any, ...]) -> Callable[..., Any]:
    if not any(s.dtype.is_reduced for s in specs):
        return body
    narrow = result_type_of([(s.dtype, 0 if s.weak else 2 if s.shape else 1) for s in specs])
    if any(isinstance(x, dtype) for x in static):
        narrow = float32  # the caller names the result's dtype

    def run(*syms: Sym) -> Any:
        wide = [ew.cast(x, dtype=float32) if x.dtype.is_reduced else x for x in syms]
        results = body(*wide)
        if not narrow.is_reduced:
            return results
        if isinstance(results, tuple):
            return tuple(_narrowed(r, narrow) for r in results)
        return _narrowed(results, narrow)
    return run


def _narrowed(x: Sym, d: dtype) -> Sym:
    if x.dtype is float32:
        out: Sym = ew.cast(x, dtype=d)
        return out
    return x


class SparseOperand(NotImplementedError):
    """A tensor in coordinate layout was asked for the value that it does not have."""

    def __init__(self, name: str = "the operation") -> None:
        super().__init__(f"{name} does not take tensors in the layout torch.sparse_coo; call "
                         ".to_dense() first")


# Does an op on tensors in coordinate layout; registered by package sparse.
sparse_answer: list[Callable[[Op, tuple[Any, ...], tuple[Any, ...]], Any]] = []


def record(op: Op, values: tuple[Any, ...], static: tuple[Any, ...] = ()) -> Any:
    """Apply an op to tensors and Python numbers; the resulting tensor, or a tuple of them."""
    if traces.stack:
        return op.invoke(values, static)
    if modes.autocast is not None:
        values = modes.autocast(op.name, values, static)
    inputs: list[Any] = []
    specs: list[Any] = []
    wrt: list[int] = []
    try:
        for v in values:
            if isinstance(v, TensorBase):
                node = v._node if v._seen == v._storage.clock else v._refresh()
                if v._rg:
                    wrt.append(len(inputs))
                inputs.append(node)
                specs.append(node.spec)
            elif v is None:
                specs.append(None)
            else:
                kind = type(v)
                if kind not in SCALARS:
                    v = _as_number(op, v, values)
                    kind = type(v)
                inputs.append(v)
                specs.append(SCALARS[kind])
    except SparseOperand:
        return sparse_answer[0](op, values, static)
    key = (static, *specs)
    try:
        found = op.templates.get(key)
    except TypeError:  # a list among the static arguments
        return record(op, values, tuple(_hashable(s) for s in static))
    template, cls = found or op.build(key, specs, static)
    if wrt and modes.grad:
        tensors = [v for v in values if v is not None]
        return tape(template, cls, tensors, tuple(inputs), tuple(wrt))
    return finish(apply(template, tuple(inputs)))


def autocast_first(name: str, *values: Any) -> tuple[Any, ...]:
    """The operands as autocast has them, for functions that check dtypes before they record."""
    return values if modes.autocast is None else modes.autocast(name, values, ())


def finish(made: Any) -> Any:
    """Tensors for freshly recorded nodes; runs them where a budget or eager mode says so."""
    if type(made) is Node:
        out: Any = wrap(made)
    else:
        out = tuple([wrap(n) for n in made])
    made = None
    if len(pending.nodes) > pending.max_nodes or pending.nbytes > pending.max_nbytes:
        realize.flush("eager" if pending.max_nodes == 0 else "budget")
    return out


def tape(template: Template, cls: type, tensors: Sequence[Any], inputs: tuple[Any, ...],
         wrt: tuple[int, ...]) -> Any:
    """Record an application together with its tape entry."""
    for i in wrt:
        storage = tensors[i]._storage
        if storage.dirty and tensors[i]._grad_fn is None:
            storage.dirty = False  # the first forward pass after an update by hand
            if storage.node.data is None:
                realize.flush("update by hand")
    if pending.forward is not None:
        pending.forward.note(tensors, inputs)
    made = apply(template, inputs)
    fn: GradFn = cls(template, wrt, tensors, inputs, made)
    made_tensors = finish(made)
    if type(made_tensors) is tuple:
        dependent = dependent_outputs(template, wrt)
        for k, t in enumerate(made_tensors):
            if t._node.spec.dtype.category >= 2 and dependent[k]:
                t._grad_fn, t._output_nr, t._rg = fn, k, True
        if fn.vjp.reads_outputs:
            for k, t in enumerate(made_tensors):
                fn.watch_output(k, t._storage.version)
        return made_tensors
    if fn.vjp.reads_outputs:
        fn.watch_output(0, made_tensors._storage.version)
    if made_tensors._node.spec.dtype.category >= 2:
        made_tensors._grad_fn, made_tensors._rg = fn, True
    return made_tensors


def _as_number(op: Op, v: Any, values: tuple[Any, ...]) -> Any:
    """A Python number for NumPy scalars and bool/int/float subclasses."""
    if hasattr(v, "item") and getattr(v, "ndim", 1) == 0:
        return v.item()
    kinds: tuple[Any, ...] = (bool, int, float, complex)
    for kind in kinds:
        if isinstance(v, kind):
            return kind(v)
    position = next(i for i, x in enumerate(values) if x is v)
    kind = type(v)
    name = f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__
    raise TypeError(f"{op.name}(): argument {_argument_name(op, position)} (position "
                    f"{position + 1}) must be Tensor, not {name}")


def _argument_name(op: Op, position: int) -> str:
    names = list(inspect.signature(op.body).parameters)
    return f"'{names[min(position, len(names) - 1)]}'"


def _hashable(x: Any) -> Any:
    return tuple(_hashable(i) for i in x) if isinstance(x, (list, tuple)) else x


# ---- the decorator -------------------------------------------------------------------------------

@overload
def op(body: Callable[P, Any], *, grad: str | Callable[..., str] | None = None,
       name: str | None = None, widen: bool = True,
       out: Literal[False] = False) -> PublicFunction[P]: ...


@overload
def op(body: Callable[P, Any], *, grad: str | Callable[..., str] | None = None,
       name: str | None = None, widen: bool = True,
       out: Literal[True]) -> PublicFunctionWithOut[P]: ...


@overload
def op(*, grad: str | Callable[..., str] | None = None, name: str | None = None,
       widen: bool = True,
       out: Literal[False] = False) -> Callable[[Callable[P, Any]], PublicFunction[P]]: ...


@overload
def op(*, grad: str | Callable[..., str] | None = None, name: str | None = None,
       widen: bool = True,
       out: Literal[True]) -> Callable[[Callable[P, Any]], PublicFunctionWithOut[P]]: ...


def op(body: Any = None, *, grad: str | Callable[..., str] | None = None, name: str | None = None,
       widen: bool = True, out: bool = False) -> Any:
    """Make a public function of a composite's definition.

    Args:
        body: the definition over symbolic values.
        grad: class name of its tape entries; default: the camel-cased name + `Backward0`.
        name: the op's name; default: the function's.
        widen: compute float16 and bfloat16 in float32. Default: True.
        out: give the function PyTorch's keyword `out`. Default: False.

    Returns:
        A function of tensors with the definition's signature; its attribute `op` is the `Op`, and
        `method` the same function without `out`, fit to be a method of Tensor.
    """
    def decorate(fn: Callable[P, Any]) -> Any:
        label = name or fn.__name__
        made = Op(label, fn, _kinds(fn), grad or _camel(label) + "Backward0", widen)
        method = _public_function(fn, made, False)
        public = _public_function(fn, made, True) if out else method
        public.method = method
        return public
    return decorate(body) if body is not None else decorate


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.strip("_").split("_"))


_KINDS = {"Value": "v", "Values": "l"}


def _kinds(fn: Any) -> tuple[str, ...]:
    """One letter per parameter: value, list of values, static."""
    code, notes = fn.__code__, fn.__annotations__
    names = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    return tuple([_KINDS.get(notes.get(n, ""), "s") for n in names])


class Signed:
    """What `inspect.signature` finds behind a public function: worked out only when asked for.

    Args:
        fn: the function whose signature it starts from.
        change: what is shown instead of it. Default: the same.
    """

    def __init__(self, fn: Any,
                 change: Callable[[inspect.Signature], inspect.Signature] | None = None) -> None:
        self.__wrapped__ = fn
        self.change = change

    @property
    def __signature__(self) -> inspect.Signature:
        fn = self.__wrapped__
        if isinstance(fn, Signed):
            signature = fn.__signature__
        else:
            own = getattr(fn, "__wrapped__", None) is self
            signature = inspect.signature(fn, follow_wrapped=not own)
        return self.change(signature) if self.change else signature


def with_out_shown(signature: inspect.Signature) -> inspect.Signature:
    """The signature with PyTorch's keyword `out` at its end."""
    last = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None)
    return signature.replace(parameters=[*signature.parameters.values(), last])


def _first_call(*args: Any, **kwargs: Any) -> Any:
    return complete()(*args, **kwargs)  # type: ignore[name-defined]  # noqa: F821


def _public_function(fn: Any, made: Op, with_out: bool) -> Any:
    """A function of tensors with the definition's signature.

    Its code is generated, so that a call costs no generic argument handling; and it is generated at
    the first call, so that importing hundreds of ops stays cheap.
    """
    scope: dict[str, Any] = {"record": record, "made": made, "write_out": write_out}
    public: Any = types.FunctionType(_first_call.__code__, scope, fn.__name__)

    def complete() -> Any:
        real = _generated(fn, made, with_out, scope)
        public.__defaults__, public.__kwdefaults__ = real.__defaults__, real.__kwdefaults__
        public.__code__ = real.__code__
        return public
    scope["complete"] = complete
    public.__wrapped__ = Signed(fn, with_out_shown if with_out else None)
    public.__doc__ = fn.__doc__
    public.__module__ = fn.__module__
    public.__qualname__ = fn.__qualname__
    public.__annotations__ = fn.__annotations__
    public.op = made
    return public


def _generated(fn: Any, made: Op, with_out: bool, scope: dict[str, Any]) -> Any:
    heads, values, static = [], [], []
    starred = False
    parameters = inspect.signature(fn).parameters.values()
    for p, kind in zip(parameters, made.layout, strict=True):
        head = p.name
        if p.kind is p.KEYWORD_ONLY and not starred:
            heads.append("*")
            starred = True
        if p.default is not p.empty:
            scope[f"default_{p.name}"] = p.default
            head += f"=default_{p.name}"
        heads.append(head)
        if kind == "v":
            values.append(p.name)
        elif kind == "l":
            values.append(f"*{p.name}")
            static.append(f"len({p.name})")
        else:
            static.append(p.name)
    call = (f"record(made, ({''.join(v + ', ' for v in values)}), "
            f"({''.join(s + ', ' for s in static)}))")
    if with_out:
        heads += ["out=None"] if starred else ["*", "out=None"]
        call = f"{call} if out is None else write_out(out, {call}, made.name)"
    source = f"def {fn.__name__}({', '.join(heads)}):\n    return {call}"
    exec(compile(source, f"<op {made.name}>", "exec"), scope)
    return scope[fn.__name__]


def write_out(out: Any, result: Any, name: str = "") -> Any:
    """Write a result (or several) into the tensors that the caller gave as `out`; returns them.

    Raises:
        RuntimeError: where autograd forbids it or the dtype does not fit.
    """
    if isinstance(result, tuple):
        return tuple([write_out(o, r, name) for o, r in zip(out, result, strict=True)])
    if not isinstance(out, TensorBase):
        raise TypeError(f"{name}{'(): ' * bool(name)}argument 'out' must be Tensor, "
                        f"not {type(out).__name__}")
    if modes.grad and (out._rg or result._rg):
        raise RuntimeError(f"{name}(): functions with out=... arguments don't support automatic "
                           "differentiation, but one of the arguments requires grad.")
    return _output_writer[0](out, result)


_output_writer: list[Callable[[Any, Any], Any]] = []  # registered by autograd.inplace
