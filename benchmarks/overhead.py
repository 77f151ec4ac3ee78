"""What recording costs: Python's share of a tiny training step, and of `import flambeau`.

    python benchmarks/overhead.py

The step is a forward pass through Linear(4, 1) and a sigmoid, mean squared error, the backward pass
and Adam. Its time without the kernels is the time of the step less the time spent inside the
templates (the NumPy calls). Medians of several rounds are printed, with PyTorch beside if it is
there.
"""

from __future__ import annotations

import importlib
import importlib.util
import statistics
import subprocess
import sys
import time
from typing import Any

ROUNDS, STEPS = 15, 200


def tiny_step(torch: Any) -> Any:
    """One training step of a perceptron on 100 flowers."""
    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
    optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
    loss_fn = nn.MSELoss()
    x, y = torch.randn(100, 4), torch.rand(100, 1)

    def step() -> None:
        optimizer.zero_grad()
        loss = loss_fn(net(x), y)
        loss.backward()
        optimizer.step()
    return step


def microseconds(step: Any) -> float:
    """The median time of a step."""
    for _ in range(STEPS):
        step()
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        rounds.append((time.perf_counter() - start) / STEPS)
    return 1e6 * statistics.median(rounds)


def kernel_microseconds(step: Any) -> float:
    """The median time per step inside templates."""
    from flambeau.ops.define import Template

    spent = 0.0
    plain = Template.run

    def timed(self: Template, args: Any) -> Any:
        nonlocal spent
        start = time.perf_counter()
        result = plain(self, args)
        spent += time.perf_counter() - start
        return result
    Template.run = timed  # type: ignore[method-assign]
    rounds = []
    try:
        for _ in range(ROUNDS):
            spent = 0.0
            for _ in range(STEPS):
                step()
            rounds.append(spent / STEPS)
    finally:
        Template.run = plain  # type: ignore[method-assign]
    return 1e6 * statistics.median(rounds)


def import_milliseconds(module: str) -> float:
    """The median time of an import in a fresh interpreter."""
    code = (f"import time; t = time.perf_counter(); import {module}; "
            "print(time.perf_counter() - t)")
    times = [float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                                  check=True).stdout) for _ in range(9)]
    return 1e3 * statistics.median(times)


def main() -> None:
    """Print the figures."""
    numpy_ms, ours_ms = import_milliseconds("numpy"), import_milliseconds("flambeau")
    print(f"import numpy     {numpy_ms:7.1f} ms")
    print(f"import flambeau  {ours_ms:7.1f} ms   (NumPy + {ours_ms - numpy_ms:.1f} ms)")
    import flambeau

    step = tiny_step(flambeau)
    whole = microseconds(step)
    kernels = kernel_microseconds(step)
    print(f"tiny step        {whole:7.1f} µs, of it kernels {kernels:.1f} µs, "
          f"Python {whole - kernels:.1f} µs")
    if importlib.util.find_spec("torch"):
        torch = importlib.import_module("torch")
        print(f"tiny step of PyTorch {microseconds(tiny_step(torch)):.1f} µs")


if __name__ == "__main__":
    main()
