"""Samples of embeddings."""

from .define import FLOATS, REDUCED, C, Error, Row, T

F = "nn.functional."
W = T((5, 3))
INDEX = T((2, 4), "int64", 0, 5)
FLAT, STARTS = T((6,), "int64", 0, 5), T((4,), "int64", values=[0, 2, 2, 5])
LAST = T((4,), "int64", values=[0, 2, 4, 6])

ROWS = [
    Row(F + "embedding", [C(INDEX, W), C(T((), "int64", 0, 5), W), C(T((0,), "int64"), W),
                          C(INDEX, W, 1),
                          C(INDEX, W, -1), C(INDEX, W, scale_grad_by_freq=True),
                          C(T((3,), "int32", 0, 5), W)],
        (*FLOATS, *REDUCED), differences=False,
        errors=[Error(C(T((2,), "int64", 5, 6), W)), Error(C(T((2,)), W)), Error(C(INDEX, T((5,)))),
                Error(C(INDEX, W, 5)), Error(C(INDEX, W, -6))]),
    Row(F + "embedding_bag",
        [C(INDEX, W, mode=mode, **kw) for mode in ("sum", "mean", "max")
         for kw in ({}, {"padding_idx": 2})]
        + [C(FLAT, W, STARTS, mode=mode, **kw) for mode in ("sum", "mean", "max")
           for kw in ({}, {"padding_idx": 2})]
        + [C(FLAT, W, LAST, mode=mode, include_last_offset=True) for mode in ("sum", "mean", "max")]
        + [C(INDEX, W, mode="sum", per_sample_weights=T((2, 4))),
           C(FLAT, W, STARTS, mode="sum", per_sample_weights=T((6,)))],
        FLOATS, second=False, differences=False,
        errors=[Error(C(INDEX, W, STARTS), text=False), Error(C(FLAT, W)), Error(C(FLAT, W, INDEX)),
                Error(C(INDEX, W, mode="product")),
                Error(C(INDEX, W, mode="max", scale_grad_by_freq=True)),
                Error(C(INDEX, W, mode="mean", per_sample_weights=T((2, 4)))),
                Error(C(INDEX, W, mode="sum", per_sample_weights=T((2,)))),
                Error(C(INDEX, T((5,)))),
                Error(C(T((2, 1, 1), "int64"), W)), Error(C(INDEX, W, padding_idx=5)),
                Error(C(FLAT, W, T((2,), "int64", 1, 2)))]),
    # PyTorch divides the gradients of some rows by the counts of others: only values are compared
    Row(F + "embedding_bag", [C(FLAT, W, STARTS, scale_grad_by_freq=True),
                              C(INDEX, W, scale_grad_by_freq=True, mode="sum")], FLOATS,
        grad=False),
    Row(F + "one_hot", [C(INDEX), C(INDEX, 7), C(T((), "int64", 0, 5)), C(T((0,), "int64"), 3)],
        ("int64",), grad=False,
        errors=[Error(C(T((3,)))), Error(C(T((2,), "int64", -2, -1))),
                Error(C(INDEX, 2), text=False),
                Error(C(T((0,), "int64"))), Error(C(INDEX, 0))]),
]
