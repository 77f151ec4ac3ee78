"""Optimizers step by step, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optim.cases import CASES, label
from optim.trajectory import trajectory

import flambeau

GROUPS = (((0, 2), {}), ((1,), {"lr": 0.02}), ((3,), {"weight_decay": 0.2}))


def assert_same(ours: Any, theirs: Any, tolerance: float) -> None:
    for step, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        for x, y in zip(a, b, strict=True):
            assert x.dtype == y.dtype
            np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance,
                                       err_msg=f"step {step}")


@pytest.mark.parametrize("case", CASES, ids=label)
@pytest.mark.parametrize("dtype,tolerance", [("float64", 1e-10), ("float32", 1e-5)])
def test_like_torch(case: Any, dtype: str, tolerance: float) -> None:
    torch = pytest.importorskip("torch")
    ours, _ = trajectory(flambeau, *case, dtype=dtype)
    theirs, _ = trajectory(torch, *case, dtype=dtype)
    if case[0] == "LBFGS" and dtype == "float32":
        tolerance = 1e-3  # near the minimum the line search follows rounding errors
    assert_same(ours, theirs, tolerance)


@pytest.mark.parametrize("case", [c for c in CASES if c[0] not in ("LBFGS", "Adafactor")
                                  and "fused" not in c[1]], ids=label)
def test_complex_like_torch(case: Any) -> None:
    torch = pytest.importorskip("torch")
    ours, _ = trajectory(flambeau, *case, dtype="complex128", steps=5)
    theirs, _ = trajectory(torch, *case, dtype="complex128", steps=5)
    assert_same(ours, theirs, 1e-10)


@pytest.mark.parametrize("name", sorted({c[0] for c in CASES} - {"LBFGS"}))
def test_groups_like_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    groups = GROUPS if name != "Rprop" else GROUPS[:2]
    ours, _ = trajectory(flambeau, name, {}, groups=groups)
    theirs, _ = trajectory(torch, name, {}, groups=groups)
    assert_same(ours, theirs, 1e-10)


@pytest.mark.parametrize("options", [{}, {"nesterov": False, "weight_decay": 0.0},
                                     {"adjust_lr_fn": "match_rms_adamw"}])
def test_muon_like_torch(options: Any) -> None:
    torch = pytest.importorskip("torch")
    shapes = ((4, 3), (3, 6), (5, 5))
    ours, _ = trajectory(flambeau, "Muon", options, shapes=shapes, dtype="float32")
    theirs, _ = trajectory(torch, "Muon", options, shapes=shapes, dtype="float32")
    assert_same(ours, theirs, 2e-4)  # the iteration rounds to bfloat16
