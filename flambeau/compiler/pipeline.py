"""The passes over the program of a flush, in order."""

from __future__ import annotations

from collections.abc import Callable

from . import verify
from .contraction_call import read_in_place
from .hoist import hoist
from .program import Program
from .simplify import simplify
from .window_rules import simplify_windows

PASSES: tuple[Callable[[Program], Program], ...] = (
    hoist, simplify, simplify_windows, read_in_place)


def run_passes(program: Program) -> Program:
    """The program after all passes, checked after each where that is asked for."""
    if verify.ON:
        verify.check_program(program, "inline")
    for one in PASSES:
        program = one(program)
        if verify.ON:
            verify.check_program(program, one.__name__)
    return program
