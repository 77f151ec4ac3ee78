"""Compiles contractions and runs them on arrays of NumPy."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from llvmlite import ir

from flambeau.compiler.contraction import Contraction, Machine, emit_contraction, host_machine
from flambeau.compiler.jit import Library
from flambeau.compiler.machine import translate
from flambeau.dtype import from_numpy_dtype
from flambeau.graph import spec

_SIGNATURE = [ctypes.c_void_p] * 4 + [ctypes.c_int64] * 2
_FINISH = [ctypes.c_void_p] * 2 + [ctypes.c_int64] * 2


def aligned(size: int) -> Any:
    """Bytes at a multiple of 64, filled with NaN so that reading them too early shows."""
    raw = np.full(size + 64, 255, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start:start + size]


class Native:
    """A compiled contraction of arrays with the shapes, strides and dtypes of the given ones."""

    def __init__(self, prim: str, arrays: list[Any], params: dict[str, Any],
                 machine: Machine | None = None, epilogue: Any = None,
                 fixed: bool = False) -> None:
        machine = machine or host_machine()
        module = ir.Module("contraction")
        strides = [tuple(s // a.itemsize for s in a.strides) for a in arrays]
        specs = [spec(a.shape, from_numpy_dtype(a.dtype)) for a in arrays]
        self.made: Contraction = emit_contraction(module, "f", prim, specs, params, machine,
                                                  epilogue, strides, fixed)
        self.text = str(module)
        self.library = Library(translate(self.text, machine))
        more = [ctypes.c_void_p] * self.made.epilogue_pointers
        self.tiles = bool(self.made.prepare_units)
        if self.tiles:
            self.prepare = self.library.function("f_prepare", *[ctypes.c_void_p] * 3,
                                                 *[ctypes.c_int64] * 2)
            more = [ctypes.c_void_p]
        self.first = self.library.function("f", *_SIGNATURE, *more)
        if self.made.finish_units:
            self.second = self.library.function("f_finish", *_FINISH, *more * (1 + self.tiles))
        self.scratch = aligned(self.made.scratch_bytes)
        self.shared = aligned(self.made.shared_scratch_bytes)

    def target(self, out: Any) -> Any:
        """What the first function writes."""
        return self.shared[self.made.prepared_bytes:] if self.made.finish_units else out

    def part(self, out: Any, a: Any, b: Any, begin: int, end: int,
             extra: tuple[Any, ...] = ()) -> None:
        """Run some units."""
        extra = (self.shared,) if self.tiles else extra
        self.first(self.target(out).ctypes.data, a.ctypes.data, b.ctypes.data,
                   self.scratch.ctypes.data, begin, end, *[x.ctypes.data for x in extra])

    def finish(self, out: Any, extra: tuple[Any, ...] = (), a: Any = None, b: Any = None) -> None:
        """Run the second pass if there is one."""
        extra = (a, b) if self.tiles else extra
        if self.made.finish_units:
            self.second(out.ctypes.data, self.shared.ctypes.data, 0, self.made.finish_units,
                        *[x.ctypes.data for x in extra])

    def __call__(self, out: Any, a: Any, b: Any, pieces: int = 1,
                 extra: tuple[Any, ...] = ()) -> Any:
        """Run all units, in so many calls, the last ones first."""
        units = self.made.units
        cuts = [units * i // pieces for i in range(pieces + 1)]
        if self.tiles:
            ready = self.made.prepare_units
            for i in reversed(range(pieces)):
                self.prepare(self.shared.ctypes.data, a.ctypes.data, b.ctypes.data,
                             ready * i // pieces, ready * (i + 1) // pieces)
        for i in reversed(range(pieces)):
            self.part(out, a, b, cuts[i], cuts[i + 1], extra)
        self.finish(out, extra, a, b)
        return out
