"""Contractions of the native compiler against their NumPy definitions."""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any

import numpy as np
import pytest
from compiler.native_contractions import Native
from hypothesis import given, settings
from hypothesis import strategies as st
from llvmlite import ir

import flambeau.ops.contraction as definition
from flambeau.compiler.contraction import host_machine

DEFINITIONS = {"dot": definition._dot_numpy, "convolve": definition._convolve_numpy,
               "convolve_input": definition._convolve_input_numpy,
               "convolve_weight": definition._convolve_weight_numpy}
LEVELS = ("native", "avx512", "avx2", "sse")
PLAIN = {"contract": ((1,), (0,)), "batch": ((), ())}


def normal(*shape: int, dtype: Any = np.float32, seed: int = 0) -> Any:
    """Normal numbers."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def check(prim: str, a: Any, b: Any, params: dict[str, Any], level: str = "native") -> Native:
    """Compare whole and in pieces; pieces must not change a bit."""
    expected = DEFINITIONS[prim](a, b, **params)
    native = Native(prim, [a, b], params, host_machine(level))
    tolerance = 1e-5 if a.dtype == np.float32 else 1e-13
    tolerance *= max(1.0, np.abs(expected).max(initial=0))
    results = []
    for pieces in (1, 3):
        out = np.full(expected.shape, np.nan, expected.dtype)
        results.append(native(out, a, b, pieces))
        np.testing.assert_allclose(out, expected, rtol=0, atol=tolerance)
    np.testing.assert_array_equal(*results)
    return native


def check_convolutions(x_shape: tuple[int, ...], w_shape: tuple[int, ...], stride: tuple[int, ...],
                       padding: tuple[tuple[int, int], ...], dilation: tuple[int, ...],
                       groups: int, level: str = "native", dtype: Any = np.float32) -> None:
    """A convolution and its two adjoints."""
    params = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    x, w = normal(*x_shape, dtype=dtype), normal(*w_shape, dtype=dtype)
    out = definition.conv_output_shape(x_shape[2:], w_shape[2:], stride, padding, dilation)
    g = normal(x_shape[0], w_shape[0], *out, dtype=dtype)
    check("convolve", x, w, params, level)
    check("convolve_input", g, w, {"size": x_shape[2:], **params}, level)
    check("convolve_weight", x, g, {"kernel": w_shape[2:], **params}, level)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("sizes", [(1, 1, 1), (3, 5, 7), (14, 33, 17), (64, 100, 50), (1, 70, 300),
                                   (300, 1, 40), (2, 3, 1000), (130, 70, 600)])
def test_matrix_products(sizes: tuple[int, int, int], level: str) -> None:
    m, n, k = sizes
    for left_turned in (False, True):
        for right_turned in (False, True):
            a = normal(k, m).T if left_turned else normal(m, k)
            b = normal(n, k).T if right_turned else normal(k, n)
            check("dot", a, b, PLAIN, level)


@pytest.mark.parametrize("sizes", [(0, 3, 4), (3, 0, 4), (3, 4, 0)])
def test_empty_products(sizes: tuple[int, int, int]) -> None:
    m, n, k = sizes
    check("dot", normal(m, k), normal(k, n), PLAIN)


@pytest.mark.parametrize("level", LEVELS)
def test_double_precision_product(level: str) -> None:
    check("dot", normal(37, 65, dtype=np.float64), normal(65, 41, dtype=np.float64), PLAIN, level)


def test_batches_and_permuted_operands() -> None:
    batched = {"contract": ((2,), (1,)), "batch": ((0,), (0,))}
    check("dot", normal(5, 16, 33), normal(5, 33, 20), batched)
    check("dot", normal(5, 16, 33), normal(5, 20, 33).transpose(0, 2, 1), batched)
    heads = normal(2, 12, 3, 16).transpose(0, 2, 1, 3)
    scores = {"contract": ((3,), (3,)), "batch": ((0, 1), (0, 1))}
    check("dot", heads, normal(2, 12, 3, 16, seed=1).transpose(0, 2, 1, 3), scores)
    crossed = {"contract": ((1, 2), (2, 0)), "batch": ((), ())}
    check("dot", normal(4, 5, 6), normal(6, 7, 5), crossed)
    check("dot", normal(4, 5, 6), normal(3, 4, 7), {"contract": ((0,), (1,)), "batch": ((), ())})
    check("dot", normal(9), normal(9), {"contract": ((0,), (0,)), "batch": ((), ())})
    check("dot", normal(9), normal(8), {"contract": ((), ()), "batch": ((), ())})
    lanes = {"contract": ((1,), (1,)), "batch": ((), ())}  # a tile over both free dimensions
    check("dot", normal(2, 3), normal(4, 3, 5).transpose(2, 1, 0), lanes)
    spread = np.broadcast_to(normal(1, 20), (12, 20))
    check("dot", spread, normal(20, 18), PLAIN)


def test_long_reductions_are_split() -> None:
    assert check("dot", normal(100_000, 3).T, normal(100_000, 5), PLAIN).made.finish_units


NONE, ONE, TWO = ((0, 0), (0, 0)), ((1, 1), (1, 1)), ((2, 2), (2, 2))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", [
    ((2, 40, 14, 14), (48, 40, 3, 3), (1, 1), ONE, (1, 1), 1),
    ((3, 1, 28, 28), (6, 1, 5, 5), (1, 1), TWO, (1, 1), 1),
    ((3, 6, 14, 14), (16, 6, 5, 5), (1, 1), NONE, (1, 1), 1),
    ((9, 16, 5, 5), (20, 16, 5, 5), (1, 1), NONE, (1, 1), 1),
    ((2, 8, 11, 13), (12, 4, 3, 5), (2, 3), ((1, 2), (0, 3)), (2, 1), 2),
    ((2, 10, 15, 15), (10, 1, 3, 3), (2, 2), ONE, (1, 1), 10)], ids=str)
def test_convolutions_on_every_machine(case: tuple[Any, ...], level: str) -> None:
    check_convolutions(*case, level=level)


@pytest.mark.parametrize("case", [
    ((2, 3, 30, 30), (32, 3, 7, 7), (2, 2), ((3, 3), (3, 3)), (1, 1), 1),
    ((2, 20, 14, 14), (20, 1, 3, 3), (1, 1), ONE, (1, 1), 20),
    ((2, 32, 8, 8), (48, 32, 1, 1), (1, 1), NONE, (1, 1), 1),
    ((2, 32, 8, 8), (48, 32, 1, 1), (2, 2), NONE, (1, 1), 1),
    ((2, 17, 70, 70), (5, 17, 1, 1), (1, 1), NONE, (1, 1), 1),
    ((2, 5, 40), (7, 5, 3), (1,), ((1, 1),), (1,), 1),
    ((2, 5, 40), (7, 5, 4), (3,), ((2, 0),), (2,), 1),
    ((1, 20, 9000), (3, 20, 5), (1,), ((2, 2),), (1,), 1),
    ((1, 40, 9000), (3, 40, 5), (2,), ((2, 1),), (1,), 1),
    ((1, 40, 9000), (32, 40, 5), (2,), ((2, 1),), (1,), 1),
    ((2, 3, 6, 7, 8), (5, 3, 3, 2, 3), (1, 2, 1), ((1, 1), (0, 0), (1, 0)), (1, 1, 2), 1),
    ((2, 4, 9, 9), (3, 4, 3, 3), (1, 1), ((-1, 1), (2, -2)), (1, 1), 1),
    ((1, 3, 5, 5), (2, 3, 3, 3), (3, 3), NONE, (1, 1), 1),
    ((1, 2, 3, 3), (4, 2, 2, 2), (4, 4), ONE, (1, 1), 1),
    ((2, 3, 4, 4), (4, 3, 4, 4), (2, 2), NONE, (1, 1), 1),
    ((1, 600, 9, 9), (33, 600, 3, 3), (1, 1), ONE, (1, 1), 1),
    ((0, 3, 5, 5), (2, 3, 3, 3), (1, 1), ONE, (1, 1), 1)], ids=str)
def test_convolutions(case: tuple[Any, ...]) -> None:
    check_convolutions(*case)


def test_large_images_are_cut_into_bands() -> None:
    check_convolutions((1, 20, 130, 130), (16, 20, 3, 3), (1, 1), ONE, (1, 1), 1)


def test_double_precision_convolutions() -> None:
    check_convolutions((2, 3, 9, 20), (6, 1, 3, 3), (1, 2), ONE, (1, 1), 3, dtype=np.float64)


def test_permuted_image() -> None:
    params = {"stride": (1, 1), "padding": ONE, "dilation": (1, 1), "groups": 1}
    x = normal(2, 9, 10, 5).transpose(0, 3, 1, 2)
    check("convolve", x, normal(4, 5, 3, 3), params)
    check("convolve_weight", x, normal(2, 4, 9, 10), {"kernel": (3, 3), **params})
    check("convolve_input", normal(2, 9, 10, 4).transpose(0, 3, 1, 2), normal(4, 5, 3, 3),
          {"size": (9, 10), **params})


def at_page_end(array: Any) -> Any:
    """A copy that ends where readable memory ends."""
    page = mmap.PAGESIZE
    room = -(-max(array.nbytes, 1) // page) * page
    memory = mmap.mmap(-1, room + page)
    whole = np.frombuffer(memory, np.uint8)
    library = ctypes.CDLL(None, use_errno=True)
    library.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    assert library.mprotect(whole.ctypes.data + room, page, 0) == 0
    copy = whole[room - array.nbytes:room].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="protects pages by mprotect")
@pytest.mark.parametrize("level", LEVELS)
def test_nothing_is_read_behind_an_operand(level: str) -> None:
    for m, n, k in ((5, 7, 9), (40, 37, 50), (1, 100, 3), (3, 2, 100)):
        a, b = at_page_end(normal(m, k)), at_page_end(normal(k, n))
        turned_a, turned_b = at_page_end(normal(k, m)).T, at_page_end(normal(n, k)).T
        for left in (a, turned_a):
            for right in (b, turned_b):
                check("dot", left, right, PLAIN, level)
    for x_shape, w_shape, stride, pad in (
            ((2, 3, 9, 21), (5, 3, 3, 3), 1, 1), ((2, 20, 9, 16), (33, 20, 3, 3), 1, 0),
            ((1, 4, 11, 19), (4, 4, 3, 3), 2, 1), ((1, 40, 33, 33), (20, 40, 1, 1), 1, 0)):
        params = {"stride": (stride,) * 2, "padding": ((pad, pad),) * 2, "dilation": (1, 1),
                  "groups": 1}
        x, w = at_page_end(normal(*x_shape)), at_page_end(normal(*w_shape))
        g = at_page_end(definition._convolve_numpy(x, w, **params))
        check("convolve", x, w, params, level)
        check("convolve_input", g, w, {"size": x_shape[2:], **params}, level)
        check("convolve_weight", x, g, {"kernel": w_shape[2:], **params}, level)


def test_infinity_stays_where_it_is() -> None:
    params = {"stride": (1, 1), "padding": ONE, "dilation": (1, 1), "groups": 1}
    x = normal(2, 3, 9, 21)
    x[0, 1, 4, 20] = np.inf
    g = normal(2, 4, 9, 21)
    for prim, operands, more in (("convolve", (x, normal(4, 3, 3, 3)), {}),
                                 ("convolve_weight", (x, g), {"kernel": (3, 3)})):
        native = Native(prim, list(operands), {**params, **more})
        expected = DEFINITIONS[prim](*operands, **params, **more)
        out = native(np.empty_like(expected), *operands)
        np.testing.assert_array_equal(np.isfinite(out), np.isfinite(expected))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.data())
def test_generated_convolutions(data: Any) -> None:
    rank = data.draw(st.integers(1, 2))
    groups = data.draw(st.sampled_from([1, 1, 2, 3]))
    channels, outputs = (groups * data.draw(st.integers(1, 9)) for _ in range(2))
    kernel, stride, dilation, size, padding = [], [], [], [], []
    for _ in range(rank):
        kernel.append(data.draw(st.integers(1, 4)))
        stride.append(data.draw(st.integers(1, 3)))
        dilation.append(data.draw(st.integers(1, 2)))
        padding.append((data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))))
        reach = dilation[-1] * (kernel[-1] - 1) + 1 - sum(padding[-1])
        size.append(data.draw(st.integers(max(1, reach), max(1, reach) + 24)))
    level = data.draw(st.sampled_from(LEVELS))
    check_convolutions((data.draw(st.integers(1, 3)), channels, *size),
                       (outputs, channels // groups, *kernel), tuple(stride), tuple(padding),
                       tuple(dilation), groups, level)


class BiasRelu:
    """max(value + bias, 0), the bias by row of the output or by column."""

    pointers = 1

    def __init__(self, channels: int, by_row: bool, columns: int = 0) -> None:
        self.channels, self.by_row, self.columns = channels, by_row, columns

    def load(self, builder: ir.IRBuilder, arguments: Any, m_index: Any, n_index: Any, value: Any,
             mask: Any) -> Any:
        """Add one channel's bias lane by lane."""
        kind = value.type
        lanes = kind.count if isinstance(kind, ir.VectorType) else 1
        element = kind.element if lanes > 1 else kind
        index, total = ir.IntType(32), value
        for lane in range(lanes):
            along = not self.by_row or self.columns == 1
            step = ir.Constant(m_index.type, lane if along else 0)
            place = builder.add(m_index if self.by_row else n_index, step)
            place = builder.urem(place, ir.Constant(place.type, self.channels))
            pointer = builder.gep(arguments[0], [place], source_etype=element)
            bias = builder.load(pointer, typ=element)
            if lanes == 1:
                total = builder.fadd(value, bias)
            else:
                old = builder.extract_element(total, index(lane))
                total = builder.insert_element(total, builder.fadd(old, bias), index(lane))
        zero = ir.Constant(kind, None)
        return builder.select(builder.fcmp_unordered("<", total, zero), zero, total)


