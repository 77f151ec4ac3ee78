"""Whole modules: PyTorch runs what is saved here, and the other way round."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

import flambeau

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

MODULES: list[tuple[Callable[[Any], Any], tuple[int, ...]]] = [
    (lambda lib: lib.nn.Sequential(lib.nn.Conv2d(2, 3, 3), lib.nn.BatchNorm2d(3), lib.nn.ReLU(),
                                   lib.nn.MaxPool2d(2), lib.nn.Flatten(), lib.nn.Dropout(),
                                   lib.nn.Linear(12, 2)), (1, 2, 6, 6)),
    (lambda lib: lib.nn.LSTM(3, 2, 2, bidirectional=True), (4, 1, 3)),
    (lambda lib: lib.nn.GRU(3, 2, batch_first=True), (1, 4, 3)),
    (lambda lib: lib.nn.TransformerEncoderLayer(4, 2, 8, activation="gelu"), (3, 1, 4)),
]


@pytest.mark.parametrize("make, shape", MODULES)
@pytest.mark.parametrize("source, target", [(flambeau, torch), (torch, flambeau)])
def test_a_module_runs_after_the_journey(make: Callable[[Any], Any], shape: tuple[int, ...],
                                         source: Any, target: Any) -> None:
    """It gives the same numbers."""
    source.manual_seed(0)
    module = make(source).eval()
    file = io.BytesIO()
    source.save(module, file)
    file.seek(0)
    found = target.load(file, weights_only=False)
    results = []
    for lib, net in ((source, module), (target, found)):
        out = net(lib.linspace(-1, 1, int(lib.ones(shape).numel())).reshape(shape))
        out = out[0] if isinstance(out, tuple) else out
        results.append(out.flatten().tolist())
    assert results[0] == pytest.approx(results[1], abs=1e-5)
