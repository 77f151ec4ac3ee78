"""Samples of the elementwise family."""

from .define import ALL, COMPLEX, FLOATS, INTS, REDUCED, C, D, Error, Row, T

PAIRS = [C(T((3, 4)), T((3, 4))), C(T((2, 1, 3)), T((4, 1))), C(T(()), T((5,))),
         C(T((0, 3)), T((3,))), C(T((3,)), 2), C(T((3,)), 1.5)]
TENSORS = PAIRS[:4]
CLASH = [Error(C(T((2, 3)), T((2, 4))))]
ONE = [C(T((3, 4))), C(T(())), C(T((0,)))]
POSITIVE = [C(T((3, 4), low=0.5, high=4)), C(T((), low=0.5, high=4))]
UNIT = [C(T((3, 4), low=-0.9, high=0.9)), C(T((), low=-0.9, high=0.9))]
ABOVE = [C(T((3, 4), low=1.1, high=4))]
DIVISORS = [C(T((3, 4)), T((3, 4), low=1, high=4)), C(T((2, 1, 3)), T((4, 1), low=1, high=4)),
            C(T((5,)), T((), low=1, high=4)), C(T((3,)), 2), C(T((3,)), -1.5)]
REALS = (*FLOATS, *REDUCED)
NUMBERS = (*REALS, *INTS)
KINKS = T((6,), values=[-2.0, -1.0, 0.0, 0.5, 1.0, 3.0])
TIES = [C(KINKS, T((6,), values=[1.0, -1.0, 0.0, 2.0, 0.5, -3.0]))]
CHOICE = T((3, 4), "bool")

ARITHMETIC = [
    Row("add", [*PAIRS, C(T((3,)), T((3,)), alpha=2)], (*ALL, *COMPLEX), errors=CLASH),
    Row("sub", [*PAIRS, C(T((3,)), T((3,)), alpha=2)], (*NUMBERS, *COMPLEX), errors=CLASH),
    Row("mul", PAIRS, (*ALL, *COMPLEX), errors=CLASH),
    Row("div", [*DIVISORS, C(T((5,)), T((5,), low=1, high=3), rounding_mode="floor"),
                C(T((5,)), T((5,), low=1, high=3), rounding_mode="trunc")], NUMBERS, errors=CLASH),
    Row("floor_divide", DIVISORS[:4], NUMBERS, grad=False),
    Row("remainder", DIVISORS[:4], FLOATS),
    Row("fmod", DIVISORS[:4], FLOATS),
    Row("rsub", [C(T((3,)), T((3,))), C(T((3,)), 2), C(T((3,)), 3, alpha=2)], NUMBERS),
    Row("neg", ONE, (*NUMBERS, *COMPLEX)),
    Row("pow", [C(T((3, 4), low=0.5, high=2), T((4,), low=1, high=3)),
                *(C(T((3,), low=0.5, high=2), e) for e in (0, 1, 2, 3, 4, 0.5)),
                C(2, T((3,), low=0, high=3))], NUMBERS),
    Row("pow", [C(T((3,), low=0.5, high=2), e) for e in (-0.5, -1, -2, 2.5)], REALS),
    Row("float_power", [C(T((3,), low=0.5, high=2), 2)], FLOATS),
    Row("square", ONE, (*ALL, *COMPLEX)),
    Row("addcmul", [C(T((3, 4)), T((3, 1)), T((4,))), C(T((3,)), T((3,)), T((3,)), value=2)],
        NUMBERS),
    Row("addcdiv", [C(T((3, 4)), T((3, 1)), T((4,), low=1)), C(T((3,)), T((3,)), T((3,), low=1),
                                                               value=0.5)], REALS),
    Row("lerp", [C(T((3, 4)), T((4,)), 0.3), C(T((3, 4)), T((4,)), 0.8),
                 C(T((3,)), T((3,)), T((3,), low=0, high=1))], FLOATS),
    Row("gcd", [C(T((6,), low=-20, high=20), T((6,), low=-20, high=20))], ("int64", "int32")),
    Row("lcm", [C(T((6,), low=-20, high=20), T((6,), low=-20, high=20))], ("int64", "int32")),
]

