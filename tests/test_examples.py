"""Every example runs, at a small size, and prints what it promises."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = REPOSITORY / "examples"
DIGITS = EXAMPLES / "data"


def printed_by(name: str, folder: Path, *arguments: str) -> str:
    """Runs an example in a folder, as a user would, and returns what it prints."""
    paths = [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments], cwd=folder, timeout=300,
        capture_output=True, text=True, encoding="utf-8",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUTF8": "1"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_demo(tmp_path: Path) -> None:
    """One epoch: most digits are read, the curve and the weights are written."""
    pytest.importorskip("matplotlib")
    printed = printed_by("demo.py", tmp_path, "--epochs", "1")
    (score,) = re.findall(r"final test accuracy ([\d.]+) %", printed)
    assert float(score) > 85
    assert (tmp_path / "lenet5.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "lenet5.pth").stat().st_size > 200_000


def test_iris(tmp_path: Path) -> None:
    """Two kinds of iris are told apart."""
    printed = printed_by("iris.py", tmp_path)
    losses = [float(loss) for loss in re.findall(r"loss ([\d.]+)", printed)]
    assert losses == sorted(losses, reverse=True)
    assert re.findall(r"accuracy ([\d.]+)", printed)[-1] == "1.00"


def test_lenet5_by_hand(tmp_path: Path) -> None:
    """One epoch of plain gradient descent; 400 digits stand for MNIST's two files."""
    images = gzip.decompress((DIGITS / "t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((DIGITS / "t10k-labels-idx1-ubyte.gz").read_bytes())
    count = (400).to_bytes(4, "big")
    for part in ("train", "t10k"):
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(
            images[:4] + count + images[8:16 + 400 * 28 * 28])
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(labels[:4] + count + labels[8:408])
    printed = printed_by("lenet5_by_hand.py", tmp_path, "--data", str(tmp_path), "--epochs", "11",
                         "--batch-size", "100")
    losses = [float(loss) for loss in re.findall(r"loss ([\d.]+)", printed)]
    assert len(losses) == 2 and losses[1] < losses[0]


def test_resnet34(tmp_path: Path) -> None:
    """The model of fifty lines has the parameters of the published one."""
    printed = printed_by("resnet34.py", tmp_path, "--size", "64")
    assert re.findall(r"([\d,]+) parameters", printed) == ["21,797,672"] * 2
    assert printed.count("output (1, 1000)") == 2
