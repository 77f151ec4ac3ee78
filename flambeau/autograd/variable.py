"""`Variable`: the name that tensors with gradients had before they were tensors."""

from __future__ import annotations

from typing import Any

from .base import TensorBase
from .views import make_view


class _VariableType(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, TensorBase)


class Variable(metaclass=_VariableType):
    """A tensor on the same memory, with its own place in the tape.

    Args:
        data: a tensor.
        requires_grad: record gradients for it. Default: False.
        volatile: without effect since gradients are switched off by `no_grad`.

    Example:
        >>> import flambeau as torch
        >>> torch.autograd.Variable(torch.ones(2), requires_grad=True)
        tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: bool = False) -> Any:
        if not isinstance(data, TensorBase):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        out = make_view(data, (), "", track=False)
        out._rg = bool(requires_grad)
        return out
