"""Elementary functions as LLVM IR: range reductions, polynomials and choices.

The same code serves float, double and vectors of them. It has no branches and calls no library, so
that LLVM can vectorise the scalar form too (but for the loop of `SCALAR_ONLY`). Errors stay below
two units in the last place; tests/compiler/test_vector_math.py measures them. The numbers come
from tools/fit_polynomials.py.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from . import arc, basic, error, exponential, gamma, hyperbolic, logarithm, trigonometric
from .lanes import Lanes

FUNCTIONS: dict[str, Callable[..., Lanes]] = {
    **basic.FUNCTIONS, **exponential.FUNCTIONS, **logarithm.FUNCTIONS, **trigonometric.FUNCTIONS,
    **arc.FUNCTIONS, **hyperbolic.FUNCTIONS, **error.FUNCTIONS, **gamma.FUNCTIONS}

# Per element type, the functions that contain a loop: LLVM does not vectorise their scalar form
# (their vector forms are as wide as their arguments).
SCALAR_ONLY: dict[str, frozenset[str]] = {
    "float": frozenset(), "double": frozenset({"fmod", "remainder"})}


def emit(builder: ir.IRBuilder, name: str, *args: ir.Value, fused: bool = True) -> ir.Value:
    """Emits an elementary function of NumPy's and PyTorch's meaning.

    Args:
        builder: where the instructions go; its function must belong to a module.
        name: one of `FUNCTIONS`.
        args: values of one type: float, double or a vector of them.
        fused: whether the target has fused multiply-add and rounding instructions (x86 from AVX2
            and FMA on, every 64-bit ARM); without them both are spelt out.

    Returns:
        A value of the arguments' type.

    Raises:
        KeyError: `name` is not in `FUNCTIONS`.

    Example:
        >>> module = ir.Module()
        >>> signature = ir.FunctionType(ir.FloatType(), [ir.FloatType()])
        >>> function = ir.Function(module, signature, "f")
        >>> builder = ir.IRBuilder(function.append_basic_block())
        >>> _ = builder.ret(emit(builder, "tanh", function.args[0]))
        >>> "call float @tanhf" in str(module)
        False
    """
    return FUNCTIONS[name](*(Lanes(builder, value, fused) for value in args)).value
