"""Activation layers."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.nn import functional as F
from flambeau.nn import init as initial
from flambeau.nn.modules._softmax import GLU, LogSoftmax, Softmax, Softmax2d, Softmin
from flambeau.nn.modules.attention import MultiheadAttention as MultiheadAttention
from flambeau.nn.modules.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.tensor.creation import empty

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
    "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU",
    "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign",
    "Tanh", "Tanhshrink", "Threshold",
]

for _layer in (GLU, LogSoftmax, Softmax, Softmax2d, Softmin):
    _layer.__module__ = __name__  # where saved objects look for them



class Threshold(Module):
    """x where x > threshold, else value.

    Args:
        threshold: the bound.
        value: what replaces elements at or below it.
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Threshold(0., 20.)(torch.tensor([-1., 1.]))
        tensor([20.,  1.])

    Source: torch.nn.Threshold
    """

    __constants__ = ["threshold", "value", "inplace"]

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}{_tail(self)}"


def _tail(module: Any) -> str:
    return ", inplace=True" if module.inplace else ""


class _InPlace(Module):
    """Base of activations whose only setting is whether they write into their input."""

    __constants__ = ["inplace"]
    inplace: bool

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU(_InPlace):
    """max(0, x).

    Args:
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ReLU()(torch.tensor([-1., 2.]))
        tensor([0., 2.])

    Source: torch.nn.ReLU
    """

    def forward(self, input: Any) -> Any:
        return F.relu(input, inplace=self.inplace)


class RReLU(Module):
    """x for x > 0, else a · x; a is drawn from [lower, upper) in training, else their mean.

    Args:
        lower: least slope. Default: 1/8.
        upper: largest slope. Default: 1/3.
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.RReLU(0.2, 0.4).eval()(torch.tensor([-1., 1.]))
        tensor([-0.3000,  1.0000])

    Source: Xu et al. 2015; torch.nn.RReLU
    """

    __constants__ = ["lower", "upper", "inplace"]

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3,
                 inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}{_tail(self)}"


class Hardtanh(Module):
    """x clamped to [min_val, max_val].

    Args:
        min_val: lower bound. Default: -1.
        max_val: upper bound. Default: 1.
        inplace: write the result into the input. Default: False.
        min_value, max_value: old spellings of the bounds.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Hardtanh()(torch.tensor([-2., 0.5]))
        tensor([-1.0000,  0.5000])

    Source: torch.nn.Hardtanh
    """

    __constants__ = ["min_val", "max_val", "inplace"]

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False,
                 min_value: float | None = None, max_value: float | None = None) -> None:
        super().__init__()
        if min_value is not None:
            _warn_of_old_name("min_value", "min_val")
            min_val = min_value
        if max_value is not None:
            _warn_of_old_name("max_value", "max_val")
            max_val = max_value
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace
        if max_val <= min_val:
            raise AssertionError(f"max_val ({max_val}) must be greater than min_val ({min_val})")

    def forward(self, input: Any) -> Any:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}{_tail(self)}"


def _warn_of_old_name(old: str, new: str) -> None:
    warnings.warn(f"keyword argument `{old}` is deprecated and renamed to `{new}`", FutureWarning,
                  stacklevel=3)


class ReLU6(Hardtanh):
    """min(max(0, x), 6).

    Args:
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ReLU6()(torch.tensor([-1., 7.]))
        tensor([0., 6.])

    Source: torch.nn.ReLU6
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Sigmoid(Module):
    """1 / (1 + e^−x).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Sigmoid()(torch.zeros(1))
        tensor([0.5000])

    Source: torch.nn.Sigmoid
    """

    def forward(self, input: Any) -> Any:
        return F.sigmoid(input)


class Hardsigmoid(_InPlace):
    """min(max(0, x/6 + 1/2), 1).

    Args:
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Hardsigmoid()(torch.tensor([-4., 0.]))
        tensor([0.0000, 0.5000])

    Source: torch.nn.Hardsigmoid
    """

    def forward(self, input: Any) -> Any:
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class Tanh(Module):
    """The hyperbolic tangent.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Tanh()(torch.zeros(1))
        tensor([0.])

    Source: torch.nn.Tanh
    """

    def forward(self, input: Any) -> Any:
        return F.tanh(input)


class SiLU(_InPlace):
    """x · σ(x).

    Args:
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.SiLU()(torch.tensor([0., 1.]))
        tensor([0.0000, 0.7311])

    Source: torch.nn.SiLU
    """

    def forward(self, input: Any) -> Any:
        return F.silu(input, inplace=self.inplace)


class Mish(_InPlace):
    """x · tanh(softplus(x)).

    Args:
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Mish()(torch.tensor([0., 1.]))
        tensor([0.0000, 0.8651])

    Source: Misra 2019; torch.nn.Mish
    """

    def forward(self, input: Any) -> Any:
        return F.mish(input, inplace=self.inplace)


