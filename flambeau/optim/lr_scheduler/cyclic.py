"""Schedules that raise and lower the rates, and the momentum against them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from ..optimizer import Optimizer
from .scheduler import (
    LRScheduler,
    Rates,
    check_optimizer,
    per_group,
    saved_function,
    set_group_value,
)


class _MomentumCycle(LRScheduler):
    """A schedule that sets the momentum, or β₁, too."""

    cycle_momentum: bool
    use_beta1: bool

    def _start_momentum(self, base: Any, largest: Any, last_epoch: int) -> tuple[Rates, Rates]:
        """Set the largest momentum; (base, largest) values of all groups.

        Raises:
            ValueError: where the optimizer has no momentum.
        """
        optimizer = self.optimizer
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` "
                             "option enabled")
        self.use_beta1 = "betas" in optimizer.defaults
        lows = per_group("base_momentum", optimizer, base)
        highs = per_group("max_momentum", optimizer, largest)
        if last_epoch == -1:
            for low, high, group in zip(lows, highs, optimizer.param_groups, strict=True):
                self._set_momentum(group, high)
                group["max_momentum"] = high
                group["base_momentum"] = low
        return lows, highs

    def _set_momentum(self, group: dict[str, Any], momentum: Any) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CyclicLR(_MomentumCycle):
    """Rates that rise and fall linearly between two bounds, step by step.

    Args:
        optimizer: whose rates are set.
        base_lr: lowest rate, or a list of them.
        max_lr: highest rate, or a list of them.
        step_size_up: steps of the rise. Default: 2000.
        step_size_down: steps of the fall; default: the same.
        mode: "triangular", "triangular2" (half the height in each cycle) or "exp_range" (height
            times gamma^step). Default: "triangular".
        gamma: for "exp_range". Default: 1.0.
        scale_fn: cycle or step -> factor of the height; overrules `mode`.
        scale_mode: what scale_fn takes: "cycle" or "iterations". Default: "cycle".
        cycle_momentum: move the momentum against the rate. Default: True.
        base_momentum: lowest momentum, or a list. Default: 0.8.
        max_momentum: highest momentum, or a list. Default: 0.9.
        last_epoch: the step that training is resumed after. Default: -1.

    Raises:
        ValueError: for an unknown mode, or an optimizer without momentum.
        TypeError: for what is no optimizer.

    Source: Smith, 2017; torch.optim.lr_scheduler.CyclicLR
    """

    def __init__(self, optimizer: Optimizer, base_lr: float | list[float],
                 max_lr: float | list[float], step_size_up: int = 2000,
                 step_size_down: int | None = None,
                 mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
                 gamma: float = 1.0, scale_fn: Callable[[float], float] | None = None,
                 scale_mode: Literal["cycle", "iterations"] = "cycle",
                 cycle_momentum: bool = True, base_momentum: float = 0.8,
                 max_momentum: float = 0.9, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = per_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups, strict=True):
                set_group_value(group, "lr", lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (float(step_size_down) if step_size_down is not None else up)
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode: str = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums, self.max_momentums = self._start_momentum(
                base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The factor of the height, of a cycle (from 1) or of a step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        if self.mode == "triangular2":
            return float(1 / (2.0 ** (x - 1)))
        return float(self.gamma ** x)

    def get_lr(self) -> Rates:
        """The rates of step `self.last_epoch`; sets the momentum as well."""
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = (x / self.step_ratio if x <= self.step_ratio
                  else (x - 1) / (self.step_ratio - 1))
        where = cycle if self.scale_mode == "cycle" else self.last_epoch
        rates = [low + (high - low) * height * self.scale_fn(where)
                 for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]
        if self.cycle_momentum:
            for low, high, group in zip(self.base_momentums, self.max_momentums,
                                        self.optimizer.param_groups, strict=True):
                self._set_momentum(group, high - (high - low) * height * self.scale_fn(where))
        return rates

    def state_dict(self) -> dict[str, Any]:
        """All attributes except the optimizer; of scale_fn only what a callable object holds."""
        state = super().state_dict()
        state["_scale_fn_custom"] = saved_function(state.pop("_scale_fn_custom"))
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        saved = state_dict["_scale_fn_custom"]
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_scale_fn_custom"})
        if saved is not None:
            self._scale_fn_custom.__dict__.update(saved)


class OneCycleLR(_MomentumCycle):
    """One rise from a small rate to the highest, then a fall to a very small one.

    Args:
        optimizer: whose rates are set.
        max_lr: highest rate, or a list of them.
        total_steps: steps of the cycle, or else the next two.
        epochs, steps_per_epoch: their product is the number of steps.
        pct_start: part of the steps that rise. Default: 0.3.
        anneal_strategy: "cos" or "linear". Default: "cos".
        cycle_momentum: move the momentum against the rate. Default: True.
        base_momentum: lowest momentum, or a list. Default: 0.85.
        max_momentum: highest momentum, or a list. Default: 0.95.
        div_factor: max_lr / first rate. Default: 25.
        final_div_factor: first rate / last rate. Default: 1e4.
        three_phase: fall to the first rate as fast as the rise, then to the last. Default: False.
        last_epoch: the step that training is resumed after. Default: -1.

    Raises:
        ValueError: for arguments out of range, an optimizer without momentum, or too many steps.
        TypeError: for what is no optimizer.

    Source: Smith and Topin, 2019; torch.optim.lr_scheduler.OneCycleLR
    """

    def __init__(self, optimizer: Optimizer, max_lr: float | list[float],
                 total_steps: int | None = None, epochs: int | None = None,
                 steps_per_epoch: int | None = None, pct_start: float = 0.3,
                 anneal_strategy: Literal["cos", "linear"] = "cos", cycle_momentum: bool = True,
                 base_momentum: float | list[float] = 0.85,
                 max_momentum: float | list[float] = 0.95, div_factor: float = 25.0,
                 final_div_factor: float = 1e4, three_phase: bool = False,
                 last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError("anneal_strategy must be one of 'cos' or 'linear', instead got "
                             f"{anneal_strategy}")
        self._anneal_func_type = anneal_strategy
        highs = per_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, high in zip(optimizer.param_groups, highs, strict=True):
                group["initial_lr"] = high / div_factor
                group["max_lr"] = high
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _anneal_func(self, start: Any, end: Any, part: float) -> Any:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)
        return (end - start) * part + start

    def get_lr(self) -> Rates:
        """The rates of step `self.last_epoch`; sets the momentum as well.

        Raises:
            ValueError: after the last step.
        """
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"Tried to step {step} times. The specified number of total steps is "
                             f"{self.total_steps}")
        start, phases = 0.0, self._schedule_phases
        phase = phases[-1]
        for candidate in phases:
            if step <= candidate["end_step"] or candidate is phases[-1]:
                phase = candidate
                break
            start = candidate["end_step"]
        part = (step - start) / (phase["end_step"] - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._anneal_func(group[phase["start_lr"]], group[phase["end_lr"]], part))
            if self.cycle_momentum:
                self._set_momentum(group, self._anneal_func(
                    group[phase["start_momentum"]], group[phase["end_momentum"]], part))
        return rates


def _total(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total_steps is not None:
        _check_positive(total_steps, "total_steps")
        return int(total_steps)
    if epochs is None or steps_per_epoch is None:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    _check_positive(epochs, "epochs")
    _check_positive(steps_per_epoch, "steps_per_epoch")
    return int(epochs * steps_per_epoch)


def _check_positive(value: Any, name: str) -> None:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"Expected positive integer {name}, but got {value}")


def _phases(total: int, rise: float, three: bool) -> list[dict[str, Any]]:
    def phase(end_step: float, lrs: tuple[str, str], momenta: tuple[str, str]) -> dict[str, Any]:
        return {"end_step": end_step, "start_lr": lrs[0], "end_lr": lrs[1],
                "start_momentum": momenta[0], "end_momentum": momenta[1]}
    first = phase(float(rise * total) - 1, ("initial_lr", "max_lr"),
                  ("max_momentum", "base_momentum"))
    if not three:
        return [first, phase(total - 1, ("max_lr", "min_lr"), ("base_momentum", "max_momentum"))]
    return [first,
            phase(float(2 * rise * total) - 2, ("max_lr", "initial_lr"),
                  ("base_momentum", "max_momentum")),
            phase(total - 1, ("initial_lr", "min_lr"), ("max_momentum", "max_momentum"))]
