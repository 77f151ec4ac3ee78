"""`Function`: operations whose forward and backward the user writes."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from ..graph import Node, apply, pending, spec
from ..ops.define import Template, trace
from ..ops.movement import zeros
from .base import TensorBase, wrap
from .modes import enable_grad, modes, no_grad
from .node import _FREED, INFERENCE_SAVED, GradNode, Packed, edge_of, modified_in_place
from .views import make_view


class FunctionCtx:
    """What forward hands to backward."""

    saved_for_forward: tuple[Any, ...] | None = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Save tensors for backward; they come back as `ctx.saved_tensors`."""
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Save tensors for the forward-mode derivative `jvp`."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Any) -> None:
        """Say which inputs forward changes in place."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which outputs have no gradient."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether absent gradients reach backward as zeros (default) or as None."""
        self.materialize_grads = value


class _FunctionNode(FunctionCtx):
    """What a `Function` and the tape entries of its calls have in common."""

    materialize_grads = True
    to_save: tuple[Any, ...] = ()
    dirty_tensors: tuple[Any, ...] = ()
    non_differentiable: tuple[Any, ...] = ()
    needs_input_grad: tuple[bool, ...] = ()
    _saved: list[Any] | None = None

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors given to `save_for_backward`, or within `jvp` to `save_for_forward`.

        Raises:
            RuntimeError: after they were freed, or where one was modified in place since.
        """
        if self.saved_for_forward is not None:
            return self.saved_for_forward
        if self._saved is None:
            if not self.to_save:
                return ()
            raise RuntimeError(_FREED)
        me: Any = self
        return tuple([None if e is None else e.placed(me) if type(e) is Packed
                      else self._unpack(*e) for e in self._saved])

    saved_variables = saved_tensors

    def _unpack(self, t: Any, node: Node, cell: list[int], version: int, output: int) -> Any:
        if cell[0] != version:
            fn: Any = t._grad_fn if t is not None else self if output >= 0 else None
            name = fn.name() if fn is not None else ""
            raise RuntimeError(modified_in_place(node.spec, name, max(output, 0), cell[0], version))
        if t is not None:
            return t
        made = wrap(node)
        if output >= 0:
            made._grad_fn, made._output_nr, made._rg = self, output, True
        return made


class BackwardCFunction(_FunctionNode, GradNode):
    """The tape entry of a `Function` call, which is also its `ctx`."""

    _forward_cls: type[Function]
    _input_specs: tuple[Any, ...] = ()

    def __init__(self) -> None:
        GradNode.__init__(self, (), ())

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The tape entries that receive the gradients of the tensors among the inputs."""
        pairs = super().next_functions
        return tuple(p for p, s in zip(pairs, self._input_specs, strict=True) if s is not None)

    def _pack(self, outputs: Sequence[Any]) -> None:
        """Keep what was saved; an output without its tensor, which would refer back to here."""
        saved: list[Any] = []
        for t in self.to_save:
            if t is None:
                saved.append(None)
                continue
            if t._inference:
                raise RuntimeError(INFERENCE_SAVED)
            place = next((k for k, o in enumerate(outputs) if o is t), -1)
            if modes.saved:
                saved.append(Packed(t, place if t._rg else -1))
                continue
            cell = t._version_cell()
            sparse = t._sparse is not None  # has entries, and no value as a whole
            kept = t if place < 0 or sparse else None
            saved.append((kept, t._node if sparse else t._value(), cell, cell[0],
                          place if t._rg else -1))
        self._saved = saved
        self.to_save = (True,) if saved else ()

    def backward(self, cts: list[Any], differentiable: bool) -> Sequence[Any]:
        tensors = [self._incoming(c, s) for c, s in zip(cts, self.output_specs, strict=True)]
        with enable_grad() if differentiable else no_grad():
            grads = self._forward_cls.backward(self, *tensors)
        grads = list(grads) if isinstance(grads, (tuple, list)) else [grads]
        expected = len(self.edges)
        if len(grads) > expected and all(g is None for g in grads[expected:]):
            grads = grads[:expected]
        if len(grads) != expected:
            raise RuntimeError(f"function {self.name()} returned an incorrect number of gradients "
                               f"(expected {expected}, got {len(grads)})")
        return [self._outgoing(i, g) for i, g in enumerate(grads)]

    def apply(self, *args: Any) -> Any:
        """Run backward on gradients directly."""
        return self._forward_cls.backward(self, *args)

    def _incoming(self, ct: Any, s: Any) -> Any:
        if ct is None:
            return _zeros(s) if self.materialize_grads and s is not None else None
        return wrap(ct) if type(ct) is Node else ct

    def _outgoing(self, i: int, g: Any) -> Any:
        s = self._input_specs[i]
        if g is None or s is None:  # hooks see the gradients of inputs that need none, too
            return None
        if not isinstance(g, TensorBase):
            raise TypeError(f"expected Variable or None (got {type(g).__name__})")
        have = g._node.spec
        if have.shape != s.shape:
            g = self._summed(i, g, s)
        if have.dtype is not s.dtype and have.dtype.category >= 2:
            g = g.to(s.dtype)
        return g

    def _summed(self, i: int, g: Any, s: Any) -> Any:
        shape, target = g._node.spec.shape, s.shape
        lead = len(shape) - len(target)
        fits = lead >= 0 and all(n == m or m == 1
                                 for n, m in zip(shape[lead:], target, strict=True))
        if not fits:
            raise RuntimeError(f"Function {self.name()} returned an invalid gradient at index {i} "
                               f"- got {list(shape)} but expected shape compatible with "
                               f"{list(target)}")
        return g.sum_to_size(target)

    def release(self) -> None:
        self._saved = None


