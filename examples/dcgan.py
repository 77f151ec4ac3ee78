"""A DCGAN: a generator learns to draw discs that a discriminator cannot tell from real ones.

Transposed convolutions against strided ones, batch normalization in both; `dcgan.png` shows the
generator's pictures.

    python examples/dcgan.py [--steps 200]
"""

from __future__ import annotations

import argparse

from progress import Progress

import flambeau as torch
from flambeau import nn
from flambeau.vision.utils import save_image

SIDE, NOISE = 16, 8


def discs(count: int) -> torch.Tensor:
    """Pictures (N, 1, 16, 16) of discs of random places and sizes, from -1 to 1."""
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    centre = torch.rand(count, 2, 1, 1) * 6 + 5
    radius = torch.rand(count, 1, 1) * 2 + 3
    distance = ((y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2).sqrt()
    return torch.tanh(2 * (radius - distance)).unsqueeze(1)


def networks() -> tuple[nn.Module, nn.Module]:
    """Generator (N, 8, 1, 1) to (N, 1, 16, 16), and discriminator back to one score."""
    generator = nn.Sequential(
        nn.ConvTranspose2d(NOISE, 32, 4, 1, 0, bias=False), nn.BatchNorm2d(32), nn.ReLU(True),
        nn.ConvTranspose2d(32, 16, 4, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(True),
        nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Tanh())
    discriminator = nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(16, 32, 4, 2, 1, bias=False), nn.BatchNorm2d(32), nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(32, 1, 4, 1, 0), nn.Flatten(0))
    return generator, discriminator


def weights_init(module: nn.Module) -> None:
    """The initial weights of the DCGAN paper."""
    name = module.__class__.__name__
    if name.find("Conv") != -1:
        nn.init.normal_(module.weight.data, 0.0, 0.02)
    elif name.find("BatchNorm") != -1:
        nn.init.normal_(module.weight.data, 1.0, 0.02)
        nn.init.constant_(module.bias.data, 0)


def main() -> None:
    """Train both by turns, report, write pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    generator, discriminator = networks()
    generator.apply(weights_init)
    discriminator.apply(weights_init)
    criterion = nn.BCEWithLogitsLoss()
    optimizers = [torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999))
                  for net in (generator, discriminator)]
    fixed = torch.randn(16, NOISE, 1, 1)
    real, fake = torch.ones(args.batch_size), torch.zeros(args.batch_size)
    for step in Progress(range(args.steps), args.steps, "steps"):
        drawn = generator(torch.randn(args.batch_size, NOISE, 1, 1))
        discriminator.zero_grad()
        loss_d = criterion(discriminator(discs(args.batch_size)), real)
        loss_d = loss_d + criterion(discriminator(drawn.detach()), fake)
        loss_d.backward()
        optimizers[1].step()
        generator.zero_grad()
        loss_g = criterion(discriminator(drawn), real)
        loss_g.backward()
        optimizers[0].step()
        if step % 20 == 0:
            print(f"step {step:4d}: discriminator {loss_d.item():.4f}, generator "
                  f"{loss_g.item():.4f}")
    generator.eval()
    with torch.no_grad():
        save_image(generator(fixed), "dcgan.png", nrow=4, normalize=True)
    print("dcgan.png: sixteen drawings")


if __name__ == "__main__":
    main()
