"""Compiles elementary functions of vector math for arrays of NumPy."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from flambeau.compiler import vector_math

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()

ELEMENTS = {"float": (ir.FloatType(), np.float32), "double": (ir.DoubleType(), np.float64)}
HOST = llvm.get_host_cpu_features()
COUNT = ir.IntType(64)


def loop_module(name: str, arity: int, kind: str, lanes: int, fused: bool) -> ir.Module:
    """A module with f(inputs..., out, count), which works on `lanes` elements at a time."""
    element = ELEMENTS[kind][0]
    value_type = element if lanes == 1 else ir.VectorType(element, lanes)
    module = ir.Module(name)
    pointer = value_type.as_pointer()
    signature = ir.FunctionType(ir.VoidType(), [pointer] * (arity + 1) + [COUNT])
    function = ir.Function(module, signature, "f")
    function.args[arity].add_attribute("noalias")
    entry, body, done = (function.append_basic_block(part) for part in ("entry", "body", "done"))
    builder = ir.IRBuilder(entry)
    builder.branch(body)
    builder.position_at_end(body)
    index = builder.phi(COUNT)
    index.add_incoming(COUNT(0), entry)
    pointers = [builder.gep(p, [index]) for p in function.args[:arity + 1]]
    values = [builder.load(p, align=4) for p in pointers[:arity]]
    result = vector_math.emit(builder, name, *values, fused=fused)
    builder.store(result, pointers[arity], align=4)
    following = builder.add(index, COUNT(1))
    index.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_unsigned("<", following, function.args[-1]), body, done)
    builder.position_at_end(done)
    builder.ret_void()
    return module


def compiled(name: str, arity: int, kind: str, lanes: int,
             features: str | None = None) -> Callable[..., Any]:
    """A function of arrays, whose length is a multiple of `lanes`.

    `features` restricts the instructions to a comma-separated list; then `emit` spells out fused
    operations unless it names fma.
    """
    fused = HOST.get("fma", False) if features is None else "+fma" in features
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(
        cpu="" if features is not None else llvm.get_host_cpu_name(),
        features=HOST.flatten() if features is None else features, opt=3, jit=True)
    module = llvm.parse_assembly(str(loop_module(name, arity, kind, lanes, fused)))
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    address = engine.get_function_address("f")
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (arity + 1), ctypes.c_int64)(address)
    dtype = ELEMENTS[kind][1]

    def run(*arrays: Any, out: Any = None) -> Any:
        inputs = [np.ascontiguousarray(a, dtype) for a in arrays]
        if inputs[0].size % lanes:
            raise ValueError(f"{inputs[0].size} elements are no multiple of {lanes} lanes")
        out = np.empty_like(inputs[0]) if out is None else out
        call(*(a.ctypes.data for a in inputs), out.ctypes.data, inputs[0].size // lanes)
        return out

    run.keep = engine, machine  # type: ignore[attr-defined]
    run.assembly = lambda: machine.emit_assembly(module)  # type: ignore[attr-defined]
    return run