class Hardswish(_InPlace):
    """x · min(max(0, x + 3), 6) / 6.

    Args:
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Hardswish()(torch.tensor([-4., 3.]))
        tensor([0., 3.])

    Source: Howard et al. 2019; torch.nn.Hardswish
    """

    def forward(self, input: Any) -> Any:
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class ELU(Module):
    """x for x > 0, else alpha · (e^x − 1).

    Args:
        alpha: minus the value far below zero. Default: 1.
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.ELU()(torch.tensor([-1., 1.]))
        tensor([-0.6321,  1.0000])

    Source: Clevert, Unterthiner and Hochreiter 2015; torch.nn.ELU
    """

    __constants__ = ["alpha", "inplace"]

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{_tail(self)}"


class CELU(Module):
    """x for x > 0, else alpha · (e^(x/alpha) − 1).

    Args:
        alpha: minus the value far below zero. Default: 1.
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.CELU(2.)(torch.tensor([-1., 1.]))
        tensor([-0.7869,  1.0000])

    Source: Barron 2017; torch.nn.CELU
    """

    __constants__ = ["alpha", "inplace"]

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{_tail(self)}"


class SELU(_InPlace):
    """The self-normalising ELU, with fixed scale and alpha.

    Args:
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.SELU()(torch.tensor([-1., 1.]))
        tensor([-1.1113,  1.0507])

    Source: Klambauer et al. 2017; torch.nn.SELU
    """

    def forward(self, input: Any) -> Any:
        return F.selu(input, self.inplace)


class GELU(Module):
    """x · Φ(x), Φ the normal distribution function, or its tanh approximation.

    Args:
        approximate: "none" or "tanh". Default: "none".

    Example:
        >>> import flambeau as torch
        >>> torch.nn.GELU()(torch.tensor([0., 1.]))
        tensor([0.0000, 0.8413])

    Source: Hendrycks and Gimpel 2016; torch.nn.GELU
    """

    __constants__ = ["approximate"]

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class _Shrink(Module):
    __constants__ = ["lambd"]

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Hardshrink(_Shrink):
    """x where |x| > lambd, else 0.

    Args:
        lambd: the bound. Default: 0.5.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Hardshrink()(torch.tensor([0.25, 1.]))
        tensor([0., 1.])

    Source: torch.nn.Hardshrink
    """

    def forward(self, input: Any) -> Any:
        return F.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """x moved towards 0 by lambd, 0 within it.

    Args:
        lambd: the distance. Default: 0.5.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Softshrink()(torch.tensor([0.25, 1.]))
        tensor([0.0000, 0.5000])

    Source: torch.nn.Softshrink
    """

    def forward(self, input: Any) -> Any:
        return F.softshrink(input, self.lambd)


class LeakyReLU(Module):
    """x for x > 0, else negative_slope · x.

    Args:
        negative_slope: the slope below zero. Default: 0.01.
        inplace: write the result into the input. Default: False.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LeakyReLU(0.5)(torch.tensor([-2., 1.]))
        tensor([-1.,  1.])

    Source: torch.nn.LeakyReLU
    """

    __constants__ = ["inplace", "negative_slope"]

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}{_tail(self)}"


class LogSigmoid(Module):
    """log σ(x), without overflow.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LogSigmoid()(torch.zeros(1))
        tensor([-0.6931])

    Source: torch.nn.LogSigmoid
    """

    def forward(self, input: Any) -> Any:
        return F.logsigmoid(input)


class Softplus(Module):
    """log(1 + e^(beta·x)) / beta; x itself where beta·x > threshold.

    Args:
        beta: sharpness. Default: 1.
        threshold: where the function is linear. Default: 20.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Softplus()(torch.zeros(1))
        tensor([0.6931])

    Source: torch.nn.Softplus
    """

    __constants__ = ["beta", "threshold"]

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Any) -> Any:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class PReLU(Module):
    """x for x > 0, else a · x with learned a.

    Args:
        num_parameters: 1, or the number of channels (dimension 1 of the input). Default: 1.
        init: initial value of a. Default: 0.25.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.PReLU()(torch.tensor([-4., 1.])).detach()
        tensor([-1.,  1.])

    Source: He et al. 2015; torch.nn.PReLU
    """

    __constants__ = ["num_parameters"]
    weight: Any

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None,
                 dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slopes to their initial value."""
        initial.constant_(self.weight, self.init)

    def forward(self, input: Any) -> Any:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class Softsign(Module):
    """x / (1 + |x|).

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Softsign()(torch.tensor([-1., 3.]))
        tensor([-0.5000,  0.7500])

    Source: torch.nn.Softsign
    """

    def forward(self, input: Any) -> Any:
        return F.softsign(input)


class Tanhshrink(Module):
    """x − tanh x.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.Tanhshrink()(torch.tensor([0., 1.]))
        tensor([0.0000, 0.2384])

    Source: torch.nn.Tanhshrink
    """

    def forward(self, input: Any) -> Any:
        return F.tanhshrink(input)
