"""Activation functions; the formulas are chosen so that gradients at kinks are PyTorch's."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.inplace import assign
from ..autograd.record import Value, op
from ..dtype import FLOATING, scalar_name
from ..ops import arithmetic as ar
from ..ops import elementwise as ew


def _floating_only(x: Any, kernel: str) -> Any:
    if x.dtype.category != FLOATING:
        raise NotImplementedError(f'"{kernel}" not implemented for \'{scalar_name(x.dtype)}\'')
    return x


def _apply(function: Any, input: Any, in_place: bool, *args: Any) -> Any:
    """The function's value, or the input renamed to it."""
    result = function(input, *args)
    return assign(input, result) if in_place else result


@op(name="relu", grad="ReluBackward0")
def _relu(input: Value) -> Any:
    if input.dtype.name == "bool":
        raise RuntimeError("Boolean inputs not supported for relu")
    return ar.where(input <= 0, input * 0 if input.dtype.category < 2 else _zero(input), input)


def _zero(x: Any) -> Any:
    return ar.literal(0, x.dtype)


def relu(input: Any, inplace: bool = False) -> Any:
    """max(0, x).

    Args:
        input: any shape.
        inplace: write the result into `input`. Default: False.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.relu(torch.tensor([-1., 2.]))
        tensor([0., 2.])

    Source: PyTorch page `torch.nn.functional.relu`.
    """
    return _apply(_relu, input, inplace)


@op(name="hardtanh", grad="HardtanhBackward0")
def _hardtanh(input: Value, min_val: Value, max_val: Value) -> Any:
    low = ar.where(input <= min_val, ar.astype(min_val, input.dtype), input)
    return ar.where(input >= max_val, ar.astype(max_val, input.dtype), low)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0,
             inplace: bool = False) -> Any:
    """x clamped to [min_val, max_val]; the gradient is 0 at the bounds."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _apply(_hardtanh, input, inplace, min_val, max_val)


def relu6(input: Any, inplace: bool = False) -> Any:
    """min(max(0, x), 6)."""
    return _apply(_hardtanh, input, inplace, 0.0, 6.0)


@op(name="leaky_relu", grad="LeakyReluBackward0")
def _leaky_relu(input: Value, negative_slope: Value) -> Any:
    _floating_only(input, "leaky_relu_cpu")
    return ar.where(input > 0, input, input * negative_slope)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """x for x > 0, else negative_slope · x."""
    return _apply(_leaky_relu, input, inplace, negative_slope)


def _elu_body(input: Value, below: Value, above: Value, input_scale: Value) -> Any:
    """below · (e^(x·input_scale) − 1) up to 0, above · x from there."""
    _floating_only(input, "elu_cpu")
    safe = ar.where(input > 0, _zero(input), input)
    return ar.where(input > 0, input * above, ew.expm1(safe * input_scale) * below)


_elu = op(_elu_body, name="elu", grad="EluBackward0")
_celu = op(_elu_body, name="celu", grad="CeluBackward0")


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x for x > 0, else alpha · (e^x − 1)."""
    return _apply(_elu, input, inplace, alpha, 1.0, 1.0)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def selu(input: Any, inplace: bool = False) -> Any:
    """The self-normalising ELU: scale · ELU(x) with fixed scale 1.0507 and alpha 1.6733."""
    return _apply(_elu, input, inplace, SELU_ALPHA * SELU_SCALE, SELU_SCALE, 1.0)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x for x > 0, else alpha · (e^(x/alpha) − 1)."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _apply(_celu, input, inplace, alpha, 1.0, 1.0 / alpha)


@op(grad="GeluBackward0")
def gelu(input: Value, approximate: str = "none") -> Any:
    """x · Φ(x), Φ the normal distribution function, or its tanh approximation.

    Args:
        input: any shape.
        approximate: "none" or "tanh". Default: "none".
    """
    _floating_only(input, "GeluKernelImpl")
    if approximate == "none":
        return input * 0.5 * (1 + ew.erf(input * (1 / math.sqrt(2))))
    if approximate != "tanh":
        raise RuntimeError("approximate argument must be either none or tanh.")
    inner = (input + input * input * input * 0.044715) * math.sqrt(2 / math.pi)
    return input * 0.5 * (1 + ew.tanh(inner))


@op(name="silu", grad="SiluBackward0")
def _silu(input: Value) -> Any:
    return input * ew.sigmoid(_floating_only(input, "silu_cpu"))


def silu(input: Any, inplace: bool = False) -> Any:
    """x · σ(x)."""
    return _apply(_silu, input, inplace)