@pytest.mark.parametrize("sizes", [(20, 37, 30), (300, 8, 40), (4, 3, 500)])
def test_epilogue_of_a_product(sizes: tuple[int, int, int]) -> None:
    m, n, k = sizes
    a, b, bias = normal(m, k), normal(k, n), normal(n, seed=1)
    native = Native("dot", [a, b], PLAIN, epilogue=BiasRelu(n, by_row=False))
    out = native(np.empty((m, n), np.float32), a, b, 2, (bias,))
    np.testing.assert_allclose(out, np.maximum(a @ b + bias, 0), rtol=0, atol=1e-4)


@pytest.mark.parametrize("case", [
    ("convolve", (2, 8, 10, 10), (32, 8, 3, 3), 1), ("convolve", (2, 2, 10, 10), (3, 2, 3, 3), 1),
    ("convolve", (6, 2, 3, 3), (40, 2, 3, 3), 0),
    ("convolve_input", (2, 5, 9, 9), (7, 5, 4, 4), 1)])
def test_epilogue_of_a_convolution(case: tuple[str, tuple[int, ...], tuple[int, ...], int]) -> None:
    prim, x_shape, w_shape, pad = case
    turned = prim == "convolve_input"
    params: dict[str, Any] = {"stride": (2, 2) if turned else (1, 1), "padding": ((pad, pad),) * 2,
                              "dilation": (1, 1), "groups": 1}
    if turned:
        params["size"] = (18, 18)
        w_shape = (w_shape[1], w_shape[0], *w_shape[2:])
    x, w = normal(*x_shape), normal(*w_shape)
    expected = DEFINITIONS[prim](x, w, **params)
    bias = normal(expected.shape[1], seed=1)
    columns = expected[0, 0].size
    native = Native(prim, [x, w], params, epilogue=BiasRelu(bias.size, True, columns))
    out = native(np.empty_like(expected), x, w, 2, (bias,))
    expected = np.maximum(expected + bias[:, None, None], 0)
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-4)


def test_epilogue_of_partial_sums() -> None:
    params = {"stride": (1, 1), "padding": ONE, "dilation": (1, 1), "groups": 1}
    x, g = normal(64, 3, 20, 20), normal(64, 4, 20, 20)
    bias = normal(4, seed=1)
    native = Native("convolve_weight", [x, g], {"kernel": (3, 3), **params},
                    epilogue=BiasRelu(4, by_row=True))
    assert native.made.finish_units
    out = native(np.empty((4, 3, 3, 3), np.float32), x, g, 2, (bias,))
    expected = definition._convolve_weight_numpy(x, g, (3, 3), **params)
    expected = np.maximum(expected + bias[:, None, None, None], 0)
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-2)
