"""A character-level language model: an RNN, LSTM or GRU that learns a rhyme by heart.

    python examples/char_rnn.py [--kind LSTM] [--epochs 60]
"""

from __future__ import annotations

import argparse

from progress import Progress

import flambeau as torch
from flambeau import nn
from flambeau.nn.utils import clip_grad_norm_

RHYME = """The north wind and the sun were disputing which was the stronger,
when a traveller came along wrapped in a warm cloak.
They agreed that the one who first made the traveller take his cloak off
should be considered stronger than the other.
"""


class CharModel(nn.Module):
    """Embedding, recurrent layers, a linear layer; the state goes on from part to part."""

    def __init__(self, kind: str, vocabulary: int, hidden: int = 64) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16)
        self.rnn = getattr(nn, kind)(16, hidden, num_layers=2, batch_first=True)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, x: torch.Tensor, state: object = None) -> tuple[torch.Tensor, object]:
        """Scores (N, T, vocabulary) of the next characters, and the state behind them."""
        out, state = self.rnn(self.embed(x), state)
        return self.head(out), state


def detached(state: object) -> object:
    """The state without its past."""
    if isinstance(state, tuple):
        return tuple(part.detach() for part in state)
    return state.detach()


def continue_text(model: CharModel, start: str, length: int, letters: list[str]) -> str:
    """The start and the most probable characters after it."""
    model.eval()
    text, state = start, None
    x = torch.tensor([[letters.index(c) for c in start]])
    with torch.no_grad():
        for _ in range(length):
            scores, state = model(x, state)
            x = scores[:, -1:].argmax(-1)
            text += letters[x.item()]
    return text


def main() -> None:
    """Train in parts of 32 characters, report, continue the first words."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=["RNN", "LSTM", "GRU"], default="LSTM")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    letters = sorted(set(RHYME))
    data = torch.tensor([letters.index(c) for c in RHYME])
    model = CharModel(args.kind, len(letters))
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=40, gamma=0.3)
    for epoch in Progress(range(args.epochs), args.epochs, "epochs"):
        state, total, parts = None, 0.0, 0
        for first in range(0, len(data) - 33, 32):
            x, y = data[None, first:first + 32], data[None, first + 1:first + 33]
            scores, state = model(x, state)
            state = detached(state)
            loss = loss_fn(scores.transpose(1, 2), y)
            optimizer.zero_grad()
            loss.backward()
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total, parts = total + loss.item(), parts + 1
        scheduler.step()
        if epoch % 10 == 0 or epoch == args.epochs - 1:
            print(f"epoch {epoch:3d}: loss {total / parts:.4f}, "
                  f"rate {scheduler.get_last_lr()[0]:.4g}")
    print(continue_text(model, "The north", 60, letters))


if __name__ == "__main__":
    main()
