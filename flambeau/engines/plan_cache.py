"""Compiled plans on disk, in two layers.

A plan's entry, found by the text of its program, names the segments, their tables and the keys of
its object files: with it a second process need not even write LLVM IR. An object file holds one
kernel, under the key of the kernel's description, or the functions that call a plan's kernels,
under the key of their LLVM IR; so a new plan finds the kernels that earlier ones had.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import llvmlite.binding as llvm

from .. import compiler
from ..compiler.canonical import canonical
from ..compiler.jit import assembly, features, object_code
from ..compiler.kernels import Facts, Kernel
from ..compiler.machine import host_machine
from ..compiler.program import Program
from ..version import __version__
from .disk_cache import digest, disk_cache

FORMAT = 3  # of the entries
RECENT = 32 << 20  # bytes of kernels that a process remembers, whatever becomes of the disk


@dataclass
class Code:
    """Object code and where it came from.

    Attributes:
        data: the object files, until they are loaded.
        keys: their keys on disk; None where one of them is kept under no key.
        source: "compiled" or "disk".
        seconds: what LLVM took.
    """

    data: list[bytes]
    keys: list[str] | None
    source: str
    seconds: float


def target() -> str:
    """What besides the code determines its translation: processor features and versions."""
    version = ".".join(map(str, llvm.llvm_version_info))
    return (f"{FORMAT} flambeau {__version__} llvmlite {llvmlite.__version__} LLVM {version} "
            f"{llvm.get_process_triple()} {features()}")


@cache
def _compiler_sources() -> str:
    """A digest of the compiler itself: other passes make other code of the same program."""
    total = hashlib.sha256()
    for file in sorted(Path(compiler.__path__[0]).rglob("*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()


def program_key(program: Program) -> str | None:
    """The key of a program's plan; None where its text does not say everything about it."""
    try:
        text = "\n".join(_lines(program))
    except TypeError:
        return None
    return digest("plan", text, surroundings())


def _lines(program: Program) -> list[str]:
    lines = [f"{v} {program.specs[v]}" for v in program.inputs]
    for i in program.instrs:
        lines.append(f"{i.out} {i.prim.kind} {i.prim.name} {i.args} {canonical(i.params)} "
                     f"{canonical(i.spec)} {canonical(program.strides.get(i.out))}")
    return [*lines, f"{program.outputs}"]


_recent: dict[str, bytes] = {}  # kernels that this process used last, oldest first


def _remember(key: str, file: bytes) -> None:
    _recent.pop(key, None)
    _recent[key] = file
    total = sum(map(len, _recent.values()))
    while total > RECENT:
        total -= len(_recent.pop(next(iter(_recent))))


class KernelStore:
    """Kernels of this process and on disk: a line of facts, then the object file.

    Attributes:
        codes: the object files of the kernels that were found, by key.
    """

    def __init__(self) -> None:
        self.codes: dict[str, bytes] = {}
        self.surroundings = surroundings()

    def key(self, family: str, text: str) -> str:
        """The key of a kernel."""
        return digest("kernel", family, text, self.surroundings)

    def facts(self, key: str) -> Facts | None:
        """The facts of a kernel whose object file is kept, or None."""
        found = _recent.get(key) or disk_cache().get(key)
        if found is None:
            return None
        _remember(key, found)
        line, _, self.codes[key] = found.partition(b"\n")
        facts: Facts = json.loads(line)
        return facts


def load(key: str | None) -> tuple[Any, Code] | None:
    """The stages kept under a program's key, and their object code."""
    start = time.perf_counter()
    found = disk_cache().get(key) if key is not None else None
    if found is None:
        return None
    entry = json.loads(found)
    files = [disk_cache().get(k) for k in entry["code"]]
    data = [file.partition(b"\n")[2] for file in files if file is not None]
    if len(data) < len(files):
        return None
    return entry["stages"], Code(data, entry["code"], "disk", time.perf_counter() - start)


def store(key: str | None, stages: Any, code: Code) -> None:
    """Keep a plan's stages (plain lists and dictionaries) under its program's key."""
    if key is not None and code.keys is not None:
        entry = json.dumps({"stages": stages, "code": code.keys})
        disk_cache().put(key, entry.encode())


class Job(NamedTuple):
    """A module to be made object code; `loops` and `level` as in `jit.object_code`."""

    module: Any
    loops: bool
    level: int = 3

    def run(self) -> bytes:
        """The object code."""
        return object_code(assembly(self.module), self.loops, self.level)


def emit_here(jobs: Sequence[Job]) -> list[bytes]:
    """The object code of each job."""
    return [job.run() for job in jobs]


def translate(kernels: list[Kernel], drivers: Any, kept: KernelStore,
              emit: Callable[[Sequence[Job]], list[bytes]] = emit_here) -> Code:
    """The object code of a plan; what the disk does not have is made and kept.

    Args:
        kernels: its kernels.
        drivers: the LLVM module of the functions that call them; None for a plan without kernels.
        kept: the store that knew some of the kernels.
        emit: runs the jobs.
    """
    if drivers is None:
        return Code([], [], "compiled", 0.0)
    start = time.perf_counter()
    key = digest("drivers", assembly(drivers), target())
    found = disk_cache().get(key)
    new = [kernel for kernel in kernels if kernel.module is not None]
    jobs = [Job(kernel.module, kernel.loops) for kernel in new]
    codes = emit(jobs if found is not None else [*jobs, Job(drivers, False, level=0)])
    made: dict[str, bytes] = {}
    if found is None:
        found = made[key] = b"\n" + codes[-1]
    fresh = {kernel.symbol: code for kernel, code in zip(new, codes, strict=False)}
    for kernel in new:
        if kernel.key is not None:
            made[kernel.key] = json.dumps(kernel.facts).encode() + b"\n" + fresh[kernel.symbol]
            _remember(kernel.key, made[kernel.key])
    disk_cache().put_all(made)
    data = [fresh[k.symbol] if k.module is not None else kept.codes[k.key or ""] for k in kernels]
    keys = [k.key for k in kernels]
    named = [k for k in keys if k is not None]
    return Code([*data, found.partition(b"\n")[2]],
                [*named, key] if len(named) == len(keys) else None,
                "compiled" if made or len(named) < len(keys) else "disk",
                time.perf_counter() - start)


def surroundings() -> str:
    """What the code of a kernel depends on beside its description."""
    return f"{target()} {host_machine()} {_compiler_sources()}"
