"""Scaling the loss, so that small gradients do not vanish in a narrow dtype."""

from __future__ import annotations

import warnings
from enum import Enum
from typing import Any

from ..autograd.base import TensorBase
from ..autograd.modes import no_grad


class OptState(Enum):
    """How far an optimizer's step has come since the last `update`."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class GradScaler:
    """Multiplies the loss by a factor that grows while gradients stay finite.

    Args:
        device: "cpu" or "cuda" (switched off where there is none). Default: "cuda".
        init_scale: first factor. Default: 65536.
        growth_factor: factor of growth after growth_interval finite steps. Default: 2.
        backoff_factor: factor after a step whose gradients are not finite. Default: 0.5.
        growth_interval: finite steps before growth. Default: 2000.
        enabled: False makes every method a plain pass-through. Default: True.

    Example:
        >>> import flambeau as torch
        >>> scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
        >>> scaler.scale(torch.tensor(2.0))
        tensor(16.)

    Source: torch.amp.GradScaler
    """

    def __init__(self, device: str = "cuda", init_scale: float = 2.0**16,
                 growth_factor: float = 2.0, backoff_factor: float = 0.5,
                 growth_interval: int = 2000, enabled: bool = True) -> None:
        self._device = device
        self._enabled = enabled and device != "cuda"
        if enabled and device == "cuda":
            warnings.warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  "
                          "Disabling.", stacklevel=2)
        if self._enabled:
            if growth_factor <= 1.0:
                raise AssertionError("The growth factor must be > 1.0.")
            if backoff_factor >= 1.0:
                raise AssertionError("The backoff factor must be < 1.0.")
        self._scale = float(init_scale)
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0
        self._stages: dict[int, OptState] = {}
        self._infinite: dict[int, bool] = {}
        self._used = False

    def scale(self, outputs: Any) -> Any:
        """A tensor, or each of several, times the factor."""
        if not self._enabled:
            return outputs
        self._used = True
        if isinstance(outputs, TensorBase):
            tensor: Any = outputs
            return tensor * self._scale
        if isinstance(outputs, (list, tuple)):
            return type(outputs)([self.scale(part) for part in outputs])
        if hasattr(outputs, "__iter__"):
            return map(self.scale, outputs)
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the factor, in place.

        Raises:
            RuntimeError: where this has been done since the last `update`.
        """
        if not self._enabled:
            return
        stage = self._stages.get(id(optimizer), OptState.READY)
        if stage is OptState.UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the "
                               "last update().")
        if stage is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        self._require_use("unscale_")
        grads = [p.grad for group in optimizer.param_groups for p in group["params"]
                 if p.grad is not None]
        with no_grad():
            for grad in grads:
                grad.mul_(1.0 / self._scale)
            self._infinite[id(optimizer)] = not all(bool(g.isfinite().all()) for g in grads)
        self._stages[id(optimizer)] = OptState.UNSCALED

    def _require_use(self, name: str) -> None:
        if not self._used:
            raise AssertionError(f"Attempted {name} but _scale is None.  This may indicate your "
                                 "script did not use scaler.scale(loss or outputs) earlier in the "
                                 "iteration.")

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Let the optimizer step, unless a gradient is infinite or NaN.

        Raises:
            RuntimeError: for a closure, or a second step without `update`.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        stage = self._stages.get(id(optimizer), OptState.READY)
        if stage is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        self._require_use("step")
        if stage is OptState.READY:
            self.unscale_(optimizer)
        result = None
        if not self._infinite[id(optimizer)]:
            result = optimizer.step(*args, **kwargs)
        self._stages[id(optimizer)] = OptState.STEPPED
        return result

    def update(self, new_scale: Any = None) -> None:
        """Set the factor for the next step: larger, smaller or the one given."""
        if not self._enabled:
            return
        self._require_use("update")
        if new_scale is not None:
            self._scale = float(new_scale)
        else:
            if not self._infinite:
                raise AssertionError("No inf checks were recorded prior to update.")
            self._adapt(any(self._infinite.values()))
        self._stages, self._infinite = {}, {}

    def _adapt(self, infinite: bool) -> None:
        if infinite:
            self._scale *= self._backoff_factor
            self._growth_tracker = 0
            return
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            self._scale *= self._growth_factor
            self._growth_tracker = 0

    def get_scale(self) -> float:
        """The factor; 1.0 where disabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """The factor of growth."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set the factor of growth."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """The factor after gradients that are not finite."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set the factor after gradients that are not finite."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """The number of finite steps before growth."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set the number of finite steps before growth."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether gradients are scaled."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The state as a dictionary; empty where disabled."""
        if not self._enabled:
            return {}
        return {"scale": self._scale, "growth_factor": self._growth_factor,
                "backoff_factor": self._backoff_factor, "growth_interval": self._growth_interval,
                "_growth_tracker": self._growth_tracker}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a saved state.

        Raises:
            RuntimeError: for an empty one.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError("The source state dict is empty, possibly because it was saved "
                               "from a disabled instance of GradScaler.")
        self._scale = state_dict["scale"]
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]
