"""A module's own state: registering and looking up parameters, buffers and child modules."""

from __future__ import annotations

import inspect
import typing
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from flambeau.nn.parameter import Buffer, Parameter
from flambeau.tensor import Tensor
from flambeau.utils.hooks import RemovableHandle

T = TypeVar("T")
Hook = Callable[..., Any]

# Hooks common to all modules, called as something is registered; a result replaces it.
_global_buffer_registration_hooks: OrderedDict[int, Hook] = OrderedDict()
_global_module_registration_hooks: OrderedDict[int, Hook] = OrderedDict()
_global_parameter_registration_hooks: OrderedDict[int, Hook] = OrderedDict()


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, buffer) -> None | new buffer` as any buffer is registered.

    Args:
        hook: the function.

    Returns:
        A handle whose `remove()` takes the hook out.

    Source: torch.nn.modules.module.register_module_buffer_registration_hook
    """
    handle = RemovableHandle(_global_buffer_registration_hooks)
    _global_buffer_registration_hooks[handle.id] = hook
    return handle


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, child) -> None | new child` as any child is registered.

    Args:
        hook: the function.

    Returns:
        A handle whose `remove()` takes the hook out.

    Source: torch.nn.modules.module.register_module_module_registration_hook
    """
    handle = RemovableHandle(_global_module_registration_hooks)
    _global_module_registration_hooks[handle.id] = hook
    return handle


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, parameter) -> None | new one` as any parameter is registered.

    Args:
        hook: the function.

    Returns:
        A handle whose `remove()` takes the hook out.

    Source: torch.nn.modules.module.register_module_parameter_registration_hook
    """
    handle = RemovableHandle(_global_parameter_registration_hooks)
    _global_parameter_registration_hooks[handle.id] = hook
    return handle


def typename(obj: Any) -> str:
    """Name an object's type as error messages do: `int`, `torch.FloatTensor`, `numpy.ndarray`.

    Args:
        obj: anything.

    Returns:
        A tensor's `type()`; otherwise the qualified name, without `builtins`.
    """
    if isinstance(obj, Tensor):
        return str(obj.type())
    named = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(named, "__module__", None) or ""
    return named.__qualname__ if module in ("", "builtins") else f"{module}.{named.__qualname__}"


def _replaced_by_hooks(
    hooks: OrderedDict[int, Hook], module: ModuleAttributes, name: str, value: Any
) -> Any:
    for hook in hooks.values():
        output = hook(module, name, value)
        if output is not None:
            value = output
    return value


def part_of_module(part: type[T]) -> type[T]:
    """Name the methods of a part of `Module` as `Module.method`, for tracebacks and TypeErrors.

    Args:
        part: the class that holds them.

    Returns:
        The same class.
    """
    for name, method in vars(part).items():
        if inspect.isfunction(method):
            overloads = typing.get_overloads(method)
            method.__qualname__ = f"Module.{name}"
            for form in overloads:
                form.__qualname__ = method.__qualname__
                typing.overload(form)  # known under its new name, too
    return part


