"""Rows of normalisation layers."""

from __future__ import annotations

from typing import Any

from nn.layer_row import Layer
from samples.define import T

SHAPES = {1: (4, 3, 5), 2: (4, 3, 2, 2), 3: (4, 3, 2, 1, 2)}


def batch(rank: int) -> list[Layer]:
    name, x = f"BatchNorm{rank}d", SHAPES[rank]
    keywords: list[dict[str, Any]] = [{}, {"momentum": None, "eps": 1e-3}, {"affine": False},
                                      {"track_running_stats": False}, {"bias": False}]
    wrong: tuple[dict[str, Any], ...] = ({"shape": (3,)}, {"shape": (1, 3, *[1] * rank)},
                                         {"shape": (4, 5, *[2] * rank)})
    return [Layer(name, (3,), k, x, eval=e, errors=wrong if not k and not e else ())
            for k in keywords for e in (False, True)] + [
        Layer(f"Lazy{name}", (), {}, x), Layer(f"Lazy{name}", (), {"affine": False}, x)]


def instance(rank: int) -> list[Layer]:
    name, x = f"InstanceNorm{rank}d", SHAPES[rank]
    keywords: list[dict[str, Any]] = [{}, {"affine": True, "eps": 1e-3},
                                      {"track_running_stats": True, "momentum": 0.3}]
    wrong: tuple[dict[str, Any], ...] = ({"shape": (3,)}, {"shape": (2, 3, *[1] * rank)})
    return [Layer(name, (3,), k, x, eval=e, names=False, errors=wrong if not k and not e else ())
            for k in keywords for e in (False, True)] + [
        Layer(name, (3,), {}, x[1:], names=False), Layer(f"Lazy{name}", (), {}, x, names=False),
        Layer(name, (3,), {"affine": True}, x, names=False,
              errors=({"shape": (2, 5, *[2] * rank)},))]


ROWS = [
    *[row for rank in (1, 2, 3) for row in batch(rank)], Layer("BatchNorm1d", (3,), {}, (4, 3)),
    *[row for rank in (1, 2, 3) for row in instance(rank)],
    Layer("SyncBatchNorm", (3,), {}, (4, 3), eval=True),
    Layer("LayerNorm", (4,), {}, (2, 3, 4), errors=({"shape": (2, 3)},)),
    Layer("LayerNorm", ((3, 4),), {"eps": 0.1, "bias": False}, (2, 3, 4)),
    Layer("LayerNorm", ((3, 4), 1e-5, False), {}, (2, 3, 4)),
    Layer("RMSNorm", (4,), {}, (2, 3, 4), errors=({"shape": (2, 3)},)),
    Layer("RMSNorm", ((3, 4), 0.1, False), {}, (2, 3, 4)),
    Layer("GroupNorm", (3, 6), {}, (2, 6, 4),
          errors=({"args": (4, 6)}, {"shape": (2, 5, 4)}, {"shape": (6,)})),
    Layer("GroupNorm", (2, 6, 0.1), {"bias": False}, (2, 6, 2, 2)),
    Layer("GroupNorm", (1, 6), {"affine": False}, (2, 6)),
    Layer("LocalResponseNorm", (2,), {}, (2, 5, 3), errors=({"shape": (2, 3)},)),
    Layer("LocalResponseNorm", (3, 0.1, 0.5, 2.0), {}, (2, 5, 3, 2)),
    # PyTorch's gradient of this one is not that of its values: only these are compared
    Layer("CrossMapLRN2d", (3, 0.1, 0.5, 2.0), {}, inputs=(T((2, 5, 3, 2), grad=False),),
          errors=({"inputs": (T((2, 5, 3)),)},)),
]
