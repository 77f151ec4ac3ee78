"""The tape seen from outside: its entries, hooks on what it saves, hooks on several gradients."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from .base import TensorBase
from .engine import running
from .modes import modes
from .node import AccumulateGrad, GradientEdge, GradNode, accumulator, edge_of

__all__ = ["GradientEdge", "Node", "allow_mutation_on_saved_tensors",
           "disable_saved_tensors_hooks", "get_gradient_edge", "increment_version",
           "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks"]


class Node(abc.ABC):
    """An entry of the tape, such as `tensor.grad_fn`; for `isinstance` only.

    Source: torch.autograd.graph.Node
    """

    @abc.abstractmethod
    def name(self) -> str:
        """The entry's name, `AddBackward0` and the like."""

    @property
    @abc.abstractmethod
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The entries that receive this one's gradients."""

    @property
    @abc.abstractmethod
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for the user's notes."""

    @abc.abstractmethod
    def register_hook(self, fn: Callable[..., Any]) -> Any:
        """Call fn(grad_inputs, grad_outputs) after the entry has run."""

    @abc.abstractmethod
    def register_prehook(self, fn: Callable[..., Any]) -> Any:
        """Call fn(grad_outputs) before the entry runs."""


Node.register(GradNode)
Node.register(AccumulateGrad)


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """The place of the tape that a tensor's gradient reaches; `autograd.grad` takes it as input.

    Args:
        tensor: a tensor that requires grad.

    Raises:
        RuntimeError: for other tensors.

    Source: torch.autograd.graph.get_gradient_edge
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does "
                           "not require gradients")
    entry, number = edge_of(tensor)
    return GradientEdge(accumulator(entry) if entry is tensor else entry, number)


def increment_version(tensor: Any) -> None:
    """Tell autograd that tensors were written to behind its back.

    Args:
        tensor: one tensor or several.

    Source: torch.autograd.graph.increment_version
    """
    tensors: Iterable[Any] = (tensor,) if isinstance(tensor, TensorBase) else tensor
    for t in tensors:
        t._version_cell()[0] += 1


# ---- hooks on what is saved ---------------------------------------------------------------------

class saved_tensors_hooks:
    """A block in which tensors saved for the backward pass go through a pair of hooks.

    Args:
        pack_hook: called with each saved tensor; what it returns is kept instead.
        unpack_hook: called with that when the backward pass needs the tensor; returns a tensor of
            the same values.

    Example:
        >>> import flambeau as torch
        >>> x = torch.tensor([2., 3.], requires_grad=True)
        >>> with torch.autograd.graph.saved_tensors_hooks(
        ...         lambda t: t.detach().numpy().copy(), torch.from_numpy):
        ...     y = (x * x).sum()
        >>> y.backward()
        >>> x.grad
        tensor([4., 6.])

    Source: torch.autograd.graph.saved_tensors_hooks
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if modes.no_saved is not None:
            raise RuntimeError(modes.no_saved)
        for hook in (self.pack_hook, self.unpack_hook):
            if not callable(hook):
                raise TypeError(f"expected a function as saved tensor hook, but got "
                                f"{type(hook).__name__}")
        modes.saved = (*modes.saved, (self._pack, self.unpack_hook))

    def __exit__(self, *args: object) -> None:
        modes.saved = modes.saved[:-1]

    def _pack(self, tensor: Any) -> Any:
        """Call the hook; what it computes is not itself saved through hooks."""
        before, modes.saved = modes.saved, ()
        try:
            return self.pack_hook(tensor)
        finally:
            modes.saved = before


class save_on_cpu(saved_tensors_hooks):
    """A block in which saved tensors are moved to the CPU: they are there already.

    Args:
        pin_memory: whether an accelerator can read the copies. Default: False.
        device_type: which accelerator. Default: "cuda".

    Source: torch.autograd.graph.save_on_cpu
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.detach().cpu(), lambda packed: packed)


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """A block in which `saved_tensors_hooks` raises a RuntimeError.

    Args:
        error_message: the error's text.

    Source: torch.autograd.graph.disable_saved_tensors_hooks
    """
    if modes.saved:
        raise RuntimeError(error_message)
    before, modes.no_saved = modes.no_saved, error_message
    try:
        yield
    finally:
        modes.no_saved = before


class _MutationContext:
    """What `allow_mutation_on_saved_tensors` gives: nothing is kept, values never change."""

    def clear(self) -> None:
        """Forget copies: there are none."""


@contextlib.contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_MutationContext]:
    """A block in which tensors saved for the backward pass may be written to afterwards.

    The backward pass sees the old values, which the tape holds in any case.

    Example:
        >>> import flambeau as torch
        >>> x = torch.zeros(2, requires_grad=True)
        >>> with torch.autograd.graph.allow_mutation_on_saved_tensors():
        ...     y = x.clone()
        ...     z = y.sin()
        ...     _ = y.fill_(100.)
        ...     z.sum().backward()
        >>> x.grad
        tensor([1., 1.])

    Source: torch.autograd.graph.allow_mutation_on_saved_tensors
    """
    if modes.mutation:
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    modes.mutation = True
    try:
        yield _MutationContext()
    finally:
        modes.mutation = False


# ---- hooks on several gradients -----------------------------------------------------------------

class _Handles:
    """Removes several hooks at once; also a context manager."""

    def __init__(self, handles: Sequence[Any]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        """Remove the hooks; doing so twice is harmless."""
        for handle in self.handles:
            handle.remove()

    def __enter__(self) -> _Handles:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def register_multi_grad_hook(tensors: Sequence[Any], fn: Callable[..., None], *,
                             mode: str = "all") -> _Handles:
    """Call a function once in each backward pass, when the gradients of tensors are known.

    Args:
        tensors: the tensors.
        fn: "all": called with a list of gradients, None for tensors that the pass does not reach;
            "any": called with the first gradient.
        mode: "all" or "any". Default: "all".

    Returns:
        A handle with `remove()`.

    Raises:
        ValueError: for another mode.

    Example:
        >>> import flambeau as torch
        >>> a = torch.ones(1, requires_grad=True)
        >>> b = torch.ones(1, requires_grad=True)
        >>> handle = torch.autograd.graph.register_multi_grad_hook((a, b), print)
        >>> (2 * a).backward()
        [tensor([2.]), None]

    Source: torch.autograd.graph.register_multi_grad_hook
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    if mode == "any":
        return _on_first(tensors, fn)
    targets = [edge_of(t)[0] for t in tensors]
    waiting: dict[int, list[Any]] = {}
    left: dict[int, int] = {}

    def listen(index: int) -> Callable[[Any], None]:
        def hook(grad: Any) -> None:
            walk = running[-1]
            if id(walk) not in waiting:
                waiting[id(walk)] = [None] * len(tensors)
                left[id(walk)] = sum([walk.will_reach(t) for t in targets])
            waiting[id(walk)][index] = grad
            left[id(walk)] -= 1
            if not left[id(walk)]:
                left.pop(id(walk))
                fn(waiting.pop(id(walk)))
        return hook
    return _Handles([t.register_hook(listen(i)) for i, t in enumerate(tensors)])


def _on_first(tensors: Sequence[Any], fn: Callable[..., None]) -> _Handles:
    last: list[Any] = [None]

    def hook(grad: Any) -> None:
        if last[0] is not running[-1]:
            last[0] = running[-1]
            fn(grad)
    return _Handles([t.register_hook(hook) for t in tensors if t.requires_grad])
