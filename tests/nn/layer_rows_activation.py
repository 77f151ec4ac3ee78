"""Rows of activation layers."""

from __future__ import annotations

from nn.layer_row import Layer
from samples.define import T

X = (3, 4)
PLAIN = ("CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU",
         "LogSigmoid", "Mish", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softplus", "Softshrink",
         "Softsign", "Tanh", "Tanhshrink")

ROWS = [
    *[Layer(name, (), {}, X) for name in PLAIN],
    Layer("CELU", (0.5,), {}, X), Layer("ELU", (0.5,), {}, X),
    Layer("GELU", ("tanh",), {}, X), Layer("Hardshrink", (1,), {}, X),
    Layer("Hardtanh", (-0.5, 0.25), {}, X, errors=({"args": (1.0, 0.0)}, {"args": (1.0, 1.0)})),
    Layer("LeakyReLU", (0.2,), {}, X), Layer("Softplus", (2, 1.0), {}, X),
    Layer("Softshrink", (0.1,), {}, X), Layer("Threshold", (0.1, 20), {}, X),
    Layer("RReLU", (), {}, X), Layer("RReLU", (0.1, 0.2), {}, X, eval=True),
    Layer("PReLU", (), {}, X), Layer("PReLU", (4, 0.1), {}, (2, 4, 3),
                                     errors=({"shape": (2, 3)}, {"shape": ()})),
    Layer("GLU", (), {}, X, errors=({"shape": (3, 5)},)), Layer("GLU", (0,), {}, (4, 3)),
    *[Layer(name, (), {"dim": dim}, (2, 3, 4)) for name in ("Softmax", "LogSoftmax", "Softmin")
      for dim in (1, -1, None)],
    Layer("Softmax2d", (), {}, (2, 3, 2, 2), errors=({"shape": (2, 3)},)),
    Layer("Softmax2d", (), {}, (3, 2, 2)),
    *[Layer(name, (), {"inplace": True}, inputs=(T(X, grad=False),))
      for name in ("ReLU", "ReLU6", "ELU", "SiLU", "Hardtanh", "LeakyReLU", "Hardswish", "RReLU")],
]