@part_of_module
class ModuleAttributes:
    """The part of `Module` that stores attributes; the names below are its whole state."""

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _non_persistent_buffers_set: set[str]
    _modules: dict[str, Any]
    _backward_pre_hooks: OrderedDict[int, Hook]
    _backward_hooks: OrderedDict[int, Hook]
    _is_full_backward_hook: bool | None
    _forward_hooks: OrderedDict[int, Hook]
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: OrderedDict[int, Hook]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]
    _state_dict_hooks: OrderedDict[int, Hook]
    _state_dict_pre_hooks: OrderedDict[int, Hook]
    _load_state_dict_pre_hooks: OrderedDict[int, Hook]
    _load_state_dict_post_hooks: OrderedDict[int, Hook]

    _HOOK_DICTIONARIES = (
        "_backward_pre_hooks",
        "_backward_hooks",
        "_forward_hooks",
        "_forward_hooks_with_kwargs",
        "_forward_hooks_always_called",
        "_forward_pre_hooks",
        "_forward_pre_hooks_with_kwargs",
        "_state_dict_hooks",
        "_state_dict_pre_hooks",
        "_load_state_dict_pre_hooks",
        "_load_state_dict_post_hooks",
    )

    def _initialize_state(self) -> None:
        # Written past __setattr__, which expects this state to exist.
        state = self.__dict__
        state["training"] = True
        state["_parameters"] = {}
        state["_buffers"] = {}
        state["_non_persistent_buffers_set"] = set()
        state["_is_full_backward_hook"] = None
        for name in self._HOOK_DICTIONARIES:
            state[name] = OrderedDict()
        state["_modules"] = {}

    def _check_new_name(self, kind: str, name: Any, present: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if name not in present and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    def register_buffer(
        self, name: str, tensor: Tensor | None, persistent: bool = True
    ) -> None:
        """Add a tensor that is kept and moved with the module but not trained.

        Args:
            name: the attribute under which it is found.
            tensor: the buffer; None reserves the name and is not saved.
            persistent: whether `state_dict` includes it.

        Raises:
            KeyError: the name is empty, has a dot or is taken.
            TypeError: `tensor` is not a tensor.

        Example:
            >>> import flambeau as torch
            >>> module = torch.nn.Module()
            >>> module.register_buffer("mean", torch.zeros(2))
            >>> module.mean
            tensor([0., 0.])

        Source: torch.nn.Module.register_buffer
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_new_name("buffer", name, self._buffers)
        if tensor is not None and not _is_tensor_like(tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = _replaced_by_hooks(
            _global_buffer_registration_hooks, self, name, tensor
        )
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter.

        Args:
            name: the attribute under which it is found.
            param: the parameter; None reserves the name.

        Raises:
            KeyError: the name is empty, has a dot or is taken.
            TypeError: `param` is not a `Parameter`.
            ValueError: `param` is the result of a differentiable operation.

        Source: torch.nn.Module.register_parameter
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_new_name("parameter", name, self._parameters)
        if param is None:
            self._parameters[name] = None
            return
        if not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        if param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, "
                "compute the value in the forward() method."
            )
        self._parameters[name] = _replaced_by_hooks(
            _global_parameter_registration_hooks, self, name, param
        )

    def add_module(self, name: str, module: Any) -> None:
        """Add a child module.

        Args:
            name: the attribute under which it is found.
            module: the child; None reserves the name.

        Raises:
            KeyError: the name is empty, has a dot or is taken.
            TypeError: `module` is not a `Module`.

        Source: torch.nn.Module.add_module
        """
        if not isinstance(module, ModuleAttributes) and module is not None:
            raise TypeError(f"{typename(module)} is not a Module subclass")
        if not isinstance(name, str):
            raise TypeError(f"module name should be a string. Got {typename(name)}")
        if hasattr(self, name) and name not in self._modules:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'module name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError('module name can\'t be empty string ""')
        self._modules[name] = _replaced_by_hooks(
            _global_module_registration_hooks, self, name, module
        )

    def register_module(self, name: str, module: Any) -> None:
        """Add a child module: another name of `add_module`.

        Args:
            name: the attribute under which it is found.
            module: the child; None reserves the name.
        """
        self.add_module(name, module)

    def __getattr__(self, name: str) -> Any:
        # Reached only when the ordinary lookup has failed. Written out: every forward comes here.
        state = self.__dict__
        if "_modules" in state:
            members = state["_parameters"]
            if name in members:
                return members[name]
            members = state["_modules"]
            if name in members:
                return members[name]
            members = state["_buffers"]
            if name in members:
                return members[name]
        if hasattr(type(self), name):
            # A property raised AttributeError: ask it again, for its own message.
            return object.__getattribute__(self, name)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        state = self.__dict__
        is_tensor = isinstance(value, Tensor)
        parameters = state.get("_parameters")
        if is_tensor and isinstance(value, Parameter):
            if parameters is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, state, self._buffers, self._modules)
            self.register_parameter(name, value)
        elif parameters is not None and name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as parameter '{name}' "
                    "(torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, value)
        elif isinstance(value, ModuleAttributes) or name in state.get("_modules", ()):
            self._set_child(name, value)
        elif (is_tensor and isinstance(value, Buffer)) or name in state.get("_buffers", ()):
            self._set_buffer(name, value)
        else:
            super().__setattr__(name, value)

    def _forget(self, name: str, *holders: dict[str, Any]) -> None:
        """Remove a name from where it was, before it becomes something else."""
        for holder in holders:
            holder.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _set_child(self, name: str, value: Any) -> None:
        children = self.__dict__.get("_modules")
        if isinstance(value, ModuleAttributes):
            if children is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, self.__dict__, self._parameters, self._buffers)
        elif value is not None:
            raise TypeError(
                f"cannot assign '{typename(value)}' as child module '{name}' "
                "(torch.nn.Module or None expected)"
            )
        self._modules[name] = _replaced_by_hooks(
            _global_module_registration_hooks, self, name, value
        )

    def _set_buffer(self, name: str, value: Any) -> None:
        if value is not None and not _is_tensor_like(value):
            raise TypeError(
                f"cannot assign '{typename(value)}' as buffer '{name}' "
                "(torch.nn.Buffer, torch.Tensor or None expected)"
            )
        if isinstance(value, Buffer):
            persistent = value.persistent
        else:
            persistent = name not in self.__dict__.get("_non_persistent_buffers_set", ())
        register = self.register_buffer
        overridden = type(self).register_buffer is not ModuleAttributes.register_buffer
        if not overridden or "persistent" in inspect.signature(register).parameters:
            register(name, value, persistent)
        elif persistent:
            register(name, value)
        else:
            raise RuntimeError(
                "Registering a non-persistent buffer on a Module subclass that implements "
                "register_buffer() without the persistent argument is not allowed."
            )

    def __delattr__(self, name: str) -> None:
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = [*dir(type(self)), *self.__dict__]
        names += [*self._parameters, *self._modules, *self._buffers]
        return sorted(name for name in names if not name[0].isdigit())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        # A module pickled by an older version may lack what came later.
        for name in self._HOOK_DICTIONARIES:
            self.__dict__.setdefault(name, OrderedDict())
        self.__dict__.setdefault("_non_persistent_buffers_set", set())
        self.__dict__.setdefault("_is_full_backward_hook", None)


def _is_tensor_like(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(value, "__torch_function__")
