"""Datasets and functions for worker processes, which import them by name."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy

import flambeau
from flambeau.utils.data import Dataset, IterableDataset, get_worker_info

LARGE = 40_000  # elements; a batch of these goes through shared memory


class Mixed(Dataset[Any]):
    """Every kind of leaf, small and large."""

    def __init__(self, size: int = 11) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Any:
        return {
            "large": flambeau.full((LARGE,), float(index)),
            "array": numpy.full((2, 3), index, numpy.int16),
            "number": (index, index / 2, bool(index % 2)),
            "text": f"sample {index}",
        }


class Random(Dataset[Any]):
    """Draws from each generator that a worker seeds."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Any:
        return random.random(), numpy.random.rand(), flambeau.rand(()).item()


class Misbehaving(Dataset[Any]):
    """Does something bad at sample 5."""

    def __init__(self, deed: str) -> None:
        self.deed = deed

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> Any:
        if index == 5:
            getattr(self, self.deed)()
        return index

    def raise_value_error(self) -> None:
        raise ValueError("sample five")

    def raise_key_error(self) -> None:
        raise KeyError("sample five")

    def raise_strange_error(self) -> None:
        raise UnicodeDecodeError("utf-8", b"x", 0, 1, "cannot be made from a message")

    def kill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def leave(self) -> None:
        sys.exit(3)

    def sleep(self) -> None:
        time.sleep(60)


class Stream(IterableDataset[int]):
    """Numbers, dealt out to the workers."""

    def __init__(self, size: int, told: int | None = None) -> None:
        self.size = size
        self.told = size if told is None else told

    def __iter__(self) -> Any:
        worker = get_worker_info()
        if worker is None:
            return iter(range(self.size))
        return iter(range(worker.id, self.size, worker.num_workers))

    def __len__(self) -> int:
        return self.told


class WhoAmI(Dataset[Any]):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        info = get_worker_info()
        assert info is not None and info.dataset is self
        return info.id, info.num_workers, info.seed, os.getpid()


def as_list(batch: Any) -> Any:
    return batch


def as_lambda(batch: Any) -> Any:
    return lambda: batch


def mark_numpy_seed(worker: int) -> None:
    numpy.random.seed(worker)


def fail_to_start(worker: int) -> None:
    raise OverflowError(f"worker {worker} cannot start")


def plain(batch: Any) -> Any:
    """A batch with tensors as (dtype, list), for comparison between libraries."""
    if hasattr(batch, "tolist"):
        return str(batch.dtype).removeprefix("torch."), batch.tolist()
    if isinstance(batch, Mapping):
        return type(batch), {key: plain(batch[key]) for key in batch}
    if isinstance(batch, Sequence) and not isinstance(batch, (str, bytes)):
        return type(batch), [plain(value) for value in batch]
    return batch
