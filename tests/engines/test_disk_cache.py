"""Object code on disk: private, checked, bounded, shared by processes, and never in the way."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
from llvmlite import ir

from flambeau.compiler.canonical import canonical
from flambeau.compiler.jit import Library
from flambeau.compiler.kernels import Kernel, Kernels
from flambeau.dtype import float32
from flambeau.engines import disk_cache as module
from flambeau.engines import notices, plan_cache
from flambeau.engines.disk_cache import DiskCache, cache_folder, digest

KEY = digest("key")

PROGRAM = """
import flambeau as torch
from flambeau.engines.realize import statistics
torch.manual_seed(0)
x, w = torch.randn(7, 5), torch.randn(5, 3, requires_grad=True)
loss = (x @ w).tanh().sum()
loss.backward()
print(loss.item().hex(), w.grad.sum().item().hex())
print(*[c.source for c in statistics.compilations])
"""


@pytest.fixture
def kept(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "cache")


def run(folder: Path, **more: str) -> list[str]:
    """The two lines that PROGRAM prints in a fresh process."""
    return output(folder, PROGRAM, **more)


def output(folder: Path, program: str, **more: str) -> list[str]:
    """The lines that a program prints in a fresh process that compiles everything at once."""
    environment = os.environ | {"FLAMBEAU_ENGINE": "native", "FLAMBEAU_PATIENCE": "1",
                                "FLAMBEAU_CACHE": str(folder),
                                "PYTHONPATH": os.pathsep.join(sys.path)} | more
    done = subprocess.run([sys.executable, "-c", program], env=environment, text=True,
                          capture_output=True, check=True)
    return done.stdout.splitlines()


# ---- the store -----------------------------------------------------------------------------------

def test_what_was_put_is_found(kept: DiskCache) -> None:
    assert kept.get(KEY) is None
    for payload in (b"", b"code", bytes(range(256)) * 100):
        kept.put(KEY, payload)
        assert kept.get(KEY) == payload
    assert kept.size()[0] == 1


def test_folder_and_files_are_private(kept: DiskCache) -> None:
    kept.put(KEY, b"code")
    assert kept.folder is not None
    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(f.stat().st_mode) for f in kept.folder.iterdir()] == [0o600]


@pytest.mark.parametrize("damage", [
    lambda content: content[:-1], lambda content: b"", lambda content: content[:20],
    lambda content: content + b"x", lambda content: content[:-1] + b"?",
    lambda content: b"?" + content[1:]])
def test_damaged_files_are_deleted(kept: DiskCache, damage) -> None:
    kept.put(KEY, b"code")
    assert kept.folder is not None
    file = next(kept.folder.iterdir())
    file.write_bytes(damage(file.read_bytes()))
    assert kept.get(KEY) is None
    assert not file.exists()
    kept.put(KEY, b"code")
    assert kept.get(KEY) == b"code"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners of files")
def test_what_others_may_write_is_not_read(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    kept = DiskCache(shared)
    kept.put(KEY, b"code")
    assert kept.get(KEY) is None
    assert not list(shared.iterdir())
    with pytest.warns(UserWarning, match="does not use the cache folder"):
        notices.deliver()
    own = DiskCache(tmp_path / "own")
    own.put(KEY, b"code")
    file = next((tmp_path / "own").iterdir())
    file.chmod(0o666)
    assert own.get(KEY) is None
    file.chmod(0o600)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert own.get(KEY) is None


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners of files")
def test_a_stranger_s_folder_is_refused(tmp_path: Path, monkeypatch) -> None:
    kept = DiskCache(tmp_path)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    kept.put(KEY, b"code")
    assert not list(tmp_path.iterdir())
    with pytest.warns(UserWarning, match="belongs to another user"):
        notices.deliver()


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    kept = DiskCache(tmp_path / "cache", limit=10_000)
    keys = [digest(str(i)) for i in range(12)]
    for i, key in enumerate(keys[:6]):
        kept.put(key, bytes(1500))
        os.utime(tmp_path / "cache" / f"{key}.bin", (i, i))
    assert kept.get(keys[0]) is not None  # now used last
    for key in keys[6:8]:
        kept.put(key, bytes(1500))
    assert kept.size()[1] <= 10_000
    assert kept.get(keys[0]) is not None
    assert kept.get(keys[7]) is not None
    assert kept.get(keys[1]) is None


def test_wrecks_are_cleared_away(kept: DiskCache) -> None:
    kept.put(KEY, b"code")
    assert kept.folder is not None
    old, new = kept.folder / "old.part", kept.folder / "new.part"
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    DiskCache(kept.folder).put(KEY, b"code")  # the first write of a later process
    assert new.exists() and not old.exists()


def test_not_every_write_measures_the_folder(kept: DiskCache, monkeypatch) -> None:
    looks = []
    scan = os.scandir
    monkeypatch.setattr(module.os, "scandir", lambda folder: looks.append(folder) or scan(folder))
    for i in range(20):
        kept.put(digest(str(i)), b"code")
    assert len(looks) <= 2  # files and wrecks, once


def test_disks_that_fail_do_no_harm(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file", tmp_path / "file" / "below"):
        kept = DiskCache(folder)
        kept.put(KEY, b"code")
        assert kept.get(KEY) is None
        assert kept.size() == (0, 0)
    notices._waiting.clear()

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(module.os, "replace", full)
    kept = DiskCache(tmp_path / "full")
    kept.put(KEY, b"code")
    assert kept.get(KEY) is None
    assert not list((tmp_path / "full").iterdir())


def test_the_folder_follows_the_environment(monkeypatch) -> None:
    for name in ("FLAMBEAU_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_folder() == Path("/home/somebody/.cache/flambeau")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == Path("/home/somebody/.cache/flambeau")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/caches/flambeau")
    monkeypatch.setenv("FLAMBEAU_CACHE", "/mine")
    assert cache_folder() == Path("/mine")
    monkeypatch.setenv("FLAMBEAU_CACHE", "off")
    assert cache_folder() is None


# ---- keys ----------------------------------------------------------------------------------------

def test_canonical_texts_tell_values_apart() -> None:
    values = [0, 0.0, -0.0, False, "0", (0,), [0], (), None, {"a": 0}, {"a": 1}, float("nan"),
              float32]
    texts = [canonical(v) for v in values]
    assert len(set(texts)) == len(texts)
    with pytest.raises(TypeError, match="canonical"):
        canonical((object(),))


def test_the_key_holds_the_processor(monkeypatch) -> None:
    monkeypatch.delenv("FLAMBEAU_CPU", raising=False)
    native = plan_cache.target()
    monkeypatch.setenv("FLAMBEAU_CPU", "sse")
    assert plan_cache.target() != native


# ---- processes -----------------------------------------------------------------------------------

def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    values, sources = run(folder)
    assert set(sources.split()) == {"compiled"}
    again, found = run(folder)
    assert again == values
    assert set(found.split()) == {"disk"}
    for file in folder.iterdir():  # plans gone, object files left
        if b'"stages"' in file.read_bytes():
            file.unlink()
    again, found = run(folder)
    assert again == values
    assert set(found.split()) == {"disk"}


def test_other_plans_find_their_kernels(tmp_path: Path) -> None:
    """Two programs share the kernels that they have in common, in whatever order these come."""
    folder = tmp_path / "cache"
    first = """
