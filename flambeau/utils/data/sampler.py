"""Samplers: the order in which a data loader visits a dataset.

Each random sampler makes the same calls on the generator as PyTorch's, so that the same seed
gives the same order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

from flambeau.dtype import float64, int64
from flambeau.random import Generator, multinomial, randint, randperm
from flambeau.tensor import Tensor
from flambeau.tensor.creation import empty
from flambeau.tensor.data import as_tensor

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

T_co = TypeVar("T_co", covariant=True)

# PyTorch draws indices with replacement in blocks of this size; the stream depends on it.
REPLACEMENT_BLOCK = 32


class Sampler(Generic[T_co]):
    """Base of all samplers: an iterable over indices, or over lists of indices.

    Subclasses define ``__iter__`` and, where the length is known, ``__len__``.

    Source: PyTorch, ``torch.utils.data.Sampler``.
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """Indices in order: 0, 1, 2, ...

    Args:
        data_source: anything with ``__len__``.

    Example:
        >>> list(SequentialSampler("abc"))
        [0, 1, 2]

    Source: PyTorch, ``torch.utils.data.SequentialSampler``.
    """

    data_source: Sized

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices in random order, or drawn with replacement.

    Args:
        data_source: anything with ``__len__``.
        replacement: draw with replacement. Default False.
        num_samples: how many to draw; more than ``len(data_source)`` goes round again with a
            new permutation. Default: ``len(data_source)``.
        generator: source of randomness; by default a fresh one for each pass, whose seed is
            drawn from the global generator.

    Raises:
        TypeError: ``replacement`` is not a bool.
        ValueError: ``num_samples`` is not a positive int.

    Example:
        >>> sorted(RandomSampler("abcd"))
        [0, 1, 2, 3]

    Source: PyTorch, ``torch.utils.data.RandomSampler``.
    """

    data_source: Sized
    replacement: bool

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(self.replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={self.replacement}"
            )
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(
                "num_samples should be a positive integer value, "
                f"but got num_samples={self.num_samples}"
            )

    @property
    def num_samples(self) -> int:
        """Number of indices in one pass; follows the dataset's length unless it was given."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def _pass_generator(self) -> Generator:
        if self.generator is not None:
            return self.generator
        seed = int(empty((), dtype=int64).random_().item())
        generator = Generator()
        generator.manual_seed(seed)
        return generator

    def __iter__(self) -> Iterator[int]:
        size = len(self.data_source)
        generator = self._pass_generator()
        if self.replacement:
            blocks, rest = divmod(self.num_samples, REPLACEMENT_BLOCK)
            for count in [REPLACEMENT_BLOCK] * blocks + [rest]:
                yield from randint(
                    high=size, size=(count,), dtype=int64, generator=generator
                ).tolist()
        else:
            rounds, rest = divmod(self.num_samples, size)
            for _ in range(rounds):
                yield from randperm(size, generator=generator).tolist()
            # Drawn even where nothing of it is used: PyTorch advances the generator here.
            yield from randperm(size, generator=generator).tolist()[:rest]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order, without replacement.

    Args:
        indices: the indices to visit.
        generator: source of randomness. Default: the global generator.

    Example:
        >>> sorted(SubsetRandomSampler([7, 3, 5]))
        [3, 5, 7]

    Source: PyTorch, ``torch.utils.data.SubsetRandomSampler``.
    """

    indices: Sequence[int]

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for position in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[position]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices ``0 .. len(weights)-1`` drawn with probability proportional to their weights.

    Args:
        weights: one non-negative weight per index; they need not sum to 1.
        num_samples: how many indices to draw.
        replacement: draw with replacement. Default True.
        generator: source of randomness. Default: the global generator.

    Raises:
        ValueError: ``num_samples`` is not a positive int, ``replacement`` is not a bool, or
            ``weights`` is not one-dimensional.

    Example:
        >>> list(WeightedRandomSampler([0.0, 1.0, 0.0], 4))
        [1, 1, 1, 1]

    Source: PyTorch, ``torch.utils.data.WeightedRandomSampler``.
    """

    weights: Tensor
    num_samples: int
    replacement: bool

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_positive_int("num_samples", num_samples)
        _check_bool("replacement", replacement)
        weights_tensor = as_tensor(weights, dtype=float64)
        if len(weights_tensor.shape) != 1:
            raise ValueError(
                "weights should be a 1d sequence but given "
                f"weights have shape {tuple(weights_tensor.shape)}"
            )
        self.weights = weights_tensor
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        yield from drawn.tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Groups the indices of another sampler into lists of ``batch_size``.

    Args:
        sampler: any iterable over indices.
        batch_size: number of indices per batch.
        drop_last: leave out a last batch that is not full.

    Raises:
        ValueError: ``batch_size`` is not a positive int or ``drop_last`` is not a bool.

    Example:
        >>> list(BatchSampler(SequentialSampler(range(5)), 2, drop_last=False))
        [[0, 1], [2, 3], [4]]

    Source: PyTorch, ``torch.utils.data.BatchSampler``.
    """

    def __init__(
        self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool
    ) -> None:
        _check_positive_int("batch_size", batch_size)
        _check_bool("drop_last", drop_last)
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        total = len(self.sampler)  # type: ignore[arg-type]
        return total // self.batch_size if self.drop_last else -(-total // self.batch_size)


def _check_positive_int(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")


def _check_bool(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{name} should be a boolean value, but got {name}={value}")
