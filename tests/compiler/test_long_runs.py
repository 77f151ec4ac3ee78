"""Many small compiled steps: memory stays flat, nothing is compiled, no page is touched anew."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from both_engines import engine

import flambeau
from flambeau import nn
from flambeau.engines.statistics import statistics

STEPS = 100_000 if os.environ.get("FLAMBEAU_FULL_TESTS") else 1_500
WARM = 300
PAGE = resource.getpagesize()


def regression() -> Callable[[int], float]:
    """A small net with Adam, whose learning rate changes at every step."""
    net = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Dropout(0.1), nn.Linear(12, 1))
    optimizer = flambeau.optim.Adam(net.parameters(), lr=1e-3)
    x, y = flambeau.randn(16, 6), flambeau.randn(16, 1)

    def step(i: int) -> float:
        optimizer.param_groups[0]["lr"] = 1e-3 / (1 + i % 7)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()
    return step


def recurrent() -> Callable[[int], float]:
    """An embedding and a GRU over new words at every step, with clipped gradients."""
    table, cell, head = nn.Embedding(9, 8), nn.GRU(8, 8), nn.Linear(8, 9)
    parameters = [*table.parameters(), *cell.parameters(), *head.parameters()]
    optimizer = flambeau.optim.SGD(parameters, lr=0.05, momentum=0.9)

    def step(i: int) -> float:
        words = flambeau.randint(0, 9, (6, 3))
        optimizer.zero_grad()
        scores = head(cell(table(words[:-1]))[0])
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), words[1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss.item()
    return step


def resident() -> int:
    """Bytes of memory that the process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("make", [regression, recurrent])
def test_memory_is_flat_and_nothing_is_compiled_once_it_is_warm(
        make: Callable[[], Callable[[int], float]]) -> None:
    flambeau.manual_seed(0)
    with engine(native=True) as watch:
        step = make()
        for i in range(WARM):
            step(i)
        compiled, memory = statistics.compiled, resident()
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for i in range(STEPS):
            step(i)
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
        assert statistics.compiled == compiled
        assert not watch.reference
        assert resident() - memory < 8 << 20  # a kilobyte in each step would be 100 MB
        assert faults < 300 + STEPS // 50  # of the interpreter's heap; arrays are reused
