"""Runs one program with flambeau and, where installed, with PyTorch; the output must agree."""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import io
import textwrap
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import flambeau

HAS_TORCH = importlib.util.find_spec("torch") is not None


def attempt(call: Callable[[], Any]) -> None:
    """Print the result of a call, or the type and message of what it raises."""
    try:
        print(call())
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


def output_of(program: str, library: ModuleType) -> str:
    """Return what a program prints, warnings included, with `torch` bound to a library."""
    scope = {"torch": library, "nn": library.nn, "attempt": attempt, "__name__": "program"}
    code = compile(textwrap.dedent(program), "program", "exec")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        exec(code, scope)
    lines = [f"{one.category.__name__}: {one.message}\n" for one in warned]
    return (printed.getvalue() + "".join(lines)).replace("flambeau.nn.", "torch.nn.")


def both(program: str) -> str:
    """Run a program with flambeau, compare with PyTorch, and return the output."""
    found = output_of(program, flambeau)
    if HAS_TORCH:
        import torch

        expected = output_of(program, torch)
        lines = difflib.unified_diff(
            expected.splitlines(), found.splitlines(), "PyTorch", "flambeau", lineterm=""
        )
        assert found == expected, "\n".join(["the output differs", *lines])
    return found
