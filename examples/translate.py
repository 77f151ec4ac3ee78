"""An encoder-decoder Transformer that learns to reverse sequences.

    python examples/translate.py [--steps 600]
"""

from __future__ import annotations

import argparse
import math

from progress import Progress

import flambeau as torch
from flambeau import nn

WORDS, START, LENGTH, WIDTH = 12, 0, 6, 32


class Translator(nn.Module):
    """Embeddings with sinusoidal places, `nn.Transformer`, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(WORDS, WIDTH)
        self.transformer = nn.Transformer(WIDTH, 4, 2, 2, 64, dropout=0.0, batch_first=True)
        self.head = nn.Linear(WIDTH, WORDS)
        place = torch.arange(LENGTH + 1).float().unsqueeze(1)
        rate = torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(10000.0) / WIDTH))
        table = torch.zeros(LENGTH + 1, WIDTH)
        table[:, 0::2], table[:, 1::2] = torch.sin(place * rate), torch.cos(place * rate)
        self.register_buffer("places", table)

    def embedded(self, x: torch.Tensor) -> torch.Tensor:
        """Words and places together."""
        return self.embed(x) * math.sqrt(WIDTH) + self.places[:x.shape[1]]

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Scores (N, T, words) of the words after each of the target's."""
        mask = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
        out = self.transformer(self.embedded(source), self.embedded(target), tgt_mask=mask)
        return self.head(out)


def greedy(model: Translator, source: torch.Tensor) -> torch.Tensor:
    """The most probable word, again and again."""
    out = torch.full((len(source), 1), START)
    for _ in range(LENGTH):
        out = torch.cat([out, model(source, out)[:, -1:].argmax(-1)], 1)
    return out[:, 1:]


def main() -> None:
    """Train with a warm-up, report, translate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model = Translator()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, betas=(0.9, 0.98), eps=1e-9)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 50, math.sqrt(50 / (step + 1))))
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    for step in Progress(range(args.steps), args.steps, "steps"):
        source = torch.randint(1, WORDS, (64, LENGTH))
        target = source.flip(1)
        begun = torch.cat([torch.full((64, 1), START), target[:, :-1]], 1)
        loss = loss_fn(model(source, begun).reshape(-1, WORDS), target.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        if step % 30 == 0:
            print(f"step {step:4d}: loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        source = torch.randint(1, WORDS, (100, LENGTH))
        found = greedy(model, source)
    right = (found == source.flip(1)).float().mean().item()
    print(f"words right: {100 * right:.1f} %; {source[0].tolist()} became {found[0].tolist()}")


if __name__ == "__main__":
    main()
