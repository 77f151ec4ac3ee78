"""A variational autoencoder of small pictures: encode, sample, decode.

The pictures are bright bars at random places. After training, samples from the prior look like
them; `vae.png` shows reconstructions beside samples.

    python examples/vae.py [--epochs 20]
"""

from __future__ import annotations

import argparse

from progress import Progress

import flambeau as torch
from flambeau import nn
from flambeau.nn import functional as F
from flambeau.vision.utils import save_image

SIDE = 12


def pictures(count: int) -> torch.Tensor:
    """Pictures (N, 1, 12, 12) with one horizontal or vertical bar each."""
    made = torch.zeros(count, 1, SIDE, SIDE)
    for k in range(count):
        place = int(torch.randint(0, SIDE - 2, (1,)))
        if k % 2:
            made[k, 0, place:place + 3] = 1
        else:
            made[k, 0, :, place:place + 3] = 1
    return made


class VAE(nn.Module):
    """Two linear layers down to a mean and a log-variance, and two up again."""

    def __init__(self, hidden: int = 64, latent: int = 4) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, hidden), nn.ReLU())
        self.mean = nn.Linear(hidden, latent)
        self.log_variance = nn.Linear(hidden, latent)
        self.decode = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(),
                                    nn.Linear(hidden, SIDE * SIDE),
                                    nn.Unflatten(1, (1, SIDE, SIDE)))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Scores of the pixels, and the code's mean and log-variance."""
        h = self.encode(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        code = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return self.decode(code), mean, log_variance


def loss_of(x: torch.Tensor, scores: torch.Tensor, mean: torch.Tensor,
            log_variance: torch.Tensor) -> torch.Tensor:
    """The negative evidence bound of one picture, averaged over the batch."""
    pixels = F.binary_cross_entropy_with_logits(scores, x, reduction="sum")
    divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    return (pixels + divergence) / len(x)


def main() -> None:
    """Train, report every epoch, write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    data, model = pictures(512), VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in Progress(range(args.epochs), args.epochs, "epochs"):
        total = 0.0
        for batch in data[torch.randperm(len(data))].split(32):
            optimizer.zero_grad()
            loss = loss_of(batch, *model(batch))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch:3d}: loss {total / len(data):.4f}")
    with torch.no_grad():
        seen = torch.sigmoid(model(data[:8])[0])
        drawn = torch.sigmoid(model.decode(torch.randn(8, 4)))
    save_image(torch.cat([data[:8], seen, drawn]), "vae.png", nrow=8)
    print("vae.png: pictures, their reconstructions, samples from the prior")


if __name__ == "__main__":
    main()
