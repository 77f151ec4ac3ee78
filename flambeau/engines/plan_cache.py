"""Compiled plans on disk, in two layers.

A plan's entry, found by the text of its program, names the segments, their tables and the key of
their object code: with it a second process need not even write LLVM IR. The object code lies under
the key of the LLVM IR that it came from, and is found by that when a plan's entry is not.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from .. import compiler
from ..compiler.jit import assembly, features, object_code
from ..compiler.machine import host_machine
from ..compiler.program import Program
from ..dtype import dtype
from ..graph import Spec
from ..ops.define import Template
from ..version import __version__
from .disk_cache import digest, disk_cache

FORMAT = 1  # of the entries
_PLAIN = (bool, int, float, complex, str, bytes, type(None), dtype, Spec)


@dataclass
class Code:
    """Object code and where it came from.

    Attributes:
        data: the object file; empty for a plan without kernels.
        key: its key on disk.
        source: "compiled" or "disk".
        seconds: what LLVM took.
    """

    data: bytes
    key: str
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
    return digest("plan", text, target(), repr(host_machine()), _compiler_sources())


def _lines(program: Program) -> list[str]:
    lines = [f"{v} {program.specs[v]}" for v in program.inputs]
    for i in program.instrs:
        lines.append(f"{i.out} {i.prim.kind} {i.prim.name} {i.args} {canonical(i.params)} "
                     f"{canonical(i.spec)} {canonical(program.strides.get(i.out))}")
    return [*lines, f"{program.outputs}"]


def canonical(value: Any) -> str:
    """A text that equal parameters, and only those, share in every process.

    Raises:
        TypeError: for objects that have no such text.

    Example:
        >>> canonical({"axes": (0, 1), "value": 1.0})
        "{'axes': (0,1,),'value': 1.0,}"
    """
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (tuple, list)):
        ends = "()" if isinstance(value, tuple) else "[]"
        return ends[0] + "".join(canonical(v) + "," for v in value) + ends[1]
    if isinstance(value, dict):
        return "{" + "".join(f"{k!r}: {canonical(v)}," for k, v in sorted(value.items())) + "}"
    if isinstance(value, Template):
        lines = [(i.prim.kind, i.prim.name, i.args, i.params, i.out, i.spec) for i in value.instrs]
        return canonical((value.name, value.input_specs, lines, value.outputs))
    raise TypeError(f"{type(value).__name__} has no canonical text")


def load(key: str | None) -> tuple[Any, Code] | None:
    """The stages kept under a program's key, and their object code."""
    start = time.perf_counter()
    found = disk_cache().get(key) if key is not None else None
    if found is None:
        return None
    entry = json.loads(found)
    data = disk_cache().get(entry["code"]) if entry["code"] else b""
    if data is None:
        return None
    return entry["stages"], Code(data, entry["code"], "disk", time.perf_counter() - start)


def store(key: str | None, stages: Any, code: Code) -> None:
    """Keep a plan's stages (plain lists and dictionaries) under its program's key."""
    if key is not None:
        disk_cache().put(key, json.dumps({"stages": stages, "code": code.key}).encode())


def translate(module: Any) -> Code:
    """The object code of an LLVM module: from the disk if it is there, else made and kept."""
    start = time.perf_counter()
    text = assembly(module)
    key = digest("object", text, target())
    data = disk_cache().get(key)
    source = "compiled" if data is None else "disk"
    if data is None:
        data = object_code(text)
        disk_cache().put(key, data)
    return Code(data, key, source, time.perf_counter() - start)
