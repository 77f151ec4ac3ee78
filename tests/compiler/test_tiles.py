"""Contractions on matrix tiles: as exact as float32, infinities included; where tiles exist."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from native_contractions import Native

from flambeau.compiler import contraction
from flambeau.compiler.contraction import host_machine
from flambeau.compiler.tiles import choice
from flambeau.compiler.tiles.batched import BatchedWindow
from flambeau.compiler.tiles.batched_weights import BatchedWeights
from flambeau.compiler.tiles.choice import on_tiles
from flambeau.ops import contraction as definition

pytestmark = pytest.mark.skipif(not host_machine("native").tiles, reason="no matrix tiles here")
DEFINITIONS = {name: getattr(definition, name).numpy
               for name in ("dot", "convolve", "convolve_input", "convolve_weight")}


@pytest.fixture(autouse=True)
def always_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take tiles even where vectors would be faster: small shapes show the same mistakes."""
    def forced(*args: Any) -> Any:
        product = on_tiles(*args)
        if product is not None:
            product.cost = 0.0
        return product
    monkeypatch.setattr(contraction, "on_tiles", forced)


def normal(*shape: int, seed: int = 0) -> Any:
    """Normal numbers in single precision."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape, dtype=np.float32)


def run(prim: str, a: Any, b: Any, params: dict[str, Any], pieces: int = 1) -> Any:
    """The result on tiles."""
    native = Native(prim, [a, b], params)
    assert native.tiles, native.made.plan
    with np.errstate(all="ignore"):
        shape = DEFINITIONS[prim](a, b, **params).shape
    out = np.full(shape, np.nan, np.float32)
    native(out, a, b, pieces)
    return out


def check(prim: str, a: Any, b: Any, params: dict[str, Any]) -> None:
    """No worse than a float32 product; the same bits however the units are shared out."""
    expected = DEFINITIONS[prim](a.astype(np.float64), b.astype(np.float64), **params)
    single = np.abs(DEFINITIONS[prim](a, b, **params) - expected).max()
    whole, pieces = run(prim, a, b, params), run(prim, a, b, params, 3)
    np.testing.assert_array_equal(whole, pieces)
    assert np.abs(whole - expected).max() <= 3 * single + 1e-6 * np.abs(expected).max()


def dims(ndim: int, a_turned: bool, b_turned: bool) -> dict[str, Any]:
    """Parameters of a (batched) product with operands perhaps transposed."""
    lead = ndim - 2
    batch = (tuple(range(lead)),) * 2
    return {"contract": ((lead + (not a_turned),), (lead + b_turned,)), "batch": batch}


@pytest.mark.parametrize("sizes", [(200, 136, 300), (513, 250, 129), (96, 600, 64),
                                   (70, 64, 5000), (3, 5, 7)])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_products(sizes: tuple[int, int, int], turned: tuple[bool, bool]) -> None:
    m, n, k = sizes
    a = normal(*((k, m) if turned[0] else (m, k)))
    b = normal(*((n, k) if turned[1] else (k, n)))
    check("dot", a, b, dims(2, *turned))


def test_batch() -> None:
    check("dot", normal(3, 130, 96), normal(3, 96, 160), dims(3, False, False))


@pytest.mark.parametrize("case", [
    ((3, 64, 20, 22), (48, 64, 3, 3), 1, 1, 1, 1),
    ((4, 96, 15, 40), (64, 96, 3, 3), 1, 1, 2, 1),
    ((2, 160, 24, 24), (96, 80, 3, 3), 1, 1, 1, 2),
    ((5, 63, 33, 37), (65, 63, 3, 3), 1, 0, 1, 1),
    ((4, 64, 40, 40), (128, 64, 3, 3), 2, 1, 1, 1),
    ((2, 40, 9, 11), (7, 40, 4, 2), 3, 2, 1, 1),
    ((3, 5, 6, 7), (4, 5, 3, 3), 1, 1, 1, 1),
    ((3, 5, 31), (4, 5, 3), 2, 1, 1, 1),
    ((4, 128, 24, 24), (128, 128, 1, 1), 1, 0, 1, 1)])
def test_convolutions(case: tuple[Any, ...]) -> None:
    x_shape, w_shape, stride, padding, dilation, groups = case
    rank = len(x_shape) - 2
    params = {"stride": (stride,) * rank, "padding": ((padding, padding),) * rank,
              "dilation": (dilation,) * rank, "groups": groups}
    x, w = normal(*x_shape), normal(*w_shape)
    size = definition.conv_output_shape(
        x_shape[2:], w_shape[2:], params["stride"], params["padding"], params["dilation"])
    g = normal(x_shape[0], w_shape[0], *size)
    for prim, a, b, more in (("convolve", x, w, {}),
                             ("convolve_input", g, w, {"size": x_shape[2:]}),
                             ("convolve_weight", x, g, {"kernel": w_shape[2:]})):
        check(prim, a, b, {**params, **more})


@pytest.mark.parametrize("case", [
    ((13, 40, 4, 4), (33, 40, 3, 3), 1, 1, 1, 1),
    ((28, 34, 9, 8), (20, 17, 3, 3), 2, 1, 1, 2),
    ((15, 33, 6, 5), (20, 33, 4, 2), 3, 2, 1, 1),
    ((16, 70, 5, 5), (130, 70, 3, 3), 1, 2, 2, 1),
    ((16, 40, 11), (24, 40, 3), 2, 1, 1, 1)])
def test_convolutions_of_sixteen_images(case: tuple[Any, ...],
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "cheaper", BatchedWindow)
    monkeypatch.setattr(choice, "cheaper_weights", BatchedWeights)
    test_convolutions(case)


def test_a_kernel_with_infinities_on_sixteen_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "cheaper", BatchedWindow)
    params = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    for infinite in (False, True):
        x, w = normal(16, 36, 4, 5), normal(20, 36, 3, 3)
        x[0, 3, 2, 0], x[5, 2, 3, 4] = np.inf, np.nan
        if infinite:
            w[4, 5, 0, 1] = -np.inf
        with np.errstate(all="ignore"):
            expected = DEFINITIONS["convolve"](x, w, **params)
        out = run("convolve", x, w, params)
        np.testing.assert_array_equal(np.isnan(out), np.isnan(expected))
        np.testing.assert_array_equal(np.isinf(out), np.isinf(expected))


def test_infinities_in_a_kernel_of_sixteen_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "cheaper_weights", BatchedWeights)
    params = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    x, g = normal(16, 36, 4, 5), normal(16, 20, 4, 5)
    x[0, 3, 2, 0], x[5, 2, 3, 4], g[2, 7, 0, 1] = np.inf, np.nan, -np.inf
    with np.errstate(all="ignore"):
        expected = DEFINITIONS["convolve_weight"](x, g, **params, kernel=(3, 3))
    out = run("convolve_weight", x, g, {**params, "kernel": (3, 3)})
    np.testing.assert_array_equal(np.isnan(out), np.isnan(expected))
    np.testing.assert_array_equal(np.isinf(out), np.isinf(expected))


@pytest.mark.parametrize("sizes", [(32, 512, 128), (70, 250, 300), (31, 1030, 125)])
@pytest.mark.parametrize("turned", [False, True])
def test_a_matrix_prepared_once(sizes: tuple[int, int, int], turned: bool) -> None:
    m, n, k = sizes
    b = normal(n, k).T if turned else normal(k, n)
    native = Native("dot", [normal(m, k), b], dims(2, False, False), fixed=True)
    assert native.made.fixed
    out = np.empty((m, n), np.float32)
    native.prepare(native.shared.ctypes.data, 0, b.ctypes.data, 0, native.made.prepare_units)
    for seed in range(2):
        a = normal(m, k, seed=seed)
        a[3, 5] = np.inf if seed else 0.0
        cut = native.made.units // 3
        native.part(out, a, b, cut, native.made.units)
        native.part(out, a, b, 0, cut)
        with np.errstate(all="ignore"):
            expected, single = a.astype(np.float64) @ b.astype(np.float64), a @ b
        np.testing.assert_array_equal(np.isfinite(out), np.isfinite(single))
        finite = np.isfinite(single)
        exact = expected[finite]
        error, limit = (np.abs(x[finite] - exact).max() for x in (out, single))
        assert error <= 3 * limit + 1e-6 * np.abs(exact).max()


def test_infinities_and_nans() -> None:
    a, b = normal(128, 256, seed=1), normal(256, 192, seed=2)
    a[3, 7], a[4, 9], b[5, 6], b[7, 8] = np.inf, np.nan, -np.inf, 0.0
    a[9, 20] = 3.4e38  # parts of large numbers stay finite
    b[20] *= 1e-30
    with np.errstate(all="ignore"):
        expected = a @ b
    out = run("dot", a, b, dims(2, False, False))
    np.testing.assert_array_equal(np.isnan(out), np.isnan(expected))
    np.testing.assert_array_equal(np.isinf(out), np.isinf(expected))
    finite = np.isfinite(expected)
    np.testing.assert_allclose(out[finite], expected[finite], rtol=1e-4, atol=1e-4)


def test_infinity_in_a_convolution() -> None:
    params = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    x, w, g = normal(2, 64, 20, 20), normal(48, 64, 3, 3), normal(2, 48, 20, 20)
    x[0, 3, 5, 0], g[1, 7, 0, 4], x[1, 2, 3, 4] = np.inf, -np.inf, np.nan
    for prim, a, b, more in (("convolve", x, w, {}), ("convolve_weight", x, g, {"kernel": (3, 3)})):
        with np.errstate(all="ignore"):
            expected = DEFINITIONS[prim](a, b, **params, **more)
        out = run(prim, a, b, {**params, **more})
        np.testing.assert_array_equal(np.isnan(out), np.isnan(expected))
        np.testing.assert_array_equal(np.isinf(out), np.isinf(expected))
