"""What a row of the table of samples is, and how its arguments are made for either library.

A row names a function by its path (`add`, `nn.functional.relu`, `Tensor.index_add_`) and lists
cases: argument lists whose arrays are written as `T(shape)`. The generic tests in test_samples.py
call it in flambeau and in PyTorch, on several dtypes and memory layouts, and compare everything.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FLOATS = ("float32", "float64")
REDUCED = ("float16", "bfloat16")
INTS = ("int64", "int32", "uint8")
ALL = (*FLOATS, *REDUCED, *INTS, "bool")
COMPLEX = ("complex64", "complex128")


@dataclass(frozen=True)
class T:
    """An array argument.

    Args:
        shape: its sizes.
        dtype: fixed dtype name; None: the dtype that the row is run with.
        low, high: range of the values (integers: high is exclusive).
        grad: whether it takes part in gradient checks (floating-point ones do by default).
        values: explicit values instead of random ones.
        unique: distinct values, for functions that choose (max, sort).
    """

    shape: Sequence[int] = ()
    dtype: str | None = None
    low: float = -2.0
    high: float = 2.0
    grad: bool = True
    values: Any = None
    unique: bool = False

    def array(self, rng: np.random.Generator, dtype: str) -> np.ndarray:
        """The values, as float64, int64 or bool; converted to the dtype by the library."""
        name = self.dtype or dtype
        if self.values is not None:
            return np.array(self.values)
        shape = tuple(self.shape)
        if name == "bool":
            return rng.integers(0, 2, shape).astype(bool)
        if name.startswith(("int", "uint")):
            low = max(int(self.low), 0) if name.startswith("uint") else int(self.low)
            return rng.integers(low, max(int(self.high), low + 1), shape)
        if self.unique:
            n = int(np.prod(shape, dtype=np.int64))
            steps = rng.permutation(n) / max(n, 1)
            return (self.low + (self.high - self.low) * steps).reshape(shape)
        real = rng.uniform(self.low, self.high, shape)
        if name.startswith("complex"):
            return real + 1j * rng.uniform(self.low, self.high, shape)
        return real


@dataclass(frozen=True)
class Case:
    """One argument list."""

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


def C(*args: Any, **kwargs: Any) -> Case:
    """A case with these arguments; arrays are written as `T`, dtypes as `D("float64")`."""
    return Case(args, kwargs)


@dataclass(frozen=True)
class D:
    """A dtype argument, by name."""

    name: str


@dataclass(frozen=True)
class Error:
    """An argument list that must raise the same exception type in both libraries.

    Args:
        case: the arguments.
        text: compare the message too. Default: True.
    """

    case: Case
    text: bool = True


@dataclass(frozen=True)
class Row:
    """One function of the table.

    Args:
        path: dotted path below the library; `Tensor.x` calls the method of the first argument.
        cases: argument lists.
        dtypes: dtypes to run with.
        grad: check gradients; second: and second gradients.
        errors: argument lists that must fail alike.
        tolerance: scales the default tolerances.
        seed: set this seed before each call (functions that draw random numbers).
        select: picks what to compare out of the result (for instance leaving out signs of vectors).
        repr_equal: compare the printed result too (exact arithmetic only).
        differences: check gradients by differences (not at kinks, nor where PyTorch's gradient is
            not the derivative, nor where the call warns).
    """

    path: str
    cases: Sequence[Case]
    dtypes: Sequence[str] = FLOATS
    grad: bool = True
    second: bool = True
    errors: Sequence[Error] = ()
    tolerance: float = 1.0
    seed: int | None = None
    select: Callable[[Any], Any] | None = None
    repr_equal: bool = False
    layouts: Sequence[str] = ("contiguous", "transposed", "sliced")
    differences: bool = True

    @property
    def id(self) -> str:
        """How the row is called in test names."""
        return self.path


def rng_for(row: Row, case: int, dtype: str) -> np.random.Generator:
    """Random numbers that depend on the row, case and dtype only."""
    return np.random.default_rng(zlib.crc32(f"{row.path}/{case}/{dtype}".encode()))


def tensor_of(lib: Any, array: np.ndarray, dtype: str, layout: str) -> Any:
    """The array as a tensor of a library, with a memory layout."""
    d = getattr(lib, dtype)
    if layout == "transposed" and array.ndim >= 2:
        stored = np.ascontiguousarray(np.swapaxes(array, 0, -1))
        return lib.tensor(stored).to(d).transpose(0, -1)
    if layout == "sliced" and array.ndim >= 1 and array.size:
        stored = np.zeros((*array.shape[:-1], array.shape[-1] * 2 + 1), array.dtype)
        stored[..., 1::2] = array
        return lib.tensor(stored).to(d)[..., 1::2]
    return lib.tensor(array).to(d)


def build(lib: Any, row: Row, index: int, case: Case, dtype: str, layout: str = "contiguous",
          grad: bool = False) -> tuple[list[Any], dict[str, Any], list[Any]]:
    """Arguments for a library, and the tensors among them that require grad."""
    rng = rng_for(row, index, dtype)
    leaves: list[Any] = []

    def make(x: Any) -> Any:
        if isinstance(x, T):
            array = x.array(rng, dtype)
            name = x.dtype or dtype
            t = tensor_of(lib, array, name, layout)
            if grad and x.grad and name.startswith(("float", "bfloat", "complex")):
                t = t.detach().requires_grad_()
                leaves.append(t)
                if row.path.startswith("Tensor.") and row.path.endswith("_"):
                    t = t * 1  # leaves cannot be written to in place
            return t
        if isinstance(x, D):
            return getattr(lib, x.name)
        if isinstance(x, (list, tuple)):
            return type(x)(make(y) for y in x)
        if isinstance(x, dict):
            return {k: make(v) for k, v in x.items()}
        return x
    args = [make(a) for a in case.args]
    kwargs = {k: make(v) for k, v in case.kwargs.items()}
    return args, kwargs, leaves


def call(lib: Any, row: Row, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call the row's function in a library."""
    if row.seed is not None:
        lib.manual_seed(row.seed)
    if row.path.startswith("Tensor."):
        result = getattr(args[0], row.path[7:])(*args[1:], **kwargs)
    else:
        target: Any = lib
        for part in row.path.split("."):
            target = getattr(target, part)
        result = target(*args, **kwargs)
    return row.select(result) if row.select else result


def flat(result: Any) -> list[Any]:
    """The tensors and numbers of a nested result."""
    if isinstance(result, (list, tuple)):
        return [x for r in result for x in flat(r)]
    return [result]
