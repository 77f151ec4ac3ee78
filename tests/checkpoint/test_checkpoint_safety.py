"""Nothing in a file is executed, nothing is allocated on its word, one exception for all damage."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import resource
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_fakes import DTYPES, FakeCodec, FakeDevice, FakeParameter, FakeSize, FakeTensor

from flambeau.checkpoint import CheckpointError, load, load_file, register_codec, safe_globals, save
from flambeau.checkpoint.zip_format import ZipWriter


def archive(content: bytes, storages: dict[str, bytes] | None = None) -> io.BytesIO:
    file = io.BytesIO()
    writer = ZipWriter(file.write, "archive")
    writer.add("data.pkl", content)
    for key, raw in (storages or {}).items():
        writer.add(f"data/{key}", raw)
    writer.finish()
    file.seek(0)
    return file


class Call:
    def __init__(self, *reduced: Any) -> None:
        self.reduced = reduced

    def __reduce__(self) -> Any:
        return self.reduced


def _by_name(module: str, name: str, arguments: bytes = b")") -> bytes:
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + arguments + b"R."


MALICIOUS = [
    pickle.dumps(Call(os.system, ("touch /tmp/executed",)), 2),
    pickle.dumps(Call(os.system, ("touch /tmp/executed",)), 4),
    pickle.dumps(Call(eval, ("1+1",)), 2),
    pickle.dumps(Call(exec, ("x=1",)), 2),
    pickle.dumps(Call(__import__, ("os",)), 2),
    pickle.dumps(Call(subprocess.Popen, (["true"],)), 2),
    _by_name("builtins", "getattr"),
    _by_name("builtins", "getattr", b"cbuiltins\nlist\nX\x06\x00\x00\x00append\x86"),
    _by_name("__builtin__", "apply"),
    _by_name("nt", "system"),
    _by_name("os.path", "join"),
    _by_name("torch", "load"),
    _by_name("torch.hub", "load"),
    _by_name("flambeau.checkpoint.api", "load"),
    _by_name("flambeau.checkpoint.pickle_reader", "PickleReader", b"N\x85"),
    _by_name("numpy", "load"),
    _by_name("numpy", "memmap"),
    _by_name("pathlib", "Path"),
    _by_name("tempfile", "_TemporaryFileCloser"),
    _by_name("pickle", "loads"),
    _by_name("functools", "partial", b"cos\nsystem\n\x85"),
    _by_name("collections", "defaultdict", b"cos\nsystem\n\x85"),
    _by_name("collections", "defaultdict", b"cbuiltins\nbytearray\n\x85"),
    _by_name("builtins", "bytearray", b"J\xff\xff\xff\x7f\x85"),
    _by_name("builtins", "bytes", b"J\xff\xff\xff\x7f\x85"),
    _by_name("numpy", "dtype", b"X\x01\x00\x00\x00O\x85"),
    b"\x80\x02ctempfile\n_TemporaryFileCloser\n)\x81.",
    b"\x80\x02csubprocess\nPopen\n)\x81.",
    b"\x80\x02ccollections\nOrderedDict\n)RK\x01b.",
    b"\x80\x02cbuiltins\nlist\n}b.",
    b"\x80\x02cbuiltins\nlist\n)\x81.",
    b"\x80\x02(i__main__\nX\n.",
    b"\x80\x02\x82\x01.",
    b"\x80\x02Pos.system\n.",
]


@pytest.mark.parametrize("weights_only", [True, False])
def test_malicious_pickles_are_refused(weights_only: bool) -> None:
    for content in MALICIOUS:
        with pytest.raises(CheckpointError):
            load(archive(content), weights_only=weights_only)
        legacy = io.BytesIO()
        save(1, legacy, _use_new_zipfile_serialization=False)
        with pytest.raises(CheckpointError):
            load(io.BytesIO(legacy.getvalue()[:-5] + content), weights_only=weights_only)
    assert not os.path.exists("/tmp/executed")


def test_blocked_modules_stay_blocked() -> None:
    with safe_globals([(os.system, "os.system")]):
        with pytest.raises(pickle.UnpicklingError, match="whose module os is blocked"):
            load(archive(_by_name("os", "system")))
    with safe_globals([(os.getcwd, "my.getcwd")]), pytest.raises(CheckpointError, match="reduce"):
        load(archive(_by_name("my", "getcwd")))


def test_the_message_says_what_to_do() -> None:
    with pytest.raises(pickle.UnpicklingError) as caught:
        load(archive(_by_name("pathlib", "Path")))
    text = str(caught.value)
    assert text.startswith("Weights only load failed.")
    assert "Unsupported global: GLOBAL pathlib.Path was not an allowed global by default." in text
    assert "`torch.serialization.add_safe_globals([pathlib.Path])`" in text
    assert isinstance(caught.value, RuntimeError)


def _tensor(offset: bytes, shape: bytes, stride: bytes, count: bytes = b"K\x04") -> bytes:
    return (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage"
        b"\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + count + b"tQ" + offset + shape + stride
        + b"\x89}tR."
    )  # fmt: skip


HUGE = b"\x8a\x09" + b"\xff" * 7 + b"\x7f\x00"
BAD_TENSORS = [
    _tensor(b"K\x00", b"K\x05\x85", b"K\x01\x85"),
    _tensor(b"K\x01", b"K\x04\x85", b"K\x01\x85"),
    _tensor(b"K\x00", b"K\x02\x85", b"K\x04\x85"),
    _tensor(b"K\x00", HUGE + b"\x85", b"K\x01\x85"),
    _tensor(b"K\x00", b"K\x04\x85", HUGE + b"\x85"),
    _tensor(HUGE, b"K\x04\x85", b"K\x01\x85"),
    _tensor(b"K\x00", HUGE + HUGE + b"\x86", b"K\x00K\x00\x86"),
    _tensor(b"K\x00", b"J\xff\xff\xff\xff\x85", b"K\x01\x85"),
    _tensor(b"K\x03", b"K\x02\x85", b"J\xff\xff\xff\xff\x85"),
    _tensor(b"K\x00", b"K\x04\x85", b")"),
    _tensor(b"K\x00", b"\x88\x85", b"K\x01\x85"),
    _tensor(b"K\x00", b"K\x04\x85", b"K\x01\x85", HUGE),
    _tensor(b"K\x00", b"K\x03\x85", b"K\x01\x85", b"K\x03"),
    _tensor(b"K\x00", b"(" + b"K\x01" * 100 + b"t", b"(" + b"K\x01" * 100 + b"t"),
]


def test_tensors_outside_their_storage_are_refused() -> None:
    raw = np.arange(4, dtype=np.float32).tobytes()
    good = _tensor(b"K\x01", b"K\x03\x85", b"K\x01\x85")
    assert load(archive(good, {"0": raw})).array.tolist() == [1, 2, 3]
    for content in BAD_TENSORS:
        with pytest.raises(CheckpointError):
            load(archive(content, {"0": raw}))
    with pytest.raises(CheckpointError, match="file not found"):
        load(archive(good))


def _long_string(size: int) -> bytes:
    return b"X" + struct.pack("<I", size) + b"a" * size


ENCODE = b"c_codecs\nencode\nq\x01X\x06\x00\x00\x00latin1q\x02"
BOMBS: list[bytes] = [
    # One long value, copied many times by a constructor.
    b"\x80\x02" + _long_string(2**20) + b"q\x000" + ENCODE + b"0("
    + b"h\x01h\x00h\x02\x86R" * 20_000 + b"t.",
    b"\x80\x02(" + b"K\x01" * 10**5 + b"lq\x000cbuiltins\nset\nq\x010(" + b"h\x01h\x00\x85R" * 10**5
    + b"t.",
    b"\x80\x02(" + b"K\x01" * 10**5 + b"tq\x000ctorch\nSize\nq\x010(" + b"h\x01h\x00\x85R" * 10**5
    + b"t.",
    # Tuples whose hash takes exponential time, or overflows the C stack.
    b"\x80\x02}K\x01" + b"q\x00h\x00\x86" * 60 + b"K\x01s.",
    b"\x80\x02})" + b"\x85" * 10**6 + b"K\x01s.",
    b"\x80\x02(K\x01" + b"\x85" * 10**6 + b"\x91.",
    # Keys of one hash: multiples of 2**61 - 1, and complex numbers that cancel out.
    b"\x80\x02}(" + b"".join(
        b"\x8a\x0a" + (k * (2**61 - 1)).to_bytes(10, "little") + b"N" for k in range(1, 10**5)
    ) + b"u.",
    b"\x80\x02}(" + b"".join(
        b"c__builtin__\ncomplex\n" + b"G" + struct.pack(">d", -1000003.0 * k) + b"G"
        + struct.pack(">d", k) + b"\x86RN" for k in range(1, 10**4)
    ) + b"u.",
    # Lengths that are not there.
    b"\x80\x04\x8d" + b"\xff" * 8, b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f",
    b"\x80\x05\x96" + b"\xff" * 7 + b"\x7f", b"\x80\x02\x8b\xff\xff\xff\x7f",
    b"\x80\x02\x8b\xff\xff\xff\xff", b"\x80\x02X\xff\xff\xff\xff", b"\x80\x02T\xff\xff\xff\xff.",
    b"\x80\x02" + b"(" * 10**6, b"\x80\x02" + b"." , b"\x80\x02(.", b"\x80\x02h\x07.",
    b"\x80\x02r\xff\xff\xff\xff.", b"\x80\x06N.", b"\x80\x02]]s.", b"\x80\x02}](e}s.",
]  # fmt: skip


def test_bombs_are_cheap() -> None:
    start = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for content in BOMBS:
        with pytest.raises(CheckpointError):
            load(archive(content))
    assert time.monotonic() - start < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024


def _zip(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as writer:
        for name, content in entries:
            writer.writestr(name, content)
    return file.getvalue()


def test_archives_with_tricks_are_refused() -> None:
    good = _zip([("a/data.pkl", b"\x80\x02N.")])
    assert load(io.BytesIO(good)) is None
    bomb = _zip(
        [("a/data.pkl", b"\x80\x02N."), ("a/data/0", bytes(10**8))], zipfile.ZIP_DEFLATED
    )
    assert len(bomb) < 2**20
    cases = [
        bomb,
        _zip([("a/data.pkl", b"\x80\x02N.")], zipfile.ZIP_LZMA),
        _zip([("a/data.pkl", b"\x80\x02N."), ("b/data.pkl", b"\x80\x02N.")]),
        _zip([("a/data.pkl", b"\x80\x02N."), ("../../etc/passwd", b"")]),
        _zip([("a/data.pkl", b"\x80\x02N."), ("/etc/passwd", b"")]),
        _zip([("a/data.pkl", b"\x80\x02N."), ("a/byteorder", b"middle")]),
        _zip([("a/data.pkl", b"\x80\x02N."), ("a/constants.pkl", b"\x80\x02N.")]),
        _zip([("a/other", b"")]),
        good[:-30],
        good[: len(good) // 2],
        good.replace(b"\x80\x02N.", b"\x80\x02).", 1),
        _overlapping(),
    ]
    for number, raw in enumerate(cases):
        with pytest.raises(CheckpointError):
            load(io.BytesIO(raw))
            raise AssertionError(f"case {number} was read")


def _overlapping() -> bytes:
    """An archive whose directory names one record's bytes twice."""
    raw = _zip([("a/data.pkl", b"\x80\x02N."), ("a/data/0", bytes(100))])
    start = raw.index(b"PK\x01\x02")
    end = raw.index(b"PK\x05\x06")
    directory = raw[start:end]
    second = directory[directory.index(b"PK\x01\x02", 4) :]
    extra = second.replace(b"a/data/0", b"a/data/1")
    tail = struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, 3, 3, len(directory) + len(extra), start, 0
    )
    return raw[:end] + extra + tail


