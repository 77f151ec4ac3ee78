"""Style transfer: an image with the content of one picture and the Gram matrices of another.

Forward hooks read the features of a small network with random weights (a trained VGG's are
better; `flambeau.vision.models.vgg19(weights=...)` has the same layers). Writes `style.png`.

    python examples/style_transfer.py [--steps 60]
"""

from __future__ import annotations

import argparse

from progress import Progress

import flambeau as torch
from flambeau import nn, optim
from flambeau.nn import functional as F
from flambeau.vision.utils import save_image

SIDE = 32


def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """A disc (content) and coloured stripes (style), each (1, 3, 32, 32)."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
    disc = torch.sigmoid(12 * (0.6 - (x * x + y * y).sqrt()))
    stripes = torch.stack([0.5 + 0.5 * torch.sin(8 * x + 5 * y + k) for k in range(3)])
    return disc.expand(1, 3, SIDE, SIDE).clone(), stripes[None]


def gram(features: torch.Tensor) -> torch.Tensor:
    """Products of all pairs of channels, averaged over the pixels."""
    n, c, h, w = features.size()
    flat = features.view(n * c, h * w)
    return torch.mm(flat, flat.t()).div(c * h * w)


class Features:
    """Runs a network and keeps what some of its layers gave, by forward hooks."""

    def __init__(self, network: nn.Module, layers: list[int]) -> None:
        self.network, self.found = network, {}
        for k in layers:
            network[k].register_forward_hook(self.keep(k))

    def keep(self, k: int) -> object:
        """A hook that keeps the layer's output."""
        def hook(module: nn.Module, args: object, output: torch.Tensor) -> None:
            self.found[k] = output
        return hook

    def __call__(self, x: torch.Tensor) -> dict[int, torch.Tensor]:
        """The outputs of the layers."""
        self.found = {}
        self.network(x)
        return self.found


def main() -> None:
    """Change the pixels until both losses are small."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--style-weight", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    network = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
        nn.AvgPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()).eval().requires_grad_(False)
    features = Features(network, [0, 2, 5])
    content, style = pictures()
    goal = features(content)[2].detach()
    grams = {k: gram(f).detach() for k, f in features(style).items()}
    image = content.clone().requires_grad_(True)
    optimizer = optim.Adam([image], lr=0.03)
    for step in Progress(range(args.steps), args.steps, "steps"):
        optimizer.zero_grad()
        found = features(image)
        content_loss = F.mse_loss(found[2], goal)
        style_loss = sum(F.mse_loss(gram(found[k]), grams[k]) for k in grams)
        loss = content_loss + args.style_weight * style_loss
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)
        if step % 10 == 0 or step == args.steps - 1:
            print(f"step {step:4d}: content {content_loss.item():.6f}, style "
                  f"{style_loss.item():.6f}")
    save_image(torch.cat([content, style, image.detach()]), "style.png", nrow=3)
    print("style.png: content, style, and both")


if __name__ == "__main__":
    main()
