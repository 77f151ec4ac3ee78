"""What is saved comes back: values, dtypes, views, sharing, nested containers, objects."""

from __future__ import annotations

import argparse
import enum
import io
import pickle
import sys
import types
from collections import Counter, OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from checkpoint_fakes import DTYPES, FakeCodec, FakeDevice, FakeParameter, FakeSize, FakeTensor

from flambeau.checkpoint import (
    CheckpointError,
    add_safe_globals,
    get_safe_globals,
    load,
    load_file,
    register_codec,
    safe_globals,
    save,
    save_file,
)
from flambeau.checkpoint.codec import DTYPE_NAMES


def again(obj: Any, zipped: bool = True, **options: Any) -> Any:
    file = io.BytesIO()
    save(obj, file, _use_new_zipfile_serialization=zipped)
    file.seek(0)
    return load(file, **options)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", DTYPE_NAMES)
def test_every_dtype(name: str, zipped: bool) -> None:
    values = np.arange(6).reshape(2, 3).astype(FakeCodec().numpy_dtype(name))
    found = again(FakeTensor.of(values), zipped)
    assert found.array.dtype == values.dtype
    np.testing.assert_array_equal(found.array, values)


@pytest.mark.parametrize("zipped", [True, False])
def test_views_and_sharing(zipped: bool) -> None:
    whole = FakeTensor.of(np.arange(12, dtype=np.float32).reshape(3, 4))
    part = whole.view_as(1, (4, 2), (1, 4))
    a, b = again([whole, part], zipped)
    assert a._storage is b._storage
    np.testing.assert_array_equal(b.array, [[1, 5], [2, 6], [3, 7], [4, 8]])
    assert b._view == (1, (4, 2), (1, 4))


@pytest.mark.parametrize("zipped", [True, False])
def test_empty_scalar_and_expanded(zipped: bool) -> None:
    empty = FakeTensor.of(np.empty((0, 3), np.float64))
    scalar = FakeTensor.of(np.float32(7))
    expanded = FakeTensor.of(np.float32([5])).view_as(0, (1000, 1000), (0, 0))
    a, b, c = again((empty, scalar, expanded), zipped)
    assert a.array.shape == (0, 3)
    assert b.array.shape == () and b.array == 7
    assert c._view == (0, (1000, 1000), (0, 0)) and c._storage.array.size == 1


def test_gradient_flags_parameters_and_attributes() -> None:
    tensor = FakeTensor.of(np.float32([1]), requires_grad=True)
    tensor.note = "t"  # type: ignore[attr-defined]
    parameter = FakeParameter.of(np.float32([2]), requires_grad=False)
    parameter.note = [1]  # type: ignore[attr-defined]
    a, b, c, d = again([tensor, parameter, FakeParameter.of(np.float32([3]), True), tensor])
    assert a.requires_grad and a.note == "t" and a is d
    assert type(b) is FakeParameter and not b.requires_grad and b.note == [1]
    assert type(c) is FakeParameter and c.requires_grad


VALUES = [
    None, True, False, 0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1,
    2**63, -(2**63), 2**2050, -(2**2050), 0.5, float("inf"), -0.0, 1 + 2j, "", "añ\ud800", b"",
    b"\x00\xff", bytearray(b"ab"), bytearray(), (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1],
    list(range(2500)), {}, {"a": 1}, {i: str(i) for i in range(2500)}, {1, 2}, set(),
    frozenset("ab"), OrderedDict(b=1, a=2), Counter("aab"), slice(1, None, 2), range(3), int,
    [[[]]], {(1, "a"): 2}, np.float64(3), np.int8(-3),
]  # fmt: skip


@pytest.mark.parametrize("zipped", [True, False])
def test_plain_values(zipped: bool) -> None:
    for value, found in zip(VALUES, again(VALUES, zipped), strict=True):
        assert type(found) is type(value)
        assert found == value


def test_torch_values_and_containers() -> None:
    value = {
        "dtype": DTYPES["float32"],
        "size": FakeSize((2, 3)),
        "devices": [FakeDevice("cuda", 1), FakeDevice("cpu", None)],
        "default": defaultdict(list, a=[1]),
    }
    found = again(value)
    assert found["dtype"] is DTYPES["float32"]
    assert type(found["size"]) is FakeSize and found["size"] == (2, 3)
    assert found["devices"] == value["devices"]
    assert type(found["default"]) is defaultdict and found["default"]["new"] == []


