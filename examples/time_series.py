"""Sine waves continued by two LSTM cells, trained with L-BFGS on the whole data at once.

    python examples/time_series.py [--steps 8]
"""

from __future__ import annotations

import argparse

import numpy as np
from progress import Progress

import flambeau as torch
from flambeau import nn


class Sequence(nn.Module):
    """Two LSTM cells and a linear layer; goes on by feeding its own results."""

    def __init__(self, hidden: int = 16) -> None:
        super().__init__()
        self.hidden = hidden
        self.lstm1, self.lstm2 = nn.LSTMCell(1, hidden), nn.LSTMCell(hidden, hidden)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x: torch.Tensor, future: int = 0) -> torch.Tensor:
        """Values one step later (N, T + future) of series (N, T)."""
        outputs = []
        h1, c1, h2, c2 = (torch.zeros(x.size(0), self.hidden, dtype=x.dtype) for _ in range(4))
        output = None
        for part in list(x.split(1, dim=1)) + [None] * future:
            h1, c1 = self.lstm1(output if part is None else part, (h1, c1))
            h2, c2 = self.lstm2(h1, (h2, c2))
            output = self.linear(h2)
            outputs += [output]
        return torch.cat(outputs, dim=1)


def waves(count: int, length: int) -> torch.Tensor:
    """Sine waves of random phase, float64."""
    rng = np.random.default_rng(0)
    start = rng.integers(-40, 40, (count, 1))
    return torch.from_numpy(np.sin((np.arange(length) + start) / 10.0))


def main() -> None:
    """Train, report, continue."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--length", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    data = waves(12, args.length)
    x, y, test_x, test_y = data[3:, :-1], data[3:, 1:], data[:3, :-1], data[:3, 1:]
    model = Sequence().double()
    criterion = nn.MSELoss()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.8, max_iter=10)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        return loss

    for step in Progress(range(args.steps), args.steps, "steps"):
        loss = optimizer.step(closure)
        with torch.no_grad():
            predicted = model(test_x, future=20)
            test = criterion(predicted[:, :-20], test_y)
        print(f"step {step}: loss {loss.item():.6f}, test {test.item():.6f}")
    future = predicted[0, -20:].detach().numpy()
    lines = ["".join("*" if round(5 + 5 * v) == row else " " for v in future)
             for row in range(10, -1, -1)]
    print("the first test wave goes on:\n" + "\n".join(line.rstrip() for line in lines))


if __name__ == "__main__":
    main()
