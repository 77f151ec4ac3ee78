"""Compiled training: reruns equal bit for bit, older processors, no compiles once it is warm."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from both_engines import engine, many_threads
from training_steps import convolutional, perceptron

import flambeau
from flambeau.engines.statistics import statistics


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = flambeau.get_num_threads()
    yield flambeau.set_num_threads
    flambeau.set_num_threads(before)


@pytest.mark.parametrize("train", [convolutional, perceptron])
def test_reruns_are_equal_bit_for_bit(train: Callable[[int], list[Any]],
                                      threads: Callable[[int], None]) -> None:
    flambeau.use_deterministic_algorithms(True)
    try:
        runs = []
        for count in (1, 2, 1):
            threads(count)
            runs.append([p.tobytes() for p in train(3)])
    finally:
        flambeau.use_deterministic_algorithms(False)
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize("train", [convolutional, perceptron])
def test_compiled_training_follows_the_reference(train: Callable[[int], list[Any]]) -> None:
    with engine(native=False):
        want = train(3)
    with engine(native=True) as watch:
        got = train(3)
    assert watch.native
    assert not watch.reference
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("level", ["avx2", "sse"])
def test_older_processors(level: str, tmp_path: Path) -> None:
    """The code for fewer features runs, and learns the same."""
    out = tmp_path / "parameters.npz"
    environment = os.environ | {"FLAMBEAU_CPU": level, "FLAMBEAU_ENGINE": "native",
                                "FLAMBEAU_PATIENCE": "1"}
    program = Path(__file__).with_name("training_steps.py")
    subprocess.run([sys.executable, program, out], env=environment, check=True, timeout=300)
    with engine(native=False):
        want = [*convolutional(2), *perceptron(2)]
    with np.load(out) as found:
        for name, b in zip(found.files, want, strict=True):
            np.testing.assert_allclose(found[name], b, rtol=1e-3, atol=2e-5)


def test_no_compiles_once_it_is_warm() -> None:
    with engine(native=True):
        perceptron(3)
        before = statistics.compiled
        perceptron(30)
        assert statistics.compiled == before


def test_products_and_sums_round_alike_wherever_threads_divide_them() -> None:
    """Elements left over beside vectors are computed as the vectors are."""
    flambeau.manual_seed(0)
    a, b, c, d = (flambeau.randn(130, 5, dtype=flambeau.float64) for _ in range(4))

    def computed() -> bytes:
        return bytes(((a + b) * (c + 1) * (1 - d * d) + a * c).t().contiguous().numpy())
    with engine(native=True):
        alone = computed()
        with many_threads():
            assert computed() == alone
