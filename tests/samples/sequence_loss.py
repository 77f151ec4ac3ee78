"""Samples of the connectionist temporal classification loss and of the loss of a linear map."""

from __future__ import annotations

from .define import FLOATS, C, Error, Row, T

FRAMES = T((6, 2, 4), low=-3.0, high=-0.1)
WORDS = T((2, 2), "int64", values=[[1, 1], [2, 3]])
FLAT = T((4,), "int64", values=[1, 1, 2, 3])
LENGTHS, TWO = T((2,), "int64", values=[6, 5]), T((2,), "int64", values=[2, 2])
X, W, PER_CLASS = T((4, 3)), T((5, 3)), T((5,), low=0.1, grad=False)
CLASSES = T((4,), "int64", values=[0, 4, 2, 2])

ROWS = [
    Row("nn.functional.ctc_loss", [
        C(FRAMES, WORDS, LENGTHS, TWO), C(FRAMES, FLAT, LENGTHS, TWO),
        C(FRAMES, WORDS, (6, 5), (2, 1), reduction="sum"),
        C(FRAMES, WORDS, LENGTHS, TWO, blank=0, reduction="none"),
        C(FRAMES, WORDS, (6, 2), (2, 2), zero_infinity=True)], FLOATS, second=False,
        layouts=("contiguous", "transposed"), differences=False,
        errors=[Error(C(FRAMES, WORDS, (6, 5), (2, 2), blank=9)),
                Error(C(FRAMES, WORDS, (6, 5, 4), (2, 2))),
                Error(C(FRAMES, WORDS, (7, 5), (2, 2)))]),
    Row("nn.functional.linear_cross_entropy", [
        C(X, W, CLASSES), C(X, W, CLASSES, linear_bias=T((5,))),
        C(X, W, CLASSES, reduction="sum", label_smoothing=0.1),
        C(X, W, CLASSES, reduction="none", ignore_index=2, weight=PER_CLASS)],
        FLOATS, second=False, errors=[Error(C(X, T((5, 4)), CLASSES)),
                              Error(C(X, W, CLASSES, reduction="average"))]),
]
