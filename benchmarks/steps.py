"""Whole training steps on flambeau beside PyTorch: a table of medians.

    python benchmarks/steps.py [--rounds 3] [--only NAME,…]

Each program runs in processes of its own, the two libraries in turn; PyTorch must be installed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

SECONDS = 5.0  # of timed steps per process


def trained(torch: Any, net: Any, optimizer: Any, loss: Any, *data: Any) -> Callable[[], float]:
    """One step of training, ending with the loss as a number."""
    def step() -> float:
        optimizer.zero_grad()
        value = loss(net(data[0]), data[1])
        value.backward()
        optimizer.step()
        return float(value)
    return step


def convolutions(torch: Any, batch: int) -> Callable[[], float]:
    """LeNet-5 on 28 × 28 digits."""
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(16, 120, 5), nn.ReLU(), nn.Flatten(), nn.Linear(120, 84),
        nn.ReLU(), nn.Linear(84, 10))
    return trained(torch, net, torch.optim.SGD(net.parameters(), lr=0.01), nn.CrossEntropyLoss(),
                   torch.randn(batch, 1, 28, 28), torch.randint(0, 10, (batch,)))


def perceptron(torch: Any, batch: int) -> Callable[[], float]:
    """Two hidden layers of 512 with Adam."""
    nn = torch.nn
    net = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(),
                        nn.Linear(512, 10))
    return trained(torch, net, torch.optim.Adam(net.parameters()), nn.CrossEntropyLoss(),
                   torch.randn(batch, 784), torch.randint(0, 10, (batch,)))


def residual(torch: Any, batch: int) -> Callable[[], float]:
    """A residual network of four stages on 32 × 32 images."""
    nn = torch.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs),
                nn.ReLU(), nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
                nn.BatchNorm2d(outputs))
            self.way = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

        def forward(self, x: Any) -> Any:
            return torch.relu(self.body(x) + self.way(x))

    widths = (64, 64, 128, 256, 512)
    blocks = [Block(a, b, 1 if k == 0 else 2)
              for k, (a, b) in enumerate(zip(widths, widths[1:], strict=False))]
    net = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                        nn.Linear(512, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    return trained(torch, net, optimizer, nn.CrossEntropyLoss(), torch.randn(batch, 3, 32, 32),
                   torch.randint(0, 10, (batch,)))


def words(torch: Any, batch: int) -> Callable[[], float]:
    """A transformer encoder over 64 tokens of width 128."""
    nn = torch.nn
    layer = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
    net = nn.Sequential(nn.Embedding(100, 128), nn.TransformerEncoder(layer, 2), nn.Flatten(),
                        nn.Linear(64 * 128, 10))
    return trained(torch, net, torch.optim.AdamW(net.parameters()), nn.CrossEntropyLoss(),
                   torch.randint(0, 100, (batch, 64)), torch.randint(0, 10, (batch,)))


def sequence(torch: Any, batch: int) -> Callable[[], float]:
    """A GRU over 50 steps."""
    nn = torch.nn

    class Last(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.head = nn.GRU(32, 128, batch_first=True), nn.Linear(128, 5)

        def forward(self, x: Any) -> Any:
            return self.head(self.inner(x)[0][:, -1])

    net = Last()
    return trained(torch, net, torch.optim.Adam(net.parameters()), nn.CrossEntropyLoss(),
                   torch.randn(batch, 50, 32), torch.randint(0, 5, (batch,)))


def tiny(torch: Any, batch: int) -> Callable[[], float]:
    """A linear layer with Adam: what a step costs beside arithmetic."""
    nn = torch.nn
    net = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
    return trained(torch, net, torch.optim.Adam(net.parameters()), nn.MSELoss(),
                   torch.randn(batch, 4), torch.rand(batch, 1))


PROGRAMS: dict[str, tuple[Callable[[Any, int], Callable[[], float]], int]] = {
    "lenet-64": (convolutions, 64), "lenet-1000": (convolutions, 1000),
    "perceptron-128": (perceptron, 128), "residual-32": (residual, 32), "words-16": (words, 16),
    "gru-32": (sequence, 32), "tiny-100": (tiny, 100)}


def measure(library: str, name: str) -> float:
    """Median milliseconds of a step in this process."""
    torch = importlib.import_module(library)
    importlib.import_module(f"{library}.nn")
    importlib.import_module(f"{library}.optim")
    torch.manual_seed(0)
    make, batch = PROGRAMS[name]
    step = make(torch, batch)
    for _ in range(6):
        step()
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(times) < 5 or (time.perf_counter() < end and len(times) < 400):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def apart(library: str, name: str) -> float:
    """The same in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--one", library, name], check=True,
                          capture_output=True, text=True)
    return float(json.loads(done.stdout))


def main() -> None:
    """Print the table, a line as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(PROGRAMS))
    parser.add_argument("--one", nargs=2)
    options = parser.parse_args()
    if options.one:
        print(measure(*options.one))
        return
    product, names = 1.0, options.only.split(",")
    print(f"{'step':16}{'PyTorch ms':>12}{'flambeau ms':>13}{'ratio':>8}")
    for name in names:
        pairs = [(apart("torch", name), apart("flambeau", name)) for _ in range(options.rounds)]
        theirs, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        product *= ratio
        print(f"{name:16}{theirs:12.2f}{ours:13.2f}{ratio:8.2f}", flush=True)
    print(f"geometric mean of the ratios: {product ** (1 / len(names)):.2f}")


if __name__ == "__main__":
    main()
