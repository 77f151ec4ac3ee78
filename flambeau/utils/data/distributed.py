"""The sampler that deals a dataset out to the processes of a distributed run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from flambeau.distributed import get_rank, get_world_size
from flambeau.random import Generator, randperm
from flambeau.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every ``num_replicas``-th index from ``rank`` on, so that the ranks share the dataset.

    Call ``set_epoch`` before each epoch, or every epoch has the same order.

    Args:
        dataset: dataset with ``__len__``, the same on every rank.
        num_replicas: number of processes. Default: the process group's.
        rank: this process, ``0 .. num_replicas - 1``. Default: the process group's.
        shuffle: permute before dealing out. Default True.
        seed: seed of the permutation, the same on every rank. Default 0.
        drop_last: drop the tail to make the shares equal; otherwise repeat samples from the
            start. Default False.

    Raises:
        ValueError: ``num_replicas`` or ``rank`` is not given and there is no process group, or
            ``rank`` is outside ``[0, num_replicas - 1]``.

    Example:
        >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
        [1, 3, 0]

    Source: PyTorch, ``torch.utils.data.distributed.DistributedSampler``.
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        num_replicas = get_world_size() if num_replicas is None else num_replicas
        rank = get_rank() if rank is None else rank
        if rank >= num_replicas or rank < 0:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        size = len(dataset)
        if drop_last and size % num_replicas != 0:
            self.num_samples = math.ceil((size - num_replicas) / num_replicas)
        else:
            self.num_samples = math.ceil(size / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        indices = self._order()
        if self.drop_last:
            indices = indices[: self.total_size]
        else:
            missing = self.total_size - len(indices)
            repeats = math.ceil(missing / len(indices)) if indices else 0
            indices += (indices * repeats)[:missing]
        if len(indices) != self.total_size:
            raise AssertionError(
                f"Number of indices ({len(indices)}) does not match "
                f"total_size ({self.total_size})"
            )
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def _order(self) -> list[int]:
        size = len(self.dataset)
        if not self.shuffle:
            return list(range(size))
        generator = Generator()
        generator.manual_seed(self.seed + self.epoch)
        order: list[int] = randperm(size, generator=generator).tolist()
        return order

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the permutation of the next pass.

        Args:
            epoch: number of the epoch; the permutation's seed is ``seed + epoch``.
        """
        self.epoch = epoch
