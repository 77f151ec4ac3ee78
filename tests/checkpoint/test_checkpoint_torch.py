"""PyTorch reads what is written here, and the other way round."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_fakes import DTYPES, FakeCodec, FakeDevice, FakeParameter, FakeSize, FakeTensor

from flambeau.checkpoint import CheckpointError, load, save
from flambeau.checkpoint.codec import DTYPE_NAMES, UNTYPED_DTYPES

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def values(name: str) -> Any:
    return np.arange(6).reshape(2, 3).astype(FakeCodec().numpy_dtype(name))


def same(theirs: Any, ours: FakeTensor) -> None:
    assert str(theirs.dtype) == f"torch.{ours.array.dtype.name}"
    assert tuple(theirs.shape) == ours._view[1]
    assert theirs.storage_offset() == ours._view[0] and theirs.stride() == ours._view[2]
    assert theirs.requires_grad == ours.requires_grad
    dense = theirs.detach().clone(memory_format=torch.contiguous_format).reshape(-1)
    assert dense.view(torch.uint8).numpy().tobytes() == ours.array.tobytes()


def fake_state() -> OrderedDict[str, Any]:
    state: OrderedDict[str, Any] = OrderedDict()
    for name in DTYPE_NAMES:
        state[name] = FakeTensor.of(values(name))
    state["float32.view"] = state["float32"].view_as(1, (2, 2), (3, 1))
    state["parameter"] = FakeParameter.of(values("float64"), requires_grad=True)
    state["empty"] = FakeTensor.of(np.empty((0, 2), np.float32))
    state["scalar"] = FakeTensor.of(np.float32(2))
    state["other"] = [1, 2.5, "text", b"\x00\xff", None, (1, 2), {1: {2, 3}}, 1j, 2**100]
    state["types"] = [DTYPES["float16"], FakeSize((1, 2)), FakeDevice("cuda", 1)]
    return state


def torch_state() -> OrderedDict[str, Any]:
    state: OrderedDict[str, Any] = OrderedDict()
    for name in DTYPE_NAMES:
        kind = getattr(torch, name)
        state[name] = torch.arange(6).reshape(2, 3).to(kind)
    state["float32.view"] = state["float32"][:, 1:]
    state["parameter"] = torch.nn.Parameter(state["float64"].clone())
    state["empty"] = torch.empty(0, 2)
    state["scalar"] = torch.tensor(2.0)
    state["other"] = [1, 2.5, "text", b"\x00\xff", None, (1, 2), {1: {2, 3}}, 1j, 2**100]
    state["types"] = [torch.float16, torch.Size((1, 2)), torch.device("cuda:1")]
    return state


def compare(theirs: Any, ours: Any) -> None:
    assert list(theirs) == list(ours)
    for name, value in ours.items():
        if isinstance(value, FakeTensor):
            same(theirs[name], value)
    assert theirs["other"] == ours["other"]
    dtype, size, device = theirs["types"]
    assert str(dtype) == str(ours["types"][0]) and tuple(size) == ours["types"][1]
    assert (device.type, device.index) == (ours["types"][2].kind, ours["types"][2].index)
    assert type(ours["parameter"]) is FakeParameter
    assert ours["float32"]._storage is ours["float32.view"]._storage
    shared = [theirs[name].untyped_storage().data_ptr() for name in ("float32", "float32.view")]
    assert shared[0] == shared[1]


@pytest.mark.parametrize("mapped", [True, False])
def test_torch_reads_ours(tmp_path: Path, mapped: bool) -> None:
    path, state = tmp_path / "a.pt", fake_state()
    save(state, path)
    compare(torch.load(path, weights_only=True, mmap=mapped), state)


def test_torch_finds_our_records_by_calculation(tmp_path: Path) -> None:
    path, state = tmp_path / "a.pt", fake_state()
    save(state, path)
    from torch.utils.serialization import config

    config.load.calculate_storage_offsets = True
    try:
        compare(torch.load(path, weights_only=True, mmap=True), state)
    finally:
        config.load.calculate_storage_offsets = False


def test_torch_reads_our_old_format() -> None:
    # PyTorch cannot read untyped storages in this format, not even its own.
    file, state = io.BytesIO(), fake_state()
    for name in UNTYPED_DTYPES:
        del state[name]
    save(state, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    compare(torch.load(file, weights_only=True), state)


@pytest.mark.parametrize("mapped", [True, False])
def test_we_read_torch(tmp_path: Path, mapped: bool) -> None:
    path, state = tmp_path / "a.pt", torch_state()
    torch.save(state, path)
    compare(state, load(path, mmap=mapped))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_we_read_every_protocol_and_the_old_format(protocol: int) -> None:
    state = torch_state()
    for zipped in (True, False):
        file = io.BytesIO()
        torch.save(
            state, file, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped
        )
        file.write(b"behind")
        file.seek(0) if not zipped else file.truncate(file.tell() - 6)
        compare(state, load(file if not zipped else io.BytesIO(file.getvalue())))
        if not zipped:
            assert file.read() == b"behind"


def test_pickles_are_equal_byte_for_byte(tmp_path: Path) -> None:
    contents = []
    for write, state in ((save, fake_state()), (torch.save, torch_state())):
        write(state, tmp_path / "a.pt")
        with zipfile.ZipFile(tmp_path / "a.pt") as archive:
            contents.append((tmp_path / "a.pt").read_bytes())
            assert archive.testzip() is None
            names = archive.namelist()
    position = contents[0].index(b".data/serialization_id")
    assert contents[0][:position] == contents[1][:position]
    assert "a/.data/serialization_id" in names
    assert len(contents[0]) == len(contents[1])


def test_conjugate_and_attributes() -> None:
    tensor, parameter = torch.ones(2), torch.nn.Parameter(torch.ones(2))
    tensor.note, parameter.note = 1, {"a": 2}
    state = [torch.tensor([1 + 2j, 3j]).conj(), torch.tensor([1j]).conj().imag, tensor, parameter]
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    conjugate, negative, tensor, parameter = load(file)
    assert conjugate.array.tolist() == [1 - 2j, -3j]
    assert negative.array.tolist() == [-1]
    assert tensor.note == 1
    assert type(parameter) is FakeParameter and parameter.note == {"a": 2}


def test_repacked_and_big_endian_archives(tmp_path: Path) -> None:
    state = {name: torch.arange(5).to(getattr(torch, name)) for name in DTYPE_NAMES}
    torch.save(state, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in records.items():
            archive.writestr(name, content)
    swapped = {"a/byteorder": b"big"}
    for key, tensor in enumerate(state.values()):
        unit = tensor.element_size() // (2 if tensor.is_complex() else 1)
        raw = np.frombuffer(records[f"a/data/{key}"], f"u{unit}")
        swapped[f"a/data/{key}"] = raw.byteswap().tobytes()
    with zipfile.ZipFile(tmp_path / "c.pt", "w") as archive:
        for name, content in (records | swapped).items():
            archive.writestr(name, content)
    for path in ("b.pt", "c.pt"):
        for mapped in (False, True):
            for name, found in load(tmp_path / path, mmap=mapped).items():
                same(state[name], found)


def tar_checkpoint(path: Path) -> None:
    """The format of the very first releases: a tensor of 2x2 within a storage of 6 elements."""
    import pickle

    storages, tensors, content = io.BytesIO(), io.BytesIO(), io.BytesIO()
    pickle.dump(1, storages, 2)
    pickle.dump((11, "cpu", torch.FloatStorage), storages, 2)
    storages.write(np.int64(6).tobytes() + np.arange(6, dtype=np.float32).tobytes())
    pickle.dump([(12, 11, 4, 2)], storages, 2)
    pickle.dump(2, tensors, 2)
    pickle.dump((21, 11, torch.FloatTensor), tensors, 2)
    tensors.write(np.int64([2, 2, 2, 3, 1, 1]).tobytes())
    pickle.dump((22, 12, torch.FloatTensor), tensors, 2)
    tensors.write(np.int64([1, 2, 1, 0]).tobytes())

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            return obj.key if isinstance(obj, Key) else None

    Pickler(content, 2).dump({"a": Key(21), "b": Key(22)})
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for name, part in (("storages", storages), ("tensors", tensors), ("pickle", content)):
            info = tarfile.TarInfo(name)
            info.size = part.tell()
            part.seek(0)
            archive.addfile(info, part)


class Key:
    def __init__(self, key: int) -> None:
        self.key = key


def test_tar_format(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    tar_checkpoint(path)
    theirs, ours = torch.load(path, weights_only=False), load(path)
    for name in ("a", "b"):
        assert ours[name].array.tolist() == theirs[name].tolist()
    raw = path.read_bytes()
    for size in range(0, len(raw) - 10240, 7):
        with pytest.raises(CheckpointError):
            load(io.BytesIO(raw[:size]))


def test_classes_of_torch_itself_are_not_built() -> None:
    file = io.BytesIO()
    torch.save(torch.nn.Hardtanh(), file)
    file.seek(0)
    with pytest.raises(CheckpointError, match="GLOBAL torch.nn.modules.activation.Hardtanh"):
        load(file)
    file.seek(0)
    try:
        found = load(file, weights_only=False)
    except CheckpointError as error:
        assert "Import the module that defines the class" in str(error)
    else:
        assert not isinstance(found, torch.nn.Module)


def test_optimizer_and_model_states(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(5, 3)).sum().backward()
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    torch.save(state, tmp_path / "a.pt")
    found = load(tmp_path / "a.pt")
    save(found, tmp_path / "b.pt")
    back = torch.load(tmp_path / "b.pt")
    fresh = torch.optim.Adam(model.parameters())
    fresh.load_state_dict(back["optimizer"])
    model.load_state_dict(back["model"])
    assert back["model"]._metadata == state["model"]._metadata
    for key, tensor in state["model"].items():
        assert torch.equal(back["model"][key], tensor)
