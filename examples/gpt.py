"""A small GPT: AdamW, gradient clipping, warm-up and cosine, a checkpoint to go on from.

Learns the sums of two numbers, digit by digit: `27+68=95`.

    python examples/gpt.py [--steps 800] [--checkpoint gpt.pt]
"""

from __future__ import annotations

import argparse
import math
import os

from progress import Progress

import flambeau as torch
from flambeau import nn
from flambeau.nn import functional as F

LETTERS = "0123456789+=."
BLOCK, WIDTH, HEADS = 9, 48, 4


class Block(nn.Module):
    """Causal self-attention and two linear layers, each behind its normalization."""

    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(),
                                 nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, T, WIDTH) to the same shape."""
        n, t, _ = x.shape
        q, k, v = (part.view(n, t, HEADS, WIDTH // HEADS).transpose(1, 2)
                   for part in self.qkv(self.ln_1(x)).split(WIDTH, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).contiguous().view(n, t, WIDTH))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """Words and places, blocks, a head that shares the words' weights."""

    def __init__(self, layers: int = 2) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(len(LETTERS), WIDTH), nn.Embedding(BLOCK, WIDTH)
        self.blocks = nn.ModuleList([Block() for _ in range(layers)])
        self.ln_f = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, len(LETTERS), bias=False)
        self.wte.weight = self.head.weight
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.05)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, T, letters)."""
        h = self.wte(x) + self.wpe(torch.arange(x.shape[1], device=x.device))
        for block in self.blocks:
            h = block(h)
        return self.head(self.ln_f(h))


def sums(count: int) -> torch.Tensor:
    """Texts such as 27+68=095. as numbers (N, 10); the sum is written backwards."""
    a, b = torch.randint(0, 100, (count,)), torch.randint(0, 100, (count,))
    texts = [f"{x:02d}+{y:02d}={x + y:03d}"[:6] + f"{x + y:03d}"[::-1] + "."
             for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    return torch.tensor([[LETTERS.index(c) for c in text] for text in texts])


def rate(step: int, steps: int, most: float = 3e-3) -> float:
    """Linear warm-up, then a cosine down to a tenth."""
    warm = max(steps // 10, 1)
    if step < warm:
        return most * (step + 1) / warm
    return most * (0.55 + 0.45 * math.cos(math.pi * (step - warm) / max(steps - warm, 1)))


def main() -> None:
    """Train, or go on from a checkpoint; report; add numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--stop", type=int, help="stop (and save) before this step")
    parser.add_argument("--checkpoint", default="gpt.pt")
    parser.add_argument("--seed", type=int, default=1337)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model = GPT()
    decay = [p for p in model.parameters() if p.dim() >= 2]
    plain = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1},
                                   {"params": plain, "weight_decay": 0.0}], betas=(0.9, 0.95))
    start = 0
    if os.path.exists(args.checkpoint):
        saved = torch.load(args.checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["rng"])
        start = saved["step"]
        print(f"going on at step {start}")
    stop = args.steps if args.stop is None else args.stop
    for step in Progress(range(start, stop), stop - start, "steps"):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, args.steps)
        text = sums(64)
        scores = model(text[:, :-1])[:, 5:]  # what stands before the = cannot be known
        loss = F.cross_entropy(scores.flatten(0, 1), text[:, 6:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 40 == 0 or step == stop - 1:
            print(f"step {step:4d}: loss {loss.item():.4f}, gradient {norm.item():.3f}")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                "rng": torch.get_rng_state(), "step": stop}, args.checkpoint)
    with torch.no_grad():
        text = sums(200)
        found = text[:, :6]
        for _ in range(3):
            found = torch.cat([found, model(found)[:, -1:].argmax(-1)], 1)
    right = (found[:, 6:] == text[:, 6:9]).all(1).float().mean().item()
    print(f"sums right: {100 * right:.1f} %; {''.join(LETTERS[k] for k in found[0].tolist())}")


if __name__ == "__main__":
    main()
