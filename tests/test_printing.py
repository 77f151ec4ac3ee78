"""Printed tensors: stored texts, then PyTorch as the reference where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from ml_dtypes import bfloat16

from flambeau.tensor import printing

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="compares with PyTorch")

STORED: list[tuple[str, Any, dict[str, Any], str]] = [
    (
        "scalar",
        np.float32(3.14159),
        {},
        "tensor(3.1416)",
    ),
    (
        "whole_scalar",
        np.float32(7),
        {},
        "tensor(7.)",
    ),
    (
        "integer_scalar",
        np.int64(-3),
        {},
        "tensor(-3)",
    ),
    (
        "bool_scalar",
        np.bool_(True),
        {},
        "tensor(True)",
    ),
    (
        "complex_scalar",
        np.complex64(1.5 - 2j),
        {},
        "tensor(1.5000-2.j)",
    ),
    (
        "whole_floats",
        np.float32([1, 2, 30]),
        {},
        "tensor([ 1.,  2., 30.])",
    ),
    (
        "fractions",
        np.float32([0.1, -2.5, 10]),
        {},
        "tensor([ 0.1000, -2.5000, 10.0000])",
    ),
    (
        "matrix",
        np.linspace(-1.0, 1.0, 12).reshape(3, 4).astype(np.float32),
        {},
        "tensor([[-1.0000, -0.8182, -0.6364, -0.4545],\n"
        "        [-0.2727, -0.0909,  0.0909,  0.2727],\n"
        "        [ 0.4545,  0.6364,  0.8182,  1.0000]])",
    ),
    (
        "double",
        np.float64([1.25, 2]),
        {},
        "tensor([1.2500, 2.0000], dtype=torch.float64)",
    ),
    (
        "half",
        np.float16([0.1, 65504]),
        {},
        "tensor([9.9976e-02, 6.5504e+04], dtype=torch.float16)",
    ),
    (
        "bfloat16",
        np.array([0.1, 3], dtype=bfloat16),
        {},
        "tensor([0.1001, 3.0000], dtype=torch.bfloat16)",
    ),
    (
        "special_values",
        np.float32([np.nan, np.inf, -np.inf, 0, -0.0, 1]),
        {},
        "tensor([nan, inf, -inf, 0., -0., 1.])",
    ),
    (
        "only_special_values",
        np.float32([0, -0.0, np.nan, np.inf]),
        {},
        "tensor([0., -0., nan, inf])",
    ),
    (
        "special_fractions",
        np.float32([np.nan, -np.inf, 0.5, -0.0]),
        {},
        "tensor([   nan,   -inf, 0.5000, -0.0000])",
    ),
    (
        "scientific_range",
        np.float32([1e-6, 1, 1000]),
        {},
        "tensor([1.0000e-06, 1.0000e+00, 1.0000e+03])",
    ),
    (
        "scientific_whole",
        np.float32([1, 1e9]),
        {},
        "tensor([1.0000e+00, 1.0000e+09])",
    ),
    (
        "scientific_double",
        np.float64([1e-12, 1e12, 0, np.nan]),
        {},
        "tensor([1.0000e-12, 1.0000e+12, 0.0000e+00,        nan], dtype=torch.float64)",
    ),
    (
        "int32",
        np.int32([[1, -20], [300, 4]]),
        {},
        "tensor([[  1, -20],\n        [300,   4]], dtype=torch.int32)",
    ),
    (
        "uint8",
        np.arange(5, dtype=np.uint8),
        {},
        "tensor([0, 1, 2, 3, 4], dtype=torch.uint8)",
    ),
    (
        "bools",
        np.array([True, False]),
        {},
        "tensor([ True, False])",
    ),
    (
        "complex",
        np.complex64([1 + 2j, -1.5 - 0.25j]),
        {},
        "tensor([ 1.0000+2.0000j, -1.5000-0.2500j])",
    ),
    (
        "complex128",
        np.complex128([[1e-5 + 1j, np.nan - np.inf * 1j]]),
        {},
        "tensor([[1.0000e-05+1.j,        nan-infj]], dtype=torch.complex128)",
    ),
    (
        "empty",
        np.zeros(0, np.float32),
        {},
        "tensor([])",
    ),
    (
        "empty_shape",
        np.zeros((0, 3), np.float32),
        {},
        "tensor([], size=(0, 3))",
    ),
    (
        "empty_integers",
        np.zeros(0, np.int64),
        {},
        "tensor([], dtype=torch.int64)",
    ),
    (
        "empty_shape_bool",
        np.zeros((2, 0, 3), np.bool_),
        {},
        "tensor([], size=(2, 0, 3), dtype=torch.bool)",
    ),
    (
        "wrapped",
        np.arange(40),
        {},
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,\n"
        "        36, 37, 38, 39])",
    ),
    (
        "three_dimensions",
        np.arange(8, dtype=np.float32).reshape(2, 2, 2),
        {},
        "tensor([[[0., 1.],\n         [2., 3.]],\n\n        [[4., 5.],\n         [6., 7.]]])",
    ),
    (
        "summary",
        np.arange(1001),
        {},
        "tensor([   0,    1,    2,  ...,  998,  999, 1000])",
    ),
    (
        "summary_matrix",
        np.arange(4000, dtype=np.float32).reshape(2, 2000) / 8,
        {},
        "tensor([[0.0000e+00, 1.2500e-01, 2.5000e-01,  ..., 2.4962e+02, 2.4975e+02,\n"
        "         2.4988e+02],\n"
        "        [2.5000e+02, 2.5012e+02, 2.5025e+02,  ..., 4.9962e+02, 4.9975e+02,\n"
        "         4.9988e+02]])",
    ),
    (
        "requires_grad",
        np.float32([1, 2]),
        {"requires_grad": True},
        "tensor([1., 2.], requires_grad=True)",
    ),
    (
        "grad_fn",
        np.float64([0.5]),
        {"grad_fn_name": "MulBackward0"},
        "tensor([0.5000], dtype=torch.float64, grad_fn=<MulBackward0>)",
    ),
    (
        "suffix_on_new_line",
        np.linspace(0, 1, 8),
        {"grad_fn_name": "MulBackward0"},
        "tensor([0.0000, 0.1429, 0.2857, 0.4286, 0.5714, 0.7143, 0.8571, 1.0000],\n"
        "       dtype=torch.float64, grad_fn=<MulBackward0>)",
    ),
]


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    """Start and end every test with the default options, in PyTorch too."""
    printing.set_printoptions(profile="default")
    yield
    printing.set_printoptions(profile="default")
    if torch is not None:
        torch.set_printoptions(profile="default")
        torch.set_default_dtype(torch.float32)


def text_of(value: Any, default_dtype: str = "float32", **keywords: Any) -> str:
    array = np.asarray(value)
    return printing.tensor_text(
        array,
        dtype_name=array.dtype.name,
        shape=array.shape,
        is_default_dtype=printing.is_implied_dtype(array.dtype.name, default_dtype),
        **keywords,
    )


def set_both(**options: Any) -> None:
    printing.set_printoptions(**options)
    torch.set_printoptions(**options)


def to_torch(array: np.ndarray) -> Any:
    if array.dtype == bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


# ---- stored texts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "keywords", "expected"),
    [case[1:] for case in STORED],
    ids=[case[0] for case in STORED],
)
def test_stored_text(value: Any, keywords: dict[str, Any], expected: str) -> None:
    assert text_of(value, **keywords) == expected


def test_meta_tensor_has_size_and_no_numbers() -> None:
    text = printing.tensor_text(
        None, dtype_name="int64", shape=(2, 3), is_default_dtype=False, device="meta"
    )
    assert text == "tensor(..., device='meta', size=(2, 3), dtype=torch.int64)"


def test_prefix_of_a_subclass_moves_later_lines() -> None:
    text = text_of(np.arange(4).reshape(2, 2), prefix="Spectrum(")
    assert text == "Spectrum([[0, 1],\n          [2, 3]])"


def test_bfloat16_given_as_float32_prints_alike() -> None:
    array = np.array([0.1, 300.0], dtype=bfloat16)
    as_float32 = printing.tensor_text(
        array.astype(np.float32), dtype_name="bfloat16", shape=(2,), is_default_dtype=False
    )
    assert as_float32 == text_of(array)


def test_summary_reads_only_the_edges() -> None:
    enormous = np.broadcast_to(np.float32(1), (10**6, 10**6, 10**5))
    row = "[1., 1., 1.,  ..., 1., 1., 1.]"
    assert row in text_of(enormous)
    printing.set_printoptions(edgeitems=0)
    assert text_of(enormous) == "tensor([...], size=(1000000, 1000000, 100000))"


# ---- options ------------------------------------------------------------------------------------


def test_profiles_and_single_options() -> None:
    printing.set_printoptions(profile="short", linewidth=100)
    assert printing.get_printoptions() == {
        "precision": 2,
        "threshold": 1000,
        "edgeitems": 2,
        "linewidth": 100,
        "sci_mode": None,
    }
    printing.set_printoptions(profile="full")
    assert printing.get_printoptions()["threshold"] == float("inf")
    assert "..." not in text_of(np.arange(1500))


def test_profile_can_be_applied_again_after_a_change() -> None:
    printing.set_printoptions(precision=9, edgeitems=1, threshold=5, linewidth=20)
    printing.set_printoptions(profile="default")
    assert printing.get_printoptions() == {
        "precision": 4,
        "threshold": 1000,
        "edgeitems": 3,
        "linewidth": 80,
        "sci_mode": None,
    }


def test_unknown_profile_changes_nothing() -> None:
    before = printing.get_printoptions()
    printing.set_printoptions(profile="long")
    assert printing.get_printoptions() == before


def test_sci_mode_is_reset_by_the_next_call() -> None:
    printing.set_printoptions(sci_mode=True)
    assert text_of(np.float32([1.0])) == "tensor([1.0000e+00])"
    printing.set_printoptions(precision=4)
    assert text_of(np.float32([1.0])) == "tensor([1.])"


def test_context_manager_restores_options_after_an_error() -> None:
    printing.set_printoptions(precision=3, sci_mode=False)
    before = printing.get_printoptions()
    with pytest.raises(ValueError, match="inside"):
        with printing.printoptions(profile="short", sci_mode=True):
            raise ValueError("inside")
    assert printing.get_printoptions() == before


def test_context_manager_refuses_unknown_options() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'digits'"):
        with printing.printoptions(digits=3):
            pass


# ---- format() -----------------------------------------------------------------------------------


class Owner:
    """Stands for a tensor."""

    def __str__(self) -> str:
        return "tensor([1, 2])"


def test_format_of_one_number_follows_the_number() -> None:
    assert printing.format_spec(Owner(), ".2f", item=lambda: 2.0) == "2.00"
    assert printing.format_spec(Owner(), "", item=lambda: 2.0) == "2.0"
    assert printing.format_spec(Owner(), "04d", item=lambda: 7) == "0007"
    with pytest.raises(ValueError, match="Unknown format code 'd' for object of type 'float'"):
        printing.format_spec(Owner(), "d", item=lambda: 2.0)


def test_format_of_many_numbers_takes_no_specification() -> None:
    assert printing.format_spec(Owner(), "", item=None) == "tensor([1, 2])"
    message = r"unsupported format string passed to Owner.__format__"
    with pytest.raises(TypeError, match=message):
        printing.format_spec(Owner(), ".2f", item=None)


# ---- PyTorch as the reference -------------------------------------------------------------------

SHAPES: list[tuple[int, ...]] = [
    *[(), (1,), (5,), (37,), (1, 1), (3, 4), (2, 30), (7, 1), (2, 3, 4), (1, 1, 9), (2, 1, 2, 3)],
    *[(0,), (0, 3), (2, 0), (1, 0, 2), (3, 2, 0, 1)],
    *[
        (1000,),
        (25, 40),
        (1001,),
        (40, 26),
        (2, 501),
        (501, 2),
        (7, 6, 30),
        (3, 7, 7, 7),
        (8, 8, 2, 8),
    ],
]
SMALL_SHAPES = [shape for shape in SHAPES if np.prod(shape) < 100]
FLOATS = ["float16", "bfloat16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
WHOLE = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]
DTYPES = {name: bfloat16 if name == "bfloat16" else name for name in FLOATS + COMPLEX + WHOLE}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"profile": "short"},
    {"profile": "full"},
    {"precision": 0},
    {"precision": 8},
    {"linewidth": 40},
    {"linewidth": 1},
    {"linewidth": 200, "precision": 2},
    {"threshold": 0},
    {"threshold": 10, "edgeitems": 1},
    {"threshold": 30, "edgeitems": 2, "linewidth": 60},
    {"edgeitems": 0},
    {"threshold": 4, "edgeitems": 0},
    {"sci_mode": True},
    {"sci_mode": False},
    {"sci_mode": True, "precision": 1},
    {"sci_mode": False, "precision": 6, "linewidth": 120},
]
SPECIAL = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, -1.0, 0.5, 1e-4, 9.9e-5, 1e8, 1000.0])


def real_numbers(random: np.random.Generator, shape: tuple[int, ...], style: int) -> Any:
    """Draw numbers of one of seven characters, from plain to extreme."""
    normal = random.standard_normal(shape)
    match style:
        case 0:
            return normal
        case 1:
            return np.round(normal * 20)
        case 2:
            return normal * 10.0 ** random.integers(-12, 13, shape)
        case 3:
            return normal * 10.0 ** float(random.integers(-12, 13))
        case 4:
            return random.choice(SPECIAL, shape)
        case 5:
            return random.choice(SPECIAL[:5], shape)
        case _:
            return np.where(random.random(shape) < 0.3, random.choice(SPECIAL, shape), normal)


def draw(random: np.random.Generator, dtype_name: str, shape: tuple[int, ...], style: int) -> Any:
    """Draw an array of a dtype; values out of its range become infinite."""
    if dtype_name == "bool":
        return np.asarray(random.integers(0, 2, shape), dtype=bool)
    if dtype_name in WHOLE:
        limits = np.iinfo(dtype_name)
        low, high = (limits.min, limits.max) if style % 2 else (max(limits.min, -9), 100)
        return np.asarray(random.integers(low, high, shape, dtype=dtype_name, endpoint=True))
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype_name in COMPLEX:
            array = np.empty(shape, dtype_name)
            array.real = real_numbers(random, shape, style)
            array.imag = real_numbers(random, shape, int(random.integers(7)))
            return array
        return np.asarray(real_numbers(random, shape, style), dtype=DTYPES[dtype_name])


@needs_torch
@pytest.mark.parametrize("dtype_name", DTYPES)
def test_every_shape_equals_torch(dtype_name: str) -> None:
    random = np.random.default_rng(len(dtype_name))
    for shape in SHAPES:
        for style in range(7):
            array = draw(random, dtype_name, shape, style)
            assert text_of(array) == repr(to_torch(array)), (shape, style)


@needs_torch
@pytest.mark.parametrize("dtype_name", ["float16", "bfloat16"])
def test_every_bit_pattern_equals_torch(dtype_name: str) -> None:
    patterns = np.arange(2**16, dtype=np.uint16).view(DTYPES[dtype_name]).reshape(-1, 256)
    for array in patterns:
        assert text_of(array) == repr(to_torch(array))


def test_signalling_nan_prints_without_warning() -> None:
    for bits, dtype in [(np.uint16(0x7F81), bfloat16), (np.uint32(0x7F800001), np.float32)]:
        assert text_of(bits.view(dtype))[:10] == "tensor(nan"


@needs_torch
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option_equals_torch(options: dict[str, Any]) -> None:
    random = np.random.default_rng(1)
    set_both(**options)
    assert printing.get_printoptions() == torch._tensor_str.get_printoptions()
    for dtype_name in DTYPES:
        for shape in [*SMALL_SHAPES, (7, 6, 30)]:
            array = draw(random, dtype_name, shape, int(random.integers(7)))
            assert text_of(array) == repr(to_torch(array)), (dtype_name, shape)


@needs_torch
@pytest.mark.parametrize("dtype_name", FLOATS + COMPLEX)
def test_gradient_suffixes_equal_torch(dtype_name: str) -> None:
    random = np.random.default_rng(2)
    for length in range(1, 24):
        array = draw(random, dtype_name, (length,), length % 7)
        tensor = to_torch(array).requires_grad_()
        assert text_of(array, requires_grad=True) == repr(tensor)
        made = tensor.clone()
        assert text_of(array, requires_grad=True, grad_fn_name="CloneBackward0") == repr(made)


@needs_torch
@pytest.mark.parametrize("default_dtype", FLOATS)
def test_default_dtype_decides_on_the_suffix(default_dtype: str) -> None:
    torch.set_default_dtype(getattr(torch, default_dtype))
    for dtype_name, dtype in DTYPES.items():
        for shape in [(), (2,), (0,), (0, 3)]:
            array = np.ones(shape, dtype)
            assert text_of(array, default_dtype) == repr(to_torch(array)), (dtype_name, shape)


@needs_torch
@pytest.mark.parametrize("dtype_name", DTYPES)
def test_meta_equals_torch(dtype_name: str) -> None:
    for shape in [(), (2, 3), (0,), (1000, 1000)]:
        text = printing.tensor_text(
            None,
            dtype_name=dtype_name,
            shape=shape,
            is_default_dtype=printing.is_implied_dtype(dtype_name, "float32"),
            device="meta",
        )
        tensor = torch.empty(shape, dtype=getattr(torch, dtype_name), device="meta")
        assert text == repr(tensor)


@needs_torch
@pytest.mark.parametrize("dtype_name", ["float32", "float64", "int64", "int32", "complex64"])
@pytest.mark.parametrize("count", [0, 1, 5, 1200])
@pytest.mark.parametrize("dense", [(), (3,), (0,)])
def test_sparse_equals_torch(dtype_name: str, count: int, dense: tuple[int, ...]) -> None:
    random = np.random.default_rng(count)
    shape = (50, 60, *dense)
    indices = random.integers(0, 50, (2, count))
    values = draw(random, dtype_name, (count, *dense), 0)
    tensor = torch.sparse_coo_tensor(
        torch.from_numpy(indices), torch.from_numpy(values), shape, check_invariants=False
    )
    wants_gradient = dtype_name in ("float32", "complex64")
    if wants_gradient:
        tensor.requires_grad_()
    text = printing.sparse_coo_text(
        indices,
        values,
        dtype_name=dtype_name,
        shape=shape,
        is_default_dtype=printing.is_implied_dtype(dtype_name, "float32"),
        requires_grad=wants_gradient,
    )
    assert text == repr(tensor)


@needs_torch
@pytest.mark.parametrize("spec", ["", ".2f", "d", ">12", "+.3e", "x", "%", "s"])
def test_format_equals_torch(spec: str) -> None:
    for value in [2.5, 3, True, 1 - 2j]:
        tensor = torch.tensor(value)
        expected, error = outcome(lambda t=tensor: format(t, spec))
        found, raised = outcome(lambda t=tensor: printing.format_spec(t, spec, item=t.item))
        assert (found, raised) == (expected, error)
    many = torch.tensor([1, 2])
    assert outcome(lambda: printing.format_spec(many, spec, item=None)) == outcome(
        lambda: format(many, spec)
    )


def outcome(action: Any) -> tuple[str | None, tuple[type, str] | None]:
    """Run an action; return its text, or the error's type and message."""
    try:
        return action(), None
    except (TypeError, ValueError) as error:
        return None, (type(error), str(error))