ELEMENTARY = [
    *(Row(name, ONE, (*ALL, *COMPLEX)) for name in ("exp", "sin", "cos", "tanh", "sigmoid")),
    *(Row(name, ONE, ALL) for name in ("exp2", "expm1", "tan", "atan", "sinh", "cosh", "asinh",
                                       "deg2rad", "rad2deg", "sinc", "erf", "erfc", "i0")),
    *(Row(name, POSITIVE, (*FLOATS, *REDUCED)) for name in (
        "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "lgamma", "digamma")),
    *(Row(name, UNIT, FLOATS) for name in ("asin", "acos", "atanh", "erfinv")),
    Row("acosh", ABOVE, FLOATS),
    Row("polygamma", [C(n, T((4,), low=0.5, high=4)) for n in (1, 2, 3)], FLOATS),
    Row("mvlgamma", [C(T((4,), low=2, high=4), 2)], FLOATS),
    Row("logit", [C(T((4,), low=0.1, high=0.9)), C(T((4,), low=0.01, high=0.99), eps=0.1)], FLOATS),
    *(Row(name, ONE, REALS, second=False) for name in ("abs", "sign", "floor", "ceil", "round",
                                                       "trunc", "frac", "angle")),
    Row("sgn", [*ONE, C(KINKS)], REALS, grad=False),
    Row("round", [C(T((5,)), decimals=2), C(T((5,), low=-900, high=900), decimals=-2)], FLOATS,
        second=False),
    Row("nan_to_num", [C(T((4,), values=[float("nan"), float("inf"), -float("inf"), 1.0])),
                       C(T((2,), values=[float("nan"), float("inf")]), 1, 2)], REALS, grad=False),
    Row("nan_to_num", ONE, FLOATS, second=False),
    Row("clamp", [C(KINKS, 0, 1), C(KINKS, min=0.5), C(KINKS, max=1), C(KINKS, 1, 0)], NUMBERS,
        grad=False),
    Row("clamp", [C(T((3, 4)), T((4,)), T((3, 1))), C(T((3, 4)), -0.5, 0.5)], NUMBERS,
        second=False),
    Row("clamp_min", [C(T((5,)), 0.1), C(T((3,)), T((3,)))], FLOATS, second=False),
    Row("clamp_max", [C(T((5,)), 0.1), C(T((3,)), T((3,)))], FLOATS, second=False),
    Row("frexp", [C(T((4,)))], FLOATS, second=False),
]

TWO = [
    *(Row(name, TIES, NUMBERS, grad=False) for name in ("maximum", "minimum", "fmax", "fmin")),
    *(Row(name, TENSORS, NUMBERS, second=False, errors=CLASH)
      for name in ("maximum", "minimum", "fmax", "fmin")),
    *(Row(name, TENSORS, FLOATS) for name in ("atan2", "logaddexp", "logaddexp2")),
    Row("hypot", [C(T((3, 4), low=0.5), T((4,), low=0.5))], FLOATS),
    Row("xlogy", [C(T((3, 4)), T((4,), low=0.5)), C(T((3,)), 2.0), C(2.0, T((3,), low=0.5))],
        FLOATS),
    Row("copysign", [*TENSORS, C(T((3,)), -1.0)], FLOATS, second=False),
    Row("nextafter", TENSORS, FLOATS, grad=False),
    Row("ldexp", [C(T((3,)), T((3,), "int32", low=0, high=4))], FLOATS),
    Row("heaviside", [C(KINKS, T((), values=0.5))], FLOATS, grad=False),
    Row("where", [C(CHOICE, T((3, 4)), T((4,))), C(CHOICE, T((3, 1)), 2.0), C(CHOICE, 1, T(()))],
        ALL, errors=[Error(C(T((2,), "float32"), T((2,)), T((2,))))]),
]

LOGIC = [
    *(Row(name, [*PAIRS, *TIES], ALL, grad=False, errors=CLASH)
      for name in ("eq", "ne", "lt", "le", "gt", "ge")),
    *(Row(name, TENSORS, ALL, grad=False) for name in ("logical_and", "logical_or", "logical_xor")),
    *(Row(name, PAIRS[:5], ("int64", "uint8", "bool"), grad=False)
      for name in ("bitwise_and", "bitwise_or", "bitwise_xor")),
    *(Row(name, [C(T((5,), low=-9, high=9), T((5,), low=0, high=4)), C(T((3,)), 2)], INTS,
          grad=False)
      for name in ("bitwise_left_shift", "bitwise_right_shift")),
    Row("bitwise_not", ONE, ("int64", "uint8", "bool"), grad=False),
    *(Row(name, [C(T((4,), values=[1.0, float("inf"), float("nan"), -float("inf")]))], FLOATS,
          grad=False)
      for name in ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit", "logical_not")),
    *(Row(name, [C(T((4,)), T((4,))), C(T((3,), values=[1.0, float("nan"), 2.0]),
                                        T((3,), values=[1.0, float("nan"), 2.000001]),
                                        equal_nan=True)], FLOATS, grad=False)
      for name in ("isclose", "allclose")),
    Row("equal", TENSORS, ALL, grad=False),
]

PARTS = [
    Row("complex", [C(T((3,)), T((3,))), C(T((3, 1)), T((4,)))], FLOATS),
    Row("polar", [C(T((3,), low=0.5), T((3,)))], FLOATS),
    *(Row(name, ONE, COMPLEX) for name in ("real", "imag", "conj")),
    Row("view_as_real", ONE, COMPLEX, grad=False),
    *(Row(name, [C(T((3, 4), low=0.5))], COMPLEX) for name in ("abs", "angle", "sgn")),
]

INPLACE = [
    *(Row(f"Tensor.{name}_", [C(T((3, 4)), T((4,)))], FLOATS)
      for name in ("add", "sub", "mul", "copy")),
    *(Row(f"Tensor.{name}_", [C(T((3, 4), low=0.5))], FLOATS) for name in ("exp", "sqrt", "tanh")),
    Row("Tensor.clamp_", [C(KINKS, 0, 1)], FLOATS, second=False),
    Row("Tensor.div_", [C(T((3, 4)), T((4,), low=1))], FLOATS),
    Row("Tensor.pow_", [C(T((3,)), 2)], FLOATS),
]

CONVERSION = [
    Row("Tensor.to", [C(T((5,)), D(name)) for name in ("float64", "float16", "int64", "bool")], ALL,
        grad=False),
    *(Row(f"Tensor.{name}", ONE, ALL, grad=False) for name in (
        "float", "half", "bfloat16", "int", "long", "short", "char", "byte", "bool")),
    Row("Tensor.double", ONE, ALL),
    Row("clone", ONE, ALL),
    Row("Tensor.contiguous", ONE, ALL),
]

ROWS = [*ARITHMETIC, *ELEMENTARY, *TWO, *LOGIC, *PARTS, *INPLACE, *CONVERSION]
