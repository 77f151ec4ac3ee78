"""Contractions as part of a segment, and the operands they can read where they lie."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from llvmlite import ir

from .contraction import Contraction, emit_contraction, host_machine
from .kernels import Facts, Kernels
from .program import Program, drop_dead

NAMES = ("dot", "convolve", "convolve_input", "convolve_weight")


class ContractionFunction:
    """The LLVM function of a contraction, with the interface that segments expect.

    Attributes:
        buffers: value numbers of the two operands and the result.
        scratch: bytes that each thread needs; shared: bytes for all together.
        finish_units: units of the function `symbol_finish` that adds partial sums up, or 0.
        prepare_units, prepared, fixed: of a contraction on tiles, see `contraction.Contraction`.
        follow, sums: how units, or reductions, follow the leading dimension, see `Contraction`.
        kernel: its code, shared by equal contractions.
    """

    numbers: tuple[int, ...] = ()

    def __init__(self, kernels: Kernels, name: str, instr: Any, program: Program) -> None:
        self.name = name
        self.instr = instr
        self.specs = [program.specs[a] for a in instr.args]
        self.strides = None
        if instr.out in program.strides:  # operands as the product sees them: permuted in place
            self.specs, self.strides = program.strides[instr.out]
        self.second_fixed = instr.args[1] in program.fixed
        shape = (instr.prim.name, tuple(self.specs), instr.params, self.strides, self.second_fixed)
        self.kernel = kernels.get(instr.prim.name, shape, False, self._emit)
        made = Contraction(**self.kernel.facts)
        self.finish_units = made.finish_units
        self.prepare_units, self.prepared = made.prepare_units, made.prepared_bytes
        self.fixed = made.fixed
        self.operands = list(instr.args)
        self.buffers = list(dict.fromkeys([*instr.args, instr.out]))
        self.written = [instr.out]
        self.dtypes = {v: program.specs[v].dtype for v in self.buffers}
        self.units = made.units
        self.follow, self.sums = made.follow, made.sums
        self.work = made.flops // 8
        self.scratch = made.scratch_bytes
        self.shared = made.shared_scratch_bytes

    def _emit(self, module: ir.Module, symbol: str) -> Facts:
        made = emit_contraction(module, symbol, self.instr.prim.name, self.specs, self.instr.params,
                                host_machine(), strides=self.strides, fixed=self.second_fixed)
        return asdict(made)


def takes(instr: Any, specs: dict[int, Any]) -> bool:
    """Whether the generator makes code for a contraction."""
    if instr.prim.name not in NAMES or not instr.spec.size:
        return False
    operands = [specs[a] for a in instr.args]
    if any(s.dtype.name not in ("float32", "float64") or not s.size for s in operands):
        return False
    return operands[0].dtype is operands[1].dtype


def read_in_place(program: Program) -> Program:
    """Let products read permuted operands where they lie: the permutation becomes strides."""
    defined = {i.out: i for i in program.instrs}
    for k, instr in enumerate(program.instrs):
        if instr.prim.name != "dot" or not takes(instr, program.specs):
            continue
        args: list[int] = []
        strides: list[tuple[int, ...] | None] = []
        for a in instr.args:
            source = defined.get(a)
            if source is not None and source.prim.name == "permute":
                shape = program.specs[source.args[0]].shape
                steps = [math.prod(shape[d + 1:]) for d in range(len(shape))]
                strides.append(tuple(steps[d] for d in source.params["dims"]))
                args.append(source.args[0])
            else:
                strides.append(None)
                args.append(a)
        if any(s is not None for s in strides):
            program.strides[instr.out] = ([program.specs[a] for a in instr.args], tuple(strides))
            program.instrs[k] = type(instr)(instr.prim, tuple(args), instr.params, instr.out,
                                            instr.spec)
    return drop_dead(program)
