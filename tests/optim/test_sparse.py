"""SparseAdam: only rows with a gradient change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau


class Rows:
    """A gradient in coordinate format."""

    layout = flambeau.sparse_coo

    def __init__(self, indices: Any, values: Any) -> None:
        self.indices = flambeau.tensor(indices)
        self.values = flambeau.tensor(values)

    def coalesce(self) -> Rows:
        return self

    def _indices(self) -> Any:
        return self.indices

    def _values(self) -> Any:
        return self.values


CASES = [([[0, 3]], (5, 2), (2, 2)), ([[1, 4]], (5,), (2,)), ([[0, 2, 1], [1, 1, 0]], (3, 2), (3,)),
         (np.zeros((1, 0), np.int64), (5,), (0,))]


@pytest.mark.parametrize("indices,shape,size", CASES)
@pytest.mark.parametrize("options", [{}, {"lr": 0.1, "maximize": True, "betas": (0.5, 0.7)}])
def test_like_torch(indices: Any, shape: Any, size: Any, options: Any) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    start = rng.standard_normal(shape)
    p, q = [m.tensor(start, requires_grad=True) for m in (flambeau, torch)]
    ours, theirs = flambeau.optim.SparseAdam([p], **options), torch.optim.SparseAdam([q], **options)
    for _ in range(3):
        values = rng.standard_normal(size)
        p._grad = Rows(indices, values)
        q.grad = torch.sparse_coo_tensor(torch.tensor(indices), torch.tensor(values), shape,
                                          check_invariants=True)
        ours.step()
        theirs.step()
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-10)
    assert ours.state[p]["step"] == theirs.state[q]["step"] == 3
    for name in ("exp_avg", "exp_avg_sq"):
        np.testing.assert_allclose(ours.state[p][name].numpy(), theirs.state[q][name].numpy(),
                                   rtol=1e-10)
