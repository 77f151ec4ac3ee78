"""Several threads record, trace and realize at the same time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import flambeau as torch


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    """Let threads take turns after a microsecond, so that they meet in the middle of things."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], Any], count: int) -> dict[int, Any]:
    """What work(0), work(1), … return, run in one thread each, started at the same time."""
    barrier = threading.Barrier(count)
    found: dict[int, Any] = {}

    def run(i: int) -> None:
        barrier.wait()
        found[i] = work(i)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return found


def test_first_calls_trace_in_parallel() -> None:
    """While one thread traces a definition, others record tensors."""
    for size in range(3, 23):  # every size is a new signature
        found = together(lambda i, n=size: ((torch.ones(n) * i).softmax(0) * n).sum().item(), 4)
        assert sorted(found) == [0, 1, 2, 3]
        assert all(abs(v - size) < 1e-4 for v in found.values())


def test_flushes_do_not_lose_nodes_of_other_threads() -> None:
    shared = torch.arange(6.).reshape(2, 3)

    def work(i: int) -> list[float]:
        values = []
        for k in range(60):
            top, index = (shared * k + i).max(1)  # several outputs
            values.append(float(top.sum() + index.sum()))
        return values
    found = together(work, 6)
    assert found == {i: [2. * i + 7 * k + (4 if k else 0) for k in range(60)] for i in range(6)}


def test_a_value_that_another_thread_is_computing() -> None:
    for k in range(20):
        late = (torch.ones(200, 200) * k) @ torch.ones(200, 200)
        found = together(lambda i, t=late: t[i, i].item(), 4)
        assert found == dict.fromkeys(range(4), 200. * k)


def test_backward_in_threads() -> None:
    def work(i: int) -> bool:
        layer = torch.nn.Linear(3, 1)
        with torch.no_grad():
            layer.weight.fill_(i)
        for _ in range(10):
            layer(torch.ones(2, 3)).pow(2).sum().backward()
        return bool(layer.weight.grad.isfinite().all())
    assert all(together(work, 4).values())
