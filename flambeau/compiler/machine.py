"""What the generator needs to know of a processor, and LLVM's target machine for it."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import llvmlite.binding as llvm


@dataclass(frozen=True)
class Machine:
    """A processor as the code generator sees it.

    Args:
        vector_bytes: width of a vector register: 64, 32 or 16.
        registers: number of vector registers.
        fma: whether a fused multiply-add exists.
        l1: bytes of first-level data cache.
        l2: bytes of second-level cache.
        tiles: whether it multiplies matrix tiles of bfloat16 (and the system lets this process).
        features: LLVM's feature string.
    """

    vector_bytes: int
    registers: int
    fma: bool
    l1: int
    l2: int
    tiles: bool
    features: str


_SSE_OFF = ("avx", "avx2", "fma", "fma4", "f16c", "xop", "avxvnni", "avxifma", "avxneconvert",
            "avxvnniint8", "avxvnniint16", "vaes", "vpclmulqdq", "sha512", "sm3", "sm4")


def host_machine(restrict: str | None = None) -> Machine:
    """The processor this runs on, perhaps restricted to an older instruction set.

    Args:
        restrict: "avx512", "avx2", "sse" or "native"; by default the variable
            FLAMBEAU_CPU of the environment.

    Returns:
        The machine.

    Raises:
        ValueError: on another name.

    Example:
        >>> host_machine("sse").vector_bytes
        16
    """
    return _machine(restrict or os.environ.get("FLAMBEAU_CPU") or "native")


@lru_cache
def _machine(restrict: str) -> Machine:
    if restrict not in ("avx512", "avx2", "sse", "native"):
        raise ValueError(f"FLAMBEAU_CPU must be avx512, avx2, sse or native, not {restrict!r}")
    found = dict(llvm.get_host_cpu_features())
    off: tuple[str, ...] = () if restrict == "native" else ("amx",)
    if restrict in ("avx2", "sse"):
        off = ("amx", "avx512", "avx10")
    for name in found:
        if (off and name.startswith(off)) or (restrict == "sse" and name in _SSE_OFF):
            found[name] = False
    wide = found.get("avx512f", False) and found.get("avx512vl", False)
    width = 64 if wide else 32 if found.get("avx2") else 16
    neon = found.get("neon", False)
    flags = [("+" if on else "-") + name for name, on in sorted(found.items())]
    if wide:
        flags.append("-prefer-256-bit")
    tiles = wide and found.get("amx-bf16", False) and _tiles_allowed()
    return Machine(width, 32 if wide or neon else 16, bool(found.get("fma")) or neon,
                   _cache_bytes(1, 32 << 10), _cache_bytes(2, 512 << 10), tiles, ",".join(flags))


def _tiles_allowed() -> bool:
    """Ask Linux for the tile registers, which it saves only for processes that want them."""
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return False
    request, permission, tile_data = 158, 0x1023, 18  # arch_prctl(ARCH_REQ_XCOMP_PERM, XTILEDATA)
    try:
        return bool(ctypes.CDLL(None).syscall(request, permission, tile_data) == 0)
    except OSError:
        return False


def _cache_bytes(level: int, default: int) -> int:
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            kind = (index / "type").read_text().strip()
            if int((index / "level").read_text()) == level and kind != "Instruction":
                size = (index / "size").read_text().strip()
                unit = {"K": 1 << 10, "M": 1 << 20}.get(size[-1:], 1)
                return int(size.rstrip("KM")) * unit
        except (OSError, ValueError):
            continue
    return default


def target_machine(machine: Machine) -> llvm.TargetMachine:
    """A new LLVM target machine that goes by the features; an MCJIT engine takes it along.

    Args:
        machine: the processor.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(features=machine.features, opt=3, reloc="pic",
                                        codemodel="small")


def translate(text: str, machine: Machine) -> bytes:
    """Object code of a module in LLVM's assembly language, as it stands, without passes over it.

    Args:
        text: the module.
        machine: the processor.
    """
    target = target_machine(machine)
    module = llvm.parse_assembly(text)
    module.verify()
    code: bytes = target.emit_object(module)
    return code
