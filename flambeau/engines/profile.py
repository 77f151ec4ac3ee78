"""How long each kernel of a plan takes, and what the machine could do at best."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from ..compiler import peak
from ..compiler.figures import line_figures
from ..compiler.jit import Library, assembly, object_code
from ..compiler.machine import host_machine
from ..compiler.segment import Segment
from .build import build
from .native import Plan, simplified
from .stages import nodes_of
from .threads import pool


class Machine(NamedTuple):
    """Peaks: floating-point operations and bytes moved, per second."""

    operations: float
    bytes: float


class Timed(NamedTuple):
    """One stage of a plan: facts about its kernel (see compiler.figures), seconds per run."""

    kernel: dict[str, Any]
    seconds: float

    def share(self, machine: Machine) -> float:
        """The least possible time over the time taken; above 1 where caches beat memory."""
        least = max(self.kernel["operations"] / machine.operations,
                    self.kernel["bytes"] / machine.bytes)
        return float(least / self.seconds) if self.seconds else 0.0


@cache
def measured_machine(nbytes: int = 1 << 26) -> Machine:
    """Peaks of all threads: by multiply-adds in registers, and by a copy.

    Args:
        nbytes: of the copied block, larger than the caches. Default: 64 MiB.
    """
    machine = host_machine()
    library = Library(object_code(assembly(peak.write_peak(machine))))
    function = library.function("peak", ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    results = np.zeros(pool.size, np.int64)
    address = results.__array_interface__["data"][0]

    def multiply_add() -> None:
        results[:] = 0
        pool.run(function, address, pool.size)
    fused = best(multiply_add, 20)
    source, target = np.ones(nbytes, np.uint8), np.ones(nbytes, np.uint8)
    parts = list(zip(np.array_split(target, pool.size), np.array_split(source, pool.size),
                     strict=True))
    with ThreadPoolExecutor(pool.size) as threads:
        copy = best(lambda: list(threads.map(lambda p: np.copyto(*p), parts)), 10)
    return Machine(peak.operations(machine) * pool.size / fused, 2 * nbytes / copy)


def best(run: Callable[[], Any], times: int) -> float:
    """The shortest of several runs, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def profile(key: tuple[Any, ...], times: int = 5) -> list[Timed]:
    """Time the stages of a structure's plan on made-up inputs, every kernel by itself.

    Args:
        key: the structural key.
        times: runs, of which each stage's shortest counts. Default: 5.
    """
    nodes, held = nodes_of(key)
    program, _ = simplified(nodes, held)
    plan = Plan(program, build(program, None, apart=True))
    arguments = [_made_up(plan.program.specs[v]) for v in plan.program.inputs]
    taken: list[list[float]] = [[] for _ in plan.stages]
    kernels = []
    for n, stage in enumerate(plan.stages):
        if isinstance(stage, Segment):
            kernels.append(stage.kernels[0])
            stage.run_threads = _timed(stage.run_threads, taken[n])
        else:
            kernels.append(line_figures(stage.instr, plan.program.specs))
            stage.instr = _timed_line(stage.instr, taken[n])
    for _ in range(times):
        plan.run(arguments)
    return [Timed(k, min(t, default=0.0)) for k, t in zip(kernels, taken, strict=True)]


def _made_up(spec: Any) -> Any:
    """An input: numbers between 0 and 1; zeros for integers, which may be indices."""
    if spec.weak:
        return spec.dtype.numpy.type(0.5).item()
    if spec.dtype.category < 2:
        return SimpleNamespace(data=np.zeros(spec.shape, spec.dtype.numpy))
    values = np.random.default_rng(0).random(spec.shape, np.float32)
    return SimpleNamespace(data=values.astype(spec.dtype.numpy))


def _timed(function: Callable[..., Any], taken: list[float]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        result = function(*args, **kwargs)
        taken.append(time.perf_counter() - start)
        return result
    return run


def _timed_line(instr: Any, taken: list[float]) -> Any:
    prim = SimpleNamespace(name=instr.prim.name, kind=instr.prim.kind,
                           numpy=_timed(instr.prim.numpy, taken))
    return SimpleNamespace(prim=prim, args=instr.args, params=instr.params, out=instr.out,
                           spec=instr.spec)
