"""Tests over the table of samples: flambeau beside PyTorch, and gradients by differences."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from samples import rows
from samples.define import Case, Row, build, call, flat, rng_for

import flambeau

ROWS = rows()
TOLERANCE = {"float64": 1e-9, "float32": 2e-5, "float16": 4e-3, "bfloat16": 3e-2,
             "complex64": 2e-5, "complex128": 1e-9}
by_row = pytest.mark.parametrize("row", ROWS, ids=[r.id for r in ROWS])


def outcome(lib: Any, row: Row, index: int, case: Case, dtype: str, layout: str = "contiguous",
            grad: bool = False) -> tuple[Any, list[Any]]:
    """The result of a call (or the exception it raised) and the leaves it came from."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        args, kwargs, leaves = build(lib, row, index, case, dtype, layout, grad)
        try:
            return call(lib, row, args, kwargs), leaves
        except Exception as error:
            return error, leaves


def as_numpy(t: Any) -> Any:
    """Values of a tensor of either library; bfloat16 widened."""
    if hasattr(t, "detach"):
        t = t.detach()
        if hasattr(t, "_is_zerotensor") and t._is_zerotensor():
            t = t.clone()
        if "bfloat16" in str(t.dtype):
            t = t.float()
        if t.is_conj() if hasattr(t, "is_conj") else False:
            t = t.resolve_conj()
        return np.array(t.numpy())
    return np.asarray(t)


def compare(ours: Any, theirs: Any, dtype: str, scale: float, what: str) -> None:
    """Same structure, shapes, dtypes; values within the tolerance of the dtype."""
    a, b = flat(ours), flat(theirs)
    assert len(a) == len(b), f"{what}: {len(a)} results, PyTorch gives {len(b)}"
    for x, y in zip(a, b, strict=True):
        if not hasattr(y, "detach"):
            assert not hasattr(x, "detach"), f"{what}: {x!r}, PyTorch gives {y!r}"
            if isinstance(y, float):
                assert np.isclose(x, y, rtol=1e-6, equal_nan=True), f"{what}: {x} != {y}"
            else:
                assert str(x) == str(y), f"{what}: {x} != {y}"
            continue
        assert str(x.dtype) == str(y.dtype), f"{what}: {x.dtype}, PyTorch gives {y.dtype}"
        assert tuple(x.shape) == tuple(y.shape), f"{what}: {x.shape}, PyTorch gives {y.shape}"
        name = str(y.dtype).removeprefix("torch.")
        loosest = max(TOLERANCE.get(name, 0), TOLERANCE.get(dtype, 0) if name in TOLERANCE else 0)
        tolerance = loosest * scale
        u, v = as_numpy(x), as_numpy(y)
        size = np.max(np.abs(v[np.isfinite(v)]), initial=1) if v.dtype.kind in "fc" else 1
        np.testing.assert_allclose(u, v, rtol=tolerance, atol=tolerance * float(size), err_msg=what)


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.mark.torch
@by_row
def test_values(row: Row, torch: Any) -> None:
    for dtype in row.dtypes:
        for index, case in enumerate(row.cases):
            for layout in row.layouts:
                what = f"{row.path} case {index} {dtype} {layout}"
                theirs, _ = outcome(torch, row, index, case, dtype, layout)
                ours, _ = outcome(flambeau, row, index, case, dtype, layout)
                if isinstance(theirs, Exception):
                    assert isinstance(ours, Exception), f"{what}: PyTorch raises {theirs!r}"
                    continue
                if isinstance(ours, Exception):
                    raise AssertionError(what) from ours
                compare(ours, theirs, dtype, row.tolerance, what)
                if row.repr_equal:
                    assert repr(ours) == repr(theirs), what


def seeds(outs: list[Any], lib: Any, rng: np.random.Generator) -> list[Any]:
    """Random cotangents, the same for both libraries."""
    made = []
    for o in outs:
        value = rng.uniform(-1, 1, tuple(o.shape))
        if "complex" in str(o.dtype):
            value = value + 1j * rng.uniform(-1, 1, tuple(o.shape))
        made.append(lib.tensor(value).to(o.dtype))
    return made


def gradients(lib: Any, row: Row, index: int, case: Case, dtype: str,
              second: bool) -> tuple[Any, ...] | Exception:
    """First gradients, second gradients, and the names of the tape entries; or what was raised."""
    result, leaves = outcome(lib, row, index, case, dtype, grad=True)
    if isinstance(result, Exception):
        return result
    outs = [o for o in flat(result) if hasattr(o, "requires_grad") and o.requires_grad]
    if not outs or not leaves:
        return (), (), []
    names = [type(o.grad_fn).__name__ for o in outs]
    rng = rng_for(row, index + 1000, dtype)
    try:
        first = lib.autograd.grad(outs, leaves, seeds(outs, lib, rng), create_graph=second,
                                  allow_unused=True)
        flambeau.sync()
    except NotImplementedError as error:
        return error
    if not second:
        return first, (), names
    live = [g for g in first if g is not None and g.requires_grad]
    again = (lib.autograd.grad(live, leaves, seeds(live, lib, rng), allow_unused=True)
             if live else ())
    return first, again, names


