"""Second names and in-place forms: the rows of the first name, run again under the other one."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from pathlib import Path

import flambeau

from .define import Case, Row, T

# Second name: first name. Names that nn.functional and the top level share are found below.
ALIASES = {
    "absolute": "abs", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh",
    "arctan": "atan", "arctan2": "atan2", "arctanh": "atanh", "clip": "clamp", "concat": "cat",
    "concatenate": "cat", "det": "linalg.det", "divide": "div", "fix": "trunc", "ger": "outer",
    "greater": "gt", "greater_equal": "ge", "inverse": "linalg.inv", "less": "lt",
    "less_equal": "le", "linalg.matmul": "matmul",
    "matrix_exp": "linalg.matrix_exp", "matrix_power": "linalg.matrix_power",
    "moveaxis": "movedim", "multiply": "mul", "negative": "neg", "nn.functional.pdist": "pdist",
    "not_equal": "ne",
    "orgqr": "linalg.householder_product", "row_stack": "vstack", "slogdet": "linalg.slogdet",
    "subtract": "sub", "swapaxes": "transpose", "swapdims": "transpose", "trapz": "trapezoid",
    "true_divide": "div",
}

# PyTorch has no derivative of their in-place forms.
UNDIFFERENTIATED = {"acosh", "arccosh", "asinh", "arcsinh", "atanh", "arctanh"}


def own_rows() -> list[Row]:
    """The rows of the other family files."""
    names = [m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)])
             if m.name not in ("define", "aliases")]
    return [row for name in sorted(names)
            for row in importlib.import_module(f"{__package__}.{name}").ROWS]


def renamed(rows: list[Row]) -> list[Row]:
    """Rows under second names, and under the top level's name of functions of nn.functional."""
    have = {row.path for row in rows}
    pairs = [(second, first) for second, first in ALIASES.items() if second not in have]
    for name in flambeau.__all__:
        if name not in have and f"nn.functional.{name}" in have and not name.endswith("_"):
            pairs.append((name, f"nn.functional.{name}"))
    return [replace(row, path=second, cases=[c for c in row.cases if plain(c)], errors=(),
                    differences=False)
            for second, first in pairs for row in rows if row.path == first]


def plain(case: Case) -> bool:
    """Without the arguments that only the first name takes."""
    return not {"return_indices", "rounding_mode"} & set(case.kwargs) and not any(
        argument is True for argument in case.args)


def in_place(rows: list[Row]) -> list[Row]:
    """`Tensor.abs_` and `abs_` from `abs`."""
    have, made = {row.path for row in rows}, []
    for row in rows:
        if row.path.startswith("Tensor.") or row.path.endswith("_"):
            continue
        stem, _, name = row.path.rpartition(".")
        cases = [c for c in row.cases if c.args and isinstance(c.args[0], T)
                 and "out" not in c.kwargs]
        for path, there in ((f"Tensor.{name}_", flambeau.Tensor), (f"{name}_", flambeau)):
            if stem == "" and cases and path not in have and hasattr(there, f"{name}_"):
                made.append(replace(
                    row, path=path, cases=cases, errors=(), differences=False,
                    dtypes=[d for d in row.dtypes if (name, d) != ("cumsum", "bool")],
                    grad=row.grad and there is flambeau.Tensor and name not in UNDIFFERENTIATED))
    return made


FIRST = own_rows()
SECOND = renamed(FIRST)
ROWS = SECOND + in_place(FIRST + SECOND)
