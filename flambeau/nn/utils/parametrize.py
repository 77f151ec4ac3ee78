"""Parametrizations: a parameter computed from other tensors by modules, each time it is read."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flambeau.autograd import no_grad
from flambeau.nn.modules.container import ModuleDict, ModuleList
from flambeau.nn.modules.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.tensor.tensor import Tensor

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]


class _Cache:
    """Computed values by (module, name) while some `cached` block is open."""

    depth = 0
    values: dict[tuple[int, str], Any] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Inside the block a parametrized tensor is computed once and then kept.

    Example:
        >>> import flambeau as torch
        >>> from flambeau.nn.utils import parametrize
        >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2))
        >>> with parametrize.cached():
        ...     print(layer.weight is layer.weight)
        True

    Source: torch.nn.utils.parametrize.cached
    """
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.values = {}


def _register(owner: Module, name: str, value: Tensor) -> None:
    if isinstance(value, Parameter):
        owner.register_parameter(name, value)
    else:
        owner.register_buffer(name, value)


def _overwrite(target: Tensor, value: Tensor) -> None:
    """Give a tensor another's values and shape."""
    with no_grad():
        target.data = value.detach().clone()


class ParametrizationList(ModuleList):
    """The chain of parametrizations of one tensor, with the tensor (or tensors) it starts from.

    Args:
        modules: the parametrizations; the first one is applied to the original.
        original: the tensor that is replaced.
        unsafe: do not check that shape and dtype stay as they are. Default: False.

    Source: torch.nn.utils.parametrize.ParametrizationList
    """

    original: Tensor
    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Tensor | Parameter,
                 unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, kind = original.shape, original.dtype
        with no_grad():
            new: Any = original
            for part in reversed(list(self)):
                if hasattr(part, "right_inverse"):
                    try:
                        new = part.right_inverse(new)
                    except NotImplementedError:
                        pass
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError("'right_inverse' must return a Tensor or a Sequence of tensors (list, "
                             f"tuple...). Got {type(new).__name__}")
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if isinstance(new, Tensor) else len(new)
        if isinstance(new, Tensor):
            self._keep_one(original, new)
        else:
            self._keep_many(original, new)
        if not unsafe:
            self._check_result(original, shape, kind)

    def _keep_one(self, original: Tensor, new: Tensor) -> None:
        if original.dtype != new.dtype:
            raise ValueError("When `right_inverse` outputs one tensor, it may not change the "
                             f"dtype.\noriginal.dtype: {original.dtype}\n"
                             f"right_inverse(original).dtype: {new.dtype}")
        if new is not original:
            _overwrite(original, new)
        _register(self, "original", original)

    def _keep_many(self, original: Tensor, new: Sequence[Tensor]) -> None:
        for index, part in enumerate(new):
            if not isinstance(part, Tensor):
                raise ValueError("'right_inverse' must return a Tensor or a Sequence of tensors "
                                 f"(list, tuple...). Got element {index} of the sequence with "
                                 f"type {type(part).__name__}.")
            value = Parameter(part) if isinstance(original, Parameter) else part
            value.requires_grad_(original.requires_grad)
            _register(self, f"original{index}", value)

    def _check_result(self, original: Tensor, shape: Any, kind: Any) -> None:
        result = self()
        if not isinstance(result, Tensor):
            raise ValueError("A parametrization must return a tensor. "
                             f"Got {type(result).__name__}.")
        if result.dtype != kind:
            raise ValueError("Registering a parametrization may not change the dtype of the "
                             "tensor, unless `unsafe` flag is enabled.\n"
                             f"unparametrized dtype: {kind}\nparametrized dtype: {result.dtype}")
        if result.shape != shape:
            raise ValueError("Registering a parametrization may not change the shape of the "
                             "tensor, unless `unsafe` flag is enabled.\n"
                             f"unparametrized shape: {shape}\n"
                             f"parametrized shape: {result.shape}")

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the parametrized tensor takes (about) a value.

        Args:
            value: the value.

        Source: torch.nn.utils.parametrize.ParametrizationList.right_inverse
        """
        with no_grad():
            new: Any = value
            for part in reversed(list(self)):
                if not hasattr(part, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(part).__name__} does not implement "
                                       "right_inverse.")
                new = part.right_inverse(new)
            if self.is_tensor:
                if not isinstance(new, Tensor):
                    raise ValueError("`right_inverse` should return a tensor. "
                                     f"Got {type(new).__name__}")
                _overwrite(self.original, new)
                return
            if len(new) != self.ntensors:
                raise ValueError("'right_inverse' must return a sequence of tensors of length "
                                 f"{self.ntensors}. Got a sequence of length {len(new)}.")
            for index, part in enumerate(new):
                _overwrite(getattr(self, f"original{index}"), part)

    def forward(self) -> Tensor:
        """The parametrized tensor."""
        if self.is_tensor:
            originals: tuple[Tensor, ...] = (self.original,)
        else:
            originals = tuple(getattr(self, f"original{i}") for i in range(self.ntensors))
        value: Tensor = self[0](*originals)
        for index in range(1, len(self)):
            value = self[index](value)
        return value


def _deep_copy(self: Module, memo: dict[int, Any]) -> Module:
    """A copy of a module with parametrizations, whose class is its own."""
    if id(self) in memo:
        found: Module = memo[id(self)]
        return found
    made = self.__class__.__new__(self.__class__)
    memo[id(self)] = made
    made.__dict__ = copy.deepcopy(self.__dict__, memo)
    return made


def _refuse_state(self: Module) -> None:
    raise RuntimeError("Serialization of parametrized modules is only supported through "
                       "state_dict().")


def _own_class(module: Module) -> None:
    """Give the module a class of its own, on which properties can be set."""
    base = module.__class__
    members: dict[str, Any] = {"__getstate__": _refuse_state}
    if not hasattr(base, "__deepcopy__"):
        members["__deepcopy__"] = _deep_copy
    module.__class__ = type(f"Parametrized{base.__name__}", (base,), members)


def _own_property(module: Module, name: str) -> None:
    """The property through which the module reads and writes the parametrized tensor."""
    def read(self: Any) -> Tensor:
        chain = self.parametrizations[name]
        if not _Cache.depth:
            made: Tensor = chain()
            return made
        key = (id(self), name)
        if key not in _Cache.values:
            _Cache.values[key] = chain()
        value: Tensor = _Cache.values[key]
        return value

    def write(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(module.__class__, name, property(read, write))


def register_parametrization(module: Module, tensor_name: str, parametrization: Module, *,
                             unsafe: bool = False) -> Module:
    """Compute a parameter or buffer of a module by another module, each time it is read.

    Args:
        module: the module.
        tensor_name: name of its parameter or buffer.
        parametrization: the module that is applied to the original tensor. A method
            `right_inverse` of it, where present, gives the original for a value.
        unsafe: allow it to change shape or dtype. Default: False.

    Returns:
        The module itself.

    Raises:
        ValueError: where the module has no such tensor, or shape or dtype change.

    Example:
        >>> import flambeau as torch
        >>> from flambeau.nn.utils import parametrize
        >>> class Square(torch.nn.Module):
        ...     def forward(self, x):
        ...         return x * x
        >>> layer = parametrize.register_parametrization(torch.nn.Linear(2, 2), "weight", Square())
        >>> bool((layer.weight >= 0).all())
        True

    Source: torch.nn.utils.parametrize.register_parametrization
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        chain: Any = module.parametrizations
        chain = chain[tensor_name]
        if not unsafe:
            _check_further(module, tensor_name, parametrization)
        chain.append(parametrization)
        chain.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        made = ParametrizationList([parametrization], original, unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _own_class(module)
            module.parametrizations = ModuleDict()
        _own_property(module, tensor_name)
        module.parametrizations[tensor_name] = made
    else:
        raise ValueError(f"Module '{module}' does not have a parameter, a buffer, or a "
                         f"parametrized element with name '{tensor_name}'")
    return module


def _check_further(module: Module, name: str, parametrization: Module) -> None:
    """A further parametrization keeps shape and dtype, as does its right inverse."""
    before = getattr(module, name)
    after = parametrization(before)
    if not isinstance(after, Tensor):
        raise ValueError("A parametrization must return a tensor. "
                         f"Got {type(after).__name__}.")
    if after.dtype != before.dtype:
        raise ValueError("Registering a parametrization may not change the dtype of the tensor, "
                         "unless the `unsafe` flag is enabled.\n"
                         f"module.{name}.dtype: {before.dtype}\n"
                         f"parametrization(module.{name}).dtype: {after.dtype}")
    if after.shape != before.shape:
        raise ValueError("Registering a parametrization may not change the shape of the tensor, "
                         "unless the `unsafe` flag is enabled.\n"
                         f"module.{name}.shape: {before.shape}\n"
                         f"parametrization(module.{name}).shape: {after.shape}")


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has a parametrization, of one tensor or of any.

    Args:
        module: the module.
        tensor_name: name of the tensor. Default: any.

    Returns:
        True or False.

    Source: torch.nn.utils.parametrize.is_parametrized
    """
    table = module._modules.get("parametrizations")
    if not isinstance(table, ModuleDict):
        return False
    return len(table) > 0 if tensor_name is None else tensor_name in table


def remove_parametrizations(module: Module, tensor_name: str,
                            leave_parametrized: bool = True) -> Module:
    """Make a parametrized tensor an ordinary parameter or buffer again.

    Args:
        module: the module.
        tensor_name: name of the tensor.
        leave_parametrized: keep the computed value; otherwise the original. Default: True.

    Returns:
        The module itself.

    Raises:
        ValueError: where the tensor is not parametrized, or the original cannot be left.

    Source: torch.nn.utils.parametrize.remove_parametrizations
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    table: Any = module.parametrizations
    chain = table[tensor_name]
    originals = list(chain.parameters(recurse=False)) + list(chain.buffers(recurse=False))
    original = originals[0]
    if leave_parametrized:
        with no_grad():
            value = getattr(module, tensor_name)
        if chain.is_tensor:
            _overwrite(original, value)
        else:
            kept = value.detach().clone()
            original = Parameter(kept) if isinstance(original, Parameter) else kept
            original.requires_grad_(originals[0].requires_grad)
    elif not chain.is_tensor:
        raise ValueError("Cannot leave unparametrized (`leave_parametrized=False`) a tensor that "
                         "is parametrized in terms of a sequence of tensors.")
    delattr(module.__class__, tensor_name)
    del table[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = module.__class__.__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The module's class without the one that parametrizations put before it.

    Args:
        module: the module.

    Returns:
        The class.

    Source: torch.nn.utils.parametrize.type_before_parametrizations
    """
    return module.__class__.__bases__[0] if is_parametrized(module) else module.__class__


def transfer_parametrizations_and_params(from_module: Module, to_module: Module,
                                         tensor_name: str | None = None) -> Module:
    """Give another module copies of a module's parametrizations and of their originals.

    Args:
        from_module: the parametrized module.
        to_module: the module that receives them.
        tensor_name: only this tensor's. Default: all.

    Returns:
        to_module.

    Source: torch.nn.utils.parametrize.transfer_parametrizations_and_params
    """
    if not is_parametrized(from_module):
        return to_module
    table: Any = from_module.parametrizations
    for name in [tensor_name] if tensor_name is not None else list(table):
        chain = table[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach().clone()))
        for part in chain:
            register_parametrization(to_module, name, copy.deepcopy(part), unsafe=chain.unsafe)
        made: Any = to_module.parametrizations
        made[name].load_state_dict(chain.state_dict())
    return to_module