_zero_templates: dict[Any, Template] = {}


def _zeros(s: Any) -> Any:
    found = _zero_templates.get(s)
    if found is None:
        one = spec((), s.dtype)
        found = _zero_templates[s] = trace("zeros", lambda x: zeros(s.shape, x), [one])
    return wrap(apply(found, (0.0,)))


class _FunctionMeta(type):
    """Gives each Function its class of tape entries (`MyFunctionBackward`)."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        cls._backward_cls = type(name + "Backward", (BackwardCFunction,),
                                 {"_forward_cls": cls, "__module__": cls.__module__})
        super().__init__(name, bases, namespace)


class Function(_FunctionNode, metaclass=_FunctionMeta):
    """Base of operations with a derivative written by hand.

    Subclass it with static methods `forward(ctx, *inputs)` (or `forward(*inputs)` and
    `setup_context(ctx, inputs, output)`) and `backward(ctx, *grad_outputs)`; call it as
    `MyFunction.apply(*inputs)`.

    Example:
        >>> import flambeau as torch
        >>> class Exp(torch.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         y = x.exp()
        ...         ctx.save_for_backward(y)
        ...         return y
        ...     @staticmethod
        ...     def backward(ctx, grad):
        ...         y, = ctx.saved_tensors
        ...         return grad * y
        >>> x = torch.zeros(2, requires_grad=True)
        >>> Exp.apply(x).sum().backward()
        >>> x.grad
        tensor([1., 1.])
    """

    _backward_cls: type[BackwardCFunction]
    generate_vmap_rule = False
    register_hook = GradNode.register_hook
    register_prehook = GradNode.register_prehook

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself. Instantiating an autograd "
            "function will raise an error in a future version of PyTorch.",
            DeprecationWarning, stacklevel=2)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse the way of calling that early versions had."""
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)")

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The operation; overridden by subclasses."""
        raise NotImplementedError("You must implement the forward function for custom "
                                  "autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what backward needs, where forward does not take ctx; overridden by subclasses."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The derivative; overridden by subclasses."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD.")

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The forward-mode derivative; overridden by subclasses."""
        raise NotImplementedError("You must implement the jvp function for custom "
                                  "autograd.Function to use it with forward mode AD.")

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """How a batch of calls is done at once; `func.vmap` records one call per slice instead."""
        raise NotImplementedError("To use autograd.Function with vmap, you must either override "
                                  "the vmap staticmethod or set generate_vmap_rule=True.")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward on the inputs and tape the call."""
        if pending.forward is not None:
            return pending.forward.apply(cls, args, kwargs)
        return cls._recorded(cls._backward_cls(), args, kwargs)

    @classmethod
    def _recorded(cls, ctx: BackwardCFunction, args: tuple[Any, ...],
                  kwargs: dict[str, Any]) -> Any:
        tensors = [a if isinstance(a, TensorBase) else None for a in args]
        ctx.needs_input_grad = tuple([t is not None and t._rg for t in tensors])
        with no_grad():
            if cls.setup_context is Function.setup_context:
                output = cls.forward(ctx, *args, **kwargs)
            else:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
        if not (modes.grad and any(ctx.needs_input_grad)):
            for t in ctx.dirty_tensors:
                t._version_cell()[0] += 1
            return output
        return _taped(ctx, args, output)


def _taped(ctx: BackwardCFunction, args: tuple[Any, ...], output: Any) -> Any:
    many = isinstance(output, (tuple, list))
    outputs: list[Any] = list(output) if many else [output]
    inputs = {id(a) for a in args if isinstance(a, TensorBase)}
    dirty = {id(t) for t in ctx.dirty_tensors}
    passive = {id(t) for t in ctx.non_differentiable}
    ctx.edges = tuple([edge_of(a) if isinstance(a, TensorBase) and a._rg else None for a in args])
    ctx._input_specs = tuple([a._node.spec if isinstance(a, TensorBase) else None for a in args])
    ctx.output_specs = tuple([o._node.spec if isinstance(o, TensorBase) else None
                              for o in outputs])
    made: list[Any] = []
    for k, o in enumerate(outputs):
        if not isinstance(o, TensorBase) or id(o) in passive:
            made.append(o)
            continue
        if id(o) in dirty:
            if o._rg and o._grad_fn is None:
                raise RuntimeError("a leaf Variable that requires grad is being used in an "
                                   "in-place operation.")
        elif id(o) in inputs:
            o = make_view(o, (), "", track=False)
        if o._node.spec.dtype.category >= 2:
            o._grad_fn, o._output_nr, o._rg = ctx, k, True
        made.append(o)
    ctx.to_save = tuple([next((m for m, o in zip(made, outputs, strict=True)
                               if o is t and id(t) not in inputs), t) for t in ctx.to_save])
    for t in ctx.dirty_tensors:
        t._version_cell()[0] += 1
    ctx._pack(made)
    ctx.dirty_tensors = ctx.non_differentiable = ()
    if not many:
        return made[0]
    return tuple(made)


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a backward that cannot itself be differentiated: doing so raises an error."""
    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with no_grad():
            outputs = fn(ctx, *args)
        if not modes.grad or not any(isinstance(a, TensorBase) and a._rg for a in args):
            return outputs
        many = isinstance(outputs, tuple)
        results = [_Once.apply(o, *[a for a in args if isinstance(a, TensorBase)])
                   if isinstance(o, TensorBase) else o
                   for o in (outputs if many else (outputs,))]
        return tuple(results) if many else results[0]
    return wrapper


class _Once(Function):
    @staticmethod
    def forward(ctx: Any, value: Any, *others: Any) -> Any:
        return make_view(value, (), "", track=False)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with "
                           "@once_differentiable")
