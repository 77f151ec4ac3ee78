"""Mutate checkpoints of every format and read them: one family of errors, nothing executed.

Usage: python tools/fuzz_checkpoints.py --count 1000000 --seed 0
"""

from __future__ import annotations

import argparse
import io
import pickletools
import random
import sys
import time
import traceback
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import flambeau as torch
from flambeau import nn, optim
from flambeau.checkpoint import CheckpointError, load, load_file, save, save_file

# Beyond twice the file: the reader's allowance of 16 MiB to unfold a compressed record, and slack.
MEMORY_FREE = 24 * 2**20
SECONDS = 5.0
MEMORY_EVERY = 16
CALLED: list[str] = []


class Canary:
    """Whatever would run when this class is built by calling it is noted."""

    def __init__(self, *_: Any) -> None:
        CALLED.append("Canary.__init__")


def canary(*_: Any) -> str:
    """Note that a function was called."""
    CALLED.append("canary")
    return ""


HERE = f"{__name__}\ncanary\n".encode()
OPCODES = [opcode.code.encode("latin1") for opcode in pickletools.opcodes]
SNIPPETS = [
    b"c" + HERE + b"(U\x01xtR",
    b"(U\x01xi" + HERE,
    b"cos\nsystem\n(U\x04truetR",
    b"cbuiltins\neval\n(X\x01\x00\x00\x001tR",
    b"c" + HERE + b")\x81}b",
    b"c" + HERE.replace(b"canary", b"Canary") + b")R",
    b"\x96\xff\xff\xff\xff\x00\x00\x00\x00",
    b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x8b\xff\xff\xff\x7f",
    b"r\xff\xff\xff\x7f",
]
NUMBERS = [b"\x00" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"\x01\x00\x00\x00"]


def seeds() -> dict[str, bytes]:
    """Make one file of each format; they hold views, a module's state and an optimizer's state."""
    base = torch.arange(6.0)
    model = nn.Linear(2, 2)
    optimizer = optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    content = {"view": base[1:4], "base": base, "model": model.state_dict(), "epoch": 3,
               "optimizer": optimizer.state_dict(), "half": torch.ones(2, dtype=torch.bfloat16),
               "parameter": nn.Parameter(base), "text": "é", "empty": torch.empty(0)}
    files = {}
    for name, new in (("zip", True), ("legacy", False)):
        buffer = io.BytesIO()
        save(content, buffer, _use_new_zipfile_serialization=new)
        files[name] = buffer.getvalue()
        buffer = io.BytesIO()
        save(model, buffer, _use_new_zipfile_serialization=new)
        files[f"{name}-module"] = buffer.getvalue()
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.safetensors")
        save_file({"a": torch.ones(2, 3), "b": torch.zeros(4, dtype=torch.int64)}, str(path))
        files["safetensors"] = path.read_bytes()
    return files


def mutate(data: bytes, others: list[bytes], source: random.Random) -> bytes:
    """Apply one to four mutations."""
    content = bytearray(data)
    for _ in range(source.choice((1, 1, 1, 2, 3, 4))):
        place = source.randrange(len(content) + 1)
        kind = source.randrange(7)
        if kind == 0 and place < len(content):
            content[place] ^= 1 << source.randrange(8)
        elif kind == 1 and place:
            del content[place:]
        elif kind == 2:
            other = source.choice(others)
            start = source.randrange(len(other))
            piece = other[start : start + source.randrange(1, 200)]
            content[place : place + source.choice((0, len(piece)))] = piece
        elif kind == 3:
            number = source.choice(NUMBERS)
            content[place : place + len(number)] = number
        elif kind == 4:
            content[place:place] = source.choice(OPCODES)
        elif kind == 5:
            content[place:place] = source.choice(SNIPPETS)
        else:
            del content[place : place + source.randrange(1, 40)]
    return bytes(content)


def repack(data: bytes, pickled: bytes) -> bytes:
    """Put another ``data.pkl`` into an archive, with right checksums, so that it is read."""
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for info in source.infolist():
            is_pickle = info.filename.endswith("data.pkl")
            archive.writestr(info.filename, pickled if is_pickle else source.read(info))
    return target.getvalue()


def mutant(files: dict[str, bytes], source: random.Random) -> tuple[str, bytes]:
    """Draw a format and a mutated file; half of the archives have only their pickle changed."""
    name = source.choice(list(files))
    data, others = files[name], list(files.values())
    if name.startswith("zip") and source.random() < 0.5:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            pickled = archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))
        return name, repack(data, mutate(pickled, others, source))
    return name, mutate(data, others, source)


def read(name: str, data: bytes, path: Path, weights_only: bool) -> str:
    """Read one file; give what came of it."""
    try:
        if name == "safetensors":
            path.write_bytes(data)
            load_file(str(path))
        else:
            load(io.BytesIO(data), weights_only=weights_only)
    except CheckpointError:
        return "refused"
    return "read"


def fuzz(count: int, seed: int, show: bool = False) -> tuple[Counter[str], list[str]]:
    """Read ``count`` mutants; give the outcomes and what was found wrong."""
    files, source = seeds(), random.Random(seed)
    outcomes: Counter[str] = Counter()
    findings: list[str] = []
    begun = time.perf_counter()
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.safetensors")
        for index in range(count):
            name, data = mutant(files, source)
            outcome, problem = _check(name, data, path, index)
            outcomes[f"{name} {outcome}"] += 1
            if problem:
                findings.append(f"mutant {index} of seed {seed} ({name}): {problem}")
            if show and index % 500 == 499:
                rate = (index + 1) / (time.perf_counter() - begun)
                print(f"\r{index + 1}/{count}  {rate:.0f}/s  {len(findings)} findings", end="",
                      file=sys.stderr, flush=True)
    return outcomes, findings


def _check(name: str, data: bytes, path: Path, index: int) -> tuple[str, str]:
    traced = index % MEMORY_EVERY == 0
    if traced:
        tracemalloc.start()
    begun, problem, outcome = time.perf_counter(), "", "failed"
    try:
        outcome = read(name, data, path, weights_only=index % 2 == 0)
    except Exception:
        problem = traceback.format_exc(limit=-4)
    if traced:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if peak > 2 * len(data) + MEMORY_FREE:
            problem = f"{peak} bytes of memory for a file of {len(data)}"
    if CALLED:
        problem = f"executed {CALLED}"
        CALLED.clear()
    if time.perf_counter() - begun > SECONDS:
        problem = "took too long"
    return outcome, problem


def main() -> int:
    """Run the command line; the exit status is 1 where anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="mutants to read")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    begun = time.perf_counter()
    outcomes, findings = fuzz(arguments.count, arguments.seed, show=True)
    rate = arguments.count / (time.perf_counter() - begun)
    print(f"\n{arguments.count} mutants, {rate:.0f} a second, {len(findings)} findings")
    for outcome, number in sorted(outcomes.items()):
        print(f"  {outcome:28} {number}")
    for finding in findings[:20]:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