def test_damaged_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"

    def header(table: Any, data: bytes = bytes(8), size: int | None = None) -> bytes:
        text = table if isinstance(table, bytes) else json.dumps(table).encode()
        return struct.pack("<Q", len(text) if size is None else size) + text + data

    def entry(**change: Any) -> dict[str, Any]:
        return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | change}

    path.write_bytes(header(entry()))
    assert load_file(path)["a"].array.tolist() == [0, 0]
    cases = [
        b"", b"\x01", header(entry(), size=2**63), header(entry(), size=10**9), header(b"[]"),
        header(b"{" * 10**5), header(b'{"a":1}'), header(b'{"a":{},"a":{}}'),
        header(entry(shape=[3])), header(entry(shape=[2**62, 2**62])), header(entry(shape=[-2])),
        header(entry(shape=[True, 2])), header(entry(data_offsets=[8, 16])),
        header(entry(data_offsets=[0, 2**64])), header(entry(dtype="F33")), header(entry(dtype=[])),
        header(entry(), bytes(7)), header(entry(), bytes(9)), header(entry(extra=1)),
        header(entry() | {"b": entry()["a"]}), header(entry() | {"__metadata__": {"a": 1}}),
        header(b'{"a":\xff}'),
    ]  # fmt: skip
    for raw in cases:
        path.write_bytes(raw)
        with pytest.raises(CheckpointError):
            load_file(path)


