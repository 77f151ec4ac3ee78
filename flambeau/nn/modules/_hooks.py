"""Hooks on modules: registering them, for one module or for all, and calling with them."""

from __future__ import annotations

import functools
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from flambeau.nn.modules._attributes import ModuleAttributes, part_of_module
from flambeau.tensor import Tensor
from flambeau.utils.hooks import BackwardHook, RemovableHandle

if TYPE_CHECKING:
    from flambeau.nn.modules.module import Module

Hook = Callable[..., Any]

# Hooks common to all modules, called before those of the module itself.
_global_forward_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
_global_forward_hooks: OrderedDict[int, Hook] = OrderedDict()
_global_forward_hooks_with_kwargs: OrderedDict[int, bool] = OrderedDict()
_global_forward_hooks_always_called: OrderedDict[int, bool] = OrderedDict()
_global_backward_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
_global_backward_hooks: OrderedDict[int, Hook] = OrderedDict()


class _BackwardKind:
    """Whether the global backward hooks are full ones; None before the first."""

    is_full: bool | None = None


def _register(
    hooks: OrderedDict[int, Hook],
    hook: Hook,
    *,
    prepend: bool = False,
    flags: tuple[tuple[OrderedDict[int, bool], bool], ...] = (),
) -> RemovableHandle:
    """Put a hook into its dictionary, its flags into theirs, and return the handle of both."""
    handle = RemovableHandle(hooks, extra_dict=[flagged for flagged, _ in flags])
    hooks[handle.id] = hook
    for flagged, is_set in flags:
        if is_set:
            flagged[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, args) -> None | new args` before every forward of every module.

    Args:
        hook: the function; a result other than None replaces the positional arguments.

    Returns:
        A handle whose `remove()` takes the hook out.

    Source: torch.nn.modules.module.register_module_forward_pre_hook
    """
    return _register(_global_forward_pre_hooks, hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output) -> None | new output` after every forward.

    Args:
        hook: the function; with `with_kwargs` it is `hook(module, args, kwargs, output)`.
        with_kwargs: pass the keyword arguments too.
        always_call: call the hook even if the forward raises.

    Returns:
        A handle whose `remove()` takes the hook out.

    Example:
        >>> import flambeau as torch
        >>> show = lambda module, args, output: print(type(module).__name__)
        >>> with register_module_forward_hook(show):
        ...     output = torch.nn.Identity()(torch.zeros(1))
        Identity

    Source: torch.nn.modules.module.register_module_forward_hook
    """
    flags = (
        (_global_forward_hooks_with_kwargs, with_kwargs),
        (_global_forward_hooks_always_called, always_call),
    )
    return _register(_global_forward_hooks, hook, flags=flags)


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_output)` before the gradients pass back through any module.

    Args:
        hook: the function; a tuple that it returns replaces `grad_output`.

    Returns:
        A handle whose `remove()` takes the hook out.

    Source: torch.nn.modules.module.register_module_full_backward_pre_hook
    """
    return _register(_global_backward_pre_hooks, hook)


