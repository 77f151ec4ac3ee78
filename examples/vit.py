"""A vision transformer, trained on the MNIST digits in `examples/data`.

    python examples/vit.py [--epochs 3]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from progress import Progress

import flambeau as torch
from flambeau import nn
from flambeau.nn import functional as F
from flambeau.utils.data import DataLoader, Subset
from flambeau.vision import transforms
from flambeau.vision.datasets import MNIST

DATA = Path(__file__).resolve().parent / "data"


class ViT(nn.Module):
    """Patches of 7 × 7 pixels, a class token, places, an encoder, a linear layer."""

    def __init__(self, width: int = 48, layers: int = 2, classes: int = 10) -> None:
        super().__init__()
        self.patch = nn.Linear(49, width)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.randn(1, 17, width) * 0.02)
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, 0.0, "gelu", batch_first=True,
                                           norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (N, 1, 28, 28) to scores (N, 10)."""
        n = x.shape[0]
        patches = x.reshape(n, 4, 7, 4, 7).permute(0, 1, 3, 2, 4).reshape(n, 16, 49)
        x = torch.cat([self.token.expand(n, -1, -1), self.patch(patches)], dim=1) + self.places
        return self.head(self.norm(self.encoder(x)[:, 0]))


def accuracy(model: nn.Module, loader: DataLoader) -> float:
    """The share of digits that are read right."""
    model.eval()
    right = count = 0
    with torch.no_grad():
        for x, y in loader:
            right += model(x).argmax(1).eq(y).sum().item()
            count += len(y)
    return right / count


def main() -> None:
    """Train, report loss and accuracy of each epoch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--count", type=int, default=6000, help="digits to train on")
    parser.add_argument("--data", default=str(DATA))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    transform = transforms.Compose([transforms.ToTensor(),
                                    transforms.Normalize((0.1307,), (0.3081,))])
    digits = MNIST(args.data, train=False, transform=transform)
    train = DataLoader(Subset(digits, range(args.count)), batch_size=64, shuffle=True)
    test = DataLoader(Subset(digits, range(args.count, min(args.count + 2000, 10000))), 200)
    model = ViT()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    steps = args.epochs * len(train)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for x, y in Progress(train, len(train), f"epoch {epoch}"):
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            total += loss.item()
        print(f"epoch {epoch}: loss {total / len(train):.4f}, "
              f"accuracy {accuracy(model, test):.4f}")


if __name__ == "__main__":
    main()
