"""What a row of the table of layers is; its layer and inputs are made for either library."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from samples.define import T


@dataclass(frozen=True)
class Layer:
    """One layer with its arguments; arrays are written as `T(shape)`.

    Args:
        name: the class below `nn`, such as "Linear".
        args, kwargs: those of the constructor. `Layer` among them stands for a layer.
        inputs: arguments of the call. Default: one array of shape `shape`.
        shape: the shape of the only input.
        options: keyword arguments of the call.
        eval: compare in evaluation mode.
        seed: set before the layer is made; seed + 1 before it is called.
        names: compare the names of the tape entries too. Default: True.
        tolerance: relative and absolute.
        errors: what to change (fields of this class) so that construction or call fails.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] | None = None
    inputs: tuple[Any, ...] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    eval: bool = False
    seed: int = 7
    names: bool = True
    tolerance: float = 2e-5
    errors: tuple[dict[str, Any], ...] = ()

    def changed(self, changes: dict[str, Any]) -> Layer:
        """The row with other fields and without errors."""
        return replace(self, errors=(), **changes)

    def __str__(self) -> str:
        shown = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.kwargs.items()]
        return f"{self.name}({', '.join(shown)})"[:60]


def made(lib: Any, row: Layer) -> Any:
    """The layer in a library."""
    def arg(x: Any) -> Any:
        if isinstance(x, Layer):
            return made(lib, x)
        if isinstance(x, T):
            values = x.array(np.random.default_rng(0), "float32")
            return lib.tensor(values).to(getattr(lib, x.dtype or "float32"))
        if isinstance(x, (tuple, list)):
            return type(x)(arg(y) for y in x)
        return x
    make = getattr(lib.nn, row.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers with an old name
        return make(*[arg(a) for a in row.args], **{k: arg(v) for k, v in row.kwargs.items()})


def inputs_of(lib: Any, row: Layer) -> tuple[list[Any], dict[str, Any], list[Any]]:
    """Arguments of the call, and the tensors among them that require grad."""
    rng = np.random.default_rng(row.seed)
    leaves: list[Any] = []

    def arg(x: Any) -> Any:
        if isinstance(x, (tuple, list)):
            return type(x)(arg(y) for y in x)
        if not isinstance(x, T):
            return x
        name = x.dtype or "float32"
        t = lib.tensor(x.array(rng, name)).to(getattr(lib, name))
        if x.grad and name.startswith(("float", "bfloat", "complex")):
            t.requires_grad_()
            leaves.append(t)
        return t
    given = row.inputs if row.inputs is not None else (T(row.shape or ()),)
    args = [arg(x) for x in given]
    kwargs = {k: arg(v) for k, v in row.options.items()}
    return args, kwargs, leaves
