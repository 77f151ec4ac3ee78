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


def losses_of(printed: str, name: str = "loss") -> list[float]:
    """Returns the numbers behind a word, in the order of their lines."""
    return [float(number) for number in re.findall(rf"{name} ([-\d.]+)", printed)]


@pytest.mark.parametrize("name, arguments, ratio", [
    ("vae.py", ("--epochs", "3"), 0.95),
    ("char_rnn.py", ("--kind", "GRU", "--epochs", "11"), 0.7),
    ("translate.py", ("--steps", "61"), 0.9),
    ("time_series.py", ("--steps", "3", "--length", "30"), 0.7),
    ("super_resolution.py", ("--epochs", "3"), 0.5),
    ("siamese.py", ("--steps", "21"), 0.6),
    ("gcn.py", ("--epochs", "60"), 0.7),
    ("gcn.py", ("--epochs", "60", "--dense"), 0.7),
    ("neural_ode.py", ("--steps", "21"), 0.99),
    ("vit.py", ("--epochs", "2", "--count", "384"), 0.97),
])
def test_the_loss_falls(name: str, arguments: tuple[str, ...], ratio: float,
                        tmp_path: Path) -> None:
    """The last loss is below a share of the first one."""
    losses = losses_of(printed_by(name, tmp_path, *arguments))
    assert losses[-1] < ratio * losses[0]


def test_dcgan_and_style_transfer(tmp_path: Path) -> None:
    """They write their pictures; the style comes nearer."""
    printed = printed_by("dcgan.py", tmp_path, "--steps", "21", "--batch-size", "8")
    assert losses_of(printed, "discriminator")[-1] < losses_of(printed, "discriminator")[0]
    styles = losses_of(printed_by("style_transfer.py", tmp_path, "--steps", "21"), "style")
    assert styles[-1] < 0.7 * styles[0]
    for file in ("dcgan.png", "style.png"):
        assert (tmp_path / file).read_bytes().startswith(b"\x89PNG")


def test_gpt_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """Stopped half-way and run again, it ends with the losses of a run without a stop."""
    whole = printed_by("gpt.py", tmp_path, "--steps", "41", "--checkpoint", "whole.pt")
    printed_by("gpt.py", tmp_path, "--steps", "41", "--stop", "20", "--checkpoint", "half.pt")
    rest = printed_by("gpt.py", tmp_path, "--steps", "41", "--checkpoint", "half.pt")
    assert "going on at step 20" in rest
    assert losses_of(rest) == losses_of(whole)[1:]


def test_actor_critic(tmp_path: Path) -> None:
    """Episodes are played and learned from."""
    printed = printed_by("actor_critic.py", tmp_path, "--episodes", "11")
    assert len(re.findall(r"\d+ steps, running mean", printed)) == 2
