"""Samples of attention functions."""

from __future__ import annotations

from .define import C, Error, Row, T

PATH = "nn.functional.scaled_dot_product_attention"
Q, K = (2, 3, 4, 5), (2, 3, 6, 5)
MASK = T((4, 6), values=[[True, False, True, True, False, True], [False] * 6,
                         [True] * 6, [False, True, False, False, True, True]], dtype="bool")


def bad(*shapes: tuple[int, ...], **kwargs: object) -> Error:
    return Error(C(*[T(s) for s in shapes], **kwargs))


ROWS = [
    Row(PATH, [
        C(T(Q), T(K), T(K)), C(T(Q), T(K), T((2, 3, 6, 7))), C(T(Q), T(K), T(K), is_causal=True),
        C(T(Q), T(K), T(K), attn_mask=MASK), C(T(Q), T(K), T(K), T((2, 1, 4, 6), grad=False)),
        C(T(Q), T(K), T(K), T((4, 6))), C(T(Q), T(K), T(K), dropout_p=0.4),
        C(T(Q), T(K), T(K), dropout_p=1.0), C(T(Q), T(K), T(K), scale=0.3),
        C(T(Q), T(K), T(K), attn_mask=MASK, is_causal=True),
        C(T(Q[1:]), T(K[1:]), T(K[1:]), attn_mask=MASK), C(T((4, 5)), T((6, 5)), T((6, 5))),
        C(T((4, 5)), T((6, 5)), T((6, 5)), dropout_p=0.3),
        C(T((2, 4, 4, 5)), T((2, 2, 6, 5)), T((2, 2, 6, 5)), enable_gqa=True),
        C(T((2, 4, 4, 5)), T((2, 2, 6, 5)), T((2, 2, 6, 5)), is_causal=True, enable_gqa=True),
        C(T((1, 4, 4, 5)), T(K[:1] + (4, 6, 5)), T((2, 4, 6, 5))),
        C(T((2, 2, 3, 4, 5)), T((2, 2, 3, 6, 5)), T((2, 2, 3, 6, 5)))],
        dtypes=("float32", "float64", "bfloat16", "float16"), second=False, seed=3,
        errors=[
            bad((5,), (5,), (5,)), bad((2, 5), (2, 6), (2, 6)), bad(Q, (2, 3, 6, 4), K),
            bad((4, 5), (6, 5), (7, 5)), bad(Q, (2, 2, 6, 5), (2, 2, 6, 5)),
            bad((2, 3, 4, 5), (2, 2, 6, 5), (2, 2, 6, 5), enable_gqa=True),
            bad(Q, K, K, dropout_p=1.5), bad(Q, K, K, (4, 5)),
            bad(Q[1:], K[1:], K[1:], (4, 6), is_causal=True),
            Error(C(T(Q), T(K), T(K), T((4, 6), dtype="int64"))),
            Error(C(T(Q), T(K, dtype="bfloat16"), T(K)))]),
    Row(PATH, [C(T((3, 4, 5)), T((3, 6, 5)), T((3, 6, 5)), attn_mask=MASK),
               C(T((4, 5)), T((6, 5)), T((6, 5)), is_causal=True)], dtypes=("float64",)),
]
