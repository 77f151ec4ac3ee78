"""Steps that repeat: lists of nodes known from before, and arrays that are written again."""

from __future__ import annotations

import gc
import random

import numpy as np
import pytest

import flambeau as torch
from flambeau.engines import memory, realize, recordings, reference
from flambeau.engines import native as native_engine


@pytest.fixture
def hits(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Everything is compiled at once; says of every flush whether it repeated a recording."""
    found: list[bool] = []
    find = recordings.find

    def watched(nodes: list, compiled: bool) -> object:
        result = find(nodes, compiled)
        found.append(result is not None)
        return result
    monkeypatch.setattr(realize.mode, "native", True)
    monkeypatch.setattr(realize.mode, "patience", 1)
    monkeypatch.setattr(realize, "_structures", {})
    monkeypatch.setattr(recordings, "_recordings", {})
    monkeypatch.setattr(recordings, "find", watched)
    return found


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values)


def test_a_repeated_recording_reads_its_own_inputs(hits: list[bool]) -> None:
    for k in range(4):
        x, y = tensor(k, 2.0), tensor(3.0, k)
        assert (x * 2.5 + y * (k + 0.5)).tolist() == [2.5 * k + 3 * (k + 0.5),
                                                      5 + k * (k + 0.5)]
    assert hits == [False, True, True, True]


def test_wiring_is_part_of_a_recording(hits: list[bool]) -> None:
    x, y = tensor(2.0, 3.0), tensor(5.0, 7.0)

    def run(a: torch.Tensor, b: torch.Tensor, swap: bool) -> list[float]:
        first, second = a - b, a * b
        return (second - first if swap else first - second).tolist()
    for _ in range(2):
        assert run(x, y, False) == [-13.0, -25.0]
        assert run(x, y, True) == [13.0, 25.0]
        assert run(x, x, False) == [-4.0, -9.0]
        assert run(y, x, False) == [-7.0, -17.0]
    assert hits == [False, False, False, True, True, True, True, True]


def test_types_of_numbers_and_specs_are_part_of_a_recording(hits: list[bool]) -> None:
    x = torch.tensor([2, 3])
    assert (x * 2).tolist() == [4, 6]
    assert (x * 2.5).tolist() == [5.0, 7.5]
    assert (x * 3).tolist() == [6, 9]
    assert (tensor(1.0, 2.0, 3.0) * 3).tolist() == [3.0, 6.0, 9.0]
    assert hits == [False, False, True, False]


def test_what_is_held_is_part_of_a_recording(hits: list[bool]) -> None:
    x = tensor(1.0, 2.0)

    def run() -> tuple[torch.Tensor, torch.Tensor]:
        middle = torch.exp(x)
        return middle, middle + 1
    for _ in range(2):
        end = run()[1]
        end.tolist()
        middle, end = run()
        end.tolist()
        assert middle._node.data is not None
        np.testing.assert_allclose(middle.numpy(), np.exp([1.0, 2.0]), rtol=1e-6)
        del middle, end
    assert hits == [False, False, True, True]


def test_a_part_of_several_results(hits: list[bool]) -> None:
    x = tensor(3.0, 1.0, 2.0)
    for keep in (0, 1, 0, 1):
        part = torch.sort(x)[keep]
        assert part.tolist() == [[1.0, 2.0, 3.0], [1, 2, 0]][keep]
    assert hits[-2:] == [True, True]


def test_an_error_in_values_loses_nothing(hits: list[bool]) -> None:
    table = torch.arange(6.0).reshape(3, 2)
    for index in (1, 2, 7, 0):
        rows = torch.nn.functional.embedding(torch.tensor([index - 1]) + 1, table)
        other = table + index
        if index == 7:
            with pytest.raises(IndexError):
                rows.tolist()
        else:
            assert rows.tolist() == [[2.0 * index, 2.0 * index + 1]]
        assert other[0].tolist() == [index, index + 1.0]


def net_and_step() -> tuple:
    torch.manual_seed(0)
    net = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    x = torch.randn(5, 3)

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss
    return net, step


def reference_run(steps: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list, list]:
    """Losses and weights of the same steps on the reference engine."""
    with monkeypatch.context() as m:
        m.setattr(realize.mode, "native", False)
        net, step = net_and_step()
        losses, weights = [], []
        for _ in range(steps):
            losses.append(step().item())
            weights.append(net.weight.detach().clone().numpy().copy())
        return losses, weights


def test_results_that_somebody_keeps_are_not_written_again(
        hits: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    expected_losses, expected = reference_run(9, monkeypatch)
    net, step = net_and_step()
    losses, grads, rows, weights = [], [], [], []
    for _ in range(9):
        losses.append(step())
        grads.append(net.weight.grad)
        rows.append(net.weight.grad[0])
        rows[-1].tolist()
        weights.append(net.weight.detach().clone())
    assert sum(hits) >= 7
    np.testing.assert_allclose([t.item() for t in losses], expected_losses, rtol=1e-5)
    for row, grad in zip(rows, grads, strict=True):
        assert row.tolist() == grad[0].tolist()
    assert len({tuple(g.reshape(-1).tolist()) for g in grads}) == 9
    for ours, wanted in zip(weights, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), wanted, rtol=1e-5, atol=1e-6)


def test_aliases_of_parameters_see_updates_and_copies_do_not(hits: list[bool]) -> None:
    net, step = net_and_step()
    for _ in range(4):
        step()
    alias, view, row = net.weight.data, net.weight.detach(), net.weight.data[1]
    copy, node = net.weight.detach().clone(), net.weight._node
    before = net.weight.tolist()
    held = node.data
    for _ in range(4):
        step()
    assert copy.tolist() == before == held.tolist()
    assert alias.tolist() == view.tolist() == net.weight.tolist() != before
    assert row.tolist() == net.weight[1].tolist()


def test_numpy_views_of_parameters_see_updates(hits: list[bool]) -> None:
    net, step = net_and_step()
    for _ in range(3):
        step()
    shared = net.weight.detach().numpy()
    for _ in range(3):
        before = shared.copy()
        step()
        assert not np.array_equal(shared, before)
        np.testing.assert_array_equal(shared, net.weight.detach().clone().numpy())
    shared[:] = 0
    assert net.weight.abs().sum().item() == 0


def test_steady_steps_write_the_same_few_arrays(hits: list[bool]) -> None:
    net, step = net_and_step()
    for _ in range(4):
        step()
    seen = set()
    for _ in range(12):
        step()
        seen.add(memory.address_of(net.weight._node.data))
    assert len(seen) == 2
    assert all(hits[-12:])


def test_addresses_are_forgotten_with_their_arrays() -> None:
    before = len(memory._addresses)
    arrays = [np.zeros(3) for _ in range(10)]
    assert [memory.address_of(a) for a in arrays] == [a.ctypes.data for a in arrays]
    assert len(memory._addresses) == before + 10
    arrays.clear()
    gc.collect()
    assert len(memory._addresses) <= before


def test_writing_into_a_view_leaves_kept_results_alone(hits: list[bool]) -> None:
    x = tensor(1.0, 2.0)
    kept = []
    for k in range(5):
        y = x + k
        y.tolist()
        same = y.clone()
        y[0] = 100.0
        kept.append((same, y))
    for k, (same, y) in enumerate(kept):
        assert same.tolist() == [1.0 + k, 2.0 + k]
        assert y.tolist() == [100.0, 2.0 + k]


def test_the_reference_engine_knows_recordings_too(hits: list[bool], monkeypatch) -> None:
    monkeypatch.setattr(realize.mode, "native", False)
    for k in range(4):
        x = tensor(k, 2.0)
        dropped, kept = torch.exp(x) * 2, torch.sort(x)[0]
        del dropped
        assert kept.tolist() == sorted([k, 2.0])
    assert hits == [False, False, True, True]


@pytest.mark.parametrize("native", [True, False])
def test_an_interrupt_loses_nothing(hits: list[bool], monkeypatch, native: bool) -> None:
    monkeypatch.setattr(realize.mode, "native", native)

    run_node = reference._realize

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    def interrupted_later(node: object) -> None:
        if y._node.data is not None:
            raise KeyboardInterrupt
        run_node(node)
    for k in range(4):
        x = tensor(k, 2.0)
        y, part = x * 2 + 1, torch.sort(x)[1]
        if k in (0, 3):
            with monkeypatch.context() as m, pytest.raises(KeyboardInterrupt):
                m.setattr(native_engine.Plan, "run", interrupted)
                m.setattr(reference, "_realize", interrupted_later)
                part.tolist()
        assert y.tolist() == [2.0 * k + 1, 5.0]
        assert part.tolist() == ([1, 0] if k > 2 else [0, 1])


def test_a_retained_graph_may_have_saved_numbers() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * 3).sum()
    y.backward(retain_graph=True)
    assert x.grad.tolist() == [3.0, 3.0]
    y.backward()
    assert x.grad.tolist() == [6.0, 6.0]


def random_program(seed: int, x: torch.Tensor, w: torch.Tensor) -> list:
    """A taped program of the seed's structure; what is still held of it in the end."""
    choose = random.Random(seed)
    values = [x, x @ w, w.detach() + 1]
    results = []
    for _ in range(choose.randrange(3, 12)):
        a, b = choose.choice(values), choose.choice(values)
        values.append(choose.choice([
            lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b * 0.5,
            lambda a, b: torch.sort(a, dim=1)[0], lambda a, b: torch.tanh(a) @ w,
            lambda a, b: torch.max(a, dim=0, keepdim=True)[0].expand(3, 3),
            lambda a, b: torch.cat([a[:1], b[1:]]), lambda a, b: a.clone().fill_(0.5) * b,
            lambda a, b: a.detach()])(a, b))
        if choose.random() < 0.4:
            values.pop(choose.randrange(len(values)))
        if choose.random() < 0.1:
            results.append(values[0].tolist())
    loss = sum([v.mean() for v in values], (w * 0).sum())
    loss.backward(retain_graph=choose.random() < 0.1)
    if choose.random() < 0.5:
        values.clear()
    return [*results, w.grad.tolist(), loss.item(), *[v.tolist() for v in values]]


def test_random_programs_give_the_same_again(hits: list[bool], monkeypatch) -> None:
    monkeypatch.setattr(realize.mode, "native", False)
    for seed in range(60):
        found = []
        for again in (False, True):
            for k in range(3):
                data = np.random.default_rng(k).standard_normal((2, 3, 3)).astype(np.float32)
                x, w = torch.tensor(data[0]), torch.nn.Parameter(torch.tensor(data[1]))
                if not again:
                    recordings._recordings.clear()
                found.append(random_program(seed, x, w))
        assert found[:3] == found[3:], seed
    assert sum(hits) > 60
