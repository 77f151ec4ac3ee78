"""Forward mode: tangents travel along with the values while these are recorded.

Inside a level every application of a template to a value that has a tangent also records the
tangents of its results (`ops.pushforward`). Tangents belong to values (nodes), so views, writes in
place and backward passes carry them like everything else; they are themselves on the tape.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from ..graph import Node, pending
from ..ops.pushforward import pushforward_of
from .base import TensorBase, wrap
from .function import _zeros
from .node import replay
from .views import make_view

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual",
           "unpack_dual"]
F = TypeVar("F", bound=Callable[..., Any])


class _Level:
    """The tangents of a level, and where on the tape the values stand that they go with."""

    def __init__(self) -> None:
        self.tangents: dict[Node, Any] = {}
        self.primals: dict[Node, Any] = {}

    def carries(self, node: Node) -> bool:
        """Whether a value has a tangent."""
        return node in self.tangents

    def read(self, node: Node) -> None:
        """Values may be read as they are."""

    def nest(self) -> None:
        """Refuse a level inside this one."""
        raise RuntimeError("Nested forward mode AD is not supported at the moment")

    def text(self, tensor: Any) -> str | None:
        """The printed tangent of a tensor that has one."""
        found = self.tangents.get(tensor._value())
        return None if found is None else repr(found)

    def primal(self, node: Node) -> Any:
        """A value as a tensor without tangent, in its place of the tape if it has one."""
        known = self.primals.get(node)
        t = wrap(node) if known is None else known
        return _alias(t) if node in self.tangents else t

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """A block in which tangents do not travel: they have none themselves."""
        before, pending.forward = pending.forward, None
        try:
            yield
        finally:
            pending.forward = before

    def note(self, tensors: Sequence[Any], inputs: Sequence[Any]) -> None:
        """Remember the tensors behind the values of a taped application."""
        for t, node in zip(tensors, inputs, strict=True):
            if isinstance(t, TensorBase) and t._rg:
                self.primals[node] = t

    def push(self, template: Any, inputs: Sequence[Any], made: Sequence[Node]) -> None:
        """Record the tangents of an application's results."""
        wrt = tuple([i for i, x in enumerate(inputs) if type(x) is Node and x in self.tangents])
        if not wrt:
            return
        rule = pushforward_of(template, wrt)
        if not rule.places:
            return
        with self.paused():
            values = [self.primal(x) if type(x) is Node else x for x in inputs]
            found = replay(rule.template, "PushforwardBackward",
                           [*values, *[self.tangents[inputs[i]] for i in wrt]])
        for k, tangent in zip(rule.places, found, strict=True):
            self.tangents[made[k]] = tangent

    def apply(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a user's Function; the tangents of its results come from its `jvp`."""
        given = [self.tangents.get(a._value()) if isinstance(a, TensorBase) else None
                 for a in args]
        ctx = function._backward_cls()
        if all(t is None for t in given):
            return function._recorded(ctx, args, kwargs)
        with self.paused():
            output = function._recorded(ctx, args, kwargs)
            if ctx.materialize_grads:
                given = [_zeros(a._node.spec) if t is None and isinstance(a, TensorBase)
                         and a._node.spec.dtype.category >= 2 else t
                         for a, t in zip(args, given, strict=True)]
            found = function.jvp(ctx, *given)
        ctx.saved_for_forward = None
        many = isinstance(output, (tuple, list))
        for t, tangent in zip(output if many else (output,), found if many else (found,),
                              strict=True):
            if isinstance(t, TensorBase) and tangent is not None:
                self.tangents[t._value()] = tangent
        return output


def enter_dual_level() -> int:
    """Begin a level of forward mode; returns its number, 0.

    Raises:
        RuntimeError: inside another one: use `func.jvp` for higher derivatives.

    Source: torch.autograd.forward_ad.enter_dual_level
    """
    if pending.forward is not None:
        pending.forward.nest()
    pending.forward = _Level()
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level; its tangents are forgotten.

    Args:
        level: its number. Default: None, the present one.

    Raises:
        RuntimeError: where that is not the present level.

    Source: torch.autograd.forward_ad.exit_dual_level
    """
    if level is not None and level != _present():
        raise RuntimeError("Trying to exit a forward AD level that was not the last one that was "
                           "created. This is not supported.")
    if pending.forward is None:
        raise RuntimeError("Dual level must be a positive number.")
    pending.forward = None


def _present() -> int:
    return -1 if pending.forward is None else 0


def _alias(tensor: Any) -> Any:
    """The same tensor as a value of its own."""
    return make_view(tensor, (("reshape", tensor._node.spec.shape),), "ViewBackward0")


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A tensor together with its tangent: what is computed from it has a tangent, too.

    Args:
        tensor: the value, floating-point or complex.
        tangent: the direction of the derivative, of the same shape.
        level: default: None, the present level.

    Returns:
        A view of `tensor` that carries the tangent until the level ends.

    Raises:
        RuntimeError: outside a level, for another shape, or where `tensor` has a tangent.
        ValueError: for integers and booleans.

    Example:
        >>> import flambeau as torch
        >>> import flambeau.autograd.forward_ad as forward_ad
        >>> with forward_ad.dual_level():
        ...     x = forward_ad.make_dual(torch.tensor([2., 3.]), torch.tensor([1., 10.]))
        ...     forward_ad.unpack_dual(x * x).tangent
        tensor([ 4., 60.])

    Source: torch.autograd.forward_ad.make_dual
    """
    level = _present() if level is None else level
    if level < 0 or pending.forward is None:
        raise RuntimeError("Trying to create a dual Tensor for forward AD but no level exists, "
                           "make sure to enter_dual_level() first.")
    for label, t in (("primal", tensor), ("tangent", tangent)):
        if t._node.spec.dtype.category < 2:
            raise ValueError(f"Expected {label} to be floating point or complex, but got: "
                             f"{t.dtype}")
    have, given = tensor._node.spec.shape, tangent._node.spec.shape
    if have != given:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(have)} while the given "
            f"forward gradient is of size {list(given)}.")
    if pending.forward.carries(tensor._value()):
        raise RuntimeError("Making a dual Tensor based on a Tensor that already has a forward "
                           "gradient at the same level 0 is not supported.")
    dual = _alias(tensor)
    pending.forward.tangents[dual._value()] = tangent
    return dual


class UnpackedDualTensor(NamedTuple):
    """A tensor's value and its tangent (None: it has none)."""

    primal: Any
    tangent: Any


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """A tensor's value and its tangent, which is None where it has none.

    Args:
        tensor: any tensor.
        level: default: None, the present level.

    Returns:
        A pair (primal, tangent).

    Source: torch.autograd.forward_ad.unpack_dual
    """
    forward = pending.forward
    if (_present() if level is None else level) < 0 or forward is None:
        return UnpackedDualTensor(tensor, None)
    with forward.paused():
        primal = _alias(tensor)
    return UnpackedDualTensor(primal, forward.tangents.get(tensor._value()))


class dual_level:
    """A block, or a decorated function, in which tangents travel along (see `make_dual`).

    Source: torch.autograd.forward_ad.dual_level
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        exit_dual_level()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with dual_level():
                return function(*args, **kwargs)
        return decorated  # type: ignore[return-value]
