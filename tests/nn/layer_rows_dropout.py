"""Rows of dropout layers."""

from __future__ import annotations

from nn.layer_row import Layer
from samples.define import T

WRONG = ({"args": (1.5,)}, {"args": (-0.5,)})

ROWS = [
    *[Layer(name, (p,), {}, shape, eval=e, errors=WRONG if not e else ())
      for name, shape in (
          ("Dropout", (4, 5)), ("Dropout1d", (4, 5, 2)), ("Dropout2d", (4, 5, 2, 2)),
          ("Dropout3d", (4, 5, 1, 2, 2)), ("AlphaDropout", (4, 5)),
          ("FeatureAlphaDropout", (4, 5, 2)))
      for p, e in ((0.5, False), (0.2, False), (0.5, True))],
    Layer("Dropout", (1.0,), {}, (3,)), Layer("Dropout", (0.0,), {}, (3,)),
    Layer("Dropout1d", (), {}, (5, 2), names=False, errors=({"shape": (5,)},)),
    Layer("Dropout2d", (), {}, (4, 5, 2)), Layer("Dropout3d", (), {}, (5, 1, 2, 2), names=False),
    Layer("Dropout", (0.5, True), {}, inputs=(T((4, 5), grad=False),)),
    Layer("Dropout2d", (0.5, True), {}, inputs=(T((4, 5, 2, 2), grad=False),)),
]
