"""ResNet-34 in fifty lines: residual blocks as a Module, stages as a function.

    python examples/resnet34.py [--size 224] [--batch 1]

Runs it on random images and compares its size with the model of `flambeau.vision`.
"""

from __future__ import annotations

import argparse
import time

import flambeau as torch
from flambeau import nn
from flambeau.nn import functional as F
from flambeau.vision import models


class Residual(nn.Module):
    """Two 3×3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.left = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.right = None if stride == 1 and inputs == outputs else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.left(x)
        out += x if self.right is None else self.right(x)
        return F.relu(out)


class ResNet34(nn.Module):
    """A stem, four stages of 3, 4, 6 and 3 blocks, and a linear classifier."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1))
        self.stages = nn.Sequential(*[
            self.stage(inputs, outputs, blocks, stride) for inputs, outputs, blocks, stride in
            ((64, 64, 3, 1), (64, 128, 4, 2), (128, 256, 6, 2), (256, 512, 3, 2))])
        self.classifier = nn.Linear(512, classes)

    @staticmethod
    def stage(inputs: int, outputs: int, blocks: int, stride: int) -> nn.Sequential:
        return nn.Sequential(Residual(inputs, outputs, stride),
                             *[Residual(outputs, outputs) for _ in range(blocks - 1)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stages(self.stem(x))  # (N, 512, H/32, W/32)
        return self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))


def main() -> None:
    """Run both models once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(0)
    images = torch.randn(args.batch, 3, args.size, args.size)
    for name, model in (("ours", ResNet34()), ("flambeau.vision", models.resnet34())):
        count = sum(p.numel() for p in model.parameters())
        start = time.perf_counter()
        with torch.no_grad():
            shape = tuple(model(images).shape)
            torch.sync()
        print(f"{name:16s} {count:,} parameters, output {shape}, "
              f"{time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