def zeros_for_none(values: Any, others: Any) -> list[Any]:
    """None and zeros mean the same gradient."""
    return [np.zeros(tuple(o.shape)) if v is None and o is not None else
            (None if v is None else as_numpy(v)) for v, o in zip(values, others, strict=True)]


@pytest.mark.torch
@by_row
def test_gradients(row: Row, torch: Any) -> None:
    if not row.grad:
        pytest.skip("no gradient")
    for index, case in enumerate(row.cases):
        for dtype in [d for d in row.dtypes if d in ("float64", "complex128")]:
            theirs = gradients(torch, row, index, case, dtype, row.second)
            ours = gradients(flambeau, row, index, case, dtype, row.second)
            if isinstance(theirs, Exception):
                assert isinstance(ours, Exception), f"{row.path}: PyTorch raises {theirs!r}"
                continue
            if isinstance(ours, Exception):
                raise AssertionError(f"{row.path} case {index} {dtype}") from ours
            assert ours[2] == theirs[2], f"{row.path} case {index}: {ours[2]}, {theirs[2]}"
            for order in range(1 + row.second):
                if len(ours[order]) != len(theirs[order]):
                    present = ours[order] or theirs[order]
                    assert all(g is None or not as_numpy(g).any() for g in present), (
                        f"{row.path} case {index}: order {order + 1} is missing on one side")
                    continue
                a = zeros_for_none(ours[order], theirs[order])
                b = zeros_for_none(theirs[order], ours[order])
                for k, (x, y) in enumerate(zip(a, b, strict=True)):
                    if x is None and y is None:
                        continue
                    np.testing.assert_allclose(
                        x, y, rtol=1e-7 * row.tolerance, atol=1e-7 * row.tolerance,
                        err_msg=f"{row.path} case {index}: gradient {order + 1} of input {k}")


@pytest.mark.torch
@by_row
def test_errors(row: Row, torch: Any) -> None:
    for index, error in enumerate(row.errors):
        theirs, _ = outcome(torch, row, index, error.case, "float32")
        ours, _ = outcome(flambeau, row, index, error.case, "float32")
        assert isinstance(theirs, Exception), f"{row.path} error {index}: PyTorch accepts it"
        assert isinstance(ours, Exception), f"{row.path} error {index} accepted; {theirs!r}"
        assert type(ours).__name__ == type(theirs).__name__ or isinstance(
            ours, type(theirs)) or isinstance(theirs, type(ours)), (
            f"{row.path} error {index}: {ours!r}, PyTorch raises {theirs!r}")
        if error.text:
            assert str(ours).split("\n")[0] == str(theirs).split("\n")[0], f"{row.path} {index}"


@by_row
def test_gradients_by_differences(row: Row) -> None:
    """Along one random direction, without any other library."""
    checked = row.grad and row.differences and not row.path.endswith("_")
    if not checked or "float64" not in row.dtypes:
        pytest.skip("no gradient")
    for index, case in enumerate(row.cases):
        result, leaves = outcome(flambeau, row, index, case, "float64", grad=True)
        if isinstance(result, Exception):
            raise AssertionError(f"{row.path} case {index}") from result
        outs = [o for o in flat(result) if hasattr(o, "requires_grad") and o.requires_grad]
        if not outs or not leaves:
            continue
        rng = rng_for(row, index + 2000, "float64")
        cts = [rng.uniform(-1, 1, tuple(o.shape)) for o in outs]
        if any(o.dtype.is_complex for o in outs):
            continue
        grads = flambeau.autograd.grad(outs, leaves, [flambeau.tensor(c).to(o.dtype)
                                                      for c, o in zip(cts, outs, strict=True)],
                                       allow_unused=True)
        ways = [rng.uniform(-1, 1, tuple(t.shape)) for t in leaves]
        analytic = sum(float((as_numpy(g) * w).sum()) for g, w in zip(grads, ways, strict=True)
                       if g is not None)
        step = 1e-6
        ends = []
        for sign in (1, -1):
            args, kwargs, moved = build(flambeau, row, index, case, "float64", grad=True)
            for t, w in zip(moved, ways, strict=True):
                t.data.copy_(flambeau.tensor(as_numpy(t) + sign * step * w))
            again = [o for o in flat(call(flambeau, row, args, kwargs))
                     if hasattr(o, "requires_grad") and o.requires_grad]
            ends.append(sum(float((as_numpy(o) * c).sum())
                            for o, c in zip(again, cts, strict=True)))
        numeric = (ends[0] - ends[1]) / (2 * step)
        scale = max(1.0, abs(analytic))
        if np.isfinite(analytic):
            assert abs(numeric - analytic) <= 2e-4 * scale * row.tolerance, (
                f"{row.path} case {index}: {analytic} against differences {numeric}")
