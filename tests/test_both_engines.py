"""Samples on both engines: compiled code against the reference, values and gradients of one flush.

Always a few of each family; with `FLAMBEAU_FULL_TESTS=1` every row, case, dtype and layout.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compiler.both_engines import engine
from samples import families
from samples.define import Case, Row, flat, rng_for
from test_samples import as_numpy, outcome, seeds

import flambeau

FULL = bool(os.environ.get("FLAMBEAU_FULL_TESTS"))
ROWS_PER_FAMILY, CASES_PER_ROW = 3, 2

# Families that only move, compare or count: not a bit of their values and gradients may differ.
EXACT = {"arrange", "creation", "queries", "shape"}
# Relative to the largest element, for sums that are added in another order, multiply-adds that
# round once, and elementary functions within 2 ulp. The narrow dtypes are computed in float32.
TOLERANCE = {"float64": 1e-12, "float32": 4e-6, "float16": 1e-3, "bfloat16": 8e-3,
             "complex64": 4e-6, "complex128": 1e-12}


def number(row: Row) -> int:
    """A number that stays with a row wherever it stands in the table."""
    return zlib.crc32(f"{row.path} {row.cases[0]}".encode()) if row.cases else 0


def chosen() -> Iterator[Any]:
    """Rows with the name of their family: all of them, or a few."""
    for family, rows in families().items():
        few = [row for row in sorted(rows, key=number) if row.cases][:ROWS_PER_FAMILY]
        for row in rows if FULL else few:
            yield pytest.param(family, row, id=f"{family}-{row.id}")


def calls(row: Row) -> Iterator[tuple[int, Case, str, str]]:
    """Number, case, dtype and layout of the calls of a row that are made."""
    if FULL:
        yield from ((k, case, dtype, layout) for k, case in enumerate(row.cases)
                    for dtype in row.dtypes for layout in row.layouts)
        return
    first = number(row) % len(row.cases)
    for n in range(min(CASES_PER_ROW, len(row.cases))):
        k = (first + n) % len(row.cases)
        dtype = row.dtypes[0 if n == 0 else number(row) // 8 % len(row.dtypes)]
        yield k, row.cases[k], dtype, row.layouts[(number(row) + n) % len(row.layouts)]


def results(row: Row, index: int, case: Case, dtype: str, layout: str) -> list[Any] | Exception:
    """What a call returns and its gradients, recorded and then run together."""
    result, leaves = outcome(flambeau, row, index, case, dtype, layout, grad=row.grad)
    if isinstance(result, Exception):
        return result
    outs = [o for o in flat(result) if isinstance(o, flambeau.Tensor) and o.requires_grad]
    rng = rng_for(row, index + 3000, dtype)
    grads = flambeau.autograd.grad(outs, leaves, seeds(outs, flambeau, rng),
                                   allow_unused=True) if outs and leaves else ()
    flambeau.sync()
    return [*flat(result), *[g for g in grads if g is not None]]


def agree(got: Any, want: Any, family: str, row: Row, what: str) -> None:
    """One result of both engines."""
    if not isinstance(want, flambeau.Tensor):
        assert str(got) == str(want), what
        return
    assert (got.dtype, got.shape) == (want.dtype, want.shape), what
    a, b = as_numpy(got), as_numpy(want)
    tolerance = TOLERANCE.get(str(want.dtype).removeprefix("torch."), 0.0) * row.tolerance
    if family in EXACT or not tolerance:
        np.testing.assert_array_equal(a, b, what)
        return
    size = float(np.max(np.abs(b[np.isfinite(b)]), initial=1.0))
    np.testing.assert_allclose(a, b, tolerance, tolerance * size, err_msg=what)


@pytest.mark.parametrize(("family", "row"), list(chosen()))
def test_compiled_samples_agree_with_the_reference(family: str, row: Row) -> None:
    for index, case, dtype, layout in calls(row):
        what = f"{row.path} case {index} {dtype} {layout}"
        with engine(native=False):
            want = results(row, index, case, dtype, layout)
        with engine(native=True):
            got = results(row, index, case, dtype, layout)
        if isinstance(want, Exception):
            assert type(got) is type(want) and str(got) == str(want), what
            continue
        if isinstance(got, Exception):
            raise AssertionError(what) from got
        assert len(got) == len(want), what
        for a, b in zip(got, want, strict=True):
            agree(a, b, family, row, what)
