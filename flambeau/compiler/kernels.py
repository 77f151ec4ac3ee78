"""Kernels as modules of their own, named by what their code depends on.

Equal kernels of one plan, of different plans and of different processes are one piece of object
code: a kernel whose description is known to a store is not even written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from llvmlite import ir

from .canonical import canonical

Facts = dict[str, Any]  # what callers of a kernel need to know, as plain values
Write = Callable[[ir.Module, str], Facts]


@dataclass
class Kernel:
    """One kernel: the function `symbol`, and whatever others its facts speak of.

    Attributes:
        symbol: the name in object code; different kernels have different ones.
        facts: what was found out when it was written.
        key: where a store keeps its object code; None for a kernel that cannot be told from others.
        module: the LLVM module; None if the store has the object code.
        loops: whether it consists of scalar loops, which have yet to become vector code.
    """

    symbol: str
    facts: Facts
    key: str | None
    module: ir.Module | None
    loops: bool


class Store(Protocol):
    """Where kernels of earlier plans are found."""

    def key(self, family: str, text: str) -> str:
        """The key of a kernel, hexadecimal digits."""

    def facts(self, key: str) -> Facts | None:
        """The facts of a kernel whose object code is kept, or None."""


class Kernels:
    """The kernels of one plan, each once.

    Args:
        store: where those of earlier plans are found. Default: nowhere.

    Example:
        >>> kernels = Kernels()
        >>> def write(module, symbol):
        ...     return {"units": 3}
        >>> kernels.get("loop", (8, 8), True, write) is kernels.get("loop", (8, 8), True, write)
        True
    """

    def __init__(self, store: Store | None = None) -> None:
        self.store = store
        self.all: list[Kernel] = []
        self.known: dict[tuple[str, str], Kernel] = {}

    def get(self, family: str, description: Any, loops: bool, write: Write) -> Kernel:
        """The kernel of a description.

        Args:
            family: what kind of kernel, a name.
            description: everything that the code depends on beside the processor.
            loops: whether passes have to make vector code of it.
            write: (module, symbol) -> facts; called if the kernel has to be made.
        """
        try:
            name = family, canonical(description)
        except TypeError:  # something in it has no text: a kernel of its own
            return self._add(family, None, loops, write)
        if name not in self.known:
            key = self.store.key(*name) if self.store is not None else None
            self.known[name] = self._add(family, key, loops, write)
        return self.known[name]

    def _add(self, family: str, key: str | None, loops: bool, write: Write) -> Kernel:
        symbol = f"{family}_{len(self.all) if key is None else key[:32]}"
        facts = self.store.facts(key) if self.store is not None and key is not None else None
        module = None
        if facts is None:
            module = ir.Module(symbol)
            facts = write(module, symbol)
        made = Kernel(symbol, facts, key, module, loops)
        self.all.append(made)
        return made
