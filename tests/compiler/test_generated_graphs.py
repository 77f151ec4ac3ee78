"""Compiled code against the reference engine on random programs, forward and backward."""

from __future__ import annotations

import itertools
import os
import random
import warnings
from typing import Any

import numpy as np
import pytest
from both_engines import engine, many_threads
from generated import Program, generate
from generated_views import ALL_FAMILIES, HALVES
from hypothesis import given, settings
from hypothesis import strategies as st

import flambeau

# Relative to the largest number of the program, gradients included: sums are added up in another
# order, multiply-adds round once, and the elementary functions differ by up to 2 ulp.
TOLERANCE = {flambeau.float32: 2e-5, flambeau.float64: 1e-11, flambeau.float16: 4e-3,
             flambeau.bfloat16: 3e-2}
EXAMPLES = 3000 if os.environ.get("FLAMBEAU_FULL_TESTS") else 30
LARGEST = 1e10  # programs that reach further amplify rounding too much to be compared


def arrays(values: list[Any]) -> list[Any]:
    """The values as arrays of NumPy."""
    return [(v.detach().float() if v.dtype in HALVES else v.detach()).numpy() for v in values]


def check(program: Program) -> None:
    """Run a program on both engines and compare every result."""
    with engine(native=False):
        want = arrays(program.run())
        everything = program.run(keep_all=True)
    with engine(native=True) as watch:
        got = arrays(program.run())
        with many_threads():
            shared = arrays(program.run())
    for k, (a, b) in enumerate(zip(shared, got, strict=True)):
        assert a.tobytes() == b.tobytes(), f"threads change result {k} of\n{program}"
    assert not watch.reference, f"compiled code gave up on\n{program}"
    floats = [v for v in everything if v.is_floating_point()]
    sizes = [np.abs(a[np.isfinite(a)]).max(initial=1.0) for a in arrays(floats)]
    scale = float(max(sizes, default=1.0))
    if scale > LARGEST:
        return
    tolerance = max([TOLERANCE[v.dtype] for v in floats], default=0.0)
    for k, (a, b) in enumerate(zip(got, want, strict=True)):
        what = f"result {k} of\n{program}"
        assert (a.dtype, a.shape) == (b.dtype, b.shape), what
        if a.dtype.kind == "f":
            np.testing.assert_allclose(a, b, tolerance, tolerance * scale, err_msg=what)
        else:
            np.testing.assert_array_equal(a, b, err_msg=what)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(rng=st.randoms(use_true_random=False))
def test_generated_programs(rng: random.Random) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(generate(rng))


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(rng=st.randoms(use_true_random=False))
def test_generated_programs_with_views_and_writes(rng: random.Random) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(generate(rng, 8, ALL_FAMILIES))


@pytest.mark.parametrize("seed", [146, 172])
def test_programs_that_once_failed(seed: int) -> None:
    check(generate(random.Random(seed)))


def test_a_stored_permutation_waits_for_what_it_permutes() -> None:
    x = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    with engine(native=True):
        y = flambeau.tensor(x) * 2
        turned = y.t().contiguous()
        total = (y + turned.t()).sum()
        np.testing.assert_array_equal(turned.numpy(), x.T * 2)
        assert float(total) == 4 * x.sum()


def test_casts_of_floats_that_no_integer_holds() -> None:
    values = [5e9 + 11, 3e9, -3e9, 1e19, float("nan"), float("inf"), -float("inf"), 300.0, -1.5]
    sources = (flambeau.float64, flambeau.float32, flambeau.bfloat16)
    targets = ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "bool")
    for source, name in itertools.product(sources, targets):
        target = getattr(flambeau, name)
        with engine(native=False):
            want = flambeau.tensor(values, dtype=source).to(target).tolist()
        with engine(native=True) as watch:
            got = flambeau.tensor(values, dtype=source).to(target).tolist()
            assert watch.native
        assert got == want, f"{source} to {name}"


def test_padding_with_a_number_that_the_dtype_does_not_have() -> None:
    for dtype, value in ((flambeau.bool, -np.inf), (flambeau.int64, -1.0)):
        results = []
        for native in (False, True):
            with engine(native) as watch:
                x = flambeau.ones(2, dtype=dtype) + flambeau.ones(2, dtype=dtype)
                results.append(flambeau.nn.functional.pad(x, (1, 0), value=value).tolist())
        assert watch.native and not watch.reference
        assert results[0] == results[1]


def test_number_of_threads_may_change_between_runs() -> None:
    before = flambeau.get_num_threads()
    x = np.random.default_rng(0).standard_normal((400, 2000)).astype(np.float32)
    with engine(native=True):
        try:
            for threads in (2, 3, 1, 2, 3):
                flambeau.set_num_threads(threads)
                y = flambeau.softmax(flambeau.tensor(x) * 1.0, 1)
                assert abs(float(y.sum()) - 400) < 1e-2
        finally:
            flambeau.set_num_threads(before)
