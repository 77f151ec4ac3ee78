"""Handles of registered hooks, and the hook that sees a module's gradients."""

from __future__ import annotations

import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from flambeau.autograd import Function, is_grad_enabled
from flambeau.tensor import Tensor

__all__ = ["BackwardHook", "RemovableHandle", "unserializable_hook", "warn_if_has_hooks"]

Gradients = tuple[Tensor | None, ...]


class RemovableHandle:
    """The receipt for a registered hook; `remove()` or leaving a `with` block takes the hook out.

    Args:
        hooks_dict: the dictionary that holds the hook under this handle's `id`.
        extra_dict: one more dictionary, or a list of them, keyed by the same `id`.

    Example:
        >>> from collections import OrderedDict
        >>> hooks = OrderedDict()
        >>> handle = RemovableHandle(hooks)
        >>> hooks[handle.id] = print
        >>> handle.remove()
        >>> len(hooks)
        0

    Source: torch.utils.hooks.RemovableHandle
    """

    id: int
    next_id: int = 0

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None) -> None:
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        if extra_dict is None:
            extra_dict = []
        elif not isinstance(extra_dict, list):
            extra_dict = [extra_dict]
        self._refer_to(hooks_dict, extra_dict)

    def _refer_to(self, hooks_dict: Any, extra_dicts: Sequence[Any]) -> None:
        # Weak references: a handle that outlives its module must not keep the module's hooks.
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        self.extra_dict_ref = tuple(weakref.ref(extra) for extra in extra_dicts)

    def remove(self) -> None:
        """Take the hook out of its dictionaries; a second call does nothing."""
        for reference in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self) -> tuple[Any, int, tuple[Any, ...]]:
        extra_dicts = tuple(reference() for reference in self.extra_dict_ref)
        return self.hooks_dict_ref(), self.id, extra_dicts

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        hooks_dict, self.id = state[:2]
        extra_dicts = state[2] if len(state) > 2 and state[2] is not None else ()
        if hooks_dict is None:
            hooks_dict = OrderedDict()
        self._refer_to(hooks_dict, [extra for extra in extra_dicts if extra is not None])
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def unserializable_hook(f: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a tensor hook as one that is knowingly lost when the tensor is saved.

    Args:
        f: the hook.

    Returns:
        The same hook.

    Source: torch.utils.hooks.unserializable_hook
    """
    f.__torch_unserializable__ = True  # type: ignore[attr-defined]
    return f


def warn_if_has_hooks(tensor: Tensor) -> None:
    """Warn about every hook of `tensor` that saving it would lose without a word.

    Args:
        tensor: the tensor about to be saved.

    Source: torch.utils.hooks.warn_if_has_hooks
    """
    for hook in (tensor._hooks or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, "
                "you can decorate the function with @torch.utils.hooks.unserializable_hook to "
                "suppress this warning",
                stacklevel=2,
            )


class BackwardHookFunction(Function):
    """The identity, put at a module's border so that its gradients can be seen there."""

    @staticmethod
    def forward(ctx: Any, *args: Tensor) -> tuple[Tensor, ...]:
        """Pass the tensors on; those without gradient stay without."""
        ctx.mark_non_differentiable(*[arg for arg in args if not arg.requires_grad])
        return args

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        """Pass the gradients back."""
        return grads


class _Border:
    """One side of a module call: how many values cross it, and which of them are tensors.

    `positions` is None while no gradient will cross this side.
    """

    def __init__(self) -> None:
        self.size = 0
        self.positions: list[int] | None = None

    def mark(self, values: Any, attach: Callable[[Any], None]) -> Any:
        """Return `values` with the tensors passed through one node, given to `attach`."""
        self.size = len(values)
        positions = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
        if not is_grad_enabled() or not any(values[i].requires_grad for i in positions):
            return values
        self.positions = positions
        marked = BackwardHookFunction.apply(*[values[i] for i in positions])
        attach(next(tensor.grad_fn for tensor in marked if tensor.grad_fn is not None))
        passed = list(values)
        for position, tensor in zip(positions, marked, strict=True):
            passed[position] = tensor
        return tuple(passed) if type(values) is tuple else type(values)(*passed)

    def spread(self, grads: Sequence[Tensor | None]) -> Gradients:
        """Put the tensors' gradients at their positions, None elsewhere."""
        full: list[Tensor | None] = [None] * self.size
        for position, grad in zip(self.positions or (), grads, strict=True):
            full[position] = grad
        return tuple(full)

    def collect(self, full: Sequence[Tensor | None]) -> Gradients:
        """Take the tensors' gradients back out: the inverse of `spread`."""
        return tuple(full[position] for position in self.positions or ())


class BackwardHook:
    """Calls the full backward hooks and pre-hooks of one module call.

    The inputs and the outputs are each passed through an identity node. Its hook at the outputs
    runs the pre-hooks and keeps `grad_output`; its hook at the inputs runs the hooks.

    Args:
        module: given to every hook.
        user_hooks: `hook(module, grad_input, grad_output) -> tuple | Tensor | None`.
        user_pre_hooks: `hook(module, grad_output) -> tuple | Tensor | None`.

    Source: torch.nn.Module.register_full_backward_hook
    """

    def __init__(
        self,
        module: Any,
        user_hooks: Sequence[Callable[..., Any]],
        user_pre_hooks: Sequence[Callable[..., Any]],
    ) -> None:
        self.module = module
        self.user_hooks = user_hooks
        self.user_pre_hooks = user_pre_hooks
        self.grad_outputs: Gradients | None = None
        self._inputs = _Border()
        self._outputs = _Border()

    def setup_input_hook(self, args: tuple[Any, ...]) -> Any:
        """Return the call's arguments, marked."""
        return self._inputs.mark(args, lambda node: node.register_hook(self._at_inputs))

    def setup_output_hook(self, args: Any) -> Any:
        """Return the call's result, marked."""
        values = args if isinstance(args, tuple) else (args,)
        values = self._outputs.mark(values, lambda node: node.register_hook(self._at_outputs))
        return values if isinstance(args, tuple) else values[0]

    def _at_inputs(self, grad_input: Gradients, _: Gradients) -> Gradients | None:
        if self.grad_outputs is None:  # the outputs took no part in this backward pass
            return None
        grads = self._inputs.spread(grad_input)
        for hook in self.user_hooks:
            replaced = hook(self.module, grads, self.grad_outputs)
            if replaced is None:
                continue
            if len(replaced) != len(grads):
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, got "
                    f"{len(replaced)}, but expected {len(grads)}"
                )
            grads = replaced
        self.grad_outputs = None
        return self._inputs.collect(grads)

    def _at_outputs(self, _: Gradients, grad_output: Gradients) -> Gradients | None:
        grads = self._outputs.spread(grad_output)
        for hook in self.user_pre_hooks:
            replaced = hook(self.module, grads)
            if replaced is None:
                continue
            if len(replaced) != len(grads):
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, got "
                    f"{len(replaced)}, but expected {len(grads)}"
                )
            grads = replaced
        self.grad_outputs = grads
        if self._inputs.positions is None:
            self._fire_without_inputs(grads)
        return self._outputs.collect(grads)

    def _fire_without_inputs(self, grad_outputs: Gradients) -> None:
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module "
            "outputs since no inputs require gradients. See https://docs.pytorch.org/docs/main/"
            "generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_hook "
            "for more details.",
            stacklevel=5,
        )
        for hook in self.user_hooks:
            replaced = hook(self.module, (None,) * self._inputs.size, grad_outputs)
            is_none = replaced is None or (
                isinstance(replaced, tuple) and all(grad is None for grad in replaced)
            )
            if not is_none:
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always "
                    "return None or None for all gradients."
                )
        self.grad_outputs = None
