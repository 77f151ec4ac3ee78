"""Datasets, collation and the loader without workers, beside PyTorch's."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict, UserList, defaultdict, namedtuple
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy
import pytest
from worker_datasets import Stream, plain

import flambeau
import flambeau.utils.data as ours
from flambeau.utils.data.dataloader import _DatasetKind

Point = namedtuple("Point", ["x", "y"])

SAMPLES: dict[str, Callable[[Any], list[Any]]] = {
    "tensors": lambda lib: [lib.tensor([1.0, 2.0]), lib.tensor([3.0, 4.0])],
    "zero-dimensional": lambda lib: [lib.tensor(1), lib.tensor(2)],
    "arrays": lambda lib: [numpy.ones((2, 2), numpy.float64), numpy.zeros((2, 2))],
    "small ints": lambda lib: [numpy.int16(3), numpy.int16(4)],
    "numpy floats": lambda lib: [numpy.float32(0.1), numpy.float32(0.2)],
    "numpy doubles": lambda lib: [numpy.float64(0.1), numpy.float64(0.2)],
    "numpy bools": lambda lib: [numpy.bool_(True), numpy.bool_(False)],
    "ints": lambda lib: [1, 2, 3],
    "bools": lambda lib: [True, False],
    "floats": lambda lib: [0.1, 0.2],
    "strings": lambda lib: ["a", "b"],
    "bytes": lambda lib: [b"a", b"b"],
    "tuples": lambda lib: [(1, "a", 0.5), (2, "b", 0.25)],
    "lists": lambda lib: [[1, 2.0], [3, 4.0]],
    "named tuples": lambda lib: [Point(1, 2.0), Point(3, 4.0)],
    "dicts": lambda lib: [{"a": 1, "b": [2]}, {"a": 3, "b": [4]}],
    "ordered": lambda lib: [OrderedDict(b=1, a=2), OrderedDict(b=3, a=4)],
    "default": lambda lib: [defaultdict(int, a=1), defaultdict(int, a=2)],
    "read only": lambda lib: [MappingProxyType({"a": 1}), MappingProxyType({"a": 2})],
    "user list": lambda lib: [UserList([1, 2]), UserList([3, 4])],
    "ranges": lambda lib: [range(2), range(2)],
    "nested": lambda lib: [{"p": Point(lib.zeros(2), [("x", 1)])}] * 3,
}


@pytest.mark.torch
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("function", ["default_collate", "default_convert"])
def test_collation_equals_pytorchs(name: str, function: str) -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torch.utils.data")
    mine = getattr(ours, function)(SAMPLES[name](flambeau))
    assert plain(mine) == plain(getattr(theirs, function)(SAMPLES[name](torch)))


BAD_SAMPLES: list[list[Any]] = [
    [object(), object()],
    [None, None],
    [{1, 2}, {3, 4}],
    [1, "a"],
    [[1, 2], [3]],
    [numpy.array(["a"]), numpy.array(["b"])],
    [numpy.array([None]), numpy.array([None])],
]


@pytest.mark.torch
@pytest.mark.parametrize("batch", BAD_SAMPLES)
def test_collation_errors_equal_pytorchs(batch: list[Any]) -> None:
    theirs = pytest.importorskip("torch.utils.data")
    with pytest.raises((TypeError, RuntimeError)) as expected:
        theirs.default_collate(batch)
    with pytest.raises(expected.type) as caught:
        ours.default_collate(batch)
    assert str(caught.value) == str(expected.value)


def test_collate_registry() -> None:
    from flambeau.utils.data._utils.collate import collate, default_collate_fn_map

    def total(batch: Any, *, collate_fn_map: Any = None) -> Any:
        return sum(batch)

    assert collate([(1, 2), (3, 4)], collate_fn_map={int: total}) == [4, 6]
    assert collate([True, True], collate_fn_map={(int, str): total}) == 2
    assert int in default_collate_fn_map


def test_tensor_dataset_and_subset() -> None:
    x, y = flambeau.arange(10.0).view(5, 2), flambeau.arange(5)
    dataset = ours.TensorDataset(x, y)
    assert len(dataset) == 5
    assert [part.tolist() for part in dataset[1]] == [[2.0, 3.0], 1]
    subset = ours.Subset(dataset, [4, 0])
    assert [part.tolist() for part in subset[0]] == [[8.0, 9.0], 4]
    assert [part.tolist() for part in subset[[0, 1]]] == [[[8.0, 9.0], [0.0, 1.0]], [4, 0]]
    batch = next(iter(ours.DataLoader(subset, batch_size=2)))
    assert plain(batch) == (
        list, [("float32", [[8.0, 9.0], [0.0, 1.0]]), ("int64", [4, 0])]
    )
    with pytest.raises(IndexError):
        next(iter(ours.DataLoader(subset, batch_sampler=[[2]])))
    with pytest.raises(IndexError):
        next(iter(ours.DataLoader(dataset, batch_sampler=[[5]])))
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        ours.TensorDataset(x, flambeau.arange(4))


class Doubled(ours.TensorDataset):
    """A subclass with its own items."""

    def __getitem__(self, index: Any) -> Any:
        return tuple(2 * part for part in super().__getitem__(index))


def test_batches_of_tensor_datasets_equal_stacked_samples() -> None:
    x, y = flambeau.arange(20.0).view(10, 2), flambeau.arange(10)
    for dataset in (
        ours.TensorDataset(x, y),
        ours.TensorDataset(x[::2]),
        ours.Subset(ours.Subset(ours.TensorDataset(x, y), [9, 7, 5, 3]), [3, 0, 1]),
        Doubled(x, y),
        ours.Subset(Doubled(x, y), flambeau.arange(4)),  # type: ignore[arg-type]
    ):
        loader = ours.DataLoader(dataset, batch_size=3)
        samples = [dataset[index] for index in range(len(dataset))]
        stacked = [ours.default_collate(samples[i : i + 3]) for i in range(0, len(samples), 3)]
        assert plain(list(loader)) == plain(stacked)


def test_concat_chain_and_stack() -> None:
    both: Any = ours.ConcatDataset([[1, 2], [3]])
    assert [both[i] for i in (0, 2, -1, -3)] == [1, 3, 3, 1]
    with pytest.raises(ValueError, match="absolute value of index should not exceed"):
        both[-4]
    with pytest.raises(AssertionError, match="should not be an empty iterable"):
        ours.ConcatDataset([])
    with pytest.raises(AssertionError, match="does not support IterableDataset"):
        ours.ConcatDataset([Stream(2)])
    with pytest.warns(FutureWarning, match="renamed"):
        assert both.cummulative_sizes == [2, 3]
    chained = Stream(2) + Stream(3)
    assert list(chained) == [0, 1, 0, 1, 2] and len(chained) == 5  # type: ignore[call-overload, arg-type]
    with pytest.raises(AssertionError, match="only supports IterableDataset"):
        list(ours.ChainDataset([both]))
    stacked = ours.StackDataset(a=[1, 2], b=both.datasets[0])
    assert stacked.__getitems__([1, 0]) == [{"a": 2, "b": 2}, {"a": 1, "b": 1}]
    assert ours.StackDataset([1, 2], "ab").__getitems__([1]) == [(2, "b")]
    for make, message in (
        (lambda: ours.StackDataset(), "At least one dataset"),
        (lambda: ours.StackDataset([1], [1, 2]), "Size mismatch between datasets"),
        (lambda: ours.StackDataset([1], b=[1]), "both types are given"),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def test_subset_subclass_must_override_both() -> None:
    class Half(ours.Subset[Any]):
        def __getitem__(self, idx: Any) -> Any:
            return idx

    with pytest.raises(NotImplementedError, match="Half overrides __getitem__ but not"):
        Half([1], [0])


def test_base_dataset_has_no_items_and_no_length() -> None:
    with pytest.raises(NotImplementedError, match="Subclasses of Dataset should implement"):
        ours.Dataset()[0]
    with pytest.raises(TypeError):
        len(ours.Dataset())  # type: ignore[arg-type]


def test_lengths_and_shapes() -> None:
    data = list(range(10))
    assert len(ours.DataLoader(data)) == 10
    assert len(ours.DataLoader(data, 3)) == 4
    assert len(ours.DataLoader(data, 3, drop_last=True)) == 3
    assert len(ours.DataLoader(data, batch_size=None)) == 10
    assert list(ours.DataLoader(data, batch_size=None)) == data
    full = [batch.tolist() for batch in ours.DataLoader(data, 4, drop_last=True)]
    assert full == [[0, 1, 2, 3], [4, 5, 6, 7]]
    batches = ours.DataLoader(data, batch_sampler=[[1, 2], [3]])
    assert [b.tolist() for b in batches] == [[1, 2], [3]] and len(batches) == 2
    assert batches.batch_size is None
    assert len(ours.DataLoader(Stream(10), 3)) == 4
    assert len(ours.DataLoader(Stream(10), 3, drop_last=True)) == 3
    assert len(iter(ours.DataLoader(data, 3))) == 4  # type: ignore[arg-type]
    assert ours.DataLoader(data)._dataset_kind == _DatasetKind.Map


def test_stream_longer_than_told_warns() -> None:
    loader = ours.DataLoader(Stream(4, told=2), batch_size=None)
    assert len(loader) == 2
    with pytest.warns(UserWarning) as caught:
        assert len(list(loader)) == 4
    assert len(caught) == 2
    assert "was reported to be 2" in str(caught[0].message)
    assert "but 3 samples have been fetched" in str(caught[0].message)


def test_getitems_is_used() -> None:
    class Whole:
        def __len__(self) -> int:
            return 4

        def __getitems__(self, indices: list[int]) -> list[int]:
            return [10 * index for index in indices]

    assert [b.tolist() for b in ours.DataLoader(Whole(), 3)] == [[0, 10, 20], [30]]  # type: ignore[arg-type]


OPTION_ERRORS: list[tuple[dict[str, Any], str]] = [
    (dict(num_workers=-1), "num_workers option should be non-negative"),
    (dict(timeout=-1), "timeout option should be non-negative"),
    (dict(prefetch_factor=2), "prefetch_factor option could only be specified"),
    (dict(prefetch_factor=-2, num_workers=1), "prefetch_factor option should be non-negative"),
    (dict(persistent_workers=True), "persistent_workers option needs num_workers > 0"),
    (dict(shuffle=True, sampler=[0]), "sampler option is mutually exclusive with shuffle"),
    (dict(batch_sampler=[[0]], batch_size=2), "batch_sampler option is mutually exclusive"),
    (dict(batch_sampler=[[0]], drop_last=True), "batch_sampler option is mutually exclusive"),
    (dict(batch_size=None, drop_last=True), "batch_size=None option disables auto-batching"),
    (dict(batch_size=0), "batch_size should be a positive integer value, but got batch_size=0"),
    (dict(multiprocessing_context="spawn"), "can only be used with multi-process loading"),
]


@pytest.mark.parametrize(("options", "message"), OPTION_ERRORS)
def test_option_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        ours.DataLoader([1, 2], **options)
    theirs = pytest.importorskip("torch.utils.data")
    with pytest.raises(ValueError) as expected:
        theirs.DataLoader([1, 2], **options)
    assert str(caught.value) == str(expected.value)


@pytest.mark.parametrize(
    "options", [dict(shuffle=True), dict(sampler=[1]), dict(batch_sampler=[[1]])]
)
def test_streams_take_no_sampler(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="DataLoader with IterableDataset: expected unspecified"):
        ours.DataLoader(Stream(3), **options)
    assert ours.DataLoader(Stream(3), shuffle=False)


def test_attributes_are_fixed_after_init() -> None:
    loader = ours.DataLoader([1, 2])
    for name in ("batch_size", "sampler", "drop_last", "dataset", "persistent_workers"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set"):
            setattr(loader, name, None)
    loader.collate_fn = tuple
    assert list(loader) == [(1,), (2,)]


def test_pinning_warns_without_an_accelerator() -> None:
    with pytest.warns(UserWarning, match="no accelerator is found"):
        iter(ours.DataLoader([1], pin_memory=True))
    with pytest.warns(UserWarning) as caught:
        iter(ours.DataLoader([1], pin_memory=True, pin_memory_device="cuda"))
    assert len(caught) == 2


def test_too_many_workers_warn() -> None:
    with pytest.warns(UserWarning, match="This DataLoader will create 1000 worker processes"):
        ours.DataLoader([1], num_workers=1000)


def test_loader_copies_and_pickles_but_its_iterator_does_not() -> None:
    loader = ours.DataLoader([1, 2], batch_size=2)
    for twin in (copy.copy(loader), pickle.loads(pickle.dumps(loader))):
        assert [b.tolist() for b in twin] == [[1, 2]]
    with pytest.raises(NotImplementedError):
        pickle.dumps(iter(loader))


def test_public_names_are_pytorchs() -> None:
    theirs = pytest.importorskip("torch.utils.data")
    import inspect

    missing = {name for name in set(theirs.__all__) - set(ours.__all__)}
    assert all("Pipe" in n or "datapipe" in n or "valid" in n or "determin" in n or n == "DataChunk"
               for n in missing)
    for name in ("DataLoader", "random_split", "RandomSampler", "DistributedSampler"):
        mine, other = (inspect.signature(getattr(m, name)).parameters for m in (ours, theirs))
        kinds = [[(p.name, p.kind) for p in side.values()] for side in (mine, other)]
        assert kinds[0] == kinds[1]
    for module in ("dataset", "sampler", "dataloader", "distributed"):
        __import__(f"flambeau.utils.data.{module}")
