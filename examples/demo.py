"""LeNet-5 learns to read handwritten digits.

    python examples/demo.py                    8,000 digits to train, 2,000 to test (half a minute)
    python examples/demo.py --data DIR         the whole MNIST from a folder of IDX files

Writes lenet5.png (loss and accuracy) and lenet5.pth (the weights) into --out.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from progress import Progress

import flambeau as torch
from flambeau import nn
from flambeau.nn import functional as F
from flambeau.utils.data import DataLoader, TensorDataset
from flambeau.vision.datasets import MNIST

HERE = Path(__file__).parent


class LeNet5(nn.Module):
    """Three convolutions and two linear layers (LeCun et al. 1998, with ReLU and max pooling)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.conv3 = nn.Conv2d(16, 120, 5)
        self.fc1 = nn.Linear(120, 84)
        self.fc2 = nn.Linear(84, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # (N, 6, 14, 14)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # (N, 16, 5, 5)
        x = F.relu(self.conv3(x)).flatten(1)  # (N, 120)
        return self.fc2(F.relu(self.fc1(x)))  # (N, 10)


def digits(data: str | None) -> tuple[TensorDataset, TensorDataset]:
    """Training and test sets: pixels scaled to mean 0 and deviation 1, and labels."""
    if data:
        sets = [MNIST(data, train=True), MNIST(data, train=False)]
        pairs = [(s.data, s.targets) for s in sets]
    else:
        test = MNIST(str(HERE / "data"), train=False)
        pairs = [(test.data[:8000], test.targets[:8000]), (test.data[8000:], test.targets[8000:])]
    return tuple(TensorDataset(((x.float() / 255 - 0.1307) / 0.3081).unsqueeze(1), y)
                 for x, y in pairs)


def accuracy(net: nn.Module, data: TensorDataset) -> float:
    """The share of digits read correctly, in percent."""
    net.eval()
    right = 0
    with torch.no_grad():
        for x, y in DataLoader(data, batch_size=1000):
            right += (net(x).argmax(dim=1) == y).sum().item()
    net.train()
    return 100 * right / len(data)


def plot(losses: list[float], scores: list[float], path: Path) -> None:
    """Draw the loss of every batch and the accuracy after every epoch."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, left = plt.subplots(figsize=(7, 4))
    per_epoch = len(losses) / len(scores)
    left.plot(losses, color="tab:blue", linewidth=0.6)
    left.set_yscale("log")
    left.set_xlabel("batch")
    left.set_ylabel("training loss", color="tab:blue")
    right = left.twinx()
    right.plot([per_epoch * (i + 1) for i in range(len(scores))], scores, "o-", color="tab:red")
    right.set_ylabel("test accuracy, %", color="tab:red")
    figure.suptitle(f"LeNet-5 on handwritten digits: {scores[-1]:.2f} %")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Train, test, and save the curve and the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with the IDX files of MNIST")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("."))
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    train, test = digits(args.data)
    print(f"{len(train):,} digits to train, {len(test):,} to test")
    net = LeNet5()
    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)
    losses: list[float] = []
    scores: list[float] = []
    start = time.perf_counter()
    for epoch in range(args.epochs):
        loader = DataLoader(train, batch_size=args.batch_size, shuffle=True)
        bar = Progress(loader, len(loader), f"epoch {epoch + 1}/{args.epochs}")
        for x, y in bar:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            bar.note = f"loss {losses[-1]:.3f}"
        scores.append(accuracy(net, test))
        print(f"epoch {epoch + 1}: loss {sum(losses[-len(loader):]) / len(loader):.4f}, "
              f"test accuracy {scores[-1]:.2f} %")
    print(f"trained in {time.perf_counter() - start:.1f} s; final test accuracy {scores[-1]:.2f} %")

    args.out.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), args.out / "lenet5.pth")
    print(f"weights saved to {args.out / 'lenet5.pth'}")
    try:
        plot(losses, scores, args.out / "lenet5.png")
        print(f"curve saved to {args.out / 'lenet5.png'}")
    except ModuleNotFoundError:
        print("no curve: matplotlib is not installed (pip install flambeau[plot])")


if __name__ == "__main__":
    main()
