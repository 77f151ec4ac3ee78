"""Passes over pooling windows: compiled code against the reference engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from both_engines import engine

import flambeau
from flambeau import nn
from flambeau.nn import functional as F


def agree(compute: Callable[[], tuple[Any, ...]], exact: bool = True) -> None:
    """Both engines give the same; sums may be rounded in another order."""
    with engine(native=False):
        want = [x.detach().numpy() for x in compute()]
    with engine(native=True) as watch:
        got = [x.detach().numpy() for x in compute()]
    assert watch.native and not watch.reference
    for a, b in zip(got, want, strict=True):
        assert a.dtype == b.dtype
        if exact:
            np.testing.assert_array_equal(a, b)
        else:
            np.testing.assert_allclose(a, b, 2e-5, 2e-5)


GEOMETRIES = [
    # size, kernel, stride, padding, dilation, ceil_mode
    ((28, 28), 2, 2, 0, 1, False),
    ((10, 10), 2, 2, 0, 1, False),
    ((33, 70), 2, 2, 0, 1, True),
    ((56, 112), 3, 2, 1, 1, False),
    ((7, 40), 3, 1, 1, 1, False),
    ((5, 5), (5, 3), (3, 4), (2, 1), 1, True),
    ((20, 67), 3, 3, 0, 2, False),
    ((11, 83), (2, 4), (5, 3), (1, 2), (3, 2), False),
    ((12, 100), (2, 1), (3, 3), 0, 1, False),
    ((1, 3), (1, 3), 1, (0, 1), 1, False),
    ((65,), 4, 3, 2, 1, True),
    ((40,), 2, 1, 1, 3, False),
    ((4, 6, 34), 2, 2, 0, 1, False),
    ((5, 6, 21), 3, 2, 1, 1, True),
    ((4, 24, 24), (1, 9, 9), (1, 2, 2), (0, 4, 4), 1, False),  # too large to be written out
    ((30, 30), 6, 6, 0, 1, False),
]
POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
MEAN = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
# Programs of other shapes are compiled anew: so each kind of processor gets its own code.
LEADS = {"native": (3, 2), "avx2": (2, 3), "sse": (5, 1)}
WAYS = [*(("native", "float32", g) for g in GEOMETRIES),
        *((level, "float32", g) for level in ("avx2", "sse") for g in GEOMETRIES[1:12:3]),
        *(("native", "float64", g) for g in GEOMETRIES[2:8:2])]
ways = pytest.mark.parametrize("level, kind, geometry", WAYS)


def values(lead: tuple[int, ...], size: tuple[int, ...], kind: str) -> Any:
    """Few different numbers, so that maxima are often there twice; some are not numbers."""
    rng = np.random.default_rng(len(size))
    x = rng.integers(0 if kind == "uint8" else -3, 4, (*lead, *size)).astype(kind)
    if kind in ("float32", "float64"):
        x.flat[rng.integers(0, x.size, x.size // 9)] = np.nan
        x.flat[rng.integers(0, x.size, x.size // 9)] = -np.inf
        x[0, 0] = -np.inf
    return x


@pytest.mark.parametrize("level, kind, geometry", [
    *WAYS, *(("native", kind, GEOMETRIES[4]) for kind in ("int32", "int64", "uint8"))])
def test_maxima_and_where_they_are(level: str, kind: str, geometry: Any,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLAMBEAU_CPU", level)
    size, *arguments = geometry
    x = flambeau.tensor(values(LEADS[level], size, kind))
    agree(lambda: POOL[len(size)](x, *arguments, return_indices=True))


@ways
def test_gradients_of_maxima(level: str, kind: str, geometry: Any,
                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLAMBEAU_CPU", level)
    size, *arguments = geometry
    x = flambeau.tensor(values(LEADS[level], size, kind)).nan_to_num(5.0, 9.0, -9.0)
    x = x.detach().requires_grad_()

    def gradients() -> tuple[Any, ...]:
        y = POOL[len(size)](x, *arguments)
        w = (flambeau.arange(y.numel()) % 7).reshape(y.shape).to(y.dtype).requires_grad_()
        first, = flambeau.autograd.grad((y * w).sum(), x, create_graph=True)
        return y, first, flambeau.autograd.grad((first * first).sum(), w)[0]
    agree(gradients)


@ways
def test_means(level: str, kind: str, geometry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLAMBEAU_CPU", level)
    size, kernel, stride, padding, _, ceil = geometry
    x = flambeau.tensor(values(LEADS[level], size, kind)).nan_to_num(5.0, 9.0, -9.0)
    x = x.detach().requires_grad_()

    def gradients() -> tuple[Any, ...]:
        y = MEAN[len(size)](x, kernel, stride, padding, ceil_mode=ceil)
        return y, *flambeau.autograd.grad((y * y).sum(), x)
    agree(gradients, exact=False)


CHAINS: list[Callable[..., Any]] = [
    lambda x, b, k: F.max_pool2d(F.relu(x + b), *k),
    lambda x, b, k: F.max_pool2d(F.leaky_relu(x * b, 0.1), *k),
    lambda x, b, k: F.relu(F.max_pool2d(x - b, *k)),
    lambda x, b, k: F.max_pool2d(flambeau.tanh(x + b), *k),
    lambda x, b, k: F.max_pool2d(F.hardtanh(F.batch_norm(x, None, None, b.flatten(), b.flatten(),
                                                         training=True)), *k),
    lambda x, b, k: F.avg_pool2d(F.relu(x + b), *k),
    lambda x, b, k: F.max_pool2d(F.relu(x.transpose(2, 3) + b), *k),
    lambda x, b, k: F.max_pool2d(F.relu(x[:, :, ::2, 1:] * b), *k),
    lambda x, b, k: F.avg_pool2d(x, *k) * (x * x).sum() + F.avg_pool2d(x * b, *k),
    lambda x, b, k: F.max_pool2d(flambeau.where(x > b, x, 0.0), *k) + F.avg_pool2d(x + b, *k),
]


@pytest.mark.parametrize("level", ["native", "avx2", "sse"])
@pytest.mark.parametrize("window", [(2, 2), (3, 2, 1)])
@pytest.mark.parametrize("chain", range(len(CHAINS)))
def test_what_is_computed_where_it_is_read(chain: int, window: Any, level: str,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    if level != "native" and chain % 4:
        pytest.skip("some chains are enough for older processors")
    monkeypatch.setenv("FLAMBEAU_CPU", level)
    rng = np.random.default_rng(chain)
    x = flambeau.tensor(rng.standard_normal((*LEADS[level], 14, 14))).float().requires_grad_()
    b = flambeau.tensor(rng.standard_normal((LEADS[level][1], 1, 1))).float().requires_grad_()

    def gradients() -> tuple[Any, ...]:
        y = CHAINS[chain](x, b, window)
        w = (flambeau.arange(y.numel()) % 7).reshape(y.shape).to(y.dtype)
        return y, *flambeau.autograd.grad((y * w).sum(), (x, b))
    agree(gradients, exact=False)


def kernels_of(step: Callable[[], Any]) -> str:
    """The kernels of a step as text."""
    with engine(native=True), flambeau.explain() as report:
        for _ in range(2):
            step()
    return report.text("kernels")


def test_what_follows_is_computed_in_the_pass() -> None:
    """Nothing but the result is stored: neither maxima nor where they were."""
    x = flambeau.randn(2, 3, 8, 20)
    program = kernels_of(lambda: F.relu(F.max_pool2d(x, 2) * 2 + 1).numpy())
    assert program.count("for ") == 1, program
    assert len([line for line in program.splitlines() if line.startswith("  v")]) == 1, program
    one = flambeau.randn(2, 3, 8, 20, requires_grad=True)
    program = kernels_of(lambda: flambeau.autograd.grad(
        F.avg_pool2d(one, 2).sum() + (one * one).sum(), one)[0].numpy())
    assert sum("window_spread" in k and "  v" in k for k in program.split("for ")) == 1, program
    assert program.count("for ") <= 2, program


def test_a_window_as_large_as_the_plane_is_a_reduction() -> None:
    x = flambeau.randn(3, 4, 7, 6, requires_grad=True)

    def step() -> tuple[Any, ...]:
        y = F.avg_pool2d(F.relu(x), (7, 6))
        return y, *flambeau.autograd.grad((y * y).sum(), x)
    agree(step, exact=False)
    program = kernels_of(lambda: [t.detach().numpy() for t in step()])
    assert "window" not in program, program


def test_a_step_holds_nothing_of_full_size_but_the_convolution_and_its_gradient() -> None:
    """Bias and relu are in the pass that pools; their gradients work on the pooled size."""
    flambeau.manual_seed(0)
    conv = nn.Conv2d(3, 4, 3)
    x = flambeau.randn(8, 3, 16, 16)

    def step() -> None:
        conv.zero_grad()
        F.max_pool2d(F.relu(conv(x)), 2).sum().backward()
        flambeau.sync()
    program = kernels_of(step)
    kernels = program.split("for ")
    assert sum("window" in k for k in kernels) == 2, program
    assert sum("le(" in k and "window_argmax" in k for k in kernels) == 1, program
    assert not any(f"<{n}" in k for k in kernels for n in (4 * 8 * 14 * 14, 14 * 14)), program
