"""Writes the stages of one training step into flambeau/compiler/README.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import flambeau as torch
import flambeau.nn.functional as F
from flambeau import nn, optim
from flambeau.engines.explain import Report

PAGE = Path(__file__).resolve().parents[1] / "flambeau" / "compiler" / "README.md"
BLOCK = re.compile(r"(<!-- (\w+) -->\n```\w*\n).*?(^```$)", re.MULTILINE | re.DOTALL)
LINES = 46  # of a stage that are shown


def step() -> Report:
    """A convolution, relu, pooling and cross-entropy, trained for one step."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                        nn.Linear(8, 3))
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    x, y = torch.rand(4, 1, 6, 6), torch.tensor([0, 1, 2, 0])
    torch.sync()
    with torch.explain() as report:
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    return report


def stages() -> dict[str, str]:
    """The text of each stage, shortened."""
    report = step()
    found = {}
    for name in ("program", "simplified", "kernels"):
        lines = report.text(name).splitlines()
        more = len(lines) - LINES
        found[name] = "\n".join(lines[:LINES] + ([f"… {more} lines more"] if more > 0 else []))
    return found


def page(text: str) -> str:
    """The page with its blocks written anew."""
    found = stages()
    return BLOCK.sub(lambda m: m.group(1) + found[m.group(2)] + "\n" + m.group(3), text)


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8")
    after = page(before)
    if "--write" in sys.argv:
        PAGE.write_text(after, encoding="utf-8")
    sys.exit(before != after)
