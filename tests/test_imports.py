"""Imports go one way through the layers, and none hides inside a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "flambeau"

# A module may import from its own line and the lines above it; the longest name that fits counts.
LAYERS = [
    ["version", "__future__", "futures", "fx"],
    ["dtype", "device", "generator", "return_types"],
    ["graph"],
    ["ops"],
    ["compiler", "engines"],
    ["profiler", "__config__"],
    ["autograd"],
    ["functional"],
    ["tensor"],
    ["utils"],
    ["amp"],
    ["cpu", "random", "linalg", "cuda", "backends", "fft", "signal", "accelerator", "mps", "xpu",
     "onnx", "_dynamo", "distributed", "multiprocessing", "sparse", "special",
     "testing", "_lobpcg", "_lowrank"],
    ["nn"],
    ["optim"],
    ["distributions"],
    ["utils.data"],
    ["checkpoint"],
    ["func", "hub", "jit", "serialization", "types"],
    ["utils.model_zoo", "overview"],
    ["vision"],
    ["cli", "__main__"],
]
RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names}

# The compiler and the engines see no more of the package than this.
ENGINE_SIGHT = {"version", "dtype", "device", "graph", "ops", "compiler", "engines"}

FILES = sorted(PACKAGE.rglob("*.py"))
each_file = pytest.mark.parametrize(
    "path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])


def module_name(path: Path) -> str:
    """Returns a file's module name below the package; "" for the package's own `__init__`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def layer_of(module: str) -> str | None:
    """Returns the longest name in `LAYERS` that a module belongs to."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in RANKS), None)


def is_type_checking(node: ast.AST) -> bool:
    """Returns whether a node is `if TYPE_CHECKING:`, whose imports never run."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def running_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walks the nodes that run, in any depth."""
    for child in ast.iter_child_nodes(node):
        if not is_type_checking(child):
            yield child
            yield from running_nodes(child)


def imported(node: ast.AST, path: Path) -> list[str]:
    """Returns the flambeau modules that a node imports, named below the package."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            folder = path.parent.relative_to(PACKAGE.parent).parts
            above = folder[:len(folder) - node.level + 1]
            base = ".".join([*above, *filter(None, [node.module])])
        names = [base] + [f"{base}.{alias.name}" for alias in node.names]
        names = [name for name in names[1:] if is_module(name)] or names[:1]
    else:
        return []
    return [name.partition(".")[2] for name in names if name.split(".")[0] == PACKAGE.name]


def is_module(name: str) -> bool:
    """Returns whether a dotted name is a module or package in the repository."""
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


@each_file
def test_the_file_has_a_layer(path: Path) -> None:
    """A new top-level name must find its place in `LAYERS`."""
    assert path == PACKAGE / "__init__.py" or layer_of(module_name(path)) is not None


@each_file
def test_imports_go_one_way(path: Path) -> None:
    """No file imports from a layer below its own; only the command line imports the whole."""
    own = layer_of(module_name(path)) or "cli"
    for node in running_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        for name in imported(node, path):
            layer = layer_of(name) or "cli"
            assert RANKS[layer] <= RANKS[own], f"line {node.lineno}: {own} imports {name}"
            if own in ("compiler", "engines"):
                assert layer in ENGINE_SIGHT, f"line {node.lineno}: {own} imports {name}"


@each_file
def test_no_function_imports_from_the_package(path: Path) -> None:
    """An import inside a function hides a cycle."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            for inner in ast.walk(node):
                assert not imported(inner, path), f"line {inner.lineno} in {node.name}"
