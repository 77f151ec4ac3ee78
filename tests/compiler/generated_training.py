"""Random small models with random optimizers, trained for a few steps in either library."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

CLASSES = 5
OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.05}), ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True}), ("Adam", {"lr": 3e-3}),
    ("Adam", {"lr": 3e-3, "amsgrad": True}),
    ("AdamW", {"lr": 3e-3, "betas": (0.8, 0.95)}), ("RMSprop", {"lr": 1e-3, "centered": True}),
    ("RMSprop", {"lr": 1e-3, "momentum": 0.5}), ("Adagrad", {"lr": 0.01}), ("Adadelta", {}),
    ("Adamax", {}), ("NAdam", {}), ("RAdam", {"lr": 1e-2}), ("ASGD", {"lr": 0.02})]
ACTIVATIONS = ("ReLU", "Tanh", "GELU", "SiLU", "ELU", "LeakyReLU", "Softplus", "Hardswish",
               "Sigmoid", "Mish")
Piece = tuple[str, tuple[Any, ...], dict[str, Any]]


def pictures(rng: random.Random) -> tuple[list[Piece], tuple[int, ...]]:
    """Convolutions, norms and pooling over images."""
    channels, size, rank = rng.choice((1, 2, 3)), rng.randint(7, 14), rng.choice((1, 2, 2, 2))
    shape = (rng.choice((2, 3, 8, 17)), channels, *[size] * rank)
    pieces: list[Piece] = []
    for _ in range(rng.randint(1, 3)):
        groups = rng.choice((1, 1, channels))
        out = groups * rng.randint(2, 7)
        kernel = rng.choice((1, 2, 3))
        kind = rng.choice(("Conv", "Conv", "Conv", "ConvTranspose"))
        stride, padding, dilation = rng.choice((1, 1, 2)), rng.choice((0, 1)), rng.choice((1, 1, 2))
        pieces.append((f"{kind}{rank}d", (channels, out, kernel), {
            "groups": groups, "bias": False, "stride": stride, "padding": padding,
            "dilation": dilation}))
        norm = rng.choice(("BatchNorm", "GroupNorm", "InstanceNorm", None))
        if norm == "GroupNorm":
            pieces.append(("GroupNorm", (groups, out), {}))
        elif norm:
            pieces.append((f"{norm}{rank}d", (out,), {"affine": True}))
        pieces.append((rng.choice(ACTIVATIONS), (), {}))
        pool = rng.choice(("MaxPool", "AvgPool", "Dropout", None))
        if pool == "Dropout":
            pieces.append((f"Dropout{rank}d", (0.3,), {}))
        elif pool:
            pieces.append((f"{pool}{rank}d", (2,), {"stride": rng.choice((1, 2)), "padding": 1}))
        channels = out
    size = rng.choice((1, 2))
    pieces += [(f"Adaptive{rng.choice(('Avg', 'Max'))}Pool{rank}d", (size,), {}),
               ("Flatten", (), {}), ("Linear", (channels * size**rank, CLASSES), {})]
    return pieces, shape


def vectors(rng: random.Random) -> tuple[list[Piece], tuple[int, ...]]:
    """A multi-layer perceptron."""
    width = rng.randint(1, 20)
    shape = (rng.choice((1, 2, 5, 33)), width)
    pieces: list[Piece] = []
    for _ in range(rng.randint(1, 4)):
        out = rng.choice((1, 4, 15, 40))
        pieces += [("Linear", (width, out), {"bias": rng.random() < 0.7}),
                   (rng.choice(ACTIVATIONS), (), {})]
        if out > 1 and rng.random() < 0.4:
            pieces.append(("LayerNorm", (out,), {}))
        if rng.random() < 0.3:
            pieces.append(("Dropout", (rng.choice((0.1, 0.5)),), {}))
        width = out
    return [*pieces, ("Linear", (width, CLASSES), {})], shape


def words(rng: random.Random) -> tuple[list[Piece], tuple[int, ...]]:
    """An embedding under a recurrent net or an encoder layer; read at every place."""
    width, batch, length = rng.choice((4, 8, 12)), rng.choice((1, 3, 6)), rng.choice((1, 2, 5, 9))
    pieces: list[Piece] = [("Embedding", (11, width), {
        "padding_idx": rng.choice((None, 0)), "scale_grad_by_freq": rng.random() < 0.2})]
    kind = rng.choice(("LSTM", "GRU", "RNN", "TransformerEncoderLayer", "TransformerEncoderLayer"))
    if kind == "TransformerEncoderLayer":
        pieces.append((kind, (width, rng.choice((1, 2)), 2 * width, rng.choice((0.0, 0.2))), {
            "batch_first": True, "norm_first": rng.random() < 0.5,
            "activation": rng.choice(("relu", "gelu"))}))
        return [*pieces, ("Linear", (width, CLASSES), {})], (batch, length)
    layers, both = rng.choice((1, 2)), rng.random() < 0.3
    dropout = rng.choice((0.0, 0.3)) if layers > 1 else 0.0
    pieces.append((kind, (width, 7, layers), {
        "batch_first": True, "bidirectional": both, "dropout": dropout}))
    return [*pieces, ("Linear", (14 if both else 7, CLASSES), {})], (batch, length)


class Plan:
    """What is trained: the same in every library."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        family = rng.choice((pictures, vectors, words))
        self.seed = seed
        self.words = family is words
        self.pieces, self.shape = family(rng)
        self.optimizer = rng.choice(OPTIMIZERS)
        self.clip = rng.random() < 0.25
        self.schedule = rng.random() < 0.25
        self.dtype = rng.choice(("float32", "float64"))

    def __str__(self) -> str:
        lines = [f"nn.{n}({', '.join([*map(repr, a), *[f'{k}={v!r}' for k, v in kw.items()]])})"
                 for n, a, kw in self.pieces]
        return "\n".join([f"seed {self.seed} {self.dtype}{list(self.shape)} {self.optimizer} "
                          f"clip {self.clip} schedule {self.schedule}", *lines])

    def train(self, lib: Any, steps: int = 4) -> tuple[list[float], list[Any], list[Any]]:
        """Losses, the first gradients, and parameters and buffers at the end."""
        lib.manual_seed(self.seed)
        layers = [getattr(lib.nn, n)(*a, **kw) for n, a, kw in self.pieces]
        dtype = getattr(lib, self.dtype)
        net = lib.nn.ModuleList(layers).to(dtype)
        optimizer = getattr(lib.optim, self.optimizer[0])(net.parameters(), **self.optimizer[1])
        schedule = lib.optim.lr_scheduler.StepLR(optimizer, 2, 0.5) if self.schedule else None
        losses, first = [], []
        for step in range(steps):
            x, y = self.batch(lib, step, dtype)
            optimizer.zero_grad()
            for layer in layers:
                x = layer(x)
                x = x[0] if isinstance(x, tuple) else x
            loss = lib.nn.functional.cross_entropy(x.reshape(-1, CLASSES), y.reshape(-1))
            loss.backward()
            if self.clip:
                lib.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
            if not step:
                first = [p.grad.clone() for p in net.parameters()]
            optimizer.step()
            if schedule is not None:
                schedule.step()
            losses.append(loss.item() if step % 2 else loss)
        state = [*net.parameters(), *net.buffers()]
        return ([float(x) for x in losses], [g.numpy() for g in first],
                [p.detach().numpy().copy() for p in state])

    def batch(self, lib: Any, step: int, dtype: Any) -> tuple[Any, Any]:
        """Inputs and classes of a step."""
        values = np.random.default_rng((self.seed, step))
        if self.words:
            x = lib.tensor(values.integers(0, 11, self.shape))
            return x, lib.tensor(values.integers(0, CLASSES, self.shape))
        x = lib.tensor(values.standard_normal(self.shape)).to(dtype)
        return x, lib.tensor(values.integers(0, CLASSES, self.shape[:1]))
