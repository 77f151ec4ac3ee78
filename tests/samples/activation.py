"""Samples of the activation functions."""

from .define import FLOATS, REDUCED, C, D, Error, Row, T

F = "nn.functional."
ALL_FLOATS = (*FLOATS, *REDUCED)
ONE = [C(T((3, 4))), C(T(())), C(T((0, 2))), C(T((2, 1, 3), low=-30, high=30))]
INTEGERS = [Error(C(T((3,), "int64")))]
KINKS = [C(T((7,), values=[-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]))]
PLAIN = ("elu", "gelu", "hardsigmoid", "hardswish", "leaky_relu", "logsigmoid", "mish", "selu",
         "silu", "softplus", "hardshrink", "softshrink")
IN_PLACE = [C(T((3, 4)))]

ROWS = [
    Row("relu", ONE, ALL_FLOATS), Row("selu", ONE, FLOATS), Row("celu", [C(T((3,)), 0.5)], FLOATS),
    Row("threshold", [C(T((3, 4)), 0.1, 20.0)], FLOATS), Row("hardshrink", ONE, FLOATS),
    Row("prelu", [C(T((3, 4)), T((4,)))], FLOATS), Row("Tensor.relu", ONE, FLOATS),
    Row("Tensor.relu_", [C(T((3, 4)))], FLOATS), Row("Tensor.hardshrink", ONE, FLOATS),
    Row("rrelu", [C(T((3, 4)), 0.1, 0.2, True)], FLOATS, seed=1, layouts=("contiguous",)),
    *[Row(F + name, ONE, ALL_FLOATS, second=name != "hardsigmoid", errors=INTEGERS)
      for name in PLAIN],
    *[Row(F + name, KINKS, FLOATS, second=False, differences=False)
      for name in (*PLAIN, "relu", "relu6", "hardtanh", "celu", "softsign")],
    Row(F + "relu", ONE, (*ALL_FLOATS, "int64"), errors=[Error(C(T((2,), "bool")))]),
    Row(F + "relu6", [*ONE, C(T((4,), low=-10, high=10))], ALL_FLOATS),
    Row(F + "hardtanh", [*ONE, C(T((4,)), -0.5, 1.5)], ALL_FLOATS,
        errors=[Error(C(T((2,)), 1.0, 0.0))]),
    Row(F + "celu", [*ONE, C(T((4,)), 0.3)], ALL_FLOATS),
    Row(F + "threshold", [C(T((3, 4)), 0.1, 20.0), C(T(()), 0.0, -1.0)], ALL_FLOATS),
    Row(F + "sigmoid", ONE, FLOATS),
    Row(F + "tanh", ONE, FLOATS),
    Row(F + "softsign", ONE, ALL_FLOATS),
    Row(F + "tanhshrink", ONE, ALL_FLOATS),
    Row(F + "glu", [C(T((3, 4))), C(T((4, 3)), 0), C(T((2, 6, 1)), dim=1), C(T((0, 2)))],
        ALL_FLOATS, errors=[Error(C(T((3, 5)))), Error(C(T(()))), Error(C(T((2,), "int64"))),
                            Error(C(T((2,)), 2))]),
    Row(F + "prelu", [C(T((3, 4)), T((4,))), C(T((3, 4)), T((1,))), C(T((2, 3, 2)), T((3,))),
                      C(T(()), T((1,))), C(T((3, 4)), T(())), C(T((5,)), T((1,)))], ALL_FLOATS,
        errors=[Error(C(T((3, 4)), T((3,)))), Error(C(T(()), T((2,)))),
                Error(C(T((2,)), T((1,), "float64"))), Error(C(T((3, 4)), T((2, 2))))]),
    Row(F + "rrelu", [C(T((3, 4))), C(T((3, 4)), 0.1, 0.2, True), C(T(()), training=True)], FLOATS,
        seed=1, layouts=("contiguous",), errors=[Error(C(T((3,)), 0.5, 0.1))]),
    Row(F + "softmax", [C(T((3, 4)), 1), C(T((3, 4)), dim=0, dtype=D("float64")), C(T(()), 0),
                        C(T((3, 0)), 1)], ALL_FLOATS,
        errors=[Error(C(T((2, 3)), 2)), Error(C(T((2,), "int64"), 0))]),
    Row(F + "log_softmax", [C(T((3, 4)), 1), C(T((3, 4)), dim=0, dtype=D("float64")),
                            C(T(()), 0)], ALL_FLOATS,
        errors=[Error(C(T((2, 3)), 2)), Error(C(T((2,), "int64"), 0))]),
    Row(F + "softmin", [C(T((3, 4)), 1), C(T((3,)), dim=0, dtype=D("float64"))], ALL_FLOATS),
    *[Row(F + name, [C(T((3, 4))), C(T((2, 3, 2)))], FLOATS, differences=False)  # they warn
      for name in ("softmax", "log_softmax", "softmin")],
    Row(F + "gumbel_softmax", [C(T((3, 4))), C(T((3, 4)), dim=0)], FLOATS, seed=3,
        layouts=("contiguous",)),
    Row(F + "gumbel_softmax", [C(T((3, 4)), 0.5, True)], FLOATS, seed=3, layouts=("contiguous",),
        differences=False),
    *[Row(F + name, [C(T((3, 4)), *args)], FLOATS) for name, args in (
        ("relu_", ()), ("elu_", (0.5,)), ("selu_", ()), ("celu_", (0.5,)), ("hardtanh_", ()),
        ("leaky_relu_", (0.2,)), ("threshold_", (0.1, 2.0)), ("rrelu_", ()))],
]
for i, row in enumerate(ROWS):
    if row.path.endswith("_"):  # leaves cannot be written to in place
        ROWS[i] = Row(row.path, row.cases, row.dtypes, grad=False)