import numpy as np
import flambeau as torch
from flambeau.compiler.jit import object_code
from flambeau.engines import plan_cache
made = []
def counted(text, *how):
    made.append(text.split('"')[1].split("_")[0])
    return object_code(text, *how)
plan_cache.object_code = counted
torch.manual_seed(0)
x, w = torch.randn(7, 5), torch.randn(5, 3)
torch.sync()
made.clear()
"""
    ends = ["y = (x @ w).cumsum(0); z = x.amax(0)", "z = x.amax(0); y = (x @ w).cumsum(0)",
            "z = x.amax(0).exp(); y = (x @ w).cumsum(0)"]
    found = [output(folder, first + end + "\ntorch.sync()\nprint(*made)\n")[0].split()
             for end in ends]
    assert "dot" in found[0] and "nest" in found[0]
    assert found[1] in ([], ["drivers"])
    assert sorted(found[2]) == ["drivers", "nest"]


def test_a_process_remembers_kernels_without_a_disk(monkeypatch) -> None:
    monkeypatch.setattr(plan_cache, "disk_cache", lambda: DiskCache(None))
    monkeypatch.setattr(plan_cache, "_recent", {})
    description = ((4, 4), "test")

    def write(module: ir.Module, symbol: str) -> dict[str, int]:
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), []), symbol)
        ir.IRBuilder(function.append_basic_block()).ret_void()
        return {"units": 4}

    def make() -> tuple[Kernel, plan_cache.Code]:
        kept = plan_cache.KernelStore()
        kernels = Kernels(kept)
        kernel = kernels.get("test", description, False, write)
        return kernel, plan_cache.translate(kernels.all, ir.Module("drivers"), kept)
    (written, first), (found, second) = make(), make()
    assert written.module is not None and found.module is None
    assert (found.symbol, found.facts) == (written.symbol, {"units": 4})
    assert first.data[0] == second.data[0]
    assert Library(*second.data).engine.get_function_address(found.symbol)
    monkeypatch.setattr(plan_cache, "RECENT", 10)
    plan_cache._remember("key", bytes(8))
    assert list(plan_cache._recent) == ["key"]


def test_kernels_that_differ_have_other_names() -> None:
    kernels = Kernels(plan_cache.KernelStore())

    def name(*description: object) -> str:
        return kernels.get("test", description, True, lambda module, symbol: {}).symbol
    same, other, unknown = name((1, 2), 0.0), name((1, 2), -0.0), name(object())
    assert len({same, other, unknown, name(object())}) == 4
    assert name((1, 2), 0.0) == same
    assert [k.key is None for k in kernels.all] == [False, False, True, True]


def test_damage_is_made_good(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    values, _ = run(folder)
    for file in folder.iterdir():
        content = file.read_bytes()
        file.write_bytes(content[:len(content) // 2])
    again, sources = run(folder)
    assert again == values
    assert set(sources.split()) == {"compiled"}


def test_processes_share_a_folder(tmp_path: Path) -> None:
    text = ("import sys; from pathlib import Path\n"
            "from flambeau.engines.disk_cache import DiskCache, digest\n"
            f"kept = DiskCache(Path({str(tmp_path / 'cache')!r}), limit=40_000)\n"
            "for i in range(80):\n"
            "    key = digest(str(i % 7)); payload = bytes([i % 7]) * 9000\n"
            "    kept.put(key, payload)\n"
            "    found = kept.get(digest(str((i + 3) % 7)))\n"
            "    assert found is None or found == bytes([(i + 3) % 7]) * 9000\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = [subprocess.Popen([sys.executable, "-c", text], env=environment) for _ in range(3)]
    assert [p.wait() for p in running] == [0, 0, 0]
    assert not list((tmp_path / "cache").glob("*.part"))


def test_off_writes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    _, sources = run(Path("off"), HOME=str(home), XDG_CACHE_HOME=str(home))
    assert set(sources.split()) == {"compiled"}
    assert not list(home.iterdir())


def test_notices_wait_for_the_end() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notices.add("something")  # raises nothing yet
        with pytest.raises(UserWarning, match="something"):
            notices.deliver()
