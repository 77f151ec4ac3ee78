"""Learning-rate schedules: exactly PyTorch's numbers, states, warnings and errors."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest

import flambeau


class Halved:
    """A callable object, whose attributes a state dict keeps."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, epoch: float) -> float:
        return self.rate ** epoch


def build(torch: Any, name: str, options: dict[str, Any], optimizer: Any) -> Any:
    """A scheduler; nested (name, options) pairs become schedulers of the same optimizer."""
    kinds = torch.optim.lr_scheduler
    options = dict(options)
    if "schedulers" in options:
        options["schedulers"] = [build(torch, *inner, optimizer) for inner in options["schedulers"]]
    if name == "ChainedScheduler":
        return kinds.ChainedScheduler(options["schedulers"], optimizer)
    if name == "SWALR":
        return torch.optim.swa_utils.SWALR(optimizer, **options)
    return getattr(kinds, name)(optimizer, **options)


def optimizer_of(torch: Any, kind: str = "SGD") -> Any:
    params = [torch.zeros(2, requires_grad=True) for _ in range(3)]
    options = {"lr": 0.7} if kind != "SGD" else {"lr": 0.7, "momentum": 0.9}
    return getattr(torch.optim, kind)(
        [{"params": params[:1]}, {"params": params[1:], "lr": 0.05}], **options)


CASES: list[tuple[str, dict[str, Any]]] = [
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.9 ** epoch}),
    ("LambdaLR", {"lr_lambda": [Halved(0.5), lambda epoch: 1 / (epoch + 1)]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.95}),
    ("StepLR", {"step_size": 3, "gamma": 0.3}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 9], "gamma": 0.3}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.3, "total_iters": 3}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.2, "end_factor": 0.7, "total_iters": 7}),
    ("ExponentialLR", {"gamma": 0.87}),
    ("PolynomialLR", {"total_iters": 6, "power": 2.5}),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 30}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3}),
    ("CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 2, "eta_min": 0.001}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": [0.7, 0.5], "step_size_up": 4}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.7, "step_size_up": 2, "step_size_down": 5,
                  "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": [0.1, 0.2], "max_lr": 0.7, "step_size_up": 3, "mode": "exp_range",
                  "gamma": 0.9, "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.7, "step_size_up": 3, "scale_fn": Halved(0.9),
                  "scale_mode": "iterations", "base_momentum": 0.6}),
    ("OneCycleLR", {"max_lr": 0.9, "total_steps": 20}),
    ("OneCycleLR", {"max_lr": [0.9, 0.3], "epochs": 4, "steps_per_epoch": 6,
                    "anneal_strategy": "linear", "three_phase": True, "pct_start": 0.2}),
    ("SequentialLR", {"schedulers": [("ConstantLR", {"total_iters": 2}),
                                     ("ExponentialLR", {"gamma": 0.8}),
                                     ("LinearLR", {})], "milestones": [4, 9]}),
    ("ChainedScheduler", {"schedulers": [("ConstantLR", {"total_iters": 4}),
                                         ("ExponentialLR", {"gamma": 0.9})]}),
    ("SWALR", {"swa_lr": 0.02, "anneal_epochs": 5}),
    ("SWALR", {"swa_lr": [0.02, 0.3], "anneal_epochs": 4, "anneal_strategy": "linear"}),
]
CLOSED = ("StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR",
          "CosineAnnealingLR", "LambdaLR", "CosineAnnealingWarmRestarts")


