"""Super-resolution: a sub-pixel convolution network makes pictures three times as large.

    python examples/super_resolution.py [--epochs 60]
"""

from __future__ import annotations

import argparse
import math

from progress import Progress

import flambeau as torch
from flambeau import nn
from flambeau.nn import functional as F
from flambeau.nn import init
from flambeau.utils.data import DataLoader, TensorDataset

FACTOR, SIDE = 3, 24


class Net(nn.Module):
    """Four convolutions; the last one's channels become pixels."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(1, 32, 5, padding=2)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 16, 3, padding=1)
        self.conv4 = nn.Conv2d(16, factor ** 2, 3, padding=1)
        self.pixel_shuffle = nn.PixelShuffle(factor)
        for layer in (self.conv1, self.conv2, self.conv3):
            init.orthogonal_(layer.weight, init.calculate_gain("relu"))
        init.orthogonal_(self.conv4.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 1, H, W) to (N, 1, 3H, 3W)."""
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        x = self.relu(self.conv3(x))
        return self.pixel_shuffle(self.conv4(x))


def pictures(count: int) -> torch.Tensor:
    """Smooth random stripes (N, 1, 24, 24) between 0 and 1."""
    y, x = torch.meshgrid(torch.linspace(0, 1, SIDE), torch.linspace(0, 1, SIDE), indexing="ij")
    turns, phase = torch.rand(2, count, 1, 1) * 2.5, torch.rand(count, 1, 1) * 6
    return (0.5 + 0.5 * torch.sin(6.28 * (turns[0] * x + turns[1] * y) + phase)).unsqueeze(1)


def decibels(error: torch.Tensor) -> float:
    """The peak signal-to-noise ratio of a mean squared error."""
    return 10 * math.log10(1 / error.item())


def main() -> None:
    """Train, report, compare with enlarging by interpolation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    sharp = pictures(144)
    small = F.avg_pool2d(sharp, FACTOR)
    loader = DataLoader(TensorDataset(small[:128], sharp[:128]), batch_size=16, shuffle=True)
    model, criterion = Net(FACTOR), nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in Progress(range(args.epochs), args.epochs, "epochs"):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch:3d}: loss {total / len(loader):.6f}")
    with torch.no_grad():
        mine = decibels(criterion(model(small[128:]), sharp[128:]))
        plain = F.interpolate(small[128:], scale_factor=FACTOR, mode="bicubic")
        other = decibels(criterion(plain, sharp[128:]))
    print(f"network {mine:.2f} dB, bicubic interpolation {other:.2f} dB")


if __name__ == "__main__":
    main()
