"""Names of classes: which ones a file may use, and flambeau's classes under PyTorch's names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType, TracebackType
from typing import Any

from .errors import blocked_global, refused_global, unknown_global

_OWN = __name__.partition(".")[0]
# PyTorch's packages and the packages here that hold the same names.
_COUNTERPARTS = {"torch": _OWN, "torchvision": f"{_OWN}.vision"}
_FUNCTION_MODULES = ("torch.nn.functional", "torch._C._nn")
_BLOCKED = ("sys", "os", "posix", "nt")
# Classes of the standard library that are plain records; every other one needs `safe_globals`.
_PLAIN_RECORDS = ("argparse.Namespace",)

SafeGlobal = Any  # a class, or (class, dotted name in the file)


@dataclass(slots=True)
class _SafeGlobals:
    entries: set[SafeGlobal] = field(default_factory=set)


_safe = _SafeGlobals()


def add_safe_globals(safe_globals: list[SafeGlobal]) -> None:
    """Allow classes in files that are loaded with ``weights_only=True``.

    Instances are built without calling the class: an empty object that gets its saved state.

    Args:
        safe_globals: classes, or pairs (class, dotted name under which files know it).

    Example:
        >>> import argparse
        >>> add_safe_globals([argparse.Namespace])
        >>> get_safe_globals() == [argparse.Namespace]
        True
        >>> clear_safe_globals()

    Source:
        PyTorch's page `torch.serialization.add_safe_globals`.
    """
    _safe.entries = _safe.entries | set(safe_globals)


def get_safe_globals() -> list[SafeGlobal]:
    """List what `add_safe_globals` has allowed.

    Returns:
        The entries, in no order.

    Example:
        >>> get_safe_globals()
        []

    Source:
        PyTorch's page `torch.serialization.get_safe_globals`.
    """
    return list(_safe.entries)


def clear_safe_globals() -> None:
    """Forget what `add_safe_globals` has allowed.

    Example:
        >>> clear_safe_globals()

    Source:
        PyTorch's page `torch.serialization.clear_safe_globals`.
    """
    _safe.entries = set()


class safe_globals:
    """Allow classes within a ``with`` block.

    Args:
        safe_globals: as for `add_safe_globals`.

    Example:
        >>> import argparse
        >>> with safe_globals([argparse.Namespace]):
        ...     len(get_safe_globals())
        1

    Source:
        PyTorch's page `torch.serialization.safe_globals`.
    """

    def __init__(self, safe_globals: list[SafeGlobal]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        add_safe_globals(self.safe_globals)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _safe.entries = _safe.entries - set(self.safe_globals)


def safe_by_name() -> dict[str, Any]:
    """Give the allowed classes by the dotted names that files use.

    Returns:
        Name to class; flambeau's own classes appear under PyTorch's name too.

    Raises:
        ValueError: an entry is a tuple of another length than 2.
        TypeError: the second part of a pair is no text.

    Example:
        >>> safe_by_name()
        {}
    """
    table: dict[str, Any] = {}
    for entry in _safe.entries:
        if not isinstance(entry, tuple):
            table[f"{entry.__module__}.{entry.__qualname__}"] = entry
            table[".".join(global_name(entry))] = entry
            continue
        if len(entry) != 2:
            raise ValueError(
                "Expected tuple of length 2 (global, str of callable full path), but got tuple "
                f"of length: {len(entry)}"
            )
        if type(entry[1]) is not str:
            raise TypeError(
                "Expected second item in tuple to be str of callable full path, but got: "
                f"{type(entry[1])}"
            )
        table[entry[1]] = entry[0]
    return table


def _attribute(module: str, name: str) -> Any:
    """Look a dotted name up in a module that is already imported; runs no code of it."""
    holder: Any = sys.modules.get(module)
    if not isinstance(holder, ModuleType):
        return None
    for part in name.split("."):
        # vars() and not getattr(): a module's __getattr__ might import things.
        holder = vars(holder).get(part) if isinstance(holder, ModuleType | type) else None
    return holder


def _belongs(obj: Any) -> bool:
    module = getattr(obj, "__module__", None)
    return isinstance(module, str) and module.partition(".")[0] in (_OWN, *_COUNTERPARTS)


def _ancestors(module: str) -> Iterable[str]:
    parts = module.split(".")
    return (".".join(parts[:count]) for count in range(len(parts), 0, -1))


def own_class(module: str, name: str) -> type | None:
    """Find flambeau's class for a name of PyTorch's, in modules already imported.

    Args:
        module: such as ``"torch.nn.modules.linear"``; an ancestor may hold the name as well.
        name: such as ``"Linear"``.

    Returns:
        The class, or None.

    Example:
        >>> own_class("torch.nn.modules.linear", "NoSuchLayer") is None
        True
    """
    root, _, rest = module.partition(".")
    package = _OWN if root == _OWN else _COUNTERPARTS.get(root)
    if package is None:
        return None
    for candidate in _ancestors(f"{package}.{rest}" if rest else package):
        found = _attribute(candidate, name)
        if isinstance(found, type) and _belongs(found) and not hasattr(found, "__del__"):
            return found
    return None


def own_function(module: str, name: str) -> Callable[..., Any] | None:
    """Find a function of ``torch.nn.functional``; a file may hold it but not call it.

    Args:
        module: PyTorch's name of the module.
        name: such as ``"relu"``.

    Returns:
        The function, or None.

    Example:
        >>> own_function("os", "system") is None
        True
    """
    if module not in _FUNCTION_MODULES and module != f"{_OWN}.nn.functional":
        return None
    found = _attribute(f"{_OWN}.nn.functional", name)
    usable = callable(found) and not isinstance(found, type) and _belongs(found)
    return found if usable and not name.startswith("_") else None


def imported_class(module: str, name: str) -> type | None:
    """Find a class of the program in modules already imported.

    Args:
        module: the module's name.
        name: the class's name within it.

    Returns:
        The class, or None. Classes of the standard library (some act when they are deleted) and
        classes with a finaliser are not found here.

    Example:
        >>> imported_class("subprocess", "Popen") is None
        True
    """
    found = _attribute(module, name)
    if not isinstance(found, type) or hasattr(found, "__del__"):
        return None
    for home in (module, found.__module__):
        root = home.partition(".")[0]
        standard = root in sys.stdlib_module_names and root != "__main__"
        if standard and f"{module}.{name}" not in _PLAIN_RECORDS:
            return None
    return found


def find_program_name(module: str, name: str, weights_only: bool) -> Any:
    """Find what a name stands for, beyond the fixed list.

    Args:
        module: the module's name in the file.
        name: the name within it.
        weights_only: only what `safe_globals` allows.

    Returns:
        A class; or a function of ``torch.nn.functional`` that nothing in a file can call.

    Raises:
        CheckpointError: nothing of that name may be used.

    Example:
        >>> import argparse
        >>> find_program_name("argparse", "Namespace", weights_only=False)
        <class 'argparse.Namespace'>
    """
    path = f"{module}.{name}"
    if module.partition(".")[0] in _BLOCKED:
        raise blocked_global(path, module)
    allowed = safe_by_name()
    if path in allowed:
        return allowed[path]
    own = own_class(module, name)
    if own is not None and (not weights_only or own in allowed.values()):
        return own
    if weights_only:
        raise refused_global(path)
    found: Any = own_function(module, name)
    if found is None and module.partition(".")[0] not in (_OWN, *_COUNTERPARTS):
        found = imported_class(module, name)
    if found is None:
        raise unknown_global(path)
    return found


def global_name(obj: Any) -> tuple[str, str]:
    """Give the module and name under which a class or function is saved.

    Args:
        obj: a class or function. One of flambeau's is named after PyTorch's package, by the
            shortest public path that leads to it.

    Returns:
        Module and name.

    Example:
        >>> import collections
        >>> global_name(collections.OrderedDict)
        ('collections', 'OrderedDict')
    """
    module = getattr(obj, "__module__", None)
    name = getattr(obj, "__qualname__", None) or obj.__name__
    if not isinstance(module, str):
        module = "__main__"
    if module.partition(".")[0] != _OWN:
        return module, name
    if _attribute(f"{_OWN}.nn.functional", name) is obj:
        return "torch.nn.functional", name
    paths = [path for path in _ancestors(module) if _attribute(path, name) is obj]
    shortest = paths[-1] if paths else module
    for theirs, ours in sorted(_COUNTERPARTS.items(), key=lambda pair: -len(pair[1])):
        if shortest == ours or shortest.startswith(f"{ours}."):
            return theirs + shortest[len(ours) :], name
    return shortest, name


def find_by_name(module: str, name: str) -> Any:
    """Give what a saved name leads back to, in modules already imported.

    Args:
        module: as `global_name` gives it.
        name: the dotted name within it.

    Returns:
        The class or function, or None.

    Example:
        >>> find_by_name("collections", "OrderedDict")
        <class 'collections.OrderedDict'>
    """
    found = own_class(module, name) or own_function(module, name)
    return found if found is not None else _attribute(module, name)