def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` for the last operation of every module.

    Args:
        hook: the function; see `Module.register_backward_hook`.

    Returns:
        A handle whose `remove()` takes the hook out.

    Raises:
        RuntimeError: global full backward hooks are in use.

    Source: torch.nn.modules.module.register_module_backward_hook
    """
    return _register_global_backward(hook, is_full=False)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` as gradients leave any module.

    Args:
        hook: the function; a tuple that it returns replaces `grad_input`.

    Returns:
        A handle whose `remove()` takes the hook out.

    Raises:
        RuntimeError: global backward hooks of the old kind are in use.

    Source: torch.nn.modules.module.register_module_full_backward_hook
    """
    return _register_global_backward(hook, is_full=True)


def _register_global_backward(hook: Hook, is_full: bool) -> RemovableHandle:
    if _BackwardKind.is_full is (not is_full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module "
            "hook. Please use only one of them."
        )
    _BackwardKind.is_full = is_full
    return _register(_global_backward_hooks, hook)


class WrappedHook:
    """A hook that gets its module as first argument without keeping it alive.

    Args:
        hook: the function.
        module: passed first if given; held weakly.
    """

    def __init__(self, hook: Hook, module: Any = None) -> None:
        functools.update_wrapper(self, hook)
        self._hold(hook, module)

    def _hold(self, hook: Hook, module: Any) -> None:
        self.hook = hook
        self.module = None if module is None else weakref.ref(module)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.module is None:
            return self.hook(*args, **kwargs)
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args, **kwargs)

    def __getstate__(self) -> tuple[Hook, bool, Any]:
        with_module = self.module is not None
        return self.hook, with_module, self.module() if self.module is not None else None

    def __setstate__(self, state: tuple[Hook, bool, Any]) -> None:
        hook, with_module, module = state
        if with_module and module is None:
            raise RuntimeError("You are trying to revive the hook of a dead Module!")
        functools.update_wrapper(self, hook)
        self._hold(hook, module)


@part_of_module
class HookMethods(ModuleAttributes):
    """The part of `Module` that registers hooks."""

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args) -> None | new args` before each forward.

        Args:
            hook: with `with_kwargs` it is `hook(module, args, kwargs) -> None | (args, kwargs)`.
            prepend: call it before the hooks already there.
            with_kwargs: pass the keyword arguments too.

        Returns:
            A handle whose `remove()` takes the hook out.

        Source: torch.nn.Module.register_forward_pre_hook
        """
        flags = ((self._forward_pre_hooks_with_kwargs, with_kwargs),)
        return _register(self._forward_pre_hooks, hook, prepend=prepend, flags=flags)

    def register_forward_hook(
        self,
        hook: Hook,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output) -> None | new output` after each forward.

        Args:
            hook: with `with_kwargs` it is `hook(module, args, kwargs, output)`.
            prepend: call it before the hooks already there.
            with_kwargs: pass the keyword arguments too.
            always_call: call the hook even if the forward raises.

        Returns:
            A handle whose `remove()` takes the hook out.

        Example:
            >>> import flambeau as torch
            >>> layer = torch.nn.Identity()
            >>> handle = layer.register_forward_hook(lambda module, args, output: output + 1)
            >>> layer(torch.zeros(2))
            tensor([1., 1.])

        Source: torch.nn.Module.register_forward_hook
        """
        flags = (
            (self._forward_hooks_with_kwargs, with_kwargs),
            (self._forward_hooks_always_called, always_call),
        )
        return _register(self._forward_hooks, hook, prepend=prepend, flags=flags)

    def register_full_backward_pre_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, grad_output)` before gradients pass back through the module.

        Args:
            hook: a tuple that it returns replaces `grad_output`.
            prepend: call it before the hooks already there.

        Returns:
            A handle whose `remove()` takes the hook out.

        Source: torch.nn.Module.register_full_backward_pre_hook
        """
        return _register(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` as gradients leave the module.

        Args:
            hook: a tuple that it returns replaces `grad_input`; entries of arguments that are
                not tensors are None.
            prepend: call it before the hooks already there.

        Returns:
            A handle whose `remove()` takes the hook out.

        Raises:
            RuntimeError: the module has backward hooks of the old kind.

        Source: torch.nn.Module.register_full_backward_hook
        """
        self._choose_backward_kind(is_full=True)
        return _register(self._backward_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` for the operation that made the output.

        Old: where a module is more than one operation, `grad_input` is that of the last one.
        `register_full_backward_hook` sees the module's own inputs.

        Args:
            hook: a tuple that it returns replaces `grad_input`.

        Returns:
            A handle whose `remove()` takes the hook out.

        Raises:
            RuntimeError: the module has full backward hooks.

        Source: torch.nn.Module.register_backward_hook
        """
        self._choose_backward_kind(is_full=False)
        return _register(self._backward_hooks, hook)

    def _choose_backward_kind(self, is_full: bool) -> None:
        if self._is_full_backward_hook is (not is_full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single "
                "Module. Please use only one of them."
            )
        self._is_full_backward_hook = is_full

    def _backward_hooks_of_kind(self, is_full: bool) -> list[Hook]:
        hooks: list[Hook] = []
        if _BackwardKind.is_full is is_full:
            hooks += _global_backward_hooks.values()
        if self._is_full_backward_hook is is_full:
            hooks += self._backward_hooks.values()
        return hooks


class HookedCall:
    """One call of a module that has hooks, or while global hooks exist.

    Args:
        module: the module.
        args: positional arguments of the call.
        kwargs: keyword arguments of the call.
    """

    def __init__(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.module = module
        self.args = args
        self.kwargs = kwargs
        self.result: Any = None
        self.called: set[int] = set()

    def run(self) -> Any:
        """Call the hooks and the forward in order; return the result."""
        try:
            self._call_in_order()
        except Exception:
            self._call_left_over_hooks()
            raise
        return self.result

    def _call_in_order(self) -> None:
        module = self.module
        old_backward_hooks = module._backward_hooks_of_kind(is_full=False)
        full_backward_hooks = module._backward_hooks_of_kind(is_full=True)
        pre_hooks = [*_global_backward_pre_hooks.values(), *module._backward_pre_hooks.values()]
        self._call_forward_pre_hooks()
        backward = None
        if full_backward_hooks or pre_hooks:
            backward = BackwardHook(module, full_backward_hooks, pre_hooks)
            self.args = backward.setup_input_hook(self.args)
        self.result = module.forward(*self.args, **self.kwargs)
        for hook_id, hook, with_kwargs, always_called in self._forward_hooks():
            if always_called:
                self.called.add(hook_id)
            self._call_forward_hook(hook, with_kwargs)
        if backward is not None:
            _warn_unless_tensors(self.result)
            self.result = backward.setup_output_hook(self.result)
        if old_backward_hooks:
            attach_old_backward_hooks(module, old_backward_hooks, self.args, self.result)

    def _call_forward_pre_hooks(self) -> None:
        module = self.module
        hooks = (*_global_forward_pre_hooks.items(), *module._forward_pre_hooks.items())
        for hook_id, hook in hooks:
            if hook_id in module._forward_pre_hooks_with_kwargs:
                replaced = hook(module, self.args, self.kwargs)
                if replaced is None:
                    continue
                if not (isinstance(replaced, tuple) and len(replaced) == 2):
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, "
                        f"new_kwargs), but got {replaced}."
                    )
                self.args, self.kwargs = replaced
            else:
                replaced = hook(module, self.args)
                if replaced is not None:
                    self.args = replaced if isinstance(replaced, tuple) else (replaced,)

    def _forward_hooks(self) -> Iterator[tuple[int, Hook, bool, bool]]:
        """Yield each forward hook: its id, itself, and whether with kwargs, whether always."""
        module = self.module
        for hooks, with_kwargs, always_called in (
            (
                _global_forward_hooks,
                _global_forward_hooks_with_kwargs,
                _global_forward_hooks_always_called,
            ),
            (
                module._forward_hooks,
                module._forward_hooks_with_kwargs,
                module._forward_hooks_always_called,
            ),
        ):
            for hook_id, hook in tuple(hooks.items()):
                yield hook_id, hook, hook_id in with_kwargs, hook_id in always_called

    def _call_forward_hook(self, hook: Hook, with_kwargs: bool) -> None:
        if with_kwargs:
            replaced = hook(self.module, self.args, self.kwargs, self.result)
        else:
            replaced = hook(self.module, self.args, self.result)
        if replaced is not None:
            self.result = replaced

    def _call_left_over_hooks(self) -> None:
        """After an exception, call the hooks that are always called and have not been."""
        for hook_id, hook, with_kwargs, always_called in self._forward_hooks():
            if not always_called or hook_id in self.called:
                continue
            try:
                self._call_forward_hook(hook, with_kwargs)
            except Exception as error:
                kind = "global module" if hook_id in _global_forward_hooks else "module"
                warnings.warn(
                    f"{kind} forward hook with ``always_call=True`` raised an exception that "
                    f"was silenced as another error was raised in forward: {error}",
                    stacklevel=4,
                )


def _warn_unless_tensors(result: Any) -> None:
    if not isinstance(result, (Tensor, tuple)):
        warnings.warn(
            "For backward hooks to be called, module output should be a Tensor or a tuple of "
            f"Tensors but received {type(result)}",
            stacklevel=5,
        )


def attach_old_backward_hooks(
    module: Module, hooks: list[Hook], args: tuple[Any, ...], result: Any
) -> None:
    """Attach hooks of the old kind to the operation that made the first tensor of a result.

    Args:
        module: given to the hooks.
        hooks: the hooks.
        args: the call's positional arguments.
        result: the call's result, a tensor or nested containers of them.
    """
    first = result
    while not isinstance(first, Tensor):
        if isinstance(first, dict):
            first = next(value for value in first.values() if isinstance(value, Tensor))
        else:
            first = first[0]
    node = first.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(WrappedHook(hook, module))
    doubt = _doubt_about_old_hook(args, result, node)
    if doubt:
        warnings.warn(doubt, FutureWarning, stacklevel=5)


_MISSING_OUTPUT = "This hook will be missing some grad_output."
_MISSING_INPUT = "This hook will be missing some grad_input."
_USE_FULL = "Please use register_full_backward_hook to get the documented behavior."
_DEPRECATED = "is deprecated and will be removed in future versions."


def _doubt_about_old_hook(args: tuple[Any, ...], result: Any, node: Any) -> str | None:
    """Say why a hook of the old kind will not see all of the module's gradients, if so."""
    results = (result,) if isinstance(result, Tensor) else result
    if not (isinstance(results, tuple) and all(isinstance(one, Tensor) for one in results)):
        return (
            "Using non-full backward hooks on a Module that does not return a single Tensor or "
            f"a tuple of Tensors {_DEPRECATED} This hook will be missing some of the "
            f"grad_output. {_USE_FULL}"
        )
    if not all(isinstance(one, Tensor) for one in args):
        return (
            "Using non-full backward hooks on a Module that does not take as input a single "
            f"Tensor or a tuple of Tensors {_DEPRECATED} This hook will be missing some of the "
            f"grad_input. {_USE_FULL}"
        )
    made_by = {one.grad_fn for one in results if one.grad_fn is not None}
    if not made_by or (len(made_by) == 1 and node not in made_by):
        return (
            "Using a non-full backward hook when outputs are nested in python data structure "
            f"{_DEPRECATED} {_MISSING_OUTPUT}"
        )
    if len(made_by) > 1:
        return (
            "Using a non-full backward hook when outputs are generated by different autograd "
            f"Nodes {_DEPRECATED} {_MISSING_OUTPUT} {_USE_FULL}"
        )
    if {one.grad_fn for one in args if one.grad_fn is not None} != {
        following[0] for following in node.next_functions
    }:
        return (
            "Using a non-full backward hook when the forward contains multiple autograd Nodes "
            f"{_DEPRECATED} {_MISSING_INPUT} {_USE_FULL}"
        )
    return None
