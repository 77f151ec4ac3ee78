"""Compilation beside the program: what happens when its process is late, killed or forbidden."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import flambeau
from flambeau.engines import transfer
from flambeau.engines.native import simplified
from flambeau.engines.plan_cache import program_key
from flambeau.engines.stages import nodes_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are started so on POSIX")

# A step whose structure is handed over at its second time and waited for at its fourth.
STEP = """
import os, signal, sys, time
import flambeau as torch
from flambeau.engines import background, realize
mode = realize.mode
mode.share, mode.limit = 0.0, float(os.environ.get("LIMIT", "1e9"))
w = torch.arange(30.).reshape(5, 6) / 30
torch.sync()

def step():
    return torch.tanh(torch.ones(4, 5) @ w).sum().item()

def plans():
    return sum(s.plan is not None for s in realize.structures())

def worker():
    process = background.compiler.process
    return process and process.pid

def waits():
    mode.limit = 0.0
    return step()
"""


def printed_by(program: str, folder: str, how: str = "-c", **more: str) -> list[str]:
    """The lines that STEP and a program print in a fresh process."""
    environment = os.environ | {"FLAMBEAU_CACHE": folder, "FLAMBEAU_PATIENCE": "2",
                                "FLAMBEAU_ENGINE": "native", "FLAMBEAU_COMPILE": "background",
                                "PYTHONPATH": os.pathsep.join(sys.path)} | more
    source = STEP + program
    command, text = ([sys.executable, "-"], source) if how == "-" else (
        [sys.executable, "-c", source], None)
    done = subprocess.run(command, input=text, env=environment, text=True, capture_output=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def has_ended(pid: int, seconds: float = 5.0) -> bool:
    """Whether a process is gone, within some time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as file:
            if file.read().rpartition(")")[2].split()[0] == "Z":  # nobody has asked for its end
                return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("how", ["-c", "-"])
def test_the_reference_answers_until_the_plan_is_due(tmp_path: Path, how: str) -> None:
    """Before it is due nobody waits; then the plan is there, and gives the same."""
    printed = printed_by("""
values = [step(), step(), step()]
print(plans(), worker() is not None)
values.append(waits())
print(plans(), max(values) - min(values) < 1e-5 * max(values))
print(len(list(os.scandir(os.environ["FLAMBEAU_CACHE"]))) > 1)
""", str(tmp_path), how)
    assert printed == ["0 True", "1 True", "True"]


@pytest.mark.parametrize("folder", ["off", "/proc/nowhere"])
def test_without_a_cache_folder(folder: str) -> None:
    """Object code comes through the pipe; kernels are shared between programs all the same."""
    printed = printed_by("""
step(), step(), waits()
print(plans())
""", folder)
    assert printed == ["1"]


def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    """What it was doing is compiled in the program; the next structure gets a new process."""
    printed = printed_by("""
step(), step()
first = worker()
os.kill(first, signal.SIGSTOP)  # so that it cannot have been done
os.kill(first, signal.SIGKILL)
waits()
mode.limit = 1e9
print(plans(), background.compiler.losses <= 1)
for _ in range(2):
    (w * 2 - w).sum().item()
print(worker() not in (None, first))
mode.limit = 0.0
(w * 2 - w).sum().item()
print(plans())
""", str(tmp_path))
    assert printed == ["1 True", "True", "2"]


def test_the_end_of_the_program_ends_its_process(tmp_path: Path) -> None:
    """At the end, while it compiles, and where the program is killed."""
    (pid,) = printed_by("step(), step()\nprint(worker())\n", str(tmp_path / "a"))
    assert has_ended(int(pid))
    (pid,) = printed_by("""
step(), step()
print(worker(), flush=True)
os._exit(0)
""", str(tmp_path / "b"))
    assert has_ended(int(pid))


def test_an_interrupt_while_waiting(tmp_path: Path) -> None:
    """Nothing is lost: the step can be asked for again."""
    printed = printed_by("""
step()
expected = step()
os.kill(worker(), signal.SIGSTOP)
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    waits()
except KeyboardInterrupt:
    print("interrupted", worker())
print(abs(step() - expected) < 1e-5 * expected, plans())
""", str(tmp_path))
    assert printed == ["interrupted None", "True 1"]


def test_a_forked_child_has_its_own(tmp_path: Path) -> None:
    """The parent's process goes on for the parent when a child has compiled and ended."""
    printed = printed_by("""
step(), step()
before = worker()
child = os.fork()
if child == 0:
    assert worker() is None
    waits()
    os._exit(10 + plans())
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
waits()
print(plans(), worker() == before)
""", str(tmp_path))
    assert printed == ["11", "1 True"]


def test_deterministic_runs_do_not_wait_for_counts(tmp_path: Path) -> None:
    """The first run is compiled, and so is every other."""
    printed = printed_by("""
torch.use_deterministic_algorithms(True)
values = {step() for _ in range(5)}
print(plans(), len(values))
""", str(tmp_path))
    assert printed == ["1 1"]


def test_now_compiles_in_the_program(tmp_path: Path) -> None:
    printed = printed_by("step(), step()\nprint(plans(), worker())", str(tmp_path),
                         FLAMBEAU_COMPILE="now")
    assert printed == ["1 None"]


def test_a_warm_cache_is_used_at_once(tmp_path: Path) -> None:
    """A second process asks nobody, and waits for nothing."""
    program = "values = [step(), step(), step()]\nprint(plans(), worker() is None)\nwaits()"
    assert printed_by(program, str(tmp_path)) == ["0 False"]
    assert printed_by(program, str(tmp_path)) == ["1 True"]


def test_signals_to_the_group_leave_it_alone(tmp_path: Path) -> None:
    """Ctrl-C reaches the program, not its compiler."""
    printed = printed_by("step(), step()\nprint(os.getpgid(worker()) == worker())", str(tmp_path))
    assert printed == ["True"]


def test_many_open_files(tmp_path: Path) -> None:
    """The socket's number may be beyond what `select` takes."""
    printed = printed_by("""
import resource
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
if most != resource.RLIM_INFINITY and most < 1200:
    print("1 True")
    sys.exit()
resource.setrlimit(resource.RLIMIT_NOFILE, (1200, most))
files = [open(os.devnull) for _ in range(1100)]
step(), step()
high = background.compiler.socket.fileno() > 1024
waits()
print(plans(), high)
""", str(tmp_path))
    assert printed == ["1 True"]


def test_no_process_can_be_started(tmp_path: Path) -> None:
    """Everything is then compiled in the program."""
    printed = printed_by("""
sys.executable = "/nowhere/python"
step(), step(), waits()
print(plans(), worker())
""", str(tmp_path))
    assert printed == ["1 None"]


def test_recorded_programs_travel() -> None:
    """Primitives, specs, numbers and the bodies of loops arrive as the same objects."""
    cell, x = flambeau.nn.GRU(3, 4), flambeau.ones(5, 2, 3)
    with flambeau.explain() as report:
        (cell(x)[0] * 0.5).sum().item()
    program, key = simplified(*nodes_of(report.structures[0].key))
    again = transfer.unpacked(transfer.packed(program))
    assert program_key(again) == key is not None
    for one, other in zip(program.instrs, again.instrs, strict=True):
        assert one.prim is other.prim and one.spec == other.spec
