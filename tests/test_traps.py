"""Known traps of lazy, recorded tensors: one regression test each."""

from __future__ import annotations

import gc
import os
import tracemalloc

import numpy as np
import pytest

import flambeau as torch
from flambeau import nn
from flambeau.engines.realize import statistics
from flambeau.graph import pending


def structures(run, times):
    """How many distinct structures `run(i)` flushes for i in range(times), after the first call."""
    run(0)
    torch.sync()
    before = set(statistics.seen)
    for i in range(1, times):
        run(i)
        torch.sync()
    return len(set(statistics.seen) - before)


def training_step(lr=0.1):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    x, y = torch.randn(16, 4), torch.randn(16, 1)

    def step(i):
        optimizer.param_groups[0]["lr"] = lr / (i + 1)
        optimizer.zero_grad()
        loss = ((net(x) * (1.0 + i) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss
    return step


def test_python_numbers_are_not_part_of_the_structure():
    x = torch.ones(5)
    assert structures(lambda i: x * (0.5 + i) + i, 10) == 0
    step = training_step()
    step(0)
    assert structures(step, 10) == 0


def test_random_state_is_not_part_of_the_structure():
    x = torch.ones(50)
    drop = nn.Dropout(0.5)
    assert structures(lambda i: drop(x).sum(), 10) == 0


def test_an_unread_total_does_not_grow():
    step = training_step()
    total = torch.zeros(())
    sizes = []
    for i in range(50):
        total = total + step(i).detach()
        sizes.append(len(pending.nodes))
    assert max(sizes) < 10
    assert np.isfinite(total.item())


def test_a_budget_ends_the_deferral(monkeypatch):
    torch.sync()
    monkeypatch.setattr(pending, "max_nodes", 100)
    x = torch.zeros(3)
    longest = 0
    for _ in range(1000):
        x = x + 1
        longest = max(longest, len(pending.nodes))
    assert longest <= 101
    assert x.tolist() == [1000.0] * 3


def test_a_byte_budget_ends_the_deferral(monkeypatch):
    torch.sync()
    monkeypatch.setattr(pending, "max_nbytes", 1 << 20)
    kept = []
    for _ in range(50):
        kept.append(torch.ones(100_000) + 1)
    assert pending.nbytes <= 2 << 20


def test_a_hundred_thousand_pending_nodes(monkeypatch):
    torch.sync()
    monkeypatch.setattr(pending, "max_nodes", 10**9)
    x = torch.zeros(2)
    for _ in range(100_000):
        x = x + 1
    assert len(pending.nodes) >= 100_000
    assert x.tolist() == [100_000.0] * 2


def test_a_deep_tape_goes_backward():
    x = torch.ones(2, requires_grad=True)
    y = x
    for _ in range(20_000):
        y = y * 1.0
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    del y
    gc.collect()


def test_equal_structures_with_other_inputs_give_other_results():
    def apply(a, unused):
        return (a + 1).tolist()
    assert apply(torch.ones(2), torch.zeros(2)) == [2.0, 2.0]
    assert apply(torch.full((2,), 5.0), torch.zeros(2)) == [6.0, 6.0]
    outer = torch.ones(2)
    results = []
    for value in (1.0, 2.0):
        outer = outer * value
        results.append((outer + torch.ones(2)).tolist())
    assert results == [[2.0, 2.0], [3.0, 3.0]]


def test_aliases_accumulation_and_renaming():
    x = torch.arange(4.0)
    before = x + 0
    view = x.view(2, 2)
    x += 10
    after = x * 1
    view[0, 0] = -1
    assert before.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert after.tolist() == [10.0, 11.0, 12.0, 13.0]
    assert x.tolist() == [-1.0, 11.0, 12.0, 13.0]
    w = torch.ones(3, requires_grad=True)
    (w * 2).sum().backward()
    first = w.grad
    kept = first.clone()
    (w * 3).sum().backward()
    assert w.grad is first
    assert kept.tolist() == [2.0] * 3 and first.tolist() == [5.0] * 3


def test_numpy_memory_is_shared_and_deferred_reads_see_their_moment():
    a = np.zeros(3, np.float32)
    t = torch.from_numpy(a)
    later = t + 1
    a[0] = 7
    assert later.tolist() == [1.0, 1.0, 1.0]
    assert t.tolist() == [7.0, 0.0, 0.0]
    t.add_(1)
    assert a.tolist() == [8.0, 1.0, 1.0]
    u = torch.zeros(3)
    n = u.numpy()
    u += 2
    assert n.tolist() == [2.0] * 3
    n[1] = 9
    assert u.tolist() == [2.0, 9.0, 2.0]


def test_reads_are_counted():
    x = torch.ones(2)
    torch.sync()
    before = statistics.flushes["item"], statistics.flushes["bool"]
    (x + 1).sum().item()
    if (x + 1).sum() > 3:
        pass
    assert (statistics.flushes["item"], statistics.flushes["bool"]) == (before[0] + 1,
                                                                        before[1] + 1)


def test_caches_by_shape_are_bounded():
    from flambeau.graph import CACHE_LIMIT

    for n in range(CACHE_LIMIT + 500):
        torch.ones(1).expand(n + 1) * 2
    torch.sync()
    assert len(torch.mul.op.templates) <= CACHE_LIMIT


def test_errors_come_at_the_call():
    with pytest.raises(RuntimeError, match="size of tensor a"):
        torch.ones(2) + torch.ones(3)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        torch.ones(2, 3) @ torch.ones(2, 3)
    with pytest.raises(RuntimeError):
        nn.Conv2d(3, 4, 3)(torch.ones(1, 2, 8, 8))


def test_a_failing_value_spoils_nothing_else():
    torch.sync()
    good = torch.ones(3) + 1
    index = (torch.tensor([0.0, 9.0]) * 1).long()
    bad = torch.gather(torch.ones(3), 0, index)
    fine = good * 2
    with pytest.raises((IndexError, RuntimeError), match="index 9"):
        bad.tolist()
    assert fine.tolist() == [4.0] * 3
    with pytest.raises((IndexError, RuntimeError), match="index 9"):
        (bad + 1).tolist()


def test_fork_after_work():
    (torch.ones(100, 100) @ torch.ones(100, 100)).sum().item()
    child = os.fork()
    if child == 0:
        ok = (torch.ones(3) + 1).sum().item() == 6.0
        os._exit(0 if ok else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_sync_waits():
    x = torch.ones(3) + 1
    torch.sync()
    assert not pending.nodes
    assert x._node.data is not None


def test_training_leaves_memory_flat():
    step = training_step()
    for i in range(1500):  # long enough for caches to fill and hot code to be compiled
        step(i)
    gc.collect()
    tracemalloc.start()
    start = tracemalloc.get_traced_memory()[0]
    for i in range(2000):
        step(i)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - start
    tracemalloc.stop()
    assert grown < 100_000


def test_training_leaves_no_cycles():
    step = training_step()
    step(0)
    gc.collect()
    gc.disable()
    try:
        for i in range(20):
            step(i)
        assert gc.collect() < 50
    finally:
        gc.enable()
