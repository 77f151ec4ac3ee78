"""Optimizers refuse what PyTorch refuses, with the same words."""

from __future__ import annotations

from typing import Any

import pytest

import flambeau


def leaf(torch: Any, value: Any = (1.0, 2.0), dtype: Any = None) -> Any:
    return torch.tensor(value, dtype=dtype or torch.float64, requires_grad=True)


def _sgd(torch: Any, *args: Any, **kwargs: Any) -> Any:
    return torch.optim.SGD(*args, **kwargs)


def _two_groups(torch: Any) -> Any:
    p = leaf(torch)
    return _sgd(torch, [{"params": [p]}, {"params": [p]}])


def _later(torch: Any, group: Any) -> Any:
    return _sgd(torch, [leaf(torch)]).add_param_group(group)


def _bad_tensor(torch: Any, name: str, **options: Any) -> Any:
    return getattr(torch.optim, name)([leaf(torch)], **{
        k: torch.tensor(v) if isinstance(v, list) else v for k, v in options.items()})


ERRORS: dict[str, Any] = {
    "tensor": lambda t: _sgd(t, leaf(t, (1.0,), t.float32)),
    "empty": lambda t: _sgd(t, []),
    "text": lambda t: _sgd(t, "ab"),
    "number": lambda t: _sgd(t, [1]),
    "group without params": lambda t: _sgd(t, [{"base_params": [leaf(t)]}]),
    "non-leaf": lambda t: _sgd(t, [leaf(t) * 2]),
    "twice": _two_groups,
    "set": lambda t: _sgd(t, [{"params": {leaf(t)}}]),
    "no dict": lambda t: _later(t, [leaf(t)]),
    "names missing": lambda t: _sgd(t, [("a", leaf(t)), leaf(t)]),
    "names and none": lambda t: _sgd(t, [{"params": [("a", leaf(t))]}, {"params": [leaf(t)]}]),
    "none and names": lambda t: _later(t, {"params": [("a", leaf(t))]}),
    "lr": lambda t: _bad_tensor(t, "SGD", lr=-1.0),
    "lr tensor": lambda t: _bad_tensor(t, "SGD", lr=[0.1, 0.2]),
    "momentum": lambda t: _bad_tensor(t, "SGD", momentum=-1.0),
    "decay": lambda t: _bad_tensor(t, "SGD", weight_decay=-1.0),
    "nesterov": lambda t: _bad_tensor(t, "SGD", nesterov=True),
    "fused differentiable": lambda t: _bad_tensor(t, "SGD", fused=True, differentiable=True),
    "fused foreach": lambda t: _bad_tensor(t, "Adam", fused=True, foreach=True),
    "adam lr": lambda t: _bad_tensor(t, "Adam", lr=-1),
    "adam lr tensors": lambda t: _bad_tensor(t, "Adam", lr=[0.1, 0.2]),
    "adam lr foreach": lambda t: _bad_tensor(t, "Adam", lr=[0.1], foreach=True),
    "adam betas": lambda t: _bad_tensor(t, "Adam", betas=(1.0, 0.9)),
    "adam betas 2": lambda t: _bad_tensor(t, "Adam", betas=(0.9, 1.0)),
    "adam beta types": lambda t: _bad_tensor(t, "Adam", betas=(0, 0.9)),
    "adam beta mixed": lambda t: _bad_tensor(t, "Adam", betas=(t.tensor(0.9), 0.9)),
    "adam eps": lambda t: _bad_tensor(t, "Adam", eps=-1.0),
    "adam decay": lambda t: _bad_tensor(t, "AdamW", weight_decay=-1.0),
    "adamax eps": lambda t: _bad_tensor(t, "Adamax", eps=-1.0),
    "adadelta rho": lambda t: _bad_tensor(t, "Adadelta", rho=1.5),
    "adagrad lr_decay": lambda t: _bad_tensor(t, "Adagrad", lr_decay=-1),
    "adagrad start": lambda t: _bad_tensor(t, "Adagrad", initial_accumulator_value=-1),
    "rmsprop alpha": lambda t: _bad_tensor(t, "RMSprop", alpha=-1),
    "rprop etas": lambda t: _bad_tensor(t, "Rprop", etas=(1.1, 1.2)),
    "asgd lr": lambda t: _bad_tensor(t, "ASGD", lr=-1),
    "nadam": lambda t: _bad_tensor(t, "NAdam", momentum_decay=-1),
    "radam": lambda t: _bad_tensor(t, "RAdam", betas=(-0.1, 0.9)),
    "adafactor lr": lambda t: _bad_tensor(t, "Adafactor", lr=-1),
    "adafactor decay": lambda t: _bad_tensor(t, "Adafactor", beta2_decay=1),
    "adafactor eps": lambda t: _bad_tensor(t, "Adafactor", eps=(-1, 1)),
    "adafactor eps 2": lambda t: _bad_tensor(t, "Adafactor", eps=(None, -1)),
    "adafactor d": lambda t: _bad_tensor(t, "Adafactor", d=0.5),
    "adafactor weights": lambda t: _bad_tensor(t, "Adafactor", weight_decay=-1),
    "muon": lambda t: _bad_tensor(t, "Muon"),
    "muon how": lambda t: _bad_tensor(t, "Muon", adjust_lr_fn="x"),
    "muon momentum": lambda t: _bad_tensor(t, "Muon", momentum=-1),
    "lbfgs": lambda t: t.optim.LBFGS([{"params": [leaf(t)]}, {"params": [leaf(t)]}]),
    "lbfgs search": lambda t: made_search(t),
    "sparse lr": lambda t: _bad_tensor(t, "SparseAdam", lr=0.0),
    "sparse eps": lambda t: _bad_tensor(t, "SparseAdam", eps=0.0),
    "sparse complex": lambda t: t.optim.SparseAdam([leaf(t, 1j, t.complex64)]),
    "sparse dense": lambda t: stepped(t, "SparseAdam", t.float32),
    "adafactor complex": lambda t: stepped(t, "Adafactor", t.complex64),
}


def stepped(torch: Any, name: str, dtype: Any) -> None:
    p = leaf(torch, (1.0, 2.0), dtype)
    p.grad = p.detach().clone()
    getattr(torch.optim, name)([p]).step()


def made_search(torch: Any) -> None:
    p = leaf(torch)
    optimizer = torch.optim.LBFGS([p], line_search_fn="other")

    def closure() -> Any:
        loss = (p ** 2).sum()
        loss.backward()
        return loss
    optimizer.step(closure)


@pytest.mark.parametrize("case", list(ERRORS))
def test_errors_like_torch(case: str) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        with pytest.raises(Exception) as caught:  # noqa: B017, PT011
            ERRORS[case](module)
        found.append((caught.type, str(caught.value)))
    assert found[0] == found[1]


def test_required_options() -> None:
    from flambeau.optim.optimizer import required

    assert repr(required) == "<required parameter>"
    with pytest.raises(ValueError, match="didn't specify a value of required optimization "
                                         "parameter lr"):
        flambeau.optim.Optimizer([leaf(flambeau)], {"lr": required})
