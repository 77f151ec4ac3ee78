"""Modules that hold other modules: in sequence, in a list, in a dictionary."""

from __future__ import annotations

import operator
import warnings
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import groupby
from typing import Any, Self, overload

from flambeau.nn.modules._parameter_containers import ParameterDict, ParameterList, read_pairs
from flambeau.nn.modules.module import Module, _addindent

__all__ = [
    "Container",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
    "Sequential",
]


class Container(Module):
    """Children given by name; `Module` itself does all of it today.

    Args:
        kwargs: names and children.

    Source: torch.nn.Container
    """

    def __init__(self, **kwargs: Any) -> None:
        warnings.warn(
            "`nn.Container` is deprecated. All of its functionality is now implemented in "
            "`nn.Module`. Subclass that instead.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__()
        for name, module in kwargs.items():
            self.add_module(name, module)


class _NumberedModules(Module):
    """What `Sequential` and `ModuleList` share: children in order, found by position."""

    _modules: dict[str, Module]

    def _key_at(self, index: Any) -> str:
        """Return the name of the child at a position, which may count from the end."""
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"index {position} is out of range")
        return list(self._modules)[position]

    def __setitem__(self, idx: int, module: Module) -> None:
        setattr(self, self._key_at(idx), module)

    def __delitem__(self, idx: slice | int) -> None:
        keys = list(self._modules)[idx] if isinstance(idx, slice) else [self._key_at(idx)]
        for key in keys:
            delattr(self, key)
        self._modules = {str(i): module for i, module in enumerate(self._modules.values())}

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __getitem__(self, idx: Any) -> Any:
        return self._modules[self._key_at(idx)]

    def _insert_at(self, position: int, module: Module) -> None:
        for i in range(len(self), position, -1):
            self._modules[str(i)] = self._modules[str(i - 1)]
        self._modules[str(position)] = module

    def append(self, module: Module) -> Self:
        """Add a module at the end.

        Args:
            module: the module.

        Returns:
            This container.
        """
        self.add_module(str(len(self)), module)
        return self

    def pop(self, key: int | slice) -> Any:
        """Remove a module, or the modules of a slice.

        Args:
            key: the position, or a slice.

        Returns:
            The removed module, or a container of them.
        """
        removed = self[key]
        del self[key]
        return removed


class Sequential(_NumberedModules):
    """Modules called one after the other, each on the output of the one before.

    Args:
        args: the modules in order, or one `OrderedDict` of names to modules.

    Example:
        >>> import flambeau as torch
        >>> net = torch.nn.Sequential(torch.nn.Identity(), torch.nn.Identity())
        >>> net(torch.zeros(2))
        tensor([0., 0.])
        >>> len(net), net[-1]
        (2, Identity())

    Source: torch.nn.Sequential
    """

    @overload
    def __init__(self, *args: Module) -> None: ...

    @overload
    def __init__(self, arg: OrderedDict[str, Module], /) -> None: ...

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            named: Iterable[tuple[str, Any]] = args[0].items()
        else:
            named = ((str(i), module) for i, module in enumerate(args))
        for name, module in named:
            self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        """Call every module in order.

        Args:
            input: what the first module takes.

        Returns:
            The output of the last module.
        """
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, idx: slice | int) -> Any:
        if isinstance(idx, slice):
            return type(self)(OrderedDict(list(self._modules.items())[idx]))
        return super().__getitem__(idx)

    def __add__(self, other: Any) -> Sequential:
        _check_addend(other)
        return Sequential().extend(self).extend(other)

    def __iadd__(self, other: Any) -> Self:
        _check_addend(other)
        return self.extend(list(other))

    def __mul__(self, other: int) -> Sequential:
        _check_factor(self, other)
        return Sequential().extend(list(self) * other)

    def __rmul__(self, other: int) -> Sequential:
        return self * other

    def __imul__(self, other: int) -> Self:
        _check_factor(self, other)
        return self.extend(list(self) * (other - 1))

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before the one at a position.

        Args:
            index: the position; it may count from the end.
            module: the module.

        Returns:
            This container.

        Raises:
            IndexError: there is no such position.
        """
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        size = len(self)
        if not -size <= index <= size:
            raise IndexError(f"Index out of range: {index}")
        self._insert_at(index + size if index < 0 else index, module)
        return self

    def extend(self, sequential: Iterable[Module]) -> Self:
        """Add modules at the end.

        Args:
            sequential: the modules.

        Returns:
            This container.
        """
        for module in sequential:
            self.append(module)
        return self


def _check_addend(other: Any) -> None:
    if not isinstance(other, Sequential):
        raise ValueError(
            f"add operator supports only objects of Sequential class, but {type(other)} is given."
        )


def _check_factor(container: Sequential, factor: Any) -> None:
    if not isinstance(factor, int):
        raise TypeError(f"unsupported operand type(s) for *: {type(container)} and {type(factor)}")
    if factor <= 0:
        raise ValueError(f"Non-positive multiplication factor {factor} for {type(container)}")


class ModuleList(_NumberedModules):
    """Modules in a list; the module that holds the list sees their parameters.

    Args:
        modules: the modules to start with.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ModuleList([torch.nn.Identity() for _ in range(3)])
        ModuleList(
          (0-2): 3 x Identity()
        )

    Source: torch.nn.ModuleList
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, idx: slice | int) -> Any:
        if isinstance(idx, slice):
            return type(self)(list(self)[idx])
        return super().__getitem__(idx)

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList(self).extend(other)

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at a position.

        Args:
            index: the position.
            module: the module.
        """
        self._insert_at(index, module)

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end.

        Args:
            modules: the modules.

        Returns:
            This list.

        Raises:
            TypeError: `modules` is not iterable.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleList.extend should be called with an iterable, but got "
                + type(modules).__name__
            )
        for module in list(modules):
            self.append(module)
        return self

    def __repr__(self) -> str:
        lines = []
        position = 0
        for text, alike in groupby(repr(module) for module in self):
            count = len(list(alike))
            label = f"({position}): "
            if count > 1:
                label = f"({position}-{position + count - 1}): {count} x "
            lines.append(_addindent(label + text, 2))
            position += count
        if not lines:
            return f"{self._get_name()}()"
        body = "\n  ".join(lines)
        return f"{self._get_name()}(\n  {body}\n)"


class ModuleDict(Module):
    """Modules in a dictionary; the module that holds it sees their parameters.

    Args:
        modules: a mapping of names to modules, or pairs of them.

    Example:
        >>> import flambeau as torch
        >>> choices = torch.nn.ModuleDict({"same": torch.nn.Identity()})
        >>> choices["same"]
        Identity()

    Source: torch.nn.ModuleDict
    """

    _modules: dict[str, Module]

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Remove a module.

        Args:
            key: its name.

        Returns:
            The removed module.
        """
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Module]:
        """Return the pairs (name, module)."""
        return self._modules.items()

    def values(self) -> ValuesView[Module]:
        """Return the modules."""
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Add modules, replacing those of the same name.

        Args:
            modules: a mapping of names to modules, or pairs of them.

        Raises:
            TypeError: `modules` or one of its elements is not iterable.
            ValueError: an element is not a pair.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleDict.update should be called with an iterable of key/value pairs, but got "
                + type(modules).__name__
            )
        if isinstance(modules, (Mapping, ModuleDict)):
            pairs: Iterable[tuple[str, Any]] = modules.items()
        else:
            pairs = read_pairs(modules, "ModuleDict")
        for name, module in pairs:
            self[name] = module
