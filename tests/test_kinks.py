"""Gradients at kinks, ties, zeros and NaN: where a derivative is a convention, it is PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau

NAN, INF = float("nan"), float("inf")
STEPS = [-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 1.5, 3.0]
A = [-2.0, -1.0, 0.0, 0.0, 2.0, 1.0, 0.5, 3.0]
B = [1.0, -1.0, 0.0, 2.0, 2.0, 0.0, -0.5, -3.0]

CASES = {
    "abs": (lambda t, x: t.abs(x), STEPS),
    "sign": (lambda t, x: t.sign(x), STEPS),
    "sqrt": (lambda t, x: t.sqrt(x), [0.0, 1.0, 4.0]),
    "log": (lambda t, x: t.log(x), [0.0, 1.0]),
    "floor": (lambda t, x: t.floor(x), STEPS),
    "nan_to_num": (lambda t, x: t.nan_to_num(x), [NAN, INF, -INF, 1.0]),
    "clamp": (lambda t, x: t.clamp(x, -1, 1), STEPS),
    "clamp crossed": (lambda t, x: t.clamp(x, 1, -1), STEPS),
    "clamp_min": (lambda t, x: t.clamp_min(x, 0), STEPS),
    "clamp tensor": (lambda t, x, y: t.clamp(x, min=y), A, B),
    "clamp tensors": (lambda t, x, y: t.clamp(x, y, y - 1), A, B),
    "maximum": (lambda t, x, y: t.maximum(x, y), A, B),
    "minimum": (lambda t, x, y: t.minimum(x, y), A, B),
    "maximum of nan": (lambda t, x, y: t.maximum(x, y), [NAN, 1.0, NAN], [1.0, NAN, NAN]),
    "fmax": (lambda t, x, y: t.fmax(x, y), A, B),
    "fmax of nan": (lambda t, x, y: t.fmax(x, y), [NAN, 1.0, NAN], [1.0, NAN, NAN]),
    "atan2": (lambda t, x, y: t.atan2(x, y), A, B),
    "copysign": (lambda t, x, y: t.copysign(x, y), A, B),
    "pow at zero": (lambda t, x, y: t.pow(x, y), [0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 2.0, 0.0]),
    "pow 0": (lambda t, x: x**0, STEPS),
    "square root by pow": (lambda t, x: x**0.5, [0.0, 1.0, 4.0]),
    "0 to the x": (lambda t, x: 0**x, [0.0, 1.0, 2.0]),
    "where with log": (lambda t, x: t.where(x > 0, t.log(x), x), STEPS),
    "sinc": (lambda t, x: t.sinc(x), STEPS),
    "complex abs": (lambda t, x, y: t.complex(x, y).abs(), A, B),
    "angle": (lambda t, x, y: t.complex(x, y).angle(), A, B),
    "overwritten": (lambda t, x: (x * 2).fill_(3) * x, STEPS),
    "zeroed": (lambda t, x: (x * 2).zero_() + x, STEPS),
    "copied": (lambda t, x, y: (x * 2).copy_(y) * x, A, B),
}


def gradients(lib: Any, case: tuple[Any, ...]) -> list[Any]:
    function, *data = case
    leaves = [lib.tensor(d, dtype=lib.float64, requires_grad=True) for d in data]
    out = function(lib, *leaves)
    grads = lib.autograd.grad(out.sum(), leaves, allow_unused=True)
    values = [out.detach().numpy().copy()]
    return values + [None if g is None else g.numpy().copy() for g in grads]


@pytest.mark.torch
@pytest.mark.parametrize("name", CASES)
def test_gradients_at_kinks(name: str) -> None:
    torch = pytest.importorskip("torch")
    for ours, theirs in zip(gradients(flambeau, CASES[name]), gradients(torch, CASES[name]),
                            strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)
