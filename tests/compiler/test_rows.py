"""Nests that run together row by row: how many there are, and what they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from both_engines import engine

import flambeau
from flambeau import Tensor, nn
from flambeau.compiler import lowering, verify
from flambeau.compiler.rows import Rows
from flambeau.engines import stages
from flambeau.nn import functional as F

SHAPES = ((48, 40), (4, 12, 33), (16, 3), (3, 5, 64), (130, 1), (2, 700))


def gradient(of: Callable[[Tensor], Tensor]) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """The function with its gradient along a fixed direction."""
    def both(x: Tensor) -> tuple[Tensor, ...]:
        x = x.detach().requires_grad_()
        y = of(x)
        weight = flambeau.arange(y.numel(), dtype=y.dtype).reshape(y.shape).cos()
        return y.detach(), flambeau.autograd.grad((y * weight).sum(), x)[0]
    return both


FUNCTIONS: dict[str, Callable[[Tensor], Any]] = {
    "softmax": lambda x: x.softmax(-1),
    "log_softmax": lambda x: x.log_softmax(-1),
    "softmax of columns": lambda x: x.softmax(0),
    "layer_norm": lambda x: F.layer_norm(x, x.shape[-1:]),
    "residual": lambda x: F.layer_norm(x + F.gelu(x), x.shape[-1:]) + x,
    "masked": lambda x: x.masked_fill(x[:1] > 0.5, -flambeau.inf).softmax(-1).nan_to_num(),
    "halves": lambda x: flambeau.cat([x.softmax(-1), x * 2], -1).exp(),
    "centred": lambda x: (x - x.mean(-1, keepdim=True)).square().sum(-1).sqrt(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_compute_what_the_reference_engine_computes(
        name: str, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "ON", True)
    values = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    results = []
    for native in (False, True):
        with engine(native):
            results.append([t.numpy() for t in gradient(FUNCTIONS[name])(flambeau.tensor(values))])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_rows_keep_what_is_not_finite(special: float) -> None:
    values = np.random.default_rng(2).standard_normal((32, 48)).astype(np.float32)
    values[5, 7] = special
    results = []
    for native in (False, True):
        with engine(native):
            results.append(flambeau.tensor(values).softmax(-1).numpy())
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)
    assert np.isfinite(results[1][[0, 4, 6]]).all()


def steps_of(compute: Callable[[], Any]) -> list[Any]:
    """The lowered steps of the largest plan that a computation needs."""
    with engine(native=True), flambeau.explain() as report:
        compute()
        flambeau.sync()
    found = []
    for structure in report.plans:
        program = stages._simplified(structure.key)
        specs = program.specs
        found.append(lowering.lower_all(program, lambda i, s=specs: stages.llvm.takes(i, s)))
    return max(found, key=len)


def test_a_softmax_is_one_function_with_nothing_between_in_memory() -> None:
    x = flambeau.randn(64, 100)
    (rows,) = steps_of(lambda: x.softmax(-1).numpy())
    assert isinstance(rows, Rows) and len(rows.local) == len(rows.parts) - 1


def test_a_layer_norm_and_its_gradient_are_few_functions() -> None:
    flambeau.manual_seed(0)
    norm, x = nn.LayerNorm(64), flambeau.randn(96, 64)

    def step() -> None:
        norm.zero_grad()
        y = x.detach().requires_grad_()
        norm(y).square().mean().backward()
        y.grad.numpy()
    assert len(steps_of(step)) <= 8


def test_parameters_are_no_reason_to_run_together() -> None:
    weight, x = flambeau.randn(64), flambeau.randn(32, 64)
    steps = steps_of(lambda: ((x * weight).sum(-1).numpy(), (weight * 2).numpy()))
    assert not any(isinstance(step, Rows) for step in steps)


def test_what_a_few_cheap_lines_make_of_a_stored_value_is_not_stored() -> None:
    weight, bias = flambeau.randn(24, 32), flambeau.randn(24)

    def step() -> None:
        x = flambeau.ones(64, 32, requires_grad=True)
        F.gelu(F.linear(x, weight, bias)).sum().backward()
        x.grad.numpy()
    stored = [s for nest in steps_of(step) for part in getattr(nest, "parts", [nest])
              for s in getattr(part, "stores", [])]
    assert len(stored) <= 3


def test_merged_heads_are_written_once() -> None:
    heads, weight = flambeau.randn(4, 8, 16, 12), flambeau.randn(32, 96)
    steps = steps_of(lambda: F.linear((heads * 2).transpose(1, 2).flatten(2), weight).numpy())
    assert len(steps) == 3  # twice, side by side, times the weight
    expected = np.swapaxes(heads.numpy() * 2, 1, 2).reshape(4, 16, 96) @ weight.numpy().T
    found = native_result(lambda: F.linear((heads * 2).transpose(1, 2).flatten(2), weight))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def native_result(compute: Callable[[], Tensor]) -> Any:
    """What compiled code computes."""
    with engine(native=True):
        return compute().numpy()
