"""Samples of recurrent functions and of the functions that pack sequences."""

from __future__ import annotations

from typing import Any

from .define import C, Case, Error, Row, T

FEATURES, HIDDEN, BATCH, STEPS = 3, 4, 2, 5
FUNCTIONS = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}
SIZES = T((3,), values=[3, 2, 2], dtype="int64")


def weights(gates: int, layers: int, directions: int, biased: bool, width: int = HIDDEN
            ) -> tuple[T, ...]:
    rows, made = gates * HIDDEN, []
    for layer in range(layers):
        features = width * directions if layer else FEATURES
        for _ in range(directions):
            made += [T((rows, features), low=-1, high=1), T((rows, width), low=-1, high=1)]
            made += [T((rows,)), T((rows,))] if biased else []
            made += [T((width, HIDDEN))] if width != HIDDEN else []
    return tuple(made)


def layers(name: str, count: int = 1, directions: int = 1, biased: bool = True, first: bool = False,
           dropout: float = 0.0, packed: bool = False, width: int = HIDDEN) -> Case:
    batch = 3 if packed else BATCH
    states: Any = T((count * directions, batch, width))
    if name == "lstm":
        states = (states, T((count * directions, batch, HIDDEN)))
    shape = (7,) if packed else (BATCH, STEPS) if first else (STEPS, BATCH)
    data = (T((*shape, FEATURES)), SIZES) if packed else (T((*shape, FEATURES)),)
    flags = (biased, count, dropout, True, directions == 2)
    return C(*data, states, weights(FUNCTIONS[name], count, directions, biased, width), *flags,
             *([] if packed else [first]))


def cell(gates: int, biased: bool, states: int = 1) -> Case:
    h: Any = tuple(T((BATCH, HIDDEN)) for _ in range(states)) if states > 1 else T((BATCH, HIDDEN))
    return C(T((BATCH, FEATURES)), h, *weights(gates, 1, 1, biased))


def wrong(gates: int, x: tuple[int, ...], h: tuple[int, ...], states: int = 1) -> Error:
    state: Any = (T(h), T(h)) if states > 1 else T(h)
    return Error(C(T(x), state, *weights(gates, 1, 1, True)))


ROWS = [
    *[Row(name, [
        layers(name), layers(name, 2, 2), layers(name, 2, biased=False, first=True),
        layers(name, 2, dropout=0.5), layers(name, packed=True), layers(name, 2, 2, packed=True),
        *([layers(name, 2, 2, width=2)] if name == "lstm" else [])],
        dtypes=("float32", "float64"), second=True, seed=1, tolerance=10,
        layouts=("contiguous", "transposed"))
      for name in FUNCTIONS],
    *[Row(name + "_cell", [cell(gates, True, 1 + (name == "lstm")),
                           cell(gates, False, 1 + (name == "lstm"))],
          dtypes=("float32", "float64", "bfloat16"),
          errors=[wrong(gates, (2, 4), (2, 4), 1 + (name == "lstm")),
                  wrong(gates, (2, 3), (3, 4), 1 + (name == "lstm")),
                  wrong(gates, (2, 3), (2, 5), 1 + (name == "lstm"))])
      for name, gates in FUNCTIONS.items()],
    Row("nn.utils.rnn.pad_sequence", [
        C([T((2, 3)), T((4, 3)), T((1, 3))]), C([T((2,)), T((3,))], True, -1.5, "left"),
        C([T((2, 2, 2)), T((2, 2, 2))], batch_first=True)],
        dtypes=("float32", "float64", "bfloat16", "int64"),
        errors=[Error(C([])), Error(C(3)), Error(C([T((2,))], padding_side="up")),
                Error(C([T((2, 3)), T((4, 2))]))]),
    *[Row("nn.utils.rnn.pack_padded_sequence", [
        C(T((4, 3, 2)), [4, 2, 2]), C(T((3, 4)), [4, 2, 1], True),
        C(T((4, 2)), [2, 3], enforce_sorted=False),
        C(T((4, 2)), T((2,), values=[1, 4], dtype="int64"), enforce_sorted=False)],
        dtypes=("float64", "bfloat16", "int64"), select=select,
        errors=[Error(C(T((4, 2, 3)), [2, 4])), Error(C(T((4, 2, 3)), [4, 0])),
                Error(C(T((4, 2, 3)), [4])), Error(C(T((0, 2, 3)), [4, 2])),
                Error(C(T((4, 2, 3)), T((1, 2), values=[[4, 2]], dtype="int64")))])
      for select in (lambda packed: packed.data, lambda packed: list(packed[1:]))],
]
