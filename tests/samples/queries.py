"""Samples of questions about tensors and dtypes, whose answers are no tensors."""

from __future__ import annotations

from typing import Any

from .define import ALL, COMPLEX, FLOATS, REDUCED, C, D, Error, Row, T

EVERY = (*ALL, *COMPLEX)
X = T((2, 3))


def asked(name: str, *cases: Any, dtypes: Any = EVERY, errors: Any = ()) -> Row:
    """A row without gradients; by default on every dtype and layout."""
    return Row(name, cases or (C(X), C(T())), dtypes, grad=False, errors=errors)


WRONG = [Error(C([1.0]), text=False)]

OF_TENSORS = [
    *[asked(name, errors=WRONG) for name in (
        "is_complex", "is_conj", "is_floating_point", "is_inference", "is_neg", "is_signed")],
    asked("isreal", dtypes=(*FLOATS, *COMPLEX, "int64")),
    asked("numel", C(X), C(T()), C(T((0, 2)))),
    asked("is_nonzero", C(T((1,))), C(T((1, 1), values=[[0]])), errors=[Error(C(X))]),
    asked("is_same_size", C(X, X), C(X, T((3, 2)))),
    asked("is_tensor", C(X), C([1])),
    asked("typename", C(X)),
    asked("result_type", C(X, T((2,), "float64")), C(X, 2), C(X, 2.5), C(T(), T((1,), "int32"))),
    asked("result_type", C(X, 1j), dtypes=(*FLOATS, *COMPLEX, "int64", "bool")),
    *[asked(f"Tensor.{name}") for name in (
        "dim", "ndimension", "nelement", "size", "stride", "storage_offset", "element_size",
        "is_contiguous", "is_pinned", "is_shared", "get_device", "type")],
    asked("Tensor.tolist", dtypes=("float64", "int64", "bool", "complex128")),
    asked("Tensor.item", C(T()), C(T((1, 1))), dtypes=(*FLOATS, *REDUCED, "int64", "bool"),
          errors=[Error(C(X))]),
    asked("Tensor.size", C(X, 1), C(X, -2), errors=[Error(C(X, 2))]),
    asked("Tensor.stride", C(X, 1), C(X, -2)),
    asked("Tensor.is_set_to", C(X, X)),
]

OF_DTYPES = [
    asked("promote_types", *[C(D(a), D(b)) for a in EVERY for b in EVERY], dtypes=("float32",)),
    asked("can_cast", *[C(D(a), D(b)) for a in EVERY for b in EVERY], dtypes=("float32",)),
    asked("broadcast_shapes", C((2, 1), (1, 3)), C((), (4,)), C((5, 1, 3), (2, 1), 3),
          dtypes=("float32",), errors=[Error(C((2,), (3,)))]),
    *[asked(name, C(), dtypes=("float32",)) for name in (
        "get_default_dtype", "get_default_device", "is_grad_enabled",
        "is_inference_mode_enabled")],
]

ROWS = OF_TENSORS + OF_DTYPES