# Mutations


def seeds() -> list[tuple[str, bytes]]:
    """Small checkpoints that use everything the reader knows."""
    whole = FakeTensor.of(np.arange(6, dtype=np.float32).reshape(2, 3), requires_grad=True)
    noted = FakeParameter.of(np.arange(3, dtype=np.float64), requires_grad=True)
    noted.note = 1  # type: ignore[attr-defined]
    obj = {
        "tensors": [whole, whole.view_as(1, (2, 2), (3, 1)), noted,
                    FakeTensor.of(np.arange(3, dtype=np.uint16))],
        "types": (DTYPES["int8"], FakeSize((1, 2)), FakeDevice("cuda", 1)),
        "plain": [1, -5, 2**70, 1.5, "text", b"bytes", bytearray(b"x"), {1, 2}, 1j, slice(1), None],
        "numpy": [np.arange(3.0), np.float32(1)],
    }  # fmt: skip
    found = []
    for zipped in (True, False):
        file = io.BytesIO()
        save(obj, file, _use_new_zipfile_serialization=zipped)
        found.append(("zip" if zipped else "legacy", file.getvalue()))
    with zipfile.ZipFile(io.BytesIO(found[0][1])) as reader:
        records = {name: reader.read(name) for name in reader.namelist()}
    found.append(("pickle", records["archive/data.pkl"]))
    return found


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """Change, remove, double or move a few bytes."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed) + 1)
        kind = chance.randrange(6)
        if kind <= 1 and place < len(changed):
            changed[place] = chance.randrange(256)
        elif kind == 2 and place < len(changed):
            changed[place] ^= 1 << chance.randrange(8)
        elif kind == 3:
            del changed[place : place + chance.randint(1, 8)]
        elif kind == 4:
            other = chance.randrange(len(changed) + 1)
            changed[place:place] = changed[other : other + chance.randint(1, 30)]
        else:
            changed[place : place + 4] = chance.choice([b"\xff" * 4, bytes(4), b"\x00\x00\x00\x80"])
        if not changed:
            changed += b"\x80"
    return bytes(changed)


def fuzz(count: int, seed: int = 0) -> dict[str, int]:
    """Load mutated checkpoints; anything but a value or a CheckpointError propagates.

    ``PYTHONPATH=. python tests/checkpoint/test_checkpoint_safety.py 1000000`` runs a million.
    """
    chance, tally = random.Random(seed), {"read": 0, "refused": 0}
    corpus = seeds()
    with zipfile.ZipFile(io.BytesIO(corpus[0][1])) as reader:
        records = {name: reader.read(name) for name in reader.namelist()}
    storages = {name[13:]: raw for name, raw in records.items() if "/data/" in name}
    for number in range(count):
        name, raw = corpus[chance.choice((0, 1, 2, 2, 2))]
        changed = mutate(raw, chance)
        file = archive(changed, storages) if name == "pickle" else io.BytesIO(changed)
        try:
            _touch(load(file, weights_only=bool(number % 2)))
            tally["read"] += 1
        except CheckpointError:
            tally["refused"] += 1
    return tally


def _touch(value: Any) -> None:
    """Read every element of every tensor that is not expanded beyond reason."""
    waiting, seen = [value], set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, FakeTensor) and np.prod(part._view[1], dtype=object) < 10**6:
            part.array.sum()
        elif isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple | set | frozenset):
            waiting.extend(part)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_mutated_checkpoints_are_read_or_refused() -> None:
    tally = fuzz(20_000)
    assert tally["read"] > 100 and tally["refused"] > 10_000


# Saving


def test_a_failing_save_keeps_the_old_file(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "a.pt"
    save("old", path)
    calls = {"left": 0}
    write = ZipWriter._put

    def failing(self: ZipWriter, data: Any) -> None:
        if calls["left"] == 0:
            raise OSError(28, "No space left on device")
        calls["left"] -= 1
        write(self, data)

    monkeypatch.setattr(ZipWriter, "_put", failing)
    for point in range(100):
        calls["left"] = point
        try:
            save(["new", FakeTensor.of(np.zeros(9))], path)
        except OSError:
            assert load(path) == "old"
            assert [entry.name for entry in tmp_path.iterdir()] == ["a.pt"]
        else:
            break
    assert 10 < point < 99 and load(path)[0] == "new"


KILLED = """
import os, sys
sys.path.insert(0, {folder!r})
from checkpoint_fakes import FakeCodec, FakeTensor
import numpy as np
from flambeau.checkpoint import register_codec, save, atomic
register_codec(FakeCodec())
left = {steps}
def counted(function):
    def call(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return function(*arguments, **options)
    return call
for name in ("open", "fsync", "fdopen", "close", "replace"):
    setattr(os, name, counted(getattr(os, name)))
from flambeau.checkpoint.zip_format import ZipWriter
ZipWriter._put = counted(ZipWriter._put)
save(["new", FakeTensor.of(np.zeros(9))], {path!r})
print("saved")
"""


def test_a_killed_save_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    path, folder = tmp_path / "a.pt", str(Path(__file__).parent)
    save("old", path)
    outcomes = []
    for steps in (0, 1, 2, 5, 12, 20, 27, 28, 29, 30, 31, 32, 33, 34, 40, 99):
        script = KILLED.format(folder=folder, steps=steps, path=str(path))
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert done.returncode in (0, 9), done.stderr
        found = load(path)
        outcomes.append("old" if found == "old" else "new")
        assert outcomes[-1] == "old" or found[0] == "new"
        save("old", path)
    assert outcomes[0] == "old" and outcomes[-1] == "new"
    assert sorted(outcomes, reverse=True) == outcomes


def test_permissions_links_and_devices(tmp_path: Path) -> None:
    path, link = tmp_path / "a.pt", tmp_path / "link.pt"
    save(1, path)
    mask = os.umask(0o022)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    path.chmod(0o640)
    link.symlink_to(path)
    save(2, link)
    assert link.is_symlink() and load(path) == 2 and path.stat().st_mode & 0o777 == 0o640
    save(3, "/dev/null")


if __name__ == "__main__":
    register_codec(FakeCodec())
    np.seterr(all="ignore")
    started = time.monotonic()
    print(fuzz(int(sys.argv[1]), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 1))
    print(f"{time.monotonic() - started:.0f} s")
