"""A perceptron tells two kinds of iris apart: one linear layer, a sigmoid, squared error, Adam.

    python examples/iris.py [--epochs 200]
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from progress import Progress

import flambeau as torch
from flambeau import nn

DATA = Path(__file__).parent / "data" / "iris.csv"


class Perceptron(nn.Module):
    """σ(w·x + b)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.sigmoid(self.layer(x))


def flowers() -> tuple[torch.Tensor, torch.Tensor]:
    """100 flowers: four measures in cm, and 0 for setosa or 1 for versicolor."""
    with DATA.open() as file:
        rows = [row for row in csv.reader(file) if row[4] in ("setosa", "versicolor")]
    x = torch.tensor([[float(v) for v in row[:4]] for row in rows])
    y = torch.tensor([[float(row[4] == "versicolor")] for row in rows])
    return x, y


def main() -> None:
    """Train and report every twenty epochs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--lr", type=float, default=0.005)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x, y = flowers()
    net, loss_fn = Perceptron(), nn.MSELoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)
    for epoch in Progress(range(args.epochs), args.epochs, "epochs"):
        optimizer.zero_grad()
        predicted = net(x)
        loss = loss_fn(predicted, y)
        loss.backward()
        optimizer.step()
        if epoch % 20 == 0:
            right = ((predicted > 0.5).float() == y).float().mean()
            print(f"epoch {epoch:3d}: loss {loss.item():.6f}, accuracy {right.item():.2f}")


if __name__ == "__main__":
    main()
