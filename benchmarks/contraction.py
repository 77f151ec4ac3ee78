"""Every kind of contraction beside the machine's peaks: GFLOP/s of one thread, per kernel.

    OMP_NUM_THREADS=1 python benchmarks/contraction.py [part of a name]

The peaks are a 2048³ product by NumPy and multiply-adds in registers, measured in the same run.
Times are processor time, the best of many runs of each of up to 16 stretches of units, so that
other programs disturb little. "ms" is what it took to write the IR and to translate it.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from llvmlite import ir  # noqa: E402

from flambeau.compiler.contraction import emit_contraction, host_machine  # noqa: E402
from flambeau.compiler.jit import Library  # noqa: E402
from flambeau.compiler.machine import translate  # noqa: E402
from flambeau.compiler.vector_code import I64, PTR, VectorCode  # noqa: E402
from flambeau.dtype import float32  # noqa: E402
from flambeau.graph import spec  # noqa: E402
from flambeau.ops.contraction import conv_output_shape  # noqa: E402

POINTER, COUNT = ctypes.c_void_p, ctypes.c_int64
SECONDS = 0.5  # per kernel


def aligned(size: int) -> Any:
    """Zero bytes at a multiple of 64."""
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start:start + size]


def normal(*shape: int) -> Any:
    """Normal numbers in single precision."""
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def numpy_peak() -> float:
    """GFLOP/s of a large product by NumPy."""
    a, b = normal(2048, 2048), normal(2048, 2048)
    out, best = a @ b, float("inf")
    for _ in range(4):
        start = time.thread_time()
        np.matmul(a, b, out=out)
        best = min(best, time.thread_time() - start)
    return 2 * 2048**3 / best / 1e9


class MultiplyAdds:
    """GFLOP/s of multiply-adds in registers."""

    def __init__(self) -> None:
        module, machine = ir.Module("peak"), host_machine()
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), [PTR, I64]), "f")
        code = VectorCode(ir.IRBuilder(function.append_basic_block()), ir.FloatType(), machine)
        self.chains = 24 if machine.registers == 32 else 12
        self.flops = 2 * code.lanes * self.chains
        memory, x = function.args[0], code.load(function.args[0])
        first = [code.load(memory, i * code.lanes) for i in range(self.chains)]
        last = code.repeat(function.args[1], first,
                           lambda sums: [code.multiply_add(x, x, y) for y in sums])
        for i, y in enumerate(last):
            code.store(y, memory, i * code.lanes)
        code.builder.ret_void()
        self.library = Library(translate(str(module), machine))
        self.function = self.library.function("f", POINTER, COUNT)
        self.memory = aligned(1 << 14)

    def __call__(self) -> float:
        best = float("inf")
        for _ in range(5):
            start = time.thread_time()
            self.function(self.memory.ctypes.data, 100_000)
            best = min(best, time.thread_time() - start)
        return self.flops * 1e5 / best / 1e9


class Kernel:
    """One compiled contraction and the memory it needs."""

    def __init__(self, prim: str, a: Any, b: Any, out: Any, params: dict[str, Any]) -> None:
        machine, module = host_machine(), ir.Module("kernel")
        strides = [tuple(s // x.itemsize for s in x.strides) for x in (a, b)]
        specs = [spec(x.shape, float32) for x in (a, b)]
        start = time.thread_time()
        self.made = emit_contraction(module, "f", prim, specs, params, machine, None, strides)
        text = str(module)
        written = time.thread_time()
        code = translate(text, machine)
        self.milliseconds = (1e3 * (written - start), 1e3 * (time.thread_time() - written))
        self.library = Library(code)
        self.a, self.b, self.out = a, b, out
        self.scratch = aligned(self.made.scratch_bytes)
        self.shared = aligned(self.made.shared_scratch_bytes)
        self.first = self.library.function("f", *[POINTER] * 4, COUNT, COUNT)
        if self.made.finish_units:
            self.second = self.library.function("f_finish", *[POINTER] * 2, COUNT, COUNT)

    def seconds(self) -> float:
        """Sum of the best times of stretches of units."""
        made, target = self.made, self.shared if self.made.finish_units else self.out
        stretches = max(1, min(16, made.units, made.flops // 50_000_000))
        cuts = [made.units * i // stretches for i in range(stretches + 1)]
        best = [float("inf")] * (stretches + 1)
        begin, runs = time.perf_counter(), 0
        pointers = [x.ctypes.data for x in (target, self.a, self.b, self.scratch)]
        while runs < 4 or time.perf_counter() - begin < SECONDS:
            for i in range(stretches):
                start = time.thread_time()
                self.first(*pointers, cuts[i], cuts[i + 1])
                best[i] = min(best[i], time.thread_time() - start)
            start = time.thread_time()
            if made.finish_units:
                self.second(self.out.ctypes.data, self.shared.ctypes.data, 0, made.finish_units)
            best[-1] = min(best[-1], time.thread_time() - start)
            runs += 1
        return sum(best)


def products() -> Any:
    """(name, primitive, a, b, output, params) of matrix products."""
    plain = {"contract": ((1,), (0,)), "batch": ((), ())}
    for label, m, k, n in (("square", 512, 512, 512), ("square", 1024, 1024, 1024),
                           ("square", 2048, 2048, 2048), ("perceptron", 128, 784, 512),
                           ("recurrent", 32, 256, 1024), ("transformer", 768, 128, 512)):
        for kind in ("nn", "nt", "tn"):
            a = normal(m, k) if kind[0] == "n" else normal(k, m).T
            b = normal(k, n) if kind[1] == "n" else normal(n, k).T
            yield f"{label} {m}x{k}x{n} {kind}", "dot", a, b, normal(m, n), plain
    batched = {"contract": ((2,), (1,)), "batch": ((0,), (0,))}
    yield ("attention 48x64x64x32", "dot", normal(48, 64, 64), normal(48, 64, 32),
           normal(48, 64, 32), batched)
    yield ("attention 48x64x32x64 nt", "dot", normal(48, 64, 32),
           normal(48, 64, 32).transpose(0, 2, 1), normal(48, 64, 64), batched)


def convolutions() -> Any:
    """The same of convolutions, forward, input gradient (dx) and weight gradient (dw)."""
    cases = [("resnet", (4, 64, 56, 56), (64, 64, 3, 3), 1, 1, 1),
             ("resnet", (4, 128, 28, 28), (128, 128, 3, 3), 1, 1, 1),
             ("resnet", (4, 256, 14, 14), (256, 256, 3, 3), 1, 1, 1),
             ("resnet", (8, 512, 7, 7), (512, 512, 3, 3), 1, 1, 1),
             ("cifar", (32, 64, 32, 32), (64, 64, 3, 3), 1, 1, 1)]
    for batch in (64, 10_000):
        cases += [("lenet", (batch, 1, 28, 28), (6, 1, 5, 5), 1, 2, 1),
                  ("lenet", (batch, 6, 14, 14), (16, 6, 5, 5), 1, 0, 1),
                  ("lenet", (batch, 16, 5, 5), (120, 16, 5, 5), 1, 0, 1)]
    cases += [("stem", (2, 3, 224, 224), (64, 3, 7, 7), 2, 3, 1),
              ("strided", (4, 64, 56, 56), (128, 64, 3, 3), 2, 1, 1),
              ("pointwise", (4, 64, 56, 56), (256, 64, 1, 1), 1, 0, 1),
              ("pointwise", (4, 64, 56, 56), (128, 64, 1, 1), 2, 0, 1),
              ("dcgan", (16, 128, 32, 32), (256, 128, 4, 4), 2, 1, 1),
              ("depthwise", (4, 64, 56, 56), (64, 1, 3, 3), 1, 1, 64),
              ("depthwise", (4, 64, 56, 56), (64, 1, 3, 3), 2, 1, 64)]
    for label, x_shape, w_shape, stride, pad, groups in cases:
        params: dict[str, Any] = {"stride": (stride,) * 2, "padding": ((pad, pad),) * 2,
                                  "dilation": (1, 1), "groups": groups}
        out = conv_output_shape(x_shape[2:], w_shape[2:], params["stride"], params["padding"],
                                params["dilation"])
        x, w, y = normal(*x_shape), normal(*w_shape), normal(x_shape[0], w_shape[0], *out)
        name = (f"{label} {'x'.join(map(str, x_shape))} {w_shape[0]}o{w_shape[2]}x{w_shape[3]}"
                f"{'s2' if stride == 2 else ''}")
        yield name, "convolve", x, w, y, params
        yield name + " dx", "convolve_input", y, w, x, {"size": x_shape[2:], **params}
        yield name + " dw", "convolve_weight", x, y, w, {"kernel": w_shape[2:], **params}


def main() -> None:
    """Print the table."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    multiply_adds = MultiplyAdds()
    product = numpy_peak()
    print(f"2048x2048x2048 by NumPy: {product:.0f} GFLOP/s; multiply-adds in registers: "
          f"{multiply_adds():.0f} GFLOP/s\n")
    print(f"{'kernel':46s} GFLOP/s  % NumPy  % multiply-adds  IR ms  LLVM ms")
    for make in (convolutions, products):
        for name, prim, a, b, out, params in make():
            if wanted in name:
                kernel = Kernel(prim, a, b, out, params)
                speed = kernel.made.flops / kernel.seconds() / 1e9
                written, translated = kernel.milliseconds
                print(f"{name:46s} {speed:7.0f} {100 * speed / product:8.0f} "
                      f"{100 * speed / multiply_adds():15.0f} {written:6.0f} {translated:8.0f}",
                      flush=True)


if __name__ == "__main__":
    main()
