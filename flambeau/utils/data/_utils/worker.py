"""What runs inside a worker process."""

from __future__ import annotations

import os
import queue
import random
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy

from flambeau.random import manual_seed
from flambeau.utils.data._utils.exception import ExceptionWrapper
from flambeau.utils.data._utils.fetch import _BaseDatasetFetcher, _DatasetKind
from flambeau.utils.data._utils.transport import Outbox

# How often a waiting process looks whether its peer is still alive, seconds.
STATUS_CHECK_INTERVAL = 5.0


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker process knows about itself.

    Attributes:
        id: number of the worker, ``0 .. num_workers - 1``.
        num_workers: how many workers the loader has.
        seed: seed of this worker's generators: the loader's base seed plus ``id``.
        dataset: the copy of the dataset in this process.
        rng: None; the global generators are this worker's own.
        worker_method: ``"multiprocessing"``.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: Any | None = None
    worker_method: str | None = "multiprocessing"


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Facts about the worker process that this code runs in.

    Returns:
        ``WorkerInfo`` inside a worker of a ``DataLoader``; None in the main process.

    Example:
        >>> get_worker_info() is None
        True

    Source: PyTorch, ``torch.utils.data.get_worker_info``.
    """
    return _worker_info


@dataclass(frozen=True)
class WorkerPlan:
    """All that a worker needs to start, sent to it once."""

    dataset_kind: int
    dataset: Any
    auto_collation: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    base_seed: int
    init_fn: Callable[[int], Any] | None
    worker_id: int
    num_workers: int
    segment_prefix: str

    def create_fetcher(self) -> _BaseDatasetFetcher:
        """A fetcher at the start of the dataset."""
        return _DatasetKind.create_fetcher(
            self.dataset_kind, self.dataset, self.auto_collation, self.collate_fn, self.drop_last
        )


class Task(NamedTuple):
    """Fetch the batch of one entry of the index sampler."""

    epoch: int
    number: int
    index: Any


class Resume(NamedTuple):
    """Start over at the beginning of the dataset; results of earlier epochs are not wanted."""

    epoch: int


class Release(NamedTuple):
    """The main process has copied this shared-memory segment out."""

    segment: int


class StreamEnd(NamedTuple):
    """The worker's iterable dataset is exhausted."""

    worker_id: int


def _seed_everything(base_seed: int, worker_id: int) -> int:
    """Seed Python, NumPy and flambeau with the values that PyTorch's workers use."""
    seed = base_seed + worker_id
    random.seed(seed)
    manual_seed(seed)
    entropy = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    numpy.random.seed(numpy.random.SeedSequence(entropy).generate_state(4))
    return seed


class _Mailbox:
    """Receives messages in a thread, so that the main process never waits to send one."""

    def __init__(self, connection: Connection, outbox: Outbox) -> None:
        self._connection = connection
        self._outbox = outbox
        self._messages: queue.SimpleQueue[Task | Resume | None] = queue.SimpleQueue()
        self.epoch = 0
        self._parent = os.getppid()
        threading.Thread(target=self._receive, daemon=True).start()

    def get(self) -> Task | Resume | None:
        """The next thing to do; None when the worker shall end."""
        return self._messages.get()

    def _receive(self) -> None:
        with suppress(EOFError, OSError):
            while os.getppid() == self._parent:
                if not self._connection.poll(STATUS_CHECK_INTERVAL):
                    continue
                message = self._connection.recv()
                if isinstance(message, Release):
                    self._outbox.release(message.segment)
                    continue
                if isinstance(message, Resume):
                    self.epoch = message.epoch
                self._messages.put(message)
                if message is None:
                    return
        self._messages.put(None)
        # The main process is gone. A worker that is stuck in a send or in user code must not
        # outlive it.
        threading.Event().wait(STATUS_CHECK_INTERVAL)
        os._exit(1)


def _worker_loop(plan: WorkerPlan, tasks: Connection, results: Connection) -> None:
    """Fetch batches until told to end.

    Args:
        plan: dataset, functions, seeds.
        tasks: pipe to read tasks from.
        results: pipe to write batches to.
    """
    global _worker_info
    # Ctrl-C reaches every process of the terminal; the main process decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outbox = Outbox(results, plan.segment_prefix)
    mailbox = _Mailbox(tasks, outbox)
    seed = _seed_everything(plan.base_seed, plan.worker_id)
    _worker_info = WorkerInfo(plan.worker_id, plan.num_workers, seed, plan.dataset)
    fetcher: _BaseDatasetFetcher | ExceptionWrapper | None = _start(plan, plan.init_fn)
    while (message := mailbox.get()) is not None:
        if isinstance(message, Resume):
            fetcher = _start(plan, None)
        elif message.epoch == mailbox.epoch and fetcher is not None:
            data = _fetch(plan, fetcher, message)
            if isinstance(data, StreamEnd):
                fetcher = None
            try:
                _send(plan, outbox, message, data)
            except OSError:  # the main process has closed its end
                return


def _failure(plan: WorkerPlan) -> ExceptionWrapper:
    return ExceptionWrapper(where=f"in DataLoader worker process {plan.worker_id}")


def _start(
    plan: WorkerPlan, init_fn: Callable[[int], Any] | None
) -> _BaseDatasetFetcher | ExceptionWrapper:
    """A fetcher, or the error that every task of this worker shall report."""
    try:
        if init_fn is not None:
            init_fn(plan.worker_id)
        return plan.create_fetcher()
    except Exception:
        return _failure(plan)


def _fetch(plan: WorkerPlan, fetcher: _BaseDatasetFetcher | ExceptionWrapper, task: Task) -> Any:
    if isinstance(fetcher, ExceptionWrapper):
        return fetcher
    try:
        return fetcher.fetch(task.index)
    except Exception as error:
        if isinstance(error, StopIteration) and plan.dataset_kind == _DatasetKind.Iterable:
            return StreamEnd(plan.worker_id)
        return _failure(plan)


def _send(plan: WorkerPlan, outbox: Outbox, task: Task, data: Any) -> None:
    key = (task.epoch, task.number)
    try:
        outbox.send(key, data)
    except OSError:
        raise
    except Exception:  # a batch that cannot be pickled
        outbox.send(key, _failure(plan))
