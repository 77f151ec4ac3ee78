"""What all optimizers share: groups, state, saving, hooks, errors, differentiable steps."""

from __future__ import annotations

import copy
import io
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import flambeau
from flambeau.engines.realize import mode, statistics

METHODS = ["SGD", "Adam", "AdamW", "Adamax", "Adadelta", "Adagrad", "RMSprop", "Rprop", "ASGD",
           "NAdam", "RAdam", "Adafactor"]
OPTIONS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.1, "momentum": 0.9}, "Adam": {"amsgrad": True},
    "RMSprop": {"momentum": 0.5, "centered": True}, "ASGD": {"t0": 1}}


def leaf(torch: Any, value: Any = (1.0, 2.0), dtype: Any = None) -> Any:
    return torch.tensor(value, dtype=dtype or torch.float64, requires_grad=True)


def run(optimizer: Any, params: Any, steps: int) -> None:
    for i in range(steps):
        optimizer.zero_grad()
        loss = sum(((p - 0.3 * i) ** 2).sum() * (k + 1) for k, p in enumerate(params))
        loss.backward()
        optimizer.step()


def made(torch: Any, name: str, **more: Any) -> tuple[Any, list[Any]]:
    params = [leaf(torch, [[1.0, -2.0], [0.5, 3.0]]), leaf(torch), leaf(torch, 0.7)]
    return getattr(torch.optim, name)(params, **{**OPTIONS.get(name, {}), **more}), params


