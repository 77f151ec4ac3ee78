"""Rows of losses."""

from __future__ import annotations

from typing import Any

from nn.layer_row import Layer
from samples.define import T

X, Y = T((4, 3)), T((4, 3), grad=False)
P = T((4, 3), low=0.05, high=0.95, grad=False)
CLASSES = T((4,), "int64", 0, 3, grad=False)
SIGNS = T((4, 3), values=[[1.0, -1, 1], [-1, 1, 1], [1, 1, -1], [-1, -1, -1]], grad=False)
WEIGHT = T((3,), low=0.2, high=2.0, grad=False)
LABELS = T((4, 3), "int64", values=[[0, 1, -1], [2, -1, 0], [-1, 0, 0], [2, 1, 0]], grad=False)
FRAMES = T((6, 2, 4), low=-3.0, high=0.0)
WORDS = T((2, 2), "int64", values=[[1, 1], [2, 3]], grad=False)


def reductions(name: str, inputs: tuple[Any, ...], *args: Any, **kwargs: Any) -> list[Layer]:
    wrong = ({"kwargs": {**kwargs, "reduction": "average"}},)
    return [Layer(name, args, {**kwargs, "reduction": r}, inputs=inputs,
                  errors=wrong if r == "mean" else ()) for r in ("mean", "sum", "none")]