def test_state_dict_keeps_its_metadata() -> None:
    state = OrderedDict(weight=FakeTensor.of(np.float32([1, 2])))
    state._metadata = OrderedDict([("", {"version": 1})])  # type: ignore[attr-defined]
    assert again(state)._metadata == state._metadata  # type: ignore[attr-defined]


def test_identity_and_cycles() -> None:
    shared: list[Any] = [1]
    cycle: dict[str, Any] = {"shared": [shared, shared]}
    cycle["self"] = cycle
    loop: list[Any] = []
    loop.append((loop, 2, 3, 4))
    found = again([cycle, loop])
    assert found[0]["self"] is found[0]
    assert found[0]["shared"][0] is found[0]["shared"][1]
    assert found[1][0][0] is found[1]


def test_depth_is_no_limit() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    found, depth = again(deep), 0
    while found:
        found, depth = found[0], depth + 1
    assert depth == 100_000


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "i2", "?", "<c16", "<U5", "S3"])
def test_numpy_arrays(dtype: str) -> None:
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    for value in (array, array.T, array[:0]):
        found = again(value)
        # NumPy's own unpickling turns foreign byte order into native order, and so does ours.
        assert found.dtype == pickle.loads(pickle.dumps(value, 2)).dtype
        np.testing.assert_array_equal(found, value)


class Plain:
    def __init__(self) -> None:
        raise RuntimeError("never called by load")


class Slotted:
    __slots__ = ("a",)


class Colour(enum.Enum):
    RED = 1


class Table(dict):  # type: ignore[type-arg]
    pass


@dataclass
class Settings:
    rate: float


class Outer:
    class Inner:
        pass


class WithState:
    def __getstate__(self) -> dict[str, int]:
        return {"x": 1}

    def __setstate__(self, state: dict[str, int]) -> None:
        self.y = state["x"] + 1


Point = namedtuple("Point", "x y")


def some_objects() -> list[Any]:
    plain = object.__new__(Plain)
    plain.a = 1  # type: ignore[attr-defined]
    slotted, table, inner = Slotted(), Table(k=1), Outer.Inner()
    slotted.a, table.extra, inner.z = 2, 3, 4  # type: ignore[attr-defined]
    return [plain, slotted, table, inner, Colour.RED, Settings(0.5), Point(1, 2), WithState()]


def check_objects(found: list[Any]) -> None:
    plain, slotted, table, inner, colour, settings, point, with_state = found
    assert type(plain) is Plain and plain.a == 1
    assert slotted.a == 2
    assert type(table) is Table and table == {"k": 1} and table.extra == 3
    assert type(inner) is Outer.Inner and inner.z == 4
    assert colour is Colour.RED and settings == Settings(0.5)
    assert type(point) is Point and point == (1, 2)
    assert with_state.y == 2


def test_objects_need_permission() -> None:
    objects = some_objects()
    for obj in objects:
        with pytest.raises(pickle.UnpicklingError, match="add_safe_globals"):
            again(obj)
    check_objects(again(objects, weights_only=False))
    with safe_globals([Plain, Slotted, Table, Outer, Outer.Inner, Colour, Settings, Point,
                       WithState]):  # fmt: skip
        check_objects(again(objects))
    assert get_safe_globals() == []


def test_namespace() -> None:
    value = argparse.Namespace(rate=0.1, kind=int)
    with pytest.raises(CheckpointError, match="Namespace was not an allowed global"):
        again(value)
    add_safe_globals([argparse.Namespace])
    assert again(value) == value