def converted(value: Any, torch: Any) -> Any:
    """A state dict with its tensors turned into those of another library."""
    if isinstance(value, dict):
        return {k: converted(v, torch) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(converted(v, torch) for v in value)
    return torch.tensor(value.detach().numpy().copy()) if hasattr(value, "detach") else value


def layout(value: Any) -> Any:
    """A state dict with numbers and tensors replaced by what kind they are."""
    if isinstance(value, dict):
        return {k: layout(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [layout(v) for v in value]
    if hasattr(value, "detach"):
        return str(value.dtype), tuple(value.shape)
    return value


# ---- state ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", METHODS)
def test_state_dict_goes_both_ways(name: str) -> None:
    torch = pytest.importorskip("torch")
    ours, our_params = made(flambeau, name)
    theirs, their_params = made(torch, name)
    run(ours, our_params, 3)
    run(theirs, their_params, 3)
    assert layout(ours.state_dict()) == layout(theirs.state_dict())
    assert [list(s) for s in ours.state_dict()["state"].values()] == [
        list(s) for s in theirs.state_dict()["state"].values()]
    crossed, crossed_params = made(flambeau, name)
    back, back_params = made(torch, name)
    for mine, other in ((crossed_params, their_params), (back_params, our_params)):
        for p, q in zip(mine, other, strict=True):
            p.data.copy_(converted(q, flambeau if mine is crossed_params else torch))
    crossed.load_state_dict(converted(theirs.state_dict(), flambeau))
    back.load_state_dict(converted(ours.state_dict(), torch))
    for optimizer, params in ((ours, our_params), (crossed, crossed_params),
                              (back, back_params), (theirs, their_params)):
        run(optimizer, params, 4)
    for p, *others in zip(their_params, our_params, crossed_params, back_params, strict=True):
        for q in others:
            np.testing.assert_allclose(q.detach().numpy(), p.detach().numpy(), rtol=1e-9)


@pytest.fixture
def one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engines round differently, and a step must not turn hot between two copies."""
    monkeypatch.setattr(mode, "native", False)


@pytest.mark.usefixtures("one_engine")
@pytest.mark.parametrize("name", METHODS)
def test_copies_go_on_alike(name: str) -> None:
    optimizer, params = made(flambeau, name)
    run(optimizer, params, 2)
    twin, twin_params = copy.deepcopy((optimizer, params))
    pickled, pickled_params = pickle.load(io.BytesIO(pickle.dumps((optimizer, params))))
    for o, ps in ((optimizer, params), (twin, twin_params), (pickled, pickled_params)):
        run(o, ps, 2)
    for p, q, r in zip(params, twin_params, pickled_params, strict=True):
        assert p.tolist() == q.tolist() == r.tolist()


def test_state_is_seen_and_changed() -> None:
    optimizer, params = made(flambeau, "Adam", amsgrad=False)
    run(optimizer, params, 2)
    state = optimizer.state[params[1]]
    mean, step = state["exp_avg"], state["step"]
    assert step.item() == 2.0
    assert step.dtype is flambeau.float32
    run(optimizer, params, 1)
    assert state["exp_avg"] is mean
    assert state["step"] is step
    assert step.item() == 3.0
    step.fill_(10.0)
    mean.zero_()
    state["exp_avg_sq"] = flambeau.ones(2, dtype=flambeau.float64)
    before = params[1].detach().numpy().copy()
    optimizer.zero_grad()
    params[1].sum().backward()
    optimizer.step()
    square = 0.999 + 0.001
    change = 1e-3 * 0.1 / (1 - 0.9 ** 11) / ((square / (1 - 0.999 ** 11)) ** 0.5 + 1e-8)
    np.testing.assert_allclose(before - params[1].detach().numpy(), change, rtol=1e-9)
    assert [optimizer.state[p]["step"].item() for p in params] == [3.0, 11.0, 3.0]
    optimizer.state.clear()
    run(optimizer, params, 1)
    assert [optimizer.state[p]["step"].item() for p in params] == [1.0, 1.0, 1.0]


def test_old_states_hold_numbers() -> None:
    optimizer, params = made(flambeau, "Adam", amsgrad=False)
    run(optimizer, params, 2)
    saved = optimizer.state_dict()
    for state in saved["state"].values():
        state["step"] = 2
    for group in saved["param_groups"]:
        del group["amsgrad"], group["decoupled_weight_decay"]
    optimizer.load_state_dict(saved)
    run(optimizer, params, 1)
    assert optimizer.state[params[0]]["step"].item() == 3.0


def test_load_casts_to_the_parameter() -> None:
    double, double_params = made(flambeau, "Adam")
    run(double, double_params, 1)
    single = [leaf(flambeau, p.tolist(), flambeau.float32) for p in double_params]
    optimizer = flambeau.optim.Adam(single, amsgrad=True)
    optimizer.load_state_dict(double.state_dict())
    assert optimizer.state[single[0]]["exp_avg"].dtype is flambeau.float32
    assert optimizer.state[single[0]]["step"].dtype is flambeau.float32
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        optimizer.load_state_dict({"state": {}, "param_groups": [{"params": [0]}]})


def test_swap_in() -> None:
    optimizer, params = made(flambeau, "Adam")
    run(optimizer, params, 1)
    saved = copy.deepcopy(optimizer.state_dict())
    saved["param_groups"][0]["lr"] = 0.5
    others = [p.detach().clone().requires_grad_() for p in params]
    before = [p.tolist() for p in params]
    with flambeau.optim.swap_in_optimizer_params_and_state(
            optimizer, {str(i): p for i, p in enumerate(others)}, saved):
        run(optimizer, others, 1)
        assert optimizer.state[others[0]]["step"].item() == 2.0
    assert [p.tolist() for p in params] == before
    assert saved["state"][0]["step"].item() == 2.0
    assert optimizer.param_groups[0]["lr"] == 1e-3
    assert optimizer.param_groups[0]["params"] == params
    run(optimizer, params, 1)
    assert optimizer.state[params[0]]["step"].item() == 2.0


SWAPS: dict[str, Any] = {
    "no dict": lambda s: 3,
    "state": lambda s: {**s, "state": []},
    "entries": lambda s: {**s, "state": {0: 1}},
    "groups": lambda s: {**s, "param_groups": {}},
    "fewer groups": lambda s: {**s, "param_groups": []},
    "no group": lambda s: {**s, "param_groups": [3]},
    "ids": lambda s: {**s, "param_groups": [{**s["param_groups"][0], "params": ["a"]}]},
    "fewer ids": lambda s: {**s, "param_groups": [{**s["param_groups"][0], "params": [0]}]},
    "keys": lambda s: {**s, "param_groups": [{"params": [0, 1, 2], "lr": 1, "other": 2}]},
    "more state": lambda s: {**s, "state": {7: {}}},
    "parameters": lambda s: s,
}


@pytest.mark.parametrize("case", list(SWAPS))
def test_swap_in_errors_like_torch(case: str) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        optimizer, params = made(module, "Adam")
        run(optimizer, params, 1)
        names = {str(i): p for i, p in enumerate(params[:2] if case == "parameters" else params)}
        swap = module.optim.swap_in_optimizer_params_and_state(
            optimizer, names, SWAPS[case](optimizer.state_dict()))
        with pytest.raises(RuntimeError) as caught, swap:
            pass
        found.append(str(caught.value))
    assert found[0] == found[1]


# ---- what changes between steps ------------------------------------------------------------------

def test_absent_gradients_are_skipped() -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        optimizer, params = made(module, "Adam")
        for i in range(6):
            optimizer.zero_grad()
            used = [p for k, p in enumerate(params) if (i + k) % 3]
            sum((p ** 2).sum() for p in used).backward()
            optimizer.step()
        found.append([p.tolist() for p in params])
        found.append([optimizer.state[p]["step"].item() for p in params])
    assert found[1] == found[3]
    for p, q in zip(found[0], found[2], strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-12)


def test_options_and_groups_may_change() -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        optimizer, params = made(module, "SGD", momentum=0.0)
        run(optimizer, params, 2)
        optimizer.param_groups[0]["momentum"] = 0.8
        run(optimizer, params, 2)
        optimizer.param_groups[0]["lr"] = 0.01
        optimizer.param_groups[0]["weight_decay"] = 0.3
        extra = leaf(module, (4.0, 5.0, 6.0))
        optimizer.add_param_group({"params": extra, "lr": 0.2, "nesterov": True, "momentum": 0.5})
        run(optimizer, [*params, extra], 3)
        optimizer.param_groups[0]["params"].pop()
        run(optimizer, [*params, extra], 2)
        found.append([p.tolist() for p in [*params, extra]])
    for p, q in zip(*found, strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-12)


def test_parameters_may_be_replaced_by_hand() -> None:
    optimizer, params = made(flambeau, "SGD", momentum=0.0)
    run(optimizer, params, 1)
    with flambeau.no_grad():
        params[1].fill_(3.0)
    view = params[0].detach().numpy()
    optimizer.zero_grad()
    (params[0].sum() + params[1].sum()).backward()
    before = view.copy()
    optimizer.step()
    np.testing.assert_allclose(view, before - 0.1)
    assert params[1].tolist() == [2.9, 2.9]


def test_duplicate_parameters_are_updated_twice() -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        p = leaf(module)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            optimizer = module.optim.Adam([p, p], lr=0.1)
        found.append([str(w.message) for w in caught])
        run(optimizer, [p], 3)
        found.append((p.tolist(), optimizer.state[p]["step"].item()))
    assert found[0] == found[2]
    np.testing.assert_allclose(found[1][0], found[3][0], rtol=1e-12)
    assert found[1][1] == found[3][1] == 6.0


def test_half_precision() -> None:
    for dtype in (flambeau.float16, flambeau.bfloat16):
        p = leaf(flambeau, (1.0, 2.0), dtype)
        optimizer = flambeau.optim.Adam([p], lr=0.25)
        (p * 2).sum().backward()
        optimizer.step()
        assert p.dtype is dtype
        assert optimizer.state[p]["exp_avg"].dtype is dtype
        assert p.tolist() == [0.75, 1.75]


def test_one_flush_and_one_structure_per_step() -> None:
    optimizer, params = made(flambeau, "Adam")
    run(optimizer, params, 2)
    structures, flushes = len(statistics.seen), statistics.flushes["optimizer step"]
    for i in range(5):
        optimizer.param_groups[0]["lr"] = 0.1 / (i + 1)
        run(optimizer, params, 1)
    assert statistics.flushes["optimizer step"] == flushes + 5
    assert len(statistics.seen) <= structures + 1


# ---- differentiable steps ------------------------------------------------------------------------

def after_steps(torch: Any, name: str, start: Any, scale: Any, steps: int) -> Any:
    """A loss of the parameter after differentiable steps along gradients made of the inputs."""
    p = start.clone()
    optimizer = getattr(torch.optim, name)(
        [p], differentiable=True, **{**OPTIONS.get(name, {}), "lr": 0.1})
    for i in range(steps):
        p.grad = scale ** 2 * (1.0 + i) - start * 0.1
        optimizer.step()
    return (p ** 2).sum()


@pytest.mark.parametrize("name", [m for m in METHODS if m != "Adafactor"])
def test_differentiable_like_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        start, scale = leaf(module), leaf(module, (0.5, 1.5))
        loss = after_steps(module, name, start, scale, 3 if name in ("SGD", "Adadelta") else 1)
        loss.backward()
        found += [loss.item(), start.grad.tolist(), scale.grad.tolist()]
    for ours, theirs in zip(found[:3], found[3:], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4)  # their step counts are float32


@pytest.mark.parametrize("name", [m for m in METHODS if m not in ("Adafactor", "SGD")])
def test_differentiable_by_differences(name: str) -> None:
    inputs = np.array([[1.0, 2.0], [0.5, 1.5]])

    def loss_at(values: Any) -> tuple[Any, Any, Any]:
        start, scale = leaf(flambeau, values[0].tolist()), leaf(flambeau, values[1].tolist())
        return after_steps(flambeau, name, start, scale, 3), start, scale
    loss, start, scale = loss_at(inputs)
    loss.backward()
    along = np.array([[0.6, -0.3], [0.2, 0.7]])
    slope = (along * np.array([start.grad.tolist(), scale.grad.tolist()])).sum()
    ahead, behind = (loss_at(inputs + h * along)[0].item() for h in (1e-5, -1e-5))
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-5, rtol=1e-6)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_differentiable_options_like_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for module in (flambeau, torch):
        start, lr = leaf(module), leaf(module, 0.1)
        p = start.clone()
        optimizer = getattr(module.optim, name)([p], lr=lr, differentiable=True)
        for _ in range(2):
            p.grad = start ** 3
            optimizer.step()
        (p ** 2).sum().backward()
        found += [p.tolist(), start.grad.tolist(), lr.grad.item()]
    for ours, theirs in zip(found[:3], found[3:], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_differentiable_leaf_is_refused() -> None:
    p = leaf(flambeau)
    optimizer = flambeau.optim.SGD([p], differentiable=True)
    p.sum().backward()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        optimizer.step()


# ---- hooks, closures, printing -------------------------------------------------------------------

def test_step_hooks() -> None:
    from flambeau.optim.optimizer import (
        register_optimizer_step_post_hook,
        register_optimizer_step_pre_hook,
    )

    optimizer, _ = made(flambeau, "SGD")
    calls: list[str] = []

    def note(text: str) -> Any:
        def hook(owner: Any, args: Any, kwargs: Any) -> None:
            assert owner is optimizer
            assert args == (optimizer,)
            calls.append(text)
        return hook
    handles = [register_optimizer_step_pre_hook(note("global before")),
               register_optimizer_step_post_hook(note("global after")),
               optimizer.register_step_pre_hook(note("before")),
               optimizer.register_step_post_hook(note("after"))]
    optimizer.step()
    assert calls == ["global before", "before", "after", "global after"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(calls) == 4
    optimizer.register_step_pre_hook(lambda owner, args, kwargs: (args, {"closure": lambda: 5}))
    assert optimizer.step() == 5
    optimizer.register_step_pre_hook(lambda owner, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        optimizer.step()


def test_state_dict_hooks() -> None:
    optimizer, _ = made(flambeau, "SGD")
    calls: list[Any] = []
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, d: {**d, "more": 1})
    saved = optimizer.state_dict()
    assert saved["more"] == 1
    assert calls == ["first", "second"]
    optimizer.register_load_state_dict_pre_hook(lambda o, d: calls.append(sorted(d)))
    optimizer.register_load_state_dict_post_hook(lambda o: calls.append("loaded"))
    optimizer.load_state_dict(saved)
    assert calls[2:] == [["more", "param_groups", "state"], "loaded"]


def test_closure_and_own_optimizer() -> None:
    class Signs(flambeau.optim.Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, {"lr": lr})

        @flambeau.no_grad()
        def step(self, closure: Any = None) -> Any:
            with flambeau.enable_grad():
                loss = closure()
            for group in self.param_groups:
                for p in group["params"]:
                    p.add_(p.grad.sign(), alpha=-group["lr"])
            return loss
    for make in (lambda p: Signs([p], lr=0.5), lambda p: flambeau.optim.SGD([p], lr=0.5)):
        p = leaf(flambeau, (3.0,))
        optimizer = make(p)

        def closure(p: Any = p, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = p.sum()
            loss.backward()
            return loss
        with flambeau.no_grad():
            assert optimizer.step(closure).item() == 3.0
        assert p.tolist() == [2.5]
    with pytest.raises(NotImplementedError):
        flambeau.optim.Optimizer([p], {}).step()


def test_zero_grad() -> None:
    optimizer, params = made(flambeau, "SGD")
    run(optimizer, params, 1)
    grads = [p.grad for p in params]
    optimizer.zero_grad(set_to_none=False)
    assert all(p.grad is g for p, g in zip(params, grads, strict=True))
    assert params[1].grad.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert params[0].grad is None


def test_repr_like_torch() -> None:
    torch = pytest.importorskip("torch")
    for name in METHODS:
        assert repr(made(flambeau, name)[0]) == repr(made(torch, name)[0])


def test_signatures_like_torch() -> None:
    import inspect

    torch = pytest.importorskip("torch")
    for name in [*METHODS, "LBFGS", "SparseAdam", "Muon"]:
        ours, theirs = [inspect.signature(getattr(m.optim, name).__init__).parameters.values()
                        for m in (flambeau, torch)]
        assert [(p.name, p.kind, p.default) for p in ours] == [
            (p.name, p.kind, p.default) for p in theirs], name


# ---- known values --------------------------------------------------------------------------------

KNOWN: dict[str, Any] = {
    "SGD": ({"lr": 0.125, "momentum": 0.5}, [0.75, 0.4375, 0.171875]),
    "Adam": ({"lr": 0.1}, [0.9, 0.800412229, 0.701586273]),
    "AdamW": ({"lr": 0.1, "weight_decay": 0.5}, [0.85, 0.708248443, 0.574973931]),
    "Adagrad": ({"lr": 0.5}, [0.5, 0.276393202, 0.156398736]),
    "Rprop": ({"lr": 0.4}, [0.6, 0.12, -0.456]),
    "RMSprop": ({"lr": 0.1, "alpha": 0.5}, [0.858578645, 0.749413846, 0.651856731]),
    "Adadelta": ({}, [0.996837726, 0.993598174, 0.990309046]),
    "Adamax": ({"lr": 0.1}, [0.9, 0.805168327, 0.715499473]),
    "NAdam": ({"lr": 0.1}, [0.894354821, 0.819973069, 0.752729265]),
    "RAdam": ({"lr": 0.1}, [0.8, 0.621052632, 0.46230336]),
    "ASGD": ({"lr": 0.1, "t0": 1}, [0.799989997, 0.639985199, 0.511983684]),
    "Adafactor": ({"lr": 0.1}, [0.9, 0.814182282, 0.739892248]),
}


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_known_trajectory(name: str) -> None:
    options, expected = KNOWN[name]
    p = leaf(flambeau, (1.0,))
    optimizer = getattr(flambeau.optim, name)([p], **options)
    values = []
    for _ in expected:
        optimizer.zero_grad()
        (p ** 2).sum().backward()
        optimizer.step()
        values.append(p.item())
    np.testing.assert_allclose(values, expected, rtol=1e-8)


def test_names_are_saved() -> None:
    p, q = leaf(flambeau), leaf(flambeau)
    optimizer = flambeau.optim.SGD([("first", p), ("second", q)])
    assert optimizer.param_groups[0]["param_names"] == ["first", "second"]
    saved = optimizer.state_dict()
    assert saved["param_groups"][0]["param_names"] == ["first", "second"]
    del saved["param_groups"][0]["param_names"]
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["param_names"] == ["first", "second"]
