"""Chains run block by block of the batch: same numbers, any number of threads, odd sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from both_engines import engine

import flambeau
from flambeau import nn
from flambeau.compiler import blocks
from flambeau.compiler.blocks import BlockedFunction, Steps
from flambeau.engines.disk_cache import disk_cache
from flambeau.nn import functional as F

Made = list[BlockedFunction]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Small programs have chains too, of few images a block; the chains that are made."""
    monkeypatch.setattr(blocks, "LEAST_BYTES", 1)
    monkeypatch.setattr(blocks, "LEAST_BLOCKS", 2)
    monkeypatch.setattr(disk_cache(), "get", lambda key: None)
    found: Made = []
    build = BlockedFunction.__init__

    def noted(self: BlockedFunction, *args: Any) -> None:
        build(self, *args)
        found.append(self)
    monkeypatch.setattr(BlockedFunction, "__init__", noted)
    yield found


def convolutional(batch: int) -> list[Any]:
    """Two convolutions with pooling: chains forward and backward, sums over the batch."""
    net = nn.Sequential(nn.Conv2d(2, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Conv2d(5, 7, 3), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
                        nn.Linear(7 * 4, 3))
    return gradients(net, flambeau.randn(batch, 2, 12, 12))


def normalized(batch: int) -> list[Any]:
    """Batch normalization cuts chains: its statistics need the whole batch."""
    net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
                        nn.Conv2d(16, 16, 3, padding=1, groups=2), nn.BatchNorm2d(16), nn.ReLU(),
                        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 3))
    return gradients(net, flambeau.randn(batch, 3, 9, 9))


def wide(batch: int) -> list[Any]:
    """Convolutions of many channels, which go to tiles where there are any."""
    net = nn.Sequential(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
                        nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(),
                        nn.Linear(64 * 4, 32), nn.ReLU(), nn.Linear(32, 3))
    return gradients(net, flambeau.randn(batch, 32, 8, 8))


def attentive(batch: int) -> list[Any]:
    """A layer of a transformer: products of several leading dimensions."""
    layer = nn.TransformerEncoderLayer(32, 4, 48, dropout=0.0, batch_first=True)
    net = nn.Sequential(layer, nn.Flatten(), nn.Linear(32 * 5, 3))
    return gradients(net, flambeau.randn(batch, 5, 32))


def gradients(net: nn.Module, x: Any) -> list[Any]:
    x.requires_grad_()
    target = flambeau.randint(0, 3, (len(x),))
    loss = F.cross_entropy(net(x), target)
    loss.backward()
    return [t.detach().numpy().copy() for t in
            (loss, x.grad, *[p.grad for p in net.parameters()])]


@pytest.mark.parametrize("run", [convolutional, normalized, wide, attentive])
@pytest.mark.parametrize("batch", [16, 37])
def test_chains_compute_the_same(made: Made, run: Callable[[int], list[Any]], batch: int) -> None:
    results = []
    for native in (False, True):
        flambeau.manual_seed(3)
        with engine(native=native):
            results.append(run(batch))
    assert any(f.blocks > 1 for f in made)
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-5)


def test_weights_are_prepared_where_images_are_inside_a_chain(made: Made) -> None:
    """On tiles a convolution prepares its weights; its images may have no place of their own."""
    def run() -> Any:
        flambeau.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(),
                            nn.MaxPool2d(2))
        with flambeau.no_grad():
            return net(flambeau.randn(64, 1, 16, 16)).numpy().copy()
    with engine(native=False):
        want = run()
    with engine(native=True):
        got = run()
    assert any(f.inner for f in made)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_sums_over_the_batch_are_part_of_chains(made: Made) -> None:
    with engine(native=True):
        convolutional(64)
    sums = [type(f).__name__ for chain in made for f in chain.functions]
    assert "ContractionSum" in sums
    assert "NestSum" in sums


def test_other_reductions_over_the_batch(made: Made) -> None:
    """Largest, smallest, product and all of a chain's values."""
    def run() -> list[Any]:
        flambeau.manual_seed(0)
        x = (flambeau.randn(40, 6) @ flambeau.randn(6, 5) / 4).exp()
        results = x.amax(0), x.amin(0), x.prod(0), x.sum(0), (x > 0).all(0), x.sum(), x.amax(1)
        flambeau.sync()
        return [r.numpy().copy() for r in results]
    with engine(native=False):
        want = run()
    with engine(native=True):
        got = run()
    assert any(m.steps.sums for chain in made for m in chain.members)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4)


@pytest.mark.parametrize("run", [convolutional, normalized])
def test_threads_do_not_change_a_bit(made: Made, run: Callable[[int], list[Any]]) -> None:
    before = flambeau.get_num_threads()
    results = []
    try:
        with engine(native=True):
            for threads in (1, 2):
                flambeau.set_num_threads(threads)
                flambeau.manual_seed(1)
                results.append([a.tobytes() for a in run(50)])
    finally:
        flambeau.set_num_threads(before)
    assert made
    assert results[0] == results[1]


def test_values_inside_a_chain_have_no_place_outside(made: Made) -> None:
    with engine(native=True):
        convolutional(61)
    chain = max(made, key=lambda f: len(f.inner))
    assert chain.inner
    assert not set(chain.inner) & set(chain.buffers)
    for v, offset in chain.inner.items():
        assert 0 <= offset <= chain.scratch - chain.own - chain.block * chain.nbytes(v)


@pytest.mark.parametrize(("count", "span", "size", "batch", "want"), [
    (20, 6, 120, 20, 1),        # a step per image
    (40, 3, 120, 20, 0.5),      # two steps per image
    (4, 32, 120, 30, 8),         # eight images a step, the last step is short
    (20, 5, 120, 20, None)])    # steps do not cover the value
def test_images_of_a_step(count: int, span: int, size: int, batch: int,
                          want: float | None) -> None:
    found = Steps(count, 1, {0: span}).images(batch, {0: size})
    assert found is None if want is None else found == want
