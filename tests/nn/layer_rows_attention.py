"""Rows of attention and transformer layers."""

from __future__ import annotations

from typing import Any

from nn.layer_row import Layer
from samples.define import T

X, Y = (4, 3, 8), (6, 3, 8)
PADDING = T((3, 6), dtype="bool", values=[[False] * 6, [False] * 4 + [True] * 2,
                                          [True] + [False] * 5])
CAUSAL = T((4, 4), values=[[0, *[float("-inf")] * 3], [0, 0, *[float("-inf")] * 2],
                           [0, 0, 0, float("-inf")], [0] * 4], grad=False)


def heads(inputs: tuple[Any, ...], *, eval: bool = False, errors: Any = (), options: Any = None,
          **kwargs: Any) -> Layer:
    return Layer("MultiheadAttention", (8, 2), kwargs, inputs=inputs, eval=eval, errors=errors,
                 options=options or {})


def attention() -> list[Layer]:
    q, k = T(X), T(Y)
    pair, triple = (q, k, k), (T(X), T((6, 3, 5)), T((6, 3, 7)))
    wrong: tuple[dict[str, Any], ...] = (
        {"args": (8, 3)}, {"args": (0, 2)}, {"inputs": (T((4, 3, 6)), k, k)},
        {"inputs": (q, k, T((5, 3, 8)))}, {"inputs": (T((1, 4, 3, 8)), k, k)},
        {"inputs": (q, T((6, 8)), k)}, {"options": {"attn_mask": T((4, 5), grad=False)}},
        {"options": {"attn_mask": T((5, 4, 6), grad=False)}},
        {"options": {"attn_mask": T((4, 6), dtype="int64")}}, {"options": {"is_causal": True}},
        {"options": {"key_padding_mask": T((6,), grad=False)}})
    return [
        heads(pair, errors=wrong), heads(pair, dropout=0.3), heads(pair, bias=False),
        heads(triple, kdim=5, vdim=7), heads(pair, add_bias_kv=True, add_zero_attn=True),
        heads((T((3, 4, 8)), T((3, 6, 8)), T((3, 6, 8))), batch_first=True),
        heads(pair, options={"need_weights": False}),
        heads(pair, options={"need_weights": False}, dropout=0.3),
        heads(pair, options={"average_attn_weights": False, "key_padding_mask": PADDING}),
        heads(pair, options={"attn_mask": T((6, 4, 6), grad=False)}),
        heads(pair, options={"attn_mask": T((4, 6), grad=False), "key_padding_mask": PADDING},
              add_zero_attn=True),
        heads((T((4, 8)), T((6, 8)), T((6, 8)))),
        heads((q, q, q), options={"attn_mask": CAUSAL, "is_causal": True, "need_weights": False})]


def transformers() -> list[Layer]:
    small: dict[str, Any] = {"dim_feedforward": 12}
    one = Layer("TransformerEncoderLayer", (8, 2, 12), {"batch_first": True})
    return [
        Layer("TransformerEncoderLayer", (8, 2, 12), {}, X,
              errors=({"kwargs": {"activation": "tanh"}}, {"args": (8, 3, 12)})),
        Layer("TransformerEncoderLayer", (8, 2), {**small, "norm_first": True, "bias": False}, X,
              options={"src_mask": CAUSAL, "is_causal": True}),
        Layer("TransformerEncoderLayer", (8, 2), {**small, "activation": "gelu"}, X, eval=True),
        Layer("TransformerDecoderLayer", (8, 2), small, inputs=(T(X), T(Y)),
              options={"tgt_mask": CAUSAL, "memory_key_padding_mask": PADDING}),
        Layer("TransformerDecoderLayer", (8, 2), {**small, "norm_first": True, "dropout": 0.4},
              inputs=(T(X), T(Y))),
        Layer("TransformerEncoder", (one, 2), {}, X),
        Layer("TransformerEncoder", (one, 2, Layer("LayerNorm", (8,))), {}, X, eval=True),
        Layer("TransformerDecoder", (Layer("TransformerDecoderLayer", (8, 2, 12)), 2), {},
              inputs=(T(X), T(Y))),
        Layer("Transformer", (8, 2, 1, 2, 12), {"activation": "gelu", "batch_first": True},
              inputs=(T((3, 6, 8)), T((3, 4, 8))), options={"tgt_mask": CAUSAL},
              errors=({"inputs": (T((3, 6, 8)), T((2, 4, 8)))},
                      {"inputs": (T((3, 6, 7)), T((3, 4, 8)))})),
        Layer("Transformer", (8, 2, 1, 1, 12), {"batch_first": True, "layer_norm_eps": 1e-3},
              inputs=(T((3, 6, 8)), T((3, 4, 8))))]


ROWS = [*attention(), *transformers()]
