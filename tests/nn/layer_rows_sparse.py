"""Rows of embedding layers."""

from __future__ import annotations

from nn.layer_row import Layer
from samples.define import T

I = T((2, 4), "int64", 0, 5, grad=False)  # noqa: E741
FLAT = T((6,), "int64", 0, 5, grad=False)
STARTS = T((4,), "int64", values=[0, 2, 2, 5], grad=False)

ROWS = [
    Layer("Embedding", (5, 3), {}, inputs=(I,),
          errors=({"inputs": (T((2,), "int64", 5, 6, grad=False),)}, {"inputs": (T((2,)),)},
                  {"kwargs": {"padding_idx": 5}}, {"kwargs": {"padding_idx": -6}},
                  {"kwargs": {"_weight": T((4, 3))}})),
    Layer("Embedding", (5, 3), {"padding_idx": 1}, inputs=(I,)),
    Layer("Embedding", (5, 3), {"padding_idx": -1}, inputs=(I,)),
    Layer("Embedding", (5, 3), {"max_norm": 0.5}, inputs=(I,)),
    Layer("Embedding", (5, 3), {"max_norm": 0.5, "norm_type": 1.0}, inputs=(I,)),
    Layer("Embedding", (5, 3), {"scale_grad_by_freq": True}, inputs=(I,)),
    Layer("Embedding", (5, 3), {"_weight": T((5, 3))}, inputs=(I,)),
    *[Layer("EmbeddingBag", (5, 3), {"mode": mode, **kw}, inputs=inputs)
      for mode in ("sum", "mean", "max") for kw in ({}, {"padding_idx": 2})
      for inputs in ((I,), (FLAT, STARTS))],
    Layer("EmbeddingBag", (5, 3), {"max_norm": 0.5}, inputs=(I,)),
    Layer("EmbeddingBag", (5, 3), {"mode": "sum", "include_last_offset": True},
          inputs=(FLAT, T((3,), "int64", values=[0, 4, 6], grad=False), T((6,))),
          errors=({"inputs": (FLAT,)}, {"kwargs": {"mode": "product"}},
                  {"kwargs": {"padding_idx": 9}}, {"inputs": (T((1, 2, 3), "int64", 0, 5),)})),
]
