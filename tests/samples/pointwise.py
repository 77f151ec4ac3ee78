"""Samples of the elementwise family."""

from .define import ALL, C, Error, Row, T

PAIRS = [C(T((3, 4)), T((3, 4))), C(T((2, 1, 3)), T((4, 1))), C(T(()), T((5,))), C(T((0, 3)), T((3,))),
         C(T((3,)), 2), C(T((3,)), 1.5)]
CLASH = [Error(C(T((2, 3)), T((2, 4))))]

ROWS = [
    Row("add", [*PAIRS, C(T((3,)), T((3,)), alpha=2)], ALL, errors=CLASH),
    Row("mul", PAIRS, ALL, errors=CLASH),
    Row("exp", [C(T((3, 4))), C(T(())), C(T((0,)))], ALL),
    Row("sigmoid", [C(T((3, 4))), C(T(()))], ALL),
]
