"""A module's state as a dictionary of tensors: `state_dict` and `load_state_dict`."""

from __future__ import annotations

import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Mapping
from typing import Any, cast

from flambeau.autograd import no_grad
from flambeau.nn.modules._attributes import Hook, ModuleAttributes, _is_tensor_like, part_of_module
from flambeau.nn.modules._hooks import WrappedHook
from flambeau.nn.parameter import Parameter, is_lazy
from flambeau.tensor import Tensor
from flambeau.utils.hooks import RemovableHandle

_EXTRA_STATE_KEY_SUFFIX = "_extra_state"

_UNREACHABLE = (
    "Reached a code path in Module.{name}() that should never be called. Please file an issue at "
    "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml to report this bug."
)


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` found missing and what it found too much."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


@part_of_module
class StateMethods(ModuleAttributes):
    """The part of `Module` that saves and loads its state."""

    _version: int = 1

    def get_extra_state(self) -> Any:
        """Return what `state_dict` should hold beside tensors; a class may override it.

        Returns:
            Anything that can be pickled.

        Source: torch.nn.Module.get_extra_state
        """
        raise RuntimeError(_UNREACHABLE.format(name="get_extra_state"))

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` returned; a class that overrides one does both.

        Args:
            state: the loaded object.

        Source: torch.nn.Module.set_extra_state
        """
        raise RuntimeError(_UNREACHABLE.format(name="set_extra_state"))

    def _register_state_dict_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata) -> None | new state_dict`."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was "
                "previously registered via register_state_dict_post_hook"
            )
        handle = RemovableHandle(self._state_dict_hooks)
        self._state_dict_hooks[handle.id] = hook
        return handle

    def register_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` after the state is collected.

        Args:
            hook: may change the dictionary in place; returns None.

        Returns:
            A handle whose `remove()` takes the hook out.

        Source: torch.nn.Module.register_state_dict_post_hook
        """
        hook._from_public_api = True  # type: ignore[attr-defined]
        handle = RemovableHandle(self._state_dict_hooks)
        self._state_dict_hooks[handle.id] = hook
        return handle

    def register_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before the state is collected.

        Args:
            hook: the function.

        Returns:
            A handle whose `remove()` takes the hook out.

        Source: torch.nn.Module.register_state_dict_pre_hook
        """
        handle = RemovableHandle(self._state_dict_pre_hooks)
        self._state_dict_pre_hooks[handle.id] = hook
        return handle

    def _register_load_state_dict_pre_hook(
        self, hook: Hook, with_module: bool = False
    ) -> RemovableHandle:
        handle = RemovableHandle(self._load_state_dict_pre_hooks)
        self._load_state_dict_pre_hooks[handle.id] = WrappedHook(
            hook, self if with_module else None
        )
        return handle

    def register_load_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call a hook before this module's part of a state is loaded.

        Args:
            hook: `hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
                unexpected_keys, error_msgs) -> None`; may change the dictionary.

        Returns:
            A handle whose `remove()` takes the hook out.

        Source: torch.nn.Module.register_load_state_dict_pre_hook
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def register_load_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` after the state is loaded.

        Args:
            hook: may change the two lists of keys in place; returns None.

        Returns:
            A handle whose `remove()` takes the hook out.

        Source: torch.nn.Module.register_load_state_dict_post_hook
        """
        handle = RemovableHandle(self._load_state_dict_post_hooks)
        self._load_state_dict_post_hooks[handle.id] = hook
        return handle

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Write this module's own parameters, persistent buffers and extra state."""
        for name, tensor in (*self._parameters.items(), *self._buffers.items()):
            if tensor is not None and name not in self._non_persistent_buffers_set:
                destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not StateMethods.get_extra_state:
            destination[prefix + _EXTRA_STATE_KEY_SUFFIX] = self.get_extra_state()

    def state_dict(
        self,
        *args: Any,
        destination: Any = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> Any:
        """Collect the parameters and persistent buffers of the tree.

        Args:
            args: the same three by position, deprecated.
            destination: the dictionary to write into; a new one by default.
            prefix: put before every name.
            keep_vars: leave the tensors attached to autograd.

        Returns:
            Dotted names to tensors, which share their memory with the module.

        Example:
            >>> import flambeau as torch
            >>> module = torch.nn.Module()
            >>> module.weight = torch.nn.Parameter(torch.zeros(1))
            >>> dict(module.state_dict())
            {'weight': tensor([0.])}

        Source: torch.nn.Module.state_dict
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html#"
                "torch.nn.Module.state_dict for details.",
                FutureWarning,
                stacklevel=2,
            )
            destination = args[0] if destination is None else destination
            prefix = args[1] if len(args) > 1 and prefix == "" else prefix
            keep_vars = args[2] if len(args) > 2 and keep_vars is False else keep_vars
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}{name}."
                module.state_dict(destination=destination, prefix=path, keep_vars=keep_vars)
        return self._call_state_dict_hooks(destination, prefix, local_metadata)

    def _call_state_dict_hooks(
        self, destination: Any, prefix: str, local_metadata: dict[str, Any]
    ) -> Any:
        for hook in self._state_dict_hooks.values():
            replaced = hook(self, destination, prefix, local_metadata)
            if replaced is None:
                continue
            if getattr(hook, "_from_public_api", False):
                raise RuntimeError("state_dict post-hook must return None")
            destination = replaced
        return destination

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module's own part; a class overrides it to read states of older versions."""
        for hook in self._load_state_dict_pre_hooks.values():
            hook(
                state_dict,
                prefix,
                local_metadata,
                strict,
                missing_keys,
                unexpected_keys,
                error_msgs,
            )
        assign = local_metadata.get("assign_to_params_buffers", False)
        expected = self._expected_state()
        for name, current in expected.items():
            key = prefix + name
            if key in state_dict:
                problem = self._load_tensor(name, key, current, state_dict[key], assign)
                if problem is not None:
                    error_msgs.append(problem)
            elif strict:
                missing_keys.append(key)
        self._load_extra_state(state_dict, prefix, strict, missing_keys, unexpected_keys)
        if strict:
            unexpected_keys += self._unexpected_keys(state_dict, prefix, expected)

    def _expected_state(self) -> dict[str, Tensor]:
        own = {**self._parameters, **self._buffers}
        return {
            name: tensor
            for name, tensor in own.items()
            if tensor is not None and name not in self._non_persistent_buffers_set
        }

    def _load_tensor(
        self, name: str, key: str, current: Tensor, incoming: Any, assign: bool
    ) -> str | None:
        """Load one parameter or buffer; return what is wrong, if anything."""
        if not _is_tensor_like(incoming):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or '
                f"Tensor-like object from checkpoint but received {type(incoming)}"
            )
        if not is_lazy(current):
            if len(current.shape) == 0 and tuple(incoming.shape) == (1,):
                incoming = incoming[0]  # scalars were saved as vectors of one by old versions
            if incoming.shape != current.shape:
                return (
                    f"size mismatch for {key}: copying a param with shape {incoming.shape} from "
                    f"checkpoint, the shape in current model is {current.shape}."
                )
        try:
            with no_grad():
                if assign:
                    setattr(self, name, _as_replacement(current, incoming))
                else:
                    current.copy_(incoming)
        except Exception as error:
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model are '
                f"{current.size()} and whose dimensions in the checkpoint are "
                f"{incoming.size()}, an exception occurred : {error.args}."
            )
        return None

    def _load_extra_state(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
    ) -> None:
        key = prefix + _EXTRA_STATE_KEY_SUFFIX
        if type(self).set_extra_state is not StateMethods.set_extra_state:
            if key in state_dict:
                self.set_extra_state(state_dict[key])
            elif strict:
                missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)

    def _unexpected_keys(
        self, state_dict: dict[str, Any], prefix: str, expected: dict[str, Tensor]
    ) -> list[str]:
        unexpected = []
        for key in state_dict:
            if not key.startswith(prefix) or key == prefix + _EXTRA_STATE_KEY_SUFFIX:
                continue
            name, dot, _ = key[len(prefix) :].partition(".")
            if name not in (self._modules if dot else expected):
                unexpected.append(key)
        return unexpected

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Load what `state_dict` collected from a module of the same structure.

        Args:
            state_dict: dotted names to tensors.
            strict: raise if names are missing or too many.
            assign: take over the given tensors instead of copying their values.

        Returns:
            The missing and the unexpected names.

        Raises:
            TypeError: `state_dict` is not a mapping.
            RuntimeError: a shape differs, or with `strict` the names do.

        Source: torch.nn.Module.load_state_dict
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        loading = _Loading(state_dict, assign)
        loading.load(self, loading.state_dict, "")
        keys = loading.incompatible_keys
        errors = loading.error_msgs
        if strict:
            for kind, names in (("Unexpected", keys[1]), ("Missing", keys[0])):
                if names:
                    quoted = ", ".join(f'"{name}"' for name in names)
                    errors.insert(0, f"{kind} key(s) in state_dict: {quoted}. ")
        if errors:
            listed = "\n\t".join(errors)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}"
            )
        return keys


