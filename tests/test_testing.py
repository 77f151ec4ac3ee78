"""The assertions of `flambeau.testing` say what PyTorch's say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau

torch = pytest.importorskip("torch")

PAIRS: list[Callable[[Any], tuple[Any, Any, dict[str, Any]]]] = [
    lambda t: (t.tensor([1.0, 2, 3]), t.tensor([1.0, 2.5, 4]), {}),
    lambda t: (t.tensor([[1.0, 2, 3], [1, 2, 3]]), t.tensor([[1.0, 2.5, 4], [1, 2, 3]]), {}),
    lambda t: (t.tensor([1.0]), t.tensor([1.000001]), {}),
    lambda t: (t.tensor(1.0), t.tensor(2.0), {}),
    lambda t: (t.tensor(1), t.tensor(2), {}),
    lambda t: (t.tensor([1, 2]), t.tensor([2, 2]), {}),
    lambda t: (t.tensor([True]), t.tensor([False]), {}),
    lambda t: (t.tensor([1, 2]), t.tensor([2.0, 2]), {}),
    lambda t: (t.tensor([1, 2]), t.tensor([2.0, 2]), {"check_dtype": False}),
    lambda t: (t.tensor([1, 2]), t.tensor([2, 2, 3]), {}),
    lambda t: (1.0, 2.0, {}),
    lambda t: (1.0, t.tensor(1.0), {}),
    lambda t: ([1.0, 2.0], (1.0, 3.0), {}),
    lambda t: ({"a": t.tensor(1.0)}, {"a": t.tensor(2.0)}, {}),
    lambda t: ({"a": t.tensor(1.0)}, {"b": t.tensor(2.0)}, {}),
    lambda t: ([1.0], [1.0, 2.0], {}),
    lambda t: ("a", "b", {}),
    lambda t: (None, None, {}),
    lambda t: (None, t.tensor(1.0), {}),
    lambda t: (t.tensor([float("nan")]), t.tensor([float("nan")]), {}),
    lambda t: (t.tensor([float("nan")]), t.tensor([float("nan")]), {"equal_nan": True}),
    lambda t: (t.tensor([1.0]), t.tensor([2.0]), {"rtol": 1e-3}),
    lambda t: (t.tensor([1.0]), t.tensor([2.0]), {"rtol": 0, "atol": 0}),
    lambda t: (t.tensor([1.0]), t.tensor([2.0]), {"msg": "hello"}),
    lambda t: (t.tensor([1.0]), t.tensor([2.0]), {"msg": "hello {}".format}),
    lambda t: (True, False, {}),
    lambda t: (1, 1.0, {}),
    lambda t: (1j, 2j, {}),
    lambda t: (t.tensor([1j]), t.tensor([2j]), {}),
    lambda t: (np.array([1.0]), np.array([2.0]), {}),
    lambda t: ([[t.tensor([1.0])], {"x": t.tensor(3)}], [[t.tensor([1.0])], {"x": t.tensor(4)}],
               {}),
    lambda t: (t.tensor([1.0, float("inf")]), t.tensor([float("inf"), float("inf")]), {}),
    lambda t: (t.tensor([1.0, 2]), t.tensor([0.0, 2]), {}),
    lambda t: (t.ones(2, 3), t.ones(3, 2).t(), {"check_stride": True}),
]


def outcome(function: Callable[..., None], pair: tuple[Any, Any, dict[str, Any]]) -> str:
    """What an assertion raises, as text; the libraries' names are the same."""
    actual, expected, options = pair
    try:
        function(actual, expected, **options)
    except (AssertionError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}".replace("flambeau", "torch").replace(
            "torch.tensor.tensor.", "torch.")
    return "agree"


@pytest.mark.parametrize("index", range(len(PAIRS)))
def test_assert_close_says_the_same(index: int) -> None:
    """Agreement, the kind of error and its whole text."""
    ours, theirs = PAIRS[index](flambeau), PAIRS[index](torch)
    assert outcome(flambeau.testing.assert_close, ours) == outcome(
        torch.testing.assert_close, theirs)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("expected", [[1.00005, 2.0], [1.001, 2.0], [1.0, float("nan")]])
def test_assert_allclose(expected: list[float]) -> None:
    """Its looser tolerances."""
    ours = outcome(flambeau.testing.assert_allclose, (flambeau.tensor([1.0, 2.0]), expected, {}))
    assert ours == outcome(torch.testing.assert_allclose, (torch.tensor([1.0, 2.0]), expected, {}))


@pytest.mark.parametrize("name", ["float32", "float64", "int64", "uint8", "bool", "complex64"])
def test_make_tensor(name: str) -> None:
    """Dtype, shape, bounds, gaps in memory and absence of zeros."""
    dtype = getattr(flambeau, name)
    made = flambeau.testing.make_tensor((40, 30), dtype=dtype, exclude_zero=True,
                                        noncontiguous=True)
    assert made.dtype == dtype and made.shape == (40, 30) and not made.is_contiguous()
    assert bool((made != 0).all())
    plain = flambeau.testing.make_tensor(100, dtype=dtype)
    assert -9 <= plain.numpy().real.min() and plain.numpy().real.max() <= 9
    assert len(plain.unique()) > 1 if name != "complex64" else True
