"""Calling a module with other tensors in the place of its parameters and buffers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flambeau.nn.modules.module import Module
from flambeau.tensor.tensor import Tensor

__all__ = ["call_with", "swapped"]


def _places(module: Module) -> dict[str, tuple[dict[str, Any], str]]:
    """The dictionary and the key in which each parameter and buffer stands, by full name."""
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for path, part in module.named_modules(remove_duplicate=False):
        tables: tuple[dict[str, Any], ...] = (part._parameters, part._buffers)
        for table in tables:
            for key, value in table.items():
                if value is not None:
                    found[f"{path}.{key}" if path else key] = (table, key)
    return found


def _tied(places: dict[str, tuple[dict[str, Any], str]],
          given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The given tensors also under the other names of the tensors that they replace."""
    groups: dict[int, list[str]] = {}
    for name, (table, key) in places.items():
        groups.setdefault(id(table[key]), []).append(name)
    result = dict(given)
    for names in groups.values():
        present = [name for name in names if name in given]
        if len({id(given[name]) for name in present}) > 1:
            raise ValueError(f"functional_call got multiple values for keys {sorted(present)}, "
                             "which are tied. Consider using tie_weights=False")
        if present:
            result.update(dict.fromkeys(names, given[present[0]]))
    return result


def _require_complete(module: Module, places: Mapping[str, Any],
                      given: Mapping[str, Any]) -> None:
    problems = []
    unexpected = [repr(name) for name in sorted(given) if name not in places]
    missing = [repr(name) for name in sorted(places) if name not in given]
    if unexpected:
        problems.append(f"Unexpected key(s): {', '.join(unexpected)}.")
    if missing:
        problems.append(f"Missing key(s): {', '.join(missing)}.")
    if problems:
        raise RuntimeError("\n\t".join([
            f"Error(s) in reparametrizing for {module._get_name()}:", *problems]))


@contextmanager
def swapped(module: Module, given: Mapping[str, Tensor], tie_weights: bool = True,
            strict: bool = False) -> Iterator[None]:
    """Inside the block the module's parameters and buffers of these names are the given tensors."""
    places = _places(module)
    tensors = _tied(places, given) if tie_weights else dict(given)
    if strict:
        _require_complete(module, places, tensors)
    tensors = {name: value for name, value in tensors.items() if name in places}
    before = {name: places[name][0][places[name][1]] for name in tensors}
    after: dict[str, Any] = {}
    try:
        for name, value in tensors.items():
            table, key = places[name]
            table[key] = value
        yield
    finally:
        for name, value in before.items():
            table, key = places[name]
            after[name] = table[key]
            table[key] = value
    if isinstance(given, dict):  # buffers that the call replaced are handed back
        given.update({name: value for name, value in after.items() if name in given})


def call_with(module: Module, given: Mapping[str, Tensor], args: Any = None,
              kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True,
              strict: bool = False) -> Any:
    """Call a module with other tensors in the place of some of its own."""
    positional = () if args is None else args if isinstance(args, tuple) else (args,)
    with swapped(module, given, tie_weights, strict):
        return module(*positional, **(kwargs or {}))
