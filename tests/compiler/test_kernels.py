"""What one compiled step consists of, and that its kernels compute what NumPy computes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from both_engines import engine

import flambeau
from flambeau import nn
from flambeau.compiler.segment import Segment
from flambeau.compiler.waves import waves
from flambeau.engines.native import compiled
from flambeau.engines.stages import nodes_of
from flambeau.nn import functional as F


def native(compute: Callable[[], Any]) -> Any:
    """The result of compiled code as an array."""
    with engine(native=True) as watch:
        result = compute().numpy()
    assert watch.native and not watch.reference
    return result


def segments(step: Callable[[], Any]) -> list[Segment]:
    """The segments of the largest plan that a step runs."""
    with engine(native=True), flambeau.explain() as report:
        for _ in range(2):
            step()
    plans = [compiled(*nodes_of(structure.key)) for structure in report.plans]
    stages = max((plan.stages for plan in plans), key=lambda s: sum(len(x.kernels) for x in s
                                                                   if isinstance(x, Segment)))
    assert all(isinstance(stage, Segment) for stage in stages)
    return stages


def piece(reads: tuple[int, ...], writes: tuple[int, ...], shared: int = 0) -> Any:
    """A function that touches given values."""
    return SimpleNamespace(buffers=[*reads, *writes], written=list(writes), shared=shared)


@pytest.mark.parametrize("functions, sizes", [
    ([piece((0,), (1,)), piece((0,), (2,)), piece((1, 2), (3,))], [2, 1]),
    ([piece((0,), (1,)), piece((2,), (0,))], [1, 1]),
    ([piece((0,), (1,)), piece((2,), (1,))], [1, 1]),
    ([piece((0,), (1,), 64), piece((0,), (2,)), piece((0,), (3,), 64)], [2, 1]),
])
def test_a_barrier_stands_only_where_values_meet(functions: list[Any], sizes: list[int]) -> None:
    assert [len(wave) for wave in waves(functions)] == sizes


def test_an_adam_step_has_fewer_barriers_than_kernels() -> None:
    flambeau.manual_seed(0)
    net = nn.Sequential(nn.Linear(24, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(),
                        nn.Linear(40, 5))
    optimizer = flambeau.optim.Adam(net.parameters())
    x, y = flambeau.randn(16, 24), flambeau.randint(0, 5, (16,))

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    segment, = segments(step)
    assert len(segment.kernels) <= 37
    assert len(segment.order) <= 17


@pytest.mark.parametrize("shape", [(32, 48, 4, 4), (3, 7, 5, 1), (5, 1, 3, 3), (1, 9, 2, 2),
                                   (6, 10, 20, 20), (9, 17, 16, 16)])
def test_reductions_around_a_kept_axis(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    values.flat[3], values.flat[-1] = np.nan, np.inf
    x = flambeau.tensor(values)
    np.testing.assert_allclose(native(lambda: (x * 2).sum((0, 2, 3))),
                               2 * values.astype(np.float64).sum((0, 2, 3)), 1e-5, 1e-4)
    np.testing.assert_array_equal(native(lambda: x.amax((0, 2, 3))), values.max((0, 2, 3)))
    np.testing.assert_array_equal(native(lambda: (x > 1).sum((0, 2, 3))),
                                  (values > 1).sum((0, 2, 3)))


def test_exp_where_it_vanishes() -> None:
    values = np.array([-np.inf, -1e30, -104.1, -103.9, -103.0, -90.0, -0.0, np.nan, 89.0, np.inf],
                      np.float32)
    got = native(lambda: flambeau.exp(flambeau.tensor(values)))
    with np.errstate(all="ignore"):
        want = np.exp(values.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(got, want, 3e-7, 2e-45)
    masked = native(lambda: F.softmax(flambeau.tensor([[0.0, -np.inf, 0.0]]) * 3, 1))
    np.testing.assert_array_equal(masked, [[0.5, 0.0, 0.5]])


@pytest.mark.parametrize("width", [1, 5, 16, 33, 70])
def test_gradients_of_an_embedding(width: int) -> None:
    rng = np.random.default_rng(width)
    rows, factor = rng.integers(0, 11, 40), rng.standard_normal((40, width)).astype(np.float32)
    weight = flambeau.zeros(11, width, requires_grad=True)
    index = flambeau.tensor(rows)

    def gradient() -> Any:
        out = F.embedding(index, weight) * flambeau.tensor(factor)
        return flambeau.autograd.grad(out.sum(), weight)[0]
    want = np.zeros((11, width), np.float32)
    np.add.at(want, rows, factor)
    np.testing.assert_allclose(native(gradient), want, 1e-5, 1e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shape", [(7, 5, 9), (1, 6, 1), (8, 1, 3)])
def test_gather_and_scatter_along_an_axis(axis: int, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(axis)
    smaller = tuple(max(1, n - 2) for n in shape)
    index = rng.integers(0, shape[axis], smaller)
    base, update = rng.standard_normal(shape), rng.standard_normal(smaller)
    i, b, u = flambeau.tensor(index), flambeau.tensor(base), flambeau.tensor(update)
    places = list(np.indices(smaller))
    places[axis] = index
    np.testing.assert_array_equal(native(lambda: flambeau.gather(b, axis, i)),
                                  base[tuple(places)])
    want = base.copy()
    np.add.at(want, tuple(places), update)
    np.testing.assert_allclose(native(lambda: b.scatter_add(axis, i, u)), want, 1e-12, 1e-12)


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    flambeau.manual_seed(1)
    x = flambeau.randn(64, 48, 8, 8)
    index = flambeau.randint(0, 50, (4000,))
    rows = flambeau.randn(4000, 96)

    def results() -> list[bytes]:
        return [native(lambda: (x * x).sum((0, 2, 3))).tobytes(),
                native(lambda: flambeau.zeros(50, 96).index_add(0, index, rows)).tobytes()]
    before = flambeau.get_num_threads()
    try:
        flambeau.set_num_threads(1)
        alone = results()
    finally:
        flambeau.set_num_threads(before)
    assert results() == alone
