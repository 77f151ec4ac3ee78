"""Rows of linear, convolutional, pooling, padding and resampling layers."""

from __future__ import annotations

import math
from typing import Any

from nn.layer_row import Layer
from samples.define import T


def image(rank: int, channels: int = 4, size: int = 8, batch: int = 2) -> tuple[int, ...]:
    return (batch, channels, *[size] * rank)


def convolutions(rank: int) -> list[Layer]:
    name, x = f"Conv{rank}d", image(rank)
    keywords: list[dict[str, Any]] = [
        {}, {"stride": 2, "padding": 1}, {"bias": False, "dilation": 2},
        {"groups": 2, "padding": "same"},
        {"padding": "valid"}, *[{"padding": 1, "padding_mode": m}
            for m in ("circular", "replicate", "reflect")],
        {"padding": "same", "padding_mode": "circular", "dilation": 2}]
    wrong: tuple[dict[str, Any], ...] = (
        {"args": (5, 6, 3), "kwargs": {"groups": 2}}, {"args": (4, 5, 3), "kwargs": {"groups": 2}},
        {"kwargs": {"groups": 0}}, {"kwargs": {"padding": "full"}},
        {"kwargs": {"padding_mode": "mirror"}},
        {"kwargs": {"padding": "same", "stride": 2}}, {"shape": image(rank, 3)}, {"shape": (4,)})
    # The weights' gradients in 3-d are sums of a thousand products, near 80: those of PyTorch are
    # up to 6e-5 from the ones in float64, these up to 1.5e-5.
    tolerance = 1e-4 if rank == 3 else 2e-5
    return [Layer(name, (4, 6, 3), k, x, errors=wrong if not k else (), tolerance=tolerance)
            for k in keywords] + [
        Layer(name, (4, 6, tuple(range(2, 2 + rank))), {}, x[1:], names=False)]


def transposed(rank: int) -> list[Layer]:
    name, x = f"ConvTranspose{rank}d", image(rank, size=4)
    wrong: tuple[dict[str, Any], ...] = (
        {"kwargs": {"padding_mode": "circular"}}, {"shape": image(rank, 3)},
        {"options": {"output_size": [50] * rank}}, {"options": {"output_size": [9] * (rank + 1)}})
    return [
        Layer(name, (4, 6, 3), {}, x, errors=wrong), Layer(name, (4, 6, 3, 2, 1, 1), {}, x),
        Layer(name, (4, 6, 3), {"groups": 2, "bias": False, "dilation": 2}, x),
        Layer(name, (4, 6, 3), {"stride": 2}, x, options={"output_size": [10] * rank}),
        Layer(name, (4, 6, 3), {"stride": 2}, x, options={"output_size": [2, 6, *[9] * rank]})]


def lazy(rank: int) -> list[Layer]:
    x = image(rank)
    return [Layer(f"LazyConv{rank}d", (6, 3), {}, x, errors=({"shape": (4,)},)),
            Layer(f"LazyConv{rank}d", (6, 3), {"groups": 2, "bias": False}, x,
                  errors=({"shape": image(rank, 3)},)),
            Layer(f"LazyConvTranspose{rank}d", (6, 3, 2), {}, x)]


def pools(rank: int) -> list[Layer]:
    x = image(rank)
    pairs = {"args": (2,), "shape": x}
    small = {1: (2, 4, 4), 2: (2, 4, 4, 4), 3: (2, 4, 4, 4, 4)}[rank]
    half = T(small, "int64", low=0, high=8 ** rank)
    rows = [
        Layer(f"MaxPool{rank}d", **pairs), Layer(f"MaxPool{rank}d", (3, 2, 1), {"ceil_mode": True},
            x),
        Layer(f"MaxPool{rank}d", (2,), {"dilation": 2, "return_indices": True}, x),
        Layer(f"AvgPool{rank}d", **pairs), Layer(f"AvgPool{rank}d", (3, 2, 1, True, False), {}, x),
        Layer(f"LPPool{rank}d", (2, 2), {}, x),
        Layer(f"LPPool{rank}d", (math.inf, 3, 2, True), {}, x),
        Layer(f"AdaptiveAvgPool{rank}d", (3,), {}, x),
        Layer(f"AdaptiveAvgPool{rank}d", (1,), {}, x),
        Layer(f"AdaptiveMaxPool{rank}d", (3,), {}, x),
        Layer(f"AdaptiveMaxPool{rank}d", (4, True), {}, x),
        Layer(f"MaxUnpool{rank}d", (2,), {}, inputs=(T(small, grad=False), half)),
        Layer(f"MaxUnpool{rank}d", (2, 2), {"padding": 0}, inputs=(T(small, grad=False), half),
              options={"output_size": (2, 4, *[9] * rank)})]
    if rank == 1:
        return rows
    fractional = f"FractionalMaxPool{rank}d"
    return [*rows, Layer(f"AvgPool{rank}d", (2,), {"divisor_override": 3}, x),
            Layer(f"AdaptiveAvgPool{rank}d", ((None, *[2] * (rank - 1)),), {}, x),
            Layer(fractional, (2,), {"output_size": 3}, x, errors=(
                {"kwargs": {}}, {"kwargs": {"output_size": 3, "output_ratio": 0.5}},
                {"kwargs": {"output_ratio": 1.5}})),
            Layer(fractional, (2,), {"output_ratio": 0.6, "return_indices": True}, x),
            Layer(fractional, (2, 3), {"_random_samples": T((2, 4, rank), low=0, high=1)}, x)]


