"""Makes `torch` and `torchvision` names of flambeau's own modules, in one process.

A finder at the head of `sys.meta_path` answers `torch.x.y` and `torchvision.x.y` with the very
module objects `flambeau.x.y` and `flambeau.vision.x.y`: `torch.nn is flambeau.nn`. Classes that
programs print get PyTorch's names (`class_names.py`).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ..version import torch_version
from .class_names import rename_classes, rename_members

ROOTS = {"torch": "flambeau", "torchvision": "flambeau.vision"}


def translate(name: str) -> str:
    """Returns the name of the flambeau module behind a `torch` name, and any other name as it is.

    Args:
        name: a dotted module name.

    Example:
        >>> translate("torchvision.models"), translate("torch.nn"), translate("torchaudio")
        ('flambeau.vision.models', 'flambeau.nn', 'torchaudio')
    """
    root, dot, rest = name.partition(".")
    return ROOTS.get(root, root) + dot + rest


class AliasLoader(Loader):
    """Hands out a module that is imported already."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.own_spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Returns the module; the import system then writes the alias's spec into it."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Gives the module its own spec back; it has run before."""
        module.__spec__ = self.own_spec
        rename_members(module)


class AliasFinder(MetaPathFinder):
    """Answers the names in `ROOTS` and below; a name flambeau lacks stays without an answer."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the spec of the module behind `fullname`, or None where it is not ours."""
        name = translate(fullname)
        if name == fullname:
            return None
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and f"{name}.".startswith(f"{error.name}."):
                return None
            raise
        spec = ModuleSpec(fullname, AliasLoader(module), origin=getattr(module, "__file__", None),
                          is_package=hasattr(module, "__path__"))
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.extend(module.__path__)
        return spec


def install() -> None:
    """Puts the finder first, once; the version reads as PyTorch's, which programs may check.

    Raises:
        ImportError: when PyTorch itself is imported already; two libraries of one name cannot mix.
    """
    for root, own in ROOTS.items():
        present = sys.modules.get(root)
        if present is not None and present is not sys.modules.get(own):
            raise ImportError(f"'{root}' is imported already and is not flambeau")
    if not any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, AliasFinder())
        package: Any = importlib.import_module("flambeau")
        package.__version__ = f"{torch_version}+flambeau"
        rename_classes(package)
