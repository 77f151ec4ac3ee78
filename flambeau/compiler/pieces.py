"""Loops of results that are put together from pieces: concatenation, padding, replaced slices.

Threads share one axis of the result. Each fills its part of it, then copies what of every piece
falls into that part, so nothing that one thread writes is written by another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from .llvm import I64, memory_type

Ints = tuple[int, ...]
Rule = tuple[Callable[[], None], int, int]
UNITS = 32
_NONE = ir.Constant(I64, 0)


def _const(n: int) -> Any:
    return ir.Constant(I64, n)


class _Pieces:
    """Emits the copying for one function.

    Args:
        f: the function (`special_loops.SpecialFunction`).
        counted: the loop emitter of `special_loops`.
    """

    def __init__(self, f: Any, counted: Callable[..., Any]) -> None:
        self.f, self.counted = f, counted
        self.shape: Ints = f.out.shape or (1,)
        self.axis = next((d for d, n in enumerate(self.shape[:-1]) if n >= 8),
                         max(range(len(self.shape)), key=lambda d: self.shape[d]))
        self.units = min(UNITS, self.shape[self.axis])

    def bounds(self) -> tuple[Any, Any]:
        """The thread's part of the shared axis."""
        b, n = self.f.b, _const(self.shape[self.axis])
        units = _const(self.units)
        return b.sdiv(b.mul(self.f.begin, n), units), b.sdiv(b.mul(self.f.end, n), units)

    def walk(self, shape: Ints, first: Any, last: Any, body: Callable[[list[Any]], None]) -> None:
        """Loops over a shape, of the shared axis only [first, last)."""
        def level(index: list[Any]) -> None:
            d = len(index)
            if d == len(shape):
                body(index)
                return
            low, high = (first, last) if d == self.axis else (_NONE, _const(shape[d]))
            with self.counted(self.f.b, low, high) as i:
                level([*index, i])
        level([])

    def flat(self, index: Sequence[Any], shape: Ints, start: Ints, step: Ints) -> Any:
        """The offset of start + index · step in a row-major array."""
        b, total = self.f.b, _NONE
        for d, (i, at, by) in enumerate(zip(index, start, step, strict=True)):
            place = b.add(b.mul(i, _const(by)), _const(at))
            total = b.add(total, b.mul(place, _const(math.prod(shape[d + 1:]))))
        return total

    def fill(self, value: Callable[[Any], Any]) -> None:
        """Every element of the thread's part: value(offset)."""
        zeros, ones = (0,) * len(self.shape), (1,) * len(self.shape)

        def body(index: list[Any]) -> None:
            offset = self.flat(index, self.shape, zeros, ones)
            self.f.b.store(value(offset), self.f.at(self.f.target, offset))
        self.walk(self.shape, *self.bounds(), body)

    def put(self, k: int, start: Ints, step: Ints) -> None:
        """Operand k at start, start + step, …"""
        b, p = self.f.b, self.axis
        shape: Ints = self.f.specs[k].shape or (1,)
        zeros, ones = (0,) * len(shape), (1,) * len(shape)
        low, high = self.bounds()

        def inside(x: Any) -> Any:
            """The first element of the piece at or behind row x of the result."""
            ahead = b.add(b.sub(x, _const(start[p])), _const(step[p] - 1))
            row = b.sdiv(b.select(b.icmp_signed("<", ahead, _NONE), _NONE, ahead), _const(step[p]))
            most = _const(shape[p])
            return b.select(b.icmp_signed("<", row, most), row, most)

        def body(index: list[Any]) -> None:
            value = self.f.load(k, self.flat(index, shape, zeros, ones))
            b.store(value, self.f.at(self.f.target, self.flat(index, self.shape, start, step)))
        self.walk(shape, inside(low), inside(high), body)


def concatenate(f: Any, counted: Callable[..., Any]) -> Rule:
    """Operands one behind the other along an axis."""
    pieces, axis = _Pieces(f, counted), f.instr.params["axis"]

    def emit() -> None:
        at = 0
        for k, s in enumerate(f.specs):
            start = tuple(at if d == axis else 0 for d in range(len(s.shape)))
            pieces.put(k, start, (1,) * len(s.shape))
            at += s.shape[axis]
    return emit, pieces.units, f.out.size * 2


def embed(f: Any, counted: Callable[..., Any]) -> Rule:
    """A constant with the operand in it."""
    pieces, p = _Pieces(f, counted), f.instr.params
    kind, real = memory_type(f.out.dtype), f.out.dtype.category >= 2

    def emit() -> None:
        with np.errstate(all="ignore"):  # an infinity may become an integer, as in the reference
            number = np.full((), p["value"], f.out.dtype.numpy).item()
        value = ir.Constant(kind, number if real else int(number))
        pieces.fill(lambda offset: value)
        pieces.put(0, p["start"], p["step"])
    return emit, pieces.units, f.out.size * 2


def update_slice(f: Any, counted: Callable[..., Any]) -> Rule:
    """The first operand with a slice replaced by the second."""
    pieces, p = _Pieces(f, counted), f.instr.params

    def emit() -> None:
        pieces.fill(lambda offset: f.load(0, offset))
        pieces.put(1, p["start"], p["step"])
    return emit, pieces.units, f.out.size * 2 + f.specs[1].size


RULES = {"concatenate": concatenate, "embed": embed, "update_slice": update_slice}


def takes(instr: Any, specs: Sequence[Any]) -> bool:
    """Whether a line of one of these primitives has loops."""
    p = instr.params
    if any(n < 1 for n in p.get("step", ())):
        return False
    if instr.prim.name == "update_slice" and specs[1].shape != () and (
            len(specs[1].shape) != len(specs[0].shape)):
        return False
    if instr.prim.name == "update_slice" and specs[1].shape == () != specs[0].shape:
        return False
    value = p.get("value", 0)
    return isinstance(value, (bool, int, float)) and all(s.dtype is instr.spec.dtype for s in specs)
