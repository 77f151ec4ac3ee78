"""LeNet-5 with bare tensors: no Module, no optimizer; the update is written out.

The second document's experiment: the whole MNIST in six batches of 10,000, plain gradient descent
with rate 0.001, 100 epochs; loss and test accuracy every ten.

    python examples/lenet5_by_hand.py --data DIR [--epochs 100]
"""

from __future__ import annotations

import argparse
import math
import time

from progress import Progress

import flambeau as torch
from flambeau.nn import functional as F
from flambeau.vision.datasets import MNIST

# (output channels, input channels, kernel height, kernel width), or (outputs, inputs)
SHAPES = [(6, 1, 5, 5), (16, 6, 5, 5), (120, 16, 5, 5), (84, 120), (10, 84)]


def parameters() -> list[torch.Tensor]:
    """Weights and biases, uniform in ±1/√(inputs of one output)."""
    made = []
    for shape in SHAPES:
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        for size in (shape, shape[:1]):
            made.append(torch.empty(*size).uniform_(-bound, bound).requires_grad_())
    return made


def forward(images: torch.Tensor, p: list[torch.Tensor]) -> torch.Tensor:
    """Log-probabilities (N, 10) of images (N, 1, 28, 28)."""
    x = F.max_pool2d(F.relu(F.conv2d(images, p[0], p[1], padding=2)), (2, 2))
    x = F.max_pool2d(F.relu(F.conv2d(x, p[2], p[3])), (2, 2))
    x = F.relu(F.conv2d(x, p[4], p[5]))
    x = F.relu(F.linear(x.view(x.shape[0], x.shape[1]), p[6], p[7]))
    return torch.log_softmax(F.linear(x, p[8], p[9]), dim=1)


def step(images: torch.Tensor, labels: torch.Tensor, p: list[torch.Tensor],
         rate: float) -> torch.Tensor:
    """One step of gradient descent; the loss before it."""
    loss = F.cross_entropy(forward(images, p), labels)
    loss.backward()
    with torch.no_grad():
        for weight in p:
            weight -= rate * weight.grad
            weight.grad.zero_()
    return loss


def main() -> None:
    """Run the experiment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with the IDX files of MNIST")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    p = parameters()
    train, test = MNIST(args.data, train=True), MNIST(args.data, train=False)
    x, y = train.data.float().unsqueeze(1), train.targets
    test_x, test_y = test.data.float().unsqueeze(1), test.targets
    size = args.batch_size
    start = time.perf_counter()
    for epoch in Progress(range(args.epochs), args.epochs, "epochs"):
        for first in range(0, len(y) - size + 1, size):
            loss = step(x[first:first + size], y[first:first + size], p, args.rate)
        if epoch % 10 == 0:
            with torch.no_grad():
                right = (forward(test_x, p).argmax(dim=1) == test_y).float().mean()
            print(f"epoch {epoch:3d}: loss {loss.item():.6f}, test accuracy {100 * right:6.2f} %")
    print(f"{args.epochs} epochs in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