def plain(value: Any) -> Any:
    """A state without functions and classes of either library."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return "function" if callable(value) else value


def label(case: Any) -> str:
    return f"{case[0]}-{'-'.join(case[1])}"


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("case", CASES, ids=label)
def test_like_torch(case: Any, kind: str) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        optimizer = optimizer_of(module, kind)
        scheduler = build(module, *case, optimizer)
        trail = [(scheduler.get_last_lr(), [g["lr"] for g in optimizer.param_groups],
                  [plain(g.get("momentum", g.get("betas"))) for g in optimizer.param_groups])]
        for _ in range(18):
            optimizer.step()
            scheduler.step()
            trail.append((scheduler.get_last_lr(), [g["lr"] for g in optimizer.param_groups],
                          [plain(g.get("momentum", g.get("betas")))
                           for g in optimizer.param_groups]))
        found.append((trail, plain(scheduler.state_dict())))
    assert found[0][0] == found[1][0]
    assert found[0][1] == found[1][1]
    assert list(found[0][1]) == list(found[1][1])


@pytest.mark.parametrize("case", [c for c in CASES if c[0] in CLOSED], ids=label)
def test_closed_form_like_torch(case: Any) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        optimizer = optimizer_of(module)
        scheduler = build(module, *case, optimizer)
        trail = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for epoch in (1, 4, 2, 7, 0, 11):
                scheduler.step(epoch)
                trail.append(scheduler.get_last_lr())
        found.append(trail)
    assert found[0] == found[1]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_state_resumes(case: Any) -> None:
    optimizer = optimizer_of(flambeau)
    scheduler = build(flambeau, *case, optimizer)
    other = optimizer_of(flambeau)
    resumed = build(flambeau, *case, other)
    for _ in range(7):
        optimizer.step()
        scheduler.step()
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    resumed.load_state_dict(copy.deepcopy(scheduler.state_dict()))
    other.step()
    for _ in range(6):
        scheduler.step()
        resumed.step()
        assert scheduler.get_last_lr() == resumed.get_last_lr()


@pytest.mark.parametrize("options", [
    {}, {"mode": "max", "patience": 1}, {"threshold_mode": "abs", "threshold": 0.3, "patience": 0},
    {"mode": "max", "threshold_mode": "abs", "patience": 2, "cooldown": 2, "factor": 0.5},
    {"min_lr": [0.2, 0.01], "patience": 0, "factor": 0.3}])
def test_plateau_like_torch(options: Any) -> None:
    torch = pytest.importorskip("torch")
    metrics = [3.0, 2.5, 2.6, 2.5, 2.4, 2.6, 2.9, 2.2, 2.2, 2.2, 2.2, 2.2, 2.2, 2.3, 2.3, 2.3, 2.3]
    found = []
    for module in (flambeau, torch):
        optimizer = optimizer_of(module)
        scheduler = module.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        trail = []
        for metric in metrics:
            scheduler.step(module.tensor(metric))
            trail.append(scheduler.get_last_lr())
        found.append((trail, scheduler.state_dict()))
    assert found[0] == found[1]


def test_tensor_rate_is_filled() -> None:
    torch = flambeau
    rate = torch.tensor(0.5)
    optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=rate)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == 0.25
    assert scheduler.base_lrs[0].item() == 0.5


ERRORS = [
    ("StepLR", {"step_size": 2, "last_epoch": 3}),
    ("LambdaLR", {"lr_lambda": [Halved(1.0)]}),
    ("MultiplicativeLR", {"lr_lambda": 3}),
    ("ConstantLR", {"factor": 1.5}),
    ("LinearLR", {"start_factor": 0}),
    ("LinearLR", {"end_factor": 2}),
    ("SequentialLR", {"schedulers": [], "milestones": []}),
    ("SequentialLR", {"schedulers": [("ConstantLR", {})], "milestones": [2]}),
    ("SequentialLR", {"schedulers": [("ReduceLROnPlateau", {})], "milestones": []}),
    ("ChainedScheduler", {"schedulers": []}),
    ("ReduceLROnPlateau", {"factor": 1.0}),
    ("ReduceLROnPlateau", {"mode": "least"}),
    ("ReduceLROnPlateau", {"threshold_mode": "least"}),
    ("ReduceLROnPlateau", {"min_lr": [1.0]}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": [1.0]}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "mode": "square"}),
    ("CosineAnnealingWarmRestarts", {"T_0": 0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 2, "eta_min": "x"}),
    ("OneCycleLR", {"max_lr": 1.0}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 0}),
    ("OneCycleLR", {"max_lr": 1.0, "epochs": 0, "steps_per_epoch": 2}),
    ("OneCycleLR", {"max_lr": 1.0, "epochs": 2, "steps_per_epoch": 0.5}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 5, "pct_start": 2.0}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 5, "anneal_strategy": "square"}),
    ("SWALR", {"swa_lr": 1.0, "anneal_strategy": "square"}),
    ("SWALR", {"swa_lr": 1.0, "anneal_epochs": -1}),
    ("SWALR", {"swa_lr": [1.0]}),
]


@pytest.mark.parametrize("case", ERRORS, ids=label)
def test_errors_like_torch(case: Any) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        with pytest.raises(Exception) as caught:  # noqa: B017, PT011
            build(module, *case, optimizer_of(module))
        found.append((caught.type, str(caught.value)))
    assert found[0] == found[1]


def test_not_an_optimizer() -> None:
    for make in (lambda: flambeau.optim.lr_scheduler.StepLR(3, 1),
                 lambda: flambeau.optim.lr_scheduler.ReduceLROnPlateau(3)):
        with pytest.raises(TypeError, match="int is not an Optimizer"):
            make()


def test_warnings_like_torch() -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        optimizer = optimizer_of(module)
        scheduler = module.optim.lr_scheduler.StepLR(optimizer, 2)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            scheduler.step()
            scheduler.step(3)
            scheduler.get_lr()
            second = module.optim.lr_scheduler.StepLR(optimizer, 2)
            optimizer.step = lambda: None
            second.step()
        found.append([(w.category, str(w.message)) for w in caught])
    assert found[0] == found[1]
    assert len(found[0]) == 4


def test_known_rates() -> None:
    optimizer = optimizer_of(flambeau)
    scheduler = flambeau.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    rates = []
    for _ in range(4):
        optimizer.step()
        scheduler.step()
        rates.append(scheduler.get_last_lr()[0])
    assert rates == [0.7, 0.35, 0.35, 0.175]
