"""explain(): flushes, engines, kernels, stages; warnings of churn; caps; determinism."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

import flambeau as torch
from flambeau.compiler import reasons
from flambeau.compiler.machine import host_machine
from flambeau.compiler.peak import write_peak
from flambeau.engines import churn, plan_cache, realize, recordings, stages
from flambeau.engines.disk_cache import DiskCache
from flambeau.engines.profile import measured_machine
from flambeau.engines.statistics import statistics

HERE = Path(__file__).resolve()


@pytest.fixture
def native(tmp_path: Path, monkeypatch) -> None:
    """Everything is compiled at once; no plan and no file is there from before."""
    monkeypatch.setattr(realize.mode, "native", True)
    monkeypatch.setattr(realize.mode, "patience", 1)
    monkeypatch.setattr(realize, "_structures", {})
    monkeypatch.setattr(recordings, "_recordings", {})
    kept = DiskCache(tmp_path / "cache")
    monkeypatch.setattr(plan_cache, "disk_cache", lambda: kept)


def step(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return ((x @ w).tanh() + 1).sum()


def line(text: str) -> int:
    """The line of this file that ends with a mark."""
    lines = HERE.read_text(encoding="utf-8").splitlines()
    return next(i for i, found in enumerate(lines, 1) if found.endswith("# " + text))


# ---- what is reported ----------------------------------------------------------------------------

def test_flushes_have_reasons_and_lines(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    x = torch.ones(3)
    with torch.explain() as report:
        for _ in range(3):
            (x + 1).sum().item()  # here
        (x - 1).tolist()  # there
        x * 2
    (x * 3).tolist()
    assert report.flushes == {"item": 3, "tolist": 1}
    sites = {site for _, site in report.observation.flushes}
    assert sites == {f"{HERE}:{line('here')}", f"{HERE}:{line('there')}"}
    text = str(report)
    assert "4 flushes, 4 of them syncs" in text
    assert f"3 × item             {HERE}:{line('here')}  sync" in text


def test_without_a_block_it_counts_from_the_start() -> None:
    before = torch.explain().flushes["bool"]
    assert torch.ones(1) + 1 > 0
    assert torch.explain().flushes["bool"] == before + 1
    assert "flushes" in str(torch.explain())


def test_compilations_and_engines(native) -> None:
    x, w = torch.ones(4, 5), torch.ones(5, 6)
    with torch.explain() as report:
        for _ in range(3):
            step(x, w).item()
    assert [c.source for c in report.observation.compilations] == ["compiled"]
    assert [report.observation.runs[s] for s in report.structures] == [[0, 3]]
    realize._structures.clear()
    recordings._recordings.clear()
    with torch.explain() as again:
        step(x, w).item()
    assert [c.source for c in again.observation.compilations] == ["disk"]
    assert again.observation.compilations[0].site.startswith(f"{HERE}:")
    assert "1 plans made" in str(again) and "1 from the disk" in str(again)
    kernels = [k for stage in again.plans[0].plan.stages if hasattr(stage, "kernels")
               for k in stage.kernels]
    assert any("tanh" in k["what"] for k in kernels)


def test_what_runs_on_the_reference_is_named(native) -> None:
    x = torch.ones(4, 5)
    with torch.explain() as report:
        torch.sort(x + 1)[0].sum().item()
    found = report.on_reference()
    assert any(name == "argsort" and "sort" in why for name, why in found)
    assert "argsort" in str(report)


def test_reasons() -> None:
    x = torch.ones(2, dtype=torch.complex64)
    with torch.explain() as report:
        (x * x).tolist()
        torch.ones(0).exp().tolist()
    found = []
    for entry in report.structures:
        program = stages.run_passes(stages.inline(*stages.nodes_of(entry.key))[0])
        found += [reasons.why_not(i, program.specs) for i in program.instrs]
    assert "complex numbers (complex64)" in found
    assert "no elements" in found


# ---- stages --------------------------------------------------------------------------------------

def test_a_key_gives_its_nodes_back() -> None:
    x, w = torch.randn(4, 5), torch.randn(5, 6, requires_grad=True)
    with torch.explain() as report:
        value, index = torch.max((x @ w) * 2 + x[0, 0] ** 1.5, dim=1)
        value.sum().backward()
        (w.grad.sum() + index.sum()).item()
    for entry in report.structures:
        assert realize.structure(*stages.nodes_of(entry.key))[0] == entry.key


def test_stages_print(native) -> None:
    with torch.explain() as report:
        step(torch.ones(4, 5), torch.ones(5, 6)).item()
    for stage, word in {"program": "tanh(", "simplified": "tanh(", "kernels": "= tanh",
                        "llvm": "define"}.items():
        assert word in report.text(stage)
    with pytest.raises(ValueError, match="stage must be one of program, simplified"):
        report.text("object")


def test_profile_times_every_kernel(native) -> None:
    with torch.explain() as report:
        step(torch.ones(16, 32), torch.ones(32, 48)).item()
    report.profile(operations=1e12, bytes=1e11)
    timed = report._profiles[report.plans[0]]
    assert all(t.seconds > 0 for t in timed)
    product = next(t for t in timed if "dot" in t.kernel["what"])
    assert product.kernel["operations"] == 2 * 16 * 32 * 48
    least = max(product.kernel["operations"] / 1e12, product.kernel["bytes"] / 1e11)
    assert product.share(report._machine) == pytest.approx(least / product.seconds)
    assert "1000 GFLOP/s" in str(report) and "ms" in str(report)


def test_peaks_are_measured(native) -> None:
    machine = measured_machine(1 << 20)
    assert machine.operations > 1e8 and machine.bytes > 1e6
    for level, lanes in (("sse", 4), ("avx2", 8)):
        if platform.machine() in ("x86_64", "AMD64"):
            assert f"<{lanes} x float>" in str(write_peak(host_machine(level)))


# ---- churn, caps ---------------------------------------------------------------------------------

def churned(sizes: list[int]) -> None:
    w = torch.ones(5, 6)
    for n in sizes:
        x = torch.ones(n, 5)
        torch.sync()
        for _ in range(2):
            step(x, w).item()


def test_shape_churn_is_warned_of_once(native, monkeypatch) -> None:
    monkeypatch.setattr(realize.mode, "patience", 2)
    monkeypatch.setattr(realize.mode, "share", 0.0)
    monkeypatch.setattr(realize.mode, "background", False)
    monkeypatch.setattr(churn, "_variants", {})
    monkeypatch.setattr(churn, "_warned", set())
    churned([8, 9])
    with pytest.warns(UserWarning) as caught:
        churned([10, 11, 12])
    assert len(caught) == 1
    assert caught[0].filename == str(HERE)
    message = str(caught[0].message)
    assert "compiled 3 times because dimension 0 of an input of shape (*, 5) varies: 8, 9, 10" \
        in message


def test_plans_are_bounded(native, monkeypatch) -> None:
    monkeypatch.setattr(realize, "MAX_PLANS", 2)
    before = statistics.dropped
    x = torch.ones(3)
    torch.sync()
    for _ in range(2):
        (x + 1).tolist()
        (x * 2).tolist()
    (x + 1).tolist()
    (x - 3).tolist()  # the product goes
    planned = [s.title() for s in realize.structures() if s.plan is not None]
    assert planned == ["add", "sub"]
    assert statistics.dropped == before + 1
    assert (x * 2).tolist() == [2.0, 2.0, 2.0]


# ---- settings ------------------------------------------------------------------------------------

def test_deterministic_runs_are_native_from_the_first(native, monkeypatch) -> None:
    monkeypatch.setattr(realize.mode, "patience", 1000)
    x, w = torch.ones(4, 5), torch.ones(5, 6)
    with torch.explain() as report:
        step(x, w).item()
        torch.use_deterministic_algorithms(True)
        try:
            step(x, w).item()
        finally:
            torch.use_deterministic_algorithms(False)
    assert [report.observation.runs[s] for s in report.structures] == [[1, 1]]


def test_deterministic_modes() -> None:
    for word, number, flags in (("warn", 1, (True, True)), ("error", 2, (True, False)),
                                ("default", 0, (False, False))):
        for value in (word, number):
            torch.set_deterministic_debug_mode(value)
            assert torch.get_deterministic_debug_mode() == number
            assert (torch.are_deterministic_algorithms_enabled(),
                    torch.is_deterministic_algorithms_warn_only_enabled()) == flags
    with pytest.raises(RuntimeError, match="expected 0, 1, or 2, but got 3"):
        torch.set_deterministic_debug_mode(3)
    with pytest.raises(RuntimeError, match="but got x"):
        torch.set_deterministic_debug_mode("x")
    with pytest.raises(TypeError, match="must be str or int"):
        torch.set_deterministic_debug_mode(1.0)
    with pytest.raises(TypeError, match="must be bool, not int"):
        torch.use_deterministic_algorithms(1)


def test_threads() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)
    for function in (torch.set_num_threads, torch.set_num_interop_threads):
        with pytest.raises(RuntimeError, match="expects a positive integer"):
            function(0)
        with pytest.raises(RuntimeError, match="expects an int, but got float"):
            function(1.5)
    assert torch.get_num_interop_threads() > 0


# ---- command line --------------------------------------------------------------------------------

def test_the_command_runs_and_reports(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import torch, sys\nprint((torch.ones(3) + 1).sum().item())\nsys.exit(3)\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path),
                                "FLAMBEAU_CACHE": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-m", "flambeau", "explain", "script.py"], text=True,
                          capture_output=True, env=environment, cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout == "6.0\n"
    assert "1 × item             script.py:2  sync" in done.stderr
    info = subprocess.run([sys.executable, "-m", "flambeau", "info"], text=True,
                          capture_output=True, env=environment, check=True)
    assert f"{tmp_path / 'cache'}, 0 files" in info.stdout
    assert "threads" in info.stdout and "features" in info.stdout
