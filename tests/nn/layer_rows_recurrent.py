"""Rows of recurrent layers and cells."""

from __future__ import annotations

from typing import Any

from nn.layer_row import Layer
from samples.define import T

X = (5, 2, 3)


def states(name: str, *shape: int, width: int = 0) -> Any:
    h = T((*shape[:-1], width or shape[-1]))
    return (h, T(shape)) if name.startswith("LSTM") else h


def layers(name: str) -> list[Layer]:
    wrong: tuple[dict[str, Any], ...] = (
        {"args": (0, 4)}, {"args": (3, 0)}, {"args": (3, 4, 0)}, {"args": (3, 4.0)},
        {"kwargs": {"bias": 1}}, {"kwargs": {"dropout": 2}}, {"kwargs": {"proj_size": 4}},
        {"shape": (5, 2, 4)}, {"shape": (5, 2, 3, 1)}, {"shape": (0, 2, 3)}, {"shape": (3,)},
        {"inputs": (T(X, dtype="float64"),)}, {"inputs": (T(X), states(name, 1, 3, 4))},
        {"inputs": (T(X), states(name, 2, 4))}, {"inputs": (T((5, 3)), states(name, 1, 1, 4))})
    keywords: list[dict[str, Any]] = [
        {}, {"num_layers": 2, "dropout": 0.5}, {"bidirectional": True, "batch_first": True},
        {"bias": False}, {"batch_first": True}, {"num_layers": 2, "bidirectional": True}]
    return [
        *[Layer(name, (3, 4), k, X, errors=wrong if not k else ()) for k in keywords],
        Layer(name, (3, 4), {}, (5, 3)), Layer(name, (3, 4), {"batch_first": True}, (5, 3)),
        Layer(name, (3, 4, 2), {}, inputs=(T(X), states(name, 2, 2, 4))),
        Layer(name, (3, 4, 2), {"dropout": 0.5}, X, eval=True),
        Layer(name, (3, 4), {}, inputs=(T((5, 3)), states(name, 1, 4)))]


def cells(name: str) -> list[Layer]:
    wrong: tuple[dict[str, Any], ...] = (
        {"shape": (2, 4)}, {"shape": (2, 3, 4)}, {"inputs": (T((2, 3)), states(name, 3, 4))},
        {"inputs": (T((2, 3)), states(name, 2, 5))}, {"inputs": (T((2, 3)), states(name, 1, 2, 4))})
    return [
        Layer(name, (3, 4), {}, (2, 3), errors=wrong), Layer(name, (3, 4), {"bias": False}, (2, 3)),
        Layer(name, (3, 4), {}, inputs=(T((2, 3)), states(name, 2, 4))),
        Layer(name, (3, 4), {}, (3,)), Layer(name, (3, 4), {}, inputs=(T((3,)), states(name, 4)))]


ROWS = [
    *[row for name in ("RNN", "LSTM", "GRU") for row in layers(name)],
    *[row for name in ("RNNCell", "LSTMCell", "GRUCell") for row in cells(name)],
    Layer("RNN", (3, 4, 1, "relu"), {}, X, errors=({"args": (3, 4, 1, "gelu")},)),
    Layer("RNNCell", (3, 4), {"nonlinearity": "relu"}, (2, 3),
          errors=({"kwargs": {"nonlinearity": "gelu"}},)),
    Layer("LSTM", (3, 4, 2), {"proj_size": 2, "bidirectional": True}, X),
    Layer("LSTM", (3, 4), {"proj_size": 2}, inputs=(T(X), states("LSTM", 1, 2, 4, width=2)),
          errors=({"kwargs": {"proj_size": -1}},)),
]
