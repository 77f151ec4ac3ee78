"""Samplers and splits: PyTorch's order under the same seed, PyTorch's errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau
import flambeau.utils.data as ours

Orders = Callable[[Any, Any], Any]

ORDERS: dict[str, Orders] = {
    "random": lambda lib, data: list(data.RandomSampler(range(37))),
    "random twice": lambda lib, data: [list(s) for s in [data.RandomSampler(range(9))] * 2],
    "more than there are": lambda lib, data: list(data.RandomSampler(range(5), num_samples=13)),
    "with replacement": lambda lib, data: list(
        data.RandomSampler(range(50), replacement=True, num_samples=70)
    ),
    "own generator": lambda lib, data: list(
        data.RandomSampler(range(12), generator=lib.Generator().manual_seed(4))
    ),
    "subset": lambda lib, data: list(data.SubsetRandomSampler([4, 8, 15, 16, 23, 42])),
    "weights": lambda lib, data: list(data.WeightedRandomSampler([0.1, 3.0, 0.5, 0.0], 20)),
    "weights once": lambda lib, data: list(
        data.WeightedRandomSampler([0.9, 0.4, 0.05, 0.2], 3, replacement=False)
    ),
    "split": lambda lib, data: [p.indices for p in data.random_split(range(10), [3, 7])],
    "fractions": lambda lib, data: [
        p.indices for p in data.random_split(range(11), [0.3, 0.3, 0.4])
    ],
    "distributed": lambda lib, data: [
        list(data.DistributedSampler(range(10), num_replicas=3, rank=rank, seed=2))
        for rank in range(3)
    ],
    "loader": lambda lib, data: [
        batch.tolist() for batch in data.DataLoader(range(20), batch_size=6, shuffle=True)
    ],
    "loader with generator": lambda lib, data: [
        batch.tolist()
        for batch in data.DataLoader(
            range(20), shuffle=True, generator=lib.Generator().manual_seed(3)
        )
    ],
}


@pytest.mark.torch
@pytest.mark.parametrize("name", ORDERS)
def test_order_and_random_stream_equal_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torch.utils.data")
    results = []
    for library, data in ((flambeau, ours), (torch, theirs)):
        library.manual_seed(11)
        results.append((ORDERS[name](library, data), library.rand(4).tolist()))
    assert results[0] == results[1]


def test_known_order() -> None:
    flambeau.manual_seed(0)
    assert sorted(ours.RandomSampler(range(6))) == list(range(6))
    assert list(ours.SequentialSampler("abc")) == [0, 1, 2]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size", [0, 1, 6, 7])
def test_batch_sampler(size: int, drop_last: bool) -> None:
    sampler = ours.BatchSampler(ours.SequentialSampler(range(size)), 3, drop_last)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    assert sum(batches, []) == list(range(size - size % 3 if drop_last else size))


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(("size", "replicas"), [(10, 3), (9, 3), (2, 5), (11, 4)])
def test_distributed_shares(size: int, replicas: int, drop_last: bool) -> None:
    theirs = pytest.importorskip("torch.utils.data")
    for rank in range(replicas):
        options = dict(num_replicas=replicas, rank=rank, shuffle=False, drop_last=drop_last)
        assert list(ours.DistributedSampler(range(size), **options)) == list(
            theirs.DistributedSampler(range(size), **options)
        )


def test_distributed_epochs() -> None:
    sampler = ours.DistributedSampler(range(50), num_replicas=2, rank=0)
    first = list(sampler)
    assert first == list(sampler)
    sampler.set_epoch(1)
    assert first != list(sampler)
    assert len(sampler) == 25


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: ours.RandomSampler([1], replacement=1), TypeError, "replacement should be a boolean"),
    (lambda: ours.RandomSampler([]), ValueError, "num_samples should be a positive integer value, "
     "but got num_samples=0"),
    (lambda: ours.WeightedRandomSampler([1.0], 0), ValueError, "num_samples should be a positive"),
    (lambda: ours.WeightedRandomSampler([1.0], 1, 2), ValueError, "replacement should be a bool"),
    (lambda: ours.WeightedRandomSampler([[1.0]], 1), ValueError, "weights should be a 1d sequence"),
    (lambda: ours.BatchSampler([1], True, False), ValueError, "batch_size should be a positive"),
    (lambda: ours.BatchSampler([1], 1, 0), ValueError, "drop_last should be a boolean value"),
    (lambda: ours.DistributedSampler([1], 2, 2), ValueError, "Invalid rank 2, rank should be in"),
    (lambda: ours.DistributedSampler([1]), ValueError, "process group has not been"),
    (lambda: ours.random_split([1, 2], [3]), ValueError, "Sum of input lengths does not equal"),
    (lambda: ours.random_split([1], [-0.5, 1.5]), ValueError, "Fraction at index 0 is not"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_errors(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_empty_split_warns() -> None:
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        ours.random_split([1], [0.9, 0.1])
