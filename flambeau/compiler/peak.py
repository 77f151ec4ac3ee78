"""A loop that does nothing but multiply-adds in registers: the machine's peak, to be measured."""

from __future__ import annotations

from llvmlite import ir

from .llvm import I64, VOID
from .machine import Machine

CHAINS = 12  # independent accumulators: enough to hide the latency, few enough for 16 registers
ROUNDS = 1_000_000


def operations(machine: Machine) -> int:
    """Multiplications and additions of one call on one thread."""
    return 2 * CHAINS * ROUNDS * (machine.vector_bytes // 4)


def write_peak(machine: Machine) -> ir.Module:
    """A module with `void peak(numbers, thread, threads)`: a number per thread comes and goes.

    Args:
        machine: its vectors' width, and whether it has fused multiply-add.
    """
    module = ir.Module("peak")
    kind = ir.FunctionType(VOID, [I64.as_pointer(), I64, I64])
    function = ir.Function(module, kind, "peak")
    vector = ir.VectorType(ir.FloatType(), machine.vector_bytes // 4)
    entry, loop, done = (function.append_basic_block(n) for n in ("entry", "loop", "done"))
    b = ir.IRBuilder(entry)
    place = b.gep(function.args[0], [function.args[1]])
    bits = b.bitcast(b.trunc(b.load(place), ir.IntType(32)), ir.FloatType())
    factor = ir.Constant(vector, ir.Undefined)  # the same number in every lane, unknown to LLVM
    for lane in range(vector.count):
        factor = b.insert_element(factor, bits, ir.Constant(ir.IntType(32), lane))
    b.branch(loop)
    b.position_at_end(loop)
    i = b.phi(I64)
    i.add_incoming(ir.Constant(I64, 0), entry)
    chains = [b.phi(vector) for _ in range(CHAINS)]
    fma = ir.Function(module, ir.FunctionType(vector, [vector] * 3),
                      f"llvm.fma.v{vector.count}f32") if machine.fma else None
    sums = []
    for k, chain in enumerate(chains):
        chain.add_incoming(ir.Constant(vector, [float(k)] * vector.count), entry)
        sums.append(b.call(fma, [factor, factor, chain]) if fma is not None else
                    b.fadd(b.fmul(chain, factor), factor))
        chain.add_incoming(sums[k], loop)
    following = b.add(i, ir.Constant(I64, 1))
    i.add_incoming(following, loop)
    b.cbranch(b.icmp_signed("<", following, ir.Constant(I64, ROUNDS)), loop, done)
    b.position_at_end(done)
    total = sums[0]  # the chains themselves would have to outlive the loop, in more registers
    for x in sums[1:]:
        total = b.fadd(total, x)
    bits = b.bitcast(b.extract_element(total, ir.Constant(ir.IntType(32), 0)), ir.IntType(32))
    b.store(b.zext(bits, I64), place)
    b.ret_void()
    return module
