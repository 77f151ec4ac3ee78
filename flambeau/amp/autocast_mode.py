"""Autocast: products and convolutions in a narrow dtype, delicate operations in float32."""

from __future__ import annotations

import collections.abc
import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any

from ..autograd.base import TensorBase
from ..autograd.modes import modes
from ..device import device as _device
from ..dtype import bfloat16, dtype, float16, float64
from .policy import Policy

_FAST_DTYPES = {"cpu": bfloat16, "cuda": float16, "xpu": float16, "mps": float16, "hpu": bfloat16,
                "mtia": float16, "maia": bfloat16}


class _State(threading.local):
    """This thread's settings by device."""

    def __init__(self) -> None:
        self.enabled: dict[str, bool] = {}
        self.dtypes = dict(_FAST_DTYPES)
        self.cache = True

    def apply(self) -> None:
        """Let the recording know; only the CPU computes."""
        modes.autocast = Policy(self.dtypes["cpu"]) if self.enabled.get("cpu") else None


_state = _State()


def _checked(device_type: str) -> str:
    if device_type not in _FAST_DTYPES:
        raise RuntimeError(f"unknown device type for autocast in get_autocast_dispatch_key_from_"
                           f"device_type: {device_type}")
    return device_type


def is_autocast_available(device_type: str) -> bool:
    """Whether autocast takes a device type.

    Args:
        device_type: "cpu", "cuda", ….

    Returns:
        True or False.

    Source: torch.amp.is_autocast_available
    """
    return device_type in _FAST_DTYPES


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is on for a device type."""
    return _state.enabled.get(_checked(device_type), False)


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Turn autocast on or off for a device type (one argument: for CUDA)."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    _state.enabled[_checked(device_type)] = bool(enabled)
    _state.apply()


def get_autocast_dtype(device_type: str) -> dtype:
    """The dtype of products and convolutions under autocast."""
    return _state.dtypes[_checked(device_type)]


def set_autocast_dtype(device_type: str, dtype: Any) -> None:
    """Set the dtype of products and convolutions under autocast."""
    _state.dtypes[_checked(device_type)] = dtype
    _state.apply()


def get_autocast_cpu_dtype() -> dtype:
    """The CPU's dtype under autocast."""
    return get_autocast_dtype("cpu")


def get_autocast_gpu_dtype() -> dtype:
    """CUDA's dtype under autocast."""
    return get_autocast_dtype("cuda")


def is_autocast_cpu_enabled() -> bool:
    """Whether autocast is on for the CPU."""
    return is_autocast_enabled("cpu")


def is_autocast_cache_enabled() -> bool:
    """Whether casts of weights may be kept within a block (common subexpressions are)."""
    return _state.cache


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Set what `is_autocast_cache_enabled` answers."""
    _state.cache = bool(enabled)


class autocast:
    """Compute products and convolutions in a narrow dtype, inside a block or a function.

    Args:
        device_type: "cpu"; others are accepted and have no effect without such a device.
        dtype: the narrow dtype. Default: bfloat16 on the CPU.
        enabled: False suspends an outer autocast. Default: True.
        cache_enabled: accepted for compatibility. Default: as it is set.

    Raises:
        RuntimeError: for a device type that is unknown.

    Example:
        >>> import flambeau as torch
        >>> with torch.autocast("cpu"):
        ...     print((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
        torch.bfloat16

    Source: torch.amp.autocast
    """

    def __init__(self, device_type: str, dtype: Any = None, enabled: bool = True,
                 cache_enabled: bool | None = None) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if not is_autocast_available(_device(device_type).type):
            raise RuntimeError("User specified an unsupported autocast device_type "
                               f"'{device_type}'")
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self._cache_enabled = _state.cache if cache_enabled is None else cache_enabled
        if enabled and device_type == "cuda":
            warnings.warn("CUDA is not available or torch_xla is imported. Disabling autocast.",
                          stacklevel=2)
            enabled = False
        elif enabled and self.fast_dtype not in (bfloat16, float16):
            name = device_type.upper()
            warnings.warn(f"In {name} autocast, but the target dtype is not supported. Disabling "
                          f"autocast.\n{name} Autocast only supports dtypes of torch.bfloat16, "
                          "torch.float16 currently.", stacklevel=2)
            enabled = False
        self._enabled = enabled
        self._before: list[tuple[bool, Any, bool]] = []

    def __enter__(self) -> Any:
        self._before.append((_state.enabled.get(self.device, False), _state.dtypes[self.device],
                             _state.cache))
        self._set(self._enabled, self.fast_dtype, self._cache_enabled)
        return self

    def __exit__(self, *exc: object) -> Any:
        self._set(*self._before.pop())
        return False

    def _set(self, enabled: bool, fast: dtype, cache: bool) -> None:
        _state.enabled[self.device] = enabled
        _state.dtypes[self.device] = fast
        _state.cache = cache
        _state.apply()

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)
        return decorated


def _cast(value: Any, device_type: str, target: dtype) -> Any:
    """A structure with its floating-point tensors cast; float64 stays."""
    if isinstance(value, TensorBase):
        kind: Any = value._node.spec.dtype
        tensor: Any = value
        return tensor.to(target) if kind.is_floating_point and kind is not float64 else value
    if isinstance(value, (str, bytes)):
        return value
    if isinstance(value, collections.abc.Mapping):
        return {_cast(k, device_type, target): _cast(v, device_type, target)
                for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_cast(v, device_type, target) for v in value])
    return value


def custom_fwd(fwd: Callable[..., Any] | None = None, *, device_type: str,
               cast_inputs: dtype | None = None) -> Any:
    """Decorate a Function's forward so that it knows about autocast.

    Args:
        fwd: the forward.
        device_type: "cpu", "cuda", ….
        cast_inputs: cast the inputs to this dtype and run without autocast. Default: neither.

    Returns:
        The decorated forward.

    Source: torch.amp.custom_fwd
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)
    forward = fwd

    @functools.wraps(forward)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        args[0]._dtype = get_autocast_dtype(device_type)
        if cast_inputs is None:
            args[0]._fwd_used_autocast = is_autocast_enabled(device_type)
            return forward(*args, **kwargs)
        context = is_autocast_enabled(device_type)
        args[0]._fwd_used_autocast = False
        if not context:
            return forward(*args, **kwargs)
        with autocast(device_type=device_type, enabled=False):
            return forward(*_cast(args, device_type, cast_inputs),
                           **_cast(kwargs, device_type, cast_inputs))
    return decorated


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """Decorate a Function's backward so that it runs in the autocast state of its forward.

    Args:
        bwd: the backward.
        device_type: "cpu", "cuda", ….

    Returns:
        The decorated backward.

    Source: torch.amp.custom_bwd
    """
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)
    backward = bwd

    @functools.wraps(backward)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        with autocast(device_type=device_type, enabled=args[0]._fwd_used_autocast,
                      dtype=args[0]._dtype):
            return backward(*args, **kwargs)
    return decorated
