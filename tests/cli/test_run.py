"""`python -m flambeau run` behaves as `python` does, with `torch` meaning flambeau."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

REPOSITORY = str(Path(__file__).resolve().parents[2])


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the interpreter in a folder."""
    paths = filter(None, [REPOSITORY, os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=120,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)})


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m flambeau run` in a folder."""
    return python(folder, "-m", "flambeau", "run", *arguments)


def write(folder: Path, name: str, code: str) -> None:
    """Writes a program."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)


def test_the_modules_are_the_same_objects(tmp_path: Path) -> None:
    """Every spelling of an import leads to flambeau's own module, whose spec stays its own."""
    write(tmp_path, "script.py", """
import torch, torch.nn as nn, torchvision
import torch.nn.functional as F
from torch.nn import functional
from torchvision import models
import flambeau, flambeau.vision.models
assert torch is flambeau
assert nn is torch.nn is flambeau.nn
assert F is functional is flambeau.nn.functional
assert models is torchvision.models is flambeau.vision.models
assert nn.__spec__.name == 'flambeau.nn'
assert nn.Linear.__module__ == 'torch.nn.modules.linear'
""")
    done = run(tmp_path, "script.py")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["torch.nothing", "torch.nn.nothing", "torchvision.nothing"])
def test_a_missing_module_is_named_as_the_program_does(tmp_path: Path, name: str) -> None:
    """The error speaks of torch, also to `importlib.util.find_spec`."""
    done = run(tmp_path, "-c", f"import importlib.util as u\nassert u.find_spec('{name}') is None\n"
                               f"import {name}")
    assert done.returncode == 1
    assert done.stderr.endswith(f"ModuleNotFoundError: No module named '{name}'\n")


def test_outside_of_run_torch_is_not_touched(tmp_path: Path) -> None:
    """Importing flambeau alone answers no other name."""
    code = ("import sys, flambeau, flambeau.nn\n"
            "assert not [name for name in sys.modules if name.split('.')[0] == 'torch']\n"
            "assert not [finder for finder in sys.meta_path if 'Alias' in type(finder).__name__]")
    assert python(tmp_path, "-c", code).returncode == 0


FACTS = """
import sys
print(sys.argv, sys.path[0], __name__, __package__ or None, globals().get('__file__'))
"""


def test_a_script_sees_what_python_shows_it(tmp_path: Path) -> None:
    """Arguments, path, name and file are those of `python script.py`."""
    write(tmp_path, "programs/script.py", FACTS)
    words = ["programs/script.py", "-x", "--flag=1"]
    assert run(tmp_path, *words).stdout == python(tmp_path, *words).stdout


def test_a_module_sees_what_python_shows_it(tmp_path: Path) -> None:
    """`-m` runs a module of a package, or its `__main__`, with relative imports."""
    write(tmp_path, "package/__init__.py", "")
    write(tmp_path, "package/__main__.py", FACTS + "from .inner import value\nprint(value)\n")
    write(tmp_path, "package/inner.py", FACTS + "from . import __name__ as value\n")
    for name in ("package", "package.inner"):
        ours, theirs = run(tmp_path, "-m", name, "7"), python(tmp_path, "-m", name, "7")
        assert (ours.stdout, ours.stderr) == (theirs.stdout, theirs.stderr)


def test_code_sees_what_python_shows_it(tmp_path: Path) -> None:
    """`-c` runs a line of code."""
    assert run(tmp_path, "-c", FACTS, "7").stdout == python(tmp_path, "-c", FACTS, "7").stdout


@pytest.mark.parametrize("code", [
    "import sys; sys.exit(3)",
    "raise SystemExit('words')",
    "def function():\n    raise ValueError('wrong')\nfunction()",
    "x = (1",
    "raise KeyboardInterrupt",
    "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError from error",
])
def test_it_ends_as_python_does(tmp_path: Path, code: str) -> None:
    """The exit status and the traceback are those of `python script.py`."""
    write(tmp_path, "script.py", code)
    ours, theirs = run(tmp_path, "script.py"), python(tmp_path, "script.py")
    assert (ours.returncode, ours.stderr) == (theirs.returncode, theirs.stderr)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("start", [["script.py"], ["-m", "package.script"]])
def test_workers_resolve_torch_too(tmp_path: Path, method: str, start: list[str]) -> None:
    """A worker process started afresh imports the program's main module, and flambeau for torch."""
    write(tmp_path, "package/__init__.py", "")
    for place in ("script.py", "package/script.py"):
        write(tmp_path, place, f"""
import multiprocessing
import torch

class Answer:
    def __init__(self, value):
        self.value = value

def work(value):
    import torch.nn
    return Answer((torch.__name__, torch.nn.__name__, value))

if __name__ == "__main__":
    with multiprocessing.get_context("{method}").Pool(1) as pool:
        print(pool.map(work, [1])[0].value)
""")
    done = run(tmp_path, *start)
    assert done.stdout == "('flambeau', 'flambeau.nn', 1)\n", done.stderr


def test_wrong_calls_are_explained(tmp_path: Path) -> None:
    """A missing script or module, no arguments, an unknown command: a line and a status."""
    assert "can't open file" in run(tmp_path, "missing.py").stderr
    assert run(tmp_path, "missing.py").returncode == 2
    assert run(tmp_path, "-m", "missing").stderr == "flambeau: No module named missing\n"
    assert run(tmp_path).stderr.startswith("usage: ")
    assert python(tmp_path, "-m", "flambeau", "nonsense").returncode == 2


def test_info_names_the_versions(tmp_path: Path) -> None:
    """`info` lists what a bug report needs."""
    done = python(tmp_path, "-m", "flambeau", "info")
    assert done.returncode == 0 and "numpy" in done.stdout


def test_classes_have_the_names_that_programs_print(tmp_path: Path) -> None:
    """Types read as PyTorch's, and lead back to the same classes: pickles, copies, checkpoints."""
    write(tmp_path, "kinds.py", textwrap.dedent("""
        import copy, inspect, pickle
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, TensorDataset

        x = torch.ones(2)
        layer = nn.Sequential(nn.Linear(2, 2))
        step = torch.optim.SGD(layer.parameters(), lr=1.0)
        for one in (x, x.shape, x.dtype, x.device, nn.Parameter(x), layer[0], step, x.max(0),
                    torch.optim.lr_scheduler.StepLR(step, 1), TensorDataset(x), nn.MSELoss()):
            print(type(one))
        print(str(DataLoader(TensorDataset(x)))[:43], len(inspect.getsource(nn.Linear)) > 10)
        torch.save(layer, "layer.pt")
        loaded = torch.load("layer.pt", weights_only=False)
        for one in (x, layer, x.shape, torch.float32):
            for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
                assert type(other) is type(one)
        assert type(loaded) is nn.Sequential and type(loaded[0]) is nn.Linear
    """))
    finished = run(tmp_path, "kinds.py")
    assert finished.stdout.splitlines() == [
        "<class 'torch.Tensor'>", "<class 'torch.Size'>", "<class 'torch.dtype'>",
        "<class 'torch.device'>", "<class 'torch.nn.parameter.Parameter'>",
        "<class 'torch.nn.modules.linear.Linear'>", "<class 'torch.optim.sgd.SGD'>",
        "<class 'torch.return_types.max'>", "<class 'torch.optim.lr_scheduler.StepLR'>",
        "<class 'torch.utils.data.dataset.TensorDataset'>",
        "<class 'torch.nn.modules.loss.MSELoss'>",
        "<torch.utils.data.dataloader.DataLoader obj True"], finished.stderr