@op(name="mish", grad="MishBackward0")
def _mish(input: Value) -> Any:
    return input * ew.tanh(_softplus(_floating_only(input, "mish_cpu"), 1.0, 20.0))


def mish(input: Any, inplace: bool = False) -> Any:
    """x · tanh(softplus(x))."""
    return _apply(_mish, input, inplace)


def _softplus(x: Any, beta: Any, threshold: Any) -> Any:
    scaled = x * beta
    linear = scaled > threshold
    safe = ar.where(linear, _zero(x), scaled)
    return ar.where(linear, x, ew.log1p(ew.exp(safe)) / beta)


@op(grad="SoftplusBackward0")
def softplus(input: Value, beta: Value = 1.0, threshold: Value = 20.0) -> Any:
    """log(1 + e^(beta·x)) / beta; x itself where beta·x > threshold."""
    return _softplus(_floating_only(input, "softplus_cpu"), beta, threshold)


def log_sigmoid(x: Any) -> Any:
    """log σ(x) of a symbolic value, without overflow."""
    below = x < 0
    return ar.where(below, x, _zero(x)) - ew.log1p(ew.exp(ar.where(below, x, -x)))


@op(grad="LogSigmoidBackward0")
def logsigmoid(input: Value) -> Any:
    """log σ(x), without overflow."""
    return log_sigmoid(_floating_only(input, "log_sigmoid_cpu"))


def softsign(input: Any) -> Any:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)


def tanhshrink(input: Any) -> Any:
    """x − tanh x."""
    return input - input.tanh()


def tanh(input: Any) -> Any:
    """The hyperbolic tangent."""
    return input.tanh()


def sigmoid(input: Any) -> Any:
    """1 / (1 + e^−x)."""
    return input.sigmoid()


@op(grad="HardshrinkBackward0")
def hardshrink(input: Value, lambd: Value = 0.5) -> Any:
    """x where |x| > lambd, else 0."""
    _floating_only(input, "hardshrink_cpu")
    inside = (input >= -lambd) & (input <= lambd)
    return ar.where(inside, _zero(input), input)


@op(grad="SoftshrinkBackward0")
def softshrink(input: Value, lambd: Value = 0.5) -> Any:
    """x moved towards 0 by lambd, 0 within it."""
    _floating_only(input, "softshrink_check")
    moved = ar.where(input > 0, input - lambd, input + lambd)
    inside = (input >= -lambd) & (input <= lambd)
    return ar.where(inside, input * 0, moved)


@op(name="hardsigmoid", grad="HardsigmoidBackward0")
def _hardsigmoid(input: Value) -> Any:
    y = _floating_only(input, "hardsigmoid_cpu") / 6.0 + 0.5
    low = ar.where(input <= -3, _zero(input), y)
    return ar.where(input >= 3, ar.literal(1, input.dtype), low)


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """min(max(0, x/6 + 1/2), 1)."""
    return _apply(_hardsigmoid, input, inplace)


@op(name="hardswish", grad="HardswishBackward0")
def _hardswish(input: Value) -> Any:
    middle = input * (_floating_only(input, "hardswish_cpu") + 3) / 6.0
    low = ar.where(input <= -3, _zero(input), middle)
    return ar.where(input >= 3, input, low)


def hardswish(input: Any, inplace: bool = False) -> Any:
    """x · min(max(0, x + 3), 6) / 6."""
    return _apply(_hardswish, input, inplace)


@op(name="threshold", grad="ThresholdBackward0")
def _threshold(input: Value, threshold: Value, value: Value) -> Any:
    return ar.where(input <= threshold, ar.astype(value, input.dtype), input)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """x where x > threshold, else value."""
    return _apply(_threshold, input, inplace, threshold, value)


def relu_(input: Any) -> Any:
    """`relu` in place."""
    return _apply(_relu, input, True)


def hardtanh_(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """`hardtanh` in place."""
    return hardtanh(input, min_val, max_val, True)


def leaky_relu_(input: Any, negative_slope: float = 0.01) -> Any:
    """`leaky_relu` in place."""
    return leaky_relu(input, negative_slope, True)


def elu_(input: Any, alpha: float = 1.0) -> Any:
    """`elu` in place."""
    return elu(input, alpha, True)


def selu_(input: Any) -> Any:
    """`selu` in place."""
    return selu(input, True)


def celu_(input: Any, alpha: float = 1.0) -> Any:
    """`celu` in place."""
    return celu(input, alpha, True)


def threshold_(input: Any, threshold: float, value: float) -> Any:
    """`threshold` in place."""
    return _apply(_threshold, input, True, threshold, value)
