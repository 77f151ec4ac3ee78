"""`torch._assert` and `torch._check*`: conditions that programs write down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.base import TensorBase

Message = Callable[[], Any] | None


def _assert(condition: Any, message: str) -> None:
    """Demand a condition.

    Raises:
        AssertionError: with the message, where it does not hold.
    """
    if not condition:
        raise AssertionError(message)


def _assert_async(input: Any, assert_msg: str = "") -> None:
    """Demand that the one value of a tensor is not zero.

    Raises:
        RuntimeError: where it is zero.
    """
    if not bool(input):
        raise RuntimeError(assert_msg or "Expected Tensor with single nonzero value, but got zero")


def _demand(error: type[Exception], cond: Any, message: Message) -> None:
    if isinstance(cond, TensorBase):
        raise TypeError("cond must be a bool, but got a Tensor. For tensor conditions, use "
                        "torch._check_tensor_all() to assert that all elements are true.")
    if not isinstance(cond, bool):
        raise TypeError(f"cond must be a bool, but got {type(cond)}")
    if cond:
        return
    if message is None:
        raise error("Expected cond to be True, but got False. (Could this error message be "
                    "improved? If so, please report an enhancement request to PyTorch.)")
    if not callable(message):
        raise TypeError("message must be a callable")
    raise error(str(message()))


def _check(cond: bool, message: Message = None) -> None:
    """Demand a condition.

    Raises:
        RuntimeError: with what `message` returns, where it does not hold.
    """
    _demand(RuntimeError, cond, message)


def _check_value(cond: bool, message: Message = None) -> None:
    """Demand a condition on a value.

    Raises:
        ValueError: with what `message` returns, where it does not hold.
    """
    _demand(ValueError, cond, message)


def _check_index(cond: bool, message: Message = None) -> None:
    """Demand a condition on an index.

    Raises:
        IndexError: with what `message` returns, where it does not hold.
    """
    _demand(IndexError, cond, message)


def _check_type(cond: bool, message: Message = None) -> None:
    """Demand a condition on a type.

    Raises:
        TypeError: with what `message` returns, where it does not hold.
    """
    _demand(TypeError, cond, message)


def _check_not_implemented(cond: bool, message: Message = None) -> None:
    """Demand a case that is implemented.

    Raises:
        NotImplementedError: with what `message` returns, where it is not.
    """
    _demand(NotImplementedError, cond, message)


def _check_tensor_all(cond: Any, message: Message = None) -> None:
    """Demand a condition that holds everywhere in a boolean tensor.

    Raises:
        RuntimeError: with what `message` returns, where it does not.
    """
    if not isinstance(cond, TensorBase):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}")
    whole: Any = cond
    if str(whole.dtype) != "torch.bool":
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {whole.dtype}")
    _demand(RuntimeError, bool(whole.all()), message)