ROWS = [
    *reductions("L1Loss", (X, Y)), *reductions("MSELoss", (X, Y)),
    *reductions("SmoothL1Loss", (X, Y)), *reductions("SmoothL1Loss", (X, Y), beta=0.5),
    *reductions("HuberLoss", (X, Y), delta=0.5),
    Layer("HuberLoss", (), {}, inputs=(X, Y), errors=({"kwargs": {"delta": None}},)),
    *reductions("NLLLoss", (X, CLASSES)), *reductions("NLLLoss", (X, CLASSES), WEIGHT),
    Layer("NLLLoss", (), {"ignore_index": 1}, inputs=(X, CLASSES)),
    Layer("NLLLoss2d", (), {}, inputs=(X, CLASSES)),
    *reductions("CrossEntropyLoss", (X, CLASSES)),
    *reductions("CrossEntropyLoss", (X, CLASSES), WEIGHT, label_smoothing=0.1),
    Layer("CrossEntropyLoss", (), {}, inputs=(X, P)),
    *reductions("BCELoss", (T((4, 3), low=0.05, high=0.95), P)),
    Layer("BCELoss", (P,), {}, inputs=(T((4, 3), low=0.05, high=0.95), P),
          errors=({"inputs": (T((3,)), P)},)),
    *reductions("BCEWithLogitsLoss", (X, P)),
    Layer("BCEWithLogitsLoss", (WEIGHT,), {"pos_weight": WEIGHT}, inputs=(X, P)),
    *reductions("PoissonNLLLoss", (X, P)),
    Layer("PoissonNLLLoss", (False, True), {},
          inputs=(T((4, 3), low=0.1), T((4, 3), low=0, high=4))),
    *reductions("GaussianNLLLoss", (X, Y, P)), Layer("GaussianNLLLoss", (), {"full": True},
                                                     inputs=(X, Y, P)),
    *reductions("KLDivLoss", (X, P)), Layer("KLDivLoss", (), {"reduction": "batchmean"},
                                            inputs=(X, P)),
    Layer("KLDivLoss", (), {"log_target": True, "reduction": "sum"}, inputs=(X, Y)),
    *reductions("SoftMarginLoss", (X, SIGNS)), *reductions("MultiLabelMarginLoss", (X, LABELS)),
    *reductions("MultiLabelSoftMarginLoss", (X, P)),
    Layer("MultiLabelSoftMarginLoss", (WEIGHT,), {}, inputs=(X, P)),
    *reductions("MultiMarginLoss", (X, CLASSES)),
    Layer("MultiMarginLoss", (2, 0.5, WEIGHT), {}, inputs=(X, CLASSES),
          errors=({"args": (3,)}, {"args": (1, 1.0, P)})),
    *reductions("HingeEmbeddingLoss", (X, SIGNS), 0.5),
    *reductions("CosineEmbeddingLoss",
                (X, T((4, 3)), T((4,), values=[1.0, -1, -1, 1], grad=False)), 0.1),
    *reductions("MarginRankingLoss", (X, T((4, 3)), SIGNS), 0.5),
    *reductions("TripletMarginLoss", (X, T((4, 3)), T((4, 3)))),
    Layer("TripletMarginLoss", (2.0, 1.0), {"swap": True}, inputs=(X, T((4, 3)), T((4, 3))),
          errors=({"args": (0.0,)},)),
    *reductions("TripletMarginWithDistanceLoss", (X, T((4, 3)), T((4, 3)))),
    Layer("TripletMarginWithDistanceLoss", (), {"margin": 2.0, "swap": True},
          inputs=(X, T((4, 3)), T((4, 3))), errors=({"kwargs": {"margin": -1}},)),
    *reductions("CTCLoss", (FRAMES, WORDS, (6, 5), (2, 1))),
    Layer("CTCLoss", (), {}, inputs=(FRAMES, T((3,), "int64", values=[1, 2, 3], grad=False),
                                     T((2,), "int64", values=[6, 4], grad=False),
                                     T((2,), "int64", values=[1, 2], grad=False))),
    Layer("CTCLoss", (3,), {"zero_infinity": True}, inputs=(FRAMES, WORDS, (6, 1), (2, 2))),
    Layer("CTCLoss", (), {"reduction": "none"},
          inputs=(T((6, 4), low=-3.0, high=0.0), T((2,), "int64", 1, 4, grad=False), (5,), (2,))),
    Layer("CTCLoss", (), {}, inputs=(FRAMES, WORDS, (6, 5), (2, 0)), errors=(
        {"inputs": (FRAMES, WORDS, (7, 5), (2, 1))}, {"inputs": (FRAMES, WORDS, (6,), (2, 1))},
        {"inputs": (FRAMES, WORDS, (6, 5), (3, 1))}, {"args": (4,)},
        {"inputs": (FRAMES, WORDS, (6, -5), (2, 1))},
        {"inputs": (FRAMES, WORDS, (6, 5), (2, -1))})),
    Layer("LinearCrossEntropyLoss", (3, 5), {}, inputs=(X, T((4,), "int64", 0, 5, grad=False))),
    Layer("LinearCrossEntropyLoss", (3, 5), {"out_features": (2,), "bias": True},
          inputs=(X, T((4, 2), "int64", 0, 5, grad=False)),
          errors=({"kwargs": {"label_smoothing": 2.0}}, {"kwargs": {"weight": WEIGHT}})),
    Layer("PairwiseDistance", (), {}, inputs=(X, T((4, 3)))),
    Layer("PairwiseDistance", (1.0,), {"keepdim": True}, inputs=(X, T((4, 3)))),
    Layer("CosineSimilarity", (), {}, inputs=(X, T((4, 3)))),
    Layer("CosineSimilarity", (0, 1e-6), {}, inputs=(X, T((4, 3)))),
    Layer("AdaptiveLogSoftmaxWithLoss", (8, 20, (5, 10)), {"div_value": 2.0},
          inputs=(T((6, 8)), T((6,), "int64", values=[0, 4, 5, 9, 10, 19], grad=False)),
          names=False,
          errors=({"args": (8, 20, ())}, {"args": (8, 20, (10, 5))}, {"args": (8, 20, (5, 20))},
                  {"inputs": (T((5, 8)), T((6,), "int64", 0, 5))},
                  {"inputs": (T((2, 8)), T((2,), "int64", 20, 21))})),
    Layer("AdaptiveLogSoftmaxWithLoss", (8, 20, (5,)), {"head_bias": True},
          inputs=(T((8,)), T((), "int64", values=7, grad=False)), names=False),
]
