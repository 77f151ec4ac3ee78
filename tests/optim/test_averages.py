"""Averaged models: against PyTorch, and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau


def averages(torch: Any, make: Any, use_buffers: bool, dtype: Any = None) -> list[Any]:
    model = torch.nn.Linear(3, 2)
    model.register_buffer("seen", torch.zeros(2))
    averaged = torch.optim.swa_utils.AveragedModel(
        model, use_buffers=use_buffers, **make(torch.optim.swa_utils))
    rng = np.random.default_rng(0)
    for _ in range(4):
        with torch.no_grad():
            for t in (*model.parameters(), *model.buffers()):
                t.copy_(torch.tensor(rng.standard_normal(tuple(t.shape))))
        averaged.update_parameters(model)
    x = torch.tensor(rng.standard_normal((4, 3)), dtype=torch.float32)
    return [averaged.n_averaged.item(), averaged(x).tolist(),
            [t.tolist() for t in averaged.module.buffers()], list(averaged.state_dict())]


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("make", [
    lambda u: {}, lambda u: {"avg_fn": u.get_ema_avg_fn(0.7)},
    lambda u: {"avg_fn": u.get_swa_avg_fn()}, lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn()},
    lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
    lambda u: {"avg_fn": lambda average, current, n: average + current * n}])
def test_like_torch(make: Any, use_buffers: bool) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = [averages(m, make, use_buffers) for m in (flambeau, torch)]
    assert ours[0] == theirs[0] == 4
    assert ours[3] == theirs[3]
    for a, b in zip(ours[1:3], theirs[1:3], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_errors() -> None:
    utils = flambeau.optim.swa_utils
    for make in (utils.get_ema_avg_fn, utils.get_ema_multi_avg_fn):
        with pytest.raises(ValueError, match=r"Invalid decay value 1.5 provided"):
            make(1.5)
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn"):
        utils.AveragedModel(flambeau.nn.Linear(1, 1), avg_fn=utils.get_swa_avg_fn(),
                            multi_avg_fn=utils.get_swa_multi_avg_fn())


def test_update_bn_like_torch() -> None:
    torch = pytest.importorskip("torch")
    data = np.random.default_rng(0).standard_normal((6, 4, 3)).astype("float32")
    found = []
    for module in (flambeau, torch):
        model = module.nn.Sequential(module.nn.BatchNorm1d(3, momentum=0.3), module.nn.ReLU())
        model.eval()
        batches = [(module.tensor(x), 0) for x in data]
        module.optim.swa_utils.update_bn(batches, model)
        assert not model.training
        assert model[0].momentum == 0.3
        found.append([model[0].running_mean.tolist(), model[0].running_var.tolist()])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_average_by_hand() -> None:
    model = flambeau.nn.Linear(1, 1, bias=False)
    averaged = flambeau.optim.swa_utils.AveragedModel(model)
    for value in (1.0, 2.0, 6.0):
        with flambeau.no_grad():
            model.weight.fill_(value)
        averaged.update_parameters(model)
    assert averaged.module.weight.item() == 3.0
