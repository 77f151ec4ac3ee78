"""Nothing is forgotten: primitives have all their parts, public names are sampled and exported."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from nn.test_layers import LAYERS
from test_samples import ROWS, outcome

import flambeau
from flambeau import nn
from flambeau.nn import functional
from flambeau.ops.define import Primitive, Trace

for found in pkgutil.walk_packages(flambeau.__path__, "flambeau."):
    if found.name != "flambeau.__main__":  # which runs the command line
        importlib.import_module(found.name)

PATHS = {row.path for row in ROWS}
PRIMITIVES = pytest.mark.parametrize("name", sorted(Primitive.table))

# Their results are positions, truth values or bits, which small changes of input do not change.
WITHOUT_DERIVATIVE = {
    "argmax", "argmin", "argsort", "bitcast", "cumulative_argmax", "cumulative_argmin",
    "permutation", "reduce_all", "reduce_any", "search", "window_argmax", "window_position",
    "item",  # the reverse mode sees to it: it gathers the cotangents of a primitive with several
}

# They draw; tests/distributions compares their samples and gradients.
DRAWN = {"dirichlet_gradient", "dirichlet_sample", "gamma_gradient", "gamma_sample"}

# Functions that are no function of tensors, and the file of their tests.
ELSEWHERE = {
    "test_amp.py": {
        "get_autocast_cpu_dtype", "get_autocast_dtype", "get_autocast_gpu_dtype",
        "is_autocast_cache_enabled", "is_autocast_cpu_enabled", "is_autocast_enabled",
        "set_autocast_cache_enabled", "set_autocast_dtype", "set_autocast_enabled"},
    "test_defaults.py": {"get_rng_state", "initial_seed", "seed", "set_default_device",
                         "set_default_dtype", "set_default_tensor_type", "set_rng_state"},
    "test_func.py": {"vmap"},
    "test_generator.py": {"manual_seed"},
    "test_printing.py": {"set_printoptions"},
    "test_overview.py": {"draw", "summary"},
    "test_programs.py": {"range"},
    "test_sparse_coo.py": {
        "sparse_bsc_tensor", "sparse_bsr_tensor", "sparse_compressed_tensor", "sparse_coo_tensor",
        "sparse_csc_tensor", "sparse_csr_tensor", "spmm"},
    "test_switches.py": {"is_warn_always_enabled", "lobpcg", "set_flush_denormal",
                         "set_warn_always"},
    "test_touched_modules.py": {"compile", "get_float32_matmul_precision",
                                "set_float32_matmul_precision"},
    "checkpoint/test_checkpoint_torch.py": {"load", "save"},
    "engines/test_explain.py": {
        "are_deterministic_algorithms_enabled", "explain", "get_deterministic_debug_mode",
        "get_num_interop_threads", "get_num_threads",
        "is_deterministic_algorithms_warn_only_enabled", "set_deterministic_debug_mode",
        "set_num_interop_threads", "set_num_threads", "sync", "use_deterministic_algorithms"},
}
# The layer MultiheadAttention passes all its arguments on to it; its rows are rows of both.
BY_LAYER = {"nn.functional.multi_head_attention_forward"}

# Bases and containers, whose tests are in tests/nn/test_module.py and test_containers.py.
NO_LAYERS = {"Container", "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList",
             "RNNBase", "RNNCellBase", "Sequential"}


@pytest.fixture(scope="module")
def seen() -> set[str]:
    """The primitives in what the table of samples records, forward and backward."""
    names: set[str] = set()

    class Listening(list[Any]):
        """A trace's lines; notes the primitive of each."""

        def append(self, line: Any) -> None:
            names.add(line.prim.name)
            super().append(line)

    start = Trace.__init__

    def listen(self: Trace) -> None:
        start(self)
        self.instrs = Listening()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(Trace, "__init__", listen)
        for row in ROWS:
            record(row)
    return names


def record(row: Any) -> None:
    """Record the first cases of a row, and their gradients; nothing need be computed."""
    wide = next((d for d in row.dtypes if d in ("float64", "complex128")), row.dtypes[0])
    for index, case in enumerate(row.cases):
        result, leaves = outcome(flambeau, row, index, case, wide, grad=row.grad)
        tensors = [t for t in result if isinstance(t, flambeau.Tensor)] if isinstance(
            result, (tuple, list)) else [result]
        outs = [t for t in tensors if getattr(t, "requires_grad", False)]
        if outs and leaves:
            flambeau.autograd.grad(outs, leaves, [flambeau.ones_like(o) for o in outs],
                                   allow_unused=True)


@PRIMITIVES
def test_primitive_is_whole(name: str) -> None:
    """It has a NumPy meaning and a rule, and a derivative or a reason to have none."""
    primitive = Primitive.table[name]
    assert callable(primitive.numpy) and callable(primitive.rule)
    assert (primitive.vjp is None) == (name in WITHOUT_DERIVATIVE)


@PRIMITIVES
def test_primitive_is_sampled(name: str, seen: set[str]) -> None:
    """A row of the table of samples records it."""
    assert name in seen | DRAWN


def functions_of(module: Any, names: Any) -> list[str]:
    """The public functions among a module's names."""
    return [name for name in names if callable(getattr(module, name))
            and not isinstance(getattr(module, name), type)]


@pytest.mark.parametrize("prefix, module", [
    ("", flambeau), ("fft.", flambeau.fft), ("linalg.", flambeau.linalg),
    ("nn.functional.", functional),
    ("signal.windows.", flambeau.signal.windows),
    ("special.", flambeau.special)])
def test_functions_are_sampled(prefix: str, module: Any) -> None:
    """Every public function has a row of samples."""
    paths = {prefix + name for name in functions_of(module, module.__all__)}
    assert paths - PATHS - BY_LAYER - set().union(*ELSEWHERE.values()) == set()


@pytest.mark.parametrize("file", sorted(ELSEWHERE))
def test_the_others_are_tested(file: str) -> None:
    """Functions without a row occur in the file that is said to test them."""
    text = (Path(__file__).parent / file).read_text(encoding="utf-8")
    assert {name for name in ELSEWHERE[file] if not re.search(rf"\b{name}\b", text)} == set()


def test_layers_are_sampled() -> None:
    """Every public class of layers has a row."""
    layers = {name for name in nn.modules.__all__ if isinstance(getattr(nn, name), type)
              and issubclass(getattr(nn, name), nn.Module)}
    assert layers - {row.name for row in LAYERS} - NO_LAYERS == set()


@pytest.mark.parametrize("module", [flambeau, functional])
def test_exports_are_listed(module: Any) -> None:
    """What the file imports by name, now or when asked for, is what `__all__` lists, in order."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {alias.asname or alias.name for node in tree.body
                if isinstance(node, ast.ImportFrom) for alias in node.names}
    imported |= {*getattr(module, "_LATER", ()), *getattr(module, "_SUBMODULES", ())}
    listed = set(module.__all__)
    assert {name for name in imported if not name.startswith("_")} <= listed
    assert module.__all__ == sorted(listed)
    assert all(hasattr(module, name) for name in listed)
