"""A Siamese network: pictures of the same digit are drawn together, others pushed apart.

Trains on pairs of the MNIST digits in `examples/data` with the contrastive loss.

    python examples/siamese.py [--steps 200]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from progress import Progress

import flambeau as torch
from flambeau import nn
from flambeau.nn import functional as F
from flambeau.vision.datasets import MNIST

DATA = Path(__file__).resolve().parent / "data"


class Embedding(nn.Module):
    """Two convolutions and two linear layers: a picture becomes a point of 8 dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 5), nn.PReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(8, 16, 5), nn.PReLU(), nn.MaxPool2d(2, 2))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(256, 64), nn.PReLU(), nn.Linear(64, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 1, 28, 28) to (N, 8)."""
        return self.head(self.features(x))


class ContrastiveLoss(nn.Module):
    """The squared distance of equal pairs; of others, how far they lack the margin, squared."""

    def __init__(self, margin: float = 1.5) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, a: torch.Tensor, b: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
        """The mean over pairs."""
        distance = F.pairwise_distance(a, b)
        apart = torch.clamp(self.margin - distance, min=0.0)
        return (same * distance.pow(2) + (1 - same) * apart.pow(2)).mean() / 2


def main() -> None:
    """Train on pairs, report, classify by the nearest of a few known digits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--data", default=str(DATA))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    digits = MNIST(args.data, train=False)
    x, y = digits.data[:4000].unsqueeze(1).float() / 255, digits.targets[:4000]
    model, criterion = Embedding(), ContrastiveLoss()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    for step in Progress(range(args.steps), args.steps, "steps"):
        first = torch.randint(0, 3000, (64,))
        second = torch.randint(0, 3000, (64,))
        equal = [int((y[:3000] == label).nonzero()[k % 200]) for k, label in
                 enumerate(y[first[:32]].tolist())]
        second[:32] = torch.tensor(equal)
        same = (y[first] == y[second]).float()
        loss = criterion(model(x[first]), model(x[second]), same)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 0:
            print(f"step {step:4d}: loss {loss.item():.5f}")
    model.eval()
    with torch.no_grad():
        known, points = model(x[:1000]), model(x[3000:])
    nearest = torch.cdist(points, known).argmin(dim=1)
    right = (y[:1000][nearest] == y[3000:]).float().mean().item()
    print(f"nearest neighbour right: {100 * right:.1f} %")


if __name__ == "__main__":
    main()
