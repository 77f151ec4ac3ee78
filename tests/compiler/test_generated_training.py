"""Random models trained for some steps: compiled code, the reference engine, and PyTorch."""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np
import pytest
from both_engines import engine
from generated_training import Plan

import flambeau

# Of losses, first gradients, and parameters with buffers at the end, relative to the largest of
# each array. Optimizers that divide by the size of a gradient amplify the rounding of small ones.
TOLERANCE = {"float64": (1e-9, 1e-8, 1e-7), "float32": (2e-3, 1e-3, 5e-2)}
SMALL = 1e-2  # arrays smaller than this are compared as if they were as large
SEEDS = range(2000) if os.environ.get("FLAMBEAU_FULL_TESTS") else (4, 5, 20)


def trained(lib: Any, plan: Plan) -> Any:
    """What training gives, or the exception where the shapes of a random model do not fit."""
    try:
        return plan.train(lib)
    except (RuntimeError, ValueError) as error:
        return error


def agree(got: Any, want: Any, plan: Plan, which: str) -> None:
    """Two runs of a plan."""
    parts = zip(("losses", "gradients", "state"), got, want, TOLERANCE[plan.dtype], strict=True)
    for name, ours, theirs, tolerance in parts:
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            size = float(np.max(np.abs(b), initial=SMALL))
            np.testing.assert_allclose(
                a, b, 0, tolerance * size, err_msg=f"{which}: {name} {k} of\n{plan}")


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", SEEDS)
def test_random_models_learn_alike(seed: int) -> None:
    pytest.importorskip("torch")
    plan = Plan(seed)
    want = trained(importlib.import_module("torch"), plan)
    with engine(native=False):
        reference = trained(flambeau, plan)
    if isinstance(want, Exception):
        assert type(reference) is type(want), f"{reference!r}, PyTorch raises {want!r}"
        return
    with engine(native=True) as watch:
        compiled = trained(flambeau, plan)
    assert not watch.reference, f"compiled code gave up on\n{plan}"
    agree(reference, want, plan, "reference and PyTorch")
    agree(compiled, reference, plan, "compiled and reference")