def paddings(rank: int) -> list[Layer]:
    x, widths = image(rank, size=5), (1, 2) * rank
    rows = [Layer(f"{kind}Pad{rank}d", (w,), {}, x)
        for kind in ("Circular", "Reflection", "Replication", "Zero")
            for w in (2, widths)]
    return [*rows, Layer(f"ConstantPad{rank}d", (widths, 1.5), {}, x),
        Layer(f"ConstantPad{rank}d", (-1, 2), {}, x),
            Layer(f"CircularPad{rank}d", (1,), {}, x, errors=({"shape": (5,)},)),
            Layer(f"ZeroPad{rank}d", (-1,), {}, x[1:])]


ROWS = [
    Layer("Identity", (3,), {"anything": 4}, (2, 3), names=False),
    Layer("Linear", (5, 3), {}, (4, 5), errors=({"shape": (4, 6)},)),
    Layer("Linear", (5, 3), {"bias": False}, (2, 4, 5)), Layer("Linear", (5, 1), {}, (5,)),
    Layer("Linear", (20, 30), {}, (2, 3, 20)),
    Layer("Bilinear", (3, 4, 5), {}, inputs=(T((2, 3)), T((2, 4))), errors=({"args": (0, 4, 5)},)),
    Layer("Bilinear", (3, 4, 5, False), {}, inputs=(T((2, 6, 3)), T((2, 6, 4)))),
    Layer("LazyLinear", (3,), {}, (4, 5)), Layer("LazyLinear", (3, False), {}, (2, 4, 5)),
    *[row for rank in (1, 2, 3) for family in (convolutions, transposed, lazy, pools, paddings)
        for row in family(rank)],
    Layer("Flatten", (), {}, (2, 3, 4)), Layer("Flatten", (0, 1), {}, (2, 3, 4)),
    Layer("Unflatten", (1, (2, 3)), {}, (2, 6, 4),
        errors=({"args": (1, (2, 2.5))}, {"args": (1, 4)})),
    Layer("Unfold", (3,), {"padding": 1, "stride": 2}, (2, 3, 7, 8)),
    Layer("Fold", ((7, 8), 3), {"padding": 1, "stride": 2}, (2, 27, 16)),
    Layer("PixelShuffle", (2,), {}, (2, 8, 3, 3)), Layer("PixelUnshuffle", (2,), {}, (2, 2, 4, 6)),
    Layer("ChannelShuffle", (3,), {}, (2, 6, 2, 2)),
    Layer("Upsample", (), {"scale_factor": 2}, (2, 3, 4, 5)),
    Layer("Upsample", (7, None, "linear", True), {}, (2, 3, 4)),
    Layer("Upsample", (), {"scale_factor": (1.5, 2), "mode": "bilinear", "align_corners": False},
        (2, 3, 4, 5)),
    Layer("Upsample", ((7, 6), None, "bicubic"), {}, (2, 3, 4, 5)),
    Layer("Upsample", (), {"scale_factor": 1.5, "mode": "trilinear",
        "recompute_scale_factor": True},
          (1, 2, 3, 4, 5)),
    Layer("UpsamplingNearest2d", (), {"scale_factor": 3}, (2, 3, 4, 5)),
    Layer("UpsamplingBilinear2d", (9,), {}, (2, 3, 4, 5)),
]
