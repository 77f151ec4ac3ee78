"""Samples of normalisation and dropout."""

from .define import FLOATS, REDUCED, C, Error, Row, T

F = "nn.functional."
ALL_FLOATS = (*FLOATS, *REDUCED)
IMAGE = T((4, 3, 2, 2))
V = T((3,))
MEAN, VAR = T((3,), grad=False), T((3,), low=0.5, high=2.0, grad=False)
ONES = T((6, 5), low=0.5)

ROWS = [
    Row(F + "batch_norm",
        [C(IMAGE, MEAN, VAR), C(IMAGE, MEAN, VAR, V, V), C(IMAGE, MEAN, VAR, V, V, True),
         C(IMAGE, None, None, V, None, True), C(T((4, 3)), None, None, training=True, eps=0.1),
         C(T((2, 3, 4)), MEAN, VAR, V, V, True, 0.3)],
        FLOATS,
        errors=[Error(C(IMAGE, T((4,)), VAR)), Error(C(IMAGE, MEAN, VAR, T((4,)))),
                Error(C(IMAGE, None, None)), Error(C(T((1, 3)), MEAN, VAR, training=True)),
                Error(C(T((2, 3), "int64"), MEAN, VAR)),
                Error(C(T((2, 3), "float64"), MEAN, VAR, training=True))]),
    Row(F + "instance_norm",
        [C(IMAGE), C(IMAGE, None, None, V, V), C(IMAGE, MEAN, VAR, V, V, False),
         C(T((2, 3, 4)), MEAN, VAR, momentum=0.2)], FLOATS,
        errors=[Error(C(T((2, 3, 1)))), Error(C(IMAGE, use_input_stats=False))]),
    Row(F + "layer_norm",
        [C(T((2, 3, 4)), (4,)), C(T((2, 3, 4)), [3, 4], T((3, 4)), T((3, 4))),
         C(T((4,)), (4,), T((4,)), eps=0.1)], ALL_FLOATS,
        errors=[Error(C(T((2, 3)), (4,))), Error(C(T((2, 3)), ())),
                Error(C(T((2, 3)), (3,), T((2,)))),
                Error(C(T((2, 3)), (3,), None, T((2,)))), Error(C(T((2, 3), "int64"), (3,)))]),
    Row(F + "rms_norm", [C(T((2, 3, 4)), (4,)), C(T((2, 3, 4)), [3, 4], T((3, 4))),
                         C(T((4,)), (4,), eps=0.1), C(T((2, 4), low=0, high=1e-3), (4,))],
        ALL_FLOATS,
        errors=[Error(C(T((2, 3)), (4,))), Error(C(T((2, 3)), (3,), T((2,)))),
                Error(C(T((2, 3), "int64"), (3,)))]),
    Row(F + "group_norm", [C(T((2, 6, 2)), 3), C(T((2, 6, 2)), 2, T((6,)), T((6,))),
                           C(T((4, 6)), 2)],
        ALL_FLOATS,
        errors=[Error(C(IMAGE, 2)), Error(C(IMAGE, 3, T((4,)))), Error(C(T((3,)), 3)),
                Error(C(T((1, 3)), 3)), Error(C(IMAGE, 3, None, T((4,))), text=False)]),
    Row(F + "local_response_norm", [C(T((2, 5, 3)), 3), C(IMAGE, 2, 0.1, 0.5, 2.0), C(IMAGE, 1)],
        FLOATS, errors=[Error(C(T((2, 3)), 2))]),
    Row(F + "normalize", [C(T((3, 4))), C(T((3, 4)), 1.0, 0), C(T((2, 3, 4)), dim=-1),
                          C(T((3,)), dim=0)], ALL_FLOATS),
    Row(F + "normalize", [C(T((2, 2), values=[[0.0, 0.0], [3.0, 4.0]]))], FLOATS, second=False,
        differences=False),
    Row(F + "dropout", [C(T((6, 5))), C(T((6, 5)), 0.2), C(T((6, 5)), 0.5, False), C(T(()), 0.5),
                        C(T((3,)), 1.0), C(T((3,)), 0.0)], FLOATS, seed=5,
        errors=[Error(C(T((3,)), 1.5))]),
    Row(F + "alpha_dropout", [C(T((6, 5)), 0.3, True), C(T((6, 5)))], FLOATS, seed=5,
        errors=[Error(C(T((3,)), -0.5))]),
    Row(F + "feature_alpha_dropout", [C(T((6, 5, 2)), 0.3, True)], FLOATS, seed=5,
        errors=[Error(C(T((3,)), 0.5, True))]),
    Row(F + "dropout1d", [C(T((6, 5, 2))), C(T((5, 2)))], FLOATS, seed=5,
        errors=[Error(C(T((3,))))]),
    Row(F + "dropout2d", [C(T((6, 5, 2, 2))), C(T((6, 5, 2)), 0.2)], FLOATS, seed=5,
        differences=False,
        errors=[Error(C(T((3,))))]),
    Row(F + "dropout3d", [C(T((6, 5, 2, 1, 2))), C(T((5, 2, 1, 2)), 0.2)], FLOATS, seed=5),
]