def test_own_classes_are_known_under_torch_names(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = types.ModuleType("flambeau.made_up.layers")
    package = types.ModuleType("flambeau.made_up")

    class Layer:
        pass

    Layer.__module__, Layer.__qualname__ = layers.__name__, "Layer"
    vars(layers)["Layer"] = vars(package)["Layer"] = Layer
    monkeypatch.setitem(sys.modules, layers.__name__, layers)
    monkeypatch.setitem(sys.modules, package.__name__, package)
    layer = Layer()
    layer.weight = FakeParameter.of(np.float32([1]))  # type: ignore[attr-defined]
    file = io.BytesIO()
    save(layer, file)
    assert b"ctorch.made_up\nLayer\n" in file.getvalue()
    assert type(again(layer, weights_only=False).weight) is FakeParameter
    with pytest.raises(CheckpointError, match="torch.made_up.Layer was not an allowed"):
        again(layer)
    with safe_globals([Layer]):
        assert type(again(layer)) is Layer


def test_unpicklable_objects_leave_the_old_file(tmp_path: Any) -> None:
    path = tmp_path / "a.pt"
    save([1], path)
    with pytest.raises(pickle.PicklingError):
        save([lambda: 1], path)
    assert load(path) == [1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.pt"]


def test_one_storage_of_two_dtypes_is_refused() -> None:
    whole = FakeTensor.of(np.arange(4, dtype=np.float32))

    class Reading(FakeCodec):
        def dump(self, obj: FakeTensor) -> Any:
            dumped = super().dump(obj)
            return dumped._replace(storage_key=0)

    register_codec(Reading())
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        again([whole, FakeTensor.of(np.arange(4, dtype=np.int32))])


def test_mapping(tmp_path: Any) -> None:
    path = tmp_path / "a.pt"
    whole = FakeTensor.of(np.arange(4, dtype=np.float32))
    save([whole, whole.view_as(2, (2,), (1,))], path)
    a, b = load(path, mmap=True)
    a.array[2] = 9
    assert b.array[0] == 9
    assert load(path)[0].array[2] == 2
    with open(path, "rb") as file, pytest.raises(ValueError, match="must be a file path"):
        load(file, mmap=True)
    save([1], path, _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match="mmap can only be used"):
        load(path, mmap=True)


def test_locations(tmp_path: Any) -> None:
    file = io.BytesIO()
    save(FakeTensor.of(np.float32([1])), file)
    raw = file.getvalue()
    seen = []

    def place(storage: Any, location: str) -> Any:
        seen.append(location)
        return storage

    for choice in ("cpu", FakeDevice("cpu", None), {"cpu": "cpu"}, place, lambda *_: None):
        assert load(io.BytesIO(raw), map_location=choice).array[0] == 1
    assert seen == ["cpu"]
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
        load(io.BytesIO(raw), map_location="cuda:0")


def test_argument_errors(tmp_path: Any) -> None:
    with pytest.raises(AttributeError, match="expected 'f' to be string, path, or a file-like"):
        save(1, 5)  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="only torch.load from a file that is seekable"):
        load(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="pickle protocol must be <= 5"):
        save(1, io.BytesIO(), pickle_protocol=9)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.pt")
    with pytest.raises(RuntimeError, match="Parent directory .* does not exist"):
        save(1, tmp_path / "none" / "a.pt")
    with pytest.raises(RuntimeError, match="explicit pickle_module"):
        load(io.BytesIO(), pickle_module=pickle, weights_only=True)
    for raw in (b"", b"\x80"):
        with pytest.raises(EOFError):
            load(io.BytesIO(raw))


def test_safetensors(tmp_path: Any) -> None:
    path = tmp_path / "a.safetensors"
    tensors = {
        name: FakeTensor.of(np.arange(6).reshape(2, 3).astype(FakeCodec().numpy_dtype(name)))
        for name in DTYPE_NAMES
        if name != "complex128"
    }
    tensors["empty"] = FakeTensor.of(np.empty((0, 2), np.float32))
    tensors["scalar"] = FakeTensor.of(np.float64(3))
    save_file(tensors, path, {"format": "pt"})
    for found in (load_file(path), load(path)):
        assert found.keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert found[name].array.dtype == tensor.array.dtype
            np.testing.assert_array_equal(found[name].array, tensor.array)
    whole = FakeTensor.of(np.arange(6, dtype=np.float32).reshape(2, 3))
    with pytest.raises(ValueError, match="non contiguous"):
        save_file({"a": whole.view_as(0, (3, 2), (1, 3))}, path)
    with pytest.raises(RuntimeError, match="share memory"):
        save_file({"a": whole, "b": whole.view_as(3, (3,), (1,))}, path)
    save_file({"a": whole.view_as(0, (3,), (1,)), "b": whole.view_as(3, (3,), (1,))}, path)
    assert load_file(path)["b"].array.tolist() == [3, 4, 5]
