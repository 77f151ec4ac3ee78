"""The iterators of a data loader: in this process, or over worker processes."""

from __future__ import annotations

import itertools
import warnings
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flambeau.dtype import int64
from flambeau.tensor.creation import empty
from flambeau.utils.data._utils.crew import Crew, Result, new_segment_prefix
from flambeau.utils.data._utils.exception import ExceptionWrapper
from flambeau.utils.data._utils.fetch import _DatasetKind
from flambeau.utils.data._utils.worker import Resume, StreamEnd, Task, WorkerPlan

if TYPE_CHECKING:
    from flambeau.utils.data.dataloader import DataLoader


class _BaseDataLoaderIter:
    """What both iterators share: the index stream, the base seed, the count of batches."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._dataset = loader.dataset
        self._dataset_kind = loader._dataset_kind
        self._IterableDataset_len_called = loader._IterableDataset_len_called
        self._auto_collation = loader._auto_collation
        self._drop_last = loader.drop_last
        self._index_sampler: Any = loader._index_sampler
        self._num_workers = loader.num_workers
        self._timeout = loader.timeout
        self._collate_fn = loader.collate_fn
        if loader.pin_memory:
            _warn_about_pinning(loader.pin_memory_device)
        # The order of these two lines is part of the random stream: see PyTorch.
        self._sampler_iter: Iterator[Any] = iter(self._index_sampler)
        self._base_seed = int(
            empty((), dtype=int64).random_(generator=loader.generator).item()
        )
        self._persistent_workers = loader.persistent_workers
        self._num_yielded = 0

    def __iter__(self) -> _BaseDataLoaderIter:
        return self

    def _reset(self, loader: DataLoader[Any], first_iter: bool = False) -> None:
        self._sampler_iter = iter(self._index_sampler)
        self._num_yielded = 0
        self._IterableDataset_len_called = loader._IterableDataset_len_called

    def _next_index(self) -> Any:
        return next(self._sampler_iter)

    def _next_data(self) -> Any:
        raise NotImplementedError

    def __next__(self) -> Any:
        data = self._next_data()
        self._num_yielded += 1
        told = self._IterableDataset_len_called
        iterable = self._dataset_kind == _DatasetKind.Iterable
        if iterable and told is not None and self._num_yielded > told:
            self._warn_about_length(told)
        return data

    def _warn_about_length(self, told: int) -> None:
        message = (
            f"Length of IterableDataset {self._dataset} was reported to be {told}"
            f"(when accessing len(dataloader)), but {self._num_yielded} samples have been "
            "fetched. "
        )
        if self._num_workers > 0:
            message += (
                "For multiprocessing data-loading, this could be caused by not properly "
                "configuring the IterableDataset replica at each worker. Please see "
                "https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset "
                "for examples."
            )
        warnings.warn(message, stacklevel=3)

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __getstate__(self) -> Any:
        raise NotImplementedError("{} cannot be pickled", self.__class__.__name__)


def _warn_about_pinning(device: str) -> None:
    if device:
        warnings.warn(
            "pin_memory_device is deprecated, the current accelerator will be used as the "
            f"device,ignore pin_memory_device='{device}'.",
            stacklevel=6,
        )
    warnings.warn(
        "'pin_memory' argument is set as true but no accelerator is found, "
        "then device pinned memory won't be used.",
        stacklevel=6,
    )


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    """Fetches each batch when it is asked for."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        if self._timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        self._dataset_fetcher = _DatasetKind.create_fetcher(
            self._dataset_kind,
            self._dataset,
            self._auto_collation,
            self._collate_fn,
            self._drop_last,
        )

    def _next_data(self) -> Any:
        return self._dataset_fetcher.fetch(self._next_index())


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """Keeps ``prefetch_factor`` batches per worker under way and yields them in order.

    Batch ``n`` goes to worker ``n mod num_workers`` (skipping workers whose stream has ended),
    and is yielded as number ``n`` whenever it arrives.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self._prefetch_factor = loader.prefetch_factor or 0
        if self._prefetch_factor <= 0:
            raise AssertionError(
                "prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter"
            )
        self._in_order = loader.in_order
        self._epoch = 0
        plans = [self._plan(loader, worker) for worker in range(self._num_workers)]
        self._crew = Crew(loader.multiprocessing_context, plans)
        self._workers = self._crew.processes
        # Runs when this iterator is collected, and at exit: whichever comes first.
        self._shutdown_workers = weakref.finalize(self, self._crew.stop)
        self._reset(loader, first_iter=True)

    def _plan(self, loader: DataLoader[Any], worker: int) -> WorkerPlan:
        return WorkerPlan(
            dataset_kind=self._dataset_kind,
            dataset=self._dataset,
            auto_collation=self._auto_collation,
            collate_fn=self._collate_fn,
            drop_last=self._drop_last,
            base_seed=self._base_seed,
            init_fn=loader.worker_init_fn,
            worker_id=worker,
            num_workers=self._num_workers,
            segment_prefix=new_segment_prefix(worker),
        )

    @property
    def _shutdown(self) -> bool:
        return self._crew.stopped

    def _reset(self, loader: DataLoader[Any], first_iter: bool = False) -> None:
        super()._reset(loader, first_iter)
        self._send_idx = 0
        self._rcvd_idx = 0
        self._owner: dict[int, int] = {}  # batch under way -> its worker
        self._arrived: dict[int, tuple[int, Any]] = {}  # batch -> its worker, its data
        self._workers_status = [True] * self._num_workers  # has more of this epoch
        self._worker_cycle = itertools.cycle(range(self._num_workers))
        if not first_iter:
            self._epoch += 1
            for worker in range(self._num_workers):
                self._crew.send(worker, Resume(self._epoch))
        for _ in range(self._prefetch_factor * self._num_workers):
            self._try_put_index()

    def _try_put_index(self) -> None:
        """Give the next entry of the index sampler to the next worker that can take it."""
        worker = self._next_worker()
        if worker is None:
            return
        try:
            index = self._next_index()
        except StopIteration:
            return
        self._crew.send(worker, Task(self._epoch, self._send_idx, index))
        self._owner[self._send_idx] = worker
        self._send_idx += 1

    def _next_worker(self) -> int | None:
        active = sum(self._workers_status)
        for worker in itertools.islice(self._worker_cycle, self._num_workers):
            if not self._workers_status[worker]:
                continue
            capacity = self._prefetch_factor * self._num_workers // active
            load = sum(owner == worker for owner in self._owner.values())
            if self._in_order or load < capacity:
                return worker
        return None

    def _next_data(self) -> Any:
        try:
            return self._next_batch()
        except Exception:
            raise
        except BaseException:  # Ctrl-C: the workers shall not outlive it
            self._shutdown_workers()
            raise

    def _next_batch(self) -> Any:
        while True:
            self._skip_batches_that_never_come()
            if self._rcvd_idx in self._arrived:
                return self._yield_batch(*self._arrived.pop(self._rcvd_idx))
            if not self._owner:
                if not self._persistent_workers:
                    self._shutdown_workers()
                raise StopIteration
            result = self._get_result()
            if result.epoch != self._epoch:
                continue
            worker = self._owner.pop(result.number)
            if isinstance(result.data, StreamEnd):
                self._workers_status[worker] = False
                self._try_put_index()
            elif result.number == self._rcvd_idx or not self._in_order:
                return self._yield_batch(worker, result.data, result.number)
            else:
                self._arrived[result.number] = (worker, result.data)

    def _skip_batches_that_never_come(self) -> None:
        """Pass over the tasks of workers whose stream has ended, and those already yielded."""
        for number, worker in list(self._owner.items()):
            if not self._workers_status[worker]:
                del self._owner[number]
        while (
            self._rcvd_idx < self._send_idx
            and self._rcvd_idx not in self._owner
            and self._rcvd_idx not in self._arrived
        ):
            self._rcvd_idx += 1

    def _get_result(self) -> Result:
        timeout = self._timeout if self._timeout > 0 else None
        owing = sorted(set(self._owner.values()))
        try:
            result = self._crew.wait(owing, timeout)
        except RuntimeError:
            self._shutdown_workers()
            raise
        if result is None:
            raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds")
        return result

    def _yield_batch(self, worker: int, data: Any, number: int | None = None) -> Any:
        if number is None or number == self._rcvd_idx:
            self._rcvd_idx += 1
        self._try_put_index()
        if isinstance(data, ExceptionWrapper):
            data.reraise()
        return data