def _as_replacement(current: Tensor, incoming: Tensor) -> Tensor:
    """Return the tensor that takes the place of `current`: a parameter if that was one."""
    if not isinstance(current, Parameter):
        return incoming
    if not isinstance(incoming, Parameter):
        return Parameter(incoming, requires_grad=current.requires_grad)
    return incoming.requires_grad_(current.requires_grad)


class _Loading:
    """One `load_state_dict` on its way through the tree.

    Args:
        state_dict: what is loaded.
        assign: whether tensors are taken over instead of copied.
    """

    def __init__(self, state_dict: Mapping[str, Any], assign: bool) -> None:
        # A copy: overridden `_load_from_state_dict` rename and drop keys in place.
        self.state_dict = cast(Any, OrderedDict(state_dict))
        self.metadata = getattr(state_dict, "_metadata", None)
        if self.metadata is not None:
            self.state_dict._metadata = self.metadata
        self.assign = assign
        self.incompatible_keys = _IncompatibleKeys([], [])
        self.error_msgs: list[str] = []

    def load(self, module: Any, state_dict: dict[str, Any], prefix: str) -> None:
        """Load one module, then its children, then call its post-hooks."""
        metadata = {} if self.metadata is None else self.metadata.get(prefix[:-1], {})
        if self.assign:
            metadata["assign_to_params_buffers"] = True
        module._load_from_state_dict(
            state_dict, prefix, metadata, True, *self.incompatible_keys, self.error_msgs
        )
        for name, child in module._modules.items():
            if child is not None:
                path = f"{prefix}{name}."
                own = {key: value for key, value in state_dict.items() if key.startswith(path)}
                self.load(child, own, path)
        for hook in module._load_state_dict_post_hooks.values():
            if hook(module, self.incompatible_keys) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not "
                    "expected to return new values, if incompatible_keys need to be modified, "
                    "it should be done inplace."
                )
