"""Stage 6, object code: LLVM IR through the host's target machine to callable addresses."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

_LEVELS = {"avx2": "-avx512f", "sse": "-avx"}


@cache
def _initialize() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def features() -> str:
    """Feature string of the code to make: the host's, restricted by FLAMBEAU_CPU (avx2, sse)."""
    return _features(os.environ.get("FLAMBEAU_CPU", "native"))


@cache
def _features(level: str) -> str:
    _initialize()
    names = llvm.get_host_cpu_features()
    kept = {}
    for name, on in names.items():
        wide = name.startswith(("avx512", "avx10", "evex512", "amx"))
        some = name.startswith(("avx", "fma", "f16c", "vaes", "vpclmul", "xop"))
        kept[name] = on and not (level == "avx2" and wide) and not (level == "sse"
                                                                    and (wide or some))
    if kept.get("avx512f"):
        kept["prefer-256-bit"] = False
    return ",".join(("+" if on else "-") + name for name, on in sorted(kept.items()))


def target_machine(level: int = 3) -> Any:
    """A fresh target machine for the host (each engine takes its own along).

    Args:
        level: how much work is put into the code, 0 to 3. Default: 3.
    """
    _initialize()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(cpu="", features=features(), opt=level, reloc="pic",
                                        codemodel="small")


def assembly(module: ir.Module) -> str:
    """The text of a module, for the host."""
    module.triple = llvm.get_process_triple()
    module.data_layout = _data_layout()
    return str(module)


@cache
def _data_layout() -> str:
    return str(target_machine().target_data)


def object_code(text: str, loops: bool = True, level: int = 3) -> bytes:
    """Translate a module in LLVM's assembly language.

    Args:
        text: the module.
        loops: whether it has scalar loops that passes must make vector code of; otherwise it is
            translated as it stands.
        level: 0 for code that only calls other code, however long it is. Default: 3.
    """
    machine = target_machine(level)
    parsed = llvm.parse_assembly(text)
    parsed.verify()
    if loops:
        options = llvm.create_pipeline_tuning_options(speed_level=2)
        options.loop_vectorization = True  # it interleaves as well: unrolling adds only code
        options.loop_unrolling = False
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(parsed, builder)
    code: bytes = machine.emit_object(parsed)
    return code


class Library:
    """Loaded object files, which may call each other; their addresses live as long as it does."""

    def __init__(self, *codes: bytes) -> None:
        holder = llvm.parse_assembly("")
        self.engine = llvm.create_mcjit_compiler(holder, target_machine())
        for code in codes:
            self.engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
        self.engine.finalize_object()

    def function(self, name: str, *arguments: Any) -> Any:
        """A ctypes function of the given argument types, without result."""
        return ctypes.CFUNCTYPE(None, *arguments)(self.engine.get_function_address(name))
