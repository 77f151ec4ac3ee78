"""Small training steps, run by tests here and in subprocesses."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import flambeau
from flambeau import nn
from flambeau.nn import functional as F


def convolutional(steps: int) -> list[Any]:
    """Parameters of a small convolutional net after some steps of SGD."""
    flambeau.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Linear(4 * 13 * 13, 10))
    optimizer = flambeau.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    return trained(net, optimizer, flambeau.randn(24, 1, 28, 28), steps)


def perceptron(steps: int) -> list[Any]:
    """Parameters of a multi-layer perceptron after some steps of Adam."""
    flambeau.manual_seed(0)
    net = nn.Sequential(nn.Linear(100, 150), nn.Tanh(), nn.LayerNorm(150), nn.GELU(),
                        nn.Linear(150, 10))
    optimizer = flambeau.optim.Adam(net.parameters(), lr=1e-3)
    return trained(net, optimizer, flambeau.randn(200, 100), steps)


def trained(net: Any, optimizer: Any, x: Any, steps: int) -> list[Any]:
    """Train on classes drawn at random; the parameters as arrays."""
    y = flambeau.randint(0, 10, (len(x),))
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    return [p.detach().numpy().copy() for p in net.parameters()]


if __name__ == "__main__":  # the parameters go to the file that is named
    np.savez(sys.argv[1], *convolutional(2), *perceptron(2))
