"""The checks between the compiler's stages find what is wrong."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from flambeau.compiler.loops import Line, Nest, Store
from flambeau.compiler.pipeline import run_passes
from flambeau.compiler.program import Program
from flambeau.compiler.rows import Rows
from flambeau.compiler.verify import (
    StageError,
    check_memory,
    check_nest,
    check_program,
    check_rows,
    check_windows,
)
from flambeau.compiler.window_nest import WindowNest, WindowStore
from flambeau.compiler.windows import Geometry
from flambeau.dtype import float32, int64
from flambeau.graph import spec
from flambeau.ops.elementwise import add

VECTOR = spec((4,), float32)


def program() -> Program:
    """x + y."""
    made = Program()
    x, y = made.input(VECTOR), made.input(VECTOR)
    made.outputs = [made.add(add, [x, y], {}, VECTOR)]
    return made


def test_a_right_program_passes() -> None:
    assert check_program(run_passes(program()), "test").outputs


def test_reading_too_early() -> None:
    wrong = program()
    wrong.instrs.reverse()
    wrong.instrs[0].args = (0, 7)
    with pytest.raises(StageError, match="reads v7 before it is defined"):
        check_program(wrong, "test")


def test_a_result_that_nobody_makes() -> None:
    wrong = program()
    wrong.outputs.append(9)
    with pytest.raises(StageError, match="v9 is delivered but never defined"):
        check_program(wrong, "test")


def test_a_wrong_spec() -> None:
    wrong = program()
    wrong.instrs[0].spec = spec((4,), int64)
    with pytest.raises(StageError, match="is noted as int64.4., but its rule says float32.4."):
        check_program(wrong, "test")


def test_addresses_stay_inside() -> None:
    load = Line("load", (), None, 0, (1, (1,)), float32)
    nest = Nest([4], [False], [load], [Store(0, 1, (0, (1,)), None)])
    with pytest.raises(StageError, match=r"load of v0 touches \[1, 4\] of 4 elements"):
        check_nest(nest, {0: VECTOR, 1: VECTOR})


def test_windows_read_rows() -> None:
    plane, pooled = spec((1, 1, 4), float32), spec((1, 1, 2), float32)
    geometry = Geometry((4,), (2,), (2,), (0,), (1,), (2,))

    def windows(step: int) -> WindowNest:
        load = Line("load", (), None, 0, (0, (4, 4, step)), float32)
        return WindowNest(geometry, (1, 1), [load], [WindowStore("window_sum", 0, 1, float32)],
                          None, {1})
    assert check_windows(windows(1), {0: plane, 1: pooled})
    with pytest.raises(StageError, match="v1 is float32.1,1,4., not"):
        check_windows(windows(1), {0: plane, 1: plane})
    with pytest.raises(StageError, match="touches"):
        check_windows(windows(2), {0: plane, 1: pooled})
    with pytest.raises(StageError, match="v0 does not lie in rows"):
        check_windows(windows(2), {0: spec((1, 1, 8), float32), 1: pooled})


def test_lives_do_not_overlap() -> None:
    lives = [(0, VECTOR, 1, 3), (1, VECTOR, 3, 4)]
    check_memory({0: (0, VECTOR), 1: (16, VECTOR)}, lives, 32)
    with pytest.raises(StageError, match="v0 and v1 are alive together"):
        check_memory({0: (0, VECTOR), 1: (8, VECTOR)}, lives, 32)
    check_memory({0: (0, VECTOR), 1: (8, VECTOR)}, [(0, VECTOR, 1, 2), (1, VECTOR, 3, 4)], 32)


def test_the_readme_shows_what_the_compiler_does() -> None:
    """`python docs/compiler_example.py --write` brings the page up to date."""
    script = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "compiler_example.py"))
    shown = script["PAGE"].read_text(encoding="utf-8")
    assert shown == script["page"](shown)


def rows(read: tuple[int, ...] = (0, 1), size: int = 4) -> Rows:
    """x + x into v1, a value of one row, and that into v2."""
    load = Line("load", (), None, 0, (0, (size, 1)), float32)
    again = Line("load", (), None, 1, (0, read), float32)
    both = Line("add", (0, 0), {}, -1, (0, (0, 0)), float32)
    first = Nest([2, size], [False, False], [load, both], [Store(1, 1, (0, (0, 1)), None)])
    second = Nest([2, size], [False, False], [again], [Store(0, 2, (0, (size, 1)), None)])
    return Rows([2], [first, second], {1: size})


def test_rows_pass_and_what_is_wrong_in_them_is_found() -> None:
    specs = {v: spec((2, 4), float32) for v in range(3)}
    check_rows(rows(), specs)
    with pytest.raises(StageError, match=r"touches \[0, 7\] of 4 elements"):
        check_rows(rows((4, 1)), specs)
    with pytest.raises(StageError, match="other outer loops than"):
        made = rows()
        check_rows(Rows([4], made.parts, made.local), specs)
    with pytest.raises(StageError, match="v1 is read before it is stored"):
        made = rows()
        check_rows(Rows([2], made.parts[::-1], made.local), specs)
    made = rows((0, 1))
    with pytest.raises(StageError, match="the address does not follow the steps"):
        check_rows(Rows([2], made.parts, {}), specs)
