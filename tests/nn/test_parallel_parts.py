"""Cutting, copying, running and joining gives what the module gives on the whole."""

from __future__ import annotations

import flambeau
from flambeau.nn import parallel


def test_round_trip() -> None:
    """Output and gradients of the copies are those of the module."""
    model = flambeau.nn.Sequential(flambeau.nn.Linear(3, 4), flambeau.nn.BatchNorm1d(4)).eval()
    x = flambeau.randn(5, 3)
    devices = ["cpu", "cpu"]
    whole = model(x)
    whole.square().sum().backward()
    wanted = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    copies = parallel.replicate(model, devices)
    assert all(c is not model and c[0] is not model[0] for c in copies)
    out = parallel.gather(parallel.parallel_apply(copies, parallel.scatter(x, devices)), "cpu")
    assert flambeau.allclose(out, whole, atol=1e-6)
    out.square().sum().backward()
    for parameter, grad in zip(model.parameters(), wanted, strict=True):
        assert flambeau.allclose(parameter.grad, grad, rtol=1e-4, atol=1e-5)
    silent = parallel.replicate(model, devices, detach=True)[0]
    assert not silent(x).requires_grad


def test_trees() -> None:
    """Dicts and tuples are cut and joined leaf by leaf."""
    tree = {"a": flambeau.arange(4), "b": (flambeau.ones(4, 2), None)}
    parts = parallel.scatter(tree, ["cpu"] * 2)
    assert [part["a"].tolist() for part in parts] == [[0, 1], [2, 3]]
    joined = parallel.gather(parts, "cpu")
    assert flambeau.equal(joined["a"], tree["a"]) and joined["b"][1] is None
    assert parallel.gather([flambeau.tensor(1), flambeau.tensor(2)], "cpu").tolist() == [1, 2]
