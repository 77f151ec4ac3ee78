"""Errors that only the values show: each engine raises PyTorch's exception, when they are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from compiler.both_engines import engine

import flambeau


def index(lib: Any, *values: int) -> Any:
    """Indices that are not known before they are computed."""
    return lib.tensor(values) + 0


CASES: dict[str, Callable[[Any], Any]] = {
    "embedding": lambda t: t.nn.functional.embedding(index(t, 1, 7), t.ones(3, 2)),
    "embedding, negative": lambda t: t.nn.functional.embedding(index(t, -6), t.ones(3, 2)),
    "embedding_bag": lambda t: t.nn.functional.embedding_bag(
        index(t, 1, 7), t.ones(3, 2), t.tensor([0]), mode="max"),
    "gather": lambda t: t.gather(t.ones(3, 2), 0, index(t, 0, 5)[None]),
    "gather, negative": lambda t: t.gather(t.ones(3, 2), 1, index(t, 0, -1)[None]),
    "scatter": lambda t: t.zeros(3, 2).scatter(0, index(t, 3, 0)[None], t.ones(1, 2)),
    "scatter_add": lambda t: t.zeros(3, 2).scatter_add(0, index(t, 3, 0)[None], t.ones(1, 2)),
    "scatter_reduce": lambda t: t.zeros(3).scatter_reduce(0, index(t, 3), t.ones(1), "amax"),
    "index_select": lambda t: t.index_select(t.ones(3, 2), 0, index(t, 3)),
    "index_add": lambda t: t.zeros(3, 2).index_add(0, index(t, 3), t.ones(1, 2)),
    "index_copy": lambda t: t.zeros(3, 2).index_copy(0, index(t, 3), t.ones(1, 2)),
    "index_fill": lambda t: t.zeros(3, 2).index_fill(0, index(t, 3), 2.0),
    "x[i]": lambda t: t.ones(3, 2)[index(t, 0, -4)],
    "x[i, j]": lambda t: t.ones(3, 2)[index(t, 0), index(t, 2)],
    "x[i] = y": lambda t: t.ones(3, 2).index_put((index(t, 3),), t.zeros(2)),
    "x[i] += y": lambda t: t.ones(3, 2).index_put((index(t, 3),), t.zeros(2), accumulate=True),
    "take": lambda t: t.take(t.ones(3, 2), index(t, -7)),
    "put_": lambda t: t.ones(4).put_(index(t, 7), t.ones(1)),
    "nll_loss": lambda t: t.nn.functional.nll_loss(t.ones(2, 3), index(t, 0, 3)),
    "cross_entropy": lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), index(t, 0, -1)),
    "multi_margin_loss": lambda t: t.nn.functional.multi_margin_loss(t.ones(2, 3), index(t, 0, 3)),
    "integer division": lambda t: t.tensor([1, 2]) // index(t, 0, 1),
    "remainder": lambda t: t.tensor([1, 2]) % index(t, 0, 1),
    "one_hot": lambda t: t.nn.functional.one_hot(index(t, 0, 3), 3),
    "inverse": lambda t: t.linalg.inv(t.zeros(2, 2) + 0),
    "cholesky": lambda t: t.linalg.cholesky(-t.eye(2)),
    "cholesky of NaN": lambda t: t.linalg.cholesky(t.full((2, 2, 2), float("nan")) * 1),
    "svd of NaN": lambda t: t.linalg.svdvals(t.full((2, 2), float("nan")) * 1),
    "svd of a batch": lambda t: t.linalg.pinv(
        t.tensor([1.0, float("nan")])[:, None, None].repeat(1, 2, 3)),
    "eig of NaN": lambda t: t.linalg.eig(t.full((2, 2), float("nan")) * 1)[0],
    "bernoulli": lambda t: t.bernoulli(t.ones(1) * 2),
}


def raised(lib: Any, case: Callable[[Any], Any]) -> tuple[str, str]:
    """Type and first line of what a call raises, by the time its result is read."""
    with pytest.raises(Exception) as info:
        case(lib).tolist()
    return info.type.__name__, str(info.value).split("\n")[0]


@pytest.mark.torch
@pytest.mark.parametrize("name", CASES)
def test_an_error_in_values_is_that_of_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    want = raised(torch, CASES[name])
    for native in (False, True):
        with engine(native):
            assert raised(flambeau, CASES[name]) == want


def step(table: Any, noise: Any, rows: Any) -> tuple[Any, ...]:
    """Draws, writes in place and looks up rows: all of it in one flush."""
    drawn = flambeau.nn.functional.dropout(noise, 0.5) + flambeau.rand(4)
    counts = flambeau.zeros(4)
    counts.add_(1)
    counts[1:3].mul_(3)
    return drawn, counts, table[rows]


def test_a_failed_flush_is_not_repeated_in_effect() -> None:
    """Random numbers and results in place of a compiled flush that fails are those of one run."""
    table = flambeau.arange(6.0).reshape(3, 2)
    seen = []
    for native in (False, True):
        with engine(native):
            for last in (1, 1, 9):  # compiled before it fails
                flambeau.manual_seed(3)
                drawn, counts, found = step(table, flambeau.ones(4), index(flambeau, 0, last))
                if last == 9:
                    with pytest.raises(IndexError, match="index 9"):
                        flambeau.sync()
                    with pytest.raises(IndexError, match="index 9"):
                        found.sum().item()  # and what depends on it, later
                else:
                    assert found.tolist() == [[0.0, 1.0], [2.0, 3.0]]
                assert counts.tolist() == [1, 3, 3, 1]
                seen.append([*drawn.tolist(), *flambeau.rand(2).tolist()])
    assert all(run == seen[0] for run in seen)
