"""The examples in the package's docstrings run and print what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import flambeau

# The command line's entry runs the program when it is imported.
MODULES = ["flambeau", *sorted(
    found.name for found in pkgutil.walk_packages(flambeau.__path__, "flambeau.")
    if found.name != "flambeau.__main__")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every example of a module."""
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert not failed, capsys.readouterr().out
