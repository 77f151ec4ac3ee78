"""Layers beside PyTorch: one row per layer, gathered from every layer_rows_<family>.py.

A row gives the arguments of the constructor and of the call. Both libraries start from the same
seed; what they print, save, return and differentiate must agree.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nn.layer_row import Layer, inputs_of, made

import flambeau

FOLDER = Path(__file__).parent
NAMES = sorted(p.stem for p in FOLDER.glob("layer_rows_*.py"))
LAYERS: list[Layer] = [row for name in NAMES for row in importlib.import_module(f"nn.{name}").ROWS]
by_layer = pytest.mark.parametrize("row", LAYERS, ids=[f"{i}-{r}" for i, r in enumerate(LAYERS)])


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


def quietly(function: Any, *args: Any) -> Any:
    """The result, or the exception that was raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args)
        except Exception as error:
            return error


def numpy(t: Any) -> Any:
    return t.detach().numpy() if hasattr(t, "detach") else t


def flat(x: Any) -> list[Any]:
    if isinstance(x, (tuple, list)):
        return [z for y in x for z in flat(y)]
    return [x]


def shown(default: Any) -> str:
    """A default as text: functions by their names."""
    name = getattr(default, "__name__", None)
    return name or str(default).replace("flambeau", "torch")


def words(error: Exception) -> list[str]:
    """What the first line of a message says, in no order."""
    return sorted(re.split(r"[\s,{}]+", str(error).split("\n")[0]))


def close(ours: Any, theirs: Any, row: Layer, what: str) -> None:
    a, b = flat(ours), flat(theirs)
    assert len(a) == len(b), what
    for x, y in zip(a, b, strict=True):
        if y is None or x is None:
            assert x is None and y is None, f"{what}: {x} instead of {y}"
            continue
        if hasattr(y, "dtype"):
            assert str(x.dtype) == str(y.dtype), what
            assert tuple(x.shape) == tuple(y.shape), what
        np.testing.assert_allclose(numpy(x), numpy(y), rtol=row.tolerance, atol=row.tolerance,
                                   err_msg=what)


def run(lib: Any, row: Layer) -> dict[str, Any]:
    """Everything that is compared."""
    lib.manual_seed(row.seed)
    layer = made(lib, row)
    if row.eval:
        layer.eval()
    args, kwargs, leaves = inputs_of(lib, row)
    first = repr(layer)
    lib.manual_seed(row.seed + 1)
    result = layer(*args, **kwargs)
    outs = [o for o in flat(result) if hasattr(o, "requires_grad") and o.requires_grad]
    rng = np.random.default_rng(1)
    seeds = [lib.tensor(rng.uniform(-1, 1, tuple(o.shape))).to(o.dtype) for o in outs]
    targets = [*leaves, *[p for p in layer.parameters() if p.requires_grad]]
    grads = lib.autograd.grad(outs, targets, seeds, allow_unused=True) if outs and targets else ()
    return {"repr": (first, repr(layer)), "state": dict(layer.state_dict()), "result": result,
            "grads": list(grads), "names": [type(o.grad_fn).__name__ for o in outs],
            "training": layer.training, "children": [n for n, _ in layer.named_modules()]}


@pytest.mark.torch
@by_layer
def test_like_torch(row: Layer, torch: Any) -> None:
    theirs = quietly(run, torch, row)
    ours = quietly(run, flambeau, row)
    if isinstance(theirs, Exception):
        raise AssertionError("the row does not run in PyTorch") from theirs
    if isinstance(ours, Exception):
        raise ours
    for key in ("repr", "training", "children"):
        assert ours[key] == theirs[key], key
    if row.names:
        assert ours["names"] == theirs["names"]
    assert list(ours["state"]) == list(theirs["state"])
    for name, value in theirs["state"].items():
        close(ours["state"][name], value, row, f"state {name}")
    close(ours["result"], theirs["result"], row, "result")
    close(ours["grads"], theirs["grads"], row, "gradients")


@pytest.mark.torch
@by_layer
def test_attributes(row: Layer, torch: Any) -> None:
    """The same public attributes, constants and signature of the constructor."""
    ours, theirs = made(flambeau, row), made(torch, row)
    assert getattr(ours, "__constants__", None) == getattr(theirs, "__constants__", None)
    for name, value in vars(theirs).items():
        if name.startswith("_") or name == "training":
            continue
        if isinstance(value, (int, float, str, tuple, list, type(None))):
            assert getattr(ours, name) == value, name
    a, b = (inspect.signature(type(m).__init__).parameters for m in (ours, theirs))
    assert [(n, p.kind, shown(p.default)) for n, p in a.items()] == [
        (n, p.kind, shown(p.default)) for n, p in b.items()]
    assert type(ours).__module__.replace("flambeau", "torch") == type(theirs).__module__


@pytest.mark.torch
@by_layer
def test_errors(row: Layer, torch: Any) -> None:
    for changes in row.errors:
        wrong = row.changed(changes)
        theirs, ours = quietly(run, torch, wrong), quietly(run, flambeau, wrong)
        assert isinstance(theirs, Exception), f"{wrong}: PyTorch accepts it"
        assert isinstance(ours, Exception), f"{wrong}: accepted; PyTorch raises {theirs!r}"
        assert isinstance(ours, type(theirs)), f"{ours!r} instead of {theirs!r}"
        # the elements of a set print in any order
        assert words(ours) == words(theirs)


@by_layer
def test_copies(row: Layer) -> None:
    """A deep copy and a pickled one have the same state and give the same result."""
    flambeau.manual_seed(row.seed)
    layer = made(flambeau, row).eval()
    args, kwargs, _ = inputs_of(flambeau, row)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flambeau.manual_seed(row.seed)
        first = layer(*args, **kwargs)
        for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            assert repr(twin) == repr(layer)
            flambeau.manual_seed(row.seed)
            for a, b in zip(flat(twin(*args, **kwargs)), flat(first), strict=True):
                np.testing.assert_array_equal(numpy(a), numpy(b))


