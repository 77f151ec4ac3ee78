"""Runs a block as a program, on flambeau or on PyTorch, and compares what is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import mends
from extract import REPOSITORY, Block

STAND_IN = Path(__file__).resolve().parent / "stand_in"
COMMANDS = {"flambeau": ["-m", "flambeau", "run"], "torch": []}

# One line in front of every program; a program that sets a seed of its own overrides it.
SEED = "import torch; torch.manual_seed(0)\n"

# The line of a traceback that names the error; notes may follow it.
ERROR = re.compile(r"^\w+Error\b.*$", re.MULTILINE)
NUMBER = re.compile(r"(?<![=\w.])[-+]?\d+\.\d*(?:e[-+]?\d+)?")


def print_of(block: Block, library: str, folder: Path) -> str:
    """Runs a mended block and returns what it prints, with the line of an expected error.

    Args:
        block: the block as it stands in the document.
        library: "flambeau" or "torch".
        folder: the working directory of the program.
    """
    program = folder / f"{library}_program.py"
    program.write_text(SEED + mends.mended(block.code, block.name, mends.CODE), encoding="utf-8")
    paths = [str(STAND_IN), str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, *COMMANDS[library], program.name], cwd=folder, timeout=300,
        capture_output=True, text=True, encoding="utf-8",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUTF8": "1"})
    if done.returncode == 0:
        return done.stdout
    if not raises(block):
        raise AssertionError(f"{block.name} on {library}:\n{done.stdout}\n{done.stderr}")
    return done.stdout + ERROR.findall(done.stderr)[-1] + "\n"


def raises(block: Block) -> bool:
    """Returns whether the document shows the block end in an error."""
    return "Traceback (most recent call last)" in (block.output or "")


def shown(block: Block) -> str:
    """Returns the output beneath a block, mended and in today's spelling."""
    text = mends.mended(block.output or "", block.name, mends.OUTPUT)
    text = re.sub(r"Traceback \(most recent call last\):\n(?: .*\n)*", "", text)
    return re.sub(r"(?<=Backward)(?=>)", "0", text)


def layout(text: str) -> str:
    """Returns a text without addresses and without what spaces and blank lines do to its look."""
    text = re.sub(r"\bat 0x[0-9a-f]+", "at 0x", text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return re.sub(r"\[ ", "[", "\n".join(line for line in lines if line))


def structure(text: str) -> str:
    """Returns a text's layout with a placeholder for every number that chance decides."""
    return re.sub(r"(?<=\[) ", "", NUMBER.sub("#", layout(text)))


def same_numbers(ours: str, theirs: str) -> bool:
    """Returns whether two prints of one structure hold the same numbers, but for rounding."""
    pairs = zip(NUMBER.findall(ours), NUMBER.findall(theirs), strict=True)
    return all(close(Decimal(a), Decimal(b)) for a, b in pairs)


def close(a: Decimal, b: Decimal) -> bool:
    """Returns whether two printed numbers agree to one unit of the last place.

    Sums are added in another order, so a number printed in full may differ by 1e-4 of its size, and
    one that is nearly cancelled by 1e-6.
    """
    unit = Decimal(10) ** max(int(a.as_tuple().exponent), int(b.as_tuple().exponent))
    return abs(a - b) <= max(unit, abs(a) * Decimal("1e-4"), Decimal("1e-6"))
