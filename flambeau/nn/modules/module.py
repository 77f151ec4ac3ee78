"""The base class of all modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.nn.modules._attributes import (
    _global_buffer_registration_hooks,
    _global_module_registration_hooks,
    _global_parameter_registration_hooks,
    register_module_buffer_registration_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from flambeau.nn.modules._conversion import ConversionMethods
from flambeau.nn.modules._hooks import (
    HookedCall,
    HookMethods,
    _global_backward_hooks,
    _global_backward_pre_hooks,
    _global_forward_hooks,
    _global_forward_hooks_always_called,
    _global_forward_hooks_with_kwargs,
    _global_forward_pre_hooks,
    register_module_backward_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
)
from flambeau.nn.modules._notes import note_module_path
from flambeau.nn.modules._state import StateMethods, _IncompatibleKeys
from flambeau.nn.modules._traversal import TraversalMethods

__all__ = [
    "Module",
    "_IncompatibleKeys",
    "_addindent",
    "_global_backward_hooks",
    "_global_backward_pre_hooks",
    "_global_buffer_registration_hooks",
    "_global_forward_hooks",
    "_global_forward_hooks_always_called",
    "_global_forward_hooks_with_kwargs",
    "_global_forward_pre_hooks",
    "_global_module_registration_hooks",
    "_global_parameter_registration_hooks",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]


def _addindent(s_: str, numSpaces: int) -> str:
    """Indent every line of a text but the first; blank lines become empty."""
    first, *rest = s_.split("\n")
    indent = " " * numSpaces
    return "\n".join([first, *(indent + line if line.strip() else "" for line in rest)])


def _forward_unimplemented(self: Module, *input: Any) -> None:
    raise NotImplementedError(
        f'Module [{type(self).__name__}] is missing the required "forward" function'
    )


class Module(ConversionMethods, StateMethods, HookMethods, TraversalMethods):
    """A part of a network: parameters, buffers, child modules, and a `forward` that uses them.

    Assigning a `Parameter`, a `Buffer` or another module to an attribute registers it. Calling
    the module calls `forward` between the hooks. An exception that leaves the call carries a
    note with the failed module's place in the model.

    Args:
        args: passed to the next base class if `call_super_init` is True; otherwise not accepted.
        kwargs: the same.

    Example:
        >>> import flambeau as torch
        >>> class Scale(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.factor = torch.nn.Parameter(torch.tensor(2.0))
        ...
        ...     def forward(self, input):
        ...         return self.factor * input
        >>> scale = Scale()
        >>> scale(torch.ones(2)).tolist()
        [2.0, 2.0]
        >>> [name for name, _ in scale.named_parameters()]
        ['factor']

    Source: torch.nn.Module
    """

    dump_patches: bool = False
    call_super_init: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            name = type(self).__name__
            if kwargs:
                raise TypeError(
                    f"{name}.__init__() got an unexpected keyword argument "
                    f"'{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were "
                    "given"
                )
        self._initialize_state()
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    forward: Callable[..., Any] = _forward_unimplemented

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if not (
                self._backward_hooks
                or self._backward_pre_hooks
                or self._forward_hooks
                or self._forward_pre_hooks
                or _global_forward_hooks
                or _global_forward_pre_hooks
                or _global_backward_hooks
                or _global_backward_pre_hooks
            ):
                return self.forward(*args, **kwargs)
            return HookedCall(self, args, kwargs).run()
        except Exception as error:
            note_module_path(error, self)
            raise

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Accept PyTorch's request to compile; whole steps are compiled anyway once hot.

        Args:
            args: not needed.
            kwargs: not needed.

        Source: torch.nn.Module.compile
        """

    def extra_repr(self) -> str:
        """Return what `repr` shows between the parentheses; a class overrides it.

        Returns:
            One line, or several.

        Source: torch.nn.Module.extra_repr
        """
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [
            f"({name}): {_addindent(repr(module), 2)}" for name, module in self._modules.items()
        ]
        if not extra_lines and not child_lines:
            return f"{self._get_name()}()"
        if len(extra_lines) == 1 and not child_lines:
            return f"{self._get_name()}({extra_lines[0]})"
        body = "\n  ".join(extra_lines + child_lines)
        return f"{self._get_name()}(\n  {body}\n)"
